"""A study to take away: one HTML file with its pictures, its table and its texts, which opens offline."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

from textgen.charts import DASHES, MUTED, temperature_color
from textgen.measuring.diversity import MEASURES
from textgen.measuring.study.table import Study
from textgen.text.typeset import detokenize
from textgen.views.sweep import HUMAN, Row, curve_rows, figure, front_rows, paragraphs, series_of

_WIDTH, _HEIGHT = 330, 190
_LEFT, _RIGHT, _TOP, _BOTTOM = 48, 12, 10, 34
_DASHES = ["", *(" ".join(map(str, dash)) for dash in DASHES[1:])]

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.6 system-ui, sans-serif; max-width: 76rem; margin: 2rem auto; padding: 0 1rem; }
h1, h2, h3 { font-family: Georgia, serif; font-weight: 600; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(18rem, 1fr)); gap: 1.5rem; }
figure { margin: 0; }
figcaption { font-size: .85rem; }
svg { width: 100%; height: auto; font: 11px system-ui, sans-serif; fill: currentColor; }
table { border-collapse: collapse; font-size: .85rem; display: block; overflow-x: auto; }
td, th { padding: .1rem .8rem .1rem 0; text-align: right; font-variant-numeric: tabular-nums; }
th:first-child, td:first-child { text-align: left; }
p.text { font: 1rem/1.6 Georgia, serif; margin: .4rem 0; overflow-wrap: anywhere; }
small { opacity: .8; }
"""


def to_html(study: Study) -> str:
    """The report: settings, the paragraph in words, every picture, the table, and ten texts a condition."""
    say = html.escape
    settings = asdict(study.settings)
    title = ", ".join(study.settings.prompts)
    found = series_of(study)
    legend = "".join(
        f'<svg viewBox="0 0 30 8" style="width:30px;height:8px"><line x1="0" y1="4" x2="30" y2="4" '
        f'stroke="currentColor" stroke-width="2" stroke-dasharray="{_DASHES[k % len(_DASHES)]}"/></svg> '
        f"{say(series.label)} &nbsp; "
        for k, series in enumerate(found)
    )
    charts = [_front(study)]
    for name, measure in MEASURES.items():
        rows = curve_rows(study, name)
        if rows:
            charts.append(_figure(measure.label, measure.about, _curves(rows, measure.logarithmic, name)))
    shown = "".join(
        f"<tr><td>{say(name.replace('_', ' '))}</td><td>{say(_plain(value))}</td></tr>"
        for name, value in settings.items()
    )
    texts = "".join(
        f"<details><summary>{say(series.label)}, "
        f'<b style="color:{temperature_color(condition.temperature)}">T = {condition.temperature:g}</b>'
        "</summary>"
        + "".join(
            f"<p class=text><small>seed {study.settings.seed + n}</small> "
            f"{say(detokenize(sample.split())) or '(nothing: the recipe ends at once)'}</p>"
            for n, sample in enumerate(figures.samples)
        )
        + "</details>"
        for series in found
        for condition, figures in series.points
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>Simmer: a sweep of {say(title)}</title><style>{_STYLE}</style>"
        f"<h1>What temperature does to “{say(title)}”</h1>"
        f"{''.join(f'<p>{say(text)}</p>' for text in paragraphs(study))}"
        "<p><small>Bands: 95 % bootstrap intervals over texts. Dashed: human text, recipes that no network "
        "was trained on, of many dishes, cut to the same number of words.</small></p>"
        + (f"<p><small>{legend}</small></p>" if len(found) > 1 else "")
        + f'<div class="charts">{"".join(charts)}</div>'
        f"<h2>Figures</h2>{_table(study)}<h2>Texts</h2>{texts}<h2>Settings</h2>"
        f"<table>{shown}</table></html>\n"
    )


def _plain(value: Any) -> str:
    return ", ".join(f"{x:g}" if isinstance(x, float) else str(x) for x in value) if isinstance(
        value, (list, tuple)
    ) else str(value)  # fmt: skip


def _figure(title: str, about: str, drawing: str) -> str:
    return (
        f"<figure><h3>{html.escape(title)}</h3>{drawing}"
        f"<figcaption>{html.escape(about)}</figcaption></figure>"
    )


def _table(study: Study) -> str:
    parts = []
    for series in series_of(study):
        head = "".join(f"<th>{html.escape(measure.label)}</th>" for measure in MEASURES.values())
        body = "".join(
            f"<tr><td>T = {condition.temperature:g}</td>"
            + "".join(f"<td>{figure(figures.of(name)[0], name)}</td>" for name in MEASURES)
            + "</tr>"
            for condition, figures in series.points
        )
        people = "".join(f"<td>{figure(float(series.human(name)), name)}</td>" for name in MEASURES)
        parts.append(
            f"<h3>{html.escape(series.label)}</h3><table><tr><th></th>{head}</tr>{body}"
            f"<tr><td>{HUMAN}</td>{people}</tr></table>"
        )
    return "".join(parts)


# -- pictures --------------------------------------------------------------------------------------

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


