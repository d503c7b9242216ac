"""Texts side by side, each with its slider: what the component is given, and what it asks for."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from pages.parts import address
from pages.parts.drawing import component
from textgen import charts
from textgen.text.vocabulary import tokenize
from textgen.views.compare import Comparison, Mark

state = st.session_state
columns_component = component("columns")
_SCALE = [
    charts.temperature_color(t * address.SLIDER_STEP)
    for t in range(round(address.HOTTEST / address.SLIDER_STEP) + 1)
]


# -- how many, and how warm ------------------------------------------------------------------------


def have(temperatures: Sequence[float]) -> None:
    """Have a column for each of `temperatures`."""
    renew()
    state.n = len(temperatures)
    state.temperatures = [*map(float, temperatures), *address.TEMPERATURES[state.n :]]


def renew() -> None:
    """What sliders are about to say is no longer meant: their columns are others by now."""
    state.generation = state.get("generation", 0) + 1


# -- to the browser --------------------------------------------------------------------------------


def column(
    comparison: Comparison, k: int, name: str, mark: Mark | None, opening: str = "", **more: Any
) -> dict[str, Any]:
    """Run `k` of `comparison` as one of the columns to `show`; `mark` is where it leaves its neighbour.

    `more` may be its `bars` (see `textgen.views.bars`) and the `draws` that are to be counted in them."""
    temperature, words = comparison.runs[k].sampler.temperature, tokenize(opening)
    rows = comparison.runs[k].findings.once(
        ("compact", tuple(words)), lambda: [compact(row) for row in comparison.word_rows(k, words)]
    )
    return {
        "temperature": temperature,
        "rows": rows,  # to be read only
        "name": name,
        "note": in_words(temperature),
        "parts": mark.position if mark else -1,
        "why": mark.reason if mark else "",
        **more,
    }


def compact(row: dict[str, Any]) -> dict[str, Any]:
    """What a column shows of a word's row, in few bytes."""
    # Rounded, but never up to a certainty that is none.
    numbers = {
        name: value if 0.999 < (value := row[name]) < 1 else float(f"{value:.4g}")
        for name in ("probability", "plain", "bits")
    }
    marks = {name: True for name in ("space", "forced", "end", "verb") if row[name]}
    return {"text": row["text"], "rank": row["rank"], **numbers, **marks}


def in_words(temperature: float) -> str:
    """What a temperature means, in a few words, the first of them for where there is little room."""
    if temperature == 0:
        return "greedy: always the likeliest word"
    if temperature == 1:
        return "as learned: the network's own probabilities"
    for below, text in (
        (0.4, "safe: nearly always a very likely word"),
        (0.75, "steady: likely words"),
        (1, "a little safer than learned"),
        (1.3, "a little more daring than learned"),
        (1.7, "daring: unlikely words get a chance"),
    ):
        if temperature < below:
            return text
    return "wild: nearly anything goes"


def show(
    key: str,
    texts: Sequence[dict[str, Any]],
    word: int,
    *,
    sliders: bool = True,
    opening: str = "",
    measure: str = "surprisal",
    on_ask: Callable[[], None],
    on_add: Callable[[], None] = lambda: None,
    on_remove: Callable[[], None] = lambda: None,
    on_force: Callable[[], None] = lambda: None,
    on_view: Callable[[], None] = lambda: None,
    on_hundred: Callable[[], None] = lambda: None,
    on_leave: Callable[[], None] = lambda: None,
    on_rest: Callable[[], None] = lambda: None,
    **more: Any,
) -> None:
    """Texts side by side, `word` (from 1, or 0 for none) picked in each.

    With `sliders`, each has a slider for its temperature and a cross that removes it, and below them all
    stands the walk through their words. What is asked for, see `asked`, calls `on_ask`. Where texts have
    bars, `more` says how they are shown: the `view`, the `point` on their line, which `hundred` draws, and
    how effective choices are `explained`.
    What it has to `present` is the heading of a presentation, which keys drive until `on_leave`.
    Where something below follows the texts, `more` says whether that is in sight (`below`), and counts the
    `drawing` of the texts, which it repeats as `data-drawing`; when it is to be drawn, `on_rest` is called.
    """
    messages = state.get(key)
    columns_component(
        key=key,
        data={
            "columns": texts,
            "word": word,
            "sliders": sliders,
            "opening": opening,
            "measure": measure,
            "scale": _SCALE,
            "fewest": address.FEWEST_COLUMNS,
            "most": address.MOST_COLUMNS,
            "answered": messages["ask"]["number"] if messages and messages.get("ask") else 0,
            "generation": state.get("generation", 0),
            **more,
        },
        on_ask_change=on_ask,
        on_add_change=on_add,
        on_remove_change=on_remove,
        on_force_change=on_force,
        on_view_change=on_view,
        on_hundred_change=on_hundred,
        on_leave_change=on_leave,
        on_rest_change=on_rest,
    )


# -- from the browser ------------------------------------------------------------------------------


def asked(key: str) -> dict[str | int, Any]:
    """What the columns `key` ask for: the number of the "word" to pick, and temperatures by the number of
    their column; and whether what stands "below" them is in sight. What no slider can say is left out."""
    values: dict[str | int, Any] = {}
    if state[key].ask["generation"] != state.get("generation", 0):  # of columns that are others by now
        return values
    for name, value in state[key].ask["values"].items():
        if name == "word" and isinstance(value, int):
            values[name] = value
        elif name == "below":
            values[name] = value is True
        elif f"column {name}" in address.PLACES:
            with contextlib.suppress(ValueError):
                values[int(name)] = address.TEMPERATURE.read(str(value))
    return values
