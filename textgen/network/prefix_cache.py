"""A network that remembers what it has computed.

Runs that differ in temperature alone read the same words until the first draw that falls differently. A
network in a `PrefixCache` reads them once: each context it has read is kept, with the state after it, in a
tree of words, and so are the logits of the last few hundred contexts. The answers are those of the network
itself, to the last bit, because a row of its products does not depend on the others (see
`recurrent.Affine`). This is the prefix cache of servers of language models, on a network whose memory of a
context has one size.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from textgen.memo import Memo
from textgen.network.recurrent import RecurrentModel, join_states

ROOM, LOGITS_ROOM = 16e6, 13e6  # bytes a network


def _bytes(state: Any) -> float:
    """About how much memory a context with such a state takes."""
    arrays = [array for layer in state for array in layer]
    return 800 + sum(array.nbytes + 200 for array in arrays) + arrays[0].nbytes


class _Context:
    """Words that were read: the hidden row [U] and the state (of one row) after them, and what came next."""

    __slots__ = ("after", "hidden", "state")

    def __init__(self, hidden: NDArray[np.float32] | None, state: Any) -> None:
        self.hidden, self.state = hidden, state
        self.after: dict[int, _Context] = {}


class PrefixCache:
    """`model` as a `generation.Network` with a memory; safe to share between threads.

    model     a `RecurrentModel`
    contexts  how many contexts are kept before it starts afresh; each holds one state, some 4 KB in `large`.
              `None`: as many as `ROOM` has room for
    logits    bytes for the logits of contexts, the latest used ones; V * 4 each
    """

    def __init__(
        self, model: RecurrentModel, *, contexts: int | None = None, logits: float = LOGITS_ROOM
    ) -> None:
        self.model = model
        self.vocabulary_size, self.units, self.layers = model.vocabulary_size, model.units, model.layers
        self._root, self._contexts = _Context(None, model.start(1)), 0
        self._most_contexts = int(ROOM / _bytes(self._root.state)) if contexts is None else contexts
        self._logits: Memo[NDArray[np.float32]] = Memo(logits, lambda row: row.nbytes)
        self._lock = threading.Lock()  # held while the tree grows

    def start(self, batch_size: int) -> list[_Context]:
        with self._lock:
            if self._contexts > self._most_contexts:  # texts under way keep what they have read
                self._root, self._contexts = _Context(None, self.model.start(1)), 0
            return [self._root] * batch_size

    def step(self, tokens: ArrayLike, state: Sequence[_Context]) -> tuple[NDArray[np.float32], Any]:
        """Ids [B] and state -> hidden [B, U], new state. `IndexError` on an id outside the vocabulary."""
        ids = [int(token) for token in np.asarray(tokens)]
        news = {(id(c), token): c for c, token in zip(state, ids, strict=True) if token not in c.after}
        if news:
            parents = join_states([context.state for context in news.values()])
            hidden, states = self.model.step([token for _, token in news], parents)
            with self._lock:
                for row, ((_, token), context) in enumerate(news.items()):
                    if token not in context.after:  # no other thread has read it meanwhile
                        context.after[token] = _Context(hidden[row], self.model.select(states, [row]))
                        self._contexts += 1
        after = [context.after[token] for context, token in zip(state, ids, strict=True)]
        return np.stack([context.hidden for context in after]), after  # type: ignore[misc]

    def logits(self, hidden: ArrayLike) -> NDArray[np.float32]:
        """Hidden [B, U] -> [B, V] float32 (or [U] -> [V])."""
        rows = np.asarray(hidden, dtype=np.float32)
        if rows.ndim == 1:
            return self.logits(rows[None])[0]
        keys = [row.tobytes() for row in rows]
        known = {key: found for key in keys if (found := self._logits.get(key)) is not None}
        missing = {key: row for key, row in zip(keys, rows, strict=True) if key not in known}
        if missing:
            for key, row in zip(missing, self.model.logits(np.stack(list(missing.values()))), strict=True):
                row = row.copy()  # a view would keep its whole batch
                row.flags.writeable = False
                known[key] = self._logits.put(key, row)
        return known[keys[0]][None] if len(keys) == 1 else np.stack([known[key] for key in keys])

    @staticmethod
    def select(state: Sequence[_Context], rows: ArrayLike) -> list[_Context]:
        return [state[row] for row in np.asarray(rows)]
