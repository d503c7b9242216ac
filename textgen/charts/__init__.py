"""Tidy rows in, Altair charts out: the same in the app and in a notebook.

Every chart comes twice: `x_chart(rows)` is an Altair chart, and `x_spec(rows)` the same as a Vega-Lite
dict. Building and checking an Altair chart takes a tenth of a second, so a spec is prepared once and only
its named data change; a front end that keeps the chart's identity can then update it in place, without a
flicker.

Words are data, never markup. Text colours are left to the theme around, so that charts read in light and
dark. Two colour scales serve every page: `temperature_color` and `SURPRISAL_COLOR`; both keep 3:1 contrast
on light and dark grounds and stay apart for colour-blind eyes.
"""

from textgen.charts.base import MUTED, SURPRISAL_COLOR, Row, Spec, temperature_color
from textgen.charts.cell import NEGATIVE, POSITIVE, memory_chart, memory_spec, tint
from textgen.charts.compare import (
    TIMELINE_MEASURES,
    live_chart,
    live_spec,
    step_chart,
    step_spec,
    timeline_chart,
    timeline_spec,
)
from textgen.charts.models import (
    curves_chart,
    curves_spec,
    reliability_chart,
    reliability_spec,
    scaling_chart,
    scaling_spec,
)
from textgen.charts.sweep import SWEEP_DASHES, front_chart, front_spec, sweep_chart, sweep_spec
from textgen.charts.verbs import (
    LINE_UNITS,
    Look,
    cells_chart,
    cells_spec,
    line_looks,
    lines_chart,
    lines_spec,
)

__all__ = [
    "LINE_UNITS",
    "MUTED",
    "NEGATIVE",
    "POSITIVE",
    "SURPRISAL_COLOR",
    "SWEEP_DASHES",
    "TIMELINE_MEASURES",
    "Look",
    "Row",
    "Spec",
    "cells_chart",
    "cells_spec",
    "curves_chart",
    "curves_spec",
    "front_chart",
    "front_spec",
    "line_looks",
    "lines_chart",
    "lines_spec",
    "live_chart",
    "live_spec",
    "memory_chart",
    "memory_spec",
    "reliability_chart",
    "reliability_spec",
    "scaling_chart",
    "scaling_spec",
    "step_chart",
    "step_spec",
    "sweep_chart",
    "sweep_spec",
    "temperature_color",
    "timeline_chart",
    "timeline_spec",
    "tint",
]
