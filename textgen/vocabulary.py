"""From text to token ids and back, with the book's tokenisation."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Iterable, Sequence

STOP = ""  # id 0: ends a recipe and pads a batch
UNKNOWN = "[UNK]"  # id 1: any word outside the vocabulary

_PUNCTUATION = re.compile(f"([{re.escape(string.punctuation)}])")


def tokenize(text: str) -> list[str]:
    """Lower-case `text` and split it into words, each punctuation character a word of its own.

    The tokenisation of Foster, *Generative Deep Learning* (2nd ed.), chapter 5: every character of
    `string.punctuation` is padded with spaces, then the text is split at white space.
    """
    return _PUNCTUATION.sub(r" \1 ", text.lower()).split()


class Vocabulary:
    """The words a network knows, by id: 0 is the stop token `""`, 1 is `"[UNK]"`."""

    def __init__(self, words: Iterable[str]) -> None:
        self.words: tuple[str, ...] = tuple(words)
        if self.words[:2] != (STOP, UNKNOWN):
            raise ValueError(f'a vocabulary starts with "" and "[UNK]", not with {self.words[:2]}')
        self._ids = {word: i for i, word in enumerate(self.words)}
        if len(self._ids) != len(self.words):
            raise ValueError("a vocabulary lists each word once")

    @classmethod
    def from_counts(cls, counts: Counter[str], size: int = 10_000) -> Vocabulary:
        """The `size - 2` most frequent words of `counts`, ties in alphabetical order."""
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        return cls([STOP, UNKNOWN, *(word for word, _ in ranked[: size - 2])])

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self._ids

    def encode(self, words: Sequence[str]) -> list[int]:
        """Ids of `words`; a word outside the vocabulary becomes 1 (`"[UNK]"`)."""
        return [self._ids.get(word, 1) for word in words]

    def decode(self, ids: Iterable[int]) -> list[str]:
        """Words of `ids`; `IndexError` on an id outside the vocabulary."""
        return [self.words[i] for i in ids]
