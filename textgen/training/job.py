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
from textgen.network.bundle import Bundle, bundle_folder, load_bundle, save_bundle
from textgen.text.recipe import Recipe
from textgen.text.vocabulary import Vocabulary
from textgen.training.architectures import build_model
from textgen.training.batches import WordKinds, batches, build_vocabulary, encode_recipes, hold_out
from textgen.training.card import data_sources, layer_in_words, limits, stage_in_words
from textgen.training.history import PROMPTS, TEMPERATURES, observe
from textgen.training.plan import BOOK, COUNTED, TODAY, Stage, learning_rate_at, plan_for
from textgen.training.trainer import Trainer, save_arrays
from textgen.training.weights import start_from

CHECKPOINT_SECONDS = 240.0
LEAST_FALL = (
    0.005  # nats a word by which an epoch's validation loss must fall to count: half a percent of perplexity
)


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
    units: int | None = None,
    validation: Sequence[Recipe] | None = None,
    plan: Sequence[Stage] | None = None,
    epochs: int | None = None,
    vocabulary: Vocabulary | None = None,
    seed: int = 0,
    compute: str = "float32",
    as_book: bool = False,
    start: str | os.PathLike[str] | None = None,
    resume: bool = False,
    checkpoints: str | os.PathLike[str] | None = None,
    title: str | None = None,
    patience: int | None = None,
    ask_titles: bool = True,
    prompts: Sequence[str] = PROMPTS,
    temperatures: Sequence[float] = TEMPERATURES,
    callbacks: Sequence[Any] | Callable[[Vocabulary], Sequence[Any]] = (),
    on_progress: Callable[[Progress], None] | None = None,
    on_epoch: Callable[[dict[str, Any]], None] | None = None,
    on_history: Callable[[dict[str, Any]], None] | None = None,
) -> dict[str, Any]:
    """Train a network on `recipes` and write it to the folder `out` as a bundle; returns its card.

    Checkpoints lie beside the bundle in `OUT.checkpoints`, written every few minutes and after each epoch.
    With `resume` training goes on from there and ends as it would have without the break. The bundle is
    written anew after each epoch that is the best so far, so that a process that is killed leaves that one.
    On `KeyboardInterrupt` the checkpoint and a bundle of what was learned so far are written before it is
    raised again; setting `model.stop_training` in a Keras callback ends training early, without it.

    Args:
        units: how wide each recurrent layer is; the architecture's own unless given.
        validation: recipes for validation loss and for choosing the epoch that is kept; None holds 2 % of
            `recipes` back, by title.
        plan: the stages; `plan_for(architecture, ...)` unless given. `epochs` shortens or lengthens it.
        compute: "float32" or "bfloat16" matrix products; the weights are float32 in any case.
        as_book: train exactly as the book does: batches of 32 in random order, Adam, recipes padded to 200,
            loss over the padding too, 25 epochs.
        start: a bundle of the same architecture (a released name or a folder) whose weights training starts
            from, word by word where the vocabulary differs; `vocabulary` is that bundle's unless given. Its
            history stands before the new epochs, and the card names both trainings.
        checkpoints: another folder for the checkpoints.
        title: what people are to call the network, on its card; unless given, it has the folder's name.
        patience: training ends after so many epochs in a row in which the validation loss has hardly fallen.
        ask_titles: whether the card is to say what titles tell, which takes a minute at the end.
        prompts, temperatures: what the history shows of every epoch.
        on_history: hears of the history, as the bundle keeps it, before the first epoch and after each.
        callbacks: Keras callbacks, or a function that makes them from the vocabulary; the model holds the
            averaged weights when an epoch's end is announced to them.

    Raises:
        ValueError: nothing to train on, an unknown architecture, a checkpoint or `start` of another network.
        BundleError: there is no usable bundle at `start`.
        FloatingPointError: the loss is no longer a finite number; checkpoint and bundle stay as they were.
    """
    out = Path(out)
    training, held_out = (recipes, validation) if validation is not None else hold_out(recipes)
    if not training:
        raise ValueError("there is no recipe to train on")
    eras = sorted({recipe.era for recipe in training})
    if as_book:
        plan = [BOOK if epochs is None else replace(BOOK, epochs=epochs)]
    stages = list(plan or plan_for(architecture, eras, epochs))
    earlier = load_bundle(start) if start is not None else None
    folder = Path(checkpoints or out.with_name(out.name + ".checkpoints"))
    folder.mkdir(parents=True, exist_ok=True)
    if resume and (folder / "vocabulary.json").exists():
        vocabulary = Vocabulary.from_json((folder / "vocabulary.json").read_text("utf-8"))
    if vocabulary is None:
        vocabulary = earlier.vocabulary if earlier else build_vocabulary(training, COUNTED)
    (folder / "vocabulary.json").write_text(vocabulary.to_json(), "utf-8")
    keras.utils.set_random_seed(seed)
    model = build_model(architecture, len(vocabulary), units=units)
    model.stop_training = False  # a callback may set it, as in fit
    if earlier is not None and start is not None:
        start_from(model, vocabulary, earlier.vocabulary, bundle_folder(start) / "model.keras")
    job = _Job(Trainer(model, vocabulary, seed, compute, as_book), stages, training, held_out, folder, out)
    job.title, job.patience, job.observed = title, patience, (prompts, temperatures)
    job.ask_titles = ask_titles
    if earlier is not None:
        job.continue_from(earlier)
    if resume:
        job.resume()
    listeners = callbacks(vocabulary) if callable(callbacks) else callbacks
    job.listeners = keras.callbacks.CallbackList(list(listeners), model=model)
    job.on_progress, job.on_epoch = on_progress or (lambda _: None), on_epoch or (lambda _: None)
    job.on_history = on_history or (lambda _: None)
    try:
        job.run()
    except FloatingPointError:  # what is on disk is sound, what is in memory is not
        raise
    except BaseException:
        job.checkpoint()
        job.write_bundle()
        raise
    job.checkpoint()
    return job.write_bundle()


