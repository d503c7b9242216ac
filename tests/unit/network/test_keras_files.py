"""Keras files of other people: every form that is supported equals Keras, every other is named."""

from __future__ import annotations

import json
import zipfile
from io import BytesIO

import h5py
import networks
import numpy as np
import pytest
from networks import KERAS_2, outputs, softmax

from textgen.network.keras_file import ModelFileError, read_blueprint, read_keras, write_keras


@pytest.mark.parametrize("name", ["sequential.h5", "sequential.keras", "functional.h5", "functional.keras"])
def test_files_of_keras_2_equal_keras_2(name, tmp_path):
    expected = json.loads((KERAS_2 / "expected.json").read_text("utf-8"))[name]
    network = read_blueprint(KERAS_2 / name)
    tokens, probs = np.array(expected["tokens"]), np.array(expected["outputs"])
    np.testing.assert_allclose(outputs(network, tokens), probs, atol=5e-6)
    write_keras(tmp_path / "again.keras", network)
    again = read_blueprint(tmp_path / "again.keras")
    want = probs if network.softmax else softmax(probs)
    np.testing.assert_allclose(outputs(again, tokens), want, atol=5e-6)


@pytest.mark.parametrize("windows", [False, True])
@pytest.mark.parametrize("name", ["sequential.keras", "functional.keras"])
def test_groups_are_found_as_keras_2_12_named_them(name, windows, tmp_path):
    """Under another name, counted twice, and on Windows with the parts of a path in one name."""
    with zipfile.ZipFile(KERAS_2 / name) as archive:
        config, weights = json.loads(archive.read("config.json")), archive.read("model.weights.h5")
    moved = {}

    def move(path, node):
        if isinstance(node, h5py.Dataset) and path.startswith("layers/"):
            kind, *rest = path.removeprefix("layers/").split("/")
            stem, _, number = kind.rpartition("_")
            kind = f"{stem}_{2 * int(number)}" if number.isdigit() else kind
            parts = ["_layer_checkpoint_dependencies", kind, *rest[:-2]]
            moved["/".join([("\\" if windows else "/").join(parts), *rest[-2:]])] = node[()]

    with h5py.File(BytesIO(weights)) as file:
        file.visititems(move)
    network = read_blueprint(networks.write_keras(tmp_path / "m.keras", config, moved))
    assert np.array_equal(network.arrays[-1][0], read_blueprint(KERAS_2 / name).arrays[-1][0])


def random_weights(model, seed=0):
    rng = np.random.default_rng(seed)
    model.set_weights([rng.normal(size=w.shape).astype(np.float32) * 0.6 for w in model.get_weights()])
    return model


def masked(keras):
    layers = keras.layers
    words = keras.Input((None,))
    x = layers.Embedding(19, 5, mask_zero=True)(words)
    x = layers.SpatialDropout1D(0.2)(x)
    x = layers.GRU(6, return_sequences=True, reset_after=False)(x)
    x, *_ = layers.LSTM(7, return_sequences=True, return_state=True, recurrent_dropout=0.2)(x)
    x = layers.TimeDistributed(layers.Dense(19))(x)
    return keras.Model(words, layers.Activation("softmax")(x))


def many_to_one(keras, length=None):
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((length,)),
            layers.Embedding(19, 5),
            layers.LSTM(7, return_sequences=True),
            layers.Dropout(0.3),
            layers.GRU(6, use_bias=False),
            layers.Dense(8),
            layers.Activation("relu"),
            layers.Dense(19),
            layers.Activation("softmax"),
        ]
    )


