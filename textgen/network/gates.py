"""Inside the cell: what gates and states do while a text is read, and one step's arithmetic with its numbers.

`read` steps a network over a text, by the code that also generates, and keeps every gate. A `Reading` gives
the picture of one gate (units by words), one unit's values along the text, and a step opened up: the
equations of the LSTM or GRU with the numbers of one unit, recomputed from the network's weights. Knows
nothing of Streamlit or Altair.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from textgen.network.bundle import Bundle
from textgen.network.recurrent import Gates, Weights

# In the order in which they act.
KINDS = {
    "lstm": ("forget", "input", "candidate", "cell", "output", "hidden"),
    "gru": ("update", "reset", "candidate", "hidden"),
}
STATES = {"lstm": ("hidden", "cell"), "gru": ("hidden",)}
MEANINGS = {
    "lstm": {
        "forget": "How much of its old cell state each unit keeps: 0 forgets it, 1 keeps all of it.",
        "input": "How much of the candidate each unit lets into its cell state: 0 nothing, 1 all of it.",
        "candidate": "What each unit would write into its cell state, from −1 to 1.",
        "cell": "What each unit remembers from word to word. It has no bounds.",
        "output": "How much of its cell state each unit shows: 0 hides it, 1 shows it.",
        "hidden": "What each unit says, from −1 to 1: the next word is chosen from these numbers alone, and "
        "they are read back with the next word.",
    },
    "gru": {
        "update": "How much of its old state each unit keeps: 1 keeps it, 0 takes the candidate instead.",
        "reset": "How much of the old state each unit looks at when it makes its candidate.",
        "candidate": "What each unit would change its state to, from −1 to 1.",
        "hidden": "What each unit remembers and says, from −1 to 1: the next word is chosen from these "
        "numbers alone, and they are read back with the next word.",
    },
}
GATES = frozenset({"forget", "input", "output", "update", "reset"})  # sigmoids: from 0 to 1


@dataclass(frozen=True)
class Picture:
    """One gate or state of a layer along a text.

    values   [units, T] float32, a row a unit, in the order asked for
    units    [units], the number of the unit in each row
    low, high  the ends of the colour scale: 0 and 1, -1 and 1, or for the cell state a round number beyond
             which 5 % of the values may lie
    """

    values: NDArray[np.float32]
    units: NDArray[np.intp]
    low: float
    high: float


@dataclass(frozen=True)
class Sum:
    """What goes into one gate of one unit: `word + memory + bias`, and the gate's value after its curve.

    word       the input times its weights: the word's embedding, or what the layer below says
    memory     the layer's own last hidden state times its weights
    bias, memory_bias  `memory_bias` is 0 in an LSTM
    scaled     in a GRU's candidate, the reset gate's value, by which `memory + memory_bias` is multiplied
    """

    word: float
    memory: float
    bias: float
    memory_bias: float
    scaled: float
    value: float

    @property
    def total(self) -> float:
        return self.word + self.bias + self.scaled * (self.memory + self.memory_bias)


@dataclass(frozen=True)
class Equation:
    """One line of a step's arithmetic.

    left   LaTeX: what is worked out
    right  LaTeX: what it equals, first in symbols, then with this step's numbers, then the result
    """

    name: str
    meaning: str
    left: str
    right: tuple[str, ...]

    @property
    def latex(self) -> str:
        """The whole, a line for each entry of `right`."""
        lines = " ".join(rf"\\ &= {line}" for line in self.right)
        return rf"\begin{{aligned}} {self.left} {lines.removeprefix(chr(92) * 2)} \end{{aligned}}"


@dataclass(frozen=True)
class OpenedStep:
    """One unit in one step, recomputed from the weights in float64.

    kind      "lstm" or "gru"
    inputs    [D]: the word's embedding, or in a higher layer what the layer below says
    sums      gate -> `Sum`, in the order in which they act
    before, after  the unit's states: "hidden", and in an LSTM "cell"
    reset_after    of a GRU: whether the reset gate acts after the product with the memory, or before it
    """

    kind: str
    layer: int
    unit: int
    inputs: NDArray[np.float32]
    sums: dict[str, Sum]
    before: dict[str, float]
    after: dict[str, float]
    reset_after: bool = True

    @property
    def values(self) -> dict[str, float]:
        """Every gate and state of the unit after the step, named as `RecurrentModel.trace` names them."""
        return {**{gate: gate_sum.value for gate, gate_sum in self.sums.items()}, **self.after}

    def equations(self) -> list[Equation]:
        """The step's arithmetic, in the order in which it acts, the embedding first."""
        return [self._input(), *(self._lstm() if self.kind == "lstm" else self._gru())]

    def _input(self) -> Equation:
        size, x = len(self.inputs), self.inputs
        shown = r",\; ".join([*(_number(v, 2) for v in x[:4]), r"\dots"])
        if self.layer == 0:
            meaning = (
                f"The word comes in as its embedding: {size} numbers that the network has learned for it."
            )
        else:
            meaning = (
                f"Layer {self.layer + 1} reads what layer {self.layer} says of the word: {size} numbers."
            )
        return Equation("Input", meaning, "x_t", (f"({shown})",))

    def _gate(self, gate: str, sign: str, meaning: str) -> Equation:
        gate_sum = self.sums[gate]
        two_biases = self.kind == "gru" and self.reset_after
        biases = f"b_{sign} + b'_{sign}" if two_biases else f"b_{sign}"
        terms = [
            _labelled(gate_sum.word, "word", first=True),
            _labelled(gate_sum.memory, "memory"),
            _labelled(gate_sum.bias + gate_sum.memory_bias, "biases" if two_biases else "bias"),
        ]
        curve, left = (r"\sigma", f"{sign}_t") if gate in GATES else (r"\tanh", rf"\tilde {sign}_t")
        return Equation(
            f"{gate.capitalize()} gate" if gate in GATES else gate.capitalize(),
            meaning,
            left,
            (
                f"{curve}(x_t W_{sign} + h_{{t-1}} U_{sign} + {biases})",
                f"{curve}({' '.join(terms)})",
                f"{curve}({_number(gate_sum.total)}) = {_number(gate_sum.value)}",
            ),
        )

    def _lstm(self) -> list[Equation]:
        i, f, o, g = (self.sums[gate] for gate in ("input", "forget", "output", "candidate"))
        c0, c = self.before["cell"], self.after["cell"]
        return [
            self._gate("forget", "f", "How much of the old cell state stays."),
            self._gate("input", "i", "How much of the candidate comes in."),
            self._gate("candidate", "c", "What the unit would write into its cell state."),
            Equation(
                "New cell state",
                "What stays of the old, and what comes in.",
                "c_t",
                (
                    r"f_t \, c_{t-1} + i_t \, \tilde c_t",
                    rf"{_number(f.value)} \cdot {_factor(c0)} + {_number(i.value)} \cdot {_factor(g.value)}",
                    f"{_number(f.value * c0)} {_term(i.value * g.value)} = {_number(c)}",
                ),
            ),
            self._gate("output", "o", "How much of the cell state is shown."),
            Equation(
                "New hidden state",
                "What the unit says.",
                "h_t",
                (
                    r"o_t \tanh(c_t)",
                    rf"{_number(o.value)} \cdot \tanh({_number(c)})",
                    rf"{_number(o.value)} \cdot {_factor(math.tanh(c))} = {_number(self.after['hidden'])}",
                ),
            ),
        ]

    def _gru(self) -> list[Equation]:
        z, r, g = (self.sums[gate] for gate in ("update", "reset", "candidate"))
        h0, h = self.before["hidden"], self.after["hidden"]
        word = [_labelled(g.word, "word", first=True), _labelled(g.bias, "bias")]
        if self.reset_after:
            memory = [_labelled(g.memory, "memory", first=True), _labelled(g.memory_bias, "bias")]
            acts = "The reset gate acts after the product with the memory."
            lines = (
                r"\tanh\big(x_t W_h + b_h + r_t (h_{t-1} U_h + b'_h)\big)",
                rf"\tanh\big({' '.join(word)} + {_number(r.value)} ({' '.join(memory)})\big)",
            )
        else:
            acts = "The reset gates act on the memory of all units before the product with it."
            lines = (
                r"\tanh\big(x_t W_h + b_h + (r_t \odot h_{t-1}) U_h\big)",
                rf"\tanh\big({' '.join([*word, _labelled(g.memory, 'memory')])}\big)",
            )
        return [
            self._gate("update", "z", "How much of the old state stays."),
            self._gate("reset", "r", "How much of the memory the candidate looks at."),
            Equation(
                "Candidate",
                f"What the unit would change its state to. {acts}",
                r"\tilde h_t",
                (*lines, rf"\tanh({_number(g.total)}) = {_number(g.value)}"),
            ),
            Equation(
                "New hidden state",
                "A mixture of the candidate and the old state: what the unit remembers and says.",
                "h_t",
                (
                    r"(1 - z_t) \, \tilde h_t + z_t \, h_{t-1}",
                    rf"{_number(1 - z.value)} \cdot {_factor(g.value)} + {_number(z.value)} \cdot "
                    rf"{_factor(h0)}",
                    f"{_number((1 - z.value) * g.value)} {_term(z.value * h0)} = {_number(h)}",
                ),
            ),
        ]


