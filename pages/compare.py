"""One prompt, several temperatures, side by side; everything else held constant."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from pages import shared
from pages.shared import MOST_COLUMNS, plain, state
from textgen import charts, report
from textgen.comparison import Comparison
from textgen.vocabulary import tokenize, unknown_words

shared.through_app()

words_component = shared.component("words")
save_component = shared.component("save")


# -- what buttons do: they change the state of other controls, before the page is drawn ------------


def remove_column(k: int) -> None:
    for j in range(k, state.n):
        state[f"t{j}"] = state[f"t{j + 1}"]
    set_columns(state.n - 1)


def set_columns(n: int) -> None:
    state.n = n


def new_seed() -> None:
    state.seed = random.SystemRandom().randrange(10_000)


def lock() -> None:
    state.locked = not state.get("locked", False)


def go_to(word: int) -> None:
    state.step = min(max(word, 1), state.words)


def pick_word(key: str) -> None:
    at = state[key].pick
    if isinstance(at, int):
        go_to(at + 1)


def pick_point() -> None:
    for point in state.timeline_chart.selection.get("step", []):
        shared.count_pick()
        go_to(int(point["position"]))


def pick_bar() -> None:
    for bar in state.chart_chart.selection.get("word", []):
        if isinstance(bar.get("word"), str):  # the tail has none
            shared.count_pick()
            shared.force(state.step, [bar["word"]])


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
        shared.force(state.step, words)


# Seconds that new texts are ahead of their charts: what arrives together is drawn together, and a browser
# takes longer than this to draw charts.
HEAD_START = 0.05

PRESETS: dict[str, tuple[dict[str, Any], str]] = {
    "Another verb at each T": (
        {"title": "Vanilla ice cream", "seed": 25, "words": 40},
        "Recipe verbs are underlined. One dish, one draw, three temperatures: read the first verb of each "
        "column. The hotter, the less usual. Under “Verbs” above you can see how likely each was.",
    ),
    "T = 0 runs in circles": (
        {"title": "Simple soup", "t1": 0.0, "t2": 0.3, "t3": 0.9, "words": 120},
        "At T = 0 the likeliest word is always taken, so like words lead to like words again: read the end "
        "of column 1. A little luck (column 2) does not help much; more (column 3) breaks the circle.",
    ),
    "T = 2 falls apart": (
        {"title": "Apple pie", "t1": 0.7, "t2": 1.3, "t3": 2.0},
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
        {"t1": 0.0},
    ),
    (
        "Where the ways part",
        "The bar in the second column marks the first word that differs from its neighbour, and the "
        "line below says why. "
        "The chart at the bottom of the page shows all that was possible there.",
        {"step": "parting"},
    ),
    (
        "The same context, re-tempered",
        "Now every column reads the words of column 1, so at each word the network says the same to "
        "all of them. "
        "What still differs in the chart is temperature alone: it flattens, and it keeps the order.",
        {"follow": "column 1", "step": 4},
    ),
    (
        "Hot, and held back",
        "At T = 2 thousands of words are in the running. Top-p = 0.8 removes the unlikely ones: "
        "they stay in the chart, "
        "faded. Compare with top-p off (under “Sampling”).",
        {"t3": 2.0, "p": 0.8},
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
        wanted = changes.pop("step", 1)
        shared.reset(**changes)
        if wanted == "parting":
            mark = shared.compare(shared.settings()).marks[1]
            wanted = mark.position + 1 if mark else 1
        state.step = wanted


# -- the controls ----------------------------------------------------------------------------------

shared.begin()
shown: dict[str, Any] = state.setdefault("shown", {})  # what the comparison below shows, for downloads
with st.container(horizontal=True, vertical_alignment="center", key="head"):
    with st.container(width="stretch", gap="xxsmall"):
        st.title("What does temperature do?", anchor=False)
        st.caption(
            "A small network writes a recipe, word by word. Temperature says how far it may stray from the "
            "likeliest word. Drag the sliders."
        )
    with st.container(horizontal=True, width="content", gap="xsmall", key="presets"):
        for name in PRESETS:
            st.button(name, on_click=preset, args=(name,), type="tertiary", icon=":material/east:")
        st.button("Show me around", on_click=tour, args=(0,), icon=":material/signpost:", key="start_tour")

with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="controls"):
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

with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="constants"):
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
        ["own", *(f"column {k + 1}" for k in range(state.n))],
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
    keep = st.popover("Keep", icon=":material/download:")

with (
    st.container()
):  # always there, so that what follows keeps its place, and its focus, when a note comes or goes
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


# -- the comparison --------------------------------------------------------------------------------


@st.fragment
def comparison_view(drawn_with: tuple[int, dict[int, str]]) -> None:
    """All that follows a slider: a move redraws this and leaves the rest of the page alone."""
    if drawn_with != (state.n, state.forced):  # what other parts of the page, or the address, depend on
        st.rerun()
    with st.container():
        forced_words()
    slots = temperature_sliders()
    choice = step_picker()

    settings = shared.settings()
    comparison = shared.compare(settings)
    step = min(state.step, max(comparison.length, 1))
    before = shown.get("comparison")
    shown.update(comparison=comparison, facts={**shared.facts(settings), "step": step})
    texts(slots, comparison, settings, step)
    if before not in (None, comparison):
        time.sleep(HEAD_START)
    timeline(comparison, step)
    what_was_possible(comparison, settings, step, choice)
    knob(comparison, step)
    if state.play:
        shared.every(state.pace, lambda: go_to(step + 1 if step < comparison.length else 1))


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


def temperature_sliders() -> list[DeltaGenerator]:
    """A slider a column; returns the columns, for the texts."""
    slots = []
    for k, column in enumerate(st.columns(state.n, gap="medium"), start=1):
        slots.append(column.container(key=f"column{k}", gap="xsmall"))
        with slots[-1], st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
            st.slider(
                f"Temperature of column {k}",
                0.0,
                2.0,
                shared.DEFAULTS[f"t{k}"],
                0.05,
                key=f"t{k}",
                bind="query-params",
                label_visibility="collapsed",
            )
            if state.n > 2:
                st.button(
                    f"Remove column {k}",
                    icon=":material/close:",
                    key=f"remove{k}",
                    type="tertiary",
                    on_click=remove_column,
                    args=(k,),
                    help=f"Remove column {k}",
                )
            if k == state.n < MOST_COLUMNS:
                st.button(
                    "Add a column",
                    icon=":material/add:",
                    key="add",
                    type="tertiary",
                    on_click=set_columns,
                    args=(state.n + 1,),
                    help="Add a column",
                )
    return slots


def step_picker() -> DeltaGenerator:
    """The controls of the picked word; returns the place for the what-if."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="steps"):
        st.button(
            "One word back",
            icon=":material/chevron_left:",
            key="back",
            help="One word back",
            on_click=lambda: go_to(state.step - 1),
        )
        st.button(
            "One word on",
            icon=":material/chevron_right:",
            key="forward",
            help="One word on",
            on_click=lambda: go_to(state.step + 1),
        )
        st.slider("Word", 1, state.words, 1, key="step", bind="query-params", width=340)
        st.toggle("Play", key="play")
        st.select_slider("Seconds a word", [0.3, 0.6, 1.0, 2.0], 0.6, key="pace", width=130)
        column = st.menu_button(
            "Look inside",
            [f"column {k + 1}" for k in range(state.n)],
            icon=":material/frame_inspect:",
            key="look_inside",
            help="What the network's gates do when a column chooses this word",
        )
        if column:
            state.looking = int(column.split()[1]) - 1
            st.rerun()
        return st.empty()


