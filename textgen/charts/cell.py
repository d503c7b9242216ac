"""The colours of a unit's values, and how long a title is remembered, a line a network."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import altair as alt

from textgen.charts.base import INK, SURPRISAL_COLOR, Row, Spec, dash_of, filled, finished
from textgen.charts.labels import place_names

POSITIVE = SURPRISAL_COLOR  # one hue for what is a share, and for what is above 0
NEGATIVE = "#a8611a"  # below 0; stays apart from the other for colour-blind eyes
_BITS = (0.001, 0.5)  # the ends of the scale
_HEIGHT = 300  # pixels with the axis, which takes some 70


def tint(value: float, high: float) -> str:
    """The CSS colour of a value on a scale from `-high` to `high`: clear at 0, strong at the ends."""
    share = round(100 * min(abs(value) / high, 1))
    return f"color-mix(in srgb, {POSITIVE if value >= 0 else NEGATIVE} {share}%, transparent)"


def memory_spec(rows: Sequence[Row]) -> Spec:
    """Bits against the number of words since the title, both logarithmic: a line a network, with its band.

    `rows` are those of `views.cell.memory_rows`: a `network`, the `word` (1 is the first after the bar),
    `bits` between `low` and `high`, `count` recipes, and `chosen`, whether it is the network on the page.
    """
    names = list(dict.fromkeys(row["network"] for row in rows))
    lines = [
        {
            **row,
            "order": names.index(row["network"]),
            "low": max(row["low"], _BITS[0]),
            "bits": max(row["bits"], _BITS[0]),
            "said": f"{row['bits']:.3f} ({row['low']:.3f} to {row['high']:.3f})",
        }
        for row in rows
    ]
    last = {row["network"]: {**row, "value": row["bits"]} for row in lines}
    ends = place_names(list(last.values()), scale="log", domain=_BITS, height=_HEIGHT - 70)
    return filled(_memory_template(), lines=lines, ends=ends)


@lru_cache
def _memory_template() -> Spec:
    words = [1, 2, 4, 8, 16, 32, 64, 128]
    x = (
        alt.X("word:Q")
        .scale(type="log", base=2, domain=[1, 140], nice=False)
        .title("word after the title")
        .axis(grid=False, values=words, format="d", labelFlush=False)
    )
    scale = alt.Scale(type="log", domain=_BITS, nice=False)
    axis = alt.Axis(
        values=[0.001, 0.003, 0.01, 0.03, 0.1, 0.3],
        format="~g",
        domain=False,
        ticks=False,
        title="bits",
        titleAngle=0,
        titleAlign="left",
        titleAnchor="end",
        titleY=-8,
        titleX=-28,
    )
    base = alt.Chart(alt.NamedData("lines")).encode(x=x, detail="network:N")
    strong = alt.condition("datum.chosen", alt.value(1), alt.value(0.65))
    band = base.mark_area(color=INK, opacity=0.1).encode(
        y=alt.Y("low:Q", scale=scale, axis=axis), y2="high:Q"
    )
    line = base.mark_line(color=INK).encode(
        y=alt.Y("bits:Q", scale=scale, axis=axis),
        strokeDash=dash_of("order"),
        strokeWidth=alt.condition("datum.chosen", alt.value(3), alt.value(1.6)),
        opacity=strong,
    )
    names = [
        alt.Chart(alt.NamedData("ends"))
        .transform_filter("datum.chosen" if chosen else "!datum.chosen")
        .mark_text(align="left", fontSize=12, color=INK, limit=90, fontWeight="bold" if chosen else "normal")
        .encode(
            x=alt.value(alt.ExprRef("width + 6")),
            y=alt.Y("place:Q", scale=scale, axis=axis),
            text="network:N",
        )
        for chosen in (True, False)
    ]
    points = base.mark_point(size=160, opacity=0, filled=True).encode(
        y=alt.Y("bits:Q", scale=scale, axis=axis),
        tooltip=[
            alt.Tooltip("network:N"),
            alt.Tooltip("word:Q").title("word after the title"),
            alt.Tooltip("said:N").title("bits (95 % interval)"),
            alt.Tooltip("count:Q").title("recipes"),
        ],
    )
    return finished(
        alt.layer(band, line, *names, points).properties(
            height=_HEIGHT, width="container", padding={"right": 8, "left": 4, "top": 22, "bottom": 2}
        )
    )
