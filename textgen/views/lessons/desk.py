"""What every lesson is made of, and where it finds its cases.

A lesson asks before it shows, has something to try, compares two cases, says the principle, and checks it on
a case that nobody has seen. All cases come from the network itself: `Desk` looks for places in its texts
where what the lesson is about can be seen clearly, in an order that the number of the case decides. So the
same number is the same case on every machine, another number another case, and no answer is a near-tie.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from textgen.measuring.dishes import dish_titles
from textgen.memo import Memo
from textgen.network.bundle import Bundle
from textgen.text.typeset import detokenize, percent
from textgen.text.vocabulary import UNKNOWN_ID
from textgen.views.compare import END_OF_RECIPE, Comparison
from textgen.writing.sampling import Luck, Sampler
from textgen.writing.writer import Request

OPTIONS = 3  # of every question
READING = 14  # words of a text in which places are looked for
KEPT = 8  # by a desk: a title's places are about 1 MB
READ_AT, READ_WITH = 0.7, 33  # the temperature and the seed with which those texts are written

_T = TypeVar("_T")


class NoCase(LookupError):
    """Nowhere in a network's texts is to be seen what a lesson is about; the message says what was sought."""


@dataclass(frozen=True)
class Scene:
    """A picture to look at, or to play with: the texts of `requests` side by side with the bars of `word`
    (from 1).

    view     what the bars show, as on the comparison page
    names    of the columns; empty: their temperatures
    hundred  whether a hundred draws stand in the bars from the start
    knobs    whether temperatures can be moved
    walk     whether there is a walk through the words
    draws    whether what the bars show can be chosen, and a hundred draws asked for
    texts, bars
             whether these are there
    rules    keys of the sampling rules that can be set
    luck     whether other luck can be asked for
    """

    requests: tuple[Request, ...]
    word: int = 1
    view: str = "chances"
    names: tuple[str, ...] = ()
    hundred: bool = False
    knobs: bool = False
    walk: bool = False
    draws: bool = False
    texts: bool = True
    bars: bool = True
    rules: tuple[str, ...] = ()
    luck: bool = False

    @property
    def temperatures(self) -> tuple[float, ...]:
        return tuple(t for request in self.requests for t in request.temperatures)


@dataclass(frozen=True)
class Question:
    """A question with `OPTIONS` answers, of which number `right` is true and `why` says so with the numbers.

    shown    what is in sight before the answer
    table, texts
             the same where bars would give the answer away: rows of a table, anonymous texts
    picture, settled
             what settles it, after the answer: a picture, or rows of a table where that says more
    """

    text: str
    options: tuple[str, ...]
    right: int
    why: str
    shown: Scene | None = None
    table: tuple[dict[str, str], ...] = ()
    texts: tuple[str, ...] = ()
    picture: Scene | None = None
    settled: tuple[dict[str, str], ...] = ()


@dataclass(frozen=True)
class Opening:
    """A lesson up to its principle: what is asked before, what is tried, two cases and what they have in
    common; `table` beside them, if any."""

    before: Question
    trial: Scene
    hints: tuple[str, ...]
    two: Scene
    alike: str
    differs: str
    table: tuple[dict[str, str], ...] = ()


@dataclass(frozen=True)
class Lesson:
    """`name` for a button, `title` the question that it answers, the `principle` in one sentence, its
    `formula` in TeX, what its `symbols` mean, and what is computed from the network for a case."""

    name: str
    title: str
    principle: str
    formula: str
    symbols: str
    opening: Callable[[Desk], Opening]
    checks: Callable[[Desk], tuple[Question, Question]]


@dataclass(frozen=True, eq=False)
class Place:
    """A point in a text where the next word is to be chosen: `title`, the words of the method so far, and
    the network's logits [V] there, on which any temperature can act."""

    title: str
    words: tuple[str, ...]
    logits: NDArray[np.float32]
    vocabulary: Sequence[str]
    _chances: dict[Any, NDArray[np.float64]] = field(default_factory=dict)

    def chances(self, temperature: float, **rules: Any) -> NDArray[np.float64]:
        """The probability [V] of each next word."""
        key = (temperature, *sorted(rules.items()))
        if key not in self._chances:
            self._chances[key] = filtered(temperature, **rules).distribution(self.logits)
        return self._chances[key]

    def likeliest(self, count: int) -> list[int]:
        """Ids of the likeliest words, likeliest first."""
        near = np.argpartition(-self.chances(1.0), count)[:count]
        return sorted(near.tolist(), key=lambda token: (-self.chances(1.0)[token], token))

    def plain(self, count: int) -> bool:
        """Whether the likeliest words are words, no signs."""
        return all(self.vocabulary[token].isalpha() for token in self.likeliest(count))

    @property
    def size(self) -> int:
        """How many words may come: “[UNK]” is never written."""
        return len(self.vocabulary) - 1

    @property
    def where(self) -> str:
        """Where this is, for the start of a sentence."""
        recipe = f"The recipe is “{self.title}”"
        if not self.words:
            return f"{recipe}, and its first word is to come."
        return f"{recipe}, and so far it says: “{detokenize(self.words)} …”"


