from __future__ import annotations

import json
import struct
import zipfile
from io import BytesIO

import h5py
import networks
import numpy as np
import pytest

from textgen.network import keras_file, recurrent
from textgen.network.keras_file import ModelFileError, read_keras
from textgen.network.recurrent import Affine, RecurrentModel

# Equality with Keras


def keras_model(keras, kind, size=50):
    layers = keras.layers
    use_bias = kind != "without bias"
    stack = {
        "lstm": [layers.LSTM(16, return_sequences=True)],
        "stacked": [layers.LSTM(16, return_sequences=True), layers.LSTM(11, return_sequences=True)],
        "gru": [layers.GRU(16, return_sequences=True)],
        "mixed": [layers.GRU(9, return_sequences=True), layers.LSTM(8, return_sequences=True)],
        "projection": [layers.LSTM(16, return_sequences=True), layers.Dropout(0.2), layers.Dense(6)],
        "without bias": [
            layers.LSTM(7, return_sequences=True, use_bias=False),
            layers.GRU(7, return_sequences=True, use_bias=False),
        ],
        "functional": [layers.SpatialDropout1D(0.1), layers.LSTM(16, return_sequences=True), layers.Dense(5)],
    }[kind]
    words = keras.Input((None,), dtype="int32")
    chain = [
        layers.Embedding(size, 10, name="any_name"),
        *stack,
        layers.Dense(size, activation="softmax", use_bias=use_bias),
    ]
    if kind == "functional":
        x = words
        for layer in chain:
            x = layer(x)
        model = keras.Model(words, x)
    else:
        model = keras.Sequential([words, *chain])
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(size=w.shape).astype(np.float32) * 0.5 for w in model.get_weights()])
    return model


@pytest.mark.parametrize(
    "kind", ["lstm", "stacked", "gru", "mixed", "projection", "without bias", "functional"]
)
def test_every_kind_of_network_equals_keras(kind, tmp_path):
    keras = pytest.importorskip("keras")
    model = keras_model(keras, kind)
    model.save(tmp_path / "model.keras")
    ours = read_keras(tmp_path / "model.keras")
    tokens = np.random.default_rng(1).integers(0, 50, (3, 200))
    model.layers[-1].activation = keras.activations.linear  # logits instead of probabilities
    expected = keras.ops.convert_to_numpy(model(tokens))
    state = ours.start(3)
    for t in range(200):
        logits, state = ours.advance(tokens[:, t], state)
        assert logits.dtype == np.float32
        np.testing.assert_allclose(logits, expected[:, t], atol=1e-4)


def test_a_compiled_trained_model_is_read_too(tmp_path):
    keras = pytest.importorskip("keras")
    model = keras_model(keras, "lstm")
    model.compile(loss="sparse_categorical_crossentropy", optimizer="adam")
    tokens = np.random.default_rng(1).integers(0, 50, (4, 9))
    model.fit(tokens[:, :-1], tokens[:, 1:], verbose=0)
    model.save(tmp_path / "model.keras")
    ours = read_keras(tmp_path / "model.keras")
    logits, _ = ours.advance(tokens[:, 0], ours.start(4))
    probs = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(probs, keras.ops.convert_to_numpy(model(tokens[:, :1]))[:, 0], atol=1e-5)


# Stepping


def test_an_old_state_can_be_gone_on_from():
    model = networks.random_model()
    _, state = model.step([3], model.start(1))
    one, _ = model.advance([4], state)
    for token in (5, 6, 7):
        _, later = model.step([token], state)
        model.step([8], later)
    again, _ = model.advance([4], state)
    np.testing.assert_array_equal(one, again)


def test_select_branches_and_drops_rows():
    model = networks.random_model(kind="gru")
    _, state = model.step([3, 4, 5], model.start(3))
    hidden, _ = model.step([9, 9, 8], model.select(state, [2, 0, 2]))
    _, alone = model.step([5], model.start(1))
    np.testing.assert_allclose(hidden[2:], model.step([8], alone)[0], atol=1e-6)
    _, alone = model.step([3], model.start(1))
    np.testing.assert_allclose(hidden[1:2], model.step([9], alone)[0], atol=1e-6)


def test_logits_take_one_hidden_state_or_many():
    model = networks.random_model()
    hidden, _ = model.step([3, 4], model.start(2))
    assert model.logits(hidden).shape == (2, model.vocabulary_size)
    np.testing.assert_array_equal(model.logits(hidden[1]), model.logits(hidden)[1])
    logits, _ = model.advance([3, 4], model.start(2))
    np.testing.assert_array_equal(logits, model.logits(hidden))


