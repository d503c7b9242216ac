"""Training a recipe network: batches by length, a loss without padding, checkpoints, resume.

The published architectures stay as they are; what differs from the book's `fit` is how they are trained. A
plan is a list of stages, each with its own mix of recipes, learning rate and dropout: the default plan learns
cookery from every recipe there is and ends on modern ones. `as_book` trains exactly as the book does instead.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import os
import re
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from textgen.measuring.first_verbs import title_information_by_era
from textgen.measuring.perplexity import evaluate
from textgen.network.bundle import Bundle, load_bundle, save_bundle
from textgen.network.recurrent import RecurrentModel
from textgen.text.corpus import Recipe
from textgen.text.vocabulary import Vocabulary, tokenize
from textgen.training.architectures import build_model
from textgen.training.fused import cross_entropy, gru_sequence, lstm_sequence, sampled_cross_entropy
from textgen.writing.generate import generations
from textgen.writing.sampling import Sampler

MAX_TOKENS = 400  # words of a recipe that training reads; one in a hundred is longer
EVALUATED_TOKENS = 201  # of these the first is given, as in the book's 200-step windows
CHECKPOINT_SECONDS = 240.0


@dataclass(frozen=True)
class Stage:
    """A stretch of training with one recipe mix and one learning-rate curve (warm-up, then cosine)."""

    name: str
    epochs: int
    learning_rate: float  # at its peak
    final_learning_rate: float = 0.0
    mix: Mapping[str, float] = field(
        default_factory=dict
    )  # era -> times a recipe is seen an epoch; others once
    warmup_steps: int = 200
    batch_tokens: int = 5_000
    candidates: int = 0  # words in the sampled softmax; 0: the full softmax
    opening_weight: float = 1.0  # of the loss on the first words of the method, which the title steers
    opening_words: int = 5
    word_dropout: float = 0.0  # whole words of the vocabulary read as nothing (Gal and Ghahramani 2016)
    embedding_dropout: float = 0.0  # one mask a recipe, the same at every step (likewise)
    recurrent_dropout: float = 0.0  # DropConnect on the recurrent kernel (Merity et al. 2018)
    output_dropout: float = 0.0  # one mask a recipe on what each recurrent layer hands on
    averaging: float = 0.998  # decay of the weight average that validation and the bundle use
    as_book: bool = False  # Keras's own train step on padded batches of 32; what is above does not apply


BOOK = Stage("as the book", 25, 1e-3, 1e-3, warmup_steps=0, as_book=True)


def encode_recipes(recipes: Sequence[Recipe], vocabulary: Vocabulary) -> list[NDArray[np.int32]]:
    """Token ids of each recipe, the stop token included where it ends within `MAX_TOKENS`."""
    return [
        np.asarray([*vocabulary.encode(tokenize(recipe.text)), 0][: MAX_TOKENS + 1], np.int32)
        for recipe in recipes
    ]


def build_vocabulary(
    recipes: Sequence[Recipe], mix: Mapping[str, float] | None = None, size: int = 10_000
) -> Vocabulary:
    """The most frequent words of `recipes`, each recipe counted as often as `mix` says for its era."""
    counts: Counter[str] = Counter()
    for recipe in recipes:
        if weight := (mix or {}).get(recipe.era, 1):
            for word in tokenize(recipe.text):
                counts[word] += weight  # type: ignore[assignment]
    return Vocabulary.from_counts(counts, size)


@dataclass(frozen=True)
class Batch:
    """Recipes of like length, time-major: what is read, what is to be predicted, and how much it counts."""

    inputs: NDArray[np.int32]  # [T, B]
    targets: NDArray[np.int32]  # [T, B]
    weights: NDArray[np.float32]  # [T, B]
    words: int  # targets that count


def _batch(recipes: Sequence[NDArray[np.int32]], bar: int, stage: Stage | None) -> Batch:
    steps = max(len(recipe) for recipe in recipes) - 1
    tokens = np.zeros((len(recipes), steps + 1), np.int32)
    weights = np.zeros((len(recipes), steps), np.float32)
    for row, recipe in enumerate(recipes):
        tokens[row, : len(recipe)] = recipe
        weights[row, : len(recipe) - 1] = 1.0
        if stage and stage.opening_weight != 1.0:
            bars = np.flatnonzero(recipe == bar)
            if bars.size:
                weights[row, bars[0] : bars[0] + stage.opening_words] = stage.opening_weight
                weights[row, len(recipe) - 1 :] = 0.0
    words = sum(len(recipe) - 1 for recipe in recipes)
    return Batch(tokens[:, :-1].T.copy(), tokens[:, 1:].T.copy(), weights.T.copy(), words)


def _book_batch(recipes: Sequence[NDArray[np.int32]], length: int = EVALUATED_TOKENS) -> Batch:
    """Every recipe cut, or padded with the stop token, to `length` ids; the padding counts in the loss."""
    tokens = np.zeros((len(recipes), length), np.int32)
    for row, recipe in enumerate(recipes):
        tokens[row, : min(length, len(recipe))] = recipe[:length]
    inputs, targets = tokens[:, :-1].T, tokens[:, 1:].T
    words = sum(min(length, len(recipe)) - 1 for recipe in recipes)
    return Batch(inputs, targets, np.ones(targets.shape, np.float32), words)


def batches(
    recipes: Sequence[NDArray[np.int32]],
    eras: Sequence[str],
    stage: Stage,
    bar: int,
    rng: np.random.Generator,
) -> list[Batch]:
    """An epoch: recipes drawn by the stage's mix, grouped by length, groups in random order."""
    if stage.as_book:
        order = rng.permutation(len(recipes))
        return [_book_batch([recipes[i] for i in order[k : k + 32]]) for k in range(0, len(order), 32)]
    chosen: list[int] = []
    for era in sorted(set(eras)):
        members = np.asarray([i for i, e in enumerate(eras) if e == era])
        times = stage.mix.get(era, 1.0)
        chosen += list(np.tile(members, int(times)))
        chosen += list(rng.choice(members, round((times - int(times)) * len(members)), replace=False))
    # A little noise in the lengths puts other recipes together in every epoch.
    lengths = np.asarray([len(recipes[i]) for i in chosen]) * rng.uniform(0.9, 1.1, len(chosen))
    groups: list[list[int]] = [[]]
    longest = 0
    for i in np.asarray(chosen)[np.argsort(lengths, kind="stable")]:
        longest = max(longest, len(recipes[i]))
        if groups[-1] and longest * (len(groups[-1]) + 1) > stage.batch_tokens:
            groups.append([])
            longest = len(recipes[i])
        groups[-1].append(int(i))
    rng.shuffle(groups)
    return [_batch([recipes[i] for i in group], bar, stage) for group in groups if group]


