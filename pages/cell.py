"""Inside the cell: what gates and states do while a recipe is written."""

from __future__ import annotations

import base64
import html
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from pages import shared
from pages.shared import plain, state
from textgen import charts
from textgen.measuring import units as probes
from textgen.network import gates as cell
from textgen.network.bundle import available_bundles, load_measured
from textgen.text.vocabulary import UNKNOWN, tokenize
from textgen.views import cell as cell_view
from textgen.views.compare import display_words
from textgen.writing.sampling import Sampler

shared.through_app()

picture_component = shared.component("cell")

EXAMPLES = ("Chocolate ice cream", "Tomato soup", "White bread")
EXAMPLE_WORDS = 45
LAST_WORD = 900  # of any prompt and text together
FIRST_WORD = 8  # opened when the page is: the third that is written after the default title
ORDERS = ("number", "mean value", *probes.FACTS)
KEPT_READINGS = 16  # one of 60 words by 512 units takes 0.7 MB
TEMPERATURES = [0.2, 0.7, 1.2]  # of the columns that this text is compared with


# -- what the comparison page sent along: it has no control here -------------------------------------


@dataclass
class Carried:
    """Sampling rules, forced words and the column whose own luck is drawn, as the address spells them."""

    options: dict[str, Any]  # for the sampler
    rules: dict[str, float]  # as the controls of the comparison page have them
    forced: tuple[tuple[int, str], ...]
    column: int  # 0: all columns share one luck
    names: dict[str, list[str]]  # field of the address -> what it does, in words


# Name in the address -> the sampler's, what it is called, and which values it may have.
RULES: dict[str, tuple[str, str, Callable[[str], bool]]] = {
    "penalty": ("repetition_penalty", "repetition penalty", shared.number(1, 2)),
    "k": ("top_k", "top-k", shared.number(1, 10_000, whole=True)),
    "p": ("top_p", "top-p", shared.number(0, 1)),
    "min_p": ("min_p", "min-p", shared.number(0, 1)),
    "typical": ("typical_p", "typical", shared.number(0.05, 1)),
}
LISTS = ("rule", "force", "draws")
COLUMNS = [f"column {k}" for k in range(1, shared.MOST_COLUMNS + 1)]


def is_rule(entry: str) -> bool:
    name, _, value = entry.partition(" ")
    return entry == "unk true" or (name in RULES and RULES[name][2](value))


def carried() -> Carried:
    options: dict[str, Any] = {"suppress": (1,)}
    rules: dict[str, float] = {}
    names: dict[str, list[str]] = {name: [] for name in LISTS}
    for entry in state.carried["rule"]:
        name, _, value = entry.partition(" ")
        if name == "unk":
            options["suppress"] = ()
            names["rule"].append(f"may write {UNKNOWN}")
        else:
            option, label, _ = RULES[name]
            options[option] = rules[name] = int(value) if name == "k" else float(value)
            names["rule"].append(f"{label} {float(value):g}")
    forced = {int(entry.split(" ")[0]) - 1: entry.split(" ")[1] for entry in state.carried["force"]}
    names["force"] = [f"word {at + 1} is “{word or 'the end'}”" for at, word in sorted(forced.items())]
    names["draws"] = [f"the own luck of {column}" for column in state.carried["draws"][-1:]]
    column = 1 + COLUMNS.index(state.carried["draws"][-1]) if state.carried["draws"] else 0
    return Carried(options, rules, tuple(sorted(forced.items())), column, names)


def drop(name: str) -> None:
    state.carried = {**state.carried, name: []}


# -- the address -----------------------------------------------------------------------------------


