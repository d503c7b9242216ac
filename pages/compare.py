"""One prompt, several temperatures, side by side; everything else held constant."""

from __future__ import annotations

import contextlib
import copy
import logging
import random
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages import shared
from pages.shared import plain, state
from textgen import charts
from textgen.text.vocabulary import tokenize, unknown_words
from textgen.views import compare_report as report
from textgen.views.compare import Comparison, Row

shared.through_app()

save_component = shared.component("save")
logger = logging.getLogger("simmer")


# -- what buttons do: they change the state of other controls, before the page is drawn ------------


def remove_column() -> None:
    column = state.columns.remove
    if state.n > shared.FEWEST_COLUMNS and column in range(1, state.n + 1):
        state.temperatures.append(state.temperatures.pop(column - 1))
        state.n -= 1
        shared.other_columns()
        for control, otherwise in (("follow", "own"), ("live", shared.PLACES[0])):
            if state.get(control) in shared.PLACES[column - 1 :]:  # the same column has another number now
                at = shared.PLACES.index(state[control])
                state[control] = otherwise if at == column - 1 else shared.PLACES[at - 1]


def add_column() -> None:
    state.n = min(state.n + 1, shared.MOST_COLUMNS)
    shared.other_columns()


def take_in() -> None:
    """What the sliders in the columns ask for."""
    for name, value in shared.asked("columns").items():
        if isinstance(name, int):
            state.temperatures[name - 1] = value
            state.moved = name - 1
        else:
            go_to(value)


def new_seed() -> None:
    state.seed = random.SystemRandom().randrange(10_000)


def lock() -> None:
    state.locked = not state.get("locked", False)


def go_to(word: int) -> None:
    state.word = min(max(word, 1), shared.said("words"))


def pick_point() -> None:
    for point in state.timeline.selection.get("step", []):
        shared.count_pick()
        go_to(int(point["position"]))


def pick_bar() -> None:
    for bar in state.chart.selection.get("word", []):
        if isinstance(bar.get("word"), str):  # the tail has none
            shared.count_pick()
            shared.force(state.word, [bar["word"]])


def what_if() -> None:
    typed, state.whatif = str(state.whatif or ""), None
    words = [""] if typed == shared.END_OF_RECIPE else tokenize(typed)
    if missing := unknown_words(typed, shared.load(state.model).vocabulary) if words != [""] else []:
        state.flash = (
            f"The network does not know {plain(', '.join(missing)[:80])}, so it cannot be forced to write it."
        )
    elif len(words) > 8:
        state.flash = "Force at most 8 words at once."
    else:
        shared.force(state.word, words)


# Seconds that new texts are ahead of their charts: what arrives together is drawn together, and a browser
# takes longer than this to draw charts.
HEAD_START = 0.025

