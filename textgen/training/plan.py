"""Stages of training: recipe mix, learning rate, dropout; the default plans and the book's."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Stage:
    """A stretch of training with one recipe mix and one learning-rate curve (warm-up, then cosine)."""

    name: str
    epochs: int
    learning_rate: float  # at its peak
    final_learning_rate: float = 0.0
    # Era -> how often a recipe of it is seen an epoch; others once.
    mix: Mapping[str, float] = field(default_factory=dict)
    warmup_steps: int = 200
    batch_tokens: int = 5_000
    candidates: int = 0  # words in the sampled softmax; 0: the full softmax
    opening_weight: float = 1.0  # of the loss on the first words of the method, which the title steers
    opening_words: int = 5
    title_weight: float = 1.0  # of the loss on words of the method that its title names, so that it is read
    unlikelihood: float = 0.0  # weight of the loss against naming a thing twice in a list ("salt, and salt")
    word_dropout: float = 0.0  # whole words of the vocabulary read as nothing (Gal and Ghahramani 2016)
    embedding_dropout: float = 0.0  # one mask a recipe, the same at every step (likewise)
    recurrent_dropout: float = 0.0  # DropConnect on the recurrent kernel (Merity et al. 2018)
    output_dropout: float = 0.0  # one mask a recipe on what each recurrent layer hands on
    averaging: float = 0.998  # decay of the weight average that validation and the bundle use
    as_book: bool = False  # Keras's own train step on padded batches of 32; what is above does not apply


BOOK = Stage("as the book", 25, 1e-3, 1e-3, warmup_steps=0, as_book=True)


def learning_rate_at(stage: Stage, step: int, steps: int) -> float:
    """Linear warm-up, then half a cosine down to `final_learning_rate` at the stage's last step."""
    warmup = min(stage.warmup_steps, steps // 10)
    if step < warmup:
        return stage.learning_rate * (step + 1) / warmup
    done = (step - warmup) / max(1, steps - warmup)
    span = stage.learning_rate - stage.final_learning_rate
    return stage.final_learning_rate + span * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


# Words of modern recipes are those that people ask for; machine-written recipes add none.
COUNTED = {"modern": 3.0, "home": 3.0, "synthetic": 0.0}
TODAY = ("modern", "home")  # eras of the recipes that people ask for: the epoch that is kept is the best here
MIX = {"modern": 2.0}  # a modern recipe is read twice while the network learns cookery from all of them
ENDING = {"modern": 1.0, "synthetic": 0.25, "historic": 0.02}  # and nearly alone at the end


def plan_for(architecture: str, eras: Collection[str], epochs: int | None = None) -> list[Stage]:
    """The default stages: every recipe first; modern ones last, where the corpus tells modern from others.

    `epochs` sets the length of the first stage and leaves out the last.
    """
    first = Stage("everything", 5, 5e-3, 5e-4, MIX, candidates=2500, opening_weight=2.0)
    last = Stage("modern", 5, 2e-3, 0.0, ENDING, warmup_steps=50, opening_weight=2.0, averaging=0.99)
    if architecture == "large":  # learns more, and by heart unless it is held back
        first = replace(
            first,
            epochs=8,
            learning_rate=3e-3,
            final_learning_rate=3e-4,
            word_dropout=0.02,
            embedding_dropout=0.1,
            recurrent_dropout=0.1,
            output_dropout=0.2,
        )
        last = replace(
            last,
            learning_rate=1e-3,
            word_dropout=0.05,
            embedding_dropout=0.2,
            recurrent_dropout=0.2,
            output_dropout=0.3,
        )
    else:
        longer = {"lstm": 7, "stacked_lstm": 8}.get(architecture, first.epochs)
        first = replace(first, epochs=longer, batch_tokens=6_000, output_dropout=0.05)
        last = replace(last, output_dropout=0.1)
    if epochs is not None:
        return [replace(first, epochs=epochs)]
    return [first, last] if "modern" in eras and len(eras) > 1 else [first]


EPOCHS, PATIENCE = 15, 2  # of `plan_for_few`: as many at most, and as many without a better one


def plan_for_few(epochs: int = EPOCHS) -> list[Stage]:
    """The plan for some hundreds or thousands of texts: small batches, so that few words make many steps, and
    dropout, so that they are not learned by heart."""
    return [
        Stage(
            "everything",
            epochs,
            5e-3,
            0.0,
            warmup_steps=100,
            batch_tokens=1_500,
            candidates=1_500,
            embedding_dropout=0.1,
            output_dropout=0.2,
            averaging=0.99,
        )
    ]
