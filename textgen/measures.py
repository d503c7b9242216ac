"""Every measure by name: of distributions (`textgen.information`), of texts (`textgen.diversity`), and here
how well a network predicts recipes it has not seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from textgen import exact
from textgen.diversity import copied, distinct, oddness, repetition, self_bleu, verb_share
from textgen.information import effective_choices, entropy, surprisal
from textgen.vocabulary import STOP, UNKNOWN, tokenize

if TYPE_CHECKING:
    from textgen.bundle import Bundle
    from textgen.corpus import Recipe

__all__ = [
    "copied",
    "distinct",
    "effective_choices",
    "entropy",
    "evaluate",
    "negative_log_probability",
    "oddness",
    "predictions",
    "repetition",
    "self_bleu",
    "surprisal",
    "verb_share",
]


def evaluate(
    bundle: Bundle, recipes: Iterable[Recipe], max_tokens: int = 201, batch_size: int = 64
) -> dict[str, dict[str, Any]]:
    """How well the network predicts `recipes`, by era: the lower the perplexity, the better.

    Of each recipe the first `max_tokens` tokens count, the stop token at its end included; all are predicted
    but the first, each from the true words before it (teacher forcing). Tokens are the book's (Foster,
    *Generative Deep Learning*, 2nd ed., chapter 5). Words outside the vocabulary are predicted as `[UNK]`.

    Returns for each era (recipes without one: `"unknown"`) `nats_per_token`, the mean of -log p;
    `perplexity`, its exponential; `unknown_rate`, the share of predicted tokens that are `[UNK]`; and the
    numbers of `tokens` predicted and of `recipes`. Memory holds one step of one batch, `[batch_size, V]`.

    Raises `ValueError` if there is nothing to predict.
    """
    recipes = list(recipes)
    unknown = bundle.vocabulary.encode([UNKNOWN])[0]
    sums = np.zeros((len(recipes), 4))  # of each recipe: nats, unknown, tokens, itself
    sums[:, 3] = 1
    for numbers, logits, targets in predictions(bundle, recipes, max_tokens, batch_size):
        sums[numbers, 0] += negative_log_probability(logits, targets)
        sums[numbers, 1] += targets == unknown
        sums[numbers, 2] += 1
    eras = np.array([recipe.era or "unknown" for recipe in recipes])
    return {str(era): _summary(*sums[eras == era].sum(axis=0)) for era in np.unique(eras)}


def predictions(
    bundle: Bundle, recipes: Iterable[Recipe], max_tokens: int = 201, batch_size: int = 64
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.float32], NDArray[np.intp]]]:
    """What the network says before each token that `evaluate` counts, and which token came.

    Yields blocks of at most `batch_size` predictions, each of another recipe: the recipe's number, from 0,
    `[n]`, the logits `[n, V]` and the true next token `[n]`. Memory holds one block. Raises `ValueError`, at
    the call, as `evaluate` does.
    """
    return _predictions(bundle, _texts(bundle, recipes, max_tokens), batch_size)


def _texts(bundle: Bundle, recipes: Iterable[Recipe], max_tokens: int) -> list[tuple[int, list[int]]]:
    """(number, ids) of each recipe, short ones first: a batch of like lengths has little padding."""
    if max_tokens < 2:
        raise ValueError(f"max_tokens must be at least 2, to have a token to predict; it is {max_tokens}")
    vocabulary = bundle.vocabulary
    stop = vocabulary.encode([STOP])[0]
    texts: list[tuple[int, list[int]]] = []
    for number, recipe in enumerate(recipes):
        ids = vocabulary.encode(tokenize(recipe.text)[:max_tokens])
        texts.append((number, [*ids, stop][:max_tokens]))
    if not texts:
        raise ValueError("there is no recipe to evaluate")
    return sorted(texts, key=lambda text: len(text[1]))


def _predictions(
    bundle: Bundle, texts: Sequence[tuple[int, list[int]]], batch_size: int
) -> Iterator[tuple[NDArray[np.intp], NDArray[np.float32], NDArray[np.intp]]]:
    model = bundle.model
    for start in range(0, len(texts), batch_size):
        numbers, rows = zip(*texts[start : start + batch_size], strict=True)
        lengths = np.array([len(row) for row in rows])
        tokens = np.zeros((len(rows), lengths.max()), dtype=np.intp)  # [B, T]; what pads a row is not read
        for i, row in enumerate(rows):
            tokens[i, : len(row)] = row
        state = model.start(len(rows))
        for t in range(tokens.shape[1] - 1):
            hidden, state = model.step(tokens[:, t], state)
            live = np.flatnonzero(lengths > t + 1)
            yield np.array(numbers)[live], model.logits(hidden[live]), tokens[live, t + 1]


def negative_log_probability(logits: NDArray[np.float32], targets: NDArray[Any]) -> NDArray[np.float64]:
    """-log softmax(logits)[target] in nats, to about six digits: `[B, V], [B] -> [B]`."""
    peak = logits.max(axis=-1, keepdims=True)
    total = exact.total(exact.weights(logits - peak, 1.0))
    picked = np.take_along_axis(logits, targets[:, None], axis=-1)
    return exact.log(total) + (peak - picked)[:, 0]


def _summary(nats: float, unknown: float, tokens: float, recipes: float) -> dict[str, Any]:
    mean = nats / tokens
    with np.errstate(over="ignore"):  # past 709 nats a token the perplexity is infinite in float64
        perplexity = np.exp(mean)
    return {
        "nats_per_token": float(mean),
        "perplexity": float(perplexity),
        "unknown_rate": float(unknown / tokens),
        "tokens": int(tokens),
        "recipes": int(recipes),
    }
