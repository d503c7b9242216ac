"""The networks that can be trained, by name: the book's LSTM, stacked LSTM and GRU, and a larger one.

The table can be read without TensorFlow; `build_model` loads it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Architecture:
    """A network as it is built, an embedding first and a softmax over the vocabulary last.

    label       for people: "stacked LSTM"
    about       what sets it apart, in a few words
    layers      its recurrent layers, by the names that Keras has for them; training knows LSTM and GRU
    embedding   how wide the embedding is
    units       how many each recurrent layer has
    projection  whether a linear layer as wide as the embedding stands before the softmax. The two then have
                the same shape, so that training can share them (Press and Wolf 2017)
    """

    label: str
    about: str
    layers: tuple[str, ...]
    embedding: int = 100
    units: int = 128
    projection: bool = False


# The first three are those of Foster, *Generative Deep Learning* (2nd ed.), chapter 5.
ARCHITECTURES = {
    "lstm": Architecture("LSTM", "the book's", ("LSTM",)),
    "stacked_lstm": Architecture("stacked LSTM", "two layers", ("LSTM", "LSTM")),
    "gru": Architecture("GRU", "a simpler cell", ("GRU",)),
    "large": Architecture("large LSTM", "a wide memory", ("LSTM",), 160, 512, projection=True),
}


def build_model(
    name: str, vocabulary_size: int = 10_000, embedding_dim: int | None = None, units: int | None = None
) -> Any:
    """A Keras model that maps token ids `[B, T]` to next-word probabilities `[B, T, V]`.

    `name` is one of `ARCHITECTURES`; `embedding_dim` and `units` replace what is said there. `ValueError`
    if there is no such name, `ImportError` without TensorFlow.
    """
    if name not in ARCHITECTURES:
        raise ValueError(f"no architecture {name!r}: choose one of {', '.join(ARCHITECTURES)}")
    try:
        import keras
    except ModuleNotFoundError:
        raise ImportError(
            "building a network needs TensorFlow; install it with: pip install -r requirements.txt"
        ) from None
    plan = ARCHITECTURES[name]
    width = embedding_dim or plan.embedding
    x = inputs = keras.Input(shape=(None,), dtype="int32", name="tokens")
    x = keras.layers.Embedding(vocabulary_size, width, name="embedding")(x)
    for number, kind in enumerate(plan.layers, 1):
        layer = getattr(keras.layers, kind)
        x = layer(units or plan.units, return_sequences=True, name=f"{kind.lower()}_{number}")(x)
    if plan.projection:
        x = keras.layers.Dense(width, name="projection")(x)
    outputs = keras.layers.Dense(vocabulary_size, activation="softmax", name="next_word")(x)
    return keras.Model(inputs, outputs, name=name)
