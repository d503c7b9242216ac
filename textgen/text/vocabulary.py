"""From text to words and ids, and back to text that a person would print."""

from __future__ import annotations

import json
import re
import string
from collections import Counter
from collections.abc import Iterable, Sequence

STOP = ""  # id 0: ends a recipe and pads a batch
UNKNOWN = "[UNK]"  # id 1: any word outside the vocabulary
LARGEST = 1_000_000  # words

_PUNCTUATION = re.compile(f"([{re.escape(string.punctuation)}])")


def tokenize(text: str) -> list[str]:
    """Lower-case `text` and split it into words, each punctuation character a word of its own.

    The tokenisation of Foster, *Generative Deep Learning* (2nd ed.), chapter 5: every character of
    `string.punctuation` is padded with spaces, then the text is split at white space.
    """
    return _PUNCTUATION.sub(r" \1 ", text.lower()).split()


class VocabularyError(ValueError):
    """A list of words that cannot serve as a vocabulary; the message names the entry."""


class Vocabulary:
    """The words a network knows, by id: 0 is the stop token `""`, 1 is `"[UNK]"`.

    Raises `VocabularyError` unless the words start so, are distinct texts without white space, and are at
    most `LARGEST`.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self.words: tuple[str, ...] = tuple(words)
        if self.words[:2] != (STOP, UNKNOWN):
            raise VocabularyError(f'a vocabulary starts with "" and "[UNK]", not with {self.words[:2]}')
        if len(self.words) > LARGEST:
            raise VocabularyError(f"a vocabulary has at most {LARGEST:,} words, not {len(self.words):,}")
        self._ids: dict[str, int] = {}
        for i, word in enumerate(self.words):
            if not isinstance(word, str) or (i and word.split() != [word]) or not _is_sound(word):
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
        except (ValueError, RecursionError) as error:
            raise VocabularyError(f"the vocabulary is not valid JSON: {error}") from None
        if not isinstance(words, list):
            raise VocabularyError("the vocabulary is not a JSON list of words")
        return cls(words)

    def to_json(self) -> str:
        """A JSON list, a word a line."""
        return json.dumps(self.words, ensure_ascii=False, indent=0) + "\n"

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self._ids

    def encode(self, words: Sequence[str]) -> list[int]:
        """Ids of `words`; a word outside the vocabulary becomes 1 (`"[UNK]"`)."""
        return [self._ids.get(word, 1) for word in words]

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
    """The words of `text` that are outside `vocabulary`, each once, in the order of the text."""
    return [word for word in dict.fromkeys(tokenize(text)) if word not in vocabulary]


# --- back to text ------------------------------------------------------------------------------------------

_CLOSING = frozenset(".,;:!?)]}%/")  # no space before
_OPENING = frozenset("([{$#~/")  # no space after
_TRANSPARENT = frozenset("()[]{}\"'-")  # between a full stop and the capital it asks for


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_DEGREES = re.compile(r".*°|\d{3}")  # what stands before the F or C of a temperature
_SUFFIXES = _set("s t d m n ll re ve em")  # don't, I'm, baker's
_ELISIONS = _set("d l o n qu")  # hors d'oeuvre, o'clock
_INITIALS = frozenset([("e", "g"), ("i", "e"), ("a", "m"), ("p", "m"), ("u", "s")])
_ABBREVIATIONS = _set(
    "approx doz etc lb lbs oz ozs pkg pt pts qt qts sq tb tbl tblsp tbs tbsp tbsps teaspn teaspns tsp tsps"
)
_TITLE_SMALL = _set(
    "a à al alla an and as at au aux con de del des di du en for from in la le of on or the to with without"
)
_NAMES = _set(
    """african american asian austrian belgian boston brazilian british brussels cajun california canadian
    caribbean celsius chinese christmas creole dijon dutch easter english ethiopian european
    fahrenheit french german greek gruyère hungarian i indian indonesian iranian irish italian
    jamaican japanese jerusalem korean lebanese madeira malaysian marsala mediterranean mexican
    moroccan nigerian parmesan persian portuguese pyrex roquefort russian scotch scottish spanish
    swedish swiss tabasco thai turkish vietnamese virginia worcestershire"""
)


def detokenize(words: Iterable[str]) -> str:
    """The text of `words` as a person would print it: "Chop 1/2 cup of all-purpose flour (about 60 g)."

    Only white space and capitals are added, so nothing is lost, and `tokenize` gives back the words that
    it once made. Sentences start with a capital, names that recipes use have theirs ("Parmesan"), and so
    have degrees ("350°F"). Between "recipe for" at the start and the first bar, words have the capitals
    of a title. The bar is printed; to print a method alone, give the words after it. `""` (the stop
    token) prints nothing, `"[UNK]"` prints as it is.
    """
    return "".join(detokenize_pieces(words))


def detokenize_pieces(words: Iterable[str]) -> list[str]:
    """The part of `detokenize(words)` that each word contributes, the space before it included.

    A piece depends on the words before it alone, never on those after it: a text that grows does not change.
    """
    pieces: list[str] = []
    earlier = before = ""  # the two words before, the stop token apart
    in_title = False
    capital = True  # the next word starts a sentence
    in_quotes = False
    attached = False  # the last word follows the one before it without a space
    for word in words:
        if word == STOP:
            pieces.append("")
            continue
        opens = word == '"' and not in_quotes and not before[-1:].isnumeric()  # after a digit it means inches
        joins = not before or _joins(word, before, earlier, attached, opens=opens, in_quotes=in_quotes)
        if word == '"' and (opens or in_quotes):
            in_quotes = opens
        text = word
        if in_title and word == "|":
            in_title, capital = False, True
        elif word in ".!?":
            capital = not _is_abbreviation(before, earlier) or word != "."
        elif word not in _TRANSPARENT:
            starts = capital or (in_title and not (before == "'" and joins) and word not in _TITLE_SMALL)
            if (starts or word in _NAMES) and not (before == "." and joins):
                text = _capitalized(word)
            text = _with_degrees(text, before)
            capital = False
            if (earlier, before, word) == ("", "recipe", "for"):
                in_title = True
        pieces.append(text if joins else " " + text)
        attached = joins and before != ""
        earlier, before = before, word
    return pieces


def _joins(word: str, before: str, earlier: str, attached: bool, *, opens: bool, in_quotes: bool) -> bool:
    """Whether `word` follows `before` without a space; `attached`: so does `before` follow `earlier`."""
    if word in _CLOSING or before in _OPENING:
        return True
    if word == '"':
        return not opens
    if before == '"':
        return in_quotes  # then it opened them
    if word == "'":
        return _is_word(before)
    if before == "'":
        return not attached or word in _SUFFIXES or earlier in _ELISIONS
    if word == "-":
        return _is_word(before) or before in "-%"
    if before == "-":
        # "all-purpose", "two- or three-inch"; "(-18°C)", "- a bullet"
        return word != "or" if attached else word[0].isdecimal()
    if before == ".":
        return (earlier.isdecimal() and word[0].isdecimal()) or (earlier, word) in _INITIALS
    if before == ",":
        return earlier.isdecimal() and len(earlier) <= 3 and re.match(r"\d{3}(?!\d)", word) is not None
    return before == ":" and earlier.isdecimal() and word.isdecimal()


def _is_word(word: str) -> bool:
    return word == UNKNOWN or word[-1] not in string.punctuation


def _is_abbreviation(word: str, before: str) -> bool:
    """Whether a full stop after `word` is unlikely to end a sentence."""
    if word in ("f", "c") and _DEGREES.fullmatch(before):
        return False
    return word in _ABBREVIATIONS or (len(word) == 1 and word.isalpha())


def _capitalized(word: str) -> str:
    first = word[0].upper()
    return first + word[1:] if first.lower() == word[0] else word  # "ß" has no capital of one letter


def _with_degrees(word: str, before: str) -> str:
    """`word` with the capital of Fahrenheit or Celsius, if it ends in one: 350°F, °C, 350F, 350 F."""
    if re.fullmatch(r".*°[fc]|\d\d\d?[fc]", word):
        return word[:-1] + word[-1].upper()
    return word.upper() if word in ("f", "c") and _DEGREES.fullmatch(before) else word
