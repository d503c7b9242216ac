from __future__ import annotations

import threading
from dataclasses import replace

import networks
import numpy as np
import pytest
from racing import race

from textgen.network.prefix_cache import PrefixCache
from textgen.writing.generate import generations
from textgen.writing.sampling import Sampler

PAIR = networks.random_pair(seed=4)


class Counting:
    """A network that counts the rows it is asked for."""

    def __init__(self, model):
        self.model, self.read, self.scored = model, 0, 0

    def __getattr__(self, name):
        return getattr(self.model, name)

    def step(self, tokens, state):
        self.read += len(tokens)
        return self.model.step(tokens, state)

    def logits(self, hidden):
        self.scored += len(hidden)
        return self.model.logits(hidden)


def runs(pair, temperatures, **options):
    samplers = [Sampler(temperature=t) for t in temperatures]
    return generations(pair, "recipe for w1 |", samplers=samplers, max_tokens=25, seed=3, **options)


ROW = 4 * PAIR.model.vocabulary_size  # bytes


def same(a, b):
    return all(
        (s.token, s.probability) == (r.token, r.probability) and np.array_equal(s.hidden, r.hidden)
        for x, y in zip(a, b, strict=True)
        for s, r in zip(x.steps, y.steps, strict=True)
    )


@pytest.mark.parametrize("kind", ["lstm", "gru"])
@pytest.mark.parametrize("limits", [{}, {"contexts": 5, "logits": 3 * ROW}])
def test_a_network_with_a_memory_answers_to_the_bit_as_without(kind, limits):
    plain = networks.random_pair(seed=4, kind=kind)
    remembering = replace(plain, model=PrefixCache(plain.model, **limits))
    for temperatures in ([0.7], [0.0, 0.7, 2.0], [0.75, 0.7], [2.0]):
        assert same(runs(remembering, temperatures), runs(plain, temperatures))
    forced = {3: "w2"}
    assert same(runs(remembering, [0.7, 1.0], forced=forced), runs(plain, [0.7, 1.0], forced=forced))
    assert same(
        runs(remembering, [1.5, 0.2], context=1, luck="independent"),
        runs(plain, [1.5, 0.2], context=1, luck="independent"),
    )


def test_a_context_is_read_and_scored_once():
    counting = Counting(PAIR.model)
    pair = replace(PAIR, model=PrefixCache(counting))
    (first,) = runs(pair, [0.7])
    read, scored = counting.read, counting.scored
    assert scored == len(first.steps)
    runs(pair, [0.7])
    assert (counting.read, counting.scored) == (read, scored)
    (other,) = runs(pair, [0.75])
    pairs = zip(first.steps, other.steps, strict=False)
    parting = next(i for i, (a, b) in enumerate(pairs) if a.token != b.token)
    assert 0 < parting < len(other.steps) - 1
    assert counting.scored == scored + len(other.steps) - parting - 1


def test_what_is_kept_is_bounded():
    counting = Counting(PAIR.model)
    pair = replace(PAIR, model=PrefixCache(counting, contexts=10, logits=4 * ROW))
    (run,) = runs(pair, [0.7])
    assert len(run.steps) > 10
    before = counting.read
    runs(pair, [0.7])  # began afresh: all is read again
    assert counting.read == 2 * before
    assert len(pair.model._logits) == 4


def test_logits_cannot_be_spoilt_by_a_reader():
    model = PrefixCache(PAIR.model)
    hidden, _ = model.step([3, 4], model.start(2))
    expected = PAIR.model.logits(hidden)
    model.logits(hidden)[:] = 0
    with pytest.raises(ValueError, match="read-only"):
        model.logits(hidden[:1])[:] = 0
    np.testing.assert_array_equal(model.logits(hidden), expected)
    np.testing.assert_array_equal(model.logits(hidden[1]), expected[1])


def test_readers_in_several_threads_do_not_disturb_each_other():
    pair = replace(PAIR, model=PrefixCache(PAIR.model, contexts=20, logits=5 * ROW))
    heats = (0.2, 0.7, 1.2, 1.7)
    expected = [runs(PAIR, [t]) for t in heats]
    for _ in range(20):
        found = race(lambda n: runs(pair, [heats[n]]))
        assert all(same(a, b) for a, b in zip(found, expected, strict=True))


def test_a_context_that_another_thread_reads_meanwhile_is_kept_once():
    """The words that follow it are remembered below the context that all find again."""

    class Meeting(Counting):
        """All threads have asked for a word before any gets an answer."""

        def step(self, tokens, state):
            answer = super().step(tokens, state)
            meeting.wait(timeout=20)
            return answer

    meeting = threading.Barrier(3)
    counting = Meeting(PAIR.model)
    model = PrefixCache(counting)
    states = race(lambda n: model.step([3], model.start(1))[1], threads=3)
    assert {id(state[0]) for state in states} == {id(model.step([3], model.start(1))[1][0])}
    assert counting.read == 3 and model._contexts == 1
    race(lambda n: model.step([4 + n], states[n]), threads=3)
    for token in (4, 5, 6):
        model.step([token], model.step([3], model.start(1))[1])
    assert counting.read == 6


def test_a_word_outside_the_vocabulary_is_refused():
    model = PrefixCache(PAIR.model)
    with pytest.raises(IndexError):
        model.step([60], model.start(1))
    with pytest.raises(IndexError):
        model.step([-1], model.start(1))
