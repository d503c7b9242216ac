"""From logits to a word: temperature, filters, and the draw.

Everything that decides is computed in log space, in float64 and by `textgen.exact`, so any temperature from 0
to infinity is exact, and the words are the same on every processor. The rules that change logits act first,
then suppression, then the rules that remove words, in the order of `rules.RULES`, each before or after
temperature. Temperature is that of Foster, *Generative Deep Learning* (2nd ed.), chapter 5:
`probs ** (1 / T)`, normalised, which is `softmax(logits / T)`.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from textgen import exact
from textgen.writing.rules import RULES, Rule, Rules, checked_ids, is_number, is_whole, softmax

Floats = NDArray[np.float64]

MARGIN = 0.998  # far more than what the float32 screening of draws rounds away


def apply_temperature(logits: ArrayLike, temperature: float) -> Floats:
    """Probabilities `softmax(logits / temperature)`, [..., V] -> [..., V] float64, each row summing to 1.

    Temperature 0 is greedy: all the probability on the largest logit, ties to the lowest id. Infinity is
    uniform. A logit of -inf is a word of probability 0 at every temperature. Never NaN: `ValueError` on a
    negative or NaN temperature, on logits that are NaN or +inf, and on a row without any finite logit.
    """
    weights = _tempered(_numbers(logits), check_temperature(temperature))
    return _normalised(exact.exp(weights))


def temper(probs: ArrayLike, temperature: float) -> Floats:
    """The same from probabilities [..., V]: the book's `probs ** (1 / temperature)`, normalised, in log
    space.

    `probs` need not sum to 1. A word of probability 0 keeps it. `ValueError` as for `apply_temperature`,
    and on negative or NaN probabilities.
    """
    values = np.asarray(probs, dtype=np.float64)
    if not (values >= 0).all():  # also false for NaN
        raise ValueError("probabilities must be 0 or more")
    return apply_temperature(exact.log(values), temperature)


@dataclass(frozen=True)
class Sampler(Rules):
    """How the next word is chosen: `Sampler(0.7, top_k=40)`. `ValueError` on a value that cannot be.

    temperature  0 (greedy) to infinity (uniform)
    suppress     ids that are never chosen, such as 1 for "[UNK]"; the rest share their probability

    and the rules of `RULES`, by name: each None for off.
    """

    temperature: float = 1.0
    suppress: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        check_temperature(self.temperature)
        if not all(is_whole(i) and i >= 0 for i in self.suppress):
            raise ValueError(f"suppress must list word ids, whole numbers from 0, not {self.suppress!r}")
        object.__setattr__(self, "suppress", tuple(self.suppress))

    @cached_property
    def active(self) -> tuple[tuple[Rule, Any], ...]:
        """The rules that do something, in the order in which they act, each with its value."""
        values = ((rule, getattr(self, rule.name)) for rule in RULES)
        return tuple((rule, value) for rule, value in values if rule.is_on(value))

    @cached_property
    def _short(self) -> bool:
        """Whether `choose` can take its short way: no rule, and a temperature within the reach of float32."""
        return not self.active and 1e-3 <= self.temperature <= 1e3

    @property
    def reads_previous(self) -> bool:
        """Whether the words so far have a say in the next one."""
        return any(rule.stage == "words" for rule, _ in self.active)

    def distribution(self, logits: ArrayLike, previous: Sequence[int] = ()) -> Floats:
        """The probability of each next word, [..., V] -> [..., V] float64, after every rule.

        `previous` holds the ids that the repetition penalty acts on: the words so far, the prompt's included.
        """
        return _normalised(self.weights(logits, previous))

    def weights(self, logits: ArrayLike, previous: Sequence[int] = ()) -> Floats:
        """`distribution` before it is normalised: the likeliest word has weight 1, a removed one 0."""
        values = self._cut(self._adjusted(logits, previous))
        return self._filtered(_tempered(values, self.temperature))

    def choose(
        self, logits: NDArray[Any], draws: Draws | None, previous: Sequence[int] = ()
    ) -> tuple[int, float]:
        """The word that wins the draw, and its probability: logits [V] and `draws` of V words -> id,
        probability.

        The same word as `pick` from `weights`, only faster; without filters the probability is good to six
        digits. Temperature 0 needs no draws.
        """
        values = self._cut(self._adjusted(logits, previous))
        top = values.max()
        if not math.isfinite(top):
            _check_top(top)
        if self.temperature == 0:
            return int(values.argmax()), 1.0
        assert draws is not None
        if not self._short:
            weights = self._filtered(_tempered(values, self.temperature))
            left = np.flatnonzero(weights)
            weights = weights[left]
            found = _screened(weights, draws.upper[left], draws.complement[left])
            winner = found[0]
            if len(found) > 1:
                winner = found[pick(weights[found], draws.exponential_of(left[found]))]
            return int(left[winner]), float(weights[winner] / exact.total(weights))
        heat = 1 / self.temperature
        scores = values - top
        upper, complement = draws.upper, draws.complement
        near: NDArray[np.intp] | None = None
        if self.temperature < 1:
            # A word with less than exp(-27) of the largest weight can neither win (the draws of `Luck` differ
            # by a factor below exp(26)) nor be seen in six digits of the sum.
            mask = scores >= -27 * self.temperature
            if np.count_nonzero(mask) < values.size // 2:
                near = np.flatnonzero(mask)
                scores, upper, complement = scores[near], upper[near], complement[near]
        light = exact.weights(scores.astype(np.float32, copy=False), heat)
        found = _screened(light, upper, complement)
        winner = found[0]
        if len(found) > 1:
            ids = found if near is None else near[found]
            precise = exact.exp((values[ids].astype(np.float64) - float(top)) * heat)
            winner = found[pick(precise, draws.exponential_of(ids))]
        token = int(winner if near is None else near[winner])
        weight = exact.exp_of((float(values[token]) - float(top)) * heat)
        return token, weight / float(exact.total(light))

    def stages(self, logits: ArrayLike, previous: Sequence[int] = ()) -> Stages:
        """The distribution of one step, logits [V], before and after the filters, for charts that show
        both."""
        values = self._adjusted(logits, previous)
        scores = _tempered(values, self.temperature)
        if scores.ndim != 1:
            raise ValueError(
                f"stages takes the logits of one step, [V], not an array of shape {scores.shape}"
            )
        before = softmax(scores)
        removed_by = np.full(scores.shape, "", dtype=object)
        filters = [(rule, value) for rule, value in self.active if rule.stage != "words"]
        values = values.astype(np.float64)  # a copy
        for rule, value in filters:
            removed = rule.act(values if rule.stage == "logits" else scores, value)
            removed_by[removed & np.isfinite(scores)] = rule.name
            values[removed] = scores[removed] = -np.inf
        return Stages(before, softmax(scores) if filters else before, removed_by)

    def _adjusted(self, logits: ArrayLike, previous: Sequence[int]) -> NDArray[Any]:
        """Logits [..., V] after the words so far and suppression; the given array is left alone."""
        values = _numbers(logits)
        for rule, value in self.active:
            if rule.stage == "words" and len(previous):
                values = rule.act(values, value, previous)
        if self.suppress:
            values = values.astype(np.float32 if values.dtype == np.float32 else np.float64)  # a copy
            values[..., checked_ids(self.suppress, values.shape[-1], "suppress")] = -np.inf
        return values

    def _cut(self, logits: NDArray[Any]) -> NDArray[Any]:
        """Logits [..., V] without the words that the filters ahead of temperature remove."""
        filters = [(rule, value) for rule, value in self.active if rule.stage == "logits"]
        if filters:
            logits = logits.astype(np.float64)  # a copy
            for row in logits.reshape(-1, logits.shape[-1]):
                for rule, value in filters:
                    row[rule.act(row, value)] = -np.inf
        return logits

    def _filtered(self, scores: Floats) -> Floats:
        """Log weights [..., V] -> weights, 0 for a word that a filter removes; `scores` is used up."""
        filters = [(rule, value) for rule, value in self.active if rule.stage == "weights"]
        if not filters:
            return exact.exp(scores)
        for row in scores.reshape(-1, scores.shape[-1]):  # a view: rows are changed in place
            for rule, value in filters:
                row[rule.act(row, value)] = -np.inf
            left = np.flatnonzero(row > -np.inf)
            values = row[left]
            row[:] = 0
            row[left] = exact.exp(values - values.max())
        return scores


@dataclass(frozen=True, eq=False)
class Stages:
    """One step's distribution as the filters see it.

    `before` and `after` are probabilities [V] that each sum to 1: after penalty and temperature, and after
    the filters as well. `removed_by` [V] names the filter that removed a word ("top_k", ...), "" for one
    that stayed.
    """

    before: Floats
    after: Floats
    removed_by: NDArray[np.object_]


class Luck:
    """The draws that decide the words: one vector per position, from a counter-based generator.

    Keyed by (seed, stream, position), so that any position can be asked for in any order, and equal keys
    give equal draws on every machine. `seed` is a whole number from 0 to 2**64 - 1.
    """

    def __init__(self, seed: int, stream: int = 0) -> None:
        self._key = (int(check_seed(seed)), int(stream))

    def raw(self, position: int, size: int) -> NDArray[np.uint32]:
        """`size` independent draws, each uniform over all 32-bit numbers: what `exponential` is made of."""
        # Philox counts up in the lowest of its four counter words; the position goes into the highest, so
        # that the draws of two positions never overlap. Setting the state of a generator that is there is
        # much quicker than making one.
        bits, state = _generator()
        state["state"]["key"] = np.array(self._key, dtype=np.uint64)
        state["state"]["counter"] = np.array([0, 0, 0, position], dtype=np.uint64)
        bits.state = state
        words = bits.random_raw((size + 1) // 2).astype("<u8", copy=False)
        return words.view("<u4")[:size]  # two 32-bit draws from each word

    @staticmethod
    def as_exponential(raw: NDArray[np.uint32]) -> Floats:
        """Raw draws of any shape as standard exponential ones."""
        draws = raw + 0.5
        draws *= 2.0**-32  # uniform on (0, 1), neither end reached
        return -exact.log(draws)

    def draws(self, position: int, size: int) -> Draws:
        """The draws of `size` words, as `Sampler.choose` takes them."""
        return _draws(*self._key, int(position), size)

    def exponential(self, position: int, size: int) -> Floats:
        """`size` standard exponential draws, not to be written to. `argmax(p / e)` picks word i with
        probability `p[i] / sum(p)`."""
        return self.draws(position, size).exponential

    def gumbel(self, position: int, size: int) -> Floats:
        """The same draws as Gumbel noise, [size]: the pick is `argmax(log p + g)`."""
        return -exact.log(self.exponential(position, size))


class Draws:
    """The draws of one position, [V], in the forms in which they are needed; not to be written to.

    complement   2**32 - 1 - the raw draws, uint32
    upper        float32, at least 1 / e for the exponential draw e: with v uniform on (0, 1), e = -log(1 - v)
                 is not below v
    exponential  e itself, float64; computed when it is first asked for
    """

    def __init__(self, raw: NDArray[np.uint32]) -> None:
        self.complement = np.invert(raw)
        self.upper = self.complement.astype(np.float32)
        self.upper += np.float32(0.5)
        np.divide(np.float32(2.0**32), self.upper, out=self.upper)

    @cached_property
    def exponential(self) -> Floats:
        draws = Luck.as_exponential(np.invert(self.complement))
        draws.flags.writeable = False
        return draws

    def exponential_of(self, ids: NDArray[np.intp]) -> Floats:
        """Those of a few words."""
        return Luck.as_exponential(np.invert(self.complement[ids]))


_of_thread = threading.local()


def _generator() -> tuple[np.random.Philox, Any]:
    """This thread's bit generator and a state for it, key and counter to be filled in."""
    if not hasattr(_of_thread, "bits"):
        _of_thread.bits = np.random.Philox(key=0)
        _of_thread.state = _of_thread.bits.state
    return _of_thread.bits, _of_thread.state


