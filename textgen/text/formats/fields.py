"""From a record's fields, under whatever names and in whatever form, to a recipe."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from textgen.text.formats import cells, prose
from textgen.text.formats.stream import Unusable
from textgen.text.recipe import Recipe


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


# Names of fields, as `plain_name` gives them, the best first: the first one there that holds text counts.
TITLES = _words(
    """title name recipetitle recipename translatedrecipename recipe dish dishname mealname strmeal headline
    label titel titre titulo título titolo nom nombre nome naam rezept"""
)
_SURE = _words(
    """steps directions instructions translatedinstructions recipeinstructions recipedirections recipesteps
    cookinginstructions cookingdirections cookingsteps cookingmethod preparationsteps preparationinstructions
    preparationmethod instructionslist directionslist instructionlist analyzedinstructions strinstructions
    methodsteps howtomake howtoprepare zubereitung anleitung étapes etapes pasos"""
)
# These name other things too (a request's method, say), so what is under them has to read as a recipe.
UNSURE = _words(
    """method methods preparation procedure process prep making préparation preparación elaboración istruzioni
    procedimento preparazione bereiding"""
)
METHODS = (*_SURE, *UNSURE)
_METHODS = frozenset(METHODS)
# No recipe is looked for under these.
BESIDE = frozenset(_words("ingredients recipeingredient reviews review comments nutrition author authors"))

_NUMBERED = re.compile(r"(?:step|direction|instruction)s?(\d{1,3})")
_TEXTS = ("text", "@value", "instruction", "instructions", "step", "display_text", "content", "value")
_LISTS = ("itemListElement", "steps", "directions", "items", "en")
_NOT_STEPS = ("HowToSection", "ItemList")  # their name is a heading
_DEEPEST = 8


@lru_cache(maxsize=10_000)
def plain_name(key: object) -> str:
    """ "Recipe Instructions", "recipe_instructions" and "recipeInstructions" as one name."""
    return re.sub(r"[\W_]+", "", str(key)).casefold()


def _names(fields: Mapping[str, Any]) -> dict[str, str]:
    names: dict[str, str] = {}
    for key in fields:
        names.setdefault(plain_name(key), key)
    return names


def has_method(fields: Any) -> bool:
    """Whether this is a record of the kind that is looked for: one with a field for a method."""
    if not isinstance(fields, dict):
        return False
    names = [plain_name(key) for key in fields]
    return not _METHODS.isdisjoint(names) or sum(map(bool, map(_NUMBERED.fullmatch, names))) > 1


def is_record(fields: Any) -> bool:
    """Whether this was meant as a recipe, even if its method is missing."""
    if has_method(fields):
        return True
    if not isinstance(fields, dict):
        return False
    kinds = fields.get("@type", ())
    if kinds == "Recipe" or (isinstance(kinds, list) and "Recipe" in kinds):
        return True
    names = _names(fields).keys()
    return "ingredients" in names and not names.isdisjoint(TITLES)


def records_in(value: Any, strict: bool = False, depth: int = 0) -> Iterator[Any]:
    """The records of a JSON value: itself, or what is under a wrapper; `strict` leaves out what is none."""
    if isinstance(value, list):
        if depth and not strict and not any(isinstance(element, (dict, list)) for element in value):
            yield value
        elif depth < _DEEPEST:
            for element in value:
                yield from records_in(element, strict, depth + 1)
    elif is_record(value):
        yield value
    elif isinstance(value, dict) and depth < _DEEPEST:
        found = False
        for key, element in value.items():
            if isinstance(element, (dict, list)) and plain_name(key) not in BESIDE:
                for record in records_in(element, True, depth + 1):
                    found = True
                    yield with_title(record, key) if isinstance(element, dict) else record
        if not found and not strict and "@type" not in value:
            yield value
    elif not strict:
        yield value


def with_title(record: Any, key: str) -> Any:
    """A record of a dictionary whose keys are titles."""
    if (
        not isinstance(record, dict)
        or not re.fullmatch(r"[^\W\d_][^\d_]*", key)
        or _names(record).keys() & set(TITLES)
    ):
        return record
    return record if plain_name(key) in TITLES else {**record, "title": key}


def recipe_of(fields: Any) -> tuple[Recipe, bool]:
    """The recipe of one record, and whether the names of its fields are unsure; or `Unusable`."""
    if isinstance(fields, Unusable):
        raise fields
    if not isinstance(fields, dict):
        raise Unusable(f"an object with title and steps is expected, not {_kind(fields)}")
    names = _names(fields)
    title = _title(fields, names)
    method, steps = _method(fields, names)
    facts = {}
    for key in ("source", "era", "license"):
        value = fields.get(key)
        facts[key] = prose.one_line(value) if isinstance(value, str) and _is_sound(value) else ""
    return Recipe(title, steps, **facts), method in UNSURE


def _title(fields: Mapping[str, Any], names: Mapping[str, str]) -> str:
    fault = Unusable("there is no title")
    for name in TITLES:
        if name not in names:
            continue
        value = fields[names[name]]
        if isinstance(value, dict):
            value = next((value[key] for key in (*_TEXTS, "name", "rendered", "en") if key in value), value)
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        try:
            # A bar is what ends a title.
            title = prose.one_line(prose.without_html(_sound(value, "the title")).replace("|", " - "))
            if title:
                return title
            raise Unusable("the title is empty")
        except Unusable as reason:
            fault = fault if fault.args != ("there is no title",) else reason
    raise fault


def _method(fields: Mapping[str, Any], names: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    fault: Unusable | None = None
    for name in METHODS:
        if name not in names:
            continue
        key = names[name]
        try:
            steps = tuple(_steps(fields[key], key))
            if steps:
                return name, steps
            raise Unusable(f"there is a title but no {key}")
        except Unusable as reason:
            fault = fault or reason
    numbered = sorted((int(match[1]), names[name]) for name in names if (match := _NUMBERED.fullmatch(name)))
    steps = tuple(step for _, key in numbered if fields[key] is not None for step in _steps(fields[key], key))
    if steps:
        return "steps", steps
    raise fault or Unusable("there are no steps or directions")


def _steps(value: Any, what: str, depth: int = 0) -> Iterator[str]:
    """The texts in `value`, whatever it nests them in: lists, objects with a text, sections, cells, lines."""
    if depth > _DEEPEST:
        raise Unusable(f"{what}: too many lists within lists")
    if isinstance(value, str):
        text = _sound(value, what)
        if depth == 0 and cells.looks_like_a_list(text):
            try:
                value = cells.read_list(text)
            except ValueError:
                if re.match(r"""\s*(?:c\(|[\[(]\s*["'\[{])""", text):
                    raise Unusable(f"{what}: a list that is not whole, or not valid JSON") from None
        if isinstance(value, str):
            yield from prose.steps_of(text)
            return
        depth = 1
    if isinstance(value, (list, tuple)):
        for number, step in enumerate(value, start=1):
            if step is not None:
                yield from _steps(step, f"{what}, number {number},", depth + 1)
    elif isinstance(value, dict):
        yield from _steps_of_object(value, what, depth)
    elif depth:
        raise Unusable(f"{what} should be text, not {_kind(value)}")
    else:
        raise Unusable(f"{what}: a list of texts is expected, not {_kind(value)}")


def _steps_of_object(value: dict[str, Any], what: str, depth: int) -> Iterator[str]:
    keys = [key for key in (*_TEXTS, *_LISTS) if isinstance(value.get(key), (str, list, dict)) and value[key]]
    kinds = value.get("@type")
    if not keys and not any(kind in _NOT_STEPS for kind in (kinds if isinstance(kinds, list) else [kinds])):
        keys = [key for key in ("description", "name", "title") if isinstance(value.get(key), str)]
    if keys:
        yield from _steps(value[keys[0]], what, depth + 1)
    elif value and all(re.fullmatch(r"(?:step\s*)?_?\d+", str(key).lower()) for key in value):
        for step in value.values():
            yield from _steps(step, what, depth + 1)
    elif depth == 0:
        raise Unusable(f"{what}: a list of texts is expected, not an object")


def _is_sound(text: str) -> bool:
    return (
        not any("\ud800" <= c <= "\udfff" or c == "\0" for c in text)
        if not text.isascii()
        else "\0" not in text
    )


def _sound(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise Unusable(f"{what} should be text, not {_kind(value)}")
    if "\0" in value:
        raise Unusable(f"{what} has a NUL byte")
    if not _is_sound(value):
        raise Unusable(f"{what} has bytes that are not UTF-8; save the file as UTF-8")
    return value


def _kind(value: Any) -> str:
    """What JSON calls `value`."""
    if value is None:
        return "null"
    kinds = {bool: "true or false", int: "a number", float: "a number", str: "text", list: "a list"}
    return kinds.get(type(value), "an object")
