"""A network of somebody's own becomes a bundle: words in any order, nothing but data read, faults named."""

from __future__ import annotations

import json
import pickle
from io import BytesIO

import networks
import numpy as np
import pytest
from networks import KERAS_2, outputs, softmax

from textgen.network.bring import bring, make_bundle
from textgen.network.bundle import BundleError, available_bundles, load_bundle, title_of, user_folder
from textgen.network.keras_file import read_blueprint
from textgen.writing.generate import generations
from textgen.writing.sampling import Sampler

SIZE = 23
PLAIN = [f"w{i}" for i in range(SIZE)]


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("SIMMER_HOME", str(tmp_path / "home"))


def fit(words):
    return bring(KERAS_2 / "sequential.keras", BytesIO(words.encode()) if isinstance(words, str) else words)


# Words, and the network's number of each word of the vocabulary; None for one that it lacks.
CASES = {
    "the book's order": (["", "[UNK]", *PLAIN[2:]], list(range(SIZE))),
    "lines": ("\n".join(["", "[UNK]", *PLAIN[2:]]) + "\n", list(range(SIZE))),
    "lines without the first, of Windows": ("\r\n".join(["[UNK]", *PLAIN[2:]]) + "\r\n", list(range(SIZE))),
    "without special words": (json.dumps(PLAIN[2:]), list(range(SIZE))),
    "a word index from 1": (json.dumps({w: i for i, w in enumerate(PLAIN) if i}), [0, None, *range(1, SIZE)]),
    "an index word from 0": (json.dumps(dict(enumerate(PLAIN))), [None, None, *range(SIZE)]),
    "other names for them": (
        ["<pad>", "a", "</s>", "<unk>", *PLAIN[4:]],
        [2, 3, 0, 1, *range(4, SIZE)],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_words_in_any_order_are_the_networks(case):
    given, numbers = CASES[case]
    brought = fit(given)
    assert len(brought.vocabulary) == len(numbers) == brought.model.vocabulary_size
    known = [new for new, old in enumerate(numbers) if new and old]  # 0 is not read: the network is masked
    original = read_blueprint(KERAS_2 / "sequential.keras")
    new = np.random.default_rng(0).choice(known, (3, 5))
    old = np.vectorize(lambda n: numbers[n])(new)
    before, after = outputs(original, old), outputs(brought.network, new)
    for n, number in enumerate(numbers):
        if number is None:
            assert after[..., n].max() < 1e-30
        else:
            np.testing.assert_allclose(after[..., n], before[..., number], atol=2e-6)
    if "word index" in case or "index word" in case:
        assert brought.vocabulary.words[2:] == tuple(PLAIN[1:] if "word index" in case else PLAIN)


def test_what_the_network_lacks_is_noted():
    notes = " ".join(fit(PLAIN).notes)
    assert "no word that ends a text" in notes
    assert "mean of all words" in notes
    assert "does not know recipe, for, |" in notes
    assert "recipe" not in " ".join(fit(["", "[UNK]", "recipe", "for", "|", *PLAIN[5:]]).notes)
    loud = fit(["", "[UNK]", "Salt", "don't", *PLAIN[4:]]).notes
    assert any("2 of its words are never read" in note and "Salt, don't" in note for note in loud)


def tokenizer(**config):
    index = {word: n + 1 for n, word in enumerate(["<OOV>", *PLAIN])}
    return json.dumps({"class_name": "Tokenizer", "config": {"word_index": json.dumps(index), **config}})


def test_a_tokenizer_is_read_as_it_is_written_and_up_to_its_number_of_words():
    for text in (tokenizer(num_words=SIZE), json.dumps(tokenizer(num_words=SIZE, oov_token="<OOV>"))):
        brought = fit(text)
        assert brought.vocabulary.words == ("", "[UNK]", *PLAIN[: SIZE - 2])
        np.testing.assert_allclose(
            outputs(brought.network, np.array([[3, 4]])),
            outputs(read_blueprint(KERAS_2 / "sequential.keras"), np.array([[3, 4]])),
            atol=2e-6,
        )
    with pytest.raises(BundleError, match=r"up to 24, but the network has 23.*to_json"):
        fit(tokenizer())
    with pytest.raises(BundleError, match="letters"):
        fit(tokenizer(char_level=True))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (PLAIN[:20], "lists 20 words, but the network has 23.*spare"),
        ([*PLAIN, "more"], "lists 24 words, but the network has 23"),
        (["", "[UNK]", *PLAIN[3:]], "lists 22 words"),
        (["a", "b", "c"], "3 words; at least 10"),
        (["", "[UNK]", "w5", *PLAIN[3:]], "both 'w5'"),
        ("\n".join([*PLAIN[:5], "two words", *PLAIN[6:]]), "line 6 is not one word"),
        ("\n".join([*PLAIN[:5], "", *PLAIN[6:]]), "line 6 is empty"),
        ('["a", 3]', "entry 1 of its list"),
        ('["a", ', "not valid"),
        ('{"a": 1, "b": 1}', "'a' and 'b' both have the number 1"),
        ('{"a": -1}', "-1, which is no place"),
        ('{"a": 1.5}', "1.5, which is no place"),
        ('{"a": {"b": {}}}', "no place"),
        (json.dumps({w: n for n, w in enumerate(PLAIN) if n != 7}), "no word has the number 7"),
        (json.dumps({w: n + 1 for n, w in enumerate(PLAIN)}), "up to 23, but the network has 23"),
        (pickle.dumps(PLAIN), "pickle, say, is not opened"),
        (b"\x00\x01\x02" * 9, "no text"),
        (b"\xff\xfa" * 9, "UTF-8"),
    ],
)
def test_words_that_are_not_this_networks(words, message):
    with pytest.raises(BundleError, match=message):
        fit(BytesIO(words) if isinstance(words, bytes) else words)


