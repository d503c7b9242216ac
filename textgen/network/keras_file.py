"""Reads a Keras file without TensorFlow or Keras: `.keras` (a zip of `config.json` and `model.weights.h5`, as
Keras 3 and 2 write it) or the older `.h5`.

Nothing in it is trusted, not its sizes, its shapes, nor its numbers, and nothing in it is run. What networks
are supported is said in `textgen.network.layers`.
"""

from __future__ import annotations

import io
import json
import os
import re
import zipfile
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any, BinaryIO

import h5py
import numpy as np

from textgen.files import ZIP_ERRORS
from textgen.network.layers import MAX_PARAMETERS, Blueprint, Chain, Wanted, wanted_layers
from textgen.network.recurrent import Array, RecurrentModel

MAX_CONFIG_BYTES = 4 << 20
MAX_WEIGHTS_BYTES = 4 * MAX_PARAMETERS
LARGEST_WEIGHT = 1_000_000  # trained ones stay far below, and sums with these are finite
MAX_COMPRESSION = 50  # trained weights hardly compress; a ratio beyond this is a bomb

# What h5py raises where a file is damaged.
_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_H5_ERRORS = (OSError, RuntimeError, ValueError, TypeError, KeyError, OverflowError, MemoryError)

Source = str | os.PathLike[str] | BinaryIO


class ModelFileError(ValueError):
    """A Keras file that cannot be read: the message says what is wrong with it."""


def read_keras(source: Source) -> RecurrentModel:
    """The network of a Keras file. `ModelFileError` says what is wrong or not supported."""
    return read_blueprint(source).build()


def read_blueprint(source: Source) -> Blueprint:
    """The layers of a Keras file with their weights, checked; `source` is a path or a binary file.

    `ModelFileError` names all that is wrong with the layers at once, or else all that is wrong with the
    weights.
    """
    try:
        if not isinstance(source, (str, os.PathLike)):
            return _read(source)
        with open(source, "rb") as file:
            return _read(file)
    except FileNotFoundError:
        raise ModelFileError("the file is missing") from None
    except IsADirectoryError:
        raise ModelFileError(
            "the file cannot be read: it is a folder; if it is a TensorFlow SavedModel, load it where "
            'TensorFlow is and write model.save("network.keras")'
        ) from None
    except OSError as error:
        raise ModelFileError(f"the file cannot be read: {error.strerror or error}") from None
    except RecursionError:
        raise ModelFileError("its description of the layers is nested too deeply") from None


def _read(file: BinaryIO) -> Blueprint:
    start = file.read(1024)
    file.seek(0)
    if start.startswith(b"\x89HDF\r\n\x1a\n"):
        if file.seek(0, os.SEEK_END) > 2 * MAX_WEIGHTS_BYTES:
            raise ModelFileError(f"it is larger than {2 * MAX_WEIGHTS_BYTES:,} bytes, the most that are read")
        file.seek(0)
        with _open_h5(file, "it") as weights:
            config = parse_object(_attribute(weights, "model_config"), "its attribute model_config")
            return _build(config, weights, _legacy)
    if not start.startswith(b"PK"):
        raise ModelFileError(f"the file is not a readable Keras zip or HDF5 file: {_guess(start)}")
    config, data = _read_members(file)
    with _open_h5(io.BytesIO(data), "model.weights.h5 in it") as weights:
        return _build(config, weights, _numbered)


def _guess(start: bytes) -> str:
    """What a file that is none of Keras' may be, by its first bytes."""
    if start.startswith(b"\x80") or start.startswith(b"\x1f\x8b") or start.startswith(b"(dp"):
        return (
            "it looks like a pickle or an archive of Python, which was not opened, because opening one can "
            'run code; save the network with model.save("network.keras")'
        )
    if start.lstrip()[:1] in (b"{", b"["):
        return "it is JSON text, perhaps the layers without their weights"
    return "it is empty" if not start else "it does not start as one"


