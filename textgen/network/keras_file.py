"""Reads a `.keras` file (a zip of `config.json` and `model.weights.h5`) without TensorFlow or Keras.

Nothing in it is trusted, not its sizes, its shapes, nor its numbers, and nothing in it is run. The network
must be a chain: an Embedding, LSTM or GRU layers, perhaps linear Dense projections, and a Dense layer over
the vocabulary; dropout does nothing here.
"""

from __future__ import annotations

import io
import json
import math
import os
import re
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from textgen.network.recurrent import GRU, LSTM, Affine, Array, Layer, RecurrentModel

MAX_CONFIG_BYTES = 4 << 20
MAX_WEIGHTS_BYTES = 256 << 20
MAX_PARAMETERS = MAX_WEIGHTS_BYTES // 4
MAX_COMPRESSION = 50  # trained weights hardly compress; a ratio beyond this is a bomb


class ModelFileError(ValueError):
    """A `.keras` file that cannot be read: the message says what is wrong with it."""


def read_keras(path: str | os.PathLike[str]) -> RecurrentModel:
    """The network of a `.keras` file (Keras 3). `ModelFileError` says what is wrong or not supported."""
    config, weights = _read_members(path)
    with _open_weights(weights) as file:
        return _build(_layer_configs(config), file)


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
