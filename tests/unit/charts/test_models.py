"""How networks learned, and which temperature suits them, as charts."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import pytest
from recorded import CALIBRATION, HISTORY

from textgen import charts
from textgen.views import models as model_tables


def charts_of(history=HISTORY, now=1, era="modern"):
    known = SimpleNamespace(name="a", measured={"calibration": CALIBRATION})
    return {
        "perplexity": charts.curves_spec(model_tables.curve_rows(history, "perplexity"), now=now, log=True),
        "loss": charts.curves_spec(model_tables.curve_rows(history, "loss"), now=now, apart=True),
        "scaling": charts.scaling_spec(model_tables.scaling_rows([known], era)),
        "reliability": charts.reliability_spec(model_tables.reliability_rows(known, era)),
    }


def test_another_epoch_changes_data_only_so_that_a_chart_is_updated_in_place():
    for now in (0, 2):
        for name, spec in charts_of(now=now).items():
            first = charts_of()[name]
            assert {**spec, "datasets": None} == {**first, "datasets": None}
            for table in spec["datasets"]:
                columns = [set(row) for row in spec["datasets"][table] + first["datasets"][table]]
                assert columns and all(row == columns[0] for row in columns), (name, table)


def test_losses_of_different_stages_are_not_joined():
    assert len({row["part"] for row in charts_of()["loss"]["datasets"]["curves"]}) == 2
    assert len({row["part"] for row in charts_of()["perplexity"]["datasets"]["curves"]}) == 2  # the eras
    stages = charts_of()["loss"]["datasets"]["stages"]
    assert [(s["stage"], s["start"], s["end"]) for s in stages] == [("all", 0.5, 1.5), ("modern", 1.5, 2.5)]


def test_the_chosen_epoch_is_marked_with_its_values_and_the_untrained_network_has_none():
    reached = charts_of(now=1)["perplexity"]["datasets"]["reached"]
    assert {row["epoch"] for row in reached} == {1} and all(row["text"] for row in reached)
    nothing = charts_of(now=0)["perplexity"]["datasets"]
    assert [row["epoch"] for row in (*nothing["reached"], *nothing["now"])] == [None, None]


def curves(*lines, now, **options):
    """Of eras "a", "b", …, each with its perplexities by epoch."""
    rows = [
        {"epoch": epoch, "stage": "all", "label": label, "value": value, "text": f"{value:g}"}
        for label, line in zip("abc", lines, strict=False)
        for epoch, value in enumerate(line, 1)
    ]
    return charts.curves_spec(rows, now=now, log=True, **options)["datasets"]


def test_where_lines_end_a_value_stands_beside_its_name_and_neither_over_another():
    shown = curves((40, 24), (30, 18.7), (20, 18.6), now=2)
    assert [end["label"] for end in sorted(shown["ends"], key=lambda end: end["place"])] == [
        "c 18.6",
        "b 18.7",
        "a 24",
    ]
    assert np.diff(sorted(np.log([end["place"] for end in shown["ends"]]))).min() > 0.05
    assert [row["text"] for row in shown["reached"]] == ["", "", ""] and len(shown["reached"]) == 3


def test_of_three_values_the_one_between_stands_where_there_is_more_room():
    def above(*values):
        return [row["above"] for row in curves(*[(value, 10) for value in values], now=1)["reached"]]

    assert above(30, 20, 19) == [True, True, False]
    assert above(30, 29, 19) == [True, False, False]


def test_an_epoch_without_a_figure_is_still_within_the_picture():
    spec = charts.curves_spec(model_tables.curve_rows(HISTORY, "loss"), now=9, epochs=9)
    assert '"domain": [0, 9.5]' in json.dumps(spec)


def test_the_minimum_is_marked_in_the_colour_of_its_temperature():
    (best,) = charts_of()["scaling"]["datasets"]["best"]
    assert (best["temperature"], best["perplexity"]) == (1.2, 19.5)
    assert best["color"] == charts.temperature_color(1.2)
    points = charts_of()["reliability"]["datasets"]["reliability"]
    assert {row["color"] for row in points} == {charts.temperature_color(t) for t in (0.5, 1.5)}


def test_names_at_the_ends_of_lines_stand_apart():
    rows = [
        {"network": name, "temperature": t, "perplexity": 20.0 + t + n / 100, "best": False}
        for n, name in enumerate("abcd")
        for t in (0.5, 1.0, 2.0)
    ]
    places = np.log([end["place"] for end in charts.scaling_spec(rows)["datasets"]["ends"]])
    low, high = 15, 150  # the plot spans about a decade
    assert np.diff(places).min() > 0.04 * np.log(high / low)


def test_charts_without_data_are_refused_and_all_are_valid():
    for spec in (charts.scaling_spec, charts.reliability_spec):
        with pytest.raises(ValueError, match="without"):
            spec([])
    with pytest.raises(ValueError, match="without"):
        charts.curves_spec([], now=1)
    known = SimpleNamespace(name="a", measured={"calibration": CALIBRATION})
    for spec in (
        charts.curves_spec(model_tables.curve_rows(HISTORY, "perplexity"), now=1, log=True),
        charts.scaling_spec(model_tables.scaling_rows([known], "modern")),
        charts.reliability_spec(model_tables.reliability_rows(known, "modern")),
    ):
        assert charts.chart(spec).to_dict()["layer"]
