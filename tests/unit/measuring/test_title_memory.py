"""How long a title is remembered, by networks whose memory is known."""

from __future__ import annotations

import networks
import numpy as np
import pytest
from small_recipes import WORDS, some_recipes

from textgen.measuring.title_memory import title_memory
from textgen.network.recurrent import LSTM, Affine, RecurrentModel
from textgen.text.recipe import Recipe
from textgen.text.vocabulary import Vocabulary


def forgetful():
    """A network that says by the last word alone what comes next."""
    rng = np.random.default_rng(0)
    size, units = len(WORDS), 5
    kernel = rng.normal(size=(size, 4 * units)).astype(np.float32)
    bias = np.zeros(4 * units, dtype=np.float32)
    bias[units : 2 * units] = -80  # the forget gate is shut
    layer = LSTM(kernel, np.zeros((units, 4 * units), dtype=np.float32), bias)
    output = Affine(rng.normal(size=(units, size)).astype(np.float32), np.zeros(size, dtype=np.float32))
    return networks.Pair(RecurrentModel(np.eye(size, dtype=np.float32), [layer], output), Vocabulary(WORDS))


def test_a_network_that_forgets_at_once_has_no_memory_of_the_title():
    told = title_memory(forgetful(), some_recipes(60))
    assert told["distances"][0] == 0 and len(told["distances"]) > 3
    for key in ("bits", "low", "high", "likelihood"):
        np.testing.assert_allclose(told[key], 0, atol=1e-5)


def test_a_network_that_never_forgets_remembers_as_well_far_from_the_title():
    """Its only unit counts how often “egg” was in the title, and the next word depends on that alone."""
    size = len(WORDS)
    kernel = np.zeros((size, 4), dtype=np.float32)
    kernel[:, 0] = -40  # input gate: shut, but for
    kernel[WORDS.index("egg"), 0] = 40
    bias = np.array([0, 40, 40, 40], dtype=np.float32)  # forget gate open, candidate 1, output gate open
    layer = LSTM(kernel, np.zeros((1, 4), dtype=np.float32), bias)
    weights = np.zeros((1, size), dtype=np.float32)
    weights[0, 7] = 3
    model = RecurrentModel(
        np.eye(size, dtype=np.float32), [layer], Affine(weights, np.zeros(size, np.float32))
    )
    rng = np.random.default_rng(1)
    body = " ".join(["the", "flour"] * 8)
    recipes = [
        Recipe(" ".join(rng.permutation(["egg"] * (n % 2) + ["milk", "flour", "the"])), (body,), era="modern")
        for n in range(80)
    ]
    told = title_memory(networks.Pair(model, Vocabulary(WORDS)), recipes, others=1)
    assert told["distances"] == [0, 1, 2, 3, 4, 6, 8, 12, 16]
    np.testing.assert_allclose(told["bits"], told["bits"][0], rtol=1e-3)
    # By hand: half of the pairs differ, with softmax(0) against softmax(3 tanh(1)) on one word of 14.
    p = np.full(size, 1 / size)
    q = np.where(np.arange(size) == 7, np.exp(3 * np.tanh(1)), 1)
    q /= q.sum()
    middle = (p + q) / 2
    apart = 0.5 * (p @ np.log2(p / middle) + q @ np.log2(q / middle))
    share = told["bits"][0] / apart
    assert 0.3 < share < 0.8  # how often a title with an egg met one without
    assert share * 80 == pytest.approx(round(share * 80), abs=0.02)
    assert told["low"][0] < told["bits"][0] < told["high"][0]
