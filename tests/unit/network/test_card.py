"""What a card says to its readers."""

from __future__ import annotations

import pytest
from small_bundles import CARD

from textgen.network.card import render_card


def test_the_card_for_readers_has_the_facts():
    text = render_card(CARD)
    for fact in (
        "2,407,248",
        "cook \\| book",
        "1,234",
        "CC0",
        "24.53",
        "1.23%",
        "3,602",
        "two stages",
        "MIT",
    ):
        assert fact in text
    assert "<i>" not in text


@pytest.mark.parametrize(
    "card", [{}, {"evaluation": {"modern": {}}}, {"data": None, "limits": "x", "architecture": []}]
)
def test_the_card_for_readers_does_without_what_is_missing(card):
    text = render_card(card)
    assert text.startswith("# ") and "None" not in text