PRESETS: dict[str, tuple[dict[str, Any], str]] = {
    "Another verb at each T": (
        {"title": "Vanilla ice cream", "seed": 25, "words": 40},
        "Recipe verbs are underlined. One dish, one draw, three temperatures: read the first verb of each "
        "column. The hotter, the less usual. Under “Verbs” above you can see how likely each was.",
    ),
    "T = 0 runs in circles": (
        {"title": "Simple soup", "temperatures": (0.0, 0.3, 0.9), "words": 120},
        "At T = 0 the likeliest word is always taken, so like words lead to like words again: read the end "
        "of column 1. A little luck (column 2) does not help much; more (column 3) breaks the circle.",
    ),
    "T = 2 falls apart": (
        {"title": "Apple pie", "temperatures": (0.7, 1.3, 2.0)},
        "At T = 2 nearly any word may come next. Strong colour marks words that the network itself finds "
        "surprising: count them in each column.",
    ),
}
TOUR = (
    (
        "One prompt, three temperatures",
        "The same network continues the same words in every column, with the same luck. Only the "
        "temperature differs. "
        "Strong colour marks words that the network itself finds surprising. Drag a slider and watch.",
        {},
    ),
    (
        "T = 0 leaves nothing to luck",
        "The first column now always takes the likeliest word. Another seed (the die) changes the "
        "other columns, "
        "never this one.",
        {"temperatures": (0.0, 0.7, 1.2)},
    ),
    (
        "Where the ways part",
        "The bar in the second column marks the first word that differs from its neighbour, and the "
        "line below says why. "
        "The chart at the bottom of the page shows all that was possible there.",
        {"word": "parting"},
    ),
    (
        "The same context, re-tempered",
        "Now every column reads the words of column 1, so at each word the network says the same to "
        "all of them. "
        "What still differs in the chart is temperature alone: it flattens, and it keeps the order.",
        {"follow": "column 1", "word": 4},
    ),
    (
        "Hot, and held back",
        "At T = 2 thousands of words are in the running. Top-p = 0.8 removes the unlikely ones: "
        "they stay in the chart, "
        "faded. Compare with top-p off (under “Sampling”).",
        {"temperatures": (0.2, 0.7, 2.0), "p": 0.8},
    ),
)


def preset(name: str) -> None:
    changes, state.look_at = PRESETS[name]
    state.look_at_settings = None  # those of the first drawing
    shared.reset(**changes)


def tour(stop: int) -> None:
    state.tour, state.look_at = stop if 0 <= stop < len(TOUR) else None, None
    if state.tour is not None:
        changes = dict(TOUR[stop][2])
        wanted = changes.pop("word", 1)
        shared.reset(**changes)
        if wanted == "parting":
            mark = shared.compare(shared.settings()).marks[1]
            wanted = mark.position + 1 if mark else 1
        state.word = wanted


# -- the controls ----------------------------------------------------------------------------------


def presets() -> None:
    for name in PRESETS:
        st.button(name, on_click=preset, args=(name,), type="tertiary", icon=":material/east:")
    st.button("Show me around", on_click=tour, args=(0,), icon=":material/signpost:", key="start_tour")


def controls() -> None:
    """What is written, and by which network."""
    shared.title_control("The network continues “recipe for TITLE | OPENING”.")
    shared.opening_control()
    with st.container(
        horizontal=True, vertical_alignment="bottom", gap="small", width="content", key="setup"
    ):
        shared.network_control()
        with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall", width=242):
            shared.seed_control("Decides the luck. The same seed gives the same draws at every temperature.")
            locked = state.get("locked", False)
            st.button(
                "Another seed",
                icon=":material/casino:",
                key="dice",
                on_click=new_seed,
                help="Another seed",
                disabled=locked,
            )
            st.button(
                "Let the die change the seed" if locked else "Keep this seed",
                icon=f":material/{'lock' if locked else 'lock_open'}:",
                key="lock",
                on_click=lock,
                help="Let the die change the seed" if locked else "Keep this seed",
            )
        shared.words_control()