def test_outputs_without_a_word_are_left_out_on_request():
    brought = bring(KERAS_2 / "sequential.keras", ["", "[UNK]", *PLAIN[2:20]], spare=True)
    assert brought.model.vocabulary_size == 20
    assert any("3 of its outputs" in note for note in brought.notes)
    whole = outputs(read_blueprint(KERAS_2 / "sequential.keras"), np.array([[3, 4]]))[..., :20]
    np.testing.assert_allclose(
        outputs(brought.network, np.array([[3, 4]])), whole / whole.sum(axis=-1, keepdims=True), atol=2e-6
    )


def test_a_network_whose_numbers_would_overflow_is_refused(tmp_path):
    config, weights = networks.lstm_file(size=SIZE)
    weights["layers/dense/vars/1"][3] = -3e38
    path = networks.write_keras(tmp_path / "m.keras", config, weights)
    with pytest.raises(BundleError, match="beyond 1,000,000"):
        bring(path, PLAIN)


def test_a_bundle_is_made_found_and_writes(tmp_path):
    (tmp_path / "words.txt").write_text("\n".join(PLAIN), encoding="utf-8")
    folder, notes = make_bundle(KERAS_2 / "functional.h5", tmp_path / "words.txt", "mine", title="My <own>")
    assert folder == user_folder() / "mine"
    assert available_bundles()[-1] == "mine"
    assert title_of("mine") == "My <own>"
    bundle = load_bundle("mine")
    assert bundle.card["architecture"]["layers"] == [
        "Embedding(5)",
        "LSTM(7)",
        "GRU(6)",
        "Dense(9)",
        f"Dense({SIZE + 2})",
    ]
    assert bundle.card["limits"] == list(notes)
    (run,) = generations(bundle, "w3", samplers=[Sampler(1.0)], max_tokens=5, seed=1)
    assert len(run.words) == 5
    # Keras fills a text of one word up in front, and so does what was made of it.
    expected = outputs(read_blueprint(KERAS_2 / "functional.h5"), np.array([[0, 0, 0, 0, 0, 3]]))
    logits, _ = bundle.model.advance(bundle.vocabulary.encode(["w3"]), bundle.model.start(1))
    np.testing.assert_allclose(softmax(logits[:, 2:]), softmax(expected), atol=2e-6)

    with pytest.raises(BundleError, match="named mine already"):
        make_bundle(KERAS_2 / "functional.h5", PLAIN, "mine")
    make_bundle(KERAS_2 / "sequential.h5", PLAIN, "mine", replace=True)
    assert len(load_bundle("mine").card["architecture"]["layers"]) == 4
    assert sorted(path.name for path in user_folder().iterdir()) == ["mine"]


@pytest.mark.parametrize(
    "name", ["../mine", "", "/tmp/mine", "a/b", "Mine", "large", "con", "a" * 41, "x.y", "-x"]
)
def test_names_that_no_bundle_can_have(name, tmp_path):
    with pytest.raises(BundleError, match=r"no name for a bundle|released network"):
        make_bundle(KERAS_2 / "sequential.h5", PLAIN, name)
    assert not (tmp_path / "home").exists()


def test_all_that_is_wrong_is_said_at_once_and_nothing_is_written(tmp_path):
    (tmp_path / "m.keras").write_bytes(pickle.dumps({"layers": 1}))
    (tmp_path / "words.json").write_text("[1", encoding="utf-8")
    with pytest.raises(BundleError) as error:
        make_bundle(tmp_path / "m.keras", tmp_path / "words.json", "../up")
    for part in ("'../up' is no name", "m.keras: ", "pickle", "words.json: "):
        assert part in str(error.value)
    assert not (tmp_path / "home").exists()
    with pytest.raises(BundleError, match=r"no\.keras: the file is missing; .*no\.txt: the file is missing"):
        bring(tmp_path / "no.keras", tmp_path / "no.txt")


def test_a_hidden_network_is_found_by_its_whole_name_alone():
    make_bundle(KERAS_2 / "sequential.h5", PLAIN, "mine", title="Ours")
    hidden = f"mine.{'0af1' * 8}"
    (user_folder() / "mine").rename(user_folder() / hidden)
    assert hidden not in available_bundles()
    assert load_bundle(hidden).name == hidden
    assert title_of(hidden) == "Ours"
    for other in (f"mine.{'0af2' * 8}", "mine", f"../user_bundles/{hidden}"):
        with pytest.raises(BundleError):
            load_bundle(other)
        assert title_of(other) == other
