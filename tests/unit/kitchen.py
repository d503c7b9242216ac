"""A small network with words of a kitchen, whose every continuation can be counted, for tests."""

from __future__ import annotations

from networks import Pair, random_model

from textgen.text.vocabulary import Vocabulary

WORDS = [
    "",
    "[UNK]",
    "recipe",
    "for",
    "|",
    "soup",
    "cake",
    "boil",
    "butter",
    "add",
    "the",
    ",",
    ".",
    "and",
    "in",
    "2",
]


def small(seed: int = 0) -> Pair:
    return Pair(random_model(len(WORDS), seed=seed), Vocabulary(WORDS))
