"""Which verb comes first, as tidy rows: the verbs page without a page.

From `FirstVerbs` and `KindShares` come the rows of `charts.lines_spec` and `charts.heat_map_spec`, and tables
(a list of rows with the same plain columns) that hold all of it, for a file. Knows nothing of Streamlit or
Altair.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from textgen.measuring.first_verbs import FirstVerbs, divergence, divergence_interval
from textgen.measuring.kinds import KINDS, KindShares
from textgen.network.bundle import Bundle
from textgen.text.lexicon import GROUPS
from textgen.text.pairings import Strangers, ingredients, pairings
from textgen.text.typeset import percent
from textgen.text.vocabulary import UNKNOWN_ID
from textgen.views.compare import display_words
from textgen.writing.generate import generations, recipe_prompt
from textgen.writing.sampling import Sampler

Row = dict[str, Any]
OTHERS = "other verbs"


def no_verb(first: FirstVerbs) -> str:
    """The name of the outcome that no verb comes."""
    return f"no verb in {first.max_words} words"


def line_rows(first: FirstVerbs, count: int = 5) -> list[Row]:
    """One title's `count` likeliest verbs, and no verb at all, each at every temperature."""
    without = first.none + first.later
    rows = []
    for verb in [*first.top(count), no_verb(first)]:
        for k, temperature in enumerate(first.temperatures):
            if verb in first.verbs:
                n = first.verbs.index(verb)
                value, low, high = (float(x[k, n]) for x in (first.probability, first.low, first.high))
            else:
                value, low, high = float(without[k]), *map(float, first.without[:, k])
            text = percent(value)
            if high - low > 0.01:
                text += f" ({percent(low)} to {percent(high)})"
            rows.append(
                {
                    "label": verb,
                    "temperature": temperature,
                    "value": value,
                    "low": low,
                    "high": high,
                    "text": text,
                    "aside": verb not in first.verbs,
                }
            )
    return rows


def heat_map_rows(firsts: Sequence[FirstVerbs], temperature: float, count: int = 12) -> list[Row]:
    """Titles by verbs at one temperature: each title's values sum to 1. The verbs stand by the title that
    takes each the most."""
    k = firsts[0].temperatures.index(temperature)
    best = {
        verb: max((float(first.of(verb)[k]), -i) for i, first in enumerate(firsts))
        for verb in dict.fromkeys(verb for first in firsts for verb in first.verbs)
    }
    likely = sorted((v for v in best if best[v][0] > 0), key=lambda v: best[v], reverse=True)[:count]
    likely.sort(key=lambda v: (-best[v][1], -best[v][0]))
    rows = []
    for first in firsts:
        values = {verb: float(first.of(verb)[k]) for verb in likely}
        values[OTHERS] = max(0.0, float(first.probability[k].sum()) - sum(values.values()))
        values[no_verb(first)] = float(first.none[k] + first.later[k])
        for order, (verb, value) in enumerate(values.items()):
            rows.append(
                {
                    "column": first.title,
                    "label": verb,
                    "order": order,
                    "value": value,
                    "share": percent(value),
                    "temperature": temperature,
                    "detail": "",
                }
            )
    return rows


def in_words(first: FirstVerbs, temperature: float, count: int = 3) -> str:
    """The likeliest first verbs of one title at one temperature, for who cannot see the chart."""
    k = first.temperatures.index(temperature)
    order = sorted(zip(first.probability[k].tolist(), first.verbs, strict=True), key=lambda x: -x[0])
    likely = [f"{verb} {percent(value)}" for value, verb in order[:count] if value > 0]
    return f"{first.title}: " + (", ".join(likely) or "no verb")


def divergence_rows(firsts: Sequence[FirstVerbs], reference: int = 0) -> list[Row]:
    """How far each other title's first verbs are from those of title `reference`, in bits."""
    return [
        {
            "label": first.title,
            "temperature": temperature,
            **{name: None if math.isnan(x) else x for name, x in bits.items()},
            "text": _bits_in_words(**bits),
        }
        for i, first in enumerate(firsts)
        if i != reference
        for temperature, bits in zip(first.temperatures, _bits(firsts[reference], first), strict=True)
    ]


def _bits(a: FirstVerbs, b: FirstVerbs) -> list[dict[str, float]]:
    """The divergence at each temperature as `value`, `low` and `high`."""
    columns = zip(divergence(a, b), *divergence_interval(a, b), strict=True)
    return [{"value": float(value), "low": float(low), "high": float(high)} for value, low, high in columns]


