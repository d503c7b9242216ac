"""What the page of one's own network says."""

from __future__ import annotations

import pytest

from textgen import charts
from textgen.training import speed
from textgen.training.runs import Choices
from textgen.training.speed import Estimate, estimate, operations
from textgen.views import yours

FACTS = {
    "formats": [{"format": "CSV", "encoding": "UTF-8", "files": 3}],
    "recipes": 120, "different_recipes": 100, "words": 5_000, "different_words": 700,
    "lengths": {"median": 40, "95 %": 90, "longest": 300},
    "coverage": {"500": 0.8, "702": 1.0},
}  # fmt: skip
HISTORY = {"epochs": [{"epoch": n, "loss": 3.0, "validation": {"": 60.0 / n}} for n in (1, 2, 3)]}
LINES = {"unigram": 300.0, "kneser_ney": 25.0, "validation": 10}


def test_a_corpus_is_told_in_sentences():
    said = yours.amount(FACTS, as_lines=False)
    assert "120 recipes, 20 of them repeated" in said and "CSV in UTF-8 (3 files)" in said
    assert yours.amount(FACTS, as_lines=True).startswith("120 texts")
    assert "up to 40 words" in yours.lengths(FACTS) and "300" in yours.lengths(FACTS)


def test_the_vocabulary_to_begin_with_fits_the_corpus_and_the_host():
    assert yours.usual_vocabulary(FACTS, 20_000) == 702
    assert yours.usual_vocabulary({**FACTS, "different_words": 90_000}, 20_000) == Choices.vocabulary
    assert yours.usual_vocabulary({**FACTS, "different_words": 90_000}, 300) == 300
    assert [yours.known_share(FACTS, size) for size in (100, 500, 701, 5_000)] == [0, 0.8, 0.8, 1.0]


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "a second"), (45, "45 seconds"), (150, "2 minutes"), (9_000, "2.5 hours")]
)
def test_time_is_told_as_people_do(seconds, said):
    assert yours.duration(seconds) == said


def test_an_estimate_says_where_it_is_from_and_what_the_host_allows():
    assert "30 to 60 seconds" in yours.estimated(Estimate(30, 60, True), 180)
    assert "the last training" in yours.estimated(Estimate(30, 60, True), 180)
    guessed = yours.estimated(Estimate(3_000, 12_000, False), 180)
    assert "guessed" in guessed and "50 minutes to 3.3 hours" in guessed and "after 180 minutes" in guessed


def test_more_to_learn_takes_longer_and_a_training_on_this_machine_counts(tmp_path, monkeypatch):
    monkeypatch.setenv("SIMMER_HOME", str(tmp_path))
    usual = Choices()
    for larger in (Choices(units=256), Choices("stacked_lstm"), Choices("large")):
        assert operations(larger, 5_000) > operations(usual, 5_000) > operations(Choices("gru"), 5_000)
    guess = estimate(usual, 5_000, 400_000, 1e10)
    assert not guess.measured and guess.low < guess.high
    assert estimate(Choices(epochs=30), 5_000, 400_000, 1e10).high > 1.8 * guess.high
    assert estimate(usual, 5_000, 400_000, 1e9).low > 2 * guess.low
    speed.remember(10_000.0, usual, 5_000)  # words a second
    known = estimate(usual, 5_000, 400_000, 1e10)
    middle = speed.START + usual.epochs * (speed.AN_EPOCH + 40)
    assert known.measured and known.low < middle < known.high


def test_the_curve_has_its_lines_and_its_verdict():
    rows = yours.curve_rows(HISTORY, LINES, 10)
    by_label = {label: [r for r in rows if r["label"] == label] for label in {r["label"] for r in rows}}
    assert [row["value"] for row in by_label["this network"]] == [60.0, 30.0, 20.0]
    assert {row["value"] for row in by_label["Kneser-Ney 5-gram"]} == {25.0}
    assert max(row["epoch"] for row in by_label["unigram"]) > 10
    charts.chart(charts.curves_spec(rows, now=3, log=True)).to_dict()
    assert "0.80 times the 25.0" in yours.verdict(HISTORY, LINES)
    assert yours.curve_rows({"epochs": []}, LINES, 10) == [] and yours.verdict({"epochs": []}, LINES) == ""


def test_a_comparison_begins_with_what_the_corpus_has():
    assert yours.beginning({"examples": [{"title": "Pie", "steps": ["Bake."]}]}) == ("Pie", "")
    assert yours.beginning({"examples": [{"title": "", "steps": ["Call me Ishmael, he"]}]}) == (
        "",
        "Call me Ishmael,",
    )
    assert yours.beginning({})[0]


def test_how_a_training_stands():
    progress = {"epoch": 2, "epochs": 4, "batch": 5, "batches": 10, "words_per_second": 1234.5, "loss": 3.21,
                "seconds_left": 600}  # fmt: skip
    assert yours.done_share(progress) == pytest.approx((1 + 0.5) / 4) and yours.done_share({}) == 0
    said = yours.standing({"state": "training", "message": ""}, progress, 0)
    assert "Epoch 2 of 4" in said and "1,234 words a second" in said and "10 minutes left" in said
    assert "2 other trainings first" in yours.standing({"state": "waiting", "message": ""}, {}, 2)
    assert (
        yours.standing({"state": "failed", "message": "The disk is full."}, progress, 0)
        == "The disk is full."
    )
