"""What the pages share: the state behind controls and address, loaded models, finished runs, escaped text."""

from __future__ import annotations

import contextlib
import html
import math
import re
import runpy
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import streamlit as st

from textgen import charts
from textgen.network.bundle import Bundle, BundleError, available_bundles, load_bundle
from textgen.text.vocabulary import UNKNOWN, tokenize, unknown_words
from textgen.views.compare import END_OF_RECIPE, Comparison, Mark, prepare
from textgen.writing.sampling import Sampler
from textgen.writing.writer import Request, Writer

ASSETS = Path(__file__).parent.parent / "assets"
FEWEST_COLUMNS, MOST_COLUMNS = 2, 6
LARGEST_SEED = 2**31 - 1
LONGEST_TITLE = 200  # characters; far beyond any title the networks have read
LONGEST_OPENING = 400
HOTTEST, SLIDER_STEP = 2.0, 0.05  # of the temperature sliders
COLORS = ["surprisal", "rank", "probability", "off"]
LUCK = ["shared", "separate"]
PLACES = [f"column {k}" for k in range(1, MOST_COLUMNS + 1)]
FIRST_LOOK = 0.4  # seconds that the first picture of a visit is ahead of all else
RULES = ("penalty", "k", "p", "min_p", "typical")  # the sampling rules that are numbers
TEMPERATURES = (0.2, 0.7, 1.2, 1.6, 2.0, 0.4)  # of the columns, the first three of them at first
DEFAULTS: dict[str, Any] = {
    "title": "Roasted vegetables",
    "opening": "",
    "seed": 26,
    "words": 60,
    "follow": "own",
    "luck": "shared",
    "penalty": 1.0,
    "k": 0,
    "p": 1.0,
    "min_p": 0.0,
    "typical": 1.0,
    "unk": False,
}
LOOKS: dict[str, Any] = {"color": COLORS[0], "show_luck": False}
TIMELINE_CAPTIONS = {
    "choices": "Effective choices: how many equally likely words would leave the draw as open. "
    "Logarithmic; a diamond marks where a text leaves its left neighbour. Click to pick a word.",
    "probability": "How probable each written word was, after temperature and sampling rules. "
    "A diamond marks where a text leaves its left neighbour. Click to pick a word.",
}
HOW = """
### From logits to a word
1. The network reads all words so far and gives every word it knows a score, its **logit**.
2. Each logit is divided by the **temperature** T. A small T stretches the differences,
   a large T shrinks them.
3. The **softmax**, exp(logit ÷ T) over its sum, turns scores into probabilities that sum to 100 %.
4. **Sampling rules**, if any are on, remove words; the rest share their probability.
5. One word is **drawn**. With the same luck in every column, texts differ by temperature alone.

Point at a bar above to see these steps with its real numbers.
"""

state = st.session_state


def plain(text: str) -> str:
    """`text` for a Markdown element, every mark of it shown as it was written."""
    return re.sub(r"([\\`*_{}\[\]()<>#+\-.!|~$:&^=])", r"\\\1", text)


def component(name: str) -> Any:
    """The small front-end component in `assets/NAME`; its content is set as text, never as markup."""
    folder = ASSETS / name
    parts = {kind: (folder / f"{name}.{kind}").read_text(encoding="utf-8") for kind in ("html", "css", "js")}
    # The browser gets one module: what it imports from its own folder is put in place.
    beside = re.compile(r'^import .* from "\./([\w-]+\.js)";$', re.MULTILINE)
    parts["js"] = beside.sub(lambda match: (folder / match[1]).read_text(encoding="utf-8"), parts["js"])
    return st.components.v2.component(f"simmer_{name}", **parts)


# -- models and runs -------------------------------------------------------------------------------


@st.cache_resource(show_spinner="Loading the network …")
def _bundle(name: str) -> Bundle:
    return load_bundle(name)


