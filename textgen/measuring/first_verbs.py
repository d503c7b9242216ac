"""Which recipe verb a network picks first, with all the words before it: a search that follows every likely
beginning of a recipe and samples the others."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from textgen.measuring.distributions import jensen_shannon
from textgen.measuring.intervals import student, wilson
from textgen.measuring.kinds import Lens
from textgen.network.recurrent import join_states
from textgen.text.lexicon import Place
from textgen.text.vocabulary import STOP_ID, tokenize, unknown_words
from textgen.writing.generate import Network, Source, recipe_prompt
from textgen.writing.sampling import apply_temperature, check_seed, check_temperature


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
    return jensen_shannon(a.probability, b.probability)


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
            values = jensen_shannon(np.maximum(without, 0), other.probability[k])
            variance += (count - 1) / count * float(((values - values.mean()) ** 2).sum())
            least = min(least, count - 1)
        if variance > 0:
            error[k] = student(least) * math.sqrt(variance)
    return np.clip(bits - error, 0, 1), np.clip(bits + error, 0, 1)


@dataclass
class _Level:
    """Beginnings of one length: B rows, and what the network says after each."""

    logits: NDArray[np.float32]  # [B, V]
    state: Any
    places: list[Place]  # [B]
    mass: NDArray[np.float64]  # [B, K] the probability of each beginning, 0 where it is not followed
    # [B, K] how much of that goes on, without a verb, in ways that are not followed
    left: NDArray[np.float64]


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
        bounds = np.stack([wilson(share, u) for share, u in zip(shares, total, strict=True)], axis=1)
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
        none = rest[:, STOP_ID].copy()
        rest[:, STOP_ID] = 0
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
