"""The controls that pages share. What they start with and how far they go is in the table of `address`."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from pages.parts.address import DISHES, RULE_KEYS, Field, said
from pages.parts.drawing import control_name, plain
from textgen.text.recipe import split_prompt
from textgen.text.vocabulary import UNKNOWN, UNKNOWN_ID, Vocabulary, unknown_words
from textgen.views.names import network_label
from textgen.writing.rules import RULES, Rule

LONGEST_TITLE = 200  # characters; far beyond any title the networks have read
LONGEST_OPENING = 400
SHARED = ("title", "seed", "model")  # one and the same on all pages that have them
LISTS = ("dish", "prompt")  # of titles, where a page has several

state = st.session_state


# -- what a control says is remembered, for when the reader comes back to its page ------------------


def keep(field: Field, value: Any) -> Any:
    """Remember what the control of `field` says, and what it means on other pages; returns `value`."""
    kept: dict[str, Any] = state.setdefault("kept", {}).setdefault(state.get("page"), {})
    shared: dict[str, Any] = state.setdefault("shared", {})
    if field.key in SHARED:
        shared[field.key] = value
    elif field.key in LISTS and field.many and value and shared.get("title", DISHES[0]) not in value:
        shared["title"] = value[-1]  # in place of the one that has gone
    kept[field.key] = value
    return value


def kept(page: str, known: Mapping[str, Field]) -> dict[str, Any]:
    """What the controls of `page` said when it was left, and what other pages have said meanwhile."""
    shared: dict[str, Any] = state.get("shared", {})
    values: dict[str, Any] = dict(state.get("kept", {}).get(page, {}))
    values |= {key: shared[key] for key in SHARED if key in known and key in shared}
    told: dict[str, str] = state.setdefault("told", {})  # the title that each page was told last
    title, before = shared.get("title", ""), told.get(page, DISHES[0])
    for key in LISTS:
        if key in known and known[key].many and title not in ("", before):
            listed = list(values.get(key, known[key].default))
            if title not in listed:
                others = [title if dish == before else dish for dish in listed]
                values[key] = (others if before in listed else [title, *others])[: known[key].many]
    told[page] = title
    return values


# -- one control of each kind, made from its field -------------------------------------------------


def text(field: Field, label: str, **more: Any) -> str:
    return keep(field, st.text_input(label, field.default, key=field.key, bind="query-params", **more))


def number(field: Field, label: str, **more: Any) -> Any:
    return keep(field, st.number_input(label, **_bounds(field), **more))


def slider(field: Field, label: str, **more: Any) -> Any:
    return keep(field, st.slider(label, **_bounds(field), **more))


def _bounds(field: Field) -> dict[str, Any]:
    return {
        "min_value": field.low,
        "max_value": field.high,
        "value": field.default if field.default is not None else "min",
        "step": field.step,
        "key": field.key,
        "bind": "query-params",
    }


def segments(field: Field, label: str, **more: Any) -> Any:
    """One of few options, all in sight."""
    return keep(
        field,
        st.segmented_control(
            label,
            field.options,
            default=field.default,
            key=field.key,
            bind="query-params",
            required=True,
            **more,
        ),
    )


def select(field: Field, label: str, **more: Any) -> Any:
    """One of many options."""
    return keep(field, st.selectbox(label, field.options, key=field.key, bind="query-params", **more))


def select_slider(field: Field, label: str, **more: Any) -> Any:
    return keep(
        field,
        st.select_slider(label, field.options, field.default, key=field.key, bind="query-params", **more),
    )


def several(field: Field, label: str, options: Any = None, **more: Any) -> Any:
    """Any number of `options`, usually those of the field."""
    return keep(
        field,
        st.multiselect(
            label, options or field.options, field.default, key=field.key, bind="query-params", **more
        ),
    )


# -- what most pages have --------------------------------------------------------------------------


def title(known: Mapping[str, Field], explained: str) -> None:
    """The recipe's title; `explained` says what is done with it on the page. A whole prompt was taken apart
    by `navigation.begin`."""
    text(known["title"], "Recipe title", help=explained)


def take_apart(known: Mapping[str, Field]) -> None:
    """A whole prompt as a title, "recipe for TITLE | OPENING", typed or in an address: each part goes into
    its own field."""
    typed = (said(known["title"]) or "").strip()
    title, opening = split_prompt(typed)
    if not title or title == typed or (opening and "opening" not in known):
        return
    state.title = title
    said_of = f"Read as the title “{plain(title)}”"
    if opening:
        state.opening = opening
        said_of += f" and the opening words “{plain(opening)}”"
    st.toast(f"{said_of}.")


def opening(known: Mapping[str, Field]) -> None:
    """The words the method begins with."""
    text(known["opening"], "Opening words (optional)", placeholder="chop 1 /")


def words(known: Mapping[str, Field]) -> None:
    """How long a text may be."""
    number(known["words"], "Words", width=120, help="How many words each text may have.")


def network(known: Mapping[str, Field]) -> None:
    """Which network writes."""
    labelled(known["model"], "Network", select, st.selectbox, width=170)


def networks(known: Mapping[str, Field], explained: str) -> None:
    """Which networks write, any number."""
    labelled(known["network"], "Networks", several, st.multiselect, help=explained)


def labelled(
    field: Field,
    label: str,
    bound: Callable[..., Any],
    in_sight: Callable[..., Any],
    named: Callable[[Any], str] = network_label,
    **more: Any,
) -> None:
    """A control whose options have names for people, which `named` gives.

    Streamlit puts into the address what a bound control shows, and links keep the plain values. So the bound
    one is out of sight, and goes with the one in sight.
    """
    key = f"{field.key}_label"

    def go_along() -> None:
        state[field.key] = state[key]

    with st.container(key=f"behind_{field.key}"):
        bound(field, "In the address")
    state[key] = state[field.key]
    in_sight(label, field.options, key=key, format_func=named, on_change=go_along, **more)


def seed(known: Mapping[str, Field], explained: str) -> None:
    """The seed; `explained` says what it decides on the page."""
    number(known["seed"], "Seed", width=138, help=explained)


def luck(known: Mapping[str, Field], explained: str, another: str) -> None:
    """The seed, and a die for another one; `another` says what that changes."""
    with st.container(
        horizontal=True, vertical_alignment="bottom", gap="xsmall", width=190, key="luck_controls"
    ):
        seed(known, explained)
        st.button("Another seed", icon=":material/casino:", key="dice", on_click=_new_seed, help=another)


def _new_seed() -> None:
    state.seed = random.SystemRandom().randrange(10_000)


def rules(known: Mapping[str, Field]) -> None:
    """The sampling rules, in the order in which they act."""
    steps: list[Rule | None] = [rule for rule in RULES if rule.stage != "weights"]
    steps += [None, *(rule for rule in RULES if rule.stage == "weights")]  # temperature is between them
    for n, rule in enumerate(steps, 1):
        if rule is None:
            st.caption(f"{n} · Temperature: the sliders above the texts")
            continue
        sampling_rule(known, rule, f"{n} · {rule.label}")
    may_write = st.checkbox(
        f"May write “{control_name(UNKNOWN)}”, some unknown word",
        key="unk",
        bind="query-params",
        help="Off: its probability is shared among the known words.",
    )
    keep(known["unk"], may_write)


def sampling_rule(known: Mapping[str, Field], rule: Rule, label: str, **more: Any) -> None:
    control = number if rule.kind is int else slider
    control(known[rule.key], label, help=f"{rule.help} {rule.off:g} is off.", **more)


def sampling(values: Mapping[str, Any]) -> dict[str, Any]:
    """What `Sampler` takes for the rules, whose controls say `values`; a rule that is missing is off."""
    options = {
        rule.name: rule.setting(values[rule.key])
        for rule in RULES
        if rule.key in values and rule.is_on(values[rule.key])
    }
    return options | {"suppress": () if values.get("unk") else (UNKNOWN_ID,)}


def rules_on(known: Mapping[str, Field]) -> int:
    """How many sampling rules beside the temperature are at work."""
    return sum(said(known[key]) != known[key].default for key in RULE_KEYS)


# -- what was typed --------------------------------------------------------------------------------


def one_line(typed: str | None, longest: int = LONGEST_TITLE) -> str:
    """What was typed, in one line and cut to `longest` characters."""
    return " ".join((typed or "").split())[:longest]


def text_notes(vocabulary: Vocabulary) -> list[str]:
    """What there is to say about the title and the opening that are to be continued, escaped."""
    notes: list[str] = []
    typed: list[str] = []
    for what, longest in (("title", LONGEST_TITLE), ("opening", LONGEST_OPENING)):
        typed.append(one_line(state.get(what), longest))
        length = len(" ".join((state.get(what) or "").split()))
        if length > longest:
            notes.append(f"The {what} has {length:,} characters; the network reads the first {longest}.")
    if not typed[0]:
        notes.append("There is no title, so the network writes whatever recipe comes to it.")
    return notes + unknown_note(" ".join(typed), vocabulary)


def unknown_note(typed: str, vocabulary: Vocabulary) -> list[str]:
    """A sentence about words that the network does not know, escaped, if there are any."""
    unknown = unknown_words(typed, vocabulary)
    if not unknown:
        return []
    listed = ", ".join(plain(word[:30]) for word in unknown[:8]) + " …" * (len(unknown) > 8)
    return [
        f"Not among the {len(vocabulary):,} words the network knows: {listed}. "
        f"It reads each of them as {plain(UNKNOWN)}, “some word”."
    ]
