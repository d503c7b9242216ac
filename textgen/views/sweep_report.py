"""A study to take away: one HTML file with its pictures, its table and its texts, which opens offline."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from textgen.charts import DASHES, MUTED
from textgen.measuring.diversity import MEASURES
from textgen.measuring.study.table import Study
from textgen.text.typeset import detokenize
from textgen.views.sweep import HUMAN, Row, Series, curve_rows, figure, front_rows, paragraphs, series_of
from textgen.views.templates import render

_WIDTH, _HEIGHT = 330, 190
_LEFT, _RIGHT, _TOP, _FLOOR = 48, 318, 10, 156


def to_html(study: Study) -> str:
    """The report: settings, the paragraph in words, every picture, the table, and ten texts a condition."""
    pictures = [_front(rows)] if (rows := front_rows(study)) else []
    pictures += [_curves(rows, name) for name in MEASURES if (rows := curve_rows(study, name))]
    return render(
        "sweep",
        title=", ".join(study.settings.prompts),
        paragraphs=paragraphs(study),
        series=[_series(series, k) for k, series in enumerate(series_of(study))],
        pictures=pictures,
        labels=[measure.label for measure in MEASURES.values()],
        seed=study.settings.seed,
        muted=MUTED,
        settings={name: _plain(value) for name, value in asdict(study.settings).items()},
    )


def _series(series: Series, k: int) -> dict[str, Any]:
    rows = [
        (f"T = {condition.temperature:g}", [figure(figures.of(name)[0], name) for name in MEASURES])
        for condition, figures in series.points
    ]
    return {
        "label": series.label,
        "dash": _dash(k),
        "rows": [*rows, (HUMAN, [figure(float(series.human(name)), name) for name in MEASURES])],
        "texts": [
            (condition.temperature, [detokenize(sample.split()) for sample in figures.samples])
            for condition, figures in series.points
        ],
    }


def _plain(value: Any) -> str:
    values = value if isinstance(value, (list, tuple)) else [value]
    return ", ".join(f"{x:g}" if isinstance(x, float) else str(x) for x in values)


def _dash(k: int) -> str:
    dash = DASHES[k % len(DASHES)]
    return " ".join(map(str, dash)) if dash[1] else ""


Scale = Callable[[float], float]


def _scale(values: Sequence[float], low: float, high: float, logarithmic: bool) -> tuple[Scale, list[float]]:
    """From values to pixels `low` to `high`, and where ticks stand."""
    known = [value for value in values if math.isfinite(value) and (value > 0 or not logarithmic)] or [1.0]
    if logarithmic:
        bottom = math.floor(math.log10(min(known)))
        top = max(math.ceil(math.log10(max(known))), bottom + 1)
        ticks = [10.0**k for k in range(bottom, top + 1, max(1, (top - bottom) // 4))]
        return (
            lambda v: low + (math.log10(max(v, 10.0**bottom)) - bottom) / (top - bottom) * (high - low)
        ), ticks
    least, most = min(0.0, *known, 0.0), max(0.0, *known, 0.0)
    span = (most - least) or 1.0
    unit = 10.0 ** math.floor(math.log10(span / 3))
    unit *= next(k for k in (1, 2, 5, 10) if span / (unit * k) <= 4.5)
    first = math.floor(least / unit + 1e-9)
    ticks = [first * unit]
    while ticks[-1] < most - 1e-9 * span:
        ticks.append((first + len(ticks)) * unit)
    start, end = ticks[0], max(ticks[-1], ticks[0] + unit)
    return (lambda v: low + (v - start) / (end - start) * (high - low)), [round(t, 10) for t in ticks]


def _curves(rows: Sequence[Row], name: str) -> dict[str, Any]:
    measure = MEASURES[name]
    people = sorted({row["human"] for row in rows if row["human"] is not None})
    x, x_ticks = _scale([0.0, *(row["temperature"] for row in rows)], _LEFT, _RIGHT, False)
    values = [row[key] for row in rows for key in ("low", "high", "value")] + people
    y, y_ticks = _scale(values, _FLOOR, _TOP, measure.logarithmic)
    lines = []
    for k in dict.fromkeys(row["series"] for row in rows):
        own = [row for row in rows if row["series"] == k]
        highs = [(x(row["temperature"]), y(row["high"])) for row in own]
        lows = [(x(row["temperature"]), y(row["low"])) for row in reversed(own)]
        line = [(x(row["temperature"]), y(row["value"])) for row in own]
        lines.append({"points": _points(line), "band": _points([*highs, *lows]), "dash": _dash(k)})
    return {
        **_frame(x, x_ticks, y, y_ticks),
        "title": measure.label,
        "about": measure.about,
        "alt": f"{measure.label} against temperature",
        "x_title": "temperature",
        "lines": lines,
        "rules": [(round(y(human), 1), f"{HUMAN}: {figure(human, name)}") for human in people],
        "dots": [_dot(x(row["temperature"]), y(row["value"]), row) for row in rows],
    }


def _front(rows: Sequence[Row]) -> dict[str, Any]:
    x, x_ticks = _scale([0.0, 1.0], _LEFT, _RIGHT, False)
    y, y_ticks = _scale([row["perplexity"] for row in rows], _FLOOR, _TOP, True)
    lines = []
    for k in dict.fromkeys(row["series"] for row in rows):
        own = [row for row in rows if row["series"] == k and row["temperature"] is not None]
        line = [(x(row["self_bleu"]), y(row["perplexity"])) for row in own]
        lines.append({"points": _points(line), "dash": _dash(k)})
    return {
        **_frame(x, x_ticks, y, y_ticks),
        "title": "Quality against diversity",
        "about": "Perplexity at T = 1 (low: what the network holds for likely) against self-BLEU, a point a "
        "temperature.",
        "alt": "Perplexity against self-BLEU",
        "x_title": "self-BLEU: diverse on the left, alike on the right",
        "lines": lines,
        "dots": [_dot(x(row["self_bleu"]), y(row["perplexity"]), row) for row in rows],
    }


def _frame(x: Scale, x_ticks: Sequence[float], y: Scale, y_ticks: Sequence[float]) -> dict[str, Any]:
    return {
        "width": _WIDTH,
        "height": _HEIGHT,
        "left": _LEFT,
        "right": _RIGHT,
        "floor": _FLOOR,
        "x_ticks": [(round(x(tick), 1), _tick(tick)) for tick in x_ticks],
        "y_ticks": [(round(y(tick), 1), _tick(tick)) for tick in y_ticks],
    }


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _dot(x: float, y: float, row: Row) -> dict[str, Any]:
    """A point of a picture; a row without a temperature is human text."""
    heat = row["temperature"]
    named = f"T = {heat:g}" if heat is not None else HUMAN
    return {
        "x": round(x, 1),
        "y": round(y, 1),
        "temperature": heat,
        "name": named if row.get("marked") else "",
        "text": f"{HUMAN}: {row['text']}" if heat is None else f"{row['label']}, {named}: {row['text']}",
    }


def _tick(value: float) -> str:
    return f"{value:.0e}".replace("e+0", "e") if abs(value) >= 1e5 else f"{value:,.6g}"
