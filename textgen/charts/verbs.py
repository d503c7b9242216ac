"""Lines over temperature, and heat maps of shares: titles and their verbs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import altair as alt

from textgen.charts.base import (
    COLOR,
    DASHES,
    INK,
    MUTED,
    ROW,
    Row,
    Spec,
    dash_of,
    filled,
    finished,
    temperature_color,
    words_axis,
)
from textgen.charts.labels import place_names


class Look(NamedTuple):
    """How a line is drawn. Colours alone do not tell lines apart for every eye, so that dashes do so too."""

    color: str
    dash: tuple[int, ...]


# Not of the two scales: kinds have no order. 3:1 and more on light and dark grounds.
_COLORS = (INK, "#1689c4", "#9a5040", "#8a9614", "#4f8a5a")
_ASIDE = Look(MUTED, (1, 4))  # for what is no label like the others
_DASHES = [dash for dash in DASHES if dash != _ASIDE.dash]
# Each colour comes once with each dash; the first five differ in both.
_LOOKS = [
    Look(color, _DASHES[(i + turn) % len(_DASHES)])
    for turn in range(len(_DASHES))
    for i, color in enumerate(_COLORS)
]
_LINES_HEIGHT = 280  # pixels with the axis, which takes some 70
LINE_UNITS = {"share": [0.0, 0.02, 0.1, 0.25, 0.5, 1.0], "bits": [0.0, 0.5, 1.0]}


def line_looks(*panels: Sequence[Row]) -> dict[str, Look]:
    """A look for each label of the panels' rows, the same in every panel.

    Up to five labels of a panel differ in colour, and as far as can be in dash. Those of the first panels
    are settled first: a panel more changes nothing before it. A row with `aside` true has a muted look of
    its own.
    """
    looks: dict[str, Look] = {}
    for rows in panels:
        labels = list(dict.fromkeys(row["label"] for row in rows if not row.get("aside")))
        for label in labels:
            if label in looks:
                continue
            beside = {looks[other] for other in labels if other in looks}
            taken = set(looks.values())
            colors = {look.color for look in beside}
            dashes = {look.dash for look in beside}
            looks[label] = min(
                _LOOKS,
                key=lambda look: (look in beside, look.color in colors, look in taken, look.dash in dashes),
            )
    looks |= {row["label"]: _ASIDE for rows in panels for row in rows if row.get("aside")}
    return looks


def lines_spec(
    rows: Sequence[Row], *, now: float, unit: str = "share", looks: Mapping[str, Look] | None = None
) -> Spec:
    """Values from 0 to 1 against temperature: a line a `label`, its interval as a band, its name at its end.

    `rows` are those of `views.verbs.line_rows` or `divergence_rows`: a `label`, a `temperature`, a `value`
    (None leaves a gap) between `low` and `high`, and `text`, the value as a person reads it. `now` is the
    temperature that a rule marks. Every panel has the same scale: shares by their square root, so that small
    ones stay apart, bits as they are. `looks` are those of `line_looks` over all panels that stand together.
    `ValueError` on a unit that is not in `LINE_UNITS`.
    """
    if unit not in LINE_UNITS:
        raise ValueError(f"lines show one of {', '.join(LINE_UNITS)}, not {unit!r}")
    labels = list(dict.fromkeys(row["label"] for row in rows))
    looks = looks or line_looks(rows)
    drawn = {
        label: {"color": looks[label].color, "dash": DASHES.index(looks[label].dash)} for label in labels
    }
    lines = [{**row, **drawn[row["label"]]} for row in rows if row["value"] is not None]
    places: dict[float, dict[str, Any]] = {}
    for row in rows:
        place = places.setdefault(row["temperature"], {"temperature": row["temperature"]})
        place[f"line {labels.index(row['label']) + 1}"] = f"{row['label']}   {row['text']}"
    last = {row["label"]: row for row in lines}
    ends = [{name: row[name] for name in ("label", "color", "value", "temperature")} for row in last.values()]
    scale = "sqrt" if unit == "share" else "linear"
    return filled(
        _lines_template(unit, len(labels)),
        lines=lines,
        places=list(places.values()),
        ends=place_names(ends, scale=scale, domain=(0.0, 1.0), height=_LINES_HEIGHT - 70),
        now=[{"temperature": now, "color": temperature_color(now)}],
    )


@lru_cache
def _lines_template(unit: str, lines: int) -> Spec:
    x = (
        alt.X("temperature:Q")
        .scale(domain=[0, 2], nice=False)
        .title("temperature")
        .axis(grid=False, values=[0, 0.5, 1, 1.5, 2], format="~g", labelFlush=False)
    )
    y_scale = alt.Scale(domain=[0, 1], nice=False, type="sqrt" if unit == "share" else "linear")
    axis = alt.Axis(
        values=LINE_UNITS[unit],
        format=".0%" if unit == "share" else "~g",
        domain=False,
        ticks=False,
        labelFlush=False,
        title=None,
    )
    y = alt.Y("value:Q", scale=y_scale, axis=axis)
    base = alt.Chart(alt.NamedData("lines")).encode(x=x)
    band = base.mark_area(opacity=0.07, interpolate="monotone").encode(
        y=alt.Y("low:Q", scale=y_scale, axis=axis), y2="high:Q", detail="label:N", color=COLOR
    )
    line = base.mark_line(strokeWidth=2.25, interpolate="monotone").encode(
        y=y,
        detail="label:N",
        color=COLOR,
        strokeDash=dash_of("dash"),
    )
    ends = alt.Chart(alt.NamedData("ends"))
    leader = ends.mark_rule(strokeWidth=1.25).encode(
        x=x, x2=alt.value(alt.ExprRef("width + 14")), y=y, y2="place:Q", color=COLOR
    )
    name = ends.mark_text(align="left", fontSize=12, color=INK, limit=120, tooltip=False).encode(
        x=alt.value(alt.ExprRef("width + 18")),
        y=alt.Y("place:Q", scale=y_scale, axis=axis),
        text="label:N",
    )
    rule = alt.Chart(alt.NamedData("now")).mark_rule(strokeWidth=2).encode(x=x, color=COLOR)
    targets = (
        alt.Chart(alt.NamedData("places"))
        .mark_rule(opacity=0, strokeWidth=alt.ExprRef("width / 11"))
        .encode(
            x=x,
            tooltip=[
                alt.Tooltip("temperature:Q"),
                *(alt.Tooltip(f"line {i + 1}:N").title(" " * (i + 1)) for i in range(lines)),
            ],
        )
    )
    return finished(
        alt.layer(rule, band, line, leader, name, targets).properties(
            height=_LINES_HEIGHT,
            width="container",
            padding={"right": 4, "left": 4, "top": 8, "bottom": 2},
        )
    )


def dishes_spec(rows: Sequence[Row], *, verb: str, temperature: float) -> Spec:
    """Dishes by how likely a verb is to come first in their recipes: a bar a dish, the likeliest first.

    `rows` are those of `views.dishes.dish_rows`: a `title`, its `probability`, and `share`, the same as a
    person reads it. A click on a bar selects its `title`, under the name "dish".
    """
    bars = [
        {**row, "label": row["title"], "order": order, "color": temperature_color(temperature)}
        for order, row in enumerate(rows)
    ]
    spec = filled(_dishes_template(), bars=bars)
    text = f"How likely “{verb}” is as the first verb, at T = {temperature:g}"
    return {**spec, "title": {**spec["title"], "text": text}}


@lru_cache
def _dishes_template() -> Spec:
    base = alt.Chart(alt.NamedData("bars")).encode(
        y=words_axis(),
        x=alt.X("probability:Q")
        .scale(domainMin=0, nice=True)
        .title("probability of the verb")
        .axis(format="%", grid=False, tickCount=5),
        tooltip=[alt.Tooltip("title:N").title(" "), alt.Tooltip("share:N").title("probability")],
    )
    pick = alt.selection_point(name="dish", fields=["title"], on="click", clear=False, toggle=False)
    bar = base.mark_bar(cursor="pointer", cornerRadiusEnd=2, opacity=0.75).encode(color=COLOR)
    share = base.mark_text(align="left", dx=5, fontSize=12, color=INK).encode(text="share:N")
    return finished(
        alt.layer(bar.add_params(pick), share).properties(
            title=alt.TitleParams(
                "", anchor="start", fontSize=13, fontWeight="normal", color=INK, limit=420, offset=8
            ),
            height=alt.Step(ROW),
            width="container",
            padding={"left": 4, "right": 48, "top": 4, "bottom": 2},
        )
    )


def heat_map_spec(rows: Sequence[Row]) -> Spec:
    """Probabilities as a heat map, the stronger the likelier, each in the colour of its temperature.

    `rows` are those of `views.verbs.heat_map_rows` or `kind_rows`: a `column` and a `label` with its `order`,
    the `value` (0 to 1) and the same as text, `share`; the `temperature`, and a `detail` for the tooltip.
    """
    columns = list(dict.fromkeys(row["column"] for row in rows))
    squares = [{**row, "color": temperature_color(row["temperature"])} for row in rows]
    return filled(_heat_map_template(len(columns)), squares=squares)


@lru_cache
def _heat_map_template(columns: int) -> Spec:
    base = alt.Chart(alt.NamedData("squares")).encode(
        x=alt.X("column:N")
        .sort(None)
        .title(None)
        .axis(
            orient="top",
            labelAngle=0,
            labelFontSize=12,
            labelColor=INK,
            labelLimit=alt.ExprRef(f"width / {columns} - 6"),
            labelFlush=False,
            ticks=False,
            domain=False,
        ),
        y=words_axis(labelFlush=False),
        tooltip=[
            alt.Tooltip("column:N").title(" "),
            alt.Tooltip("label:N").title("  "),
            alt.Tooltip("share:N").title("share"),
            alt.Tooltip("detail:N").title("   "),
        ],
    )
    # By the square root, so that small shares can still be told from none.
    square = (
        base.transform_calculate(strength="0.05 + 0.95 * sqrt(datum.value)")
        .mark_rect(cornerRadius=2, stroke=None)
        .encode(
            color=COLOR,
            fillOpacity=alt.FillOpacity("strength:Q").scale(domain=[0, 1], range=[0, 0.7]).legend(None),
        )
    )
    share = (
        base.transform_calculate(
            short=f"width / {columns} < 52 ? replace(datum.share, ' %', '') : datum.share"
        )
        .mark_text(fontSize=alt.ExprRef(f"width / {columns} < 40 ? 10 : 12"), color=INK)
        .encode(
            text="short:N",
            opacity=alt.condition("datum.value < 0.001", alt.value(0.45), alt.value(1)),
        )
    )
    return finished(
        alt.layer(square, share).properties(
            height=alt.Step(24), width="container", padding={"left": 4, "right": 4, "top": 4, "bottom": 4}
        )
    )
