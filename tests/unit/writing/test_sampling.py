from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from textgen.writing.sampling import Luck, Sampler, apply_temperature, pick, temper

INF = math.inf
PINNED = [0.650498352629, 1.308606839661, 2.634663290223]  # the first draws of seed 7 at position 3
REFERENCE = json.loads((Path(__file__).parent.parent / "data" / "sampling_reference.json").read_text())


def logits(shape, seed=0, scale=4.0):
    return (np.random.default_rng(seed).normal(size=shape) * scale).astype(np.float32)


# Temperature


def test_temperature_one_is_the_plain_softmax():
    z = logits(50)
    e = np.exp(z.astype(np.float64))
    np.testing.assert_allclose(apply_temperature(z, 1), e / e.sum(), rtol=1e-12)


@pytest.mark.parametrize("temperature", [1e-3, 0.02, 0.2, 0.7, 1.0, 2.0, 37.5, 1e6])
def test_odds_are_the_logit_differences_over_temperature(temperature):
    z = np.array([1.5, 1.25, 1.0, 1.4375], dtype=np.float32)
    p = apply_temperature(z, temperature)
    with np.errstate(divide="ignore"):
        log_odds = np.log(p) - np.log(p[0])
    expected = (z.astype(np.float64) - 1.5) / temperature
    seen = p > 0
    np.testing.assert_allclose(log_odds[seen], expected[seen], rtol=1e-9, atol=1e-12)
    assert (expected[~seen] < -700).all()  # only what float64 cannot hold is 0


def test_zero_is_greedy_and_ties_go_to_the_lowest_id():
    np.testing.assert_array_equal(apply_temperature([1.0, 3.0, 3.0, 2.0], 0), [0, 1, 0, 0])


def test_infinity_is_uniform_over_the_words_that_are_possible():
    np.testing.assert_array_equal(
        apply_temperature([5.0, -INF, -3.0, 0.0, 1.0], INF), [0.25, 0, 0.25, 0.25, 0.25]
    )


@pytest.mark.parametrize("temperature", [0, 5e-324, 1e-320, 1e-300, 1e-30, 0.01, 1, 1e30, 1e308, INF])
@pytest.mark.parametrize(
    "row",
    [[0.0, 0.0, 0.0], [1e38, -1e38, 0.0], [-INF, 2.0, -INF], [700.0, -700.0, 699.0], [1e308, -1e308, 0.0]],
)
def test_every_temperature_gives_a_distribution(row, temperature):
    p = apply_temperature(row, temperature)
    assert np.isfinite(p).all() and (p >= 0).all()
    assert p.sum() == pytest.approx(1, abs=1e-12)
    assert p[np.argmax(row)] == p.max()


def test_a_batch_is_its_rows_and_the_input_is_left_alone():
    z = logits((2, 3, 20))
    before = z.copy()
    for temperature in (0, 0.3, 1, 5, INF):
        p = apply_temperature(z, temperature)
        assert p.shape == z.shape and p.dtype == np.float64
        for i in np.ndindex(2, 3):
            np.testing.assert_array_equal(p[i], apply_temperature(z[i], temperature))
    np.testing.assert_array_equal(z, before)


def test_entropy_rises_with_temperature():
    entropies = []
    for temperature in (0, 0.1, 0.3, 0.7, 1, 1.5, 2, 10, INF):
        p = apply_temperature(logits(200), temperature)
        entropies.append(-(p[p > 0] * np.log(p[p > 0])).sum())
    assert entropies == sorted(entropies)
    assert entropies[0] == 0 and entropies[-1] == pytest.approx(math.log(200))


@pytest.mark.parametrize("temperature", [-1, -0.0001, math.nan, -INF, "1", None, True])
def test_a_bad_temperature_is_refused(temperature):
    with pytest.raises(ValueError, match="temperature must be a number, 0 or more"):
        apply_temperature([1.0, 2.0], temperature)
    with pytest.raises(ValueError, match="temperature must be a number, 0 or more"):
        Sampler(temperature=temperature)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ([1.0, math.nan], "NaN"),
        ([1.0, INF], "inf"),
        ([-INF, -INF], "no word"),
        ([], "at least one"),
        (["a"], "numbers"),
    ],
)
def test_bad_logits_are_refused(row, message):
    for temperature in (0, 1, INF):
        with pytest.raises(ValueError, match=message):
            apply_temperature(row, temperature)


def test_temper_is_the_books_formula():
    p = apply_temperature(logits(100), 1)
    for temperature in (0.3, 1.0, 2.5):
        book = p ** (1 / temperature)
        np.testing.assert_allclose(temper(p, temperature), book / book.sum(), rtol=1e-11)
    np.testing.assert_allclose(temper(3 * p, 0.5), temper(p, 0.5), rtol=1e-11)


