"""Recipes as batches of token ids, grouped by length, and how much each word of them counts."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

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
    # [M, 2] a position of the flattened targets, and a word that would name there what the list has already
    repeats: NDArray[np.int32] = field(default_factory=lambda: np.zeros((0, 2), np.int32))


# Words that name nothing: a method may repeat them at will, and a title is not about them.
_NAMELESS_TEXT = """the and for with from into onto over then until about each all any one two half this that
    these those it its them your you are is be will may can not more some other per cup cups teaspoon
    teaspoons tablespoon tablespoons minutes minute degrees inch inches recipe style"""
_NAMELESS = frozenset(_NAMELESS_TEXT.split())
_JOINERS = (",", "and", "or", "&")
_LIST_ENDS = (".", "!", "?", ";", ":", "|", "(", ")", "")


@dataclass(frozen=True)
class WordKinds:
    """What training has to know of each word of the vocabulary, `[V]` each.

    singular  words with the same number differ by a plural ending alone
    naming    whether it names something: a thing, mostly
    joining   whether it goes on with a list
    ending    whether it ends one
    """

    singular: NDArray[np.int32]
    naming: NDArray[np.bool_]
    joining: NDArray[np.bool_]
    ending: NDArray[np.bool_]

    @classmethod
    def of(cls, vocabulary: Vocabulary) -> WordKinds:
        words = vocabulary.words
        _, singular = np.unique([_singular(word) for word in words], return_inverse=True)
        return cls(
            singular.astype(np.int32),
            np.array([len(w) > 2 and w.isalpha() and w not in _NAMELESS for w in words]),
            np.array([w in _JOINERS for w in words]),
            np.array([w in _LIST_ENDS for w in words]),
        )

    def repeats(self, recipe: NDArray[np.int32], bar: int) -> list[tuple[int, int]]:
        """(place, word): after a joiner at `place`, the words that the list has named already; the true next
        word is none of them."""
        found: list[tuple[int, int]] = []
        named: list[int] = []
        for place, word in enumerate(recipe[:-1]):
            if self.ending[word] or word == bar:
                named = []
            elif self.naming[word]:
                named.append(int(word))
            elif self.joining[word]:
                found += [(place, one) for one in dict.fromkeys(named[-6:]) if one != recipe[place + 1]]
        return found


def _singular(word: str) -> str:
    if word.endswith("ies"):
        return word[:-3] + "y"
    if word.endswith("oes"):
        return word[:-2]
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def padded_batch(
    recipes: Sequence[NDArray[np.int32]], bar: int, stage: Stage | None, kinds: WordKinds | None = None
) -> Batch:
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
        if stage and kinds and stage.title_weight != 1.0 and bar in recipe:
            at = int(np.argmax(recipe == bar))
            named = [
                kinds.singular[word] for word in recipe[2:at] if kinds.naming[word]
            ]  # after "recipe for"
            of_title = np.isin(kinds.singular[recipe[at + 1 :]], named)
            weights[row, at : len(recipe) - 1] *= np.where(of_title, stage.title_weight, 1.0)
    repeats = []
    if stage and kinds and stage.unlikelihood:
        for row, recipe in enumerate(recipes):
            repeats += [(place * len(recipes) + row, word) for place, word in kinds.repeats(recipe, bar)]
    return Batch(
        tokens[:, :-1].T.copy(),
        tokens[:, 1:].T.copy(),
        weights.T.copy(),
        words=sum(len(recipe) - 1 for recipe in recipes),
        repeats=np.array(repeats, np.int32).reshape(-1, 2),
    )


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
    kinds: WordKinds | None = None,
) -> list[Batch]:
    """An epoch: recipes drawn by the stage's mix, grouped by length, groups in random order.

    `kinds` says which words count for `title_weight` and `unlikelihood`; without it those do not apply.
    """
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
    return [padded_batch([recipes[i] for i in group], bar, stage, kinds) for group in groups if group]


def hold_out(recipes: Sequence[Recipe], share: float = 0.02) -> tuple[list[Recipe], list[Recipe]]:
    """Split recipes into training and validation by a hash of the title, so that no title is in both; by a
    hash of the text where most have no title of their own."""
    by_title = 2 * len({recipe.title for recipe in recipes}) > len(recipes)
    limit = int(share * 2**32)
    parts: tuple[list[Recipe], list[Recipe]] = ([], [])
    for recipe in recipes:
        told = recipe.title if by_title else recipe.text
        digest = hashlib.sha256(" ".join(tokenize(told)).encode()).digest()
        parts[int.from_bytes(digest[:4], "big") < limit].append(recipe)
    return parts
