"""Facts about a text, the units that follow them, and how long a title is remembered."""

from __future__ import annotations

import json

import networks
import numpy as np
import pytest
from small_recipes import WORDS, some_recipes

from textgen.measuring.title_memory import title_memory
from textgen.measuring.units import CONVINCING, FACTS, correlations, facts, is_convincing, unit_probes
from textgen.network.bundle import available_bundles, load_bundle, load_measured
from textgen.network.gates import read
from textgen.network.recurrent import GRU, Affine, RecurrentModel
from textgen.text.vocabulary import Vocabulary, tokenize
from textgen.views.cell import fact_rows, unit_to_start_with, verdict
from textgen.writing.generate import generate, recipe_prompt
from textgen.writing.sampling import Sampler

NAMES = list(FACTS)


def fact(text, name):
    return facts(tokenize(text))[:, NAMES.index(name)].tolist()


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("inside the title", "recipe for plum pie | mix", [0, 0, 1, 1, 0, 0]),
        ("after the bar", "recipe for plum | mix | it", [0, 0, 0, 1, 1, 1, 1]),
        ("inside a quantity", "recipe for x | add 1 / 2 cup of milk", [0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0]),
        ("inside a quantity", "| bake 30 to 40 minutes / at 350 ° f .", [0, 0, 1, 1, 1, 1, 0, 0, 1, 1, 1, 0]),
        ("inside a quantity", "| one cup ; a cup", [0, 1, 1, 0, 0, 0]),
        ("inside parentheses", "| a ( b ( c ) d ) e ) f", [0, 0, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0]),
        ("words since the last full stop", "recipe for x | mix it . bake it", [1, 2, 3, 0, 1, 2, 0, 1, 2]),
        ("position in the recipe", "recipe for x | mix it | up", [0, 0, 0, 0, 1, 2, 3, 4]),
        ("on a recipe verb", "recipe for mix | mix the flour . bake it", [0, 0, 0, 0, 1, 0, 0, 0, 1, 0]),
    ],
)
def test_facts_are_what_a_reader_would_say(name, text, expected):
    assert fact(text, name) == expected


def test_facts_do_not_look_ahead():
    words = tokenize("recipe for plum pie | mix 1 / 2 cup ( of ) milk . bake for 30 to 40 minutes .")
    whole = facts(words)
    for length in range(1, len(words)):
        np.testing.assert_array_equal(facts(words[:length]), whole[:length])


def latch(seed=0):
    """A GRU over one-hot words whose unit 1 is 1 from the bar on and 0 before it; unit 0 and 2 are noise."""
    rng = np.random.default_rng(seed)
    size, units = len(WORDS), 3
    kernel = np.zeros((size, 3 * units), dtype=np.float32)
    kernel[WORDS.index("|"), 1] = -20  # the update gate lets the candidate in at the bar
    kernel[:, 2 * units + 1] = 20  # and the candidate is 1
    kernel[:, [0, 2]] = -20  # the others take a candidate that the word alone decides
    kernel[:, [2 * units, 2 * units + 2]] = rng.normal(size=(size, 2))
    bias = np.zeros((2, 3 * units), dtype=np.float32)
    bias[0, 1] = 10  # else it keeps what it has
    layer = GRU(kernel, np.zeros((units, 3 * units), dtype=np.float32), bias)
    output = Affine(rng.normal(size=(units, size)).astype(np.float32), np.zeros(size, dtype=np.float32))
    return networks.Pair(RecurrentModel(np.eye(size, dtype=np.float32), [layer], output), Vocabulary(WORDS))


def test_a_unit_that_is_the_fact_is_found_and_others_are_not():
    recipes = some_recipes(60)
    found = unit_probes(latch(), recipes)
    told = found["facts"]["after the bar"]
    best = told["best"][0]
    assert (best["layer"], best["state"], best["unit"]) == (0, "hidden", 1)
    assert best["r"] > 0.999 and best["low"] > 0.999 and best["high"] <= 1
    assert is_convincing(best, told["untrained"])
    nothing = found["facts"]["inside parentheses"]  # there are none in these recipes
    assert nothing["best"][0]["r"] == 0 and verdict(nothing) == "None is convincing."
    assert (found["recipes"], found["held_out"]) == (60, 30)
    json.dumps(found, allow_nan=False)


