"""A trained Keras network, stepped in numpy.

`RecurrentModel.from_keras` reads a `.keras` file (a zip of `config.json` and `model.weights.h5`) without
TensorFlow or Keras, and without running anything from it. It knows the networks of this project: an
Embedding, LSTM or GRU layers, perhaps linear Dense projections, and a Dense layer over the vocabulary;
dropout does nothing here. One step costs the same however long the text is, because all that the network
remembers is in its state.
"""

from __future__ import annotations

import io
import json
import math
import os
import re
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import h5py
import numpy as np
from numpy.typing import ArrayLike, NDArray

from textgen.exact import TANH_STEPS, tanh

Array = NDArray[np.float32]
LayerState = tuple[Array, ...]
# One entry a recurrent layer. Never changed in place, so that any state can be kept and gone on from.
State = tuple[LayerState, ...]
Gates = dict[str, Array]

_STEPS = np.float32(TANH_STEPS)  # what `exact.tanh` counts in; kept in the weights of the gates

MAX_CONFIG_BYTES = 4 << 20
MAX_WEIGHTS_BYTES = 256 << 20
MAX_PARAMETERS = MAX_WEIGHTS_BYTES // 4
MAX_COMPRESSION = 50  # trained weights hardly compress; a ratio beyond this is a bomb


