"""What every reader is given and what it gives: text in chunks, lines of it, a window on it, records."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

LONGEST_RECORD = 1 << 20  # characters; a line or record longer than this is reported, not held in memory


class Unusable(Exception):
    """The reason why a record is skipped."""


class BrokenOff(Exception):
    """The reason why a file cannot be read beyond `line`."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line = line


class NotRead(Exception):
    """The reason why a file is refused as a whole: "is a PDF"; to follow its name."""


class Record(NamedTuple):
    """What a reader makes of a part of a file that starts in `line`: its fields, or why it has none.

    `whole_file` marks a fault that is not one record's.
    """

    line: int
    fields: Any
    whole_file: bool = False


def too_long() -> str:
    return f"longer than {LONGEST_RECORD:,} characters"


class Lines(Iterator[str]):
    """The lines of a text, with their ends if `ends`; `number` is that of the last one.

    A line over `LONGEST_RECORD` raises `Unusable` once it has been passed over; the next call goes on.
    """

    def __init__(self, chunks: Iterator[str], ends: bool = False) -> None:
        self.number = 0
        self._chunks, self._text, self._at, self._ends = chunks, "", 0, ends

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
            raise Unusable(too_long())
        return "".join(pieces) + "\n" * self._ends


def paragraphs(lines: Lines, rule: re.Pattern[str]) -> Iterator[tuple[int, list[str] | None]]:
    """Runs of lines without an empty one or a rule, and the number of the first; None for the lines if they
    are too long together."""
    start, size = 0, 0
    found: list[str] = []
    while True:
        try:
            line: str | None = next(lines, None)
        except Unusable:
            line, size = "...", LONGEST_RECORD
        if line is not None and line.strip() and not rule.fullmatch(line.strip()):
            start = start or lines.number
            size += len(line)
            if size > LONGEST_RECORD:
                found.clear()
            else:
                found.append(line)
        elif start:
            yield start, None if size > LONGEST_RECORD else found
            start, size, found = 0, 0, []
        if line is None:
            return


class Window:
    """A text from its next character on, of which a part is in hand; `line` is the line of that character."""

    def __init__(self, chunks: Iterable[str]) -> None:
        self.line = 1
        self._chunks = iter(chunks)
        self._text, self._at = "", 0
        self._broken: BrokenOff | None = None

    @property
    def size(self) -> int:
        """The characters in hand."""
        return len(self._text) - self._at

    def more(self) -> bool:
        """Take the next chunk in hand; False at the end of the text."""
        if self._broken:
            raise self._broken
        chunk = next(self._chunks, "")
        self._text, self._at = self._text[self._at :] + chunk, 0
        return bool(chunk)

    def head(self, size: int) -> str:
        """The next `size` characters, or fewer at the end; nothing moves."""
        try:
            while self.size < size and self.more():
                pass
        except BrokenOff as fault:  # to be told when what is in hand has been read
            self._broken = fault
        return self._text[self._at : self._at + size]

    def drop(self, count: int) -> None:
        self.line += self._text.count("\n", self._at, self._at + count)
        self._at += count

    def peek(self) -> str:
        """The next character that is not white space, now the first; "" at the end."""
        while True:
            match = _NOT_SPACE.search(self._text, self._at)
            self.drop((match.start() if match else len(self._text)) - self._at)
            if match:
                return match.group()
            if not self.more():
                return ""

    def find(self, pattern: re.Pattern[str]) -> bool:
        """Move on to the end of the next match (of at most 1,000 characters)."""
        while not (match := pattern.search(self._text, self._at)):
            self.drop(max(0, self.size - 1000))
            if not self.more():
                self.drop(self.size)
                return False
        self.drop(match.end() - self._at)
        return True

    def decode(self) -> Any:
        """The JSON value that stands next, which is passed; or `Unusable`, and nothing moves."""
        while True:
            try:
                value, end = json.JSONDecoder(strict=False).raw_decode(self._text, self._at)
            except (ValueError, RecursionError) as error:  # at fault, or not yet whole
                if self.size > LONGEST_RECORD:
                    raise Unusable(f"{json_fault(error, self._at)}, or {too_long()}") from None
                if not self.more():
                    raise Unusable(json_fault(error, self._at)) from None
            else:
                # A number at the edge of the text in hand may have more digits.
                if end - self._at > LONGEST_RECORD:
                    raise Unusable(too_long())
                if isinstance(value, (dict, list, str)) or end < len(self._text) or not self.more():
                    self.drop(end - self._at)
                    return value


_NOT_SPACE = re.compile(r"\S")


def json_fault(error: Exception, start: int = 0) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"not valid JSON ({error.msg} at character {error.pos - start + 1:,})"
    return "not valid JSON (too deeply nested or too long a number)"