def test_temper_survives_where_the_books_formula_underflows():
    p = np.array([0.25, 0.5, 0.125, 0.125], dtype=np.float32)
    with np.errstate(under="ignore"):
        assert (p ** np.float32(1 / 0.005)).sum() == 0  # what a division by the sum would make NaN
    np.testing.assert_allclose(temper(p, 0.005), [2.0**-200, 1, 2.0**-400, 2.0**-400], rtol=1e-9)
    np.testing.assert_array_equal(temper([0.2, 0.8, 0], 0), [0, 1, 0])
    np.testing.assert_array_equal(temper([0.2, 0.8, 0], INF), [0.5, 0.5, 0])


@pytest.mark.parametrize("probs", [[0.5, -0.5], [0.5, math.nan], [0.0, 0.0]])
def test_temper_refuses_what_is_no_distribution(probs):
    with pytest.raises(ValueError):
        temper(probs, 1)


# Filters


@pytest.mark.parametrize("case", REFERENCE["cases"], ids=lambda c: f"{c['logits']} {c['rules']}")
def test_the_sampler_agrees_with_transformers(case):
    z = np.array([float(x) for x in REFERENCE["logits"][case["logits"]]], dtype=np.float32)
    probs = Sampler(**case["rules"]).distribution(z, REFERENCE["previous"])
    expected = np.array(case["probs"])
    np.testing.assert_allclose(probs, expected, rtol=2e-5, atol=1e-6)
    np.testing.assert_array_equal(probs > 1e-30, expected > 1e-30)  # the same words survive


def from_probs(*probs):
    return np.log(np.array(probs))


def kept(sampler, z, previous=()):
    return np.flatnonzero(sampler.distribution(z, previous)).tolist()


def test_filters_by_hand():
    z = from_probs(0.1, 0.5, 0.15, 0.25)
    assert kept(Sampler(top_k=2), z) == [1, 3]
    assert kept(Sampler(top_k=99), z) == [0, 1, 2, 3]
    assert kept(Sampler(top_p=0.5), z) == [1]
    assert kept(Sampler(top_p=0.51), z) == [1, 3]
    assert kept(Sampler(top_p=0.9), z) == [1, 2, 3]
    assert kept(Sampler(top_p=0.0), z) == [1]
    assert kept(Sampler(min_p=0.5), z) == [1, 3]
    assert kept(Sampler(min_p=0.0), z) == [0, 1, 2, 3]
    np.testing.assert_allclose(Sampler(top_k=2).distribution(z), [0, 2 / 3, 0, 1 / 3])


def plain_top_p(p, top_p):
    order = np.argsort(p, kind="stable")
    removed = order[np.cumsum(p[order]) <= 1 - top_p + 1e-12]
    return np.setdiff1d(np.arange(len(p)), removed if len(removed) < len(p) else order[:-1])


def plain_top_k(p, top_k):
    return np.flatnonzero(p >= np.sort(p)[-min(top_k, len(p))])


def plain_top_n_sigma(z, n):
    finite = z[z > -INF]
    return np.flatnonzero(z >= finite.max() - n * np.std(finite) - 1e-9)


def plain_typical(p, mass):
    with np.errstate(divide="ignore", invalid="ignore"):
        surprisal = -np.log(p)
        distance = np.abs(surprisal - np.nansum(surprisal * p))
    order = np.argsort(distance, kind="stable")
    last = min(int((np.cumsum(p[order]) < mass - 1e-12).sum()), len(p) - 1)
    return np.flatnonzero(distance <= distance[order[last]] + 1e-9)


@pytest.mark.parametrize("scale", [0.01, 0.5, 3, 10, 60])
@pytest.mark.parametrize("step", [0, 1])  # 1 rounds the logits, so that there are ties
def test_filters_agree_with_their_plain_forms(scale, step):
    rng = np.random.default_rng(0)
    for _ in range(150):
        z = rng.normal(size=rng.integers(1, 60)) * scale
        z = np.round(z) if step else z
        z[1:][rng.random(len(z) - 1) < 0.1] = -INF
        p = apply_temperature(z, 1)
        share, k = float(rng.choice([0.1, 0.5, 0.9, 0.99, 0.999999, rng.random()])), int(rng.integers(1, 70))
        for sampler, expected in (
            (Sampler(top_p=share), plain_top_p(p, share)),
            (Sampler(top_k=k), plain_top_k(p, k)),
            (Sampler(top_n_sigma=3 * share), plain_top_n_sigma(z, 3 * share)),
            (Sampler(typical_p=share), plain_typical(p, share)),
        ):
            probs = sampler.distribution(z)
            expected = expected[p[expected] > 0]
            np.testing.assert_array_equal(np.flatnonzero(probs), expected)
            np.testing.assert_allclose(probs[expected], p[expected] / p[expected].sum(), rtol=1e-9)


