"""Measures of a set of texts: how they differ, how far each repeats itself, copies, or goes astray.

Every measure is a ratio of two sums over texts (sometimes its exponential): a row of `MEASURES`, with a
function that gives each text's part in both. So a study can add up texts written anywhere in any order, and
resample texts for intervals (`bootstrap`). Texts are lists of words; nothing here knows of a vocabulary.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textgen import exact
from textgen.text.copying import CopyIndex, longest_run
from textgen.text.lexicon import lexicon
from textgen.text.pairings import pairings

Floats = NDArray[np.float64]
Words = Sequence[str]

BLEU_ORDER = 4
FLOOR = 0.1  # what no match at all counts as, in BLEU
LARGEST_SET = 240  # texts that distinct-n and self-BLEU compare with one another
RESAMPLES = 1000


@dataclass(frozen=True, eq=False)
class TextSet:
    """N texts that are measured together, and what is known of each.

    texts    the words of each, without its stop token
    ended    whether each has a stop token
    tokens   how many tokens each has, that one included: what `nats`, `entropy` and `judged` are sums over
    nats     -log p under the network at temperature 1; `judged`: under another one, NaN for not known
    entropy  of the distributions that the words were drawn from
    index    of the training recipes; None leaves the measures of copying unknown
    """

    texts: Sequence[Words]
    ended: Sequence[bool]
    tokens: Sequence[int] | NDArray[Any]
    nats: Floats
    entropy: Floats
    judged: Floats
    index: CopyIndex | None

    def each(self, of: Callable[[Words], float]) -> Floats:
        """[N]"""
        return np.array([of(words) for words in self.texts], dtype=float)

    @cached_property
    def lengths(self) -> Floats:
        return self.each(len)

    @cached_property
    def copied(self) -> list[NDArray[np.bool_]]:
        """Which 5-grams of each text are in the index; a false positive of the index counts as found."""
        return [] if self.index is None else [self.index.found(words) for words in self.texts]


# -- each text's parts in the two sums of a measure: [N] and [N] -----------------------------------

Parts = tuple[Any, Any]


def _repetition(of: TextSet) -> Parts:
    """`seq-rep-n` of Welleck et al. 2020, "Neural Text Generation with Unlikelihood Training", for the
    repetition loops that Holtzman et al. 2020, "The Curious Case of Neural Text Degeneration", describe."""
    runs = [[tuple(words[k : k + 4]) for k in range(len(words) - 3)] for words in of.texts]
    return [len(some) - len(set(some)) for some in runs], [len(some) for some in runs]


def _judged(of: TextSet) -> Parts:
    known = np.isfinite(of.judged)
    return np.where(known, of.judged, 0), np.asarray(of.tokens) * known


def _verbs(of: TextSet) -> Parts:
    """Recipe verbs in imperative position, as `lexicon.Lexicon.tag` finds them."""
    return of.each(lambda words: sum(tag is not None for tag in lexicon().tag(words))), of.lengths


def _oddness(of: TextSet) -> Parts:
    bits = [pairings().oddness(words) for words in of.texts]  # None without a pair of ingredients
    return [one or 0.0 for one in bits], [one is not None for one in bits]


def _copied(of: TextSet) -> Parts:
    """As McCoy et al. 2023, "How Much Do Language Models Copy From Their Training Data?", count n-grams."""
    return [one.sum() for one in of.copied], [len(one) for one in of.copied]


# -- the table -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Measure:
    """A figure of a set of texts: to add one is to add its function above and its row below.

    name, label   in tables, and on charts
    unit          what stands on the axis
    about         one sentence for a reader: what it is, and what is high
    parts         each text's part in its two sums; two empty lists if it is not known
    group         under which heading it has a chart, one of `GROUPS`; "" for none
    logarithmic   whether its axis is
    exponential   whether it is the exponential of the ratio of sums
    share         whether it lies between 0 and 1
    percent       whether people read it as a percentage
    signed        whether 0 is its middle, so that its sign is shown
    of_set        whether it depends on how many texts are compared
    """

    name: str
    label: str
    unit: str
    about: str
    parts: Callable[[TextSet], Parts]
    group: str = ""
    logarithmic: bool = False
    exponential: bool = False
    share: bool = False
    percent: bool = False
    signed: bool = False
    of_set: bool = False


MEASURES: dict[str, Measure] = {
    measure.name: measure
    for measure in (
        Measure(
            "entropy",
            "Entropy",
            "nats a word",
            "How open each draw was: the mean entropy of the distributions that words were drawn from.",
            lambda of: (of.entropy, of.tokens),
        ),
        Measure(
            "choices",
            "Effective choices",
            "equally likely words",
            "Among how many equally likely words each draw would have been as open; the exponential of the "
            "entropy.",
            lambda of: (of.entropy, of.tokens),
            "Diversity",
            logarithmic=True,
            exponential=True,
        ),
        Measure(
            "distinct_1",
            "Distinct-1",
            "different words ÷ words",
            "Different words as a share of all words written. High: a rich vocabulary.",
            lambda of: _distinct(_grams(of.texts, 1)),
            "Diversity",
            share=True,
            of_set=True,
        ),
        Measure(
            "distinct_2",
            "Distinct-2",
            "different pairs ÷ pairs",
            "The same of pairs of neighbouring words.",
            lambda of: _distinct(_grams(of.texts, 2)),
            "Diversity",
            share=True,
            of_set=True,
        ),
        Measure(
            "self_bleu",
            "Self-BLEU-4",
            "mean BLEU against the others",
            "How much of each text is in the other texts, in runs of up to four words. 1: all texts are the "
            "same; low: diverse.",
            lambda of: _self_bleu(of.texts),
            "Diversity",
            share=True,
            of_set=True,
        ),
        Measure(
            "repetition",
            "Repetition",
            "repeated 4-grams ÷ 4-grams",
            "The share of four-word runs that a text has written before. High: it runs in circles.",
            _repetition,
            "Diversity",
            share=True,
            percent=True,
        ),
        Measure(
            "words",
            "Length",
            "words a text",
            "How many words a text has.",
            lambda of: (of.lengths, np.ones(len(of.texts))),
            "Length and memory",
        ),
        Measure(
            "ended",
            "Ended by itself",
            "share of texts",
            "The share of texts that the network ended before the limit of words.",
            lambda of: (of.ended, np.ones(len(of.texts))),
            "Length and memory",
            share=True,
            percent=True,
        ),
        Measure(
            "perplexity",
            "Perplexity",
            "at T = 1",
            "How surprised the network itself is by these texts at temperature 1. Low: what it holds for "
            "likely; far below human text: too likely.",
            lambda of: (of.nats, of.tokens),
            "Quality",
            logarithmic=True,
            exponential=True,
        ),
        Measure(
            "judged",
            "Perplexity, second opinion",
            "of another network",
            "The same, read by another network.",
            _judged,
            "Quality",
            logarithmic=True,
            exponential=True,
        ),
        Measure(
            "verbs",
            "Recipe verbs",
            "share of words",
            "The share of words that tell the cook to do something: chop, stir, bake.",
            _verbs,
            "Quality",
            share=True,
            percent=True,
        ),
        Measure(
            "oddness",
            "Ingredient oddness",
            "bits a pair",
            "How rarely the ingredients of a text were together in the recipes of the training, beside "
            "chance. Above 0: pairs that cooks avoid.",
            _oddness,
            "Quality",
            signed=True,
        ),
        Measure(
            "copied",
            "Copied 5-grams",
            "share of 5-grams",
            "The share of five-word runs that stood word for word in the recipes of the training.",
            _copied,
            "Length and memory",
            share=True,
            percent=True,
        ),
        Measure(
            "longest_copy",
            "Longest copied run",
            "words",
            "The longest run of words in a text whose five-word runs all stood in the training recipes.",
            lambda of: ([longest_run(one) for one in of.copied], np.ones(len(of.copied))),
            "Length and memory",
        ),
    )
}
NAMES = tuple(MEASURES)
GROUPS = {  # heading -> the measures with a chart below it
    group: tuple(name for name, measure in MEASURES.items() if measure.group == group)
    for group in ("Diversity", "Quality", "Length and memory")
}


def contributions(of: TextSet) -> Floats:
    """The parts of N texts in every measure's two sums: [2, M, N] in the order of `NAMES`.

    An unknown part is 0 in both sums. For measures of a set, a text's part is how the measure would change
    without it (the jackknife's pseudo-value, moved so that the parts add up to the measure itself).
    """
    result = np.zeros((2, len(NAMES), len(of.texts)))
    for k, measure in enumerate(MEASURES.values()):
        for side, part in enumerate(measure.parts(of)):
            if len(part):
                result[side, k] = part
    return result


def distinct(texts: Sequence[Words], n: int) -> float:
    """Distinct-n of a set: different n-grams of words, divided by all of them; NaN where there are none.

    Li et al. 2016, "A Diversity-Promoting Objective Function for Neural Conversation Models", with the
    number of n-grams below, not that of words, so that it reaches 1.
    """
    return _ratio(*_distinct(_grams(texts, n)))


def self_bleu(texts: Sequence[Words]) -> float:
    """Self-BLEU-4 of a set, from 0 to 1: the mean BLEU of each text against all the others; NaN for fewer
    than two texts.

    Zhu et al. 2018, "Texygen". BLEU (Papineni et al. 2002) of single texts: clipped precisions of 1- to
    4-grams, as far as a text is long enough to have them, a precision without a match counted as 0.1
    matches (`floor` in sacrebleu, `method1` in NLTK), and the brevity penalty against the reference
    closest in length. Equals sacrebleu's `sentence_bleu(..., smooth_method="floor", smooth_value=0.1,
    use_effective_order=True) / 100`. A text without a word has BLEU 0, or 1 beside another one.
    """
    return _ratio(*_self_bleu(texts))


def of_set(name: str, texts: Sequence[Words]) -> float:
    """The measure `name` of a set, if it depends on how many texts are compared, and on their words alone."""
    unknown = np.full(len(texts), np.nan)
    alone = TextSet(texts, [True] * len(texts), unknown, unknown, unknown, unknown, None)
    return _ratio(*MEASURES[name].parts(alone))


def values(parts: Floats) -> Floats:
    """The measures [M] of what `contributions` gave, [2, M, N]; NaN where nothing is known."""
    return _within(_finished(exact.on_grid(parts).sum(axis=2)))


def _within(found: Floats) -> Floats:
    """Measures [..., M], shares within 0 and 1: what was rounded may add up to a little more."""
    shares = np.array([measure.share for measure in MEASURES.values()])
    return np.where(shares, np.clip(found, 0, 1), found)


def bootstrap(parts: Floats, *, seed: int = 0, resamples: int = RESAMPLES) -> tuple[Floats, Floats]:
    """The ends of 95 % intervals of the measures, low [M] and high [M], over texts drawn again.

    The percentile bootstrap (Efron 1979): as many texts are drawn, each as often as chance has it, and the
    measure is taken of them, `resamples` times. Texts that are all alike have an interval without width.
    Measures of a set are linearised (see `contributions`), as a text drawn twice would make a set look
    less diverse than it is.
    """
    count = parts.shape[2]
    parts = exact.on_grid(parts)
    rng = np.random.Generator(np.random.Philox(key=seed))
    rows = np.ascontiguousarray(parts.reshape(-1, count).T)
    drawn = np.empty((resamples, *parts.shape[:2]))
    step = max(1, 1_000_000 // max(count, 1))
    for start in range(0, resamples, step):
        some = min(step, resamples - start)
        texts = rng.integers(count, size=(some, count)) + np.arange(some)[:, None] * count
        times = np.bincount(texts.reshape(-1), minlength=some * count).reshape(some, count).astype(float)
        drawn[start : start + some] = (times @ rows).reshape(some, *parts.shape[:2])
    all_drawn = _finished(drawn)
    whole = values(parts)
    alike = (parts == parts[:, :, :1]).all(axis=(0, 2)) | np.isnan(whole)
    with np.errstate(invalid="ignore"):
        low, high = np.quantile(np.where(np.isnan(all_drawn), whole, all_drawn), [0.025, 0.975], axis=0)
    low, high = np.where(alike, whole, low), np.where(alike, whole, high)
    return np.minimum(_within(low), whole), np.maximum(_within(high), whole)


def _finished(sums: Floats) -> Floats:
    """Sums [..., 2, M] -> measures [..., M]."""
    above, below = sums[..., 0, :], sums[..., 1, :]
    ratio = np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0)
    exponential = np.array([measure.exponential for measure in MEASURES.values()])
    with np.errstate(over="ignore"):
        return np.where(exponential, exact.exp(np.where(exponential, ratio, 0)), ratio)


def _ratio(above: Any, below: Any) -> float:
    total = float(np.sum(below))
    return float(np.sum(above)) / total if total else math.nan


# -- n-grams ---------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Grams:
    """How often each text of N has each of the n-grams of a set: parallel arrays, a row a (text, n-gram)."""

    count: int  # N
    text: NDArray[np.int64]
    gram: NDArray[np.int64]
    times: NDArray[np.int64]


def _grams(texts: Sequence[Words], n: int) -> _Grams:
    ids: dict[str, int] = {}
    codes = [np.array([ids.setdefault(word, len(ids)) for word in words], dtype=np.int64) for words in texts]
    size = max(len(ids), 1)
    runs = [code[: max(0, len(code) - n + 1)] for code in codes]
    for k in range(1, n):  # the n-grams met so far are numbered anew each time, so that numbers stay small
        longer = [run * size + code[k : k + len(run)] for run, code in zip(runs, codes, strict=True)]
        flat = np.unique(np.concatenate(longer), return_inverse=True)[1] if longer else np.empty(0, int)
        runs = np.split(flat, np.cumsum([len(run) for run in longer])[:-1]) if longer else []
    text = np.repeat(np.arange(len(texts)), [len(run) for run in runs])
    gram = np.concatenate(runs) if runs else np.empty(0, np.int64)
    width = int(gram.max(initial=0)) + 1
    pairs, times = np.unique(text * width + gram, return_counts=True)
    return _Grams(len(texts), pairs // width, pairs % width, times)


def _distinct(grams: _Grams) -> tuple[Floats, Floats]:
    """Each text's part in the number of different n-grams, and its n-grams: [N], [N]."""
    holders = np.bincount(grams.gram) if len(grams.gram) else np.zeros(0, int)
    alone = np.bincount(grams.text[holders[grams.gram] == 1], minlength=grams.count).astype(float)
    total = np.bincount(grams.text, weights=grams.times, minlength=grams.count).astype(float)
    different = np.count_nonzero(holders)
    return alone + (different - alone.sum()) / max(grams.count, 1), total


def _self_bleu(texts: Sequence[Words]) -> tuple[Floats, Floats]:
    count = len(texts)
    if count < 2:
        return np.zeros(count), np.zeros(count)
    lengths = np.array([len(words) for words in texts])
    matches = np.zeros((count, BLEU_ORDER))
    totals = np.maximum(lengths[:, None] - np.arange(BLEU_ORDER), 0)
    # lost[j, i, n]: how many matches text j would lose if text i were not there
    lost = np.zeros((count, count, BLEU_ORDER))
    for n in range(BLEU_ORDER):
        grams = _grams(texts, n + 1)
        order = np.lexsort((-grams.times, grams.gram))
        text, gram, times = grams.text[order], grams.gram[order], grams.times[order]
        if not len(gram):
            continue
        # The three texts that have an n-gram most often; a place that no text takes has 0.
        first = np.searchsorted(gram, gram)  # where each row's n-gram begins
        held = np.zeros((3, len(gram)), dtype=np.int64)
        who = np.full((3, len(gram)), -1)
        for k in range(3):
            at = np.minimum(first + k, len(gram) - 1)
            same = (first + k < len(gram)) & (gram[at] == gram)
            held[k][same], who[k][same] = times[at][same], text[at][same]
        # Of the others, for each row: the most often, the text that has it so, and the most often but for it
        mine = text == who[0]
        second = text == who[1]
        most = np.where(mine, held[1], held[0])
        holder = np.where(mine, who[1], who[0])
        next_most = np.where(mine | second, held[2], held[1])
        clipped = np.minimum(times, most)
        matches[:, n] = np.bincount(text, weights=clipped, minlength=count)
        less = clipped - np.minimum(times, next_most)
        some = less > 0
        np.add.at(lost, (text[some], holder[some], n), less[some])
    penalty = _brevity(lengths)
    # An empty text is wholly in another empty one.
    empty = lengths == 0
    twins = np.where(empty & (empty.sum() > 1), 1.0, 0.0)
    bleu = np.where(empty, twins, _bleu(matches, totals) * penalty)
    without = _bleu(matches[:, None] - lost, totals[:, None]) * penalty[:, None]
    without = np.where(empty[:, None], twins[:, None], without)
    np.fill_diagonal(without, 0)
    mean = exact.total(bleu) / count
    left_out = exact.total(without.T) / (count - 1)  # the measure without text i
    parts = count * mean - (count - 1) * left_out
    return parts - exact.total(parts) / count + mean, np.ones(count)


def _bleu(matches: Floats, totals: NDArray[Any]) -> Floats:
    """BLEU of single texts without its brevity penalty: matches and n-grams [..., 4] -> [...]."""
    counted = totals > 0
    precision = np.divide(
        np.where(matches > 0, matches, FLOOR), totals, out=np.ones(matches.shape), where=counted
    )
    orders = np.maximum(np.count_nonzero(counted, axis=-1), 1)
    score = exact.exp(exact.total(exact.log(precision)) / orders)
    return np.where((matches > 0).any(axis=-1), score, 0.0)


def _brevity(lengths: NDArray[Any]) -> Floats:
    """The brevity penalty of each text against the other of the closest length, the shorter of two."""
    order = np.argsort(lengths, kind="stable")
    sorted_lengths = lengths[order].astype(float)
    below = np.concatenate(([-np.inf], sorted_lengths[:-1]))
    above = np.concatenate((sorted_lengths[1:], [np.inf]))
    closest = np.where(sorted_lengths - below <= above - sorted_lengths, below, above)
    closest = np.minimum(closest, 1e9)
    with np.errstate(divide="ignore", over="ignore"):
        ratio = closest / np.maximum(sorted_lengths, 1e-9)
        penalty = np.where(sorted_lengths < closest, exact.exp(1 - ratio), 1.0)
    result = np.empty(len(lengths))
    result[order] = penalty
    return result
