"""Recipes from files: JSON lines, a JSON list, CSV and plain text, each read as a stream.

Text becomes what the network learns to continue, `recipe for TITLE | STEPS`, after Foster, *Generative Deep
Learning* (2nd ed.), chapter 5. A record that cannot be used is reported as a `Problem` and skipped; memory
holds the recipes and never more than one record of the file, whatever the file's size.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import os
import re
import warnings
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

LONGEST_RECORD = 1 << 20  # characters; a line or record longer than this is reported, not held in memory
_CHUNK = 1 << 16  # bytes
_BOMB_SIZE, _BOMB_RATIO = 1 << 26, 200  # unpacked bytes from which, and times the packed size: not a text
_SHOWN = 10  # problems named in a warning


class CorpusError(ValueError):
    """A file from which not one recipe can be read; the message says why and what to do."""


class CorpusWarning(UserWarning):
    """Records of a file were skipped."""


@dataclass(frozen=True)
class Problem:
    """Why part of a file was skipped: `line` and `record` count from 1; no `record` means the file itself."""

    line: int
    record: int | None
    reason: str

    def __str__(self) -> str:
        where = f"line {self.line}" if self.record is None else f"record {self.record}, line {self.line}"
        return f"{where}: {self.reason}"


@dataclass(frozen=True)
class Recipe:
    """A title and the steps of its method; `era` is "modern", "historic", "synthetic" or "" if unknown."""

    title: str
    steps: tuple[str, ...]
    source: str = ""
    era: str = ""
    license: str = ""

    def __post_init__(self) -> None:
        if isinstance(self.steps, str):
            raise TypeError("steps is a sequence of texts, not one text")
        object.__setattr__(self, "steps", tuple(self.steps))

    @property
    def text(self) -> str:
        """`recipe for TITLE | STEPS`, the steps joined by spaces."""
        return recipe_text(self.title, " ".join(self.steps))


def recipe_text(title: str, body: str) -> str:
    """The one place that knows how title and method become one text."""
    return f"recipe for {title} | {body}"


def load_recipes(
    path: str | os.PathLike[str] | BinaryIO, on_problem: Callable[[Problem], None] | None = None
) -> list[Recipe]:
    """All recipes of a file (or of an open binary file), in its order.

    The format is told by the content, then by the name; any of them may be gzipped:

    - JSON lines: an object a line with `title`, `steps` (or `directions`), and if known `source`, `era`,
      `license`
    - a JSON list of such objects, as the book's `full_format_recipes.json`
    - CSV with the columns `title` and `directions` (or `steps`), a JSON list in each cell, as RecipeNLG's
    - plain text: a recipe a paragraph, its first line the title

    A record that cannot be used is skipped and given to `on_problem`; without it, one `CorpusWarning` names
    the first ten. Raises `CorpusError` if the file cannot be opened or has no usable recipe.
    """
    problems: list[Problem] = []
    count = 0

    def report(problem: Problem) -> None:
        nonlocal count
        count += 1
        if count <= _SHOWN:
            problems.append(problem)
        if on_problem is not None:
            on_problem(problem)

    recipes = list(iter_recipes(path, report))
    name = _name_of(path)
    if not recipes:
        if not problems:
            raise CorpusError(f"{name} is empty: there is no recipe in it")
        more = f" ({count:,} problems in all)" if count > 1 else ""
        raise CorpusError(f"no recipe could be read from {name}; {problems[0]}{more}")
    if problems and on_problem is None:
        parts = [str(problem) for problem in problems]
        if count > len(parts):
            parts.append(f"and {count - len(parts):,} more")
        warnings.warn(f"{name}: skipped " + "; ".join(parts), CorpusWarning, stacklevel=2)
    return recipes


def iter_recipes(
    path: str | os.PathLike[str] | BinaryIO, on_problem: Callable[[Problem], None]
) -> Iterator[Recipe]:
    """The recipes of a file one by one, for files larger than memory; otherwise as `load_recipes`."""
    name = _name_of(path)
    try:
        if isinstance(path, (str, os.PathLike)):
            if Path(path).is_dir():
                raise CorpusError(f"{name} is a folder; give a file of recipes in it")
            with open(path, "rb") as file:
                yield from _recipes_in(file, name, on_problem)
        else:
            file = io.BufferedReader(path)  # type: ignore[arg-type]
            try:
                yield from _recipes_in(file, name, on_problem)
            finally:
                file.detach()  # the caller's file stays open
    except FileNotFoundError:
        raise CorpusError(f"there is no file {name}") from None
    except OSError as error:
        raise CorpusError(f"{name} cannot be read: {error.strerror or error}") from None


class _Unusable(Exception):
    """The reason why a record is skipped."""


class _BrokenOff(Exception):
    """The reason why a file cannot be read beyond `line`."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line


