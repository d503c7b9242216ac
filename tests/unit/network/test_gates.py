"""Gates of a text against Keras's own, pictures of them, and one step's arithmetic."""

from __future__ import annotations

import re

import networks
import numpy as np
import pytest

from textgen.network.bundle import MODELS, available_bundles, load_bundle
from textgen.network.gates import KINDS, MEANINGS, STATES, read
from textgen.network.keras_file import read_keras
from textgen.network.recurrent import GRU, LSTM, Affine, RecurrentModel
from textgen.text.vocabulary import tokenize
from textgen.writing.generate import generate, recipe_prompt
from textgen.writing.sampling import Sampler

TEXT = tokenize("recipe for w3 w4 | w5 w6 w5 w9 w9")


def keras_gates(keras, model, tokens):
    """Each recurrent layer's gates [T, units], by a Keras model that returns them: the states are those of
    Keras's own cell, the gates its weights in Keras's operations."""
    ops = keras.ops

    class Opened(keras.layers.Layer):
        def __init__(self, cell):
            super().__init__()
            self.cell, self.state_size = cell, cell.state_size
            self.output_size = (6 if isinstance(cell, keras.layers.LSTMCell) else 4) * cell.units

        def call(self, inputs, states):
            cell = self.cell
            _, new = cell(inputs, states)
            if isinstance(cell, keras.layers.LSTMCell):
                z = ops.matmul(inputs, cell.kernel) + ops.matmul(states[0], cell.recurrent_kernel) + cell.bias
                i, f, g, o = ops.split(z, 4, axis=-1)
                gates = [ops.sigmoid(i), ops.sigmoid(f), ops.tanh(g), ops.sigmoid(o), new[1], new[0]]
            else:
                a = ops.matmul(inputs, cell.kernel) + cell.bias[0]
                b = ops.matmul(states[0], cell.recurrent_kernel) + cell.bias[1]
                (az, ar, ag), (bz, br, bg) = ops.split(a, 3, axis=-1), ops.split(b, 3, axis=-1)
                reset = ops.sigmoid(ar + br)
                gates = [ops.sigmoid(az + bz), reset, ops.tanh(ag + reset * bg), new[0]]
            return ops.concatenate(gates, axis=-1), new

    words = keras.Input((None,), dtype="int32")
    x, outputs, names = words, [], []
    for layer in model.layers:
        if isinstance(layer, keras.layers.Embedding):
            x = layer(x)
        elif isinstance(layer, (keras.layers.LSTM, keras.layers.GRU)):
            opened = keras.layers.RNN(Opened(layer.cell), return_sequences=True)(x)
            outputs.append(opened)
            x = opened[:, :, -layer.units :]
            lstm = isinstance(layer, keras.layers.LSTM)
            names.append(
                ("input", "forget", "candidate", "output", "cell", "hidden")
                if lstm
                else ("update", "reset", "candidate", "hidden")
            )
    found = keras.Model(words, outputs)(np.array([tokens]))
    found = [ops.convert_to_numpy(one)[0] for one in (found if isinstance(found, (list, tuple)) else [found])]
    return [
        dict(zip(kinds, np.split(one, len(kinds), axis=-1), strict=True))
        for kinds, one in zip(names, found, strict=True)
    ]


def assert_same_gates(ours, theirs):
    assert len(ours) == len(theirs)
    for mine, keras in zip(ours, theirs, strict=True):
        assert set(mine) == set(keras)
        for name in mine:
            np.testing.assert_allclose(mine[name], keras[name], atol=1e-4)


@pytest.mark.parametrize("architecture", ["lstm", "stacked_lstm", "gru"])
def test_every_gate_and_state_is_that_of_keras(architecture, tmp_path):
    keras = pytest.importorskip("keras")
    from textgen.training.architectures import build_model

    model = build_model(architecture, vocabulary_size=50, embedding_dim=10, units=12)
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(size=w.shape).astype(np.float32) * 0.6 for w in model.get_weights()])
    model.save(tmp_path / "model.keras")
    tokens = rng.integers(0, 50, 80)
    ours = read_keras(tmp_path / "model.keras")
    theirs = keras_gates(keras, model, tokens)
    assert_same_gates(ours.trace(tokens), theirs)
    assert max(np.abs(gate).max() for layer in theirs for gate in layer.values()) > 0.5  # not all near 0


@pytest.mark.slow
@pytest.mark.parametrize("name", available_bundles())
def test_every_gate_of_the_released_networks_is_that_of_keras(name):
    pytest.importorskip("tensorflow")
    import keras

    from textgen.training.weights import load_network

    bundle = load_bundle(name)
    reading = read(bundle, tokenize(recipe_prompt("tomato soup", "chop 2 onions and cook them in butter .")))
    model = load_network(MODELS / name / "model.keras")
    assert_same_gates(reading.layers, keras_gates(keras, model, reading.tokens))


# Reading


