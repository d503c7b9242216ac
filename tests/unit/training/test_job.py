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
from textgen.training.batches import WordKinds, batches, build_vocabulary, encode_recipes, hold_out
from textgen.training.card import data_sources, stage_in_words
from textgen.training.job import Progress, train
from textgen.training.plan import Stage, learning_rate_at
from textgen.training.trainer import Trainer
from textgen.training.weights import average

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
    def build(name: str, size: int, units: int | None = None) -> Any:
        return build_model(name, size, embedding_dim=6, units=units or 8)

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


@pytest.mark.parametrize("as_book", [False, pytest.param(True, marks=pytest.mark.long)])
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


def test_words_of_the_title_weigh_more_in_the_method_in_any_number() -> None:
    recipe = Recipe("Tomato salad", ("Slice the tomatoes, then the egg.", "Salad of tomatoes is salad."))
    vocabulary = build_vocabulary([recipe], size=100)
    (encoded,) = encode_recipes([recipe], vocabulary)
    stage = Stage("s", 1, 1e-3, title_weight=3.0)
    bar = vocabulary.encode(["|"])[0]
    kinds = WordKinds.of(vocabulary)
    (batch,) = batches([encoded], [""], stage, bar, np.random.default_rng(0), kinds)
    heavy = [vocabulary.words[i] for i in batch.targets[batch.weights[:, 0] == 3.0, 0]]
    assert heavy == ["tomatoes", "salad", "tomatoes", "salad"]  # not the title itself
    assert set(batch.weights[:, 0].tolist()) == {1.0, 3.0}


def test_what_a_list_has_named_is_not_to_come_again_unless_it_does() -> None:
    recipe = Recipe("pie", ("Add salt, the egg and salt or milk.", "Stir and serve."))
    vocabulary = build_vocabulary([recipe, Recipe("sugar", ("sugar",))], size=100)
    pair = encode_recipes([recipe, Recipe("sugar", ("sugar",))], vocabulary)
    stage = Stage("s", 1, 1e-3, unlikelihood=1.0, batch_tokens=1000)
    bar = vocabulary.encode(["|"])[0]
    kinds = WordKinds.of(vocabulary)
    (batch,) = batches(pair, ["", ""], stage, bar, np.random.default_rng(0), kinds)
    inputs, targets = batch.inputs.reshape(-1), batch.targets.reshape(-1)
    words = vocabulary.words
    found = [(words[inputs[at]], words[targets[at]], words[word]) for at, word in batch.repeats]
    assert found == [
        (",", "the", "add"), (",", "the", "salt"),
        ("and", "salt", "add"), ("and", "salt", "egg"),  # salt does come again
        ("or", "milk", "add"), ("or", "milk", "salt"), ("or", "milk", "egg"),
        ("and", "serve", "stir"),  # a new sentence, a new list
    ]  # fmt: skip


def test_the_mean_of_networks_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small(monkeypatch)
    options: dict[str, Any] = {"validation": RECIPES[:12], "plan": PLAN[:1], "vocabulary": VOCABULARY}
    for seed in (1, 2):
        train(RECIPES, tmp_path / str(seed), seed=seed, **options)
    card = average([tmp_path / "1", tmp_path / "2"], tmp_path / "mean", validation=RECIPES[:12])
    weights = [weights_of(tmp_path / name) for name in ("1", "2", "mean")]
    for one, two, mean in zip(*weights, strict=True):
        np.testing.assert_allclose(mean, (one + two) / 2, atol=1e-6)
    bundle = load_bundle(tmp_path / "mean")
    last = bundle.history["epochs"][-1]
    assert last["epoch"] == 3 and last["stage"] == "mean of 2"
    assert last["validation"]["modern"] == evaluate(bundle, RECIPES[:12])["modern"]["perplexity"]
    assert {entry["epoch"] for entry in bundle.history["samples"]} == {0, 1, 2, 3}
    assert card["training"]["seed"] == "1, 2" and bundle.card["evaluation"] == card["evaluation"]
    again = train(
        RECIPES, tmp_path / "on", start=tmp_path / "mean", **options
    )  # a mean can be trained further
    assert again["training"]["epochs"] == 5 and again["training"]["seed"] == "1, 2, then 0"
    with pytest.raises(ValueError, match="two networks or more"):
        average([tmp_path / "1"], tmp_path / "alone")
    options["vocabulary"] = Vocabulary([*VOCABULARY.words[:-1], "broth"])
    train(RECIPES, tmp_path / "stranger", **options)
    with pytest.raises(ValueError, match="not the same kind"):
        average([tmp_path / "1", tmp_path / "stranger"], tmp_path / "none")