@st.cache_resource(show_spinner=False)
def _writer(name: str) -> Writer:
    """The texts of the bundle, kept for all sessions together."""
    return Writer(_bundle(name))


def load(name: str) -> Bundle:
    """The bundle called `name`, or a sentence on the page and no further."""
    try:
        return _bundle(name)
    except BundleError as error:
        st.error(f"The network “{plain(name)}” could not be read: {plain(str(error))}")
        st.stop()


def models() -> list[str]:
    """The released bundles' names, or a sentence on the page and no further."""
    names = available_bundles()
    if not names:
        st.error(
            "There is no trained network in assets/models yet. Train one with `python -m textgen train`."
        )
        st.stop()
    return names


def settings() -> Request:
    """What the controls say now."""
    rules = {
        "repetition_penalty": said("penalty"),
        "top_k": said("k") or None,
        "top_p": said("p") if said("p") < 1 else None,
        "min_p": said("min_p") or None,
        "typical_p": said("typical") if said("typical") < 1 else None,
        "suppress": () if said("unk") else (1,),
    }
    follow = said("follow")
    return Request(
        model=said("model"),
        title=one_line(said("title"))[:LONGEST_TITLE],
        opening=one_line(said("opening"))[:LONGEST_OPENING],
        samplers=tuple(
            Sampler(temperature=temperature, **rules) for temperature in state.temperatures[: state.n]
        ),
        seed=said("seed"),
        words=said("words"),
        luck="independent" if said("luck") == "separate" else "shared",
        context=int(follow.split()[1]) - 1 if follow in PLACES[: state.n] else "own",
        forced=tuple(sorted((at, word) for at, word in state.forced.items() if at < said("words"))),
    )


def said(name: str) -> Any:
    """What a control of the comparison says, or will say once it is there: the address, or how it starts."""
    if name in state:
        return state[name]
    usual = models()[0] if name == "model" else {**LOOKS, **DEFAULTS}[name]
    if name not in st.query_params:
        return usual
    text = st.query_params[name]
    return text == "true" if isinstance(usual, bool) else type(usual)(text)


def compare(of: Request) -> Comparison:
    """The comparison that the settings ask for."""
    load(of.model)  # or a sentence on the page
    writer = _writer(of.model)
    found = Comparison(writer.bundle, writer.write(of))
    last: Comparison | None = state.get("last_comparison")
    if last and [id(run) for run in last.runs] == [id(run) for run in found.runs]:
        return last  # with what has been worked out about it
    state.last_comparison = found
    return found


def compare_ahead(of: Request, column: int) -> None:
    """Have that written which the next move of a column's slider is likely to ask for."""
    if of.apart:
        at = of.temperatures[column]
        near = [round(t, 2) for t in (at + SLIDER_STEP, at - SLIDER_STEP) if 0 <= t <= HOTTEST]
        _writer(of.model).write_ahead([of.with_temperature(column, t) for t in near], prepare)


# -- the state behind the controls -----------------------------------------------------------------


def styles() -> None:
    """The looks that every page shares."""
    st.html(ASSETS / "page.css")
    scale = ", ".join(charts.temperature_color(t / 4) for t in range(9))
    st.html(f"<style>:root {{ --scale: linear-gradient(to right, {scale}); }}</style>")


def title_control(explained: str) -> None:
    """The recipe's title, as `state.title`; `explained` says what is done with it on the page."""
    st.text_input("Recipe title", DEFAULTS["title"], key="title", bind="query-params", help=explained)


def opening_control() -> None:
    """The words the method begins with, as `state.opening`."""
    st.text_input("Opening words (optional)", "", key="opening", bind="query-params", placeholder="chop 1 /")


def words_control(usual: int = DEFAULTS["words"]) -> None:
    """How long a text may be, as `state.words`."""
    st.number_input(
        "Words",
        5,
        200,
        usual,
        step=5,
        key="words",
        bind="query-params",
        width=120,
        help="How many words each text may have.",
    )


