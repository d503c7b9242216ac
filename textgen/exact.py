"""Arithmetic that gives the same bits on every processor.

A float is rounded after each `+ - * /`, in the same way everywhere. What differs between machines is the
order in which a library adds, and the last bit of its `exp`, `log` and `tanh`. Here sums have an order of
their own, and those functions are made of single operations of numpy, none of which a compiler fuses.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Array = NDArray[np.float32]

_LN2 = 6.93147180559945309417e-01
_LN2_HIGH = 6.93147180369123816490e-01  # 33 bits, so that a whole number of up to 20 bits times it is exact
_LN2_LOW = 1.90821492927058770002e-10
_LOG2_E = 1.44269504088896338700


def total(values: NDArray[Any]) -> Floats:
    """The sum over the last axis, of floats [..., N] -> [...] float64.

    While more than 512 numbers are left, the last half of them is added to the first (of an odd count the
    middle one waits); the rest from left to right, in float64.
    """
    rest = values.shape[-1]
    if rest > 512:
        n, half = rest, rest // 2
        rest -= half
        left = np.empty((*values.shape[:-1], rest), values.dtype)
        np.add(values[..., :half], values[..., rest:], out=left[..., :half])
        left[..., half:] = values[..., half:rest]
        while rest > 512:
            n, half = rest, rest // 2
            rest -= half
            first = left[..., :half]
            np.add(first, left[..., rest:n], out=first)
        values = left[..., :rest]
    if not rest:
        return np.zeros(values.shape[:-1])
    return np.add.accumulate(values, axis=-1, dtype=np.float64)[..., -1]


def on_grid(values: Floats) -> Floats:
    """`values` [..., N], rounded so that any N of a row add up without rounding, in any order and however
    often each is taken; to about 50 - log2(N) bits of a row's largest number."""
    largest = np.abs(values).max(axis=-1, keepdims=True, initial=0)
    _, size = np.frexp(largest * values.shape[-1])
    magic = np.ldexp(1.5, np.clip(size, -900, 900) + 1)  # its last digit is 2 ** -51 of what is added
    return (values + magic) - magic


def exp(x: ArrayLike) -> Floats:
    """`e ** x` in float64, good to 1e-14; NaN of NaN."""
    x = np.asarray(x, dtype=np.float64)
    clipped = np.clip(x, -800, 710)
    n = np.rint(clipped * _LOG2_E)
    r = clipped - n * _LN2_HIGH
    r -= n * _LN2_LOW
    r *= 0.125
    y = r * (1 / 40320) + 1 / 5040
    for k in (720, 120, 24, 6, 2, 1, 1):
        y *= r
        y += 1 / k
    for _ in range(3):
        y *= y
    return np.ldexp(y, np.fmax(n, -1200).astype(np.int32))  # of NaN and -1200 the number


def exp_of(x: float) -> float:
    """The same of one number not above 709, in the same steps."""
    x = max(x, -800.0)
    n = round(x * _LOG2_E)
    r = ((x - n * _LN2_HIGH) - n * _LN2_LOW) * 0.125
    y = r * (1 / 40320) + 1 / 5040
    for k in (720, 120, 24, 6, 2, 1, 1):
        y = y * r + 1 / k
    for _ in range(3):
        y *= y
    return math.ldexp(y, n)


def log(x: ArrayLike) -> Floats:
    """The natural logarithm in float64, within a few units of the last bit; -inf of 0. x >= 0, finite."""
    x = np.asarray(x, dtype=np.float64)
    m, n = np.frexp(x)
    small = m < math.sqrt(0.5)
    m = np.where(small, m + m, m)
    n = (n - small).astype(np.float64)
    s = (m - 1) / (m + 1)
    z = s * s
    y = z * (1 / 23) + 1 / 21
    for k in (19, 17, 15, 13, 11, 9, 7, 5, 3):
        y *= z
        y += 1 / k
    y *= z
    y *= s
    y += s
    y += y
    y += n * _LN2_LOW
    y += n * _LN2_HIGH
    return np.where(x > 0, y, -np.inf)


