"""Many texts: how many different beginnings there are, and how likely each is."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import altair as alt

from textgen.charts.base import COLOR, Row, Spec, dash_of, filled, finished, temperature_color, words_axis
from textgen.charts.labels import place_names

_HEIGHT, _PLOT = 290, 215  # pixels, with and without the axes


def distinct_spec(rows: Sequence[Row], *, count: int) -> Spec:
    """How many different beginnings `count` texts have against the number of words, a line a temperature:
    rows as of `views.many.Braid.distinct_rows`."""
    colored = [{**row, "color": temperature_color(row["temperature"])} for row in rows]
    deepest = max((row["words"] for row in rows), default=1)
    ends = [{**row, "label": f"T = {row['temperature']:g}"} for row in colored if row["words"] == deepest]
    return filled(
        _distinct_template(count, deepest),
        points=colored,
        names=place_names(ends, scale="linear", domain=(0, count), height=_PLOT),
    )


@lru_cache(maxsize=64)
def _distinct_template(count: int, deepest: int) -> Spec:
    x = (
        alt.X("words:Q")
        .scale(domain=[1, deepest], nice=False)
        .title("words of a beginning")
        .axis(
            grid=False, format="d", tickMinStep=1, values=list(range(1, deepest + 1)), labelOverlap="greedy"
        )
    )
    y = (
        alt.Y("value:Q")
        .scale(domain=[0, count], nice=False)
        .title(f"different ones, of {count} texts")
        .axis(domain=False, ticks=False, tickCount=5, titleFontWeight="normal", titleFontSize=11)
    )
    base = alt.Chart(alt.NamedData("points")).encode(x=x, y=y, color=COLOR)
    tooltip = [
        alt.Tooltip("temperature:Q").title("T"),
        alt.Tooltip("words:Q").title("words"),
        alt.Tooltip("text:N").title("different"),
    ]
    line = base.mark_line(strokeWidth=2).encode(strokeDash=dash_of("series"))
    points = base.mark_point(filled=True, size=45, opacity=1).encode(tooltip=tooltip)
    names = (
        alt.Chart(alt.NamedData("names"))
        .mark_text(align="left", dx=8, fontSize=12, fontWeight=600)
        .encode(x=x, y=alt.Y("place:Q"), text="label:N", color=COLOR)
    )
    return finished(
        alt.layer(line, points, names).properties(height=_HEIGHT, padding={"right": 60, "left": 5, "top": 8})
    )


def chances_spec(rows: Sequence[Row], *, count: int) -> Spec:
    """The exact chance of beginnings and the share that was observed, with where 95 of 100 such shares would
    lie: rows as of `views.many.Braid.chance_rows`."""
    heats = sorted({row["temperature"] for row in rows})
    colored = [
        {**row, "color": temperature_color(row["temperature"]), "series": heats.index(row["temperature"])}
        for row in rows
    ]
    return filled(_chances_template(len(heats), len({row["label"] for row in rows}), count), rows=colored)


@lru_cache(maxsize=64)
def _chances_template(heats: int, beginnings: int, count: int) -> Spec:
    y = words_axis(room=150, grid=False).scale(paddingInner=0.25)
    offset = alt.YOffset("series:O").scale(domain=list(range(max(heats, 1))), paddingInner=0, paddingOuter=0)
    x = (
        alt.X("chance:Q")
        .scale(domainMin=0, nice=True)
        .title(f"exact chance (bar) and share of {count} texts (dot)")
        .axis(
            format=".0%", tickCount=5, domain=False, ticks=False, titleFontWeight="normal", titleFontSize=11
        )
    )
    tooltip = [
        alt.Tooltip("label:N").title("begins"),
        alt.Tooltip("temperature:Q").title("T"),
        alt.Tooltip("text:N").title("found"),
        alt.Tooltip("low:Q").title("95 of 100 sets: from").format(".0%"),
        alt.Tooltip("high:Q").title("to").format(".0%"),
    ]
    base = alt.Chart(alt.NamedData("rows")).encode(y=y, yOffset=offset, color=COLOR, tooltip=tooltip)
    bar = base.mark_bar(opacity=0.4, height={"band": 0.8}).encode(x=x)
    band = base.mark_rule(strokeWidth=1.5).encode(x=alt.X("low:Q"), x2="high:Q")
    dot = base.mark_point(filled=True, size=60, opacity=1).encode(x=alt.X("share:Q"))
    height = max(60, beginnings * (13 * max(heats, 1) + 8))
    return finished(alt.layer(bar, band, dot).properties(height=height))
