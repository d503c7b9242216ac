"""Timing side by side, and the table it ends in."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PACKAGES = ("numpy", "streamlit", "altair", "tensorflow", "tensorflow-cpu", "keras", "ai-edge-litert")


@dataclass(frozen=True)
class Result:
    """One line of the report: a ratio beside its target, and the two quantities it comes from."""

    name: str
    ratio: float
    target: float
    at_least: bool  # whether the target is a lower bound
    detail: str

    @property
    def holds(self) -> bool:
        return self.ratio >= self.target if self.at_least else self.ratio <= self.target

    def __str__(self) -> str:
        sign = "≥" if self.at_least else "≤"
        mark = "pass" if self.holds else "MISS"
        return f"{mark}  {self.name:<58} {self.ratio:>8.2f}  {sign} {self.target:<5g} {self.detail}"


def medians(
    candidates: Mapping[str, Callable[[], object]], rounds: int = 9, turn: float = 0.25
) -> dict[str, float]:
    """Seconds a call of each candidate, the median over all its calls.

    The candidates take turns, `rounds` times. A turn repeats a call for about `turn` seconds, so that caches
    are warm; its first call, which may meet what another candidate left running, is not counted.
    """
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for _ in range(rounds):
        for name, call in candidates.items():
            call()
            end = time.perf_counter() + turn
            while True:
                start = time.perf_counter()
                call()
                now = time.perf_counter()
                times[name].append(now - start)
                if now >= end:
                    break
    return {name: statistics.median(values) for name, values in times.items()}


def duration(seconds: float) -> str:
    """A time for people: µs, ms or s."""
    for unit, size in (("µs", 1e-6), ("ms", 1e-3)):
        if seconds < 1000 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"


def machine() -> str:
    """The processor, its cores, and the versions that the figures depend on."""
    versions = [f"Python {platform.python_version()}"]
    for name in PACKAGES:
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            continue
    load = f", load average {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
    return f"{_processor()}, {os.cpu_count()} cores{load}, {platform.system()}\n{', '.join(versions)}"


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        for line in cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def print_results(title: str, results: Sequence[Result]) -> None:
    print(f"\n{title}")
    for result in results:
        print(f"  {result}")
