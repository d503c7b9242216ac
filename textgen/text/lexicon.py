"""Which word is a recipe verb, and where.

The lexicon (`assets/verbs.json`) names the imperative verbs of cookery, each with its group. Many are nouns
too ("butter", "top"), so a word counts as a verb only where an imperative can stand, which a few rules
decide from the words before it alone. So a word's tag never changes as a text grows, and the same rules
tell, for any distribution over the next word, which words would be verbs there.
"""

from __future__ import annotations

import json
import string
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from textgen.files import ASSETS
from textgen.text.vocabulary import STOP, word_set

LEXICON = ASSETS / "verbs.json"
GROUPS = ("prepare", "mix", "heat", "wait", "finish")


class Place(NamedTuple):
    """What the words so far leave open: where in its sentence the next word stands."""

    mode: int  # one of those below
    blocked: bool = False  # the last word rules an imperative out: "to", "the", "should"
    after_verb: bool = False  # the last words are a verb and "and" or ",": "grease and flour"
    outer: int | None = None  # inside brackets: the mode that goes on after them


# Where the next word stands.
TITLE = 0  # before the bar
OPEN = 1  # where an imperative may start: at the start, after a full stop, after "in a bowl,"
FRONT = 2  # in what stands before the imperative: "in a bowl", "when it boils"
BODY = 3  # after the imperative, among its objects
JOINED = 4  # after a comma or an "and" there: another imperative or another object may come
SUBJECT = 5  # in a sentence that is not imperative, or a list: "the cake is done", "1 cup sugar"
LISTED = 6  # after a comma there

START = Place(OPEN)


_ENDS = word_set(". ! ? ; : |")
_JOINERS = word_set("and or & / but")
_QUIET = word_set("\" ' * # - ( [ ) ] ~ `")  # change nothing
# Words that may stand before an imperative without ending its chance: "gently fold", "do not stir".
_LEADERS = word_set(
    """afterward afterwards again also alternately alternatively always and before both deep carefully do
    don either even evenly finally first firstly further gently gradually just last lastly later likewise
    loosely meantime meanwhile never next not now occasionally often once optionally or please pre
    quickly second simply slowly so still t then therefore third thus together twice well finely thinly
    thoroughly"""
)
_NOT_ADVERBS = word_set("belly curly early family fly italy jelly jolly july lily only ply poly roly")
# Words that open a phrase before the imperative.
_FRONTS = word_set(
    """about above across after against along alongside although among around as at away because before
    behind below beside besides between beyond by depending despite during except following for from if
    in inside instead into meantime near on once onto out outside over per rather regardless since though
    through throughout till to towards under unless until up upon when whenever where wherever while
    whilst with within without"""
)
_CONDITIONS = word_set(
    """after although as because before if once since though unless when whenever where while whilst"""
)
# Nouns in -ing; any other word in -ing opens a phrase: "using a fork, beat".
_THINGS = word_set(
    """anything being coating covering cutting dressing dripping dumpling during evening everything
    filling flavoring flavouring frosting herring icing king lining morning nothing pudding ring
    seasoning serving shortening something spring string stuffing thing topping trimming whiting wing"""
)
# No imperative follows these at once.
_BLOCKERS = word_set(
    """to a an the this that these those each every some any no your its their his her our my one another
    such will would can could should shall may might must does did is are was were be been being has had
    having have you they i we it he she who which what let of for with in by from per at on very too so
    as into than if more most less until till how cannot not and or"""
)
# Imperatives that are no recipe verbs: "be careful", "see page 5".
_OTHER_IMPERATIVES = word_set("avoid be beware expect find go know learn note notice remember see think wish")