def fields() -> dict[str, shared.Field]:
    names = shared.models()
    asked = st.query_params.get("model")
    model = asked if asked in names else state.get("model") or names[0]
    network, vocabulary = shared.load(model).model, shared.load(model).vocabulary
    kinds = dict.fromkeys(kind for layer in network.layers for kind in cell.KINDS[layer.kind])
    most, layers = max(layer.units for layer in network.layers) - 1, len(network.layers)
    anything: shared.Field = (lambda text: True, "")
    place = shared.number(1, 200, whole=True)
    return {
        "title": anything,
        "opening": anything,
        "model": shared.one_of(names, "the networks are " + ", ".join(names)),
        "seed": (shared.number(0, shared.LARGEST_SEED, whole=True), "a seed is a whole number from 0"),
        "words": (shared.number(5, 200, whole=True), "a text has 5 to 200 words"),
        "temperature": (shared.number(0, 2), "a temperature here is from 0 to 2"),
        "layer": shared.one_of(
            [str(n + 1) for n in range(layers)],
            f"the network {model} has {layers} recurrent layer{'s' * (layers > 1)}",
        ),
        "gate": shared.one_of(list(kinds), f"the network {model} has {', '.join(kinds)}"),
        "order": shared.one_of(ORDERS, "units are ordered by " + ", ".join(ORDERS)),
        "at": (shared.number(1, LAST_WORD, whole=True), f"a word's number is from 1 to {LAST_WORD}"),
        "unit": (shared.number(0, most, whole=True), f"the network {model} has units 0 to {most}"),
        "fact": shared.one_of(list(probes.FACTS), "the facts are " + ", ".join(probes.FACTS)),
        "shade": shared.one_of(["hidden", "cell"], "a text is coloured by hidden or cell"),
        "rule": (is_rule, f"a rule is “unk true” or a number for {', '.join(RULES)}"),
        "force": (
            lambda entry: place(entry.partition(" ")[0]) and entry.partition(" ")[2] in vocabulary,
            "it is a place and a word that the network knows",
        ),
        "draws": shared.one_of(COLUMNS, "it is “column 1” to “column 6”"),
    }


def arrive() -> None:
    """Once a session take in the address, then what another page has sent; keep the address true to it.

    Before any control is drawn: a field that is bound to one cannot be taken out of the address.
    """
    if "carried_notes" not in state:
        known = fields()
        state.carried_notes = shared.address_notes(known)
        shared.clean_address(known, LISTS)
        state.setdefault(
            "carried",
            {
                name: [text for text in st.query_params.get_all(name)[:200] if known[name][0](text)]
                for name in LISTS
            },
        )
    shared.arrive()
    for name, values in state.carried.items():
        if st.query_params.get_all(name) != values:
            if values:
                st.query_params[name] = values
            else:
                del st.query_params[name]


# -- what controls do ------------------------------------------------------------------------------


def pick() -> None:
    chosen = state.picture.pick
    if isinstance(chosen, dict) and all(type(chosen.get(name)) is int for name in ("at", "unit")):
        state.at = min(max(chosen["at"] + 1, 1), LAST_WORD)
        state.unit = max(chosen["unit"], 0)


def go_to(at: int) -> None:
    state.at = min(max(at, 1), LAST_WORD)


def open_unit(layer: int, unit: int, shade: str) -> None:
    state.layer, state.unit, state.shade = layer + 1, unit, shade


def compare_again(of: shared.Request, extra: Carried, step: int) -> None:
    """Go to the comparison page: this text in the column that it came from, the others as they were."""
    came = state.get("came_from", {"temperatures": TEMPERATURES, "column": 1})
    heats, place = list(came["temperatures"]), extra.column or came["column"]
    now = of.samplers[-1].temperature
    heats += [now] * (max(place, 2) - len(heats))
    if extra.column or now not in heats:
        heats[place - 1] = now
    shared.compare_with(
        state.title,
        heats,
        model=of.model,
        seed=of.seed,
        words=of.words,
        opening=state.opening,
        forced=of.forced,
        word=min(max(step, 1), of.words),
        luck="separate" if extra.column else "shared",
        unk=not of.samplers[-1].suppress,
        **extra.rules,
    )


# -- texts -----------------------------------------------------------------------------------------


def reading_of(of: shared.Request) -> cell.Reading:
    """The text that the comparison page writes for these settings, read with open gates."""
    kept: dict[object, cell.Reading] = state.setdefault("readings", {})
    if of not in kept:
        run = shared.compare(of).runs[-1]
        kept[of] = cell.read(shared.load(of.model), tokenize(of.prompt), run.words)
    kept[of] = kept.pop(of)  # the youngest
    while len(kept) > KEPT_READINGS:
        kept.pop(next(iter(kept)))
    return kept[of]


def tinted(reading: cell.Reading, layer: int, shade: str, unit: int, high: float, here: int = -1) -> str:
    """A text as HTML, each word on the colour of the unit's value after it."""
    parts = []
    values = reading.along(layer, shade, unit)
    for t, (text, space) in enumerate(display_words(reading.words)):
        kind = "prompt " * (t < reading.prompt) + "here" * (t == here)
        parts.append(
            f'{" " * space}<span class="{kind}" style="background: {charts.tint(float(values[t]), high)}" '
            f'title="{values[t]:.4f}">{html.escape(text)}</span>'
        )
    return f'<p class="tinted">{"".join(parts)}</p>'