def _read_members(file: BinaryIO) -> tuple[dict[str, Any], bytes]:
    try:
        with zipfile.ZipFile(file) as archive:
            if any(name.endswith("data.pkl") for name in archive.namelist()):
                raise ModelFileError("it is a file of PyTorch, a pickle that was not opened; Keras' are read")
            config = read_member(archive, "config.json", MAX_CONFIG_BYTES)
            weights = read_member(archive, "model.weights.h5", MAX_WEIGHTS_BYTES)
    except ModelFileError:
        raise
    except ZIP_ERRORS as error:
        raise ModelFileError(f"the file is not a readable Keras zip: {error!s:.200}") from None
    return parse_object(config, "config.json in it"), weights


def read_member(archive: zipfile.ZipFile, name: str, limit: int, compression: int = MAX_COMPRESSION) -> bytes:
    """The one member called `name` of a zip that nobody trusts: at most `limit` bytes, and at most
    `compression` times its packed size. `ModelFileError` says what is wrong."""
    found = [info for info in archive.infolist() if info.filename == name]
    if len(found) != 1:
        raise ModelFileError(f"it holds {len(found)} members named {name}; there must be one")
    info = found[0]
    if info.compress_type not in _PACKINGS:
        raise ModelFileError(f"{name} is packed in a way that is not read; zip it in the usual way")
    if info.file_size > limit:
        raise ModelFileError(f"{name} unpacks to {info.file_size:,} bytes; at most {limit:,} are read")
    if info.file_size > compression * max(info.compress_size, 1) and info.file_size > 1 << 16:
        raise ModelFileError(
            f"{name} unpacks to {info.file_size // max(info.compress_size, 1)} times its packed size"
        )
    with archive.open(info) as member:
        data = member.read(limit + 1)  # a false size in the header does not get past this
    if len(data) > limit:
        raise ModelFileError(f"{name} unpacks to more than {limit:,} bytes")
    return data


def parse_object(text: str | bytes, what: str) -> dict[str, Any]:
    """The JSON object that `text` is; `ModelFileError` says of `what` that it is none.

    It can be written again: what JSON can spell and no file takes, half a character (a lone surrogate) or a
    nesting deeper than Python goes, is refused.
    """
    try:
        value = json.loads(text)
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    except UnicodeEncodeError:
        raise ModelFileError(f"{what} holds half a character, which no file takes") from None
    except (ValueError, RecursionError):
        raise ModelFileError(f"{what} is not valid JSON") from None
    if not isinstance(value, dict):
        raise ModelFileError(f"{what} is not a JSON object")
    return value


def _open_h5(file: BinaryIO, what: str) -> closing[h5py.File]:
    try:
        return closing(h5py.File(file, "r"))
    except _H5_ERRORS:
        raise ModelFileError(f"{what} is not a readable HDF5 file") from None


def _attribute(file: h5py.File, name: str) -> str | bytes:
    try:
        value = file.attrs.get(name)
    except _H5_ERRORS:
        value = None
    if not isinstance(value, (str, bytes)):
        raise ModelFileError(
            "it holds weights but no description of the layers (no attribute model_config): save the whole "
            'network with model.save("network.keras"), not its weights alone'
        )
    if len(value) > MAX_CONFIG_BYTES:
        raise ModelFileError(f"its attribute {name} is larger than {MAX_CONFIG_BYTES:,} bytes")
    return value


# -- layers ----------------------------------------------------------------------------------------

# Where a layer's arrays are: (file, layer) -> paths, in the order of `layer.roles`.
_Locate = Callable[[h5py.File, Wanted], list[str]]


def _build(model: dict[str, Any], file: h5py.File, locate: _Locate) -> Blueprint:
    wanted, problems = wanted_layers(_layer_configs(model))
    if problems:
        raise ModelFileError("; ".join(problems))
    arrays: list[list[Array]] = []
    for layer in wanted:
        read: list[Array] = []
        try:
            paths = locate(file, layer)
        except _H5_ERRORS:
            raise ModelFileError(
                f"the weights of {layer.label} cannot be found: the file is damaged"
            ) from None
        for path, shape in zip(paths, layer.shapes, strict=True):
            try:
                read.append(_read_array(file, path, shape, layer.label))
            except ModelFileError as error:
                problems.append(str(error))
            except _H5_ERRORS:
                problems.append(f"the weights of {layer.label} cannot be read ({path})")
        arrays.append(read)
    if problems:
        raise ModelFileError("; ".join(problems))
    return Blueprint(tuple(wanted), tuple(map(tuple, arrays)))


