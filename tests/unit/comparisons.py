"""A comparison of six samplers on a small random network, for tests."""

from __future__ import annotations

import networks

from textgen.views.compare import Comparison
from textgen.writing.generate import generations
from textgen.writing.sampling import Sampler

PAIR = networks.random_pair(size=60)
SAMPLERS = [
    Sampler(0.0), Sampler(0.2), Sampler(0.7, top_k=5), Sampler(1.0, top_p=0.6, suppress=(1,)),
    Sampler(2.0, min_p=0.3),
    Sampler(1.3, typical_p=0.5, repetition_penalty=1.4),
]  # fmt: skip


def compare(samplers=SAMPLERS, pair=PAIR, words=12, seed=3, **options) -> Comparison:
    prompt = options.pop("prompt", "recipe for w3 w4 | w5")
    runs = generations(pair, prompt, samplers=samplers, max_tokens=words, seed=seed, **options)
    return Comparison(pair, runs)
