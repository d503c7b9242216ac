"""The address of every page: one table of what may stand in it; reading it, correcting it, writing it.

A row of `TABLE` says what its control starts with, what may stand in the address, and in words what that is:
controls, checks and notes are made from it. Saved links keep their meaning: rows may be added, but none may
go or mean something else.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.state import get_session_state

from pages.parts.drawing import PARTS, plain
from textgen import charts
from textgen.measuring.dishes import TEMPERATURES as DISH_TEMPERATURES
from textgen.measuring.units import FACTS
from textgen.network.bundle import available_bundles
from textgen.text.vocabulary import Vocabulary, tokenize
from textgen.training import runs
from textgen.training.architectures import ARCHITECTURES
from textgen.training.limits import Limits, limits
from textgen.training.plan import EPOCHS
from textgen.views.guess import MODES, ROUNDS
from textgen.views.lessons import CUTS, LESSONS, OPTIONS, QUESTIONS
from textgen.views.many import DEEPEST
from textgen.views.models import ERAS
from textgen.views.sweep import rule_name
from textgen.writing.rules import RULES

FEWEST_COLUMNS, MOST_COLUMNS = 2, 6
MOST_PANELS = 4  # temperatures on the page of many texts
PLACES = tuple(f"column {k}" for k in range(1, MOST_COLUMNS + 1))
ROWS = tuple(f"row {k}" for k in range(1, 4))  # of texts on the models page, each of one temperature
TEMPERATURES = (0.2, 0.7, 1.2, 1.6, 2.0, 0.4)  # of the columns, the first three of them at first
HOTTEST, SLIDER_STEP = 2.0, 0.05  # of the temperature sliders
VERB_TEMPERATURES = (0.0, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4, 1.6, 1.8, 2.0)
SWEEP_FILTERS = {
    rule_name(rules): rules
    for rules in ("none", "top_k=10", "top_k=40", "top_p=0.9", "min_p=0.1", "typical_p=0.9")
}
VIEWS = ("chances", "point", "luck")  # of a word's bars
STAGES = ("predict", "try", "compare", "check", "card")  # of a lesson, and what was found in all of them
DISHES = ("Roasted vegetables", "Chocolate ice cream")
MOST_NOTES = 6  # sentences about an address; the rest are counted

state = st.session_state


def written(value: Any) -> str:
    """`value` as an address spells it."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True)
class Field:
    """One key of an address, on those `pages` that have it."""

    key: str
    pages: str
    what: str = ""  # the thing that its value is, for sentences
    start: Any = None  # what its control says at first; None: the first of `options`
    low: Any = None  # numbers are whole if this is
    high: Any = None
    step: Any = None
    options: Sequence[Any] = ()
    parse: Callable[[str], Any] | None = None  # of what is none of these; ValueError if it may not stand here
    many: int = 0  # so many of its values count; 0: the last one alone
    nearest: bool = False  # a number beyond the bounds is taken as the bound

    @property
    def default(self) -> Any:
        return self.options[0] if self.start is None and self.options else self.start

    @property
    def meaning(self) -> str:
        """What may stand here, as a sentence's end."""
        if self.parse:
            return self.what
        if self.options:
            return f"{self.what} is one of {', '.join(map(written, self.options))}"
        if isinstance(self.start, bool):
            return f"{self.what} is true or false"
        if self.low is None:
            return self.what
        low, high = (f"{end:,}" if isinstance(end, int) else f"{end:g}" for end in (self.low, self.high))
        return f"{self.what} is {'a whole number ' * self.whole}from {low} to {high}"

    @property
    def whole(self) -> bool:
        return isinstance(self.low, int)

    def read(self, text: str) -> Any:
        """The value that `text` spells; ValueError if that may not stand here."""
        if self.parse:
            return self.parse(text)
        if self.options or isinstance(self.start, bool):
            for value in self.options or (True, False):
                if written(value) == text:
                    return value
            raise ValueError(text)
        if self.low is None:
            return text
        value = float(text)
        if not self.low <= value <= self.high or (self.whole and value % 1):  # NaN is within no bounds
            raise ValueError(text)
        return int(value) if self.whole else value

    def within(self, value: Any) -> Any:
        """`value`, or the bound that it is beyond."""
        return min(max(value, self.low), self.high)


def _dish(text: str) -> str:
    if text and not tokenize(text):
        raise ValueError(text)
    return text


