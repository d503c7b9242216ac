"""How uncertain a distribution is, how far two are apart, and what it gave to the word that came."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from textgen import exact


def entropy(probs: ArrayLike) -> NDArray[np.float64]:
    """Shannon entropy in nats of distributions `[..., V]` -> `[...]`; a probability of 0 adds nothing.

    Shannon, *A Mathematical Theory of Communication* (1948), section 6. Divide by `log(2)` for bits.
    """
    p = np.asarray(probs, dtype=np.float64)
    # A probability below the smallest normal number adds less than 1e-305; a masked log would be slow.
    logs = exact.log(np.maximum(p, np.finfo(np.float64).tiny))
    return np.abs(exact.total(p * logs))  # abs: a sum of zeros may be -0.0


def effective_choices(probs: ArrayLike) -> NDArray[np.float64]:
    """How many equally likely words would be as uncertain: exp(entropy), from 1 to V. `[..., V]` -> `[...]`.

    The perplexity of the distribution itself: 1 if one word is certain, V if all words are alike.
    """
    return exact.exp(entropy(probs))


def choices_at(logits: NDArray[np.float32], temperature: float) -> NDArray[np.float64]:
    """`effective_choices` of softmax(logits / temperature), to about six digits and several times as fast:
    [B, V] -> [B]. `temperature` is from 0.001 to 1,000."""
    scores = logits - logits.max(axis=-1, keepdims=True)
    weights = exact.weights(scores, 1 / temperature)
    total = exact.total(weights)
    scores *= np.float32(1 / temperature)
    np.maximum(scores, np.float32(-30), out=scores)  # below, `weights` is constant, and 1e-11 at most is lost
    scores *= weights
    return exact.exp(exact.log(total) - exact.total(scores) / total)


def surprisal(probability: ArrayLike) -> NDArray[np.float64]:
    """Surprisal in bits of an event with this probability: -log2(p), infinite at 0. Any shape."""
    p = np.asarray(probability, dtype=np.float64)
    return np.abs(np.log2(p, out=np.full_like(p, -np.inf), where=p > 0))


def jensen_shannon(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """How far apart two distributions are, in bits: 0 (the same) to 1 (nothing in common). a [..., N] and
    b [..., N], which need not sum to 1 -> [...]; NaN where one is all zeros.

    Lin, *Divergence measures based on the Shannon entropy* (1991).
    """
    with np.errstate(invalid="ignore"):
        p, q = (x / x.sum(axis=-1, keepdims=True) for x in (a, b))
    bits = (entropy((p + q) / 2) - (entropy(p) + entropy(q)) / 2) / math.log(2)
    return np.clip(bits, 0, 1)


def negative_log_probability(logits: NDArray[np.float32], targets: NDArray[Any]) -> NDArray[np.float64]:
    """-log softmax(logits)[target] in nats, to about six digits: `[B, V], [B] -> [B]`."""
    peak, total = exact.largest_and_total(logits)
    picked = np.take_along_axis(logits, targets[:, None], axis=-1)
    return exact.log(total) + (peak - picked)[:, 0]
