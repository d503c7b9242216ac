"""A list in a cell of a table, as JSON, Python, NumPy or R print it; nothing in it is executed."""

from __future__ import annotations

import json
import re
from typing import Any

DEEPEST = 20  # brackets within brackets

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<mark>c\(|list\(|array\(|[\[\](){},:])
    | [uUbBrR]{0,2}(?P<text>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
    | (?P<number>[-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)
    | (?P<name>None|True|False|null|true|false|nan|NaN|NA|NULL|character\(0\))
    )""",
    re.VERBOSE | re.DOTALL,
)
_NAMES = {"True": True, "true": True, "False": False, "false": False}
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(\n|.))", re.DOTALL)
_CHARACTERS = {"n": "\n", "t": "\t", "r": "\n", "\n": ""}


def looks_like_a_list(text: str) -> bool:
    """Whether this is meant as a list, not as text that starts with a bracket."""
    return (
        re.match(r"""\s*(?:c\(\s*["']|character\(0\)|[\[(]\s*(?:[\])]|["'\[{]|[uU]["']|None\b))""", text)
        is not None
    )


def read_list(text: str) -> Any:
    """The value that `text` spells; `ValueError` if it is not whole."""
    try:
        return json.loads(text, strict=False)
    except (ValueError, RecursionError):
        pass
    value, end = _value(text, 0, 0)
    if text[end:].strip():
        raise ValueError("text after the end of the list")
    return value


def _value(text: str, at: int, depth: int) -> tuple[Any, int]:
    token = _TOKEN.match(text, at)
    if token is None or depth > DEEPEST:
        raise ValueError("not a list of texts")
    kind, found, at = token.lastgroup, token.group(token.lastgroup or 0), token.end()
    if kind == "text":
        return _ESCAPE.sub(_unescaped, found[1:-1]), at
    if kind == "number":
        return float(found), at
    if kind == "name":
        return _NAMES.get(found, [] if found.startswith("character") else None), at
    if found == "{":
        return _dictionary(text, at, depth)
    if found[-1] not in "[(":
        raise ValueError("not a list of texts")
    values: list[Any] = []
    while True:  # NumPy prints no commas, R prints c("a", "b")
        token = _TOKEN.match(text, at)
        if token is None:
            raise ValueError("the list breaks off")
        if token.group("mark") in ("]", ")"):
            return values, token.end()
        if token.group("mark") == ",":
            at = token.end()
            continue
        value, at = _value(text, at, depth + 1)
        values.append(value)


def _dictionary(text: str, at: int, depth: int) -> tuple[dict[str, Any], int]:
    values: dict[str, Any] = {}
    while True:
        token = _TOKEN.match(text, at)
        if token is None:
            raise ValueError("the list breaks off")
        if token.group("mark") == "}":
            return values, token.end()
        if token.group("mark") == ",":
            at = token.end()
            continue
        key, at = _value(text, at, depth + 1)
        colon = _TOKEN.match(text, at)
        if colon is None or colon.group("mark") != ":":
            raise ValueError("the list breaks off")
        values[str(key)], at = _value(text, colon.end(), depth + 1)


def _unescaped(match: re.Match[str]) -> str:
    code = match.group(1) or match.group(2) or match.group(3)
    if code:
        return chr(int(code, 16)) if int(code, 16) < 0x110000 else "\ufffd"
    return _CHARACTERS.get(match.group(4), match.group(4))
