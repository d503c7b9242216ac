"""A random walk over every control of every page: whatever a person does, it is no exception."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest
import streamlit as st
from opening import SMALL, opened
from streamlit.testing.v1 import AppTest

from pages.parts import braid, columns, drawing
from pages.parts.address import MOST_COLUMNS, VIEWS
from textgen.measuring import first_verbs, kinds
from textgen.views import verbs

state = st.session_state

# Actions on a page; on a quiet machine a minute in all.
STEPS = {
    "learn": 60,
    "compare": 100,
    "cell": 70,
    "models": 50,
    "verbs": 50,
    "many": 50,
    "sweep": 60,
    "guess": 60,
    "yours": 40,
}
PAGES = tuple(STEPS)
TEXTS = ("", "  ", "<b>*x*</b> 😀 ½", "|", "x" * 300, "Pizza", "Tomato soup", "a\tb $x^2$ :red[hot]", "½")
# Of these one more costs a second, or minutes, and is as any other; the sample comes from the network.
LEFT_ALONE = ("again", "measure", "go_on", "sample")


class Said(dict):
    """What a component has said, as Streamlit keeps it."""

    __getattr__ = dict.get


def buttons(rng: np.random.Generator, actions: Callable[[dict[str, Any]], dict[str, Any]]) -> Any:
    """A component of one's own, played by a button for each of the things it can ask for."""

    def play(key: str, data: dict[str, Any], **callbacks: Callable[[], None]) -> None:
        said = state.setdefault(f"said by {key}", Said())
        state[key] = said

        def ask(name: str) -> None:
            said.update(actions(data)[name]())
            state[key] = said
            callbacks[f"on_{name}_change"]()

        for name in actions(data):
            if f"on_{name}_change" in callbacks:
                st.button(name, key=f"{key} asks to {name}", on_click=ask, args=(name,))

    return play


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(14)


@pytest.fixture(autouse=True)
def played(monkeypatch, rng):
    """Components are played by buttons, and what a page measures is measured on less."""

    def of_columns(data: dict[str, Any]) -> dict[str, Any]:
        place = rng.integers

        def ask() -> dict[str, Any]:
            number, heat = int(place(1, MOST_COLUMNS + 2)), float(rng.choice([0, 0.05, 0.7, 1.35, 2, 3]))
            values = {str(number): heat} if place(2) else {"word": int(rng.choice([-3, 1, 2, 9, 60, 10_000]))}
            old = place(8) == 0  # of columns that are others by now
            return {"ask": {"number": 1, "generation": data["generation"] - old, "values": values}}

        known = [row["text"].lower() for column in data["columns"] for row in column["rows"]] or [""]
        return {
            "ask": ask,
            "add": lambda: {"add": True},
            "remove": lambda: {"remove": int(place(0, MOST_COLUMNS + 2))},
            "force": lambda: {"force": {"word": str(rng.choice([*known, "", "xyzzy"]))}},
            "view": lambda: {"view": str(rng.choice([*VIEWS, "up"]))},
            "hundred": lambda: {"hundred": bool(place(2))},
        }

    def of_a_cell(data: dict[str, Any]) -> dict[str, Any]:
        def pick() -> dict[str, Any]:
            return {
                "pick": {"at": int(rng.choice([-1, 0, 5, 300])), "unit": int(rng.choice([-1, 0, 5, 511]))}
            }

        return {"pick": pick}

    def of_a_braid(data: dict[str, Any]) -> dict[str, Any]:
        def leave() -> dict[str, Any]:
            return {"open": {"text": int(rng.integers(-1, 101)), "word": int(rng.integers(0, 17))}}

        return {"open": leave}

    monkeypatch.setattr(braid, "braid_component", buttons(rng, of_a_braid))
    monkeypatch.setattr(columns, "columns_component", buttons(rng, of_columns))
    fakes = {"cell": buttons(rng, of_a_cell)}
    monkeypatch.setattr(drawing, "component", lambda name: fakes.get(name, lambda **_: None))
    less = {"likely": 0.05, "samples": 2, "max_words": 8}
    monkeypatch.setattr(first_verbs, "first_verbs", smaller(first_verbs.first_verbs, less))
    monkeypatch.setattr(kinds, "kind_shares", smaller(kinds.kind_shares, {"texts": 2, "max_words": 10}))
    monkeypatch.setattr(verbs, "oddity", smaller(verbs.oddity, {"texts": 1}))
    st.cache_data.clear()
    yield
    st.cache_data.clear()


def smaller(work: Callable[..., Any], less: dict[str, Any]) -> Callable[..., Any]:
    return lambda *args, **options: work(*args, **{**options, **less})


