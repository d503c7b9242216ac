"""From one page to another with the same settings, and the first thing that every page does."""

from __future__ import annotations

import runpy
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import streamlit as st

from pages.parts import address, columns, controls, drawing

state = st.session_state
history_component = drawing.component("history")

# What shapes a text of the comparison page, beside its columns, its network and the words it must write.
SHAPES = ("title", "opening", "seed", "words", "follow", "luck", *address.RULE_KEYS)
# Seconds that the first picture of a visit has to itself. What arrives in a browser together is drawn
# together, and the charts that follow keep it busy for longer than this.
FIRST_LOOK = 0.4

_SCRIPTS = "".join((drawing.ASSETS / name).read_text(encoding="utf-8") for name in ("wheel.js", "popover.js"))

BROKEN = (
    "Something went wrong here, and this part of the page could not be drawn. Load the page again. If that "
    "does not help, open it without what follows the “?” in its address. The log of the server says why."
)


def through_app() -> None:
    """The first thing a page does: make sure that it runs inside `app.py`.

    Streamlit takes a folder of the name `pages` for a list of pages, and answers a deep link by running the
    file alone, until `st.navigation` has been called once in a server's life. It looks for files beside
    each other and in no folder below, so that `parts` holds none of its pages.
    """
    if not state.get("through_app"):
        runpy.run_path(str(Path(__file__).parents[2] / "app.py"))
        st.stop()


def everywhere(pages: Sequence[st.Page]) -> None:
    """What stands above every page: links to all `pages`, where Streamlit's own would cover the page (see
    page.css), and what the wheel and the Tab key need."""
    with st.container(horizontal=True, gap="xsmall", key="pages"):
        if st.context.is_embedded:
            st.html(drawing.ASSETS / "embedded.css")
        else:
            for page in pages:
                st.page_link(page)
        st.html(f"<script>{_SCRIPTS}</script>", unsafe_allow_javascript=True)


def enter(page: str, own: Sequence[str] = (), components: Sequence[str] = ()) -> None:
    """The first thing on a page: whoever comes back finds it as it was, by the browser's Back as its address
    says, and by a link as it was left, but for what another page has said meanwhile of the title, the seed
    and the network.

    `own` are the names of the state that the page makes of its address, beside its controls, and `components`
    those of `drawing.SENT_ONCE` that it shows.
    """
    with st.container(key="history"):
        history_component(key="history_keeper")
        drawing.send_sources(components)
    known = address.fields(page)
    came, state.page = state.get("page"), page
    if address.went_back():
        for key in (*known, *own):
            state.pop(key, None)
        state.get("address_notes", {}).pop(page, None)
        if came != page:
            address.restore(known)
    elif came not in (None, page) and "arriving" not in state and not set(known) & set(st.query_params):
        spelled = {}
        for key, value in controls.kept(page, known).items():
            state[key] = value
            values = list(value) if known[key].many else [value]
            usual = known[key].default
            if values != (list(usual) if known[key].many else [usual]):
                spelled[key] = [address.written(one) for one in values]
        address.write(spelled)


def begin(page: str, known: Mapping[str, address.Field]) -> None:
    """Before any control is drawn: what the address asks for, and what the page that was left has sent."""
    address.arrive(page, known)
    for key, value in state.pop("arriving", {}).items():
        state[key] = value
    if "title" in known:
        controls.take_apart(known)
    state.drawings = state.get("drawings", 0) + 1  # of any page, in this visit


def is_first_drawing() -> bool:
    """Whether nothing has been drawn in this visit before."""
    return state.drawings == 1


def first_look(seconds: float = FIRST_LOOK) -> None:
    """On the first page of a visit, let the browser draw what it has before the rest keeps it busy."""
    if is_first_drawing():
        time.sleep(seconds)


def leave(page: str, values: Mapping[str, Any]) -> None:
    """Go to `page`, with these values in its controls and in the address.

    Streamlit lets the address of a page be set only for controls that it does not know, and puts into the
    address what the state says only of those that it knows.
    """
    state.arriving = {key: value for key, value in values.items() if key in state}
    rest = {key: address.written(value) for key, value in values.items() if key not in state}
    st.switch_page(page, query_params=rest)


def to_comparison(
    title: str,
    temperatures: Sequence[float],
    *,
    model: str,
    seed: int,
    words: int,
    opening: str = "",
    forced: Iterable[tuple[int, str]] = (),
    word: int = 1,
    **controls: Any,
) -> None:
    """Leave this page for the comparison page, where these settings write the same words as here; `controls`
    are what else is not as it starts there."""
    columns.have(temperatures)
    state.word, state.forced = word, dict(forced)
    address.settle("compare")
    # What the reader once set there would come back otherwise.
    known = address.fields("compare")
    state.setdefault("view", known["view"].default)
    values = {key: known[key].default for key in SHAPES if key in state}
    values |= {"title": title, "opening": opening, "words": words, "model": model, "seed": seed}
    leave("pages/compare.py", values | controls)
