"""The cell page without a page: which units follow a fact, how long a title is remembered; rows and words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from textgen.measuring.units import correlations, is_convincing


def verdict(probe: Mapping[str, Any]) -> str:
    """In a sentence: how many of a fact's units are convincing."""
    convinced = sum(is_convincing(unit, probe["untrained"]) for unit in probe["best"])
    if not convinced:
        return "None is convincing."
    return f"{convinced} of the {len(probe['best'])} best {'is' if convinced == 1 else 'are'} convincing."


def fact_rows(measured: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A table of what `unit_probes` found: a row a fact, with the unit that follows it best."""
    several = len(measured["correlations"]) > 1
    rows = []
    for fact, probe in measured["facts"].items():
        unit = probe["best"][0]
        rows.append(
            {
                "fact": fact,
                "best unit": f"layer {unit['layer'] + 1}, " * several + f"{unit['unit']}, {unit['state']}",
                "correlation": unit["r"],
                "95 % interval": f"{unit['low']:+.2f} to {unit['high']:+.2f}",
                "random weights": probe["untrained"],
                "convincing": "yes" if is_convincing(unit, probe["untrained"]) else "none is",
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
        for name, memory in memories.items()
        for distance, bits, low, high, count in zip(
            memory["distances"], memory["bits"], memory["low"], memory["high"], memory["count"], strict=True
        )
    ]


def memory_sentence(name: str, memory: Mapping[str, Any], far: int = 32) -> str:
    """What `title_memory` found for a network, with its numbers: at the first word, and `far` words on."""
    n = min(range(len(memory["distances"])), key=lambda i: abs(memory["distances"][i] - far))
    near, later = memory["bits"][0], memory["bits"][n]
    loss, loss_later = memory["likelihood"][0], memory["likelihood"][n]
    return (
        f"In {name}, another title changes what may come as the first word by {near:.2f} bits "
        f"({memory['low'][0]:.2f} to {memory['high'][0]:.2f}), and the true word is {2**loss:.1f} times "
        f"less likely on average. {memory['distances'][n]} words on, {later:.3f} bits are left "
        f"({memory['low'][n]:.3f} to {memory['high'][n]:.3f}), {100 * later / near:.0f} % of it, and the "
        f"true word is {100 * (1 - 2**-loss_later):.0f} % less likely."
    )