@dataclass(frozen=True)
class Desk:
    """What lessons work with: the name of a network, what writes its texts, what loads a network by its name,
    and the number of the case.

    titles  of recipes, among which cases are looked for
    lucks   how many different seeds cases have
    kept    what was worked out for titles and places, for other cases to come
    """

    model: str
    write: Callable[[Request], Comparison]
    bundle: Callable[[str], Bundle]
    case: int
    titles: Sequence[str] = field(default_factory=dish_titles)
    lucks: int = 1000
    kept: Memo[Any] = field(default_factory=lambda: Memo(KEPT))

    def shuffled(self, what: str, items: Sequence[_T]) -> list[_T]:
        """`items` in an order of the case, for `what`."""
        draws = Luck(self.case, crc32(what.encode())).raw(0, len(items))
        return [items[i] for i in np.argsort(draws, kind="stable")]

    def with_fewer(self, one_in: int) -> Desk:
        """The same with one title in so many."""
        return replace(self, titles=self.titles[::one_in])

    def seed(self, what: str) -> int:
        return int(Luck(self.case, crc32(what.encode())).raw(1, 1)[0]) % self.lucks

    def request(
        self,
        title: str,
        *samplers: Sampler | float,
        words: int,
        seed: int = READ_WITH,
        opening: str = "",
        **more: Any,
    ) -> Request:
        plain = tuple(filtered(one) if isinstance(one, float) else one for one in samplers)
        return Request(self.model, title, opening, plain, seed, words, **more)

    def at(self, place: Place, *samplers: Sampler | float, words: int = 1, what: str = "") -> Request:
        """The texts that go on from `place`."""
        return self.request(
            place.title, *samplers, words=words, seed=self.seed(what), opening=" ".join(place.words)
        )

    def named(self, what: str) -> Iterator[str]:
        """Titles in an order of the case."""
        return (title[:1].upper() + title[1:] for title in self.shuffled(what, self.titles))

    def drawn(self, what: str) -> Iterator[tuple[str, int]]:
        """The same, each with a seed of its own: some luck is as unfit for what is looked for as some
        titles."""
        first = self.seed(what)
        return ((title, (first + n) % self.lucks) for n, title in enumerate(self.named(what)))

    def find(self, what: str, fits: Callable[[Place], bool]) -> Place:
        """The first place that fits, for `what`. `NoCase` if there is none."""
        for title in self.named(what):
            places = self._places(title)
            for place in self.shuffled(f"{what} in {title}", places):
                if fits(place):
                    return place
        raise NoCase(f"no place for {what} in the texts of {len(self.titles)} titles")

    def _places(self, title: str) -> tuple[Place, ...]:
        def read() -> tuple[Place, ...]:
            comparison = self.write(self.request(title, READ_AT, words=READING))
            words = comparison.bundle.vocabulary.words
            steps = comparison.runs[0].steps
            written = tuple(step.word for step in steps)
            logits = comparison.bundle.model.logits(np.stack([step.hidden for step in steps]))
            return tuple(Place(title, written[:n], row, words) for n, row in enumerate(logits))

        return self.kept.once(("places", self.model, title), read)

    def question(
        self, what: str, text: str, right: str, wrong: tuple[str, str], why: str, **more: Any
    ) -> Question:
        """A question whose answers stand in an order of the case."""
        options = tuple(self.shuffled(f"answers of {what}", (right, *wrong)))
        return Question(text, options, options.index(right), why, **more)


def filtered(temperature: float, **rules: Any) -> Sampler:
    """A sampler as the app has it, “[UNK]” never written."""
    return Sampler(temperature=temperature, suppress=(UNKNOWN_ID,), **rules)


def quoted(word: str) -> str:
    return f"“{word}”" if word else f"“{END_OF_RECIPE}”"


def shares(word: str, *chances: float) -> str:
    """`“chop” goes from 12 % to 40 %`."""
    return f"{quoted(word)} goes from " + " to ".join(percent(float(p)) for p in chances)
