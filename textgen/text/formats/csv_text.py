"""Tables as text: CSV and its kin, line breaks and lists in their cells included."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any

from textgen.text.formats.fields import TITLES, has_method, plain_name
from textgen.text.formats.stream import Lines, Record, Unusable

_DELIMITERS = ",;\t|"
_SEPARATOR = re.compile(r'\s*"?sep=(.)"?\s*\n', re.IGNORECASE)


def delimiter_of(head: str) -> str | None:
    """What stands between the cells, if the first row names columns for a title and a method."""
    if match := _SEPARATOR.match(head):
        return match.group(1)
    for delimiter in _DELIMITERS:
        columns = column_names(head, delimiter)
        if has_method(dict.fromkeys(columns)) and not set(TITLES).isdisjoint(map(plain_name, columns)):
            return delimiter
    return None


def column_names(head: str, delimiter: str) -> list[str]:
    """The names in the first row."""
    lines = head.lstrip("\n").splitlines(keepends=True)
    try:
        return next(csv.reader(lines, delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:
        return []


def read_table(chunks: Iterator[str]) -> Iterator[Record]:
    head = next(chunks, "")
    options: dict[str, Any] = {"delimiter": delimiter_of(head) or ","}
    marked = _SEPARATOR.match(head) is not None
    # Databases write \" in a cell for what spreadsheets write "".
    if re.search(r'[^\\"]\\"[^"]', head) and not re.search(r'\w""|""\w', head):
        options.update(escapechar="\\", doublequote=False)
    lines = Lines(chain([head], chunks), ends=True)
    rows = csv.reader(lines, strict=True, skipinitialspace=True, **options)  # goes on after an error
    header: list[str] = []
    while True:
        start = lines.number + 1
        fields: Any
        try:
            row = next(rows)
            if marked or not any(cell.strip() for cell in row):
                marked = False
                continue
            if not header:
                header = row
                continue
            if len(row) > len(header) and not any(cell.strip() for cell in row[len(header) :]):
                row = row[: len(header)]
            if len(row) != len(header):
                raise Unusable(f"{len(row)} columns where the first line has {len(header)}")
            if all(re.fullmatch(r"\s*:?-*:?\s*", cell) for cell in row):  # the rule of a Markdown table
                continue
            fields = dict(zip(header, row, strict=True))
        except StopIteration:
            return
        except Unusable as reason:
            fields = reason
        except csv.Error as error:
            fields = Unusable(f"not valid CSV ({error})")
        yield Record(start, fields)
