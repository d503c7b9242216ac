"""Measures of sets of texts: hand-computed cases, sacrebleu, and what intervals must cover."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from textgen.measuring.diversity import (
    GROUPS,
    MEASURES,
    NAMES,
    TextSet,
    bootstrap,
    contributions,
    distinct,
    self_bleu,
    values,
)
from textgen.text.copying import CopyIndex
from textgen.text.recipe import Recipe

CAT = ["the", "cat", "sat", "on", "the", "mat"]
INDEX = CopyIndex.of([Recipe("Tea", ("Boil the water in a kettle and wait.",))])


def parts_of(texts, **known):
    count = len(texts)
    size = np.array([len(text) for text in texts], dtype=float)
    given_ = {
        "ended": [False] * count,
        "tokens": size,
        "nats": size * 2.0,
        "entropy": size * 0.5,
        "judged": size * 3.0,
        "index": INDEX,
        **known,
    }
    return contributions(TextSet(texts, **given_))


def measured(texts, **known):
    return dict(zip(NAMES, values(parts_of(texts, **known)), strict=True))


def test_every_measure_but_the_entropy_has_a_chart():  # effective choices say the same
    charted = [name for group in GROUPS.values() for name in group]
    assert sorted([*charted, "entropy"]) == sorted(NAMES)


@pytest.mark.parametrize("texts", [[], [[]], [[], []], [["a"]]])
def test_texts_without_words_have_parts_too(texts):
    assert parts_of(texts).shape == (2, len(NAMES), len(texts))
    assert measured(texts, index=None).keys() == MEASURES.keys()


def test_distinct_by_hand():
    assert distinct([CAT], 1) == 5 / 6
    assert distinct([CAT, CAT], 1) == 5 / 12
    assert distinct([["a", "b"], ["b", "a", "b"]], 2) == 2 / 3
    assert distinct([["a"], []], 1) == 1
    assert math.isnan(distinct([["a"], ["b"]], 2)) and math.isnan(distinct([], 1))


def test_repetition_by_hand():
    def repetition(*texts):
        return measured(texts)["repetition"]

    assert repetition(["a", "b", "c", "d"]) == 0
    assert repetition(["a", "b", "c", "d", "a", "b", "c", "d"]) == 1 / 5
    assert repetition(["stir"] * 10) == 6 / 7
    assert repetition(["a", "b", "c", "d"], ["stir"] * 10) == 6 / 8
    assert math.isnan(repetition(["a", "b", "c"]))


def test_self_bleu_by_hand():
    # Two texts of five words share all but the last: 4/5, 3/4, 2/3, 1/2 of their n-grams.
    a, b = ["w", "x", "y", "z", "one"], ["w", "x", "y", "z", "two"]
    assert self_bleu([a, b]) == pytest.approx((4 / 5 * 3 / 4 * 2 / 3 * 1 / 2) ** 0.25)
    # Nothing in common is 0; the same text twice is 1, whatever else is there.
    assert self_bleu([["a"] * 5, ["b"] * 5]) == 0
    assert self_bleu([a, a, a]) == 1
    # Clipping: "a" is in the other text once, so one of four counts; no pair matches (0.1 each).
    one = (1 / 4 * 0.1 / 3 * 0.1 / 2 * 0.1 / 1) ** 0.25
    other = (1 / 4 * 0.1 / 3 * 0.1 / 2 * 0.1 / 1) ** 0.25
    assert self_bleu([["a", "a", "a", "a"], ["b", "a", "c", "d"]]) == pytest.approx((one + other) / 2)
    assert math.isnan(self_bleu([a]))
    assert self_bleu([[], []]) == 1 and self_bleu([[], ["a"]]) == 0


texts_of_few_words = st.lists(
    st.lists(st.sampled_from(list("abcde")), min_size=1, max_size=12), min_size=2, max_size=8
)


@given(texts_of_few_words)
@settings(max_examples=150, deadline=None)
@example([["a"], ["a", "b", "c"], ["a", "b", "c", "d", "e"]])
def test_self_bleu_is_that_of_sacrebleu(texts):
    sacrebleu = pytest.importorskip("sacrebleu")
    scores = [
        sacrebleu.sentence_bleu(
            " ".join(text),
            [" ".join(other) for j, other in enumerate(texts) if j != i],
            smooth_method="floor",
            smooth_value=0.1,
            use_effective_order=True,
            tokenize="none",
        ).score
        for i, text in enumerate(texts)
    ]
    assert self_bleu(texts) == pytest.approx(np.mean(scores) / 100, abs=1e-12)


@given(texts_of_few_words)
@settings(max_examples=60, deadline=None)
def test_a_texts_part_is_what_the_set_would_lose_with_it(texts):
    """The parts of self-BLEU are pseudo-values of the jackknife: against leaving each text out."""
    if len(texts) < 3 or len({len(text) for text in texts}) > 1:  # lengths of references are held constant
        return
    parts = parts_of(texts)[0, NAMES.index("self_bleu")]
    without = np.array([self_bleu(texts[:i] + texts[i + 1 :]) for i in range(len(texts))])
    pseudo = len(texts) * self_bleu(texts) - (len(texts) - 1) * without
    assert parts - parts.mean() == pytest.approx(pseudo - pseudo.mean(), abs=1e-9)
    assert parts.mean() == pytest.approx(self_bleu(texts))


@given(texts_of_few_words)
@settings(max_examples=60, deadline=None)
def test_parts_add_up_to_the_measures_and_lie_in_their_intervals(texts):
    parts = parts_of(texts)
    found = dict(zip(NAMES, values(parts), strict=True))
    assert found["distinct_1"] == pytest.approx(distinct(texts, 1))
    assert found["distinct_2"] == pytest.approx(distinct(texts, 2), nan_ok=True)
    assert found["self_bleu"] == pytest.approx(self_bleu(texts))
    assert found["perplexity"] == pytest.approx(math.exp(2))
    assert found["judged"] == pytest.approx(math.exp(3))
    assert found["choices"] == pytest.approx(math.exp(0.5))
    low, high = bootstrap(parts, resamples=50)
    exact = values(parts)
    known = ~np.isnan(exact)
    assert (low[known] <= exact[known]).all() and (exact[known] <= high[known]).all()
    shares = [NAMES.index(name) for name, measure in MEASURES.items() if measure.share]
    assert np.nanmin(low[shares]) >= 0 and np.nanmax(high[shares]) <= 1


def test_a_share_is_never_more_than_one():
    texts = [["a", "a"]] * 3 + [["b", "b"]] * 2
    assert measured(texts)["self_bleu"] == 1
    _, high = bootstrap(parts_of(texts), resamples=50)
    assert high[NAMES.index("self_bleu")] == 1


def test_equal_texts_have_intervals_without_width():
    parts = parts_of([CAT * 3] * 17)
    low, high = bootstrap(parts)
    assert np.array_equal(low, values(parts), equal_nan=True)
    assert np.array_equal(high, values(parts), equal_nan=True)
    assert measured([CAT * 3] * 17)["self_bleu"] == 1


def test_length_end_verbs_and_what_is_not_known():
    texts = [["chop", "the", "onion", "and", "fry", "the", "onion", "."], ["stir"]]
    found = measured(texts, ended=[True, False], judged=np.array([np.nan, 2.0]), index=None)
    assert found["words"] == 4.5 and found["ended"] == 0.5
    assert found["verbs"] == 3 / 9 == 3 / (len(texts[0]) + len(texts[1]))
    assert measured(texts[:1])["verbs"] == 2 / 8
    assert found["judged"] == pytest.approx(math.exp(2.0))  # of the one text that is known
    assert math.isnan(found["copied"]) and math.isnan(found["longest_copy"])


def test_copying_by_hand():
    words = ["now", "boil", "the", "water", "in", "a", "kettle", ",", "wait"]
    found = measured([words])  # boil the water in a / the water in a kettle
    assert (found["copied"], found["longest_copy"]) == (2 / 5, 6)
    found = measured([["boil", "the", "water"]])
    assert math.isnan(found["copied"]) and found["longest_copy"] == 0
    found = measured([words, ["boil", "the", "water", "in", "a"]])
    assert found["copied"] == 3 / 6 and found["longest_copy"] == 5.5


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    """Texts of a known source: over 120 sets, 95 % intervals hold the mean of all sets in most of them."""
    rng = np.random.default_rng(8)
    weights = 1 / np.arange(1, 200)
    weights /= weights.sum()
    words = [f"w{i}" for i in range(199)]
    found, ends = [], []
    for _ in range(120):
        texts = [[words[i] for i in rng.choice(199, size=rng.integers(8, 20), p=weights)] for _ in range(24)]
        parts = parts_of(texts, entropy=rng.gamma(2, size=24))
        found.append(values(parts))
        ends.append(bootstrap(parts, resamples=200))
    truth = np.mean(found, axis=0)
    for name in ("entropy", "distinct_1", "distinct_2", "self_bleu", "words"):
        m = NAMES.index(name)
        held = np.mean([low[m] <= truth[m] <= high[m] for low, high in ends])
        assert 0.85 <= held <= 0.995, (name, held)


def test_the_same_texts_and_seed_give_the_same_interval():
    parts = parts_of([CAT, CAT[:3], CAT[2:]])
    assert np.array_equal(bootstrap(parts, seed=3), bootstrap(parts, seed=3), equal_nan=True)
