"""The networks side by side: what they are, what they write, how they learned, which temperature suits."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import streamlit as st

from pages.parts import address, columns, controls, drawing, navigation, writers
from pages.parts.address import ROWS
from pages.parts.drawing import draw, plain
from textgen import charts
from textgen.network.bundle import Bundle, released_bundles
from textgen.views import models as model_tables
from textgen.views.compare import Comparison
from textgen.views.glossary import about
from textgen.views.models import ERAS, KNESER_NEY_NAME
from textgen.views.names import network_label
from textgen.writing.sampling import Sampler
from textgen.writing.writer import Request

navigation.through_app()

state = st.session_state
COUNTS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")
# Seconds that the texts of a first visit have to themselves: twelve of them, and the largest chart.
FIRST_LOOK = 0.8


def figure_columns(bundles: Sequence[Bundle]) -> dict[str, Any]:
    """The columns of the table, by the names of `model_tables.figure_row`."""
    cards = [bundle.card.get("evaluation", {}) for bundle in bundles]
    recipes = {era: max((card.get(era, {}).get("recipes", 0) for card in cards), default=0) for era in ERAS}
    kept_back = {
        era: f"{count:,} {era} recipes" if count else f"{era} recipes" for era, count in recipes.items()
    }
    return {
        "network": st.column_config.TextColumn(
            "Network",
            help="The three of Foster, Generative Deep Learning (2nd ed.), the larger one of this app, and "
            "for scale a model that only counts words.",
            pinned=True,
        ),
        "parameters": st.column_config.NumberColumn(
            "Parameters",
            format="localized",
            help=f"{about('parameters')} The layers below add up to them.",
        ),
        "modern": st.column_config.NumberColumn(
            "Perplexity, modern",
            format="%.1f",
            help=f"{about('perplexity')} Here: of {kept_back['modern']} that it was not trained on. "
            "Lower is better.",
        ),
        "home": st.column_config.NumberColumn(
            "Perplexity, home",
            format="%.1f",
            help=f"The same on {kept_back['home']}, of today too, as people write them down at home.",
        ),
        "historic": st.column_config.NumberColumn(
            "Perplexity, historic",
            format="%.1f",
            help=f"The same on {kept_back['historic']}, of 1880 to 1922.",
        ),
        "title_bits": st.column_config.NumberColumn(
            "The title tells, bits",
            format="%.2f",
            help="How much likelier, in bits, the true first verb of a modern recipe becomes when the "
            "network is given its own title instead of another's. 0: the title says nothing; each bit "
            "doubles the probability.",
        ),
        "best_temperature": st.column_config.NumberColumn(
            "Best temperature, modern",
            format="%.2f",
            help="The temperature at which the network predicts modern recipes best: see the end of this "
            "page.",
        ),
        "words_per_second": st.column_config.NumberColumn(
            "Words a second",
            format="localized",
            help="One text at a time, sampling included: measured on the computer that runs this app, when "
            "the page was first opened. A busy computer is slower.",
        ),
        "megabytes": st.column_config.NumberColumn(
            "File, MB", format="%.1f", help="The size of its model.keras, in millions of bytes."
        ),
        "layers": st.column_config.TextColumn(
            "Layers",
            help="How many numbers stand for a word after each layer: the embedding, the recurrent layers "
            "with their units, and last a probability for every word of the vocabulary.",
        ),
    }


@st.cache_data(show_spinner=False)
def speeds(names: Sequence[str]) -> dict[str, float]:
    measured = model_tables.words_per_second([writers.load(name) for name in names])
    return {name: round(value) for name, value in measured.items()}


# -- what is asked for -----------------------------------------------------------------------------


def prompt_name(prompt: str) -> str:
    title, _, opening = prompt.removeprefix("recipe for ").partition("|")
    return f"{title.strip()} | {opening.strip()}" if opening.strip() else title.strip()


def known_fields() -> dict[str, address.Field]:
    """What an address of this page may say, of the network that it names."""
    usual = address.fields("models")
    history = writers.load(address.said(usual["model"])).history
    last = max(model_tables.recorded_epochs(history), default=0)
    longest = address.said(usual["words"])
    prompts = [prompt_name(prompt) for prompt in model_tables.recorded_prompts(history)]
    return address.fields(
        "models",
        step={"high": longest},
        prompt={"options": prompts or [""]},
        epoch={"high": last, "start": last},
    )


def head(known: Mapping[str, address.Field], bundles: Sequence[Bundle]) -> None:
    count = len(bundles)
    others = not {bundle.name for bundle in bundles} <= set(released_bundles())
    with st.container(key="head"):
        st.title(
            f"{COUNTS[count] if count < len(COUNTS) else count} network{'s' * (count != 1)}", anchor=False
        )
        drawing.note(
            "The LSTM, stacked LSTM and GRU that follow David Foster's book Generative Deep Learning (2nd "
            "ed.), and a larger LSTM, trained on the same recipes: what they are, what they write, how they "
            "learned it, and at which temperature they predict best."
            + " Networks that were brought or trained here stand after them."
            * others
        )
    with st.container():
        drawing.warn(address.notes("models", [address.said(known[key]) for key in known if key != "prompt"]))


# -- what they are ---------------------------------------------------------------------------------


def layer_diagram(bundle: Bundle) -> str:
    """One network as a stack of layers, as HTML."""
    rows = model_tables.layer_rows(bundle)
    parts = []
    for n, row in enumerate(rows):
        came = f"a word, one of {row['inputs']:,}" if n == 0 else f"{row['inputs']:,} numbers a word"
        last = n == len(rows) - 1
        name = row["kind"] + (" and softmax" if last else "")
        parts.append(
            f'<li class="flow">{came}</li>'
            f'<li class="layer"><b>{html.escape(name)}</b><span class="count">{row["parameters"]:,}</span>'
            f"<small>{html.escape(row['arithmetic'])}</small>"
            f'<i style="width: {100 * row["share"]:.1f}%"></i></li>'
        )
    total = sum(row["parameters"] for row in rows)
    return (
        f'<div class="network"><h4>{html.escape(network_label(bundle.name))}</h4><ol>{"".join(parts)}'
        f'<li class="flow">{rows[-1]["outputs"]:,} probabilities, one a word</li></ol>'
        f'<p class="total">{total:,} parameters</p></div>'
    )


def figures(place: Any, bundles: Sequence[Bundle], fast: Mapping[str, float]) -> None:
    columns = figure_columns(bundles)
    rows = [model_tables.figure_row(bundle, fast.get(bundle.name)) for bundle in bundles]
    rows.append(model_tables.reference_row())
    place.dataframe(
        [{name: row[name] for name in columns} for row in rows],
        hide_index=True,
        width="stretch",
        column_config=columns,
        placeholder="",
    )


def what_they_are(bundles: Sequence[Bundle], measured: Mapping[str, float]) -> Any:
    """The table and the layers; returns the place of the table."""
    st.subheader("What they are", anchor=False)
    place = st.empty()
    if navigation.is_first_drawing():  # a table takes a browser longer than what people come to see
        place.html('<div class="to-come"></div>')
    else:
        figures(place, bundles, measured)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="about_table"):
        drawing.note(
            f"Click a column's name to sort; point at it to read what the number means. {KNESER_NEY_NAME} "
            "is no network: it counts sequences of up to five words, and shows what a perplexity is worth."
        )
        st.button(
            "Measure the speed again",
            on_click=speeds.clear,
            key="again",
            type="tertiary",
            icon=":material/speed:",
            help="Words a second: all networks write short texts in turns, and the fastest of each counts.",
        )
    # On a phone it is scrolled sideways, with the keyboard too.
    scrolled = 'class="networks" tabindex="0" role="group" aria-label="The layers of each network"'
    st.html(f"<div {scrolled}>" + "".join(map(layer_diagram, bundles)) + "</div>")
    drawing.note(
        "Parameters by layer: the longer the bar, the larger the layer's share. An LSTM has three gates and "
        "a candidate, hence 4 × units × (inputs + units + 1 bias); a GRU two gates and a candidate, with two "
        "biases. Most parameters are in the two layers that know the words."
    )
    return place


# -- what they write -------------------------------------------------------------------------------


def go_to(row: int) -> None:
    state.step = columns.asked(f"texts{row + 1}").get("word", state.step)
    state.at = ROWS[row]


@st.fragment
def side_by_side(bundles: Sequence[Bundle]) -> None:
    """All that follows the title, the seed and the temperatures."""
    known = address.fields("models")
    names = [bundle.name for bundle in bundles]
    strangers = model_tables.strangers(bundles)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="controls"):
        controls.title(known, "Every network continues “recipe for TITLE |”.")
        with st.container(
            horizontal=True, vertical_alignment="bottom", gap="small", width="content", key="setup"
        ):
            controls.seed(
                known,
                f"{about('seed')} All networks and temperatures get the same luck here. In a row, two texts "
                "part where the networks disagree; from there on they have also read different words.",
            )
            controls.words(known)
    with st.container():
        drawing.warn(controls.text_notes(bundles[0].vocabulary))
        if strangers:
            st.warning(
                f"{plain(', '.join(map(network_label, strangers)))}: another vocabulary than that of "
                f"{plain(network_label(names[0]))}. The same "
                "draw stands for other words there, so its texts share no luck with the rest, and the chart "
                "below leaves it out.",
                icon=":material/info:",
            )
    title = controls.one_line(state.title)
    slots, heats = [], []
    for k in range(1, len(ROWS) + 1):
        with st.container(key=f"column{k}"):
            heats.append(
                controls.slider(
                    known[f"t{k}"],
                    f"Temperature of row {k}",
                    width=340,
                    help=about("temperature"),
                )
            )
        slots.append(st.empty())
    drawing.style_columns(heats)
    st.html(drawing.legend("surprisal"))
    drawing.note(
        "The stronger a word's colour, the less its own network expected it at T = 1. A bar marks the first "
        "word that differs from the network on the left. Recipe verbs are underlined. Click a word for the "
        "chart below."
    )
    leave_buttons(names, title, heats)
    row, step = step_picker(known)
    comparisons = [write(name, title, heats) for name in names]
    alike = [comparison for comparison in comparisons if comparison.bundle.name not in strangers]
    step = min(step, max(comparison.length for comparison in comparisons) or 1)
    for k, slot in enumerate(slots):
        alike_names = [comparison.bundle.name for comparison in alike]
        marks = dict(zip(alike_names, model_tables.marks(alike, k), strict=True))
        with slot:
            columns.show(
                f"texts{k + 1}",
                [
                    columns.column(comparison, k, f"{network_label(name)}, T = {heats[k]:g}", marks.get(name))
                    | {"note": ""}
                    for name, comparison in zip(names, comparisons, strict=True)
                ],
                step if k == row else 0,
                sliders=False,
                on_ask=partial(go_to, k),
            )
    next_word(alike, heats[row], row, step)


def leave_buttons(names: Sequence[str], title: str, heats: Sequence[float]) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="leave"):
        st.markdown("More temperatures, word by word, on the comparison page:", width="content")
        for name in names:
            if st.button(
                plain(network_label(name)),
                key=f"compare_{name}",
                type="tertiary",
                icon=":material/east:",
                help=f"Compare the temperatures of {plain(network_label(name))}, with this title and seed",
            ):
                state.leaving = {"model": name, "title": title, "temperatures": heats}
                st.rerun()  # what a fragment leaves behind would be lost


def step_picker(known: Mapping[str, address.Field]) -> tuple[int, int]:
    """The row and the number of the word that the chart looks into."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="steps"):
        controls.segments(known["at"], "Texts of", help="The texts above that the chart looks into.")
        if state.get("step", 1) > state.words:  # of longer texts, here or on the comparison page
            state.step = state.words
        controls.slider(replace(known["step"], high=state.words), "Word", width=340)
    return ROWS.index(state.at), state.step