class Trainer:
    """Weights, optimizer and weight average of one model, stepped batch by batch."""

    def __init__(
        self,
        model: Any,
        vocabulary: Vocabulary,
        seed: int = 0,
        compute: str = "float32",
        as_book: bool = False,
    ) -> None:
        self.model = model
        self.vocabulary = vocabulary
        self.seed = seed
        self.compute = tf.as_dtype(compute)
        self.embedding = model.get_layer("embedding")
        self.recurrent = [x for x in model.layers if isinstance(x, (keras.layers.LSTM, keras.layers.GRU))]
        self.projection = next((x for x in model.layers if x.name == "projection"), None)
        self.softmax = model.get_layer("next_word")
        # With a projection as wide as the embedding, both ends of the network share one table of words.
        self.tied = self.projection is not None
        self.variables = [
            v for v in model.trainable_variables if not (self.tied and v is self.softmax.kernel)
        ]
        if as_book:
            self.tied, self.variables = False, model.trainable_variables
            self.optimizer = keras.optimizers.Adam()
            model.compile(self.optimizer, keras.losses.SparseCategoricalCrossentropy())
        else:
            self.optimizer = keras.optimizers.Adam(1e-3, beta_2=0.99, epsilon=1e-8, global_clipnorm=1.0)
        self.optimizer.build(self.variables)
        self.average = [tf.Variable(v.value, trainable=False) for v in self.variables]
        self.steps = 0
        # Ids are ranked by frequency, so Zipf's law says how often a log-uniform draw meets each.
        ranks = np.arange(len(vocabulary), dtype=np.float64)
        self._chance = np.log((ranks + 2) / (ranks + 1)) / math.log(len(vocabulary) + 1)
        self._compiled: dict[str, Any] = {}

    def hidden(self, inputs: Any, stage: Stage | None = None, seed: Any = None) -> Any:
        """What the softmax reads, `[T, B] -> [T, B, D]`; with a stage, under its dropout."""
        count = iter(range(100))

        def drop(x: Any, rate: float, shape: Any) -> Any:
            if stage is None or not rate:
                return x
            draw = tf.random.stateless_uniform(shape, tf.stack([seed, next(count)]))
            return x * tf.cast(draw >= rate, tf.float32) / (1 - rate)

        table = self.embedding.embeddings.value
        batch = tf.shape(inputs)[1]
        x = tf.gather(drop(table, stage.word_dropout if stage else 0, [table.shape[0], 1]), inputs)
        x = drop(x, stage.embedding_dropout if stage else 0, [1, batch, table.shape[1]])
        for layer in self.recurrent:
            cell = layer.cell
            kernel = drop(
                cell.recurrent_kernel.value,
                stage.recurrent_dropout if stage else 0,
                cell.recurrent_kernel.shape,
            )
            sequence = lstm_sequence if isinstance(layer, keras.layers.LSTM) else gru_sequence
            x = sequence(x, cell.kernel.value, kernel, cell.bias.value, self.compute)
            x = drop(x, stage.output_dropout if stage else 0, [1, batch, cell.units])
        if self.projection is not None:
            x = tf.tensordot(x, self.projection.kernel.value, 1) + self.projection.bias.value
        return x

    def _output(self) -> Any:
        return self.embedding.embeddings.value if self.tied else tf.transpose(self.softmax.kernel.value)

    def _step(self, stage: Stage) -> Any:
        """One optimizer step as a graph, made once a stage."""
        if stage.name in self._compiled:
            return self._compiled[stage.name]
        shape = tf.TensorSpec([None, None], tf.int32)
        spec = [shape, shape, tf.TensorSpec([None, None], tf.float32), tf.TensorSpec([None], tf.int32)]
        spec += [
            tf.TensorSpec([None], tf.float32),
            tf.TensorSpec([], tf.int32),
            tf.TensorSpec([], tf.float32),
        ]

        @tf.function(input_signature=spec)
        def step(
            inputs: Any, targets: Any, weights: Any, candidates: Any, expected: Any, seed: Any, decay: Any
        ) -> Any:
            values = [v.value for v in self.variables]
            with tf.GradientTape() as tape:
                h = self.hidden(inputs, stage, seed)
                h, y, w = (
                    tf.reshape(h, [-1, h.shape[-1]]),
                    tf.reshape(targets, [-1]),
                    tf.reshape(weights, [-1]),
                )
                bias = self.softmax.bias.value
                if stage.candidates:
                    loss = sampled_cross_entropy(
                        h, y, w, self._output(), bias, expected, candidates, self.compute
                    )
                else:
                    loss = cross_entropy(h, y, w, self._output(), bias, self.compute)
                loss /= tf.reduce_sum(w)
            gradients = [tf.convert_to_tensor(g) for g in tape.gradient(loss, values)]
            self.optimizer.apply(gradients, self.variables)
            for average, value in zip(self.average, values, strict=True):
                average.assign(decay * average + (1 - decay) * value)
            return loss

        self._compiled[stage.name] = step
        return step

    def fit_batch(self, batch: Batch, stage: Stage, learning_rate: float) -> float:
        """One optimizer step; the mean loss in nats a word."""
        if stage.as_book:
            self.steps += 1
            self.model.reset_metrics()
            loss = float(self.model.train_on_batch(batch.inputs.T, batch.targets.T))
            for average, value in zip(self.average, self.variables, strict=True):
                average.assign(value)
            return loss
        self.optimizer.learning_rate = learning_rate
        rng = np.random.default_rng([self.seed, 1, self.steps])
        candidates, log_expected = np.zeros(0, np.int32), np.zeros(0, np.float32)
        if stage.candidates:
            keep = 1 - np.exp(-stage.candidates * self._chance)  # Poisson sampling: each word on its own
            candidates = np.flatnonzero(rng.random(len(keep)) < keep).astype(np.int32)
            log_expected = np.log(keep).astype(np.float32)
        decay = min(stage.averaging, (1 + self.steps) / (10 + self.steps))
        self.steps += 1
        step = self._step(stage)
        return float(
            step(
                batch.inputs,
                batch.targets,
                batch.weights,
                candidates,
                log_expected,
                np.int32(rng.integers(2**31)),
                np.float32(decay),
            )
        )

    def assign(self, weights: Sequence[Any]) -> None:
        """Give the Keras model these weights, in the order of `variables`."""
        for variable, value in zip(self.variables, weights, strict=True):
            variable.assign(value)
        if self.tied:
            self.softmax.kernel.assign(tf.transpose(self.embedding.embeddings.value))

    @contextlib.contextmanager
    def averaged(self) -> Iterator[None]:
        """The Keras model holds the averaged weights inside the `with`, its own again after it."""
        own = [np.asarray(v) for v in self.variables]
        self.assign(self.average)
        try:
            yield
        finally:
            self.assign(own)

    @cached_property
    def _total_loss(self) -> Any:
        """The graph of the full loss without dropout, summed over a batch."""
        tokens = tf.TensorSpec([None, None], tf.int32)

        @tf.function(input_signature=[tokens, tokens, tf.TensorSpec([None, None], tf.float32)])
        def total(inputs: Any, targets: Any, weights: Any) -> Any:
            h = self.hidden(inputs)
            h, y, w = tf.reshape(h, [-1, h.shape[-1]]), tf.reshape(targets, [-1]), tf.reshape(weights, [-1])
            return cross_entropy(h, y, w, self._output(), self.softmax.bias.value)

        return total

    def evaluate(self, recipes: Sequence[NDArray[np.int32]]) -> float:
        """Nats a token with the present weights, over what `measuring.perplexity.evaluate` counts."""

        ordered = sorted((recipe[:EVALUATED_TOKENS] for recipe in recipes), key=len)
        total, words = 0.0, 0
        for start in range(0, len(ordered), 32):
            batch = _batch(ordered[start : start + 32], bar=-1, stage=None)
            total += float(self._total_loss(batch.inputs, batch.targets, batch.weights))
            words += batch.words
        return total / words

    def _groups(self) -> tuple[tuple[str, Sequence[Any]], ...]:
        return ("weight", self.variables), ("average", self.average), ("optimizer", self.optimizer.variables)

    def save(self, path: Path, state: Mapping[str, Any]) -> None:
        """Write everything that training needs to go on, atomically; `state` is plain JSON."""
        arrays = {
            f"{kind}_{i}": np.asarray(variable)
            for kind, variables in self._groups()
            for i, variable in enumerate(variables)
        }
        arrays["state"] = np.frombuffer(json.dumps({**state, "steps": self.steps}).encode(), np.uint8)
        _save_arrays(path, arrays)

    def load(self, path: Path) -> dict[str, Any]:
        """Take back what `save` wrote and return its `state`.

        Raises:
            ValueError: the checkpoint belongs to another architecture or vocabulary size.
        """
        with np.load(path, allow_pickle=False) as arrays:
            for kind, variables in self._groups():
                for i, variable in enumerate(variables):
                    name = f"{kind}_{i}"
                    if name not in arrays or arrays[name].shape != tuple(variable.shape):
                        raise ValueError(f"{path} is the checkpoint of another network: {name} does not fit")
                    variable.assign(arrays[name])
            state = json.loads(arrays["state"].tobytes())
        self.steps = state["steps"]
        return state