def round_and_answer(text: str) -> tuple[int, str]:
    """The number of a round, and an answer; whether the round has such a one, its page knows."""
    number, _, answer = text.partition(" ")
    if number not in map(str, range(1, ROUNDS + 1)) or not answer:
        raise ValueError(text)
    return int(number), answer


def _run(text: str) -> str:
    if runs.run_of(text) is None:
        raise ValueError(text)
    return text


def _parts(text: str) -> tuple[str, ...]:
    parts = tuple(text.split(","))
    if not set(parts) <= set(PARTS):
        raise ValueError(text)
    return parts


def _lesson(text: str) -> int:
    """The number of a lesson, or of the nearest there is."""
    return int(min(max(float(text), 1), len(LESSONS)))


def _answer(text: str) -> tuple[int, str, int, int]:
    """The number of a lesson, the question, the number of its case and that of the answer (from 1)."""
    lesson, question, case, answer = text.split(".")
    known = question in QUESTIONS and 1 <= int(lesson) <= len(LESSONS) and 1 <= int(answer) <= OPTIONS
    found = int(lesson), question, CASE.read(case), int(answer)
    if not known or ".".join(map(str, found)) != text:
        raise ValueError(text)
    return found


def _rule(text: str) -> tuple[str, Any]:
    """A sampling rule as the cell page has it: the key of the comparison page and its value."""
    key, _, value = text.partition(" ")
    if key not in RULE_KEYS:
        raise ValueError(text)
    return key, fields("compare")[key].read(value)


def forced(vocabulary: Vocabulary) -> Callable[[str], tuple[int, str]]:
    """How to read a forced word: its position (from 0) and what it is."""

    def read(text: str) -> tuple[int, str]:
        number, _, word = text.partition(" ")
        if word not in vocabulary:
            raise ValueError(text)
        return STEP.read(number) - 1, word

    return read


def refuse(text: str) -> Any:
    """A reading that has room for nothing."""
    raise ValueError(text)


RULE_KEYS = (*(rule.key for rule in RULES), "unk")
WORDS = Field("words", "compare cell", "the number of words", 60, 5, 200, 5)
STEP = Field("step", "compare learn models", "the number of a word", 1, 1, 200, 1)
TEMPERATURE = Field("temperature", "cell", "a temperature here", 0.7, 0.0, HOTTEST, SLIDER_STEP)
PLACE = Field("live", "compare", "a column", options=PLACES)
CASE = Field("case", "learn", "the number of a case", 1, 0, 2**31 - 1, 1)

