"""Small networks for the tests: random weights, and `.keras` files written by hand, so they can be wrong."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from textgen.network.recurrent import GRU, LSTM, Affine, RecurrentModel
from textgen.text.vocabulary import Vocabulary

KERAS_2 = Path(__file__).resolve().parent / "data" / "keras2"  # written by Keras 2: make_keras2.py


def vocabulary(size: int) -> Vocabulary:
    return Vocabulary(["", "[UNK]", "recipe", "for", "|", *(f"w{i}" for i in range(size - 5))])


def random_model(
    size: int = 60, embedding: int = 7, units: int = 12, kind: str = "lstm", seed: int = 0
) -> RecurrentModel:
    rng = np.random.default_rng(seed)

    def array(*shape: int) -> np.ndarray:
        return rng.normal(size=shape).astype(np.float32) * np.float32(0.7)

    if kind == "lstm":
        layer: Any = LSTM(array(embedding, 4 * units), array(units, 4 * units), array(4 * units))
    else:
        layer = GRU(array(embedding, 3 * units), array(units, 3 * units), array(2, 3 * units))
    return RecurrentModel(array(size, embedding), [layer], Affine(array(units, size), array(size)))


@dataclass
class Pair:
    """What generation needs of a bundle."""

    model: Any
    vocabulary: Vocabulary


def random_pair(size: int = 60, **options: Any) -> Pair:
    return Pair(random_model(size, **options), vocabulary(size))


def lstm_file(
    size: int = 9, embedding: int = 3, units: int = 4, seed: int = 0
) -> tuple[dict[str, Any], dict[str, Any]]:
    """`config.json` and the weights by path of a small LSTM network: change them, then `write_keras`."""
    rng = np.random.default_rng(seed)
    shapes = {
        "layers/embedding/vars/0": (size, embedding),
        "layers/lstm/cell/vars/0": (embedding, 4 * units),
        "layers/lstm/cell/vars/1": (units, 4 * units),
        "layers/lstm/cell/vars/2": (4 * units,),
        "layers/dense/vars/0": (units, size),
        "layers/dense/vars/1": (size,),
    }
    layers = [
        ("InputLayer", {"name": "input"}),
        ("Embedding", {"name": "words", "input_dim": size, "output_dim": embedding, "mask_zero": False}),
        (
            "LSTM",
            {
                "name": "memory",
                "units": units,
                "activation": "tanh",
                "recurrent_activation": "sigmoid",
                "return_sequences": True,
                "use_bias": True,
            },
        ),
        ("Dense", {"name": "next", "units": size, "activation": "softmax", "use_bias": True}),
    ]
    config = {
        "class_name": "Sequential",
        "config": {"layers": [{"class_name": kind, "config": options} for kind, options in layers]},
    }
    return config, {path: rng.normal(size=shape).astype(np.float32) for path, shape in shapes.items()}


def h5_bytes(weights: dict[str, Any]) -> bytes:
    buffer = BytesIO()
    with h5py.File(buffer, "w") as file:
        for path, value in weights.items():
            file[path] = value
    return buffer.getvalue()


def write_keras(
    path: Path, config: Any, weights: dict[str, Any] | bytes, compression: int = zipfile.ZIP_STORED
) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("metadata.json", '{"keras_version": "3.0.0"}')
        archive.writestr("config.json", config if isinstance(config, (str, bytes)) else json.dumps(config))
        archive.writestr("model.weights.h5", weights if isinstance(weights, bytes) else h5_bytes(weights))
    return path


def softmax(logits: Any) -> Any:
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def outputs(network: Any, tokens: Any) -> Any:
    """What Keras would give out for `tokens` [B, T] read from the very first, by a `Blueprint`."""
    model = network.build()
    state = tuple(layer.start(len(tokens)) for layer in model.layers)
    rows = []
    for at in range(tokens.shape[1]):
        logits, state = model.advance(tokens[:, at], state)
        rows.append(logits)
    found = rows[-1] if network.many_to_one else np.stack(rows, axis=1)
    return softmax(found) if network.softmax else found
