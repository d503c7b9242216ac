"""A study: one measure against temperature with its intervals, and quality against diversity."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import altair as alt

from textgen.charts.base import COLOR, INK, MUTED, Row, Spec, dash_of, filled, finished, temperature_color


def sweep_spec(
    rows: Sequence[Row],
    *,
    unit: str,
    heats: Sequence[float],
    logarithmic: bool = False,
    percent: bool = False,
    at: float | None = None,
    drawing: int = 0,
) -> Spec:
    """One measure against temperature: a line a series with its 95 % band, human text as a dashed rule.

    `rows` are those of `views.sweep.curve_rows`. `unit` stands on the axis; `heats` are all temperatures of
    the study, finished or not; `at` is the temperature that a rule marks. A click selects a
    `temperature`, as `point`, with the number of the `drawing` (see `step_spec`).
    """
    points = [
        {
            **{
                name: row[name] for name in ("series", "label", "temperature", "value", "low", "high", "text")
            },
            "color": temperature_color(row["temperature"]),
        }
        for row in rows
    ]
    people: dict[float, dict[str, Any]] = {}
    for row in rows:
        if row["human"] is not None:
            people[row["human"]] = {"human": row["human"], "text": f"human text: {row['human_text']}"}
    several = len({row["series"] for row in rows}) > 1
    places: dict[float, dict[str, Any]] = {}
    for row in rows:
        place = places.setdefault(row["temperature"], {"temperature": row["temperature"], "drawing": drawing})
        named = f"{row['label']}   {row['text']}" if several else row["text"]
        place[f"line {row['series'] + 1}"] = named
        if row["human"] is not None:
            place["human"] = row["human_text"]
    ticks = _ticks([row[end] for row in rows for end in ("low", "high")]) if logarithmic else None
    lines = max((row["series"] for row in rows), default=0) + 1
    return filled(
        _sweep_template(unit, ticks, percent, lines, len(heats)),
        points=points,
        people=list(people.values()),
        frame=[{"temperature": end} for end in (min(heats), max(heats))],
        places=list(places.values()),
        now=[] if at is None else [{"temperature": at, "color": temperature_color(at)}],
    )


def _ticks(values: Sequence[float]) -> tuple[float, ...]:
    """Where a logarithmic axis has its ticks: at powers of ten, and where there are few, between them."""
    known = [value for value in values if 0 < value < math.inf] or [1.0, 10.0]
    low, high = math.log10(min(known)), math.log10(max(known))
    for steps in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 7, 8, 9)):
        ticks = tuple(
            float(f"{step * 10.0**k:g}")
            for k in range(math.floor(low), math.floor(high) + 1)
            for step in steps
            if low - 0.05 <= k + math.log10(step) <= high + 0.05
        )
        if len(ticks) >= 3:
            break
    return ticks[:: max(1, math.ceil(len(ticks) / 6))]


@lru_cache(maxsize=100)
def _sweep_template(
    unit: str, ticks: tuple[float, ...] | None, percent: bool, lines: int, places: int
) -> Spec:
    logarithmic = ticks is not None
    x = (
        alt.X("temperature:Q")
        .scale(zero=False, nice=False)
        .title("temperature")
        .axis(grid=False, tickCount=5, format="~g", labelFlush=False)
    )
    scale = alt.Scale(type="log", nice=False) if logarithmic else alt.Scale(zero=True)
    axis = alt.Axis(
        title=unit,
        titleFontWeight="normal",
        titleFontSize=11,
        titleLimit=180,
        **({"values": list(ticks)} if ticks is not None else {"tickCount": 4}),
        format="~s" if logarithmic else "~%" if percent else "~f",
        labelOverlap="greedy",
        domain=False,
        ticks=False,
    )

    def y(field: str) -> alt.Y:
        return alt.Y(f"{field}:Q", scale=scale, axis=axis)

    base = alt.Chart(alt.NamedData("points")).encode(x=x)
    frame = alt.Chart(alt.NamedData("frame")).mark_point(opacity=0).encode(x=x)
    band = base.mark_area(opacity=0.14, color=INK).encode(y=y("low"), y2="high:Q", detail="series:N")
    line = base.mark_line(strokeWidth=1.5, color=INK).encode(
        y=y("value"),
        detail="series:N",
        strokeDash=dash_of("series"),
    )
    dots = base.mark_circle(size=34, opacity=1).encode(y=y("value"), color=COLOR)
    people = alt.Chart(alt.NamedData("people")).encode(y=y("human"))
    human = people.mark_rule(color=MUTED, strokeDash=[5, 3], strokeWidth=2)
    now = alt.Chart(alt.NamedData("now")).mark_rule(strokeWidth=2, opacity=0.55).encode(x=x, color=COLOR)
    pick = alt.selection_point(
        name="point", fields=["temperature", "drawing"], on="click", clear=False, toggle=False
    )
    targets = (
        alt.Chart(alt.NamedData("places"))
        .mark_rule(opacity=0, strokeWidth=alt.ExprRef(f"max(8, 0.9 * width / {max(places, 2) - 1})"))
        .encode(
            x=x,
            tooltip=[
                alt.Tooltip("temperature:Q"),
                *(alt.Tooltip(f"line {k + 1}:N").title(" " * (k + 1)) for k in range(lines)),
                alt.Tooltip("human:N").title("human text"),
            ],
        )
        .add_params(pick)
    )
    return finished(
        alt.layer(now, frame, band, human, line, dots, targets).properties(
            height=185, width="container", padding={"left": 2, "right": 10, "top": 6, "bottom": 2}
        )
    )


def front_spec(rows: Sequence[Row], *, at: float | None = None, drawing: int = 0) -> Spec:
    """Quality against diversity: perplexity at T = 1 against self-BLEU, a point a temperature.

    After Caccia et al. 2020, "Language GANs Falling Short". `rows` are those of `views.sweep.front_rows`; the
    `marked` ones have their name beside them, human text is a diamond, the point `at` is ringed. A click
    selects a `temperature` and a `series`, as `point`.
    """
    points = [
        {**row, "drawing": drawing, "color": temperature_color(row["temperature"])}
        for row in rows
        if row["temperature"] is not None
    ]
    names = [{**row, "name": f"T = {row['temperature']:g}"} for row in points if row["marked"]]
    people = [
        {key: row[key] for key in ("self_bleu", "perplexity", "label", "text")}
        for row in rows
        if row["temperature"] is None
    ]
    return filled(
        _front_template(),
        points=points,
        names=names,
        people=people,
        person=people[:1],
        now=[row for row in points if row["temperature"] == at],
    )


@lru_cache
def _front_template() -> Spec:
    x = (
        alt.X("self_bleu:Q")
        .scale(domain=[0, 1], nice=False)
        .title("self-BLEU-4: diverse on the left, alike on the right")
        .axis(grid=True, tickCount=5, format="~g", domain=False, ticks=False, titleFontWeight="normal")
    )
    y = (
        alt.Y("perplexity:Q")
        .scale(type="log", nice=True)
        .title("perplexity at T = 1: likely at the bottom")
        .axis(
            tickCount=5,
            format="~s",
            labelOverlap="greedy",
            domain=False,
            ticks=False,
            titleFontWeight="normal",
        )
    )
    base = alt.Chart(alt.NamedData("points")).encode(x=x, y=y)
    line = base.mark_line(strokeWidth=1, color=INK, opacity=0.6).encode(
        order="temperature:Q",
        detail="series:N",
        strokeDash=dash_of("series"),
    )
    pick = alt.selection_point(
        name="point", fields=["temperature", "series", "drawing"], on="click", clear=False, toggle=False
    )
    dots = (
        base.mark_circle(opacity=1, cursor="pointer")
        .encode(
            color=COLOR,
            size=alt.condition("datum.marked", alt.value(170), alt.value(80)),
            tooltip=[
                alt.Tooltip("label:N").title(" "),
                alt.Tooltip("temperature:Q"),
                alt.Tooltip("text:N").title("  "),
            ],
        )
        .add_params(pick)
    )
    ring = alt.Chart(alt.NamedData("now")).mark_point(size=330, color=INK, strokeWidth=1.5).encode(x=x, y=y)
    names = (
        alt.Chart(alt.NamedData("names"))
        .mark_text(align="left", dx=10, dy=-9, fontSize=12, fontWeight="bold")
        .encode(x=x, y=y, text="name:N", color=COLOR)
    )
    people = alt.Chart(alt.NamedData("people")).encode(x=x, y=y)
    human = people.mark_point(shape="diamond", size=160, filled=True, color=MUTED, opacity=1).encode(
        tooltip=[alt.Tooltip("label:N").title(" "), alt.Tooltip("text:N").title("  ")]
    )
    human_name = (
        alt.Chart(alt.NamedData("person"))
        .mark_text(align="left", dx=11, dy=12, fontSize=12, color=INK)
        .encode(x=x, y=y, text=alt.TextValue("human text"))
    )
    return finished(
        alt.layer(line, ring, dots, human, names, human_name).properties(
            height=340, width="container", padding={"left": 2, "right": 12, "top": 8, "bottom": 2}
        )
    )
