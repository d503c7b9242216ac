"""The exact posterior over temperature: against brute force, and against the sampler, word by word."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from kitchen import small
from networks import random_pair

from textgen.measuring.posterior import Posterior, orders, posterior
from textgen.writing.generate import generations
from textgen.writing.sampling import Sampler

HEATS = (0.0, 0.3, 0.7, 1.0, 1.6, 2.0)
PROMPT = "recipe for soup |"
WARM = Sampler(1.2)


def run_of(pair, sampler=WARM, words=12, seed=3, **options):
    prompt = PROMPT if "soup" in pair.vocabulary else "recipe for w3 |"
    (run,) = generations(pair, prompt, samplers=[sampler], max_tokens=words, seed=seed, **options)
    return run


@pytest.mark.parametrize(
    "sampler",
    [
        Sampler(1.2),
        Sampler(0.8, suppress=(1, 7)),
        Sampler(1.5, top_k=20),
        Sampler(1.1, min_p=0.02, repetition_penalty=1.3, suppress=(1,)),
    ],
    ids=["plain", "suppressed", "top-k", "several rules"],
)
def test_the_likelihood_is_the_product_of_what_word_probs_gives(sampler):
    pair = random_pair(size=300)
    run = run_of(pair, sampler)
    found = posterior(pair, run, HEATS)
    for k, heat in enumerate(HEATS):
        product = 1.0
        for step in run.steps:
            at = Sampler(**{**vars_of(sampler), "temperature": heat})
            product *= at.distribution(pair.model.logits(step.hidden), step.previous)[step.token]
        assert math.exp(found.log_likelihood[k]) == pytest.approx(product, rel=1e-5, abs=1e-300)
    assert found.probability.sum() == pytest.approx(1)


def vars_of(sampler):
    names = ("suppress", "top_k", "min_p", "repetition_penalty")
    return {name: getattr(sampler, name) for name in names}


def test_brute_force_over_all_texts_of_a_small_vocabulary():
    """Bayes' rule by hand: every text of at most two words at every temperature, from the logits alone."""
    pair = small()
    words = pair.vocabulary.words
    texts = [("",), *itertools.product(words[1:], words)]  # "" ends a recipe
    likelihood = np.ones((len(HEATS), len(texts)))
    log_likelihood, found = np.zeros_like(likelihood), np.zeros_like(likelihood)
    for n, text in enumerate(texts):
        run = run_of(pair, words=2, forced=dict(enumerate(text)))
        for k, heat in enumerate(HEATS):
            for step in run.steps:
                logits = pair.model.logits(step.hidden).astype(float)
                weights = np.exp((logits - logits.max()) / heat) if heat else logits == logits.max()
                likelihood[k, n] *= weights[step.token] / weights.sum()
        measured = posterior(pair, run, HEATS)
        log_likelihood[:, n], found[:, n] = measured.log_likelihood, measured.probability
    np.testing.assert_allclose(np.exp(log_likelihood), likelihood, rtol=1e-5)
    np.testing.assert_allclose(found, likelihood / likelihood.sum(axis=0), rtol=1e-5)
    np.testing.assert_allclose(np.exp(log_likelihood).sum(axis=1), 1, rtol=1e-6)


def test_zero_is_the_greedy_limit():
    pair = random_pair(size=300)
    greedy = posterior(pair, run_of(pair, Sampler(0.0)), HEATS)
    assert greedy.log_likelihood[0] == 0 and greedy.best == 0 and greedy.bits_lost(0.0) == 0
    luck = posterior(pair, run_of(pair, Sampler(2.0)), HEATS)
    assert luck.log_likelihood[0] == -math.inf and luck.bits_lost(0.0) == math.inf
    assert luck.probability[0] == 0
    # Towards 0, the likelihood of the greedy text rises to it, without a jump.
    low = posterior(pair, run_of(pair, Sampler(0.0)), (0.0, 1e-9, 1e-4, 2e-3, 0.01))
    assert (np.diff(low.log_likelihood) <= 0).all() and low.log_likelihood[3] > -0.05


def test_ranges_hold_the_truth_as_often_as_they_say():
    """Temperatures drawn from the grid, and a text from each."""
    pair, rng = random_pair(size=300), np.random.default_rng(5)
    heats = [k / 5 for k in range(11)]
    inside, expected = 0, 0.0
    rounds = 300
    for seed in range(rounds):
        truth = int(rng.integers(len(heats)))
        found = posterior(pair, run_of(pair, Sampler(heats[truth]), words=6, seed=seed), heats)
        low, high = found.interval(0.8)
        inside += low <= heats[truth] <= high
        held = found.probability[found.place(low) : found.place(high) + 1].sum()
        expected += held
        assert held >= 0.8
    # What the ranges hold, summed, is how many truths are to be expected inside; 4 standard errors.
    assert abs(inside - expected) < 4 * math.sqrt(rounds * 0.2 * 0.8)


def test_the_narrowest_range():
    nats = -np.log([[0.05], [0.1], [0.5], [0.3], [0.05]])
    found = Posterior((0.0, 0.5, 1.0, 1.5, 2.0), nats)
    assert found.interval(0.5) == (1.0, 1.0)
    assert found.interval(0.8) == (1.0, 1.5)
    assert found.interval(0.9) == (0.5, 1.5)
    assert found.interval(1.0) == (0.0, 2.0)
    assert found.bits_lost(1.5) == pytest.approx(math.log2(0.5 / 0.3))
    with pytest.raises(ValueError, match=r"0\.33 is not among"):
        found.bits_lost(0.33)


def test_two_texts_in_order_as_summed_by_hand():
    heats = (0.0, 0.5, 1.0)
    a, b = np.array([0.1, 0.2, 0.7]), np.array([0.5, 0.4, 0.1])
    first, second = orders(Posterior(heats, -np.log(a)[:, None]), Posterior(heats, -np.log(b)[:, None]), 0.5)
    assert math.exp(first) == pytest.approx((0.2 * 0.5 + 0.7 * 0.5 + 0.7 * 0.4) / 3)
    assert math.exp(second) == pytest.approx((0.1 * 0.4 + 0.1 * 0.1 + 0.2 * 0.1) / 3)
    with pytest.raises(ValueError, match="3 apart"):
        orders(Posterior(heats, -np.log(a)[:, None]), Posterior(heats, -np.log(b)[:, None]), 3)


def test_what_cannot_be_measured_is_said():
    pair = small()
    run = run_of(pair)
    for heats in ((), (1.0, 1.0), (1.0, 0.5)):
        with pytest.raises(ValueError, match="each once, the lowest first"):
            posterior(pair, run, heats)
    with pytest.raises(ValueError, match="without a word"):
        posterior(pair, run_of(pair, words=0), HEATS)
    never = run_of(pair, Sampler(1.0, suppress=(8,)), forced={1: "butter"})
    with pytest.raises(ValueError, match="cannot be written at any"):
        posterior(pair, never, HEATS)
