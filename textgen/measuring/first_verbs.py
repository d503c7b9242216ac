"""Recipe verbs: which words of a text are one, and which one a network picks first.

The lexicon (`assets/verbs.json`) names the imperative verbs of cookery, each with its group. Many are nouns
too ("butter", "top"), so a word counts as a verb only where an imperative can stand, which a few rules
decide from the words before it alone. So a word's tag never changes as a text grows, and the same rules
tell, for any distribution over the next word, which words would be verbs there.
"""

from __future__ import annotations

import json
import math
import string
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from textgen.files import ASSETS
from textgen.measuring.distributions import entropy
from textgen.network.recurrent import join_states
from textgen.text.corpus import Recipe
from textgen.text.vocabulary import STOP, Vocabulary, tokenize, unknown_words
from textgen.writing.generate import Network, Source, generations, recipe_prompt
from textgen.writing.sampling import Sampler, apply_temperature, check_seed, check_temperature

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


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_ENDS = _set(". ! ? ; : |")
_JOINERS = _set("and or & / but")
_QUIET = _set("\" ' * # - ( [ ) ] ~ `")  # change nothing
# Words that may stand before an imperative without ending its chance: "gently fold", "do not stir".
_LEADERS = _set(
    """afterward afterwards again also alternately alternatively always and before both deep carefully do
    don either even evenly finally first firstly further gently gradually just last lastly later likewise
    loosely meantime meanwhile never next not now occasionally often once optionally or please pre
    quickly second simply slowly so still t then therefore third thus together twice well finely thinly
    thoroughly"""
)
_NOT_ADVERBS = _set("belly curly early family fly italy jelly jolly july lily only ply poly roly")
# Words that open a phrase before the imperative.
_FRONTS = _set(
    """about above across after against along alongside although among around as at away because before
    behind below beside besides between beyond by depending despite during except following for from if
    in inside instead into meantime near on once onto out outside over per rather regardless since though
    through throughout till to towards under unless until up upon when whenever where wherever while
    whilst with within without"""
)
_CONDITIONS = _set(
    """after although as because before if once since though unless when whenever where while whilst"""
)
# Nouns in -ing; any other word in -ing opens a phrase: "using a fork, beat".
_THINGS = _set(
    """anything being coating covering cutting dressing dripping dumpling during evening everything
    filling flavoring flavouring frosting herring icing king lining morning nothing pudding ring
    seasoning serving shortening something spring string stuffing thing topping trimming whiting wing"""
)
# No imperative follows these at once.
_BLOCKERS = _set(
    """to a an the this that these those each every some any no your its their his her our my one another
    such will would can could should shall may might must does did is are was were be been being has had
    having have you they i we it he she who which what let of for with in by from per at on very too so
    as into than if more most less until till how cannot not and or"""
)
# Imperatives that are no recipe verbs: "be careful", "see page 5".
_OTHER_IMPERATIVES = _set("avoid be beware expect find go know learn note notice remember see think wish")


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

    @property
    def ambiguous(self) -> frozenset[str]:
        """The verbs that are also nouns, adjectives or participles, such as "butter"."""
        return self._noun | self._participle

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


# --- the lens on a distribution ---------------------------------------------------------------------------

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


def word_kinds(words: Sequence[str]) -> list[str]:
    """The kind of each word of a text, one of `KINDS`; `words` as for `Lexicon.tag`."""
    known = lexicon()
    tags = known.tag(words)
    return [tag or known.kind(word) for word, tag in zip(words, tags, strict=True)]


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


