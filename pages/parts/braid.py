"""Many texts as a braid: what the component is given, and what it asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from pages.parts import drawing
from textgen import charts

state = st.session_state
braid_component = drawing.component("braid")
HINT = (
    "Point at a word, tap it, or use the arrow keys, to follow its texts through all temperatures: the same "
    "number, the same luck. A click opens one in Compare."
)


def show(
    key: str,
    panels: Sequence[Mapping[str, Any]],
    seeds: Sequence[int],
    depth: int,
    query: Mapping[str, str],
    *,
    notes: Sequence[str] = (),
    on_open: Callable[[], None],
) -> None:
    """The braid of `panels` (see `textgen.views.many.Braid.panels`), one below the other.

    seeds    of the texts, in the order of their numbers
    depth    how many words a text may have in the picture
    query    what an address of the comparison page says of all texts (`textgen.views.many.compare_query`)
    notes    a few words beside the temperature of each panel
    on_open  is called when a text is to be opened; `opened` says which
    """
    names = [f"T = {panel['temperature']:g}" for panel in panels]
    braid_component(
        key=key,
        data={
            "panels": [
                {
                    "name": name,
                    "note": note,
                    "color": charts.temperature_color(panel["temperature"]),
                    "knots": panel["knots"],
                }
                for name, note, panel in zip(names, notes or [""] * len(names), panels, strict=True)
            ],
            "count": len(seeds),
            "seeds": list(seeds),
            "depth": depth,
            "link": urlencode(query),
            "hint": HINT,
        },
        on_open_change=on_open,
    )


def opened(key: str, count: int, depth: int) -> tuple[int, int] | None:
    """The number of the text (from 0) that is to be opened, and of the word (from 1) to be looked at there;
    None if the browser asks for what there is not."""
    asked = state[key].open
    if not isinstance(asked, dict):
        return None
    text, word = asked.get("text"), asked.get("word")
    if type(text) is int and type(word) is int and 0 <= text < count and 1 <= word <= depth:
        return text, word
    return None
