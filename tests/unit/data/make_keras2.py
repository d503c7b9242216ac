"""Writes the files of Keras 2 that the tests read, and what Keras 2 itself makes of them: `keras2/`.

Needs `tf_keras`, which the project does not: run it in an environment of its own,
    python tests/unit/data/make_keras2.py
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import tf_keras as keras

HERE = Path(__file__).resolve().parent / "keras2"
layers = keras.layers
SIZE, LENGTH = 23, 6


def sequential():
    """As tutorials write it: masked, two kinds of layers, an old GRU, the Dense layer once a word."""
    return keras.Sequential(
        [
            layers.Embedding(SIZE, 5, mask_zero=True, input_length=LENGTH),
            layers.SpatialDropout1D(0.1),
            layers.GRU(6, return_sequences=True, reset_after=False),
            layers.LSTM(7, return_sequences=True, dropout=0.1, recurrent_dropout=0.1),
            layers.Dropout(0.2),
            layers.TimeDistributed(layers.Dense(SIZE)),
            layers.Activation("softmax"),
        ]
    )


def functional():
    """Many words to one: the answer to a text of six words, through a rectified layer, as logits."""
    words = keras.Input((LENGTH,))
    x = layers.Embedding(SIZE, 5)(words)
    x, _, _ = layers.LSTM(7, return_sequences=True, return_state=True)(x)
    x = layers.GRU(6)(x)
    x = layers.Dense(9, activation="relu")(x)
    return keras.Model(words, layers.Dense(SIZE)(x))


def main() -> None:
    HERE.mkdir(exist_ok=True)
    rng = np.random.default_rng(5)
    expected = {}
    for make in (sequential, functional):
        model = make()
        model.build((None, LENGTH))
        model.set_weights([rng.normal(size=w.shape) * 0.6 for w in model.get_weights()])
        tokens = rng.integers(1, SIZE, (2, LENGTH))
        tokens[1, 0] = 0
        for ending in ("h5", "keras"):
            name = f"{make.__name__}.{ending}"
            model.save(HERE / name)
            outputs = np.asarray(model(tokens), dtype=np.float64).round(6)
            expected[name] = {"tokens": tokens.tolist(), "outputs": outputs.tolist()}
    (HERE / "expected.json").write_text(json.dumps(expected) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
