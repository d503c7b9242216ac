"""TextGenerator does what the book's callback does, on any Keras model."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorflow")

from textgen.training.callbacks import TextGenerator, print_probs

WORDS = ["", "[UNK]", "recipe", "for", "japanese", "sushi", "|", "chop"]


class Scripted:
    """Predicts the next id of a script with probability 0.9, whatever the prompt; records what it was fed."""

    def __init__(self, *script: int) -> None:
        self.script, self.seen = list(script), []

    def predict(self, tokens: Any, verbose: int) -> Any:
        self.seen.append(tokens[0].tolist())
        probs = np.full((1, tokens.shape[1], len(WORDS)), 0.1 / (len(WORDS) - 1), np.float32)
        probs[0, -1, self.script[len(self.seen) - 1]] = 0.9
        return probs


def test_max_tokens_counts_the_prompt_and_info_holds_every_step(capsys: pytest.CaptureFixture[str]) -> None:
    model = Scripted(6, 7, 7, 7)
    info = TextGenerator(WORDS).generate("recipe for sushi", max_tokens=5, temperature=0, model=model)
    assert [step["prompt"] for step in info] == ["recipe for sushi", "recipe for sushi |"]
    assert "recipe for sushi | chop" in capsys.readouterr().out
    assert all(step["word_probs"].shape == (len(WORDS),) for step in info)


def test_it_stops_at_the_stop_token() -> None:
    info = TextGenerator(WORDS).generate("recipe for", 50, temperature=0, model=Scripted(5, 0, 7))
    assert len(info) == 2


def test_the_prompt_is_lower_cased_and_split_like_the_corpus() -> None:
    model = Scripted(0)
    TextGenerator(WORDS).generate("Recipe for Japanese Sushi|Fugu", 50, temperature=0, model=model)
    assert model.seen == [[2, 3, 4, 5, 6, 1]]


def test_sample_from_tempers_and_draws_by_the_tempered_probabilities() -> None:
    generator = TextGenerator(WORDS, seed=3)
    probs = np.array([0.5, 0.25, 0.25])
    token, tempered = generator.sample_from(probs, 0.5)
    np.testing.assert_allclose(tempered, [2 / 3, 1 / 6, 1 / 6])
    draws = [generator.sample_from(probs, 0.5)[0] for _ in range(4000)]
    np.testing.assert_allclose(np.bincount(draws) / 4000, tempered, atol=0.03)
    assert generator.sample_from(probs, 0.0)[0] == 0
    assert np.isfinite(generator.sample_from(probs, 0.001)[1]).all()
    assert token in (0, 1, 2)


def test_equal_seeds_draw_equal_texts() -> None:
    runs = []
    for _ in range(2):
        generator = TextGenerator(WORDS, seed=5)
        runs.append([generator.sample_from(np.ones(8) / 8, 1.0)[0] for _ in range(20)])
    assert runs[0] == runs[1]


def test_an_empty_prompt_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        TextGenerator(WORDS).generate("  ", 5, 1.0, model=Scripted(0))


def test_it_runs_inside_fit_and_prints_the_likeliest_words(capsys: pytest.CaptureFixture[str]) -> None:
    from textgen.training.architectures import build_model

    model = build_model("lstm", len(WORDS), embedding_dim=3, units=4)
    model.compile(loss="sparse_categorical_crossentropy")
    tokens = np.array([[2, 3, 4, 6, 7, 0]])
    generator = TextGenerator(WORDS, top_k=2, max_tokens=6)
    model.fit(tokens[:, :-1], tokens[:, 1:], epochs=2, verbose=0, callbacks=[generator])
    printed = capsys.readouterr().out
    assert printed.count("generated text:") == 2
    assert printed.count("PROMPT: recipe for\n") == 2
    assert printed.count("%") == 4


def test_print_probs_ranks_words_and_names_the_stop_token(capsys: pytest.CaptureFixture[str]) -> None:
    print_probs([{"prompt": "recipe", "word_probs": np.array([0.2, 0.1, 0.7])}], ["", "a", "b"], top_k=2)
    lines = capsys.readouterr().out.split("\n")
    assert lines[1:4] == ["PROMPT: recipe", "b:   \t70.00%", "(stop):   \t20.00%"]