# -- the controls ----------------------------------------------------------------------------------

shared.styles()
st.html(shared.ASSETS / "cell.css")
arrive()
with st.container(horizontal=True, vertical_alignment="center", key="head"):
    with st.container(width="stretch", gap="xxsmall"):
        st.title("Inside the cell", anchor=False)
        st.caption(
            "All that a recurrent network knows of the words before is in the states of its units. Gates "
            "decide what a unit keeps, takes in and shows. Here they are, word by word."
        )
    back_place = st.container(width="content")

with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="controls"):
    shared.title_control("The network reads “recipe for TITLE | OPENING” and goes on from there.")
    shared.opening_control()
    with st.container(
        horizontal=True, vertical_alignment="bottom", gap="small", width="content", key="setup"
    ):
        shared.network_control()
        shared.seed_control(
            "Decides the luck: the same seed writes the same words as on the comparison page."
        )
        shared.words_control()
        with st.container(key="column1", width=230):
            st.slider(
                "Temperature",
                0.0,
                2.0,
                0.7,
                0.05,
                key="temperature",
                bind="query-params",
                help="The text is written at this temperature. The network reads each word in the same way, "
                "however it was drawn.",
            )
shared.style_columns([state.temperature])

model = state.model
network = shared.load(model)
extra = carried()
title = shared.one_line(state.title)[: shared.LONGEST_TITLE]
opening = shared.one_line(state.opening)[: shared.LONGEST_OPENING]
settings = shared.Request(
    model=model,
    title=title,
    opening=opening,
    # With its own luck, a column's draws depend on its place.
    samplers=(Sampler(temperature=state.temperature, **extra.options),) * max(extra.column, 1),
    seed=state.seed,
    words=state.words,
    luck="independent" if extra.column else "shared",
    forced=tuple((at, word) for at, word in extra.forced if at < state.words),
)

if any(extra.names.values()):
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="extras"):
        st.markdown("As on the comparison page:", width="content")
        for name, said in extra.names.items():
            if said:
                st.button(
                    plain(", ".join(said)),
                    icon=":material/close:",
                    key=f"drop_{name}",
                    on_click=drop,
                    args=(name,),
                    help="Leave this out",
                )

layers = network.model.layers
found = shared.text_notes(model)

with st.container():
    notes_place = st.container()

# -- the picture of a gate -------------------------------------------------------------------------

reading = reading_of(settings)
shown = [text for text, _ in display_words(reading.words)]
measured = {name: load_measured(name) for name in available_bundles()}
units_measured = measured[model].get("units", {})


def layer_now() -> int:
    """The layer on the page, from 0."""
    return min(state.get("layer") or 1, len(layers)) - 1


def opened_now() -> tuple[int, int, int]:
    """What the rest of the page depends on: layer, word and unit."""
    return layer_now(), state.at, state.unit


@st.fragment
def picture_view() -> None:
    """Gates, orders and the picture: another gate redraws this and leaves the rest of the page alone."""
    if state.opened and state.opened != opened_now():  # None while the whole page is drawn
        st.rerun()
    picture_controls()
    layer = layer_now()
    gate, order = state.gate, state.order
    key: Any = "mean" if order == "mean value" else order
    if order in probes.FACTS:
        r = probes.correlations(units_measured, layer, "cell" if gate == "cell" else "hidden", order)
        if r is None:
            st.caption("This network has not been measured for that, so its units stand by number.")
        key = "number" if r is None else r
    picture = reading.picture(layer, gate, key)
    st.caption(f"**{gate.capitalize()}.** {cell.MEANINGS[layers[layer].kind][gate]}")
    name = f"{gate} gate" if gate in cell.GATES else gate if gate == "candidate" else f"{gate} state"
    picture_component(
        key="picture",
        data={
            "words": shown,
            "prompt": reading.prompt,
            "at": min(state.at, len(reading)) - 1,
            "unit": state.unit,
            "units": picture.units.tolist(),
            "values": base64.b64encode(picture.values.astype("<f4").tobytes()).decode(),
            "low": picture.low,
            "high": picture.high,
            "positive": charts.POSITIVE,
            "negative": charts.NEGATIVE,
            "ends": [f"{end:g}".replace("-", "−") for end in (picture.low, picture.high)],
            "about": f"{len(picture.units)} units from top to bottom, {len(shown)} words from left to right"
            + (", beyond the ends full colour" if gate == "cell" else ""),
            "name": name,
            "label": f"Picture of the {name}: {len(picture.units)} units by {len(shown)} words. "
            "Arrow keys move, with Shift by ten; Enter opens a step.",
        },
        on_pick_change=pick,
    )


