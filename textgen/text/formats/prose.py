"""Text as people and pages write it, made plain: entities, tags, list marks, headings among the lines."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from typing import Literal

Part = Literal["method", "ingredients", "other"]

_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_HIDDEN = re.compile(r"<!--.*?-->|<(script|style)\b[^<>]*>.*?</\1\s*>", re.DOTALL | re.IGNORECASE)
_BLOCK = re.compile(r"</?(?:p|br|li|ol|ul|div|h[1-6]|tr|td|table|section|article)\b[^<>]*>", re.IGNORECASE)
_TAG = re.compile(r"</?[a-zA-Z][a-zA-Z0-9]*(?:\s[^<>]*|/)?>")
_LINE_ENDS = re.compile(r"\r\n?|[\n\v\f\u2028\u2029]|\\r\\n|\\n(?![a-z])|\s\|\s")

_NUMBER = re.compile(r"(?:step\s*)?\(?(\d{1,2})\s*[.):]\s+|step\s*\d{1,2}\s*[-–—]?\s*", re.IGNORECASE)
_BULLET = re.compile(r"(?:[-*+•◦▪‣·●○–—▢□☐✓]|\[[ xX]?\])\s+")
_STEP_ALONE = re.compile(r"(?:step\s*)?\(?\d{1,2}\s*[.):]?|[-*+•–—=_#~.]+", re.IGNORECASE)


def _words(text: str) -> frozenset[str]:
    return frozenset(word.strip() for word in text.split(","))


_PARTS: dict[Part, frozenset[str]] = {
    "method": _words(
        "directions, direction, method, methods, instructions, instruction, preparation, procedure, steps,"
        "how to make, how to make it, how to prepare, cooking instructions, cooking directions,"
        "cooking method,"
        "cooking, recipe instructions, preparation instructions, preparation method, preparation steps,"
        "step by step, step by step instructions, step-by-step instructions, making, assembly, to make,"
        "zubereitung, anleitung, préparation, instructions de préparation, étapes, preparación, elaboración,"
        "instrucciones, pasos, procedimento, preparazione, istruzioni, modo de preparo, preparação,"
        "bereiding, bereidingswijze, tillagning, gör så här, fremgangsmåte, sposób przygotowania, valmistus"
    ),
    "ingredients": _words(
        "ingredients, ingredient list, ingredient, you will need, what you need, you need, for the dough,"
        "zutaten, ingrédients, ingredientes, ingredienti, ingrediënten, ingredienser, składniki, ainekset"
    ),
    "other": _words(
        "notes, note, tips, tip, nutrition, nutrition facts, nutritional information, equipment, tools,"
        "storage, servings, serves, yield, yields, source, tags, variations, variation, comments, reviews,"
        "description, about, contribution, contributors, credits, see also, references, links, license,"
        "photo,"
        "photos, video, prep time, cook time, total time, time, times, category, categories, background,"
        "introduction, history, hints, substitutions, tools and equipment, related recipes, warnings"
    ),
}
_METHOD_AT_START = re.compile(
    r"\s*(?:[#*_]+\s*)?(?:directions|method|instructions|preparation|procedure)\s*[*_]*:[*_]*\s+(?=\S)",
    re.IGNORECASE,
)
_INGREDIENTS_AT_START = re.compile(r"\W*ingredients\s*:\s*\S", re.IGNORECASE)


def part_of(line: str) -> Part | None:
    """The part of a recipe that this line is the heading of."""
    if _INGREDIENTS_AT_START.match(line):
        return "ingredients"
    name = line.strip().strip("#*_=~-–— \t").rstrip(":").strip("*_ ").casefold()
    return next((part for part, names in _PARTS.items() if name in names), None) if len(name) < 40 else None


def method_start(line: str) -> str | None:
    """What follows "Directions:" on its line."""
    match = _METHOD_AT_START.match(line)
    return line[match.end() :] if match else None


def without_html(text: str) -> str:
    """`text` with its entities (also those written twice over) and its tags undone; blocks become lines."""
    for _ in range(2):
        if "&" in text:
            text = _ENTITY.sub(lambda match: html.unescape(match.group()), text)
        if "<" in text:
            text = _TAG.sub("", _BLOCK.sub("\n", _HIDDEN.sub("", text)))
    return text


def one_line(text: str) -> str:
    return " ".join(text.split())


def without_mark(line: str) -> str:
    """A step without its number or bullet."""
    line = one_line(line)
    if line[:1].isalpha() and line[:4].lower() != "step":
        return line
    if _STEP_ALONE.fullmatch(line):
        return ""
    return line[match.end() :] if (match := _NUMBER.match(line) or _BULLET.match(line)) else line


def method_only(lines: Iterable[str]) -> list[str]:
    """The lines of the method, where headings among them tell it from ingredients and notes."""
    lines = list(lines)
    parts = [part_of(line) for line in lines]
    starts = "method" in parts or any(method_start(line) is not None for line in lines)
    if not starts and ("ingredients" not in parts[1:] or part_of(lines[0])):
        return [line for line, part in zip(lines, parts, strict=True) if part is None]
    kept: list[str] = []
    inside = not starts
    for line, part in zip(lines, parts, strict=True):
        rest = method_start(line)
        if part or rest is not None:
            inside = part == "method" or rest is not None
        if inside and (text := rest if rest is not None else "" if part else line):
            kept.append(text)
    return kept


def steps_of(text: str) -> Iterator[str]:
    """The steps of a method in one text: its lines without their numbers, or what stands between numbers."""
    lines = [line for line in _LINE_ENDS.split(without_html(text)) if line and not line.isspace()]
    if len(lines) == 1:
        lines = list(_at_numbers(lines[0]))
    elif any(map(part_of, lines)) or any(method_start(line) is not None for line in lines):
        lines = method_only(lines)
    return filter(None, map(without_mark, lines))


def _at_numbers(line: str) -> Iterator[str]:
    """ "1. Heat. 2. Stir." at its numbers, if they count on from one."""
    start = re.match(r"\s*1([.)])\s+", line)
    if start is None:
        yield line
        return
    at, number = start.end(), 2
    while match := re.compile(rf"\s{number}\{start.group(1)}\s+").search(line, at):
        yield line[at : match.start()]
        at, number = match.end(), number + 1
    yield line[at:] if number > 2 else line
