"""Which recipe verb comes first, by title and temperature."""

from __future__ import annotations

import html
from collections.abc import Callable

import streamlit as st

from pages import shared
from pages.shared import plain, state
from textgen import charts
from textgen.files import to_csv
from textgen.measuring.first_verbs import FirstVerbs, divergence, first_verbs
from textgen.measuring.kinds import KindShares, kind_shares
from textgen.text.vocabulary import UNKNOWN, tokenize, unknown_words
from textgen.views import compare_report as report
from textgen.views import verbs as verb_tables
from textgen.views.compare import Comparison
from textgen.writing.sampling import Sampler

shared.through_app()

save_component = shared.component("save")
follow_component = shared.component("follow")

TEMPERATURES = (0.0, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4, 1.6, 1.8, 2.0)
RUN_TEMPERATURES = (0.2, 0.6, 1.0, 1.4, 2.0)  # of whole texts, which take longer
DISHES = (
    "Roasted vegetables",
    "Chocolate ice cream",
    "Pizza",
    "Tomato soup",
    "White bread",
    "Gin cocktail",
)
MOST_DISHES = 6
SAMPLE_WORDS = 40
PER_ROW = 3  # panels side by side


# -- what takes a while is kept, by its configuration ----------------------------------------------


@st.cache_data(show_spinner="Following all likely beginnings …", max_entries=100)
def first(model: str, title: str, seed: int) -> FirstVerbs:
    return first_verbs(shared.load(model), title, TEMPERATURES, seed=seed)


@st.cache_data(show_spinner="Writing whole texts …", max_entries=300)
def kinds(model: str, title: str, seed: int) -> KindShares:
    return kind_shares(shared.load(model), title, RUN_TEMPERATURES, seed=seed)


@st.cache_data(show_spinner="Looking for ingredients that never met …", max_entries=300)
def oddity(model: str, titles: tuple[str, ...], seed: int) -> verb_tables.Oddity | None:
    return verb_tables.oddity(shared.load(model), titles, seed=seed)


# -- what was asked for ----------------------------------------------------------------------------


def dishes() -> tuple[list[str], list[str]]:
    """The titles to show, and what there is to say about those asked for."""
    asked = [shared.one_line(title) for title in state.dish]
    titles: dict[str, str] = {}
    found = []
    vocabulary = shared.load(state.model).vocabulary
    for title in asked:
        cut = title[: shared.LONGEST_TITLE]
        shown = plain(cut[:60])
        words = tokenize(cut)
        if not words:
            continue
        if " ".join(words) in titles:
            found.append(f"“{shown}” is there twice; it is shown once.")
            continue
        titles[" ".join(words)] = cut
        if len(title) > len(cut):
            found.append(f"A title has {len(title):,} characters; the network reads the first {len(cut)}.")
        if "|" in cut:
            found.append(f"The bar in “{shown}” tells the network that the title is over.")
        unknown = unknown_words(cut, vocabulary)
        if unknown and len(unknown) == len(set(words)):
            found.append(
                f"The network knows no word of “{shown}”: it answers as for any dish it never heard of."
            )
        elif unknown:
            listed = ", ".join(plain(word[:30]) for word in unknown[:8])
            found.append(f"Not among the words the network knows, and read as {plain(UNKNOWN)}: {listed}.")
    if len(titles) == 1:
        found.append("Add a second title to see what the title changes.")
    return list(titles.values()), found


def address_notes() -> list[str]:
    """What the address asked for and could not have, until a control changes."""
    names = shared.models()
    asked = st.query_params.get_all("dish") or list(DISHES[:2])
    fields: dict[str, shared.Field] = {
        "dish": (lambda text: not text or bool(tokenize(text)), "a title has letters or digits"),
        "reference": shared.one_of(asked, "it is one of the titles"),
        "model": shared.one_of(names, "the networks are " + ", ".join(names)),
        "seed": (shared.number(0, shared.LARGEST_SEED, whole=True), "a seed is a whole number from 0"),
        "temperature": shared.one_of(
            [f"{t:g}" for t in TEMPERATURES],
            "this page has the temperatures " + ", ".join(f"{t:g}" for t in TEMPERATURES),
        ),
    }
    found = shared.address_notes(fields)
    if len(asked) > MOST_DISHES:
        found.append(f"The address names {len(asked)} titles; the first {MOST_DISHES} are shown.")
    shared.clean_address(fields, lists=["dish"])
    if found and found != state.get("verb_notes_found"):
        state.verb_notes_found, state.verb_notes_at = found, None
    return state.get("verb_notes_found", [])


# -- the controls ----------------------------------------------------------------------------------