# --- the first verb ---------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class FirstVerbs:
    """How likely each recipe verb is to come first after a prompt, at K temperatures; N verbs.

    Every outcome is accounted for: at each temperature `probability.sum() + none + later` is 1.

    temperatures  [K]
    verbs         [N] words; `groups` their groups
    probability   [K, N]
    low, high     [K, N] 95 % intervals: equal to `probability` where nothing had to be sampled
    unresolved    [K] the probability of all beginnings too rare to be followed one by one; within it,
                  `probability` is an estimate from sampled continuations
    none          [K] the recipe ends without a verb
    later         [K] no verb within `max_words` words
    without       [2, K] the 95 % interval of `none + later`, low and high
    unknown       words of the prompt outside the vocabulary, which the network reads as "[UNK]"
    shares        K arrays [S, N]: the part of `probability` that each of the S samples at a temperature adds
    """

    title: str
    prompt: str
    temperatures: tuple[float, ...]
    verbs: tuple[str, ...]
    groups: tuple[str, ...]
    probability: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    unresolved: NDArray[np.float64]
    none: NDArray[np.float64]
    later: NDArray[np.float64]
    without: NDArray[np.float64]
    max_words: int
    unknown: tuple[str, ...] = ()
    shares: tuple[NDArray[np.float32], ...] = ()

    def top(self, count: int) -> list[str]:
        """The verbs that are likeliest at one temperature or another, at most `count`."""
        best = self.probability.max(axis=0, initial=0)
        order = np.argsort(-best, kind="stable")[:count]
        return [self.verbs[i] for i in order if best[i] > 0]

    def of(self, verb: str) -> NDArray[np.float64]:
        """The probability of one verb at each temperature, [K]; 0 for a word that is none of `verbs`."""
        if verb not in self.verbs:
            return np.zeros(len(self.temperatures))
        return self.probability[:, self.verbs.index(verb)]

    def group(self, name: str) -> NDArray[np.float64]:
        """The probability of a group of verbs at each temperature, [K]."""
        return self.probability[:, [i for i, group in enumerate(self.groups) if group == name]].sum(axis=1)


def first_verbs(
    bundle: Source,
    title: str,
    temperatures: Sequence[float] = (1.0,),
    *,
    opening: str = "",
    seed: int = 0,
    likely: float = 5e-4,
    samples: int = 20,
    max_words: int = 30,
    lens: Lens | None = None,
) -> FirstVerbs:
    """The first recipe verb after `recipe for TITLE | OPENING`, which need not be the next word.

    Every beginning of probability `likely` or more (long ones: a little more) is followed exactly. What the
    others add is estimated from at most `samples` sampled continuations a temperature, each counting the
    exact probability of every verb on its way. No beginning is followed beyond `max_words` words. Equal
    seeds give equal results, a temperature's result does not depend on the others asked for, and titles
    share their luck. Intervals are Wilson's (1927), a little wide for these samples.

    `ValueError` on an empty title, on a bad temperature or seed, or if there is no temperature.
    """
    if not title.strip():
        raise ValueError("the title is empty: say what to cook")
    if not temperatures:
        raise ValueError("give at least one temperature")
    if not 0 < likely <= 1:
        raise ValueError(f"likely must lie above 0 and up to 1, not {likely!r}")
    if samples < 1 or max_words < 1:
        raise ValueError("samples and max_words must be 1 or more")
    for temperature in temperatures:
        check_temperature(temperature)
    check_seed(seed)
    lens = lens or Lens(bundle.vocabulary)
    prompt = recipe_prompt(title, opening)
    words = tokenize(prompt)
    search = _Search(bundle, lens, [float(t) for t in temperatures], likely, max_words)
    search.expand(bundle.vocabulary.encode(words), lens.lexicon.place(tokenize(opening)))
    exact, unresolved = search.found.copy(), search.unfollowed()
    known = search.none + search.later
    (low, high), without = search.sample(samples, seed)
    return FirstVerbs(
        title=title,
        prompt=prompt,
        temperatures=tuple(search.temperatures),
        verbs=lens.verbs,
        groups=lens.groups,
        probability=search.found,
        low=exact + low,
        high=exact + high,
        unresolved=unresolved,
        none=search.none,
        later=search.later,
        without=known + without,
        max_words=max_words,
        unknown=tuple(unknown_words(prompt, bundle.vocabulary)),
        shares=tuple(share.astype(np.float32) for share in search.shares),
    )


def divergence(a: FirstVerbs, b: FirstVerbs) -> NDArray[np.float64]:
    """How far apart two first-verb distributions are at each temperature: Jensen-Shannon divergence in bits,
    [K], from 0 (the same) to 1 (no verb in common).

    Lin (1991), "Divergence measures based on the Shannon entropy". Over the verbs alone: what share of
    recipes has none is left aside, and NaN says that one of the two has no verb at all. `ValueError` unless
    both have the same verbs and temperatures.
    """
    if a.verbs != b.verbs or a.temperatures != b.temperatures:
        raise ValueError("a divergence needs the same verbs and the same temperatures on both sides")
    return _jensen_shannon(a.probability, b.probability)


