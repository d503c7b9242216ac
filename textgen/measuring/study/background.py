"""A study that goes on in a thread of this process while a page looks on.

All studies of a process go through one lane, group of units by group of units, so that several at once take
turns; one that nobody has looked at for a while pauses and goes on at the next look. Finished units are kept
in memory, the youngest `LARGEST` bytes, for whoever asks for the same again.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from textgen.measuring.study.executors import run
from textgen.measuring.study.settings import Settings, StudyError
from textgen.measuring.study.table import Study
from textgen.measuring.study.units import Result, Unit, units
from textgen.memo import Memo
from textgen.network.bundle import BundleError
from textgen.text.copying import CopyIndexError

LARGEST = 24 << 20  # bytes
PATIENCE = 60.0  # seconds without a look after which a study pauses


class Memory:
    """Finished units in memory, as `store.Store` keeps them in a folder; many threads may use it."""

    def __init__(self, largest: int = LARGEST) -> None:
        self._kept: Memo[Result] = Memo(largest, size=lambda result: result.parts.nbytes)
        self.lane = ThreadPoolExecutor(1, thread_name_prefix="study")

    def __contains__(self, unit: Unit) -> bool:
        return self.get(unit) is not None

    def get(self, unit: Unit) -> Result | None:
        return self._kept.get(unit.key)

    def put(self, unit: Unit, result: Result) -> None:
        self._kept.put(unit.key, result)


@dataclass(frozen=True)
class StudyProgress:
    """How far a study is. `stopping`: no other unit will be begun. `seconds_left` is None as long as nothing
    can be said; `error` is a sentence."""

    done: int
    total: int
    running: bool
    stopping: bool
    seconds_left: float | None
    error: str


class Work:
    """One study under way: `look` now and then, or it pauses."""

    def __init__(self, settings: Settings, memory: Memory) -> None:
        self.settings = settings
        self._study = Study(settings)
        self._memory = memory
        self._units = units(settings)
        self._lock = threading.Lock()
        self._finished: set[str] = set()
        self._seconds, self._fresh = 0.0, 0
        self._stopped, self._error = False, ""
        self._looked = time.monotonic()
        self._thread: threading.Thread | None = None

    @property
    def study(self) -> Study:
        """What is finished by now: a copy, which stays as it is while the work goes on."""
        with self._lock:
            return replace(self._study, figures=dict(self._study.figures), _parts={})

    @property
    def known(self) -> bool:
        """Whether every unit is in memory, so that nothing has to be done."""
        return all(unit in self._memory for unit in self._units)

    def go_on(self) -> None:
        """Begin, or go on after a stop; at once, if there is nothing left to do but to put it together."""
        self._stopped, self._error = False, ""
        self._looked = time.monotonic()
        if self.known and (self._thread is None or not self._thread.is_alive()):
            self._work()
        else:
            self._ensure()

    def stop(self) -> None:
        """No other unit is begun; what is finished stays."""
        self._stopped = True

    def look(self) -> StudyProgress:
        """How far it is; a study that has paused goes on."""
        self._looked = time.monotonic()
        if not self._stopped and not self._error and not self._study.complete:
            self._ensure()
        with self._lock:
            done, total = len(self._finished), len(self._units)
            left = self._seconds / self._fresh * (total - done) if self._fresh else None
            alive = self._thread is not None and self._thread.is_alive()
            return StudyProgress(done, total, alive and done < total, self._stopped, left, self._error)

    def _ensure(self) -> None:
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="study-lead", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        def enough() -> bool:
            return self._stopped or time.monotonic() - self._looked > PATIENCE

        kept = {unit.key for unit in self._units if unit in self._memory}
        before = time.monotonic()
        try:
            for unit, result in run(self.settings, store=self._memory, lane=self._memory.lane, stop=enough):
                now = time.monotonic()
                with self._lock:
                    if unit.key not in self._finished:
                        self._finished.add(unit.key)
                        self._study.add(unit, result)
                        if unit.key not in kept:
                            self._seconds += now - before
                            self._fresh += 1
                before = now
        except (StudyError, BundleError, CopyIndexError, OSError) as error:
            self._error = str(error)
