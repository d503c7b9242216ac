"""Several threads that do the same at the same moment, for tests of what threads share."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def race(work: Callable[[int], T], threads: int = 4) -> list[T]:
    """What `work(0)`, `work(1)`, ... answer, each called by a thread of its own, all at once. The first error
    of a thread is raised."""
    start = threading.Barrier(threads)
    answers: dict[int, T] = {}
    errors: list[BaseException] = []

    def run(n: int) -> None:
        start.wait()
        try:
            answers[n] = work(n)
        except BaseException as error:
            errors.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # threads take turns as often as they can
    try:
        running = [threading.Thread(target=run, args=(n,)) for n in range(threads)]
        for thread in running:
            thread.start()
        for thread in running:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    if errors:
        raise errors[0]
    return [answers[n] for n in range(threads)]