def texts(slots: list[DeltaGenerator], comparison: Comparison, settings: shared.Settings, step: int) -> None:
    opening = tokenize(settings.opening)
    for k, (slot, name, mark) in enumerate(zip(slots, comparison.names(), comparison.marks, strict=True)):
        temperature = settings.samplers[k].temperature
        with slot:
            words_component(
                key=f"words{k}",
                data={
                    "rows": comparison.word_rows(k, opening),
                    "name": name,
                    "opening": settings.opening,
                    "note": shared.in_words(temperature),
                    "step": step - 1,
                    "measure": state.color,
                    "color": charts.temperature_color(temperature),
                    "parts": mark.position if mark else -1,
                    "why": mark.reason if mark else "",
                },
                on_pick_change=lambda key=f"words{k}": pick_word(key),
            )


def timeline(comparison: Comparison, step: int) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="timeline_head"):
        st.subheader("The whole run", anchor=False, width="content")
        measure = st.segmented_control(
            "What the lines show",
            list(charts.TIMELINE_MEASURES),
            default="choices",
            key="line",
            bind="query-params",
            required=True,
            label_visibility="collapsed",
        )
    st.caption(shared.TIMELINE_CAPTIONS[measure])
    shared.draw(
        charts.timeline_spec(comparison.timeline_rows(), step=step, measure=measure, picks=shared.picks()),
        comparison.timeline_summary(measure),
        what="Line chart over the words of each text",
        key="timeline",
        on_select=pick_point,
    )


def what_was_possible(
    comparison: Comparison, settings: shared.Settings, step: int, choice: DeltaGenerator
) -> None:
    rows = comparison.step_rows(step - 1)
    likely = dict.fromkeys(row["word"] for row in rows if row["word"] is not None)
    choice.selectbox(
        f"What if word {step} were …",
        [word or shared.END_OF_RECIPE for word in likely],
        index=None,
        key="whatif",
        on_change=what_if,
        accept_new_options=True,
        width=240,
        placeholder="choose or type a word",
    )
    with st.container(horizontal=True, vertical_alignment="center", key="chart_head"):
        st.subheader(f"Word {step}: what it could have been", anchor=False, width="content")
        luck = st.toggle(
            "Show the luck",
            key="show_luck",
            bind="query-params",
            help="Instead of probabilities, log p + g for each word: g is the draw's luck for that word, "
            "and the largest sum is written.",
        )
    st.caption(shared.step_caption(comparison, settings, step - 1))
    shared.draw(
        charts.step_spec(rows, luck=luck, picks=shared.picks()),
        comparison.step_summary(step - 1),
        what="Bar chart of the next word, a panel a temperature",
        key="chart",
        on_select=pick_bar,
    )


def knob(comparison: Comparison, step: int) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        with st.container(horizontal=True, vertical_alignment="center", key="knob_head"):
            st.subheader("Turn the knob yourself", anchor=False, width="content")
            live = st.selectbox(
                "The logits of",
                [f"column {k + 1}" for k in range(state.n)],
                key="live",
                bind="query-params",
                width=150,
                label_visibility="collapsed",
            )
        st.caption("The word picked above at any temperature up to 5, without sampling rules.")
        k = int(live.split()[1]) - 1
        if rows := comparison.live_rows(k, step - 1):
            shared.draw(
                charts.live_spec(rows),
                comparison.live_summary(k, step - 1),
                what="Bar chart of the next word with its own temperature slider",
                key="knob",
            )
        else:
            st.caption(f"Column {k + 1} has ended before word {step}.")
    with right:
        st.subheader("From logits to a word", anchor=False)
        st.markdown(shared.HOW)


if "looking" in state:
    shared.look_inside(shared.settings(), state.pop("looking"), state.step)
comparison_view((state.n, dict(state.forced)))

with keep:
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
