"""Plain text: a recipe a paragraph under its title, or recipes whose parts have headings of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import TypeAlias

from textgen.text.formats import prose, stream
from textgen.text.formats.meal_master import sentences
from textgen.text.formats.stream import Lines, Record, Unusable, paragraphs, too_long
from textgen.text.lexicon import lexicon

_RULE = re.compile(r"[-=*_~#+]{3,}")
_LABEL = re.compile(r"(?:title|recipe name|recipe|name)\s*:\s*(?=\S)", re.IGNORECASE)
_META = re.compile(
    r"(?:serves|servings?|yields?|makes|prep(?:aration)? time|cook(?:ing)? time|total time|time|source|author"
    r"|categor(?:y|ies)|tags?|date|url|rating|difficulty)\s*[:\d].*",
    re.IGNORECASE,
)
_AMOUNT = re.compile(
    r"(?<![\w.])[\d½¼¾⅓⅔⅛]+\s?(?:g|gr|kg|mg|ml|cl|dl|l|litres?|liters?|min|mins|minutes?|minuten|minutos"
    r"|minuti|hours?|h|cups?|tsp|tbsp|teaspoons?|tablespoons?|oz|ounces?|lbs?|pounds?|inch(?:es)?|cm|el|tl)\b|\d\s?°",
    re.IGNORECASE,
)


def reads_as_recipe(text: str) -> bool:
    """Whether a method has a verb of the kitchen where a sentence starts, or an amount with its unit."""
    if _AMOUNT.search(text):
        return True
    verbs = lexicon().groups
    starts = re.findall(r"(?:^|[.!?:;,\n]\s*|\b(?:and|then)\s+)([A-Za-z]+)", text)
    return any(word.lower() in verbs for word in starts)


def is_method(text: str, share: float = 0.5, fewest: int = 1) -> bool:
    """Whether there are so many sentences, of which such a share starts with a verb of the kitchen."""
    starts = re.findall(r"(?:^|[.!?\n]\s*)([A-Za-z]+)", text)
    verbs = lexicon().groups
    return len(starts) >= fewest and sum(word.lower() in verbs for word in starts) >= share * len(starts)


def has_parts(head: str) -> bool:
    """Whether a line is the heading of a method."""
    return any(prose.part_of(line) == "method" or prose.method_start(line) for line in head.split("\n"))


def is_sure(head: str) -> bool:
    """Whether the first paragraphs look like recipes: most have a title above their text, and many of those
    read as a recipe."""
    shaped = alike = count = 0
    for _, lines in islice(paragraphs(Lines(iter([head])), _RULE), 40):
        count += 1
        if lines and len(lines) > 1 and _is_title(lines[0]) and not lines[1].lstrip()[:1].islower():
            shaped += 1
            alike += reads_as_recipe("\n".join(lines[1:]))
    return shaped > 0 and 2 * shaped >= count and 3 * alike >= shaped


def _is_title(line: str) -> bool:
    line = line.strip()
    letters = sum(c.isalpha() or c.isspace() for c in line)
    return len(line) <= 100 and not re.search(r"[.,;{}<>=]$", line) and letters >= 0.6 * len(line)


def read_paragraphs(chunks: Iterator[str]) -> Iterator[Record]:
    for line, found in paragraphs(Lines(chunks), _RULE):
        yield Record(line, {"title": _title(found[0]), "steps": found[1:]} if found else Unusable(too_long()))


def has_titles(head: str) -> bool:
    """Whether titles stand between paragraphs of which most read as recipes through and through."""
    alike = count = 0
    for _, title, found in islice(_under_titles(Lines(iter([head]))), 20):
        if not title or not found:
            return False
        count += 1
        alike += is_method("\n".join(found))
    return count > 0 and 2 * alike >= count


def read_titled(chunks: Iterator[str]) -> Iterator[Record]:
    for line, title, found in _under_titles(Lines(chunks)):
        yield Record(line, {"title": title, "steps": found} if found is not None else Unusable(too_long()))


def _under_titles(lines: Lines) -> Iterator[tuple[int, str, list[str] | None]]:
    """Each paragraph that could be a title with the lines up to the next, None if they are too long, and the
    number of its first line."""
    start, title, size = 1, "", 0
    found: list[str] = []
    for number, block in paragraphs(lines, _RULE):
        if block and len(block) == 1 and len(block[0]) <= 60 and _could_be_title(block):
            if title or found:
                yield start, title, found if size <= stream.LONGEST_RECORD else None
            start, title, size, found = number, _title(block[0]), 0, []
            continue
        size += sum(map(len, block)) if block else stream.LONGEST_RECORD + 1
        if block and size <= stream.LONGEST_RECORD:
            found += block
    if title or found:
        yield start, title, found if size <= stream.LONGEST_RECORD else None


_Block: TypeAlias = "tuple[int, list[str]]"  # the number of the first line, and the lines


def read_parts(chunks: Iterator[str]) -> Iterator[Record]:
    """Recipes whose method stands under a heading; a title is what could be one nearest above the parts."""
    start, title = 0, ""
    method: list[_Block] = []
    loose: list[_Block] = []  # blocks outside of a method, since the recipe began
    size = 0  # characters since the recipe began
    part: prose.Part | None = None
    for number, lines in paragraphs(Lines(chunks), _RULE):
        if lines is None or size > stream.LONGEST_RECORD:
            yield Record(number, Unusable(too_long()))
            start, title, part, method, loose, size = 0, "", None, [], [], 0
            continue
        size += sum(map(len, lines))
        for named, block in _segments(number, lines):
            if named == "ingredients" or (named == "method" and (method or not title)):
                pool = method if part == "method" else loose
                head = _take_title(pool)
                if head or method:
                    if method:
                        yield Record(start, {"title": title, "directions": list(_steps(method))})
                    start, title = (head[0], _title(head[1][0])) if head else (block[0], "")
                    method, loose, size = [], [], sum(map(len, lines))
            part = named or part
            (method if part == "method" else loose).append(block)
    if method or title:
        yield Record(start, {"title": title, "directions": list(_steps(method))})


def _segments(number: int, lines: list[str]) -> Iterator[tuple[prose.Part | None, _Block]]:
    """A paragraph cut before each heading of a part; the heading itself is left out."""
    named: prose.Part | None = None
    block: _Block = (number, [])
    for at, line in enumerate(lines, start=number):
        rest = prose.method_start(line)
        heading = "method" if rest is not None else prose.part_of(line)
        if heading:
            if named or block[1]:
                yield named, block
            named, block = heading, (at, [rest] if rest else [])
        else:
            block[1].append(line)
    yield named, block


def _take_title(pool: list[_Block]) -> _Block | None:
    """The title at the end of what stands before the parts, taken out with all that follows it."""
    for back in range(1, min(4, len(pool) + 1)):
        number, lines = pool[-back]
        if lines and _could_be_title(lines):
            del pool[-back:]
            return number, lines
    if pool and len(pool[-1][1]) > 1 and _could_be_title(pool[-1][1][-1:]):
        number, lines = pool[-1]
        return number + len(lines) - 1, [lines.pop()]
    return None


def _could_be_title(lines: list[str]) -> bool:
    first, *others = (line.strip() for line in lines)
    alone = _is_title(first) and not re.match(r"[\d½¼¾*•-]", first) and not _META.fullmatch(first)
    return alone and all(_META.fullmatch(line) for line in others)


def _title(line: str) -> str:
    return _LABEL.sub("", line.strip().strip("#*_= "), count=1)


def _steps(blocks: list[_Block]) -> Iterator[str]:
    """Numbered or bulleted steps, each with the lines that follow it; otherwise sentences put together."""
    lines = [line for _, block in blocks for line in (*block, "")]
    if not any(prose.without_mark(line) != prose.one_line(line) for line in lines):
        yield from sentences(lines)
        return
    held = ""
    for line in [*lines, ""]:
        text = prose.without_mark(line)
        if text != prose.one_line(line) or not line.strip():
            if held:
                yield held
            held = text
        else:
            held = f"{held} {text}".strip()
