"""Which dish makes a network choose a verb: the first verbs of a few hundred titles, worked out once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from textgen.files import ASSETS
from textgen.measuring.first_verbs import first_verbs
from textgen.measuring.kinds import Lens
from textgen.writing.generate import Source

TITLES = ASSETS / "dishes.txt"  # one a line
TEMPERATURES = (0.5, 1.0, 1.5)
LEAST = 0.01  # a verb rarer than this after a title is not kept for it


def dish_titles() -> list[str]:
    return TITLES.read_text(encoding="utf-8").split("\n")[:-1]


def dish_verbs(bundle: Source, titles: Sequence[str] | None = None) -> dict[str, Any]:
    """The first verbs of `titles` (those of the project unless given) as plain data, for `save_measured`:
    `temperatures` [K], `titles`, and `verbs`: verb -> [[number of the title, its K probabilities], ...]."""
    titles = dish_titles() if titles is None else list(titles)
    lens = Lens(bundle.vocabulary)
    verbs: dict[str, list[list[Any]]] = {}
    for number, title in enumerate(titles):
        firsts = first_verbs(bundle, title, TEMPERATURES, likely=2e-3, lens=lens)
        for verb, shares in zip(firsts.verbs, firsts.probability.T, strict=True):
            if shares.max() >= LEAST:
                verbs.setdefault(verb, []).append([number, *(round(float(p), 4) for p in shares)])
    return {"temperatures": list(TEMPERATURES), "titles": titles, "verbs": verbs}
