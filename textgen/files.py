"""Where the project's own files lie."""

from __future__ import annotations

from pathlib import Path

# A wheel carries `assets` inside the package; in a checkout it stands beside it.
_INSIDE = Path(__file__).resolve().parent / "assets"
ASSETS = _INSIDE if _INSIDE.is_dir() else _INSIDE.parents[1] / "assets"
