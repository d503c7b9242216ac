"""Texts that several threads want at the same time."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
import pytest
from racing import race
from small_bundles import small_bundle

from textgen.network.bundle import load_bundle
from textgen.network.prefix_cache import PrefixCache
from textgen.writing.sampling import Sampler
from textgen.writing.together import Together
from textgen.writing.writer import Request, Waiting, Writer, write_anew

PLAIN = Request("net", "w3 w4", "", (Sampler(0.7), Sampler(1.2)), seed=3, words=25)
WANTED = [
    PLAIN,
    replace(PLAIN, seed=4, words=1),
    replace(PLAIN, title="w9", opening="w5 w6", samplers=(Sampler(0.0), Sampler(1.0, top_k=3), Sampler(2.0))),
    replace(PLAIN, luck="independent", samplers=(Sampler(1.5),) * 4),
    replace(PLAIN, context=1, words=40),
    replace(PLAIN, forced=((2, "w9"), (4, ""))),
    replace(PLAIN, seed=9, words=0),
    replace(PLAIN, samplers=(Sampler(1.0, repetition_penalty=1.3),), words=60),
]


@pytest.fixture
def bundle(tmp_path):
    return load_bundle(small_bundle(tmp_path / "net"))


class Counted(PrefixCache):
    """Counts the batches that it is given; waits for `gate` before the first product, and may fail."""

    def __init__(self, model) -> None:
        super().__init__(model)
        self.gate, self.batches, self.fails = threading.Event(), [], 0

    def logits(self, hidden):
        self.gate.wait(20)
        self.batches.append(len(hidden))
        if self.fails:
            self.fails -= 1
            raise MemoryError("no room")
        return super().logits(hidden)


def written(runs) -> list:
    return [[(step.word, step.probability, step.prompt) for step in run.steps] for run in runs]


def alone(bundle, of: Request) -> list:
    return written(Writer(bundle).write(of))


def test_texts_side_by_side_are_those_that_each_would_have_alone(bundle):
    expected = [alone(bundle, of) for of in WANTED]
    for turn in range(5):
        together = Together(PrefixCache(bundle.model))
        order = np.random.default_rng(turn).permutation(len(WANTED))
        found = race(
            lambda n, t=together, o=order: write_anew(bundle, WANTED[o[n]], write=t.write), len(WANTED)
        )
        assert [written(found[n]) for n in np.argsort(order)] == expected


def come(together: Together, bundle, of: Request, results: dict, name) -> threading.Thread:
    def run() -> None:
        try:
            results[name] = written(write_anew(bundle, of, write=together.write))
        except Exception as error:
            results[name] = error

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def waits(together: Together, count: int) -> None:
    """Until so many texts wait to be begun."""
    for _ in range(1000):
        if len(together._coming) >= count:
            return
        threading.Event().wait(0.01)
    raise AssertionError("nobody came")


def test_who_comes_while_others_are_under_way_joins_them(bundle):
    """A short text begins, two long ones join it, and one of those goes on when it is done."""
    model = Counted(bundle.model)
    together, results = Together(model), {}
    wanted = [
        replace(PLAIN, samplers=(Sampler(0.7),), seed=seed, words=4 + 30 * (seed > 0)) for seed in range(3)
    ]
    threads = [come(together, bundle, wanted[0], results, 0)]
    for _ in range(1000):  # it has begun, and stands at the gate
        if together._texts:
            break
        threading.Event().wait(0.01)
    threads += [come(together, bundle, of, results, n) for n, of in enumerate(wanted[1:], 1)]
    waits(together, 2)
    model.gate.set()
    for thread in threads:
        thread.join(20)
    assert [results[n] for n in range(3)] == [alone(bundle, of) for of in wanted]
    assert model.batches[:4] == [1, 3, 3, 3] and max(model.batches[4:]) == 2


def test_an_error_reaches_those_whose_words_are_not_there_and_nobody_after_them(bundle):
    model = Counted(bundle.model)
    together, results, model.fails = Together(model), {}, 1
    threads = [come(together, bundle, PLAIN, results, "first")]
    waits_for = replace(PLAIN, seed=5)
    model.gate.set()
    threads[0].join(20)
    assert isinstance(results["first"], MemoryError)
    come(together, bundle, waits_for, results, "second").join(20)
    assert results["second"] == alone(bundle, waits_for)


def test_a_text_that_goes_wrong_leaves_the_others_alone(bundle, monkeypatch):
    model = Counted(bundle.model)
    together, results = Together(model), {}
    bad = Sampler(0.9)
    choose = Sampler.choose

    def fails(self, *of):
        if self == bad:
            raise ArithmeticError("of this one")
        return choose(self, *of)

    monkeypatch.setattr(Sampler, "choose", fails)
    expected = alone(bundle, PLAIN)
    threads = [
        come(together, bundle, of, results, n)
        for n, of in enumerate([PLAIN, replace(PLAIN, samplers=(bad,)), PLAIN])
    ]
    model.gate.set()
    for thread in threads:
        thread.join(20)
    assert results[0] == results[2] == expected
    assert isinstance(results[1], ArithmeticError)


def test_who_waits_for_a_text_leaves_his_turn_to_others():
    waiting = Waiting(at_once=1)
    inside = threading.Event()

    def other() -> None:
        with waiting:
            inside.set()

    with waiting:
        thread = threading.Thread(target=other)
        thread.start()
        assert not inside.wait(0.1)
        with waiting.without_a_turn():
            assert inside.wait(20)
        thread.join(20)
        assert waiting._people == 1
    assert waiting._people == 0
    with waiting.without_a_turn():  # who has none does not need one
        assert waiting._people == 1
    assert waiting._people == 0
