"""How much of a text stood, word for word, in the recipes that a network learned from.

`CopyIndex` knows the runs of five words (5-grams) of a corpus by hash alone: sorted 32-bit keys, kept on
disk in Elias-Fano coding at about 12 bits a key. It holds no text, never misses a 5-gram that it has
read, and takes one in about a thousand others for one: `facts["false_positive_rate"]` says how many, as
measured when it was built.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textgen.files import ASSETS, write_atomically
from textgen.text.recipe import Recipe
from textgen.text.vocabulary import tokenize

INDEX = ASSETS / "copies.npz"
LENGTH = 5  # words of an n-gram: as in Lee et al. 2022, shorter ones are set phrases of the kitchen
FORMAT = 1
_LOW_BITS = 10  # one key in 2**10 is taken by chance
_LARGEST = 64 << 20  # bytes of a file that is read

Hashes = NDArray[np.uint64]
Keys = NDArray[np.uint32]


class CopyIndexError(ValueError):
    """An index file that cannot be used; the message names it and says what is wrong."""


@dataclass(frozen=True, eq=False)
class CopyIndex:
    """The keys [K] of a corpus' 5-grams, sorted, each below `universe`; `facts` says what was read."""

    keys: Keys
    universe: int
    facts: dict[str, Any]

    @classmethod
    def of(cls, recipes: Iterable[Recipe], facts: dict[str, Any] | None = None) -> CopyIndex:
        """Index `recipes` as `corpus.Recipe.text` has them, and measure how often a stranger is taken for
        one of theirs. `ValueError` if no recipe has five words."""
        parts = []
        count = 0
        for recipe in recipes:
            parts.append(ngram_hashes(tokenize(recipe.text)))
            count += 1
        hashes = np.unique(np.concatenate(parts)) if parts else np.empty(0, np.uint64)
        if not len(hashes):
            raise ValueError(f"no recipe has {LENGTH} words: there is nothing to index")
        universe = len(hashes) << _LOW_BITS
        if universe >= 1 << 32:
            raise ValueError(f"{len(hashes):,} different {LENGTH}-grams are more than this index can hold")
        index = cls(np.unique(_keys(hashes, universe)), universe, {})
        rng = np.random.Generator(np.random.Philox(key=FORMAT))
        strangers = rng.integers(0, 2**64, size=1_000_000, dtype=np.uint64)
        strangers = strangers[~np.isin(strangers, hashes)]
        rate = float(index.has(strangers).mean())
        index.facts.update(
            format=FORMAT,
            words_of_an_ngram=LENGTH,
            recipes=count,
            ngrams=len(hashes),
            false_positive_rate=rate,
            **(facts or {}),
        )
        return index

    def has(self, hashes: Hashes) -> NDArray[np.bool_]:
        """Which of these n-grams (hashes of `ngram_hashes`, any shape) were in the corpus."""
        keys = _keys(hashes, self.universe)
        at = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return self.keys[at] == keys

    def found(self, words: Sequence[str]) -> NDArray[np.bool_]:
        """Which 5-grams of a text of T words were in the corpus: [T - 4], empty for a shorter text."""
        return self.has(ngram_hashes(words))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the index, all or nothing. `OSError` if the disk says no."""
        high = (self.keys >> _LOW_BITS).astype(np.int64)
        # Elias-Fano: key i sets bit (its high part + i); the low bits follow one another.
        marks = np.zeros(int(high[-1]) + len(high), dtype=np.uint8)
        marks[high + np.arange(len(high))] = 1
        low = (self.keys[:, None] >> np.arange(_LOW_BITS, dtype=np.uint32)) & np.uint32(1)
        facts = {**self.facts, "keys": len(self.keys), "universe": self.universe}
        arrays: dict[str, Any] = {
            "facts": np.frombuffer(json.dumps(facts, ensure_ascii=False).encode(), dtype=np.uint8),
            "high": np.packbits(marks),
            "low": np.packbits(low.astype(np.uint8)),
        }
        with write_atomically(path) as file:
            np.savez(file, **arrays)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> CopyIndex:
        """The index of a file. `CopyIndexError` if it is none, or one of another version."""
        try:
            if os.path.getsize(path) > _LARGEST:
                raise CopyIndexError(f"{path}: it is larger than {_LARGEST:,} bytes")
            with open(path, "rb") as raw, np.load(raw, allow_pickle=False) as file:
                if sum(member.file_size for member in file.zip.infolist()) > 2 * _LARGEST:
                    raise CopyIndexError(f"{path}: it unpacks to more than {2 * _LARGEST:,} bytes")
                facts = json.loads(file["facts"].tobytes())
                high, low = file["high"], file["low"]
            count, universe = facts.pop("keys"), facts.pop("universe")
            if facts["format"] != FORMAT or facts["words_of_an_ngram"] != LENGTH:
                raise CopyIndexError(f"{path}: it is an index of another version; build it again")
            if not (isinstance(count, int) and isinstance(universe, int) and 0 < count < universe < 1 << 32):
                raise CopyIndexError(f"{path}: its sizes make no sense")
            if high.dtype != np.uint8 or low.dtype != np.uint8 or low.size * 8 < count * _LOW_BITS:
                raise CopyIndexError(f"{path}: it is damaged")
            places = np.flatnonzero(np.unpackbits(high))
            if len(places) != count:
                raise CopyIndexError(f"{path}: it is damaged")
            keys = ((places - np.arange(count)) << _LOW_BITS) + _unpack(low, count)
            if not (keys[-1] < universe and (np.diff(keys) > 0).all()):
                raise CopyIndexError(f"{path}: it is damaged")
        except CopyIndexError:
            raise
        except FileNotFoundError:
            raise CopyIndexError(f"{path}: the file is missing") from None
        except Exception as error:  # NumPy lets through whatever its readers of zip and of headers raise
            raise CopyIndexError(f"{path}: it is not an index of n-grams: {error!s:.200}") from None
        return cls(keys.astype(np.uint32), universe, facts)


def _unpack(packed: NDArray[np.uint8], count: int) -> NDArray[np.int64]:
    """Numbers of ten bits each, the lowest first, that follow one another: as `np.packbits` packed them."""
    numbers = np.arange(1024)
    reverse = sum(((numbers >> k) & 1) << (9 - k) for k in range(10))
    table = np.asarray(reverse, dtype=np.int64)
    packed = np.append(packed, np.uint8(0))
    result = np.empty(count, dtype=np.int64)
    for first in range(0, count, 1 << 16):  # in the processor's cache
        start = np.arange(first, min(first + (1 << 16), count), dtype=np.int32) * _LOW_BITS
        at = start >> 3
        window = (packed[at].astype(np.int32) << 8) | packed[at + 1]  # ten bits always lie within two bytes
        result[first : first + len(at)] = table[(window >> (6 - (start & 7))) & 1023]
    return result


def longest_run(found: NDArray[np.bool_]) -> int:
    """The most words in a row all of whose 5-grams were found: [T - 4] -> 0, or 5 and more."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], found.astype(np.int8), [0]))))
    runs = edges[1::2] - edges[::2]
    return int(runs.max()) + LENGTH - 1 if len(runs) else 0


