"""Keras models by name: the book's LSTM, its stacked LSTM and GRU, and the larger network of the app."""

from __future__ import annotations

from typing import Any

import keras

ARCHITECTURES = ("lstm", "stacked_lstm", "gru", "large")

# What `large` spends where: a wide memory, a narrow layer before the 10,000-word softmax. Its embedding and
# softmax have the same shape, so training can share them (Press and Wolf 2017).
LARGE_UNITS, LARGE_EMBEDDING = 512, 160


def build_model(
    name: str, vocabulary_size: int = 10_000, embedding_dim: int | None = None, units: int | None = None
) -> Any:
    """A Keras model that maps token ids `[B, T]` to next-word probabilities `[B, T, V]`.

    `"lstm"`, `"stacked_lstm"` (two LSTM layers) and `"gru"` are the networks of Foster, *Generative Deep
    Learning* (2nd ed.), chapter 5: embedding 100 wide, 128 units, softmax over the vocabulary. `"large"` has
    512 units, then a linear projection to the width of its embedding (160) before the softmax.

    Raises:
        ValueError: `name` is none of these.
    """
    if name not in ARCHITECTURES:
        raise ValueError(f"no architecture {name!r}: choose one of {', '.join(ARCHITECTURES)}")
    large = name == "large"
    embedding_dim = embedding_dim or (LARGE_EMBEDDING if large else 100)
    units = units or (LARGE_UNITS if large else 128)
    x = inputs = keras.Input(shape=(None,), dtype="int32", name="tokens")
    x = keras.layers.Embedding(vocabulary_size, embedding_dim, name="embedding")(x)
    for layer in range(2 if name == "stacked_lstm" else 1):
        if name == "gru":
            x = keras.layers.GRU(units, return_sequences=True, name=f"gru_{layer + 1}")(x)
        else:
            x = keras.layers.LSTM(units, return_sequences=True, name=f"lstm_{layer + 1}")(x)
    if large:
        x = keras.layers.Dense(embedding_dim, name="projection")(x)
    outputs = keras.layers.Dense(vocabulary_size, activation="softmax", name="next_word")(x)
    return keras.Model(inputs, outputs, name=name)