def test_what_is_read_is_what_generation_stepped_through():
    pair = networks.random_pair(units=12)
    prompt = "recipe for w3 |"
    steps = list(generate(pair, prompt, sampler=Sampler(), max_tokens=30, seed=4))
    reading = read(pair, tokenize(prompt), [step.word for step in steps])
    assert reading.prompt == 4 and reading.words[4:] == tuple(s.word for s in steps if s.word)
    for step in steps:
        after = reading.prompt + step.position - 1  # the word before it has just been read
        np.testing.assert_allclose(reading.layers[-1]["hidden"][after], step.hidden, atol=1e-6)
    assert reading.following(3) == steps[0].word
    assert reading.following(len(reading) - 1) == ""


def test_the_stop_token_is_not_read_and_a_stranger_is_read_as_unknown():
    pair = networks.random_pair()
    reading = read(pair, ["recipe", "zzz", ""], ["w1", ""])
    assert reading.words == ("recipe", "zzz", "w1") and reading.tokens[1] == 1 and reading.prompt == 2
    with pytest.raises(ValueError, match="no word"):
        read(pair, [], [""])


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_every_gate_and_state_has_a_picture_and_a_meaning(kind):
    reading = read(networks.random_pair(kind=kind), TEXT)
    assert reading.kind(0) == kind and reading.units(0) == 12
    assert set(KINDS[kind]) == set(reading.layers[0]) == set(MEANINGS[kind])
    assert set(STATES[kind]) <= set(KINDS[kind])
    for name in KINDS[kind]:
        picture = reading.picture(0, name)
        np.testing.assert_array_equal(picture.values, reading.layers[0][name].T)
        np.testing.assert_array_equal(picture.units, np.arange(12))
        np.testing.assert_array_equal(picture.values[5], reading.along(0, name, 5))
        if name != "cell":
            assert picture.low <= picture.values.min() and picture.values.max() <= picture.high
        assert picture.high == 1 or name == "cell"
        assert picture.low == (
            0 if name in ("input", "forget", "output", "update", "reset") else -picture.high
        )
    with pytest.raises(ValueError, match="not 'nonsense'"):
        reading.picture(0, "nonsense")


def test_units_are_ordered_by_their_mean_or_by_what_is_given():
    reading = read(networks.random_pair(), TEXT)
    by_mean = reading.picture(0, "forget", "mean")
    assert (np.diff(by_mean.values.mean(axis=1)) <= 1e-6).all()
    np.testing.assert_array_equal(by_mean.values, reading.layers[0]["forget"].T[by_mean.units])
    key = np.zeros(12)
    key[[7, 2]] = 2, 1
    assert reading.picture(0, "cell", key).units.tolist() == [7, 2, 0, 1, 3, 4, 5, 6, 8, 9, 10, 11]


@pytest.mark.parametrize(
    ("size", "high"), [(0.3, 1), (0.99, 1), (1.2, 2), (2.0, 2), (4.9, 5), (7, 10), (31, 50)]
)
def test_the_cell_state_has_a_symmetric_scale_that_ends_at_a_round_number(size, high):
    reading = read(networks.random_pair(), TEXT)
    reading.layers[0]["cell"] = np.where(np.arange(12) % 2, size, -size)[None].repeat(len(TEXT), axis=0)
    picture = reading.picture(0, "cell")
    assert (picture.low, picture.high) == (-high, high)


# One step


def stack(*kinds, seed=0, size=60, embedding=7):
    """A network of several layers with random weights and the bias of each gate far from 0."""
    rng = np.random.default_rng(seed)

    def array(*shape):
        return rng.normal(size=shape).astype(np.float32) * np.float32(0.7)

    layers, width = [], embedding
    for n, kind in enumerate(kinds):
        units = 6 + n
        if kind == "lstm":
            layers.append(LSTM(array(width, 4 * units), array(units, 4 * units), array(4 * units)))
        else:
            layers.append(GRU(array(width, 3 * units), array(units, 3 * units), array(2, 3 * units)))
        width = units
    model = RecurrentModel(array(size, embedding), layers, Affine(array(width, size), array(size)))
    return networks.Pair(model, networks.vocabulary(size))


@pytest.mark.parametrize("kinds", [("lstm",), ("gru",), ("lstm", "lstm"), ("gru", "lstm"), ("lstm", "gru")])
def test_an_opened_step_recomputes_the_trace_from_the_weights(kinds):
    reading = read(stack(*kinds), TEXT)
    for layer in range(len(kinds)):
        for at in range(len(TEXT)):
            for unit in range(reading.units(layer)):
                opened = reading.open(layer, at, unit)
                assert set(opened.values) == set(KINDS[kinds[layer]])
                for name, value in opened.values.items():
                    assert value == pytest.approx(reading.layers[layer][name][at, unit], abs=1e-5)
                for one in opened.sums.values():
                    parts = one.word + one.bias + one.scaled * (one.memory + one.memory_bias)
                    assert one.total == pytest.approx(parts)
                for name, value in opened.before.items():
                    expected = reading.layers[layer][name][at - 1, unit] if at else 0
                    assert value == pytest.approx(expected)


