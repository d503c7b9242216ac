"""Names at the ends of lines: near their values, and none over another."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from textgen.charts.base import Row

NAME_HEIGHT = 15  # pixels that a name needs for itself
_SCALES: dict[str, tuple[Callable[[float], float], Callable[[float], float]]] = {
    "linear": (float, float),
    "sqrt": (math.sqrt, lambda height: height * height),
    "log": (math.log, math.exp),
}


def place_names(
    ends: Sequence[Row], *, scale: str, domain: tuple[float, float], height: float
) -> list[dict[str, Any]]:
    """`ends`, the last points of lines, lowest first, each with a `place` for its name near its `value`.

    scale   "linear", "sqrt" or "log", over `domain`
    height  of the plot, in pixels
    """
    forward, back = _SCALES[scale]
    low, high = map(forward, domain)
    room, share = NAME_HEIGHT / height, -math.inf
    placed = []
    for i, end in enumerate(sorted(ends, key=lambda end: end["value"])):
        own = (forward(max(end["value"], domain[0])) - low) / (high - low)
        highest = 1 - room * (len(ends) - 1 - i)  # so that those above it have room too
        share = max(share + room, min(own, highest), 0.0)
        placed.append({**end, "place": back(low + share * (high - low))})
    return placed
