"""A trained Keras network, stepped in numpy.

It knows the networks of this project and their like: an Embedding, LSTM or GRU layers, perhaps Dense layers
that are linear or rectified, and a Dense layer over the vocabulary. One step costs the same however long the
text is, because all that the network remembers is in its state.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from textgen.exact import TANH_STEPS, tanh

Array = NDArray[np.float32]
LayerState = tuple[Array, ...]
# One entry a recurrent layer. Never changed in place, so that any state can be kept and gone on from.
State = tuple[LayerState, ...]
Gates = dict[str, Array]


_STEPS = np.float32(TANH_STEPS)  # what `exact.tanh` counts in; kept in the weights of the gates


@dataclass(frozen=True)
class Part:
    """One layer of a network as it is drawn: what a word is when it comes in, and when it goes out.

    kind        Embedding, LSTM, GRU or Dense
    inputs      how many numbers come in; for the Embedding, the words it can read
    outputs     how many numbers go out
    parameters  the numbers that training has set
    """

    kind: str
    inputs: int
    outputs: int
    parameters: int


class Affine:
    """`x @ kernel + bias`, [B, D] -> [B, N] float32: a Dense layer without activation, exact in between.

    kernel  [D, N]
    bias    [N], or None
    bound   the largest |x| that can come, one number or [D]

    Kernel and `x` are rounded to binary grids, so coarse that every product and every sum of products fits
    in the 53 bits of a float64. Nothing is then lost in any order of adding, so that a row's numbers are the
    same on every processor and beside any other rows. What the grids cost is about what float32 costs: some
    22 bits of the largest weight are kept and 24 of the largest input. In all released networks the logits
    stay within 1e-4 of Keras' own. (An `x` beyond `bound` is computed as well, but its last bits may depend
    on the processor.)

    A compiled loop in float32 with an order of its own was tried too: as fast for one row, half as fast for
    five, and 200 MB more to install.
    """

    # By many rows OpenBLAS copies the kernel before it multiplies: a few are quicker one by one.
    _FEW = 4
    _ROWS = 128  # at a time, so that many rows need no room for as many float64
    _COARSE = 12  # bits of the bounds below

    def __init__(self, kernel: Array, bias: Array | None, bound: ArrayLike = 8.0) -> None:
        self.inputs, self.outputs = kernel.shape
        self.parameters = kernel.size + (0 if bias is None else bias.size)
        wide = kernel.astype(np.float64)
        reach = np.broadcast_to(np.asarray(bound, dtype=np.float64), self.inputs)
        size_x, size_w = _exponent(reach), _exponent(wide)
        # An upper bound of each output, whichever rows come, and of each partial sum on the way to it. In
        # whole numbers, so that it is exact, too.
        step = 2.0 ** (size_x + size_w - 2 * self._COARSE)
        coarse_x = np.ceil(np.ldexp(reach, self._COARSE - size_x))
        coarse_w = np.ceil(np.ldexp(np.abs(wide), self._COARSE - size_w))
        offset = np.zeros(self.outputs) if bias is None else bias.astype(np.float64)
        self.bound: NDArray[np.float64] = coarse_x @ coarse_w * step + np.abs(offset)
        bits = 53 - _exponent(self.bound) + size_x + size_w  # to be shared between x and kernel
        bits_x = bits // 2 + 1  # `bound` is seldom reached; the largest weight is there
        self._rounding = 1.5 * 2.0 ** (52 + size_x - bits_x)
        step_w = 2.0 ** (size_w - (bits - bits_x))
        step_b = 2.0 ** (size_x - bits_x) * step_w
        self._kernel = np.rint(wide / step_w) * step_w
        self._bias = np.rint(offset / step_b) * step_b

    def __call__(self, x: Array) -> Array:
        result = np.empty((len(x), self.outputs), dtype=np.float32)
        for start in range(0, len(x), self._ROWS):
            rows = slice(start, start + self._ROWS)
            rounded = np.add(x[rows], self._rounding, dtype=np.float64)  # no digit is below the grid
            rounded -= self._rounding
            few = len(rounded) <= self._FEW
            y = (rounded[:, None] @ self._kernel)[:, 0] if few else rounded @ self._kernel
            y += self._bias
            result[rows] = y
        return result

    def column(self, n: int) -> tuple[Array, float]:
        """What output `n` is made of: its column of the kernel [D], and its bias."""
        return self._kernel[:, n].astype(np.float32), float(self._bias[n])


class Rectified(Affine):
    """A Dense layer with the activation "relu"."""

    def __call__(self, x: Array) -> Array:
        return np.maximum(super().__call__(x), np.float32(0))


def _exponent(values: NDArray[np.float64]) -> int:
    """The least n with |values| <= 2 ** n; 0 if all are 0."""
    mantissa, n = math.frexp(float(np.abs(values).max(initial=0)))
    return n - 1 if mantissa == 0.5 else n


class Weights(NamedTuple):
    """What one unit's gate is made of: `x @ input + bias`, and `h @ memory + memory_bias`.

    input [D], memory [units]; `memory_bias` is 0 in an LSTM, which has one bias a gate.
    """

    input: Array
    memory: Array
    bias: float
    memory_bias: float


class Layer(Protocol):
    """A recurrent layer: `units`, its input's width, its number of parameters, one step, and the weights of
    one unit."""

    kind: str  # "lstm" or "gru"
    units: int
    inputs: int
    parameters: int

    def start(self, batch_size: int) -> LayerState: ...

    def step(self, x: Array, state: LayerState, gates: Gates | None = None) -> LayerState:
        """Inputs [B, D] and state -> new state, its first entry the output [B, units]; fills `gates` if
        given."""
        ...

    def weights(self, unit: int) -> dict[str, Weights]:
        """The weights that lead to one unit, by gate, as Keras keeps them, to the network's 22 bits or so."""
        ...


