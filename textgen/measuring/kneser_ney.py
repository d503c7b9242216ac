"""What counting words can do: a unigram and a Kneser-Ney n-gram model, to compare networks with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int32]
_BEFORE = -1  # stands where a text has not begun yet


class KneserNey:
    """Interpolated, modified Kneser-Ney: each order gives away some of its counts to the next lower one.

    After Chen and Goodman, *An empirical study of smoothing techniques for language modeling* (1999): three
    discounts an order, estimated from how many n-grams occur once to four times; below the highest order an
    n-gram counts as often as there are words that it follows. Memory grows with the number of words, not with
    a power of it.

    `texts` are ids `[T]` below `vocabulary_size`; as in `perplexity.evaluate` the first of each is given and
    never predicted. `ValueError` if there is nothing to count.
    """

    def __init__(self, texts: Sequence[Ids], vocabulary_size: int, order: int = 5) -> None:
        self.vocabulary_size = vocabulary_size
        grams = _windows(texts, order)
        if not len(grams):
            raise ValueError("there is no text of two words or more to count")
        self.orders: list[_Order] = []  # from the highest
        count = np.ones(len(grams), np.int64)
        for _ in range(order):
            grams, count = _distinct(grams, count)
            self.orders.append(_Order.of(grams, count))
            # What the next lower order counts: the words before an n-gram, not how often; but how often
            # where a text begins, since only one thing stands before that.
            count = np.where(grams[:, 1] == _BEFORE, count, 1) if grams.shape[1] > 1 else count
            grams = grams[:, 1:]

    def perplexity(self, texts: Sequence[Ids]) -> float:
        """Over all words of `texts` but the first of each."""
        grams = _windows(texts, len(self.orders))
        return float(np.exp(-np.log(self.probabilities(grams)).mean()))

    def probabilities(self, grams: NDArray[np.int64]) -> NDArray[np.float64]:
        """Of the last word of each row `[N, order]` after the words before it, -1 where there is none."""
        p = np.full(len(grams), 1 / self.vocabulary_size)
        for n, counted in enumerate(reversed(self.orders), 1):
            p = counted.interpolate(grams[:, -n:], p)
        return p


def unigram_perplexity(known: Sequence[Ids], texts: Sequence[Ids], vocabulary_size: int) -> float:
    """Of a model that knows how frequent each word is in `known`, one added to each, and nothing else."""
    counts = 1 + np.bincount(_windows(known, 1)[:, 0], minlength=vocabulary_size)
    return float(np.exp(-np.log(counts / counts.sum())[_windows(texts, 1)[:, 0]].mean()))


@dataclass(frozen=True)
class _Order:
    """The n-grams of one order by the hash of their words, and what is known of each context."""

    grams: NDArray[np.uint64]  # [G], rising
    discounted: NDArray[np.float64]  # [G] counts, less their discounts
    contexts: NDArray[np.uint64]  # [C], rising
    total: NDArray[np.float64]  # [C]
    given_away: NDArray[np.float64]  # [C] of the total

    @classmethod
    def of(cls, grams: NDArray[np.int64], count: NDArray[np.int64]) -> _Order:
        often = [int((count == n).sum()) for n in (1, 2, 3, 4)]
        discounts = np.array([0, 0.5, 1, 1.5])  # where too little has been counted to estimate them
        if all(often[:3]):
            share = often[0] / (often[0] + 2 * often[1])
            for n in (1, 2, 3):
                discounts[n] = np.clip(n - (n + 1) * share * often[n] / often[n - 1], 0, n)
        taken = discounts[np.minimum(count, 3)]
        contexts, where = np.unique(_hashes(grams[:, :-1]), return_inverse=True)
        keys = _hashes(grams)
        by_key = np.argsort(keys)
        return cls(
            keys[by_key],
            (count - taken)[by_key],
            contexts,
            np.bincount(where, count).astype(np.float64),
            np.bincount(where, taken).astype(np.float64),
        )

    def interpolate(self, grams: NDArray[np.int64], lower: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probabilities of this order, given those of the next lower one; those where a context is new."""
        context, known = _find(self.contexts, _hashes(grams[:, :-1]))
        gram, seen = _find(self.grams, _hashes(grams))
        own = np.where(seen, self.discounted[gram], 0) + self.given_away[context] * lower
        return np.where(known, own / self.total[context], lower)


def _windows(texts: Sequence[Ids], order: int) -> NDArray[np.int64]:
    """Each word but the first of its text, after the `order - 1` words before it: `[N, order]`."""
    rows = [np.zeros((0, order), np.int64)]
    for text in texts:
        padded = np.concatenate([np.full(order - 1, _BEFORE), text]).astype(np.int64)
        rows.append(np.lib.stride_tricks.sliding_window_view(padded, order)[1:])
    return np.concatenate(rows)


def _distinct(
    grams: NDArray[np.int64], count: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    _, first, where = np.unique(_hashes(grams), return_index=True, return_inverse=True)
    return grams[first], np.bincount(where, count).astype(np.int64)


def _hashes(grams: NDArray[np.int64]) -> NDArray[np.uint64]:
    """64 bits that stand for the words of each row: among millions, two alike are very unlikely."""
    value = np.full(len(grams), 0x9E3779B97F4A7C15, np.uint64)
    for column in grams.T:
        value = (value ^ (column + 2).astype(np.uint64)) * np.uint64(0xBF58476D1CE4E5B9)
        value ^= value >> np.uint64(29)
        value *= np.uint64(0x94D049BB133111EB)
        value ^= value >> np.uint64(32)
    return value


def _find(known: NDArray[np.uint64], asked: NDArray[np.uint64]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
    place = np.minimum(np.searchsorted(known, asked), len(known) - 1)
    return place, known[place] == asked
