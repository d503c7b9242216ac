"""The networks that are loaded, and the texts they have written or write ahead, for all visitors together."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from pages.parts.address import HOTTEST, SLIDER_STEP
from pages.parts.drawing import plain
from textgen.network.bundle import Bundle, BundleError, available_bundles, load_bundle
from textgen.views.compare import Comparison, prepare
from textgen.writing.writer import Request, Writer

state = st.session_state


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


def compare(request: Request) -> Comparison:
    """The comparison that `request` asks for."""
    load(request.model)  # or a sentence on the page
    writer = _writer(request.model)
    comparison = Comparison(writer.bundle, writer.write(request))
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


def compare_ahead(request: Request, column: int) -> None:
    """Have that written which the next move of a column's slider is likely to ask for."""
    if request.apart:
        here = request.temperatures[column]
        near = [round(t, 2) for t in (here + SLIDER_STEP, here - SLIDER_STEP) if 0 <= t <= HOTTEST]
        _writer(request.model).write_ahead([request.with_temperature(column, t) for t in near], prepare)
