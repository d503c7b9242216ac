"""Texts for a page that asks again and again: what was written is kept, what may come next is written ahead.

A `Settings` says all that decides what a comparison writes. A `Writer` keeps the runs of one network for
whoever asks, so that a moved slider costs one run at most; told which settings may come next, it writes them
while the reader looks. Equal settings give equal words, written ahead or not.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from textgen.network.bundle import Bundle
from textgen.network.prefix_cache import Recall
from textgen.text.vocabulary import tokenize
from textgen.views.compare import Comparison, Run
from textgen.writing.generate import LuckKind, generations, recipe_prompt
from textgen.writing.sampling import Sampler

KEPT_RUNS = 100  # about 150 KB each
PAUSE = 0.12  # seconds before anything is written ahead: the page that was asked for comes first


@dataclass(frozen=True)
class Settings:
    """All that decides what a comparison writes."""

    model: str
    title: str
    opening: str
    samplers: tuple[Sampler, ...]
    seed: int
    words: int
    luck: LuckKind = "shared"
    context: int | str = "own"
    forced: tuple[tuple[int, str], ...] = ()

    @property
    def temperatures(self) -> list[float]:
        return [sampler.temperature for sampler in self.samplers]

    @property
    def prompt(self) -> str:
        return recipe_prompt(self.title, self.opening)

    @property
    def apart(self) -> bool:
        """Whether each run depends on its own sampler alone, not on the others or on its place."""
        return self.context == "own" and self.luck == "shared"

    def facts(self) -> dict[str, Any]:
        """These settings as plain data, for a file to keep; the samplers stand with their runs."""
        return {
            "model": self.model,
            "title": self.title,
            "opening": self.opening,
            "prompt": self.prompt,
            "seed": self.seed,
            "max_words": self.words,
            "luck": self.luck,
            "context": self.context,
            "forced": [{"word_number": at + 1, "word": word} for at, word in self.forced],
        }

    def with_temperature(self, k: int, temperature: float) -> Settings:
        """The settings of run `k` alone, at another temperature."""
        return replace(self, samplers=(replace(self.samplers[k], temperature=temperature),))


class Writer:
    """One network's texts; safe to share between threads."""

    def __init__(self, bundle: Bundle, most: int = KEPT_RUNS) -> None:
        self.bundle = replace(bundle, model=Recall(bundle.model))  # type: ignore[arg-type]  # it answers as one
        self._most = most
        self._kept: OrderedDict[object, Run] = OrderedDict()
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def __len__(self) -> int:
        return len(self._kept)

    def write(self, of: Settings) -> list[Run]:
        """The finished runs, one a sampler; what was written not long ago is not written again."""
        keys: list[object] = [
            replace(of, samplers=(sampler,)) if of.apart else (of, k) for k, sampler in enumerate(of.samplers)
        ]
        with self._lock:
            runs = {key: self._kept[key] for key in keys if key in self._kept}
        missing = [k for k, key in enumerate(keys) if key not in runs]
        if missing:
            wanted = missing if of.apart else range(len(keys))
            finished = generations(
                self.bundle,
                of.prompt,
                samplers=[of.samplers[k] for k in wanted],
                max_tokens=of.words,
                seed=of.seed,
                luck=of.luck,
                context=of.context,  # type: ignore[arg-type]
                forced=dict(of.forced),
            )
            runs |= {keys[k]: Run(**vars(run)) for k, run in zip(wanted, finished, strict=True)}
        with self._lock:
            for key in keys:  # these runs become the youngest
                self._kept[key] = runs[key]
                self._kept.move_to_end(key)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        return [runs[key] for key in keys]

    def write_ahead(self, of: Sequence[Settings]) -> None:
        """Write these in a thread of its own, and work out what a page shows of them; what was to be written
        ahead and is not begun yet is forgotten."""
        if self._timer is not None:
            self._timer.cancel()
        timer = threading.Timer(PAUSE, lambda: self._write_ahead(timer, of))
        timer.daemon = True
        self._timer = timer
        timer.start()

    def _write_ahead(self, timer: threading.Timer, of: Sequence[Settings]) -> None:
        for settings in of:
            if self._timer is not timer:  # something else is more likely by now
                return
            comparison = Comparison(self.bundle, self.write(settings))
            for k in range(len(comparison.runs)):
                comparison.word_rows(k, tokenize(settings.opening))
                comparison.choices(k)


__all__ = ["Settings", "Writer"]
