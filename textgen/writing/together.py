"""Texts that several people wait for at the same time, written side by side.

What a word costs is mostly reading the network's weights from memory, for one text as for ten. So texts
that are wanted while others are under way join them at their next word, and leave when they end: the
scheduling of servers of language models, iteration by iteration (Yu et al. 2022, "Orca"). The words are those
that each would have alone, as a row of a product does not depend on the others.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textgen.network.prefix_cache import PrefixCache
from textgen.writing.generate import Step, UnderWay, read_prompt


@dataclass(eq=False)
class _Text:
    """Runs of one request, the rows that they were read in, and what has become of them."""

    runs: UnderWay
    hidden: NDArray[np.float32] = field(init=False)
    state: list[Any] = field(init=False)
    steps: list[list[Step | None]] = field(default_factory=list)
    error: BaseException | None = None
    done: bool = False

    def end(self, error: BaseException | None = None) -> None:
        self.error, self.done = error, True


class Together:
    """The texts of one network; any number of threads may ask at the same time.

    There is no thread of its own: one of those who wait writes for all, a word of each text after the other,
    until its own text is there; then another one goes on.
    """

    def __init__(self, model: PrefixCache) -> None:
        self._model = model
        self._changed = threading.Condition()
        self._coming: list[_Text] = []
        self._texts: list[_Text] = []  # those under way; whoever writes alone touches it
        self._somebody_writes = False

    def write(self, runs: UnderWay) -> list[list[Step | None]]:
        """What `runs.choose` says, time after time; raises what that or the network raises."""
        if runs.ended:
            return []
        text = _Text(runs)
        with self._changed:
            self._coming.append(text)
            self._changed.wait_for(lambda: text.done or not self._somebody_writes)
            mine = not text.done
            self._somebody_writes |= mine
        if mine:
            try:
                while not text.done:
                    self._write_a_word()
            finally:
                with self._changed:
                    self._somebody_writes = False
                    self._changed.notify_all()
        if text.error is not None:
            raise text.error
        return text.steps

    def _write_a_word(self) -> None:
        """Of each text the next one."""
        with self._changed:
            coming, self._coming = self._coming, []
        self._texts += coming
        try:
            for text in coming:
                text.hidden, text.state = read_prompt(self._model, text.runs.prompt_ids)
            logits = self._model.logits(np.concatenate([text.hidden for text in self._texts]))
            for text, own in zip(self._texts, _split(logits, self._texts), strict=True):
                try:
                    text.steps.append(text.runs.choose(text.hidden, own))
                    if text.runs.ended:
                        text.end()
                except Exception as error:  # of this text alone
                    text.end(error)
            going = [text for text in self._texts if not text.done]
            if len(going) < len(self._texts):
                self._texts = going
                with self._changed:
                    self._changed.notify_all()
            if going:
                tokens = [token for text in going for token in text.runs.tokens]
                hidden, state = self._model.step(
                    tokens, [text.state[row] for text in going for row in text.runs.parents]
                )
                start = 0
                for text in going:
                    rows = slice(start, start := start + len(text.runs.tokens))
                    text.hidden, text.state = hidden[rows].copy(), state[rows]
        except BaseException as error:
            for text in self._texts:
                text.end(error)
            self._texts = []
            if not isinstance(error, Exception):
                raise


def _split(rows: NDArray[Any], texts: Iterable[_Text]) -> list[NDArray[Any]]:
    """Of the rows of all texts those of each."""
    return np.split(rows, np.cumsum([len(text.hidden) for text in texts])[:-1])
