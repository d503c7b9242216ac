"""The bars under the texts say what the samplers say, and a hundred draws are drawn from that."""

from __future__ import annotations

import numpy as np
import pytest
from comparisons import compare

from textgen.views.bars import DRAWS, bars, hundred_draws
from textgen.writing.sampling import Sampler

SAMPLERS = [Sampler(0.0), Sampler(0.6), Sampler(1.5, top_k=3), Sampler(1.0, suppress=(1,))]


@pytest.mark.parametrize("position", [0, 3])
def test_bars_are_the_step_s_rows_the_same_words_in_every_column(position):
    comparison = compare(SAMPLERS, words=6)
    columns = [column for column in bars(comparison, position) if column is not None]
    assert columns
    for column in columns:
        assert [row["label"] for row in column["rows"]] == [row["label"] for row in columns[0]["rows"]]
        assert sum(row["probability"] for row in column["rows"]) == pytest.approx(1, abs=1e-3)
        assert sum(row.get("picked", False) for row in column["rows"]) == 1
        assert column["rows"][-1]["tail"]
        for row in column["rows"]:
            assert not row.get("removed") or row["probability"] == 0
            assert ("luck" in row) == (row["probability"] > 0 and not row.get("tail", False))


def test_a_column_that_has_ended_has_no_bars_and_no_draws():
    comparison = compare([Sampler(0.8), Sampler(1.3)], words=6)
    beyond = comparison.length + 1
    shown = bars(comparison, beyond)
    assert shown == [None, None] and hundred_draws(comparison, beyond, 1, shown) == [[], []]


def test_a_hundred_draws_are_seeded_and_follow_the_chances():
    comparison = compare(SAMPLERS, words=3)
    shown = bars(comparison, 0)
    drawn = hundred_draws(comparison, 0, 5, shown)
    assert drawn == hundred_draws(comparison, 0, 5, shown) != hundred_draws(comparison, 0, 6, shown)
    for column, rows in zip(shown, drawn, strict=True):
        assert column is not None and len(rows) == DRAWS
        chances = np.array([row["probability"] for row in column["rows"]])
        counts = np.bincount(rows, minlength=len(chances))
        assert (counts[chances == 0] == 0).all()
        # Five standard deviations of a binomial count, and one draw for what is rounded.
        assert (np.abs(counts - DRAWS * chances) <= 5 * np.sqrt(DRAWS * chances * (1 - chances)) + 1).all()
