"""One comparison: the next word at each temperature, the whole run, a distribution with its own slider."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import altair as alt

from textgen.charts.base import (
    COLOR,
    FADED,
    INK,
    MUTED,
    ROW,
    TEMPERATURE_SCALE,
    Row,
    Spec,
    filled,
    finished,
    temperature_color,
    words_axis,
)
from textgen.charts.labels import place_names
from textgen.text.typeset import percent

TIMELINE_MEASURES = {
    "choices": "effective choices",
    "probability": "probability of the word written",
}


def step_spec(rows: Sequence[Row], *, luck: bool = False, picks: int = 0) -> Spec:
    """The next-word distribution, a panel a temperature, the same words in the same order in each.

    `rows` are those of `Comparison.step_rows`: a `panel` (0, 1, ...), its `temperature`, `heading` and
    `note`; a `word` with its `order` and `label`, the `probability` after all filters and `before` them
    (both 0 to 1, each panel summing to 1), `share` (the probability as text), `picked`, `removed`, `tail`,
    and `arithmetic` to show on hover. A row whose `order` is None is a panel whose run has ended. The pick
    is outlined; a word that a filter removed keeps its earlier bar, faded. With `luck`, the labels are the
    rows' `luck`, log p + g, of which the largest wins. A click on a word selects it, as `word`, with the
    number of `picks` so far: a front end counts it up, so that the same click after another is news.
    """
    panels = max((row["panel"] for row in rows), default=0) + 1
    gap = _gap(panels)
    headings = {
        row["panel"]: {
            "left": row["panel"] * (1 + gap) + gap,
            "heading": row["heading"],
            "note": row["note"],
            "color": temperature_color(row["temperature"]),
        }
        for row in rows
    }
    bars = [
        {
            "word": row["word"],
            "label": row["label"],
            "order": row["order"],
            "picks": picks,
            "share": _luck(row) if luck else row["share"],
            "heading": row["heading"],
            "arithmetic": row["arithmetic"],
            "picked": row["picked"],
            "removed": row["removed"],
            "tail": row["tail"],
            "color": temperature_color(row["temperature"]),
            "left": (left := row["panel"] * (1 + gap) + gap),
            "full": left + 1,
            "end": left + (row["before"] if row["removed"] else row["probability"]),
        }
        for row in rows
        if row["order"] is not None
    ]
    return filled(_step_template(panels), bars=bars, headings=list(headings.values()))


def _luck(row: Row) -> str:
    return "" if row["luck"] is None else f"{row['luck']:+.1f}".replace("-", "−")


def _gap(panels: int) -> float:
    """Room for the probability left of each bar, in units of a full bar: narrow panels need more."""
    return 0.2 + 0.05 * panels


@lru_cache
def _step_template(panels: int) -> Spec:
    x = alt.X("left:Q").axis(None).scale(domain=[0, panels * (1 + _gap(panels))], nice=False, zero=False)
    pick = alt.selection_point(
        name="word", fields=["word", "picks"], on="click", clear="dblclick", toggle=False
    )
    base = alt.Chart(alt.NamedData("bars")).encode(
        y=words_axis(),
        x=x,
        tooltip=[
            alt.Tooltip("label:N").title("word"),
            alt.Tooltip("heading:N").title("temperature"),
            alt.Tooltip("arithmetic:N").title("how"),
            alt.Tooltip("share:N").title("probability"),
        ],
    )
    bar = base.mark_bar(height=16, cornerRadius=2)
    track = bar.encode(
        x2="full:Q",
        color=alt.value(MUTED),
        fillOpacity=alt.value(0.13),
        stroke=COLOR,
        strokeWidth=alt.value(2),
        strokeOpacity=alt.condition("datum.picked", alt.value(1), alt.value(0)),
    ).add_params(pick)
    solid = bar.encode(
        x2="end:Q",
        color=COLOR,
        opacity=alt.value(alt.ExprRef(f"datum.removed ? 0.28 : datum.tail ? {FADED} : 1")),
    )
    narrow = f"width / {panels} < 130"
    share = (
        base.transform_calculate(
            short=f"width / {panels} < 50 ? '' : {narrow} ? replace(datum.share, ' %', '') : datum.share",
        )
        .mark_text(align="right", dx=-5, fontSize=alt.ExprRef(f"{narrow} ? 9 : 11"), color=INK)
        .encode(text="short:N", opacity=alt.condition("datum.removed", alt.value(0.6), alt.value(1)))
    )
    top = alt.Chart(alt.NamedData("headings")).encode(x=x)
    size = alt.ExprRef(f"{narrow} ? 12 : 14")
    heading = top.mark_text(align="left", baseline="bottom", fontSize=size, fontWeight="bold").encode(
        text="heading:N", color=COLOR, y=alt.value(-20)
    )
    note = (
        top.transform_calculate(shown=f"{narrow} ? '' : datum.note")
        .mark_text(align="left", baseline="bottom", fontSize=11, color=INK)
        .encode(text="shown:N", y=alt.value(-5))
    )
    return finished(
        alt.layer(track, solid, share, heading, note).properties(height=alt.Step(ROW), width="container")
    )


def timeline_spec(rows: Sequence[Row], *, step: int, measure: str = "choices", picks: int = 0) -> Spec:
    """A whole run at a glance: one line a temperature over the words, the picked step as a rule.

    `rows` are those of `Comparison.timeline_rows`: `panel`, `temperature`, `name`, `position` (from 1),
    `word`, `choices` (exp of the entropy in nats: how many equally likely words would be as uncertain),
    `probability` of the word written, `parts` (this run leaves its left neighbour here) and `last`. A click
    selects a `position`, as `step`, with the number of `picks` (see `step_spec`). `ValueError` on a
    measure that is not in `TIMELINE_MEASURES`.
    """
    if measure not in TIMELINE_MEASURES:
        raise ValueError(f"a timeline shows one of {', '.join(TIMELINE_MEASURES)}, not {measure!r}")
    points = [
        {
            "panel": row["panel"],
            "name": row["name"],
            "position": row["position"],
            "value": row[measure],
            "color": temperature_color(row["temperature"]),
        }
        for row in rows
    ]
    runs = 1 + max((row["panel"] for row in rows), default=0)
    ended = dict.fromkeys(_columns(runs), "ended")
    places: dict[int, dict[str, Any]] = {}
    for row in rows:
        if (place := places.get(row["position"])) is None:
            place = places[row["position"]] = {"position": row["position"], "picks": picks, **ended}
        place[f"column {row['panel'] + 1}"] = (
            f"{row['word']}   {percent(row['probability'])}, {row['choices']:,.1f} choices at {row['name']}"
        )
    return filled(
        _timeline_template(measure, runs),
        run=points,
        places=list(places.values()),
        now=[point for point in points if point["position"] == step] or points[-1:],
        parts=[point for point, row in zip(points, rows, strict=True) if row["parts"]] or _NOWHERE,
        ends=_names(
            [point for point, row in zip(points, rows, strict=True) if row["last"]],
            max((point["value"] for point in points), default=1.0),
            logarithmic=measure == "choices",
        ),
    )


def _names(ends: Sequence[Row], top: float, *, logarithmic: bool) -> list[dict[str, Any]]:
    """The last points of the runs, each with a `place` for its name; names far apart along the text do not
    make way for each other."""
    ends = sorted(ends, key=lambda end: end["position"])
    near = 0.1 * max((end["position"] for end in ends), default=1)
    groups: list[list[Row]] = []
    for end in ends:
        if groups and end["position"] - groups[-1][-1]["position"] < near:
            groups[-1].append(end)
        else:
            groups.append([end])
    scale, domain = ("log", (1.0, max(top, 1 + 1e-9))) if logarithmic else ("linear", (0.0, 1.0))
    return [end for group in groups for end in place_names(group, scale=scale, domain=domain, height=110)]


_NOWHERE: list[dict[str, Any]] = [{"panel": -1, "name": "", "position": None, "value": None, "color": MUTED}]


def _columns(runs: int) -> list[str]:
    return [f"column {k + 1}" for k in range(runs)]


@lru_cache
def _timeline_template(measure: str, runs: int) -> Spec:
    log = measure == "choices"
    scale = alt.Scale(type="log", domainMin=1, nice=False) if log else alt.Scale(domain=[0, 1])
    x = (
        alt.X("position:Q")
        .title("word of the text")
        .scale(nice=False, zero=False)
        .axis(grid=False, tickMinStep=1, format="d")
    )
    few, many = "[1, 2, 3, 5, 10, 20]", "[1, 10, 100, 1000, 10000]"
    ticks = alt.ExprRef(f"domain('y')[1] < 30 ? {few} : {many}") if log else [0, 0.25, 0.5, 0.75, 1]
    y, place = (
        alt.Y(field)
        .scale(scale)
        .title("effective choices" if log else "probability")
        .axis(values=ticks, format=",d" if log else ".0%", domain=False, ticks=False)
        for field in ("value:Q", "place:Q")
    )
    base = {
        name: alt.Chart(alt.NamedData(name)).encode(x=x, y=y, color=COLOR)
        for name in ("run", "now", "parts", "ends")
    }
    lines = base["run"].mark_line(strokeWidth=2).encode(detail="panel:N")
    rule = (
        alt.Chart(alt.NamedData("now")).mark_rule(strokeDash=[4, 3], color=MUTED, strokeWidth=1.5).encode(x=x)
    )
    now = base["now"].mark_circle(size=60, opacity=1)
    parts = base["parts"].mark_point(shape="diamond", size=130, filled=False, strokeWidth=2)
    ends = base["ends"].mark_text(align="left", dx=8, fontSize=12, fontWeight="bold")
    ends = ends.encode(text="name:N", y=place)
    # One broad invisible target a word, so that a finger can pick it, with all runs in its tooltip.
    pick = alt.selection_point(
        name="step", fields=["position", "picks"], on="click", clear=False, toggle=False
    )
    targets = (
        alt.Chart(alt.NamedData("places"))
        .mark_rule(
            opacity=0,
            strokeWidth=alt.ExprRef("1 + width / max(1, domain('x')[1] - domain('x')[0])"),
        )
        .encode(
            x=x,
            tooltip=[
                alt.Tooltip("position:Q").title("word no."),
                *(f"{column}:N" for column in _columns(runs)),
            ],
        )
        .add_params(pick)
    )
    return finished(
        alt.layer(rule, lines, now, parts, ends, targets).properties(
            height=170, width="container", padding={"right": 56, "left": 4, "top": 6, "bottom": 2}
        )
    )


def live_spec(rows: Sequence[Row]) -> Spec:
    """One distribution with a temperature slider that lives in the chart: re-tempered in the browser, each
    frame.

    `rows` are those of `Comparison.live_rows`: a `label` with its `order`, a `logit` relative to the
    largest, and the `count` of words that share it. The words shown have a row each; the rest of the
    vocabulary, labelled alike, is summarised by close logits.
    """
    return filled(_live_template(), logits=rows)


@lru_cache
def _live_template() -> Spec:
    knob = alt.param(
        name="T", value=1, bind=alt.binding_range(min=0.05, max=5, step=0.05, name="Temperature ")
    )
    shares = (
        alt.Chart(alt.NamedData("logits"))
        .transform_calculate(
            weight="datum.count * exp(datum.logit / T)",
        )
        .transform_joinaggregate(total="sum(weight)")
        .transform_calculate(
            part="datum.weight / datum.total",
            information="datum.weight > 0 ? -datum.part * log(datum.part / datum.count) : 0",
        )
        .transform_joinaggregate(entropy="sum(information)")
        .transform_aggregate(
            probability="sum(part)",
            entropy="max(entropy)",
            words="sum(count)",
            groupby=["label", "order"],
        )
        .transform_calculate(
            # never a certainty that is none
            share=(
                "datum.probability < 0.001 ? '<0.1 %' : datum.probability == 1 ? '100 %' : "
                "datum.probability > 0.999 ? '>99.9 %' : format(100 * datum.probability, '.1f') + ' %'"
            ),
            heat="min(T, 2)",
            line=(
                "datum.order > 0 ? '' : 'T = ' + format(T, '.2f') + ':  ' + "
                "format(exp(datum.entropy), datum.entropy < 4.6 ? ',.1f' : ',.0f')"
                " + ' effective choices'"
            ),
        )
    )
    base = shares.encode(
        y=words_axis(), x=alt.X("probability:Q").scale(domain=[0, 1.15], nice=False).axis(None)
    )
    bars = base.mark_bar(height=16, cornerRadius=2).encode(
        tooltip=[alt.Tooltip("label:N").title("word"), alt.Tooltip("share:N").title("probability")],
        opacity=alt.condition("datum.words > 1", alt.value(FADED), alt.value(1)),
        color=alt.Color("heat:Q").legend(None).scale(**TEMPERATURE_SCALE),
    )
    text = base.mark_text(align="left", dx=6, fontSize=11, color=INK).encode(text="share:N")
    line = base.mark_text(align="left", baseline="bottom", fontSize=13, fontWeight="bold", color=INK).encode(
        text="line:N", x=alt.value(0), y=alt.value(-6)
    )
    return finished(
        alt.layer(bars, text, line).add_params(knob).properties(height=alt.Step(ROW), width="container")
    )
