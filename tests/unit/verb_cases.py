"""First verbs of two titles, made up for tests."""

from __future__ import annotations

import numpy as np

from textgen.measuring.first_verbs import FirstVerbs


def first(title: str, probability: list[list[float]], **changes) -> FirstVerbs:
    values = np.array(probability)
    rest = 1 - values.sum(axis=1)
    made = {
        "title": title,
        "prompt": f"recipe for {title} |",
        "temperatures": (0.0, 1.0),
        "verbs": ("bake", "mix", "stir"),
        "groups": ("heat", "mix", "mix"),
        "probability": values,
        "low": values - 0.02 * (values > 0),
        "high": values + 0.02 * (values > 0),
        "unresolved": np.zeros(2),
        "none": rest / 4,
        "later": rest * 3 / 4,
        "without": np.stack([rest * 0.9, rest * 1.05]),
        "max_words": 30,
    }
    return FirstVerbs(**{**made, **changes})


PIE = first("pie", [[1, 0, 0], [0.6, 0.1, 0.1]])
CREAM = first("cream", [[0, 0, 0], [0.1, 0.3, 0.4]])
