"""What a word costs: `textgen` beside the book's loop, a `tf.function` and LiteRT, on one network."""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measuring import Result, duration, medians
from textgen.network.bundle import MODELS, Bundle, load_bundle
from textgen.text.vocabulary import tokenize
from textgen.writing.generate import Step, generate, generate_together, recipe_prompt
from textgen.writing.sampling import Sampler

PROMPT = recipe_prompt("roasted vegetables")
WORDS = 40  # of a text; with its prompt about the 50 tokens of the book's examples
TEMPERATURES = (0.2, 0.5, 0.7, 1.0, 1.5)


def run(model: str = "lstm") -> list[Result]:
    """All comparisons on the weights of one single-layer LSTM bundle."""
    bundle = load_bundle(model)
    folder = MODELS / model
    network = _keras(folder if folder.is_dir() else Path(model))
    return [*_book(bundle, network), *_steps(bundle, network), _together(bundle), _late_word(bundle)]


def _book(bundle: Bundle, network: Any) -> list[Result]:
    """A whole text, prompt included, beside the book's loop at equal length."""
    seed = _unbroken_seed(bundle)

    def ours() -> int:
        return sum(1 for _ in generate(bundle, PROMPT, sampler=Sampler(), max_tokens=WORDS, seed=seed))

    def ours_with_charts() -> float:
        """Also every step's whole distribution, as a chart asks for it."""
        sampler = Sampler()
        total = 0.0
        for step in generate(bundle, PROMPT, sampler=sampler, max_tokens=WORDS, seed=seed):
            total += sampler.distribution(bundle.model.logits(step.hidden))[step.token]
        return total

    book = _book_loop(bundle, network)
    seconds = medians({"ours": ours, "charts": ours_with_charts, "book": book}, rounds=3)
    word = {name: value / WORDS for name, value in seconds.items()}
    return [
        Result(name, word["book"] / word[key], 400, True, f"{duration(word['book'])} : {duration(word[key])}")
        for name, key in (
            ("book's loop : one stream, per word", "ours"),
            ("book's loop : one stream and a chart of every step", "charts"),
        )
    ]


def _unbroken_seed(bundle: Bundle) -> int:
    """A seed whose text does not end before it has `WORDS` words."""
    for seed in range(1000):
        text = list(generate(bundle, PROMPT, sampler=Sampler(), max_tokens=WORDS, seed=seed))
        if len(text) == WORDS and text[-1].word:
            return seed
    raise RuntimeError(f"{bundle.name} ends every text before {WORDS} words")


def _steps(bundle: Bundle, network: Any) -> list[Result]:
    """A word of a stream, sampling and `Step` included, beside the bare network's step in TensorFlow."""
    stream = _words(bundle, [Sampler()])
    candidates: dict[str, Callable[[], object]] = {"ours": lambda: next(stream)}
    candidates["tf.function"] = _tf_function(network)
    if interpreter := _litert(network):
        candidates["LiteRT interpreter"] = interpreter
    seconds = medians(candidates)
    mine = seconds.pop("ours")
    return [
        Result(f"one stream, with sampling : {name}, without", mine / other, 1, False,
               f"{duration(mine)} : {duration(other)}")
        for name, other in seconds.items()
    ]  # fmt: skip


def _together(bundle: Bundle) -> Result:
    """A word at each of five temperatures, beside the one product that this cannot do without."""
    rng = np.random.default_rng(0)
    hidden = rng.normal(size=(len(TEMPERATURES), bundle.model.units)).astype(np.float32)
    output = rng.normal(size=(bundle.model.units, len(bundle.vocabulary))).astype(np.float32)
    stream = _words(bundle, [Sampler(temperature=t) for t in TEMPERATURES], differing=True)
    seconds = medians({"ours": lambda: next(stream), "bare": lambda: hidden @ output})
    return Result(
        f"five temperatures : the product h{[*hidden.shape]} @ W{[*output.shape]}",
        seconds["ours"] / seconds["bare"], 2, False,
        f"{duration(seconds['ours'])} : {duration(seconds['bare'])}",
    )  # fmt: skip


