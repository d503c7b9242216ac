"""The units of a study's work, and the measuring of one."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np

from textgen.measuring.diversity import LARGEST_SET, TextSet, contributions
from textgen.measuring.study.settings import (
    FORMAT,
    Condition,
    Floats,
    Settings,
    StudyError,
    parse_filter,
    prompt_text,
)
from textgen.memo import Memo
from textgen.network.bundle import Bundle, bundle_folder, fingerprint, load_bundle
from textgen.text.copying import INDEX, copy_index
from textgen.text.vocabulary import STOP_ID, UNKNOWN_ID, tokenize
from textgen.writing.many import ENDED, Texts, score, write_all
from textgen.writing.sampling import Sampler

SAMPLES = 10  # texts a condition keeps to be read


@dataclass(frozen=True)
class Unit:
    """Texts `first` to `first + count - 1` of a condition, compared with one another as one set.

    marks  fingerprints of the network, the judge and the index of n-grams: another network of the same
           name is another unit
    """

    condition: Condition
    first: int
    count: int
    seed: int
    max_words: int
    marks: tuple[str, str, str]

    @cached_property
    def key(self) -> str:
        """The unit's name: equal for equal work, and for no other."""
        fields = asdict(self)
        fields["cell"] = fields.pop("condition")  # its name in the files of studies that were begun before
        text = json.dumps([FORMAT, fields], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:40]


@dataclass(frozen=True, eq=False)
class Result:
    """What was measured of a unit: the parts of its texts ([2, M, N], see `diversity.contributions`), and its
    first texts, words with spaces between."""

    parts: Floats
    samples: tuple[str, ...]


def measure_all(group: Sequence[Unit], threads: int = 1) -> list[Result]:
    """Write the texts of units that differ in temperature alone, and measure them.

    The same numbers anywhere and in whatever company; many together take much
    less time than one after the other. `StudyError` if this machine's network is another one.
    """
    unit = group[0]
    condition = unit.condition
    bundle = kept_bundle(condition.model)
    judge = kept_bundle(condition.judge) if condition.judge else None
    if marks_of(condition.model, condition.judge) != unit.marks:
        names = f"{condition.model}, {condition.judge}"
        raise StudyError(f"this machine has another version of {names} or the index")
    rules = parse_filter(condition.filter)
    prompt = prompt_text(condition.prompt)
    first = unit.seed + unit.first
    written = write_all(
        bundle,
        prompt,
        samplers=[Sampler(u.condition.temperature, suppress=(UNKNOWN_ID,), **rules) for u in group],
        seeds=range(first, first + unit.count),
        max_tokens=unit.max_words,
        threads=threads,
    )
    judged = np.split(_second_opinion(bundle, judge, prompt, written, threads), len(group))
    index = copy_index(_own_index(condition.model))
    results = []
    for texts, opinion in zip(written, judged, strict=True):
        words = [[bundle.vocabulary.words[t] for t in row if t > 0] for row in texts.tokens.tolist()]
        parts = contributions(
            TextSet(
                words,
                ended=(texts.tokens == STOP_ID).any(axis=1).tolist(),
                tokens=texts.lengths,
                nats=texts.nats,
                entropy=texts.entropy,
                judged=opinion,
                index=index,
            )
        )
        shown = words[: max(0, SAMPLES - unit.first)]
        results.append(Result(parts, tuple(" ".join(text) for text in shown)))
    return results


def _second_opinion(
    bundle: Bundle, judge: Bundle | None, prompt: str, written: Sequence[Texts], threads: int
) -> Floats:
    """-log p of all texts under the judge, one after the other; NaN without one."""
    tokens = np.concatenate([texts.tokens for texts in written])
    if judge is None:
        return np.full(len(tokens), np.nan)
    if judge is bundle:
        return np.concatenate([texts.nats for texts in written])
    different, which = np.unique(tokens, axis=0, return_inverse=True)
    if judge.vocabulary.words != bundle.vocabulary.words:
        ids = np.array([*judge.vocabulary.encode(bundle.vocabulary.words), ENDED], dtype=np.int32)
        different = ids[different]  # ENDED is -1: the last entry
    context = judge.vocabulary.encode(tokenize(prompt))
    return score(judge, [context] * len(different), different, threads=threads).nats[which.reshape(-1)]


_bundles: Memo[Bundle] = Memo(6)


def kept_bundle(name: str) -> Bundle:
    """The bundle of that name, the same one for every thread: a judge is known by it."""
    return _bundles.once(name, lambda: load_bundle(name))


def _own_index(model: str) -> Path | None:
    folder = bundle_folder(model)
    return folder if (folder / INDEX.name).is_file() else None


@lru_cache(maxsize=64)
def marks_of(model: str, judge: str) -> tuple[str, str, str]:
    """Fingerprints of a network, of its judge, and of the index of the recipes it learned from."""
    own = _own_index(model)
    index = own / INDEX.name if own else INDEX
    mark = hashlib.sha256(index.read_bytes()).hexdigest()[:16] if index.is_file() else ""
    return fingerprint(model), fingerprint(judge) if judge else "", mark


def units(settings: Settings) -> list[Unit]:
    """All units of a study, in the order in which they are done: a rough curve first, then its gaps.

    `BundleError` if a network cannot be read.
    """
    sets = math.ceil(settings.texts / LARGEST_SET)
    edges = [settings.texts * k // sets for k in range(sets + 1)]
    turn = {temperature: k for k, temperature in enumerate(_rough_first(settings.temperatures))}
    conditions = sorted(
        settings.conditions, key=lambda c: turn[c.temperature]
    )  # stable: else as in the table
    return [
        Unit(
            condition,
            edges[k],
            edges[k + 1] - edges[k],
            settings.seed,
            settings.max_words,
            marks_of(condition.model, condition.judge),
        )
        for condition in conditions
        for k in range(sets)
    ]


def _rough_first(temperatures: Sequence[float]) -> list[float]:
    """Middle, ends, then ever closer between."""
    count = len(temperatures)
    order: dict[int, None] = {(count - 1) // 2: None, 0: None, count - 1: None}
    step = count
    while step > 1:
        step = math.ceil(step / 2)
        order.update(dict.fromkeys(range(0, count, step)))
    return [temperatures[k] for k in order]
