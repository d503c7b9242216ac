"""What the pages share: settings from the controls and the address, loaded models, finished runs, escaped text."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import streamlit as st

from textgen.bundle import Bundle, BundleError, available_bundles, load_bundle
from textgen.comparison import Comparison, Run
from textgen.generation import generations, recipe_prompt
from textgen.sampling import Sampler

ASSETS = Path(__file__).parent.parent / "assets"
TEMPERATURES = (0.2, 0.7, 1.2, 1.6, 0.0, 2.0)  # where each of the six possible columns starts
LONGEST_TITLE = 200  # characters; far beyond any title the networks have read
LONGEST_OPENING = 400
KEPT_RUNS = 40  # finished runs kept a session: about 100 KB each


def plain(text: str) -> str:
    """`text` for a Markdown element, every mark of it shown as it was written."""
    return re.sub(r"([\\`*_{}\[\]()<>#+\-.!|~$:&^=])", r"\\\1", text)


@st.cache_resource(show_spinner="Loading the network …")
def bundle(name: str) -> Bundle:
    return load_bundle(name)


def load(name: str) -> Bundle:
    """The bundle called `name`, or a sentence on the page and no further."""
    try:
        return bundle(name)
    except BundleError as error:
        st.error(f"The network “{plain(name)}” could not be read: {plain(str(error))}")
        st.stop()


def models() -> list[str]:
    """The released bundles' names, or a sentence on the page and no further."""
    names = available_bundles()
    if not names:
        st.error("There is no trained network in assets/models yet. Train one with `python -m textgen train`.")
        st.stop()
    return names


@dataclass(frozen=True)
class Settings:
    """All that decides what a comparison writes. Equal settings write equal words."""

    model: str
    title: str
    opening: str
    samplers: tuple[Sampler, ...]
    seed: int
    words: int
    luck: str = "shared"
    context: str | int = "own"
    forced: tuple[tuple[int, str], ...] = ()

    @property
    def prompt(self) -> str:
        return recipe_prompt(self.title, self.opening)


def compare(settings: Settings) -> Comparison:
    """The comparison that `settings` ask for; runs that this session has already finished are not written again."""
    network = load(settings.model)
    kept: dict[object, Run] = st.session_state.setdefault("runs", {})
    apart = settings.context == "own" and settings.luck == "shared"  # then a run depends on its own sampler alone
    keys = [
        (replace(settings, samplers=(sampler,)) if apart else settings, i if not apart else 0)
        for i, sampler in enumerate(settings.samplers)
    ]
    missing = [i for i, key in enumerate(keys) if key not in kept]
    if missing:
        wanted = [settings.samplers[i] for i in missing] if apart else list(settings.samplers)
        runs = [
            Run(**vars(run))
            for run in generations(
                network, settings.prompt, samplers=wanted, max_tokens=settings.words, seed=settings.seed,
                luck=settings.luck, context=settings.context, forced=dict(settings.forced),
            )
        ]
        for i, run in zip(missing if apart else range(len(runs)), runs, strict=True):
            kept[keys[i]] = run
    runs = []
    for key in keys:  # the runs on the page become the youngest
        run = kept.pop(key)
        kept[key] = run
        runs.append(run)
    while len(kept) > KEPT_RUNS:
        kept.pop(next(iter(kept)))
    return Comparison(network, runs)


def clipped(text: str, longest: int, what: str, notes: list[str]) -> str:
    """`text` without line ends and beyond `longest` characters; a cut is noted."""
    text = " ".join(text.split())
    if len(text) > longest:
        notes.append(f"The {what} has {len(text):,} characters; the network reads the first {longest}.")
    return text[:longest]


# -- the address ----------------------------------------------------------------------------------------------


def number(low: float, high: float, whole: bool = False) -> Callable[[str], bool]:
    """A check for an address field: a number from `low` to `high`."""

    def accepts(text: str) -> bool:
        try:
            value = int(text) if whole else float(text)
        except ValueError:
            return False
        return not math.isnan(value) and low <= value <= high

    return accepts


def one_of(options: Sequence[str]) -> Callable[[str], bool]:
    return lambda text: text in options


def address_notes(fields: dict[str, tuple[Callable[[str], bool], str]]) -> list[str]:
    """What the address asked for and could not have, one sentence a field; read once, as a session begins.

    `fields` maps each parameter to a check and to the words that say what it may be. Streamlit drops what its
    widgets refuse; this says so.
    """
    notes = []
    for name in st.query_params:
        shown = plain(name[:20])
        if name not in fields:
            notes.append(f"The address has a field “{shown}” that this page does not know; it was left out.")
            continue
        accepts, meaning = fields[name]
        for value in st.query_params.get_all(name):
            if not accepts(value):
                notes.append(f"The address asks for {shown} = “{plain(value[:40])}”, but {meaning}; it was left out.")
    return notes[:6] + ([f"{len(notes) - 6} more fields of the address were left out."] if len(notes) > 6 else [])