def network_control() -> None:
    """Which network writes, as `state.model`."""
    st.selectbox("Network", models(), key="model", bind="query-params", width=170)


def seed_control(explained: str) -> None:
    """The seed, as `state.seed`; `explained` says what it decides on the page."""
    st.number_input(
        "Seed", 0, LARGEST_SEED, DEFAULTS["seed"], key="seed", bind="query-params", width=138, help=explained
    )


def through_app() -> None:
    """The first thing a page does: make sure that it runs inside `app.py`.

    Until `st.navigation` has been called once in a server's life, Streamlit discovers `pages/` by itself and
    answers a deep link by running the page alone.
    """
    if not state.get("through_app"):
        runpy.run_path(str(Path(__file__).parent.parent / "app.py"))
        st.stop()
    state.runs = state.get("runs", 0) + 1  # of any page, in this visit


def first_look(seconds: float = FIRST_LOOK) -> None:
    """On the first page of a visit, let the browser draw what it has before the rest keeps it busy."""
    if state.runs == 1:
        time.sleep(seconds)


def begin() -> None:
    """The first thing the comparison does: styles, and once a session what the address asks for."""
    styles()
    if "n" not in state:
        _read_address()
        clean_address(_fields(models()), lists=["force"])
    arrive()
    write_address()


def write_address() -> None:
    """Put into the address what no Streamlit control is bound to.

    Done while a page is drawn: a callback's change to the address is lost when a rerun follows.
    """
    columns = zip(range(1, state.n + 1), state.temperatures, TEMPERATURES, strict=False)
    wanted = {
        "n": [str(state.n)] * (state.n != 3),
        **{f"t{k}": [f"{t:g}"] * (t != usual) for k, t, usual in columns},
        "step": [str(state.word)] * (state.word != 1),
        "force": [f"{at + 1} {word}" for at, word in sorted(state.forced.items())],
    }
    wanted |= {f"t{k}": [] for k in range(state.n + 1, MOST_COLUMNS + 1)}
    for name, values in wanted.items():
        if st.query_params.get_all(name) != values:
            if values:
                st.query_params[name] = values
            else:
                del st.query_params[name]


def _read_address() -> None:
    params, names = st.query_params, models()
    fields = _fields(names)
    named = [k for k in range(1, MOST_COLUMNS + 1) if f"t{k}" in params]
    asked = params.get("n", str(max([3, *named])))
    state.n = int(asked) if fields["n"][0](asked) else 3
    state.temperatures = [
        float(params[f"t{k}"]) if f"t{k}" in params and fields[f"t{k}"][0](params[f"t{k}"]) else usual
        for k, usual in enumerate(TEMPERATURES, 1)
    ]
    state.word = int(params["step"]) if "step" in params and fields["step"][0](params["step"]) else 1
    state.forced = {}
    state.notes = address_notes(fields)
    if beyond := [k for k in named if k > state.n]:
        state.notes.append(
            f"The address gives column {beyond[-1]} a temperature, but asks for {state.n} columns; it was "
            "left out."
        )
    if params.get("follow") in PLACES[state.n :]:
        state.notes.append(
            f"The address has all columns read {params['follow']}, but asks for {state.n} columns; it was "
            "left out."
        )
    vocabulary = load(params.get("model") if params.get("model") in names else names[0]).vocabulary
    for entry in params.get_all("force")[:200]:
        place, _, word = entry.partition(" ")
        if not (number(1, 200, whole=True)(place) and word in vocabulary):
            state.notes.append(
                f"The address forces “{plain(entry[:40])}”, which is not a place and a known word; "
                "it was left out."
            )
        else:
            state.forced[int(place) - 1] = word


def reset(temperatures: Sequence[float] = TEMPERATURES[:3], **changes: Any) -> None:
    """Every control that shapes the texts to where it starts, but for `changes`."""
    for name, value in {**DEFAULTS, **changes}.items():
        state[name] = value
    have_columns(temperatures)
    state.forced, state.word = {}, 1


