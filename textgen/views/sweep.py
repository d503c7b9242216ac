"""What a study found, as tidy rows and in words: the sweep page without a page.

From a `Study` come the rows of `charts.sweep_spec` and `charts.front_spec`, the temperature whose measures
lie nearest to those of human text, and a paragraph that says only what the numbers bear out. Knows nothing
of Streamlit or Altair.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from textgen.measuring.diversity import MEASURES
from textgen.measuring.study.settings import NO_FILTER, Condition, parse_filter
from textgen.measuring.study.table import Figures, Study
from textgen.text.typeset import percent
from textgen.writing.rules import BY_NAME

Row = dict[str, Any]
HUMAN = "human text"
MARKED = (0.2, 0.7, 1.2)  # the comparison page's temperatures
# What is set beside human text: all but the entropy, which effective choices say again.
COMPARED = tuple(name for name in MEASURES if name != "entropy")


@dataclass(frozen=True, eq=False)
class Series:
    """The finished conditions of one network, prompt and filter, the coolest first; `label` says in what it
    differs from the study's other ones."""

    label: str
    points: tuple[tuple[Condition, Figures], ...]

    @property
    def temperatures(self) -> list[float]:
        return [condition.temperature for condition, _ in self.points]

    def human(self, name: str) -> float:
        """The measure of human text, as the series' network reads it; NaN if it is not known."""
        return self.points[0][1].human[list(MEASURES).index(name)] if self.points else math.nan


def rule_name(rules: str) -> str:
    """A filter as a person reads it: "top_k=40" is "top-k 40"."""
    if rules == NO_FILTER:
        return "no filter"
    return ", ".join(BY_NAME[name].words(value) for name, value in parse_filter(rules).items())


def series_of(study: Study) -> list[Series]:
    """The study's series that have a finished condition."""
    settings = study.settings
    several = [len(part) > 1 for part in (settings.models, settings.prompts, settings.filters)]
    lines: dict[tuple[str, str, str], list[tuple[Condition, Figures]]] = {}
    for condition in settings.conditions:
        if condition in study.figures:
            key = (condition.model, condition.prompt, condition.filter)
            lines.setdefault(key, []).append((condition, study.figures[condition]))
    result = []
    for (model, prompt, rules), points in lines.items():
        named = (model, prompt, rule_name(rules))
        shown = [part for part, differs in zip(named, several, strict=True) if differs]
        result.append(Series(" · ".join(shown) or "the network", tuple(points)))
    return result


def figure(value: float, name: str) -> str:
    """A figure of a measure as a person reads it."""
    if math.isnan(value):
        return "not known"
    if MEASURES[name].percent:
        return percent(value)
    if math.isinf(value):
        return "∞"
    if MEASURES[name].signed:
        return f"{value:+.2f}".replace("-", "−")
    if abs(value) >= 100:
        return f"{value:,.0f}" if abs(value) < 1e6 else f"{value:.1e}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def curve_rows(study: Study, name: str) -> list[Row]:
    """One measure of every series at every finished temperature: a `label`, its place `series`, a
    `temperature`, a `value` between `low` and `high`, `text`, and the `human` figure (None if not known)."""
    rows = []
    for k, series in enumerate(series_of(study)):
        human = series.human(name)
        for condition, figures in series.points:
            value, low, high = figures.of(name)
            if math.isfinite(value):
                rows.append(
                    {
                        "series": k,
                        "label": series.label,
                        "temperature": condition.temperature,
                        "value": value,
                        "low": low,
                        "high": high if math.isfinite(high) else value,
                        "text": f"{figure(value, name)} ({figure(low, name)} to {figure(high, name)})",
                        "human": None if math.isnan(human) else float(human),
                        "human_text": figure(human, name),
                    }
                )
    return rows


