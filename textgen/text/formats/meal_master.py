"""Meal-Master, the format of the recipe exchanges of the 1990s: a ruled header, columns, then the method."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from textgen.text.formats import prose, stream
from textgen.text.formats.stream import Lines, Record, Unusable, too_long

_MARK = re.compile(r"MMMMM|-----", re.IGNORECASE)
_START = re.compile(r"(?:MMMMM|-----).*Meal-Master", re.IGNORECASE)
_END = re.compile(r"(?:MMMMM|-----)-*\s*")
_SECTION = re.compile(r"(?:MMMMM|-----)-")
_FIELD = re.compile(
    r"\s*(title|categories|category|yield|servings|keywords|posted by)\s*:\s*(.*)", re.IGNORECASE
)
# Columns 1 to 7 hold an amount, 9 and 10 a unit, the name starts in 12; or a name goes on behind a hyphen.
_INGREDIENT = re.compile(
    r"(?=.{0,6}[\d/]|\s{8})[\s\d./]{7} (?:[A-Za-z]{1,2}|\s{1,2})\s{1,2}\S.*|\s{10,}\S.*|\s*-{1,2}\S.*"
)


# Without patterns of several repeats: a line of dashes is tried in as many ways as it has dashes, cubed.


def begins_in(head: str) -> bool:
    """Whether a line of `head` says after dashes that a recipe of Meal-Master begins."""
    marks = ((line, _MARK.search(line)) for line in head.split("\n"))
    return any(mark and "meal-master" in line[mark.end() :].lower() for line, mark in marks)


def _is_section(line: str) -> bool:
    """Whether a line is a heading between dashes."""
    mark, line = _SECTION.match(line), line.rstrip()
    return bool(mark and line.endswith("-") and line[mark.end() : -1].strip())


def read_meal_master(chunks: Iterator[str]) -> Iterator[Record]:
    lines = Lines(chunks)
    start, size = 0, 0
    held: list[str] = []
    while True:
        fault = None
        try:
            line: str | None = next(lines, None)
        except Unusable:
            line, size = "", stream.LONGEST_RECORD + 1
        begins = line is not None and _START.match(line.strip()) is not None
        if start and (line is None or begins or (held and _END.fullmatch(line))):
            fault = Unusable(too_long()) if size > stream.LONGEST_RECORD else None
            yield Record(start, fault or _fields(held))
            start, size, held = 0, 0, []
        if line is None:
            return
        if begins:
            start = lines.number
        elif start:
            size += len(line)
            if size <= stream.LONGEST_RECORD and (held or line.strip()):
                held.append(line)


def _fields(lines: list[str]) -> dict[str, object]:
    fields: dict[str, object] = {}
    at = 0
    while at < len(lines) and (not lines[at].strip() or (field := _FIELD.fullmatch(lines[at]))):
        if lines[at].strip() and field:
            fields[field.group(1).lower()] = field.group(2)
        at += 1
    while at < len(lines) and (
        not lines[at].strip() or _INGREDIENT.fullmatch(lines[at]) or _is_section(lines[at])
    ):
        at += 1
    return {**fields, "steps": list(sentences(line for line in lines[at:] if not _is_section(line)))}


def sentences(lines: Iterable[str]) -> Iterator[str]:
    """Lines that were broken at a width put together again: a step ends with its sentence."""
    held = ""
    for line in lines:
        held = f"{held} {prose.one_line(line)}".strip()
        if not line.strip() or re.search(r"[.!?:][\"')]?\s*$", line):
            if held:
                yield held
            held = ""
    if held:
        yield held
