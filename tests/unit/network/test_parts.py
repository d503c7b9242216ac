"""The layers of a network as they are drawn: shapes and parameters read from its file."""

from __future__ import annotations

import itertools

import pytest
from networks import lstm_file, random_model, write_keras

from textgen.network.bundle import available_bundles, load_bundle
from textgen.network.keras_file import read_keras
from textgen.network.recurrent import Part

BOOK = {  # Foster, Generative Deep Learning, 2nd ed., chapter 5; the GRU counted by Keras
    "lstm": 2_407_248,
    "stacked_lstm": 2_538_832,
    "gru": 2_378_320,
}


def test_parts_are_those_of_the_file_with_and_without_bias(tmp_path):
    config, weights = lstm_file(size=9, embedding=3, units=4)
    path = write_keras(tmp_path / "m.keras", config, weights)
    parts = read_keras(path).parts
    assert parts == (
        Part("Embedding", 9, 3, 27),
        Part("LSTM", 3, 4, 4 * 4 * (3 + 4 + 1)),
        Part("Dense", 4, 9, 45),
    )
    assert sum(part.parameters for part in parts) == sum(value.size for value in weights.values())

    for layer in config["config"]["layers"][2:]:
        layer["config"]["use_bias"] = False
    biases = [weights.pop("layers/lstm/cell/vars/2"), weights.pop("layers/dense/vars/1")]
    bare = read_keras(write_keras(tmp_path / "m.keras", config, weights)).parts
    assert [a.parameters - b.parameters for a, b in zip(parts, bare, strict=True)] == [
        0,
        *(bias.size for bias in biases),
    ]


def test_a_gru_counts_both_its_biases():
    _, gru, _ = random_model(60, embedding=7, units=12, kind="gru").parts
    assert gru == Part("GRU", 7, 12, 3 * 12 * (7 + 12 + 2))


@pytest.mark.parametrize("name", available_bundles())
def test_released_networks_add_up(name):
    bundle = load_bundle(name)
    parts = bundle.model.parts
    assert sum(part.parameters for part in parts) == bundle.card["architecture"]["parameters"]
    assert sum(part.parameters for part in parts) == BOOK.get(name, 4_670_384)
    assert parts[0].inputs == parts[-1].outputs == len(bundle.vocabulary)
    assert all(a.outputs == b.inputs for a, b in itertools.pairwise(parts))