def ngram_hashes(words: Sequence[str]) -> Hashes:
    """A 64-bit hash of each run of five words: [T - 4], the same on every machine."""
    of_words = np.array([_word_hash(word) for word in words], dtype=np.uint64)
    count = max(0, len(words) - LENGTH + 1)
    mixed = np.zeros(count, dtype=np.uint64)
    for k in range(LENGTH):
        mixed ^= of_words[k : k + count]
        mixed *= np.uint64(0x9E3779B97F4A7C15)
        mixed ^= mixed >> np.uint64(29)
    return mixed


@cache
def _word_hash(word: str) -> int:
    return int.from_bytes(hashlib.blake2b(word.encode("utf-8", "replace"), digest_size=8).digest(), "little")


def _keys(hashes: Hashes, universe: int) -> Keys:
    """Hashes -> keys below `universe`, spread evenly."""
    return (((hashes >> np.uint64(32)) * np.uint64(universe)) >> np.uint64(32)).astype(np.uint32)


@cache
def copy_index(folder: Path | None = None) -> CopyIndex | None:
    """The index of the bundle in `folder` if it has its own, else that of the released networks, which
    all learned from the same recipes; None if there is none."""
    own = folder / INDEX.name if folder is not None else INDEX
    path = own if own.is_file() else INDEX
    return CopyIndex.load(path) if path.is_file() else None
