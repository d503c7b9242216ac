"""Kneser-Ney sums to one, equals a plain reading of its definition, and knows what it has counted."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import pytest

from textgen.measuring.kneser_ney import KneserNey, unigram_perplexity

V = 9


def texts(count, seed=0, v=V):
    rng = np.random.default_rng(seed)
    weights = 1 / np.arange(1, v + 1)
    return [
        rng.choice(v, size=rng.integers(2, 12), p=weights / weights.sum()).astype(np.int32)
        for _ in range(count)
    ]


def slow(known, order):
    """p(word | context), of tuples and dictionaries, as Chen and Goodman define it."""

    def windows(n):
        for text in known:
            padded = (-1,) * (order - 1) + tuple(map(int, text))
            yield from (padded[t - n + 1 : t + 1] for t in range(order, len(padded)))

    def counts(n):
        raw = Counter(windows(n))
        if n == order:
            return raw
        before = defaultdict(set)
        for gram in windows(n + 1):
            before[gram[1:]].add(gram[0])
        return {gram: raw[gram] if gram[0] == -1 else len(before[gram]) for gram in raw}

    tables = {}
    for n in range(1, order + 1):
        table = counts(n)
        t = [sum(c == k for c in table.values()) for k in (1, 2, 3, 4)]
        d = [0, 0.5, 1, 1.5]
        if t[0] and t[1] and t[2]:
            y = t[0] / (t[0] + 2 * t[1])
            d = [0, *(min(max(k - (k + 1) * y * t[k] / t[k - 1], 0), k) for k in (1, 2, 3))]
        tables[n] = (table, d)

    def p(context, word, n):
        if n == 0:
            return 1 / V
        context = context[len(context) - n + 1 :] if n > 1 else ()
        table, d = tables[n]
        of_context = [c for gram, c in table.items() if gram[:-1] == context]
        lower = p(context[1:], word, n - 1)
        if not of_context:
            return lower
        c = table.get((*context, word), 0)
        kept = sum(d[min(k, 3)] for k in of_context)
        return (c - d[min(c, 3)] + kept * lower) / sum(of_context)

    return p


@pytest.mark.parametrize("order", [1, 2, 3])
def test_it_equals_its_definition_and_sums_to_one(order):
    known = texts(60)
    model, p = KneserNey(known, V, order), slow(known, order)
    contexts = [(-1,) * (order - 1), (0,) * (order - 1), (3, 1)[: order - 1], (8, 8)[: order - 1]]
    for context in contexts:
        rows = np.array([[*context, word] for word in range(V)])
        given = model.probabilities(rows)
        assert given.sum() == pytest.approx(1)
        np.testing.assert_allclose(given, [p(context, word, order) for word in range(V)], rtol=1e-9)


def test_what_always_follows_is_likely_and_the_first_word_is_given():
    cycle = np.tile(np.arange(1, 6), 30).astype(np.int32)
    model = KneserNey([cycle] * 3, V)
    assert model.perplexity([cycle[:50]]) < 1.2
    assert model.perplexity([cycle[:50][::-1]]) > V / 2
    assert model.perplexity([np.array([7, *cycle[:3]])]) == pytest.approx(
        float(np.exp(-np.log(model.probabilities(np.array(
            [[-1, -1, -1, 7, 1], [-1, -1, 7, 1, 2], [-1, 7, 1, 2, 3]]))).mean()))
    )  # fmt: skip


def test_context_helps_where_there_is_some():
    known = [np.cumsum(t % 2 + 1).astype(np.int32) % V for t in texts(200)]
    assert KneserNey(known[:150], V).perplexity(known[150:]) < 0.8 * unigram_perplexity(
        known[:150], known[150:], V
    )


def test_the_unigram_line_is_the_entropy_of_frequencies():
    known = [np.array([0, 1, 1, 2], np.int32)] * 50  # of the predicted: 1 twice as often as 2
    assert unigram_perplexity(known, known, 3) == pytest.approx(np.exp(0.6365), rel=0.02)


def test_nothing_to_count_is_said():
    with pytest.raises(ValueError, match="no text"):
        KneserNey([np.array([3], np.int32)], V)