@pytest.mark.parametrize("ending", ["keras", "h5"])
@pytest.mark.parametrize("make", [masked, many_to_one])
@pytest.mark.filterwarnings("ignore")  # Keras' own about the older format
def test_files_of_keras_3_equal_keras_3(make, ending, tmp_path):
    keras = pytest.importorskip("keras")
    model = random_weights(make(keras))
    model.save(tmp_path / f"m.{ending}")
    network = read_blueprint(tmp_path / f"m.{ending}")
    tokens = np.random.default_rng(1).integers(1, 19, (3, 9))
    tokens[0, :4] = tokens[1, 5] = 0
    expected = np.asarray(keras.ops.convert_to_numpy(model(tokens)))
    np.testing.assert_allclose(outputs(network, tokens), expected, atol=2e-6)

    write_keras(tmp_path / "ours.keras", network)  # what we write, Keras opens
    ours = keras.models.load_model(tmp_path / "ours.keras")
    np.testing.assert_allclose(keras.ops.convert_to_numpy(ours(tokens)), expected, atol=2e-6)


def test_a_network_for_padded_texts_starts_where_padding_leaves_it(tmp_path):
    keras = pytest.importorskip("keras")
    fixed, free = random_weights(many_to_one(keras, 12)), random_weights(many_to_one(keras))
    fixed.save(tmp_path / "m.keras")
    model = read_keras(tmp_path / "m.keras")
    state = model.start(1)
    for at, word in enumerate([4, 9, 2]):
        logits, state = model.advance([word], state)
        padded = np.array([[0] * 11 + [4, 9, 2][: at + 1]])
        (expected,) = keras.ops.convert_to_numpy((fixed if at == 0 else free)(padded))
        np.testing.assert_allclose(softmax(logits[0]), expected, atol=2e-6)
    gates = model.trace([4, 9, 2])
    np.testing.assert_allclose(gates[0]["hidden"][-1], state[0][0][0], atol=1e-6)


def test_everything_that_is_not_supported_is_named_at_once(tmp_path):
    config, weights = networks.lstm_file()
    layers = config["config"]["layers"]
    layers[1]["config"]["input_dim"] = 0
    layers[2]["config"] |= {"activation": "relu", "time_major": True}
    layers.insert(3, {"class_name": "Lambda", "config": {"name": "odd", "function": "__import__('os')"}})
    layers.insert(3, {"class_name": "Bidirectional", "config": {"name": "both", "layer": layers[2]}})
    path = networks.write_keras(tmp_path / "m.keras", config, weights)
    with pytest.raises(ModelFileError) as error:
        read_keras(path)
    for part in (
        "'words' has input_dim=0",
        "'memory' has activation='relu'",
        "'memory' has time_major=True",
        "'odd' is a Lambda",
        "'both' is a Bidirectional of a LSTM",
    ):
        assert part in str(error.value)
    assert "\n" not in str(error.value)


def test_all_parts_that_a_network_lacks_and_all_weights_are_named_at_once(tmp_path):
    config, weights = networks.lstm_file()
    rest = {"class_name": "Sequential", "config": {"layers": config["config"]["layers"][:1]}}
    path = networks.write_keras(tmp_path / "m.keras", rest, weights)
    with pytest.raises(
        ModelFileError, match="no Embedding, no LSTM or GRU layer, no Dense layer over the words"
    ):
        read_keras(path)
    weights["layers/dense/vars/0"][0] = np.inf
    del weights["layers/lstm/cell/vars/1"]
    path = networks.write_keras(tmp_path / "m.keras", config, weights)
    with pytest.raises(ModelFileError, match=r"'memory' are missing.*'next' hold NaN or infinite"):
        read_keras(path)


@pytest.mark.parametrize(
    ("start", "message"),
    [
        (b"\x80\x04\x95rest", "pickle.*was not opened"),
        (b'{"class_name": "Sequential"}', "without their weights"),
        (b"", "it is empty"),
        (b"%PDF-1.7", "not a readable Keras zip"),
    ],
)
def test_what_a_renamed_file_is(start, message, tmp_path):
    (tmp_path / "m.keras").write_bytes(start)
    with pytest.raises(ModelFileError, match=message):
        read_keras(tmp_path / "m.keras")
    with pytest.raises(ModelFileError, match=message):
        read_keras(BytesIO(start))