def _bits_in_words(value: float, low: float, high: float) -> str:
    if math.isnan(value):
        return "one has no verb"
    return f"{value:.2f} bits" + (f" ({low:.2f} to {high:.2f})" if high - low > 0.01 else "")


def kind_rows(kinds: KindShares) -> list[Row]:
    """What share of a whole text each kind of word has, by temperature."""
    rows = []
    for k, temperature in enumerate(kinds.temperatures):
        for order, kind in enumerate(KINDS):
            value, low, high = (float(x[k, order]) for x in (kinds.share, kinds.low, kinds.high))
            rows.append(
                {
                    "column": f"{temperature:g}",
                    "label": f"verbs: {kind}" if kind in GROUPS else kind,
                    "order": order,
                    "value": value,
                    "share": percent(value),
                    "temperature": temperature,
                    "detail": f"95 %: {percent(low)} to {percent(high)}",
                }
            )
    return rows


def first_verb_table(firsts: Sequence[FirstVerbs], temperatures: Sequence[float] | None = None) -> list[Row]:
    """Every verb of every title at every temperature (or at `temperatures`), with its interval."""
    rows = []
    for first in firsts:
        for k, temperature in enumerate(first.temperatures):
            if temperatures is not None and temperature not in temperatures:
                continue
            columns = {"title": first.title, "temperature": temperature}
            for n, (verb, group) in enumerate(zip(first.verbs, first.groups, strict=True)):
                value, low, high = (float(x[k, n]) for x in (first.probability, first.low, first.high))
                rows.append({**columns, "verb": verb, "group": group, **_interval(value, low, high)})
            none = _interval(float(first.none[k] + first.later[k]), *map(float, first.without[:, k]))
            rows.append({**columns, "verb": f"({no_verb(first)})", "group": "", **none})
    return rows


def divergence_table(firsts: Sequence[FirstVerbs]) -> list[Row]:
    """Each pair of titles at each temperature, with its interval; empty where one of the two has no verb."""
    return [
        {
            "title": a.title,
            "other": b.title,
            "temperature": t,
            **{("bits" if name == "value" else name): "" if math.isnan(x) else x for name, x in bits.items()},
        }
        for a, b in combinations(firsts, 2)
        for t, bits in zip(a.temperatures, _bits(a, b), strict=True)
    ]


def kind_table(titles: Sequence[str], kinds: Sequence[KindShares]) -> list[Row]:
    """Each kind of word by title and temperature."""
    return [
        {
            "title": title,
            "temperature": temperature,
            "kind": kind,
            **_interval(float(shares.share[k, n]), float(shares.low[k, n]), float(shares.high[k, n])),
        }
        for title, shares in zip(titles, kinds, strict=True)
        for k, temperature in enumerate(shares.temperatures)
        for n, kind in enumerate(KINDS)
    ]


def _interval(value: float, low: float, high: float) -> Row:
    return {"probability": value, "low": low, "high": high}


@dataclass(frozen=True)
class Oddity:
    """A text in which a network joined two ingredients that met in no recipe it read.

    words  as a person reads them: each with whether a space comes before it, and whether it is one of the two
    """

    title: str
    temperature: float
    pair: Strangers
    words: tuple[tuple[str, bool, bool], ...]


def oddity(
    bundle: Bundle, titles: Sequence[str], *, temperature: float = 1.0, texts: int = 6, seed: int = 0
) -> Oddity | None:
    """The pair of strangers, among `texts` texts a title, that chance would have joined most often; None if
    every pair has met."""
    oddest: Oddity | None = None
    for title in titles:
        sampler = Sampler(temperature=temperature, suppress=(UNKNOWN_ID,))
        runs = generations(
            bundle,
            recipe_prompt(title),
            samplers=[sampler] * texts,
            max_tokens=60,
            seed=[seed + n for n in range(texts)],
        )
        for run in runs:
            words = [word for word in run.words if word]
            for pair in pairings().strangers(words)[:1]:
                if oddest is None or pair.expected > oddest.pair.expected:
                    oddest = Oddity(title, temperature, pair, _marked(words, {pair.a, pair.b}))
    return oddest


def _marked(words: Sequence[str], names: set[str]) -> tuple[tuple[str, bool, bool], ...]:
    # After "the" no word is a verb, so that "butter" is the ingredient here.
    return tuple(
        (text, space, bool(ingredients(["the", word]) & names))
        for word, (text, space) in zip(words, display_words(words), strict=True)
    )
