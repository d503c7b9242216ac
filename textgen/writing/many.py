"""Many texts of one prompt at once, and what their measures need to know of every word.

`write_all` gives the very texts of `generate.generate`, each with its own seed; `score` reads texts that are
already written. Both go through the vocabulary a few rows at a time and keep sums instead of rows of
logits, so memory does not grow with the number of words. A text does not depend on which others it is
written with, nor on the number of threads.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from textgen import exact
from textgen.text.vocabulary import tokenize
from textgen.writing.generate import Network, Source, read_prompt
from textgen.writing.sampling import MARGIN, Draws, Luck, Sampler, check_seed

Floats = NDArray[np.float64]
Ids = NDArray[np.int32]

_T = TypeVar("_T")

ENDED = -1  # fills a row of tokens after the text's end
_ROWS = 16  # rows of logits at a time: few enough for the processor's caches, enough to keep threads busy
_PRODUCT = 64  # rows multiplied at a time: a product of many rows copies the output matrix first
_CHUNK = 16  # texts drawn for at a time
_NEVER = np.float32(-5e4)  # a score whose weight is the least at any temperature; -inf * 0 would be NaN


@dataclass(frozen=True, eq=False)
class Texts:
    """N texts that continue a prompt.

    tokens   [N, T] the ids written; a text that ended by itself has the stop token 0 at its end, and
             `ENDED` follows
    nats     [N] the sum over a text's tokens of -log p, as the network itself has it: temperature 1, no
             filter
    entropy  [N] the sum over them of the entropy, in nats, of the distribution that each was drawn from
    log_p    [N, T] the log of the probability with which each token was drawn, good to six digits; 0 after
             the end, so that its sum along a text is the log of that text's probability
    """

    tokens: Ids
    nats: Floats
    entropy: Floats
    log_p: Floats

    @property
    def lengths(self) -> NDArray[np.int64]:
        """[N] how many tokens each text has, its stop token included."""
        return np.count_nonzero(self.tokens != ENDED, axis=1)


def write_all(
    bundle: Source,
    prompt: str,
    *,
    samplers: Sequence[Sampler],
    seeds: Sequence[int],
    max_tokens: int = 60,
    threads: int = 1,
) -> list[Texts]:
    """For each of `samplers` a text a seed, the same as `generate(bundle, prompt, sampler=..., seed=...)`
    writes. A seed's draws and the words that texts have in common serve all samplers.

    `ValueError` on an empty prompt, a bad seed, or a `max_tokens` below 1.
    """
    words = tokenize(prompt)
    if not words:
        raise ValueError("the prompt is empty: give it at least one word to continue")
    if isinstance(max_tokens, bool) or not isinstance(max_tokens, int) or max_tokens < 1:
        raise ValueError(f"max_tokens must be a whole number of words, 1 or more, not {max_tokens!r}")
    model, ids = bundle.model, bundle.vocabulary.encode(words)
    lucks = [Luck(check_seed(seed)) for seed in seeds]
    found: dict[int, Texts] = {}
    together: dict[tuple[int, ...], list[int]] = {}  # which samplers can be drawn for at once
    for n, sampler in enumerate(samplers):
        if not _is_filtered(sampler):
            together.setdefault(sampler.suppress, []).append(n)
            continue
        greedy = sampler.temperature == 0  # all seeds write the same text
        parts = _shared(
            partial(_write, model, ids, [sampler], max_tokens),
            lucks[:1] if greedy else lucks,
            threads,
        )
        found[n] = _joined([part[0] for part in parts], max_tokens)
        if greedy:
            one, times = found[n], len(lucks)
            found[n] = Texts(
                np.repeat(one.tokens, times, axis=0),
                np.repeat(one.nats, times),
                np.repeat(one.entropy, times),
                np.repeat(one.log_p, times, axis=0),
            )
    for numbers in together.values():
        parts = _shared(
            partial(_write, model, ids, [samplers[n] for n in numbers], max_tokens),
            lucks,
            threads,
        )
        for k, n in enumerate(numbers):
            found[n] = _joined([part[k] for part in parts], max_tokens)
    return [found[n] for n in range(len(samplers))]


def score(bundle: Source, contexts: Sequence[Sequence[int]], tokens: Ids, *, threads: int = 1) -> Texts:
    """What the network of `bundle` says of texts that somebody else wrote, word by word at temperature 1.

    contexts  N lists of ids, at least one each: what stands before each text
    tokens    [N, T] as in `Texts`

    The `entropy` of the result is that of the network's own distribution at each word.
    """
    if len(contexts) != len(tokens):
        raise ValueError(f"there are {len(contexts)} contexts for {len(tokens)} texts")
    rows = [(context, text[text != ENDED]) for context, text in zip(contexts, tokens, strict=True)]
    parts = _shared(lambda some: _score(bundle.model, some, tokens.shape[1]), rows, threads)
    return _joined(parts, tokens.shape[1])


def _shared(work: Callable[[list[Any]], _T], items: Sequence[Any], threads: int) -> list[_T]:
    """`work` on `items`, in parts of at least one block of rows, a thread a part."""
    count = max(1, min(threads, len(items) // _ROWS))
    if count == 1:
        return [work(list(items))]
    size = _ROWS * math.ceil(len(items) / count / _ROWS)
    parts = [list(items[start : start + size]) for start in range(0, len(items), size)]
    with ThreadPoolExecutor(len(parts)) as pool:
        return list(pool.map(work, parts))


def _joined(parts: Sequence[Texts], width: int) -> Texts:
    if not parts:
        return Texts(np.empty((0, width), np.int32), np.empty(0), np.empty(0), np.empty((0, width)))
    return Texts(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Texts)))


# -- writing ---------------------------------------------------------------------------------------


def _write(
    model: Network, ids: Sequence[int], samplers: Sequence[Sampler], max_tokens: int, lucks: Sequence[Luck]
) -> list[Texts]:
    """The texts of each sampler; several samplers only if none is filtered and all suppress the same."""
    count = len(samplers) * len(lucks)
    which, seeds = np.divmod(np.arange(count), max(len(lucks), 1))  # of each text
    tokens = np.full((count, max_tokens), ENDED, dtype=np.int32)
    nats, entropy, log_p = np.zeros(count), np.zeros(count), np.zeros((count, max_tokens))
    hidden, state = read_prompt(model, ids)
    size = model.logits(hidden[:1]).shape[1]
    choose: _Filtered | _Plain
    if _is_filtered(samplers[0]):
        choose = _Filtered(samplers[0], lucks, ids)
    else:
        choose = _Plain(samplers, lucks, size)
    # Texts that have the same words so far share a row of the batch. `live` are the texts not ended, ordered
    # by their row, which is in `row`.
    live, row = np.arange(count), np.zeros(count, dtype=np.intp)
    for position in range(max_tokens if count else 0):
        choose.prepare(position)
        for start in range(0, len(hidden), _ROWS):
            if start % _PRODUCT == 0:
                product = model.logits(hidden[start : start + _PRODUCT])
            logits = product[start % _PRODUCT :][:_ROWS]
            first, last = np.searchsorted(row, (start, start + _ROWS))
            texts, rows = live[first:last], row[first:last] - start
            normaliser = _normaliser(logits)
            picked, doubt, chance = choose(logits, rows, which[texts], seeds[texts], tokens[texts])
            tokens[texts, position] = picked
            log_p[texts, position] = chance
            entropy[texts] += doubt
            nats[texts] += normaliser[rows] - logits[rows, picked]
        picked = tokens[live, position]
        going = picked != 0
        live, row, picked = live[going], row[going], picked[going]
        if position + 1 == max_tokens or not len(live):
            break
        pairs = row * (1 << 32) + picked  # the words of texts in one row, then the word just written
        order = np.argsort(pairs, kind="stable")
        live, pairs = live[order], pairs[order]
        kept, row = np.unique(pairs, return_inverse=True)
        hidden, state = model.step(kept & 0xFFFFFFFF, model.select(state, kept >> 32))
    each = [slice(start, start + len(lucks)) for start in range(0, count, len(lucks) or 1)]
    return [Texts(tokens[some], nats[some], entropy[some], log_p[some]) for some in each] or [
        Texts(tokens, nats, entropy, log_p) for _ in samplers
    ]


def _normaliser(logits: NDArray[np.float32]) -> Floats:
    """log sum exp of each row: [B, V] -> [B]."""
    top, total = exact.largest_and_total(logits)
    return top[:, 0] + exact.log(total)


def _is_filtered(sampler: Sampler) -> bool:
    extreme = not 1e-3 <= sampler.temperature <= 1e3  # beyond the reach of the float32 screening
    return extreme or bool(sampler.active)


class _Filtered:
    """The next word of some texts under any sampler: as `generate` does it, a text at a time."""

    def __init__(self, sampler: Sampler, lucks: Sequence[Luck], prompt: Sequence[int]) -> None:
        self.sampler, self.lucks, self.prompt = sampler, lucks, list(prompt)
        self.position = 0

    def prepare(self, position: int) -> None:
        self.position = position

    def __call__(
        self,
        logits: NDArray[np.float32],
        rows: NDArray[np.intp],
        which: NDArray[np.intp],
        seeds: NDArray[np.intp],
        before: Ids,
    ) -> tuple[NDArray[Any], Floats, Floats]:
        picked = np.empty(len(rows), dtype=np.int64)
        doubt, chance = np.empty(len(rows)), np.empty(len(rows))
        known: dict[int, float] = {}
        for n, (row, seed) in enumerate(zip(rows.tolist(), seeds.tolist(), strict=True)):
            reads = self.sampler.reads_previous
            previous = [*self.prompt, *before[n, : self.position].tolist()] if reads else ()
            draws = None
            if self.sampler.temperature > 0:
                draws = Draws(self.lucks[seed].raw(self.position, logits.shape[1]))
            picked[n], chance[n] = self.sampler.choose(logits[row], draws, previous)
            if row not in known:  # texts in one row have the same words before them
                known[row] = _entropy(self.sampler.weights(logits[row], previous))
            doubt[n] = known[row]
        return picked, doubt, exact.log(chance)


def _entropy(weights: Floats) -> float:
    left = weights[weights > 0]
    p = left / exact.total(left)
    return abs(float(exact.total(p * exact.log(p))))


class _Plain:
    """The next word of some texts without filters, screened in float32 and decided in float64.

    A text's word is `argmax(w / e)`, with e = -log(1 - v) for v uniform on (0, 1). As v <= e, no word can win
    whose `w / v` is below the winner's `w / e`: that leaves a handful of the vocabulary, without a logarithm
    taken, and those are computed as `Sampler.choose` does.
    """

    def __init__(self, samplers: Sequence[Sampler], lucks: Sequence[Luck], size: int) -> None:
        self.inverse = np.array([1 / sampler.temperature for sampler in samplers])
        self.suppress = list(samplers[0].suppress)
        self.lucks, self.size = lucks, size
        self.position = 0
        self.drawn: list[NDArray[np.uint32] | None] = []
        self.weights = np.empty((_ROWS, size), dtype=np.float32)
        self.bounds = np.empty((_ROWS, size), dtype=np.float32)

    def prepare(self, position: int) -> None:
        self.position, self.drawn = position, [None] * len(self.lucks)

    def draw(self, seed: int) -> NDArray[np.uint32]:
        """2**32 - 1 - the raw draws of a seed, [V]; drawn once a position, whichever samplers need them."""
        raw = self.drawn[seed]
        if raw is None:
            raw = self.lucks[seed].raw(self.position, self.size)
            np.invert(raw, out=raw)
            self.drawn[seed] = raw
        return raw

    def __call__(
        self,
        logits: NDArray[np.float32],
        rows: NDArray[np.intp],
        which: NDArray[np.intp],
        seeds: NDArray[np.intp],
        before: Ids,
    ) -> tuple[NDArray[Any], Floats, Floats]:
        logits[:, self.suppress] = -np.inf
        top = logits.max(axis=1)
        scores = logits - top[:, None]
        scores[:, self.suppress] = _NEVER
        # Texts with the same words before them and the same temperature have one distribution.
        kinds = len(self.inverse)
        codes, own = np.unique(rows * kinds + which, return_inverse=True)
        picked = np.empty(len(rows), dtype=np.int64)
        doubt, chance = np.empty(len(rows)), np.empty(len(rows))
        order = np.argsort(own, kind="stable")
        for start in range(0, len(codes), _ROWS):
            some = codes[start : start + _ROWS]
            at, heat = some // kinds, self.inverse[some % kinds]
            weights, bounds = self.weights[: len(some)], self.bounds[: len(some)]
            for n, (row, inverse) in enumerate(zip(at.tolist(), heat.tolist(), strict=True)):
                exact.weights(scores[row], inverse, out=weights[n])
                np.multiply(weights[n], scores[row], out=bounds[n])
            sums = exact.total(weights)
            logs = exact.log(sums)
            spread = np.abs(logs - exact.total(bounds) * heat / sums)
            first, last = np.searchsorted(own[order], (start, start + _ROWS))
            texts = order[first:last]
            place = own[texts] - start
            doubt[texts] = spread[place]
            for begin in range(0, len(texts), _CHUNK):
                few = texts[begin : begin + _CHUNK]
                picked[few] = self._pick(logits, top, at, heat, weights, own[few] - start, seeds[few])
            chance[texts] = scores[at[place], picked[texts]] * heat[place] - logs[place]
        return picked, doubt, chance

    def _pick(
        self,
        logits: NDArray[np.float32],
        top: NDArray[np.float32],
        at: NDArray[np.intp],
        heat: Floats,
        weights: NDArray[np.float32],
        own: NDArray[np.intp],
        seeds: NDArray[np.intp],
    ) -> NDArray[np.intp]:
        """The words of a few texts, `weights[own]` being theirs, drawn with `seeds`."""
        count = len(own)
        numbers = np.arange(count)
        bounds = self.bounds[:count]
        raw = [self.draw(seed) for seed in seeds.tolist()]
        for n in range(count):
            np.copyto(bounds[n], raw[n], casting="unsafe")
        bounds += np.float32(0.5)  # 2**32 v
        consecutive = own[-1] - own[0] == count - 1 and np.array_equal(own, own[0] + numbers)
        theirs = weights[own[0] : own[0] + count] if consecutive else weights[own]
        np.divide(theirs, bounds, out=bounds)  # 2**-32 times an upper bound of each word's score
        best = bounds.argmax(axis=1)
        drawn = np.array([raw[n][word] for n, word in enumerate(best.tolist())])
        least = MARGIN * weights[own, best] / -np.log1p((drawn + 0.5) * -(2.0**-32))
        texts, words = np.divmod(
            np.flatnonzero(bounds >= (least * 2.0**-32).astype(np.float32)[:, None]), self.size
        )
        if len(texts) > count:
            rows = own[texts]
            drawn = np.array([raw[n][word] for n, word in zip(texts.tolist(), words.tolist(), strict=True)])
            scores = logits[at[rows], words].astype(np.float64)
            scores -= top[at[rows]]
            scores *= heat[rows]
            found = exact.exp(scores) / Luck.as_exponential(~drawn)
            # Of each text's candidates the first with the largest score: ties go to the lowest id.
            order = np.lexsort((words, -found, texts))
            words = words[order][np.searchsorted(texts, numbers)]
        return words


# -- reading ---------------------------------------------------------------------------------------


def _score(model: Network, rows: Sequence[tuple[Sequence[int], Ids]], width: int) -> Texts:
    count = len(rows)
    tokens = np.full((count, width), ENDED, dtype=np.int32)
    nats, entropy, log_p = np.zeros(count), np.zeros(count), np.zeros((count, width))
    for n, (_, text) in enumerate(rows):
        tokens[n, : len(text)] = text
    # All texts are read in step, each from its own first word; the longest come first, so that those still
    # being read are always the first few.
    order = sorted(range(count), key=lambda n: -len(rows[n][0]) - len(rows[n][1]))
    whole = [[*rows[n][0], *rows[n][1].tolist()] for n in order]
    starts = np.array([len(rows[n][0]) for n in order])
    lengths = np.array([len(words) for words in whole])
    table = np.zeros((count, max(lengths, default=0)), dtype=np.int64)
    for n, words in enumerate(whole):
        table[n, : len(words)] = words
    places = np.array(order, dtype=np.intp)
    state, held = model.start(count), count
    for t in range(table.shape[1] - 1):
        reading = int(np.count_nonzero(lengths > t + 1))  # texts with a word after this one
        if reading < held:
            state, held = model.select(state, np.arange(reading)), reading
        hidden, state = model.step(table[:reading, t], state)
        asked = np.flatnonzero(starts[:reading] <= t + 1)
        for start in range(0, len(asked), _ROWS):
            some = asked[start : start + _ROWS]
            logits = model.logits(hidden[some])
            top = logits.max(axis=1)
            scores = logits - top[:, None]
            weights = exact.weights(scores, 1.0)
            total = exact.total(weights)
            weights *= scores
            logs = exact.log(total)
            at = places[some]
            entropy[at] += np.abs(logs - exact.total(weights) / total)
            log_p[at, t + 1 - starts[some]] = scores[np.arange(len(some)), table[some, t + 1]] - logs
            nats[at] -= log_p[at, t + 1 - starts[some]]
    return Texts(tokens, nats, entropy, log_p)
