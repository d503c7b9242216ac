"""How much a host lets people train in the app: one table, read from the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Limits:
    """What `SIMMER_TRAIN_MEGABYTES` and so on say; none of them set, this.

    megabytes   of a file that is brought
    words       of a corpus
    vocabulary  words of it
    units       of a recurrent layer
    epochs      of a training
    minutes     of a training
    waiting     trainings in the queue
    runs        trainings and their networks that are kept: the oldest finished one makes room. 0: nobody
                trains here
    """

    megabytes: int = 50
    words: int = 3_000_000
    vocabulary: int = 20_000
    units: int = 512
    epochs: int = 40
    minutes: int = 180
    waiting: int = 5
    runs: int = 20


def limits(environment: Mapping[str, str] | None = None) -> Limits:
    """The limits of this host. `ValueError` names a variable that is not a whole number from 0."""
    environment = os.environ if environment is None else environment
    found = {}
    for field in fields(Limits):
        name = f"SIMMER_TRAIN_{field.name.upper()}"
        if (text := environment.get(name)) is None:
            continue
        if not (text.isascii() and text.isdigit()):
            raise ValueError(f"{name} must be a whole number from 0, not {text!r:.40}")
        found[field.name] = int(text)
    return Limits(**found)
