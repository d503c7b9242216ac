"""`evaluate` against a slow computation in plain loops."""

from __future__ import annotations

import math
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest

from textgen.measuring.perplexity import evaluate
from textgen.text.recipe import Recipe
from textgen.text.vocabulary import Vocabulary, tokenize

WORDS = ["", "[UNK]", "recipe", "for", "|", "soup", "boil", "the", "water", ".", "salt"]


class FakeModel:
    """A small recurrent network: what it predicts depends on every word that it has read."""

    def __init__(self, vocabulary_size: int, scale: float = 1.0) -> None:
        rng = np.random.default_rng(5)
        self.embedding = rng.normal(size=(vocabulary_size, 4)).astype(np.float32)
        self.output = (scale * rng.normal(size=(4, vocabulary_size))).astype(np.float32)
        self.widest = 0

    def start(self, batch_size: int) -> np.ndarray:
        return np.zeros((batch_size, 4), np.float32)

    def step(self, tokens: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        assert tokens.shape == (len(state),)
        state = np.tanh(0.7 * state + self.embedding[tokens])
        return state, state

    def logits(self, hidden: np.ndarray) -> np.ndarray:
        self.widest = max(self.widest, len(hidden))
        return hidden @ self.output


def bundle(scale: float = 1.0) -> SimpleNamespace:
    return SimpleNamespace(model=FakeModel(len(WORDS), scale), vocabulary=Vocabulary(WORDS))


RECIPES = [
    Recipe("Soup", ("Boil the water.",), era="modern"),
    Recipe("Stew", ("Boil the meat in water.", "Salt."), era="historic"),
    Recipe("Salt water", ("Salt the water, " * 12,), era="modern"),
    Recipe("Soup soup", ("Boil.",), era=""),
]


def slow_nats(model: FakeModel, ids: list[int]) -> float:
    state, total = model.start(1), 0.0
    for token, following in pairwise(ids):
        hidden, state = model.step(np.array([token]), state)
        logits = (hidden @ model.output)[0].astype(float)
        total -= logits[following] - math.log(sum(math.exp(x) for x in logits))
    return total


@pytest.mark.parametrize("batch_size", [1, 3, 64])
@pytest.mark.parametrize("max_tokens", [2, 9, 201])
def test_evaluate_equals_plain_loops(batch_size: int, max_tokens: int) -> None:
    lot = bundle()
    expected: dict[str, list[float]] = {}
    for recipe in RECIPES:
        ids = [*lot.vocabulary.encode(tokenize(recipe.text)), 0][:max_tokens]
        row = expected.setdefault(recipe.era or "unknown", [0.0, 0, 0, 0])
        row[0] += slow_nats(lot.model, ids)
        row[1] += sum(token == 1 for token in ids[1:])
        row[2] += len(ids) - 1
        row[3] += 1

    result = evaluate(lot, RECIPES, max_tokens=max_tokens, batch_size=batch_size)

    assert result.keys() == expected.keys() == {"modern", "historic", "unknown"}
    for era, (nats, unknown, tokens, recipes) in expected.items():
        assert result[era]["nats_per_token"] == pytest.approx(nats / tokens, rel=1e-6)
        assert result[era]["perplexity"] == pytest.approx(math.exp(nats / tokens), rel=1e-6)
        assert result[era]["unknown_rate"] == pytest.approx(unknown / tokens)
        assert (result[era]["tokens"], result[era]["recipes"]) == (tokens, recipes)
    assert lot.model.widest <= batch_size


def test_evaluate_counts_the_stop_token_and_not_the_first_word() -> None:
    # recipe for soup | boil . + stop: seven tokens, six of them predicted
    result = evaluate(bundle(), [Recipe("Soup", ("Boil.",), era="modern")])
    assert result["modern"]["tokens"] == 6


def test_a_network_that_knows_nothing_has_the_perplexity_of_its_vocabulary() -> None:
    result = evaluate(bundle(scale=0), RECIPES)
    assert [row["perplexity"] for row in result.values()] == pytest.approx([len(WORDS)] * 3)


def test_evaluate_survives_logits_that_overflow_exp() -> None:
    result = evaluate(bundle(scale=1e4), RECIPES)
    assert all(math.isfinite(row["nats_per_token"]) for row in result.values())


def test_evaluate_refuses_what_gives_no_number() -> None:
    with pytest.raises(ValueError, match="no recipe"):
        evaluate(bundle(), [])
    with pytest.raises(ValueError, match="at least 2"):
        evaluate(bundle(), RECIPES, max_tokens=1)
