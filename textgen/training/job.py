"""Training a recipe network: batches by length, a loss without padding, checkpoints, resume.

The published architectures stay as they are; what differs from the book's `fit` is how they are trained. A
plan is a list of stages, each with its own mix of recipes, learning rate and dropout: the default plan learns
cookery from every recipe there is and ends on modern ones. `as_book` trains exactly as the book does instead.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from textgen.measuring.perplexity import evaluate
from textgen.measuring.title_information import title_information_by_era
from textgen.network.bundle import load_bundle, save_bundle
from textgen.text.recipe import Recipe
from textgen.text.vocabulary import Vocabulary
from textgen.training.architectures import build_model
from textgen.training.batches import batches, build_vocabulary, encode_recipes, hold_out
from textgen.training.card import data_sources, layer_in_words, limits, stage_in_words
from textgen.training.history import observe
from textgen.training.plan import BOOK, COUNTED, Stage, learning_rate_at, plan_for
from textgen.training.trainer import Trainer, save_arrays

CHECKPOINT_SECONDS = 240.0


@dataclass(frozen=True)
class Progress:
    """Where training stands after a batch."""

    stage: str
    epoch: int  # from 1, over all stages
    epochs: int
    batch: int  # of this epoch, from 1
    batches: int
    loss: float  # mean of this epoch so far, nats a word
    words_per_second: float
    seconds_left: float  # of the whole training, at this speed


def train(
    recipes: Sequence[Recipe],
    out: str | os.PathLike[str],
    *,
    architecture: str = "lstm",
    validation: Sequence[Recipe] | None = None,
    plan: Sequence[Stage] | None = None,
    epochs: int | None = None,
    vocabulary: Vocabulary | None = None,
    seed: int = 0,
    compute: str = "float32",
    as_book: bool = False,
    resume: bool = False,
    callbacks: Sequence[Any] | Callable[[Vocabulary], Sequence[Any]] = (),
    on_progress: Callable[[Progress], None] | None = None,
    on_epoch: Callable[[dict[str, Any]], None] | None = None,
) -> dict[str, Any]:
    """Train a network on `recipes` and write it to the folder `out` as a bundle; returns its card.

    Checkpoints lie beside the bundle in `OUT.checkpoints`, written every few minutes and after each epoch.
    With `resume` training goes on from there and ends as it would have without the break. On
    `KeyboardInterrupt` the checkpoint and a bundle of what was learned so far are written before it is raised
    again; setting `model.stop_training` in a Keras callback ends training early, without the exception.

    Args:
        validation: recipes for validation loss and for choosing the epoch that is kept; None holds 2 % of
            `recipes` back, by title.
        plan: the stages; `plan_for(architecture, ...)` unless given. `epochs` shortens or lengthens it.
        compute: "float32" or "bfloat16" matrix products; the weights are float32 in any case.
        as_book: train exactly as the book does: batches of 32 in random order, Adam, recipes padded to 200,
            loss over the padding too, 25 epochs.
        callbacks: Keras callbacks, or a function that makes them from the vocabulary; the model holds the
            averaged weights when an epoch's end is announced to them.

    Raises:
        ValueError: nothing to train on, an unknown architecture, or a checkpoint of another network.
        FloatingPointError: the loss is no longer a finite number.
    """
    out = Path(out)
    training, held_out = (recipes, validation) if validation is not None else hold_out(recipes)
    if not training:
        raise ValueError("there is no recipe to train on")
    eras = sorted({recipe.era for recipe in training})
    if as_book:
        plan = [BOOK if epochs is None else replace(BOOK, epochs=epochs)]
    stages = list(plan or plan_for(architecture, eras, epochs))
    folder = out.with_name(out.name + ".checkpoints")
    folder.mkdir(parents=True, exist_ok=True)
    if resume and (folder / "vocabulary.json").exists():
        vocabulary = Vocabulary.from_json((folder / "vocabulary.json").read_text("utf-8"))
    vocabulary = vocabulary or build_vocabulary(training, COUNTED)
    (folder / "vocabulary.json").write_text(vocabulary.to_json(), "utf-8")
    keras.utils.set_random_seed(seed)
    model = build_model(architecture, len(vocabulary))
    model.stop_training = False  # a callback may set it, as in fit
    job = _Job(Trainer(model, vocabulary, seed, compute, as_book), stages, training, held_out, folder)
    if resume:
        job.resume()
    listeners = callbacks(vocabulary) if callable(callbacks) else callbacks
    job.listeners = keras.callbacks.CallbackList(list(listeners), model=model)
    job.on_progress, job.on_epoch = on_progress or (lambda _: None), on_epoch or (lambda _: None)
    try:
        job.run()
    finally:
        job.checkpoint()
        card = job.write_bundle(out)
    return card


class _Job:
    """One training on its way: a trainer, its place in the plan, and what is recorded for the history."""

    def __init__(
        self,
        trainer: Trainer,
        stages: Sequence[Stage],
        recipes: Sequence[Recipe],
        held_out: Sequence[Recipe],
        folder: Path,
    ) -> None:
        self.trainer, self.stages, self.folder = trainer, stages, folder
        self.recipes, self.held_out = recipes, held_out
        self.encoded = encode_recipes(recipes, trainer.vocabulary)
        self.eras = [recipe.era for recipe in recipes]
        self.validation = self._by_era(held_out)
        # As many recipes that are trained on, to show what is learned by heart.
        rng = np.random.default_rng([trainer.seed, 2])
        sample = rng.permutation(len(recipes))[: 10 * max(100, len(held_out))]
        self.known = {era: own[:100] for era, own in self._by_era([recipes[i] for i in sample]).items()}
        self.state: dict[str, Any] = {
            "stage": 0,
            "epoch": 0,
            "batch": 0,
            "loss": 0.0,
            "words": 0,
            "seconds": 0.0,
            "best": None,
            "plan": [stage.name for stage in stages],
            "history": {"epochs": [], "samples": [], "distributions": []},
        }
        self.saved = time.monotonic()
        self.listeners: Any = None
        self.on_progress: Callable[[Progress], None] = lambda _: None
        self.on_epoch: Callable[[dict[str, Any]], None] = lambda _: None

    def _by_era(self, recipes: Sequence[Recipe]) -> dict[str, list[NDArray[np.int32]]]:
        return {
            era: encode_recipes([r for r in recipes if r.era == era], self.trainer.vocabulary)
            for era in sorted({recipe.era for recipe in recipes})
        }

    @property
    def file(self) -> Path:
        return self.folder / "checkpoint.npz"

    def resume(self) -> None:
        if self.file.exists():
            self.state = self.trainer.load(self.file)

    def checkpoint(self) -> None:
        self.trainer.save(self.file, self.state)
        self.saved = time.monotonic()

    def run(self) -> None:
        """Go on from `state` to the end of the plan."""
        state, model = self.state, self.trainer.model
        if not state["history"]["epochs"] and not state["batch"]:
            self._observe(0)
        self.listeners.on_train_begin()
        while state["stage"] < len(self.stages) and not model.stop_training:
            stage = self.stages[state["stage"]]
            while state["epoch"] < stage.epochs and not model.stop_training:
                self._epoch(stage)
            if state["epoch"] >= stage.epochs:
                state |= {"stage": state["stage"] + 1, "epoch": 0}
                self.checkpoint()
        self.listeners.on_train_end()

    def _epoch(self, stage: Stage) -> None:
        state, trainer = self.state, self.trainer
        number = len(state["history"]["epochs"]) + 1
        self.listeners.on_epoch_begin(number - 1)
        rng = np.random.default_rng([trainer.seed, 0, state["stage"], state["epoch"]])
        bar = trainer.vocabulary.encode(["|"])[0]
        epoch = batches(self.encoded, self.eras, stage, bar, rng)
        for k in range(state["batch"], len(epoch)):
            started = time.monotonic()
            rate = learning_rate_at(stage, state["epoch"] * len(epoch) + k, stage.epochs * len(epoch))
            loss = trainer.fit_batch(epoch[k], stage, rate)
            if not math.isfinite(loss):
                raise FloatingPointError(
                    f"the loss is {loss} in epoch {number}, batch {k + 1}: try a lower learning rate"
                )
            state["loss"] += loss * epoch[k].words
            state["words"] += epoch[k].words
            state["seconds"] += time.monotonic() - started
            state["batch"] = k + 1
            self._report(stage, number, len(epoch))
            if time.monotonic() - self.saved > CHECKPOINT_SECONDS:
                self.checkpoint()
        record = {
            "epoch": number,
            "stage": stage.name,
            "loss": state["loss"] / max(1, state["words"]),
            "words": state["words"],
            "seconds": round(state["seconds"], 1),
        }
        with trainer.averaged():
            nats = {era: trainer.evaluate(held) for era, held in self.validation.items()}
            known = {era: trainer.evaluate(own) for era, own in self.known.items()}
            record["validation"] = {era: math.exp(value) for era, value in nats.items()}
            record["training"] = {era: math.exp(value) for era, value in known.items()}
            self._observe(number)
            self._keep_best(nats)
            logs = {
                "loss": record["loss"],
                **{f"val_perplexity_{e}": v for e, v in record["validation"].items()},
            }
            self.listeners.on_epoch_end(number - 1, logs)
        state["history"]["epochs"].append(record)
        state |= {"epoch": state["epoch"] + 1, "batch": 0, "loss": 0.0, "words": 0, "seconds": 0.0}
        self.checkpoint()
        self.on_epoch(record)

    def _report(self, stage: Stage, number: int, batches_an_epoch: int) -> None:
        state = self.state
        speed = state["words"] / max(state["seconds"], 1e-9)
        left = stage.epochs - state["epoch"] - state["batch"] / batches_an_epoch
        left += sum(later.epochs for later in self.stages[state["stage"] + 1 :])
        words_an_epoch = state["words"] / state["batch"] * batches_an_epoch
        self.on_progress(
            Progress(
                stage.name,
                number,
                sum(stage.epochs for stage in self.stages),
                state["batch"],
                batches_an_epoch,
                state["loss"] / state["words"],
                speed,
                left * words_an_epoch / speed,
            )
        )

    def _observe(self, number: int) -> None:
        """Record what the model writes with its present weights; a break during it records nothing."""
        seen = observe(self.trainer.model, self.trainer.vocabulary, number)
        for kind, entries in seen.items():
            self.state["history"][kind] += entries

    def _keep_best(self, nats: Mapping[str, float]) -> None:
        """Keep the present weights if they predict modern recipes (or all, if none is modern) best so far."""
        if not nats:
            return
        value = nats.get("modern", sum(nats.values()) / len(nats))
        if self.state["best"] is None or value < self.state["best"]:
            self.state["best"] = value
            save_arrays(self.folder / "best.npz", {str(i): v for i, v in enumerate(self._weights())})

    def _weights(self) -> list[NDArray[np.float32]]:
        return [np.asarray(v) for v in self.trainer.variables]

    def write_bundle(self, out: Path) -> dict[str, Any]:
        """Write the best epoch's weights, or the present average where none was validated, as a bundle."""
        trainer, history = self.trainer, self.state["history"]
        with trainer.averaged():
            if self.state["best"] is not None:
                with np.load(self.folder / "best.npz", allow_pickle=False) as best:
                    trainer.assign([best[str(i)] for i in range(len(trainer.variables))])
            card = self._card(out.name)
            # The same layers, without the optimizer that a compiled model would take along.
            model = keras.Model(trainer.model.inputs, trainer.model.outputs, name=trainer.model.name)
            save_bundle(out, model, trainer.vocabulary, card, history)
            if self.held_out:
                bundle = load_bundle(out)
                card["evaluation"] = evaluate(bundle, self.held_out)
                if self.state["stage"] == len(self.stages):  # it takes a minute: not after a break
                    information = title_information_by_era(bundle, self.held_out)
                    card["title_information"] = {era: asdict(value) for era, value in information.items()}
                save_bundle(out, model, trainer.vocabulary, card, history)
        return card

    def _card(self, name: str) -> dict[str, Any]:
        trainer, epochs = self.trainer, self.state["history"]["epochs"]
        model = trainer.model
        licences = sorted({recipe.license for recipe in self.recipes if recipe.license})
        plan = "; then ".join(stage_in_words(stage) for stage in self.stages)
        return {
            "name": name,
            "architecture": {
                "name": model.name,
                "embedding_dim": int(trainer.embedding.output_dim),
                "units": int(trainer.recurrent[0].units),
                "layers": [layer_in_words(layer) for layer in model.layers[1:]],
                "parameters": int(model.count_params()),
            },
            "vocabulary_size": len(trainer.vocabulary),
            "data": data_sources(self.recipes),
            "training": {
                "method": plan,
                "epochs": len(epochs),
                "words": sum(epoch["words"] for epoch in epochs),
                "seconds": round(sum(epoch["seconds"] for epoch in epochs)),
                "seed": trainer.seed,
                "matrix_products": trainer.compute.name,
            },
            "evaluation": {},
            "limits": limits(self.recipes),
            "license": ", ".join(licences) or "that of the training data",
        }
