"""Texts that are no recipes: each line is one, and is learned as a recipe without a title."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import BinaryIO

from textgen.text.corpus import Problem, each_file
from textgen.text.formats.source import Text
from textgen.text.formats.stream import BrokenOff
from textgen.text.recipe import Recipe

LONGEST_LINE = 20_000  # characters


def iter_passages(
    path: str | os.PathLike[str] | BinaryIO,
    on_problem: Callable[[Problem], None],
    on_format: Callable[[str, str], None] = lambda name, encoding: None,
) -> Iterator[Recipe]:
    """The lines of a file, a folder or a zip file that are not empty, one by one; else as `iter_recipes`.

    Memory holds one line. A line that is longer than `LONGEST_LINE` is a `Problem`.
    """

    def read(text: Text, label: str) -> Iterator[Recipe]:
        yield from _lines(text, label, on_problem)
        on_format("lines of text", text.encoding)

    return each_file(path, on_problem, read)


def _lines(text: Iterator[str], label: str, report: Callable[[Problem], None]) -> Iterator[Recipe]:
    line, number, length = "", 1, 0  # `length` is of the whole line, of which `line` holds the beginning

    def passage() -> Iterator[Recipe]:
        if length > LONGEST_LINE:
            report(Problem(number, None, f"the line has more than {LONGEST_LINE:,} characters", label))
        elif any("\ud800" <= c <= "\udfff" or c == "\0" for c in line):
            report(Problem(number, None, "the line holds bytes that are no text", label))
        elif any(c.isalnum() for c in line):
            yield Recipe("", (" ".join(line.split()),))

    try:
        for chunk in text:
            first, *rest = chunk.split("\n")
            line, length = line + first[: max(0, LONGEST_LINE - len(line))], length + len(first)
            for part in rest:
                yield from passage()
                line, length, number = part[:LONGEST_LINE], len(part), number + 1
    except BrokenOff as fault:
        report(Problem(fault.line, None, str(fault), label))
        return
    yield from passage()