def actions(app: AppTest, rng: np.random.Generator) -> list[tuple[str, Callable[[], Any]]]:
    """One thing that could be done with each control that is there, by what it is."""

    def one_of(options: Any) -> Any:
        return options[int(rng.integers(len(options)))]

    def some_of(options: Any, most: int) -> list[Any]:
        return [*rng.permutation(options)[: rng.integers(0, most + 1)]]

    every: list[tuple[str, Callable[[], Any]]] = []

    def add(kind: str, widget: Any, do: Callable[..., Any], *values: Any) -> None:
        if not getattr(widget, "disabled", False) and widget.key not in LEFT_ALONE:
            every.append((f"{kind} {widget.key or widget.label} {values!r:.80}", partial(do, *values)))

    for widget in app.button:
        add("button", widget, widget.click)
    for widget in app.text_input:
        add("text", widget, widget.set_value, one_of(TEXTS))
    for widget in app.number_input:
        step = widget.step or 1
        near = [widget.value - step, widget.value + step] if widget.value is not None else []
        low, high = widget.min, min(widget.max, 2**31 - 1)
        within = [low, high, *(value for value in near if low <= value <= high)]
        add("number", widget, widget.set_value, one_of(within))
    for widget in app.slider:
        middle = type(widget.max)((widget.min + widget.max) / 2)
        add("slider", widget, widget.set_value, one_of([widget.min, middle, widget.max]))
    for widget in app.checkbox:
        add("checkbox", widget, widget.set_value, not widget.value)
    for widget in app.toggle:
        add("toggle", widget, widget.set_value, not widget.value)
    for widget in app.selectbox:
        typed = [*TEXTS[2:4], "butter", "chop 1 onion ."] if widget.key == "whatif" else []
        add("select", widget, widget.set_value, one_of([*widget.options, *typed]))
    for widget in app.multiselect:
        typed = list(TEXTS[2:]) if widget.key in ("dish", "prompt") else []
        most = widget.proto.max_selections or len(widget.options)
        chosen = some_of([*widget.options, *typed], min(most, 4))
        add("several", widget, widget.set_value, chosen)
    for kind in ("select_slider", "segmented_control"):
        for widget in app.get("button_group") if kind == "segmented_control" else app.select_slider:
            add(kind, widget, widget.set_value, one_of(original(app, widget)))
    for widget in app.get("menu_button"):
        add("menu", widget, widget.click_index, int(rng.integers(len(widget.options))))
    return every


def original(app: AppTest, widget: Any) -> list[Any]:
    """The options of a control as the page has them, not as they are spelled."""
    now = widget.value
    return [type(now)(option) if isinstance(now, int | float) else option for option in widget.options]


def pace(app: AppTest, rng: np.random.Generator) -> str:
    """Do one thing; says what."""
    every = actions(app, rng)
    kinds_there = sorted({name.split()[0] for name, _ in every})
    kind = kinds_there[int(rng.integers(len(kinds_there)))]  # not one button in two
    of_kind = [one for one in every if one[0].split()[0] == kind]
    name, do = of_kind[int(rng.integers(len(of_kind)))]
    do()
    app.run()
    return name


def walk(app: AppTest, rng: np.random.Generator, steps: int, home: str) -> None:
    trail: list[str] = []
    for _ in range(steps):
        if rng.integers(25) == 0:  # by a link to another page, and back
            for page in (str(rng.choice(PAGES)), home):
                trail.append(f"to {page}")
                app.switch_page(f"pages/{page}.py").run()
                fine(app, trail)
            continue
        trail.append(pace(app, rng))
        fine(app, trail)


def fine(app: AppTest, trail: list[str]) -> None:
    said = [error.message for error in app.exception]
    assert not said, (trail[-8:], said)
    unwritten = [box.value for box in app.error if "could not be" in box.value]
    assert not unwritten, (trail[-8:], unwritten)


def wander(page: str, rng: np.random.Generator, steps: int) -> None:
    small = {"sweep": {"count": "8", "length": "5", "by": "1", "high": "1"}, "verbs": {"model": SMALL}}
    small["many"] = {"model": SMALL, "count": "10", "depth": "5"}
    small["guess"] = {"writer": SMALL}
    small["learn"] = {"writer": SMALL}
    app = opened(page, small.get(page))
    walk(app, rng, steps, page)
    if "sweep_work" in app.session_state:
        app.session_state.sweep_work.stop()


@pytest.mark.parametrize("page", PAGES)
def test_a_random_walk_ends_without_an_exception(page, rng):
    wander(page, rng, STEPS[page] // 8)


@pytest.mark.long
@pytest.mark.parametrize("page", PAGES)
def test_five_hundred_actions_end_without_an_exception(page, rng):
    wander(page, rng, STEPS[page])