def front_rows(study: Study) -> list[Row]:
    """Self-BLEU and perplexity of every finished condition: a `label`, its place `series`, `temperature`,
    `self_bleu`, `perplexity`, whether it is `marked`, and `text`. Human text is a row without a temperature,
    one for each pair of figures."""
    rows: list[Row] = []
    people: dict[tuple[float, float], Row] = {}
    for k, series in enumerate(series_of(study)):
        for condition, figures in series.points:
            bleu, perplexity = figures.of("self_bleu")[0], figures.of("perplexity")[0]
            if math.isfinite(bleu) and math.isfinite(perplexity):
                rows.append(
                    {
                        "series": k,
                        "label": series.label,
                        "temperature": condition.temperature,
                        "self_bleu": bleu,
                        "perplexity": perplexity,
                        "marked": condition.temperature in MARKED,
                        "text": f"self-BLEU {figure(bleu, 'self_bleu')}, perplexity "
                        f"{figure(perplexity, 'perplexity')}",
                    }
                )
        place = (float(series.human("self_bleu")), float(series.human("perplexity")))
        if all(map(math.isfinite, place)):
            people[place] = {
                "series": k,
                "label": HUMAN,
                "temperature": None,
                "self_bleu": place[0],
                "perplexity": place[1],
                "marked": True,
                "text": f"self-BLEU {figure(place[0], 'self_bleu')}, perplexity "
                f"{figure(place[1], 'perplexity')}",
            }
    return rows + list(people.values())


@dataclass(frozen=True)
class Nearest:
    """The temperature at which a series lies nearest to human text, all measures taken together, and for
    each measure the one at which that measure does."""

    temperature: float
    of: dict[str, float]

    @property
    def earliest(self) -> tuple[str, float]:
        """The measure that is nearest at the lowest temperature."""
        return min(self.of.items(), key=lambda item: item[1])

    @property
    def latest(self) -> tuple[str, float]:
        return max(self.of.items(), key=lambda item: item[1])


def nearest_to_human(series: Series) -> Nearest | None:
    """Where human text is: the temperature of the least mean squared distance over `COMPARED`.

    Each measure counts in units of its range over the series' temperatures, perplexities and effective
    choices by their logarithms; one that moves by less than 1e-12, or is not known, does not count. None if
    none does.
    """
    squares = np.zeros(len(series.points))
    nearest: dict[str, float] = {}
    for name in COMPARED:
        values = np.array([figures.of(name)[0] for _, figures in series.points])
        human = series.human(name)
        if MEASURES[name].logarithmic:
            with np.errstate(divide="ignore"):
                values, human = np.log(values), math.log(human) if human > 0 else math.nan
        if not (np.isfinite(values).all() and math.isfinite(human)) or np.ptp(values) < 1e-12:
            continue
        distance = np.abs(values - human)
        squares += (distance / np.ptp(values)) ** 2
        nearest[name] = series.temperatures[int(distance.argmin())]
    if not nearest:
        return None
    return Nearest(series.temperatures[int(squares.argmin())], nearest)


def as_diverse_as_human(series: Series) -> tuple[float, float] | None:
    """The temperature at which self-BLEU first falls to that of human text, and the perplexity there, both
    on straight lines between conditions (of the logarithm, for the perplexity); None if it does not."""
    human = series.human("self_bleu")
    points = [
        (condition.temperature, figures.of("self_bleu")[0], figures.of("perplexity")[0])
        for condition, figures in series.points
    ]
    for (t, bleu, perplexity), (t2, bleu2, perplexity2) in itertools.pairwise(points):
        if bleu >= human >= bleu2 and bleu > bleu2 and math.isfinite(perplexity2):
            share = (bleu - human) / (bleu - bleu2)
            logs = math.log(perplexity) + share * (math.log(perplexity2) - math.log(perplexity))
            return t + share * (t2 - t), math.exp(logs)
    return None


def paragraphs(study: Study) -> list[str]:
    """What the pictures show, in a few sentences a series, computed from the figures that they are drawn
    from."""
    series = series_of(study)
    if not series:
        return ["Nothing is finished yet."]
    said = [" ".join(_sentences(line, len(series) > 1)) for line in series]
    if study.settings.texts > 1 and any(0 in line.temperatures for line in series):
        said[-1] += (
            f" At T = 0 all {study.settings.texts:,} texts are the same text: intervals there have no width."
        )
    return said


