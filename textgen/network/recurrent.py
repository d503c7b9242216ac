"""A trained Keras network, stepped in numpy.

It knows the networks of this project: an Embedding, LSTM or GRU layers, perhaps linear Dense projections,
and a Dense layer over the vocabulary. One step costs the same however long the text is, because all that
the network remembers is in its state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float32]
LayerState = tuple[Array, ...]
# One entry a recurrent layer. Never changed in place, so that any state can be kept and gone on from.
State = tuple[LayerState, ...]
Gates = dict[str, Array]


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
    """`x @ kernel + bias`, [B, D] -> [B, N] float32, made for few rows: a Dense layer without activation.

    The kernel is kept in column blocks of about 256 KB and at most eight rows are multiplied at a time. Each
    product is then small enough for BLAS to skip its packing (twice as fast at five rows) and to stay on one
    thread (a second one waits for milliseconds on a busy machine), and with OpenBLAS a row's result does
    not depend, even in its last bits, on which other rows it is computed with.
    """

    _BLOCK = 64_000  # elements
    _ROWS = 8

    def __init__(self, kernel: Array, bias: Array | None) -> None:
        self.inputs, self.outputs = kernel.shape
        self.parameters = kernel.size + (0 if bias is None else bias.size)
        blocks = -(-kernel.size // self._BLOCK)
        width = -(-self.outputs // blocks)
        room = blocks * width - self.outputs  # columns of zeros that fill up the last block
        padded = np.pad(kernel, ((0, 0), (0, room)))
        self._blocks = np.ascontiguousarray(padded.reshape(self.inputs, blocks, width).swapaxes(0, 1))
        self._bias = np.pad(np.zeros(self.outputs, np.float32) if bias is None else bias, (0, room))

    def __call__(self, x: Array) -> Array:
        count = len(x)
        # One row would go another way through BLAS than two, and differ in the last bits.
        rows = min(max(count, 2), self._ROWS)
        groups = -(-count // rows)
        if groups * rows != count:
            x = np.concatenate([x, np.zeros((groups * rows - count, self.inputs), dtype=np.float32)])
        blocks, _, width = self._blocks.shape
        y = np.empty((groups, rows, blocks, width), dtype=np.float32)
        np.matmul(x.reshape(groups, 1, rows, self.inputs), self._blocks, out=y.swapaxes(1, 2))
        y = y.reshape(groups * rows, blocks * width)[:count]
        y += self._bias
        return y[:, : self.outputs]

    def column(self, n: int) -> tuple[Array, float]:
        """What output `n` is made of: its column of the kernel [D], and its bias."""
        block, place = divmod(n, self._blocks.shape[2])
        return self._blocks[block, :, place].copy(), float(self._bias[n])


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
        """The weights that lead to one unit, by gate, as Keras keeps them."""
        ...


class LSTM:
    """Keras' LSTM cell (Hochreiter & Schmidhuber 1997): `kernel` [D, 4U], `recurrent` [U, 4U], `bias` [4U].

    Gate order as in Keras: input, forget, candidate, output.
    """

    kind = "lstm"

    def __init__(self, kernel: Array, recurrent: Array, bias: Array | None) -> None:
        self.inputs, self.units = len(kernel), len(recurrent)
        # sigmoid(x) = (1 + tanh(x / 2)) / 2: with the sigmoid gates' columns halved (exact in binary), one
        # tanh serves all four gates, and it cannot overflow. One product of [x, h] serves input and memory.
        scale = np.full(4 * self.units, 0.5, dtype=np.float32)
        scale[2 * self.units : 3 * self.units] = 1
        kernel = np.concatenate([kernel, recurrent]) * scale
        self._gates = Affine(kernel, None if bias is None else bias * scale)
        self.parameters = self._gates.parameters

    def start(self, batch_size: int) -> LayerState:
        zeros = np.zeros((batch_size, self.units), dtype=np.float32)
        return (zeros, zeros)

    def step(self, x: Array, state: LayerState, gates: Gates | None = None) -> LayerState:
        h, c = state
        z = self._gates(np.concatenate([x, h], axis=1))
        np.tanh(z, out=z)
        u = self.units
        candidate = z[:, 2 * u : 3 * u].copy()
        z *= np.float32(0.5)
        z += np.float32(0.5)
        i, f, o = z[:, :u], z[:, u : 2 * u], z[:, 3 * u :]
        c = f * c + i * candidate
        h = o * np.tanh(c)
        if gates is not None:
            gates.update(input=i, forget=f, candidate=candidate, output=o, cell=c, hidden=h)
        return (h, c)

    def weights(self, unit: int) -> dict[str, Weights]:
        found = {}
        for n, gate in enumerate(("input", "forget", "candidate", "output")):
            kernel, bias = self._gates.column(n * self.units + unit)
            scale = 1 if gate == "candidate" else 2  # undoes the halving, exactly
            kernel *= np.float32(scale)
            found[gate] = Weights(kernel[: self.inputs], kernel[self.inputs :], scale * bias, 0.0)
        return found


class GRU:
    """Keras' GRU cell with `reset_after`: `kernel` [D, 3U], `recurrent` [U, 3U], `bias` [2, 3U].

    The variant of cuDNN, where the reset gate acts after the recurrent product. Gate order: update, reset,
    candidate.
    """

    kind = "gru"

    def __init__(self, kernel: Array, recurrent: Array, bias: Array | None) -> None:
        self.inputs = len(kernel)
        u = self.units = len(recurrent)
        scale = np.full(3 * u, 0.5, dtype=np.float32)  # halved for the sigmoid gates, as in the LSTM
        scale[2 * u :] = 1
        self._from_input = Affine(kernel * scale, None if bias is None else bias[0] * scale)
        self._from_memory = Affine(recurrent * scale, None if bias is None else bias[1] * scale)
        self.parameters = self._from_input.parameters + self._from_memory.parameters

    def start(self, batch_size: int) -> LayerState:
        return (np.zeros((batch_size, self.units), dtype=np.float32),)

    def step(self, x: Array, state: LayerState, gates: Gates | None = None) -> LayerState:
        (h,) = state
        u = self.units
        from_input, from_memory = self._from_input(x), self._from_memory(h)
        z = np.tanh(from_input[:, : 2 * u] + from_memory[:, : 2 * u])
        z *= np.float32(0.5)
        z += np.float32(0.5)
        update, reset = z[:, :u], z[:, u:]
        candidate = np.tanh(from_input[:, 2 * u :] + reset * from_memory[:, 2 * u :])
        h = update * h + (1 - update) * candidate
        if gates is not None:
            gates.update(update=update, reset=reset, candidate=candidate, hidden=h)
        return (h,)

    def weights(self, unit: int) -> dict[str, Weights]:
        found = {}
        for n, gate in enumerate(("update", "reset", "candidate")):
            from_input, bias = self._from_input.column(n * self.units + unit)
            from_memory, memory_bias = self._from_memory.column(n * self.units + unit)
            scale = np.float32(1 if gate == "candidate" else 2)  # undoes the halving, exactly
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
    """

    def __init__(
        self,
        embedding: Array,
        layers: Sequence[Layer],
        output: Affine,
        projections: Sequence[Affine] = (),
    ) -> None:
        self.layers: tuple[Layer, ...] = tuple(layers)
        self.vocabulary_size: int = output.outputs
        self.units: int = output.inputs
        self._embedding = embedding
        self._output = output
        self._projections = tuple(projections)

    @property
    def parts(self) -> tuple[Part, ...]:
        """The layers as they are drawn, input first; their parameters add up to those of the network."""
        v, e = self._embedding.shape
        found = [Part("Embedding", v, e, self._embedding.size)]
        found += [Part(type(one).__name__, one.inputs, one.units, one.parameters) for one in self.layers]
        dense = (*self._projections, self._output)
        return (*found, *(Part("Dense", one.inputs, one.outputs, one.parameters) for one in dense))

    def start(self, batch_size: int) -> State:
        """The state before the first word: nothing remembered."""
        return tuple(layer.start(batch_size) for layer in self.layers)

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
        for n, layer in enumerate(self.layers):
            new.append(layer.step(x, state[n], None if gates is None else gates[n]))
            x = new[-1][0]
        for project in self._projections:
            x = project(x)
        return x, tuple(new)
