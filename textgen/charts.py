"""Tidy rows in, Altair charts out: the same in the app and in a notebook.

Every chart comes twice: `x_chart(rows)` is an Altair chart, and `x_spec(rows)` the same as a Vega-Lite
dict. Building and checking an Altair chart takes a tenth of a second, so a spec is prepared once and only
its named data change; a front end that keeps the chart's identity can then update it in place, without a
flicker.

Words are data, never markup. Text colours are left to the theme around, so that charts read in light and
dark. Two colour scales serve every page: `temperature_color` and `SURPRISAL_COLOR`; both keep 3:1 contrast
on light and dark grounds and stay apart for colour-blind eyes.
"""

from __future__ import annotations

import copy
import itertools
import math
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
SURPRISAL_COLOR = "#1f9e89"  # one hue; strength is set by how surprising the word is
MUTED = "#85817b"  # readable on both grounds, for rules, tracks and secondary text


def temperature_color(temperature: float) -> str:
    """The hex colour of a temperature: blue at 0, amber at 2 and beyond, the same on every page.

    Raises `ValueError` on a negative or NaN temperature.
    """
    if not temperature >= 0:
        raise ValueError(f"a temperature is 0 or more, not {temperature}")
    at = min(temperature, _TEMPERATURE_STOPS[-1][0])
    for (low, cool), (high, warm) in itertools.pairwise(_TEMPERATURE_STOPS):
        if at <= high:
            share = (at - low) / (high - low)
            return "#" + "".join(f"{round(c + (w - c) * share):02x}" for c, w in zip(cool, warm, strict=True))
    raise AssertionError("unreachable: the last stop bounds every temperature")


_ROW = 22  # pixels a word
_FADED = 0.45
_INK = "currentColor"  # the text colour of whatever page the chart stands on
_COLOR = alt.Color("color:N").scale(None).legend(None)


def _filled(template: Spec, **data: Sequence[Row]) -> Spec:
    """`template` with its named data; the template itself stays as it is."""
    spec = copy.deepcopy(template)
    spec["datasets"] = {name: [dict(row) for row in rows] for name, rows in data.items()}
    return spec


def _finished(chart: alt.LayerChart) -> Spec:
    """The spec; single marks are not described one by one, as each chart has a text that says its point."""
    return chart.configure_view(stroke=None).configure_mark(aria=False).to_dict()


def _words_axis(**options: Any) -> alt.Y:
    return (
        alt.Y("label:N")
        .sort(field="order", op="min")
        .title(None)
        .axis(
            labelLimit=130,
            labelFontSize=13,
            labelPadding=8,
            labelColor=_INK,
            ticks=False,
            domain=False,
            **options,
        )
    )


# -- one step --------------------------------------------------------------------------------------