TABLE = (
    # -- what is written ---------------------------------------------------------------------------
    Field("title", "compare cell models many", start=DISHES[0]),
    Field("opening", "compare cell", start=""),
    Field(
        "dish",
        "verbs",
        "a title has letters or digits",
        DISHES,
        parse=_dish,
        many=6,
    ),
    Field("prompt", "sweep", start=DISHES[:1], many=4),
    Field("model", "compare cell verbs models many", "the network"),
    Field("network", "sweep", "a network", many=100),
    Field("seed", "compare cell verbs sweep models many", "a seed", 33, 0, 2**31 - 1, 1),
    WORDS,
    replace(WORDS, pages="models", start=40),
    replace(WORDS, key="length", pages="sweep"),
    # -- temperatures ------------------------------------------------------------------------------
    Field("n", "compare", "the number of columns", 3, FEWEST_COLUMNS, MOST_COLUMNS, 1),
    *(
        replace(
            TEMPERATURE,
            key=f"t{k}",
            pages="compare"
            + " models" * (k <= len(ROWS))
            + " many" * (k <= MOST_PANELS)
            + " learn" * (k <= 2),
            start=usual,
        )
        for k, usual in enumerate(TEMPERATURES, 1)
    ),
    Field("panels", "many", "the number of temperatures", 3, FEWEST_COLUMNS, MOST_PANELS, 1),
    TEMPERATURE,
    Field("temperature", "verbs", "a temperature of this page", 1.0, options=VERB_TEMPERATURES),
    Field("low", "sweep", "the start of a range", 0.0, 0.0, 5.0, 0.1),
    Field("high", "sweep", "the end of a range", 2.0, 0.0, 5.0, 0.1),
    Field("by", "sweep", "a step", 0.1, 0.01, 2.0, 0.05),
    # -- sampling ----------------------------------------------------------------------------------
    *(
        Field(
            rule.key,
            "compare learn" if rule.name in CUTS else "compare",
            rule.label.lower(),
            rule.off,
            rule.low,
            rule.high,
            rule.step,
        )
        for rule in RULES
    ),
    Field("unk", "compare", "unk", False),
    Field(
        "rule", "cell", f"it is a number for {', '.join(RULE_KEYS[:-1])}, or “unk true”", parse=_rule, many=20
    ),
    Field(
        "filter", "sweep", "a filter", ("no filter",), options=tuple(SWEEP_FILTERS), many=len(SWEEP_FILTERS)
    ),
    Field("count", "sweep", "the number of texts", 64, options=(8, 16, 32, 64, 128, 240)),
    Field("count", "many", "the number of texts", 50, options=(10, 20, 50, 100)),
    # -- luck, and what a text was made to say -----------------------------------------------------
    Field("luck", "compare", "luck", options=("shared", "separate")),
    Field("draws", "cell", "a column", "", options=PLACES),
    Field("follow", "compare", "what columns read", options=("own", *PLACES)),
    Field("force", "compare cell", "it is not a place and a known word", (), many=200),
    # -- lessons -----------------------------------------------------------------------------------
    Field(
        "lesson",
        "learn",
        f"a lesson has a number from 1 to {len(LESSONS)}",
        1,
        1,
        len(LESSONS),
        parse=_lesson,
    ),
    Field("stage", "learn", "a part of a lesson", options=STAGES),
    CASE,
    Field("answer", "learn", "it is no answer to a question of these lessons", (), parse=_answer, many=60),
    Field("draw", "learn", "the number of other luck", 0, 0, 9_999, 1),
    # -- what is looked at -------------------------------------------------------------------------
    STEP,
    PLACE,
    Field("color", "compare", "a colour", options=("surprisal", "rank", "probability", "off")),
    Field("line", "compare", "what the lines show", options=tuple(charts.TIMELINE_MEASURES)),
    Field("view", "compare learn", "what the bars show", options=VIEWS),
    Field("show_luck", "compare", "show_luck", False),  # of older links: the view “luck”
    Field("present", "compare learn", "present", False),
    Field(
        "hide",
        "compare learn",
        f"what is left out is of {', '.join(PARTS)}",
        (),
        parse=_parts,
        many=len(PARTS),
    ),
    Field("depth", "many", "the number of words", 10, 3, DEEPEST, 1),
    Field("strand", "many", "the number of words of a beginning", options=(1, 2, 3)),
    Field("reference", "verbs", "the title that others are apart from"),
    Field("verb", "verbs", "a verb that dishes begin with"),
    Field("heat", "verbs", "a temperature of the dishes", 1.0, options=DISH_TEMPERATURES),
    Field("at", "models", "a row", options=ROWS),
    Field("at", "sweep", "the temperature of the texts", 0.7, 0.0, 5.0),
    Field("at", "cell", "the number of a word read", 8, 1, 900, 1),  # 8: the third after the default title
    Field("prompt", "models", "a recorded beginning"),
    Field("epoch", "models", "a recorded epoch", None, 0, 0, 1),
    Field("era", "models", "the age of recipes", options=ERAS),
    Field("layer", "cell", "a layer", options=(1,)),
    Field("gate", "cell", "a gate or state", "hidden"),
    Field("order", "cell", "the order of units", options=("number", "mean value", *FACTS)),
    Field("unit", "cell", "a unit", None, 0, 0, 1),
    Field("fact", "cell", "a fact", options=tuple(FACTS)),
    Field("shade", "cell", "what colours a text", options=("hidden", "cell")),
    # -- a game, whose answers belong to its number and its network: no other page may change those ---
    Field("mode", "guess", "the game", options=MODES),
    Field("game", "guess", "the number of a game", 1, 0, 2**31 - 1, 1),
    Field("writer", "guess learn", "the network"),
    Field("round", "guess", "the number of a round", 1, 1, ROUNDS, 1, nearest=True),
    Field(
        "guess", "guess", "no round of this game has such an answer", (), parse=round_and_answer, many=ROUNDS
    ),
    # -- a network of one's own --------------------------------------------------------------------
    Field("run", "yours", "there is no such training on this server, or no longer", "", parse=_run),
    Field("corpus", "yours", "the corpus", options=("sample", "file")),
    Field("texts", "yours", "what its texts are", options=("recipes", "lines")),
    Field("architecture", "yours", "an architecture", options=tuple(ARCHITECTURES)),
    Field(
        "vocabulary",
        "yours",
        "the size of a vocabulary",
        runs.Choices.vocabulary,
        runs.SMALLEST_VOCABULARY,
        Limits.vocabulary,
        50,
    ),
    Field("units", "yours", "the number of units", runs.Choices.units, runs.SMALLEST_UNITS, Limits.units, 8),
    Field("epochs", "yours", "the number of epochs", EPOCHS, 1, Limits.epochs, 1),
)