def _words(bundle: Bundle, samplers: list[Sampler], differing: bool = False) -> Iterator[list[Step]]:
    """Endless steps in which every sampler writes: one text after another, each left when a sampler ends.

    `differing` leaves out the beginnings, where samplers that have read the same words share their work.
    """
    for seed in itertools.cycle(range(1000)):
        ready = not differing
        for steps in generate_together(bundle, PROMPT, samplers=samplers, max_tokens=200, seed=seed):
            live = [step for step in steps if step is not None]
            if len(live) < len(samplers):
                break
            ready = ready or len({step.prompt for step in live}) == len(samplers)
            if ready:
                yield live


def _late_word(bundle: Bundle) -> Result:
    """The cost of word 150 beside that of word 10, in the same texts."""
    early: list[float] = []
    late: list[float] = []
    for seed in range(20):
        stream = generate(bundle, PROMPT, sampler=Sampler(suppress=(0,)), max_tokens=156, seed=seed)
        before = time.perf_counter()
        for step in stream:
            now = time.perf_counter()
            if 5 <= step.position < 15:
                early.append(now - before)
            elif 145 <= step.position < 155:
                late.append(now - before)
            before = now
    first, last = statistics.median(early), statistics.median(late)
    return Result("word 150 : word 10", last / first, 1.2, False, f"{duration(last)} : {duration(first)}")


# What it is measured against, each on the same Keras network


def _keras(folder: Path) -> Any:
    import keras

    return keras.models.load_model(folder / "model.keras")


def _book_loop(bundle: Bundle, network: Any) -> Callable[[], object]:
    """The book's way (chapter 5): predict on all words so far, `probs ** (1 / T)`, one draw."""
    start = bundle.vocabulary.encode(tokenize(PROMPT))
    rng = np.random.default_rng(0)

    def loop() -> list[dict[str, Any]]:
        tokens, info = list(start), []
        for _ in range(WORDS):
            probs = network.predict(np.array([tokens]), verbose=0)[0][-1]
            probs = probs ** (1 / 1.0)
            probs = probs / np.sum(probs)
            tokens.append(int(rng.choice(len(probs), p=probs)))
            info.append({"word_probs": probs})
        return info

    return loop


def _step_function(network: Any) -> Any:
    """One step of the network as a TensorFlow graph: token and state in, probabilities and state out."""
    import keras
    import tensorflow as tf

    embedding, cell, output = (
        next(layer for layer in network.layers if isinstance(layer, kind))
        for kind in (keras.layers.Embedding, keras.layers.LSTM, keras.layers.Dense)
    )
    state = tf.TensorSpec([1, cell.units], tf.float32)

    @tf.function(input_signature=[tf.TensorSpec([1], tf.int32), state, state])
    def step(token: Any, h: Any, c: Any) -> Any:
        y, (h, c) = cell.cell(embedding(token), [h, c])
        return output(y), h, c

    return step


def _tf_function(network: Any) -> Callable[[], object]:
    import tensorflow as tf

    step = _step_function(network)
    state = [tf.zeros(spec.shape) for spec in step.input_signature[1:]]
    token = np.array([7], np.int32)

    def call() -> Any:
        nonlocal state
        probs, *state = step(token, *state)
        return probs.numpy()

    return call


def _litert(network: Any) -> Callable[[], object] | None:
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError:
        return None
    import tensorflow as tf

    concrete = _step_function(network).get_concrete_function()
    content = tf.lite.TFLiteConverter.from_concrete_functions([concrete], network).convert()
    interpreter = Interpreter(model_content=content, num_threads=1)
    interpreter.allocate_tensors()
    token, *states = sorted(interpreter.get_input_details(), key=lambda tensor: tensor["dtype"] != np.int32)
    outputs = interpreter.get_output_details()
    probs = next(tensor for tensor in outputs if tensor["shape"][-1] > 1000)
    new = [tensor for tensor in outputs if tensor is not probs]
    for tensor in states:
        interpreter.set_tensor(tensor["index"], np.zeros(tensor["shape"], np.float32))
    interpreter.set_tensor(token["index"], np.array([7], np.int32))

    def call() -> Any:
        interpreter.set_tensor(token["index"], np.array([7], np.int32))
        interpreter.invoke()
        for into, out in zip(states, new, strict=True):
            interpreter.set_tensor(into["index"], interpreter.get_tensor(out["index"]))
        return interpreter.get_tensor(probs["index"])

    return call
