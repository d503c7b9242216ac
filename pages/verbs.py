"""Which recipe verb comes first, by title and temperature."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from pages.parts import address, controls, drawing, navigation, writers
from pages.parts.controls import LONGEST_TITLE, one_line
from pages.parts.drawing import draw, plain
from textgen import charts
from textgen.files import to_csv
from textgen.measuring.first_verbs import FirstVerbs, divergence, first_verbs
from textgen.measuring.kinds import KindShares, kind_shares
from textgen.text.vocabulary import tokenize, unknown_words
from textgen.views import compare_report as report
from textgen.views import verbs as verb_tables
from textgen.writing.sampling import Sampler
from textgen.writing.writer import Request

navigation.through_app()

state = st.session_state
save_component = drawing.component("save")
follow_component = drawing.component("follow")

TEMPERATURES = address.VERB_TEMPERATURES
KINDS_TEMPERATURES = (0.2, 0.6, 1.0, 1.4, 2.0)  # of whole texts, which take longer
KINDS_TEXTS, KINDS_WORDS = 8, 60
DISHES = (*address.DISHES, "Pizza", "Tomato soup", "White bread", "Gin cocktail")
SAMPLE_WORDS = 40
PER_ROW = 3  # panels side by side


# -- what takes a while is kept, by its configuration ----------------------------------------------


@st.cache_data(show_spinner="Following all likely beginnings …", max_entries=100)
def first(model: str, title: str, seed: int) -> FirstVerbs:
    return first_verbs(writers.load(model), title, TEMPERATURES, seed=seed)


@st.cache_data(show_spinner="Writing whole texts …", max_entries=300)
def kinds(model: str, title: str, seed: int) -> KindShares:
    return kind_shares(
        writers.load(model), title, KINDS_TEMPERATURES, texts=KINDS_TEXTS, max_words=KINDS_WORDS, seed=seed
    )


@st.cache_data(show_spinner="Looking for ingredients that never met …", max_entries=300)
def oddity(model: str, titles: tuple[str, ...], seed: int) -> verb_tables.Oddity | None:
    return verb_tables.oddity(writers.load(model), titles, seed=seed)


# -- what is asked for -----------------------------------------------------------------------------


def asked_titles() -> tuple[list[str], list[str]]:
    """The titles to show, and what there is to say about those asked for."""
    titles: dict[str, str] = {}
    notes = []
    vocabulary = writers.load(state.model).vocabulary
    for typed in state.dish:
        title = one_line(typed)
        shown = plain(title[:60])
        words = tokenize(title)
        if not words:
            continue
        if " ".join(words) in titles:
            notes.append(f"“{shown}” is there twice; it is shown once.")
            continue
        titles[" ".join(words)] = title
        if (length := len(one_line(typed, len(typed)))) > LONGEST_TITLE:
            notes.append(f"A title has {length:,} characters; the network reads the first {len(title)}.")
        if "|" in title:
            notes.append(f"The bar in “{shown}” tells the network that the title is over.")
        if len(unknown_words(title, vocabulary)) == len(set(words)):
            notes.append(
                f"The network knows no word of “{shown}”: it answers as for any dish it never heard of."
            )
        else:
            notes += controls.unknown_note(title, vocabulary)
    if len(titles) == 1:
        notes.append("Add a second title to see what the title changes.")
    return list(titles.values()), notes


def head(known: dict[str, address.Field]) -> Any:
    """The controls; returns the place for what can be kept."""
    with st.container(key="head"):
        st.title("Which verb comes first?", anchor=False)
        st.caption(
            "A title steers what a recipe tells you to do first. How much, depends on the temperature. "
            "Pick dishes, or type your own."
        )
    most = known["dish"].many
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="controls"):
        controls.several(
            known["dish"],
            f"Recipe titles, 2 to {most}",
            DISHES,
            accept_new_options=True,
            max_selections=most,
            placeholder="Type a dish and press Enter",
            help="The network continues “recipe for TITLE |”. Type any dish and press Enter.",
        )
        with st.container(
            horizontal=True, vertical_alignment="bottom", gap="small", width="content", key="setup"
        ):
            controls.network(known)
            controls.seed(
                known, "Decides the luck of the sample texts and of the beginnings too rare to be followed."
            )
            keep = st.popover("Keep", icon=":material/download:")
    with st.container(key="column1"):
        controls.select_slider(
            known["temperature"],
            "Temperature",
            format_func=address.written,
            help="For the marks in the lines, the table and the sample texts below.",
        )
    drawing.style_columns([state.temperature])
    return keep


# -- the sections: their places are made first, and filled from the quickest to the slowest ---------


def panel_places(count: int) -> list[Any]:
    """A place a title, so many in a row."""
    places: list[Any] = []
    for start in range(0, count, PER_ROW):
        columns = st.columns(min(PER_ROW, count), gap="medium")
        places += [column.container() for column in columns[: count - start]]
    return places


def line_panels(titles: Sequence[str], places: Sequence[Any], follow_place: Any) -> list[FirstVerbs]:
    firsts: list[FirstVerbs] = []
    lines: list[list[verb_tables.Row]] = []
    now = state.temperature
    for n, (title, place) in enumerate(zip(titles, places, strict=True), 1):
        with place:
            st.markdown(f"**{plain(title)}**")
            firsts.append(first(state.model, title, state.seed))
            lines.append(verb_tables.line_rows(firsts[-1]))
            draw(
                charts.lines_spec(lines[-1], now=now, looks=charts.line_looks(*lines)),
                f"At T = {now:g} {verb_tables.in_words(firsts[-1], now, 5)}.",
                what="Line chart of first-verb probabilities against temperature",
                key=f"panel{n}",
            )
    with follow_place:
        follow_component(
            key="follow",
            data={
                "charts": [f"panel{n}" for n in range(1, len(titles) + 1)],
                "verbs": [
                    {"label": label, "color": look.color, "dash": list(look.dash)}
                    for label, look in charts.line_looks(*lines).items()
                ],
            },
        )
    return firsts


def table(firsts: Sequence[FirstVerbs]) -> None:
    now = state.temperature
    st.subheader(f"Titles and verbs at T = {now:g}", anchor=False)
    st.caption("Each title's column sums to 100 %. The stronger the cell, the likelier the verb.")
    draw(
        charts.heat_map_spec(verb_tables.heat_map_rows(firsts, now)),
        f"At T = {now:g} " + "; ".join(verb_tables.in_words(first, now) for first in firsts) + ".",
        what="Table of first-verb probabilities, titles by verbs",
        key="cells",
    )


def apart(titles: Sequence[str], firsts: Sequence[FirstVerbs], field: address.Field) -> str:
    """How far apart the titles are; returns the title that the others are measured from."""
    reference = titles[0]
    with st.container(horizontal=True, vertical_alignment="center", key="apart_head"):
        st.subheader("How far apart the titles are", anchor=False, width="content")
        if len(titles) > 2:
            reference = controls.select(
                replace(field, options=titles), "Apart from", label_visibility="collapsed", width=220
            )
    at = titles.index(reference)
    bits = divergence(firsts[at], firsts[0 if at else 1])
    st.caption(
        f"How different the first verbs are from those of “{plain(reference)}”, in bits "
        "(Jensen-Shannon divergence): 0, the same verbs; 1, no verb in common. The title stops mattering "
        "in two ways. At T = 0 every title has one verb only: two titles agree or they do not, and how "
        "close the contest was no longer shows. Towards infinity every word is as likely as any other "
        "after any title, and the divergence falls to 0. A band, where it can be seen, is the 95 % "
        "interval of what was sampled."
    )
    draw(
        charts.lines_spec(verb_tables.divergence_rows(firsts, at), now=state.temperature, unit="bits"),
        "; ".join(f"T = {t:g}: {x:.2f} bits" for t, x in zip(TEMPERATURES, bits, strict=True)),
        what="Line chart of the divergence between titles against temperature",
        key="apart",
    )
    return reference


def samples(titles: Sequence[str]) -> None:
    st.subheader("How the recipes begin", anchor=False)
    st.caption(
        "Recipe verbs are underlined. The same luck draws the words of every text, so that they differ by "
        "title and temperature alone. “Compare” opens them word by word."
    )
    model, seed = state.model, state.seed
    heats = sorted({0.2, state.temperature, 1.4})
    for n, title in enumerate(titles, 1):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**{plain(title)}**", width="content")
            if st.button("Compare", key=f"compare{n}", type="tertiary", icon=":material/east:"):
                navigation.to_comparison(title, heats, model=model, seed=seed, words=SAMPLE_WORDS)
        comparison = writers.compare(
            Request(
                model=model,
                title=title,
                opening="",
                samplers=tuple(Sampler(temperature=t, **controls.sampling({})) for t in heats),
                seed=seed,
                words=SAMPLE_WORDS,
            )
        )
        for k, (heat, column) in enumerate(zip(heats, st.columns(len(heats), gap="medium"), strict=True)):
            words = "".join(
                " " * row["space"] + (f"<u>{text}</u>" if row["verb"] else text)
                for row in comparison.word_rows(k)
                for text in [html.escape(row["text"])]
            )
            column.html(drawing.sample(heat, words))


def made_of(titles: Sequence[str], places: Sequence[Any]) -> list[KindShares]:
    shares: list[KindShares] = []
    for n, (title, place) in enumerate(zip(titles, places, strict=True), 1):
        with place:
            st.markdown(f"**{plain(title)}**")
            shares.append(kinds(state.model, title, state.seed))
            draw(
                charts.heat_map_spec(verb_tables.kind_rows(shares[-1])),
                f"{title}: "
                + "; ".join(
                    f"T = {t:g}: recipe verbs {100 * share[:5].sum():.0f} %, "
                    f"ingredients {100 * share[5]:.0f} %"
                    for t, share in zip(KINDS_TEMPERATURES, shares[-1].share, strict=True)
                )
                + ".",
                what="Table of the kinds of word by temperature",
                key=f"kinds{n}",
            )
    return shares


def title_information() -> None:
    st.subheader("How much the title tells, measured", anchor=False)
    rows = [
        {
            "network": name,
            "recipes": era,
            "bits": entry["bits"],
            "95 % interval": f"{entry['low']:.2f} to {entry['high']:.2f}",
            "number of recipes": entry["recipes"],
        }
        for name in writers.models()
        for era, entry in (writers.load(name).card.get("title_information") or {}).items()
        if {"bits", "low", "high", "recipes"} <= set(entry)
    ]
    st.caption(
        "Over recipes kept back from training: how much likelier, in bits, the true first verb is given its "
        "own title than given other recipes' titles. 0 would mean that the title says nothing; each bit "
        "doubles the verb's probability. Historic recipes are from cookbooks of 1880 to 1922."
    )
    if rows:
        st.dataframe(
            rows,
            hide_index=True,
            width="content",
            column_config={"bits": st.column_config.NumberColumn(format="%.2f")},
        )
    else:
        st.markdown(
            "The cards of these networks do not say. `python -m textgen verbs --corpus FILE` measures it on "
            "your recipes."
        )


def where_wrong(titles: Sequence[str]) -> None:
    odd = oddity(state.model, tuple(titles), state.seed)
    st.markdown(
        "A basic recurrent network keeps the style of a recipe and forgets what it wrote a few sentences "
        "ago. It may join what was never joined in the recipes it read: it knows which word is likely next, "
        "not what goes together."
    )
    if odd is None:
        st.markdown("In the texts just written for these titles, all ingredients had met before.")
    else:
        pair = odd.pair
        st.markdown(
            f"One just found, for “{plain(odd.title)}” at T = {odd.temperature:g}: **{plain(pair.a)}** (in "
            f"{pair.count_a:,} of the {pair.recipes:,} recipes of its training) and **{plain(pair.b)}** (in "
            f"{pair.count_b:,}) were never in the same one. Had chance alone put them together, "
            f"{pair.expected:,.0f} recipes would have both."
        )
        st.html(
            '<p class="sample">'
            + "".join(
                " " * space + (f"<mark>{html.escape(word)}</mark>" if marked else html.escape(word))
                for word, space, marked in odd.words
            )
            + "</p>"
        )


# -- to take away ----------------------------------------------------------------------------------


def downloads(
    titles: Sequence[str], reference: str, firsts: Sequence[FirstVerbs], shares: Sequence[KindShares]
) -> None:
    st.caption("The address of this page brings back everything on it, on any machine.")
    name = report.file_name(" ".join(titles))
    now, model = state.temperature, state.model
    tables: dict[str, Callable[[], list[verb_tables.Row]]] = {
        "First verbs": lambda: verb_tables.first_verb_table(firsts),
        "Titles and verbs": lambda: verb_tables.first_verb_table(firsts, [now]),
        "Divergence": lambda: verb_tables.divergence_table(firsts),
        "Kinds of word": lambda: verb_tables.kind_table(titles, shares),
    }

    def saved(rows: Callable[[], list[verb_tables.Row]]) -> Callable[[], str]:
        return lambda: to_csv(rows())  # called from another thread, on a click

    for label, rows in tables.items():
        st.download_button(
            f"{label} as CSV",
            saved(rows),
            f"{name}-{'-'.join(label.lower().split())}.csv",
            "text/csv",
            on_click="ignore",
            icon=":material/table:",
            width="stretch",
            key=f"save_{label.split()[0].lower()}",
            disabled=label == "Divergence" and len(titles) < 2,
        )
    pictures: dict[str, str] = {}
    headings: dict[str, str] = {}
    for n, title in enumerate(titles, 1):
        for what, key in (("First verbs", "panel"), ("Kinds of word", "kinds")):
            picture = f"{what} {n}, {title[:24].strip()}"
            pictures[picture], headings[picture] = f"{key}{n}", f"{what}: {title[:60]} ({model})"
    pictures["Titles and verbs"] = "cells"
    headings["Titles and verbs"] = f"First verbs at T = {now:g} ({model})"
    if len(titles) > 1:
        pictures["Divergence"] = "apart"
        headings["Divergence"] = f"First verbs, bits apart from those of {reference[:60]} ({model})"
    save_component(key="save", data={"charts": pictures, "headings": headings, "name": name})


# -- the page --------------------------------------------------------------------------------------


def page() -> None:
    navigation.enter("verbs")
    drawing.styles("verbs")
    writers.models()  # or a sentence on the page
    known = address.fields("verbs", reference={"options": st.query_params.get_all("dish") or DISHES})
    navigation.begin("verbs", known)
    keep = head(known)
    titles, notes = asked_titles()
    with st.container():
        asked = (tuple(state.dish), state.model, state.seed, state.temperature)
        drawing.warn(address.notes("verbs", asked) + notes)
    if not titles:
        st.info("Name a dish above, and see which verb its recipe starts with.")
        st.stop()

    st.subheader("How likely each verb is to come first", anchor=False)
    st.caption(
        "The first recipe verb need not be the first word: “in a large bowl, whisk” counts as whisk. Point "
        "at a verb or a line to follow it through all panels; a click keeps it. Likely beginnings are "
        "followed exactly, the rest is sampled: a band is the 95 % interval. The vertical line is the "
        "temperature set above. All panels have one scale, stretched at the bottom so that small shares can "
        "be told apart."
    )
    follow_place = st.container()
    places = panel_places(len(titles))
    left, right = (column.container() for column in st.columns(2, gap="large"))
    samples_place, kinds_place, wrong_place, scale_place = (st.container() for _ in range(4))

    firsts = line_panels(titles, places, follow_place)
    reference = titles[0]
    with left:
        table(firsts)
    if len(titles) > 1:
        with right:
            reference = apart(titles, firsts, known["reference"])
    with samples_place:
        samples(titles)
    with kinds_place:
        st.subheader("What a whole text is made of", anchor=False)
        st.caption(
            f"The share of each kind of word in {KINDS_TEXTS} texts of up to {KINDS_WORDS} words. A column "
            "is a temperature and sums to 100 %. “rest” holds the small words and all that is of no other "
            "kind. Point at a cell for its 95 % interval."
        )
        places = panel_places(len(titles))
    with wrong_place:
        st.subheader("Where the network is wrong", anchor=False)
        wrong_text = st.container()
    with scale_place:
        title_information()
    shares = made_of(titles, places)
    with wrong_text:
        where_wrong(titles)
    with keep:
        downloads(titles, reference, firsts, shares)


page()
