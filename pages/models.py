"""Four networks side by side: what they are, what they write, how they learned, which temperature suits."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st
from pages.shared import plain, state

from pages import shared
from textgen import charts
from textgen.network.bundle import Bundle
from textgen.views import models as model_tables
from textgen.views.compare import Comparison
from textgen.views.models import ERAS, KNESER_NEY_NAME
from textgen.writing.sampling import Sampler

shared.through_app()


ROWS = 3  # temperatures, a row of texts each
WORDS = 40
AT = [f"row {k}" for k in range(1, ROWS + 1)]

COLUMNS = {
    "network": st.column_config.TextColumn(
        "Network",
        help="The book's three, the larger one of this app, and for scale a model that only counts words.",
        pinned=True,
    ),
    "parameters": st.column_config.NumberColumn(
        "Parameters",
        format="localized",
        help="The numbers that training has set. The layers below add up to them.",
    ),
    "modern": st.column_config.NumberColumn(
        "Perplexity, modern",
        format="%.1f",
        help="Among how many equally likely words the network is as undecided, on 246 modern recipes that it "
        "was not trained on, word by word. Lower is better.",
    ),
    "historic": st.column_config.NumberColumn(
        "Perplexity, historic",
        format="%.1f",
        help="The same on 392 recipes of 1880 to 1922.",
    ),
    "title_bits": st.column_config.NumberColumn(
        "The title tells, bits",
        format="%.2f",
        help="How much likelier, in bits, the true first verb of a modern recipe becomes when the network is "
        "given its own title instead of another's. 0: the title says nothing; each bit doubles the "
        "probability.",
    ),
    "best_temperature": st.column_config.NumberColumn(
        "Best temperature, modern",
        format="%.2f",
        help="The temperature at which the network predicts modern recipes best: see the end of this page.",
    ),
    "words_per_second": st.column_config.NumberColumn(
        "Words a second",
        format="localized",
        help="One text at a time, sampling included: measured on the computer that runs this app, when the "
        "page was first opened. A busy computer is slower.",
    ),
    "megabytes": st.column_config.NumberColumn(
        "File, MB", format="%.1f", help="The size of its model.keras, in millions of bytes."
    ),
    "layers": st.column_config.TextColumn(
        "Layers",
        help="How many numbers stand for a word after each layer: the embedding, the recurrent layers with "
        "their units, and last a probability for every word of the vocabulary.",
    ),
}


@st.cache_data(show_spinner=False)
def speeds(of: Sequence[str]) -> dict[str, float]:
    found = model_tables.words_per_second([shared.load(name) for name in of])
    return {name: round(value) for name, value in found.items()}


# -- what was asked for ----------------------------------------------------------------------------

names = shared.models()


bundles = [shared.load(name) for name in names]


def prompt_name(prompt: str) -> str:
    title, _, opening = prompt.removeprefix("recipe for ").partition("|")
    return f"{title.strip()} | {opening.strip()}" if opening.strip() else title.strip()


def address_notes() -> list[str]:
    """What the address asked for and could not have."""
    model = st.query_params.get("model", names[0])
    history = bundles[names.index(model) if model in names else 0].history
    prompts = [prompt_name(prompt) for prompt in model_tables.recorded_prompts(history)]
    last = max(model_tables.recorded_epochs(history), default=0)
    heat = (shared.number(0, 2), "a temperature here is from 0 to 2")
    length = shared.number(5, 200, whole=True)
    words = st.query_params.get("words", str(WORDS))
    longest = int(words) if length(words) else WORDS
    fields: dict[str, shared.Field] = {
        "title": (lambda text: True, ""),
        "seed": (shared.number(0, shared.LARGEST_SEED, whole=True), "a seed is a whole number from 0"),
        "words": (length, "a text has 5 to 200 words"),
        "step": (shared.number(1, longest, whole=True), f"a word's number is from 1 to {longest} here"),
        **{f"t{k}": heat for k in range(1, ROWS + 1)},
        "at": shared.one_of(AT, f"it is “row 1” to “row {ROWS}”"),
        "model": shared.one_of(names, "the networks are " + ", ".join(names)),
        "prompt": shared.one_of(prompts, "training was recorded for " + ", ".join(prompts)),
        "epoch": (
            shared.number(0, last, whole=True),
            f"the training of this network was recorded from epoch 0 to {last}",
        ),
        "era": shared.one_of(ERAS, "recipes are " + " or ".join(ERAS)),
    }
    found = shared.address_notes(fields)
    shared.clean_address(fields)
    return found


shared.styles()
st.html(shared.ASSETS / "models.css")
with st.container(key="head"):
    st.title("Four networks", anchor=False)
    st.caption(
        "The LSTM, stacked LSTM and GRU of the book and a larger LSTM, trained on the same recipes: what "
        "they are, what they write, how they learned it, and which temperature suits them."
    )
with st.container():
    if found := address_notes():
        st.warning("  \n".join(found), icon=":material/info:")


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
        f'<div class="network"><h4>{html.escape(bundle.name)}</h4><ol>{"".join(parts)}'
        f'<li class="flow">{rows[-1]["outputs"]:,} probabilities, one a word</li></ol>'
        f'<p class="total">{total:,} parameters</p></div>'
    )


def figures(place: Any, fast: Mapping[str, float]) -> None:
    rows = [model_tables.figure_row(bundle, fast.get(bundle.name)) for bundle in bundles]
    rows.append(model_tables.reference_row())
    place.dataframe(
        [{name: row[name] for name in COLUMNS} for row in rows],
        hide_index=True,
        width="stretch",
        column_config=COLUMNS,
        placeholder="",
    )


st.subheader("What they are", anchor=False)
figures_place = st.empty()
measured = state.get("speeds", {})
if state.runs == 1:  # a table takes a browser longer than texts and their chart, which come first
    figures_place.html('<div class="to-come"></div>')
else:
    figures(figures_place, measured)
with st.container(horizontal=True, vertical_alignment="center", gap="small", key="about_table"):
    st.caption(
        f"Click a column's name to sort; point at it to read what the number means. {KNESER_NEY_NAME} is no "
        "network: it counts sequences of up to five words, and shows what a perplexity is worth.",
        width="stretch",
    )
    st.button(
        "Measure the speed again",
        on_click=speeds.clear,
        key="again",
        type="tertiary",
        icon=":material/speed:",
        help="Words a second: all networks write short texts in turns, and the fastest of each counts.",
    )
st.html('<div class="networks">' + "".join(map(layer_diagram, bundles)) + "</div>")
st.caption(
    "Parameters by layer: the longer the bar, the larger the layer's share. An LSTM has three gates and a "
    "candidate, hence 4 × units × (inputs + units + 1 bias); a GRU two gates and a candidate, with two "
    "biases. Most parameters are in the two layers that know the words."
)


# -- what they write -------------------------------------------------------------------------------


def go_to(row: int) -> None:
    state.step = shared.asked(f"texts{row + 1}").get("word", state.step)
    state.at = AT[row]


@st.fragment
def side_by_side() -> None:
    """All that follows the title, the seed and the temperatures."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="controls"):
        shared.title_control("Every network continues “recipe for TITLE |”.")
        with st.container(
            horizontal=True, vertical_alignment="bottom", gap="small", width="content", key="setup"
        ):
            shared.seed_control(
                "Decides the luck. All networks and temperatures get the same draws: where two texts "
                "differ, the networks do."
            )
            shared.words_control(WORDS)
    with st.container():
        if found := shared.text_notes(names[0]):
            st.warning("  \n".join(found), icon=":material/info:")
        if odd := model_tables.strangers(bundles):
            st.warning(
                f"{plain(', '.join(odd))}: another vocabulary than that of {plain(names[0])}. The same draw "
                "stands for other words there, so its texts share no luck with the rest, and the chart below "
                "leaves it out.",
                icon=":material/info:",
            )
    title = shared.one_line(state.title)[: shared.LONGEST_TITLE]
    slots, heats = [], []
    for k in range(1, ROWS + 1):
        with st.container(key=f"column{k}"):
            heats.append(
                st.slider(
                    f"Temperature of row {k}",
                    0.0,
                    2.0,
                    shared.TEMPERATURES[k - 1],
                    0.05,
                    key=f"t{k}",
                    bind="query-params",
                    width=340,
                    help="Near 0 the likeliest word is written; higher up, unlikely ones get a chance.",
                )
            )
        slots.append(st.empty())
    shared.style_columns(heats)
    st.html(shared.legend("surprisal"))
    st.caption(
        "The stronger a word's colour, the less its own network expected it at T = 1. A bar marks the first "
        "word that differs from the network on the left. Recipe verbs are underlined. Click a word for the "
        "chart below."
    )
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="leave"):
        st.markdown("More temperatures, word by word, on the comparison page:", width="content")
        for name in names:
            if st.button(
                name,
                key=f"compare_{name}",
                type="tertiary",
                icon=":material/east:",
                help=f"Compare the temperatures of {name}, with this title and seed",
            ):
                state.leaving = {"model": name, "title": title, "temperatures": heats}
                st.rerun()  # what a fragment leaves behind would be lost
    row, step = step_picker()
    comparisons = [write(name, title, heats) for name in names]
    alike = [one for one in comparisons if one.bundle.name not in odd]
    step = min(step, max(one.length for one in comparisons) or 1)
    for k, slot in enumerate(slots):
        marks = dict(zip([one.bundle.name for one in alike], model_tables.marks(alike, k), strict=True))
        with slot:
            shared.columns(
                f"texts{k + 1}",
                [
                    shared.column(one, k, f"{name}, T = {heats[k]:g}", marks.get(name)) | {"note": ""}
                    for name, one in zip(names, comparisons, strict=True)
                ],
                step if k == row else 0,
                sliders=False,
                on_ask=lambda k=k: go_to(k),
            )
    next_word(alike, heats[row], row, step)


