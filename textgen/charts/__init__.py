"""Tidy rows in, Vega-Lite specs out: the same charts in the app and in a notebook.

`x_spec(rows)` is a dict, and `chart(spec)` makes an Altair chart of it. Building and checking an Altair chart
takes a tenth of a second, so a spec is prepared once and only its named data change; a front end that keeps
the chart's identity can then update it in place, without a flicker.

Words are data, never markup. Text colours are left to the theme around, so that charts read in light and
dark. Two colour scales serve every page: `temperature_color` and `SURPRISAL_COLOR`; both keep 3:1 contrast
on light and dark grounds and stay apart for colour-blind eyes.
"""

from textgen.charts.base import DASHES, MUTED, SURPRISAL_COLOR, Row, Spec, chart, temperature_color
from textgen.charts.cell import NEGATIVE, POSITIVE, memory_spec, tint
from textgen.charts.compare import TIMELINE_MEASURES, live_spec, step_spec, timeline_spec
from textgen.charts.guess import posterior_spec
from textgen.charts.many import chances_spec, distinct_spec
from textgen.charts.models import curves_spec, reliability_spec, scaling_spec
from textgen.charts.sweep import front_spec, sweep_spec
from textgen.charts.verbs import LINE_UNITS, Look, dishes_spec, heat_map_spec, line_looks, lines_spec

__all__ = [
    "DASHES",
    "LINE_UNITS",
    "MUTED",
    "NEGATIVE",
    "POSITIVE",
    "SURPRISAL_COLOR",
    "TIMELINE_MEASURES",
    "Look",
    "Row",
    "Spec",
    "chances_spec",
    "chart",
    "curves_spec",
    "dishes_spec",
    "distinct_spec",
    "front_spec",
    "heat_map_spec",
    "line_looks",
    "lines_spec",
    "live_spec",
    "memory_spec",
    "posterior_spec",
    "reliability_spec",
    "scaling_spec",
    "step_spec",
    "sweep_spec",
    "temperature_color",
    "timeline_spec",
    "tint",
]
