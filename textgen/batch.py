"""Many texts of one prompt at once, and what their measures need to know of every word.

`write` gives the very texts of `generation.generate`, each with its own seed; `score` reads texts that are
already written. Both go through the vocabulary a few rows at a time and keep sums instead of rows of
logits, so memory does not grow with the number of words. A text does not depend on which others it is
written with, nor on the number of threads.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textgen.generation import Network, Source, read_prompt
from textgen.sampling import Luck, Sampler, check_seed
from textgen.vocabulary import tokenize

Floats = NDArray[np.float64]
Ids = NDArray[np.int32]

ENDED = -1  # fills a row of tokens after the text's end
_ROWS = 8  # rows of logits in the processor's cache at a time: 320 KB of 10,000 words
_CHUNK = 4  # texts drawn for at a time
_NEVER = np.float32(-1e30)  # a log weight whose exponential is 0; -inf * 0 would be NaN
_SLACK = 1.001  # far above the rounding of the float32 screening below


@dataclass(frozen=True, eq=False)
class Texts:
    """N texts that continue a prompt.

    tokens   [N, T] the ids written; a text that ended by itself has the stop token 0 at its end, and
             `ENDED` follows
    nats     [N] the sum over a text's tokens of -log p, as the network itself has it: temperature 1, no
             filter
    entropy  [N] the sum over them of the entropy, in nats, of the distribution that each was drawn from
    """

    tokens: Ids
    nats: Floats
    entropy: Floats

    @property
    def lengths(self) -> NDArray[np.int64]:
        """[N] how many tokens each text has, its stop token included."""
        return np.count_nonzero(self.tokens != ENDED, axis=1)


def write(
    bundle: Source,
    prompt: str,
    *,
    sampler: Sampler | None = None,
    seeds: Sequence[int],
    max_tokens: int = 60,
    threads: int = 1,
) -> Texts:
    """A text for each of `seeds`, the same as `generate(bundle, prompt, sampler=..., seed=...)` writes.

    `ValueError` on an empty prompt, a bad seed, or a `max_tokens` below 1.
    """
    words = tokenize(prompt)
    if not words:
        raise ValueError("the prompt is empty: give it at least one word to continue")
    if isinstance(max_tokens, bool) or not isinstance(max_tokens, int) or max_tokens < 1:
        raise ValueError(f"max_tokens must be a whole number of words, 1 or more, not {max_tokens!r}")
    rule = sampler or Sampler()
    ids = bundle.vocabulary.encode(words)
    lucks = [Luck(check_seed(seed)) for seed in seeds]
    if rule.temperature == 0:  # all seeds write the same text
        one = _write(bundle.model, ids, rule, lucks[:1], max_tokens)
        times = len(lucks)
        return Texts(
            np.repeat(one.tokens, times, axis=0), np.repeat(one.nats, times), np.repeat(one.entropy, times)
        )
    parts = _shared(lambda some: _write(bundle.model, ids, rule, some, max_tokens), lucks, threads)
    return _joined(parts, max_tokens)


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


def _shared(work: Callable[[list[Any]], Texts], items: Sequence[Any], threads: int) -> list[Texts]:
    """`work` on `items`, in parts of at least one block of rows, a thread a part."""
    count = max(1, min(threads, len(items) // _ROWS))
    if count == 1:
        return [work(list(items))]
    size = _ROWS * math.ceil(len(items) / count / _ROWS)
    parts = [list(items[start : start + size]) for start in range(0, len(items), size)]
    with ThreadPoolExecutor(len(parts)) as pool:
        return list(pool.map(work, parts))


def _joined(parts: Sequence[Texts], width: int) -> Texts:
    tokens = np.concatenate([part.tokens for part in parts]) if parts else np.empty((0, width), np.int32)
    return Texts(tokens, np.concatenate([p.nats for p in parts]), np.concatenate([p.entropy for p in parts]))


# -- writing ---------------------------------------------------------------------------------------


def _write(
    model: Network, ids: Sequence[int], sampler: Sampler, lucks: Sequence[Luck], max_tokens: int
) -> Texts:
    count = len(lucks)
    tokens = np.full((count, max_tokens), ENDED, dtype=np.int32)
    nats, entropy = np.zeros(count), np.zeros(count)
    hidden, state = read_prompt(model, ids)
    choose = (
        _Filtered(sampler, ids)
        if _is_filtered(sampler)
        else _Plain(sampler, model.logits(hidden[:1]).shape[1])
    )
    # Texts that have the same words so far share a row of the batch. `live` are the texts not ended, ordered
    # by their row, which is in `row`.
    live, row = np.arange(count), np.zeros(count, dtype=np.intp)
    for position in range(max_tokens):
        for start in range(0, len(hidden), _ROWS):
            logits = model.logits(hidden[start : start + _ROWS])
            first, last = np.searchsorted(row, (start, start + _ROWS))
            texts, rows = live[first:last], row[first:last] - start
            normaliser = _normaliser(logits)
            picked, doubt = choose(logits, rows, [lucks[n] for n in texts], position, tokens[texts])
            tokens[texts, position] = picked
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
    return Texts(tokens, nats, entropy)


def _normaliser(logits: NDArray[np.float32]) -> Floats:
    """log sum exp of each row: [B, V] -> [B]."""
    top = logits.max(axis=1)
    scores = logits - top[:, None]
    return top + np.log(np.exp(scores, out=scores).sum(axis=1).astype(np.float64))


def _is_filtered(sampler: Sampler) -> bool:
    rules = (sampler.top_k, sampler.top_p, sampler.min_p, sampler.typical_p)
    extreme = not 1e-3 <= sampler.temperature <= 1e3  # beyond the reach of the float32 screening
    return extreme or sampler.repetition_penalty != 1 or any(rule is not None for rule in rules)


class _Filtered:
    """The next word of some texts under any sampler: as `generate` does it, a text at a time."""

    def __init__(self, sampler: Sampler, prompt: Sequence[int]) -> None:
        self.sampler, self.prompt = sampler, list(prompt)

    def __call__(
        self,
        logits: NDArray[np.float32],
        rows: NDArray[np.intp],
        lucks: Sequence[Luck],
        position: int,
        before: Ids,
    ) -> tuple[NDArray[Any], Floats]:
        picked = np.empty(len(rows), dtype=np.int64)
        doubt = np.empty(len(rows))
        known: dict[int, float] = {}
        for n, (row, luck) in enumerate(zip(rows.tolist(), lucks, strict=True)):
            penalised = self.sampler.repetition_penalty != 1
            previous = [*self.prompt, *before[n, :position].tolist()] if penalised else ()
            noise = luck.exponential(position, logits.shape[1]) if self.sampler.temperature > 0 else None
            picked[n], _ = self.sampler.choose(logits[row], noise, previous)
            if row not in known:  # texts in one row have the same words before them
                known[row] = _entropy(self.sampler.weights(logits[row], previous))
            doubt[n] = known[row]
        return picked, doubt


def _entropy(weights: Floats) -> float:
    left = weights[weights > 0]
    p = left / left.sum()
    return abs(float(np.dot(p, np.log(p))))


class _Plain:
    """The next word of some texts without filters, screened in float32 and decided in float64.

    A text's word is `argmax(w / e)`, with e = -log(1 - v) for v uniform on (0, 1). As v <= e, no word can win
    whose `w / v` is below the winner's `w / e`: that leaves a handful of the vocabulary, without a logarithm
    taken, and those are computed as `Sampler.choose` does.
    """

    def __init__(self, sampler: Sampler, size: int) -> None:
        self.inverse = 1 / sampler.temperature
        self.suppress = list(sampler.suppress)
        self.weights = np.empty((_ROWS, size), dtype=np.float32)
        self.bounds = np.empty((_ROWS, size), dtype=np.float32)
        self.raw = np.empty((_ROWS, size), dtype=np.uint32)

    def __call__(
        self,
        logits: NDArray[np.float32],
        rows: NDArray[np.intp],
        lucks: Sequence[Luck],
        position: int,
        before: Ids,
    ) -> tuple[NDArray[Any], Floats]:
        size = logits.shape[1]
        weights = self.weights[: len(logits)]
        scores = self.bounds[: len(logits)]
        logits[:, self.suppress] = _NEVER
        top = logits.max(axis=1)
        np.subtract(logits, top[:, None], out=scores)
        scores *= np.float32(self.inverse)
        np.exp(scores, out=weights)
        total = weights.sum(axis=1).astype(np.float64)
        scores *= weights
        doubt = np.abs(np.log(total) - scores.sum(axis=1) / total)

        picked = np.empty(len(rows), dtype=np.int64)
        for start in range(0, len(rows), _CHUNK):
            some = rows[start : start + _CHUNK]
            count = len(some)
            bounds, raw = self.bounds[:count], self.raw[:count]
            for n in range(count):
                np.invert(lucks[start + n].raw(position, size), out=raw[n])
            np.copyto(bounds, raw, casting="unsafe")
            bounds += np.float32(0.5)  # 2**32 v
            at = np.arange(count)
            one = some[0] == some[-1]
            own = weights[some[0]] if one else weights[some[0] : some[0] + count]
            if not one and not np.array_equal(some, some[0] + at):  # the rows of texts with some words shared
                own = weights[some]
            np.divide(own, bounds, out=bounds)  # 2**-32 times an upper bound of each word's score
            best = bounds.argmax(axis=1)
            exact = self._exact(logits, top, some, best, raw[at, best])
            least = (exact / (_SLACK * 2.0**32)).astype(np.float32)
            texts, words = np.divmod(np.flatnonzero(bounds >= least[:, None]), size)
            if len(texts) > count:
                found = self._exact(logits, top, some[texts], words, raw[texts, words])
                # Of each text's candidates the first with the largest score: ties go to the lowest id.
                order = np.lexsort((words, -found, texts))
                words = words[order][np.searchsorted(texts, at)]
            picked[start : start + count] = words
        return picked, doubt[rows]

    def _exact(
        self,
        logits: NDArray[np.float32],
        top: NDArray[np.float32],
        rows: NDArray[np.intp],
        words: NDArray[np.intp],
        raw: NDArray[np.uint32],
    ) -> Floats:
        scores = logits[rows, words].astype(np.float64)
        scores -= top[rows]
        scores *= self.inverse
        return np.exp(scores) / Luck.as_exponential(~raw)


# -- reading ---------------------------------------------------------------------------------------


def _score(model: Network, rows: Sequence[tuple[Sequence[int], Ids]], width: int) -> Texts:
    count = len(rows)
    tokens = np.full((count, width), ENDED, dtype=np.int32)
    nats, entropy = np.zeros(count), np.zeros(count)
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
            weights = np.exp(scores)
            total = weights.sum(axis=1, dtype=np.float32).astype(np.float64)
            weights *= scores
            logs = np.log(total)
            at = places[some]
            entropy[at] += np.abs(logs - weights.sum(axis=1, dtype=np.float32) / total)
            nats[at] += logs - scores[np.arange(len(some)), table[some, t + 1]]
    return Texts(tokens, nats, entropy)