class _Job:
    """One training on its way: a trainer, its place in the plan, and what is recorded for the history."""

    def __init__(
        self,
        trainer: Trainer,
        stages: Sequence[Stage],
        recipes: Sequence[Recipe],
        held_out: Sequence[Recipe],
        folder: Path,
        out: Path,
    ) -> None:
        self.trainer, self.stages, self.folder, self.out = trainer, stages, folder, out
        self.kinds = WordKinds.of(trainer.vocabulary)
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
            "stale": 0,  # epochs in a row in which the validation loss has hardly fallen
            "plan": [stage.name for stage in stages],
            "history": {"epochs": [], "samples": [], "distributions": []},
            "before": {},  # what the card says of the training of the network that this one started from
        }
        self.saved = time.monotonic()
        self.listeners: Any = None
        self.on_progress: Callable[[Progress], None] = lambda _: None
        self.on_epoch: Callable[[dict[str, Any]], None] = lambda _: None
        self.on_history: Callable[[dict[str, Any]], None] = lambda _: None
        self.title: str | None = None
        self.patience: int | None = None
        self.ask_titles = True
        self.observed: tuple[Sequence[str], Sequence[float]] = (PROMPTS, TEMPERATURES)

    def _by_era(self, recipes: Sequence[Recipe]) -> dict[str, list[NDArray[np.int32]]]:
        return {
            era: encode_recipes([r for r in recipes if r.era == era], self.trainer.vocabulary)
            for era in sorted({recipe.era for recipe in recipes})
        }

    def continue_from(self, bundle: Bundle) -> None:
        """Put the history of the bundle whose weights training starts from before that of this training."""
        self.state["before"] = bundle.card.get("training", {})
        for kind, entries in self.state["history"].items():
            entries += bundle.history.get(kind, [])

    @property
    def file(self) -> Path:
        return self.folder / "checkpoint.npz"

    def resume(self) -> None:
        if self.file.exists():
            self.state |= self.trainer.load(self.file)

    def checkpoint(self) -> None:
        self.trainer.save(self.file, self.state)
        self.saved = time.monotonic()

    def run(self) -> None:
        """Go on from `state` to the end of the plan."""
        state, model = self.state, self.trainer.model
        if not state["history"]["epochs"] and not state["batch"]:
            self._observe(0)
            self.on_history(state["history"])
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
        epoch = batches(self.encoded, self.eras, stage, bar, rng, self.kinds)
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
            better = self._keep_best(nats)
            logs = {
                "loss": record["loss"],
                **{f"val_perplexity_{e}": v for e, v in record["validation"].items()},
            }
            self.listeners.on_epoch_end(number - 1, logs)
        state["history"]["epochs"].append(record)
        state |= {"epoch": state["epoch"] + 1, "batch": 0, "loss": 0.0, "words": 0, "seconds": 0.0}
        self.checkpoint()
        if better:
            self.write_bundle(evaluated=False)
        self.on_epoch(record)
        self.on_history(state["history"])
        if self.patience is not None and state["stale"] >= self.patience:
            trainer.model.stop_training = True

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
                number - 1 - state["epoch"] + sum(stage.epochs for stage in self.stages[state["stage"] :]),
                state["batch"],
                batches_an_epoch,
                state["loss"] / state["words"],
                speed,
                left * words_an_epoch / speed,
            )
        )

    def _observe(self, number: int) -> None:
        """Record what the model writes with its present weights; a break during it records nothing."""
        seen = observe(self.trainer.model, self.trainer.vocabulary, number, *self.observed)
        for kind, entries in seen.items():
            self.state["history"][kind] += entries

    def _keep_best(self, nats: Mapping[str, float]) -> bool:
        """Keep the present weights if they predict today's recipes (or all, if none is) best so far."""
        if not nats:
            return False
        today = [nats[era] for era in TODAY if era in nats] or list(nats.values())
        value = sum(today) / len(today)
        best = math.inf if self.state["best"] is None else self.state["best"]
        self.state["stale"] = 0 if value < best - LEAST_FALL else self.state["stale"] + 1
        if value < best:
            self.state["best"] = value
            save_arrays(self.folder / "best.npz", {str(i): v for i, v in enumerate(self._weights())})
        return value < best

    def _weights(self) -> list[NDArray[np.float32]]:
        return [np.asarray(v) for v in self.trainer.variables]

    def write_bundle(self, evaluated: bool = True) -> dict[str, Any]:
        """Write the best epoch's weights, or the present average where none was validated, as a bundle."""
        out, trainer, history = self.out, self.trainer, self.state["history"]
        with trainer.averaged():
            if self.state["best"] is not None:
                with np.load(self.folder / "best.npz", allow_pickle=False) as best:
                    trainer.assign([best[str(i)] for i in range(len(trainer.variables))])
            card = self._card()
            # The same layers, without the optimizer that a compiled model would take along.
            model = keras.Model(trainer.model.inputs, trainer.model.outputs, name=trainer.model.name)
            save_bundle(out, model, trainer.vocabulary, card, history)
            if self.held_out and evaluated:
                bundle = load_bundle(out)
                card["evaluation"] = evaluate(bundle, self.held_out)
                # It takes a minute: not after a break.
                if self.ask_titles and self.state["stage"] == len(self.stages):
                    information = title_information_by_era(bundle, self.held_out)
                    card["title_information"] = {era: asdict(value) for era, value in information.items()}
                save_bundle(out, model, trainer.vocabulary, card, history)
        return card

    def _card(self) -> dict[str, Any]:
        trainer, epochs = self.trainer, self.state["history"]["epochs"]
        model = trainer.model
        licences = sorted({recipe.license for recipe in self.recipes if recipe.license})
        plan = "; then ".join(stage_in_words(stage) for stage in self.stages)
        seed: int | str = trainer.seed
        products = trainer.compute.name
        if before := self.state["before"]:
            plan = f"{before.get('method', 'unknown')}; then, going on from those weights, {plan}"
            seed = f"{before.get('seed', 'unknown')}, then {seed}"
            products = ", then ".join(dict.fromkeys((before.get("matrix_products", "unknown"), products)))
        return {
            "name": self.title or self.out.name,
            **({"title": self.title} if self.title else {}),
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
                # An epoch that is a mean of networks read no words.
                "words": sum(epoch.get("words", 0) for epoch in epochs),
                "seconds": round(sum(epoch.get("seconds", 0) for epoch in epochs)),
                "seed": seed,
                "matrix_products": products,
            },
            "evaluation": {},
            "limits": limits(self.recipes),
            "license": ", ".join(licences) or "that of the training data",
        }
