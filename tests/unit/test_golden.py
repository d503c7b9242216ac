"""This machine computes what every other does: words, scores and tables of the released networks."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

DATA = Path(__file__).with_name("data")
sys.path.insert(0, str(DATA))

from make_golden import GOLDEN, digests  # noqa: E402

EXPECTED = json.loads(GOLDEN.read_text("utf-8"))


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_words_scores_and_tables_are_those_of_every_machine(name: str) -> None:
    assert digests(name) == EXPECTED[name]
