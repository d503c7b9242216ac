"""The first word where two runs part, and the numbers that decided it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from textgen import exact
from textgen.writing.generate import Generation, Source, Step
from textgen.writing.sampling import Luck


@dataclass(frozen=True)
class Candidate:
    """One of two words at a parting, under run a and run b: `score` is `log(probability) + gumbel`, the
    larger wins."""

    word: str
    probability: tuple[float, float]
    gumbel: tuple[float, float]
    score: tuple[float, float]


@dataclass(frozen=True)
class Parting:
    """The first position where two runs chose different words, and the numbers that decided it.

    `same_context` says whether both had read the same words; if not, an earlier word is the cause.
    """

    position: int
    a: Candidate
    b: Candidate
    same_context: bool


def first_difference(
    bundle: Source, run_a: Generation, run_b: Generation, bundle_b: Source | None = None
) -> Parting | None:
    """Where two runs part, or None if neither differs from the other as far as both go.

    `bundle` wrote both, unless `bundle_b`, of the same vocabulary, wrote the second.
    """
    for a, b in zip(run_a.steps, run_b.steps, strict=False):
        if a.token != b.token:
            break
    else:
        return None
    pair = ((run_a, a, bundle), (run_b, b, bundle_b or bundle))
    probs = [
        run.sampler.distribution(source.model.logits(step.hidden), step.previous)
        for run, step, source in pair
    ]
    draws = [Luck(run.seed, run.stream).draws(a.position, len(bundle.vocabulary)) for run, _, _ in pair]

    def candidate(step: Step) -> Candidate:
        i = np.array([step.token])
        probability = np.concatenate([of[i] for of in probs])
        gumbel = -exact.log(np.concatenate([of.exponential_of(i) for of in draws]))
        values = (probability, gumbel, exact.log(probability) + gumbel)
        return Candidate(step.word, *(tuple(of.tolist()) for of in values))

    return Parting(a.position, candidate(a), candidate(b), a.previous == b.previous)
