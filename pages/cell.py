"""Inside the cell: what gates and states do while a recipe is written."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from pages.parts import address, controls, drawing, navigation, writers
from pages.parts.controls import LONGEST_OPENING, one_line
from pages.parts.drawing import draw, plain
from textgen import charts
from textgen.measuring import units as probes
from textgen.network import gates as cell
from textgen.network.bundle import Bundle, load_measured
from textgen.text.vocabulary import UNKNOWN, tokenize
from textgen.views import cell as cell_view
from textgen.views.compare import display_words
from textgen.views.names import network_label
from textgen.writing.rules import RULES
from textgen.writing.sampling import Sampler
from textgen.writing.writer import Request

navigation.through_app()

state = st.session_state
picture_component = drawing.component("cell")

EXAMPLES = ("Chocolate ice cream", "Tomato soup", "White bread")
EXAMPLE_WORDS = 45
KEPT_READINGS = 16  # one of 60 words by 512 units takes 0.7 MB


# -- the address -----------------------------------------------------------------------------------


def known_fields() -> dict[str, address.Field]:
    """What an address of this page may say, of the network that it names."""
    bundle = writers.load(address.said(address.fields("cell")["model"]))
    layers, of_network = bundle.model.layers, f"of the {plain(network_label(bundle.name))}"
    return address.fields(
        "cell",
        layer={"options": range(1, len(layers) + 1), "what": f"a layer {of_network}"},
        gate={
            "options": tuple(dict.fromkeys(kind for layer in layers for kind in cell.KINDS[layer.kind])),
            "what": f"a gate or state {of_network}",
        },
        unit={"high": max(layer.units for layer in layers) - 1, "what": f"a unit {of_network}"},
        force={"parse": address.forced(bundle.vocabulary)},
    )


def begin() -> dict[str, address.Field]:
    """Before the controls are drawn: the address, and what another page has sent.

    What the comparison page sends along and has no control here, stays in the address and in `state.carried`.
    """
    known = known_fields()
    navigation.begin("cell", known)
    if "carried" not in state:
        state.carried = {key: st.query_params.get_all(key) for key in ("rule", "force", "draws")}
    address.write(state.carried)
    return known


@dataclass(frozen=True)
class Carried:
    """Sampling rules, forced words and the column whose own luck is drawn."""

    rules: dict[str, Any]  # as the controls of the comparison page have them
    forced: tuple[tuple[int, str], ...]
    column: int  # 0: all columns share one luck
    names: dict[str, str]  # key of the address -> what it does, in words


def carried(known: Mapping[str, address.Field]) -> Carried:
    read = {key: [known[key].read(text) for text in texts] for key, texts in state.carried.items()}
    rules, forced = dict(read["rule"]), dict(read["force"])
    names = {
        "rule": [rule.words(rules[rule.key]) for rule in RULES if rule.key in rules]
        + [f"may write {UNKNOWN}"] * bool(rules.get("unk")),
        "force": [
            f"word {position + 1} is “{word or 'the end'}”" for position, word in sorted(forced.items())
        ],
        "draws": [f"the own luck of {column}" for column in read["draws"][-1:]],
    }
    return Carried(
        rules,
        tuple(sorted(forced.items())),
        1 + address.PLACES.index(read["draws"][-1]) if read["draws"] else 0,
        {key: ", ".join(words) for key, words in names.items() if words},
    )


# -- what controls do ------------------------------------------------------------------------------


def drop(key: str) -> None:
    state.carried = {**state.carried, key: []}


def pick() -> None:
    chosen = state.picture.pick
    if isinstance(chosen, dict) and all(type(chosen.get(name)) is int for name in ("at", "unit")):
        state.at = address.fields("cell")["at"].within(chosen["at"] + 1)
        state.unit = max(chosen["unit"], 0)


def open_unit(layer: int, unit: int, shade: str) -> None:
    state.layer, state.unit, state.shade = layer + 1, unit, shade


def compare_again(request: Request, extra: Carried, step: int) -> None:
    """Go to the comparison page: this text in the column that it came from, the others as they were."""
    came = state.get("came_from", {"temperatures": address.TEMPERATURES[:3], "column": 1})
    heats, number = list(came["temperatures"]), extra.column or came["column"]
    now = request.temperatures[-1]
    heats += [now] * (max(number, 2) - len(heats))
    if extra.column or now not in heats:
        heats[number - 1] = now
    navigation.to_comparison(
        state.title,
        heats,
        model=request.model,
        seed=request.seed,
        words=request.words,
        opening=state.opening,
        forced=request.forced,
        word=min(max(step, 1), request.words),
        luck="separate" if extra.column else "shared",
        **extra.rules,
    )


# -- texts -----------------------------------------------------------------------------------------


@st.cache_resource(show_spinner=False, max_entries=KEPT_READINGS)
def reading_of(request: Request) -> cell.Reading:
    """The text that the comparison page writes for `request`, read with open gates."""
    run = writers.compare(request).runs[-1]
    return cell.read(writers.load(request.model), tokenize(request.prompt), run.words)


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


def head(known: Mapping[str, address.Field]) -> Any:
    """Title and controls; returns the place for the way back."""
    with st.container(horizontal=True, vertical_alignment="center", key="head"):
        with st.container(width="stretch", gap="xxsmall"):
            st.title("Inside the cell", anchor=False)
            drawing.note(
                "All that a recurrent network knows of the words before is in the states of its units. Gates "
                "decide what a unit keeps, takes in and shows. Here they are, word by word."
            )
        back_place = st.container(width="content")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="controls"):
        controls.title(known, "The network reads “recipe for TITLE | OPENING” and goes on from there.")
        controls.opening(known)
        with st.container(
            horizontal=True, vertical_alignment="bottom", gap="small", width="content", key="setup"
        ):
            controls.network(known)
            controls.seed(
                known, "Decides the luck: the same seed writes the same words as on the comparison page."
            )
            controls.words(known)
            with st.container(key="column1", width=230):
                controls.slider(
                    known["temperature"],
                    "Temperature",
                    help="The text is written at this temperature. The network reads each word in the same "
                    "way, however it was drawn.",
                )
    drawing.style_columns([state.temperature])
    return back_place


def request_of(extra: Carried) -> Request:
    """What the controls and the address say of the text."""
    sampler = Sampler(temperature=state.temperature, **controls.sampling(extra.rules))
    return Request(
        model=state.model,
        title=one_line(state.title),
        opening=one_line(state.opening, LONGEST_OPENING),
        samplers=(sampler,) * max(extra.column, 1),  # with its own luck, a column's draws depend on its place
        seed=state.seed,
        words=state.words,
        luck="independent" if extra.column else "shared",
        forced=tuple((position, word) for position, word in extra.forced if position < state.words),
    )


def extras(names: Mapping[str, str]) -> None:
    """What the comparison page sent along, each to be left out."""
    if names:
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="extras"):
            st.markdown("As on the comparison page:", width="content")
            for key, words in names.items():
                st.button(
                    plain(words),
                    icon=":material/close:",
                    key=f"drop_{key}",
                    on_click=drop,
                    args=(key,),
                    help="Leave this out",
                )


# -- the picture of a gate -------------------------------------------------------------------------


def layer_now(bundle: Bundle) -> int:
    """The layer on the page, from 0."""
    return min(state.get("layer") or 1, len(bundle.model.layers)) - 1


def opened_now(bundle: Bundle) -> tuple[int, int, int]:
    """What the rest of the page depends on: layer, word and unit."""
    return layer_now(bundle), state.at, state.unit


@st.fragment
def picture_view(
    known: Mapping[str, address.Field], bundle: Bundle, reading: cell.Reading, units: Mapping[str, Any]
) -> None:
    """Gates, orders and the picture: another gate redraws this and leaves the rest of the page alone."""
    if state.opened and state.opened != opened_now(bundle):  # None while the whole page is drawn
        st.rerun()
    picture_controls(known, bundle)
    layer = layer_now(bundle)
    gate, order = state.gate, state.order
    key: Any = "mean" if order == "mean value" else order
    if order in probes.FACTS:
        key = probes.correlations(units, layer, "cell" if gate == "cell" else "hidden", order)
        if key is None:
            drawing.note("This network has not been measured for that, so its units stand by number.")
            key = "number"
    picture = reading.picture(layer, gate, key)
    name = f"{gate} gate" if gate in cell.GATES else gate if gate == "candidate" else f"{gate} state"
    drawing.note(f"{name.capitalize()}: {cell.MEANINGS[bundle.model.layers[layer].kind][gate]}")
    shown = [text for text, _ in display_words(reading.words)]
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


def picture_controls(known: Mapping[str, address.Field], bundle: Bundle) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="gates"):
        if len(known["layer"].options) > 1:
            controls.segments(
                known["layer"],
                "Layer",
                help="Layer 1 reads the words, each further layer what the one below says.",
            )
        layer = bundle.model.layers[layer_now(bundle)]
        kinds, most = cell.KINDS[layer.kind], layer.units - 1
        # What another network or layer does not have is left before its control is drawn.
        if state.get("gate") and state.gate not in kinds:
            state.gate = known["gate"].default
        if state.get("unit", 0) > most:
            state.unit = most
        controls.segments(
            replace(known["gate"], options=kinds),
            "Gate or state",
            help="In the order in which they act when a word is read.",
        )
        controls.select(
            known["order"],
            "Units from top to bottom by",
            width=250,
            help="By a fact about the text: units that rise when it holds come first, those that fall come "
            "last, as measured over many recipes.",
        )
        controls.number(
            known["at"],
            "Word read",
            width=130,
            help="The step that is opened below. Click a word, or a cell of the picture.",
        )
        controls.number(
            replace(known["unit"], high=most),
            "Unit",
            width=130,
            help=f"The unit that is opened below, from 0 to {most}.",
        )


# -- the sections below it -------------------------------------------------------------------------


def one_step(bundle: Bundle, reading: cell.Reading, layer: int, position: int) -> None:
    """One step, opened: the arithmetic of a unit with its real numbers."""
    several = len(bundle.model.layers) > 1
    word = display_words(reading.words)[position][0]
    st.subheader(f"Unit {state.unit} reads “{plain(word)}”", anchor=False)
    after = reading.following(position)
    drawing.note(
        f"Word {position + 1} of {len(reading)}"
        + f", layer {layer + 1}" * several
        + (f"; next comes “{after}”. " if after else "; the text ends here. ")
        + "The numbers come from the network's weights, rounded to three places, in the order in which they "
        "act. "
        + "`x` is what comes in, `h` the hidden state of all units, σ(a) = 1 ÷ (1 + exp(−a)); `W`, `U` and "
        "`b` are what the network has learned."
    )
    with st.container(key="step"):
        equations = reading.open(layer, position, state.unit).equations()
        for start in range(0, len(equations), 2):
            pair = enumerate(equations[start : start + 2], start + 1)
            for column, (number, equation) in zip(st.columns(2, gap="large"), pair, strict=False):
                column.markdown(
                    f"**{number} · {equation.name}.** {equation.meaning}\n\n$$\n{equation.latex}\n$$"
                )
    if bundle.model.layers[layer].kind == "gru":
        drawing.note(
            "This is the GRU of Keras. Many summaries write `r` for the gate that mixes old and new, or let "
            "`z` = 1 stand for the new; here `z` mixes, and `z` near 1 keeps the old state."
        )


def facts(known: Mapping[str, address.Field], bundle: Bundle, units: Mapping[str, Any]) -> None:
    """Units that mean something."""
    st.subheader("Find a unit that means something", anchor=False)
    if not units:
        drawing.note(
            "This network's units have not been measured. `python -m textgen evaluate --units` does it on "
            "your recipes."
        )
        return
    drawing.note(
        f"How closely a unit follows a fact about the text: the correlation of the two over "
        f"{units['recipes']:,} recipes that the network was not trained on (0: none, 1 or −1: "
        f"exactly). Among hundreds of units some follow anything by chance, so units are chosen on one half "
        f"of the recipes and measured on the other. A unit convinces if its whole 95 % interval is beyond "
        f"{probes.CONVINCING:g} and it beats every unit of a network with random weights."
    )
    left, right = st.columns([5, 4], gap="large")
    with left:
        st.dataframe(
            cell_view.fact_rows(units),
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
        fact = controls.select(
            known["fact"],
            "A fact, and the units that follow it best",
            help="The fact is a number after each word: see below the box.",
        )
        measured = units["facts"][fact]
        drawing.note(f"{probes.FACTS[fact].capitalize()}. {cell_view.verdict(measured)}")
        with st.container(horizontal=True, gap="xsmall", key="best_units"):
            for n, unit in enumerate(measured["best"]):
                where = f"layer {unit['layer'] + 1}, " if len(bundle.model.layers) > 1 else ""
                st.button(
                    f"{where}unit {unit['unit']}, {unit['state']}: {unit['r']:+.2f}",
                    key=f"best{n}",
                    on_click=open_unit,
                    args=(unit["layer"], unit["unit"], unit["state"]),
                    icon=":material/check:" if probes.is_convincing(unit, measured["untrained"]) else None,
                    help=f"95 % interval {unit['low']:+.2f} to {unit['high']:+.2f}. Opens the unit.",
                )


def shaded_texts(
    known: Mapping[str, address.Field], bundle: Bundle, request: Request, layer: int, position: int
) -> None:
    """This text and two others, each word on the colour of the unit's value."""
    unit = state.unit
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="shade_head"):
        st.markdown(
            f"**Texts coloured by unit {unit}**" + f" of layer {layer + 1}" * (len(bundle.model.layers) > 1),
            width="content",
        )
        states = cell.STATES[bundle.model.layers[layer].kind]
        shade = "hidden"
        if len(states) > 1:
            shade = controls.segments(
                replace(known["shade"], options=states), "Its", label_visibility="collapsed"
            )
    others = [example for example in EXAMPLES if example.lower() != request.title.lower()][:2]
    requests = [request] + [
        replace(request, title=example, opening="", words=EXAMPLE_WORDS, forced=()) for example in others
    ]
    readings = [reading_of(asked) for asked in requests]
    high = max(float(abs(reading.along(layer, shade, unit)).max()) for reading in readings) or 1.0
    st.html(
        f'<span class="legend tint-legend">−{high:.2f}<i style="--ramp: linear-gradient(to right, '
        f'{charts.NEGATIVE}, transparent, {charts.POSITIVE})"></i>{high:.2f} {shade} state after the word'
        "</span>"
    )
    here = [position, -1, -1]
    for column, reading, at in zip(st.columns(3, gap="medium"), readings, here, strict=False):
        column.html(tinted(reading, layer, shade, unit, high, at))