def paragraph(study: Study) -> str:
    """`paragraphs` as one."""
    return " ".join(paragraphs(study))


def _sentences(series: Series, named: bool) -> list[str]:
    start = f"{series.label}: " if named else ""  # as it is: a network's name has no capital
    (first, cool), (last, hot) = series.points[0], series.points[-1]
    if len(series.points) == 1:
        known = [
            f"{_label(name)} {'are' if name == 'choices' else 'is'} {figure(cool.of(name)[0], name)}"
            for name in ("choices", "self_bleu", "perplexity")
            if not math.isnan(cool.of(name)[0])
        ]
        said = [f"{start}At T = {first.temperature:g}, {', '.join(known)}."]
    else:
        moves = ", ".join(
            _move(
                name, MEASURES[name].label if name == "self_bleu" else MEASURES[name].label.lower(), cool, hot
            )
            for name in ("choices", "self_bleu", "perplexity")
            if not math.isnan(cool.of(name)[0]) and not math.isnan(hot.of(name)[0])
        )
        said = [f"{start}From T = {first.temperature:g} to T = {last.temperature:g}, {moves}."]
        loops = [
            (figures.of("repetition")[0], condition.temperature)
            for condition, figures in series.points
            if not math.isnan(figures.of("repetition")[0])
        ]
        most = max((value for value, _ in loops), default=0.0)
        if most > 0:
            at = ", ".join(f"{t:g}" for value, t in loops if value == most)
            said.append(f"Texts repeat themselves most at T = {at}: {percent(most)} of their 4-grams.")
    if len(series.points) > 1 and (nearest := nearest_to_human(series)):
        (early, low), (late, high) = nearest.earliest, nearest.latest
        said.append(f"Human text is nearest at T = {nearest.temperature:g}, all measures taken together.")
        if low < high:
            said.append(
                f"Measure by measure it is not one place: {_label(early)} is nearest at T = {low:g}, "
                f"{_label(late)} at T = {high:g}."
            )
        if meeting := as_diverse_as_human(series):
            place, perplexity = meeting
            human = series.human("perplexity")
            if math.isfinite(human):
                said.append(
                    f"Where the texts are as diverse as human ones by self-BLEU "
                    f"({figure(series.human('self_bleu'), 'self_bleu')}, at about T = {place:.2f}), their "
                    f"perplexity is {figure(perplexity, 'perplexity')}; that of human text is "
                    f"{figure(human, 'perplexity')}."
                )
    return said


def _move(name: str, label: str, cool: Figures, hot: Figures) -> str:
    """ "self-BLEU falls from 1.00 to 0.01", or that it cannot be told apart."""
    (before, low, high), (after, low2, high2) = cool.of(name), hot.of(name)
    verb = "rises" if low2 > high else "falls" if high2 < low else "goes, within its intervals,"
    plural = name == "choices"
    if plural:
        verb = {"rises": "rise", "falls": "fall"}.get(verb, "go, within their intervals,")
    return f"{label} {verb} from {figure(before, name)} to {figure(after, name)}"


def _label(name: str) -> str:
    label = MEASURES[name].label
    return label if "-" in label and label[0] in "SD" else label[:1].lower() + label[1:]


def in_words(rows: Sequence[Row], name: str) -> str:
    """One chart for who cannot see it: each series at its lowest, middle and highest temperature."""
    said = []
    for label in dict.fromkeys(row["label"] for row in rows):
        own = [row for row in rows if row["label"] == label]
        shown = [own[k] for k in sorted({0, len(own) // 2, len(own) - 1})]
        said.append(f"{label}: " + "; ".join(f"T = {row['temperature']:g}: {row['text']}" for row in shown))
    human = next((row["human_text"] for row in rows if row["human"] is not None), "not known")
    return f"{MEASURES[name].label}. " + ". ".join(said) + f". Human text: {human}."
