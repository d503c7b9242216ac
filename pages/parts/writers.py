"""The networks that are loaded, and the texts they have written or write ahead, for all visitors together."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from pages.parts.address import HOTTEST, SLIDER_STEP, networks
from pages.parts.drawing import plain
from textgen.memo import Memo
from textgen.network.bundle import Bundle, BundleError, bundle_folder, load_bundle
from textgen.views.compare import Comparison, look, prepare
from textgen.views.many import gather
from textgen.writing import writer
from textgen.writing.generate import Generation
from textgen.writing.many import Texts
from textgen.writing.sampling import Sampler
from textgen.writing.writer import Request, Waiting, Writer

state = st.session_state
MOST = 12  # networks in memory

# What all sessions of a process keep together, in bytes; what was not used for longest goes first. A network
# that is loaded adds what `textgen.network.prefix_cache` says. A class of forty has room in it, each of them
# with settings of their own.
ROOM_FOR_RUNS = writer.ROOM
ROOM_FOR_GATHERINGS = 8e6  # 50 texts of 10 words take some 12 KB


@st.cache_resource(show_spinner="Loading the network …", max_entries=MOST)
def _bundle(name: str, written: int) -> Bundle:
    return load_bundle(name)


@st.cache_resource(show_spinner=False)
def waiting() -> Waiting:
    """Who waits for a page: `with waiting(): ...` takes its turn, and nothing is written ahead meanwhile."""
    return Waiting()


@st.cache_resource(show_spinner=False)
def _runs() -> Memo[Generation]:
    """The texts of all networks."""
    return Memo(ROOM_FOR_RUNS, writer.run_bytes)


@st.cache_resource(show_spinner=False, max_entries=MOST)
def _writer_of(name: str, written: int) -> Writer:
    """The texts of the bundle, kept for all sessions together."""
    return Writer(_bundle(name, written), _runs(), waiting(), look)


def _written(name: str) -> int:
    """When its file was written: a network that learns on is another one."""
    return (bundle_folder(name) / "model.keras").stat().st_mtime_ns


def _writer(name: str) -> Writer:
    return _writer_of(name, _written(name))


def load(name: str) -> Bundle:
    """The bundle called `name`, or a sentence on the page and no further."""
    try:
        return _bundle(name, _written(name))
    except (BundleError, OSError) as error:
        st.error(f"The network “{plain(name)}” could not be read: {plain(str(error))}")
        st.stop()


def models() -> list[str]:
    """The names of the networks of this visit, or a sentence on the page and no further."""
    names = list(networks())
    if not names:
        st.error(
            "There is no trained network in assets/models yet. Train one with `python -m textgen train`."
        )
        st.stop()
    return names


def readable() -> list[Bundle]:
    """All networks of this visit that can be read, and a sentence about each other; none: no further."""
    bundles = []
    for name in models():
        try:
            bundles.append(_bundle(name, _written(name)))
        except (BundleError, OSError) as error:
            st.warning(f"The network “{plain(name)}” is left out: {plain(str(error))}")
    if not bundles:
        st.stop()
    return bundles


def compare(request: Request) -> Comparison:
    """The comparison that `request` asks for."""
    load(request.model)  # or a sentence on the page
    of = _writer(request.model)
    comparison = Comparison(of.bundle, of.write(request))
    last: Comparison | None = state.get("last_comparison")
    if last and [id(run) for run in last.runs] == [id(run) for run in comparison.runs]:
        return last  # with what has been worked out about it
    state.last_comparison = comparison
    return comparison


def write_ahead(requests: Sequence[Request], then: Callable[[Comparison], object]) -> None:
    """Have these written while the reader looks, and `then` done with each; all are of one network."""
    if requests:
        _writer(requests[0].model).write_ahead(
            requests, lambda bundle, _, runs: then(Comparison(bundle, runs))
        )


def compare_ahead(request: Request, column: int, way: float, choices: bool) -> None:
    """Have that written which the next move of a column's slider is likely to ask for, after one that went up
    (`way` > 0) or down: a hand goes on where it goes, and where it comes from the texts are kept. `choices`:
    whether the timeline is looked at."""
    if request.apart and way:
        there = round(request.temperatures[column] + math.copysign(SLIDER_STEP, way), 2)
        if 0 <= there <= HOTTEST:
            near = request.with_temperature(column, there)
            _writer(request.model).write_ahead([near], partial(prepare, choices=choices))


@st.cache_resource(show_spinner=False)
def _gathered() -> Memo[Texts]:
    """Many texts at a temperature, kept for all sessions together."""
    return Memo(ROOM_FOR_GATHERINGS, _texts_bytes)


def _texts_bytes(texts: Texts) -> float:
    return 2_000 + sum(value.nbytes for value in vars(texts).values() if hasattr(value, "nbytes"))


def many(
    model: str, title: str, samplers: Sequence[Sampler], *, seed: int, count: int, words: int
) -> list[Texts]:
    """What `gather` writes; a sampler's texts that were written lately are not written again."""
    bundle, kept, written = load(model), _gathered(), _written(model)
    keys = [(model, written, title, sampler, seed, count, words) for sampler in samplers]
    found = {key: texts for key in keys if (texts := kept.get(key)) is not None}
    missing = [key for key in dict.fromkeys(keys) if key not in found]
    rest = [key[3] for key in missing]
    gathered = gather(bundle, title, rest, seed=seed, count=count, words=words) if missing else []
    for key, texts in zip(missing, gathered, strict=True):
        found[key] = kept.put(key, texts)
    return [found[key] for key in keys]
