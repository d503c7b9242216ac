"""Names at the ends of lines: none over another, none outside the plot, each as near its line as can be."""

from __future__ import annotations

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textgen.charts.labels import NAME_HEIGHT, place_names

HEIGHTS = {"linear": float, "sqrt": math.sqrt, "log": math.log}
DOMAINS = {"linear": (0.0, 1.0), "sqrt": (0.0, 1.0), "log": (1.0, 10_000.0)}


@given(st.sampled_from(sorted(HEIGHTS)), st.lists(st.floats(0, 1), max_size=8), st.floats(130, 400))
def test_names_keep_their_distance_their_order_and_within_the_plot(scale, shares, height):
    low, high = DOMAINS[scale]
    ends = [{"name": n, "value": low + (high - low) * share} for n, share in enumerate(shares)]
    placed = place_names(ends, scale=scale, domain=(low, high), height=height)
    assert sorted(end["name"] for end in placed) == list(range(len(ends)))
    assert [end["value"] for end in placed] == sorted(end["value"] for end in ends)
    forward = HEIGHTS[scale]
    span = forward(high) - forward(low)
    places = [height * (forward(end["place"]) - forward(low)) / span for end in placed]
    assert all(b - a >= NAME_HEIGHT - 1e-6 for a, b in itertools.pairwise(places))
    assert all(-1e-6 <= place <= height + 1e-6 for place in places)


def test_names_with_room_stand_at_their_values_and_those_below_the_scale_at_its_foot():
    ends = [{"value": value} for value in (0.9, 0.0001, 0.1)]
    placed = place_names(ends, scale="log", domain=(0.001, 1.0), height=200)
    assert [end["place"] for end in placed] == pytest.approx([0.001, 0.1, 0.9])