# What a format's reader makes of a file: the line a record starts at, its number (None: the file itself), and
# its fields or an `_Unusable`.
_Record: TypeAlias = "tuple[int, int | None, Any]"


def _recipes_in(file: io.BufferedReader, name: str, report: Callable[[Problem], None]) -> Iterator[Recipe]:
    chunks = _text_chunks(file, name)
    try:
        head = ""
        for chunk in chunks:
            head += chunk
            if "\n" in head.lstrip() or len(head.lstrip()) > 1000:  # enough to tell the format
                break
        for line, record, fields in _reader_for(head, name)(chain([head], chunks)):
            try:
                recipe = _recipe_of(fields)
            except _Unusable as reason:
                report(Problem(line, record, str(reason)))
            else:
                yield recipe
    except _BrokenOff as broken:  # what was complete before the break has been kept
        report(Problem(broken.line, None, str(broken)))


def _name_of(path: str | os.PathLike[str] | BinaryIO) -> str:
    return os.fspath(path) if isinstance(path, (str, os.PathLike)) else str(getattr(path, "name", "the file"))


# --- from bytes to text ------------------------------------------------------------------------------------


def _text_chunks(file: io.BufferedReader, name: str) -> Iterator[str]:
    """The file's text, unpacked, without byte order mark, line ends as "\\n".

    Bytes that are not UTF-8 become lone surrogates, so that only the record they stand in is lost.
    """
    packed = file.peek(2)[:2] == b"\x1f\x8b"
    stream: Any = gzip.GzipFile(fileobj=_Sips(file)) if packed else file  # type: ignore[call-overload]
    decoder = io.IncrementalNewlineDecoder(
        codecs.getincrementaldecoder("utf-8-sig")("surrogateescape"), translate=True
    )
    line, size = 1, 0
    while True:
        try:
            data = stream.read1(_CHUNK)  # unlike read, it returns what there is before a break
        except EOFError:
            raise _BrokenOff(line, "the gzip file breaks off here") from None
        except (zlib.error, gzip.BadGzipFile):
            raise _BrokenOff(line, "the gzip file is damaged from here on") from None
        if size == 0:
            _refuse_binary(data, name)
        size += len(data)
        if packed and size > _BOMB_SIZE and size > _BOMB_RATIO * file.tell():
            raise _BrokenOff(line, f"the gzip file unpacks to over {_BOMB_RATIO} times its size")
        text = decoder.decode(data, final=not data)
        if text:
            yield text
        if not data:
            return
        line += text.count("\n")


class _Sips:
    """A packed file that hands out little at a time, so that its position is where unpacking stands.

    From Python 3.12 on gzip reads 128 KB ahead: a small bomb would count as read whole before it unpacks.
    """

    def __init__(self, file: io.BufferedReader) -> None:
        self._file = file

    def read(self, size: int) -> bytes:
        return self._file.read(min(size, 1 << 12))


def _refuse_binary(data: bytes, name: str) -> None:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise CorpusError(f"{name} is UTF-16 text; save it as UTF-8")
    if data.startswith(b"PK\x03\x04"):
        raise CorpusError(f"{name} is a zip file; unpack it and give the file of recipes in it")
    if b"\0" in data:
        raise CorpusError(f"{name} is not text; JSON lines, a JSON list, CSV or plain text is expected")