def picture_controls() -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="gates"):
        if len(layers) > 1:
            st.segmented_control(
                "Layer",
                list(range(1, len(layers) + 1)),
                default=1,
                key="layer",
                bind="query-params",
                required=True,
                help="Layer 1 reads the words, each further layer what the one below says.",
            )
        layer = layer_now()
        kinds, most = cell.KINDS[layers[layer].kind], layers[layer].units - 1
        # What another network or layer does not have is left before its control is drawn.
        if state.get("gate") and state.gate not in kinds:
            state.gate = "hidden"
        if state.get("unit", 0) > most:
            state.unit = most
        st.segmented_control(
            "Gate or state",
            kinds,
            default="hidden",
            key="gate",
            bind="query-params",
            required=True,
            help="In the order in which they act when a word is read.",
        )
        st.selectbox(
            "Units from top to bottom by",
            ORDERS,
            key="order",
            bind="query-params",
            width=250,
            help="By a fact about the text: units that rise when it holds come first, those that fall come "
            "last, as measured over many recipes.",
        )
        st.number_input(
            "Word read",
            1,
            LAST_WORD,
            FIRST_WORD,
            key="at",
            bind="query-params",
            width=130,
            help="The step that is opened below. Click a word, or a cell of the picture.",
        )
        st.number_input(
            "Unit",
            0,
            most,
            key="unit",
            bind="query-params",
            width=130,
            help=f"The unit that is opened below, from 0 to {most}.",
        )


if "unit" not in state and "unit" not in st.query_params:
    state.unit = cell_view.unit_to_start_with(units_measured, layer_now())
state.opened = None
picture_view()
state.opened = opened_now()
layer, unit = layer_now(), state.unit
kind = layers[layer].kind
at = min(state.at, len(reading)) - 1
if state.at > len(reading):
    found.append(f"The text has {len(reading)} words; the last one is opened.")

# -- one step, opened ------------------------------------------------------------------------------

shared.first_look()
opened = reading.open(layer, at, unit)
st.subheader(f"Unit {unit} reads “{plain(shown[at])}”", anchor=False)
after = reading.following(at)
st.caption(
    f"Word {at + 1} of {len(reading)}"
    + (f", layer {layer + 1}" if len(layers) > 1 else "")
    + (f"; next comes “{plain(after)}”. " if after else "; the text ends here. ")
    + "The numbers come from the network's weights, rounded to three places, in the order in which they act. "
    + "*x* is what comes in, *h* the hidden state of all units, σ(a) = 1 ÷ (1 + exp(−a)); *W*, *U* and *b* "
    "are what the network has learned."
)
with st.container(key="step"):
    equations = opened.equations()
    for start in range(0, len(equations), 2):
        for column, number in zip(st.columns(2, gap="large"), (start, start + 1), strict=True):
            if number < len(equations):
                one = equations[number]
                with column:
                    st.markdown(f"**{number + 1} · {one.name}.** {one.meaning}\n\n$$\n{one.latex}\n$$")
if kind == "gru":
    st.caption(
        "This is the GRU of Keras. Many summaries write *r* for the gate that mixes old and new, or let "
        "*z* = 1 stand for the new; here *z* mixes, and *z* near 1 keeps the old state."
    )

# -- units that mean something ---------------------------------------------------------------------

st.subheader("Find a unit that means something", anchor=False)
if not units_measured:
    st.caption(
        "This network's units have not been measured. `python -m textgen evaluate --units` does it on your "
        "recipes."
    )