def test_top_n_sigma_keeps_the_same_words_at_every_temperature():
    z = logits(300, scale=1.5)
    stay = plain_top_n_sigma(z, 1.2).tolist()
    assert 1 < len(stay) < 300
    for temperature in (0.05, 0.7, 1, 3, 1e6, INF):
        assert kept(Sampler(temperature, top_n_sigma=1.2), z) == stay
    assert len(kept(Sampler(0.3, top_p=0.9), z)) < len(kept(Sampler(3, top_p=0.9), z))  # not so with top-p


def test_top_n_sigma_by_hand():
    z = [4.0, 2.0, 0.0, 2.0]  # standard deviation: the root of 2
    assert kept(Sampler(top_n_sigma=1.41), z) == [0]
    assert kept(Sampler(top_n_sigma=1.42), z) == [0, 1, 3]
    assert kept(Sampler(top_n_sigma=1e308), z) == [0, 1, 2, 3]
    assert kept(Sampler(top_n_sigma=5e-324), z) == [0]
    assert kept(Sampler(top_n_sigma=1.0), [1.0, -1.0, 1.0, -1.0]) == [0, 2]
    assert kept(Sampler(top_n_sigma=2.0), [1.0, -1.0, 1.0, -1.0]) == [0, 1, 2, 3]  # at the boundary: within
    assert kept(Sampler(top_n_sigma=0.1), [7.0] * 5) == [0, 1, 2, 3, 4]
    assert kept(Sampler(INF, top_n_sigma=1.0), [1e308, -1e308, 0.0]) == [0]


def test_words_that_are_never_written_do_not_count_for_top_n_sigma():
    z = [3.0, 2.0, 1.0, 0.0, -1e6]
    assert kept(Sampler(top_n_sigma=1), z) == [0, 1, 2, 3]
    assert kept(Sampler(top_n_sigma=1, suppress=(4,)), z) == kept(Sampler(top_n_sigma=1), z[:4]) == [0, 1]
    assert kept(Sampler(top_n_sigma=1), [*z[:4], -INF]) == [0, 1]


def test_top_n_sigma_acts_ahead_of_the_other_filters_and_after_the_penalty():
    z = [2.0, 1.0, 0.9, -1.0, -1.0, -1.0]
    assert kept(Sampler(top_n_sigma=1), z) == [0, 1, 2]
    assert kept(Sampler(top_n_sigma=1, top_k=2), z) == [0, 1]
    assert kept(Sampler(top_n_sigma=1, repetition_penalty=4), z, [1]) == [0, 2]
    # 0.576, 0.212 and 0.192 of all; of those that stay 0.588 and more
    assert kept(Sampler(top_p=0.58), z) == [0, 1] and kept(Sampler(top_n_sigma=1, top_p=0.58), z) == [0]
    stages = Sampler(0.8, top_n_sigma=1, top_k=2).stages(np.array(z))
    assert stages.removed_by.tolist() == ["", "", "top_k", "top_n_sigma", "top_n_sigma", "top_n_sigma"]


def test_top_n_sigma_does_not_depend_on_the_order_of_the_words():
    rng = np.random.default_rng(5)
    z = logits(999)
    for word in range(0, 999, 50):
        n = float((z.max() - z[word]) / np.std(z.astype(np.float64))) or 1.0
        for near in (n, math.nextafter(n, 0), math.nextafter(n, INF)):
            stays = Sampler(top_n_sigma=near).distribution(z) > 0
            for _ in range(5):
                order = rng.permutation(999)
                np.testing.assert_array_equal(
                    Sampler(top_n_sigma=near).distribution(z[order]) > 0, stays[order]
                )


def test_typical_can_drop_the_likeliest_word():
    # Entropy 1.75 nats; surprisals: 0.92 of the first word, 2.30 of the six others, which are nearer to it.
    z = from_probs(0.4, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1)
    assert kept(Sampler(typical_p=0.3), z) == [1, 2, 3, 4, 5, 6]
    assert kept(Sampler(typical_p=1.0), z) == [0, 1, 2, 3, 4, 5, 6]


def test_ties_at_top_k_all_stay():
    assert kept(Sampler(top_k=2), [1.0, 0.0, 1.0, 1.0]) == [0, 2, 3]


