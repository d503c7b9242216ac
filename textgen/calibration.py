"""The best temperature, measured: how well a network predicts when its logits are divided by a temperature,
and whether its probabilities can be believed.

Temperature scaling and the reliability diagram are those of Guo, Pleiss, Sun & Weinberger, *On Calibration
of Modern Neural Networks* (2017), sections 2 and 4.2, over the tokens of `measures.evaluate`. All
temperatures are measured in one pass over the logits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from textgen.measures import predictions

if TYPE_CHECKING:
    from textgen.bundle import Bundle
    from textgen.corpus import Recipe

GRID = tuple(round(0.3 + 0.05 * k, 2) for k in range(35))  # 0.3 to 2
RELIABILITY_TEMPERATURES = (0.5, 1.0, 1.5)
BINS = 15  # as in the paper
REFINEMENTS = 3  # further passes at most, to place the minimum
CLOSE_ENOUGH = 0.0005  # of the best temperature


@dataclass
class Reliability:
    """How often the likeliest word was the true one, against the probability it was given.

    Predictions are binned by confidence, the probability of the likeliest word, in `bins` bins of equal
    width from 0 to 1: bin b holds confidences in (b / bins, (b + 1) / bins]. Arrays `[bins]`.
    """

    bins: int = BINS
    count: NDArray[np.float64] = field(init=False, repr=False)
    confidence_sum: NDArray[np.float64] = field(init=False, repr=False)
    right: NDArray[np.float64] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.bins < 1:
            raise ValueError(f"there must be at least one bin, not {self.bins}")
        self.count, self.confidence_sum, self.right = (np.zeros(self.bins) for _ in range(3))

    def add(self, confidence: ArrayLike, right: ArrayLike) -> None:
        """Count predictions: their confidence `[n]`, 0 to 1, and whether each was right `[n]`."""
        sure, hit = np.asarray(confidence, dtype=np.float64), np.asarray(right, dtype=np.float64)
        at = np.clip(np.ceil(sure * self.bins).astype(int) - 1, 0, self.bins - 1)
        for total, weight in ((self.count, None), (self.confidence_sum, sure), (self.right, hit)):
            total += np.bincount(at, weights=weight, minlength=self.bins)

    @property
    def error(self) -> float:
        """Expected calibration error, 0 to 1: the mean over all predictions of |accuracy - confidence| of
        their bin (Guo et al. 2017, equation 5). NaN if nothing was counted."""
        total = self.count.sum()
        return float(np.abs(self.right - self.confidence_sum).sum() / total) if total else math.nan

    def facts(self) -> dict[str, Any]:
        """Plain data: `ece`, the overall `confidence` and `accuracy`, and the bins that are not empty."""
        total = self.count.sum()
        return {
            "ece": round(self.error, 6),
            "confidence": round(float(self.confidence_sum.sum() / total), 6),
            "accuracy": round(float(self.right.sum() / total), 6),
            "bins": [
                {
                    "bin": int(b),
                    "count": int(self.count[b]),
                    "confidence": round(float(self.confidence_sum[b] / self.count[b]), 4),
                    "accuracy": round(float(self.right[b] / self.count[b]), 4),
                }
                for b in np.flatnonzero(self.count)
            ],
        }


@dataclass
class _Totals:
    """Of one era at each temperature: the sum of -log p, and of its slope over 1 / T."""

    nats: NDArray[np.float64]
    slope: NDArray[np.float64]
    tokens: int = 0


def calibrate(
    bundle: Bundle, recipes: Sequence[Recipe], temperatures: Sequence[float] = GRID, max_tokens: int = 201
) -> dict[str, Any]:
    """Perplexity of `recipes` against temperature with its minimum, and reliability diagrams. Plain data.

    For each era of the recipes (without one: `"unknown"`): the numbers of `tokens` and `recipes` are those of
    `measures.evaluate`, and at T = 1 so is the perplexity;
    `perplexity` [temperatures] at each of the sorted `temperatures`, None where float64 cannot hold it;
    `best`, the `temperature` with the lowest `perplexity` between the lowest and the highest one, both
    measured there and not read off a curve; `at_edge` says that it lies at an end of the range, so that the
    true minimum may lie beyond;
    `reliability`, by temperature, as `Reliability.facts`.

    -log p is convex in 1 / T, so its slope, measured with it, tells on which side the minimum lies.
    Memory holds one block of logits. `ValueError` on a temperature that is not above 0 and finite, on none,
    and if there is nothing to predict.
    """
    heats = sorted(set(map(float, temperatures)))
    if not heats:
        raise ValueError("give at least one temperature to measure at")
    if not all(0 < heat < math.inf for heat in heats):
        raise ValueError("a temperature to measure at is above 0 and finite: at 0, perplexity is infinite")
    recipes = list(recipes)
    wanted = sorted({*heats, *RELIABILITY_TEMPERATURES})
    totals, diagrams = _measure(bundle, recipes, wanted, max_tokens, reliability=True)
    # era -> temperature -> (-log p, slope), means over its tokens
    points = {era: _means(wanted, sums) for era, sums in totals.items()}
    within = {era: {heat: of[heat] for heat in heats} for era, of in points.items()}
    for _ in range(REFINEMENTS):
        guesses = {era: _guess(of) for era, of in within.items()}
        open_ = sorted({guess for guess in guesses.values() if guess is not None})
        if not open_:
            break
        more, _unused = _measure(bundle, recipes, open_, max_tokens)
        for era, guess in guesses.items():
            if guess is not None:
                within[era][guess] = _means(open_, more[era])[guess]
    eras = {}
    for era in sorted(totals):
        best = min(within[era], key=lambda heat: (within[era][heat][0], heat))
        eras[era] = {
            "recipes": sum((recipe.era or "unknown") == era for recipe in recipes),
            "tokens": totals[era].tokens,
            "perplexity": [_perplexity(points[era][heat][0]) for heat in heats],
            "best": {
                "temperature": round(best, 4),
                "perplexity": _perplexity(within[era][best][0]),
                "at_edge": points[era][heats[0]][1] < 0 or points[era][heats[-1]][1] > 0,
            },
            "reliability": {f"{heat:g}": diagram.facts() for heat, diagram in diagrams[era].items()},
        }
    return {
        "temperatures": heats,
        "bins": BINS,
        "max_tokens": max_tokens,
        "eras": eras,
    }


def _measure(
    bundle: Bundle,
    recipes: Sequence[Recipe],
    temperatures: Sequence[float],
    max_tokens: int,
    reliability: bool = False,
) -> tuple[dict[str, _Totals], dict[str, dict[float, Reliability]]]:
    """One pass over the logits of all recipes, block by block."""
    totals: dict[str, _Totals] = {}
    diagrams: dict[str, dict[float, Reliability]] = {}
    for eras, logits, targets in predictions(bundle, recipes, max_tokens):
        logits -= logits.max(axis=1, keepdims=True)
        came = np.take_along_axis(logits, targets[:, None], axis=1)[:, 0].astype(np.float64)  # [n], <= 0
        right = logits.argmax(axis=1) == targets  # the same at every temperature
        masks = {era: np.array([one == era for one in eras]) for era in set(eras)}
        for era, mask in masks.items():
            if era not in totals:
                totals[era] = _Totals(np.zeros(len(temperatures)), np.zeros(len(temperatures)))
                diagrams[era] = (
                    {heat: Reliability() for heat in RELIABILITY_TEMPERATURES} if reliability else {}
                )
            totals[era].tokens += int(mask.sum())
        for k, heat in enumerate(temperatures):
            weight = np.exp(logits * np.float32(1 / heat))  # [n, V]
            total = weight.sum(axis=1, dtype=np.float64)
            mean = np.einsum("nv,nv->n", weight, logits) / total  # the logit that p expects
            nats = np.log(total) - came / heat
            for era, mask in masks.items():
                totals[era].nats[k] += nats[mask].sum()
                totals[era].slope[k] += (mean - came)[mask].sum()
                if heat in diagrams[era]:
                    diagrams[era][heat].add(1 / total[mask], right[mask])
    return totals, diagrams


def _means(temperatures: Sequence[float], sums: _Totals) -> dict[float, tuple[float, float]]:
    return {
        heat: (float(sums.nats[k] / sums.tokens), float(sums.slope[k] / sums.tokens))
        for k, heat in enumerate(temperatures)
    }


def _guess(points: dict[float, tuple[float, float]]) -> float | None:
    """Where the slope is likely to be 0, or None if that is settled or lies outside the range.

    Newton's method would need the curvature: the secant through the two measured points on either side of
    the minimum needs none, and stays between them.
    """
    heats = sorted(points)
    slopes = [points[heat][1] for heat in heats]  # over 1 / T: they fall as T grows
    for low, high, left, right in zip(heats, heats[1:], slopes, slopes[1:], strict=False):
        if left >= 0 >= right and left > right:
            if high - low < CLOSE_ENOUGH or left == 0 or right == 0:
                return None
            share = left / (left - right)
            guess = 1 / ((1 - share) / low + share / high)
            return None if min(guess - low, high - guess) < CLOSE_ENOUGH / 10 else guess
    return None


def _perplexity(nats: float) -> float | None:
    return float(f"{math.exp(nats):.7g}") if nats < 700 else None
