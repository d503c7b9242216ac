from __future__ import annotations

import json
import subprocess
import sys

import networks
import numpy as np
import pytest
from small_bundles import CARD

from textgen.network import bundle
from textgen.network.bundle import BundleError, available_bundles, load_bundle, save_bundle, save_measured
from textgen.writing.generate import generate
from textgen.writing.sampling import Sampler


class Savable:
    """Stands in for a Keras model: all that a bundle needs of one is `save`."""

    def __init__(self, config, weights):
        self.config, self.weights = config, weights

    def save(self, path):
        networks.write_keras(path, self.config, self.weights)


def savable(**options):
    return Savable(*networks.lstm_file(**options))


def save(path, model=None, card=CARD, history=None):
    save_bundle(path, model or savable(), networks.vocabulary(9), card, history or {"epochs": []})


def test_what_is_saved_is_loaded(tmp_path):
    save(tmp_path / "deep" / "mine", history={"epochs": [{"epoch": 1, "loss": 3.5}]})
    loaded = load_bundle(tmp_path / "deep" / "mine")
    assert loaded.name == "mine"
    assert loaded.card == CARD
    assert loaded.history == {"epochs": [{"epoch": 1, "loss": 3.5}]}
    assert loaded.vocabulary.words == networks.vocabulary(9).words
    assert loaded.model.vocabulary_size == 9
    assert len(list(generate(loaded, "recipe for w1 |", sampler=Sampler(), max_tokens=3, seed=0))) > 0
    files = {p.name for p in (tmp_path / "deep" / "mine").iterdir()}
    assert files == {"model.keras", "vocabulary.json", "card.json", "history.json", "CARD.md"}
    assert [p.name for p in (tmp_path / "deep").iterdir()] == ["mine"]  # nothing is left beside it


def test_saving_replaces_the_old_bundle(tmp_path):
    save(tmp_path / "mine", model=savable(seed=1))
    old = load_bundle(tmp_path / "mine").model.advance([1], load_bundle(tmp_path / "mine").model.start(1))[0]
    save(tmp_path / "mine", model=savable(seed=2), card={**CARD, "license": "new"})
    loaded = load_bundle(tmp_path / "mine")
    assert loaded.card["license"] == "new"
    assert not np.allclose(loaded.model.advance([1], loaded.model.start(1))[0], old)
    assert [p.name for p in tmp_path.iterdir()] == ["mine"]


def test_a_failed_save_leaves_the_old_bundle(tmp_path):
    save(tmp_path / "mine")
    config, weights = networks.lstm_file()
    weights["layers/dense/vars/1"][0] = np.nan
    with pytest.raises(BundleError, match=r"model\.keras.*NaN"):
        save(tmp_path / "mine", model=Savable(config, weights), card={"license": "new"})

    class Interrupted:
        def save(self, path):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        save(tmp_path / "mine", model=Interrupted())
    assert load_bundle(tmp_path / "mine").card == CARD
    assert [p.name for p in tmp_path.iterdir()] == ["mine"]


@pytest.mark.parametrize("failure", [OSError, KeyboardInterrupt])
def test_a_save_that_fails_at_the_last_moment_puts_the_old_bundle_back(failure, tmp_path, monkeypatch):
    save(tmp_path / "mine")
    rename, calls = bundle.os.rename, []

    def failing(source, target):
        calls.append(source)
        if len(calls) == 2:
            raise failure
        rename(source, target)

    monkeypatch.setattr(bundle.os, "rename", failing)
    with pytest.raises(failure):
        save(tmp_path / "mine", card={"license": "new"})
    assert load_bundle(tmp_path / "mine").card == CARD
    assert [p.name for p in tmp_path.iterdir()] == ["mine"]


def test_somebody_elses_folder_is_not_replaced(tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.jpg").write_bytes(b"cat")
    (tmp_path / "file").write_text("text")
    for name in ("photos", "file"):
        with pytest.raises(BundleError, match="is not a model bundle"):
            save(tmp_path / name)
    assert (tmp_path / "photos" / "cat.jpg").read_bytes() == b"cat"
    (tmp_path / "empty").mkdir()
    save(tmp_path / "empty")
    assert load_bundle(tmp_path / "empty").card == CARD


@pytest.mark.parametrize("name", ["model.keras", "vocabulary.json", "card.json", "history.json"])
def test_a_missing_file_is_named(name, tmp_path):
    save(tmp_path / "mine")
    (tmp_path / "mine" / name).unlink()
    with pytest.raises(BundleError, match=f"{name}: the file is missing"):
        load_bundle(tmp_path / "mine")
    (tmp_path / "mine" / name).mkdir()
    with pytest.raises(BundleError, match=f"{name}: the file cannot be read"):
        load_bundle(tmp_path / "mine")


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("model.keras", b"junk", "not a readable Keras zip"),
        ("vocabulary.json", b"{}", "list of words"),
        ("vocabulary.json", b"[", "JSON"),
        ("vocabulary.json", b"\xff\xfe", "UTF-8"),
        ("vocabulary.json", b'["", "[UNK]", 3]', "word"),
        ("vocabulary.json", b'["", "[UNK]", "a"]', "3 words, but the network has 9"),
        ("vocabulary.json", b'["[UNK]", ""]', "starts with"),
        ("card.json", b"[]", "JSON object"),
        ("card.json", b'{"a": ', "not valid JSON"),
        ("card.json", b"[" * 100_000, "not valid JSON"),
        ("history.json", b"\xff", "UTF-8"),
    ],
)
def test_a_broken_file_is_named(name, content, message, tmp_path):
    save(tmp_path / "mine")
    (tmp_path / "mine" / name).write_bytes(content)
    with pytest.raises(BundleError, match=f"{name}: .*{message}"):
        load_bundle(tmp_path / "mine")


