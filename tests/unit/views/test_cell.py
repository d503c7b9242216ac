"""What the cell page says of units and of memory."""

from __future__ import annotations

from measured_memory import MEASURED

from textgen.views.cell import memory_rows, memory_sentence


def test_the_memory_in_words():
    said = memory_sentence("gru", MEASURED)
    assert "by 0.25 bits (0.20 to 0.30)" in said and "2.0 times less likely on average" in said
    assert "32 words on, 0.050 bits are left (0.040 to 0.060), 20 % of it" in said
    assert "is 10 % less likely" in said


def test_a_row_for_every_network_and_distance():
    rows = memory_rows({"gru": MEASURED, "lstm": MEASURED}, "lstm")
    assert len(rows) == 6 and [row["word"] for row in rows[:3]] == [1, 17, 33]
    assert [row["network"] for row in rows if row["chosen"]] == ["lstm"] * 3
