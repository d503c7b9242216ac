"""Bundles of a few kilobytes in a folder, for what loads networks by name."""

from __future__ import annotations

import json
from pathlib import Path

from networks import lstm_file, vocabulary, write_keras


def small_bundle(folder: Path, size: int = 60, seed: int = 0, **measured: object) -> str:
    """A network of random weights as a bundle in `folder`; returns its name for a study."""
    folder.mkdir(parents=True, exist_ok=True)
    config, weights = lstm_file(size=size, embedding=5, units=8, seed=seed)
    write_keras(folder / "model.keras", config, weights)
    (folder / "vocabulary.json").write_text(vocabulary(size).to_json(), encoding="utf-8")
    for name, data in (("card", {}), ("history", {}), ("measured", measured)):
        (folder / f"{name}.json").write_text(json.dumps(data), encoding="utf-8")
    return str(folder)


CARD = {
    "name": "lstm",
    "architecture": {
        "name": "lstm",
        "embedding_dim": 3,
        "units": 4,
        "layers": ["Embedding", "LSTM"],
        "parameters": 2_407_248,
    },
    "vocabulary_size": 9,
    "data": [{"name": "cook | book", "recipes": 1234, "license": "CC0", "source": "somewhere"}],
    "training": {"method": "two\nstages", "epochs": 12, "seconds": 3601.5},
    "evaluation": {
        "modern": {
            "nats_per_token": 3.2,
            "perplexity": 24.53,
            "unknown_rate": 0.0123,
            "tokens": 50_000,
            "recipes": 260,
        }
    },
    "limits": ["It writes <i>odd</i> recipes."],
    "license": "MIT",
}