@lru_cache(maxsize=128)  # a text is written again and again with the same luck; 80 KB each for 10,000 words
def _draws(seed: int, stream: int, position: int, size: int) -> Draws:
    return Draws(Luck(seed, stream).raw(position, size))


def _screened(
    weights: NDArray[Any], upper: NDArray[np.float32], complement: NDArray[np.uint32]
) -> NDArray[np.intp]:
    """The places [n] of the words that may win, of weights [V] good to three digits: most often one place.

    No word can win whose `weight * upper` is below any other word's `weight / e`.
    """
    bounds = weights * upper
    best = int(bounds.argmax())
    e = -math.log1p(-(float(complement[best]) + 0.5) * 2.0**-32)
    return np.flatnonzero(bounds >= bounds.dtype.type(MARGIN * float(weights[best]) / e))


def pick(weights: Floats, exponential: Floats) -> int:
    """The id that wins the draw: `argmax(log weights + gumbel)`, as `argmax(weights / exponential)`; both
    [V].

    The Gumbel-max trick (Gumbel 1954) in its exponential form, which needs no logarithm of the weights.
    """
    return int((weights / exponential).argmax())


def check_temperature(temperature: float) -> float:
    """`temperature` itself; `ValueError` unless it is a number from 0 to infinity."""
    if not (is_number(temperature) and temperature >= 0):
        raise ValueError(f"temperature must be a number, 0 or more, not {temperature!r}")
    return temperature


