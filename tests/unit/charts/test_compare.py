"""Charts: valid Vega-Lite, the same spec whatever the numbers, colours that everyone can tell apart."""

from __future__ import annotations

import itertools
import json
import math

import numpy as np
import pytest
from comparisons import compare

from textgen import charts
from textgen.writing.sampling import Sampler

LIGHT, DARK = "#fffdfa", "#171512"


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


@pytest.mark.parametrize("bad", [-0.1, float("nan")])
def test_a_color_needs_a_temperature(bad):
    with pytest.raises(ValueError, match="0 or more"):
        charts.temperature_color(bad)


def test_colors_are_those_of_the_scale_and_stay_warm_beyond_it():
    assert charts.temperature_color(0) != charts.temperature_color(0.05)
    assert (
        charts.temperature_color(2) == charts.temperature_color(50) == charts.temperature_color(float("inf"))
    )
    assert len({charts.temperature_color(i / 20) for i in range(41)}) == 41


def linear(color):
    values = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def luminance(color):
    return float(linear(color) @ (0.2126, 0.7152, 0.0722))


def contrast(a, b):
    high, low = sorted((luminance(a), luminance(b)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("ground", [LIGHT, DARK])
def test_colors_stand_out_in_light_and_dark(ground):
    # 3:1 is what WCAG 2.2 asks of graphics and of large text.
    for i in range(41):
        assert contrast(charts.temperature_color(i / 20), ground) >= 3
    assert contrast(charts.SURPRISAL_COLOR, ground) >= 3
    assert contrast(charts.MUTED, ground) >= 3
    rows = [{"label": str(n)} for n in range(25)]
    lines = {look.color for look in charts.line_looks(rows).values()}
    assert len(lines) == 5
    assert all(contrast(color, ground) >= 3 for color in lines - {"currentColor"})


# Linear RGB as seen without one kind of cone: Viénot, Brettel & Mollon (1999), for dichromats.
PROTANOPIA = np.array([[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]])
DEUTERANOPIA = np.array([[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]])


def lab(rgb):
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ rgb
    scaled = xyz / (0.9505, 1, 1.089)
    f = np.where(scaled > 0.008856, np.cbrt(scaled), 7.787 * scaled + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize(
    "sight", [np.eye(3), PROTANOPIA, DEUTERANOPIA], ids=["all", "protanopia", "deuteranopia"]
)
def test_cold_mild_and_hot_look_different_to_everyone(sight):
    seen = [lab(np.clip(sight @ linear(charts.temperature_color(t)), 0, 1)) for t in (0.0, 0.7, 1.2, 2.0)]
    for a, b in itertools.combinations(seen, 2):
        assert np.linalg.norm(a - b) > 12  # CIE 1976; about 2.3 is just noticeable


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
