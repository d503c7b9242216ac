"""A comparison in charts: valid Vega-Lite, the same spec whatever the numbers."""

from __future__ import annotations

import itertools
import json
import math

import pytest
from comparisons import compare

from textgen import charts
from textgen.writing.sampling import Sampler


def specs(comparison, position=1):
    return {
        "step": charts.step_spec(comparison.step_rows(position)),
        "luck": charts.step_spec(comparison.step_rows(position), luck=True),
        "choices": charts.timeline_spec(comparison.timeline_rows(), step=position + 1),
        "probability": charts.timeline_spec(
            comparison.timeline_rows(), step=position + 1, measure="probability"
        ),
        "live": charts.live_spec(comparison.live_rows(0, position)),
    }


def test_every_chart_is_valid_vega_lite_and_plain_json():
    comparison = compare()
    rows, run = comparison.step_rows(1), comparison.timeline_rows()
    for spec in (
        charts.step_spec(rows),
        charts.step_spec(rows, luck=True),
        charts.live_spec(comparison.live_rows(0, 1)),
        charts.timeline_spec(run, step=2),
        charts.timeline_spec(run, step=2, measure="probability"),
    ):
        assert json.loads(json.dumps(charts.chart(spec).to_dict(), allow_nan=False))["layer"]


def test_only_data_change_so_that_a_page_can_update_a_chart_in_place():
    one, other = compare(), compare([Sampler(t) for t in (0.3, 0.0, 1.1, 0.7, 2.0, 1.0)], seed=9)
    for name, spec in specs(one).items():
        again = specs(other, position=4)[name]
        assert {**spec, "datasets": None} == {**again, "datasets": None}
        assert set(spec["datasets"]) == set(again["datasets"])
        for table in spec["datasets"]:  # a missing column would make Vega keep the old one
            columns = [set(row) for row in spec["datasets"][table] + again["datasets"][table]]
            assert columns and all(row == columns[0] for row in columns), (name, table)


def test_a_bar_is_as_long_as_its_probability():
    rows = compare().step_rows(1)
    bars = charts.step_spec(rows)["datasets"]["bars"]
    shown = [row for row in rows if row["order"] is not None]
    for bar, row in zip(bars, shown, strict=True):
        length = row["before"] if row["removed"] else row["probability"]
        assert bar["end"] - bar["left"] == pytest.approx(length)
        assert bar["full"] - bar["left"] == pytest.approx(1)
    lefts = sorted({(bar["left"], bar["full"]) for bar in bars})
    assert all(a[1] < b[0] for a, b in itertools.pairwise(lefts)), "panels must not overlap"


def test_an_unknown_measure_is_named():
    with pytest.raises(ValueError, match="choices, probability"):
        charts.timeline_spec([], step=1, measure="entropy")


@pytest.mark.parametrize("measure", ["choices", "probability"])
@pytest.mark.parametrize("values", [(0.5, 0.5, 0.5), (1.0, 1.0, 0.99), (0.2, 0.21, 0.9)])
def test_the_names_of_runs_that_end_together_stand_apart(measure: str, values: tuple[float, ...]) -> None:
    rows = [
        {
            "panel": panel, "temperature": 0.1 * panel, "name": f"T{panel}", "position": position,
            "word": "a", "choices": 1 + 400 * value, "probability": value, "parts": False,
            "last": position == 20,
        }
        for panel, value in enumerate(values)
        for position in range(1, 21)
    ]  # fmt: skip
    ends = charts.timeline_spec(rows, step=1, measure=measure)["datasets"]["ends"]
    top = math.log(max(row["choices"] for row in rows))
    heights = sorted(math.log(end["place"]) / top if measure == "choices" else end["place"] for end in ends)
    assert len(heights) == 3 and heights[0] >= 0 and heights[-1] <= 1 + 1e-9
    assert all(b - a > 0.1 for a, b in itertools.pairwise(heights))
    assert {end["name"]: end["value"] for end in ends} == {
        f"T{panel}": 1 + 400 * value if measure == "choices" else value for panel, value in enumerate(values)
    }
