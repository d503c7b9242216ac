"""Which dishes make a verb likeliest, in rows and in words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textgen.text.typeset import percent

Row = dict[str, Any]


def offered_verbs(dishes: Mapping[str, Any]) -> list[str]:
    """The verbs that some dish begins with in at least one text in fifty, at one temperature or another."""
    return sorted(
        verb for verb, rows in dishes["verbs"].items() if max(map(max, (r[1:] for r in rows))) >= 0.02
    )


def dish_rows(dishes: Mapping[str, Any], verb: str, temperature: float, *, most: int = 12) -> list[Row]:
    """The `most` dishes that make `verb` likeliest at `temperature`, likeliest first: `title`, `probability`
    there, and `share`, the same in words. Empty for a verb that no dish begins with."""
    place = 1 + dishes["temperatures"].index(temperature)
    rows = sorted(dishes["verbs"].get(verb, []), key=lambda row: (-row[place], row[0]))[:most]
    return [
        {"title": dishes["titles"][row[0]], "probability": row[place], "share": percent(row[place])}
        for row in rows
        if row[place] > 0
    ]


def dish_sentence(dishes: Mapping[str, Any], verb: str, temperature: float) -> str:
    rows = dish_rows(dishes, verb, temperature, most=3)
    if not rows:
        count = len(dishes["titles"])
        return f"None of the {count} dishes makes “{verb}” the first verb at T = {temperature:g}."
    named = ", ".join(f"{row['title']} ({row['share']})" for row in rows)
    return (
        f"Of {len(dishes['titles'])} dishes, these make “{verb}” likeliest as the first verb at "
        f"T = {temperature:g}: {named}."
    )
