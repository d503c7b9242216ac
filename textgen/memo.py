"""Values that threads share: each whole before anybody sees it, and never replaced by another."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class Memo(Generic[T]):
    """Values by key, those used last; many threads may ask at once, and all get the same.

    most  what the values may weigh together; the latest is kept, whatever it weighs
    size  what one weighs
    """

    def __init__(self, most: float, size: Callable[[T], float] = lambda value: 1) -> None:
        self._most, self._size = most, size
        self._kept: OrderedDict[Hashable, T] = OrderedDict()
        self._weight = 0.0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: Hashable) -> T | None:
        with self._lock:
            value = self._kept.get(key)
            if value is not None:
                self._kept.move_to_end(key)
            return value

    def put(self, key: Hashable, value: T) -> T:
        """Keep `value`, if there is none yet; what is kept now."""
        with self._lock:
            if key not in self._kept:
                self._kept[key] = value
                self._weight += self._size(value)
                while self._weight > self._most and len(self._kept) > 1:
                    _, oldest = self._kept.popitem(last=False)
                    self._weight -= self._size(oldest)
            self._kept.move_to_end(key)
            return self._kept[key]

    def clear(self) -> None:
        with self._lock:
            self._kept.clear()
            self._weight = 0.0

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value of `key`, which may be None, made if there is none. Nobody waits for a thread that
        is making it: two that ask at the same moment may both make it, and both get the one that was finished
        first."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        return self.put(key, make())
