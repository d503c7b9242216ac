"""Which ingredients ever met in a recipe of the training data: a network joins some that no cook has.

`assets/pairings.json` holds counts alone: in how many recipes each ingredient of the lexicon was, and which
pairs of them never met.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from textgen.corpus import Recipe
from textgen.verbs import lexicon, word_kinds
from textgen.vocabulary import tokenize

PAIRINGS = Path(__file__).resolve().parent.parent / "assets" / "pairings.json"


@dataclass(frozen=True)
class Strangers:
    """Two ingredients of a text that were in `count_a` and `count_b` of `recipes` recipes, never in the same.

    expected  in how many both would have been, had chance alone put them together
    """

    a: str
    b: str
    count_a: int
    count_b: int
    recipes: int

    @property
    def expected(self) -> float:
        return self.count_a * self.count_b / self.recipes


@dataclass(frozen=True, eq=False)
class Pairings:
    """Ingredients [N], in singular, the number of recipes of each [N], and whether two ever met [N, N]."""

    recipes: int
    names: tuple[str, ...]
    counts: NDArray[np.int64]
    met: NDArray[np.bool_]

    @classmethod
    def of(cls, recipes: Iterable[Recipe], least: int = 5) -> Pairings:
        """Count `recipes`; ingredients in fewer than `least` of them are left out."""
        found = [ingredients(tokenize(recipe.text)) for recipe in recipes]
        names = sorted(set().union(*found))
        index = {name: i for i, name in enumerate(names)}
        table = np.zeros((len(names), len(names)), dtype=np.int64)
        for one in found:
            at = [index[name] for name in one]
            table[np.ix_(at, at)] += 1
        kept = np.flatnonzero(table.diagonal() >= least)
        counts = table.diagonal()[kept]
        return cls(len(found), tuple(names[i] for i in kept), counts, table[np.ix_(kept, kept)] > 0)

    @classmethod
    def from_json(cls, text: str) -> Pairings:
        data = json.loads(text)
        count = len(data["names"])
        bits = np.unpackbits(
            np.frombuffer(base64.b64decode(data["met"]), dtype=np.uint8), count=count * count
        )
        met = bits.reshape(count, count).astype(bool)
        return cls(data["recipes"], tuple(data["names"]), np.array(data["counts"], dtype=np.int64), met)

    def to_json(self) -> str:
        met = base64.b64encode(np.packbits(self.met).tobytes()).decode()
        data = {"recipes": self.recipes, "names": self.names, "counts": self.counts.tolist(), "met": met}
        return json.dumps(data, ensure_ascii=False, indent=None) + "\n"

    def strangers(self, words: Sequence[str]) -> list[Strangers]:
        """The pairs of ingredients in a text that never met in a recipe, first those that chance
        would have brought together most often."""
        index = {name: i for i, name in enumerate(self.names)}
        here = [name for name in sorted(ingredients(words)) if name in index]
        pairs = [
            Strangers(a, b, int(self.counts[index[a]]), int(self.counts[index[b]]), self.recipes)
            for a, b in combinations(here, 2)
            if not self.met[index[a], index[b]]
        ]
        return sorted(pairs, key=lambda pair: -pair.expected)


def ingredients(words: Sequence[str]) -> set[str]:
    """The ingredients that a text names, in singular; a verb ("butter the dish") is none."""
    kinds = word_kinds(words)
    return {_singular(word) for word, kind in zip(words, kinds, strict=True) if kind == "ingredient"}


@cache
def _singular(word: str) -> str:
    for ending, single in (("ies", "y"), ("oes", "o"), ("ves", "f"), ("hes", "h"), ("s", "")):
        if word.endswith(ending):
            shorter = word[: -len(ending)] + single
            if len(shorter) > 2 and lexicon().kind(shorter) == "ingredient":
                return shorter
    return word


@cache
def pairings() -> Pairings:
    """The pairings of the training data, read once."""
    return Pairings.from_json(PAIRINGS.read_text(encoding="utf-8"))