def fields(page: str, **found: Mapping[str, Any]) -> dict[str, Field]:
    """The rows of `page` by key; `found` are changes to those that depend on what there is."""
    known = networks(), limits()
    return dict(_fields(page, *known)) if not found else _made(page, *known, found)


@lru_cache(maxsize=64)
def _fields(page: str, names: tuple[str, ...], bounds: Limits) -> dict[str, Field]:
    return _made(page, names, bounds, {})


def _made(
    page: str, names: tuple[str, ...], bounds: Limits, found: Mapping[str, Mapping[str, Any]]
) -> dict[str, Field]:
    changes: dict[str, Mapping[str, Any]] = {
        **{key: {"options": names} for key in ("model", "writer")},
        "network": {"options": names, "start": names[:1]},
        "vocabulary": {"high": bounds.vocabulary},
        "units": {"high": bounds.units},
        "epochs": {"high": bounds.epochs, "start": min(EPOCHS, bounds.epochs)},
        **found,
    }
    rows = (field for field in TABLE if page in field.pages.split())
    return {field.key: replace(field, **changes.get(field.key, {})) for field in rows}


def networks() -> tuple[str, ...]:
    """The networks of this visit: those that everybody has, and of those that people trained for themselves
    the ones that it trained or whose address it was given."""
    told: list[str] = state.setdefault("told_networks", [])
    for key in ("model", "network", "writer"):
        told += [name for name in st.query_params.get_all(key) if runs.SECRET_NAME.fullmatch(name)]
    state.told_networks = list(dict.fromkeys(told))
    return (*available_bundles(), *runs.networks_among(state.told_networks))


def said(field: Field) -> Any:
    """What the control of a field says, or will say once it is there: the address, or how it starts."""
    with contextlib.suppress(KeyError):  # to ask whether it is there would look it up twice
        return state[field.key]
    texts = st.query_params.get_all(field.key)
    with contextlib.suppress(ValueError):
        if field.many and texts:
            return [field.read(text) for text in texts]
        if texts:
            return field.read(texts[-1])
    return field.default


def went_back() -> bool:
    """Whether the browser's Back or Forward asks for this run: the address says all that there is."""
    return bool(getattr(get_script_run_ctx(), "is_history_navigation", False))


def restore(known: Mapping[str, Field]) -> None:
    """After Back to another page: what the address says, of which Streamlit drops all that the page that was
    left has controls for under the same name."""
    asked = parse_qs(getattr(get_script_run_ctx(), "query_string", ""), keep_blank_values=True)
    if write({key: texts for key, texts in asked.items() if key in known}):
        st.rerun()


def settle(page: str) -> None:
    """The address of `page` was written by this app: there is nothing to correct and nothing to say."""
    state.setdefault("address_notes", {})[page] = _Notes(())


# -- correcting, and saying so ---------------------------------------------------------------------


def arrive(page: str, known: Mapping[str, Field]) -> None:
    """Once a visit, bring the address of `page` to what `known` has room for, and note what that changed.

    To be called before any control is drawn. Controls take what the address said when the script started, in
    readings of their own (`k=4.9` is 4 to them); so if anything was wrong, the script starts once more.
    """
    seen: dict[str, _Notes] = state.setdefault("address_notes", {})
    if page in seen:
        return
    sentences: list[str] = []
    corrected: dict[str, Sequence[str]] = {}
    for key in st.query_params:
        asked = st.query_params.get_all(key)
        if key not in known:
            corrected[key] = []
            sentences.append(
                f"The address has a field “{plain(key[:20])}” that this page does not know; it was left out."
            )
            continue
        corrected[key], more = _corrected(known[key], asked)
        sentences += more
    seen[page] = _Notes(sentences)
    if write(corrected):
        st.rerun()