def test_files_of_pytorch_and_weights_alone_are_named(tmp_path):
    with zipfile.ZipFile(tmp_path / "m.keras", "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80")
    with pytest.raises(ModelFileError, match="PyTorch"):
        read_keras(tmp_path / "m.keras")
    (tmp_path / "m.h5").write_bytes(networks.h5_bytes({"layers/dense/vars/0": np.ones(3)}))
    with pytest.raises(ModelFileError, match="weights but no description"):
        read_keras(tmp_path / "m.h5")


def test_an_h5_file_is_not_followed_out_of_itself(tmp_path):
    data = bytearray((KERAS_2 / "functional.h5").read_bytes())
    other, mine = tmp_path / "other.h5", tmp_path / "mine.h5"
    other.write_bytes(data)
    mine.write_bytes(data)
    with h5py.File(mine, "r+") as file:
        name = next(name for name in file["model_weights"] if name.startswith("lstm"))
        del file[f"model_weights/{name}"]
        file[f"model_weights/{name}"] = h5py.ExternalLink(str(other), f"model_weights/{name}")
    with pytest.raises(ModelFileError, match=f"'{name}' are missing"):
        read_keras(mine)
    with h5py.File(other, "r+") as file:
        file.attrs["model_config"] = "{" * 5
    with pytest.raises(ModelFileError, match="model_config is not valid JSON"):
        read_keras(other)


def test_a_layer_that_reads_another_than_the_one_before_is_refused_in_keras_2_as_well(tmp_path):
    with h5py.File(KERAS_2 / "functional.h5") as file:
        config = json.loads(file.attrs["model_config"])
    for change in (
        lambda layers: layers[2]["inbound_nodes"][0][0].__setitem__(0, layers[0]["name"]),
        lambda layers: layers[3]["inbound_nodes"][0][0].__setitem__(2, 1),  # a state, not the output
        lambda layers: layers[3]["inbound_nodes"][0][0].__setitem__(3, {"initial_state": ["x", 0, 1]}),
    ):
        changed = json.loads(json.dumps(config))
        change(changed["config"]["layers"])
        (tmp_path / "m.h5").write_bytes((KERAS_2 / "functional.h5").read_bytes())
        with h5py.File(tmp_path / "m.h5", "r+") as file:
            file.attrs["model_config"] = json.dumps(changed)
        with pytest.raises(ModelFileError, match="does not just follow the one before"):
            read_keras(tmp_path / "m.h5")


def places(value, found):
    """Every (container, key) of JSON data."""
    for key in range(len(value)) if isinstance(value, list) else value if isinstance(value, dict) else ():
        found.append((value, key))
        places(value[key], found)
    return found


@pytest.mark.parametrize("name", ["functional.keras", "sequential.keras"])
def test_whatever_stands_in_the_description_is_read_or_refused(name, tmp_path):
    with zipfile.ZipFile(KERAS_2 / name) as archive:
        config, weights = json.loads(archive.read("config.json")), archive.read("model.weights.h5")
    rng = np.random.default_rng(3)
    junk = [None, True, -1, 10**30, 0.5, "", "softmax", "../x\0", [], {}, [[["a", 0, 0, {}]]], {"config": {}}]
    refused = 0
    for _ in range(80):
        changed = json.loads(json.dumps(config))
        for _ in range(rng.integers(1, 3)):
            holder, key = (found := places(changed, []))[rng.integers(len(found))]
            holder[key] = junk[rng.integers(len(junk))]
        path = networks.write_keras(tmp_path / "m.keras", changed, weights)
        try:
            read_blueprint(path)
        except ModelFileError as error:
            refused += 1
            assert len(str(error)) < 2000
    assert refused > 15


@pytest.mark.parametrize("name", ["functional.h5", "sequential.h5", "functional.keras"])
def test_a_damaged_file_is_read_or_refused(name):
    whole, rng = (KERAS_2 / name).read_bytes(), np.random.default_rng(1)
    refused = 0
    for _ in range(60):
        data = bytearray(whole)
        for at in rng.integers(len(data) if rng.random() < 0.5 else 4000, size=3):
            data[at] = rng.integers(256)
        try:
            read_blueprint(BytesIO(data))
        except ModelFileError:
            refused += 1
    assert refused > 5
