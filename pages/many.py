"""Many texts of one prompt at several temperatures: a rope where it is cool, a broom where it is warm."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from pages.parts import address, braid, controls, drawing, navigation, share, writers
from pages.parts.controls import one_line
from pages.parts.drawing import draw
from textgen import charts
from textgen.views import compare_report as report
from textgen.views.glossary import about
from textgen.views.many import Braid, Row, compare_query, seeds_of
from textgen.writing.sampling import Sampler

navigation.through_app()

state = st.session_state
TEXT_WORDS = 60  # of a text that is opened on the comparison page


# -- what controls do ------------------------------------------------------------------------------


def take_open() -> None:
    """A knot was clicked; the page leaves once its controls are drawn, as no callback can."""
    state.text_to_open = braid.opened("braid", state.count, state.depth)


# -- the controls ----------------------------------------------------------------------------------


def head(known: Mapping[str, address.Field]) -> Any:
    """Title and controls; returns the place for what can be kept."""
    with st.container(key="head"):
        st.title(f"How alike are {address.said(known['count'])} texts?", anchor=False)
        drawing.note(
            "One text says little of a temperature. Here are many of one dish at each, common beginnings "
            "joined: a strand is as wide as the share of texts that begin so. Cool, they are a rope; warm, "
            "a broom."
        )
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="controls"):
        controls.title(known, "What the network is to write recipes for: it continues “recipe for TITLE |”.")
        controls.luck(
            known,
            f"{about('seed')} Here: of the first text; the second has the next seed, and so on, each the "
            "same at every temperature.",
            "Other luck for all texts, the same network and temperatures",
        )
        controls.segments(known["count"], "Texts")
        controls.number(known["depth"], "Words", width=120, help="How many words of each text are shown.")
        with st.popover("More", icon=":material/tune:", key="more"):
            controls.network(known)
            controls.number(known["panels"], "Temperatures", width=150, help="How many of them are compared.")
        keep = st.popover("Keep", icon=":material/download:", key="keep")
    return keep


# -- what follows a slider -------------------------------------------------------------------------


@st.fragment
def view(known: Mapping[str, address.Field]) -> None:
    """All that follows a slider: a move redraws this and leaves the rest of the page alone."""
    if state.get("text_to_open"):  # what a fragment leaves behind would be lost
        st.rerun()
    heats = []
    with st.container(horizontal=True, gap="medium", key="heats"):
        for k in range(1, state.panels + 1):
            with st.container(key=f"column{k}"):
                heats.append(controls.slider(known[f"t{k}"], f"Temperature {k}", help=about("temperature")))
    drawing.style_columns(heats)
    title = one_line(state.title)
    texts = writers.many(
        state.model,
        title,
        [Sampler(temperature=t, **controls.sampling({})) for t in heats],
        seed=state.seed,
        count=state.count,
        words=state.depth,
    )
    found = Braid(writers.load(state.model), heats, texts)
    state.braid_shown = (found, title, state.model, state.seed)
    braid.show(
        "braid",
        found.panels(),
        seeds_of(state.seed, state.count),
        state.depth,
        compare_query(title, heats, model=state.model),
        notes=[found.verb_sentence(k) for k in range(len(heats))],
        on_open=take_open,
    )
    navigation.first_look()
    left, right = st.columns(2, gap="large")
    with left:
        differences(found)
    with right:
        chances(found, known["strand"])
    with st.expander("The picture as a table", icon=":material/table:"):
        st.html(as_table(found.spoken_rows()))


def differences(found: Braid) -> None:
    st.html(
        drawing.chapter(
            "How soon do the texts part?",
            f"How many different beginnings the {found.count} texts have, by the number of their words. "
            "A line that stays low is a rope; one that climbs at once is a broom.",
            found.distinct_sentence(),
        )
    )
    draw(
        charts.distinct_spec(found.distinct_rows(), count=found.count),
        what="Line chart of the number of different beginnings against their words",
        key="distinct",
    )


def chances(found: Braid, field: address.Field) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", key="chances_head"):
        place = st.empty()
        words = controls.segments(
            field, "Words of a beginning", help="How many words make a beginning in this chart."
        )
    place.html(
        drawing.chapter(
            "Was it likely, or was it luck?",
            "The bar is the exact chance of a beginning: the product of its words' probabilities, nothing "
            f"sampled. The dot is the share among these {found.count} texts. The line is where 95 of 100 "
            "such sets of texts would have it. More texts, shorter lines.",
            found.chance_sentence(words),
        )
    )
    draw(
        charts.chances_spec(found.chance_rows(words), count=found.count),
        what="Bar chart of the chance and the share of beginnings at each temperature",
        key="chances",
    )


def as_table(rows: Sequence[Row]) -> str:
    """Rows as an HTML table, for those who do not see the picture."""
    names = list(rows[0]) if rows else []
    heads = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in names)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(str(value))}</td>" for value in row.values()) + "</tr>"
        for row in rows
    )
    return (
        '<table class="beginnings"><caption>Beginnings that two texts or more have in common</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>"
    )


# -- to take away ----------------------------------------------------------------------------------


def downloads() -> None:
    drawing.note("The address of this page brings back everything on it, on any machine.")
    found, title, _, seed = state.braid_shown
    share.tables(
        report.file_name(title), {"Beginnings": found.table, "Texts": lambda: found.text_table(seed)}
    )


# -- the page --------------------------------------------------------------------------------------


def page() -> None:
    navigation.enter("many", components=("braid",))
    drawing.styles("many")
    writers.models()  # or a sentence on the page
    known = address.fields("many")
    navigation.begin("many", known)
    keep = head(known)
    with st.container():
        asked = (state.title, state.model, state.seed, state.count, state.depth, state.panels)
        sentences = controls.text_notes(writers.load(state.model).vocabulary)
        drawing.warn(address.notes("many", asked) + sentences)
    opened = state.pop("text_to_open", None)
    view(known)
    with keep:
        downloads()
    if opened:
        found, title, model, seed = state.braid_shown
        text, word = opened
        navigation.to_comparison(
            title,
            found.temperatures,
            model=model,
            seed=seeds_of(seed, found.count)[text],
            words=TEXT_WORDS,
            word=word,
        )


page()
