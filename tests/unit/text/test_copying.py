"""An index of 5-grams: never a miss, few false alarms, nothing taken on trust from its file."""

from __future__ import annotations

import json

import numpy as np
import pytest

from textgen.text.copying import INDEX, CopyIndex, CopyIndexError, copy_index, longest_run, ngram_hashes
from textgen.text.recipe import Recipe
from textgen.text.vocabulary import tokenize


def recipe(rng, words=60):
    return Recipe("Dish", (" ".join(f"w{i}" for i in rng.integers(0, 500, size=words)),))


@pytest.fixture(scope="module")
def recipes():
    rng = np.random.default_rng(3)
    return [recipe(rng) for _ in range(200)]


@pytest.fixture(scope="module")
def index(recipes):
    return CopyIndex.of(recipes, {"corpus": "made up"})


def test_everything_that_was_read_is_found_and_little_else(recipes, index):
    assert all(index.found(tokenize(one.text)).all() for one in recipes)
    rng = np.random.default_rng(4)
    strangers = np.concatenate([index.found(tokenize(recipe(rng).text)[4:]) for _ in range(1500)])
    rate = index.facts["false_positive_rate"]
    assert 0.0005 < rate < 0.002
    assert strangers.mean() == pytest.approx(rate, rel=0.35)


def test_an_ngram_across_two_recipes_is_not_known():
    index = CopyIndex.of([Recipe("A", ("b c d",)), Recipe("E", ("f g h",))])
    assert index.found(tokenize("b c d recipe for")).tolist() == [False]
    assert index.found(tokenize("recipe for a | b c")).tolist() == [True, True]


def test_hashes_are_the_same_on_every_machine():
    assert ngram_hashes(["in", "a", "large", "bowl", "whisk"]).tolist() == [5460345077046916251]
    assert len(ngram_hashes(["a"] * 4)) == 0
    a, b = ngram_hashes(["a", "b", "c", "d", "e"]), ngram_hashes(["a", "b", "c", "e", "d"])
    assert a != b


def test_a_file_keeps_the_index(tmp_path, index):
    index.save(tmp_path / "copies.npz")
    again = CopyIndex.load(tmp_path / "copies.npz")
    assert np.array_equal(again.keys, index.keys)
    assert (again.universe, again.facts) == (index.universe, index.facts)
    assert [path.name for path in tmp_path.iterdir()] == ["copies.npz"]


@pytest.mark.parametrize("change", ["not a zip", "cut", "format", "sizes", "bits", "nothing", "facts"])
def test_a_bad_file_is_a_sentence(tmp_path, index, change):
    path = tmp_path / "copies.npz"
    index.save(path)
    with np.load(path) as file:
        arrays = dict(file)
    facts = json.loads(arrays["facts"].tobytes())
    if change == "not a zip":
        path.write_bytes(b"PK\x03\x04 no")
    elif change == "cut":
        path.write_bytes(path.read_bytes()[:-2000])
    else:
        if change == "format":
            facts["format"] = 99
        elif change == "sizes":
            facts["keys"] = -5
        elif change == "bits":
            arrays["high"] = arrays["high"][:-9]
        elif change == "nothing":
            del arrays["low"]
        arrays["facts"] = np.frombuffer(
            b"[]" if change == "facts" else json.dumps(facts).encode(), dtype=np.uint8
        )
        with path.open("wb") as file:
            np.savez(file, **arrays)
    with pytest.raises(CopyIndexError, match=r"copies\.npz"):
        CopyIndex.load(path)


def test_a_missing_file_and_an_empty_corpus(tmp_path):
    with pytest.raises(CopyIndexError, match="missing"):
        CopyIndex.load(tmp_path / "none.npz")
    with pytest.raises(ValueError, match="nothing to index"):
        CopyIndex.of([])


@pytest.mark.parametrize(
    ("found", "words"), [([], 0), ([0, 0], 0), ([1], 5), ([1, 1, 0, 1], 6), ([0, 1, 0, 1, 1, 1], 7)]
)
def test_the_longest_run(found, words):
    assert longest_run(np.array(found, dtype=bool)) == words


def test_the_released_index_and_a_bundles_own(tmp_path, index):
    assert INDEX.stat().st_size < 4_500_000
    released = copy_index()
    assert released is not None and released.facts["false_positive_rate"] < 0.002
    assert released.facts["recipes"] == 38_324
    assert copy_index(tmp_path) is not None and len(copy_index(tmp_path).keys) == len(released.keys)
    own = tmp_path / "own"
    own.mkdir()
    index.save(own / INDEX.name)
    assert len(copy_index(own).keys) == len(index.keys)
