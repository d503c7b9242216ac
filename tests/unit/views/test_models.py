"""Rows of the models page: what networks are, write together, recorded, and are calibrated to."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import pytest
from networks import random_model, vocabulary
from recorded import CALIBRATION, HISTORY, PROMPT, WORDS

from textgen import charts
from textgen.network.bundle import MODELS, available_bundles, load_bundle
from textgen.text.vocabulary import Vocabulary
from textgen.views import models as model_tables
from textgen.views.compare import Comparison
from textgen.writing.generate import generations
from textgen.writing.sampling import Sampler

HEATS = (0.0, 0.8, 1.5)


def network(seed: int, name: str, size: int = 60):
    return SimpleNamespace(
        model=random_model(size, seed=seed), vocabulary=vocabulary(size), name=name, card={}, measured={}
    )


def compare(bundle, words: int = 10, seed: int = 4) -> Comparison:
    samplers = [Sampler(heat, suppress=(1,)) for heat in HEATS]
    runs = generations(bundle, "recipe for w3 | w5", samplers=samplers, max_tokens=words, seed=seed)
    return Comparison(bundle, runs)


THREE = [compare(network(seed, name)) for seed, name in enumerate("abc")]


def panels(rows):
    split: dict[int, list] = {}
    for row in rows:
        split.setdefault(row["panel"], []).append(row)
    return split


@pytest.mark.parametrize("run", [0, 1, 2])
@pytest.mark.parametrize("position", [0, 3])
def test_every_network_shows_the_same_words_and_its_own_distribution(run, position):
    rows = panels(model_tables.step_rows(THREE, run, position))
    assert list(rows) == [0, 1, 2]
    picks = set()
    for one, panel in zip(THREE, rows.values(), strict=True):
        assert {row["heading"] for row in panel} == {one.bundle.name}
        assert {row["temperature"] for row in panel} == {HEATS[run]}
        assert [row["label"] for row in panel] == [row["label"] for row in rows[0]]
        assert sum(row["probability"] for row in panel) == pytest.approx(1, abs=1e-12)
        step = one.steps_at(position)[run]
        expected = one.runs[run].sampler.distribution(one.bundle.model.logits(step.hidden))
        for row in panel[:-1]:
            token = one.bundle.vocabulary.encode([row["word"]])[0]
            assert row["probability"] == pytest.approx(expected[token], abs=1e-12)
            assert row["picked"] == (token == step.token)
        picks |= {step.word}
    assert picks <= {row["word"] for row in rows[0]}
    charts.chart(charts.step_spec([row for panel in rows.values() for row in panel])).to_dict()


def test_the_likeliest_words_of_each_network_are_among_those_shown():
    shown = {row["word"] for row in model_tables.step_rows(THREE, 1, 0)}
    for one in THREE:
        probs = one.runs[1].sampler.distribution(one.bundle.model.logits(one.steps_at(0)[1].hidden))
        assert one.bundle.vocabulary.words[int(probs.argmax())] in shown


def test_a_network_that_has_ended_keeps_its_panel():
    short = [*THREE[:2], compare(network(2, "c"), words=2)]
    rows = panels(model_tables.step_rows(short, 1, 5))
    assert [row["order"] for row in rows[2]] == [None] and rows[2][0]["heading"] == "c"
    assert "c has ended" in model_tables.step_summary(short, 1, 5)
    assert "a: likeliest" in model_tables.step_summary(short, 1, 5)


def test_marks_name_the_first_word_where_networks_part_and_both_their_numbers():
    for run in range(3):
        marks = model_tables.marks(THREE, run)
        assert marks[0] is None
        for left, here, mark in zip(THREE, THREE[1:], marks[1:], strict=False):
            words = [[step.word for step in one.runs[run].steps] for one in (left, here)]
            differ = [i for i, (a, b) in enumerate(zip(*words, strict=False)) if a != b]
            assert mark.position == differ[0]
            assert f"{left.bundle.name} gave" in mark.reason and f"{here.bundle.name} gives" in mark.reason
            shares = []
            for one in (left, here):
                step = one.runs[run].steps[mark.position]
                probs = one.runs[run].sampler.distribution(one.bundle.model.logits(step.hidden))
                shares += [probs[one.bundle.vocabulary.encode([w[mark.position]])[0]] for w in words]
            for share in shares:
                assert model_tables.percent(float(share)) in mark.reason


def test_equal_networks_write_equal_texts_and_have_no_mark():
    twins = [compare(network(1, "a")), compare(network(1, "b"))]
    assert [run.words for run in twins[0].runs] == [run.words for run in twins[1].runs]
    assert [model_tables.marks(twins, run) for run in range(3)] == [[None, None]] * 3


def test_another_vocabulary_is_found():
    one, same, longer = network(0, "one"), network(5, "same"), network(0, "longer", size=61)
    other = SimpleNamespace(name="other", vocabulary=Vocabulary([*vocabulary(59).words, "pear"]))
    assert model_tables.strangers([one, same]) == []
    assert model_tables.strangers([one, other, same, longer]) == ["other", "longer"]


@pytest.mark.parametrize("name", available_bundles())
def test_layers_add_up_and_their_arithmetic_is_right(name):
    bundle = load_bundle(name)
    rows = model_tables.layer_rows(bundle)
    assert sum(row["parameters"] for row in rows) == bundle.card["architecture"]["parameters"]
    assert sum(row["share"] for row in rows) == pytest.approx(1)
    for row in rows:
        terms = row["arithmetic"].replace("×", "*").replace(",", "")
        assert set(terms) <= set("0123456789*+() ") and eval(terms) == row["parameters"]
    for before, after in itertools.pairwise(rows):
        assert before["outputs"] == after["inputs"]


@pytest.mark.parametrize("name", available_bundles())
def test_figures_are_those_of_card_file_and_measurement(name):
    bundle = load_bundle(name)
    row = model_tables.figure_row(bundle, 123.0)
    assert row["modern"] == bundle.card["evaluation"]["modern"]["perplexity"]
    assert row["title_bits"] == bundle.card["title_information"]["modern"]["bits"]
    best = bundle.measured["calibration"]["eras"]["modern"]["best"]
    assert row["best_temperature"] == best["temperature"] and row["words_per_second"] == 123.0
    assert row["megabytes"] == (MODELS / name / "model.keras").stat().st_size / 1e6
    assert row.keys() == model_tables.reference_row().keys()


def test_a_card_that_says_nothing_leaves_gaps():
    row = model_tables.figure_row(network(0, "new"))
    assert row["parameters"] == sum(part.parameters for part in random_model(60).parts)
    gaps = {name for name, value in row.items() if value is None}
    assert {"modern", "historic", "title_bits", "best_temperature", "megabytes"} <= gaps


def test_speed_counts_the_words_written():
    found = model_tables.words_per_second([network(0, "a"), network(1, "b")], words=4, rounds=2)
    assert found.keys() == {"a", "b"} and all(value > 0 for value in found.values())


def test_recorded_rows_hold_what_was_recorded_and_the_rest_as_one():
    rows = panels(model_tables.recorded_rows(HISTORY, PROMPT, 2))
    assert [panel[0]["heading"] for panel in rows.values()] == ["T = 0.5", "T = 1"]
    for panel, recorded in zip(rows.values(), WORDS[2].values(), strict=True):
        assert [(row["word"], row["probability"]) for row in panel[:-1]] == [tuple(pair) for pair in recorded]
        assert panel[-1]["tail"] and sum(row["probability"] for row in panel) == pytest.approx(1)
        assert not any(row["picked"] for row in panel)
    assert "“cut” with 70 %" in model_tables.recorded_summary(HISTORY, PROMPT, 2)
    assert model_tables.recorded_rows(HISTORY, PROMPT, 7) == []
    charts.chart(charts.step_spec(model_tables.recorded_rows(HISTORY, PROMPT, 2))).to_dict()


def test_a_word_that_was_not_recorded_has_no_row():
    rows = model_tables.learning_rows(HISTORY, PROMPT, 0.5)
    recorded = {(row["column"], row["label"]): row["value"] for row in rows}
    assert recorded == {
        ("1", "cut"): 0.6,
        ("2", "cut"): 0.7,
        ("1", "boil"): 0.3,
        ("2", "■ end of recipe"): 0.2,
    }
    warm = model_tables.learning_rows(HISTORY, PROMPT, 1.0)
    assert [row["label"] for row in warm] == [row["label"] for row in rows], "one choice of words for all"
    assert len({row["label"] for row in model_tables.learning_rows(HISTORY, PROMPT, 0.5, most=1)}) == 1


def test_samples_and_curves_in_order():
    assert [(row["epoch"], row["temperature"]) for row in model_tables.sample_rows(HISTORY, PROMPT)] == [
        (e, t) for e in (0, 1, 2) for t in (0.5, 1.0)
    ]
    assert model_tables.recorded_epochs(HISTORY) == [0, 1, 2]
    assert model_tables.recorded_prompts(HISTORY) == [PROMPT, "recipe for soup |"]
    assert model_tables.recorded_temperatures(HISTORY) == [0.5, 1.0]
    rows = model_tables.curve_rows(HISTORY, "perplexity")
    assert [(row["epoch"], row["label"], row["value"]) for row in rows] == [
        (1, "modern", 40.0), (1, "historic", 30.0), (2, "modern", 35.0), (2, "historic", 29.0)
    ]  # fmt: skip
    assert [row["value"] for row in model_tables.curve_rows(HISTORY, "loss")] == [3.0, 4.0]
    for empty in ({}, {"epochs": [{"epoch": 1, "loss": None}]}):
        assert model_tables.curve_rows(empty, "loss") == model_tables.curve_rows(empty, "perplexity") == []
        assert model_tables.recorded_epochs(empty) == []


@pytest.mark.parametrize("name", available_bundles())
def test_the_record_of_a_released_network_is_whole(name):
    history = load_bundle(name).history
    epochs, heats = model_tables.recorded_epochs(history), model_tables.recorded_temperatures(history)
    assert epochs == list(range(len(epochs))) and heats == [0.2, 0.5, 1.0, 1.5]
    for prompt in model_tables.recorded_prompts(history):
        samples = model_tables.sample_rows(history, prompt)
        assert [(r["epoch"], r["temperature"]) for r in samples] == [(e, t) for e in epochs for t in heats]
        for epoch in (0, epochs[-1]):
            for panel in panels(model_tables.recorded_rows(history, prompt, epoch)).values():
                assert sum(row["probability"] for row in panel) == pytest.approx(
                    1, abs=1e-5
                )  # recorded with six decimals


def test_calibration_rows_say_what_was_stored_and_nothing_for_what_was_not():
    known = SimpleNamespace(name="a", measured={"calibration": CALIBRATION})
    bare = SimpleNamespace(name="b", measured={})
    rows = model_tables.scaling_rows([known, bare], "modern")
    assert [(row["temperature"], row["perplexity"], row["best"]) for row in rows] == [
        (1.0, 20.0, False), (2.0, 30.0, False), (1.2, 19.5, True)
    ]  # fmt: skip
    assert model_tables.scaling_rows([known], "historic") == model_tables.scaling_rows([bare], "modern") == []
    (line,) = model_tables.scaling_table([known, bare])
    assert line == {
        "network": "a",
        "recipes": "modern",
        "best": 1.2,
        "interval": "1.15 to 1.25",
        "at best": 19.5,
        "at 1": 20.0,
        "ece 0.5": 0.3,
        "ece 1.5": 0.2,
    }
    points = model_tables.reliability_rows(known, "modern")
    assert [(row["temperature"], row["share"]) for row in points] == [(0.5, 0.25), (0.5, 0.75), (1.5, 1.0)]
    assert model_tables.reliability_rows(bare, "modern") == []
    said = model_tables.reliability_summary(known, "modern")
    assert "right in 40 %, overconfident" in said and "underconfident, calibration error 20 %" in said