def write(name: str, title: str, heats: Sequence[float]) -> Comparison:
    return writers.compare(
        Request(
            model=name,
            title=title,
            opening="",
            samplers=tuple(Sampler(temperature=heat, **controls.sampling({})) for heat in heats),
            seed=state.seed,
            words=state.words,
        )
    )


def next_word(comparisons: list[Comparison], heat: float, row: int, step: int) -> None:
    st.subheader(f"Word {step} at T = {heat:g}: what it could have been", anchor=False)
    steps = [found for comparison in comparisons for found in comparison.steps_at(step - 1)[row : row + 1]]
    prompts = {found.prompt for found in steps if found}
    drawing.note(
        (
            "All networks have read the same words so far: at one temperature, what differs here is the "
            "network alone."
            if len(prompts) < 2
            else "The networks have read different words by now, so their contexts differ as well as "
            "the networks."
        )
        + " The same words in every panel; outlined: the word written. The last row is the rest of the "
        "vocabulary."
    )
    rows = model_tables.step_rows(comparisons, row, step - 1)
    draw(
        charts.step_spec(rows),
        model_tables.step_summary(comparisons, row, step - 1),
        what="Bar chart of the next word, a panel a network",
        key="chart",
    )


# -- how they learned ------------------------------------------------------------------------------


