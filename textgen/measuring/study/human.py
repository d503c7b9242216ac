"""The same measures of recipes that people wrote, for reference."""

from __future__ import annotations

import math
from bisect import bisect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from textgen import exact
from textgen.measuring.diversity import (
    MEASURES,
    NAMES,
    TextSet,
    bootstrap,
    contributions,
    of_set,
    values,
)
from textgen.measuring.study.settings import FORMAT, Condition, Floats
from textgen.measuring.study.units import kept_bundle
from textgen.network.bundle import Bundle
from textgen.text.copying import copy_index
from textgen.text.recipe import Recipe
from textgen.text.vocabulary import STOP_ID, tokenize
from textgen.writing.many import ENDED, score

HUMAN_WORDS = (10, 20, 30, 40, 60, 80, 100, 150, 200)
HUMAN_SETS = (2, 4, 8, 16, 32, 64, 128, 240)
_OF_SETS = tuple(name for name, measure in MEASURES.items() if measure.of_set)


def human_figures(
    bundle: Bundle, recipes: Sequence[Recipe], *, folder: Path | None = None, threads: int = 1
) -> dict[str, Any]:
    """The measures of human recipes, cut to each of `HUMAN_WORDS`, as the network of `bundle` reads them.

    Plain numbers for a bundle's `measured.json`, under "human": `words` (words -> measure -> value, low,
    high), and for the measures that depend on how many texts are compared `sets` (words -> texts -> measure
    -> value), means over sets drawn from the recipes. The network reads each title and is asked about the
    method alone, as it is with texts of its own. `ValueError` if there are fewer than two recipes.
    """
    if len(recipes) < 2:
        raise ValueError("human text needs at least two recipes")
    vocabulary = bundle.vocabulary
    contexts, bodies = [], []
    for recipe in recipes:
        words = tokenize(recipe.text)
        bar = words.index("|") + 1
        contexts.append(vocabulary.encode(words[:bar]))
        bodies.append(words[bar:])
    rng = np.random.Generator(np.random.Philox(key=FORMAT))
    index = copy_index(folder)
    figures: dict[str, Any] = {"format": FORMAT, "recipes": len(recipes), "words": {}, "sets": {}}
    for most in HUMAN_WORDS:
        tokens = np.full((len(bodies), most), ENDED, dtype=np.int32)
        for n, body in enumerate(bodies):
            ids = [*vocabulary.encode(body), STOP_ID][:most]
            tokens[n, : len(ids)] = ids
        read = score(bundle, contexts, tokens, threads=threads)
        texts = [body[:most] for body in bodies]

        everything = contributions(
            TextSet(
                texts,
                ended=(tokens == STOP_ID).any(axis=1).tolist(),
                tokens=read.lengths,
                nats=read.nats,
                entropy=read.entropy,
                judged=np.full(len(texts), np.nan),
                index=index,
            )
        )
        ends = (values(everything), *bootstrap(everything))
        figures["words"][str(most)] = {
            name: [rounded(column[k]) for column in ends]
            for k, name in enumerate(NAMES)
            if name not in _OF_SETS and np.isfinite(ends[0][k])
        }
        sets: dict[str, dict[str, float]] = {}
        for size in HUMAN_SETS:
            if size <= len(texts):
                drawn = [
                    [texts[n] for n in rng.choice(len(texts), size, replace=False)]
                    for _ in range(max(1, min(8, 512 // size)))
                ]
                sets[str(size)] = {
                    name: rounded(float(np.mean([of_set(name, drawing) for drawing in drawn])))
                    for name in _OF_SETS
                }
        figures["sets"][str(most)] = sets
    return figures


def rounded(number: float, digits: int = 6) -> float:
    return float(f"{number:.{digits}g}")


def reference(condition: Condition, max_words: int, set_size: int) -> Floats:
    """The measures of human text [M] for the texts of `condition`; NaN for what its networks' files do not
    say.

    Between the numbers of words and texts that were measured, straight lines over their logarithms; beyond
    them the nearest.
    """
    own = kept_bundle(condition.model).measured.get("human")
    judge = kept_bundle(condition.judge).measured.get("human") if condition.judge else None
    result = np.full(len(NAMES), np.nan)
    try:
        for k, name in enumerate(NAMES):
            source, asked = (judge, "perplexity") if name == "judged" else (own, name)
            if not isinstance(source, dict) or source.get("format") != FORMAT:
                continue
            if name in _OF_SETS:
                at = {
                    int(words): _between(
                        {int(size): row[asked] for size, row in sets.items() if asked in row}, set_size
                    )
                    for words, sets in source["sets"].items()
                }
            else:
                at = {int(words): row[asked][0] for words, row in source["words"].items() if asked in row}
            result[k] = _between(at, max_words)
    except (KeyError, TypeError, ValueError, AttributeError):  # a file that somebody else wrote
        return np.full(len(NAMES), np.nan)
    return result


def _between(points: Mapping[int, float], at: int) -> float:
    if not points:
        return math.nan
    places = sorted(points)
    after = bisect(places, at)
    if after in (0, len(places)):
        return float(points[places[max(after - 1, 0)]])
    low, high = places[after - 1], places[after]
    way = exact.log(at / low) / exact.log(high / low)
    return float(points[low] + (points[high] - points[low]) * way)
