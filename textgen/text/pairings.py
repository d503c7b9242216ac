"""Which ingredients met in the recipes of the training data, and how often: a network joins some that no
cook has.

`assets/pairings.json` holds counts alone: in how many recipes each ingredient of the lexicon was, and each
pair of them. `python -m textgen index` builds it.
"""

from __future__ import annotations

import base64
import json
import math
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from textgen import exact
from textgen.files import ASSETS
from textgen.text.lexicon import lexicon, word_kinds
from textgen.text.recipe import Recipe
from textgen.text.vocabulary import tokenize

PAIRINGS = ASSETS / "pairings.json"


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
    """Ingredients [N], in singular, and in how many recipes two of them were together [N, N]; on the
    diagonal, in how many each was."""

    recipes: int
    names: tuple[str, ...]
    together: NDArray[np.int64]

    @property
    def counts(self) -> NDArray[np.int64]:
        """In how many recipes each ingredient was, [N]."""
        return self.together.diagonal()

    @cached_property
    def met(self) -> NDArray[np.bool_]:
        """Whether two ever met, [N, N]."""
        return self.together > 0

    @cached_property
    def index(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.names)}

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
        return cls(len(found), tuple(names[i] for i in kept), table[np.ix_(kept, kept)])

    @classmethod
    def from_json(cls, text: str) -> Pairings:
        data = json.loads(text)
        size = len(data["names"])
        packed = zlib.decompress(base64.b64decode(data["together"]))
        planes = np.frombuffer(packed, dtype=np.uint8).reshape(4, -1)
        upper = np.triu_indices(size)
        together = np.zeros((size, size), dtype=np.int64)
        together[upper] = np.ascontiguousarray(planes.T).view("<u4")[:, 0]
        return cls(data["recipes"], tuple(data["names"]), np.maximum(together, together.T))

    def to_json(self) -> str:
        counts = self.together[np.triu_indices(len(self.names))].astype("<u4")
        planes = counts.view(np.uint8).reshape(-1, 4).T  # most high bytes are 0: apart, they pack well
        packed = base64.b64encode(zlib.compress(planes.tobytes(), 9)).decode()
        data = {"recipes": self.recipes, "names": self.names, "together": packed}
        return json.dumps(data, ensure_ascii=False, indent=None) + "\n"

    def oddness(self, words: Sequence[str]) -> float | None:
        """How surprising the pairs of ingredients of a text are, in bits: the mean over its pairs.

        A pair that chance alone would bring together in `e` recipes, and that was together in `n`, counts
        log2((e + 1) / (n + 1)): the pointwise mutual information of the two (Church & Hanks 1990) with its
        sign turned and one recipe added to either side, so that what is rare says little. Above 0: pairs
        that cooks avoid; below 0: pairs that go together. None for a text with fewer than two known
        ingredients.
        """
        at = [self.index[name] for name in sorted(ingredients(words)) if name in self.index]
        if len(at) < 2:
            return None
        first, second = np.triu_indices(len(at), 1)
        a, b = np.array(at)[first], np.array(at)[second]
        expected = self.counts[a] * self.counts[b] / self.recipes
        bits = exact.log((expected + 1) / (self.together[a, b] + 1)) / math.log(2)
        return math.fsum(bits.tolist()) / len(bits)

    def strangers(self, words: Sequence[str]) -> list[Strangers]:
        """The pairs of ingredients in a text that never met in a recipe, first those that chance
        would have brought together most often."""
        index = self.index
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
