"""What a study found, as tidy rows and in words: the sweep page without a page.

From a `Study` come the rows of `charts.sweep_spec` and `charts.front_spec`, the temperatures whose measures
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
from textgen.views.names import network_label
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
        named = (network_label(model), prompt, rule_name(rules))
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


# Shares of texts and of measures by which nearness is reckoned.
CUT_SHORT = 0.5  # if fewer human texts end within the limit of words, it decides how long texts are
HARDLY_ANY_END = 0.1  # the same of the series' own texts, at the middle one of its temperatures
AT_BOUND = 0.01  # a share of human text that is so near to 0 or 1 tells no temperature from another
MOST = 0.75  # of the measures that count: so many must agree on a range of temperatures


@dataclass(frozen=True)
class Nearest:
    """Where a series lies nearest to human text, measure by measure.

    of        each measure that counts -> the temperature at which it is nearest to that of human text
    at_edge   those of them that are nearest at an end of the range: what lies beyond may be nearer
    left_out  measures that do not count -> why, in a few words
    """

    of: dict[str, float]
    at_edge: frozenset[str]
    left_out: dict[str, str]

    @property
    def interval(self) -> tuple[float, float] | None:
        """The narrowest range of temperatures that holds `MOST` of the measures that count, those at the edge
        never; of several, the one around the middle measure. None if too many are at the edge."""
        places = sorted(heat for name, heat in self.of.items() if name not in self.at_edge)
        needed = math.ceil(MOST * len(self.of))
        ranges = list(zip(places, places[needed - 1 :], strict=False))
        if not ranges:
            return None
        middle = float(np.median(places))
        return min(
            ranges,
            key=lambda ends: (round(ends[1] - ends[0], 9), round(abs((ends[0] + ends[1]) / 2 - middle), 9)),
        )

    def within(self) -> list[str]:
        """The measures that are nearest inside the interval."""
        if self.interval is None:
            return []
        low, high = self.interval
        return [name for name, heat in self.of.items() if low <= heat <= high and name not in self.at_edge]

    def sentences(self) -> list[str]:
        """The answer, what disagrees with it, and what was not asked."""
        count, within = len(self.of), self.within()
        if self.interval is None:
            said = [
                "Human text is nearest at no temperature of this range: "
                f"{len(self.at_edge)} of the {count} measures that count are nearest at its edge, so what "
                "lies beyond may be nearer."
            ]
        else:
            low, high = self.interval
            where = f"between T = {low:g} and T = {high:g}" if low < high else f"at T = {low:g}"
            many = f"{len(within)} of the {count} measures that count are" if count > 1 else "the one is"
            said = [f"Human text is nearest {where}: {many} nearest there."]
        elsewhere = [
            f"{_label(name)} at T = {heat:g}" + " (the edge)" * (name in self.at_edge)
            for name, heat in self.of.items()
            if name not in within
        ]
        if elsewhere and within:
            said.append(f"Nearest elsewhere: {', '.join(elsewhere)}.")
        if self.left_out:
            reasons: dict[str, list[str]] = {}
            for name, why in self.left_out.items():
                reasons.setdefault(why, []).append(_label(name))
            said.append(
                "Not counted: " + "; ".join(f"{', '.join(n)} ({why})" for why, n in reasons.items()) + "."
            )
        return said


def nearest_to_human(series: Series, max_words: int) -> Nearest | None:
    """Where human text is, by each measure of `COMPARED`; None if no measure can tell.

    Perplexities and effective choices are compared by their logarithms. What is not known does not count,
    nor do measures of length where `max_words`, the limit, decides them, shares that human text has next to
    nothing or all of, and what does not vary (by less than 1e-12).
    """
    of: dict[str, float] = {}
    at_edge = set()
    left_out: dict[str, str] = {}
    limited = _is_limited(series, max_words)
    for name in COMPARED:
        values = np.array([figures.of(name)[0] for _, figures in series.points])
        human = series.human(name)
        at_bound = MEASURES[name].share and not AT_BOUND < human < 1 - AT_BOUND
        if MEASURES[name].logarithmic:
            with np.errstate(divide="ignore"):
                values, human = np.log(values), math.log(human) if human > 0 else math.nan
        if not (np.isfinite(values).all() and math.isfinite(human)) or len(values) < 2:
            continue
        if name in ("words", "ended") and limited:
            left_out[name] = f"the limit of {max_words} words decides"
        elif at_bound:
            left_out[name] = "next to none in human text" if human < 0.5 else "next to all in human text"
        elif np.ptp(values) < 1e-12:
            left_out[name] = "the same at every temperature"
        else:
            place = int(np.abs(values - human).argmin())
            of[name] = series.temperatures[place]
            if place in (0, len(values) - 1):
                at_edge.add(name)
    return Nearest(of, frozenset(at_edge), left_out) if of else None


def _is_limited(series: Series, max_words: int) -> bool:
    """Whether the limit of words decides how long texts are: most human ones are cut by it, or nearly all of
    the series. Without a figure of how many end, by their mean length."""
    own = float(np.median([figures.of("ended")[0] for _, figures in series.points]))
    ended = series.human("ended")
    return ended < CUT_SHORT or own < HARDLY_ANY_END or series.human("words") > 0.9 * max_words


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
    said = [" ".join(_sentences(line, len(series) > 1, study.settings.max_words)) for line in series]
    if study.settings.texts > 1 and any(0 in line.temperatures for line in series):
        said[-1] += (
            f" At T = 0 all {study.settings.texts:,} texts are the same text: intervals there have no width."
        )
    return said


def paragraph(study: Study) -> str:
    """`paragraphs` as one."""
    return " ".join(paragraphs(study))


def _sentences(series: Series, named: bool, max_words: int) -> list[str]:
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
    if len(series.points) > 1 and (nearest := nearest_to_human(series, max_words)):
        said += nearest.sentences()
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
