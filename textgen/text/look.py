"""A look at a corpus: what would be learned from it, before anything is."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from typing import BinaryIO

from textgen.text.corpus import SHOWN, Problem, iter_recipes, no_recipe
from textgen.text.recipe import Recipe
from textgen.text.vocabulary import tokenize

SIZES = (500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000)  # of vocabularies
EXAMPLES = 3


@dataclass
class Look:
    """What a corpus holds.

    formats     (format, encoding) -> files
    recipes     how many, `different` of them
    words       word -> how often, in the texts that a network learns to continue
    lengths     words of a text -> recipes
    problems    the first ten parts that were skipped, `skipped` in all
    examples    the first three recipes, as they are read
    """

    formats: Counter[tuple[str, str]] = field(default_factory=Counter)
    recipes: int = 0
    different: int = 0
    words: Counter[str] = field(default_factory=Counter)
    lengths: Counter[int] = field(default_factory=Counter)
    problems: list[Problem] = field(default_factory=list)
    skipped: int = 0
    examples: list[Recipe] = field(default_factory=list)

    def length(self, share: float) -> int:
        """The number of words that a `share` of the recipes does not exceed."""
        seen = 0
        for length, count in sorted(self.lengths.items()):
            seen += count
            if seen >= share * self.recipes:
                return length
        return 0

    def coverage(self) -> dict[int, float]:
        """Size of a vocabulary of the most frequent words, stop and unknown included -> share of all words
        that it has; up to the size that has all."""
        counts = sorted(self.words.values(), reverse=True)
        total = sum(counts)
        sizes = [size for size in SIZES if size < len(counts) + 2]
        return {size: sum(counts[: size - 2]) / total for size in (*sizes, len(counts) + 2)}


def look_at(path: str | os.PathLike[str] | BinaryIO) -> Look:
    """Read a corpus once; memory holds its words, not its recipes. `CorpusError` as `load_recipes`."""
    look = Look()
    seen: set[int] = set()

    def report(problem: Problem) -> None:
        look.skipped += 1
        if look.skipped <= SHOWN:
            look.problems.append(problem)

    def note(name: str, encoding: str) -> None:
        look.formats[name, encoding] += 1

    for recipe in iter_recipes(path, report, note):
        look.recipes += 1
        words = tokenize(recipe.text)
        look.words.update(words)
        look.lengths[len(words)] += 1
        seen.add(hash(tuple(words)))
        if len(look.examples) < EXAMPLES:
            look.examples.append(recipe)
    if not look.recipes:
        raise no_recipe(path, look.problems, look.skipped)
    look.different = len(seen)
    return look
