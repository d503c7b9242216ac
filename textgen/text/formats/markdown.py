"""Markdown: recipes under headings, with or without front matter; a file of one, or many joined."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from textgen.text.formats import prose, stream
from textgen.text.formats.fields import METHODS, TITLES, plain_name
from textgen.text.formats.meal_master import sentences
from textgen.text.formats.plain import is_method
from textgen.text.formats.stream import Lines, Record, Unusable, too_long

_HEADING = re.compile(r"\s{0,3}(#{1,6})\s+(?!\s)(.*?)\s*(?:#+\s*)?")
_EMPHASIS = re.compile(r"\s*(?:\*\*|__)(.{1,60}?)(?:\*\*|__)\s*:?\s*")
_RULE = re.compile(r"\s{0,3}(?:-{3,}|\*{3,}|_{3,}|(?:[-*_] ){2,}[-*_])\s*")
_KEY = re.compile(r"([A-Za-z_][\w -]*?)\s*(?::(?=\s|$)|=)\s*(.*)")  # YAML or TOML
_FENCES = ("---", "+++")
_UNDERLINE = re.compile(r"(?:=+|-{4,})\s*")
_ITEM = re.compile(r"\s*(?:[-*+•]|\(?\d{1,2}[.)])\s+(.*)")
_FENCE = re.compile(r"\s{0,3}(?:```|~~~)")


def has_front_matter(head: str) -> bool:
    start = r"\s*(?:---|\+\+\+)[^\S\n]*\n(?:#.*\n|[^\S\n]*\n)*[A-Za-z_][\w -]*\s*(?::(?:\s.*)?|=.*)\n"
    return re.match(start, head) is not None


def has_headings(head: str) -> bool:
    """Whether there are headings of which one is that of a method or of ingredients."""
    headings = (_HEADING.fullmatch(line) for line in head.split("\n"))
    return any(
        prose.part_of(heading.group(2)) in ("method", "ingredients") for heading in headings if heading
    )


class _Draft:
    """A recipe as far as it has been read."""

    def __init__(self, line: int, title: str = "") -> None:
        self.line, self.title = line, title
        self.steps: list[str] = []
        self.items: list[str] = []  # a numbered list outside of any part, for want of a method
        self.text: list[str] = []  # lines outside of any part, for want of that, too
        self.size = 0

    @property
    def method(self) -> list[str]:
        """The steps, or what is most like them."""
        if self.steps or len(self.items) > 1:
            return self.steps or self.items
        found = list(sentences(self.text))
        return found if is_method("\n".join(found), share=0.6, fewest=2) else []


def read_markdown(chunks: Iterator[str]) -> Iterator[Record]:
    lines = Lines(chunks)
    headings: dict[int, tuple[int, str]] = {}  # level -> line and text of the heading that holds there
    draft = _Draft(1)
    front = ""  # the title in the front matter
    part, part_level = "", 0
    parent = 0  # the line of the heading that the draft is under
    new_step = True
    found = fenced = begun = False
    waiting: list[tuple[int, str]] = []

    def after() -> tuple[int, str] | None:
        if waiting:
            return waiting.pop(0)
        try:
            text = next(lines, None)
        except Unusable:
            draft.size = stream.LONGEST_RECORD + 1
            return lines.number, ""
        return None if text is None else (lines.number, text)

    while (entry := after()) is not None:
        number, line = entry
        draft.size += len(line)
        if _FENCE.match(line):
            fenced = not fenced
            continue
        if fenced:
            continue
        if line.rstrip() in _FENCES:
            passed = [following := after()]
            while not begun and following and re.match(r"\s*(?:#|$)", following[1]):
                passed.append(following := after())  # empty lines and comments
            if following and (not following[1].strip() or not _KEY.fullmatch(following[1].rstrip())):
                waiting[:0] = filter(None, passed)
                following = None
            if following:
                yield from _finished(draft, found or bool(draft.title))
                found = found or bool(draft.steps)
                matter = _front_matter(following, after)
                front = str(next((matter[name] for name in TITLES if isinstance(matter.get(name), str)), ""))
                draft = _Draft(number, front)
                steps: Any = next((matter[name] for name in METHODS if matter.get(name)), [])
                draft.steps = [steps] if isinstance(steps, str) else list(steps)
                headings, part, parent = {}, "", 0
                continue
        begun = begun or bool(line.strip())
        if _RULE.fullmatch(line):
            part = "" if part == "method" and draft.steps and not front else part
            continue
        if new_step and line.strip() and not _ITEM.fullmatch(line) and (following := after()):
            named_part = prose.part_of(line) and re.fullmatch(r"-{3}\s*", following[1])
            if named_part or _UNDERLINE.fullmatch(following[1]):
                line = f"{'#' if following[1].startswith('=') else '##'} {line.strip()}"
            else:
                waiting.insert(0, following)
        heading = _HEADING.fullmatch(line)
        emphasis = _EMPHASIS.fullmatch(line)
        level, text = 0, ""
        if heading:
            level, text = len(heading.group(1)), heading.group(2)
        elif emphasis and prose.part_of(emphasis.group(1)):
            level, text = 7, emphasis.group(1)
        elif prose.part_of(line) and (line.rstrip().endswith(":") or not part):
            level, text = 7, line
        if level:
            named, before = prose.part_of(text), headings
            headings = {at: kept for at, kept in headings.items() if at < level}
            if named is None:
                headings[level] = (number, _inline(text))
                if part and level > part_level:
                    new_step = True  # "For the sauce", within the method
                    continue
                if part or not front:
                    part = ""
                if not front and draft.method and level <= (part_level or 9):
                    if not draft.title and before:  # its method is right under its title
                        draft.line, draft.title = before[max(before)]
                    yield from _finished(draft, True)
                    found = True
                    draft, parent = _Draft(number), 0
                draft.text.clear()
                continue
            if not front and headings:
                above, title = headings[max(headings)]
                if above != parent:
                    if draft.steps:
                        yield from _finished(draft, True)
                        found = True
                    draft, parent = _Draft(above, title), above
            part, part_level, new_step = named, level, True
            continue
        if not line.strip():
            new_step = True
            continue
        rest = prose.method_start(line)
        if rest is not None:
            part, part_level, new_step, line = "method", 7, True, rest
        item = _ITEM.fullmatch(line)
        steps_now = draft.steps if part == "method" else draft.items if not part else None
        if steps_now is None or draft.size > stream.LONGEST_RECORD:
            continue
        if part != "method" and not (item and line.lstrip()[:1].isdigit()):
            if not part and not item and not front:
                draft.text.append(_inline(line))
            new_step = True
            continue
        text = _inline(item.group(1) if item else line)
        if item or new_step or not steps_now:
            steps_now.append(text)
        else:
            steps_now[-1] += " " + text
        new_step = False
    if not draft.title and headings and (draft.method or not found):
        draft.line, draft.title = headings[max(headings) if found else min(headings)]
    yield from _finished(draft, bool(draft.title or draft.steps or not found))


def _finished(draft: _Draft, report: bool) -> Iterator[Record]:
    if draft.size > stream.LONGEST_RECORD:
        yield Record(draft.line, Unusable(too_long()))
    elif steps := draft.method:
        yield Record(draft.line, {"title": draft.title, "directions": steps})
    elif report:
        what = f"{draft.title[:60]!r}" if draft.title else "this text"
        yield Record(draft.line, Unusable(f"{what} has no heading such as Directions or Instructions"))


def _inline(text: str) -> str:
    """Markdown within a line undone."""
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)", "", text)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"(\*\*|__|`)(?=\S)(.+?)(?<=\S)\1", r"\2", text)
    text = re.sub(r"(?<![\w*])([*_])(?=\S)(.+?)(?<=\S)\1(?![\w*])", r"\2", text)
    return prose.one_line(re.sub(r"\\([\\`*_{}\[\]()#+.!|&<>-])", r"\1", text))


def _front_matter(first: tuple[int, str], after: Any) -> dict[str, Any]:
    """Names, as `plain_name` gives them, with texts or lists of texts: the little of YAML that is used."""
    values: dict[str, Any] = {}
    name, block, indent = "", "", 0
    entry: tuple[int, str] | None = first
    size = 0
    while entry is not None and entry[1].rstrip() not in (*_FENCES, "..."):
        line = entry[1].rstrip()
        size += len(line)
        key = _KEY.fullmatch(line)
        item = re.fullmatch(r"\s*-\s+(.*)", line)
        if size > stream.LONGEST_RECORD:
            pass
        elif key and not line[0].isspace():
            name, text = plain_name(key.group(1)), (key.group(2) or "").strip()
            block = text if text[:1] in ("|", ">") and len(text) <= 3 else ""
            values[name] = "" if block else _scalar(text)
        elif block:
            values[name] += line.strip() + ("\n" if block[0] == "|" or not line.strip() else " ")
        elif item and name:
            if not isinstance(values[name], list):
                values[name] = []
            values[name].append(_scalar(item.group(1)))
            indent = len(line) - len(line.lstrip())
        elif line.strip() and name and len(line) - len(line.lstrip()) > indent:  # a long text goes on
            if isinstance(values[name], list) and values[name]:
                values[name][-1] = f"{values[name][-1]} {line.strip()}"
            elif isinstance(values[name], str):
                values[name] = _scalar(f"{values[name]} {line.strip()}".strip())
        entry = after()
    return values


def _scalar(text: str) -> Any:
    if len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'")
    if len(text) > 1 and text[0] == text[-1] == '"':
        return re.sub(r"\\(.)", lambda match: {"n": "\n", "t": " "}.get(match[1], match[1]), text[1:-1])
    if text.startswith("[") and text.endswith("]"):
        return [_scalar(part.strip()) for part in text[1:-1].split(",") if part.strip()]
    return text