def check_seed(seed: int) -> int:
    """`seed` itself; `ValueError` unless it is a whole number from 0 to 2**64 - 1."""
    if not (is_whole(seed) and 0 <= seed < 2**64):
        raise ValueError(f"seed must be a whole number from 0 to 2**64 - 1, not {seed!r}")
    return seed


def _numbers(logits: ArrayLike) -> NDArray[Any]:
    values = np.asarray(logits)
    if values.ndim == 0 or values.shape[-1] == 0 or values.dtype.kind not in "fiu":
        raise ValueError("logits must be an array of numbers, [..., V], with at least one word")
    return values


def _tempered(logits: NDArray[Any], temperature: float) -> Floats:
    """Log weights [..., V]: `(logits - max) / temperature`; the largest of a row is 0."""
    top = logits.max(axis=-1, keepdims=True)  # NaN if any is NaN
    _check_top(top)
    if temperature == 0:
        scores = np.full(logits.shape, -np.inf)
        np.put_along_axis(scores, logits.argmax(axis=-1, keepdims=True), 0.0, axis=-1)
        return scores
    if temperature == math.inf:
        return np.where(np.isneginf(logits), -np.inf, 0.0)
    scores = logits.astype(np.float64)  # a copy
    with np.errstate(over="ignore"):  # -3 / 1e-320 is -inf, as it should be
        scores -= top
        if temperature > 1e-300:
            scores *= 1 / temperature
        else:  # the reciprocal itself would overflow, and 0 * inf is NaN
            scores /= temperature
    return scores


def _check_top(top: NDArray[Any]) -> None:
    if not np.isfinite(top).all():
        if np.isneginf(top).any():
            raise ValueError("no word is left to choose from: all logits are -inf, or suppressed")
        raise ValueError("logits must not be NaN or +inf")


def _normalised(weights: Floats) -> Floats:
    weights /= exact.total(weights)[..., None]
    return weights