@st.fragment
def explorer() -> None:
    """The record of one network's training, from the untrained network to the finished one."""
    known = known_fields()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="explore"):
        controls.network(known)
        history = writers.load(state.model).history
        epochs, prompts = model_tables.recorded_epochs(history), model_tables.recorded_prompts(history)
        if not epochs or len(epochs) < 2:
            st.info("The training of this network was not recorded.")
            return
        controls.select(
            replace(known["prompt"], options=prompts),
            "Recipe begun",
            format_func=prompt_name,
            width=300,
            help="The beginnings that training was asked to continue after every epoch.",
        )
        beyond = None
        if isinstance(asked := state.get("epoch"), int) and asked > epochs[-1]:  # of a longer training
            state.epoch, beyond = epochs[-1], asked
        epoch = controls.slider(
            replace(known["epoch"], start=epochs[-1], high=epochs[-1]),
            "Epoch",
            width=420,
            help=f"{about('epoch')} 0 is the network before training.",
        )
    if beyond is not None:
        drawing.note(
            f"There is no epoch {beyond}: the training of the {network_label(state.model)} "
            f"ended with {epochs[-1]}."
        )
    samples = model_tables.sample_rows(history, state.prompt)
    now = [row for row in samples if row["epoch"] == epoch]
    if not now:
        drawing.note(f"Nothing was recorded at epoch {epoch}.")
    for row, column in zip(now, st.columns(max(len(now), 1), gap="medium"), strict=False):
        column.html(drawing.sample(row["temperature"], html.escape(row["text"])))
    heading = "before any training" if epoch == 0 else f"after epoch {epoch}"
    st.markdown(f"**The next word {heading}**")
    if rows := model_tables.recorded_rows(history, state.prompt, epoch):
        draw(
            charts.step_spec(rows),
            model_tables.recorded_summary(history, state.prompt, epoch),
            what="Bar chart of the recorded next word, a panel a temperature",
            key="recorded",
        )
    curves(history, epoch, epochs[-1])
    st.markdown("**Every epoch, every temperature: how the text began**")
    st.html(epoch_table(samples, epoch))
    next_words_learned(history, state.prompt, epochs[-1])