class LSTM:
    """Keras' LSTM cell (Hochreiter & Schmidhuber 1997): `kernel` [D, 4U], `recurrent` [U, 4U], `bias` [4U].

    Gate order as in Keras: input, forget, candidate, output.
    """

    kind = "lstm"

    def __init__(self, kernel: Array, recurrent: Array, bias: Array | None, bound: ArrayLike = 8.0) -> None:
        self.inputs, self.units = len(kernel), len(recurrent)
        # sigmoid(x) = (1 + tanh(x / 2)) / 2: with the sigmoid gates' columns halved (exact in binary), one
        # tanh serves all four gates, and it cannot overflow. One product of [x, h] serves input and memory.
        scale = np.full(4 * self.units, _STEPS / 2, dtype=np.float32)
        scale[2 * self.units : 3 * self.units] = _STEPS
        kernel = np.concatenate([kernel, recurrent]) * scale
        largest = np.concatenate([np.broadcast_to(bound, self.inputs), np.ones(self.units)])
        self._gates = Affine(kernel, None if bias is None else bias * scale, largest)
        self.parameters = self._gates.parameters

    def start(self, batch_size: int) -> LayerState:
        zeros = np.zeros((batch_size, self.units), dtype=np.float32)
        return (zeros, zeros)

    def step(self, x: Array, state: LayerState, gates: Gates | None = None) -> LayerState:
        h, c = state
        z = self._gates(np.concatenate([x, h], axis=1))
        z = tanh(z)
        u = self.units
        candidate = z[:, 2 * u : 3 * u].copy()
        z *= np.float32(0.5)
        z += np.float32(0.5)
        i, f, o = z[:, :u], z[:, u : 2 * u], z[:, 3 * u :]
        c = f * c + i * candidate
        h = o * tanh(c * _STEPS)
        if gates is not None:
            gates.update(input=i, forget=f, candidate=candidate, output=o, cell=c, hidden=h)
        return (h, c)

    def weights(self, unit: int) -> dict[str, Weights]:
        found = {}
        for n, gate in enumerate(("input", "forget", "candidate", "output")):
            kernel, bias = self._gates.column(n * self.units + unit)
            scale = (1 if gate == "candidate" else 2) / float(_STEPS)  # undoes the scaling, exactly
            kernel *= np.float32(scale)
            found[gate] = Weights(kernel[: self.inputs], kernel[self.inputs :], scale * bias, 0.0)
        return found