@pytest.mark.parametrize("token", [-1, 60])
def test_an_id_outside_the_vocabulary_is_refused(token):
    model = networks.random_model(60)
    with pytest.raises(IndexError):
        model.step([3, token], model.start(2))


@pytest.mark.parametrize("shape", [(3, 5), (128, 10_000), (228, 512), (70_000, 3), (640, 2048)])
def test_affine_is_a_product_and_a_sum(shape):
    rng = np.random.default_rng(0)
    kernel, bias = rng.normal(size=shape).astype(np.float32), rng.normal(size=shape[1]).astype(np.float32)
    x = rng.normal(size=(19, shape[0])).astype(np.float32)
    expected = x.astype(np.float64) @ kernel + bias
    affine = Affine(kernel, bias)
    for count in (0, 1, 2, 7, 8, 9, 19):
        assert affine(x[:count]).shape == (count, shape[1])
        np.testing.assert_allclose(affine(x[:count]), expected[:count], atol=3e-6 * shape[0] + 1e-5)


def test_a_row_does_not_depend_on_its_companions():
    rng = np.random.default_rng(0)
    affine = Affine(rng.normal(size=(128, 10_000)).astype(np.float32), np.zeros(10_000, dtype=np.float32))
    x = rng.normal(size=(8, 128)).astype(np.float32)
    alone = affine(x[2:3])[0]
    for count in range(3, 9):
        np.testing.assert_allclose(affine(x[:count])[2], alone, rtol=0, atol=1e-5)


# Gates


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_lstm_gates_follow_the_textbook(tmp_path):
    config, w = networks.lstm_file()
    model = read_keras(networks.write_keras(tmp_path / "m.keras", config, w))
    tokens = [3, 1, 7, 7, 2]
    (gates,) = model.trace(tokens)
    embedding, kernel, recurrent_kernel, bias = (
        w[f"layers/{p}"]
        for p in ("embedding/vars/0", "lstm/cell/vars/0", "lstm/cell/vars/1", "lstm/cell/vars/2")
    )
    h = c = np.zeros(4)
    for t, token in enumerate(tokens):
        z = embedding[token].astype(np.float64) @ kernel + h @ recurrent_kernel + bias
        i, f, g, o = sigmoid(z[:4]), sigmoid(z[4:8]), np.tanh(z[8:12]), sigmoid(z[12:])
        c = f * c + i * g
        h = o * np.tanh(c)
        wanted = {"input": i, "forget": f, "candidate": g, "output": o, "cell": c, "hidden": h}
        assert set(gates) == set(wanted)
        for name, value in wanted.items():
            np.testing.assert_allclose(gates[name][t], value, atol=1e-5)


def test_gru_gates_follow_the_textbook():
    rng = np.random.default_rng(0)
    kernel, recurrent_kernel, bias = (
        rng.normal(size=(3, 12)),
        rng.normal(size=(4, 12)),
        rng.normal(size=(2, 12)),
    )
    embedding = rng.normal(size=(6, 3)).astype(np.float32)
    layer = recurrent.GRU(*(a.astype(np.float32) for a in (kernel, recurrent_kernel, bias)))
    output = Affine(np.zeros((4, 6), dtype=np.float32), np.zeros(6, dtype=np.float32))
    (gates,) = RecurrentModel(embedding, [layer], output).trace([5, 0, 2])
    h = np.zeros(4)
    for t, token in enumerate([5, 0, 2]):
        a, b = embedding[token] @ kernel + bias[0], h @ recurrent_kernel + bias[1]
        update, reset = sigmoid(a[:4] + b[:4]), sigmoid(a[4:8] + b[4:8])
        candidate = np.tanh(a[8:] + reset * b[8:])
        h = update * h + (1 - update) * candidate
        for name, value in {"update": update, "reset": reset, "candidate": candidate, "hidden": h}.items():
            np.testing.assert_allclose(gates[name][t], value, atol=1e-5)


def test_a_trace_reads_on_from_a_state_and_may_be_empty():
    model = networks.random_model()
    whole = model.trace([3, 4, 5, 6])[0]
    _, state = model.step([3], model.start(1))
    _, state = model.step([4], state)
    np.testing.assert_allclose(model.trace([5, 6], state)[0]["cell"], whole["cell"][2:], atol=1e-6)
    assert model.trace([]) == [{}]


