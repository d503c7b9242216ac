"""Kinds of word, seen through a vocabulary and counted in texts."""

from __future__ import annotations

import numpy as np
from kitchen import WORDS, small

from textgen.measuring.kinds import KINDS, Lens, kind_shares
from textgen.text.lexicon import START, lexicon, word_kinds
from textgen.text.vocabulary import Vocabulary, tokenize
from textgen.writing.generate import generate


def test_shares_sort_every_word():
    lens = Lens(Vocabulary(WORDS))
    probs = np.random.default_rng(1).dirichlet(np.ones(len(WORDS)), size=3)
    for text in ["", "add the", "add the,", "in the soup", "2 soup", "boil and"]:
        before = tokenize(text)
        shares = lens.shares(probs, lexicon().place(before))
        expected = np.zeros((3, len(KINDS)))
        for i, word in enumerate(WORDS):
            expected[:, KINDS.index(word_kinds([*before, word])[-1])] += probs[:, i]
        np.testing.assert_allclose(shares, expected, atol=1e-12)
        np.testing.assert_allclose(shares.sum(axis=-1), 1)
    assert lens.shares(probs[0], START).shape == (len(KINDS),)


def test_kind_shares_count_the_words_of_texts():
    pair = small(4)
    shares = kind_shares(pair, "soup", [0.0, 1.0], texts=3, max_words=10, seed=6)
    counts = np.zeros(len(KINDS))
    for n in range(3):
        words = [
            step.word for step in generate(pair, "recipe for soup |", max_tokens=10, seed=6 ^ n) if step.word
        ]
        for kind in word_kinds(["recipe", "for", "soup", "|", *words])[4:]:
            counts[KINDS.index(kind)] += 1
    np.testing.assert_allclose(shares.share[1], counts / counts.sum())
    assert np.all((shares.low <= shares.share + 1e-12) & (shares.share <= shares.high + 1e-12))
    np.testing.assert_allclose(shares.high[0], shares.low[0])  # greedy texts are all alike
    assert np.any(shares.high[1] > shares.low[1])