class GRU:
    """Keras' GRU cell (Cho et al. 2014): `kernel` [D, 3U], `recurrent` [U, 3U], `bias` [2, 3U].

    Gate order: update, reset, candidate. With `reset_after`, the variant of cuDNN, the reset gate acts after
    the recurrent product; without, as first published and in older Keras files, on the state before it, and
    `bias` is [3U].
    """

    kind = "gru"

    def __init__(
        self,
        kernel: Array,
        recurrent: Array,
        bias: Array | None,
        bound: ArrayLike = 8.0,
        reset_after: bool = True,
    ) -> None:
        self.inputs, self.reset_after = len(kernel), reset_after
        u = self.units = len(recurrent)
        scale = np.full(3 * u, _STEPS / 2, dtype=np.float32)  # halved for the sigmoid gates, as in the LSTM
        scale[2 * u :] = _STEPS
        biases = (None, None) if bias is None else bias * scale if reset_after else (bias * scale, None)
        recurrent = recurrent * scale
        self._from_input = Affine(kernel * scale, biases[0], bound)
        # What the reset gate acts on before it is multiplied has a product of its own.
        together = 3 * u if reset_after else 2 * u
        self._from_memory = Affine(recurrent[:, :together], biases[1], 1.0)
        self._from_reset = None if reset_after else Affine(recurrent[:, together:], None, 1.0)
        self.parameters = kernel.size + recurrent.size + (0 if bias is None else bias.size)

    def start(self, batch_size: int) -> LayerState:
        return (np.zeros((batch_size, self.units), dtype=np.float32),)

    def step(self, x: Array, state: LayerState, gates: Gates | None = None) -> LayerState:
        (h,) = state
        u = self.units
        from_input, from_memory = self._from_input(x), self._from_memory(h)
        z = tanh(from_input[:, : 2 * u] + from_memory[:, : 2 * u])
        z *= np.float32(0.5)
        z += np.float32(0.5)
        update, reset = z[:, :u], z[:, u:]
        remembered = self._from_reset(reset * h) if self._from_reset else reset * from_memory[:, 2 * u :]
        candidate = tanh(from_input[:, 2 * u :] + remembered)
        h = update * h + (1 - update) * candidate
        if gates is not None:
            gates.update(update=update, reset=reset, candidate=candidate, hidden=h)
        return (h,)

    def weights(self, unit: int) -> dict[str, Weights]:
        found = {}
        for n, gate in enumerate(("update", "reset", "candidate")):
            from_input, bias = self._from_input.column(n * self.units + unit)
            if self._from_reset and gate == "candidate":
                from_memory, memory_bias = self._from_reset.column(unit)
            else:
                from_memory, memory_bias = self._from_memory.column(n * self.units + unit)
            scale = (1 if gate == "candidate" else 2) / _STEPS  # undoes the scaling, exactly
            found[gate] = Weights(
                from_input * scale, from_memory * scale, float(scale) * bias, float(scale) * memory_bias
            )
        return found


def join_states(states: Sequence[Any]) -> Any:
    """One state with the rows of several, in their order."""
    if isinstance(states[0], tuple):
        return tuple(join_states(parts) for parts in zip(*states, strict=True))
    return np.concatenate(states)