def have_columns(temperatures: Sequence[float]) -> None:
    """Have a column for each of `temperatures`."""
    other_columns()
    state.n = len(temperatures)
    state.temperatures = [*map(float, temperatures), *TEMPERATURES[state.n :]]


def other_columns() -> None:
    """What sliders are about to say is no longer meant: their columns are others by now."""
    state.generation = state.get("generation", 0) + 1


def force(number: int, words: Sequence[str] | None) -> None:
    """Every column must write `words` from word `number` on; None frees that word."""
    if words is None:
        state.forced.pop(number - 1, None)
    for i, word in enumerate(words or ()):
        state.forced[number - 1 + i] = word


def compare_with(
    title: str,
    temperatures: Sequence[float],
    *,
    model: str,
    seed: int,
    words: int,
    opening: str = "",
    forced: Iterable[tuple[int, str]] = (),
    word: int = 1,
    **controls: Any,
) -> None:
    """Leave this page for the comparison page, where these settings write the same words as here; `controls`
    are what else is not as it starts there."""
    have_columns(temperatures)
    state.word, state.forced, state.notes = word, dict(forced), []
    # What the reader once set there would come back otherwise.
    asked = {name: value for name, value in DEFAULTS.items() if name in state}
    asked |= {"title": title, "opening": opening, "words": words, "model": model, "seed": seed}
    _leave("pages/compare.py", asked | controls)


def look_inside(of: Request, column: int, step: int) -> None:
    """Leave the comparison for the cell page, for the words that column `column` (from 0) has read, at the
    step that decides word `step` (from 1): the one that reads the word before it.

    Not to be called from a fragment: what the controls of the page say would be lost.
    """
    read = column if of.context == "own" else int(of.context)
    state.came_from = {"temperatures": of.temperatures, "column": read + 1}
    state.carried = {
        "rule": [f"{name} {state[name]:g}" for name in RULES if state[name] != DEFAULTS[name]]
        + ["unk true"] * bool(state.get("unk")),
        "force": [f"{at + 1} {word}" for at, word in of.forced],
        "draws": [f"column {read + 1}"] * (of.luck == "independent"),
    }
    asked = {name: state[name] for name in ("title", "opening", "model", "seed", "words")}
    asked |= {"temperature": of.temperatures[read], "at": len(tokenize(of.prompt)) + step - 1}
    _leave("pages/cell.py", asked)


def _leave(page: str, asked: dict[str, Any]) -> None:
    """Go to `page`, with these values in its controls and in the address.

    Streamlit lets the address of a page be set only for controls that it does not know, and puts into the
    address what the state says only of those that it knows.
    """
    state.arriving = {name: value for name, value in asked.items() if name in state}
    rest = {name: value for name, value in asked.items() if name not in state}
    texts = {
        name: str(value).lower()
        if isinstance(value, bool)
        else f"{value:g}"
        if isinstance(value, float)
        else str(value)
        for name, value in rest.items()
    }
    st.switch_page(page, query_params=texts)


def arrive() -> None:
    """Take in what the page that was left has sent, before the controls are drawn."""
    for name, value in state.pop("arriving", {}).items():
        state[name] = value


def rules_on() -> int:
    """How many sampling rules beside the temperature are at work."""
    return sum(
        name in state and state[name] != DEFAULTS[name]
        for name in ("penalty", "k", "p", "min_p", "typical", "unk")
    )


def notes() -> list[str]:
    """What the page has to say about what it was given: one sentence each, escaped."""
    found: list[str] = []
    now = settings()
    if state.setdefault("first_settings", now) == now:
        found += state.notes  # until something changes
    return found + text_notes(now.model)


