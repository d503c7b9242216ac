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
    assert "nearest at T = 0.2, all measures" in text


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
    nearest = nearest_to_human(series)
    if nearest:
        assert f"nearest at T = {nearest.temperature:g}, all measures" in text
        distances = np.zeros(count)
        for name in columns:
            values, target = np.array(columns[name]), human[name]
            if MEASURES[name].logarithmic:
                values, target = np.log(values), math.log(target)
            if np.ptp(values) >= 1e-12:
                distances += ((values - target) / np.ptp(values)) ** 2
                assert nearest.of[name] == series.temperatures[int(np.abs(values - target).argmin())]
        assert distances[series.temperatures.index(nearest.temperature)] == pytest.approx(distances.min())
    if meeting := as_diverse_as_human(series):
        at, perplexity = meeting
        assert np.interp(at, series.temperatures, columns["self_bleu"]) == pytest.approx(
            human["self_bleu"], abs=1e-9
        )
        assert min(columns["perplexity"]) * 0.999 <= perplexity <= max(columns["perplexity"]) * 1.001


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
