"""Texts that are kept, and texts that are written ahead."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sized
from dataclasses import replace

import networks
import pytest
from racing import race
from small_bundles import small_bundle

from textgen.memo import Memo
from textgen.network.bundle import load_bundle
from textgen.views.compare import prepare
from textgen.writing import writer as writing
from textgen.writing.generate import generations
from textgen.writing.sampling import Sampler
from textgen.writing.writer import Request, Waiting, Writer, run_bytes

REQUEST = Request("net", "w3 w4", "", (Sampler(0.5), Sampler(1.0), Sampler(1.5)), seed=3, words=12)


@pytest.fixture
def bundle(tmp_path):
    return load_bundle(small_bundle(tmp_path / "net"))


def words(runs) -> list[list[str]]:
    return [[step.word for step in run.steps] for run in runs]


@pytest.mark.parametrize(
    "wanted",
    [
        REQUEST,
        replace(REQUEST, luck="independent"),
        replace(REQUEST, context=1),
        replace(REQUEST, forced=((2, "w9"), (4, "w7"))),
        replace(REQUEST, opening="w5 w6", samplers=(Sampler(0.0), Sampler(1.0, top_k=3))),
    ],
)
def test_a_writer_writes_what_generations_writes(bundle, wanted):
    expected = generations(
        bundle,
        wanted.prompt,
        samplers=wanted.samplers,
        max_tokens=wanted.words,
        seed=wanted.seed,
        luck=wanted.luck,
        context=wanted.context,
        forced=dict(wanted.forced),
    )
    writer = Writer(bundle)
    assert words(writer.write(wanted)) == words(expected)
    assert words(writer.write(wanted)) == words(expected)  # and once more from what is kept


def test_a_moved_slider_writes_one_run_and_keeps_the_others(bundle):
    writer = Writer(bundle)
    before = writer.write(REQUEST)
    moved = replace(REQUEST, samplers=(Sampler(0.5), Sampler(1.1), Sampler(1.5)))
    after = writer.write(moved)
    assert [a is b for a, b in zip(before, after, strict=True)] == [True, False, True]
    assert len(writer) == 4


def test_runs_that_hang_together_are_not_mixed(bundle):
    """With luck of its own, a run depends on its place; what another place wrote is another text."""
    writer = Writer(bundle)
    same = replace(REQUEST, samplers=(Sampler(1.5),) * 3, luck="independent", words=30)
    texts = words(writer.write(same))
    assert len({tuple(text) for text in texts}) == 3
    alone = words(writer.write(replace(same, samplers=(Sampler(1.5),))))
    assert alone == texts[:1]


def test_the_youngest_runs_are_kept(bundle):
    writer = Writer(bundle, Memo(4))
    first = writer.write(REQUEST)
    for i in range(10):
        writer.write(replace(REQUEST, samplers=(Sampler(0.1 * i), REQUEST.samplers[0])))
    assert len(writer) == 4
    again = writer.write(REQUEST)
    assert [a is b for a, b in zip(first, again, strict=True)] == [True, False, False]


def test_threads_that_want_the_same_get_the_same_runs(bundle):
    expected = words(Writer(bundle).write(REQUEST))
    for luck in ("shared", "independent"):
        wanted = replace(REQUEST, luck=luck)
        for _ in range(5):
            writer = Writer(bundle)
            found = race(lambda n, w=writer, of=wanted: w.write(of))
            kept = [id(run) for run in writer.write(wanted)]
            assert all([id(run) for run in runs] == kept for runs in found)
            assert words(found[0]) == (expected if luck == "shared" else words(Writer(bundle).write(wanted)))


def ahead(kept: Sized, count: int) -> bool:
    """Whether `kept` has `count` entries before long."""
    for _ in range(200):
        if len(kept) == count:
            return True
        time.sleep(0.02)
    return False


def test_what_is_written_ahead_is_what_is_asked_for_later(bundle):
    writer = Writer(bundle)
    near = [REQUEST.with_temperature(1, t) for t in (0.95, 1.05)]
    seen = []
    writer.write_ahead(near, lambda bundle, request, runs: seen.append((bundle, request, *runs)))
    assert ahead(writer, 2) and ahead(seen, 2)
    assert [one[:2] for one in seen] == [(writer.bundle, request) for request in near]
    kept = {id(run) for _, _, run in seen}
    moved = replace(REQUEST, samplers=(Sampler(0.5), Sampler(1.05), Sampler(1.5)))
    runs = writer.write(moved)
    assert [id(run) in kept for run in runs] == [False, True, False]
    assert words(runs) == words(Writer(bundle).write(moved))


def test_only_what_is_likely_now_is_written_ahead(bundle, monkeypatch):
    monkeypatch.setattr(writing, "PAUSE", 0.2)
    writer = Writer(bundle)
    written = []
    for t in (0.6, 0.7, 0.8):
        writer.write_ahead(
            [REQUEST.with_temperature(0, t)], lambda _, request, runs: written.extend(request.temperatures)
        )
    assert ahead(writer, 1)
    time.sleep(0.5)
    assert len(writer) == 1
    assert written == [0.8]


def test_what_is_written_ahead_gives_way_to_those_who_wait(bundle, monkeypatch):
    """While anybody waits nothing is written ahead, not even the rest of what was begun."""
    monkeypatch.setattr(writing, "PAUSE", 0.01)
    begun, resume, stepped = threading.Event(), threading.Event(), []
    waiting, plain = Waiting(), writing.write_alone

    def slow(model, runs):
        for steps in plain(model, runs):
            stepped.append(threading.current_thread())
            begun.set()
            resume.wait(timeout=20)
            yield steps

    monkeypatch.setattr(writing, "write_alone", slow)
    writer, seen = Writer(bundle, waiting=waiting), []
    with waiting:
        writer.write_ahead([REQUEST.with_temperature(0, 0.6)], lambda *of: seen.append(of))
        assert not begun.wait(timeout=0.2)
    assert begun.wait(timeout=20)
    with waiting:
        resume.set()
        time.sleep(0.2)
        assert len(stepped) == 1 and not len(writer)
    assert ahead(writer, 1) and ahead(seen, 1)
    assert words(seen[0][2]) == words(Writer(bundle).write(REQUEST.with_temperature(0, 0.6)))


def test_what_is_begun_ahead_is_left_for_what_is_likelier(bundle, monkeypatch):
    monkeypatch.setattr(writing, "PAUSE", 0.01)
    waiting = Waiting()
    writer, seen = Writer(bundle, waiting=waiting), []
    with waiting:
        for t in (0.6, 0.8):
            writer.write_ahead([REQUEST.with_temperature(0, t)], lambda _, of, runs: seen.append(of))
            time.sleep(0.1)  # its thread is there, and waits
    assert ahead(seen, 1)
    time.sleep(0.2)
    assert [of.temperatures for of in seen] == [[0.8]] and len(writer) == 1


def test_kept_runs_are_bounded_in_bytes(bundle):
    run = Writer(bundle).write(REQUEST)[0]
    kept = Memo(3.5 * run_bytes(run), run_bytes)
    writer = Writer(bundle, kept)
    for t in range(12):
        writer.write(replace(REQUEST, samplers=(Sampler(0.1 * t),)))
    assert sum(run_bytes(one) for one in kept._kept.values()) <= 3.5 * run_bytes(run)
    assert 2 <= len(kept) < 12


def test_networks_of_one_name_do_not_share_their_runs(bundle):
    """A network that learnt on has the name it had."""
    kept = Memo(100)
    other = replace(bundle, model=networks.random_model(size=bundle.model.vocabulary_size, seed=99))
    first, second = (Writer(one, kept).write(REQUEST) for one in (bundle, other))
    assert words(first) == words(Writer(bundle).write(REQUEST))
    assert words(second) == words(Writer(other).write(REQUEST)) != words(first)


def test_the_size_of_a_run_is_about_what_it_takes(bundle):
    """With what a page finds out about it; a class is bounded by it."""
    import tracemalloc

    writer = Writer(bundle)
    requests = [replace(REQUEST, samplers=(Sampler(0.05 * t),), words=60) for t in range(1, 21)]
    writer.write(requests[0])
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    runs = [run for of in requests[1:] for run in writer.write(of)]
    for run in runs:
        prepare(writer.bundle, requests[0], [run])
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 0.3 < sum(map(run_bytes, runs)) / (after - before) < 3


def test_the_facts_of_settings_are_plain_data():
    facts = replace(REQUEST, forced=((2, "w9"),)).facts()
    assert json.loads(json.dumps(facts)) == facts
    assert facts["prompt"] == REQUEST.prompt and facts["forced"] == [{"word_number": 3, "word": "w9"}]


def test_so_many_at_once_and_no_more_and_nobody_waits_for_himself():
    waiting, lock = Waiting(at_once=2), threading.Lock()
    now = most = 0

    def come() -> None:
        nonlocal now, most
        with waiting:
            with lock:
                now += 1
                most = max(most, now)
            with waiting:  # within a page, a text
                time.sleep(0.01)
            with lock:
                now -= 1

    people = [threading.Thread(target=come) for _ in range(8)]
    for one in people:
        one.start()
    for one in people:
        one.join(10)
    assert not any(one.is_alive() for one in people) and most == 2
    waiting.give_way()  # nobody waits any more


def test_what_was_to_be_written_ahead_ends_once_something_else_is_likelier(bundle, monkeypatch):
    """While people wait in a row, nothing piles up behind them."""
    monkeypatch.setattr(writing, "PAUSE", 0.01)
    waiting, before = Waiting(), set(threading.enumerate())
    writer = Writer(bundle, waiting=waiting)
    with waiting:
        for t in (0.6, 0.7, 0.8):
            writer.write_ahead([REQUEST.with_temperature(0, t)])
            time.sleep(0.1)  # its thread is there, and waits
        ahead_of_us = set(threading.enumerate()) - before
        assert len(ahead_of_us) == 1
    for thread in ahead_of_us:
        thread.join(20)