class _Lines(Iterator[str]):
    """The lines of a text without their ends; `number` is that of the last one.

    A line over `LONGEST_RECORD` raises `_Unusable` once it has been passed over; the next call goes on.
    """

    def __init__(self, chunks: Iterator[str]) -> None:
        self.number = 0
        self._chunks, self._text, self._at = chunks, "", 0

    def __next__(self) -> str:
        pieces: list[str] = []
        length = 0
        while True:
            end = self._text.find("\n", self._at)
            pieces.append(self._text[self._at : end if end >= 0 else None])
            length += len(pieces[-1])
            if length > LONGEST_RECORD:
                pieces.clear()
            if end >= 0:
                self._at = end + 1
                break
            self._text, self._at = next(self._chunks, ""), 0
            if not self._text:
                if length == 0:
                    raise StopIteration
                break
        self.number += 1
        if length > LONGEST_RECORD:
            raise _Unusable(_TOO_LONG)
        return "".join(pieces)


_TOO_LONG = f"longer than {LONGEST_RECORD:,} characters"


# --- the formats: from text to fields ----------------------------------------------------------------------


def _reader_for(head: str, name: str) -> Callable[[Iterator[str]], Iterator[_Record]]:
    """The format, told by the first text of the file and, where that is undecided, by its name."""
    suffix = Path(name.lower().removesuffix(".gz")).suffix
    json_by_name = suffix in {".json", ".jsonl", ".ndjson"}
    if re.match(r"\s*\[" if json_by_name else r"\s*\[\s*(\{|null|])", head):
        return _json_list
    if json_by_name or re.match(r'\s*\{\s*["}]', head):
        return _json_lines
    first = head.strip().partition("\n")[0]
    for delimiter in ",;\t":
        columns = _column_names(next(csv.reader([first], delimiter=delimiter), []))
        if "title" in columns and not set(_STEPS).isdisjoint(columns):
            return partial(_csv_rows, delimiter=delimiter)
    if suffix in {".csv", ".tsv"} and first:
        raise CorpusError(f"{name} needs columns title and directions, its first line is: {first[:200]}")
    return _paragraphs


def _json_lines(chunks: Iterator[str]) -> Iterator[_Record]:
    lines, record = _Lines(chunks), 0
    while True:
        fields: Any
        try:
            line = next(lines)
            if not line.strip():
                continue
            fields = json.loads(line)
        except StopIteration:
            return
        except _Unusable as reason:
            fields = reason
        except (ValueError, RecursionError) as error:
            fields = _Unusable(f"{_json_fault(error)}; one whole object a line is expected")
        record += 1
        yield lines.number, record, fields


