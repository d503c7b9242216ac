"""The charts of a study: valid, from any figures, with the same colours as everywhere."""

from __future__ import annotations

import math

import pytest
from studies import PEOPLE, RISING, made_up

from textgen.charts import chart, front_spec, sweep_spec, temperature_color
from textgen.charts.sweep import _ticks
from textgen.views.sweep import curve_rows, front_rows


@pytest.mark.parametrize("logarithmic", [True, False])
@pytest.mark.parametrize("human", [PEOPLE, None])
def test_a_curve_is_a_valid_chart_of_its_rows(logarithmic, human):
    rows = curve_rows(made_up(RISING, human, width=0.5), "perplexity")
    spec = sweep_spec(rows, unit="of it", heats=(0, 1, 2), logarithmic=logarithmic, at=0.1, drawing=3)
    assert chart(spec).to_dict()
    data = spec["datasets"]
    assert [point["value"] for point in data["points"]] == RISING["perplexity"]
    assert [point["color"] for point in data["points"]] == [temperature_color(k / 10) for k in range(4)]
    assert [end["temperature"] for end in data["frame"]] == [0, 2]
    assert [place["drawing"] for place in data["places"]] == [3] * 4
    assert len(data["people"]) == (human is not None)
    assert data["now"][0]["temperature"] == 0.1


def test_lines_of_several_series_are_told_apart_without_colour():
    study = made_up(RISING, PEOPLE, prompts=("soup", "pie"))
    spec = sweep_spec(curve_rows(study, "choices"), unit="", heats=(0, 1))
    assert {point["series"] for point in spec["datasets"]["points"]} == {0, 1}
    dashes = [layer["encoding"]["strokeDash"] for layer in spec["layer"] if "strokeDash" in layer["encoding"]]
    assert len(dashes) == 1 and len({tuple(dash) for dash in dashes[0]["scale"]["range"]}) == 6
    assert "soup" in spec["datasets"]["places"][0]["line 1"]
    assert "pie" in spec["datasets"]["places"][0]["line 2"]


def test_the_front_names_human_text_once_and_the_marked_temperatures():
    study = made_up(RISING, PEOPLE, temperatures=[0.2, 0.5, 0.7, 1.2], prompts=("soup", "pie"))
    data = front_spec(front_rows(study), at=0.5)["datasets"]
    assert len(data["points"]) == 8 and len(data["now"]) == 2
    assert {name["name"] for name in data["names"]} == {"T = 0.2", "T = 0.7", "T = 1.2"}
    assert len(data["person"]) == 1
    assert chart(front_spec(front_rows(study))).to_dict()


@pytest.mark.parametrize("low", [1.0, 1.8, 3.0, 0.2, 12.0])
@pytest.mark.parametrize("factor", [1.0, 1.3, 5.0, 80.0, 1e5])
def test_a_logarithmic_axis_has_a_few_ticks_within_its_values(low, factor):
    ticks = _ticks([low, low * factor])
    assert len(ticks) <= 10
    assert all(0.85 * low <= tick <= 1.15 * low * factor for tick in ticks)
    if factor >= 5:
        assert len(ticks) >= 2
    assert _ticks([math.inf, 0.0]) == _ticks([1.0, 10.0])


def test_a_study_under_way_changes_data_alone_once_its_range_is_known():
    study = made_up({**RISING, "distinct_1": [0.1, 0.3, 0.2, 0.25]})
    heats = study.settings.temperatures
    whole = sweep_spec(curve_rows(study, "distinct_1"), unit="", heats=heats, at=0.1)
    del study.figures[study.settings.conditions[2]]
    part = sweep_spec(curve_rows(study, "distinct_1"), unit="", heats=heats, at=0.1)
    assert {**whole, "datasets": None} == {**part, "datasets": None}
