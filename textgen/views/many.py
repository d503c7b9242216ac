"""Many texts of one prompt at several temperatures: where they agree, and where they fan out.

Text n has the same luck at every temperature: that of the seed `seed + n`, so that it is the text which the
comparison page writes with that seed. `gather` writes them, `Braid` reads them: the tree of their common
beginnings for the component `braid`, rows for charts and tables. Knows nothing of Streamlit or Altair.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from textgen.measuring.intervals import binomial
from textgen.network.bundle import Bundle
from textgen.text.lexicon import lexicon
from textgen.text.typeset import detokenize, percent
from textgen.text.vocabulary import STOP_ID
from textgen.views.compare import END, END_OF_RECIPE, display_words
from textgen.writing.generate import recipe_prompt
from textgen.writing.many import ENDED, Texts, write_all
from textgen.writing.sampling import Sampler

Row = dict[str, Any]
DEEPEST = 15  # words of a text
SEEDS = 2**31  # after the last seed comes 0 again
Path = tuple[int, ...]  # the ids of a beginning


def seeds_of(seed: int, count: int) -> list[int]:
    """The seeds of `count` texts; the first text has `seed` itself."""
    return [(seed + n) % SEEDS for n in range(count)]


def gather(
    bundle: Bundle, title: str, samplers: Sequence[Sampler], *, seed: int, count: int, words: int = DEEPEST
) -> list[Texts]:
    """`count` texts of up to `words` words for each of `samplers`."""
    return write_all(
        bundle,
        recipe_prompt(title),
        samplers=samplers,
        seeds=seeds_of(seed, count),
        max_tokens=words,
        threads=2,
    )


@dataclass(frozen=True)
class Knot:
    """A beginning that texts of one temperature have in common.

    path    the ids of its words, from the first one
    parent  the number of the knot before it in the same list; -1 for a first word
    texts   the numbers of the texts that begin so, from 0
    chance  the exact probability that a text begins so, at this temperature
    """

    path: Path
    parent: int
    texts: tuple[int, ...]
    chance: float


class Braid:
    """`count` texts of up to `depth` words at each of `temperatures`: what `gather` has written for them."""

    def __init__(self, bundle: Bundle, temperatures: Sequence[float], texts: Sequence[Texts]) -> None:
        self.bundle, self.temperatures = bundle, list(temperatures)
        self.count, self.depth = texts[0].tokens.shape
        self._log_p = [of.log_p.cumsum(axis=1) for of in texts]
        self.paths: list[list[Path]] = [
            [tuple(i for i in row if i != ENDED) for row in of.tokens.tolist()] for of in texts
        ]

    # -- the tree ----------------------------------------------------------------------------------

    @cached_property
    def trees(self) -> list[list[Knot]]:
        """The beginnings at each temperature, each before all that go on from it.

        Those that go on from one stand in the order of how many texts have them at all temperatures together,
        so that two trees have their like branches in like places.
        """
        trees: list[list[Knot]] = [[] for _ in self.paths]

        def grow(path: Path, texts: Sequence[Sequence[int]], parents: Sequence[int]) -> None:
            """All that goes on from `path`; of each tree the texts that begin so, and the knot of `path`."""
            ways: dict[int, list[list[int]]] = defaultdict(lambda: [[] for _ in self.paths])
            for k, numbers in enumerate(texts):
                for n in numbers:
                    if len(own := self.paths[k][n]) > len(path):
                        ways[own[len(path)]][k].append(n)
            for token, having in sorted(ways.items(), key=lambda way: (-sum(map(len, way[1])), way[0])):
                longer, knots = (*path, token), [len(tree) for tree in trees]
                for k, numbers in enumerate(having):
                    if numbers:
                        chance = self._chance(k, numbers[0], len(longer))
                        trees[k].append(Knot(longer, parents[k], tuple(numbers), chance))
                grow(longer, having, knots)

        grow((), [range(self.count)] * len(self.paths), [-1] * len(self.paths))
        return trees

    def _chance(self, k: int, text: int, length: int) -> float:
        """The probability, at temperature `k`, of the first `length` words of a text."""
        return min(math.exp(self._log_p[k][text, length - 1]), 1.0)

    def shown(self, path: Path) -> list[tuple[str, bool]]:
        """The words of a beginning as a person would print them, each with whether a space comes before."""
        words = [self.bundle.vocabulary.words[i] for i in path]
        pieces = display_words([word for word in words if word])
        return pieces + [(END, True)] * (path[-1:] == (STOP_ID,))

    def text(self, path: Path) -> str:
        return "".join(" " * space + word for word, space in self.shown(path)).strip()

    def panels(self) -> list[Row]:
        """One entry a temperature, as the component `braid` takes them: its `temperature` and its `knots`,
        each with its `word` and the `token` that it is, the `space` before it, its `parent`, its `texts` and
        its `chance`."""
        panels: list[Row] = []
        for temperature, tree in zip(self.temperatures, self.trees, strict=True):
            pieces: dict[Path, tuple[str, bool]] = {}
            for knot in tree:  # a word is printed as it is in the first text that has it
                if knot.path not in pieces:
                    longest = self.paths[len(panels)][knot.texts[0]]
                    for length, piece in enumerate(self.shown(longest), 1):
                        pieces.setdefault(longest[:length], piece)
            panels.append(
                {
                    "temperature": temperature,
                    "knots": [
                        {
                            "word": pieces[knot.path][0],
                            "space": pieces[knot.path][1],
                            "token": knot.path[-1],
                            "parent": knot.parent,
                            "texts": list(knot.texts),
                            "chance": knot.chance if 0.999 < knot.chance < 1 else float(f"{knot.chance:.4g}"),
                        }
                        for knot in tree
                    ],
                }
            )
        return panels

    # -- numbers -----------------------------------------------------------------------------------

    def first_verbs(self, k: int) -> Counter[str]:
        """How many texts of temperature `k` have each first recipe verb; "" for none so far."""
        words = self.bundle.vocabulary.words
        return Counter(lexicon().first_verb([words[i] for i in path]) or "" for path in self.paths[k])

    def verb_sentence(self, k: int) -> str:
        """How many different first verbs the texts of temperature `k` have, and which come most often."""
        found = self.first_verbs(k)
        none = found.pop("", 0)
        parts = []
        if found:
            often = ", ".join(f"{verb} {number}" for verb, number in found.most_common(3))
            parts.append(f"{_number(len(found), 'first verb')}: {often}" + ", …" * (len(found) > 3))
        if none:
            parts.append(f"none so far: {none}" if found else "no recipe verb so far")
        return "; ".join(parts)

    def distinct(self, k: int) -> list[int]:
        """How many different beginnings of 1, 2, ... `depth` words the texts of temperature `k` have; a text
        that has ended stays one beginning."""
        return [len({path[:length] for path in self.paths[k]}) for length in range(1, self.depth + 1)]

    def distinct_rows(self) -> list[Row]:
        """A row a temperature and number of words: `value` different beginnings."""
        return [
            {
                "temperature": temperature,
                "series": k,
                "words": length,
                "value": value,
                "text": f"{value} of {self.count}",
            }
            for k, temperature in enumerate(self.temperatures)
            for length, value in enumerate(self.distinct(k), 1)
        ]

    def distinct_sentence(self) -> str:
        return "; ".join(
            f"T = {temperature:g}: {self.distinct(k)[0]} different first words, "
            f"{self.distinct(k)[-1]} different beginnings of {self.depth} words"
            for k, temperature in enumerate(self.temperatures)
        )

    def beginnings(self, words: int, most: int = 6) -> list[Path]:
        """The beginnings of `words` words likeliest at one temperature or another, of those that were
        written."""
        best: dict[Path, float] = {}
        for tree in self.trees:
            for knot in tree:
                ended = len(knot.path) < words and knot.path[-1] == STOP_ID
                if len(knot.path) == words or ended:
                    best[knot.path] = max(knot.chance, best.get(knot.path, 0))
        return sorted(best, key=lambda path: (-best[path], path))[:most]

    def chance_rows(self, words: int) -> list[Row]:
        """The likeliest beginnings at every temperature that wrote them: the exact `chance`, the observed
        `share`, and between which shares (`low`, `high`) 95 of 100 such sets of texts would lie."""
        known = [{knot.path: knot for knot in tree} for tree in self.trees]
        rows = []
        for order, path in enumerate(self.beginnings(words)):
            for k, temperature in enumerate(self.temperatures):
                if knot := known[k].get(path):
                    rows.append({"order": order, **self._facts(temperature, knot)})
        return rows

    def _facts(self, temperature: float, knot: Knot) -> Row:
        low, high = binomial(self.count, knot.chance)
        share = len(knot.texts) / self.count
        return {
            "label": self.text(knot.path),
            "temperature": temperature,
            "texts": len(knot.texts),
            "share": share,
            "chance": knot.chance,
            "low": low / self.count,
            "high": high / self.count,
            "text": f"{len(knot.texts)} of {self.count} texts ({percent(share)}); "
            f"exact chance {percent(knot.chance)}",
        }

    def chance_sentence(self, words: int) -> str:
        rows = self.chance_rows(words)
        return "; ".join(f"T = {row['temperature']:g}, {row['label']}: {row['text']}" for row in rows[:6])

    def spoken_rows(self) -> list[Row]:
        """What the picture says, in words, for a table: every beginning that two texts share, and for
        each temperature how many texts share none."""
        rows = []
        for temperature, tree in zip(self.temperatures, self.trees, strict=True):
            for knot in tree:
                if len(knot.texts) > 1:
                    rows.append(
                        {
                            "temperature": f"{temperature:g}",
                            "words": len(knot.path),
                            "beginning": self.text(knot.path),
                            "texts": f"{len(knot.texts)} of {self.count}",
                            "share": percent(len(knot.texts) / self.count),
                            "exact chance": percent(knot.chance),
                        }
                    )
            alone = sum(len(knot.texts) == 1 and knot.parent == -1 for knot in tree)
            if alone:
                rows.append(
                    {
                        "temperature": f"{temperature:g}",
                        "words": 1,
                        "beginning": "(a first word that no other text has)",
                        "texts": f"{alone} of {self.count}",
                        "share": percent(alone / self.count),
                        "exact chance": "",
                    }
                )
        return rows

    def table(self) -> list[Row]:
        """Every beginning at every temperature, for a file."""
        rows = []
        for temperature, tree in zip(self.temperatures, self.trees, strict=True):
            for knot in tree:
                facts = self._facts(temperature, knot)
                rows.append(
                    {
                        "temperature": temperature,
                        "words": len(knot.path),
                        "beginning": facts["label"],
                        "texts": facts["texts"],
                        "of": self.count,
                        "share": facts["share"],
                        "probability": facts["chance"],
                        "expected_low": facts["low"],
                        "expected_high": facts["high"],
                        "text_numbers": " ".join(str(n + 1) for n in knot.texts),
                    }
                )
        return rows

    def text_table(self, seed: int) -> list[Row]:
        """Every text at every temperature, with the seed that writes it, for a file."""
        words = self.bundle.vocabulary.words
        return [
            {
                "temperature": temperature,
                "text_number": n + 1,
                "seed": own,
                "words": " ".join(words[i] or END_OF_RECIPE for i in path),
                "text": detokenize([words[i] for i in path if i != STOP_ID]),
                "probability": self._chance(k, n, len(path)),
            }
            for k, temperature in enumerate(self.temperatures)
            for n, (own, path) in enumerate(zip(seeds_of(seed, self.count), self.paths[k], strict=True))
        ]


def compare_query(title: str, temperatures: Sequence[float], *, model: str, **more: Any) -> Mapping[str, str]:
    """What the address of the comparison page says to write a text of the braid, but for its `seed`."""
    heats = {f"t{k}": f"{t:g}" for k, t in enumerate(temperatures, 1)}
    return {"title": title, "model": model, "n": str(len(temperatures)), **heats, **more}


def _number(count: int, noun: str) -> str:
    return f"{count} different {noun}s" if count != 1 else f"1 {noun}"