def _json_fault(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"not valid JSON ({error.msg} at character {error.pos + 1:,})"
    return "not valid JSON (too deeply nested or too long a number)"


def _json_list(chunks: Iterator[str]) -> Iterator[_Record]:
    """The elements of a list, decoded one by one from a window that slides over the text."""
    window, record = _Window(chunks), 0
    window.peek()
    window.drop(1)  # the [
    while window.peek() not in ("]", ""):
        line, record = window.line, record + 1
        try:
            yield line, record, window.decode()
        except _Unusable as fault:
            yield line, record, fault
            if not window.find(_NEXT_OBJECT):
                return
        if window.peek() == ",":
            window.drop(1)
    if not window.peek():
        yield window.line, None, _Unusable("the file ends without the ] that closes its list")
        return
    window.drop(1)
    if window.peek():
        yield window.line, None, _Unusable("the text after the closing ] is not read")


_NEXT_OBJECT = re.compile(r",\s*(?=\{)")  # where to go on after a fault


class _Window:
    """The part of a text in hand: `text`, which starts in `line`."""

    def __init__(self, chunks: Iterator[str]) -> None:
        self.text, self.line = "", 1
        self._chunks = chunks

    def more(self) -> bool:
        """Append the next chunk; False at the end of the text."""
        chunk = next(self._chunks, "")
        self.text += chunk
        return bool(chunk)

    def drop(self, count: int) -> None:
        self.line += self.text.count("\n", 0, count)
        self.text = self.text[count:]

    def peek(self) -> str:
        """The next character that is not white space, now the first of the window; "" at the end."""
        while True:
            self.drop(len(self.text) - len(self.text.lstrip()))
            if self.text or not self.more():
                return self.text[:1]

    def find(self, pattern: re.Pattern[str]) -> bool:
        """Move on to the end of the next match (of at most 100 characters)."""
        while not (match := pattern.search(self.text)):
            self.drop(max(0, len(self.text) - 100))
            if not self.more():
                return False
        self.drop(match.end())
        return True

    def decode(self) -> Any:
        """The JSON value that starts the window, which is moved past it; or `_Unusable`."""
        while True:
            try:
                value, end = json.JSONDecoder().raw_decode(self.text)
            except (ValueError, RecursionError) as error:  # at fault, or not yet whole
                if len(self.text) > LONGEST_RECORD:
                    raise _Unusable(f"{_json_fault(error)}, or {_TOO_LONG}") from None
                if not self.more():
                    raise _Unusable(_json_fault(error)) from None
            else:
                # A number at the edge of the window may have more digits.
                if isinstance(value, dict) or end < len(self.text) or not self.more():
                    self.drop(end)
                    return value


def _column_names(row: list[str]) -> list[str]:
    return [column.strip().lower() for column in row]


def _csv_rows(chunks: Iterator[str], delimiter: str) -> Iterator[_Record]:
    lines, record = _Lines(chunks), 0
    rows = csv.reader(lines, delimiter=delimiter, strict=True)  # goes on after an error, also a line's
    header: list[str] = []
    while True:
        start = lines.number + 1
        fields: Any
        try:
            row = next(rows)
            if not row:
                continue
            if not header:
                header = _column_names(row)
                continue
            if len(row) != len(header):
                raise _Unusable(f"{len(row)} columns where the first line has {len(header)}")
            fields = dict(zip(header, row, strict=True))
            for name in _STEPS:
                if fields.get(name, "").lstrip().startswith("["):
                    fields[name] = json.loads(fields[name])
        except StopIteration:
            return
        except _Unusable as reason:
            fields = reason
        except csv.Error as error:
            fields = _Unusable(f"not valid CSV ({error})")
        except (ValueError, RecursionError) as error:
            fields = _Unusable(f"the steps are {_json_fault(error)}")
        record += 1
        yield start, record, fields


def _paragraphs(chunks: Iterator[str]) -> Iterator[_Record]:
    lines, record = _Lines(chunks), 0
    start, size = 0, 0
    paragraph: list[str] = []
    while True:
        try:
            line: str | None = next(lines, None)
        except _Unusable:
            line, size = "...", LONGEST_RECORD
        if line is not None and line.strip():
            start = start or lines.number
            size += len(line)
            if size > LONGEST_RECORD:
                paragraph.clear()
            else:
                paragraph.append(line)
        elif start:
            record += 1
            if size > LONGEST_RECORD:
                yield start, record, _Unusable(_TOO_LONG)
            else:
                yield start, record, {"title": paragraph[0], "steps": paragraph[1:]}
            start, size, paragraph = 0, 0, []
        if line is None:
            return


# --- from fields to a recipe -------------------------------------------------------------------------------

_STEPS = ("steps", "directions")  # the names of the method, the first one there counts


def _recipe_of(fields: Any) -> Recipe:
    """`Recipe` of the fields of one record, or `_Unusable`."""
    if isinstance(fields, _Unusable):
        raise fields
    if not isinstance(fields, dict):
        raise _Unusable(f"an object with title and steps is expected, not {_kind(fields)}")
    if "title" not in fields:
        raise _Unusable("there is no title")
    title = _text_of(fields["title"], "the title")
    if not title:
        raise _Unusable("the title is empty")
    name = next((name for name in _STEPS if name in fields), None)
    if name is None:
        raise _Unusable("there are no steps or directions")
    value = fields[name]
    if isinstance(value, str):
        value = value.split("\n")
    if not isinstance(value, list):
        raise _Unusable(f"{name}: a list of texts is expected, not {_kind(value)}")
    texts = (_text_of(step, f"{name}, number {i},") for i, step in enumerate(value, start=1))
    steps = tuple(text for text in texts if text)
    if not steps:
        raise _Unusable(f"there is a title but no {name}")
    facts = {key: _text_of(fields[key] or "", key) for key in ("source", "era", "license") if key in fields}
    return Recipe(title, steps, **facts)


def _text_of(value: Any, what: str) -> str:
    """`value` with its white space made single spaces, if it is sound text."""
    if not isinstance(value, str):
        raise _Unusable(f"{what} should be text, not {_kind(value)}")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _Unusable(f"{what} has bytes that are not UTF-8; save the file as UTF-8") from None
    return " ".join(value.split())


def _kind(value: Any) -> str:
    """What JSON calls `value`."""
    if value is None:
        return "null"
    kinds = {bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list"}
    return kinds.get(type(value), "an object")