# In float32, exp and tanh are read from tables, and followed along the tangent from the nearest entry. Adding
# 1.5 * 2 ** 23 rounds to a whole number and leaves it in the lowest bits.
_MAGIC = np.float32(1.5 * 2**23)
_MAGIC_BITS = _MAGIC.view(np.int32)

_POWER_STEPS = 1024  # of an octave
_OCTAVES = 40
_POWER_END = _OCTAVES * _POWER_STEPS
_POWERS = exp(np.arange(-_POWER_END, 1) * (_LN2 / _POWER_STEPS)).astype(np.float32)
_POWER_MAGIC = np.float32(_MAGIC + _POWER_END)
_POWER_LEAST = np.float32(-_POWER_END).view(np.uint32)
_POWER_SLOPE = np.float32(_LN2 / _POWER_STEPS)


def weights(scores: Array, scale: float, out: Array | None = None) -> Array:
    """`exp(scores * scale)` in float32, for scores [..., V] up to 0 -> [..., V]; never below 2 ** -40.

    The relative error is below 2e-7, plus that of the exponent, 6e-8 of itself. -inf is allowed.
    """
    factor = np.float32(scale * _LOG2_E * _POWER_STEPS)
    result = np.empty(scores.shape, np.float32) if out is None else out
    width = scores.shape[-1]
    a, t = np.empty(width, np.float32), np.empty(width, np.float32)
    place = np.empty(width, np.int32)
    # Row by row, in the processor's cache
    for row, p in zip(scores.reshape(-1, width), result.reshape(-1, width), strict=True):
        np.multiply(row, factor, out=t)
        np.minimum(t.view(np.uint32), _POWER_LEAST, out=t.view(np.uint32))  # as bits: -1 is below -2
        np.add(t, _POWER_MAGIC, out=a)
        np.subtract(a.view(np.int32), _MAGIC_BITS, out=place)
        np.subtract(a, _POWER_MAGIC, out=a)
        np.subtract(t, a, out=t)
        np.multiply(t, _POWER_SLOPE, out=t)
        np.add(t, np.float32(1), out=t)
        _POWERS.take(place, out=p, mode="clip")
        np.multiply(p, t, out=p)
    return result


def largest_and_total(logits: Array) -> tuple[Array, Floats]:
    """Of logits [..., V] the largest, [..., 1], and the sum of all exponentials as a multiple of its own,
    [...]: the one and the logarithm of the other add up to log sum exp."""
    top = logits.max(axis=-1, keepdims=True)
    return top, total(weights(logits - top, 1.0))


TANH_STEPS = 1024
_TANH_END = 9 * TANH_STEPS  # beyond, tanh is 1 to float32's last bit
_TANH_MAGIC = np.float32(_MAGIC + _TANH_END)


def _tanh_table() -> tuple[Array, Array]:
    power = exp(np.arange(_TANH_END + 1) * (-2 / TANH_STEPS))
    half = (1 - power) / (1 + power)
    value = np.concatenate([-half[:0:-1], half])
    return value.astype(np.float32), ((1 - value * value) / TANH_STEPS).astype(np.float32)


_TANH, _TANH_SLOPE = _tanh_table()


def tanh(z: Array) -> Array:
    """`tanh(z / 1024)` of any shape, in float32; within 1.6e-7, and never beyond 1. `z` is used up."""
    np.minimum(z, np.float32(_TANH_END), out=z)
    np.maximum(z, np.float32(-_TANH_END), out=z)
    a = z + _TANH_MAGIC
    place = a.view(np.int32) - _MAGIC_BITS
    a -= _TANH_MAGIC
    z -= a
    z *= _TANH_SLOPE.take(place, mode="clip")
    z += _TANH.take(place, mode="clip")
    return z
