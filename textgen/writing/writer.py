"""Texts for a page that asks again and again: what was written is kept, what may come next is written ahead.

A `Request` says all that decides what a comparison writes. A `Writer` keeps the runs of one network for
whoever asks, so that a moved slider costs one run at most; told which requests may come next, it writes them
while the reader looks. Equal requests give equal words, written ahead or not.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from textgen.memo import Memo
from textgen.network.bundle import Bundle
from textgen.network.prefix_cache import PrefixCache
from textgen.writing.generate import (
    Generation,
    Look,
    LuckKind,
    Source,
    Step,
    UnderWay,
    Write,
    generations,
    recipe_prompt,
    write_alone,
)
from textgen.writing.sampling import Sampler
from textgen.writing.together import Together

ROOM = 64e6  # bytes for the runs that are kept: some 400 of 60 words, enough for a class of forty
PAUSE = 0.12  # seconds before anything is written ahead: the page that was asked for comes first
_OF_A_STEP = 2_000  # bytes that a step takes with what is found out about it, beside its hidden state


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


def write_anew(
    bundle: Source, of: Request, look: Look | None = None, write: Write | None = None
) -> list[Generation]:
    """The finished runs that `of` asks for, one a sampler; `look` and `write` as `generations` takes them."""
    return generations(
        bundle,
        of.prompt,
        samplers=of.samplers,
        max_tokens=of.words,
        seed=of.seed,
        luck=of.luck,
        context=of.context,  # type: ignore[arg-type]
        forced=dict(of.forced),
        look=look,
        write=write,
    )


def run_bytes(run: Generation) -> float:
    """About how much memory a run takes."""
    return sum(step.hidden.nbytes + _OF_A_STEP for step in run.steps)


def processors() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Waiting:
    """Who waits for a page now: at as many is worked at the same time as there are processors, and what is
    written ahead gives way.

    More at a time would all be slower, for threads that get in each other's way.
    """

    def __init__(self, at_once: int | None = None) -> None:
        self._people = 0
        self._changed = threading.Condition()
        self._turns = threading.Semaphore(at_once or processors())
        self._inside = threading.local()

    def __enter__(self) -> None:
        self._inside.depth = depth = getattr(self._inside, "depth", 0) + 1
        if depth == 1:
            with self._changed:
                self._people += 1
            self._turns.acquire()

    def __exit__(self, *error: object) -> None:
        self._inside.depth -= 1
        if not self._inside.depth:
            self._turns.release()
            self._leave()

    @contextlib.contextmanager
    def without_a_turn(self) -> Iterator[None]:
        """Who waits here waits, but leaves the turn to others meanwhile: somebody else works for all."""
        with self._changed:
            self._people += 1
        has_one = getattr(self._inside, "depth", 0) > 0
        if has_one:
            self._turns.release()
        try:
            yield
        finally:
            if has_one:
                self._turns.acquire()
            self._leave()

    def _leave(self) -> None:
        with self._changed:
            self._people -= 1
            if not self._people:
                self._changed.notify_all()

    def give_way(self, until: Callable[[], bool] = lambda: False) -> None:
        """Return once nobody waits, or `until` is true when `look_again` is called."""
        if self._people:  # most often nobody does
            with self._changed:
                self._changed.wait_for(lambda: not self._people or until())

    def look_again(self) -> None:
        """Have those who give way look whether they still need to."""
        with self._changed:
            self._changed.notify_all()


class _Overtaken(Exception):
    """Something else is more likely by now."""


class Writer:
    """One network's texts; safe to share between threads.

    kept     the runs that were written last; those of several networks may share it
    waiting  who waits: nothing is written ahead meanwhile
    look     see `generations`
    """

    def __init__(
        self,
        bundle: Bundle,
        kept: Memo[Generation] | None = None,
        waiting: Waiting | None = None,
        look: Look | None = None,
    ) -> None:
        model = PrefixCache(bundle.model)
        self.bundle = replace(bundle, model=model)  # type: ignore[arg-type]  # answers as one
        self._together = Together(model)
        self._kept = Memo(ROOM, run_bytes) if kept is None else kept
        self._own = object()  # another network may have the same name, and share `kept`
        self._waiting = waiting or Waiting()
        self._look = look
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def write(self, of: Request) -> list[Generation]:
        """The finished runs, one a sampler; what was written not long ago is not written again."""
        runs = self._known(of)
        if None not in runs:
            return runs  # type: ignore[return-value]
        with self._waiting.without_a_turn():
            return self._write(of, self._together.write)

    def _keys(self, of: Request) -> list[Hashable]:
        return [
            (self._own, replace(of, samplers=(sampler,)) if of.apart else (of, k))
            for k, sampler in enumerate(of.samplers)
        ]

    def _known(self, of: Request) -> list[Generation | None]:
        return [self._kept.get(key) for key in self._keys(of)]

    def _write(self, of: Request, write: Write) -> list[Generation]:
        keys = self._keys(of)
        runs = {key: run for key, run in zip(keys, self._known(of), strict=True) if run is not None}
        missing = [k for k, key in enumerate(keys) if key not in runs]
        if missing:
            wanted = missing if of.apart else range(len(keys))
            those = replace(of, samplers=tuple(of.samplers[k] for k in wanted))
            finished = write_anew(self.bundle, those, look=self._look, write=write)
            for k, run in zip(wanted, finished, strict=True):
                runs[keys[k]] = self._kept.put(keys[k], run)  # or what another thread has written meanwhile
        return [runs[key] for key in keys]

    def write_ahead(
        self,
        of: Sequence[Request],
        then: Callable[[Bundle, Request, list[Generation]], object] = lambda *_: None,
    ) -> None:
        """Write these in a thread of its own while nobody waits, and call `then` with each and its runs; what
        was to be written ahead before and is not finished yet is forgotten."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
            self._timer = threading.Timer(PAUSE, self._write_ahead, (of, then))
            self._timer.daemon = True
            self._timer.start()
        self._waiting.look_again()

    def _write_ahead(
        self, of: Sequence[Request], then: Callable[[Bundle, Request, list[Generation]], object]
    ) -> None:
        def overtaken() -> bool:
            return self._timer is not threading.current_thread()

        def give_way() -> None:
            self._waiting.give_way(overtaken)
            if overtaken():
                raise _Overtaken

        def write(runs: UnderWay) -> Iterator[list[Step | None]]:
            for steps in write_alone(self.bundle.model, runs):
                yield steps
                give_way()

        with contextlib.suppress(_Overtaken):
            for request in of:
                give_way()
                runs = self._write(request, write)
                give_way()
                then(self.bundle, request, runs)