def _save_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """An `.npz` file that is there whole or not at all."""
    temporary = path.with_suffix(".part")
    with temporary.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def learning_rate_at(stage: Stage, step: int, steps: int) -> float:
    """Linear warm-up, then half a cosine down to `final_learning_rate` at the stage's last step."""
    warmup = min(stage.warmup_steps, steps // 10)
    if step < warmup:
        return stage.learning_rate * (step + 1) / warmup
    done = (step - warmup) / max(1, steps - warmup)
    span = stage.learning_rate - stage.final_learning_rate
    return stage.final_learning_rate + span * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


# The default plan


# Words of modern recipes are those that people ask for; machine-written recipes add none.
COUNTED = {"modern": 3.0, "synthetic": 0.0}
MIX = {"modern": 2.0}  # a modern recipe is read twice while the network learns cookery from all of them
ENDING = {"modern": 1.0, "synthetic": 0.25, "historic": 0.02}  # and nearly alone at the end


def plan_for(architecture: str, eras: Collection[str], epochs: int | None = None) -> list[Stage]:
    """The default stages: every recipe first; modern ones last, where the corpus tells modern from others.

    `epochs` sets the length of the first stage and leaves out the last.
    """
    first = Stage("everything", 5, 5e-3, 5e-4, MIX, candidates=2500, opening_weight=2.0)
    last = Stage("modern", 5, 2e-3, 0.0, ENDING, warmup_steps=50, opening_weight=2.0, averaging=0.99)
    if architecture == "large":  # learns more, and by heart unless it is held back
        first = replace(
            first,
            epochs=8,
            learning_rate=3e-3,
            final_learning_rate=3e-4,
            word_dropout=0.02,
            embedding_dropout=0.1,
            recurrent_dropout=0.1,
            output_dropout=0.2,
        )
        last = replace(
            last,
            learning_rate=1e-3,
            word_dropout=0.05,
            embedding_dropout=0.2,
            recurrent_dropout=0.2,
            output_dropout=0.3,
        )
    else:
        longer = {"lstm": 7, "stacked_lstm": 8}.get(architecture, first.epochs)
        first = replace(first, epochs=longer, batch_tokens=6_000, output_dropout=0.05)
        last = replace(last, output_dropout=0.1)
    if epochs is not None:
        return [replace(first, epochs=epochs)]
    return [first, last] if "modern" in eras and len(eras) > 1 else [first]


# From recipes to a bundle


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


def hold_out(recipes: Sequence[Recipe], share: float = 0.02) -> tuple[list[Recipe], list[Recipe]]:
    """Split recipes into training and validation by a hash of the title, so that no title is in both."""
    limit = int(share * 2**32)
    parts: tuple[list[Recipe], list[Recipe]] = ([], [])
    for recipe in recipes:
        digest = hashlib.sha256(" ".join(tokenize(recipe.title)).encode()).digest()
        parts[int.from_bytes(digest[:4], "big") < limit].append(recipe)
    return parts


# What the history shows of every epoch: prompts of different kinds, the book's own among them.
PROMPTS = (
    "recipe for roasted vegetables |",
    "recipe for roasted vegetables | chop 1 /",
    "recipe for chocolate ice cream |",
    "recipe for pizza |",
    "recipe for tomato soup |",
)
TEMPERATURES = (0.2, 0.5, 1.0, 1.5)


def observe(model: Any, vocabulary: Vocabulary, epoch: int) -> dict[str, list[dict[str, Any]]]:
    """What a network writes now: `samples` and next-word `distributions` for `PROMPTS` at `TEMPERATURES`."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path, include_optimizer=False)
        source = Bundle("", RecurrentModel.from_keras(path), vocabulary, {}, {})
    samples, distributions = [], []
    samplers = [Sampler(temperature=t) for t in TEMPERATURES]
    for prompt in PROMPTS:
        for run in generations(source, prompt, samplers=samplers, max_tokens=60, seed=7):
            about = {"epoch": epoch, "prompt": prompt, "temperature": run.sampler.temperature}
            samples.append({**about, "text": run.text})
            probs = run.sampler.distribution(source.model.logits(run.steps[0].hidden))
            best = np.argsort(-probs, kind="stable")[:10]
            words = [[vocabulary.words[i], round(float(probs[i]), 6)] for i in best]
            distributions.append({**about, "words": words})
    return {"samples": samples, "distributions": distributions}


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
            _save_arrays(self.folder / "best.npz", {str(i): v for i, v in enumerate(self._weights())})

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
                    told = title_information_by_era(bundle, self.held_out)
                    card["title_information"] = {era: asdict(value) for era, value in told.items()}
                save_bundle(out, model, trainer.vocabulary, card, history)
        return card

    def _card(self, name: str) -> dict[str, Any]:
        trainer, epochs = self.trainer, self.state["history"]["epochs"]
        model = trainer.model
        licences = sorted({recipe.license for recipe in self.recipes if recipe.license})
        plan = "; then ".join(_described(stage) for stage in self.stages)
        return {
            "name": name,
            "architecture": {
                "name": model.name,
                "embedding_dim": int(trainer.embedding.output_dim),
                "units": int(trainer.recurrent[0].units),
                "layers": [_layer(layer) for layer in model.layers[1:]],
                "parameters": int(model.count_params()),
            },
            "vocabulary_size": len(trainer.vocabulary),
            "data": _sources(self.recipes),
            "training": {
                "method": plan,
                "epochs": len(epochs),
                "words": sum(epoch["words"] for epoch in epochs),
                "seconds": round(sum(epoch["seconds"] for epoch in epochs)),
                "seed": trainer.seed,
                "matrix_products": trainer.compute.name,
            },
            "evaluation": {},
            "limits": list(LIMITS),
            "license": ", ".join(licences) or "that of the training data",
        }


LIMITS = (
    "A word-level recurrent network without attention: it keeps the style and the local grammar of a recipe "
    "and forgets ingredients and quantities it wrote a few sentences earlier. Do not cook from it.",
    "It knows its vocabulary and no other word; a title made of other words tells it nothing.",
    "Much of what it read was printed between 1880 and 1922, and it shows in places.",
)


def _described(stage: Stage) -> str:
    if stage.as_book:
        return (
            f"{stage.epochs} epochs as in the book: batches of 32 padded to 200, Adam, loss over the padding"
        )
    mix = ", ".join(f"{era} recipes {times:g} times" for era, times in stage.mix.items())
    dropout = ", ".join(
        f"{kind} {rate:g}"
        for kind, rate in (
            ("word", stage.word_dropout),
            ("embedding", stage.embedding_dropout),
            ("recurrent", stage.recurrent_dropout),
            ("output", stage.output_dropout),
        )
        if rate
    )
    softmax = f"a softmax sampled from {stage.candidates} words" if stage.candidates else "the full softmax"
    return (
        f"{stage.epochs} epochs of all recipes"
        + (f" ({mix} an epoch)" if mix else "")
        + f" with {softmax}, Adam from {stage.learning_rate:g} to {stage.final_learning_rate:g}"
        + f" in batches of {stage.batch_tokens:,} words"
        + (f", dropout {dropout}" if dropout else "")
        + (
            f", the first {stage.opening_words} words of the method weighing {stage.opening_weight:g}"
            if stage.opening_weight != 1
            else ""
        )
        + f", weights averaged ({stage.averaging:g})"
    )


def _layer(layer: Any) -> str:
    sizes = {"Embedding": "output_dim"}
    kind = type(layer).__name__
    return f"{kind}({getattr(layer, sizes.get(kind, 'units'))})"


def _sources(recipes: Sequence[Recipe]) -> list[dict[str, Any]]:
    """The corpus by era and licence; of the sources the collection, not each page or book."""
    groups: dict[tuple[str, str], list[Recipe]] = {}
    for recipe in recipes:
        groups.setdefault((recipe.era, recipe.license), []).append(recipe)
    entries = []
    for (era, licence), members in sorted(groups.items(), key=lambda item: -len(item[1])):
        collections = Counter(
            match.group().strip()
            for recipe in members
            if (match := re.match(r"github:\S+|[^:#(]+", recipe.source))
        )
        entries.append(
            {
                "name": f"{era} recipes".strip(),
                "recipes": len(members),
                "license": licence,
                "source": ", ".join(name for name, _ in collections.most_common(3)),
            }
        )
    return entries
