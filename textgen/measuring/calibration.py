"""The best temperature, measured: how well a network predicts when its logits are divided by a temperature,
and whether its probabilities can be believed.

Temperature scaling and the reliability diagram are those of Guo, Pleiss, Sun & Weinberger, *On Calibration
of Modern Neural Networks* (2017), sections 2 and 4.2, over the tokens of `perplexity.evaluate`. All
temperatures are measured in one pass over the logits.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from textgen.measuring.perplexity import predictions

if TYPE_CHECKING:
    from textgen.network.bundle import Bundle
    from textgen.text.recipe import Recipe

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
class _Sums:
    """Of each recipe at each temperature: -log p of its tokens, and its slope over 1 / T. `[heats, R]`."""

    nats: NDArray[np.float64]
    slope: NDArray[np.float64]
    tokens: NDArray[np.float64]  # [R]


def calibrate(
    bundle: Bundle, recipes: Sequence[Recipe], temperatures: Sequence[float] = GRID, max_tokens: int = 201
) -> dict[str, Any]:
    """Perplexity of `recipes` against temperature with its minimum, and reliability diagrams. Plain data.

    For each era of the recipes (without one: `"unknown"`): the numbers of `tokens` and `recipes` are those of
    `perplexity.evaluate`, and at T = 1 so is the perplexity;
    `perplexity` [temperatures] at each of the sorted `temperatures`, None where float64 cannot hold it;
    `best`, the `temperature` with the lowest `perplexity` between the lowest and the highest one, both
    measured there and not read off a curve, and the 95 % interval of the temperature, from `low` to `high`,
    had other recipes of the kind been measured; `at_edge` says that it lies at an end of the range: the true
    minimum may lie beyond, and there is no interval;
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
    sums, diagrams = _measure(bundle, recipes, wanted, max_tokens, reliability=True)
    of_era = {era: np.array([(recipe.era or "unknown") == era for recipe in recipes]) for era in diagrams}
    # era -> temperature -> what was measured there
    points = {era: _points(wanted, sums, mask) for era, mask in of_era.items()}
    within = {era: {heat: known[heat] for heat in heats} for era, known in points.items()}
    for _ in range(REFINEMENTS):
        guesses = {era: _guess(known) for era, known in within.items()}
        asked = sorted({guess for guess in guesses.values() if guess is not None})
        if not asked:
            break
        more, _ = _measure(bundle, recipes, asked, max_tokens)
        for era, guess in guesses.items():
            if guess is not None:
                within[era][guess] = _points(asked, more, of_era[era])[guess]
    eras = {}
    for era in sorted(points):
        best = min(within[era], key=lambda heat: (within[era][heat].nats, heat))
        at_edge = within[era][heats[0]].slope < 0 or within[era][heats[-1]].slope > 0
        low, high = (None, None) if at_edge else _interval(best, within[era])
        eras[era] = {
            "recipes": int(of_era[era].sum()),
            "tokens": int(sums.tokens[of_era[era]].sum()),
            "perplexity": [_perplexity(points[era][heat].nats) for heat in heats],
            "best": {
                "temperature": round(best, 4),
                "low": low,
                "high": high,
                "perplexity": _perplexity(within[era][best].nats),
                "at_edge": at_edge,
            },
            "reliability": {f"{heat:g}": diagram.facts() for heat, diagram in diagrams[era].items()},
        }
    return {"temperatures": heats, "bins": BINS, "max_tokens": max_tokens, "eras": eras}


def _measure(
    bundle: Bundle,
    recipes: Sequence[Recipe],
    temperatures: Sequence[float],
    max_tokens: int,
    reliability: bool = False,
) -> tuple[_Sums, dict[str, dict[float, Reliability]]]:
    """One pass over the logits of all recipes, block by block. The diagrams are by era."""
    eras = np.array([recipe.era or "unknown" for recipe in recipes])
    size = (len(temperatures), len(recipes))
    sums = _Sums(np.zeros(size), np.zeros(size), np.zeros(len(recipes)))
    diagrams: dict[str, dict[float, Reliability]] = {
        str(era): {heat: Reliability() for heat in RELIABILITY_TEMPERATURES if reliability}
        for era in np.unique(eras)
    }
    for numbers, logits, targets in predictions(bundle, recipes, max_tokens):
        logits -= logits.max(axis=1, keepdims=True)
        came = np.take_along_axis(logits, targets[:, None], axis=1)[:, 0].astype(np.float64)  # [n], <= 0
        right = logits.argmax(axis=1) == targets  # the same at every temperature
        masks = {str(era): eras[numbers] == era for era in np.unique(eras[numbers])}
        sums.tokens[numbers] += 1
        for k, heat in enumerate(temperatures):
            weight = np.exp(logits * np.float32(1 / heat))  # [n, V]
            total = weight.sum(axis=1, dtype=np.float64)
            mean = np.einsum("nv,nv->n", weight, logits) / total  # the logit that p expects
            sums.nats[k, numbers] += np.log(total) - came / heat
            sums.slope[k, numbers] += mean - came
            if reliability and heat in RELIABILITY_TEMPERATURES:
                for era, mask in masks.items():
                    diagrams[era][heat].add(1 / total[mask], right[mask])
    return sums, diagrams


@dataclass(frozen=True)
class _Point:
    """One era at one temperature: means over its tokens of -log p and of its slope over 1 / T, and the
    standard error of that slope."""

    nats: float
    slope: float
    error: float


def _points(temperatures: Sequence[float], sums: _Sums, mask: NDArray[np.bool_]) -> dict[float, _Point]:
    tokens = sums.tokens[mask]  # [R]
    points = {}
    for k, heat in enumerate(temperatures):
        slope = sums.slope[k, mask].sum() / tokens.sum()
        # A ratio of sums over recipes, which are independent of each other; the words in one are not.
        apart = sums.slope[k, mask] - slope * tokens
        error = math.sqrt((apart**2).sum()) / tokens.sum()
        points[heat] = _Point(float(sums.nats[k, mask].sum() / tokens.sum()), float(slope), error)
    return points


def _interval(best: float, points: dict[float, _Point]) -> tuple[float, float]:
    """The 95 % interval of the best temperature: where the slope is 0 give or take its standard error.

    The curvature is that between the measured neighbours of `best`.
    """
    below = max((heat for heat in points if heat < best), default=best)
    above = min((heat for heat in points if heat > best), default=best)
    curvature = (points[below].slope - points[above].slope) / (1 / below - 1 / above)
    reach = 1.96 * points[best].error / curvature
    return round(1 / (1 / best + reach), 4), round(1 / max(1 / best - reach, 1e-9), 4)


def _guess(points: dict[float, _Point]) -> float | None:
    """Where the slope is likely to be 0, or None if that is settled or lies outside the range.

    Newton's method would need the curvature: the secant through the two measured points on either side of
    the minimum needs none, and stays between them.
    """
    heats = sorted(points)
    slopes = [points[heat].slope for heat in heats]  # over 1 / T: they fall as T grows
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
