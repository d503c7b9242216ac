"""The game without a page: rounds, answers, scores, and what they say over many rounds."""

from __future__ import annotations

import itertools
import math
from collections import Counter

import networks
import numpy as np
import pytest
from kitchen import small

from textgen import charts
from textgen.views import guess as game
from textgen.views.compare import END, Comparison
from textgen.writing.generate import generations
from textgen.writing.sampling import Sampler

TITLES = [f"w{i}" for i in range(9)]
PAIR = networks.random_pair(size=300)


def texts_of(of, pair=PAIR):
    return [
        Comparison(
            pair,
            generations(
                pair, one.prompt, samplers=one.samplers, max_tokens=one.words, seed=one.seed, luck=one.luck
            ),
        )
        for one in of.requests("any")
    ]


def a_round(kind, number=1):
    """A round of this kind; each number gives another one."""
    mode = "word" if kind == "next" else "temperature"
    return next(of for of in game.rounds(mode, number, TITLES) if of.kind == kind)


@pytest.mark.parametrize("mode", game.MODES)
def test_a_game_is_a_function_of_its_number(mode):
    first = game.rounds(mode, 7, TITLES)
    assert first == game.rounds(mode, 7, TITLES) != game.rounds(mode, 8, TITLES)
    assert [of.number for of in first] == [1, 2, 3, 4, 5]
    assert len({of.title for of in first}) == game.ROUNDS
    assert len({seed for of in first for seed in of.seeds}) == sum(len(of.seeds) for of in first)


def test_temperatures_are_drawn_as_the_posterior_assumes():
    """Every setting as likely as any other, and every pair for an order: within 5 standard errors."""
    made = [of for number in range(2_000) for of in game.rounds("temperature", number, TITLES)]
    for number in (1, 2, 3):  # whatever their place in the game
        assert {of.kind for of in made if of.number == number} == (
            {"text"} if number == 1 else set(game.KINDS)
        )
    singles = Counter(of.temperatures[0] for of in made if of.kind != "order")
    assert set(singles) == set(game.SETTINGS)
    expected = sum(singles.values()) / len(game.SETTINGS)
    assert max(abs(count - expected) for count in singles.values()) < 5 * math.sqrt(expected)
    gaps = [a - b for a, b in (of.temperatures for of in made if of.kind == "order")]
    assert min(map(abs, gaps)) == pytest.approx(game.APART)
    assert abs(np.sign(gaps).sum()) < 5 * math.sqrt(len(gaps))


def test_the_settings_are_those_of_the_slider():
    address = pytest.importorskip("pages.parts.address")
    assert game.SETTINGS[-1] == address.HOTTEST and game.SETTINGS[1] == address.SLIDER_STEP
    assert [game.setting(heat) for heat in (0.3000001, 2.0)] == [0.3, 2.0]


@pytest.mark.parametrize(("kind", "answer"), [("text", 0.15), ("beginning", 2.0), ("order", "B")])
def test_an_answer_comes_back_from_the_address(kind, answer):
    of = a_round(kind)
    number, _, text = game.spelled(of.number, answer).partition(" ")
    assert int(number) == of.number and game.read_answer(of, text) == answer


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("text", "A"),
        ("text", "0.33"),
        ("text", "2.05"),
        ("text", "-1"),
        ("text", "nan"),
        ("order", "0.7"),
        ("next", "x"),
    ],
)
def test_a_foreign_answer_is_none(kind, text):
    with pytest.raises(ValueError):
        game.read_answer(a_round(kind), text, ["w1"])


def test_points_follow_the_likelihood_alone():
    """The best temperature has 100, whatever the truth; the rest is the mean ratio of likelihoods a word."""
    for number in range(1, 6):
        of = a_round("text", number)
        (text,) = texts_of(of)
        found = game.told(text)
        for guess in (0.0, 0.3, found.best, 1.6):
            verdict = game.judge(of, guess, [text])
            ratio = math.exp(
                (found.log_likelihood[found.place(guess)] - found.log_likelihood.max()) / found.words
            )
            assert verdict.points == round(100 * ratio)
            low, high = found.interval(game.SHARE)
            assert verdict.hit == (low <= guess <= high)
            assert verdict.off == pytest.approx(guess - of.temperatures[0])
        assert game.judge(of, found.best, [text]).points == 100
        assert found is game.told(text)  # worked out once


def test_zero_is_refuted_by_a_word_that_is_not_the_likeliest():
    number = next(n for n in range(1, 50) if a_round("beginning", n).temperatures[0] > 1)
    of = a_round("beginning", number)
    verdict = game.judge(of, 0.0, texts_of(of))
    assert verdict.points == 0 and not verdict.hit
    assert "T = 0 cannot have written this" in verdict.sentences[0]


def test_two_texts_in_order():
    for number in range(1, 5):
        of = a_round("order", number)
        texts = texts_of(of)
        verdicts = {name: game.judge(of, name, texts) for name in game.ORDERS}
        best, other = sorted(verdicts.values(), key=lambda verdict: -verdict.points)
        assert best.points == 100 and best.hit and best.bits == 0
        assert not other.hit and other.points == game.points(other.bits)
        assert len(best.inside) == 2 and best.off is None
        hotter = "A" if of.temperatures[0] > of.temperatures[1] else "B"
        assert "and it was" in verdicts[hotter].headline
        assert all(f"T = {heat:g}" in best.headline for heat in of.temperatures)


