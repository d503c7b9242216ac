"""JSON in any of its shapes: an object a line, a list, one object, a wrapper, a dictionary of records."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from textgen.text.formats.fields import BESIDE, METHODS, TITLES, is_record, plain_name, records_in, with_title
from textgen.text.formats.stream import Lines, NotRead, Record, Unusable, Window, json_fault

_LOOK = 1 << 16  # characters of an object that are looked at to tell a record from what holds records
_NESTED = 50  # brackets of a record within each other, at most
_DEEPEST = 6
_HELD = 1000  # objects that may yet turn out to be faulty records
_NEXT_VALUE = re.compile(r"\n(?=[{\[])")
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,]', re.DOTALL)


def is_lines(head: str, suffix: str) -> bool:
    """Whether each line of a text that starts with a brace is an object of its own."""
    first, second, *_ = [*(line for line in head.split("\n") if line.strip()), "", ""]
    if suffix in (".jsonl", ".ndjson") and (len(first) > 2 or not second):
        return not second or second[:1] in "{[" or first.rstrip().rstrip(",").endswith("}")
    return second.startswith("{") and first.startswith("{") and len(first.rstrip()) > 1


def read_lines(chunks: Iterator[str]) -> Iterator[Record]:
    lines = Lines(chunks)
    while True:
        try:
            line = next(lines).strip()
            if line in ("", "[", "]"):
                continue
            try:
                value = json.loads(line, strict=False)
            except json.JSONDecodeError:
                if not line.endswith(","):
                    raise
                value = json.loads(line[:-1], strict=False)
        except StopIteration:
            return
        except Unusable as reason:
            yield Record(lines.number, reason)
        except (ValueError, RecursionError) as error:
            yield Record(lines.number, Unusable(f"{json_fault(error)}; one whole object a line is expected"))
        else:
            found = [value] if not isinstance(value, dict) else records_in(value)
            yield from (Record(lines.number, fields) for fields in found)


def read_values(chunks: Iterator[str]) -> Iterator[Record]:
    """Records from lists, objects that are records and objects that hold some, one after the other."""
    window = Window(chunks)
    while (character := window.peek()) != "":
        if character == "[":
            yield from _list(window, 0, everything=True)
        elif character == "{":
            try:
                yield from _object(window, "", 0)
            except Unusable as reason:
                yield Record(window.line, reason)
                if not window.find(_NEXT_VALUE):
                    return
        elif character == ",":
            window.drop(1)
        else:
            fault = "the text after the closing ] is not read" if window.line > 1 else "not valid JSON"
            yield Record(window.line, Unusable(fault), whole_file=True)
            if not window.find(_NEXT_VALUE):
                return


def _list(window: Window, depth: int, everything: bool) -> Iterator[Record]:
    """The records of a list, one by one; without `everything`, none if it holds no record at all."""
    window.drop(1)
    held: list[Record] = []
    firsts: set[str] = set()  # the names that its objects start with
    while window.peek() not in ("]", ""):
        line = window.line
        firsts |= _first_name(window)
        try:
            found = [Record(line, fields) for fields in records_in(window.decode(), depth=1)]
        except Unusable as fault:
            yield from _passed(window, line, fault, _next_object(",", firsts))
            continue
        if window.peek() == ",":
            window.drop(1)
        if everything or any(is_record(record.fields) for record in found):
            everything = True
            yield from (*held, *found)
            held = []
        elif len(held) < _HELD:
            held += found
    yield from _close(window, "]", "list")


def _object(window: Window, key: str, depth: int) -> Iterator[Record]:
    """An object that is a record, or the records in it; `Unusable` if it is a record and not valid."""
    line = window.line
    names, end = _names_in(window)
    _refuse_columns(window, names)
    if not names.isdisjoint(METHODS) or ("ingredients" in names and not names.isdisjoint(TITLES)):
        container = False
    elif end:
        try:
            value = Window([window.head(end)]).decode()
        except Unusable:
            container = names.isdisjoint(TITLES)
        else:
            container = any(record is not value for record in records_in(value))
    else:
        container = window.size >= _LOOK or names.isdisjoint(TITLES)
    if container and depth < _DEEPEST:
        yield from _members(window, depth)
    else:
        yield Record(line, with_title(window.decode(), key))


def _members(window: Window, depth: int) -> Iterator[Record]:
    """The records among the values of an object, without holding more than one of them."""
    window.drop(1)
    held: list[Record] = []
    firsts: set[str] = set()
    everything = False
    while window.peek() not in ("}", ""):
        line = window.line
        found: list[Record] = []
        try:
            key = window.decode()
            if not isinstance(key, str) or window.peek() != ":":
                raise Unusable("not valid JSON (a name and a colon are expected)")
            window.drop(1)
            bracket = "" if plain_name(key) in BESIDE else window.peek()
            if bracket == "[" and re.match(r"\[\s*[\[{]", window.head(1000)):
                yield from _list(window, depth + 1, everything=False)
            elif bracket == "{":
                firsts |= _first_name(window)
                if _names_in(window)[1]:  # it is short enough to be held
                    found = list(_object(window, key, depth + 1))
                else:
                    yield from _object(window, key, depth + 1)
            else:
                window.decode()
        except Unusable as fault:
            pattern = _next_object(r'[}\]]\s*,\s*(?="(?:[^"\\]|\\.){0,200}"\s*:', firsts)
            yield from _passed(window, line, fault, pattern)
            continue
        if window.peek() == ",":
            window.drop(1)
        if everything or any(is_record(record.fields) for record in found):
            everything = True
            yield from (*held, *found)
            held = []
        elif len(held) < _HELD:
            held += found
    yield from _close(window, "}", "object")


def _close(window: Window, bracket: str, what: str) -> Iterator[Record]:
    if window.peek():
        window.drop(1)
    else:
        reason = f"the file ends without the {bracket} that closes its {what}"
        yield Record(window.line, Unusable(reason), whole_file=True)


def _passed(window: Window, line: int, fault: Unusable, following: re.Pattern[str]) -> Iterator[Record]:
    """A fault, and on to what follows it."""
    more = window.find(following)
    yield Record(line, fault if more else Unusable(f"{fault}; what follows it could not be read"))


def _names_in(window: Window) -> tuple[set[str], int]:
    """The names at the top of the object that stands next, and where it ends, or 0 if not within `_LOOK`
    and `_NESTED`."""
    names: set[str] = set()
    depth, last = 0, ""
    for token in _TOKEN.finditer(window.head(_LOOK)):
        mark = token.group()
        if mark in "{[":
            depth += 1
            if depth > _NESTED:  # more likely brackets that nobody closes
                return names, 0
        elif mark in "}]":
            depth -= 1
            if depth == 0:
                return names, token.end()
        elif mark == ":" and depth == 1:
            names.add(plain_name(last[1:-1]))
        last = mark
    return names, 0


def _first_name(window: Window) -> set[str]:
    first = re.match(r'\{\s*("(?:[^"\\]|\\.){0,200}")\s*:', window.head(1000))
    return {re.escape(first.group(1))} if first else set()


def _next_object(before: str, firsts: set[str]) -> re.Pattern[str]:
    """Where to go on after a fault: at the next object that starts as one did before."""
    names = "|".join(sorted(firsts)[:50])
    start = rf"\s*\{{\s*(?:{names})" if names else r"\s*\{"
    return re.compile(f"{before}{start})" if "(?=" in before else rf"{before}(?={start})")


def _refuse_columns(window: Window, names: set[str]) -> None:
    """A table that pandas wrote column by column has no records to read one by one."""
    head = window.head(1000)
    first = re.match(r'\{\s*"([^"]*)"\s*:\s*\{\s*"0"\s*:\s*[^\s{]', head)
    if first and plain_name(first.group(1)) not in METHODS and not names.isdisjoint((*TITLES, *METHODS)):
        raise NotRead("is a table written column by column; save it with orient='records'")
    if re.match(r'\{\s*"columns"\s*:\s*\[', head) and "data" in names:
        raise NotRead("is a table split in columns and data; save it with orient='records'")
