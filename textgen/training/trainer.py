"""Weights, optimizer and weight average of one model, stepped batch by batch."""

from __future__ import annotations

import contextlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from textgen.files import write_atomically
from textgen.text.vocabulary import Vocabulary
from textgen.training.batches import EVALUATED_TOKENS, Batch, padded_batch
from textgen.training.fused import cross_entropy, gru_sequence, lstm_sequence, sampled_cross_entropy
from textgen.training.plan import Stage

SEQUENCES = {keras.layers.LSTM: lstm_sequence, keras.layers.GRU: gru_sequence}


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
        self.recurrent = [x for x in model.layers if type(x) in SEQUENCES]
        self.projection = next((x for x in model.layers if x.name == "projection"), None)
        self.softmax = model.get_layer("next_word")
        known = (self.embedding, *self.recurrent, self.projection, self.softmax)
        for layer in model.layers:
            if not (layer in known or isinstance(layer, keras.layers.InputLayer)):
                raise ValueError(
                    f"training does not know the layer {layer.name!r}, a {type(layer).__name__}; the "
                    f"recurrent layers that it knows are {' and '.join(kind.__name__ for kind in SEQUENCES)}"
                )
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
            x = SEQUENCES[type(layer)](x, cell.kernel.value, kernel, cell.bias.value, self.compute)
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
            batch = padded_batch(ordered[start : start + 32], bar=-1, stage=None)
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
        save_arrays(path, arrays)

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


def save_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> None:
    """An `.npz` file that is there whole or not at all."""
    with write_atomically(path) as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]