def constants() -> None:
    """What is the same in every column."""
    st.segmented_control(
        "Colour of a word",
        shared.COLORS,
        default="surprisal",
        key="color",
        bind="query-params",
        required=True,
        help="How far from expected each word was, by the network's own "
        "probabilities at T = 1 (surprisal, rank) or by what it was drawn from (probability). Surprisal is "
        "in bits: each bit halves the probability; a word of 50 % has 1 bit, one of 0.1 % has 10.",
    )
    st.html(shared.legend(state.color), width="content")
    st.selectbox(
        "Each column reads",
        ["own", *shared.PLACES[: state.n]],
        key="follow",
        bind="query-params",
        width=170,
        help="“own”: each column goes on from its own words. “column 2”: all "
        "columns read the words of column 2, so that their charts show one context at several temperatures.",
    )
    st.segmented_control(
        "Luck",
        shared.LUCK,
        default="shared",
        key="luck",
        bind="query-params",
        required=True,
        help="“shared”: one draw a word serves every column, so texts differ by temperature alone. "
        "“separate”: each column draws for itself.",
    )
    with st.popover("Sampling", icon=":material/filter_alt:"):
        st.markdown("They act in this order, in every column.")
        st.slider(
            "1 · Repetition penalty",
            1.0,
            2.0,
            1.0,
            0.05,
            key="penalty",
            bind="query-params",
            help="Makes words that were already written less likely. 1 is off.",
        )
        st.caption("2 · Temperature: the sliders above the texts")
        st.number_input(
            "3 · Top-k",
            0,
            10_000,
            0,
            key="k",
            bind="query-params",
            help="Only the k likeliest words stay. 0 is off; 1 is greedy.",
        )
        st.slider(
            "4 · Top-p",
            0.0,
            1.0,
            1.0,
            0.01,
            key="p",
            bind="query-params",
            help="The fewest likeliest words that together have probability p stay. 1 is off.",
        )
        st.slider(
            "5 · Min-p",
            0.0,
            1.0,
            0.0,
            0.01,
            key="min_p",
            bind="query-params",
            help="Words with less than this share of the likeliest word's probability go. 0 is off.",
        )
        st.slider(
            "6 · Typical",
            0.05,
            1.0,
            1.0,
            0.05,
            key="typical",
            bind="query-params",
            help=(
                "The words whose surprisal is nearest to the average stay, up to this probability. 1 is off."
            ),
        )
        st.checkbox(
            "May write “[UNK]”, some unknown word",
            key="unk",
            bind="query-params",
            help="Off: its probability is shared among the known words.",
        )
    with st.container(width="content"):
        if on := shared.rules_on():  # known once its controls are there
            st.badge(f"{on} rule{'s' * (on != 1)} on", color="violet")
    with st.popover("Keep", icon=":material/download:"):
        downloads()


def messages() -> None:
    if found := shared.notes():
        st.warning("  \n".join(found), icon=":material/info:")
    if state.get("look_at"):
        state.look_at_settings = state.look_at_settings or shared.settings()
        if state.look_at_settings == shared.settings():
            st.info(f"**What to look at.** {state.look_at}", icon=":material/visibility:")
        else:
            state.look_at = None
    if state.get("tour") is not None:
        heading, text, _ = TOUR[state.tour]
        with st.container(border=True, key="tour_box"):
            st.markdown(f"**{state.tour + 1} of {len(TOUR)} · {heading}**  \n{text}")
            with st.container(horizontal=True, gap="small"):
                st.button(
                    "Back", key="tour_back", on_click=tour, args=(state.tour - 1,), disabled=state.tour == 0
                )
                last = state.tour == len(TOUR) - 1
                st.button(
                    "Done" if last else "Next",
                    key="tour_next",
                    type="primary",
                    on_click=tour,
                    args=(state.tour + 1,),
                )
                if not last:
                    st.button("End the tour", key="tour_end", type="tertiary", on_click=tour, args=(-1,))


def downloads() -> None:
    st.caption("The address of this page brings back everything on it, on any machine.")
    title = report.file_name(shared.settings().title)

    def saved(write: Callable[..., str]) -> Callable[[], str]:
        return lambda: write(shown["comparison"], shown["facts"])  # called from another thread, on a click

    for label, write, kind, mime, icon in (
        ("Run as JSON", report.to_json, "json", "application/json", "data_object"),
        ("Run as CSV", report.to_csv, "csv", "text/csv", "table"),
        ("Report as HTML", report.to_html, "html", "text/html", "article"),
    ):
        st.download_button(
            label,
            saved(write),
            f"{title}.{kind}",
            mime,
            on_click="ignore",
            icon=f":material/{icon}:",
            width="stretch",
            key=f"save_{kind}",
        )
    save_component(
        key="save", data={"charts": {"run": "timeline", "word": "chart", "knob": "knob"}, "name": title}
    )


