"""What a stranger's file does to the process that reads it: the app goes on, with a sentence."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

from textgen.apart import apart

STRANGE = """
import ctypes, os, time

class Unreadable(ValueError):
    pass

def doubled(data, *more):
    return data * 2 + "".join(more).encode()

def refused(data):
    raise Unreadable("it is “" + data.decode() + "”")

def crash(data):
    ctypes.string_at(0)

def broken(data):
    raise KeyError(data)

def endless(data):
    while True:
        time.sleep(1)

def greedy(data):
    return bytes(1 << 50)
"""


@pytest.fixture
def strange(tmp_path, monkeypatch):
    (tmp_path / "strange.py").write_text(STRANGE, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    return importlib.import_module("strange")


def test_what_a_function_answers_and_what_it_refuses_comes_back(strange):
    data = bytes(range(256)) * 1000
    assert apart(strange.doubled, data, "é", "x", error=strange.Unreadable) == data * 2 + "éx".encode()
    with pytest.raises(strange.Unreadable, match=r"^it is “½”$"):
        apart(strange.refused, "½".encode(), error=strange.Unreadable)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("crash", "ended the program"),
        ("broken", "ended the program"),
        ("greedy", "too large"),
        ("endless", "longer than 1 seconds"),
    ],
)
def test_whatever_happens_to_the_process_is_a_sentence(name, sentence, strange):
    with pytest.raises(strange.Unreadable, match=sentence):
        apart(
            getattr(strange, name), b"soup", error=strange.Unreadable, seconds=60 if name != "endless" else 1
        )


def children() -> set[str]:
    tasks = Path("/proc/self/task")
    return {child for path in tasks.glob("*/children") for child in path.read_text().split()}


def test_nothing_of_a_process_that_was_given_up_is_left(strange):
    before = children()
    for _ in range(3):
        with pytest.raises(strange.Unreadable):
            apart(strange.refused, b"x", error=strange.Unreadable)
    assert children() <= before