def divergence_interval(a: FirstVerbs, b: FirstVerbs) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The 95 % interval of `divergence`, [K] and [K]: equal to it where nothing had to be sampled.

    From the samples of the beginnings too rare to be followed, each of which is left out once (the jackknife,
    Tukey 1958) for the error, with Student's t for their small number. The samples are spread evenly, and the
    two titles share their luck, so that the true error is, if anything, smaller. NaN and `ValueError` as for
    `divergence`.
    """
    bits = divergence(a, b)
    error = np.zeros_like(bits)
    for k in range(len(bits)):
        variance, least = 0.0, math.inf
        for one, other in ((a, b), (b, a)):
            count = len(one.shares[k]) if one.shares else 0
            if count < 2 or not one.shares[k].any():
                continue
            shares = one.shares[k].astype(np.float64)
            # Without one sample, the others stand for all of what was sampled.
            without = one.probability[k] - shares + (shares.sum(axis=0) - shares) / (count - 1)
            values = _jensen_shannon(np.maximum(without, 0), other.probability[k])
            variance += (count - 1) / count * float(((values - values.mean()) ** 2).sum())
            least = min(least, count - 1)
        if variance > 0:
            error[k] = _student(least) * math.sqrt(variance)
    return np.clip(bits - error, 0, 1), np.clip(bits + error, 0, 1)


def _jensen_shannon(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """In bits, over the last axis of a [..., N] and b [..., N], which need not sum to 1."""
    with np.errstate(invalid="ignore"):
        p, q = (x / x.sum(axis=-1, keepdims=True) for x in (a, b))
    bits = (entropy((p + q) / 2) - (entropy(p) + entropy(q)) / 2) / math.log(2)
    return np.clip(bits, 0, 1)


def _student(degrees: float) -> float:
    """The 97.5 % point of Student's t, by the Cornish-Fisher series: within 1 % from 5 degrees of freedom."""
    z = 1.959964
    return z + (z**3 + z) / (4 * degrees) + (5 * z**5 + 16 * z**3 + 3 * z) / (96 * degrees**2)


@dataclass(frozen=True)
class TitleInformation:
    """How much a title tells a network about the first verb, in bits: positive if it helps.

    bits       the mean, over recipes, of log2 P(first verb | own title) less the mean of log2 P(first verb |
               another recipe's title)
    low, high  its 95 % bootstrap interval, recipes drawn with replacement
    recipes    how many were measured
    skipped    how many have no first verb that the network knows
    """

    bits: float
    low: float
    high: float
    recipes: int
    skipped: int


