"""The colours of a unit, and how long a title is remembered."""

from __future__ import annotations

import numpy as np
from measured_memory import MEASURED

from textgen import charts
from textgen.views.cell import memory_rows


def test_how_long_a_title_is_remembered_on_scales_that_know_no_0():
    rows = memory_rows({"gru": MEASURED, "lstm": {**MEASURED, "bits": [0.2, 0.05, 0.0]}}, "lstm")
    spec = charts.memory_spec(rows)
    assert charts.chart(spec).to_dict()["datasets"] == spec["datasets"]
    assert all(row["bits"] > 0 for row in spec["datasets"]["lines"])  # the scale is logarithmic
    places = sorted(np.log10(end["place"]) for end in spec["datasets"]["ends"])
    assert np.diff(places).min() > 0.08  # names do not cover each other


def test_tints_are_clear_at_0_and_full_at_the_ends():
    assert "0%" in charts.tint(0, 2) and charts.POSITIVE in charts.tint(1, 2)
    assert "50%" in charts.tint(-1, 2) and charts.NEGATIVE in charts.tint(-1, 2)
    assert "100%" in charts.tint(5, 2)
