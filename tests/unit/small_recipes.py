"""Small recipes of thirteen words, for tests."""

from __future__ import annotations

import numpy as np

from textgen.text.recipe import Recipe

WORDS = ["", "[UNK]", "recipe", "for", "|", "mix", "bake", "the", "flour", "milk", "egg", ".", "(", ")"]
BODY = ["mix", "bake", "the", "flour", "milk", "egg", "."]


def some_recipes(count, seed=0, length=12):
    rng = np.random.default_rng(seed)
    return [
        Recipe(
            " ".join(rng.choice(BODY[2:6], size=rng.integers(1, 5))),
            (" ".join(rng.choice(BODY, size=rng.integers(4, length))),),
            era=("modern", "historic")[n % 2],
        )
        for n in range(count)
    ]