def title_information(
    bundle: Source,
    recipes: Iterable[Recipe],
    *,
    temperature: float = 1.0,
    seed: int = 0,
    resamples: int = 2000,
    on_progress: Callable[[int, int], None] | None = None,
) -> TitleInformation:
    """How much the title tells about the first recipe verb of `recipes`, which the network has not seen.

    Each title's first-verb distribution comes from `first_verbs`, given that there is a verb. `on_progress`
    is called with the numbers of titles done and in all. `ValueError` unless two recipes with different
    titles have a first verb.
    """
    lens = Lens(bundle.vocabulary)
    index = {verb: i for i, verb in enumerate(lens.verbs)}
    pairs: list[tuple[str, int]] = []
    skipped = 0
    for recipe in recipes:
        verb = lens.lexicon.first_verb(tokenize(" ".join(recipe.steps)))
        if verb in index and recipe.title.strip():
            pairs.append((" ".join(tokenize(recipe.title)), index[verb]))
        else:
            skipped += 1
    titles = sorted({title for title, _ in pairs})
    if len(titles) < 2:
        raise ValueError("at least two recipes with different titles and a verb each are needed")
    logs = np.empty((len(titles), len(lens.verbs)))
    for i, title in enumerate(titles):
        first = first_verbs(
            bundle, title, [temperature], seed=seed, likely=2e-4, samples=64, max_words=40, lens=lens
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            logs[i] = np.log2(first.probability[0] / first.probability[0].sum())
        if on_progress is not None:
            on_progress(i + 1, len(titles))
    row_of = {title: i for i, title in enumerate(titles)}
    gains = np.empty(len(pairs))
    for n, (title, i) in enumerate(pairs):
        own = row_of[title]
        gains[n] = logs[own, i] - np.delete(logs[:, i], own).mean()
    rng = np.random.Generator(np.random.Philox(key=seed))
    means = gains[rng.integers(len(gains), size=(resamples, len(gains)))].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return TitleInformation(float(gains.mean()), float(low), float(high), len(pairs), skipped)


def title_information_by_era(
    bundle: Source,
    recipes: Iterable[Recipe],
    *,
    seed: int = 0,
    on_skip: Callable[[str, str], None] = lambda era, reason: None,
) -> dict[str, TitleInformation]:
    """`title_information` for the recipes of each era; `on_skip` hears of an era with too few."""
    eras: dict[str, list[Recipe]] = {}
    for recipe in recipes:
        eras.setdefault(recipe.era or "unknown", []).append(recipe)
    told = {}
    for era in sorted(eras):
        try:
            told[era] = title_information(bundle, eras[era], seed=seed)
        except ValueError as error:
            on_skip(era, str(error))
    return told


@dataclass
class _Level:
    """Beginnings of one length: B rows, and what the network says after each."""

    logits: NDArray[np.float32]  # [B, V]
    state: Any
    places: list[Place]  # [B]
    mass: NDArray[np.float64]  # [B, K] the probability of each beginning, 0 where it is not followed
    left: NDArray[
        np.float64
    ]  # [B, K] how much of that goes on, without a verb, in ways that are not followed


@dataclass
class _Walks:
    """Sampled beginnings, P rows: each stands for probability `mass` at temperature `k`."""

    ARRAYS: ClassVar = ("k", "number", "position", "mass", "tokens")  # all of length P

    k: NDArray[np.intp]
    number: NDArray[np.intp]  # which of that temperature's samples
    position: NDArray[np.intp]  # how many words are behind it
    mass: NDArray[np.float64]
    tokens: NDArray[np.intp]  # the last word
    places: list[Place]  # after it
    state: Any  # the network's, before it

    @classmethod
    def join(cls, parts: Sequence[_Walks]) -> _Walks:
        joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in cls.ARRAYS}
        places = [place for part in parts for place in part.places]
        return cls(**joined, places=places, state=join_states([part.state for part in parts]))

    def select(self, rows: NDArray[np.intp], model: Network) -> _Walks:
        taken = {name: getattr(self, name)[rows] for name in self.ARRAYS}
        return _Walks(**taken, places=[self.places[r] for r in rows], state=model.select(self.state, rows))