@dataclass(frozen=True, eq=False)
class Reading:
    """A text as a network read it.

    words, tokens  [T], the prompt's first
    prompt         how many of them are the prompt's
    layers         a dict a layer, gate name -> [T, units]: the values after each word was read
    """

    bundle: Bundle
    words: tuple[str, ...]
    tokens: tuple[int, ...]
    prompt: int
    layers: list[Gates]

    def __len__(self) -> int:
        return len(self.words)

    def kind(self, layer: int) -> str:
        """ "lstm" or "gru"."""
        return self.bundle.model.layers[layer].kind

    def units(self, layer: int) -> int:
        return self.bundle.model.layers[layer].units

    def following(self, at: int) -> str:
        """The word after word `at`, "" where the text ends."""
        return self.words[at + 1] if at + 1 < len(self) else ""

    def picture(self, layer: int, kind: str, order: Sequence[float] | str = "number") -> Picture:
        """The gate or state `kind` of `layer`, its units by "number", by their "mean" over the text, or by a
        number for each (largest first). `ValueError` on a kind that the layer does not have."""
        if kind not in KINDS[self.kind(layer)]:
            raise ValueError(f"this layer has {', '.join(KINDS[self.kind(layer)])}, not {kind!r}")
        values = self.layers[layer][kind].T  # [units, T]
        if isinstance(order, str):
            key = np.arange(len(values)) if order == "number" else -values.mean(axis=1, dtype=np.float64)
        else:
            key = -np.asarray(order, dtype=np.float64)
        units = np.argsort(key, kind="stable")
        low, high = (0.0, 1.0) if kind in GATES else (-1.0, 1.0)
        if kind == "cell":
            high = _round_up(float(np.quantile(np.abs(values), 0.95)))
            low = -high
        return Picture(np.ascontiguousarray(values[units]), units, low, high)

    def along(self, layer: int, kind: str, unit: int) -> NDArray[np.float32]:
        """One unit's values after each word, `[T]`."""
        return self.layers[layer][kind][:, unit]

    def open(self, layer: int, at: int, unit: int) -> OpenedStep:
        """Unit `unit` of `layer` while word `at` (from 0) is read, recomputed from the weights.

        `IndexError` if there is no such layer, word or unit.
        """
        gates, cell = self.layers[layer], self.bundle.model.layers[layer]
        if not (0 <= at < len(self) and 0 <= unit < cell.units):
            raise IndexError(f"there is no word {at} or no unit {unit}")
        first = dict(zip(STATES[cell.kind], self.bundle.model.start(1)[layer], strict=True))
        states = {name: gates[name][at - 1] if at else first[name][0] for name in STATES[cell.kind]}
        memory = states["hidden"]  # [units]
        if layer:
            inputs = self.layers[layer - 1]["hidden"][at]
        else:
            inputs = self.bundle.model.embed([self.tokens[at]])[0]
        weights = cell.weights(unit)
        before = {name: float(values[unit]) for name, values in states.items()}
        sums: dict[str, Sum] = {}
        reset_after = getattr(cell, "reset_after", True)
        if cell.kind == "lstm":
            for gate in ("forget", "input", "candidate", "output"):
                sums[gate] = _sum(weights[gate], inputs, memory, gate)
            c = sums["forget"].value * before["cell"] + sums["input"].value * sums["candidate"].value
            after = {"hidden": sums["output"].value * math.tanh(c), "cell": c}
        else:
            for gate in ("update", "reset"):
                sums[gate] = _sum(weights[gate], inputs, memory, gate)
            scaled = sums["reset"].value
            if not reset_after:
                memory, scaled = gates["reset"][at] * memory, 1.0
            sums["candidate"] = _sum(weights["candidate"], inputs, memory, "candidate", scaled)
            z = sums["update"].value
            after = {"hidden": (1 - z) * sums["candidate"].value + z * before["hidden"]}
        return OpenedStep(cell.kind, layer, unit, inputs, sums, before, after, reset_after)