# Files that are wrong


@pytest.fixture
def good():
    return networks.lstm_file()


def layer(config, n):
    return config["config"]["layers"][n]


def refused(tmp_path, config, weights, message, **options):
    path = networks.write_keras(tmp_path / "m.keras", config, weights, **options)
    with pytest.raises(ModelFileError, match=message):
        read_keras(path)


def test_the_unchanged_file_is_read(good, tmp_path):
    for compression in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        path = networks.write_keras(tmp_path / "m.keras", *good, compression=compression)
        model = read_keras(path)
        assert (model.vocabulary_size, model.units, len(model.layers)) == (9, 4, 1)


@pytest.mark.parametrize("path", sorted(networks.lstm_file()[1]))
def test_weights_must_be_there_and_fit_and_be_finite(path, good, tmp_path):
    config, weights = good
    for change, message in (
        (None, "missing"),
        (weights[path][..., :-1], "shape"),
        (np.full_like(weights[path], np.nan), "NaN or infinite"),
        (weights[path].astype(np.int32), "not a plain array"),
        (weights[path].astype("S4"), "not a plain array"),
    ):
        changed = {**weights, path: change}
        if change is None:
            del changed[path]
        refused(tmp_path, config, changed, f"{message}.*{path}")


@pytest.mark.parametrize(
    ("n", "changes", "message"),
    [
        (1, {"mask_zero": 1}, "mask_zero=1; only False and True"),
        (1, {"input_dim": 0}, "input_dim=0"),
        (1, {"input_dim": 10**12}, "input_dim"),
        (1, {"output_dim": 10**7}, "parameters"),
        (1, {"output_dim": "3"}, "output_dim"),
        (2, {"units": -4}, "units"),
        (2, {"activation": "relu"}, "activation='relu'"),
        (2, {"recurrent_activation": "hard_sigmoid"}, "recurrent_activation"),
        (2, {"return_sequences": None}, "return_sequences=None"),
        (2, {"go_backwards": True}, "go_backwards"),
        (3, {"activation": "relu"}, "activation 'relu'"),
        (3, {"units": 8}, "reads 9 words but writes 8"),
    ],
)
def test_a_network_that_is_not_supported_is_named(n, changes, message, good, tmp_path):
    config, weights = good
    layer(config, n)["config"].update(changes)
    refused(tmp_path, config, weights, message)


@pytest.mark.parametrize("kind", ["Lambda", "Bidirectional", "Attention"])
def test_other_layers_are_named(kind, good, tmp_path):
    config, weights = good
    config["config"]["layers"].insert(3, {"class_name": kind, "config": {"name": "odd"}})
    refused(tmp_path, config, weights, f"'odd' is a {kind}")


def test_the_order_of_layers_matters(good, tmp_path):
    config, weights = good
    layers = config["config"]["layers"]
    whole = list(layers)
    for order, message in (
        ([0, 2, 1, 3], "between the Embedding and the Dense"),
        ([0, 1, 3], "before any recurrent"),
        ([0, 1, 2], "are needed"),
        ([0, 1, 1, 2, 3], "not the first"),
        ([0, 1, 2, 3, 3], "softmax is not the last|shape|missing"),
        ([], "are needed"),
    ):
        layers[:] = [whole[n] for n in order]
        refused(tmp_path, config, weights, message)


def test_a_functional_network_must_be_a_chain(good, tmp_path):
    config, weights = good
    config["class_name"] = "Functional"
    names = [entry["config"]["name"] for entry in config["config"]["layers"]]
    for entry, before in zip(config["config"]["layers"], [None, *names], strict=False):
        tensor = {"class_name": "__keras_tensor__", "config": {"keras_history": [before, 0, 0]}}
        entry["inbound_nodes"] = [{"args": [tensor], "kwargs": {}}] if before else []
    read_keras(networks.write_keras(tmp_path / "m.keras", config, weights))
    layer(config, 3)["inbound_nodes"][0]["args"][0]["config"]["keras_history"][0] = "words"
    refused(tmp_path, config, weights, "'next' does not just follow")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ("{", "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ("[1]", "not a JSON object"),
        ("{}", "only Sequential"),
        ({"class_name": "Sequential", "config": []}, "has no Embedding, no LSTM or GRU layer, no Dense"),
        ({"class_name": "Sequential", "config": {"layers": [7]}}, "without a configuration"),
        (
            {"class_name": "Sequential", "config": {"layers": [{"class_name": "LSTM"}]}},
            "without a configuration",
        ),
        (b"\xff\xfe\x00", "not valid JSON"),
    ],
)
def test_a_configuration_that_is_none(config, message, good, tmp_path):
    refused(tmp_path, config, good[1], message)


