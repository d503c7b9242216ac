"""Rows of the verbs page, over hand-made probabilities."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest

from textgen import charts
from textgen.files import to_csv
from textgen.measuring.first_verbs import FirstVerbs
from textgen.measuring.kinds import KINDS, KindShares
from textgen.views import verbs as verb_tables


def first(title: str, probability: list[list[float]], **changes) -> FirstVerbs:
    values = np.array(probability)
    rest = 1 - values.sum(axis=1)
    made = {
        "title": title,
        "prompt": f"recipe for {title} |",
        "temperatures": (0.0, 1.0),
        "verbs": ("bake", "mix", "stir"),
        "groups": ("heat", "mix", "mix"),
        "probability": values,
        "low": values - 0.02 * (values > 0),
        "high": values + 0.02 * (values > 0),
        "unresolved": np.zeros(2),
        "none": rest / 4,
        "later": rest * 3 / 4,
        "without": np.stack([rest * 0.9, rest * 1.05]),
        "max_words": 30,
    }
    return FirstVerbs(**{**made, **changes})


PIE = first("pie", [[1, 0, 0], [0.6, 0.1, 0.1]])
CREAM = first("cream", [[0, 0, 0], [0.1, 0.3, 0.4]])


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
def test_each_titles_cells_sum_to_one(temperature):
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


def test_names_at_the_ends_of_lines_keep_their_distance_and_their_order():
    values = [0.0, 0.0, 0.01, 0.02, 0.9, 1.0]
    rows = [
        {"label": f"v{i}", "temperature": 2.0, "value": v, "low": v, "high": v, "text": ""}
        for i, v in enumerate(values)
    ]
    places = [row["place"] for row in charts.lines_spec(rows, now=1.0)["datasets"]["ends"]]
    heights = np.sqrt(places)
    assert np.diff(heights).min() >= 15 / 280
    assert heights.min() >= 0 and heights.max() <= 1 + 1e-9


def panel(*labels: str, aside: str = "") -> list[dict]:
    return [
        {"label": label, "temperature": t, "value": 0.1, "low": 0.1, "high": 0.1, "text": "", "aside": False}
        for label in labels
        for t in (0.0, 1.0)
    ] + [
        {"label": aside, "temperature": 1.0, "value": 0, "low": 0, "high": 0, "text": "", "aside": True}
    ] * bool(aside)


def test_a_verb_looks_the_same_in_every_panel_and_like_no_other():
    panels = [panel(*(f"verb{(7 * i + n * n) % 12}" for n in range(5)), aside="none") for i in range(6)]
    looks = charts.line_looks(*panels)
    assert len(set(looks.values())) == len(looks) == 1 + len({r["label"] for p in panels for r in p[:-1]})
    colors, dashes = {}, {}
    for rows in panels:
        drawn = charts.lines_spec(rows, now=1.0, looks=looks)["datasets"]["lines"]
        for row in drawn:
            colors.setdefault(row["label"], set()).add(row["color"])
            dashes.setdefault(row["label"], set()).add(row["dash"])
    assert all(len(kinds) == 1 for kinds in [*colors.values(), *dashes.values()])


def test_the_five_lines_of_a_panel_differ_in_colour_and_in_dash():
    panels = [panel(*(f"{i}-{n}" for n in range(5))) for i in range(4)]
    looks = charts.line_looks(*panels)
    for rows in panels:
        here = [looks[label] for label in dict.fromkeys(row["label"] for row in rows)]
        assert len({look.color for look in here}) == len({look.dash for look in here}) == 5


def test_a_panel_more_changes_no_line_before_it():
    panels = [panel("a", "b", "c", "d", "e"), panel("c", "f", "g"), panel("g", "b", "h", "i", "j")]
    last: dict = {}
    for n in range(1, 4):
        looks = charts.line_looks(*panels[:n])
        assert {label: looks[label] for label in last} == last
        last = looks


def test_more_verbs_than_looks_still_differ_within_a_panel():
    panels = [panel(*(f"{i}-{n}" for n in range(5)), aside="none") for i in range(6)]
    looks = charts.line_looks(*panels)
    for rows in panels:
        here = [looks[label] for label in dict.fromkeys(row["label"] for row in rows)]
        assert len(set(here)) == 6


def test_lines_refuse_an_unknown_unit():
    with pytest.raises(ValueError, match="share, bits"):
        charts.lines_spec([], now=1.0, unit="nats")


def test_charts_are_valid():
    assert charts.chart(charts.lines_spec(verb_tables.line_rows(PIE), now=1.0)).to_dict()
    assert charts.chart(charts.heat_map_spec(verb_tables.heat_map_rows([PIE, CREAM], 1.0))).to_dict()