def _layer_configs(model: dict[str, Any]) -> Chain:
    """(class name, configuration) of each layer, input first; the network must be a plain chain."""
    kind, config = model.get("class_name"), model.get("config")
    if kind == "Sequential" and isinstance(config, list):  # before Keras 2.2.3
        config = {"layers": config}
    layers = config.get("layers") if isinstance(config, dict) else None
    if kind not in ("Sequential", "Functional", "Model") or not isinstance(layers, list):
        raise ModelFileError(f"it holds a {kind!r}; only Sequential and Functional models are supported")
    chain: Chain = []
    masks: list[tuple[str, int]] = []  # in Keras 3 `mask_zero` stands among the layers, as NotEqual(ids, 0)
    before: str | None = None
    for layer in layers:
        if not (isinstance(layer, dict) and isinstance(layer.get("config"), dict)):
            raise ModelFileError("the description has a layer without a configuration")
        name, class_name = layer["config"].get("name"), str(layer.get("class_name"))
        reads, masked_by = _sources(layer.get("inbound_nodes", []))
        if kind != "Sequential":
            if class_name == "NotEqual" and chain and reads == [(chain[0][1].get("name"), 0), "0"]:
                masks.append((str(name), 0))
                continue
            if reads != ([] if before is None else [(before, 0)]) or not set(masked_by) <= set(masks):
                raise ModelFileError(
                    f"layer {name!r} does not just follow the one before; only a chain is supported"
                )
        before = name
        chain.append((class_name, layer["config"]))
    if masks and not any(config.get("mask_zero") for _, config in chain):
        raise ModelFileError("it has a mask of its own; the Embedding's mask_zero is supported")
    ends = config.get("output_layers") if isinstance(config, dict) else None
    if kind != "Sequential" and ends is not None and _names(ends) != [before]:
        raise ModelFileError(
            f"it gives out {', '.join(_names(ends))[:80]}; only what its last layer, {before!r}, gives is "
            "supported"
        )
    return chain


def _sources(nodes: Any) -> tuple[list[Any], list[Any]]:
    """(layer, number of its output) of all that a layer of a Functional model reads, and of its masks.

    In Keras 3 they are tensors with a history; other arguments follow as text. In Keras 2 they are lists of
    [layer, node, output, arguments].
    """
    found: list[Any] = []
    masks: list[Any] = []
    for node in nodes if isinstance(nodes, list) else []:
        if isinstance(node, dict):
            args, kwargs = node.get("args"), node.get("kwargs")
            named = dict(kwargs) if isinstance(kwargs, dict) else {}
            masks += _histories(named.pop("mask", None))
            found += _histories([args, named])
            found += [
                str(one)
                for one in (args if isinstance(args, list) else [])
                if isinstance(one, (int, float, str))
            ]
        else:
            text = json.dumps(node)
            found += [(name, int(n)) for name, n in re.findall(r'\["([^"]*)", \d+, (\d+)[,\]]', text)]
    return found, masks


def _histories(value: Any) -> list[tuple[str, int]]:
    text = json.dumps(value)
    return [(name, int(n)) for name, n in re.findall(r'"keras_history": \["([^"]*)", \d+, (\d+)\]', text)]


def _names(ends: Any) -> list[str]:
    """The layers of `output_layers`: ["a", 0, 0] or [["a", 0, 0], …]."""
    return re.findall(r'\["([^"]*)"', json.dumps(ends))


# Keras names the group of a layer's weights by its class, and numbers those of one class: lstm, lstm_1, ...
_GROUPS = {
    "Embedding": "embedding",
    "LSTM": "lstm",
    "GRU": "gru",
    "Dense": "dense",
    "TimeDistributed": "time_distributed",
}


_INSIDE = {"LSTM": "cell", "GRU": "cell", "TimeDistributed": "layer"}
_OLD_TOP = "_layer_checkpoint_dependencies"


def _numbered(file: h5py.File, layer: Wanted) -> list[str]:
    usual = _paths("layers", layer)
    return usual if _node(file, "layers") is not None else _older_paths(file, layer) or usual


