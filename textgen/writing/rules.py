"""The sampling rules: one table, from which sampler, command line, pages, sweep and reports are made.

To add a rule is to add its function and its row here; one with a state of its own has no place yet. The
functions agree with the logits processors of Hugging Face transformers, ties at a boundary included.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from numbers import Integral, Real
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from textgen import exact

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

# "1 - 0.9" is not exact in binary: a word that stands on a boundary in decimals must not fall to the wrong
# side of it by rounding.
_SLACK = 1e-12


@dataclass(frozen=True)
class Rule:
    """A sampling rule, as everybody who offers, checks, applies or names it needs it.

    name    the field of `Sampler`, the option of the command line, the word of a study: "top_k"
    key     its name in the address of a page: "k"
    label   for people: "Top-k"
    kind    int or float
    low, high, step, off
            of a control: its ends, its step, and the value that switches the rule off
    valid   which values it takes, `must` in words: "be a whole number, 1 or more"
    stage   "words": changes the logits by the words so far: `act(logits [..., V], value, ids)` -> new logits;
            "logits": removes words before temperature, "weights" after it: `act(scores [V], value)` -> True
            where a word is removed, never all of them. The scores of "weights" are log weights, the largest 0
    help    what it does, for people: a sentence or two
    source  where it was described
    """

    name: str
    key: str
    label: str
    kind: type[int] | type[float]
    low: float
    high: float
    step: float
    off: float
    valid: Callable[[Any], bool]
    must: str
    stage: Literal["words", "logits", "weights"]
    act: Callable[..., NDArray[Any]]
    help: str
    source: str

    def is_on(self, value: float | None) -> bool:
        """Whether a sampler with this value does anything that one without the rule does not."""
        return value is not None and value != self.off

    def setting(self, control: float) -> Any:
        """What `Sampler` takes for what a control says: None where that is off."""
        return self.kind(control) if self.is_on(control) else None

    def words(self, value: float) -> str:
        """The rule with a value, in the middle of a sentence: "top-k 40"."""
        return f"{self.label.lower()} {value:g}"

    def check(self, value: object) -> None:
        """`ValueError` unless a sampler can have this value; None is off."""
        right = is_whole if self.kind is int else is_number
        if value is not None and not (right(value) and self.valid(value)):
            raise ValueError(f"{self.name} must {self.must}, or None for off, not {value!r}")

    def __reduce__(self) -> tuple[Any, ...]:  # its functions do not travel to another process, its name does
        return _rule_named, (self.name,)


def _rule_named(name: str) -> Rule:
    return BY_NAME[name]


def is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and not math.isnan(value)


def is_whole(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool)


def checked_ids(ids: Sequence[int], size: int, name: str) -> NDArray[np.intp]:
    """`ids` as an array; `ValueError` unless each is a word of a vocabulary of `size`."""
    if len(ids) and not (min(ids) >= 0 and max(ids) < size):
        raise ValueError(f"{name} holds an id outside the vocabulary of {size} words")
    return np.asarray(ids, dtype=np.intp)


def softmax(scores: Floats) -> Floats:
    """[V] -> [V]."""
    weights = exact.exp(scores - scores.max())
    return weights / exact.total(weights)


# The functions


def _penalised(logits: NDArray[Any], penalty: float, previous: Sequence[int]) -> Floats:
    values = logits.astype(np.float64)  # a copy
    ids = checked_ids(previous, values.shape[-1], "previous")
    hit = values[..., ids]
    values[..., ids] = np.where(hit < 0, hit * penalty, hit / penalty)
    return values


def _beyond_top_n_sigma(logits: Floats, n: float) -> Mask:
    """The standard deviation is that of all logits that are not -inf, divided by their number.

    It is taken of whole numbers, the distances from the largest in 2**-22 of the range, because sums of
    those are exact: a sum of floats depends on its order, and the order on the processor.
    """
    halves = logits / 2  # so that no difference overflows
    finite = halves[np.isfinite(halves)]
    top = float(finite.max(initial=-math.inf))
    span = top - float(finite.min(initial=top))
    if not span > 0:  # all the same, or none to choose from
        return np.zeros(logits.shape, dtype=np.bool_)
    steps = np.rint((top - finite) / span * 2**22).astype(np.int64)
    total, squares, count = int(steps.sum()), int((steps * steps).sum()), steps.size
    deviation = math.sqrt(count * squares - total * total) / count / 2**22 * span
    return halves < top - n * deviation


def _beyond_top_k(scores: Floats, k: int) -> Mask:
    near = _nearest(-scores, lambda mask: bool(np.count_nonzero(mask) >= k))
    values = scores[near]
    cut = max(values.size - k, 0)
    return scores < np.partition(values, cut)[cut]


def _beyond_top_p(scores: Floats, p: float) -> Mask:
    probs = softmax(scores)
    near = _nearest(-scores, lambda mask: bool(exact.total(probs[mask]) > p + 2 * _SLACK))
    ascending = np.sort(probs[near])
    sums = np.cumsum(ascending)
    below = sums + (1 - sums[-1])  # the probability up to and including each word
    stays = below > 1 - p + _SLACK
    stays[-1] = True  # the likeliest word, even at p = 0
    first = int(stays.argmax())
    cut = ascending[first]
    removed = probs < cut
    # Of equal words, those of the lowest ids go first, as in a stable sort.
    ties = np.flatnonzero(probs == cut)
    removed[ties[: first - np.searchsorted(ascending, cut)]] = True
    return removed


def _below_min_p(scores: Floats, share: float) -> Mask:
    return scores < scores.max() + exact.log(share) - _SLACK


def _untypical(scores: Floats, mass: float) -> Mask:
    weights = exact.exp(scores - scores.max())
    norm = exact.total(weights)
    probs = weights / norm
    surprisal = exact.log(norm) - (scores - scores.max())
    entropy = exact.total(np.where(probs > 0, surprisal, 0) * probs)
    distance = np.abs(surprisal - entropy)
    near = _nearest(distance, lambda mask: bool(exact.total(probs[mask]) >= mass))
    values = distance[near]
    order = np.argsort(values, kind="stable")
    last = int((np.cumsum(probs[near][order]) < mass - _SLACK).sum())
    return distance > values[order[min(last, values.size - 1)]]


def _nearest(distance: Floats, enough: Callable[[Mask], bool]) -> Mask:
    """The words within the first of a few distances that holds enough of them: only those need sorting."""
    for reach in (2, 4, 8, 16):
        mask = distance <= reach
        if enough(mask):
            return mask
    return distance < np.inf


# The table


def _row(control: tuple[float, float, float], **row: Any) -> Any:
    low, high, step = control
    return field(default=None, metadata={"low": low, "high": high, "step": step, **row})


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The sampling rules in the order in which they act, a row each: the fields that `Sampler` inherits.

    None switches a rule off, and so does the `off` value of its controls where it is a valid one.
    """

    repetition_penalty: float | None = _row(
        key="penalty",
        label="Repetition penalty",
        kind=float,
        control=(1.0, 2.0, 0.05),
        off=1.0,
        valid=lambda penalty: 0 < penalty < math.inf,
        must="be a number above 0, 1 for none",
        stage="words",
        act=_penalised,
        help="Makes words that were already written less likely: divides their logits if positive, "
        "multiplies them if negative.",
        source="Keskar et al. 2019, arXiv 1909.05858",
    )
    top_n_sigma: float | None = _row(
        key="nsigma",
        label="Top-nσ",
        kind=float,
        control=(0.0, 5.0, 0.1),
        off=0.0,
        valid=lambda n: 0 < n < math.inf,
        must="be a number of standard deviations above 0",
        stage="logits",
        act=_beyond_top_n_sigma,
        help="Only the words whose logit is within n standard deviations of the largest stay: the same ones "
        "at every temperature.",
        source="Tang et al. 2024, arXiv 2411.07641",
    )
    top_k: int | None = _row(
        key="k",
        label="Top-k",
        kind=int,
        control=(0, 10_000, 1),
        off=0,
        valid=lambda k: k >= 1,
        must="be a whole number of words, 1 or more",
        stage="weights",
        act=_beyond_top_k,
        help="Only the k likeliest words stay, and those that tie with the k-th. 1 is greedy.",
        source="Fan et al. 2018, arXiv 1805.04833",
    )
    top_p: float | None = _row(
        key="p",
        label="Top-p",
        kind=float,
        control=(0.0, 1.0, 0.01),
        off=1.0,
        valid=lambda p: 0 <= p <= 1,
        must="lie between 0 and 1",
        stage="weights",
        act=_beyond_top_p,
        help="The fewest likeliest words that together have probability p stay.",
        source="Holtzman et al. 2020, arXiv 1904.09751",
    )
    min_p: float | None = _row(
        key="min_p",
        label="Min-p",
        kind=float,
        control=(0.0, 1.0, 0.01),
        off=0.0,
        valid=lambda share: 0 <= share <= 1,
        must="lie between 0 and 1",
        stage="weights",
        act=_below_min_p,
        help="Words with less than this share of the likeliest word's probability go.",
        source="Nguyen et al. 2024, arXiv 2407.01082",
    )
    typical_p: float | None = _row(
        key="typical",
        label="Typical",
        kind=float,
        control=(0.05, 1.0, 0.05),
        off=1.0,
        valid=lambda mass: 0 < mass <= 1,
        must="lie above 0 and up to 1",
        stage="weights",
        act=_untypical,
        help="The words whose surprisal is nearest to the average stay, up to this probability.",
        source="Meister et al. 2023, arXiv 2202.00666",
    )

    def __post_init__(self) -> None:
        for rule in RULES:
            rule.check(getattr(self, rule.name))


RULES = tuple(Rule(name=row.name, **row.metadata) for row in fields(Rules))
BY_NAME = {rule.name: rule for rule in RULES}
