"""The charts of many texts."""

from __future__ import annotations

import networks

from textgen import charts
from textgen.views.many import Braid, gather
from textgen.writing.sampling import Sampler

HEATS = (0.2, 1.0)


def found(count: int = 10) -> Braid:
    pair = networks.random_pair(30)
    return Braid(pair, HEATS, gather(pair, "w3", [Sampler(t) for t in HEATS], seed=1, count=count, words=5))


def test_a_line_a_temperature_in_its_own_colour():
    spec = charts.distinct_spec(found().distinct_rows(), count=10)
    assert charts.chart(spec).to_dict()["datasets"] == spec["datasets"]
    assert {row["temperature"]: row["color"] for row in spec["datasets"]["points"]} == {
        heat: charts.temperature_color(heat) for heat in HEATS
    }
    assert [name["label"] for name in sorted(spec["datasets"]["names"], key=lambda n: n["series"])] == [
        "T = 0.2", "T = 1"
    ]  # fmt: skip


def test_chances_beside_shares():
    braid = found()
    spec = charts.chances_spec(braid.chance_rows(2), count=10)
    assert charts.chart(spec).to_dict()["datasets"] == spec["datasets"]
    assert len(spec["datasets"]["rows"]) == len(braid.chance_rows(2)) > 2


def test_no_beginning_is_no_error():
    assert charts.chances_spec([], count=10)["datasets"]["rows"] == []
