"""Rows of the verbs page, over hand-made probabilities."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from verb_cases import CREAM, PIE, first

from textgen import charts
from textgen.files import to_csv
from textgen.measuring.kinds import KINDS, KindShares
from textgen.views import verbs as verb_tables


def test_lines_name_the_likeliest_verbs_and_what_has_none():
    rows = verb_tables.line_rows(CREAM, count=2)
    assert list(dict.fromkeys(row["label"] for row in rows)) == ["stir", "mix", "no verb in 30 words"]
    by = {(row["label"], row["temperature"]): row for row in rows}
    assert by["no verb in 30 words", 0.0]["value"] == pytest.approx(1)
    assert by["no verb in 30 words", 1.0]["value"] == pytest.approx(0.2)
    assert by["no verb in 30 words", 1.0]["text"] == "20 % (18 % to 21 %)"
    assert by["stir", 1.0]["low"] == pytest.approx(0.38) and by["stir", 1.0]["high"] == pytest.approx(0.42)
    assert "38 % to 42 %" in by["stir", 1.0]["text"]


@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_each_titles_shares_sum_to_one(temperature):
    rows = verb_tables.heat_map_rows([PIE, CREAM], temperature, count=2)
    for title in ("pie", "cream"):
        assert sum(row["value"] for row in rows if row["column"] == title) == pytest.approx(1)


def test_verbs_stand_by_the_title_that_takes_them_most():
    rows = [row for row in verb_tables.heat_map_rows([PIE, CREAM], 1.0) if row["column"] == "pie"]
    assert [row["label"] for row in rows] == ["bake", "stir", "mix", "other verbs", "no verb in 30 words"]


def test_a_title_without_any_verb_leaves_a_gap_in_the_divergence():
    rows = verb_tables.divergence_rows([PIE, CREAM])
    assert rows[0]["value"] is None and 0 < rows[1]["value"] < 1
    assert verb_tables.divergence_table([PIE, CREAM])[0]["bits"] == ""
    spec = charts.lines_spec(rows, now=1.0, unit="bits")
    assert [row["temperature"] for row in spec["datasets"]["lines"]] == [1.0]


def test_tables_hold_every_verb_and_read_back_from_csv():
    rows = verb_tables.first_verb_table([PIE, CREAM])
    assert len(rows) == 2 * 2 * (3 + 1)
    assert all(row["low"] <= row["probability"] <= row["high"] for row in rows)
    back = list(csv.DictReader(io.StringIO(to_csv(rows))))
    assert len(back) == len(rows)
    total = sum(
        float(row["probability"]) for row in back if row["title"] == "cream" and row["temperature"] == "1.0"
    )
    assert total == pytest.approx(1)
    formula = first("=1+1", [[1, 0, 0], [0.6, 0.1, 0.1]])
    assert "\n'=1+1," in to_csv(verb_tables.first_verb_table([formula])), "a spreadsheet would run it"
    only = verb_tables.first_verb_table([PIE, CREAM], [1.0])
    assert {row["temperature"] for row in only} == {1.0}


def test_kinds_of_word_by_temperature():
    share = np.full((2, len(KINDS)), 1 / len(KINDS))
    kinds = KindShares((0.2, 1.0), share, share - 0.01, share + 0.02)
    rows = verb_tables.kind_rows(kinds)
    assert [row["label"] for row in rows[:2]] == ["verbs: prepare", "verbs: mix"]
    assert rows[0]["detail"] == "95 %: 10 % to 13 %" and len(rows) == 2 * len(KINDS)
    assert len(verb_tables.kind_table(["pie"], [kinds])) == len(rows)