def step_picker() -> tuple[int, int]:
    """The row and the number of the word that the chart looks into."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="steps"):
        st.segmented_control(
            "Texts of",
            AT,
            default=AT[0],
            key="at",
            bind="query-params",
            required=True,
            help="The texts above that the chart looks into.",
        )
        if state.get("step", 1) > state.words:  # of longer texts, here or on the comparison page
            state.step = state.words
        st.slider("Word", 1, state.words, 1, key="step", bind="query-params", width=340)
    return AT.index(state.at), state.step


def write(name: str, title: str, heats: Sequence[float]) -> Comparison:
    return shared.compare(
        shared.Request(
            model=name,
            title=title,
            opening="",
            samplers=tuple(Sampler(heat, suppress=(1,)) for heat in heats),
            seed=state.seed,
            words=state.words,
        )
    )


def next_word(comparisons: list[Comparison], heat: float, row: int, step: int) -> None:
    st.subheader(f"Word {step} at T = {heat:g}: what it could have been", anchor=False)
    prompts = {
        found.prompt for one in comparisons for found in one.steps_at(step - 1)[row : row + 1] if found
    }
    st.caption(
        (
            "All networks have read the same words so far: what differs is the network alone."
            if len(prompts) < 2
            else "The networks have read different words by now, so their contexts differ too."
        )
        + " The same words in every panel; outlined: the word written. The last row is the rest of the "
        "vocabulary."
    )
    rows = model_tables.step_rows(comparisons, row, step - 1)
    shared.draw(
        charts.step_spec(rows),
        model_tables.step_summary(comparisons, row, step - 1),
        what="Bar chart of the next word, a panel a network",
        key="chart",
    )


if leaving := state.pop("leaving", None):
    shared.compare_with(**leaving, seed=state.seed, words=state.words)
st.subheader("What they write", anchor=False)
st.caption("One title, one luck: each row has one temperature, each column one network.")
with st.container(key="side"):
    side_by_side()
shared.first_look(0.8)  # of twelve texts
if state.runs == 1:
    figures(figures_place, measured)


# -- how they learned ------------------------------------------------------------------------------


@st.fragment
def explorer() -> None:
    """The record of one network's training, from the untrained network to the finished one."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="explore"):
        shared.network_control()
        history = shared.load(state.model).history
        epochs, prompts = model_tables.recorded_epochs(history), model_tables.recorded_prompts(history)
        if not epochs or len(epochs) < 2:
            st.info("The training of this network was not recorded.")
            return
        prompt = st.selectbox(
            "Recipe begun",
            prompts,
            format_func=prompt_name,
            key="prompt",
            bind="query-params",
            width=300,
            help="The beginnings that training was asked to continue after every epoch.",
        )
        beyond = None
        if isinstance(asked := state.get("epoch"), int) and asked > epochs[-1]:  # of a longer training
            state.epoch, beyond = epochs[-1], asked
        epoch = st.slider(
            "Epoch",
            0,
            epochs[-1],
            epochs[-1],
            key="epoch",
            bind="query-params",
            width=420,
            help="One epoch is one pass through the training recipes. 0 is the network before training.",
        )
    if beyond is not None:
        st.caption(
            f"There is no epoch {beyond}: the training of {plain(state.model)} ended with {epochs[-1]}."
        )
    samples = model_tables.sample_rows(history, prompt)
    now = [row for row in samples if row["epoch"] == epoch]
    if not now:
        st.caption(f"Nothing was recorded at epoch {epoch}.")
    for row, column in zip(now, st.columns(max(len(now), 1), gap="medium"), strict=False):
        column.html(
            f'<p class="sample-name" style="color: {charts.temperature_color(row["temperature"])}">'
            f'T = {row["temperature"]:g}</p><p class="sample">{html.escape(row["text"])}</p>'
        )
    heading = "before any training" if epoch == 0 else f"after epoch {epoch}"
    st.markdown(f"**The next word {heading}**")
    if rows := model_tables.recorded_rows(history, prompt, epoch):
        shared.draw(
            charts.step_spec(rows),
            model_tables.recorded_summary(history, prompt, epoch),
            what="Bar chart of the recorded next word, a panel a temperature",
            key="recorded",
        )
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
            st.caption(note)
            if curve := model_tables.curve_rows(history, what):
                shared.draw(
                    charts.curves_spec(curve, now=epoch, log=what == "perplexity", apart=what == "loss"),
                    "; ".join(f"{row['label']} {row['text']}" for row in curve if row["epoch"] == epoch)
                    or "The untrained network has no figures.",
                    what=f"Line chart of {title.lower()} by epoch",
                    key=f"curve_{what}",
                )
    st.markdown("**Every epoch, every temperature: how the text began**")
    st.html(epoch_table(samples, epoch))
    st.markdown("**Every epoch, every temperature: what came next**")
    st.caption(
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
                    shared.draw(
                        charts.heat_map_spec(cells),
                        f"T = {heat:g}. After the last epoch: "
                        + ", ".join(
                            f"{row['label']} {row['share']}"
                            for row in cells
                            if row["column"] == str(epochs[-1])
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


st.subheader("How they learned", anchor=False)
st.caption(
    "What training wrote down after every epoch, with one luck throughout: from babble to recipes. Nothing "
    "is computed anew, nothing filled in."
)
explorer()


# -- the best temperature --------------------------------------------------------------------------


@st.fragment
def best_temperature() -> None:
    era = st.segmented_control(
        "Recipes",
        ERAS,
        default=ERAS[0],
        key="era",
        bind="query-params",
        required=True,
        help="Modern recipes, or those of 1880 to 1922; neither was used in training.",
    )
    rows = model_tables.scaling_rows(bundles, era)
    if not rows:
        st.info(
            "These networks were not measured. `python -m textgen evaluate --model NAME --corpus FILE "
            "--temperatures --save` does it."
        )
        return
    if bare := [one.name for one in bundles if one.name not in {row["network"] for row in rows}]:
        st.caption(f"Not measured yet: {plain(', '.join(bare))}.")
    st.caption(
        "Every logit divided by one temperature, as on the comparison page; then the perplexity of recipes "
        "that were kept back from training. A dot marks a network's lowest; the number at its name is the "
        "temperature there. Dashed: T = 1, the network as it was trained."
    )
    left, right = st.columns(2, gap="large")
    with left:
        shared.draw(
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
                    "Best T", format="%.2f", help="The temperature with the lowest perplexity."
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
                        help=f"Expected calibration error at T = {name.removeprefix('ece ')}: how far, on "
                        "average, the probability of the likeliest word is from how often it came.",
                    )
                    for name in errors
                },
            },
        )
        st.caption(
            "Perplexity counts what a network is undecided among. Below the best temperature it is too sure "
            "of itself and pays for it when it is wrong; above, it wastes probability on words that do not "
            "come. The best temperature to predict with need not be the best to write with."
        )
    st.markdown("**Can its probabilities be believed?**")
    st.caption(
        "Each point gathers predictions whose likeliest word was given about that probability; its height is "
        "how often that word came. On the dashed diagonal a network is as often right as it says. Below it, "
        "at a low temperature, it is overconfident; above it, at a high one, underconfident. Larger points: "
        "more predictions. The figure beside T is the expected calibration error."
    )
    for bundle, column in zip(bundles, st.columns(len(bundles), gap="medium"), strict=True):
        if rows := model_tables.reliability_rows(bundle, era):
            with column:
                st.markdown(f"**{plain(bundle.name)}**")
                shared.draw(
                    charts.reliability_spec(rows),
                    model_tables.reliability_summary(bundle, era),
                    what="Reliability diagram",
                    key=f"reliability_{bundle.name}",
                )
    st.caption(
        "Guo et al., “On Calibration of Modern Neural Networks” (2017): logits divided by a temperature, on "
        "validation recipes; 15 bins of equal width. Measured once for each network and stored with it."
    )


st.subheader("The best temperature, measured", anchor=False)
best_temperature()

if (now := speeds(names)) != measured:  # last, as it takes a moment
    state.speeds = now
    figures(figures_place, now)
