"""What a network's card says, as Markdown."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any


def render_card(card: Mapping[str, Any]) -> str:
    """`CARD.md`: the facts of `card.json` for a reader. A fact that is missing is left out."""
    architecture, training = _object(card.get("architecture")), _object(card.get("training"))
    lines = [f"# {_plain(card.get('name', 'A recipe model'))}", ""]

    lines += ["## Architecture", ""]
    facts = [
        ("network", architecture.get("name")),
        ("layers", _layers(architecture.get("layers"))),
        ("embedding width", architecture.get("embedding_dim")),
        ("units", architecture.get("units")),
        ("parameters", architecture.get("parameters")),
        ("vocabulary", card.get("vocabulary_size")),
    ]
    lines += [f"- {label}: {_plain(value)}" for label, value in facts if value not in (None, "")] + [""]

    data = [entry for entry in _list(card.get("data")) if isinstance(entry, dict)]
    if data:
        lines += ["## Data", "", "| data | recipes | licence | source |", "| --- | ---: | --- | --- |"]
        for entry in data:
            cells = [_plain(entry.get(key, "")) for key in ("name", "recipes", "license", "source")]
            lines.append("| " + " | ".join(cells) + " |")
        lines.append("")

    if training:
        lines += ["## Training", ""]
        lines += [
            f"- {_plain(key).replace('_', ' ')}: {_plain(value)}" for key, value in training.items()
        ] + [""]

    eras = {
        era: result for era, result in _object(card.get("evaluation")).items() if isinstance(result, dict)
    }
    if eras:
        lines += ["## Evaluation", "", "Over all words after the first, the stop token included.", ""]
        lines += ["| recipes | perplexity | nats per token | unknown words | tokens | number of recipes |"]
        lines += ["| --- | ---: | ---: | ---: | ---: | ---: |"]
        for era, result in eras.items():
            unknown = result.get("unknown_rate")
            cells = [
                _plain(era),
                _plain(result.get("perplexity", "")),
                _plain(result.get("nats_per_token", "")),
                f"{unknown:.2%}" if isinstance(unknown, (int, float)) else "",
                _plain(result.get("tokens", "")),
                _plain(result.get("recipes", "")),
            ]
            lines.append("| " + " | ".join(cells) + " |")
        lines.append("")

    told = {
        era: value for era, value in _object(card.get("title_information")).items() if isinstance(value, dict)
    }
    if told:
        lines += ["## What the title tells", ""]
        lines += [
            "How much likelier, in bits, the true first verb is given its own title than given others.",
            "",
        ]
        lines += ["| recipes | bits | 95 % interval | number of recipes |", "| --- | ---: | --- | ---: |"]
        for era, value in told.items():
            cells = [_plain(value.get(key, "")) for key in ("bits", "low", "high", "recipes")]
            lines.append(f"| {_plain(era)} | {cells[0]} | {cells[1]} to {cells[2]} | {cells[3]} |")
        lines.append("")

    limits = _list(card.get("limits"))
    if limits:
        lines += ["## Limits", "", *(f"- {_plain(limit)}" for limit in limits), ""]
    if card.get("license"):
        lines += ["## Licence", "", _plain(card["license"]), ""]
    return "\n".join(lines)


def _plain(value: Any) -> str:
    """A value in a line or a table cell of Markdown: numbers grouped or rounded, text on one line."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
    if isinstance(value, (list, tuple)):
        return ", ".join(_plain(part) for part in value)
    if isinstance(value, dict):
        return ", ".join(f"{_plain(key)} {_plain(part)}" for key, part in value.items())
    return re.sub(r"([|<>])", r"\\\1", " ".join(str(value).split()))


def _layers(layers: Any) -> str:
    return " → ".join(_plain(layer) for layer in _list(layers))


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