def test_the_order_is_temperature_then_filters():
    z = from_probs(0.6, 0.3, 0.1)
    assert kept(Sampler(temperature=1, top_p=0.6), z) == [0]
    assert kept(Sampler(temperature=3, top_p=0.6), z) == [0, 1]
    # top_p acts on what top_k left: 0.6 of 0.9 is two thirds
    assert kept(Sampler(top_p=0.65), z) == [0, 1]
    assert kept(Sampler(top_k=2, top_p=0.65), z) == [0]


def test_zero_stays_greedy_whatever_the_filters():
    sampler = Sampler(0, top_n_sigma=1, top_k=5, top_p=0.9, min_p=0.1, typical_p=0.5, repetition_penalty=1.2)
    np.testing.assert_array_equal(sampler.distribution([1.0, 4.0, 4.0, 0.0]), [0, 1, 0, 0])
    np.testing.assert_array_equal(Sampler(0, repetition_penalty=9).distribution([1.0, 4.0], [1]), [1, 0])


def test_the_penalty_divides_positive_and_multiplies_negative_logits_once():
    z = np.array([2.0, -2.0, 1.0], dtype=np.float32)
    expected = apply_temperature([1.0, -4.0, 1.0], 1)
    np.testing.assert_allclose(Sampler(repetition_penalty=2).distribution(z, [0, 1, 1, 0]), expected)
    np.testing.assert_array_equal(z, [2.0, -2.0, 1.0])
    with pytest.raises(ValueError, match="outside the vocabulary"):
        Sampler(repetition_penalty=2).distribution(z, [3])


def test_suppressed_words_are_never_chosen_and_the_rest_share():
    z = from_probs(0.5, 0.3, 0.2)
    np.testing.assert_allclose(Sampler(suppress=(0,)).distribution(z), [0, 0.6, 0.4])
    np.testing.assert_array_equal(Sampler(0, suppress=(0,)).distribution(z), [0, 1, 0])
    np.testing.assert_array_equal(Sampler(INF, suppress=(0,)).distribution(z), [0, 0.5, 0.5])
    with pytest.raises(ValueError, match="no word is left"):
        Sampler(suppress=(0, 1, 2)).distribution(z)


def test_a_batch_is_filtered_row_by_row():
    z = logits((2, 4, 30))
    sampler = Sampler(0.8, top_k=20, top_p=0.9, min_p=0.01, typical_p=0.8)
    p = sampler.distribution(z)
    for i in np.ndindex(2, 4):
        np.testing.assert_array_equal(p[i], sampler.distribution(z[i]))


@pytest.mark.parametrize(
    "sampler",
    [
        Sampler(1.3, top_k=5),
        Sampler(1.3, top_p=0.7),
        Sampler(0.9, top_k=12, top_p=0.9, min_p=0.05, typical_p=0.7, repetition_penalty=1.3, suppress=(1,)),
        Sampler(0, top_k=3),
        Sampler(0.6, top_n_sigma=1.5, top_k=4, min_p=0.02, suppress=(2,)),
        Sampler(0, top_n_sigma=1.5),
        Sampler(INF),
    ],
)
def test_stages_end_in_the_distribution_and_name_the_filter(sampler):
    z = logits(40)
    previous = [3, 4]
    stages = sampler.stages(z, previous)
    plain = Sampler(
        sampler.temperature, repetition_penalty=sampler.repetition_penalty, suppress=sampler.suppress
    ).distribution(z, previous)
    after = sampler.distribution(z, previous)
    np.testing.assert_allclose(stages.before, plain, rtol=1e-12)
    np.testing.assert_allclose(stages.after, after, rtol=1e-12)
    np.testing.assert_array_equal(stages.removed_by != "", (plain > 0) & (after == 0))
    assert set(stages.removed_by) <= {"", *(rule.name for rule, _ in sampler.active)}


def test_stages_name_the_first_filter_that_removed_a_word():
    stages = Sampler(top_k=3, min_p=0.5).stages(from_probs(0.5, 0.3, 0.15, 0.05))
    assert stages.removed_by.tolist() == ["", "", "min_p", "top_k"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"top_k": 0}, "top_k"),
        ({"top_k": 2.5}, "top_k"),
        ({"top_k": True}, "top_k"),
        ({"top_n_sigma": 0}, "top_n_sigma"),
        ({"top_n_sigma": INF}, "top_n_sigma"),
        ({"top_p": -0.1}, "top_p"),
        ({"top_p": 1.1}, "top_p"),
        ({"top_p": math.nan}, "top_p"),
        ({"min_p": "0.1"}, "min_p"),
        ({"typical_p": 0}, "typical_p"),
        ({"typical_p": 1.01}, "typical_p"),
        ({"repetition_penalty": 0}, "repetition_penalty"),
        ({"repetition_penalty": INF}, "repetition_penalty"),
        ({"suppress": (-1,)}, "suppress"),
    ],
)
def test_bad_settings_are_refused_by_name(options, message):
    with pytest.raises(ValueError, match=message):
        Sampler(**options)