def read(bundle: Bundle, prompt: Sequence[str], written: Sequence[str] = ()) -> Reading:
    """What the network's gates do while it reads the words of a prompt and those written after it.

    A word outside the vocabulary is read as "[UNK]"; the stop token "" is not read, it ends the text.
    `ValueError` if there is no word.
    """
    words = tuple(word for word in (*prompt, *written) if word)
    if not words:
        raise ValueError("there is no word to read")
    tokens = tuple(bundle.vocabulary.encode(words))
    return Reading(bundle, words, tokens, len([w for w in prompt if w]), bundle.model.trace(tokens))


def _sum(
    weights: Weights,
    inputs: NDArray[np.float32],  # [D]
    memory: NDArray[np.float32],  # [units]
    gate: str,
    scaled: float = 1.0,
) -> Sum:
    word = float(inputs.astype(np.float64) @ weights.input)
    remembered = float(memory.astype(np.float64) @ weights.memory)
    total = word + weights.bias + scaled * (remembered + weights.memory_bias)
    value = 0.5 + 0.5 * math.tanh(total / 2) if gate in GATES else math.tanh(total)
    return Sum(word, remembered, weights.bias, weights.memory_bias, scaled, value)


def _round_up(value: float) -> float:
    """The next of 1, 2, 5, 10, 20, 50, … : scales that stay the same from text to text."""
    power = 10.0 ** math.floor(math.log10(max(value, 1.0)))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= value or step == 10)


def _number(value: float, digits: int = 3) -> str:
    text = f"{value:.{digits}f}"
    return text[1:] if text.startswith("-") and float(text) == 0 else text


def _factor(value: float) -> str:
    text = _number(value)
    return f"({text})" if text.startswith("-") else text


def _term(value: float) -> str:
    """A number as it is added to others: "+ 0.25" or "- 0.25"."""
    text = _number(value)
    return f"- {text[1:]}" if text.startswith("-") else f"+ {text}"


def _labelled(value: float, label: str, first: bool = False) -> str:
    """A term of a sum, with a word below it that says where it comes from."""
    text = _number(value) if first else _number(abs(value))
    sign = "" if first else "- " if _number(value).startswith("-") else "+ "
    return rf"{sign}\underbrace{{{text}}}_{{\text{{{label}}}}}"
