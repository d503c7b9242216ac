"""Where the project's own files lie."""

from __future__ import annotations

from pathlib import Path

# In a checkout `assets` stands beside the package; a wheel carries it inside.
_CHECKOUT = Path(__file__).resolve().parent.parent / "assets"
ASSETS = _CHECKOUT if _CHECKOUT.is_dir() else Path(__file__).resolve().parent / "assets"