def text_notes(model: str) -> list[str]:
    """What there is to say about the title and the opening that `model` is to continue, escaped."""
    found: list[str] = []
    for what, longest in (("title", LONGEST_TITLE), ("opening", LONGEST_OPENING)):
        length = len(one_line(state.get(what)))
        if length > longest:
            found.append(f"The {what} has {length:,} characters; the network reads the first {longest}.")
    title = one_line(state.get("title"))[:LONGEST_TITLE]
    opening = one_line(state.get("opening"))[:LONGEST_OPENING]
    if not title:
        found.append("There is no title, so the network writes whatever recipe comes to it.")
    vocabulary = load(model).vocabulary
    if unknown := unknown_words(f"{title} {opening}", vocabulary):
        listed = ", ".join(plain(word[:30]) for word in unknown[:8]) + (" …" if len(unknown) > 8 else "")
        found.append(
            f"Not among the {len(vocabulary):,} words the network knows: {listed}. "
            f"It reads each of them as {plain(UNKNOWN)}, “some word”."
        )
    return found


def one_line(text: str | None) -> str:
    return " ".join((text or "").split())


# -- the address -----------------------------------------------------------------------------------

Field = tuple[Callable[[str], bool], str]  # a check, and the words that say what may stand there


def _fields(names: Sequence[str]) -> dict[str, Field]:
    anything: Field = (lambda text: True, "")
    yes_no = one_of(["true", "false"], "it is true or false")
    return {
        "title": anything,
        "opening": anything,
        "force": anything,
        "model": one_of(names, "the networks are " + ", ".join(names)),
        "seed": (number(0, LARGEST_SEED, whole=True), "a seed is a whole number from 0"),
        "words": (number(5, 200, whole=True), "a text has 5 to 200 words"),
        "n": (number(2, MOST_COLUMNS, whole=True), f"there are 2 to {MOST_COLUMNS} columns"),
        "step": (number(1, 200, whole=True), "a word's number is from 1 to 200"),
        "color": one_of(COLORS, "colours stand for " + ", ".join(COLORS)),
        "line": one_of(
            list(charts.TIMELINE_MEASURES), "the lines show " + ", ".join(charts.TIMELINE_MEASURES)
        ),
        "luck": one_of(LUCK, "luck is shared or separate"),
        "follow": one_of(["own", *PLACES], "columns read “own” or “column 1” to “column 6”"),
        "live": one_of(PLACES, "it is “column 1” to “column 6”"),
        "penalty": (number(1, 2), "a repetition penalty is from 1 to 2"),
        "k": (number(0, 10_000, whole=True), "top-k is a whole number from 0 to 10,000"),
        "p": (number(0, 1), "top-p is from 0 to 1"),
        "min_p": (number(0, 1), "min-p is from 0 to 1"),
        "typical": (number(0.05, 1), "typical is from 0.05 to 1"),
        "unk": yes_no,
        "show_luck": yes_no,
        **{f"t{k}": (number(0, 2), "a temperature here is from 0 to 2") for k in range(1, MOST_COLUMNS + 1)},
    }


def number(low: float, high: float, whole: bool = False) -> Callable[[str], bool]:
    def accepts(text: str) -> bool:
        try:
            value = int(text) if whole else float(text)
        except ValueError:
            return False
        return not math.isnan(value) and low <= value <= high

    return accepts


def one_of(options: Sequence[str], meaning: str) -> Field:
    return (lambda text: text in options), meaning


def address_notes(fields: dict[str, Field]) -> list[str]:
    """What the address asked for and could not have, one sentence a field."""
    found = []
    for name in st.query_params:
        shown = plain(name[:20])
        if name not in fields:
            found.append(f"The address has a field “{shown}” that this page does not know; it was left out.")
            continue
        accepts, meaning = fields[name]
        for value in st.query_params.get_all(name):
            if not accepts(value):
                found.append(
                    f"The address asks for {shown} = “{plain(value[:40])}”, but {meaning}; it was left out."
                )
    return found[:6] + (
        [f"{len(found) - 6} more fields of the address were left out."] if len(found) > 6 else []
    )


