"""How long a network remembered a title, made up for tests."""

from __future__ import annotations

MEASURED = {
    "recipes": 300,
    "distances": [0, 16, 32],
    "count": [300, 200, 100],
    "bits": [0.25, 0.1, 0.05],
    "low": [0.2, 0.08, 0.04],
    "high": [0.3, 0.12, 0.06],
    "likelihood": [1.0, 0.5, 0.152],
    "likelihood_low": [0.9, 0.4, 0.1],
    "likelihood_high": [1.1, 0.6, 0.2],
}
