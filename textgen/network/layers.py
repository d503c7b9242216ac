"""Which layers of Keras make a network that can be stepped here: each checked by its configuration.

The network must be a chain: an Embedding, LSTM or GRU layers, perhaps Dense layers that are linear or
rectified, and a Dense layer over the vocabulary, with or without softmax. Dropout does nothing once a network
is trained. The last recurrent layer may give out one state a text (`return_sequences=False`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textgen.network.recurrent import GRU, LSTM, Affine, Array, Layer, Rectified, RecurrentModel

Chain = list[tuple[str, dict[str, Any]]]  # class name and configuration of each layer, input first

MAX_PARAMETERS = 64 << 20
_MOST_PADDING = 1000  # words; a state that has not settled by then never does
# Logits below the least bias that a word has which the network cannot write.
_NEVER = 200.0
# Layers that do nothing once a network is trained.
_IDLE = {
    "InputLayer",
    "Dropout",
    "SpatialDropout1D",
    "GaussianDropout",
    "GaussianNoise",
    "AlphaDropout",
    "ActivityRegularization",
}
_SOFTMAX = ("softmax", "log_softmax")  # the same scores, but for a constant


@dataclass(frozen=True)
class Wanted:
    """A layer that has weights, as its configuration describes it.

    kind     its class in the file: Embedding, LSTM, GRU, Dense, or TimeDistributed for a Dense in one
    number   how many of its class stand before it
    roles    what Keras calls its arrays, in order; `shapes` are theirs
    options  what else matters of its configuration
    """

    kind: str
    name: str
    label: str
    number: int
    roles: tuple[str, ...]
    shapes: tuple[tuple[int, ...], ...]
    options: Mapping[str, Any] = field(default_factory=dict)


def wanted_layers(chain: Chain) -> tuple[list[Wanted], list[str]]:
    """The layers with weights, and a sentence for each thing that is not supported (without a full stop)."""
    found = _Found()
    for kind, config in chain:
        found.add(kind, config)
    found.finish()
    return found.layers, found.problems


class _Found:
    """What has been seen of a chain of layers."""

    def __init__(self) -> None:
        self.layers: list[Wanted] = []
        self.problems: list[str] = []
        self.counts: dict[str, int] = {}
        self.width = 0  # of what the next layer reads
        self.left = MAX_PARAMETERS
        self.length: int | None = None  # of the texts that it reads, if they all have one

    def of(self, *kinds: str) -> list[Wanted]:
        return [layer for layer in self.layers if layer.kind in kinds]

    def add(self, kind: str, config: dict[str, Any]) -> None:
        name, label = config.get("name"), f"{kind[:40]} layer {str(config.get('name'))[:60]!r}"
        shape = config.get("batch_shape") or config.get("batch_input_shape")
        if isinstance(shape, list) and len(shape) == 2 and _is_size(shape[1]):
            self.length = shape[1]
        if kind in _IDLE:
            return
        if kind in ("Activation", "Softmax"):
            self._activation(label, "softmax" if kind == "Softmax" else config.get("activation"), config)
        elif kind == "Embedding":
            self._embedding(config, label)
        elif kind in ("LSTM", "GRU"):
            self._recurrent(kind, config, label)
        elif kind == "Dense":
            self._dense(kind, config, label, config)
        elif kind == "TimeDistributed" and _class_of(config.get("layer")) == "Dense":
            self._dense(kind, config, label, config["layer"]["config"])
        else:
            inner = _class_of(config.get("layer")) or _class_of(config.get("cell"))
            about = f" of a {inner[:40]}" if inner else ""
            self.problems.append(f"layer {str(name)[:60]!r} is a {kind[:40]}{about}, which is not supported")

    def finish(self) -> None:
        parts = {
            "Embedding": self.of("Embedding"),
            "LSTM or GRU layer": self.of("LSTM", "GRU"),
            "Dense layer over the words": self.of("Dense", "TimeDistributed"),
        }
        missing = [name for name, layers in parts.items() if not layers]
        if missing:
            self.problems.append(
                f"it has no {', no '.join(missing)}: an Embedding, a recurrent layer and a Dense layer are "
                "needed"
            )
        embedding, recurrent, dense = parts.values()
        for layer in recurrent[:-1]:
            if not layer.options["return_sequences"]:
                self.problems.append(
                    f"{layer.label} has return_sequences=False and is not the last of its kind"
                )
        for layer in dense[:-1]:
            activation = layer.options["activation"]
            if activation in _SOFTMAX:
                self.problems.append(
                    f"{layer.label} has {activation} and is not the last: softmax is not the last"
                )
            elif activation not in ("linear", "relu"):
                self.problems.append(
                    f"{layer.label} has activation {_short(activation)}; before the last Dense layer linear "
                    "and relu are supported"
                )
        for layer in dense[-1:]:
            if layer.options["activation"] not in ("linear", *_SOFTMAX):
                self.problems.append(
                    f"{layer.label} has activation {_short(layer.options['activation'])}; linear and softmax "
                    "are supported at the end"
                )
            if embedding and (reads := embedding[0].shapes[0][0]) != self.width and not self.problems:
                self.problems.append(f"it reads {reads:,} words but writes {self.width:,}")
        if self.problems or not recurrent:
            return
        if not recurrent[-1].options["return_sequences"] and self.length:
            first = self.layers[0]
            self.layers[0] = replace(first, options={**first.options, "length": self.length})

    def _add(
        self,
        kind: str,
        label: str,
        config: Mapping[str, Any],
        arrays: dict[str, tuple[int, ...]],
        **options: Any,
    ) -> None:
        # Keras names a layer's weights by its class, and numbers those of one class.
        number = self.counts[kind] = self.counts.get(kind, -1) + 1
        amount = sum(math.prod(shape) for shape in arrays.values())
        if amount > self.left >= 0:
            self.problems.append(
                f"at {label} the network passes {MAX_PARAMETERS:,} parameters, the most that are read"
            )
        self.left -= amount
        self.layers.append(
            Wanted(
                kind, str(config.get("name")), label, number, tuple(arrays), tuple(arrays.values()), options
            )
        )

    def _embedding(self, config: dict[str, Any], label: str) -> None:
        if self.layers:
            self.problems.append(f"{label} is not the first; one Embedding at the input is supported")
        if _is_size(config.get("input_length")):
            self.length = config["input_length"]
        size, self.width = self._size(config, "input_dim", label), self._size(config, "output_dim", label)
        self._require(config, label, mask_zero=(False, True, None))
        masked = config.get("mask_zero") is True
        self._add("Embedding", label, config, {"embeddings": (size, self.width)}, masked=masked)

    def _recurrent(self, kind: str, config: dict[str, Any], label: str) -> None:
        if not self.of("Embedding") or self.of("Dense", "TimeDistributed"):
            self.problems.append(f"{label} must stand between the Embedding and the Dense layers")
        self._require(
            config,
            label,
            activation=("tanh",),
            recurrent_activation=("sigmoid",),
            return_sequences=(True, False),
            go_backwards=(False, None),
            time_major=(False, None),
            zero_output_for_mask=(False, None),
            use_bias=(True, False, None),
        )
        units, gates = self._size(config, "units", label), 4 if kind == "LSTM" else 3
        after = kind == "LSTM" or config.get("reset_after", False)  # Keras before 2.2 knows no such option
        if after not in (True, False):
            self.problems.append(f"{label} has reset_after={_short(after)}; True and False are supported")
        arrays: dict[str, tuple[int, ...]] = {
            "kernel": (self.width, gates * units),
            "recurrent_kernel": (units, gates * units),
        }
        if config.get("use_bias", True):
            arrays["bias"] = (gates * units,) if kind == "LSTM" or not after else (2, gates * units)
        returns = config.get("return_sequences")
        self._add(kind, label, config, arrays, return_sequences=returns, reset_after=after)
        self.width = units

    def _dense(self, kind: str, config: dict[str, Any], label: str, inner: dict[str, Any]) -> None:
        if not self.of("LSTM", "GRU"):
            self.problems.append(f"{label} comes before any recurrent layer, which is not supported")
        self._require(inner, label, use_bias=(True, False, None))
        units = self._size(inner, "units", label)
        arrays: dict[str, tuple[int, ...]] = {"kernel": (self.width, units)}
        if inner.get("use_bias", True):
            arrays["bias"] = (units,)
        self._add(kind, label, config, arrays, activation=inner.get("activation") or "linear")
        self.width = units

    def _activation(self, label: str, activation: Any, config: dict[str, Any]) -> None:
        if activation == "linear":
            return
        last = self.layers[-1] if self.layers else None
        if (
            last is None
            or last.kind not in ("Dense", "TimeDistributed")
            or last.options["activation"] != "linear"
        ):
            self.problems.append(f"{label} does not follow a Dense layer without activation")
            return
        recurrent = self.of("LSTM", "GRU")
        many = not recurrent or recurrent[-1].options["return_sequences"]
        self._require(config, label, axis=(-1, [-1], None, 2 if many else 1))
        self.layers[-1] = replace(last, options={**last.options, "activation": activation})

    def _require(self, config: dict[str, Any], label: str, **allowed: tuple[Any, ...]) -> None:
        for key, values in allowed.items():
            value = config.get(key)
            if not any(value == one and type(value) is type(one) for one in values):
                known = " and ".join(repr(one) for one in values if one is not None)
                verb = "are" if " and " in known else "is"
                self.problems.append(f"{label} has {key}={_short(value)}; only {known} {verb} supported")

    def _size(self, config: dict[str, Any], key: str, label: str) -> int:
        value: Any = config.get(key)
        if not _is_size(value):
            self.problems.append(f"{label} has {key}={_short(value)}, which is not a usable size")
            return 1
        return value


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MAX_PARAMETERS


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:59] + "…"


def _class_of(layer: Any) -> str:
    """The class of a layer within a layer; "" if it is none."""
    if not (isinstance(layer, dict) and isinstance(layer.get("config"), dict)):
        return ""
    return str(layer.get("class_name"))


# -- with their weights ----------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Blueprint:
    """The layers of a network and their arrays, both in the order of `wanted_layers`, checked."""

    layers: tuple[Wanted, ...]
    arrays: tuple[tuple[Array, ...], ...]

    @property
    def vocabulary_size(self) -> int:
        return len(self.arrays[0][0])

    @property
    def masked(self) -> bool:
        """Whether id 0 is not read: Keras' `mask_zero`."""
        return self.layers[0].options["masked"]

    @property
    def length(self) -> int | None:
        """How many words a text has, if they all have as many and the network gives one answer a text:
        shorter ones are filled up with id 0 before the first word, as Keras' `pad_sequences` does."""
        return self.layers[0].options.get("length")

    @property
    def many_to_one(self) -> bool:
        """Whether it gives one answer a text, not one a word."""
        return not all(layer.options.get("return_sequences", True) for layer in self.layers)

    @property
    def softmax(self) -> bool:
        """Whether it gives probabilities, not logits."""
        return self.layers[-1].options["activation"] in _SOFTMAX

    def build(self) -> RecurrentModel:
        """The network, ready to be stepped."""
        embedding = self.arrays[0][0]
        bound: NDArray[np.float64] = np.abs(embedding).max(axis=0).astype(np.float64)  # of the next input
        layers: list[Layer] = []
        dense: list[Affine] = []
        for layer, (kernel, *others) in zip(self.layers[1:], self.arrays[1:], strict=True):
            bias = others[-1] if "bias" in layer.roles else None
            if layer.kind == "LSTM":
                layers.append(LSTM(kernel, others[0], bias, bound))
            elif layer.kind == "GRU":
                layers.append(GRU(kernel, others[0], bias, bound, layer.options["reset_after"]))
            else:
                rectified = layer.options["activation"] == "relu"
                dense.append((Rectified if rectified else Affine)(kernel, bias, bound))
            bound = dense[-1].bound if dense else np.ones(layers[-1].units)
        padding = min(self.length or 1, _MOST_PADDING) - 1
        output = dense.pop()
        return RecurrentModel(embedding, layers, output, dense, masked=self.masked, padding=padding)

    def reordered(self, reads: Sequence[int | None], writes: Sequence[int | None]) -> Blueprint:
        """The same network with its words in another order: word n of the new one is read as `reads[n]` and
        written as `writes[n]` of this one.

        None stands for a word that this network lacks: it is read as the mean of all words, and never
        written (its logit lies 200 below the least bias).
        """
        size = len(reads)
        embedding = self.arrays[0][0]
        mean = embedding.mean(axis=0, dtype=np.float64).astype(np.float32)
        rows = np.stack([mean if n is None else embedding[n] for n in reads])
        kernel, *biases = self.arrays[-1]
        bias = biases[0] if biases else np.zeros(self.vocabulary_size, dtype=np.float32)
        columns, never = np.zeros((len(kernel), size), dtype=np.float32), float(bias.min()) - _NEVER
        offsets = np.full(size, never, dtype=np.float32)
        for new, old in enumerate(writes):
            if old is not None:
                columns[:, new], offsets[new] = kernel[:, old], bias[old]
        first = replace(self.layers[0], shapes=(rows.shape,))
        last = replace(self.layers[-1], roles=("kernel", "bias"), shapes=(columns.shape, offsets.shape))
        return Blueprint((first, *self.layers[1:-1], last), ((rows,), *self.arrays[1:-1], (columns, offsets)))

    def plain(self) -> Blueprint:
        """The same layers as a Sequential model of Keras 3 numbers them, each Dense bare."""
        counts: dict[str, int] = {}
        layers = []
        for layer in self.layers:
            kind = "Dense" if layer.kind == "TimeDistributed" else layer.kind
            number = counts[kind] = counts.get(kind, -1) + 1
            layers.append(replace(layer, kind=kind, number=number, name=f"{kind.lower()}_{number + 1}"))
        return Blueprint(tuple(layers), self.arrays)

    def keras_config(self) -> dict[str, Any]:
        """`config.json` of `plain()`: what Keras 3 makes the network from, softmax at its end."""
        length = None if self.masked else self.length
        described = [("InputLayer", {"name": "words", "batch_shape": [None, length], "dtype": "int32"})]
        for n, layer in enumerate(self.layers):
            options: dict[str, Any] = {"name": layer.name}
            if layer.kind == "Embedding":
                options |= dict(zip(("input_dim", "output_dim"), layer.shapes[0], strict=True))
                options["mask_zero"] = self.masked
            elif layer.kind == "Dense":
                last = n == len(self.layers) - 1
                options |= {
                    "units": layer.shapes[0][1],
                    "activation": "softmax" if last else layer.options["activation"],
                    "use_bias": "bias" in layer.roles,
                }
            else:
                options |= {
                    "units": layer.shapes[1][0],
                    "activation": "tanh",
                    "recurrent_activation": "sigmoid",
                    "return_sequences": layer.options["return_sequences"],
                    "use_bias": "bias" in layer.roles,
                }
                if layer.kind == "GRU":
                    options["reset_after"] = layer.options["reset_after"]
            described.append((layer.kind, options))
        made = [
            {"module": "keras.layers", "class_name": kind, "config": options, "registered_name": None}
            for kind, options in described
        ]
        config = {"name": "brought", "layers": made}
        return {"module": "keras", "class_name": "Sequential", "config": config, "registered_name": None}
