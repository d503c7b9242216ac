"""The released networks: what their cards claim, and that numpy steps them as Keras does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from textgen.measuring.first_verbs import first_verbs
from textgen.network.bundle import MODELS, available_bundles, load_bundle
from textgen.text.vocabulary import tokenize
from textgen.writing.generate import recipe_prompt
from textgen.writing.sampling import apply_temperature

NAMES = ("large", "gru", "lstm", "stacked_lstm")
KNESER_NEY = 37.9  # perplexity of an interpolated 5-gram model on the same validation recipes
PARAMETERS = {"lstm": 2_407_248, "stacked_lstm": 2_538_832, "gru": 2_378_320, "large": 4_670_384}


def test_all_four_are_there_with_one_vocabulary() -> None:
    assert set(available_bundles()) == set(NAMES)
    assert available_bundles()[0] == "large"
    assert len({load_bundle(name).vocabulary.words for name in NAMES}) == 1


@pytest.mark.parametrize("name", NAMES)
def test_the_card_states_what_the_network_is_and_how_good(name: str) -> None:
    bundle = load_bundle(name)
    card = bundle.card
    assert card["architecture"]["parameters"] == PARAMETERS[name]
    limit = 0.60 if name == "large" else 0.85
    assert card["evaluation"]["modern"]["perplexity"] <= limit * KNESER_NEY
    assert card["title_information"]["modern"]["bits"] >= (0.6 if name == "large" else 0.3)
    assert {"CC BY-SA 4.0", "Public domain in the USA"} <= {entry["license"] for entry in card["data"]}
    assert "CC BY-SA 4.0" in card["license"]
    text = (MODELS / name / "CARD.md").read_text("utf-8")
    assert f"{PARAMETERS[name]:,}" in text and "## Limits" in text
    epochs = [entry["epoch"] for entry in bundle.history["epochs"]]
    assert epochs == list(range(1, len(epochs) + 1)) and len(epochs) >= 8
    assert {entry["epoch"] for entry in bundle.history["samples"]} == {0, *epochs}
    assert {entry["temperature"] for entry in bundle.history["distributions"]} == {0.2, 0.5, 1.0, 1.5}


def test_large_fits_into_twenty_megabytes() -> None:
    assert sum(file.stat().st_size for file in Path(MODELS / "large").iterdir()) < 20e6


@pytest.mark.parametrize("name", NAMES)
def test_the_title_steers_the_first_verb(name: str) -> None:
    bundle = load_bundle(name)
    vegetables, ice, pizza = (
        first_verbs(bundle, title, [1.0]) for title in ("roasted vegetables", "chocolate ice cream", "pizza")
    )

    def mass(first: object, *verbs: str) -> float:
        return sum(float(first.of(verb)[0]) for verb in verbs)  # type: ignore[attr-defined]

    cutting, mixing = ("cut", "wash", "peel", "preheat", "heat"), ("mix", "melt", "beat", "combine", "whip")
    assert mass(vegetables, *cutting) > 2 * mass(ice, *cutting)
    assert mass(ice, *mixing) > 2 * mass(vegetables, *mixing)
    assert mass(pizza, "preheat") > 2 * mass(ice, "preheat")


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_numpy_steps_it_as_keras_does(name: str) -> None:
    pytest.importorskip("tensorflow")
    from textgen.training.weights import load_network

    bundle = load_bundle(name)
    ids = bundle.vocabulary.encode(tokenize(recipe_prompt("roasted vegetables", "chop 1 / 2 cup of onions")))
    expected = load_network(MODELS / name / "model.keras").predict(np.array([ids]), verbose=0)[0]
    state = bundle.model.start(1)
    for token, probs in zip(ids, expected, strict=True):
        logits, state = bundle.model.advance([token], state)
        np.testing.assert_allclose(apply_temperature(logits[0], 1.0), probs, atol=1e-5)
        # softmax hides a constant: compare logits after taking their mean away
        ours, keras_logits = logits[0].astype(np.float64), np.log(probs.astype(np.float64))
        assert np.abs((ours - ours.mean()) - (keras_logits - keras_logits.mean())).max() < 1e-4
