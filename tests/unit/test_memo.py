"""What threads share: made whole, kept once, the oldest let go."""

from __future__ import annotations

import threading

import pytest
from racing import race

from textgen.memo import Memo


def test_all_threads_get_the_value_that_was_finished_first():
    for _ in range(50):
        memo: Memo[object] = Memo(10)
        together = threading.Barrier(4)  # each finds nothing, and makes one

        def make(together=together):
            together.wait(timeout=20)
            return object()

        found = race(lambda n, m=memo, make=make: m.once("a", make))
        assert {id(value) for value in found} == {id(memo.get("a"))}
        assert len(memo) == 1


def test_a_value_is_made_once():
    memo: Memo[list] = Memo(10)
    first = memo.once("a", list)
    assert memo.once("a", lambda: pytest.fail("made again")) is first
    assert memo.put("a", [1]) is first


def test_nothing_is_a_value_as_well():
    memo: Memo[int | None] = Memo(10)
    assert memo.once("a", lambda: None) is None
    assert memo.once("a", lambda: pytest.fail("made again")) is None


def test_a_failure_keeps_nothing():
    memo: Memo[int] = Memo(10)
    with pytest.raises(ZeroDivisionError):
        memo.once("a", lambda: 1 // 0)
    assert memo.once("a", lambda: 5) == 5


def test_those_used_last_are_kept():
    memo: Memo[int] = Memo(3)
    for key in range(3):
        memo.put(key, key)
    assert memo.get(0) == 0  # used
    memo.put(3, 3)
    assert [memo.get(key) for key in range(4)] == [0, None, 2, 3]


def test_what_is_kept_has_a_weight():
    memo: Memo[str] = Memo(5, size=len)
    for key, value in enumerate(("aa", "bb", "c", "dd")):
        memo.put(key, value)
    assert [memo.get(key) for key in range(4)] == [None, "bb", "c", "dd"]
    memo.put("large", "x" * 9)  # the latest stays, whatever it weighs
    assert len(memo) == 1 and memo.get("large")
    memo.put("small", "y")
    assert len(memo) == 1 and memo.get("small")


def test_threads_that_fill_it_at_once_leave_it_as_large_as_it_may_be():
    for _ in range(20):
        memo: Memo[int] = Memo(7)
        race(lambda n, m=memo: [m.put((n, k), k) for k in range(50)])
        assert len(memo) == 7
