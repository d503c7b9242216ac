"""What all charts share: two colour scales, dashes, and how a prepared spec gets its data."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import altair as alt

Row = Mapping[str, Any]
Spec = dict[str, Any]

# Cool to warm, nearly constant in lightness so that every step is legible on white and on near-black.
_TEMPERATURE_STOPS: tuple[tuple[float, tuple[int, int, int]], ...] = (
    (0.0, (46, 102, 224)),
    (0.5, (134, 88, 214)),
    (1.0, (196, 74, 142)),
    (1.5, (214, 86, 48)),
    (2.0, (204, 124, 18)),
)
TEMPERATURE_SCALE: dict[str, Any] = {  # the same, for a scale inside a chart
    "domain": [stop for stop, _ in _TEMPERATURE_STOPS],
    "range": ["#" + "".join(f"{channel:02x}" for channel in rgb) for _, rgb in _TEMPERATURE_STOPS],
    "interpolate": "rgb",
}
SURPRISAL_COLOR = "#1f9e89"  # one hue; strength is set by how surprising the word is
MUTED = "#85817b"  # readable on both grounds, for rules, tracks and secondary text
INK = "currentColor"  # the text colour of whatever page the chart stands on
COLOR = alt.Color("color:N").scale(None).legend(None)
FADED = 0.45
ROW = 22  # pixels a word
# Lines are told apart without colour.
DASHES: tuple[tuple[int, ...], ...] = ((1, 0), (7, 3), (2, 2), (10, 3, 2, 3), (1, 4), (14, 4))


@lru_cache(maxsize=512)
def temperature_color(temperature: float) -> str:
    """The hex colour of a temperature: blue at 0, amber at 2 and beyond, the same on every page.

    Raises `ValueError` on a negative or NaN temperature.
    """
    if not temperature >= 0:
        raise ValueError(f"a temperature is 0 or more, not {temperature}")
    heat = min(temperature, _TEMPERATURE_STOPS[-1][0])
    for (low, cool), (high, warm) in itertools.pairwise(_TEMPERATURE_STOPS):
        if heat <= high:
            share = (heat - low) / (high - low)
            return "#" + "".join(f"{round(c + (w - c) * share):02x}" for c, w in zip(cool, warm, strict=True))
    raise AssertionError("unreachable: the last stop bounds every temperature")


def filled(template: Spec, **data: Sequence[Row]) -> Spec:
    """`template` with its named data. All but the data is shared with the template, and only to be read: who
    wants to change a spec makes a copy."""
    return {**template, "datasets": {name: list(rows) for name, rows in data.items()}}


def finished(chart: alt.LayerChart | alt.FacetChart) -> Spec:
    """The spec; single marks are not described one by one, as each chart has a text that says its point. Only
    what asks for a tooltip has one: the page would show the names and numbers of all its fields otherwise."""
    spec = chart.configure_view(stroke=None).configure_mark(aria=False).to_dict()
    spec["config"]["mark"]["tooltip"] = None
    return spec


def chart(spec: Spec) -> alt.LayerChart:
    """A spec of this package as an Altair chart, for a notebook."""
    return alt.LayerChart.from_dict(spec)


def dash_of(number: str) -> alt.StrokeDash:
    """The dash of a line by its field `number`, from 0; after the last of `DASHES` the first comes again."""
    return alt.StrokeDash(f"{number}:O").scale(domain=list(range(len(DASHES))), range=DASHES).legend(None)


def words_axis(room: int = 130, **options: Any) -> alt.Y:
    """Words as labels of rows, cut to `room` pixels."""
    return (
        alt.Y("label:N")
        .sort(field="order", op="min")
        .title(None)
        .axis(
            labelLimit=room,
            labelFontSize=13,
            labelPadding=8,
            labelColor=INK,
            ticks=False,
            domain=False,
            **options,
        )
    )