class _Search:
    """Beginnings without a verb: the likely ones, each read once for all temperatures, then a sample of the
    rest.

    found [K, N], none [K], later [K]  the probability of each outcome so far
    shares  K arrays [S, N], what each of the S samples at a temperature has added to `found`
    """

    def __init__(
        self, bundle: Source, lens: Lens, temperatures: list[float], likely: float, max_words: int
    ) -> None:
        self.model, self.lens, self.temperatures = bundle.model, lens, temperatures
        self.likely, self.max_words = likely, max_words
        (self.stop,) = bundle.vocabulary.encode([STOP])
        self.found = np.zeros((len(temperatures), len(lens.ids)))
        self.none = np.zeros(len(temperatures))
        self.later = np.zeros(len(temperatures))
        self.levels: list[_Level] = []
        self.shares: list[NDArray[np.float64]] = []

    def expand(self, prompt: Sequence[int], place: Place) -> None:
        """Follow every beginning that has at least the probability `likely` at some temperature."""
        model, state = self.model, self.model.start(1)
        for token in prompt[:-1]:
            _, state = model.step([token], state)
        tokens = [prompt[-1]]
        places, mass = [place], np.ones((1, len(self.temperatures)))
        while tokens:
            hidden, state = model.step(tokens, state)
            level = _Level(model.logits(hidden), state, places, mass, np.zeros_like(mass))
            self.levels.append(level)
            cutoff = self._cutoff(len(self.levels) - 1)
            ahead: dict[tuple[int, int], dict[int, float]] = {}  # (row, token) -> temperature -> mass
            for k in range(len(self.temperatures)):
                rows = np.flatnonzero(mass[:, k])
                found, none, rest = self._split(
                    level.logits[rows], k, [places[r] for r in rows], mass[rows, k]
                )
                self.found[k] += found.sum(axis=0)
                self.none[k] += none.sum()
                if len(self.levels) == self.max_words:
                    self.later[k] += rest.sum()
                    continue
                followed = rest >= cutoff
                for at, token in np.argwhere(followed).tolist():
                    ahead.setdefault((int(rows[at]), token), {})[k] = float(rest[at, token])
                rest[followed] = 0
                level.left[rows, k] = rest.sum(axis=1)
            # In an order that does not depend on which temperatures take part.
            order = sorted(ahead)
            tokens = [token for _, token in order]
            state = model.select(state, [row for row, _ in order])
            places = [self.lens.read(level.places[row], token) for row, token in order]
            mass = np.zeros((len(order), len(self.temperatures)))
            for row, way in enumerate(order):
                for k, probability in ahead[way].items():
                    mass[row, k] = probability

    def _cutoff(self, depth: int) -> float:
        """The least probability that is followed after `depth` words: long lists of ingredients, of which
        there are many, would otherwise cost the most and tell the least."""
        return min(self.likely * 1.15**depth, 1.0)

    def unfollowed(self) -> NDArray[np.float64]:
        """The probability, [K], of the beginnings that `expand` did not follow."""
        return np.sum([level.left.sum(axis=0) for level in self.levels], axis=0)

    def sample(self, samples: int, seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Follow a sample of what `expand` left, and add to the outcomes: returns low and high of what is
        added to `found`, [2, K, N], and to `none + later`, [2, K]; `shares` has what each sample adds."""
        luck, lives = np.random.Generator(np.random.Philox(key=seed)).random((2, samples, self.max_words + 2))
        total = self.unfollowed()
        # A small remainder needs fewer samples for the same accuracy.
        counts = np.minimum(samples, np.maximum(8, np.ceil(2 * total * samples))).astype(int)
        none, later = np.zeros_like(total), np.zeros_like(total)
        # What each sample adds to each verb, and to there being none.
        shares = [np.zeros((count, len(self.lens.ids) + 1)) for count in counts]
        walks = self._departures(counts, total, luck)
        while walks is not None:
            hidden, walks.state = self.model.step(walks.tokens, walks.state)
            logits = self.model.logits(hidden)
            goes_on = np.zeros(len(walks.tokens), dtype=bool)
            for k in np.unique(walks.k):
                rows = np.flatnonzero(walks.k == k)
                found, ended, rest = self._split(
                    logits[rows], k, [walks.places[r] for r in rows], walks.mass[rows]
                )
                none[k] += ended.sum()
                left = rest.sum(axis=1)
                over = walks.position[rows] + 1 >= self.max_words
                later[k] += left[over].sum()
                lost = ended + np.where(over, left, 0)
                np.add.at(shares[k], walks.number[rows], np.column_stack([found, lost]))
                # Russian roulette: a walk with little left to tell ends, or stands for others that do.
                least = 0.25 * total[k] / counts[k]
                on = ~over & (left > lives[walks.number[rows], walks.position[rows] + 1] * least)
                walks.mass[rows] = np.maximum(left, least)
                rows = rows[on]
                goes_on[rows] = True
                walks.tokens[rows] = _draw(rest[on], luck[walks.number[rows], walks.position[rows] + 1])
            walks.position += 1
            rows = np.flatnonzero(goes_on)
            walks = walks.select(rows, self.model) if rows.size else None
            if walks is not None:
                walks.places = [self.lens.read(*at) for at in zip(walks.places, walks.tokens, strict=True)]
        # The roulette keeps the sum of all outcomes only on average; here it is known.
        for k, share in enumerate(shares):
            whole = share.sum()
            if whole > 0:
                share *= total[k] / whole
                none[k] *= total[k] / whole
                later[k] *= total[k] / whole
            else:
                later[k] = total[k]
        self.none += none
        self.later += later
        self.shares = [share[:, :-1] for share in shares]
        self.found += [share.sum(axis=0) for share in self.shares]
        bounds = np.stack([_wilson(share, u) for share, u in zip(shares, total, strict=True)], axis=1)
        return bounds[..., :-1], bounds[..., -1]

    def _departures(
        self, counts: NDArray[np.intp], total: NDArray[np.float64], luck: NDArray[np.float64]
    ) -> _Walks | None:
        """Sampled beginnings that `expand` did not follow, `counts[k]` at each temperature."""
        walks: list[_Walks] = []
        for k, count in enumerate(counts):
            if total[k] < 1e-9:
                continue
            # Systematic sampling: evenly spaced points over all remainders laid end to end.
            sources = [
                (d, r) for d, level in enumerate(self.levels) for r in np.flatnonzero(level.left[:, k])
            ]
            ends = np.cumsum([self.levels[d].left[r, k] for d, r in sources])
            points = (np.arange(count) + luck[:count, 0]) / count * ends[-1]
            chosen = np.minimum(np.searchsorted(ends, points, side="right"), len(ends) - 1)
            for d in sorted({sources[i][0] for i in chosen}):
                level = self.levels[d]
                number = np.array([n for n, i in enumerate(chosen) if sources[i][0] == d])
                rows, back = np.unique([sources[chosen[n]][1] for n in number], return_inverse=True)
                *_, rest = self._split(
                    level.logits[rows], k, [level.places[r] for r in rows], level.mass[rows, k]
                )
                rest[rest >= self._cutoff(d)] = 0
                tokens = _draw(rest[back], luck[number, 1])
                places = [self.lens.read(level.places[r], t) for r, t in zip(rows[back], tokens, strict=True)]
                state = self.model.select(level.state, rows[back])
                shape = number.shape
                mass = np.full(shape, total[k] / count)
                walks.append(
                    _Walks(np.full(shape, k), number, np.full(shape, d + 1), mass, tokens, places, state)
                )
        return _Walks.join(walks) if walks else None

    def _split(
        self, logits: NDArray[np.float32], k: int, places: Sequence[Place], mass: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """What follows beginnings of probability `mass` [B]: each verb [B, N], the recipe's end [B], and each
        other word [B, V]."""
        rest = apply_temperature(logits, self.temperatures[k])
        rest *= mass[:, None]
        none = rest[:, self.stop].copy()
        rest[:, self.stop] = 0
        found = np.zeros((len(rest), len(self.lens.ids)))
        for row, place in enumerate(places):
            at = self.lens.verbs_at(place)
            ids = self.lens.ids[at]
            found[row, at] = rest[row, ids]
            rest[row, ids] = 0
        return found, none, rest


def _draw(weights: NDArray[np.float64], uniform: NDArray[np.float64]) -> NDArray[np.intp]:
    """A word for each row, in proportion to its weight: [B, V] and draws [B] from 0 to 1 -> ids [B].

    First a block of words, then a word in it, which spares a running sum over the whole vocabulary.
    """
    size = 128
    starts = np.arange(0, weights.shape[1], size)
    tokens = np.zeros(len(weights), dtype=np.intp)
    for i, (row, u) in enumerate(zip(weights, uniform, strict=True)):
        blocks = np.add.reduceat(row, starts)
        ends = np.cumsum(blocks)
        point = u * ends[-1]
        block = int(np.searchsorted(ends, point, side="right"))
        if block == len(blocks):  # rounding: the point lies on the very end
            block = int(np.flatnonzero(blocks)[-1])
        part = row[block * size : (block + 1) * size]
        inside = np.cumsum(part)
        at = int(np.searchsorted(inside, point - (ends[block] - blocks[block]), side="right"))
        if at == len(part) or part[at] == 0:
            at = int(np.flatnonzero(part)[-1])
        tokens[i] = block * size + at
    return tokens


def _wilson(shares: NDArray[np.float64], total: float) -> NDArray[np.float64]:
    """95 % intervals for what samples say about parts of `total`: shares [S, N] -> low and high, [2, N].

    Wilson's score interval (1927) of a share. It is made for samples that say yes or no; these say how likely
    each outcome is, and so vary less: the variance among them tells to how many of the other kind they
    amount (Kish's design effect, 1965), at most 20 times as many, and Student's t replaces the normal
    quantile. On the released networks 97 of 100 intervals and more hold what many samples say.
    """
    count, sums = len(shares), shares.sum(axis=0)
    if total <= 0 or not count:
        return np.stack([sums, sums])
    each = shares * (count / total)
    share = np.clip(each.mean(axis=0), 0, 1)
    spread = each.var(axis=0, ddof=1) if count > 1 else np.ones_like(share)
    worth = np.divide(share * (1 - share), spread, out=np.full_like(share, 20.0), where=spread > 0)
    n = count * np.clip(np.where(share > 0, worth, 1), 1, 20)
    z2 = _student(max(count - 1, 1)) ** 2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = np.sqrt(z2 * (share * (1 - share) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    low, high = np.maximum(middle - half, 0) * total, np.minimum(middle + half, 1) * total
    return np.stack([np.minimum(low, sums), np.maximum(high, sums)])