# Luck


def test_draws_depend_on_seed_stream_and_position_only():
    luck = Luck(7)
    later = luck.exponential(5, 100)
    np.testing.assert_array_equal(luck.exponential(0, 100), Luck(7).exponential(0, 100))
    np.testing.assert_array_equal(luck.exponential(5, 100), later)
    np.testing.assert_array_equal(luck.exponential(5, 37), later[:37])
    others = [Luck(8).exponential(5, 100), Luck(7, 1).exponential(5, 100), luck.exponential(6, 100)]
    assert all(abs(np.corrcoef(later, other)[0, 1]) < 0.4 for other in others)


def test_draws_are_pinned_so_that_a_link_keeps_its_words():
    raw = np.random.Philox(key=[7, 0], counter=[0, 0, 0, 3]).random_raw(2)
    halves = [int(word) >> shift & 0xFFFFFFFF for word in raw for shift in (0, 32)]
    np.testing.assert_allclose(Luck(7).exponential(3, 4), [-math.log((k + 0.5) / 2**32) for k in halves])
    np.testing.assert_allclose(Luck(7).exponential(3, 3), PINNED, rtol=1e-9)


def test_draws_are_exponential():
    e = Luck(1).exponential(0, 200_001)
    assert e.shape == (200_001,) and (e > 0).all()
    assert e.mean() == pytest.approx(1, abs=0.01) and e.std() == pytest.approx(1, abs=0.02)
    np.testing.assert_allclose(np.quantile(e, [0.1, 0.5, 0.9]), -np.log([0.9, 0.5, 0.1]), rtol=0.03)


def test_picks_follow_the_distribution():
    p = np.array([0.5, 0.25, 0.2, 0.05, 0.0])
    luck = Luck(3)
    n = 20_000
    counts = np.bincount([pick(p, luck.exponential(t, 5)) for t in range(n)], minlength=5)
    assert counts[4] == 0
    np.testing.assert_array_less(np.abs(counts - n * p)[:4], 4.5 * np.sqrt(n * p * (1 - p))[:4])


def test_the_pick_is_the_gumbel_max():
    luck = Luck(11)
    for t in range(200):
        p = apply_temperature(logits(300, seed=t), 0.9)
        assert pick(p, luck.exponential(t, 300)) == (np.log(p) + luck.gumbel(t, 300)).argmax()


@pytest.mark.parametrize("temperature", [0, 1e-320, 0.01, 0.2, 0.5, 0.9, 1, 2, INF])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"top_n_sigma": 1.2},
        {"top_k": 7},
        {"top_p": 0.6},
        {"min_p": 0.05},
        {"typical_p": 0.4},
        {"repetition_penalty": 2},
    ],
)
def test_choosing_is_picking_from_the_weights(temperature, options):
    sampler = Sampler(temperature, **options, suppress=(5,))
    for t in range(40):
        z, draws = logits(500, seed=t), Luck(2).draws(t, 500)
        z[:3] = z.max()  # ties
        token, probability = sampler.choose(z, draws, [1, 2])
        weights = sampler.weights(z, [1, 2])
        assert token == pick(weights, draws.exponential)
        assert probability == pytest.approx(weights[token] / weights.sum(), rel=1e-6)


def test_choosing_refuses_what_the_distribution_refuses():
    for temperature, rules in ((0, {}), (0.5, {}), (2, {}), (1, {"top_n_sigma": 1}), (1, {"top_k": 1})):
        for row in ([1.0, math.nan], [1.0, INF], [-INF, -INF]):
            with pytest.raises(ValueError, match="logits"):
                Sampler(temperature, **rules).choose(np.array(row), Luck(1).draws(0, 2))


def test_greedy_needs_no_draws():
    assert Sampler(0, top_p=0.5).choose(np.array([1.0, 3.0, 3.0]), None) == (1, 1.0)


@pytest.mark.parametrize("seed", [-1, 2**64, 1.5, "7", None, True])
def test_a_bad_seed_is_refused(seed):
    with pytest.raises(ValueError, match="seed must be a whole number"):
        Luck(seed)