def _corrected(field: Field, asked: Sequence[str]) -> tuple[list[str], list[str]]:
    """What of `asked` may stay in the address, as it is to be spelled, and sentences about the rest."""
    kept, sentences = [], []
    for text in asked:
        quoted = f"The address asks for {field.key} = “{plain(text[:40])}”"
        try:
            value = field.read(text)
        except ValueError:
            bound = _bound(field, text)
            end = f"it was taken as {bound}" if bound else "it was left out"
            sentences.append(f"{quoted}, but {plain(field.meaning)}; {end}.")
            kept += [bound] if bound else []
            continue
        kept.append(written(value) if field.whole else text)
        if kept[-1] != text:
            sentences.append(f"{quoted}; it was taken as {kept[-1]}.")
    if len(kept) > field.many > 1:
        sentences.append(f"The address names {len(kept)} of “{field.key}”; the first {field.many} are taken.")
    return kept[: field.many] if field.many > 1 else kept[-1:], sentences


def _bound(field: Field, text: str) -> str:
    """The bound that the number `text` is beyond, as it is to be spelled, for a field that goes there."""
    with contextlib.suppress(ValueError):
        if field.nearest and (number := float(text)) == number:  # not NaN
            return written(type(field.low)(field.within(number)))
    return ""


@dataclass
class _Notes:
    sentences: Sequence[str]
    said_with: Any = None  # what the controls said when they were shown first


def note(page: str, sentences: Sequence[str]) -> None:
    """Say these, escaped, with what the address of `page` asked for and could not have."""
    about = state.address_notes.setdefault(page, _Notes(()))
    about.sentences = [*about.sentences, *sentences]


def notes(page: str, now: Any) -> list[str]:
    """What the address of `page` asked for and could not have, until the controls say no longer `now`."""
    about: _Notes = state.address_notes.get(page, _Notes(()))
    if about.said_with is None:
        about.said_with = now
    if about.said_with != now:
        about.sentences = ()
    beyond = len(about.sentences) - MOST_NOTES
    counted = [f"{beyond} more fields of the address were left out or corrected."] * (beyond > 0)
    return [*about.sentences[:MOST_NOTES], *counted]


def _follow_controls(but: Iterable[str]) -> None:
    """Have the address say of the controls of this page what they say, all keys `but` these.

    A run that a fast hand has overtaken sends the address of its own time, and the browser asks for the run
    after it with that: the control has moved on then, and Streamlit leaves its part of the address as it was.
    """
    with get_session_state().query_params() as query:
        bound = {key: field for key, field in fields(state.page).items() if query.is_bound(key)}
        for key in bound.keys() - set(but):
            field = bound[key]
            if None in (state.get(key), field.default):
                continue
            if isinstance(state[key], (list, tuple)) != bool(field.many):
                continue  # the page that was left says it, and has not been drawn to its end
            now: list[Any] = list(state[key]) if field.many else [state[key]]
            start: list[Any] = list(field.default) if field.many else [field.default]
            with contextlib.suppress(ValueError):  # what only a network can read is left alone
                if ([field.read(text) for text in query.get_all(key)] or start) == now:
                    continue
                if now == start:
                    query.discard_param_no_forward_msg(key)
                else:
                    query.set_with_no_forward_msg(key, [written(one) for one in now])


def write(wanted: Mapping[str, Sequence[str]]) -> bool:
    """Put the values of these keys into the address, for what no control is bound to; whether it changed.

    Done while a page is drawn: a callback's change to the address is lost when a rerun follows. The whole
    address is sent even if nothing changed: a run starts with the address that the browser had when it asked,
    and what runs before it have sent since may not have been there yet.
    """
    _follow_controls(but=wanted)
    news = {
        key: list(values) for key, values in wanted.items() if st.query_params.get_all(key) != list(values)
    }
    with get_session_state().query_params() as query:
        # Until this run ends, by a control of the page that was left, which nothing else may set.
        for key in filter(query.is_bound, news):
            query.set_with_no_forward_msg(key, news[key])
    rest = {key: values for key, values in news.items() if st.query_params.get_all(key) != values}
    for key in [key for key, values in rest.items() if not values]:
        del st.query_params[key]
    st.query_params.update({key: values for key, values in rest.items() if values})
    return bool(news)