def step_spec(rows: Sequence[Row], *, luck: bool = False, drawing: int = 0) -> Spec:
    """The next-word distribution, a panel a temperature, the same words in the same order in each.

    `rows` are those of `Comparison.step_rows`: a `panel` (0, 1, ...), its `temperature`, `heading` and
    `note`; a `word` with its `order` and `label`, the `probability` after all filters and `before` them
    (both 0 to 1, each panel summing to 1), `share` (the probability as text), `picked`, `removed`, `tail`,
    and `arithmetic` to show on hover. A row whose `order` is None is a panel whose run has ended. The pick
    is outlined; a word that a filter removed keeps its earlier bar, faded. With `luck`, the labels are the
    rows' `luck`, log p + g, of which the largest wins. A click on a word selects it, as `word`, with the
    number of the `drawing`: a front end that redraws counts it up, so that the same click on a later
    drawing is news.
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
            "drawing": drawing,
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
    return _filled(_step_template(panels), bars=bars, headings=list(headings.values()))


def step_chart(rows: Sequence[Row], *, luck: bool = False) -> alt.LayerChart:
    """`step_spec` as an Altair chart."""
    return alt.LayerChart.from_dict(step_spec(rows, luck=luck))


def _luck(row: Row) -> str:
    return "" if row["luck"] is None else f"{row['luck']:+.1f}".replace("-", "−")


def _gap(panels: int) -> float:
    """Room for the probability left of each bar, in units of a full bar: narrow panels need more."""
    return 0.2 + 0.05 * panels


@lru_cache
def _step_template(panels: int) -> Spec:
    x = alt.X("left:Q").axis(None).scale(domain=[0, panels * (1 + _gap(panels))], nice=False, zero=False)
    pick = alt.selection_point(
        name="word", fields=["word", "drawing"], on="click", clear="dblclick", toggle=False
    )
    base = alt.Chart(alt.NamedData("bars")).encode(
        y=_words_axis(),
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
        stroke=_COLOR,
        strokeWidth=alt.value(2),
        strokeOpacity=alt.condition("datum.picked", alt.value(1), alt.value(0)),
    ).add_params(pick)
    solid = bar.encode(
        x2="end:Q",
        color=_COLOR,
        opacity=alt.value(alt.ExprRef(f"datum.removed ? 0.28 : datum.tail ? {_FADED} : 1")),
    )
    narrow = f"width / {panels} < 130"
    share = (
        base.transform_calculate(
            short=f"width / {panels} < 50 ? '' : {narrow} ? replace(datum.share, ' %', '') : datum.share",
        )
        .mark_text(align="right", dx=-5, fontSize=alt.ExprRef(f"{narrow} ? 9 : 11"), color=_INK)
        .encode(text="short:N", opacity=alt.condition("datum.removed", alt.value(0.6), alt.value(1)))
    )
    top = alt.Chart(alt.NamedData("headings")).encode(x=x)
    heading = top.mark_text(align="left", baseline="bottom", fontSize=14, fontWeight="bold").encode(
        text="heading:N", color=_COLOR, y=alt.value(-20)
    )
    note = (
        top.transform_calculate(shown=f"{narrow} ? '' : datum.note")
        .mark_text(align="left", baseline="bottom", fontSize=11, color=_INK)
        .encode(text="shown:N", y=alt.value(-5))
    )
    return _finished(
        alt.layer(track, solid, share, heading, note).properties(height=alt.Step(_ROW), width="container")
    )


# -- a whole run -----------------------------------------------------------------------------------

TIMELINE_MEASURES = {
    "choices": "effective choices",
    "probability": "probability of the word written",
}


def timeline_spec(rows: Sequence[Row], *, step: int, measure: str = "choices", drawing: int = 0) -> Spec:
    """A whole run at a glance: one line a temperature over the words, the picked step as a rule.

    `rows` are those of `Comparison.timeline_rows`: `panel`, `temperature`, `name`, `position` (from 1),
    `word`, `choices` (exp of the entropy in nats: how many equally likely words would be as uncertain),
    `probability` of the word written, `parts` (this run leaves its left neighbour here) and `last`. A click
    selects a `position`, as `step`, with the number of the `drawing` (see `step_spec`). `ValueError` on a
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
    places: dict[int, dict[str, Any]] = {}
    for row in rows:
        place = places.setdefault(
            row["position"],
            {"position": row["position"], "drawing": drawing, **dict.fromkeys(_columns(runs), "ended")},
        )
        place[f"column {row['panel'] + 1}"] = (
            f"{row['word']}   {100 * row['probability']:.1f} %, {row['choices']:,.1f} choices at "
            f"{row['name']}"
        )
    return _filled(
        _timeline_template(measure, runs),
        run=points,
        places=list(places.values()),
        now=[point for point in points if point["position"] == step] or points[-1:],
        parts=[point for point, row in zip(points, rows, strict=True) if row["parts"]] or _NOWHERE,
        ends=_names_apart(
            [point for point, row in zip(points, rows, strict=True) if row["last"]],
            logarithmic=measure == "choices",
            top=max((point["value"] for point in points), default=1.0),
        ),
    )


def _names_apart(ends: Sequence[Row], *, logarithmic: bool, top: float) -> list[Row]:
    """The last points of the runs, each with a `place` for its name: neighbours' names do not overlap."""
    scale = max(math.log(max(top, 1.0)), 1e-9)
    room = 13 / 110  # of the height of the plot, as a name is high
    longest = max((end["position"] for end in ends), default=1)
    placed: list[tuple[float, Row]] = []
    for end in sorted(ends, key=lambda end: end["value"]):
        height = math.log(max(end["value"], 1.0)) / scale if logarithmic else end["value"]
        for below, other in placed:
            if abs(other["position"] - end["position"]) < 0.1 * longest:
                height = max(height, below + room)
        placed.append((height, end))
    above = max((height for height, _ in placed), default=0.0) - 1  # the pile is moved down into the plot
    heights = [max(0.0, height - max(0.0, above)) for height, _ in placed]
    return [
        {**end, "place": math.exp(height * scale) if logarithmic else height}
        for height, (_, end) in zip(heights, placed, strict=True)
    ]