@pytest.mark.parametrize("architecture", ["gru", pytest.param("large", marks=pytest.mark.long)])
def test_training_starts_from_the_weights_of_a_bundle_word_by_word(
    architecture: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small(monkeypatch)
    options: dict[str, Any] = {"architecture": architecture, "validation": RECIPES[:12]}
    learning = [Stage("first", 4, 2e-2, 1e-3, batch_tokens=150, averaging=0.9)]
    train(RECIPES, tmp_path / "first", plan=learning, vocabulary=VOCABULARY, seed=3, **options)
    still = [Stage("again", 1, 0.0, batch_tokens=150)]  # learns nothing, so what was copied is all there is
    known = load_bundle(tmp_path / "first")

    card = train(RECIPES, tmp_path / "same", plan=still, seed=4, start=tmp_path / "first", **options)
    bundle = load_bundle(tmp_path / "same")
    assert bundle.vocabulary.words == VOCABULARY.words
    for same, first in zip(weights_of(tmp_path / "same"), weights_of(tmp_path / "first"), strict=True):
        np.testing.assert_allclose(same, first, atol=1e-7)
    assert [epoch["epoch"] for epoch in bundle.history["epochs"]] == [1, 2, 3, 4, 5]
    assert bundle.history["epochs"][:4] == known.history["epochs"]
    assert {entry["epoch"] for entry in bundle.history["samples"]} == set(range(6))
    assert card["training"]["epochs"] == 5
    for stage in (*learning, *still):
        assert stage_in_words(stage) in card["training"]["method"]

    # Another order of words, one word less, and a new one.
    words = [*VOCABULARY.words[:2], "broth", *VOCABULARY.words[-2:1:-1]]
    options |= {"start": tmp_path / "first", "vocabulary": Vocabulary(words)}
    train(RECIPES, tmp_path / "other", plan=still, **options)
    other = load_bundle(tmp_path / "other")
    probs = []
    for b in (known, other):
        state = b.model.start(1)
        for token in b.vocabulary.encode(["recipe", "for", DISHES[0]]):
            hidden, state = b.model.step([token], state)
        logits = b.model.logits(hidden)[0].astype(float)
        probs.append(dict(zip(b.vocabulary.words, np.exp(logits - logits.max()), strict=True)))
    scale = probs[1]["recipe"] / probs[0]["recipe"]
    for word in VOCABULARY.words[2:-1]:
        assert probs[1][word] == pytest.approx(scale * probs[0][word], rel=1e-3)
    assert probs[1]["broth"] == pytest.approx(scale * probs[0]["[UNK]"] / 2, rel=1e-3)
    assert probs[1]["[UNK]"] == pytest.approx(scale * probs[0]["[UNK]"] / 2, rel=1e-3)


def test_a_break_does_not_forget_where_training_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small(monkeypatch)
    options: dict[str, Any] = {"validation": [], "plan": PLAN[:1], "vocabulary": VOCABULARY}
    first = train(RECIPES, tmp_path / "first", seed=3, **options)

    def interrupt(progress: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(RECIPES, tmp_path / "net", seed=4, start=tmp_path / "first", on_progress=interrupt, **options)
    card = train(RECIPES, tmp_path / "net", seed=4, resume=True, **options)
    assert card["training"]["method"].startswith(first["training"]["method"] + "; then, going on")
    assert card["training"]["seed"] == "3, then 4" and card["training"]["epochs"] == 4


@pytest.mark.parametrize("candidates", [0, 40])
def test_the_more_repeats_weigh_the_less_likely_they_become(candidates: int) -> None:
    recipe = Recipe("pie", ("add salt and milk and salt and egg .",))
    vocabulary = build_vocabulary([*RECIPES, recipe], size=100)
    known = Stage("s", 1, 1e-2, unlikelihood=1.0)
    bar, kinds = vocabulary.encode(["|"])[0], WordKinds.of(vocabulary)
    encoded = encode_recipes([recipe], vocabulary)
    (batch,) = batches(encoded, [""], known, bar, np.random.default_rng(0), kinds)
    assert len(batch.repeats) > 0

    def repeated(weight: float) -> float:
        keras.utils.set_random_seed(1)
        trainer = Trainer(build_model("lstm", len(vocabulary), embedding_dim=6, units=8), vocabulary)
        stage = Stage("s", 1, 1e-2, candidates=candidates, unlikelihood=weight)
        for _ in range(60):
            loss = trainer.fit_batch(batch, stage, 1e-2)
        assert np.isfinite(loss)
        probs = trainer.model.predict(batch.inputs.T, verbose=0)[0]
        return float(probs[batch.repeats[:, 0], batch.repeats[:, 1]].sum())

    assert repeated(4.0) < repeated(1.0) < repeated(0.0)


def test_the_epoch_that_is_kept_is_the_best_for_the_recipes_of_today(tmp_path: Path) -> None:
    model = build_model("lstm", len(VOCABULARY), embedding_dim=6, units=8)
    job = training._Job(Trainer(model, VOCABULARY), PLAN, RECIPES, [], tmp_path, tmp_path / "net")

    def kept(**nats: float) -> bool:
        (tmp_path / "best.npz").unlink(missing_ok=True)
        job._keep_best(nats)
        return (tmp_path / "best.npz").exists()

    assert kept(modern=3.0, home=5.0, historic=4.0)
    assert not kept(modern=2.0, home=6.5, historic=1.0)
    assert kept(modern=3.5, home=4.0, historic=9.0)
    job.state["best"] = None
    assert kept(historic=3.0, synthetic=5.0) and not kept(historic=2.0, synthetic=6.5)  # none is of today


def test_training_starts_from_no_other_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small(monkeypatch)
    options: dict[str, Any] = {"validation": [], "plan": [Stage("s", 1, 1e-3)], "vocabulary": VOCABULARY}
    train(RECIPES[:8], tmp_path / "net", architecture="lstm", **options)
    with pytest.raises(ValueError, match="not a gru network"):
        train(RECIPES, tmp_path / "other", architecture="gru", start=tmp_path / "net", **options)
    monkeypatch.setattr(training, "build_model", lambda name, size, units=None: build_model(name, size, 6, 9))
    with pytest.raises(ValueError, match="another size"):
        train(RECIPES, tmp_path / "wider", architecture="lstm", start=tmp_path / "net", **options)
    assert not (tmp_path / "other").exists() and not (tmp_path / "wider").exists()


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
    sources = [
        "Cookbook:Pie (A)",
        "Cookbook:Jam",
        "Books #12: On Eggs",
        "github:me/dishes a/b.md",
        "Wiki",
        "",
    ]
    recipes = [Recipe("a", ("x",), source=source, era="modern", license="L") for source in sources]
    (entry,) = data_sources(recipes)
    assert entry == {
        "name": "modern recipes", "recipes": 6, "license": "L",
        "source": "Cookbook, Books, github:me/dishes, Wiki",
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


def test_training_ends_when_the_validation_loss_falls_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small(monkeypatch)
    nats = [0, 3.0, 2.0, 2.5, 2.1, 1.0]  # by epoch, each a batch
    monkeypatch.setattr(Trainer, "evaluate", lambda self, recipes: nats[self.steps])
    heard: list[int] = []
    card = train(
        RECIPES, tmp_path / "net", validation=RECIPES[:4], plan=[Stage("s", 9, 1e-2)], vocabulary=VOCABULARY,
        patience=2, units=5, title="Mine", prompts=["recipe for pie |"], temperatures=(0.5, 1.0),
        on_history=lambda history: heard.append(len(history["epochs"])),
    )  # fmt: skip
    assert heard == [0, 1, 2, 3, 4]
    bundle = load_bundle(tmp_path / "net")
    assert card["training"]["epochs"] == len(bundle.history["epochs"]) == 4
    assert (card["name"], card["title"], card["architecture"]["units"]) == ("Mine", "Mine", 5)
    assert {entry["temperature"] for entry in bundle.history["samples"]} == {0.5, 1.0}
    assert {entry["prompt"] for entry in bundle.history["samples"]} == {"recipe for pie |"}


def test_broken_numbers_and_a_full_disk_leave_the_last_good_epoch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small(monkeypatch)
    out, plan = tmp_path / "net", [Stage("s", 4, 1e-2, batch_tokens=10_000)]
    fit, kept = Trainer.fit_batch, {}

    def broken(self: Trainer, *args: Any) -> float:
        loss = fit(self, *args)
        if self.steps == 3:
            kept.update({path.name: path.read_bytes() for path in out.iterdir()})
            kept["checkpoint"] = (tmp_path / "net.checkpoints" / "checkpoint.npz").read_bytes()
            for variable in self.variables:
                variable.assign(variable * np.nan)
            return float("nan")
        return loss

    monkeypatch.setattr(Trainer, "fit_batch", broken)
    options: Any = {"validation": RECIPES[:4], "plan": plan, "vocabulary": VOCABULARY}
    with pytest.raises(FloatingPointError, match="epoch 3"):
        train(RECIPES, out, **options)
    checkpoint = (tmp_path / "net.checkpoints" / "checkpoint.npz").read_bytes()
    assert kept.pop("checkpoint") == checkpoint
    assert kept == {path.name: path.read_bytes() for path in out.iterdir()} and "model.keras" in kept
    load_bundle(out)

    def full(path: Path, arrays: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Trainer, "fit_batch", fit)
    monkeypatch.setattr("textgen.training.trainer.save_arrays", full)
    with pytest.raises(OSError, match="No space"):
        train(RECIPES, out, resume=True, **options)
    assert (tmp_path / "net.checkpoints" / "checkpoint.npz").read_bytes() == checkpoint
    load_bundle(out)


def test_where_texts_have_no_titles_they_are_held_out_by_their_words() -> None:
    lines = [Recipe("", (f"line {n} of a book",)) for n in range(200)]
    training, held_out = hold_out([*lines, *lines], 0.1)
    assert 10 < len(held_out) < 90 and not {r.text for r in training} & {r.text for r in held_out}