else:
    st.caption(
        f"How closely a unit follows a fact about the text: the correlation of the two over "
        f"{units_measured['recipes']:,} recipes that the network was not trained on (0: none, 1 or −1: "
        f"exactly). Among hundreds of units some follow anything by chance, so units are chosen on one half "
        f"of the recipes and measured on the other. A unit convinces if its whole 95 % interval is beyond "
        f"{probes.CONVINCING:g} and it beats every unit of a network with random weights."
    )
    left, right = st.columns([5, 4], gap="large")
    with left:
        st.dataframe(
            cell_view.fact_rows(units_measured),
            hide_index=True,
            width="stretch",
            column_config={
                "correlation": st.column_config.NumberColumn(format="%.2f"),
                "random weights": st.column_config.NumberColumn(
                    format="%.2f", help="The best unit of an untrained network of the same shape."
                ),
            },
        )
    with right:
        fact = st.selectbox(
            "A fact, and the units that follow it best",
            list(probes.FACTS),
            key="fact",
            bind="query-params",
            help="The fact is a number after each word: see below the box.",
        )
        told = units_measured["facts"][fact]
        st.caption(f"{probes.FACTS[fact].capitalize()}. {cell_view.verdict(told)}")
        with st.container(horizontal=True, gap="xsmall", key="best_units"):
            for n, one in enumerate(told["best"]):
                where = f"layer {one['layer'] + 1}, " if len(layers) > 1 else ""
                st.button(
                    f"{where}unit {one['unit']}, {one['state']}: {one['r']:+.2f}",
                    key=f"best{n}",
                    on_click=open_unit,
                    args=(one["layer"], one["unit"], one["state"]),
                    icon=":material/check:" if probes.is_convincing(one, told["untrained"]) else None,
                    help=f"95 % interval {one['low']:+.2f} to {one['high']:+.2f}. Opens the unit.",
                )

with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="shade_head"):
    st.markdown(
        f"**Texts coloured by unit {unit}**" + f" of layer {layer + 1}" * (len(layers) > 1), width="content"
    )
    states = cell.STATES[kind]
    shade = "hidden"
    if len(states) > 1:
        shade = st.segmented_control(
            "Its",
            states,
            default="hidden",
            key="shade",
            bind="query-params",
            required=True,
            label_visibility="collapsed",
        )
others = [example for example in EXAMPLES if example.lower() != title.lower()][:2]
texts = [
    reading,
    *(
        reading_of(replace(settings, title=example, opening="", words=EXAMPLE_WORDS, forced=()))
        for example in others
    ),
]
high = max(float(abs(one.along(layer, shade, unit)).max()) for one in texts) or 1.0
st.html(
    f'<span class="legend tint-legend">−{high:.2f}<i style="--ramp: linear-gradient(to right, '
    f'{charts.NEGATIVE}, transparent, {charts.POSITIVE})"></i>{high:.2f} {shade} state after the word</span>'
)
for column, one in zip(st.columns(3, gap="medium"), texts, strict=False):
    column.html(tinted(one, layer, shade, unit, high, at if one is reading else -1))

# -- memory ----------------------------------------------------------------------------------------

st.subheader("How long does the title matter?", anchor=False)
memories = {name: told["memory"] for name, told in measured.items() if told.get("memory")}
if memories:
    st.caption(
        "The same recipe is read twice, once after its own title and once after another's. The line says how "
        "far apart the two predictions of the next word are, in bits (Jensen-Shannon divergence: 0, the "
        "title no longer matters; 1, no word in common), over "
        f"{max(told['recipes'] for told in memories.values()):,} recipes kept back from training, with a "
        "95 % interval. Both axes are logarithmic."
    )
    sentences = [cell_view.memory_sentence(name, told) for name, told in memories.items()]
    if model in memories:
        st.markdown(plain(cell_view.memory_sentence(model, memories[model])))
    shared.draw(
        charts.memory_spec(cell_view.memory_rows(memories, model)),
        " ".join(sentences),
        what="Line chart of what is left of the title against the words since it, a line a network",
        key="memory",
    )
else:
    st.caption(
        "These networks have not been measured. `python -m textgen evaluate --memory` does it on your "
        "recipes."
    )

now = (settings, layer, unit, at, state.get("fact"), state.get("shade"))
if state.setdefault("first_cell", now) != now:
    state.carried_notes = []  # something has changed
with notes_place:
    if found := [*state.carried_notes, *found]:
        st.warning("  \n".join(found), icon=":material/info:")
with back_place:
    if st.button("Compare temperatures", icon=":material/west:", key="back_to_compare"):
        compare_again(settings, extra, at + 2 - reading.prompt)
