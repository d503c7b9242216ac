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


# -- any Keras model that predicts the next word


TOKENS = np.array([[2, 3, 4, 6, 7, 0], [2, 3, 5, 6, 7, 0]] * 4)


def network(
    outputs: int = len(WORDS), *, words: Any = None, one: bool = False, end: str | None = "softmax"
) -> Any:
    import keras

    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((words,)),
            layers.Embedding(outputs, 3),
            layers.LSTM(4, return_sequences=not one),
            layers.Dense(outputs, activation=end),
        ]
    )


def fitted(model: Any, generator: TextGenerator, capsys: pytest.CaptureFixture[str], epochs: int = 2) -> str:
    import keras

    one, length = len(model.output_shape) == 2, model.input_shape[1] or 5
    inputs = TOKENS[:, :length]
    logits = model.layers[-1].activation.__name__ == "linear"
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=logits)
    model.compile(optimizer="adam", loss=loss, run_eagerly=True)  # quicker for so small a model
    targets = TOKENS[:, length] if one else TOKENS[:, 1 : length + 1]
    history = model.fit(inputs, targets, epochs=epochs, verbose=0, callbacks=[generator])
    assert len(history.history["loss"]) == epochs
    return capsys.readouterr().out


@pytest.mark.parametrize(
    "options",
    [
        {"one": True, "words": 4, "end": None},
        {"words": 4},
        {"outputs": 12, "end": None},
        {"outputs": 12, "one": True},
    ],
    ids=str,
)
def test_every_form_of_model_writes_by_its_own_probabilities(
    options: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    model, generator = network(**options), TextGenerator(WORDS, top_k=3, max_tokens=6, seed=1)
    printed = fitted(model, generator, capsys, epochs=1)
    assert printed.count("generated text:\nrecipe for") == 1
    assert printed.count("%") == 3
    assert ("12 outputs and 8 words are given: the other outputs are never written" in printed) == (
        options.get("outputs") == 12
    )
    assert "no sample" not in printed

    info = generator.generate("recipe for sushi", 8, 1.0)
    words = ["recipe", "for", "sushi", *info[-1]["prompt"].split(" ")[3:]]
    assert words == info[-1]["prompt"].split(" ")
    ids = [WORDS.index(word) for word in words]
    length, one = options.get("words"), options.get("one")
    if length:  # filled up: in front where there is one answer a text, behind where there is one a word
        kept = ids[-length:]
        spare = [0] * (length - len(kept))
        read, at = (spare + kept, -1) if one else (kept + spare, len(kept) - 1)
    else:
        read, at = ids, -1
    outputs = model.predict(np.array([read]), verbose=0)[0]
    expected = (outputs if one else outputs[at]).astype(np.float64)
    if options.get("end", "") is None:
        expected = np.exp(expected - expected.max())
    expected[len(WORDS) :] = 0
    np.testing.assert_allclose(info[-1]["word_probs"], expected / expected.sum(), atol=1e-6)
    assert len(info[-1]["word_probs"]) == options.get("outputs", 8)


def test_words_without_an_output_are_read_as_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    generator = TextGenerator([*WORDS, "later"], prompt="recipe for later", max_tokens=6)
    printed = fitted(network(), generator, capsys, epochs=1)
    assert "8 outputs and 9 words are given: the last words are unknown" in printed
    assert "generated text:\nrecipe for later" in printed


def test_weights_that_are_no_numbers_are_named_before_and_after_and_fit_goes_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    model = network()
    weights = model.get_weights()
    weights[1][0, 0] = np.nan
    model.set_weights(weights)
    printed = fitted(model, TextGenerator(WORDS), capsys)
    assert "no sample can be written as things are, training goes on: the weights" in printed
    for epoch in (1, 2):
        assert f"no sample after epoch {epoch}: the weights" in printed
    assert "kernel" in printed
    assert "generated text" not in printed


def test_a_model_that_predicts_something_else_is_told_before_training_and_fit_goes_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    import keras

    words = keras.Input((None,))
    x = keras.layers.Embedding(8, 3)(words)
    hidden, state, _ = keras.layers.LSTM(4, return_sequences=True, return_state=True)(x)
    model = keras.Model(words, [keras.layers.Dense(8)(hidden), keras.layers.Dense(2)(state)])
    model.compile(loss=["mse", "mse"], run_eagerly=True)
    model.fit(TOKENS, [np.zeros((8, 6, 8)), np.zeros((8, 2))], verbose=0, callbacks=[TextGenerator(WORDS)])
    printed = capsys.readouterr().out
    assert "training goes on: the model gives out 2 things; one is needed, the next word" in printed
    assert "no sample after epoch 1: the model gives out" in printed


def test_whatever_goes_wrong_in_a_sample_does_not_end_the_training(
    capsys: pytest.CaptureFixture[str],
) -> None:
    class Odd:
        def predict(self, tokens: Any, verbose: int) -> Any:
            raise RuntimeError("out of\nmemory")

    generator = TextGenerator(WORDS)
    generator.set_model(Odd())
    generator.on_train_begin()
    generator.on_epoch_end(0)
    assert "no sample after epoch 1: RuntimeError: out of memory" in capsys.readouterr().out
    with pytest.raises(RuntimeError):  # asked for directly, it says so itself
        generator.generate("recipe", 9, 1.0)


@pytest.mark.parametrize(
    "options",
    [{"prompt": " "}, {"temperature": -1}, {"temperature": float("nan")}, {"max_tokens": 0}, {"words": [""]}],
    ids=str,
)
def test_what_can_be_checked_at_once_is(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        TextGenerator(options.pop("words", WORDS), **options)


def test_print_probs_ranks_words_and_names_the_stop_token(capsys: pytest.CaptureFixture[str]) -> None:
    print_probs([{"prompt": "recipe", "word_probs": np.array([0.2, 0.1, 0.7])}], ["", "a", "b"], top_k=2)
    lines = capsys.readouterr().out.split("\n")
    assert lines[1:4] == ["PROMPT: recipe", "b:   \t70.00%", "(stop):   \t20.00%"]
