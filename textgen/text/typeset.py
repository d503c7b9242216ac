"""Words and numbers as a person would print them."""

from __future__ import annotations

import math
import re
import string
from collections.abc import Iterable

from textgen.text.vocabulary import STOP, UNKNOWN, word_set

_CLOSING = frozenset(".,;:!?)]}%/")  # no space before
_OPENING = frozenset("([{$#~/")  # no space after
_TRANSPARENT = frozenset("()[]{}\"'-")  # between a full stop and the capital it asks for


_DEGREES = re.compile(r".*°|\d{3}")  # what stands before the F or C of a temperature
_SUFFIXES = word_set("s t d m n ll re ve em")  # don't, I'm, baker's
_ELISIONS = word_set("d l o n qu")  # hors d'oeuvre, o'clock
_INITIALS = frozenset([("e", "g"), ("i", "e"), ("a", "m"), ("p", "m"), ("u", "s")])
_ABBREVIATIONS = word_set(
    "approx doz etc lb lbs oz ozs pkg pt pts qt qts sq tb tbl tblsp tbs tbsp tbsps teaspn teaspns tsp tsps"
)
_TITLE_SMALL = word_set(
    "a à al alla an and as at au aux con de del des di du en for from in la le of on or the to with without"
)
_NAMES = word_set(
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


def remainder(shares: Iterable[float]) -> float:
    """What `shares` of a whole leave over; nothing where only the rounding of their sum is left."""
    rest = 1 - math.fsum(shares)
    return rest if rest > 1e-12 else 0.0


def percent(share: float) -> str:
    """A probability for people: `88 %`, `4.1 %`, `<0.1 %`, and never a `100 %` or `0 %` that is not exact."""
    if share <= 0 or share >= 1:
        return f"{share:.0%}".replace("%", " %")
    if share < 0.001:
        return "<0.1 %"
    if share > 0.999:
        return ">99.9 %"
    return f"{100 * share:.1f} %" if share < 0.0995 or share > 0.995 else f"{100 * share:.0f} %"
