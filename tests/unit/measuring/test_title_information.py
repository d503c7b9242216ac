"""How much a title tells, by a network that says so."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from kitchen import WORDS

from textgen.measuring.title_information import title_information
from textgen.text.recipe import Recipe
from textgen.text.vocabulary import Vocabulary


class Echo:
    """Says after the bar the verb that the title stands for, with probability `sure`."""

    def __init__(self, sure: float) -> None:
        self.sure = sure

    def start(self, batch_size: int) -> np.ndarray:
        return np.zeros(batch_size, dtype=int)

    def select(self, state: np.ndarray, rows: Any) -> np.ndarray:
        return state[np.asarray(rows, dtype=int)]

    def step(self, tokens: Any, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        tokens = np.asarray(tokens)
        state = np.where(tokens == 5, 7, np.where(tokens == 6, 9, state))  # soup: boil, cake: add
        return state, state

    def logits(self, hidden: np.ndarray) -> np.ndarray:
        probs = np.full((len(hidden), len(WORDS)), 1e-30)
        probs[:, [7, 9]] = 1 - self.sure
        probs[np.arange(len(hidden)), hidden] = self.sure
        return np.log(probs).astype(np.float32)


RECIPES = [
    Recipe("Soup", ("In water, boil the soup.",)),
    Recipe("soup", ("Boil.",)),
    Recipe("Cake", ("2 cakes.", "Add the butter.")),
    Recipe("Cake", ("Nothing.",)),
]


@pytest.mark.parametrize(("sure", "bits"), [(0.5, 0.0), (0.8, 2.0), (16 / 17, 4.0)])
def test_title_information(sure: float, bits: float):
    """Own titles give log2(sure), the other log2(1 - sure)."""
    bundle = SimpleNamespace(model=Echo(sure), vocabulary=Vocabulary(WORDS))
    seen: list[tuple[int, int]] = []
    result = title_information(bundle, RECIPES, on_progress=lambda *at: seen.append(at))
    assert result.bits == pytest.approx(bits, abs=1e-4)
    assert result.low == pytest.approx(bits, abs=1e-4) and result.high == pytest.approx(bits, abs=1e-4)
    assert (result.recipes, result.skipped) == (3, 1)
    assert seen == [(1, 2), (2, 2)]


def test_title_information_has_an_interval():
    """One recipe in four does what the other dish does: two bits gained, or lost."""
    bundle = SimpleNamespace(model=Echo(0.8), vocabulary=Vocabulary(WORDS))
    recipes = [Recipe("soup", ("boil it",))] * 15 + [Recipe("cake", ("boil it",))] * 5
    result = title_information(bundle, recipes)
    assert result.bits == pytest.approx(2 * 15 / 20 - 2 * 5 / 20, abs=1e-4)
    error = 4 * math.sqrt(0.75 * 0.25 / 20)
    assert result.high - result.low == pytest.approx(2 * 1.96 * error, rel=0.15)
    with pytest.raises(ValueError, match="two recipes"):
        title_information(bundle, recipes[:15])