class RecurrentModel:
    """A word-level recurrent network: embedding [V, E], recurrent layers, projections, output kernel [U, V].

    vocabulary_size  V
    units            U, the width of `hidden`: what goes into the output layer
    layers           the recurrent layers, from the input upwards

    masked   whether id 0 leaves the state as it is (Keras' `mask_zero`)
    padding  how often id 0 is read before the first word, which networks for texts of one length are used to
    """

    def __init__(
        self,
        embedding: Array,
        layers: Sequence[Layer],
        output: Affine,
        projections: Sequence[Affine] = (),
        *,
        masked: bool = False,
        padding: int = 0,
    ) -> None:
        self.layers: tuple[Layer, ...] = tuple(layers)
        self.vocabulary_size: int = output.outputs
        self.units: int = output.inputs
        self._embedding = embedding
        self._output = output
        self._projections = tuple(projections)
        self._masked = masked
        self._first: State = tuple(layer.start(1) for layer in self.layers)
        for _ in range(0 if masked else padding):
            before, (_, self._first) = self._first, self._step([0], self._first)
            if all(np.array_equal(a, b) for a, b in zip(sum(before, ()), sum(self._first, ()), strict=True)):
                break  # more of the same changes nothing

    @property
    def parts(self) -> tuple[Part, ...]:
        """The layers as they are drawn, input first; their parameters add up to those of the network."""
        v, e = self._embedding.shape
        found = [Part("Embedding", v, e, self._embedding.size)]
        found += [Part(one.kind.upper(), one.inputs, one.units, one.parameters) for one in self.layers]
        dense = (*self._projections, self._output)
        return (*found, *(Part("Dense", one.inputs, one.outputs, one.parameters) for one in dense))

    def start(self, batch_size: int) -> State:
        """The state before the first word: nothing remembered, or what the padding leaves."""
        return self.select(self._first, np.zeros(batch_size, dtype=np.intp))

    def embed(self, tokens: ArrayLike) -> Array:
        """What the first layer gets to see of the words: ids [T] -> [T, E]. `IndexError` on an unknown id."""
        ids = np.asarray(tokens, dtype=np.intp)
        if ids.size and ids.min() < 0:  # numpy would count from the end
            raise IndexError(f"token {ids.min()} is not a word id")
        return self._embedding[ids]

    def step(self, tokens: ArrayLike, state: State) -> tuple[Array, State]:
        """Read one word in each row: ids [B] -> hidden [B, U], new state. The old state stays valid.

        `IndexError` on an id outside the vocabulary.
        """
        return self._step(tokens, state)

    def logits(self, hidden: ArrayLike) -> Array:
        """Logits of the next word, before any softmax: hidden [B, U] -> [B, V] float32 (or [U] -> [V])."""
        h = np.asarray(hidden, dtype=np.float32)
        return self._output(h) if h.ndim == 2 else self._output(h[None])[0]

    def advance(self, tokens: ArrayLike, state: State) -> tuple[Array, State]:
        """Read one word in each row: ids [B] -> logits [B, V] float32 of the next word, new state."""
        hidden, state = self.step(tokens, state)
        return self.logits(hidden), state

    @staticmethod
    def select(state: State, rows: ArrayLike) -> State:
        """The state of the given rows, in that order; a row may be taken more than once (to branch) or not
        at all."""
        index = np.asarray(rows, dtype=np.intp)
        return tuple(tuple(array[index] for array in layer) for layer in state)

    def trace(self, tokens: Sequence[int], state: State | None = None) -> list[Gates]:
        """What each layer's gates did while `tokens` [T] were read: one dict a layer, gate name -> [T,
        units].

        An LSTM has input, forget, candidate, output, cell, hidden; a GRU has update, reset, candidate,
        hidden. The same code path as `step`. Reads on from `state` (of one row), or from the start.
        """
        state = self.start(1) if state is None else state
        seen: list[list[Gates]] = [[] for _ in self.layers]
        for token in tokens:
            gates: list[Gates] = [{} for _ in self.layers]
            _, state = self._step([token], state, gates)
            for kept, of_layer in zip(seen, gates, strict=True):
                kept.append(of_layer)
        return [
            {name: np.concatenate([g[name] for g in kept]) for name in kept[0]} if kept else {}
            for kept in seen
        ]

    def _step(self, tokens: ArrayLike, state: State, gates: list[Gates] | None = None) -> tuple[Array, State]:
        x = self.embed(tokens)
        new: list[LayerState] = []
        unread = np.asarray(tokens) == 0 if self._masked else None
        for n, layer in enumerate(self.layers):
            new.append(layer.step(x, state[n], None if gates is None else gates[n]))
            if unread is not None and unread.any():
                pairs = zip(state[n], new[-1], strict=True)
                new[-1] = tuple(np.where(unread[:, None], old, now) for old, now in pairs)
            x = new[-1][0]
        for project in self._projections:
            x = project(x)
        return x, tuple(new)
