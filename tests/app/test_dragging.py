"""Sliders dragged over the socket that a browser uses: thousands of moves, and moves that fail."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from benchmarks.people import Reader, Tally, drag
from benchmarks.serving import ROOT, serving
from textgen.network.bundle import available_bundles

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(not available_bundles(), reason="no released network"),
]

# The server's first act: texts cannot be written at T = 1.3, nor what is said of the word at T = 1.4.
FAILURES = """
from textgen.views.compare import Comparison

def failing(method, temperature):
    def work(self, *args, **options):
        if any(run.sampler.temperature == temperature for run in self.runs):
            raise KeyError("something that nobody has thought of")
        return method(self, *args, **options)
    return work

Comparison.word_rows = failing(Comparison.word_rows, 1.3)
Comparison.step_summary = failing(Comparison.step_summary, 1.4)
"""


def test_two_thousand_moves_of_one_reader_go_well():
    with serving(ROOT / "app.py") as server:
        tally = drag(f"http://{server.address}", people=1, moves=2000)
    assert tally.errors == Counter() and len(tally.done) == 2000
    assert len(tally.texts) == 41  # every temperature of the sliders


def test_a_move_sends_what_changes_and_no_sources():
    with (
        serving(ROOT / "app.py") as server,
        Reader(f"http://{server.address}", "", Tally()) as reader,
    ):
        reader.open()
        assert reader.received > 100_000
        reader.received = 0
        reader.move_to(1, 0.9)
        texts = len(json.dumps(reader.shown["columns"]))
        assert texts < reader.received < texts + 15_000


def test_a_move_that_fails_leaves_the_page_and_the_next_one_works():
    tally = Tally()
    with (
        serving(ROOT / "app.py", FAILURES) as server,
        Reader(f"http://{server.address}", "", tally) as reader,
    ):
        reader.open()
        reader.move_to(1, 0.9)
        assert reader.temperatures() == [0.2, 0.9, 1.2] and not reader.alerts
        texts = reader.shown["columns"]
        reader.move_to(1, 1.3)
        (sentence,) = reader.alerts
        assert "could not be written" in sentence and reader.shown["columns"] == texts
        reader.move_to(0, 1.4)
        (sentence,) = reader.alerts
        assert "could not be drawn" in sentence and reader.temperatures() == [1.4, 0.9, 1.2]
        reader.move_to(0, 0.5)
        assert reader.temperatures() == [0.5, 0.9, 1.2] and not reader.alerts
        assert reader.shown["columns"][1]["rows"] == texts[1]["rows"]
    assert tally.errors.total() == 2 and not any("Error" in error for error in tally.errors)
