"""The notebook of the book's chapter 5 (Foster, 2nd ed., LSTM), with our callback in the place of its own."""

from __future__ import annotations

import re
import string
from pathlib import Path

import numpy as np
import pytest

from textgen.network.bring import bring

tf = pytest.importorskip("tensorflow")

RECIPES = [
    ("Bean soup", "Soak the beans overnight. Simmer the beans with an onion, then add salt."),
    ("Roasted carrots", "Cut the carrots. Roast the carrots with oil and salt until brown."),
    ("Apple tea", "Boil water. Pour the water over the apple, then wait."),
    ("Salt bread", "Mix flour, water and salt. Knead the dough, then bake until brown."),
]


@pytest.mark.filterwarnings("ignore:`shuffle=True` was passed")  # by Keras, to every dataset
def test_the_books_notebook_runs_with_our_callback_and_its_network_is_brought(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from textgen.training.callbacks import TextGenerator

    keras = tf.keras
    layers = keras.layers
    vocabulary_size, longest = 100, 20

    texts = [f"Recipe for {title} | {steps}" for title, steps in RECIPES] * 8
    apart = [re.sub(" +", " ", re.sub(f"([{string.punctuation}])", r" \1 ", text)) for text in texts]
    data = tf.data.Dataset.from_tensor_slices(apart).batch(8).shuffle(100, seed=1)
    vectorize = layers.TextVectorization(
        standardize="lower", max_tokens=vocabulary_size, output_mode="int", output_sequence_length=longest + 1
    )
    vectorize.adapt(data)
    vocabulary = vectorize.get_vocabulary()

    def prepare(text):  # type: ignore[no-untyped-def]
        tokens = vectorize(tf.expand_dims(text, -1))
        return tokens[:, :-1], tokens[:, 1:]

    inputs = layers.Input(shape=(None,), dtype="int32")
    x = layers.Embedding(vocabulary_size, 100)(inputs)
    x = layers.LSTM(128, return_sequences=True)(x)
    lstm = keras.models.Model(inputs, layers.Dense(vocabulary_size, activation="softmax")(x))
    lstm.compile("adam", keras.losses.SparseCategoricalCrossentropy())

    text_generator = TextGenerator(vocabulary, max_tokens=12)
    checkpoint = keras.callbacks.ModelCheckpoint(
        str(tmp_path / "checkpoint.weights.h5"), save_weights_only=True, save_freq="epoch", verbose=0
    )
    history = lstm.fit(data.map(prepare), epochs=3, verbose=0, callbacks=[checkpoint, text_generator])
    lstm.save(tmp_path / "lstm.keras")

    losses = history.history["loss"]
    assert losses[-1] < losses[0]
    printed = capsys.readouterr().out
    assert printed.count("generated text:\nrecipe for") == 3
    assert "no sample" not in printed
    assert f"{vocabulary_size} outputs and {len(vocabulary)} words are given" in printed

    # What the notebook does next: samples at two temperatures, and their next words.
    info = text_generator.generate("recipe for bean soup |", max_tokens=8, temperature=1.0)
    text_generator.generate("recipe for bean soup |", max_tokens=8, temperature=0.2)
    assert "recipe for bean soup |" in capsys.readouterr().out

    # Its file and the words of its TextVectorization are all that the app needs.
    brought = bring(tmp_path / "lstm.keras", vocabulary, spare=True)
    ids = brought.vocabulary.encode(["recipe", "for", "bean", "soup", "|"])
    assert 1 not in ids
    state = brought.model.start(1)
    for token in ids:
        logits, state = brought.model.advance([token], state)
    weights = np.exp(logits[0] - logits[0].max())
    expected = info[0]["word_probs"][: len(vocabulary)]
    np.testing.assert_allclose(weights / weights.sum(), expected, atol=1e-5)