class Lexicon:
    """The recipe verbs and the words of a kitchen.

    groups       verb -> its group, one of `GROUPS`
    ingredients  nouns of what is cooked
    quantities   number words, units and measures; a word with a digit in it is one too
    """

    def __init__(
        self,
        groups: Mapping[str, str],
        also: Mapping[str, Iterable[str]] | None = None,
        ingredients: Iterable[str] = (),
        quantities: Iterable[str] = (),
    ) -> None:
        self.groups: dict[str, str] = dict(groups)
        self.ingredients = frozenset(ingredients)
        self.quantities = frozenset(quantities)
        also = also or {}
        # Which other word each may be: decided by position.
        self._in_lists = frozenset(also.get("in_lists", ()))  # "butter", "dry": in lists of what is added
        self._noun = frozenset(also.get("noun", ())) | self._in_lists
        self._happens = frozenset(also.get("happens", ()))
        self._participle = frozenset(also.get("participle", ()))

    @classmethod
    def from_json(cls, text: str) -> Lexicon:
        data: dict[str, Any] = json.loads(text)
        groups = {word: group for group in GROUPS for word in data["verbs"][group]}
        return cls(groups, data["also"], data["ingredients"], data["quantities"])

    def is_verb(self, word: str, place: Place) -> bool:
        """Whether `word`, standing at `place`, is a recipe verb in imperative position."""
        if word not in self.groups:
            return False
        if place.mode == OPEN:
            return True
        if place.mode == JOINED:
            return place.after_verb or not (place.blocked or word in self._in_lists)
        if place.mode in (FRONT, LISTED):
            # "when cold add", "2 eggs, beat well": only verbs that can hardly be anything else.
            return not (
                place.blocked or word in self._noun or word in self._happens or word in self._participle
            )
        return False

    def read(self, place: Place, word: str) -> tuple[Place, str | None]:
        """The place after `word`, and the word's group if it is a recipe verb there."""
        mode, outer = place.mode, place.outer
        if mode == TITLE:
            return (START if word == "|" else place), None
        if outer is not None:
            if word in (")", "]"):
                return Place(outer), None
            inside, group = self.read(place._replace(outer=None), word)
            return inside._replace(outer=outer), group
        if word in ("(", "["):
            return Place(LISTED, outer=mode), None
        if word in _ENDS:
            return START, None
        if word in _QUIET:
            return place, None
        if self.is_verb(word, place):
            return Place(BODY, after_verb=True), self.groups[word]
        if word == ",":
            if mode in (OPEN, FRONT):
                return START, None
            if mode in (SUBJECT, LISTED):
                return Place(LISTED), None
            return Place(JOINED, after_verb=place.after_verb), None
        if word == "then":
            return (Place(SUBJECT) if mode == SUBJECT else START), None
        if word in _JOINERS:
            if mode in (BODY, JOINED):
                return Place(JOINED, after_verb=place.after_verb), None
            return (place if mode == OPEN else Place(mode, blocked=mode == FRONT)), None
        blocked = word in _BLOCKERS
        if mode in (OPEN, LISTED, JOINED) and word in _CONDITIONS:
            return Place(FRONT, True), None
        adverb = word in _LEADERS or (word.endswith("ly") and word not in _NOT_ADVERBS)
        if mode == OPEN:
            if word in _OTHER_IMPERATIVES:
                return Place(BODY), None
            if adverb:
                return START, None
            if word in _FRONTS or (word.endswith("ing") and word not in _THINGS):
                return Place(FRONT, True), None
            return Place(SUBJECT, blocked), None
        if mode == JOINED:
            return (Place(JOINED) if adverb and not place.after_verb else Place(BODY)), None
        if mode == FRONT:
            return Place(FRONT, blocked), None
        if mode == LISTED and adverb:
            return place, None
        return Place(BODY if mode == BODY else SUBJECT), None

    def place(self, words: Iterable[str], start: Place = START) -> Place:
        """Where the word after `words` would stand; `start` is where the first of them stands."""
        for word in words:
            start, _ = self.read(start, word)
        return start

    def tag(self, words: Sequence[str]) -> list[str | None]:
        """The group of each word that is a recipe verb in imperative position, None for the others.

        `words` are those of a prompt and the text so far, or of a method alone: if they start with "recipe
        for", nothing before the first bar is a verb.
        """
        place = Place(TITLE) if list(words[:2]) == ["recipe", "for"] else START
        tags = []
        for word in words:
            place, group = self.read(place, word)
            tags.append(group)
        return tags

    def first_verb(self, words: Sequence[str]) -> str | None:
        """The first recipe verb of a text, as `tag` has it."""
        return next((word for word, group in zip(words, self.tag(words), strict=True) if group), None)

    def kind(self, word: str) -> str:
        """What a word is that is no verb: "ingredient", "quantity", "punctuation" or "rest"."""
        if word in self.quantities or any(character.isnumeric() for character in word):
            return "quantity"
        if word in self.ingredients:
            return "ingredient"
        if word != STOP and all(character in string.punctuation for character in word):
            return "punctuation"
        return "rest"


@cache
def lexicon() -> Lexicon:
    """The lexicon of this project, read once."""
    return Lexicon.from_json(LEXICON.read_text(encoding="utf-8"))


def word_kinds(words: Sequence[str]) -> list[str]:
    """The kind of each word of a text: its group, if it is a verb there, or as `Lexicon.kind` has it; `words`
    as for `Lexicon.tag`."""
    known = lexicon()
    tags = known.tag(words)
    return [tag or known.kind(word) for word, tag in zip(words, tags, strict=True)]
