"""How long a training takes on this machine: by its last training, or by how fast it multiplies."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass

import numpy as np

from textgen.files import home, write_atomically
from textgen.training.architectures import ARCHITECTURES
from textgen.training.plan import plan_for_few
from textgen.training.runs import Choices

PART = 0.35  # of the speed of bare products that training reached, measured with small networks
START = 15.0  # seconds until TensorFlow is there and the first batch is learned
AN_EPOCH = 3.0  # seconds for the samples and the measures after each


def operations(choices: Choices, vocabulary: int) -> float:
    """Numbers that are multiplied and added to learn one word: forwards once, backwards twice."""
    row = ARCHITECTURES[choices.architecture]
    width, total = row.embedding, 0
    for kind in row.layers:
        total += {"LSTM": 4, "GRU": 3}[kind] * choices.units * (width + choices.units)
        width = choices.units
    if row.projection:
        total += width * row.embedding
        width = row.embedding
    return 3.0 * (total + width * min(vocabulary, plan_for_few()[0].candidates or vocabulary))


def multiplications_a_second() -> float:
    """How many numbers this machine multiplies and adds in a second, in products of matrices, at its best."""
    a, b = np.ones((256, 128), np.float32), np.ones((128, 512), np.float32)
    best = 0.0
    for _ in range(5):
        started = time.perf_counter()
        for _ in range(20):
            a @ b
        best = max(best, 20 * a.size * b.shape[1] / (time.perf_counter() - started))
    return best


def remember(words_a_second: float, choices: Choices, vocabulary: int) -> None:
    """Keep the speed of a training for estimates of the next."""
    with write_atomically(home() / "speed.txt") as file:
        file.write(f"{words_a_second * operations(choices, vocabulary):.0f}".encode())


@dataclass(frozen=True)
class Estimate:
    """Seconds of a training, and whether a training on this machine says so."""

    low: float
    high: float
    measured: bool


def estimate(choices: Choices, vocabulary: int, words: int, multiplications: float) -> Estimate:
    """Of all epochs over `words` words; training may end sooner. `multiplications` a second, as measured with
    the corpus, count until there was a training here."""
    speed, measured = PART * multiplications, False
    with contextlib.suppress(OSError, ValueError):
        speed, measured = float((home() / "speed.txt").read_text("utf-8")), True
    seconds = START + choices.epochs * (AN_EPOCH + words * operations(choices, vocabulary) / max(speed, 1.0))
    spread = 1.3 if measured else 2.0
    return Estimate(seconds / spread, seconds * spread, measured)