def clean_address(fields: dict[str, Field], lists: Sequence[str] = ()) -> None:
    """Take out of the address what `address_notes` says was left out. Call it before the controls are drawn.

    A control reads the last value of its field, but for `lists`, which it reads by itself.
    """
    for name in list(st.query_params):
        if name in lists:
            continue
        values = st.query_params.get_all(name)
        if name not in fields or not fields[name][0](values[-1]):
            del st.query_params[name]
        elif len(values) > 1:
            st.query_params[name] = values[-1]


# -- words and styles ------------------------------------------------------------------------------


def in_words(temperature: float) -> str:
    """What a temperature means, in a few words."""
    if temperature == 0:
        return "greedy: always the likeliest word"
    if temperature == 1:
        return "the network's own probabilities"
    for below, text in (
        (0.4, "nearly always a very likely word"),
        (0.75, "likely words"),
        (1, "a little cooler than learned"),
        (1.3, "a little warmer than learned"),
        (1.7, "unlikely words get a chance"),
    ):
        if temperature < below:
            return text
    return "nearly anything goes"


def legend(color: str) -> str:
    """The scale of the words' colour, as HTML."""
    ends = {
        "surprisal": ("at T = 1: 0 bits", "12 bits or more"),
        "rank": ("rank 1", "rank 1,000 or more"),
        "probability": ("100 %", "0 %"),
    }.get(color)
    if ends is None:
        return '<span class="legend">&nbsp;</span>'
    low, high = (html.escape(end) for end in ends)
    return f'<span class="legend">{low}<i style="--hue: {charts.SURPRISAL_COLOR}"></i>{high}</span>'


columns_component = component("columns")
_SCALE = [charts.temperature_color(t * SLIDER_STEP) for t in range(round(HOTTEST / SLIDER_STEP) + 1)]


def column(comparison: Comparison, k: int, name: str, mark: Mark | None, opening: str = "") -> dict[str, Any]:
    """Run `k` of `comparison` as one of the `columns`; `mark` is where it leaves its neighbour."""
    temperature = comparison.runs[k].sampler.temperature
    return {
        "temperature": temperature,
        "rows": [_compact(row) for row in comparison.word_rows(k, tokenize(opening))],
        "name": name,
        "note": in_words(temperature),
        "parts": mark.position if mark else -1,
        "why": mark.reason if mark else "",
    }


def _compact(row: dict[str, Any]) -> dict[str, Any]:
    """What a column shows of a word's row, in few bytes."""
    # Rounded, but never up to a certainty that is none.
    numbers = {
        name: value if 0.999 < (value := row[name]) < 1 else float(f"{value:.4g}")
        for name in ("probability", "plain", "bits")
    }
    marks = {name: True for name in ("space", "forced", "end", "verb") if row[name]}
    return {"text": row["text"], "rank": row["rank"], **numbers, **marks}


def columns(
    key: str,
    shown: Sequence[dict[str, Any]],
    word: int,
    *,
    sliders: bool = True,
    opening: str = "",
    measure: str = "surprisal",
    on_ask: Callable[[], None],
    on_add: Callable[[], None] = lambda: None,
    on_remove: Callable[[], None] = lambda: None,
) -> None:
    """Texts side by side, `word` (from 1, or 0 for none) picked in each.

    With `sliders`, each has a slider for its temperature and a cross that removes it, and below them all
    stands the walk through their words. What is asked for, see `asked`, calls `on_ask`.
    """
    told = state.get(key)
    columns_component(
        key=key,
        data={
            "columns": shown,
            "word": word,
            "sliders": sliders,
            "opening": opening,
            "measure": measure,
            "scale": _SCALE,
            "fewest": FEWEST_COLUMNS,
            "most": MOST_COLUMNS,
            "answered": told["ask"]["number"] if told and told.get("ask") else 0,
            "generation": state.get("generation", 0),
        },
        on_ask_change=on_ask,
        on_add_change=on_add,
        on_remove_change=on_remove,
    )


