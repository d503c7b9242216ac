"""The fused layers and losses equal Keras's and TensorFlow's own, in value and in gradient."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")
import keras
import tensorflow as tf

from textgen.training.fused import (
    cross_entropy,
    gru_sequence,
    lstm_sequence,
    sampled_cross_entropy,
    unlikelihood,
)


def normal(rng: np.random.Generator, *shape: int) -> Any:
    return tf.constant(rng.normal(size=shape), tf.float32)


@pytest.mark.parametrize(
    ("layer_class", "sequence"), [(keras.layers.LSTM, lstm_sequence), (keras.layers.GRU, gru_sequence)]
)
def test_a_sequence_equals_keras_in_value_and_gradient(layer_class: Any, sequence: Any) -> None:
    rng = np.random.default_rng(0)
    layer = layer_class(7, return_sequences=True)
    x, upstream = normal(rng, 3, 11, 5), normal(rng, 3, 11, 7)
    layer(x)
    for weight in layer.trainable_weights:
        weight.assign(0.5 * normal(rng, *weight.shape))
    weights = [weight.value for weight in layer.trainable_weights]

    def both(run: Any) -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            tape.watch(x)
            hidden = run(x)
            total = tf.reduce_sum(hidden * upstream)
        return hidden, tape.gradient(total, [x, *weights])

    ours = tf.function(lambda x: tf.transpose(sequence(tf.transpose(x, [1, 0, 2]), *weights), [1, 0, 2]))
    expected, expected_gradients = both(layer)
    hidden, gradients = both(ours)
    np.testing.assert_allclose(hidden, expected, atol=1e-5)
    for gradient, expected_gradient in zip(gradients, expected_gradients, strict=True):
        np.testing.assert_allclose(gradient, expected_gradient, atol=2e-5)


@pytest.mark.parametrize("count", [1, 64, 100])
def test_cross_entropy_in_pieces_equals_the_whole(count: int) -> None:
    rng = np.random.default_rng(1)
    hidden, table, bias = normal(rng, count, 6), normal(rng, 40, 6), normal(rng, 40)
    targets = tf.constant(rng.integers(0, 40, count), tf.int32)
    weights = tf.constant(rng.uniform(size=count), tf.float32)

    def both(loss: Any) -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            tape.watch([hidden, table, bias])
            value = 3 * loss()
        return value, tape.gradient(value, [hidden, table, bias])

    def whole() -> Any:
        logits = tf.matmul(hidden, table, transpose_b=True) + bias
        return tf.reduce_sum(weights * tf.nn.sparse_softmax_cross_entropy_with_logits(targets, logits))

    pieces = tf.function(lambda: cross_entropy(hidden, targets, weights, table, bias, rows=32))
    value, gradients = both(pieces)
    expected, expected_gradients = both(whole)
    np.testing.assert_allclose(value, expected, rtol=1e-5)
    for gradient, expected_gradient in zip(gradients, expected_gradients, strict=True):
        np.testing.assert_allclose(gradient, expected_gradient, atol=2e-5)


def test_a_sample_of_the_whole_vocabulary_is_the_full_softmax() -> None:
    rng = np.random.default_rng(2)
    hidden, table, bias = normal(rng, 20, 6), normal(rng, 40, 6), normal(rng, 40)
    targets = tf.constant(rng.integers(0, 40, 20), tf.int32)
    weights = tf.ones(20)
    sampled = sampled_cross_entropy(
        hidden, targets, weights, table, bias, tf.zeros(40), tf.constant(rng.permutation(40), tf.int32)
    )
    np.testing.assert_allclose(sampled, cross_entropy(hidden, targets, weights, table, bias), rtol=1e-5)


def test_the_sampled_softmax_is_content_with_the_true_distribution_only() -> None:
    # Over every candidate set and target, weighted by their chances, the gradient is 0 at the true logits.
    rng = np.random.default_rng(3)
    size = 5
    logits, keep = rng.normal(size=size), rng.uniform(0.2, 0.8, size)
    probs = np.exp(logits) / np.exp(logits).sum()

    def expected_gradient(bias: np.ndarray) -> np.ndarray:
        total = np.zeros(size)
        for members in itertools.product([False, True], repeat=size):
            chance = np.prod(np.where(members, keep, 1 - keep))
            for target in range(size):
                variable = tf.constant(bias, tf.float32)
                with tf.GradientTape() as tape:
                    tape.watch(variable)
                    loss = sampled_cross_entropy(
                        tf.zeros([1, 2]), tf.constant([target]), tf.ones(1), tf.zeros([size, 2]), variable,
                        tf.constant(np.log(keep), tf.float32), tf.constant(np.flatnonzero(members), tf.int32),
                    )  # fmt: skip
                gradient = tf.convert_to_tensor(tape.gradient(loss, variable))
                total += chance * probs[target] * gradient.numpy()
        return total

    np.testing.assert_allclose(expected_gradient(logits), 0, atol=1e-6)
    assert np.abs(expected_gradient(np.zeros(size))).max() > 0.01


def test_unlikelihood_is_what_the_full_softmax_gives_when_all_words_are_candidates() -> None:
    rng = np.random.default_rng(4)
    hidden, table, bias = normal(rng, 4, 6), normal(rng, 20, 6), normal(rng, 20)
    pairs = tf.constant([[0, 3], [2, 5], [2, 6]], tf.int32)
    probs = tf.nn.softmax(hidden @ tf.transpose(table) + bias).numpy()
    expected = -np.log1p(-probs[[0, 2, 2], [3, 5, 6]]).sum()
    loss = unlikelihood(hidden, pairs, table, bias, tf.zeros(20), tf.range(20))
    np.testing.assert_allclose(loss, expected, rtol=1e-5)
    nothing = unlikelihood(hidden, pairs[:0], table, bias, tf.zeros(20), tf.range(20))
    assert float(nothing) == 0.0
