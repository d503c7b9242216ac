"""The first verb against slow counting, with a small network whose every continuation can be counted."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from kitchen import WORDS, small
from networks import Pair

from textgen.measuring.first_verbs import FirstVerbs, divergence, divergence_interval, first_verbs
from textgen.text.lexicon import GROUPS, lexicon
from textgen.text.vocabulary import tokenize
from textgen.writing.sampling import apply_temperature


def counted(pair: Pair, title: str, temperature: float, max_words: int) -> dict[str, float]:
    """The probability of each first verb, by following every text there is; "" for the end, "later"."""
    model, words = pair.model, pair.vocabulary.words
    state = model.start(1)
    for token in pair.vocabulary.encode(tokenize(f"recipe for {title} |"))[:-1]:
        _, state = model.step([token], state)
    rows, mass, tokens = [[]], np.ones(1), [4]
    result: dict[str, float] = {}
    for _ in range(max_words):
        hidden, state = model.step(tokens, state)
        probs = apply_temperature(model.logits(hidden), temperature) * mass[:, None]
        parents, texts, tokens, ahead = [], [], [], []
        for n, row in enumerate(rows):
            for i, word in enumerate(words):
                if word == "" or lexicon().tag([*row, word])[-1]:
                    result[word] = result.get(word, 0) + probs[n, i]
                elif probs[n, i] > 0:
                    parents.append(n), texts.append([*row, word]), tokens.append(i), ahead.append(probs[n, i])
        rows, mass = texts, np.array(ahead)
        if not rows:
            return result
        state = model.select(state, parents)
    result["later"] = mass.sum()
    return result


@pytest.mark.parametrize("temperature", [0, 0.3, 1.0, math.inf])
def test_all_beginnings_followed(temperature: float):
    pair = small()
    truth = counted(pair, "soup", temperature, 3)
    first = first_verbs(pair, "soup", [temperature], likely=1e-12, max_words=3)
    for i, verb in enumerate(first.verbs):
        assert first.probability[0, i] == pytest.approx(truth.get(verb, 0), abs=1e-9)
        assert first.of(verb)[0] == first.probability[0, i]
    assert first.none[0] == pytest.approx(truth.get("", 0), abs=1e-9)
    assert first.later[0] == pytest.approx(truth.get("later", 0), abs=1e-9)
    assert first.unresolved[0] == pytest.approx(0, abs=1e-6)
    assert first.high - first.low == pytest.approx(0, abs=1e-6)
    assert first.without[:, 0] == pytest.approx(first.none[0] + first.later[0], abs=1e-6)


def test_sampling_is_right_on_average_and_its_intervals_hold():
    pair = small(2)
    truth = counted(pair, "cake", 1.2, 4)
    runs = [
        first_verbs(pair, "cake", [1.2], likely=0.2, samples=24, max_words=4, seed=seed)
        for seed in range(200)
    ]
    assert runs[0].unresolved[0] > 0.3
    expected = np.array([truth[verb] for verb in runs[0].verbs])
    estimates = np.array([run.probability[0] for run in runs])
    error = estimates.std(axis=0) / math.sqrt(len(runs))
    assert np.all(np.abs(estimates.mean(axis=0) - expected) < 4 * error)
    assert np.mean([run.later[0] for run in runs]) == pytest.approx(truth["later"], abs=0.01)
    held = [(run.low[0] <= expected) & (expected <= run.high[0]) for run in runs]
    assert np.mean(held, axis=0).min() >= 0.95
    lost = truth[""] + truth["later"]
    assert np.mean([run.without[0, 0] <= lost <= run.without[1, 0] for run in runs]) >= 0.95
    for run in runs:
        assert np.all((run.low <= run.probability) & (run.probability <= run.high))
        assert 0 < run.without[0, 0] <= run.none[0] + run.later[0] <= run.without[1, 0] < 1


def test_every_outcome_is_accounted_for():
    temperatures = [0, 1e-3, 0.2, 0.7, 1.0, 2.0, 50.0, math.inf]
    first = first_verbs(small(3), "soup", temperatures, likely=0.01, samples=8, max_words=12)
    total = first.probability.sum(axis=1) + first.none + first.later
    np.testing.assert_allclose(total, 1, atol=1e-9)
    np.testing.assert_allclose(sum(first.group(name) for name in GROUPS), first.probability.sum(axis=1))
    assert set(first.top(2)) <= set(first.verbs) and len(first.top(2)) == 2
    assert np.all(first.of("soup") == 0)


def test_at_infinity_every_word_is_as_likely():
    first = first_verbs(small(), "soup", [math.inf], likely=1.0, max_words=1)
    assert first.verbs == ("boil", "butter", "add")
    np.testing.assert_allclose(first.probability[0], 1 / len(WORDS))


def test_the_opening_is_read_first():
    """After "2 the", butter is a noun; after "boil and", a verb."""
    pair = small()
    assert first_verbs(pair, "soup", [1.0], opening="2 the", max_words=1).of("butter")[0] == 0
    assert first_verbs(pair, "soup", [1.0], opening="boil and", max_words=1).of("butter")[0] > 0


def test_companions_and_repetition_change_nothing():
    pair = small(5)
    options: dict[str, Any] = {"likely": 0.02, "samples": 16, "max_words": 8, "seed": 9}
    together = first_verbs(pair, "cake", [0.5, 1.0, 2.0], **options)
    for k, temperature in enumerate(together.temperatures):
        alone = first_verbs(pair, "cake", [temperature], **options)
        np.testing.assert_allclose(alone.probability[0], together.probability[k], atol=1e-6)
        np.testing.assert_allclose(alone.high[0], together.high[k], atol=1e-6)
    again = first_verbs(pair, "cake", [0.5, 1.0, 2.0], **options)
    assert np.array_equal(again.probability, together.probability)
    other = first_verbs(pair, "cake", [0.5, 1.0, 2.0], **{**options, "seed": 10})
    assert not np.array_equal(other.probability, together.probability)


def test_odd_titles():
    pair = small()
    first = first_verbs(pair, "Pho | Soup", [0.0, 1.0])
    assert first.unknown == ("Pho",)
    np.testing.assert_allclose(first.probability.sum(axis=1) + first.none + first.later, 1)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (("  ",), {}, "title is empty"),
        (("soup", []), {}, "at least one temperature"),
        (("soup", [-1.0]), {}, "temperature"),
        (("soup", [math.nan]), {}, "temperature"),
        (("soup",), {"seed": -1}, "seed"),
        (("soup",), {"likely": 0}, "likely"),
        (("soup",), {"samples": 0}, "samples"),
    ],
)
def test_bad_input(arguments: tuple, options: dict, message: str):
    with pytest.raises(ValueError, match=message):
        first_verbs(small(), *arguments, **options)


def given(*rows: list[float]) -> FirstVerbs:
    p = np.array(rows, dtype=float)
    k = np.zeros(len(p))
    verbs = tuple("abc"[: p.shape[1]])
    return FirstVerbs(
        "t", "p", tuple(map(float, range(len(p)))), verbs, verbs, p, p, p, k, k, k, np.stack([k, k]), 30
    )


def test_divergence():
    a = given([0.5, 0.5, 0], [1, 0, 0], [0.2, 0.2, 0], [0.5, 0.5, 0], [0, 0, 0])
    b = given([0.5, 0.5, 0], [0, 0.3, 0.3], [0.5, 0.5, 0], [0.5, 0, 0.5], [1, 0, 0])
    np.testing.assert_allclose(divergence(a, b), [0, 1, 0, 0.5, np.nan], atol=1e-12)
    np.testing.assert_allclose(divergence(b, a), divergence(a, b))
    with pytest.raises(ValueError, match="same"):
        divergence(a, given([1, 0, 0]))


def test_the_interval_of_a_divergence_holds_the_truth():
    """Against every text there is, counted. Where all beginnings are followed, nothing is estimated."""
    pair = small(2)
    verbs = first_verbs(pair, "soup", [1.2], max_words=4).verbs
    counts = [counted(pair, title, 1.2, 4) for title in ("soup", "cake")]
    truth = divergence(*(given([count.get(verb, 0) for verb in verbs]) for count in counts))[0]
    held = widths = 0.0
    for seed in range(100):
        firsts = [
            first_verbs(pair, title, [1.2], likely=0.2, samples=24, max_words=4, seed=seed)
            for title in ("soup", "cake")
        ]
        assert firsts[0].unresolved[0] > 0.3
        low, high = divergence_interval(*firsts)
        assert low[0] <= divergence(*firsts)[0] <= high[0]
        held += low[0] <= truth <= high[0]
        widths += high[0] - low[0]
    assert held >= 90
    assert 0 < widths / 100 < 4 * truth
    exact = [first_verbs(pair, title, [0.3, 1.2], likely=1e-12, max_words=3) for title in ("soup", "cake")]
    low, high = divergence_interval(*exact)
    np.testing.assert_allclose(high - low, 0, atol=1e-6)


def test_the_interval_by_hand():
    """Eight samples of one title, nothing sampled of the other: each left out once moves the bits."""
    a, b = given([0.5, 0.5, 0]), given([0.5, 0, 0.5])
    a = replace(a, shares=(np.array([[0.02, 0, 0]] * 4 + [[0, 0.02, 0]] * 4),))
    # Without one of the first four, 0.42 + 3 * 0.02 * 8 / 7 of the first verb; the second has the rest.
    first = [0.42 + 0.48 / 7] * 4 + [0.42 + 0.64 / 7] * 4
    without = np.array([divergence(given([p, 1 - p, 0]), b)[0] for p in first])
    error = math.sqrt(7 / 8 * ((without - without.mean()) ** 2).sum())
    low, high = divergence_interval(a, b)
    # Student's t with 7 degrees of freedom, from the table.
    assert [0.5 - low[0], high[0] - 0.5] == pytest.approx([2.365 * error] * 2, rel=0.01)
    assert np.isnan(divergence_interval(a, given([0, 0, 0]))).all()