def title_memory(model: str, memories: Mapping[str, Mapping[str, Any]]) -> None:
    st.subheader("How long does the title matter?", anchor=False)
    if not memories:
        drawing.note(
            "These networks have not been measured. `python -m textgen evaluate --memory` does it on your "
            "recipes."
        )
        return
    drawing.note(
        "The same recipe is read twice, once after its own title and once after another's. The line says how "
        "far apart the two predictions of the next word are, in bits (Jensen-Shannon divergence: 0, the "
        "title no longer matters; 1, no word in common), over "
        f"{max(memory['recipes'] for memory in memories.values()):,} recipes kept back from training, with a "
        "95 % interval. Both axes are logarithmic."
    )
    sentences = [cell_view.memory_sentence(name, memory) for name, memory in memories.items()]
    if model in memories:
        st.markdown(plain(cell_view.memory_sentence(model, memories[model])))
    draw(
        charts.memory_spec(cell_view.memory_rows(memories, model)),
        " ".join(sentences),
        what="Line chart of what is left of the title against the words since it, a line a network",
        key="memory",
    )


# -- the page --------------------------------------------------------------------------------------


def page() -> None:
    navigation.enter("cell", own=("carried",), components=("cell",))
    drawing.styles("cell")
    writers.models()  # or a sentence on the page
    known = begin()
    back_place = head(known)
    extra = carried(known)
    extras(extra.names)
    request = request_of(extra)
    bundle = writers.load(request.model)
    with st.container():
        notes_place = st.container()

    reading = reading_of(request)
    measured = {name: load_measured(name) for name in address.networks()}
    units = measured[request.model].get("units", {})
    if "unit" not in state and "unit" not in st.query_params:
        state.unit = cell_view.unit_to_start_with(units, layer_now(bundle))
    state.opened = None
    picture_view(known, bundle, reading, units)
    state.opened = opened_now(bundle)
    layer, position = layer_now(bundle), min(state.at, len(reading)) - 1
    navigation.first_look()
    one_step(bundle, reading, layer, position)
    facts(known, bundle, units)
    shaded_texts(known, bundle, request, layer, position)
    title_memory(
        network_label(request.model),
        {
            network_label(name): figures["memory"]
            for name, figures in measured.items()
            if figures.get("memory")
        },
    )

    asked = (request, layer, state.unit, position, state.get("fact"), state.get("shade"))
    notes = address.notes("cell", asked) + controls.text_notes(bundle.vocabulary)
    if state.at > len(reading):
        notes.append(f"The text has {len(reading)} words; the last one is opened.")
    with notes_place:
        drawing.warn(notes)
        if state.get("came_from", {}).get("at") == state.at <= len(reading):
            read, decided = plain(reading.words[position]), plain(reading.following(position))
            st.info(
                f"Word {state.came_from['number']} of the text, “{decided or 'the end'}”, is chosen when the "
                f"network has read the word before it, “{read}”: that step is opened here.",
                icon=":material/frame_inspect:",
            )
    with back_place:
        if st.button("Compare temperatures", icon=":material/west:", key="back_to_compare"):
            compare_again(request, extra, position + 2 - reading.prompt)


page()
