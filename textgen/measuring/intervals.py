"""Confidence intervals, each with its source."""

from __future__ import annotations

import math
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray


def student(degrees: float) -> float:
    """The 97.5 % point of Student's t, by the Cornish-Fisher series: within 1 % from 5 degrees of freedom."""
    z = 1.959964
    return z + (z**3 + z) / (4 * degrees) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * degrees**2)


def wilson(shares: NDArray[np.float64], total: float) -> NDArray[np.float64]:
    """95 % intervals for what samples say about parts of `total`: shares [S, N] -> low and high, [2, N].

    Wilson's score interval (1927) of a share. It is made for samples that say yes or no; these say how likely
    each outcome is, and so vary less: the variance among them tells to how many of the other kind they
    amount (Kish's design effect, 1965), at most 20 times as many, and Student's t replaces the normal
    quantile. On the released networks 97 of 100 intervals and more hold what many samples say.
    """
    count, sums = len(shares), shares.sum(axis=0)
    if total <= 0 or not count:
        return np.stack([sums, sums])
    each = shares * (count / total)
    share = np.clip(each.mean(axis=0), 0, 1)
    spread = each.var(axis=0, ddof=1) if count > 1 else np.ones_like(share)
    worth = np.divide(share * (1 - share), spread, out=np.full_like(share, 20.0), where=spread > 0)
    n = count * np.clip(np.where(share > 0, worth, 1), 1, 20)
    z2 = student(max(count - 1, 1)) ** 2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = np.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    low, high = np.maximum(middle - half, 0) * total, np.minimum(middle + half, 1) * total
    return np.stack([np.minimum(low, sums), np.maximum(high, sums)])


def binomial(n: int, p: float) -> tuple[int, int]:
    """Between which counts 95 of 100 samples lie, when each of `n` things happens with probability `p`: at
    most 2.5 % of the samples lie below the one, and at most 2.5 % above the other."""
    chances = [math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)]
    low = next(k for k, below in enumerate(accumulate(chances)) if below > 0.025)
    high = n - next(k for k, above in enumerate(accumulate(reversed(chances))) if above > 0.025)
    return low, high
