"""Lines of verbs over temperature, and heat maps."""

from __future__ import annotations

import numpy as np
import pytest
from verb_cases import CREAM, PIE

from textgen import charts
from textgen.views import verbs as verb_tables


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


@pytest.mark.parametrize(
    "panels",
    [
        ["abcde", "cfg", "gbhij"],
        ["abc", "de", "dab", "fgcd"],
        ["ab", "cdefg", "ahijk", "gakbc"],
    ],
)
def test_a_panel_more_changes_no_line_before_it(panels):
    panels = [panel(*labels) for labels in panels]
    last: dict = {}
    for n in range(1, len(panels) + 1):
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


def test_a_dish_has_a_bar_in_order_and_the_chart_says_what_it_is_of():
    rows = [
        {"title": "custard", "probability": 0.5, "share": "50 %"},
        {"title": "pie", "probability": 0.2, "share": "20 %"},
    ]
    spec = charts.dishes_spec(rows, verb="whisk", temperature=0.5)
    assert [(bar["label"], bar["order"]) for bar in spec["datasets"]["bars"]] == [("custard", 0), ("pie", 1)]
    assert "whisk" in spec["title"]["text"] and "T = 0.5" in spec["title"]["text"]
    assert "probability" in str(spec["layer"][0]["encoding"]["x"]["title"])
    assert [param["name"] for param in spec["params"]] == ["dish"]
    charts.chart(spec)  # Altair takes it


def test_a_spec_leaves_the_template_that_others_share_alone():
    rows = [{"title": "pie", "probability": 0.2, "share": "20 %"}]
    first = charts.dishes_spec(rows, verb="whisk", temperature=0.5)
    second = charts.dishes_spec([], verb="bake", temperature=1.0)
    assert "whisk" in first["title"]["text"] and "bake" in second["title"]["text"]
    assert first["datasets"]["bars"] and not second["datasets"]["bars"]
