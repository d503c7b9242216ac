"""One prompt, several temperatures, side by side; everything else held constant."""

from __future__ import annotations

import random

import streamlit as st

from pages import shared
from pages.shared import ASSETS, plain
from textgen import charts
from textgen.sampling import Sampler
from textgen.vocabulary import tokenize, unknown_words

MOST_COLUMNS = 6
MEASURES = {"surprisal": "Surprisal", "rank": "Rank", "probability": "Probability", "none": "Off"}

words_component = st.components.v2.component(
    "simmer_words",
    html=(ASSETS / "words/words.html").read_text(encoding="utf-8"),
    css=(ASSETS / "words/words.css").read_text(encoding="utf-8"),
    js=(ASSETS / "words/words.js").read_text(encoding="utf-8"),
)

state = st.session_state
models = shared.models()


# -- what the address may hold ---------------------------------------------------------------------------------

FIELDS = {
    "title": (lambda text: len(text) <= 10_000, "a title has at most 10,000 characters"),
    "opening": (lambda text: len(text) <= 10_000, "an opening has at most 10,000 characters"),
    "model": (shared.one_of(models), "the networks are " + ", ".join(models)),
    "seed": (shared.number(0, 2**31 - 1, whole=True), "a seed is a whole number from 0"),
    "words": (shared.number(5, 200, whole=True), "a text has 5 to 200 words"),
    "n": (shared.number(2, MOST_COLUMNS, whole=True), f"there are 2 to {MOST_COLUMNS} columns"),
    "step": (shared.number(1, 200, whole=True), "a step is a whole number from 1 to 200"),
    "color": (shared.one_of(list(MEASURES)), "words are coloured by " + ", ".join(MEASURES)),
    **{f"t{i}": (shared.number(0, 2), "a temperature is a number from 0 to 2") for i in range(1, MOST_COLUMNS + 1)},
}
if "address_notes" not in state:
    state.address_notes = shared.address_notes(FIELDS)
if "n" not in state:
    asked = st.query_params.get("n", "3")
    state.n = int(asked) if FIELDS["n"][0](asked) else 3


def set_columns(n: int) -> None:
    state.n = n
    if n == 3:
        st.query_params.pop("n", None)
    else:
        st.query_params["n"] = str(n)


def remove_column(k: int) -> None:
    for j in range(k, state.n):
        state[f"t{j}"] = state[f"t{j + 1}"]
    set_columns(state.n - 1)


def new_seed() -> None:
    state.seed = random.SystemRandom().randrange(10_000)


def move(by: int) -> None:
    state.step = min(max(state.step + by, 1), state.words)


def pick(key: str) -> None:
    at = state[key].pick
    if isinstance(at, int) and not isinstance(at, bool):
        state.step = min(max(at + 1, 1), state.words)


# -- the controls ----------------------------------------------------------------------------------------------

st.html(ASSETS / "page.css")
st.title("What does temperature do?")

with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="controls"):
    title = st.text_input("Recipe title", "Roasted vegetables", key="title", bind="query-params",
                          help="The network continues “recipe for TITLE | OPENING”.")
    opening = st.text_input("Opening words (optional)", "", key="opening", bind="query-params",
                            placeholder="chop 1 /")
    model = st.selectbox("Network", models, key="model", bind="query-params", width=170)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall", width=190):
        seed = st.number_input("Seed", 0, 2**31 - 1, 7, key="seed", bind="query-params", width=138,
                               help="Decides the luck. The same seed gives the same draws at every temperature.")
        st.button("", icon=":material/casino:", key="dice", on_click=new_seed, help="Another seed")
    words = st.number_input("Words", 5, 200, 60, step=5, key="words", bind="query-params", width=120,
                            help="How many words each text may have.")

notes = list(state.address_notes)
title = shared.clipped(title, shared.LONGEST_TITLE, "title", notes)
opening = shared.clipped(opening, shared.LONGEST_OPENING, "opening", notes)
network = shared.load(model)
if not title:
    notes.append("There is no title, so the network writes whatever recipe comes to it.")
if unknown := unknown_words(f"{title} {opening}", network.vocabulary):
    listed = ", ".join(plain(word[:30]) for word in unknown[:8]) + (" …" if len(unknown) > 8 else "")
    notes.append(f"Not among the {len(network.vocabulary):,} words the network knows: {listed}. "
                 "It reads each of them as “some word”.")
messages = st.container()
if notes:
    messages.warning("  \n".join(notes), icon=":material/info:")

# -- the columns -----------------------------------------------------------------------------------------------

columns = st.columns(state.n, gap="medium")
temperatures = []
slots = []
for k, column in enumerate(columns, start=1):
    with column.container(key=f"column{k}"):
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
            temperatures.append(st.slider(f"Temperature {k}", 0.0, 2.0, shared.TEMPERATURES[k - 1], 0.05,
                                          key=f"t{k}", bind="query-params", label_visibility="collapsed"))
            if state.n > 2:
                st.button("", icon=":material/close:", key=f"remove{k}", type="tertiary", on_click=remove_column,
                          args=(k,), help=f"Remove column {k}")
            if k == state.n < MOST_COLUMNS:
                st.button("", icon=":material/add:", key="add", type="tertiary", on_click=set_columns,
                          args=(state.n + 1,), help="Add a column")
        slots.append(st.container())

settings = shared.Settings(
    model=model, title=title, opening=opening, seed=seed, words=words,
    samplers=tuple(Sampler(temperature=t, suppress=(1,)) for t in temperatures),
)
comparison = shared.compare(settings)
opened = tokenize(opening)
if "step" not in state:
    state.step = 1
colour = state.get("color", "surprisal")
at = min(state.step, max(comparison.length, 1)) - 1

for k, (slot, name, mark) in enumerate(zip(slots, comparison.names(), comparison.marks, strict=True)):
    with slot:
        key = f"words{k}"
        words_component(
            key=key,
            data={
                "rows": comparison.word_rows(k, opened), "name": name, "opening": opening, "step": at,
                "measure": colour, "color": charts.temperature_color(temperatures[k]),
                "parts": mark.position if mark else -1, "why": mark.reason if mark else "",
            },
            on_pick_change=lambda key=key: pick(key),
        )

# -- the picked step -------------------------------------------------------------------------------------------

with st.container(horizontal=True, vertical_alignment="bottom"):
    st.slider("Word", 1, int(words), key="step", bind="query-params", width=320)
    st.button("", icon=":material/chevron_left:", key="back", on_click=move, args=(-1,), help="One word back")
    st.button("", icon=":material/chevron_right:", key="forward", on_click=move, args=(1,), help="One word on")
    st.segmented_control("Colour of the words", list(MEASURES), default="surprisal", key="color",
                         format_func=MEASURES.get, bind="query-params", required=True)

st.markdown("**How many words were in the running**, at each word of each text")
st.vega_lite_chart(charts.timeline_spec(comparison.timeline_rows(), step=at + 1), key="timeline", width="stretch")
st.markdown(f"**The next word, number {at + 1}**")
st.vega_lite_chart(charts.step_spec(comparison.step_rows(at)), key="stepchart", width="stretch")
