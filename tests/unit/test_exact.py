"""Arithmetic of one's own: right, and in an order that can be told."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textgen import exact
from textgen.network.recurrent import Affine


@given(st.floats(-740, 700))
def test_exp_is_exp(x):
    assert exact.exp(x) == pytest.approx(math.exp(x), rel=1e-14, abs=1e-300)
    assert exact.exp_of(x) == exact.exp(x)


@given(st.floats(5e-324, 1e308))
def test_log_is_log(x):
    assert exact.log(x) == pytest.approx(math.log(x), rel=1e-15, abs=1e-300)


def test_the_ends():
    assert exact.exp([-np.inf, -1e9, 0]).tolist() == [0, 0, 1] and np.isnan(exact.exp(np.nan))
    assert exact.log([0.0, 1.0]).tolist() == [-np.inf, 0]
    assert exact.tanh(np.array([-np.inf, 0, np.inf], np.float32)) == pytest.approx([-1, 0, 1], abs=1e-7)
    least = 2.0**-40
    scores = np.array([-np.inf, -1e30, -5e4, 0.0], np.float32)
    assert exact.weights(scores, 1.0).tolist() == [least, least, least, 1]
    assert exact.weights(scores[2:], 1e-3).tolist() == [least, 1]


def test_tables_follow_their_functions():
    z = np.linspace(-12, 12, 200_001).astype(np.float32)
    found = exact.tanh(z * np.float32(exact.TANH_STEPS))
    assert np.abs(found - np.tanh(z.astype(float))).max() < 1.6e-7 and np.abs(found).max() <= 1
    x = np.linspace(-25, 0, 200_001).astype(np.float32)
    assert np.abs(exact.weights(x, 1.0) / np.exp(x.astype(float)) - 1).max() < 2e-6


@pytest.mark.parametrize("size", [0, 1, 2, 511, 512, 513, 1023, 1025, 10_000])
def test_a_sum_is_a_sum_and_a_row_does_not_depend_on_the_others(size):
    values = np.random.default_rng(size).random((4, size))
    found = exact.total(values)
    assert found == pytest.approx(values.sum(axis=1), rel=1e-13)
    assert [exact.total(row) for row in values] == found.tolist()


def test_on_the_grid_the_order_of_a_sum_does_not_matter():
    rng = np.random.default_rng(0)
    values = rng.normal(size=(3, 5000)) * [[1], [1e5], [1e-9]]
    found = exact.on_grid(values)
    assert np.abs(found / values - 1).max() < 1e-6
    for row in found:
        assert math.fsum(row) == row.sum() == row[::-1].sum() == row[rng.permutation(5000)].cumsum()[-1]
    times = rng.integers(0, 3, size=5000) * 1.0
    times *= np.cumsum(times) <= 5000
    assert found @ times == pytest.approx([math.fsum(row * times) for row in found], rel=0, abs=0)


@pytest.mark.parametrize("scale", [1e-30, 1e-3, 1.0, 50.0, 1e25])
@pytest.mark.parametrize("shape", [(1, 1), (7, 40), (300, 90), (2000, 20)])
def test_a_layer_adds_without_rounding_whatever_its_weights_are(shape, scale):
    rng = np.random.default_rng(1)
    kernel = (rng.normal(size=shape) ** 3 * scale).astype(np.float32)
    bias = (rng.normal(size=shape[1]) * scale).astype(np.float32)
    bound = np.abs(rng.normal(size=shape[0])) * 9
    x = (rng.uniform(-1, 1, size=(5, shape[0])) * bound).astype(np.float32)
    x[0] = bound  # the most that can come
    affine = Affine(kernel, bias, bound)
    found = affine(x)
    assert (np.abs(found) <= affine.bound * (1 + 1e-7)).all()
    order = rng.permutation(shape[0])  # another order of adding
    other = Affine(kernel[order], bias, bound[order])
    assert np.array_equal(other(x[:, order]), found)
    assert np.array_equal(np.concatenate([affine(row[None]) for row in x]), found)
    expected = x.astype(float) @ kernel.astype(float) + bias
    np.testing.assert_allclose(found, expected, rtol=0, atol=float(affine.bound.max()) * 2e-5)