shared.styles()
st.html(shared.ASSETS / "verbs.css")
from_address = address_notes()
with st.container(key="head"):
    st.title("Which verb comes first?", anchor=False)
    st.caption(
        "A title steers what a recipe tells you to do first. How much, depends on the temperature. "
        "Pick dishes, or type your own."
    )
with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="controls"):
    st.multiselect(
        "Recipe titles, 2 to 6",
        DISHES,
        DISHES[:2],
        key="dish",
        bind="query-params",
        accept_new_options=True,
        max_selections=MOST_DISHES,
        placeholder="Type a dish and press Enter",
        help="The network continues “recipe for TITLE |”. Type any dish and press Enter.",
    )
    with st.container(
        horizontal=True, vertical_alignment="bottom", gap="small", width="content", key="setup"
    ):
        shared.network_control()
        shared.seed_control(
            "Decides the luck of the sample texts and of the beginnings too rare to be followed."
        )
        keep = st.popover("Keep", icon=":material/download:")
with st.container(key="column1"):
    now: float = st.select_slider(
        "Temperature",
        TEMPERATURES,
        1.0,
        format_func=lambda t: f"{t:g}",
        key="temperature",
        bind="query-params",
        help="For the marks in the lines, the table and the sample texts below.",
    )
shared.style_columns([now])

titles, found = dishes()
asked_now = (tuple(state.dish), state.model, state.seed, now)
if from_address:
    if state.verb_notes_at in (None, asked_now):
        state.verb_notes_at = asked_now
        found = from_address + found
    else:
        state.verb_notes_found = []
with st.container():
    if found:
        st.warning("  \n".join(found), icon=":material/info:")
if not titles:
    st.info("Name a dish above, and see which verb its recipe starts with.")
    st.stop()
model, seed = state.model, state.seed

# -- places, filled from the quickest to the slowest -----------------------------------------------

st.subheader("How likely each verb is to come first", anchor=False)
st.caption(
    "The first recipe verb need not be the first word: “in a large bowl, whisk” counts as whisk. Point at a "
    "verb or a line to follow it through all panels; a click keeps it. Likely beginnings are followed "
    "exactly, the rest is sampled: a band is the 95 % interval. The vertical line is the temperature set "
    "above. All panels have one scale, stretched at the bottom so that small shares can be told apart."
)
follow_place = st.container()
panels = []
for start in range(0, len(titles), PER_ROW):
    columns = st.columns(min(PER_ROW, len(titles)) if len(titles) > 1 else 1, gap="medium")
    panels += [column.container() for column in columns[: len(titles) - start]]
left, right = (column.container() for column in st.columns(2, gap="large"))
samples_place, kinds_place, wrong_place, scale_place = (st.container() for _ in range(4))

firsts: list[FirstVerbs] = []
line_rows: list[list[verb_tables.Row]] = []
for n, (title, place) in enumerate(zip(titles, panels, strict=True), 1):
    with place:
        st.markdown(f"**{plain(title)}**")
        firsts.append(first(model, title, seed))
        line_rows.append(verb_tables.line_rows(firsts[-1]))
        shared.draw(
            charts.lines_spec(line_rows[-1], now=now, looks=charts.line_looks(*line_rows)),
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
                for label, look in charts.line_looks(*line_rows).items()
            ],
        },
    )

with left:
    st.subheader(f"Titles and verbs at T = {now:g}", anchor=False)
    st.caption("Each title's column sums to 100 %. The stronger the cell, the likelier the verb.")
    shared.draw(
        charts.heat_map_spec(verb_tables.heat_map_rows(firsts, now)),
        f"At T = {now:g} " + "; ".join(verb_tables.in_words(one, now) for one in firsts) + ".",
        what="Table of first-verb probabilities, titles by verbs",
        key="cells",
    )

reference = 0
if len(titles) > 1:
    with right:
        with st.container(horizontal=True, vertical_alignment="center", key="apart_head"):
            st.subheader("How far apart the titles are", anchor=False, width="content")
            if len(titles) > 2:
                chosen = st.selectbox(
                    "Apart from",
                    titles,
                    key="reference",
                    bind="query-params",
                    label_visibility="collapsed",
                    width=220,
                )
                reference = titles.index(chosen)
        bits = divergence(firsts[reference], firsts[0 if reference else 1])
        st.caption(
            f"How different the first verbs are from those of “{plain(titles[reference])}”, in bits "
            "(Jensen-Shannon divergence): 0, the same verbs; 1, no verb in common. The title stops mattering "
            "in two ways. At T = 0 every title has one verb only: two titles agree or they do not, and how "
            "close the contest was no longer shows. Towards infinity every word is as likely as any other "
            "after any title, and the divergence falls to 0. A band, where it can be seen, is the 95 % "
            "interval of what was sampled."
        )
        shared.draw(
            charts.lines_spec(verb_tables.divergence_rows(firsts, reference), now=now, unit="bits"),
            "; ".join(f"T = {t:g}: {x:.2f} bits" for t, x in zip(TEMPERATURES, bits, strict=True)),
            what="Line chart of the divergence between titles against temperature",
            key="apart",
        )