class ModelFileError(ValueError):
    """A `.keras` file that cannot be read: the message says what is wrong with it."""


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

    # The kernel lies in blocks so small that OpenBLAS multiplies each on one thread: by a row up to 9,216
    # elements, by many up to 524,288 products. A second thread would wait for milliseconds on a busy machine.
    # Two or three rows are quicker one by one, as every product of more copies the kernel first.
    _BLOCK = 9_000
    _DEEP = 192  # rows of a block
    _ROWS = 56
    _FEW = 3
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
        wide = np.rint(wide / step_w) * step_w

        self._parts = -(-self.inputs // self._DEEP)
        self._depth = -(-self.inputs // self._parts)
        blocks = -(-self.outputs // (self._BLOCK // self._depth))
        width = -(-self.outputs // blocks)
        room = (self._parts * self._depth - self.inputs, blocks * width - self.outputs)
        padded = np.pad(wide, ((0, room[0]), (0, room[1])))
        self._blocks = np.ascontiguousarray(
            padded.reshape(self._parts, self._depth, blocks, width).swapaxes(1, 2)
        )
        self._bias = np.pad(np.rint(offset / step_b) * step_b, (0, room[1]))

    def __call__(self, x: Array) -> Array:
        rounded = np.zeros((len(x), self._parts * self._depth))
        inner = rounded[:, : self.inputs]
        np.add(x, self._rounding, out=inner, dtype=np.float64)  # leaves no digit below the grid's step
        inner -= self._rounding
        result = np.empty((len(x), self.outputs), dtype=np.float32)
        parts, blocks, _, width = self._blocks.shape
        for start in range(0, len(x), self._ROWS):
            some = rounded[start : start + self._ROWS].reshape(-1, parts, self._depth)
            products = np.empty((parts, len(some), blocks, width))
            if len(some) <= self._FEW:
                rows = some.swapaxes(0, 1)[:, None, :, None]  # [parts, 1, B, 1, depth]
                np.matmul(rows, self._blocks[:, :, None], out=products.swapaxes(1, 2)[:, :, :, None])
            else:
                np.matmul(some.swapaxes(0, 1)[:, None], self._blocks, out=products.swapaxes(1, 2))
            y = products[0].reshape(len(some), blocks * width)
            for part in products[1:]:
                y += part.reshape(y.shape)
            y += self._bias
            result[start : start + self._ROWS] = y[:, : self.outputs]
        return result

    def column(self, n: int) -> tuple[Array, float]:
        """What output `n` is made of: its column of the kernel [D], and its bias."""
        block, place = divmod(n, self._blocks.shape[3])
        column = self._blocks[:, block, :, place].reshape(-1)[: self.inputs]
        return column.astype(np.float32), float(self._bias[n])


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
    """Keras' GRU cell with `reset_after`: `kernel` [D, 3U], `recurrent` [U, 3U], `bias` [2, 3U].

    The variant of cuDNN, where the reset gate acts after the recurrent product. Gate order: update, reset,
    candidate.
    """

    kind = "gru"

    def __init__(self, kernel: Array, recurrent: Array, bias: Array | None, bound: ArrayLike = 8.0) -> None:
        self.inputs = len(kernel)
        u = self.units = len(recurrent)
        scale = np.full(3 * u, _STEPS / 2, dtype=np.float32)  # halved for the sigmoid gates, as in the LSTM
        scale[2 * u :] = _STEPS
        self._from_input = Affine(kernel * scale, None if bias is None else bias[0] * scale, bound)
        self._from_memory = Affine(recurrent * scale, None if bias is None else bias[1] * scale, 1.0)
        self.parameters = self._from_input.parameters + self._from_memory.parameters

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
        candidate = tanh(from_input[:, 2 * u :] + reset * from_memory[:, 2 * u :])
        h = update * h + (1 - update) * candidate
        if gates is not None:
            gates.update(update=update, reset=reset, candidate=candidate, hidden=h)
        return (h,)

    def weights(self, unit: int) -> dict[str, Weights]:
        found = {}
        for n, gate in enumerate(("update", "reset", "candidate")):
            from_input, bias = self._from_input.column(n * self.units + unit)
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

    @classmethod
    def from_keras(cls, path: str | os.PathLike[str]) -> RecurrentModel:
        """The network of a `.keras` file (Keras 3). `ModelFileError` says what is wrong or not supported."""
        config, weights = _read_members(path)
        with _open_weights(weights) as file:
            return _build(_layer_configs(config), file)

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


# Reading a .keras file. Nothing in it is trusted: not its sizes, its shapes, nor its numbers.


def _read_members(path: str | os.PathLike[str]) -> tuple[dict[str, Any], bytes]:
    try:
        with zipfile.ZipFile(path) as archive:
            config = _read_member(archive, "config.json", MAX_CONFIG_BYTES)
            weights = _read_member(archive, "model.weights.h5", MAX_WEIGHTS_BYTES)
    except FileNotFoundError:
        raise ModelFileError("the file is missing") from None
    except OSError as error:
        raise ModelFileError(f"the file cannot be read: {error.strerror or error}") from None
    except (zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, zlib.error) as error:
        raise ModelFileError(f"the file is not a readable Keras zip: {error}") from None
    try:
        parsed = json.loads(config)
    except (ValueError, RecursionError):
        raise ModelFileError("config.json in it is not JSON") from None
    if not isinstance(parsed, dict):
        raise ModelFileError("config.json in it is not a JSON object")
    return parsed, weights


def _read_member(archive: zipfile.ZipFile, name: str, limit: int) -> bytes:
    found = [info for info in archive.infolist() if info.filename == name]
    if len(found) != 1:
        raise ModelFileError(f"it holds {len(found)} members named {name}; a Keras 3 file has one")
    info = found[0]
    if info.file_size > limit:
        raise ModelFileError(f"{name} unpacks to {info.file_size:,} bytes; at most {limit:,} are read")
    if info.file_size > MAX_COMPRESSION * max(info.compress_size, 1) and info.file_size > 1 << 16:
        raise ModelFileError(
            f"{name} unpacks to {info.file_size // max(info.compress_size, 1)} times its packed size"
        )
    with archive.open(info) as member:
        data = member.read(limit + 1)  # a false size in the header does not get past this
    if len(data) > limit:
        raise ModelFileError(f"{name} unpacks to more than {limit:,} bytes")
    return data


def _open_weights(data: bytes) -> h5py.File:
    try:
        return h5py.File(io.BytesIO(data), "r")
    except (OSError, RuntimeError, ValueError):
        raise ModelFileError("model.weights.h5 in it is not a readable HDF5 file") from None


def _layer_configs(model: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """(class name, configuration) of each layer, input first; the network must be a plain chain."""
    kind, config = model.get("class_name"), model.get("config")
    layers = config.get("layers") if isinstance(config, dict) else None
    if kind not in ("Sequential", "Functional") or not isinstance(layers, list):
        raise ModelFileError(f"it holds a {kind!r}; only Sequential and Functional models are supported")
    chain: list[tuple[str, dict[str, Any]]] = []
    before: str | None = None
    for layer in layers:
        if not (isinstance(layer, dict) and isinstance(layer.get("config"), dict)):
            raise ModelFileError("config.json in it has a layer without a configuration")
        name = layer["config"].get("name")
        if kind == "Functional":
            sources = re.findall(r'"keras_history": \["([^"]*)"', json.dumps(layer.get("inbound_nodes", [])))
            if sources != ([] if before is None else [before]):
                raise ModelFileError(
                    f"layer {name!r} does not just follow the one before; only a chain is supported"
                )
        before = name
        chain.append((str(layer.get("class_name")), layer["config"]))
    return chain


# Layers that do nothing once a network is trained.
_IDLE = {"InputLayer", "Dropout", "SpatialDropout1D", "GaussianDropout", "GaussianNoise"}
_H5_NAMES = {
    "InputLayer": "input_layer",
    "Embedding": "embedding",
    "LSTM": "lstm",
    "GRU": "gru",
    "Dense": "dense",
}


def _build(chain: list[tuple[str, dict[str, Any]]], file: h5py.File) -> RecurrentModel:
    embedding: Array | None = None
    layers: list[Layer] = []
    dense: list[Affine] = []
    activation = "softmax"
    width = 0
    bound: NDArray[np.float64] = np.ones(0)  # of what a layer gives to the next
    budget = _Budget(MAX_PARAMETERS)
    counts: dict[str, int] = {}
    for kind, config in chain:
        if kind in _IDLE:
            continue
        if kind not in _H5_NAMES:
            raise ModelFileError(f"layer {config.get('name')!r} is a {kind}, which is not supported")
        # Keras names a group by the layer's class, and numbers those of one class: lstm, lstm_1, ...
        number = counts[kind] = counts.get(kind, -1) + 1
        group = f"layers/{_H5_NAMES[kind]}" + (f"_{number}" if number else "")
        label = f"{kind} layer {config.get('name')!r}"

        def read(path: str, *shape: int, group: str = group, label: str = label) -> Array:
            budget.spend(math.prod(shape), label)
            return _read_array(file, f"{group}/{path}", shape, label)

        if kind == "Embedding":
            if embedding is not None or layers or dense:
                raise ModelFileError(f"{label} is not the first; one Embedding at the input is supported")
            _require(config, label, mask_zero=(False, None))
            vocabulary_size, width = _size(config, "input_dim", label), _size(config, "output_dim", label)
            embedding = read("vars/0", vocabulary_size, width)
            bound = np.abs(embedding).max(axis=0).astype(np.float64)
        elif kind == "Dense":
            if not layers:
                raise ModelFileError(f"{label} comes before any recurrent layer, which is not supported")
            if activation != "linear" and dense:
                raise ModelFileError("a Dense layer with softmax is not the last")
            activation = config.get("activation") or "linear"
            if activation not in ("linear", "softmax"):
                raise ModelFileError(
                    f"{label} has activation {activation!r}; linear and softmax are supported"
                )
            units = _size(config, "units", label)
            kernel = read("vars/0", width, units)
            bias = read("vars/1", units) if config.get("use_bias", True) else None
            dense.append(Affine(kernel, bias, bound))
            width, bound = units, dense[-1].bound
        else:
            if embedding is None or dense:
                raise ModelFileError(f"{label} must stand between the Embedding and the Dense layers")
            layers.append(_recurrent(kind, config, label, width, bound, read))
            width, bound = layers[-1].units, np.ones(layers[-1].units)
    if embedding is None or not layers or not dense:
        raise ModelFileError(
            "an Embedding, a recurrent layer and a Dense layer are needed; not all are there"
        )
    output = dense.pop()
    if output.outputs != len(embedding):
        raise ModelFileError(f"it reads {len(embedding):,} words but writes {output.outputs:,}")
    return RecurrentModel(embedding, layers, output, dense)


def _recurrent(
    kind: str,
    config: dict[str, Any],
    label: str,
    width: int,
    bound: NDArray[np.float64],
    read: Callable[..., Array],
) -> Layer:
    _require(
        config,
        label,
        activation=("tanh",),
        recurrent_activation=("sigmoid",),
        return_sequences=(True,),
        go_backwards=(False, None),
    )
    units = _size(config, "units", label)
    has_bias = config.get("use_bias", True)
    if kind == "LSTM":
        kernel, recurrent = read("cell/vars/0", width, 4 * units), read("cell/vars/1", units, 4 * units)
        bias = read("cell/vars/2", 4 * units) if has_bias else None
        return LSTM(kernel, recurrent, bias, bound)
    _require(config, label, reset_after=(True,))
    kernel, recurrent = read("cell/vars/0", width, 3 * units), read("cell/vars/1", units, 3 * units)
    bias = read("cell/vars/2", 2, 3 * units) if has_bias else None
    return GRU(kernel, recurrent, bias, bound)


def _require(config: dict[str, Any], label: str, **allowed: tuple[Any, ...]) -> None:
    for key, values in allowed.items():
        if config.get(key) not in values:
            raise ModelFileError(f"{label} has {key}={config.get(key)!r}; only {values[0]!r} is supported")


def _size(config: dict[str, Any], key: str, label: str) -> int:
    value = config.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MAX_PARAMETERS:
        raise ModelFileError(f"{label} has {key}={value!r}, which is not a usable size")
    return value


class _Budget:
    """Counts the parameters a file asks for, before any memory is taken for them."""

    def __init__(self, limit: int) -> None:
        self.limit = self.left = limit

    def spend(self, amount: int, label: str) -> None:
        self.left -= amount
        if self.left < 0:
            raise ModelFileError(
                f"at {label} the network passes {self.limit:,} parameters, the most that are read"
            )


def _read_array(file: h5py.File, path: str, shape: tuple[int, ...], label: str) -> Array:
    """The float32 array at `path`, of exactly `shape`; links are not followed, so no other file is ever
    opened."""
    node: Any = file
    for part in path.split("/"):
        try:
            hard = isinstance(node, h5py.Group) and isinstance(node.get(part, getlink=True), h5py.HardLink)
            node = node[part] if hard else None
        except (KeyError, OSError, RuntimeError):
            node = None
        if node is None:
            raise ModelFileError(f"the weights of {label} are missing ({path})")
    if not isinstance(node, h5py.Dataset) or node.is_virtual or node.external or node.dtype.kind != "f":
        raise ModelFileError(f"the weights of {label} are not a plain array of numbers ({path})")
    if node.shape != shape:
        raise ModelFileError(f"the weights of {label} have shape {node.shape}, not {shape} ({path})")
    try:
        array = np.asarray(node[()], dtype=np.float32)
    except (OSError, RuntimeError):
        raise ModelFileError(f"the weights of {label} cannot be read ({path})") from None
    if not np.isfinite(array).all():
        raise ModelFileError(f"the weights of {label} hold NaN or infinite numbers ({path})")
    return array