def _curves(rows: Sequence[Row], logarithmic: bool, name: str) -> str:
    temperatures = sorted({row["temperature"] for row in rows})
    people = sorted({row["human"] for row in rows if row["human"] is not None})
    x, x_ticks = _scale([0.0, *temperatures], _LEFT, _WIDTH - _RIGHT, False)
    y, y_ticks = _scale(
        [row[key] for row in rows for key in ("low", "high", "value")] + people,
        _HEIGHT - _BOTTOM,
        _TOP,
        logarithmic,
    )
    parts = [_axes(x, x_ticks, y, y_ticks, "temperature")]
    for k in dict.fromkeys(row["series"] for row in rows):
        own = [row for row in rows if row["series"] == k]
        band = [f"{x(row['temperature']):.1f},{y(row['high']):.1f}" for row in own]
        band += [f"{x(row['temperature']):.1f},{y(row['low']):.1f}" for row in reversed(own)]
        line = " ".join(f"{x(row['temperature']):.1f},{y(row['value']):.1f}" for row in own)
        parts.append(f'<polygon points="{" ".join(band)}" fill="currentColor" opacity=".15"/>')
        parts.append(
            f'<polyline points="{line}" fill="none" stroke="currentColor" stroke-width="1.5" '
            f'stroke-dasharray="{_DASHES[k % len(_DASHES)]}"/>'
        )
        parts += [_point(x(row["temperature"]), y(row["value"]), row) for row in own]
    for human in people:
        parts.append(
            f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(human):.1f}" y2="{y(human):.1f}" '
            f'stroke="{MUTED}" stroke-width="1.5" stroke-dasharray="5 3"><title>{HUMAN}: '
            f"{html.escape(figure(human, name))}</title></line>"
        )
    return _svg(parts, f"{MEASURES[name].label} against temperature")


def _front(study: Study) -> str:
    rows = front_rows(study)
    if not rows:
        return ""
    x, x_ticks = _scale([0.0, 1.0], _LEFT, _WIDTH - _RIGHT, False)
    y, y_ticks = _scale([row["perplexity"] for row in rows], _HEIGHT - _BOTTOM, _TOP, True)
    parts = [_axes(x, x_ticks, y, y_ticks, "self-BLEU: diverse on the left, alike on the right")]
    for k in dict.fromkeys(row["series"] for row in rows):
        own = [row for row in rows if row["series"] == k and row["temperature"] is not None]
        line = " ".join(f"{x(row['self_bleu']):.1f},{y(row['perplexity']):.1f}" for row in own)
        parts.append(
            f'<polyline points="{line}" fill="none" stroke="currentColor" stroke-width="1" '
            f'stroke-dasharray="{_DASHES[k % len(_DASHES)]}"/>'
        )
    for row in rows:
        at = (x(row["self_bleu"]), y(row["perplexity"]))
        if row["temperature"] is None:
            parts.append(
                f'<path d="M{at[0]:.1f} {at[1] - 6:.1f}l6 6l-6 6l-6 -6z" fill="{MUTED}">'
                f"<title>{HUMAN}: {html.escape(row['text'])}</title></path>"
                f'<text x="{at[0] + 9:.1f}" y="{at[1] + 4:.1f}">{HUMAN}</text>'
            )
            continue
        parts.append(_point(*at, row, 5 if row["marked"] else 3))
        if row["marked"]:
            parts.append(f'<text x="{at[0] + 8:.1f}" y="{at[1] - 5:.1f}">T = {row["temperature"]:g}</text>')
    return _figure(
        "Quality against diversity",
        "Perplexity at T = 1 (low: what the network holds for likely) against self-BLEU, a point a "
        "temperature.",
        _svg(parts, "Perplexity against self-BLEU"),
    )


def _point(x: float, y: float, row: Row, radius: int = 3) -> str:
    return (
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{temperature_color(row["temperature"])}">'
        f"<title>{html.escape(row['label'])}, T = {row['temperature']:g}: {html.escape(row['text'])}</title>"
        "</circle>"
    )


def _axes(x: Scale, x_ticks: Sequence[float], y: Scale, y_ticks: Sequence[float], label: str) -> str:
    floor = _HEIGHT - _BOTTOM
    parts = [f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{floor}" y2="{floor}" stroke="{MUTED}"/>']
    for tick in y_ticks:
        parts.append(
            f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y(tick):.1f}" y2="{y(tick):.1f}" '
            f'stroke="{MUTED}" opacity=".25"/>'
            f'<text x="{_LEFT - 6}" y="{y(tick) + 4:.1f}" text-anchor="end">{_tick(tick)}</text>'
        )
    for tick in x_ticks:
        parts.append(f'<text x="{x(tick):.1f}" y="{floor + 14}" text-anchor="middle">{_tick(tick)}</text>')
    parts.append(
        f'<text x="{(_LEFT + _WIDTH - _RIGHT) / 2}" y="{_HEIGHT - 4}" text-anchor="middle">{label}</text>'
    )
    return "".join(parts)


def _tick(value: float) -> str:
    return f"{value:.0e}".replace("e+0", "e") if abs(value) >= 1e5 else f"{value:,.6g}"


def _svg(parts: Sequence[str], label: str) -> str:
    return (
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{html.escape(label)}">'
        f"{''.join(parts)}</svg>"
    )