# -- the comparison --------------------------------------------------------------------------------


@st.fragment
def comparison_view(drawn_with: int) -> None:
    """All that follows a slider: a move redraws this and leaves the rest of the page alone."""
    if drawn_with != state.n:  # what "Each column reads" depends on
        st.rerun()
    try:
        settings = shared.settings()
        comparison = shared.compare(settings)
        marked = zip(comparison.names(), comparison.marks, strict=True)
        texts = [
            shared.column(comparison, k, name, mark, settings.opening)
            for k, (name, mark) in enumerate(marked)
        ]
        go_to(state.word)
    except Exception:
        logger.exception("the texts could not be written")
        if "drawn" not in shown:
            st.error("The texts could not be written. Change a control, or load the page again.")
            return
        state.flash = "The texts for this change could not be written. Here are those from before it."
        settings, comparison, texts, unmoved = shown["drawn"]
        state.update(unmoved)
    word = min(state.word, max(comparison.length, 1))
    before = shown.get("comparison")
    shown.update(comparison=comparison, facts={**settings.facts(), "step": word})
    unmoved = {name: copy.deepcopy(state[name]) for name in ("n", "temperatures", "forced", "word")}
    shown["drawn"] = settings, comparison, texts, unmoved
    places = [st.container(key=key) for key in ("what_ifs", "texts", "run", "possible", "own_knob")]
    with places[0]:
        forced_words()
    with places[1]:
        shared.columns(
            "columns",
            texts,
            word,
            opening=settings.opening,
            measure=shared.said("color"),
            on_ask=take_in,
            on_add=add_column,
            on_remove=remove_column,
        )
    if before not in (None, comparison):
        time.sleep(HEAD_START)
    with places[3], or_a_sentence("The bars of this word"):
        rows = comparison.step_rows(word - 1)
        controls = what_was_possible(comparison, settings, rows, word)
        if before is None:
            shared.first_look()
        with controls:
            what_ifs(rows, word)
    with places[2], or_a_sentence("The lines of the whole run"):
        timeline(comparison, word)
    with places[4], or_a_sentence("The knob"):
        knob(comparison, word)
    shared.write_address()
    if (moved := state.pop("moved", state.n)) < state.n:
        shared.compare_ahead(settings, moved)


@contextlib.contextmanager
def or_a_sentence(what: str) -> Iterator[None]:
    """An error in one part of the page leaves the others alone, and the part to the next move."""
    try:
        yield
    except Exception:
        logger.exception("%s: not drawn", what)
        st.warning(f"{what} could not be drawn. The next move of a slider draws everything again.")


def forced_words() -> None:
    if flash := state.pop("flash", ""):
        st.warning(flash, icon=":material/info:")
    if state.forced:
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="forced_words"):
            st.markdown("What if …", width="content")
            for position, word in sorted(state.forced.items()):
                st.button(
                    f"word {position + 1} is “{plain(word) or 'the end'}”",
                    icon=":material/close:",
                    key=f"free{position}",
                    on_click=shared.force,
                    args=(position + 1, None),
                    help="Let the columns choose this word again",
                )


def timeline(comparison: Comparison, word: int) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", key="timeline_head"):
        place = st.empty()
        measure = st.segmented_control(
            "What the lines show",
            list(charts.TIMELINE_MEASURES),
            default="choices",
            key="line",
            bind="query-params",
            required=True,
            label_visibility="collapsed",
        )
        place.html(
            shared.chapter(
                "The whole run", shared.TIMELINE_CAPTIONS[measure], comparison.timeline_summary(measure)
            ),
        )
    shared.draw(
        charts.timeline_spec(comparison.timeline_rows(), step=word, measure=measure, picks=shared.picks()),
        what="Line chart over the words of each text",
        key="timeline",
        on_select=pick_point,
    )


