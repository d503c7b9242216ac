"""A look at a corpus: what would be learned from it, before anything is."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from textgen.text.corpus import SHOWN, CorpusError, Problem, iter_recipes, no_recipe
from textgen.text.passages import iter_passages
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

    def facts(self) -> dict[str, Any]:
        """What there is to show, as plain JSON data."""
        return {
            "formats": [{"format": f, "encoding": e, "files": n} for (f, e), n in self.formats.items()],
            "recipes": self.recipes,
            "different_recipes": self.different,
            "words": sum(self.words.values()),
            "different_words": len(self.words),
            "lengths": {"median": self.length(0.5), "95 %": self.length(0.95), "longest": self.length(1)},
            "coverage": {str(size): share for size, share in self.coverage().items()},
            "skipped": self.skipped,
            "problems": [str(problem) for problem in self.problems],
            "examples": [{"title": recipe.title, "steps": recipe.steps} for recipe in self.examples],
        }


def look_at(
    path: str | os.PathLike[str] | BinaryIO, *, as_lines: bool = False, most_words: int | None = None
) -> Look:
    """Read a corpus once; memory holds its words, not its recipes. `CorpusError` as `load_recipes`, and if it
    has more than `most_words`; `as_lines` takes each line of text for one, as `iter_passages` does."""
    look = Look()
    seen: set[int] = set()

    def report(problem: Problem) -> None:
        look.skipped += 1
        if look.skipped <= SHOWN:
            look.problems.append(problem)

    def note(name: str, encoding: str) -> None:
        look.formats[name, encoding] += 1

    total = 0
    for recipe in (iter_passages if as_lines else iter_recipes)(path, report, note):
        look.recipes += 1
        # What stands before a line, so that it is learned as other texts are, is not its own.
        words = tokenize(" ".join(recipe.steps) if as_lines else recipe.text)
        total += len(words)
        if most_words is not None and total > most_words:
            raise CorpusError(f"it has more than {most_words:,} words")
        look.words.update(words)
        look.lengths[len(words)] += 1
        seen.add(hash(tuple(words)))
        if len(look.examples) < EXAMPLES:
            look.examples.append(recipe)
    if not look.recipes:
        raise no_recipe(path, look.problems, look.skipped, "text" if as_lines else "recipe")
    look.different = len(seen)
    return look
