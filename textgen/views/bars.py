"""What the picked word could have been, column by column, for the bars under the texts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from textgen.views.compare import Comparison
from textgen.writing.sampling import Luck

DRAWS = 100
_FIRST_STREAM = 1_000  # of the hundred draws: streams that no column uses


def bars(
    comparison: Comparison, position: int, *, most: int = 8, shown: Sequence[int] | None = None
) -> list[dict[str, Any] | None]:
    """Of each run the rows of its bars at `position` (from 0), the same words in the same order in all; None
    for a run that has ended by then. `why` is the arithmetic of a bar, its steps parted by arrows. `shown`
    are ids of words, if it is to be these (see `compare.likely_words`)."""
    columns: list[dict[str, Any] | None] = [None] * len(comparison.runs)
    for row in comparison.step_rows(position, most=most, shown=shown):
        if row["order"] is None:
            continue
        column = columns[row["panel"]]
        if column is None:
            column = columns[row["panel"]] = {"note": row["note"], "rows": []}
        bar = {name: row[name] for name in ("label", "word", "share")}
        bar |= {name: float(f"{row[name]:.5g}") for name in ("probability", "before")}
        bar |= {name: True for name in ("picked", "removed", "tail") if row[name]}
        if row["luck"] is not None:
            bar["luck"] = round(row["luck"], 2)
        bar["why"] = row["arithmetic"]
        column["rows"].append(bar)
    return columns


def hundred_draws(
    comparison: Comparison, position: int, seed: int, shown: Sequence[dict[str, Any] | None]
) -> list[list[int]]:
    """A hundred seeded draws of the word at `position`, the same ones for every run: of each run the numbers
    of the rows of `shown`, its `bars`, that were drawn, in order; the last row stands for all other words."""
    size = len(comparison.bundle.vocabulary)
    noise = np.stack([Luck(seed, _FIRST_STREAM + n).exponential(position, size) for n in range(DRAWS)])
    encode = comparison.bundle.vocabulary.encode
    drawn: list[list[int]] = [[] for _ in comparison.runs]
    for k, (_, stages) in comparison.stages_at(position).items():
        column = shown[k]
        assert column is not None
        rows = encode([row["word"] for row in column["rows"] if not row.get("tail")])
        place = np.full(size, len(rows))
        place[rows] = np.arange(len(rows))
        drawn[k] = place[(stages.after / noise).argmax(axis=1)].tolist()
    return drawn
