"""What a network writes while it learns, epoch by epoch."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from textgen.network.bundle import Bundle
from textgen.network.keras_file import read_keras
from textgen.text.vocabulary import Vocabulary
from textgen.writing.generate import generations
from textgen.writing.sampling import Sampler

# What the history shows of every epoch: prompts of different kinds, the book's own among them.
PROMPTS = (
    "recipe for roasted vegetables |",
    "recipe for roasted vegetables | chop 1 /",
    "recipe for chocolate ice cream |",
    "recipe for pizza |",
    "recipe for tomato soup |",
)
TEMPERATURES = (0.2, 0.5, 1.0, 1.5)


def observe(
    model: Any,
    vocabulary: Vocabulary,
    epoch: int,
    prompts: Sequence[str] = PROMPTS,
    temperatures: Sequence[float] = TEMPERATURES,
) -> dict[str, list[dict[str, Any]]]:
    """What a network writes now: `samples` and next-word `distributions`, by prompt and temperature."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        model.save(path, include_optimizer=False)
        source = Bundle("", read_keras(path), vocabulary, {}, {})
    samples, distributions = [], []
    samplers = [Sampler(temperature=t) for t in temperatures]
    for prompt in prompts:
        for run in generations(source, prompt, samplers=samplers, max_tokens=60, seed=7):
            about = {"epoch": epoch, "prompt": prompt, "temperature": run.sampler.temperature}
            samples.append({**about, "text": run.text})
            probs = run.sampler.distribution(source.model.logits(run.steps[0].hidden))
            best = np.argsort(-probs, kind="stable")[:10]
            words = [[vocabulary.words[i], round(float(probs[i]), 6)] for i in best]
            distributions.append({**about, "words": words})
    return {"samples": samples, "distributions": distributions}