def timeline_chart(rows: Sequence[Row], *, step: int, measure: str = "choices") -> alt.LayerChart:
    """`timeline_spec` as an Altair chart."""
    return alt.LayerChart.from_dict(timeline_spec(rows, step=step, measure=measure))


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
    ticks = [1, 10, 100, 1000, 10_000] if log else [0, 0.25, 0.5, 0.75, 1]
    y, place = (
        alt.Y(field)
        .scale(scale)
        .title(None)
        .axis(values=ticks, format=",d" if log else ".0%", domain=False, ticks=False)
        for field in ("value:Q", "place:Q")
    )
    base = {
        name: alt.Chart(alt.NamedData(name)).encode(x=x, y=y, color=_COLOR)
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
        name="step", fields=["position", "drawing"], on="click", clear=False, toggle=False
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
    return _finished(
        alt.layer(rule, lines, now, parts, ends, targets).properties(
            height=170, width="container", padding={"right": 56, "left": 4, "top": 6, "bottom": 2}
        )
    )


# -- a distribution with its own slider ------------------------------------------------------------


def live_spec(rows: Sequence[Row]) -> Spec:
    """One distribution with a temperature slider that lives in the chart: re-tempered in the browser, each
    frame.

    `rows` are those of `Comparison.live_rows`: a `label` with its `order`, a `logit` relative to the
    largest, and the `count` of words that share it. The words shown have a row each; the rest of the
    vocabulary, labelled alike, is summarised by close logits.
    """
    return _filled(_live_template(), logits=rows)


def live_chart(rows: Sequence[Row]) -> alt.LayerChart:
    """`live_spec` as an Altair chart."""
    return alt.LayerChart.from_dict(live_spec(rows))


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
            share="datum.probability < 0.001 ? '<0.1 %' : format(100 * datum.probability, '.1f') + ' %'",
            heat="min(T, 2)",
            line=(
                "datum.order > 0 ? '' : 'T = ' + format(T, '.2f') + ':  ' + "
                "format(exp(datum.entropy), datum.entropy < 4.6 ? ',.1f' : ',.0f')"
                " + ' effective choices'"
            ),
        )
    )
    stops = [temperature_color(at) for at, _ in _TEMPERATURE_STOPS]
    base = shares.encode(
        y=_words_axis(), x=alt.X("probability:Q").scale(domain=[0, 1.15], nice=False).axis(None)
    )
    bars = base.mark_bar(height=16, cornerRadius=2).encode(
        tooltip=[alt.Tooltip("label:N").title("word"), alt.Tooltip("share:N").title("probability")],
        opacity=alt.condition("datum.words > 1", alt.value(_FADED), alt.value(1)),
        color=alt.Color("heat:Q")
        .legend(None)
        .scale(domain=[at for at, _ in _TEMPERATURE_STOPS], range=stops, interpolate="rgb"),
    )
    text = base.mark_text(align="left", dx=6, fontSize=11, color=_INK).encode(text="share:N")
    line = base.mark_text(align="left", baseline="bottom", fontSize=13, fontWeight="bold", color=_INK).encode(
        text="line:N", x=alt.value(0), y=alt.value(-6)
    )
    return _finished(
        alt.layer(bars, text, line).add_params(knob).properties(height=alt.Step(_ROW), width="container")
    )


# -- verbs: lines over temperature, and cells ------------------------------------------------------

_DASHES = ([1, 0], [7, 3], [2, 2], [10, 3, 2, 3], [1, 4], [14, 4])
_LINES_HEIGHT = 280  # pixels with the axis, which takes some 70
LINE_UNITS = {"share": [0.0, 0.02, 0.1, 0.25, 0.5, 1.0], "bits": [0.0, 0.5, 1.0]}


def lines_spec(rows: Sequence[Row], *, now: float, unit: str = "share") -> Spec:
    """Values from 0 to 1 against temperature: a line a `label`, its interval as a band, its name at its end.

    `rows` are those of `verb_tables.line_rows` or `divergence_rows`: a `label`, a `temperature`, a `value`
    (None leaves a gap) between `low` and `high`, and `text`, the value as a person reads it. `now` is the
    temperature that a rule marks. Every panel has the same scale: shares by their square root, so that small
    ones stay apart, bits as they are. `ValueError` on a unit that is not in `LINE_UNITS`.
    """
    if unit not in LINE_UNITS:
        raise ValueError(f"lines show one of {', '.join(LINE_UNITS)}, not {unit!r}")
    labels = list(dict.fromkeys(row["label"] for row in rows))
    lines = [{**row, "order": labels.index(row["label"])} for row in rows if row["value"] is not None]
    places: dict[float, dict[str, Any]] = {}
    for row in rows:
        place = places.setdefault(row["temperature"], {"temperature": row["temperature"]})
        place[f"line {labels.index(row['label']) + 1}"] = f"{row['label']}   {row['text']}"
    last = {row["label"]: row for row in lines}
    return _filled(
        _lines_template(unit, len(labels)),
        lines=lines,
        places=list(places.values()),
        ends=_spread(sorted(last.values(), key=lambda row: row["value"]), 2 if unit == "share" else 1),
        now=[{"temperature": now, "color": temperature_color(now)}],
    )


