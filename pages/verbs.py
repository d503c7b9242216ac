"""Which recipe verb comes first, by title and temperature."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from pages.parts import address, controls, drawing, navigation, share, writers
from pages.parts.controls import LONGEST_TITLE, one_line
from pages.parts.drawing import draw, plain
from textgen import charts
from textgen.measuring.first_verbs import FirstVerbs, divergence, first_verbs
from textgen.measuring.kinds import KindShares, kind_shares
from textgen.text.vocabulary import tokenize, unknown_words
from textgen.views import compare_report as report
from textgen.views import verbs as verb_tables
from textgen.views.dishes import dish_rows, dish_sentence, offered_verbs
from textgen.views.glossary import about
from textgen.views.names import network_label
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


def one_of(titles: Sequence[str]) -> Callable[[str], str]:
    """How to read a title that must be one of `titles`."""

    def read(text: str) -> str:
        if text not in titles:
            raise ValueError(text)
        return text

    return read


def known_fields() -> dict[str, address.Field]:
    """What an address of this page may say, of the titles that it names."""
    usual = address.fields("verbs")
    titles = [one_line(title) for title in address.said(usual["dish"])]
    dishes = writers.load(address.said(usual["model"])).measured.get("dishes")
    return address.fields(
        "verbs",
        reference={"parse": one_of(titles), "what": "it is not one of the titles on this page"},
        verb=verb_choice(dishes) if dishes else {},
    )


def verb_choice(dishes: Mapping[str, Any]) -> dict[str, Any]:
    """The verbs to choose from, and the one to start with."""
    verbs = offered_verbs(dishes)
    return {"options": verbs, "start": "whisk" if "whisk" in verbs else None}


def head(known: dict[str, address.Field]) -> Any:
    """The controls; returns the place for what can be kept."""
    with st.container(key="head"):
        st.title("Which verb comes first?", anchor=False)
        drawing.note(
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
                known,
                f"{about('seed')} Here: of the sample texts, and of the beginnings too rare to be followed.",
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
    drawing.note("Each title's column sums to 100 %. The stronger the cell, the likelier the verb.")
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
            # Titles come and go, and the choice among them with them: it is checked at every run. A bound
            # control would keep in the address a title that has gone.
            asked = address.said(replace(field, parse=one_of(titles), start=reference))
            state.reference = asked if asked in titles else reference
            st.selectbox("Apart from", titles, key=field.key, label_visibility="collapsed", width=220)
            reference = state.reference if state.reference in titles else reference
    address.write({field.key: [reference] * (reference != titles[0])})
    at = titles.index(reference)
    bits = divergence(firsts[at], firsts[0 if at else 1])
    drawing.note(
        f"How different the first verbs are from those of “{reference}”, in bits "
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


def open_dish(selection: Any) -> None:
    """A bar was clicked; the page leaves once its controls are drawn, as no callback can."""
    if points := selection.get("dish", []):
        state.dish_to_open = str(points[0].get("title", ""))


def to_comparison(title: str, heat: float) -> None:
    heats = sorted({0.2, heat, 1.4})
    navigation.to_comparison(title, heats, model=state.model, seed=state.seed, words=SAMPLE_WORDS)


def dishes_of_a_verb(known: Mapping[str, address.Field]) -> None:
    """The other way round: from a verb to the dishes that make it likely."""
    st.subheader("Which dish makes it whisk?", anchor=False)
    dishes = writers.load(state.model).measured.get("dishes")
    if not dishes:
        drawing.note(
            "For a verb, the dishes that make it likeliest. This network's dishes have not been worked out "
            f"yet: `python -m textgen evaluate --model {state.model} --dishes --save` does it."
        )
        return
    drawing.note(
        f"For a verb, the dishes that make it likeliest as the first one, among {len(dishes['titles']):,} "
        "common titles. Click a bar to open the dish on the comparison page."
    )
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="dishes_head"):
        field = replace(known["verb"], **verb_choice(dishes))
        verbs = list(field.options)
        if state.get("verb") not in (None, *verbs):  # of another network
            state.verb = field.default
        index = verbs.index(field.default)
        verb = controls.select(field, "Verb", index=index, width=190)
        heat = controls.segments(known["heat"], "Temperature", format_func=address.written)
    rows = dish_rows(dishes, verb, heat)
    sentence = dish_sentence(dishes, verb, heat)
    st.markdown(plain(sentence))
    if not rows:
        return
    with st.container(key="dishes_place"):
        draw(
            charts.dishes_spec(rows, verb=verb, temperature=heat),
            sentence,
            what="Bar chart of dishes by the probability of the verb",
            key="dishes",
            on_select=open_dish,
        )
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="open_dishes"):
        st.markdown("Open on the comparison page:", width="content")
        for n, row in enumerate(rows[:4]):
            if st.button(plain(row["title"]), key=f"dish{n}", type="tertiary", icon=":material/east:"):
                to_comparison(row["title"], heat)
    if title := state.pop("dish_to_open", ""):
        to_comparison(title, heat)


def samples(titles: Sequence[str]) -> None:
    st.subheader("How the recipes begin", anchor=False)
    drawing.note(
        "Recipe verbs are underlined. The same luck draws the words of every text, so that two texts first "
        "part by title or temperature alone; from there on they have read different words too. “Compare” "
        "opens them word by word."
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
            "network": network_label(bundle.name),
            "recipes": era,
            "bits": entry["bits"],
            "95 % interval": f"{entry['low']:.2f} to {entry['high']:.2f}",
            "number of recipes": entry["recipes"],
        }
        for bundle in writers.readable()
        for era, entry in (bundle.card.get("title_information") or {}).items()
        if {"bits", "low", "high", "recipes"} <= set(entry)
    ]
    drawing.note(
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
    drawing.note("The address of this page brings back everything on it, on any machine.")
    name = report.file_name(" ".join(titles))
    now, model = state.temperature, state.model
    tables = {
        "First verbs": lambda: verb_tables.first_verb_table(firsts),
        "Titles and verbs": lambda: verb_tables.first_verb_table(firsts, [now]),
        "Divergence": lambda: verb_tables.divergence_table(firsts),
        "Kinds of word": lambda: verb_tables.kind_table(titles, shares),
    }
    share.tables(name, tables, empty=["Divergence"] * (len(titles) < 2))
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
    known = known_fields()
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
    drawing.note(
        "The first recipe verb need not be the first word: “in a large bowl, whisk” counts as whisk. Point "
        "at a verb or a line to follow it through all panels; a click keeps it. Likely beginnings are "
        "followed exactly, the rest is sampled: a band is the 95 % interval. The vertical line is the "
        "temperature set above. All panels have one scale, stretched at the bottom so that small shares can "
        "be told apart. Lines may cross, although temperature keeps the order of the words at every single "
        "draw: the probability of a first verb is a sum over many ways to get to it, and each way changes "
        "with temperature by an amount of its own."
    )
    follow_place = st.container()
    places = panel_places(len(titles))
    left, right = (column.container() for column in st.columns(2, gap="large"))
    dishes_place, samples_place, kinds_place, wrong_place, scale_place = (st.container() for _ in range(5))

    firsts = line_panels(titles, places, follow_place)
    reference = titles[0]
    with left:
        table(firsts)
    if len(titles) > 1:
        with right:
            reference = apart(titles, firsts, known["reference"])
    else:
        address.write({"reference": []})
    with dishes_place:
        dishes_of_a_verb(known)
    with samples_place:
        samples(titles)
    with kinds_place:
        st.subheader("What a whole text is made of", anchor=False)
        drawing.note(
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
