"""Text at the end of every epoch, as the book has it, for any Keras model that predicts the next word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import ArrayLike, NDArray

from textgen.text.vocabulary import STOP_ID, UNKNOWN_ID, tokenize
from textgen.writing.sampling import apply_temperature, check_temperature, temper

PROMPT = "recipe for"


class TextGenerator(keras.callbacks.Callback):
    """Writes a sample after each epoch; a drop-in for the callback of the book's chapter 5 notebook.

    What differs: the prompt is tokenised like the corpus (any case, punctuation apart), temperature acts in
    log space (0 is greedy, small values do not underflow), and the draws come from a seeded generator.

    The model maps ids [B, T] to the next word after each, [B, T, V], or after the last, [B, V]; probabilities
    or logits; for texts of any length or of one (filled up with 0: behind, or in front where it gives one
    answer a text). It may have more outputs than there are words: those are never written. What stands in the
    way of a sample is said before training where it shows by then, and in place of the sample otherwise;
    `fit` goes on.

    Args:
        index_to_word: the vocabulary as a list; index 0 is the stop token, index 1 stands for unknown words.
        top_k: how many of the likeliest words after the prompt to print with the sample; 0 for none.
        prompt, max_tokens, temperature: what is written after each epoch; max_tokens counts the prompt.
        seed: of the draws.

    Raises:
        ValueError: there are no words, the prompt has none, or no such temperature or number of tokens.
    """

    def __init__(
        self,
        index_to_word: Sequence[str],
        top_k: int = 10,
        *,
        prompt: str = PROMPT,
        max_tokens: int = 100,
        temperature: float = 1.0,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.index_to_word = list(index_to_word)
        if len(self.index_to_word) <= UNKNOWN_ID or not all(isinstance(w, str) for w in self.index_to_word):
            raise ValueError("index_to_word must list the words, the stop token and [UNK] first")
        _words_of(prompt)
        check_temperature(temperature)
        if max_tokens < 1:
            raise ValueError(f"max_tokens must be 1 or more, not {max_tokens!r}")
        self.word_to_index = {word: index for index, word in enumerate(self.index_to_word)}
        self.top_k = top_k
        self.prompt, self.max_tokens, self.temperature = prompt, max_tokens, temperature
        self.rng = np.random.default_rng(seed)

    def sample_from(self, probs: ArrayLike, temperature: float) -> tuple[int, NDArray[np.float64]]:
        """Draw a token from probabilities `[V]` after temperature; the token and those probabilities."""
        tempered = temper(probs, temperature)
        return int(self.rng.choice(len(tempered), p=tempered)), tempered

    def generate(
        self, start_prompt: str, max_tokens: int, temperature: float, model: Any = None
    ) -> list[dict[str, Any]]:
        """Continue `start_prompt` until `max_tokens` tokens, the prompt's included, or the stop token.

        Returns one `{"prompt": text before the word, "word_probs": [V] float64}` a word and prints the text.
        `model` is the callback's own unless given.

        Raises:
            ValueError: the prompt has no word, there is no model, or it does not predict the next word: why.
        """
        model = model or self.model
        if model is None:
            raise ValueError("no model: pass the callback to fit, call set_model, or give one here")
        words = _words_of(start_prompt)
        tokens = self._ids(words)
        info: list[dict[str, Any]] = []
        token = None
        while len(tokens) < max_tokens and token != STOP_ID:
            token, word_probs = self._draw(self._next_word(model, tokens), temperature)
            info.append({"prompt": " ".join(words), "word_probs": word_probs})
            tokens.append(token)
            words.append(self.index_to_word[token])
        print(f"\ngenerated text:\n{' '.join(words).rstrip()}\n")
        return info

    def _ids(self, words: Sequence[str]) -> list[int]:
        return [self.word_to_index.get(word, UNKNOWN_ID) for word in words]

    def _draw(self, outputs: NDArray[np.float64], temperature: float) -> tuple[int, NDArray[np.float64]]:
        """`sample_from` what a network gives out, probabilities or logits `[V]`."""
        if _are_probabilities(outputs):
            return self.sample_from(outputs, temperature)
        return self.sample_from(apply_temperature(outputs, 1.0), temperature)

    def _next_word(self, model: Any, tokens: Sequence[int]) -> NDArray[np.float64]:
        """What the model gives out for the word after `tokens`, `[V]`; `ValueError` if that is nothing to
        draw from."""
        shape = getattr(model, "output_shape", None)
        many_to_one = isinstance(shape, tuple) and len(shape) == 2
        known = [getattr(layer, "input_dim", None) for layer in getattr(model, "layers", [])]
        most = min((size for size in known if isinstance(size, int)), default=len(self.index_to_word))
        tokens = [token if token < most else UNKNOWN_ID for token in tokens]
        read, at = _filled_up(tokens, getattr(model, "input_shape", None), many_to_one)
        outputs = model.predict(np.asarray([read], np.int32), verbose=0)
        if not isinstance(outputs, np.ndarray) or outputs.ndim not in (2, 3) or not outputs.shape[-1]:
            given = [np.shape(one) for one in outputs] if isinstance(outputs, list) else np.shape(outputs)
            raise ValueError(
                f"the model gives out {given}; one array [B, T, V] or [B, V] of the next word is needed"
            )
        found = np.array(outputs[0] if outputs.ndim == 2 else outputs[0, at], dtype=np.float64)
        if np.isnan(found).any() or np.isposinf(found).any():
            raise ValueError(_broken_weights(model) or "the model gives out NaN or infinite numbers for it")
        if len(self.index_to_word) < len(found):  # outputs that no word stands for
            probable = _are_probabilities(found)
            found[len(self.index_to_word) :] = 0 if probable else -np.inf
            if not (found.sum() > 0 if probable else np.isfinite(found).any()):
                raise ValueError("the model gives all of its probability to outputs that no word stands for")
            found = found / found.sum() if probable else found
        return found

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Say what will stand in the way of samples, as far as it shows by now."""
        try:
            if reason := _broken_weights(self.model):
                raise ValueError(reason)
            shape = getattr(self.model, "output_shape", None)  # there is none before a model is built
            if isinstance(shape, (list, dict)):
                raise ValueError(f"the model gives out {len(shape)} things; one is needed, the next word")
            outputs = shape[-1] if isinstance(shape, tuple) and shape else None
            if getattr(self.model, "built", False):
                self._next_word(self.model, self._ids(_words_of(self.prompt)))
        except Exception as error:
            _say(f"no sample can be written as things are, training goes on: {_reason(error)}")
            return
        words = len(self.index_to_word)
        if isinstance(outputs, int) and outputs != words:
            others = (
                "the other outputs are never written" if outputs > words else "the last words are unknown"
            )
            _say(f"the model has {outputs:,} outputs and {words:,} words are given: {others}")

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Print a sample, and the likeliest words that follow the prompt; or why there is none."""
        try:
            info = self.generate(self.prompt, self.max_tokens, self.temperature)
        except Exception as error:  # whatever the model does, a sample is not worth a training
            _say(f"no sample after epoch {epoch + 1}: {_reason(error)}")
            return
        if self.top_k and info:
            print_probs(info[:1], self.index_to_word, self.top_k)


def _words_of(prompt: str) -> list[str]:
    words = tokenize(prompt)
    if not words:
        raise ValueError("the prompt is empty: give it at least one word")
    return words


def _are_probabilities(outputs: NDArray[np.float64]) -> bool:
    """Whether outputs `[V]` are probabilities, not logits."""
    return bool(outputs.min() >= 0 and abs(outputs.sum() - 1) < 0.01)  # half precision is no closer


def _filled_up(tokens: Sequence[int], shape: Any, many_to_one: bool) -> tuple[list[int], int]:
    """The tokens as a model of input `shape` reads them, and where its answer to the last one stands."""
    length = shape[1] if isinstance(shape, tuple) and len(shape) == 2 else None
    read = list(tokens)
    if not isinstance(length, int):
        return read, -1
    read = read[-length:]
    spare = [STOP_ID] * (length - len(read))
    return (spare + read, -1) if many_to_one else (read + spare, len(read) - 1)


def _broken_weights(model: Any) -> str:
    """Which weights are no numbers any more; "" if all are."""
    for weight in getattr(model, "weights", []):
        values = np.asarray(keras.ops.convert_to_numpy(weight))
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            name = getattr(weight, "path", weight.name)
            return (
                f"the weights {name} hold NaN or infinite numbers: try a lower learning rate, or clipnorm=1"
            )
    return ""


def _reason(error: Exception) -> str:
    """An error in one line; Keras' and TensorFlow's own have many."""
    text = " ".join(str(error).split())[:400]
    return text if type(error) is ValueError and text else f"{type(error).__name__}: {text}"


def _say(sentence: str) -> None:
    print(f"\nTextGenerator: {sentence}\n")


def print_probs(info: Sequence[Mapping[str, Any]], vocab: Sequence[str], top_k: int = 5) -> None:
    """Print, for each step of `TextGenerator.generate`, the prompt and its `top_k` likeliest next words.

    A probability without a word in `vocab` is passed over.
    """
    for step in info:
        probs = np.asarray(step["word_probs"])[: len(vocab)]
        print(f"\nPROMPT: {step['prompt']}")
        for index in np.argsort(-probs, kind="stable")[:top_k]:
            print(f"{vocab[index] or '(stop)'}:   \t{100 * probs[index]:.2f}%")
        print("--------\n")
