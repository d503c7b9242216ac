"""Studies with made-up figures, for tests."""

from __future__ import annotations

import numpy as np

from textgen.measuring.diversity import NAMES
from textgen.measuring.study.settings import Settings
from textgen.measuring.study.table import Figures, Study

UNKNOWN = np.full(len(NAMES), np.nan)


def made_up(columns, human=None, width=0.0, temperatures=None, prompts=("soup",), **more) -> Study:
    """A study with these figures: measure -> a value a temperature."""
    count = len(next(iter(columns.values())))
    heats = temperatures or [k / 10 for k in range(count)]
    study = Study(Settings(prompts, tuple(heats), ("net",), judges=("other",), **more))
    people = UNKNOWN.copy()
    for name, value in (human or {}).items():
        people[NAMES.index(name)] = value
    for n, condition in enumerate(study.settings.conditions):
        value = UNKNOWN.copy()
        for name, values in columns.items():
            value[NAMES.index(name)] = values[n % count]
        study.figures[condition] = Figures(value, value - width, value + width, people, ("stir <b>it</b> .",))
    return study


RISING = {
    "choices": [1, 3, 9, 27],
    "self_bleu": [1.0, 0.6, 0.2, 0.1],
    "perplexity": [2, 4, 16, 64],
    "repetition": [0.1, 0.2, 0.0, 0.0],
}
PEOPLE = {"choices": 10, "self_bleu": 0.4, "perplexity": 20, "repetition": 0.0}
