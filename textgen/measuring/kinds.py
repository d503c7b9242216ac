"""Which kinds of words a distribution is made of: verbs by group, ingredients, quantities, punctuation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from textgen.text.lexicon import GROUPS, Lexicon, Place, lexicon, word_kinds
from textgen.text.vocabulary import Vocabulary, tokenize
from textgen.writing.generate import Source, generations, recipe_prompt
from textgen.writing.sampling import Sampler

KINDS = (*GROUPS, "ingredient", "quantity", "punctuation", "rest")


class Lens:
    """The lexicon seen through a vocabulary of V words: which ids are verbs where, and of which kind each is.

    verbs  the recipe verbs that the vocabulary has, in its order; N of them
    ids    their ids, [N]
    """

    def __init__(self, vocabulary: Vocabulary, words: Lexicon | None = None) -> None:
        self.lexicon = words or lexicon()
        found = [i for i, word in enumerate(vocabulary.words) if word in self.lexicon.groups]
        self.ids: NDArray[np.intp] = np.array(found, dtype=np.intp)
        self.verbs: tuple[str, ...] = tuple(vocabulary.decode(found))
        self.groups: tuple[str, ...] = tuple(self.lexicon.groups[verb] for verb in self.verbs)
        self._words = vocabulary.words
        self._kinds = np.array([KINDS.index(self.lexicon.kind(word)) for word in vocabulary.words])
        self._groups = np.array([KINDS.index(group) for group in self.groups], dtype=self._kinds.dtype)
        self._verbs_at: dict[Place, NDArray[np.intp]] = {}

    def verbs_at(self, place: Place) -> NDArray[np.intp]:
        """Indices into `verbs` of those that are in imperative position at `place`."""
        if place not in self._verbs_at:
            flags = [self.lexicon.is_verb(verb, place) for verb in self.verbs]
            self._verbs_at[place] = np.flatnonzero(flags)
        return self._verbs_at[place]

    def kinds(self, place: Place) -> NDArray[np.intp]:
        """What each word would be at `place`, [V] indices into `KINDS`."""
        kinds = self._kinds.copy()
        at = self.verbs_at(place)
        kinds[self.ids[at]] = self._groups[at]
        return kinds

    def shares(self, probs: ArrayLike, place: Place) -> NDArray[np.float64]:
        """The probability of each kind of word: probs [..., V] at `place` -> [..., 9], as in `KINDS`."""
        p = np.asarray(probs, dtype=np.float64)
        kinds = self.kinds(place)
        return np.stack([p[..., kinds == kind].sum(axis=-1) for kind in range(len(KINDS))], axis=-1)

    def read(self, place: Place, token: int) -> Place:
        """The place after the word with this id."""
        return self.lexicon.read(place, self._words[token])[0]


@dataclass(frozen=True, eq=False)
class KindShares:
    """What share of the words of whole texts is of each kind, at K temperatures: `share`, and its 95 %
    bootstrap interval `low` to `high`, all [K, 9] in the order of `KINDS`."""

    temperatures: tuple[float, ...]
    share: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def kind_shares(
    bundle: Source,
    title: str,
    temperatures: Sequence[float],
    *,
    texts: int = 8,
    max_words: int = 60,
    seed: int = 0,
) -> KindShares:
    """The kinds of word in `texts` whole texts a temperature, written for a title with luck of their own.

    The stop token is no word. Texts that end at once count for nothing. `ValueError` as for `generations`.
    """
    prompt = recipe_prompt(title)
    before = tokenize(prompt)
    draws = np.random.Generator(np.random.Philox(key=seed)).integers(texts, size=(1000, texts))
    results = np.zeros((3, len(temperatures), len(KINDS)))
    samplers = [Sampler(temperature=t) for t in temperatures for _ in range(texts)]
    # Text n has the same luck at every temperature.
    seeds = [seed ^ n for _ in temperatures for n in range(texts)]
    runs = generations(bundle, prompt, samplers=samplers, max_tokens=max_words, seed=seeds)
    for k in range(len(temperatures)):
        counts = np.zeros((texts, len(KINDS)))
        for n, run in enumerate(runs[k * texts : (k + 1) * texts]):
            for kind in word_kinds([*before, *run.words])[len(before) :]:
                counts[n, KINDS.index(kind)] += 1
        resampled = counts[draws].sum(axis=1)  # [1000, 9]
        shares = resampled / np.maximum(resampled.sum(axis=1, keepdims=True), 1)
        results[0, k] = counts.sum(axis=0) / max(counts.sum(), 1)
        results[1:, k] = np.percentile(shares, [2.5, 97.5], axis=0)
    return KindShares(tuple(map(float, temperatures)), *results)
