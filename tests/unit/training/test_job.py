"""Training: batches, resume, weights in the bundle, and the book's way beside ours."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")
import keras

from textgen.measuring.perplexity import evaluate
from textgen.network.bundle import load_bundle
from textgen.text.recipe import Recipe
from textgen.text.vocabulary import Vocabulary
from textgen.training import job as training
from textgen.training.architectures import ARCHITECTURES, build_model
from textgen.training.batches import batches, build_vocabulary, encode_recipes, hold_out
from textgen.training.card import data_sources
from textgen.training.job import Progress, train
from textgen.training.plan import Stage, learning_rate_at
from textgen.training.trainer import Trainer

DISHES = ("soup", "bread", "pie", "stew", "cake", "salad", "tea", "jam")
RECIPES = [
    Recipe(f"{dish} {n}", (f"mix the {dish} .",) * (1 + n % 3), era="modern" if n % 4 else "historic")
    for n, dish in enumerate(DISHES * 6)
]
VOCABULARY = build_vocabulary(RECIPES, size=100)
PLAN = [
    Stage("first", 2, 1e-2, 1e-3, {"modern": 2.0}, candidates=20, batch_tokens=120, output_dropout=0.2),
    Stage("last", 1, 1e-3, mix={"historic": 0.5}, batch_tokens=120, recurrent_dropout=0.2, word_dropout=0.1),
]


def small(monkeypatch: pytest.MonkeyPatch) -> None:
    def build(name: str, size: int) -> Any:
        return build_model(name, size, embedding_dim=6, units=8)

    monkeypatch.setattr(training, "build_model", build)


def test_an_epoch_holds_each_recipe_as_often_as_the_mix_says() -> None:
    encoded = encode_recipes(RECIPES, VOCABULARY)
    eras = [recipe.era for recipe in RECIPES]
    stage = Stage("s", 1, 1e-3, mix={"modern": 2.0, "historic": 0.5}, batch_tokens=100)
    epoch = batches(encoded, eras, stage, bar=-1, rng=np.random.default_rng(0))
    seen: Counter[bytes] = Counter()
    for batch in epoch:
        assert batch.inputs.size <= 100
        for row in range(batch.inputs.shape[1]):
            used = int(batch.weights[:, row].sum())
            whole = np.concatenate([batch.inputs[:1, row], batch.targets[:used, row]])
            assert whole[-1] == 0 and (whole[:-1] != 0).all()  # to the first stop token, no further
            seen[whole.tobytes()] += 1
    modern = [recipe.tobytes() for recipe, era in zip(encoded, eras, strict=True) if era == "modern"]
    assert all(seen[key] == 2 for key in modern)
    assert sum(seen.values()) == 2 * len(modern) + round(0.5 * eras.count("historic"))
    assert sum(batch.words for batch in epoch) == sum(int(batch.weights.sum()) for batch in epoch)


def test_only_the_opening_of_the_method_weighs_more() -> None:
    recipe = np.array([5, 6, 9, 7, 8, 5, 0], np.int32)  # 9 is the bar
    stage = Stage("s", 1, 1e-3, opening_weight=3.0, opening_words=2)
    batch = batches([recipe, recipe[3:]], ["", ""], stage, bar=9, rng=np.random.default_rng(0))[0]
    row = int(np.argmax(batch.weights.sum(0)))
    assert batch.weights[:, row].tolist() == [1, 1, 3, 3, 1, 1]
    assert batch.targets[2:4, row].tolist() == [7, 8]
    assert batch.weights[:, 1 - row].tolist() == [1, 1, 1, 0, 0, 0]


def test_the_learning_rate_rises_to_its_peak_and_falls_to_its_end() -> None:
    stage = Stage("s", 1, 1e-2, 1e-3, warmup_steps=10)
    rates = [learning_rate_at(stage, step, 200) for step in range(201)]
    assert int(np.argmax(rates)) in (9, 10)
    assert max(rates) == pytest.approx(1e-2)
    assert rates[0] == pytest.approx(1e-3)
    assert rates[-1] == pytest.approx(1e-3)
    assert all(a >= b for a, b in pairwise(rates[10:]))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_trainer_reads_the_network_as_keras_does(architecture: str) -> None:
    keras.utils.set_random_seed(1)
    model = build_model(architecture, len(VOCABULARY), embedding_dim=6, units=8)
    trainer = Trainer(model, VOCABULARY)
    trainer.assign(trainer.average)  # shares the word table of `large`
    encoded = encode_recipes(RECIPES[:5], VOCABULARY)
    nats = [
        -np.log(model.predict(recipe[None, :-1], verbose=0)[0][np.arange(len(recipe) - 1), recipe[1:]])
        for recipe in encoded
    ]
    assert trainer.evaluate(encoded) == pytest.approx(np.concatenate(nats).mean(), rel=1e-4)


@pytest.mark.parametrize("layer", [keras.layers.SimpleRNN, keras.layers.LayerNormalization])
def test_a_layer_that_training_does_not_know_is_named_not_left_out(layer: Any) -> None:
    model = build_model("lstm", len(VOCABULARY), embedding_dim=6, units=8)
    inputs = x = keras.Input(shape=(None,), dtype="int32")
    for known in model.layers[1:-1]:
        x = known(x)
    more = {"units": 8, "return_sequences": True} if layer is keras.layers.SimpleRNN else {}
    outputs = model.layers[-1](layer(name="novelty", **more)(x))
    with pytest.raises(ValueError, match=f"the layer 'novelty', a {layer.__name__}.*LSTM and GRU"):
        Trainer(keras.Model(inputs, outputs), VOCABULARY)


@pytest.mark.parametrize("architecture", ["lstm", "gru", "large"])
def test_training_learns_and_the_bundle_predicts_as_the_history_says(
    architecture: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small(monkeypatch)
    plan = [Stage("s", 12, 2e-2, 1e-3, batch_tokens=150, averaging=0.9)]
    out = tmp_path / "net"
    card = train(
        RECIPES, out, architecture=architecture, validation=RECIPES[:12], plan=plan, vocabulary=VOCABULARY
    )
    bundle = load_bundle(out)
    epochs = bundle.history["epochs"]
    assert [epoch["epoch"] for epoch in epochs] == list(range(1, 13))
    assert epochs[-1]["validation"]["modern"] < 0.5 * epochs[0]["validation"]["modern"]
    best = min(epoch["validation"]["modern"] for epoch in epochs)
    measured = evaluate(bundle, RECIPES[:12])
    assert measured["modern"]["perplexity"] == pytest.approx(best, rel=1e-4)
    assert card["evaluation"] == bundle.card["evaluation"]
    assert card["evaluation"]["modern"]["perplexity"] == pytest.approx(best, rel=1e-4)
    assert {entry["epoch"] for entry in bundle.history["samples"]} == set(range(13))
    for entry in bundle.history["distributions"]:
        shares = [share for _, share in entry["words"]]
        assert shares == sorted(shares, reverse=True) and 0 < sum(shares) <= 1.0001
    keras_model = keras.models.load_model(out / "model.keras")
    assert keras_model.count_params() == card["architecture"]["parameters"]
    if architecture == "large":
        kernel = keras_model.get_layer("next_word").kernel
        np.testing.assert_array_equal(np.asarray(kernel).T, keras_model.get_layer("embedding").embeddings)


def weights_of(folder: Path) -> list[np.ndarray]:
    return [np.asarray(weight) for weight in keras.models.load_model(folder / "model.keras").weights]


@pytest.mark.parametrize("as_book", [False, True])
def test_a_break_changes_nothing_but_the_time(
    as_book: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small(monkeypatch)
    options: dict[str, Any] = {
        "validation": RECIPES[:8], "plan": PLAN, "vocabulary": VOCABULARY, "seed": 3, "as_book": as_book,
        "epochs": 2 if as_book else None,
    }  # fmt: skip
    train(RECIPES, tmp_path / "whole", **options)

    class Break:
        def __init__(self, after: int) -> None:
            self.left = after

        def __call__(self, progress: Progress) -> None:
            self.left -= 1
            if self.left == 0:
                raise KeyboardInterrupt

    for after in (1, 3):  # broken twice, the second time after a resume
        with pytest.raises(KeyboardInterrupt):
            train(RECIPES, tmp_path / "broken", resume=True, on_progress=Break(after), **options)
        load_bundle(tmp_path / "broken")  # a usable bundle is there each time
    train(RECIPES, tmp_path / "broken", resume=True, **options)
    for broken, whole in zip(weights_of(tmp_path / "broken"), weights_of(tmp_path / "whole"), strict=True):
        np.testing.assert_allclose(broken, whole, atol=1e-6)
    histories = [load_bundle(tmp_path / name).history for name in ("broken", "whole")]
    for history in histories:
        for epoch in history["epochs"]:
            del epoch["seconds"]
    assert histories[0]["samples"] == histories[1]["samples"]
    for broken_epoch, whole_epoch in zip(histories[0]["epochs"], histories[1]["epochs"], strict=True):
        assert broken_epoch["words"] == whole_epoch["words"]
        assert broken_epoch["loss"] == pytest.approx(whole_epoch["loss"], rel=1e-5)


def test_as_book_is_keras_fit_on_padded_recipes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small(monkeypatch)
    train(RECIPES, tmp_path / "ours", validation=[], vocabulary=VOCABULARY, epochs=1, seed=5, as_book=True)
    keras.utils.set_random_seed(5)
    model = build_model("lstm", len(VOCABULARY), embedding_dim=6, units=8)
    model.compile(keras.optimizers.Adam(), keras.losses.SparseCategoricalCrossentropy())
    tokens = np.zeros((len(RECIPES), 201), np.int32)
    for row, recipe in enumerate(encode_recipes(RECIPES, VOCABULARY)):
        tokens[row, : len(recipe)] = recipe
    tokens = tokens[np.random.default_rng([5, 0, 0, 0]).permutation(len(tokens))]
    model.fit(tokens[:, :-1], tokens[:, 1:], batch_size=32, shuffle=False, verbose=0)
    assert getattr(keras.models.load_model(tmp_path / "ours" / "model.keras"), "optimizer", None) is None
    for ours, expected in zip(weights_of(tmp_path / "ours"), model.weights, strict=True):
        np.testing.assert_allclose(ours, expected, atol=1e-6)


def test_a_keras_callback_can_watch_and_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small(monkeypatch)

    class Stop(keras.callbacks.Callback):
        seen: list[dict[str, float]] = []  # noqa: RUF012

        def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            self.seen.append(dict(logs or {}))
            self.model.stop_training = True

    train(
        RECIPES,
        tmp_path / "net",
        validation=RECIPES[:8],
        plan=PLAN,
        vocabulary=VOCABULARY,
        callbacks=[Stop()],
    )
    assert len(Stop.seen) == 1 and {"loss", "val_perplexity_modern"} <= set(Stop.seen[0])
    assert len(load_bundle(tmp_path / "net").history["epochs"]) == 1


def test_a_checkpoint_of_another_network_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small(monkeypatch)
    options: dict[str, Any] = {"validation": [], "plan": PLAN, "vocabulary": VOCABULARY}
    train(RECIPES, tmp_path / "net", architecture="lstm", **options)
    with pytest.raises(ValueError, match="another network"):
        train(RECIPES, tmp_path / "net", architecture="gru", resume=True, **options)


def test_held_out_titles_are_not_trained_on() -> None:
    recipes = [Recipe(f"Dish {n % 400}", ("Mix.",)) for n in range(1200)]
    kept, held_out = hold_out(recipes, 0.1)
    assert 0.05 < len(held_out) / len(recipes) < 0.15
    assert not {recipe.title for recipe in kept} & {recipe.title for recipe in held_out}


def test_the_card_names_collections_not_every_page() -> None:
    sources = ["Cookbook:Pie (A)", "Cookbook:Jam", "Books #12: On Eggs", "github:me/dishes a/b.md", ""]
    recipes = [Recipe("a", ("x",), source=source, era="modern", license="L") for source in sources]
    (entry,) = data_sources(recipes)
    assert entry == {
        "name": "modern recipes", "recipes": 5, "license": "L", "source": "Cookbook, Books, github:me/dishes"
    }  # fmt: skip


def test_the_vocabulary_counts_recipes_by_the_mix() -> None:
    recipes = [Recipe("a", ("x x",), era="historic"), Recipe("a", ("y",), era="modern")]
    assert build_vocabulary(recipes, size=7).words[:2] == ("", "[UNK]")
    plain = build_vocabulary(recipes, size=100)
    weighted = build_vocabulary(recipes, {"modern": 3.0}, size=100)
    assert plain.words.index("x") < plain.words.index("y")
    assert weighted.words.index("y") < weighted.words.index("x")
    assert "x" not in build_vocabulary(recipes, {"historic": 0.0}, size=100)
    assert isinstance(plain, Vocabulary)
