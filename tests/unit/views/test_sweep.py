"""What is said of a study is true of its numbers, whatever they are."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from studies import PEOPLE, RISING, made_up

from textgen.measuring.diversity import MEASURES, NAMES
from textgen.measuring.study.settings import Settings
from textgen.measuring.study.table import Study
from textgen.views.sweep import (
    COMPARED,
    as_diverse_as_human,
    curve_rows,
    figure,
    front_rows,
    in_words,
    nearest_to_human,
    paragraph,
    series_of,
)

UNKNOWN = np.full(len(NAMES), np.nan)


def test_the_paragraph_by_hand():
    text = paragraph(made_up(RISING, PEOPLE, texts=12))
    assert "From T = 0 to T = 0.3, effective choices rise from 1.00 to 27.0" in text
    assert "Self-BLEU-4 falls from 1.00 to 0.10" in text and "perplexity rises from 2.00 to 64.0" in text
    assert "repeat themselves most at T = 0.1: 20 %" in text
    assert "At T = 0 all 12 texts are the same text" in text
    # 0.4 lies half way from 0.6 at T = 0.1 to 0.2 at T = 0.2; the perplexity half way from 4 to 16 is 8.
    assert "(0.40, at about T = 0.15), their perplexity is 8.00; that of human text is 20.0" in text
    # Nearest by their logarithms: choices and perplexity at 0.2. Self-BLEU lies as near at 0.1 as at 0.2.
    assert re.search(r"nearest (between T = 0.1 and T = 0.2|at T = 0.2): . of the 3 measures", text)
    assert "Not counted: repetition (next to none in human text)." in text


def test_where_intervals_overlap_nothing_rises_or_falls():
    text = paragraph(made_up({"choices": [5.0, 5.1, 5.2], "perplexity": [3.0, 3.0, 2.9]}, width=1.0))
    assert "go, within their intervals, from 5.00 to 5.20" in text
    assert "goes, within its intervals, from 3.00 to 2.90" in text
    assert not re.search(r"\b(rises?|falls?)\b", text)


def test_little_to_say_of_little():
    assert paragraph(Study(Settings(("soup",), (1.0,), ("net",), judges=("",)))) == "Nothing is finished yet."
    one = paragraph(made_up({name: values[:1] for name, values in RISING.items()}, PEOPLE, [1.0]))
    assert one.startswith("At T = ") and "From" not in one and "Human" not in one
    assert "not known" not in one


shares = st.floats(0, 1)
amounts = st.floats(1, 1e5)


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_the_paragraph_is_true_of_any_figures(data):
    count = data.draw(st.integers(2, 6))
    columns = {
        name: data.draw(
            st.lists(amounts if not MEASURES[name].share else shares, min_size=count, max_size=count)
        )
        for name in ("choices", "self_bleu", "perplexity", "repetition", "copied")
    }
    human = {name: data.draw(amounts if not MEASURES[name].share else shares) for name in columns}
    study = made_up(columns, human, width=data.draw(st.floats(0, 0.3)), texts=5)
    text = paragraph(study)
    (series,) = series_of(study)
    for name, label in (
        ("choices", "effective choices"),
        ("self_bleu", "Self-BLEU-4"),
        ("perplexity", "perplexity"),
    ):
        first, last = (figures.of(name) for figures in (series.points[0][1], series.points[-1][1]))
        said = re.search(rf"{label} (\w+)[\w, ]* from (\S+) to (\S+?)[,.]( |$)", text)
        assert said and said[2] == figure(first[0], name) and said[3] == figure(last[0], name)
        if said[1].startswith("rise"):
            assert last[1] > first[2] and last[0] > first[0]
        elif said[1].startswith("fall"):
            assert last[2] < first[1] and last[0] < first[0]
        else:
            assert max(first[1], last[1]) <= min(first[2], last[2])
    if said := re.search(r"most at T = ([\d., ]+): ", text):
        heats = {float(t) for t in said[1].split(", ")}
        most = max(columns["repetition"])
        assert heats == {
            t for t, value in zip(series.temperatures, columns["repetition"], strict=True) if value == most
        }
    if nearest := nearest_to_human(series, study.settings.max_words):
        assert " ".join(nearest.sentences()) in text
        for name, heat in nearest.of.items():
            values, target = np.array(columns[name]), human[name]
            if MEASURES[name].logarithmic:
                values, target = np.log(values), math.log(target)
            assert heat == series.temperatures[int(np.abs(values - target).argmin())]
            assert (name in nearest.at_edge) == (heat in (series.temperatures[0], series.temperatures[-1]))
        if nearest.interval is None:
            assert "no temperature of this range" in text
        else:
            low, high = nearest.interval
            assert series.temperatures[0] < low <= high < series.temperatures[-1]
            inside = [low <= heat <= high for heat in nearest.of.values()]
            assert sum(inside) == len(nearest.within()) >= 0.75 * len(inside)
    if meeting := as_diverse_as_human(series):
        at, perplexity = meeting
        assert np.interp(at, series.temperatures, columns["self_bleu"]) == pytest.approx(
            human["self_bleu"], abs=1e-9
        )
        assert min(columns["perplexity"]) * 0.999 <= perplexity <= max(columns["perplexity"]) * 1.001


# What a released network's study found, by and large: all but one of the measures that count agree.
FOUND = {
    "choices": [1, 9, 16, 30, 90],
    "self_bleu": [1.0, 0.5, 0.3, 0.2, 0.05],
    "perplexity": [2, 10, 20, 60, 900],
    "verbs": [0.1, 0.15, 0.13, 0.12, 0.02],
    "oddness": [-0.9, -0.7, -0.5, -0.2, 0.5],
    "words": [57.0, 58.0, 58.5, 57.0, 59.5],
    "ended": [0.3, 0.2, 0.12, 0.25, 0.05],
    "repetition": [0.2, 0.02, 0.0, 0.0, 0.0],
}
HEATS = [0.0, 0.5, 1.0, 1.5, 2.0]
HUMAN = {"choices": 17, "self_bleu": 0.31, "perplexity": 21, "verbs": 0.12, "oddness": -0.52}
CAPPED = {"words": 55.8, "ended": 0.19, "repetition": 0.003}


def nearness(columns, human, **more):
    study = made_up(columns, human, temperatures=HEATS, **more)
    return nearest_to_human(series_of(study)[0], study.settings.max_words)


def test_measures_that_the_settings_cap_do_not_count():
    found = nearness(FOUND, HUMAN | CAPPED, max_words=60)
    assert set(found.left_out) == {"words", "ended", "repetition"}
    assert found.interval == (1.0, 1.0) and set(found.of) - set(found.within()) == {"verbs"}
    text = " ".join(found.sentences())
    assert "nearest at T = 1: 4 of the 5 measures that count" in text
    assert "elsewhere: recipe verbs at T = 1.5" in text
    assert "length, ended by itself (the limit of 60 words decides)" in text
    # The same where the limit leaves most human texts whole.
    whole = nearness(FOUND, HUMAN | {"words": 57.5, "ended": 0.75}, max_words=200)
    assert {"words", "ended"} <= set(whole.of) and not whole.left_out.keys() & {"words", "ended"}


def test_the_edge_of_the_range_is_never_an_answer():
    beyond = {"choices": 500, "self_bleu": 0.03, "perplexity": 4000, "oddness": 0.9}
    found = nearness({name: FOUND[name] for name in beyond}, beyond)
    assert found.interval is None and found.at_edge == set(beyond)
    (sentence,) = found.sentences()
    assert sentence.startswith("Human text is nearest at no temperature of this range: 4 of the 4 measures")


def test_series_are_named_by_what_differs():
    study = made_up(RISING, prompts=("soup", "pie"), temperatures=[0, 1, 2, 3])
    assert [series.label for series in series_of(study)] == ["soup", "pie"]
    assert [series.label for series in series_of(made_up(RISING))] == ["the network"]
    assert paragraph(study).count("From T = 0 to T = 3") == 2
    assert "soup: From" in paragraph(study)


def test_rows_for_charts():
    study = made_up(RISING, PEOPLE, width=0.05)
    rows = curve_rows(study, "perplexity")
    assert [row["value"] for row in rows] == RISING["perplexity"]
    assert {row["human"] for row in rows} == {20.0}
    assert rows[1]["low"] == pytest.approx(3.95) and rows[1]["text"] == "4.00 (3.95 to 4.05)"
    assert curve_rows(study, "verbs") == []
    assert "Human text: 20.0" in in_words(rows, "perplexity")
    front = front_rows(study)
    assert [row["marked"] for row in front[:-1]] == [False, False, True, False]
    assert (front[-1]["temperature"], front[-1]["self_bleu"]) == (None, 0.4)
    assert set(COMPARED) < set(NAMES)
