"""From text to words and ids, and back to text that a person would print."""

from __future__ import annotations

import json
import re
import string
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

STOP, STOP_ID = "", 0  # ends a recipe and pads a batch
UNKNOWN, UNKNOWN_ID = "[UNK]", 1  # any word outside the vocabulary
LARGEST = 1_000_000  # words

_PUNCTUATION = re.compile(f"([{re.escape(string.punctuation)}])")
_SPACE = re.compile(r"[ \t\n\r\f\v]")


def _signs() -> dict[int, str]:
    """What phones, word processors and other languages' keyboards write for a sign, and the sign."""
    signs = {
        "'": "‘’‚‛ʻʼʽˈ′‵´‹›",
        '"': "“”„‟«»″‶〃",
        "-": "‐‑‒–—―−﹘﹣⁃",
        "/": "⁄∕",
        "°": "º˚∘⁰",
        "": "\u00ad\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\ufe0e\ufe0f"  # invisible: where a line may
        "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",  # break, which way letters run
    }
    table = {ord(sign): plain for plain, others in signs.items() for sign in others}
    table |= {ord("…"): "...", ord("℃"): "°c", ord("℉"): "°f"}
    table |= {ord("ﬀ"): "ff", ord("ﬁ"): "fi", ord("ﬂ"): "fl", ord("ﬃ"): "ffi", ord("ﬄ"): "ffl"}
    table |= {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)}  # full width
    # The fraction signs that the released networks have as words (½ ¼ ¾ ⅓ ⅔ ⅛ ⅜) stay as they are.
    for sign in "⅐⅑⅒⅕⅖⅗⅘⅙⅚⅝⅞":
        table[ord(sign)] = " " + unicodedata.normalize("NFKC", sign).replace("⁄", "/") + " "
    return table


_SIGNS = _signs()
# A character that becomes words of its own.
_TYPED_SIGN = re.compile(
    "([{}])".format(
        re.escape(string.punctuation)
        + "".join(chr(code) for code, plain in _SIGNS.items() if _PUNCTUATION.search(plain))
    )
)


def tokenize(text: str) -> list[str]:
    """Lower-case `text` and split it into words, each punctuation character a word of its own.

    The tokenisation of Foster, *Generative Deep Learning* (2nd ed.), chapter 5: every character of
    `string.punctuation` is padded with spaces, then the text is split at white space. Before that, accents
    are composed (Unicode's NFC) and the signs of typography become those of a keyboard, so that "Baker’s"
    typed on a phone is "Baker's".
    """
    if not text.isascii():
        text = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).translate(_SIGNS).lower())
    return _PUNCTUATION.sub(r" \1 ", text.lower()).split()


def word_set(words: str) -> frozenset[str]:
    """The words of a text with spaces between."""
    return frozenset(words.split())


class VocabularyError(ValueError):
    """A list of words that cannot serve as a vocabulary; the message names the entry."""


class Vocabulary:
    """The words a network knows, by id: 0 is the stop token `""`, 1 is `"[UNK]"`.

    Raises `VocabularyError` unless the words start so, are distinct texts without ASCII's white space (where
    Keras's `TextVectorization` splits), and are at most `LARGEST`.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self.words: tuple[str, ...] = tuple(words)
        if self.words[:2] != (STOP, UNKNOWN):
            raise VocabularyError(f'a vocabulary starts with "" and "[UNK]", not with {self.words[:2]!r:.80}')
        if len(self.words) > LARGEST:
            raise VocabularyError(f"a vocabulary has at most {LARGEST:,} words, not {len(self.words):,}")
        self._ids: dict[str, int] = {}
        for i, word in enumerate(self.words):
            if not isinstance(word, str) or (i and (not word or _SPACE.search(word))) or not _is_sound(word):
                raise VocabularyError(f"entry {i} of the vocabulary is not a word: {word!r:.80}")
            if self._ids.setdefault(word, i) != i:
                raise VocabularyError(
                    f"entries {self._ids[word]} and {i} of the vocabulary are both {word!r:.80}"
                )

    @classmethod
    def from_counts(cls, counts: Counter[str], size: int = 10_000) -> Vocabulary:
        """The `size - 2` most frequent words of `counts`, ties in alphabetical order."""
        if size < 2:
            raise VocabularyError(f"a vocabulary has at least 2 entries, not {size}")
        ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        return cls([STOP, UNKNOWN, *(word for word, _ in ranked[: size - 2])])

    @classmethod
    def from_json(cls, text: str) -> Vocabulary:
        """The vocabulary of a JSON list of its words; `VocabularyError` if it is none."""
        try:
            words = json.loads(text)
            if not isinstance(words, list):
                raise VocabularyError("the vocabulary is not a JSON list of words")
            return cls(words)
        except VocabularyError:
            raise
        except (ValueError, RecursionError) as error:
            raise VocabularyError(f"the vocabulary is not valid JSON: {error}") from None

    def to_json(self) -> str:
        """A JSON list, a word a line."""
        return json.dumps(self.words, ensure_ascii=False, indent=0) + "\n"

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self._ids

    def encode(self, words: Sequence[str]) -> list[int]:
        """Ids of `words`; a word outside the vocabulary becomes 1 (`"[UNK]"`)."""
        return [self._ids.get(word, UNKNOWN_ID) for word in words]

    def decode(self, ids: Iterable[int]) -> list[str]:
        """Words of `ids`; `IndexError` on an id outside the vocabulary."""
        words = []
        for i in ids:
            if not 0 <= i < len(self.words):
                raise IndexError(f"there is no word {i} in a vocabulary of {len(self.words)}")
            words.append(self.words[i])
        return words


def _is_sound(word: str) -> bool:
    """False for text that no file or terminal takes (lone surrogates, which JSON can spell)."""
    return not any("\ud800" <= character <= "\udfff" for character in word)


def unknown_words(text: str, vocabulary: Vocabulary) -> list[str]:
    """The words of `text` that are outside `vocabulary`, as they are typed there, each once, in its order."""
    found: dict[tuple[str, ...], str] = {}
    for typed in _as_typed(text):
        words = tuple(tokenize(typed))
        if any(word not in vocabulary for word in words):
            found.setdefault(words, typed)
    return list(found.values())


def _as_typed(text: str) -> Iterator[str]:
    """The words of `text` before `tokenize` changes them."""
    for chunk in text.split():
        pieces = [piece for piece in _TYPED_SIGN.split(chunk) if piece]
        whole = tokenize(chunk)
        apart = [word for piece in pieces for word in tokenize(piece)]
        yield from pieces if apart == whole else whole
