"""Uncertainty and divergence, against cases worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from textgen.measuring.distributions import (
    choices_at,
    effective_choices,
    entropy,
    jensen_shannon,
    negative_log_probability,
    surprisal,
)
from textgen.writing.sampling import Sampler


def test_entropy_of_known_distributions() -> None:
    probs = np.array([[0.25, 0.25, 0.25, 0.25], [1, 0, 0, 0], [0.5, 0.25, 0.25, 0]])
    assert entropy(probs) == pytest.approx([math.log(4), 0, 1.5 * math.log(2)])
    assert effective_choices(probs) == pytest.approx([4, 1, 2**1.5])
    assert not np.signbit(entropy(probs)).any()


@pytest.mark.parametrize("temperature", [1e-3, 0.05, 0.7, 1.0, 2.0, 5.0, 1e3])
def test_choices_of_logits_are_those_of_their_distribution(temperature: float) -> None:
    logits = np.random.default_rng(3).normal(0, 4, (9, 700)).astype(np.float32)
    logits[2] = 1.5  # all alike
    logits[3, 1:] = -80  # one alone
    logits[4:6, 5:600] = -np.inf  # suppressed
    logits[6, :2] = logits[6].max() + 1  # two at the top
    expected = effective_choices(Sampler(temperature).distribution(logits))
    before = logits.copy()
    assert choices_at(logits, temperature) == pytest.approx(expected, rel=2e-6)
    np.testing.assert_array_equal(logits, before)


def test_surprisal_is_in_bits_and_infinite_for_the_impossible() -> None:
    assert surprisal([1, 0.5, 0.125, 0]) == pytest.approx([0, 1, 3, math.inf])
    assert not np.signbit(surprisal(1.0))


def test_divergence_is_in_bits_from_the_same_to_nothing_in_common() -> None:
    a = np.array([[0.5, 0.5, 0.0], [2.0, 2.0, 0.0], [1.0, 0.0, 0.0]])  # the second need not sum to 1
    b = np.array([[0.5, 0.5, 0.0], [0.5, 0.5, 0.0], [0.0, 0.0, 1.0]])
    assert jensen_shannon(a, b) == pytest.approx([0, 0, 1])
    # By hand: H(3/4, 1/4) - H(1/2, 1/2) / 2 - 0.
    assert jensen_shannon(a[:1], np.array([[1.0, 0, 0]])) == pytest.approx([0.8112781 - 0.5])
    assert np.isnan(jensen_shannon(a, np.zeros_like(a))).all()


def test_surprise_of_a_word_holds_where_exp_overflows() -> None:
    logits = np.array([[0, 0, 0, 0], [1000, 0, 0, 999]], dtype=np.float32)
    assert negative_log_probability(logits, np.array([2, 0])) == pytest.approx(
        [math.log(4), math.log(1 + math.exp(-1))]
    )