def test_the_weights_of_a_unit_are_the_file_s_on_the_network_s_grid(tmp_path):
    config, w = networks.lstm_file()
    model = read_keras(networks.write_keras(tmp_path / "m.keras", config, w))
    kernel, recurrent, bias = (w[f"layers/lstm/cell/vars/{n}"] for n in range(3))
    for unit in range(4):
        for n, gate in enumerate(("input", "forget", "candidate", "output")):
            found = model.layers[0].weights(unit)[gate]
            grid = {"rtol": 0, "atol": 2.0**-22 * 4}  # 22 bits below the largest weight, which is below 4
            np.testing.assert_allclose(found.input, kernel[:, 4 * n + unit], **grid)
            np.testing.assert_allclose(found.memory, recurrent[:, 4 * n + unit], **grid)
            assert found.bias == pytest.approx(bias[4 * n + unit], abs=1e-9) and found.memory_bias == 0


@pytest.mark.parametrize("place", [(0, 10, 0), (0, -1, 0), (0, 0, 12), (0, 0, -1), (1, 0, 0)])
def test_a_step_that_is_not_there_is_refused(place):
    with pytest.raises(IndexError):
        read(networks.random_pair(), TEXT).open(*place)


def results(latex: str) -> list[float]:
    """The numbers that stand alone after an equals sign."""
    return [float(found) for found in re.findall(r"= (-?\d+\.\d+)(?= |$|\\)", latex)]


@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_the_equations_come_in_the_order_in_which_they_act_and_end_in_the_trace(kind):
    reading = read(stack(kind), TEXT)
    names = {
        "lstm": ["forget", "input", "candidate", "cell", "output", "hidden"],
        "gru": ["update", "reset", "candidate", "hidden"],
    }[kind]
    for unit in range(6):
        equations = reading.open(0, 7, unit).equations()
        assert equations[0].name == "Input" and "embedding" in equations[0].meaning
        assert [one.name.lower().removeprefix("new ").split()[0] for one in equations[1:]] == names
        for one, name in zip(equations[1:], names, strict=True):
            value = float(reading.layers[0][name][7, unit])
            assert results(one.latex)[-1] == pytest.approx(value, abs=6e-4)
            assert one.latex.count("{") == one.latex.count("}")


def test_the_gru_s_equations_are_keras_s():
    """z keeps the old state, and the reset gate acts after the product with the memory."""
    units, words = 2, 6

    def layer(update_bias):
        bias = np.zeros((2, 3 * units), dtype=np.float32)
        bias[0, :units] = update_bias
        kernel = np.full((3, 3 * units), 0.5, dtype=np.float32)
        kernel[:, :units] = 0
        recurrent = np.zeros((units, 3 * units), dtype=np.float32)
        return GRU(kernel, recurrent, bias)

    embedding = np.ones((words, 3), dtype=np.float32)
    output = Affine(np.zeros((units, words), dtype=np.float32), np.zeros(words, dtype=np.float32))
    for update_bias, kept in ((20, True), (-20, False)):
        pair = networks.Pair(
            RecurrentModel(embedding, [layer(update_bias)], output), networks.vocabulary(words)
        )
        opened = read(pair, ["recipe", "for"]).open(0, 1, 0)
        assert opened.after["hidden"] == pytest.approx(
            opened.before["hidden"] if kept else opened.values["candidate"], abs=1e-6
        )
    last = opened.equations()[-1].latex
    assert r"(1 - z_t) \, \tilde h_t + z_t \, h_{t-1}" in last
    assert "r_t (h_{t-1} U_h + b'_h)" in opened.equations()[-2].latex


def test_a_higher_layer_reads_the_one_below():
    reading = read(stack("lstm", "lstm"), TEXT)
    opened = reading.open(1, 4, 0)
    np.testing.assert_array_equal(opened.inputs, reading.layers[0]["hidden"][4])
    assert "layer 1 says" in opened.equations()[0].meaning


@pytest.mark.parametrize("name", ["sequential.h5", "functional.h5"])
def test_a_step_of_a_brought_network_is_recomputed_too(name):
    """An old GRU, whose reset gates act before the product; a network that starts where padding left it."""
    model = read_keras(networks.KERAS_2 / name)
    reading = read(networks.Pair(model, networks.vocabulary(23)), TEXT)
    for layer in range(2):
        for at in (0, 1, 5):
            opened = reading.open(layer, at, 2)
            for gate, value in opened.values.items():
                assert value == pytest.approx(reading.layers[layer][gate][at, 2], abs=2e-6)
    old = reading.open(0, 5, 2)
    if name == "sequential.h5":
        candidate = next(e for e in old.equations() if e.name == "Candidate")
        assert "before the product" in candidate.meaning and r"\odot" in candidate.latex
        assert not any("b'" in equation.latex for equation in old.equations())
    else:
        assert reading.open(0, 0, 2).before["hidden"] != 0