with samples_place:
    st.subheader("How the recipes begin", anchor=False)
    st.caption(
        "Recipe verbs are underlined. The same luck draws the words of every text, so that they differ by "
        "title and temperature alone. “Compare” opens them word by word."
    )
    heats = sorted({0.2, now, 1.4})
    for n, title in enumerate(titles, 1):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f"**{plain(title)}**", width="content")
            if st.button("Compare", key=f"compare{n}", type="tertiary", icon=":material/east:"):
                shared.compare_with(title, heats, model=model, seed=seed, words=SAMPLE_WORDS)
        comparison: Comparison = shared.compare(
            shared.Request(
                model=model,
                title=title,
                opening="",
                samplers=tuple(Sampler(t, suppress=(1,)) for t in heats),
                seed=seed,
                words=SAMPLE_WORDS,
            )
        )
        for j, (heat, column) in enumerate(zip(heats, st.columns(len(heats), gap="medium"), strict=True)):
            words = "".join(
                " " * row["space"] + (f"<u>{text}</u>" if row["verb"] else text)
                for row in comparison.word_rows(j)
                for text in [html.escape(row["text"])]
            )
            column.html(
                f'<p class="sample-name" style="color: {charts.temperature_color(heat)}">T = {heat:g}</p>'
                f'<p class="sample">{words}</p>'
            )

with kinds_place:
    st.subheader("What a whole text is made of", anchor=False)
    st.caption(
        "The share of each kind of word in eight texts of up to 60 words. A column is a temperature and sums "
        "to 100 %. “rest” holds the small words and all that is of no other kind. Point at a cell for its "
        "95 % interval."
    )
    places = []
    for start in range(0, len(titles), PER_ROW):
        columns = st.columns(min(PER_ROW, len(titles)), gap="medium")
        places += [column.container() for column in columns[: len(titles) - start]]

with wrong_place:
    st.subheader("Where the network is wrong", anchor=False)
    wrong_text = st.container()

with scale_place:
    st.subheader("How much the title tells, measured", anchor=False)
    rows = [
        {
            "network": name,
            "recipes": era,
            "bits": told["bits"],
            "95 % interval": f"{told['low']:.2f} to {told['high']:.2f}",
            "number of recipes": told["recipes"],
        }
        for name in shared.models()
        for era, told in (shared.load(name).card.get("title_information") or {}).items()
        if {"bits", "low", "high", "recipes"} <= set(told)
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

compositions = []
for n, (title, place) in enumerate(zip(titles, places, strict=True), 1):
    with place:
        st.markdown(f"**{plain(title)}**")
        compositions.append(kinds(model, title, seed))
        shared.draw(
            charts.heat_map_spec(verb_tables.kind_rows(compositions[-1])),
            f"{title}: "
            + "; ".join(
                f"T = {t:g}: recipe verbs {100 * share[:5].sum():.0f} %, ingredients {100 * share[5]:.0f} %"
                for t, share in zip(RUN_TEMPERATURES, compositions[-1].share, strict=True)
            )
            + ".",
            what="Table of the kinds of word by temperature",
            key=f"kinds{n}",
        )

with wrong_text:
    odd = oddity(model, tuple(titles), seed)
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

with keep:
    st.caption("The address of this page brings back everything on it, on any machine.")
    name = report.file_name(" ".join(titles))
    tables: dict[str, Callable[[], list[verb_tables.Row]]] = {
        "First verbs": lambda: verb_tables.first_verb_table(firsts),
        "Titles and verbs": lambda: verb_tables.first_verb_table(firsts, [now]),
        "Divergence": lambda: verb_tables.divergence_table(firsts),
        "Kinds of word": lambda: verb_tables.kind_table(titles, compositions),
    }
    for label, table in tables.items():
        st.download_button(
            f"{label} as CSV",
            lambda table=table: to_csv(table()),
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
        headings["Divergence"] = f"First verbs, bits apart from those of {titles[reference][:60]} ({model})"
    save_component(key="save", data={"charts": pictures, "headings": headings, "name": name})
