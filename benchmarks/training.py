"""Words learned from a second: `textgen.training.train` beside the book's `fit`, on the same recipes."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measuring import Result
from textgen.network.bundle import Bundle, load_bundle
from textgen.text.corpus import load_recipes
from textgen.text.recipe import Recipe
from textgen.text.vocabulary import tokenize
from textgen.writing.generate import generations, recipe_prompt
from textgen.writing.sampling import Sampler

RECIPES = 320
EPOCHS = 3  # the first, in which TensorFlow makes its graphs, is not counted
WINDOW = 201  # tokens: the book's 200 steps and the word after the last


def run(model: str = "lstm", corpus: str | None = None) -> list[Result]:
    """On the recipes of a file, or on some that the bundle `model` writes itself; with its vocabulary."""
    bundle = load_bundle(model)
    recipes = load_recipes(corpus)[:RECIPES] if corpus else _written(bundle)
    book, ours = _book_fit(bundle, recipes), _ours(bundle, recipes)
    return [
        Result(
            "words a second in training : in the book's fit",
            ours / book,
            1.5,
            True,
            f"{ours:,.0f} : {book:,.0f}",
        )
    ]


def _written(bundle: Bundle) -> list[Recipe]:
    recipes: list[Recipe] = []
    together = 32
    for first in range(0, RECIPES, together):
        runs = generations(
            bundle, recipe_prompt("roasted vegetables"), samplers=[Sampler(suppress=(1,))] * together,
            max_tokens=300, seed=range(first, first + together),
        )  # fmt: skip
        recipes += [Recipe("roasted vegetables", (run.text,)) for run in runs]
    return recipes


def _ours(bundle: Bundle, recipes: Sequence[Recipe]) -> float:
    from textgen.training.job import train

    records: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        train(
            recipes, Path(folder) / "model", architecture="lstm", validation=recipes[:8], epochs=EPOCHS,
            vocabulary=bundle.vocabulary, on_epoch=records.append,
        )  # fmt: skip
    return statistics.median(record["words"] / record["seconds"] for record in records[1:])


def _book_fit(bundle: Bundle, recipes: Sequence[Recipe]) -> float:
    """As in chapter 5: recipes padded to 200 steps, batches of 32, Adam, `fit`."""
    import keras

    from textgen.training.architectures import build_model

    tokens = np.zeros((len(recipes), WINDOW), np.int32)
    words = 0
    for row, recipe in zip(tokens, recipes, strict=True):
        ids = [*bundle.vocabulary.encode(tokenize(recipe.text)), 0][:WINDOW]
        row[: len(ids)] = ids
        words += len(ids) - 1
    seconds: list[float] = []

    class Clock(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
            self.start = time.perf_counter()

        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            seconds.append(time.perf_counter() - self.start)

    network = build_model("lstm", len(bundle.vocabulary))
    network.compile("adam", keras.losses.SparseCategoricalCrossentropy())
    network.fit(tokens[:, :-1], tokens[:, 1:], batch_size=32, epochs=EPOCHS, verbose=0, callbacks=[Clock()])
    return words / statistics.median(seconds[1:])
