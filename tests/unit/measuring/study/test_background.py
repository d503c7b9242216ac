"""Studies in the background: they pause when nobody looks, stop when told, and share what is finished."""

from __future__ import annotations

import threading
import time

import pytest
from small_bundles import small_bundle

from textgen.measuring.study import background, executors
from textgen.measuring.study.background import Memory, Work
from textgen.measuring.study.executors import run
from textgen.measuring.study.settings import Settings
from textgen.measuring.study.table import Study, read_study
from textgen.measuring.study.units import units


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return small_bundle(tmp_path_factory.mktemp("models") / "one", seed=3)


def settings(model, seed=0, count=12):
    heats = tuple(k / 10 for k in range(1, count + 1))
    return Settings(("w3",), heats, (model,), texts=4, max_words=5, seed=seed, judges=("",))


def wait_for(condition):
    for _ in range(1000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it did not happen")


@pytest.fixture
def gate(monkeypatch):
    """Lets groups of units through one by one: `gate.release()`."""
    monkeypatch.setattr(executors, "_TURN_WORDS", 40)  # two units a group
    lock = threading.Semaphore(0)
    real = executors.measure_all

    def slow(some, threads=1):
        assert lock.acquire(timeout=20)
        return real(some, threads)

    monkeypatch.setattr(executors, "measure_all", slow)
    return lock


def test_it_finds_what_a_study_in_the_foreground_finds(model):
    work = Work(settings(model), Memory())
    work.go_on()
    wait_for(lambda: work.study.complete)
    there = Study(settings(model))
    for unit, result in run(settings(model)):
        there.add(unit, result)
    assert work.study.to_parquet() == there.to_parquet()
    wait_for(lambda: not work.look().running)
    assert work.look().done == work.look().total == 12 and work.look().error == ""


def test_stop_begins_nothing_more_and_go_on_does_the_rest(model, gate):
    work = Work(settings(model, seed=1), Memory())
    work.go_on()
    gate.release(2)
    wait_for(lambda: work.look().done == 3)
    work.stop()
    assert work.look().stopping
    gate.release()  # the group that is under way
    wait_for(lambda: not work.look().running)
    assert len(work.study.figures) == 5 and not work.study.complete
    gate.release(20)
    time.sleep(0.05)
    assert len(work.study.figures) == 5
    work.go_on()
    wait_for(lambda: work.study.complete)


def test_a_study_that_is_being_looked_at_stays_as_it_is(model, gate):
    work = Work(settings(model, seed=9), Memory())
    work.go_on()
    gate.release(2)
    wait_for(lambda: work.look().done == 3)
    seen = work.study
    table = seen.to_csv()
    assert len(seen.figures) == 3
    gate.release(20)
    wait_for(lambda: work.study.complete)
    assert len(seen.figures) == 3 and seen.to_csv() == table
    assert len(read_study(seen.to_parquet()).figures) == 3


def test_a_study_that_nobody_looks_at_pauses_and_the_next_look_wakes_it(model, gate, monkeypatch):
    monkeypatch.setattr(background, "PATIENCE", 0.05)
    work = Work(settings(model, seed=2), Memory())
    work.go_on()
    time.sleep(0.1)
    gate.release(20)
    wait_for(lambda: not work._thread.is_alive())
    assert 0 < len(work.study.figures) < 12
    monkeypatch.setattr(background, "PATIENCE", 60)
    work.look()
    wait_for(lambda: work.study.complete)


def test_what_one_session_has_measured_another_has_at_once(model, gate):
    memory = Memory()
    first = Work(settings(model, seed=3), memory)
    gate.release(20)
    first.go_on()
    wait_for(lambda: first.study.complete)
    second = Work(settings(model, seed=3), memory)
    assert second.known
    second.go_on()
    assert second.study.complete
    assert not Work(settings(model, seed=4), memory).known


def test_two_studies_take_turns(model, gate):
    memory = Memory()
    one, two = Work(settings(model, seed=5), memory), Work(settings(model, seed=6), memory)
    one.go_on()
    two.go_on()
    for _ in range(6):
        gate.release()
        time.sleep(0.03)
    wait_for(lambda: one.look().done + two.look().done >= 10)
    assert one.look().done > 1 and two.look().done > 1
    gate.release(20)
    wait_for(lambda: one.study.complete and two.study.complete)


def test_memory_lets_the_oldest_go(model):
    some = settings(model, seed=7)
    results = dict(run(some))
    size = next(iter(results.values())).parts.nbytes
    memory = Memory(largest=3 * size)
    for unit, result in results.items():
        memory.put(unit, result)
    kept = [unit in memory for unit in results]
    assert sum(kept) == 3 and kept[-3:] == [True] * 3


def test_an_error_is_a_sentence_and_what_is_finished_stays(model, monkeypatch):
    monkeypatch.setattr(executors, "_TURN_WORDS", 40)
    real, calls = executors.measure_all, []

    def failing(some, threads=1):
        calls.append(some)
        if len(calls) == 3:
            raise OSError(28, "No space left on device")
        return real(some, threads)

    monkeypatch.setattr(executors, "measure_all", failing)
    work = Work(settings(model, seed=8), Memory())
    work.go_on()
    wait_for(lambda: work.look().error)
    assert "No space left" in work.look().error and len(work.study.figures) == 3
    assert len(units(work.settings)) == 12
    work.go_on()
    wait_for(lambda: work.study.complete)
