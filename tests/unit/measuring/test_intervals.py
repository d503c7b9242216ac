"""Between which counts samples lie."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textgen.measuring.intervals import binomial


@given(st.integers(1, 100), st.floats(0, 1))
def test_no_more_than_a_fortieth_of_all_samples_is_on_either_side(n, p):
    low, high = binomial(n, p)
    chances = [math.comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)]
    assert sum(chances[:low]) <= 0.025 < sum(chances[: low + 1]) + 1e-12
    assert sum(chances[high + 1 :]) <= 0.025 < sum(chances[high:]) + 1e-12


@pytest.mark.parametrize(
    ("n", "p", "ends"), [(50, 0.0, (0, 0)), (50, 1.0, (50, 50)), (10, 0.5, (2, 8)), (1, 0.5, (0, 1))]
)
def test_some_that_are_known(n, p, ends):
    assert binomial(n, p) == ends