def curves(history: Mapping[str, Any], epoch: int, last: int) -> None:
    left, right = st.columns(2, gap="large")
    for column, what, title, note in (
        (
            left,
            "perplexity",
            "Perplexity of validation recipes",
            "Recipes kept back from training; lower is better. Comparable from start to end.",
        ),
        (
            right,
            "loss",
            "Training loss",
            "In nats a word. Its scale changes with the stage, so lines end with it: early stages score "
            "against a sample of the vocabulary, later ones against all of it and on other recipes.",
        ),
    ):
        with column:
            st.markdown(f"**{title}**")
            drawing.note(note)
            if curve := model_tables.curve_rows(history, what):
                draw(
                    charts.curves_spec(
                        curve, now=epoch, epochs=last, log=what == "perplexity", apart=what == "loss"
                    ),
                    "; ".join(f"{row['label']} {row['text']}" for row in curve if row["epoch"] == epoch)
                    or "The untrained network has no figures.",
                    what=f"Line chart of {title.lower()} by epoch",
                    key=f"curve_{what}",
                )


def next_words_learned(history: Mapping[str, Any], prompt: str, last: int) -> None:
    st.markdown("**Every epoch, every temperature: what came next**")
    drawing.note(
        "A column an epoch; the number is the probability in per cent. An empty cell: the word was not among "
        "the likeliest then, and was not recorded. Epoch 0 is left out where that holds for all these words."
    )
    heats = model_tables.recorded_temperatures(history)
    for start in range(0, len(heats), 2):
        for heat, column in zip(heats[start : start + 2], st.columns(2, gap="large"), strict=False):
            cells = model_tables.learning_rows(history, prompt, heat)
            with column:
                st.html(
                    f'<p class="sample-name" style="color: {charts.temperature_color(heat)}">T = {heat:g}</p>'
                )
                if cells:
                    draw(
                        charts.heat_map_spec(cells),
                        f"T = {heat:g}. After the last epoch: "
                        + ", ".join(
                            f"{row['label']} {row['share']}" for row in cells if row["column"] == str(last)
                        ),
                        what="Table of next-word probabilities, words by epochs",
                        key=f"learned_{heat:g}".replace(".", "_"),
                    )


