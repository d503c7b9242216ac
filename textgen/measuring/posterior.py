"""How much a text tells about the temperature it was written at.

The network's whole distribution is known at every word, so the probability that a temperature gives to a text
is the product of what it gives to the words, and Bayes' rule turns those products into the probability of
each temperature given the text (MacKay, *Information Theory, Inference, and Learning Algorithms*, 2003,
chapter 3). Nothing is sampled or fitted.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from textgen import exact
from textgen.writing.generate import Generation, Source
from textgen.writing.sampling import Sampler

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Posterior:
    """What a text of S words says about K temperatures that were all equally likely before it was read.

    temperatures  [K], rising
    nats          [K, S] -log p of each word at each temperature, infinite where it could not be written
    """

    temperatures: tuple[float, ...]
    nats: Floats

    @property
    def words(self) -> int:
        return self.nats.shape[1]

    @cached_property
    def log_likelihood(self) -> Floats:
        """log p of the whole text at each temperature, [K] in nats; -inf where it could not be written."""
        return -exact.total(self.nats)

    @cached_property
    def probability(self) -> Floats:
        """The probability of each temperature given the text, [K], summing to 1."""
        weights = exact.exp(self.log_likelihood - self.log_likelihood.max())
        return weights / exact.total(weights)

    @property
    def best(self) -> float:
        """The temperature that makes the text likeliest; of equals the lowest."""
        return self.temperatures[int(self.log_likelihood.argmax())]

    def place(self, temperature: float) -> int:
        """The number of a temperature; `ValueError` if it is not one of `temperatures`."""
        for k, one in enumerate(self.temperatures):
            if math.isclose(one, temperature, abs_tol=1e-9):
                return k
        raise ValueError(f"the temperature {temperature:g} is not among those that were measured")

    def bits_lost(self, temperature: float) -> float:
        """How many bits a word less likely, on average, the text is at `temperature` than at the best one: 0
        or more, infinite where it could not be written."""
        lost = self.log_likelihood.max() - self.log_likelihood[self.place(temperature)]
        return float(lost) / math.log(2) / self.words

    def interval(self, share: float = 0.9) -> tuple[float, float]:
        """The narrowest range of neighbouring temperatures that holds at least `share` of the probability; of
        equals the likeliest."""
        sums = np.concatenate([[0.0], np.add.accumulate(self.probability)])
        for width in range(1, len(self.temperatures)):
            held = sums[width:] - sums[:-width]
            first = int(held.argmax())
            if held[first] >= share - 1e-12:
                return self.temperatures[first], self.temperatures[first + width - 1]
        return self.temperatures[0], self.temperatures[-1]


def posterior(source: Source, run: Generation, temperatures: Sequence[float]) -> Posterior:
    """What the words of `run` say about `temperatures`, under its sampler's rules at each of them.

    The run may stop in mid-text. `ValueError` on no word, no temperature, temperatures that do not rise, and
    a text that none of them could have written (some word was forced against the rules).
    """
    heats = tuple(map(float, temperatures))
    if not heats or any(a >= b for a, b in itertools.pairwise(heats)):
        raise ValueError("give one temperature or more to compare, each once, the lowest first")
    if not run.steps:
        raise ValueError("a text without a word says nothing about its temperature")
    logits = source.model.logits(np.stack([step.hidden for step in run.steps]))
    previous = [step.previous for step in run.steps] if run.sampler.reads_previous else None
    found = Posterior(
        heats, word_nats(logits, [step.token for step in run.steps], run.sampler, heats, previous)
    )
    if not np.isfinite(found.log_likelihood).any():
        raise ValueError("under these rules the text cannot be written at any of the temperatures")
    return found


def word_nats(
    logits: NDArray[np.float32],
    tokens: Sequence[int],
    sampler: Sampler,
    temperatures: Sequence[float],
    previous: Sequence[Sequence[int]] | None = None,
) -> Floats:
    """-log p of `tokens` [S] under `sampler` at each of K temperatures, logits [S, V] -> [K, S] nats.

    Without rules good to six digits at any temperature; with rules, a probability below 1e-300 counts as 0.
    Temperature 0 is the greedy limit: 0 nats for the likeliest word, infinitely many for any other.
    `previous` are the ids before each word, for rules that read them.
    """
    picked = np.asarray(tokens, dtype=np.intp)[:, None]
    before = previous or [()] * len(tokens)
    found = np.empty((len(temperatures), len(tokens)))
    scores = np.array(logits, dtype=np.float32)  # a copy
    scores[:, list(sampler.suppress)] = -np.inf
    scores -= scores.max(axis=1, keepdims=True)
    came = np.take_along_axis(scores, picked, axis=1)[:, 0].astype(np.float64)
    room = np.empty_like(scores)
    for k, heat in enumerate(temperatures):
        if sampler.active or not 1e-3 <= heat <= 1e3:  # beyond the reach of float32
            at = replace(sampler, temperature=heat)
            weights = np.stack([at.weights(row, ids) for row, ids in zip(logits, before, strict=True)])
            chosen = np.take_along_axis(weights, picked, axis=1)[:, 0]
            found[k] = np.abs(exact.log(exact.total(weights)) - exact.log(chosen))  # abs: never -0
        else:
            found[k] = exact.log(exact.total(exact.weights(scores, 1 / heat, out=room))) - came / heat
    return found


def orders(a: Posterior, b: Posterior, apart: float) -> tuple[float, float]:
    """How likely two texts are, in nats, if the first one is the hotter of the two, and if the second one is:
    log of the mean over all pairs of temperatures that are at least `apart`, above 0, in that order.

    The texts are to be drawn with luck of their own. `ValueError` if no pair is so far apart.
    """
    both = a.log_likelihood[:, None] + b.log_likelihood[None, :]
    gaps = np.subtract.outer(np.array(a.temperatures), np.array(b.temperatures))
    top = both.max()
    found = []
    for ahead in (gaps, -gaps):
        pairs = both[ahead >= apart - 1e-9]
        if not len(pairs):
            raise ValueError(f"no two of the temperatures are {apart:g} apart")
        mean = float(exact.total(exact.exp(pairs - top))) / len(pairs)
        found.append(float(top) + (math.log(mean) if mean > 0 else -math.inf))
    return found[0], found[1]