def lines_chart(rows: Sequence[Row], *, now: float, unit: str = "share") -> alt.LayerChart:
    """`lines_spec` as an Altair chart."""
    return alt.LayerChart.from_dict(lines_spec(rows, now=now, unit=unit))


def _spread(ends: Sequence[Row], power: int) -> list[dict[str, Any]]:
    """`ends`, lowest first, each with a `place` for its name: near its value, and no two in one place.

    The scale has the height of a value v at v to the 1 / `power`.
    """
    room, height = 15 / (_LINES_HEIGHT - 70), -1.0
    placed: list[dict[str, Any]] = []
    for i, end in enumerate(ends):
        most = 1 - room * (len(ends) - 1 - i)
        height = max(height + room, min(end["value"] ** (1 / power), most), 0)
        placed.append(
            {
                "label": end["label"],
                "value": end["value"],
                "temperature": end["temperature"],
                "place": height**power,
            }
        )
    return placed


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
    band = base.mark_area(opacity=0.08, color=_INK, interpolate="monotone").encode(
        y=alt.Y("low:Q", scale=y_scale, axis=axis), y2="high:Q", detail="label:N"
    )
    line = base.mark_line(strokeWidth=2, color=_INK, interpolate="monotone").encode(
        y=y,
        detail="label:N",
        strokeDash=alt.StrokeDash("order:O")
        .scale(domain=list(range(len(_DASHES))), range=list(_DASHES))
        .legend(None),
    )
    ends = alt.Chart(alt.NamedData("ends"))
    leader = ends.mark_rule(color=_INK, opacity=0.45).encode(
        x=x, x2=alt.value(alt.ExprRef("width + 12")), y=y, y2="place:Q"
    )
    name = ends.mark_text(align="left", fontSize=12, color=_INK, limit=112).encode(
        x=alt.value(alt.ExprRef("width + 15")),
        y=alt.Y("place:Q", scale=y_scale, axis=axis),
        text="label:N",
    )
    rule = alt.Chart(alt.NamedData("now")).mark_rule(strokeWidth=2).encode(x=x, color=_COLOR)
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
    return _finished(
        alt.layer(rule, band, line, leader, name, targets).properties(
            height=_LINES_HEIGHT,
            width="container",
            padding={"right": 4, "left": 4, "top": 8, "bottom": 2},
        )
    )


def cells_spec(rows: Sequence[Row]) -> Spec:
    """Probabilities as a table of cells, the stronger the likelier, each in the colour of its temperature.

    `rows` are those of `verb_tables.cell_rows` or `kind_rows`: a `column` and a `label` with its `order`,
    the `value` (0 to 1) and the same as text, `share`; the `temperature`, and a `detail` for the tooltip.
    """
    columns = list(dict.fromkeys(row["column"] for row in rows))
    cells = [{**row, "color": temperature_color(row["temperature"])} for row in rows]
    return _filled(_cells_template(len(columns)), cells=cells)


def cells_chart(rows: Sequence[Row]) -> alt.LayerChart:
    """`cells_spec` as an Altair chart."""
    return alt.LayerChart.from_dict(cells_spec(rows))


@lru_cache
def _cells_template(columns: int) -> Spec:
    base = alt.Chart(alt.NamedData("cells")).encode(
        x=alt.X("column:N")
        .sort(None)
        .title(None)
        .axis(
            orient="top",
            labelAngle=0,
            labelFontSize=12,
            labelColor=_INK,
            labelLimit=alt.ExprRef(f"width / {columns} - 6"),
            labelFlush=False,
            ticks=False,
            domain=False,
        ),
        y=_words_axis(labelFlush=False),
        tooltip=[
            alt.Tooltip("column:N").title(" "),
            alt.Tooltip("label:N").title("  "),
            alt.Tooltip("share:N").title("share"),
            alt.Tooltip("detail:N").title("   "),
        ],
    )
    # By the square root, so that small shares can still be told from none.
    cell = (
        base.transform_calculate(strength="0.05 + 0.95 * sqrt(datum.value)")
        .mark_rect(cornerRadius=2, stroke=None)
        .encode(
            color=_COLOR,
            fillOpacity=alt.FillOpacity("strength:Q").scale(domain=[0, 1], range=[0, 1]).legend(None),
        )
    )
    share = (
        base.transform_calculate(
            short=f"width / {columns} < 52 ? replace(datum.share, ' %', '') : datum.share"
        )
        .mark_text(fontSize=alt.ExprRef(f"width / {columns} < 40 ? 10 : 12"), color=_INK)
        .encode(
            text="short:N",
            opacity=alt.condition("datum.value < 0.001", alt.value(0.45), alt.value(1)),
        )
    )
    return _finished(
        alt.layer(cell, share).properties(
            height=alt.Step(24), width="container", padding={"left": 4, "right": 4, "top": 4, "bottom": 4}
        )
    )
