"""Texts for a page that asks again and again: what was written is kept, what may come next is written ahead.

A `Request` says all that decides what a comparison writes. A `Writer` keeps the runs of one network for
whoever asks, so that a moved slider costs one run at most; told which requests may come next, it writes them
while the reader looks. Equal requests give equal words, written ahead or not.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from textgen.memo import Memo
from textgen.network.bundle import Bundle
from textgen.network.prefix_cache import PrefixCache
from textgen.writing.generate import Generation, LuckKind, generations, recipe_prompt
from textgen.writing.sampling import Sampler

KEPT_RUNS = 100  # about 150 KB each
PAUSE = 0.12  # seconds before anything is written ahead: the page that was asked for comes first


@dataclass(frozen=True)
class Request:
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
        """This request as plain data, for a file to keep; the samplers stand with their runs."""
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

    def with_temperature(self, k: int, temperature: float) -> Request:
        """The request of run `k` alone, at another temperature."""
        return replace(self, samplers=(replace(self.samplers[k], temperature=temperature),))


class Writer:
    """One network's texts; safe to share between threads."""

    def __init__(self, bundle: Bundle, most: int = KEPT_RUNS) -> None:
        self.bundle = replace(bundle, model=PrefixCache(bundle.model))  # type: ignore[arg-type]  # answers as one
        self._kept: Memo[Generation] = Memo(most)
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def write(self, of: Request) -> list[Generation]:
        """The finished runs, one a sampler; what was written not long ago is not written again."""
        keys: list[Hashable] = [
            replace(of, samplers=(sampler,)) if of.apart else (of, k) for k, sampler in enumerate(of.samplers)
        ]
        runs = {key: run for key in keys if (run := self._kept.get(key)) is not None}
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
            for k, run in zip(wanted, finished, strict=True):
                runs[keys[k]] = self._kept.put(keys[k], run)  # or what another thread has written meanwhile
        return [runs[key] for key in keys]

    def write_ahead(
        self,
        of: Sequence[Request],
        then: Callable[[Bundle, Request, list[Generation]], object] = lambda *_: None,
    ) -> None:
        """Write these in a thread of its own, and call `then` with each and its runs; what was to be written
        ahead and is not begun yet is forgotten."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = threading.Timer(PAUSE, self._write_ahead, (of, then))
            self._timer.daemon = True
            self._timer.start()

    def _write_ahead(
        self, of: Sequence[Request], then: Callable[[Bundle, Request, list[Generation]], object]
    ) -> None:
        for request in of:
            if self._timer is not threading.current_thread():  # something else is more likely by now
                return
            then(self.bundle, request, self.write(request))


__all__ = ["Request", "Writer"]