def test_files_that_are_no_keras_zip(good, tmp_path):
    with pytest.raises(ModelFileError, match="missing"):
        read_keras(tmp_path / "nowhere.keras")
    with pytest.raises(ModelFileError, match="cannot be read"):
        read_keras(tmp_path)
    path = networks.write_keras(tmp_path / "m.keras", *good)
    data = path.read_bytes()
    for broken in (b"", b"no zip at all", data[: len(data) // 2]):
        path.write_bytes(broken)
        with pytest.raises(ModelFileError, match="not a readable Keras zip"):
            read_keras(path)
    at = data.index(b"HDF\r\n") + 2000
    path.write_bytes(data[:at] + bytes(b ^ 0xFF for b in data[at : at + 64]) + data[at + 64 :])
    with pytest.raises(ModelFileError, match="not a readable Keras zip"):  # a wrong check sum
        read_keras(path)
    refused(tmp_path, good[0], b"\x89HDF\r\n\x1a\n" + b"\0" * 400, "not a readable HDF5")


def test_missing_and_double_members(good, tmp_path):
    path = tmp_path / "m.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps(good[0]))
    with pytest.raises(ModelFileError, match=r"0 members named model\.weights\.h5"):
        read_keras(path)
    networks.write_keras(path, *good)
    with zipfile.ZipFile(path, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("config.json", "{}")
    with pytest.raises(ModelFileError, match=r"2 members named config\.json"):
        read_keras(path)


def test_a_zip_bomb_is_not_unpacked(good, tmp_path):
    refused(tmp_path, good[0], b"\0" * (8 << 20), "times its packed size", compression=zipfile.ZIP_DEFLATED)
    refused(tmp_path, b" " * (keras_file.MAX_CONFIG_BYTES + 1), good[1], "unpacks to")


def test_a_false_size_in_the_zip_does_not_help(good, tmp_path, monkeypatch):
    monkeypatch.setattr(keras_file, "MAX_WEIGHTS_BYTES", 1 << 20)
    path = networks.write_keras(
        tmp_path / "m.keras", good[0], b"\0" * (8 << 20), compression=zipfile.ZIP_DEFLATED
    )
    data = bytearray(path.read_bytes())
    real, false = struct.pack("<L", 8 << 20), struct.pack("<L", 1000)
    assert data.count(real) == 2
    path.write_bytes(data.replace(real, false))
    with pytest.raises(ModelFileError):
        read_keras(path)


def test_a_dataset_that_claims_to_be_huge_takes_no_memory(good, tmp_path):
    config, weights = good
    buffer = BytesIO()
    with h5py.File(buffer, "w") as file:
        for path, value in weights.items():
            if path != "layers/dense/vars/0":
                file[path] = value
        file.create_dataset("layers/dense/vars/0", shape=(10**7, 10**6), dtype="f4", chunks=(1000, 1000))
    refused(tmp_path, config, buffer.getvalue(), "shape")


def test_links_out_of_the_file_are_not_followed(good, tmp_path):
    config, weights = good
    target = "layers/dense/vars/0"
    other = tmp_path / "other.h5"
    other.write_bytes(networks.h5_bytes(weights))
    rest = {path: value for path, value in weights.items() if path != target}

    def refused_with(make):
        buffer = BytesIO()
        with h5py.File(buffer, "w") as file:
            for path, value in rest.items():
                file[path] = value
            make(file)
        refused(tmp_path, config, buffer.getvalue(), f"missing|plain array.*{target}")

    def virtual(file):
        layout = h5py.VirtualLayout(shape=(4, 9), dtype="f4")
        layout[:] = h5py.VirtualSource(str(other), target, shape=(4, 9))
        file.create_virtual_dataset(target, layout)

    def external_storage(file):
        file.create_dataset(target, shape=(4, 9), dtype="f4", external=[(str(other), 0, 144)])

    refused_with(lambda file: file.__setitem__(target, h5py.ExternalLink(str(other), target)))
    refused_with(lambda file: file.__setitem__(target, h5py.SoftLink("/layers/dense/vars/1")))
    refused_with(virtual)
    refused_with(external_storage)
