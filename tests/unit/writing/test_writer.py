"""Texts that are kept, and texts that are written ahead."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest
from small_bundles import small_bundle

from textgen.network.bundle import load_bundle
from textgen.writing import writer as writing
from textgen.writing.generate import generations
from textgen.writing.sampling import Sampler
from textgen.writing.writer import Settings, Writer

SETTINGS = Settings("net", "w3 w4", "", (Sampler(0.5), Sampler(1.0), Sampler(1.5)), seed=3, words=12)


@pytest.fixture
def bundle(tmp_path):
    return load_bundle(small_bundle(tmp_path / "net"))


def words(runs) -> list[list[str]]:
    return [[step.word for step in run.steps] for run in runs]


@pytest.mark.parametrize(
    "settings",
    [
        SETTINGS,
        replace(SETTINGS, luck="independent"),
        replace(SETTINGS, context=1),
        replace(SETTINGS, forced=((2, "w9"), (4, "w7"))),
        replace(SETTINGS, opening="w5 w6", samplers=(Sampler(0.0), Sampler(1.0, top_k=3))),
    ],
)
def test_a_writer_writes_what_generations_writes(bundle, settings):
    expected = generations(
        bundle,
        settings.prompt,
        samplers=settings.samplers,
        max_tokens=settings.words,
        seed=settings.seed,
        luck=settings.luck,
        context=settings.context,
        forced=dict(settings.forced),
    )
    writer = Writer(bundle)
    assert words(writer.write(settings)) == words(expected)
    assert words(writer.write(settings)) == words(expected)  # and once more from what is kept


def test_a_moved_slider_writes_one_run_and_keeps_the_others(bundle):
    writer = Writer(bundle)
    before = writer.write(SETTINGS)
    moved = replace(SETTINGS, samplers=(Sampler(0.5), Sampler(1.1), Sampler(1.5)))
    after = writer.write(moved)
    assert [a is b for a, b in zip(before, after, strict=True)] == [True, False, True]
    assert len(writer) == 4


def test_runs_that_hang_together_are_not_mixed(bundle):
    """With luck of its own, a run depends on its place; what another place wrote is another text."""
    writer = Writer(bundle)
    same = replace(SETTINGS, samplers=(Sampler(1.5),) * 3, luck="independent", words=30)
    texts = words(writer.write(same))
    assert len({tuple(text) for text in texts}) == 3
    alone = words(writer.write(replace(same, samplers=(Sampler(1.5),))))
    assert alone == texts[:1]


def test_the_youngest_runs_are_kept(bundle):
    writer = Writer(bundle, most=4)
    first = writer.write(SETTINGS)
    for i in range(10):
        writer.write(replace(SETTINGS, samplers=(Sampler(0.1 * i), SETTINGS.samplers[0])))
    assert len(writer) == 4
    again = writer.write(SETTINGS)
    assert [a is b for a, b in zip(first, again, strict=True)] == [True, False, False]


def ahead(writer: Writer, count: int) -> bool:
    """Whether `writer` keeps `count` runs before long."""
    for _ in range(200):
        if len(writer) == count:
            return True
        time.sleep(0.02)
    return False


def test_what_is_written_ahead_is_what_is_asked_for_later(bundle):
    writer = Writer(bundle)
    near = [SETTINGS.with_temperature(1, t) for t in (0.95, 1.05)]
    writer.write_ahead(near)
    assert ahead(writer, 2)
    kept = {id(run) for run in writer._kept.values()}
    moved = replace(SETTINGS, samplers=(Sampler(0.5), Sampler(1.05), Sampler(1.5)))
    runs = writer.write(moved)
    assert [id(run) in kept for run in runs] == [False, True, False]
    assert words(runs) == words(Writer(bundle).write(moved))
    assert runs[1].rows and "choices" in runs[1].analysis  # what a page shows of it is there, too


def test_only_what_is_likely_now_is_written_ahead(bundle, monkeypatch):
    monkeypatch.setattr(writing, "PAUSE", 0.2)
    writer = Writer(bundle)
    for t in (0.6, 0.7, 0.8):
        writer.write_ahead([SETTINGS.with_temperature(0, t)])
    assert ahead(writer, 1)
    time.sleep(0.5)
    assert len(writer) == 1
    (run,) = writer._kept.values()
    assert run.sampler.temperature == 0.8


def test_the_facts_of_settings_are_plain_data():
    facts = replace(SETTINGS, forced=((2, "w9"),)).facts()
    assert json.loads(json.dumps(facts)) == facts
    assert facts["prompt"] == SETTINGS.prompt and facts["forced"] == [{"word_number": 3, "word": "w9"}]
