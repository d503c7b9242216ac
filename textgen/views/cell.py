"""The cell page without a page: which units follow a fact, how long a title is remembered; rows and words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from textgen.measuring.units import correlations, is_convincing


def verdict(told: Mapping[str, Any]) -> str:
    """In a sentence: how many of a fact's units are convincing."""
    convinced = sum(is_convincing(one, told["untrained"]) for one in told["best"])
    if not convinced:
        return "None is convincing."
    return f"{convinced} of the {len(told['best'])} best {'is' if convinced == 1 else 'are'} convincing."


def fact_rows(measured: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A table of what `unit_probes` found: a row a fact, with the unit that follows it best."""
    several = len(measured["correlations"]) > 1
    rows = []
    for fact, told in measured["facts"].items():
        one = told["best"][0]
        rows.append(
            {
                "fact": fact,
                "best unit": f"layer {one['layer'] + 1}, " * several + f"{one['unit']}, {one['state']}",
                "correlation": one["r"],
                "95 % interval": f"{one['low']:+.2f} to {one['high']:+.2f}",
                "random weights": told["untrained"],
                "convincing": "yes" if is_convincing(one, told["untrained"]) else "none is",
            }
        )
    return rows


def unit_to_start_with(measured: Mapping[str, Any], layer: int) -> int:
    """The unit of `layer` that follows the position in the recipe best; 0 if that is not known."""
    r = correlations(measured, layer, "hidden", "position in the recipe")
    return int(np.abs(r).argmax()) if r is not None else 0


def memory_rows(memories: Mapping[str, Mapping[str, Any]], chosen: str = "") -> list[dict[str, Any]]:
    """For `charts.memory_spec`: what `title_memory` returned for each network; `chosen` is the one on the
    page."""
    return [
        {
            "network": name,
            "chosen": name == chosen,
            "word": distance + 1,
            "bits": bits,
            "low": low,
            "high": high,
            "count": count,
        }
        for name, told in memories.items()
        for distance, bits, low, high, count in zip(
            told["distances"], told["bits"], told["low"], told["high"], told["count"], strict=True
        )
    ]


def memory_sentence(name: str, told: Mapping[str, Any], far: int = 32) -> str:
    """What `title_memory` found for a network, with its numbers: at the first word, and `far` words on."""
    n = min(range(len(told["distances"])), key=lambda i: abs(told["distances"][i] - far))
    near, later = told["bits"][0], told["bits"][n]
    loss, loss_later = told["likelihood"][0], told["likelihood"][n]
    return (
        f"In {name}, another title changes what may come as the first word by {near:.2f} bits "
        f"({told['low'][0]:.2f} to {told['high'][0]:.2f}), and the true word is {2**loss:.1f} times "
        f"less likely on average. {told['distances'][n]} words on, {later:.3f} bits are left "
        f"({told['low'][n]:.3f} to {told['high'][n]:.3f}), {100 * later / near:.0f} % of it, and the true "
        f"word is {100 * (1 - 2**-loss_later):.0f} % less likely."
    )
