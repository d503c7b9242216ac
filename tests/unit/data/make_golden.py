"""Writes golden.json: digests of what the released networks compute, which every machine should repeat.

    python tests/unit/data/make_golden.py

For each network `words`, of 504 texts and those of some filters; `scores`, of the logits after each word of a
recipe; and `study`, of a small study's table. To be written anew when a network, the sampler or the measures
change, and only then.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from textgen.batch import write_all
from textgen.bundle import available_bundles, load_bundle
from textgen.generation import generate, recipe_prompt
from textgen.sampling import Sampler
from textgen.study import Settings, Study, run
from textgen.vocabulary import tokenize

GOLDEN = Path(__file__).with_name("golden.json")
TITLES = ("roasted vegetables", "chocolate ice cream", "pizza")
TEMPERATURES = (0.0, 0.3, 0.7, 1.0, 1.4, 2.0)
FILTERS = (
    Sampler(1.0, top_k=40),
    Sampler(1.2, top_p=0.9),
    Sampler(0.8, min_p=0.05, suppress=(1,)),
    Sampler(1.1, typical_p=0.8),
    Sampler(0.7, repetition_penalty=1.3),
)
SEEDS = range(24)
WORDS = 8
RECIPE = recipe_prompt("roasted vegetables", "chop 1 / 2 cup of onions and fry them in oil")


def digests(name: str) -> dict[str, str]:
    """The digests of one released network."""
    bundle = load_bundle(name)
    words, scores = hashlib.sha256(), hashlib.sha256()
    for title in TITLES:
        prompt = recipe_prompt(title)
        samplers = [*map(Sampler, TEMPERATURES), Sampler(1.0, suppress=(1,))]
        for texts in write_all(bundle, prompt, samplers=samplers, seeds=SEEDS, max_tokens=WORDS):
            words.update(texts.tokens.astype("<i4").tobytes())
        for sampler in FILTERS:
            for seed in range(3):
                steps = generate(bundle, prompt, sampler=sampler, max_tokens=WORDS, seed=seed)
                words.update(np.array([step.token for step in steps], dtype="<i4").tobytes())
    state = bundle.model.start(1)
    for token in bundle.vocabulary.encode(tokenize(RECIPE)):
        logits, state = bundle.model.advance([token], state)
        scores.update(logits.astype("<f4").tobytes())
    settings = Settings(TITLES[:1], (0.5, 1.0, 1.6), (name,), texts=6, max_words=8)
    study = Study(settings)
    for unit, result in run(settings, threads=1):
        study.add(unit, result)
    table = hashlib.sha256(study.to_csv().encode())
    return {
        key: one.hexdigest()[:32] for key, one in (("words", words), ("scores", scores), ("study", table))
    }


if __name__ == "__main__":
    found = {name: digests(name) for name in sorted(available_bundles())}
    GOLDEN.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