def asked(key: str) -> dict[str | int, Any]:
    """What the columns `key` ask for: the number of the "word" to pick, and temperatures by the number of
    their column. What no slider can say is left out."""
    values: dict[str | int, Any] = {}
    if state[key].ask["generation"] != state.get("generation", 0):  # of columns that are others by now
        return values
    for name, value in state[key].ask["values"].items():
        if name == "word" and isinstance(value, int):
            values[name] = value
        elif name in map(str, range(1, MOST_COLUMNS + 1)) and number(0, HOTTEST)(str(value)):
            values[int(name)] = float(value)
    return values


def style_columns(temperatures: Sequence[float]) -> None:
    """The containers `column1`, `column2`, ... and the sliders in them take the colours of temperatures."""
    rules = "".join(
        f".st-key-column{k} {{ --heat: {charts.temperature_color(t)}; }}"
        for k, t in enumerate(temperatures, 1)
    )
    st.html(f"<style>{rules}</style>")


def step_caption(comparison: Comparison, of: Request, position: int, *, luck: bool) -> str:
    """What the columns have read before the word at `position`, and what the chart's signs mean."""
    same = len({step.prompt for step in comparison.steps_at(position) if step}) < 2
    if of.context != "own":
        read = f"All columns read the words of column {int(of.context) + 1}: one context, re-tempered."
    elif same:
        read = "All columns have read the same words so far: what differs is temperature alone."
    else:
        read = (
            "The columns have read different words by now, so their contexts differ as well as their "
            "temperatures."
        )
    sums = (
        "Faded: what a sampling rule removed, as likely as it was before. The other bars of a panel sum to "
        "100 %."
        if rules_on()
        else "The last row is the rest of the vocabulary, so each panel sums to 100 %."
    )
    if luck:
        return (
            f"{read} The numbers are log p + g: the logarithm of the word's probability, and the draw's luck "
            "for this word. The largest is written (outlined), unless a word is forced."
        )
    return f"{read} Outlined: the word written. {sums} Click a word to see what would follow it."


def chapter(title: str, caption: str, point: str) -> str:
    """The head of a chart, as HTML: its title, what it shows, and in words, for screen readers, its point."""
    return (
        f'<div class="chapter"><h3>{html.escape(title)}</h3><p>{html.escape(caption)}</p>'
        f'<p class="for-screen-readers">{html.escape(point)}</p></div>'
    )


def draw(
    spec: dict[str, Any], point: str | None = None, *, what: str, key: str, on_select: Any = "ignore"
) -> None:
    """A chart that is updated in place. `point` says in words what it shows now, for screen readers; None
    where a `chapter` has said it.

    Streamlit draws a chart anew when its `alt` text changes, so that text is constant and `point` stands
    before it. Tables reach the browser sooner than lists of rows, which would go through pandas.
    """
    tables = {name: pa.Table.from_pylist(rows) for name, rows in spec["datasets"].items()}
    if point is not None:
        st.html(f'<p class="for-screen-readers">{html.escape(point)}</p>')
    # Only a chart that can be clicked in carries its key into the page.
    with st.container(key=key) if on_select == "ignore" else contextlib.nullcontext():
        st.vega_lite_chart(
            {**spec, "datasets": tables},
            key=f"{key}_chart" if on_select == "ignore" else key,
            width="stretch",
            on_select=on_select,
            alt=f"{what}. What it shows now is said in the text before it.",
        )


def picks() -> int:
    """How many picks in charts this session has made: a chart's marks carry it, so that the same one can be
    picked again."""
    return state.get("picks", 0)


def count_pick() -> None:
    state.picks = picks() + 1


__all__ = ["END_OF_RECIPE", "Request", "compare", "load", "models", "plain", "settings", "state"]
