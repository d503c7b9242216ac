"""What a card says of a training: its plan in words, its layers, its data, its limits."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from textgen.text.recipe import Recipe
from textgen.text.typeset import percent
from textgen.training.plan import Stage

_LIMITS = (
    "A word-level recurrent network without attention: it keeps the style and the local grammar of a recipe "
    "and forgets ingredients and quantities it wrote a few sentences earlier. Do not cook from it.",
    "It knows its vocabulary and no other word; a title made of other words tells it nothing.",
)
_ERAS = {"historic": "come from old cookbooks", "synthetic": "were written by a machine"}


def stage_in_words(stage: Stage) -> str:
    if stage.as_book:
        return (
            f"{stage.epochs} epochs as in the book: batches of 32 padded to 200, Adam, loss over the padding"
        )
    mix = ", ".join(f"{era} recipes {times:g} times" for era, times in stage.mix.items())
    dropout = ", ".join(
        f"{kind} {rate:g}"
        for kind, rate in (
            ("word", stage.word_dropout),
            ("embedding", stage.embedding_dropout),
            ("recurrent", stage.recurrent_dropout),
            ("output", stage.output_dropout),
        )
        if rate
    )
    softmax = f"a softmax sampled from {stage.candidates} words" if stage.candidates else "the full softmax"
    return (
        f"{stage.epochs} epochs of all recipes"
        + (f" ({mix} an epoch)" if mix else "")
        + f" with {softmax}, Adam from {stage.learning_rate:g} to {stage.final_learning_rate:g}"
        + f" in batches of {stage.batch_tokens:,} words"
        + (f", dropout {dropout}" if dropout else "")
        + (
            f", the first {stage.opening_words} words of the method weighing {stage.opening_weight:g}"
            if stage.opening_weight != 1
            else ""
        )
        + f", weights averaged ({stage.averaging:g})"
    )


def layer_in_words(layer: Any) -> str:
    kind = type(layer).__name__
    return f"{kind}({layer.output_dim if kind == 'Embedding' else layer.units})"


def limits(recipes: Sequence[Recipe]) -> list[str]:
    """What a network that was trained on `recipes` cannot do, and where what it read shows."""
    eras = Counter(recipe.era for recipe in recipes)
    return [
        *_LIMITS,
        *(
            f"{percent(eras[era] / len(recipes))} of the recipes that it read {what}, and it shows in places."
            for era, what in _ERAS.items()
            if eras[era]
        ),
    ]


def data_sources(recipes: Sequence[Recipe]) -> list[dict[str, Any]]:
    """The corpus by era and licence; of the sources the collection, not each page or book."""
    groups: dict[tuple[str, str], list[Recipe]] = {}
    for recipe in recipes:
        groups.setdefault((recipe.era, recipe.license), []).append(recipe)
    entries = []
    for (era, licence), members in sorted(groups.items(), key=lambda item: -len(item[1])):
        collections = Counter(
            match.group().strip()
            for recipe in members
            if (match := re.match(r"github:\S+|[^:#(]+", recipe.source))
        )
        entries.append(
            {
                "name": f"{era} recipes".strip(),
                "recipes": len(members),
                "license": licence,
                "source": ", ".join(name for name, _ in collections.most_common(3)),
            }
        )
    return entries
