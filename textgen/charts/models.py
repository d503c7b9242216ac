"""How networks learned, epoch by epoch, and which temperature suits them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import altair as alt

from textgen.charts.base import (
    COLOR,
    INK,
    MUTED,
    Row,
    Spec,
    dash_of,
    filled,
    finished,
    temperature_color,
)
from textgen.charts.labels import place_names
from textgen.text.typeset import percent

_CURVES_HEIGHT, _SCALING_HEIGHT = 250, 340  # pixels with the axes
_PERPLEXITIES = [10, 15, 20, 30, 40, 60, 80, 100, 150, 200, 500, 1000]


def _rounded(low: float, high: float, log: bool) -> tuple[float, float]:
    """A range that holds `low` to `high` and seldom changes with them, so that a chart keeps its scale."""
    if log:
        step = 1.25
        ends = math.floor(math.log(low, step) - 0.1), math.ceil(math.log(high, step) + 0.1)
        return step ** ends[0], step ** ends[1]
    step = 0.5
    return step * math.floor(low / step - 0.1), step * math.ceil(high / step + 0.1)


def _more_room_above(values: Sequence[float], value: float) -> bool:
    """Whether the next higher of `values` is further from `value` than the next lower."""
    higher = min((other - value for other in values if other > value), default=math.inf)
    lower = min((value - other for other in values if other < value), default=math.inf)
    return higher >= lower


def curves_spec(
    rows: Sequence[Row], *, now: int, epochs: int = 0, log: bool = False, apart: bool = False
) -> Spec:
    """What training recorded after each epoch: a line a `label`, a point an epoch, the chosen epoch marked.

    `rows` are those of `views.models.curve_rows`: `epoch` (from 1), `stage`, `label`, `value` and `text`.
    `now` is the epoch that a rule marks; 0, the untrained network, has no figures and no rule. `epochs`: how
    many there are, of which the last may have no figure. `log`: a logarithmic scale. `apart`: lines end with
    their stage, as values of different stages cannot be compared.
    `ValueError` without rows.
    """
    if not rows:
        raise ValueError("there are no curves without a recorded epoch")
    labels = list(dict.fromkeys(row["label"] for row in rows))
    points = [
        {
            **row,
            "line": labels.index(row["label"]),
            "part": f"{row['label']} {row['stage']}" if apart else row["label"],
        }
        for row in rows
    ]
    domain = _rounded(min(row["value"] for row in rows), max(row["value"] for row in rows), log)
    epochs = max(epochs, *(row["epoch"] for row in rows))
    first = [row for row in rows if row["label"] == labels[0]]
    stages = [
        {"stage": stage, "start": min(members) - 0.5, "end": max(members) + 0.5, "odd": i % 2}
        for i, (stage, members) in enumerate(
            (stage, [row["epoch"] for row in group])
            for stage, group in itertools.groupby(first, key=lambda row: row["stage"])
        )
    ]
    # The values at the chosen epoch stand beside names where lines end, else above or below points.
    last = {row["label"]: row for row in points}
    ends = []
    for row in last.values():
        name = [row["label"]] * (len(labels) > 1) + [row["text"]] * (row["epoch"] == now)
        ends.append({"label": " ".join(name), "epoch": row["epoch"], "value": row["value"]})
    reached = [row for row in points if row["epoch"] == now]
    values = sorted(math.log(row["value"]) if log else row["value"] for row in reached)
    reached = [
        {
            **row,
            "text": "" if last[row["label"]]["epoch"] == now else row["text"],
            "above": _more_room_above(values, math.log(row["value"]) if log else row["value"]),
        }
        for row in reached
    ]
    return filled(
        _curves_template(domain, epochs, log),
        curves=points,
        stages=stages,
        ends=place_names(ends, scale="log" if log else "linear", domain=domain, height=_CURVES_HEIGHT - 80),
        now=[{"epoch": now if now else None}],
        reached=reached or [{**points[0], "epoch": None, "text": "", "above": True}],
    )


@lru_cache
def _curves_template(domain: tuple[float, float], epochs: int, log: bool) -> Spec:
    x_scale = alt.Scale(domain=[0, epochs + 0.5], nice=False)
    x = (
        alt.X("epoch:Q")
        .scale(x_scale)
        .title("epoch")
        .axis(grid=False, tickMinStep=1, format="d", labelFlush=False)
    )
    y_scale = alt.Scale(domain=list(domain), nice=False, type="log" if log else "linear")
    y_axis = alt.Axis(title=None, domain=False, ticks=False)
    if log:
        y_axis = alt.Axis(values=_PERPLEXITIES, format=",d", title=None, domain=False, ticks=False)
    y = alt.Y("value:Q", scale=y_scale, axis=y_axis)
    stages = alt.Chart(alt.NamedData("stages")).encode(x=alt.X("start:Q", scale=x_scale))
    band = stages.mark_rect(color=MUTED).encode(
        x2="end:Q", opacity=alt.condition("datum.odd == 1", alt.value(0.12), alt.value(0.0))
    )
    limit = alt.ExprRef(f"(datum.end - datum.start) / {epochs + 0.5} * width - 6")
    stage = stages.mark_text(
        align="left", baseline="bottom", dx=3, fontSize=11, color=INK, limit=limit
    ).encode(text="stage:N", y=alt.value(-3))
    base = alt.Chart(alt.NamedData("curves")).encode(x=x, y=y)
    line = base.mark_line(strokeWidth=2, color=INK).encode(detail="part:N", strokeDash=dash_of("line"))
    points = base.mark_circle(size=36, color=INK, opacity=1).encode(
        tooltip=[
            alt.Tooltip("epoch:Q"),
            alt.Tooltip("stage:N"),
            alt.Tooltip("label:N").title(" "),
            alt.Tooltip("text:N").title("value"),
        ]
    )
    rule = (
        alt.Chart(alt.NamedData("now")).mark_rule(strokeDash=[4, 3], color=MUTED, strokeWidth=1.5).encode(x=x)
    )
    reached = alt.Chart(alt.NamedData("reached")).encode(x=x, y=y)
    dot = reached.mark_point(size=110, filled=False, strokeWidth=2, color=INK)
    value = reached.mark_text(
        dy=alt.ExprRef("datum.above ? -15 : 15"), fontSize=12, fontWeight="bold", color=INK
    ).encode(text="text:N")
    name = (
        alt.Chart(alt.NamedData("ends"))
        .mark_text(align="left", dx=8, fontSize=12, color=INK)
        .encode(x=x, y=alt.Y("place:Q", scale=y_scale, axis=y_axis), text="label:N")
    )
    return finished(
        alt.layer(band, stage, rule, line, points, dot, value, name).properties(
            height=_CURVES_HEIGHT,
            width="container",
            padding={"right": 8, "left": 4, "top": 4, "bottom": 2},
        )
    )


def scaling_spec(rows: Sequence[Row]) -> Spec:
    """Perplexity against the temperature applied to the logits: a line a network, its minimum marked.

    `rows` are those of `views.models.scaling_rows`: `network`, `temperature`, `perplexity`, and `best` for
    the one that is the minimum. Lines leave the plot at six times the lowest perplexity. `ValueError`
    without rows.
    """
    if not rows:
        raise ValueError("there is no curve without a measured temperature")
    names = list(dict.fromkeys(row["network"] for row in rows))
    points = [
        {**row, "line": names.index(row["network"]), "text": f"{row['perplexity']:,.1f}"}
        for row in sorted(rows, key=lambda row: row["temperature"])
    ]
    low = min(row["perplexity"] for row in rows)
    domain = _rounded(low, 6 * low, True)
    best = [
        {**row, "color": temperature_color(row["temperature"]), "heat": f"{row['temperature']:.2f}"}
        for row in points
        if row["best"]
    ]
    last = {row["network"]: row for row in points if row["perplexity"] <= domain[1]}
    heats = {row["network"]: row["temperature"] for row in points if row["best"]}
    ends = [
        {
            "label": f"{name}: {heats[name]:.2f}" if name in heats else name,
            "temperature": row["temperature"],
            "value": row["perplexity"],
        }
        for name, row in last.items()
    ]
    return filled(
        _scaling_template(domain),
        scaling=points,
        best=best,
        ends=place_names(ends, scale="log", domain=domain, height=_SCALING_HEIGHT - 60),
        one=[{"temperature": 1}],
    )


@lru_cache
def _scaling_template(domain: tuple[float, float]) -> Spec:
    x = (
        alt.X("temperature:Q")
        .scale(domain=[0.3, 2], nice=False)
        .title("temperature applied to the logits")
        .axis(grid=False, values=[0.5, 1, 1.5, 2], format="~g", labelFlush=False)
    )
    scale = alt.Scale(type="log", domain=list(domain), nice=False)
    axis = alt.Axis(
        title="perplexity",
        values=_PERPLEXITIES,
        format=",d",
        domain=False,
        ticks=False,
    )
    y = alt.Y("perplexity:Q", scale=scale, axis=axis)
    tooltip = [
        alt.Tooltip("network:N"),
        alt.Tooltip("temperature:Q").format(".2f"),
        alt.Tooltip("text:N").title("perplexity"),
    ]
    base = alt.Chart(alt.NamedData("scaling")).encode(x=x, y=y)
    line = base.mark_line(strokeWidth=2, color=INK, clip=True).encode(
        detail="network:N", strokeDash=dash_of("line")
    )
    targets = base.mark_circle(size=120, opacity=0, clip=True).encode(tooltip=tooltip)
    rule = (
        alt.Chart(alt.NamedData("one")).mark_rule(color=MUTED, strokeDash=[4, 3], strokeWidth=1.5).encode(x=x)
    )
    best = (
        alt.Chart(alt.NamedData("best"))
        .mark_circle(size=110, opacity=1, stroke=INK, strokeWidth=1)
        .encode(x=x, y=y, color=COLOR, tooltip=tooltip)
    )
    name = (
        alt.Chart(alt.NamedData("ends"))
        .mark_text(align="left", dx=8, fontSize=12, color=INK, limit=130)
        .encode(x=x, y=alt.Y("place:Q", scale=scale, axis=axis), text="label:N")
    )
    return finished(
        alt.layer(rule, line, targets, best, name).properties(
            height=_SCALING_HEIGHT,
            width="container",
            padding={"right": 4, "left": 4, "top": 8, "bottom": 2},
        )
    )


def reliability_spec(rows: Sequence[Row]) -> Spec:
    """How often the likeliest word was the true one, against the probability it was given, by temperature.

    `rows` are those of `views.models.reliability_rows`: `temperature` and its `ece`, `confidence` and
    `accuracy` (both 0 to 1), `count`, and the `share` of all predictions, which sets a point's size. On the
    diagonal a network is as often right as it says; below it is overconfident, above underconfident.
    `ValueError` without rows.
    """
    if not rows:
        raise ValueError("there is no diagram without predictions")
    points = [
        {
            **row,
            "color": temperature_color(row["temperature"]),
            "sure": percent(row["confidence"]),
            "right": percent(row["accuracy"]),
        }
        for row in sorted(rows, key=lambda row: (row["temperature"], row["confidence"]))
    ]
    heats = {row["temperature"]: row["ece"] for row in points}
    names = [
        {
            "label": f"T = {heat:g}: calibration error {percent(ece)}",
            "color": temperature_color(heat),
            "place": -12 - 16 * (len(heats) - 1 - i),
        }
        for i, (heat, ece) in enumerate(heats.items())
    ]
    return filled(_reliability_template(), reliability=points, names=names, diagonal=[{"at": 0}, {"at": 1}])


@lru_cache
def _reliability_template() -> Spec:
    scale = alt.Scale(domain=[0, 1], nice=False)
    axis: dict[str, Any] = {
        "values": [0, 0.25, 0.5, 0.75, 1],
        "format": ".0%",
        "grid": False,
        "labelFlush": False,
    }
    x = alt.X("confidence:Q", scale=scale, axis=alt.Axis(title="probability given", **axis))
    y = alt.Y("accuracy:Q", scale=scale, axis=alt.Axis(title="how often right", **axis))
    diagonal = (
        alt.Chart(alt.NamedData("diagonal"))
        .mark_line(color=MUTED, strokeDash=[4, 3], strokeWidth=1.5)
        .encode(x=alt.X("at:Q", scale=scale), y=alt.Y("at:Q", scale=scale))
    )
    base = alt.Chart(alt.NamedData("reliability")).encode(x=x, y=y, color=COLOR)
    line = base.mark_line(strokeWidth=1.5).encode(detail="temperature:N")
    points = base.mark_circle(opacity=1).encode(
        size=alt.Size("share:Q").scale(domain=[0, 0.3], range=[8, 260], clamp=True).legend(None),
        tooltip=[
            alt.Tooltip("temperature:Q"),
            alt.Tooltip("sure:N").title("probability given"),
            alt.Tooltip("right:N").title("right"),
            alt.Tooltip("count:Q").title("predictions").format(","),
        ],
    )
    names = (
        alt.Chart(alt.NamedData("names"))
        .mark_text(align="left", baseline="bottom", fontSize=12, fontWeight="bold")
        .encode(x=alt.value(0), y=alt.Y("place:Q", scale=None), text="label:N", color=COLOR)
    )
    return finished(
        alt.layer(diagonal, line, points, names).properties(
            height=320, width="container", padding={"right": 8, "left": 4, "top": 4, "bottom": 2}
        )
    )
