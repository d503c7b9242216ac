"""What is kept of an unfinished study."""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Protocol

import numpy as np

from textgen.files import write_atomically
from textgen.measuring.diversity import NAMES
from textgen.measuring.study.units import Result, Unit


class Keeper(Protocol):
    """What keeps finished units: a `Store`, or the memory of a page."""

    def get(self, unit: Unit) -> Result | None: ...

    def put(self, unit: Unit, result: Result) -> None: ...


class Store:
    """Finished units in a folder, a file each, written all or nothing: an interrupted study goes on from
    them."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)

    def __contains__(self, unit: Unit) -> bool:
        return self.get(unit) is not None

    def get(self, unit: Unit) -> Result | None:
        """The kept result; None if there is none, or only one that cannot be read."""
        try:
            with self._path(unit).open("rb") as raw, np.load(raw, allow_pickle=False) as file:
                parts, text = file["parts"], file["samples"].tobytes().decode("utf-8")
            samples = json.loads(text)
        except Exception:  # NumPy lets through whatever its readers of zip and of headers raise
            return None
        if parts.shape != (2, len(NAMES), unit.count) or parts.dtype != np.float64:
            return None
        if not isinstance(samples, list) or not all(isinstance(sample, str) for sample in samples):
            return None
        return Result(parts, tuple(samples))

    def put(self, unit: Unit, result: Result) -> None:
        """Keep `result`. `OSError` if the disk says no."""
        self.folder.mkdir(parents=True, exist_ok=True)
        samples = json.dumps(result.samples, ensure_ascii=False).encode("utf-8")
        with write_atomically(self._path(unit)) as file:
            np.savez_compressed(file, parts=result.parts, samples=np.frombuffer(samples, dtype=np.uint8))

    def clear(self) -> None:
        """Remove what is kept."""
        if self.folder.is_dir():
            for path in self.folder.glob("*.npz"):
                path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # something else is in it
                self.folder.rmdir()

    def _path(self, unit: Unit) -> Path:
        return self.folder / f"{unit.key}.npz"
