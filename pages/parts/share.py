"""What is on the page, for others: a link, its QR code, a frame in another page, a projector; its tables."""

from __future__ import annotations

import html
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

import segno
import streamlit as st

from pages.parts import address, drawing
from textgen.files import to_csv

state = st.session_state
share_component = drawing.component("share")
# What a projector does without; the keys of the component `columns` do the rest.
NOT_PRESENTED = ("title", "controls", "word", "run", "knob", "walk")


def dress(left_out: Sequence[str], presented: bool) -> None:
    """The page without the parts `left_out`, and as for a projector if it is `presented`."""
    if presented:
        st.html(drawing.ASSETS / "present.css")
    for part in dict.fromkeys((*left_out, *NOT_PRESENTED * presented)):
        st.html(f"<style>{drawing.PARTS[part][1]}</style>")


def left_out() -> list[str]:
    """The parts that the address has this page leave out."""
    return [part for parts in address.said(address.fields("compare")["hide"]) for part in parts]


def link(without: Sequence[str] = (), **changes: str) -> str:
    """The address of this page, with other values for some of its keys, and none of the keys `without`."""
    query = {key: st.query_params.get_all(key) for key in st.query_params if key not in without} | changes
    return f"{(st.context.url or '').rstrip('/')}/?{urlencode(query, doseq=True)}"


def frame(parts: Sequence[str], title: str) -> str:
    """HTML for another page that shows this one in a frame, without these `parts`."""
    source = link(embed="true", **({"hide": ",".join(parts)} if parts else {}))
    return (
        f'<iframe src="{html.escape(source)}" title="{html.escape(title)}" '
        'width="100%" height="720" style="border: 0" loading="lazy" allow="clipboard-write"></iframe>'
    )


def qr_code(text: str) -> str | None:
    """An image of the QR code of `text`, as HTML, or None if that is too long for one.

    Always dark on white, with the quiet zone of four modules that readers look for (ISO/IEC 18004).
    """
    try:
        code = segno.make_qr(text, error="l")
    except segno.DataOverflowError:
        return None
    source = code.svg_data_uri(border=4, dark="#000", light="#fff", omitsize=True)
    return f'<img class="qr" alt="QR code of the address of this page" src="{html.escape(source)}">'


def present() -> None:
    """Enlarge the page, and let keys drive it."""
    state.present = True
    state.share = False


def leave() -> None:
    """Present no longer."""
    state.present = False


def share(offered: Sequence[str] = tuple(drawing.PARTS)) -> None:
    """The control that gives the page to others. What it holds is made when it is opened; `offered` are the
    parts that a frame can be without."""
    with st.popover("Share", icon=":material/share:", key="share", on_change="rerun") as place:
        if not place.open:
            return
        with st.container(horizontal=True):
            if image := qr_code(link()):
                st.html(image, width="content")
            with st.container(width=220):
                share_component(key="copy_link")
                st.caption("The address brings back everything on this page, on any machine.")
                if not image:
                    st.caption("It is too long for a QR code. A shorter title or opening helps.")
                st.button("Present", icon=":material/present_to_all:", key="present_button", on_click=present)
                st.caption("Large type for a projector, driven by keys; Esc leaves it.")
        st.markdown("**In a page of yours**")
        st.caption("Leave out:")
        with st.container(horizontal=True, gap="small", key="leave_out"):
            already = left_out()
            parts = [
                part
                for part in offered
                if st.checkbox(drawing.PARTS[part][0], part in already, key=f"leave_out_{part}")
            ]
        st.code(frame(parts, "Simmer: what temperature does"), language="html", wrap_lines=True)


def tables(
    name: str, made: Mapping[str, Callable[[], Sequence[Mapping[str, Any]]]], empty: Collection[str] = ()
) -> None:
    """A button for each table, by its label, which is made when it is asked for; `name` begins the names of
    the files, and those labelled in `empty` have nothing to keep."""

    def saved(rows: Callable[[], Sequence[Mapping[str, Any]]]) -> Callable[[], str]:
        return lambda: to_csv(rows())  # called from another thread, on a click

    for label, rows in made.items():
        words = label.lower().split()
        st.download_button(
            f"{label} as CSV",
            saved(rows),
            f"{name}-{'-'.join(words)}.csv",
            "text/csv",
            on_click="ignore",
            icon=":material/table:",
            width="stretch",
            key=f"save_{words[0]}",
            disabled=label in empty,
        )
