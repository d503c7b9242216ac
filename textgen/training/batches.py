"""Recipes as batches of token ids, grouped by length."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textgen.text.recipe import Recipe
from textgen.text.vocabulary import STOP_ID, Vocabulary, tokenize
from textgen.training.plan import Stage

MAX_TOKENS = 400  # words of a recipe that training reads; one in a hundred is longer
EVALUATED_TOKENS = 201  # of these the first is given, as in the book's 200-step windows


def encode_recipes(recipes: Sequence[Recipe], vocabulary: Vocabulary) -> list[NDArray[np.int32]]:
    """Token ids of each recipe, the stop token included where it ends within `MAX_TOKENS`."""
    return [
        np.asarray([*vocabulary.encode(tokenize(recipe.text)), STOP_ID][: MAX_TOKENS + 1], np.int32)
        for recipe in recipes
    ]


def build_vocabulary(
    recipes: Sequence[Recipe], mix: Mapping[str, float] | None = None, size: int = 10_000
) -> Vocabulary:
    """The most frequent words of `recipes`, each recipe counted as often as `mix` says for its era."""
    counts: Counter[str] = Counter()
    for recipe in recipes:
        if weight := (mix or {}).get(recipe.era, 1):
            for word in tokenize(recipe.text):
                counts[word] += weight  # type: ignore[assignment]
    return Vocabulary.from_counts(counts, size)


@dataclass(frozen=True)
class Batch:
    """Recipes of like length, time-major: what is read, what is to be predicted, and how much it counts."""

    inputs: NDArray[np.int32]  # [T, B]
    targets: NDArray[np.int32]  # [T, B]
    weights: NDArray[np.float32]  # [T, B]
    words: int  # targets that count


def padded_batch(recipes: Sequence[NDArray[np.int32]], bar: int, stage: Stage | None) -> Batch:
    steps = max(len(recipe) for recipe in recipes) - 1
    tokens = np.zeros((len(recipes), steps + 1), np.int32)
    weights = np.zeros((len(recipes), steps), np.float32)
    for row, recipe in enumerate(recipes):
        tokens[row, : len(recipe)] = recipe
        weights[row, : len(recipe) - 1] = 1.0
        if stage and stage.opening_weight != 1.0:
            bars = np.flatnonzero(recipe == bar)
            if bars.size:
                weights[row, bars[0] : bars[0] + stage.opening_words] = stage.opening_weight
                weights[row, len(recipe) - 1 :] = 0.0
    words = sum(len(recipe) - 1 for recipe in recipes)
    return Batch(tokens[:, :-1].T.copy(), tokens[:, 1:].T.copy(), weights.T.copy(), words)


def _book_batch(recipes: Sequence[NDArray[np.int32]], length: int = EVALUATED_TOKENS) -> Batch:
    """Every recipe cut, or padded with the stop token, to `length` ids; the padding counts in the loss."""
    tokens = np.zeros((len(recipes), length), np.int32)
    for row, recipe in enumerate(recipes):
        tokens[row, : min(length, len(recipe))] = recipe[:length]
    inputs, targets = tokens[:, :-1].T, tokens[:, 1:].T
    words = sum(min(length, len(recipe)) - 1 for recipe in recipes)
    return Batch(inputs, targets, np.ones(targets.shape, np.float32), words)


def batches(
    recipes: Sequence[NDArray[np.int32]],
    eras: Sequence[str],
    stage: Stage,
    bar: int,
    rng: np.random.Generator,
) -> list[Batch]:
    """An epoch: recipes drawn by the stage's mix, grouped by length, groups in random order."""
    if stage.as_book:
        order = rng.permutation(len(recipes))
        return [_book_batch([recipes[i] for i in order[k : k + 32]]) for k in range(0, len(order), 32)]
    chosen: list[int] = []
    for era in sorted(set(eras)):
        members = np.asarray([i for i, e in enumerate(eras) if e == era])
        times = stage.mix.get(era, 1.0)
        chosen += list(np.tile(members, int(times)))
        chosen += list(rng.choice(members, round((times - int(times)) * len(members)), replace=False))
    # A little noise in the lengths puts other recipes together in every epoch.
    lengths = np.asarray([len(recipes[i]) for i in chosen]) * rng.uniform(0.9, 1.1, len(chosen))
    groups: list[list[int]] = [[]]
    longest = 0
    for i in np.asarray(chosen)[np.argsort(lengths, kind="stable")]:
        longest = max(longest, len(recipes[i]))
        if groups[-1] and longest * (len(groups[-1]) + 1) > stage.batch_tokens:
            groups.append([])
            longest = len(recipes[i])
        groups[-1].append(int(i))
    rng.shuffle(groups)
    return [padded_batch([recipes[i] for i in group], bar, stage) for group in groups if group]


def hold_out(recipes: Sequence[Recipe], share: float = 0.02) -> tuple[list[Recipe], list[Recipe]]:
    """Split recipes into training and validation by a hash of the title, so that no title is in both."""
    limit = int(share * 2**32)
    parts: tuple[list[Recipe], list[Recipe]] = ([], [])
    for recipe in recipes:
        digest = hashlib.sha256(" ".join(tokenize(recipe.title)).encode()).digest()
        parts[int.from_bytes(digest[:4], "big") < limit].append(recipe)
    return parts