def epoch_table(samples: Sequence[Mapping[str, Any]], epoch: int) -> str:
    """Epochs by temperatures, the beginning of each text in a cell, as HTML."""
    heats = sorted({row["temperature"] for row in samples})
    texts = {(row["epoch"], row["temperature"]): row["text"] for row in samples}
    head = "".join(
        f'<th scope="col" style="color: {charts.temperature_color(heat)}">T = {heat:g}</th>' for heat in heats
    )
    body = ""
    for at in sorted({row["epoch"] for row in samples}):
        cells = "".join(
            f'<td title="{html.escape(texts.get((at, heat), ""))}">'
            f"<span>{html.escape(texts.get((at, heat), ''))}</span></td>"
            for heat in heats
        )
        name = f"epoch {at}" if at else "untrained"
        here = ' class="now" aria-current="true"' if at == epoch else ""
        body += f'<tr{here}><th scope="row">{name}</th>{cells}</tr>'
    return (
        '<div class="epochs" tabindex="0" role="region" aria-label="Texts by epoch and temperature"><table>'
        f'<thead><tr><th scope="col">after</th>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


# -- the best temperature --------------------------------------------------------------------------


@st.fragment
def best_temperature(bundles: Sequence[Bundle]) -> None:
    known = address.fields("models")
    era = controls.segments(
        known["era"],
        "Recipes",
        help="Modern recipes of cookbooks, recipes that people wrote down at home, or those of 1880 to 1922; "
        "none was used in training.",
    )
    rows = model_tables.scaling_rows(bundles, era)
    if not rows:
        st.info(
            "These networks were not measured. `python -m textgen evaluate --model NAME --corpus FILE "
            "--temperatures --save` does it."
        )
        return
    labels = [network_label(bundle.name) for bundle in bundles]
    if bare := [label for label in labels if label not in {row["network"] for row in rows}]:
        drawing.note(f"Not measured yet: {', '.join(bare)}.")
    drawing.note(
        "Every logit divided by one temperature, as on the comparison page; then the perplexity of recipes "
        "that were kept back from training. A dot marks a network's lowest; the number at its name is the "
        "temperature there. Dashed: T = 1, the network as it was trained. Asked here: which temperature "
        "predicts the words of human recipes best. Which texts of a network's own writing look like human "
        "texts is another question, and Sweep asks it."
    )
    left, right = st.columns(2, gap="large")
    with left:
        draw(
            charts.scaling_spec(rows),
            "; ".join(
                f"{row['network']}: lowest perplexity {row['perplexity']:.1f} at T = {row['temperature']:.2f}"
                for row in rows
                if row["best"]
            ),
            what="Line chart of perplexity against temperature",
            key="scaling",
        )
    with right:
        table = [
            {
                name: 100 * value if name.startswith("ece ") else value
                for name, value in row.items()
                if name != "recipes"
            }
            for row in model_tables.scaling_table(bundles, [era])
        ]
        errors = [name for name in table[0] if name.startswith("ece ")]
        st.dataframe(
            table,
            hide_index=True,
            width="stretch",
            column_config={
                "network": st.column_config.TextColumn("Network", pinned=True),
                "best": st.column_config.NumberColumn(
                    "Best T", format="%.2f", help=about("best temperature")
                ),
                "interval": st.column_config.TextColumn(
                    "95 % interval", help="How far other recipes of the kind would move the best temperature."
                ),
                "at best": st.column_config.NumberColumn(
                    "Perplexity", format="%.2f", help="At the best temperature."
                ),
                "at 1": st.column_config.NumberColumn(
                    "at T = 1", format="%.2f", help="The network as it was trained."
                ),
                **{
                    name: st.column_config.NumberColumn(
                        f"Error {name.removeprefix('ece ')}",
                        format="%.1f %%",
                        help=f"At T = {name.removeprefix('ece ')}. {about('calibration error')}",
                    )
                    for name in errors
                },
            },
        )
        drawing.note(
            "Perplexity counts what a network is undecided among. Below the best temperature it is too sure "
            "of itself and pays for it when it is wrong; above, it wastes probability on words that do not "
            "come. The best temperature to predict with need not be the best to write with."
        )
    st.markdown("**Can its probabilities be believed?**")
    drawing.note(
        "Each point gathers predictions whose likeliest word was given about that probability; its height is "
        "how often that word came. On the dashed diagonal a network is as often right as it says. Below it, "
        "at a low temperature, it is overconfident; above it, at a high one, underconfident. Larger points: "
        "more predictions. The figure beside T is the expected calibration error."
    )
    for bundle, column in zip(bundles, st.columns(len(bundles), gap="medium"), strict=True):
        if rows := model_tables.reliability_rows(bundle, era):
            with column:
                st.markdown(f"**{plain(network_label(bundle.name))}**")
                draw(
                    charts.reliability_spec(rows),
                    model_tables.reliability_summary(bundle, era),
                    what="Reliability diagram",
                    key=f"reliability_{bundle.name}",
                )
    drawing.note(
        "Guo et al., “On Calibration of Modern Neural Networks” (2017): logits divided by a temperature, on "
        "validation recipes; 15 bins of equal width. Measured once for each network and stored with it."
    )


# -- the page --------------------------------------------------------------------------------------


def page() -> None:
    navigation.enter("models", components=("columns",))
    drawing.styles("models")
    bundles = writers.readable()
    known = known_fields()
    navigation.begin("models", known)
    head(known, bundles)
    measured = state.get("speeds", {})
    figures_place = what_they_are(bundles, measured)
    if leaving := state.pop("leaving", None):
        navigation.to_comparison(**leaving, seed=state.seed, words=state.words)
    st.subheader("What they write", anchor=False)
    drawing.note("One title, one luck: each row has one temperature, each column one network.")
    with st.container(key="side"):
        side_by_side(bundles)
    navigation.first_look(FIRST_LOOK)
    if navigation.is_first_drawing():
        figures(figures_place, bundles, measured)
    st.subheader("How they learned", anchor=False)
    drawing.note(
        "What training wrote down after every epoch, with one luck throughout: from babble to recipes. "
        "Nothing is computed anew, nothing filled in."
    )
    explorer()
    st.subheader("The best temperature, measured", anchor=False)
    best_temperature(bundles)
    names = [bundle.name for bundle in bundles]
    if (now := speeds(names)) != measured:  # last, as it takes a moment
        state.speeds = now
        figures(figures_place, bundles, now)


page()