def _paths(top: str, layer: Wanted) -> list[str]:
    group = f"{top}/{_GROUPS[layer.kind]}" + (f"_{layer.number}" if layer.number else "")
    inside = f"/{_INSIDE[layer.kind]}" if layer.kind in _INSIDE else ""
    return [f"{group}{inside}/vars/{n}" for n in range(len(layer.roles))]


def _older_paths(file: h5py.File, layer: Wanted) -> list[str]:
    """Of Keras 2.12 and 2.13: another group, numbers with gaps, and on Windows a path's parts in one name."""
    inside = _INSIDE.get(layer.kind, "")
    found = {}
    for holder, start, between in (
        (_node(file, _OLD_TOP), "", "/"),
        (file, f"{_OLD_TOP}\\", "\\"),
        (file, "layers\\", "\\"),
    ):
        rest = between + inside if inside else ""
        named = re.compile(
            re.escape(start + _GROUPS[layer.kind]) + r"(?:_(\d{1,6}))?" + re.escape(rest if start else "")
        )
        for name in holder if isinstance(holder, h5py.Group) else ():
            path = name if start else f"{_OLD_TOP}/{name}{rest}"
            if (match := named.fullmatch(name)) and _node(file, f"{path}/vars/0") is not None:
                found[int(match[1] or 0)] = path
    if layer.number >= len(found):
        return []
    group = found[sorted(found)[layer.number]]
    return [f"{group}/vars/{n}" for n in range(len(layer.roles))]


def _legacy(file: h5py.File, layer: Wanted) -> list[str]:
    """In an `.h5` file each layer's group lists its arrays: "lstm/lstm_cell/kernel:0", say."""
    path = f"model_weights/{layer.name}"
    group = _node(file, path)
    try:
        listed = [] if group is None else group.attrs["weight_names"]
        names = [name.decode() if isinstance(name, bytes) else str(name) for name in np.ravel(listed)[:16]]
    except _H5_ERRORS:
        names = []
    by_role = {name.rpartition("/")[2].partition(":")[0]: name for name in names}
    return [f"{path}/{by_role.get(role, role)}" for role in layer.roles]


def _node(file: h5py.File, path: str) -> Any:
    """What is at `path`, or None; links are not followed, so that no other file is ever opened."""
    node: Any = file
    for part in path.split("/"):
        try:
            hard = isinstance(node, h5py.Group) and isinstance(node.get(part, getlink=True), h5py.HardLink)
            node = node[part] if hard else None
        except _H5_ERRORS:
            node = None
    return node


def _read_array(file: h5py.File, path: str, shape: Sequence[int], label: str) -> Array:
    """The float32 array at `path`, of exactly `shape`."""
    node = _node(file, path)
    if node is None:
        raise ModelFileError(f"the weights of {label} are missing ({path})")
    if not isinstance(node, h5py.Dataset) or node.is_virtual or node.external or node.dtype.kind != "f":
        raise ModelFileError(f"the weights of {label} are not a plain array of numbers ({path})")
    if node.shape != tuple(shape):
        raise ModelFileError(f"the weights of {label} have shape {node.shape}, not {tuple(shape)} ({path})")
    array = np.asarray(node[()], dtype=np.float32)
    if not np.isfinite(array).all():
        raise ModelFileError(f"the weights of {label} hold NaN or infinite numbers ({path})")
    if np.abs(array).max(initial=0) > LARGEST_WEIGHT:
        raise ModelFileError(f"the weights of {label} hold numbers beyond {LARGEST_WEIGHT:,} ({path})")
    return array


# -- writing ---------------------------------------------------------------------------------------


def write_keras(path: str | os.PathLike[str], network: Blueprint) -> None:
    """Write `network` as a `.keras` file, which Keras 3 opens too; the same network gives the same bytes."""
    network, weights = network.plain(), io.BytesIO()
    with h5py.File(weights, "w") as file:
        for layer, arrays in zip(network.layers, network.arrays, strict=True):
            for place, array in zip(_paths("layers", layer), arrays, strict=True):
                file[place] = array
    members = {
        "metadata.json": b'{"keras_version": "3.5.0"}',
        "config.json": json.dumps(network.keras_config()).encode(),
        "model.weights.h5": weights.getvalue(),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for name, data in members.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)
