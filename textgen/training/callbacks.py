"""Text at the end of every epoch, as the book has it, for any Keras model that predicts the next word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
from numpy.typing import ArrayLike, NDArray

from textgen.text.vocabulary import STOP_ID, UNKNOWN_ID, tokenize
from textgen.writing.sampling import temper

PROMPT = "recipe for"


class TextGenerator(keras.callbacks.Callback):
    """Writes a sample after each epoch; a drop-in for the callback of the book's chapter 5 notebook.

    What differs: the prompt is tokenised like the corpus (any case, punctuation apart), temperature acts in
    log space (0 is greedy, small values do not underflow), and the draws come from a seeded generator.

    Args:
        index_to_word: the vocabulary as a list; index 0 is the stop token, index 1 stands for unknown words.
        top_k: how many of the likeliest words after the prompt to print with the sample; 0 for none.
        prompt, max_tokens, temperature: what is written after each epoch; max_tokens counts the prompt.
        seed: of the draws.
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
            ValueError: the prompt has no word, or there is no model.
        """
        model = model or self.model
        if model is None:
            raise ValueError("no model: pass the callback to fit, call set_model, or give one here")
        words = tokenize(start_prompt)
        if not words:
            raise ValueError("the prompt is empty: give it at least one word")
        tokens = [self.word_to_index.get(word, UNKNOWN_ID) for word in words]
        info: list[dict[str, Any]] = []
        token = None
        while len(tokens) < max_tokens and token != STOP_ID:
            probs = np.asarray(model.predict(np.asarray([tokens], np.int32), verbose=0))[0, -1]
            token, word_probs = self.sample_from(probs, temperature)
            info.append({"prompt": " ".join(words), "word_probs": word_probs})
            tokens.append(token)
            words.append(self.index_to_word[token])
        print(f"\ngenerated text:\n{' '.join(words).rstrip()}\n")
        return info

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Print a sample, and the likeliest words that follow the prompt."""
        info = self.generate(self.prompt, self.max_tokens, self.temperature)
        if self.top_k and info:
            print_probs(info[:1], self.index_to_word, self.top_k)


def print_probs(info: Sequence[Mapping[str, Any]], vocab: Sequence[str], top_k: int = 5) -> None:
    """Print, for each step of `TextGenerator.generate`, the prompt and its `top_k` likeliest next words."""
    for step in info:
        probs = np.asarray(step["word_probs"])
        print(f"\nPROMPT: {step['prompt']}")
        for index in np.argsort(-probs, kind="stable")[:top_k]:
            print(f"{vocab[index] or '(stop)'}:   \t{100 * probs[index]:.2f}%")
        print("--------\n")