@pytest.mark.parametrize("pair", [PAIR, small()], ids=["many words", "sixteen words"])
def test_a_word_is_scored_in_bits_under_its_bars(pair):
    for number in (1, 2, 3):
        of = a_round("next", number)
        (text,) = texts_of(of, pair)
        place, words = game.place_of_next(of, text), game.words_to_choose(of, text)
        step = text.runs[0].steps[place]
        assert (step.word or END) in words and len(set(words)) == len(words) >= 2
        assert words == sorted(words)
        bars = Sampler(of.temperatures[0]).distribution(pair.model.logits(step.hidden))
        verdicts = {word: game.judge(of, word, [text]) for word in words}
        for word, verdict in verdicts.items():
            p = bars[0 if word == END else pair.vocabulary.encode([word])[0]]
            assert verdict.cost[0] == pytest.approx(-math.log2(p), rel=1e-5)
            assert verdict.points == pytest.approx(100 * p / bars.max(), abs=0.51)
        assert max(verdict.points for verdict in verdicts.values()) == 100  # the likeliest is among them
        rows = game.next_rows(of, text, words[0])
        assert sum(row["probability"] for row in rows) == pytest.approx(1)
        assert [row["label"].startswith("you: ") for row in rows].count(True) == 1
    assert charts.chart(charts.step_spec(rows)).to_dict()


def test_what_a_text_says_sums_to_one_and_can_be_drawn():
    of = a_round("text")
    (text,) = texts_of(of)
    rows = game.posterior_rows(game.told(text))
    assert sum(row["probability"] for row in rows) == pytest.approx(1)
    held = [row["temperature"] for row in rows if row["held"]]
    assert sum(row["probability"] for row in rows if row["held"]) >= game.SHARE
    assert game.range_words(game.told(text)).startswith(f"T = {held[0]:g}")
    spec = charts.posterior_spec(rows, truth=of.temperatures[0], guess=0.5)
    assert charts.chart(spec).to_dict()["datasets"] == spec["datasets"]
    bars, marks = spec["datasets"]["bars"], spec["datasets"]["marks"]
    assert [bar["color"] for bar in bars] == [charts.temperature_color(heat) for heat in game.SETTINGS]
    assert [mark["temperature"] for mark in marks] == [of.temperatures[0], 0.5]
    assert all(left["right"] < right["left"] for left, right in itertools.pairwise(bars))


def test_the_bars_of_a_beginning_multiply_to_its_likelihood():
    of = a_round("beginning")
    (text,) = texts_of(of)
    rows = game.evidence_rows(text, [0.7, 1.3])
    found = game.told(text)
    for k, heat in enumerate((0.7, 1.3)):
        product = math.prod(row["shares"][k] for row in rows)
        assert math.log(product) == pytest.approx(found.log_likelihood[found.place(heat)])
    assert [row["text"] for row in game.evidence_rows(text, [])] == [row["text"] for row in rows]


def verdict(**changes):
    usual = {
        "number": 1,
        "answer": 0.7,
        "points": 80,
        "bits": 0.3,
        "hit": True,
        "headline": "",
        "sentences": (),
    }
    return game.Verdict(**{**usual, **changes})


def test_a_tally_counts_the_streak_at_the_end_and_the_lean():
    played = [
        verdict(hit=True, inside=(True,), off=0.3),
        verdict(hit=False, points=10, inside=(False,), off=0.1),
        verdict(hit=True, inside=(True, True)),
        verdict(hit=True, inside=(True,), off=0.05),
    ]
    tally = game.tally(played)
    assert (tally.streak, tally.hits, tally.points, tally.inside, tally.ranges) == (2, 3, 250, 4, 5)
    assert game.score_line(tally) == "250 of 400 points · 2 hits in a row"
    said = " ".join(game.calibration_sentences(tally))
    assert "4 times in 5" in said and "3 guesses of a temperature were 0.15 too hot" in said
    nothing = game.tally([])
    assert game.calibration_sentences(nothing) == [] and "up to 100 points" in game.score_line(nothing)
    cold = game.calibration_sentences(game.tally([verdict(inside=(True,), off=-0.2)]))
    assert "too cold" in cold[1]
    bits = game.tally([verdict(cost=(4.0, 1.5)), verdict(cost=(2.0, 2.0))])
    assert "6.0 bits, at best 3.5" in game.score_line(bits)


def test_a_summary_names_every_round():
    made = game.rounds("temperature", 3, TITLES)
    answers = {of.number: "A" if of.kind == "order" else 1.0 for of in made}
    rows = game.summary_rows(made, [game.judge(of, answers[of.number], texts_of(of)) for of in made])
    assert [row["round"] for row in rows] == [1, 2, 3, 4, 5]
    assert {row["you said"] for row in rows} == {"T = 1", "A is hotter"}
    assert all(f"T = {of.temperatures[0]:g}" in row["it was"] for of, row in zip(made, rows, strict=True))
