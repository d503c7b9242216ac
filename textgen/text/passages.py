"""Texts that are no recipes: each line is one, and is learned as a recipe without a title."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import BinaryIO

from textgen.text.corpus import CorpusError, Problem
from textgen.text.formats.source import texts_in
from textgen.text.formats.stream import BrokenOff, NotRead
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
    name = os.fspath(path) if isinstance(path, (str, os.PathLike)) else str(getattr(path, "name", "the file"))
    try:
        for label, text in texts_in(path):
            try:
                if isinstance(text, NotRead):
                    raise text
                yield from _lines(text, label, on_problem)
            except NotRead as reason:
                if not label:
                    raise CorpusError(f"{name} {reason}") from None
                on_problem(Problem(1, None, str(reason), label))
            else:
                on_format("lines of text", text.encoding)
    except FileNotFoundError:
        raise CorpusError(f"there is no file {name}") from None
    except OSError as error:
        raise CorpusError(f"{name} cannot be read: {error.strerror or error}") from None


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
