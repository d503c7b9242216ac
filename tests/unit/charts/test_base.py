"""Colours that everyone can tell apart, on light and dark grounds."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from textgen import charts

LIGHT, DARK = "#fffdfa", "#171512"


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