def test_correlations_are_pearson_s_over_all_words():
    pair = networks.Pair(networks.random_model(len(WORDS)), Vocabulary(WORDS))
    recipes = some_recipes(25)
    found = unit_probes(pair, recipes)
    truth, cells = [], []
    for recipe in recipes:
        words = tokenize(recipe.text)
        truth.append(facts(words))
        cells.append(read(pair, words).layers[0]["cell"])
    truth, cells = np.concatenate(truth), np.concatenate(cells)
    assert found["words"] == len(truth)
    for k, name in enumerate(NAMES):
        r = correlations(found, 0, "cell", name)
        for unit in range(12):
            expected = np.corrcoef(cells[:, unit], truth[:, k])[0, 1] if truth[:, k].std() else 0
            assert r[unit] == pytest.approx(expected, abs=0.0051)
    assert unit_to_start_with(found, 0) == np.abs(correlations(found, 0, "hidden", NAMES[5])).argmax()
    assert correlations(found, 1, "cell", NAMES[0]) is None
    assert correlations({}, 0, "cell", NAMES[0]) is None
    assert unit_to_start_with({}, 0) == 0


def test_chosen_units_are_measured_on_recipes_that_had_no_part_in_choosing():
    """Facts that are pure chance: what looks best on one half falls back on the other."""
    pair = networks.Pair(networks.random_model(len(WORDS), units=300), Vocabulary(WORDS))
    rng = np.random.default_rng(0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            "textgen.measuring.units.facts", lambda words: rng.normal(size=(len(words), len(FACTS)))
        )
        found = unit_probes(pair, some_recipes(24, length=6))
    for told in found["facts"].values():
        assert all(one["low"] <= 0 <= one["high"] or abs(one["r"]) < 0.3 for one in told["best"])
        assert verdict(told) == "None is convincing."


def test_what_convinces():
    def unit(r, low, high):
        return {"r": r, "low": low, "high": high}

    assert is_convincing(unit(0.6, 0.51, 0.7), 0.2)
    assert is_convincing(unit(-0.6, -0.7, -0.51), 0.2)
    assert not is_convincing(unit(0.6, CONVINCING - 0.01, 0.7), 0.2)
    assert not is_convincing(unit(0.6, 0.55, 0.7), -0.65)  # an untrained network does as well
    assert not is_convincing(unit(0.1, -0.9, 0.9), 0.0)


def test_too_few_recipes_are_a_sentence():
    for measure in (unit_probes, title_memory):
        with pytest.raises(ValueError, match="20 recipes or more"):
            measure(latch(), some_recipes(7))


@pytest.mark.parametrize("name", available_bundles())
def test_the_released_networks_are_measured(name):
    measured = load_measured(name)
    units, memory = measured["units"], measured["memory"]
    assert len(json.dumps(units)) + len(json.dumps(memory)) < 40_000
    assert units["recipes"] == memory["recipes"] == 638
    layers = load_bundle(name).model.layers
    assert len(units["correlations"]) == len(layers)
    for n, layer in enumerate(layers):
        for state in ("hidden", "cell") if layer.kind == "lstm" else ("hidden",):
            for of in FACTS:
                assert correlations(units, n, state, of).shape == (layer.units,)
    rows = fact_rows(units)
    assert [row["fact"] for row in rows] == NAMES
    assert {row["convincing"] for row in rows} == {"yes", "none is"}
    assert memory["bits"][0] > 5 * memory["bits"][-1] > 0
    low, bits, high = (np.array(memory[key]) for key in ("low", "bits", "high"))
    assert (low <= bits).all() and (bits <= high).all()


@pytest.mark.parametrize("name", available_bundles())
def test_the_best_unit_for_the_position_follows_it_in_the_network_s_own_texts_too(name):
    bundle = load_bundle(name)
    best = load_measured(name)["units"]["facts"]["position in the recipe"]["best"][0]
    values, truth = [], []
    for title in ("tomato soup", "apple pie", "roast chicken"):
        prompt = recipe_prompt(title)
        steps = generate(bundle, prompt, sampler=Sampler(0.8, suppress=(1,)), max_tokens=120, seed=3)
        reading = read(bundle, tokenize(prompt), [step.word for step in steps])
        values.append(reading.along(best["layer"], best["state"], best["unit"]))
        truth.append(facts(reading.words)[:, NAMES.index("position in the recipe")])
    r = np.corrcoef(np.concatenate(values), np.concatenate(truth))[0, 1]
    assert np.sign(r) == np.sign(best["r"]) and abs(r) > 0.5 * abs(best["r"])