def what_was_possible(
    comparison: Comparison, settings: shared.Request, rows: Sequence[Row], word: int
) -> DeltaGenerator:
    """The chart of the picked word; returns the place for its controls."""
    luck = shared.said("show_luck")
    with st.container(horizontal=True, vertical_alignment="bottom", key="chart_head"):
        st.html(
            shared.chapter(
                f"Word {word}: what it could have been",
                shared.step_caption(comparison, settings, word - 1, luck=luck),
                comparison.step_summary(word - 1),
            )
        )
        controls = st.container(
            horizontal=True, vertical_alignment="bottom", width="content", key="chart_controls"
        )
    shared.draw(
        charts.step_spec(rows, luck=luck, picks=shared.picks()),
        what="Bar chart of the next word, a panel a temperature",
        key="chart",
        on_select=pick_bar,
    )
    return controls


def what_ifs(rows: Sequence[Row], word: int) -> None:
    """What can be done about the picked word."""
    st.toggle(
        "Show the luck",
        key="show_luck",
        bind="query-params",
        help="Instead of probabilities, log p + g for each word: g is the draw's luck for that word, "
        "and the largest sum is written.",
    )
    likely = dict.fromkeys(row["word"] for row in rows if row["word"] is not None)
    st.selectbox(
        f"What if word {word} were …",
        [word or shared.END_OF_RECIPE for word in likely],
        index=None,
        key="whatif",
        on_change=what_if,
        accept_new_options=True,
        width=240,
        placeholder="choose or type a word",
    )
    column = st.menu_button(
        "Look inside",
        shared.PLACES[: state.n],
        icon=":material/frame_inspect:",
        key="look_inside",
        help="What the network's gates do when a column chooses this word",
    )
    if column:
        state.looking = int(column.split()[1]) - 1
        st.rerun()


def knob(comparison: Comparison, word: int) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        with st.container(horizontal=True, vertical_alignment="bottom", key="knob_head"):
            place = st.empty()
            live = st.selectbox(
                "The logits of",
                shared.PLACES[: state.n],
                key="live",
                bind="query-params",
                width=150,
                label_visibility="collapsed",
            )
        k = int(live.split()[1]) - 1
        rows = comparison.live_rows(k, word - 1)
        place.html(
            shared.chapter(
                "Turn the knob yourself",
                "The word picked above at any temperature up to 5, without sampling rules."
                if rows
                else f"Column {k + 1} has ended before word {word}.",
                comparison.live_summary(k, word - 1),
            )
        )
        if rows:
            shared.draw(
                charts.live_spec(rows),
                what="Bar chart of the next word with its own temperature slider",
                key="knob",
            )
    with right:
        st.markdown(shared.HOW)


# -- the page --------------------------------------------------------------------------------------

shared.begin()
shown: dict[str, Any] = state.setdefault("shown", {})  # what the comparison shows, for downloads
with st.container(horizontal=True, vertical_alignment="center", key="head"):
    st.html(
        '<div class="chapter"><h1>What does temperature do?</h1><p>A small network writes a recipe, word by '
        "word. Temperature says how far it may stray from the likeliest word. Drag the sliders.</p></div>"
    )
    places = [st.container(horizontal=True, width="content", gap="xsmall", key="presets")]
places += [
    st.container(horizontal=True, vertical_alignment="bottom", gap="small", key=key)
    for key in ("controls", "constants")
]
# Always there, so that what follows keeps its place, and its focus, when a note comes or goes.
places.append(st.container(key="messages"))
first = state.runs == 1
if first:  # what people come to see is there at once, as the address has it; the controls follow
    early = shared.settings()
    comparison_view(state.n)
for place, fill in zip(places, (presets, controls, constants, messages), strict=True):
    with place:
        fill()
if "looking" in state:
    shared.look_inside(shared.settings(), state.pop("looking"), state.word)
if not first:
    comparison_view(state.n)
elif shared.settings() != early:
    st.rerun()