def test_a_json_file_that_is_too_large_is_not_parsed(tmp_path, monkeypatch):
    save(tmp_path / "mine")
    monkeypatch.setattr(bundle, "MAX_JSON_BYTES", 1000)
    (tmp_path / "mine" / "history.json").write_text(json.dumps({"a": "x" * 2000}))
    with pytest.raises(BundleError, match=r"history\.json: it is larger than 1,000 bytes"):
        load_bundle(tmp_path / "mine")


def test_released_bundles_are_found_by_name(tmp_path, monkeypatch):
    monkeypatch.setattr(bundle, "MODELS", tmp_path / "models")
    assert available_bundles() == []
    for name in ("lstm", "gru", "large"):
        save(tmp_path / "models" / name, card={"name": name})
    (tmp_path / "models" / "notes").mkdir()
    assert available_bundles() == ["large", "gru", "lstm"]
    assert load_bundle("gru").card == {"name": "gru"}
    with pytest.raises(BundleError, match=r"'nope'.*large, gru, lstm"):
        load_bundle("nope")
    with pytest.raises(BundleError, match="no such folder"):
        load_bundle("\0")


def test_reading_and_writing_text_needs_no_tensorflow(tmp_path):
    save(tmp_path / "mine")
    code = (
        "import sys; from textgen.network.bundle import load_bundle\n"
        "from textgen.writing.generate import generate\n"
        "from textgen.writing.sampling import Sampler\n"
        f"loaded = load_bundle({str(tmp_path / 'mine')!r})\n"
        "steps = list(generate(loaded, 'recipe', sampler=Sampler(), max_tokens=3, seed=0))\n"
        "heavy = {'tensorflow', 'keras', 'torch', 'jax', 'streamlit'} & set(sys.modules)\n"
        "print(len(steps) > 0, sorted(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "True []"


def test_a_saved_keras_model_opens_in_keras_and_here(tmp_path):
    keras = pytest.importorskip("keras")
    words = keras.Input((None,), dtype="int32")
    x = keras.layers.Embedding(9, 4)(words)
    x = keras.layers.GRU(5, return_sequences=True)(x)
    model = keras.Model(words, keras.layers.Dense(9, activation="softmax")(x))
    save(tmp_path / "mine", model=model)
    again = keras.models.load_model(tmp_path / "mine" / "model.keras")
    tokens = np.array([[2, 5, 7]])
    expected = keras.ops.convert_to_numpy(again(tokens))[0, -1]
    ours = load_bundle(tmp_path / "mine").model
    state = ours.start(1)
    for token in tokens[0]:
        logits, state = ours.advance([token], state)
    np.testing.assert_allclose(Sampler().distribution(logits[0]), expected, atol=1e-5)


def test_what_was_measured_is_kept_beside_the_network_key_by_key(tmp_path):
    save(tmp_path / "mine")
    assert load_bundle(tmp_path / "mine").measured == {}
    save_measured(tmp_path / "mine", "temperature", {"best": 1.1})
    save_measured(tmp_path / "mine", "memory", [1, 2])
    save_measured(tmp_path / "mine", "temperature", {"best": 0.9})
    assert load_bundle(tmp_path / "mine").measured == {"temperature": {"best": 0.9}, "memory": [1, 2]}
    assert not [p for p in (tmp_path / "mine").iterdir() if p.name.startswith(".")]


def test_measured_facts_that_cannot_be_written_or_read_leave_the_file_alone(tmp_path):
    save(tmp_path / "mine")
    file = save_measured(tmp_path / "mine", "memory", [1, 2])
    with pytest.raises(TypeError):
        save_measured(tmp_path / "mine", "memory", {1, 2})
    assert load_bundle(tmp_path / "mine").measured == {"memory": [1, 2]}
    file.write_text("[", encoding="utf-8")
    with pytest.raises(BundleError, match=r"measured\.json: it is not valid JSON"):
        load_bundle(tmp_path / "mine")
    with pytest.raises(BundleError, match="no model named"):
        save_measured("no-such-bundle", "memory", 1)
