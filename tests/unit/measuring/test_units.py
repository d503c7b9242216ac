"""Facts about a text, the units that follow them, and how long a title is remembered."""

from __future__ import annotations

import json

import networks
import numpy as np
import pytest

from textgen import charts
from textgen.measuring.title_memory import title_memory
from textgen.measuring.units import CONVINCING, FACTS, correlations, facts, is_convincing, unit_probes
from textgen.network.bundle import available_bundles, load_bundle, load_measured
from textgen.network.gates import read
from textgen.network.recurrent import GRU, LSTM, Affine, RecurrentModel
from textgen.text.corpus import Recipe
from textgen.text.vocabulary import Vocabulary, tokenize
from textgen.views.cell import fact_rows, memory_rows, memory_sentence, unit_to_start_with, verdict
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


# Units

WORDS = ["", "[UNK]", "recipe", "for", "|", "mix", "bake", "the", "flour", "milk", "egg", ".", "(", ")"]
BODY = ["mix", "bake", "the", "flour", "milk", "egg", "."]


def some_recipes(count, seed=0, length=12):
    rng = np.random.default_rng(seed)
    return [
        Recipe(
            " ".join(rng.choice(BODY[2:6], size=rng.integers(1, 5))),
            (" ".join(rng.choice(BODY, size=rng.integers(4, length))),),
            era=("modern", "historic")[n % 2],
        )
        for n in range(count)
    ]


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


# Memory


def forgetful():
    """A network that says by the last word alone what comes next."""
    rng = np.random.default_rng(0)
    size, units = len(WORDS), 5
    kernel = rng.normal(size=(size, 4 * units)).astype(np.float32)
    bias = np.zeros(4 * units, dtype=np.float32)
    bias[units : 2 * units] = -80  # the forget gate is shut
    layer = LSTM(kernel, np.zeros((units, 4 * units), dtype=np.float32), bias)
    output = Affine(rng.normal(size=(units, size)).astype(np.float32), np.zeros(size, dtype=np.float32))
    return networks.Pair(RecurrentModel(np.eye(size, dtype=np.float32), [layer], output), Vocabulary(WORDS))


def test_a_network_that_forgets_at_once_has_no_memory_of_the_title():
    told = title_memory(forgetful(), some_recipes(60))
    assert told["distances"][0] == 0 and len(told["distances"]) > 3
    for key in ("bits", "low", "high", "likelihood"):
        np.testing.assert_allclose(told[key], 0, atol=1e-5)


def test_a_network_that_never_forgets_remembers_as_well_far_from_the_title():
    """Its only unit counts how often “egg” was in the title, and the next word depends on that alone."""
    size = len(WORDS)
    kernel = np.zeros((size, 4), dtype=np.float32)
    kernel[:, 0] = -40  # input gate: shut, but for
    kernel[WORDS.index("egg"), 0] = 40
    bias = np.array([0, 40, 40, 40], dtype=np.float32)  # forget gate open, candidate 1, output gate open
    layer = LSTM(kernel, np.zeros((1, 4), dtype=np.float32), bias)
    weights = np.zeros((1, size), dtype=np.float32)
    weights[0, 7] = 3
    model = RecurrentModel(
        np.eye(size, dtype=np.float32), [layer], Affine(weights, np.zeros(size, np.float32))
    )
    rng = np.random.default_rng(1)
    body = " ".join(["the", "flour"] * 8)
    recipes = [
        Recipe(" ".join(rng.permutation(["egg"] * (n % 2) + ["milk", "flour", "the"])), (body,), era="modern")
        for n in range(80)
    ]
    told = title_memory(networks.Pair(model, Vocabulary(WORDS)), recipes, others=1)
    assert told["distances"] == [0, 1, 2, 3, 4, 6, 8, 12, 16]
    np.testing.assert_allclose(told["bits"], told["bits"][0], rtol=1e-3)
    # By hand: half of the pairs differ, with softmax(0) against softmax(3 tanh(1)) on one word of 14.
    p = np.full(size, 1 / size)
    q = np.where(np.arange(size) == 7, np.exp(3 * np.tanh(1)), 1)
    q /= q.sum()
    middle = (p + q) / 2
    apart = 0.5 * (p @ np.log2(p / middle) + q @ np.log2(q / middle))
    share = told["bits"][0] / apart
    assert 0.3 < share < 0.8  # how often a title with an egg met one without
    assert share * 80 == pytest.approx(round(share * 80), abs=0.02)
    assert told["low"][0] < told["bits"][0] < told["high"][0]


def test_the_memory_in_words_and_in_a_chart():
    told = {
        "recipes": 300,
        "distances": [0, 16, 32],
        "count": [300, 200, 100],
        "bits": [0.25, 0.1, 0.05],
        "low": [0.2, 0.08, 0.04],
        "high": [0.3, 0.12, 0.06],
        "likelihood": [1.0, 0.5, 0.152],
        "likelihood_low": [0.9, 0.4, 0.1],
        "likelihood_high": [1.1, 0.6, 0.2],
    }
    said = memory_sentence("gru", told)
    assert "by 0.25 bits (0.20 to 0.30)" in said and "2.0 times less likely on average" in said
    assert "32 words on, 0.050 bits are left (0.040 to 0.060), 20 % of it" in said
    assert "is 10 % less likely" in said
    rows = memory_rows({"gru": told, "lstm": {**told, "bits": [0.2, 0.05, 0.0]}}, "lstm")
    assert len(rows) == 6 and [row["word"] for row in rows[:3]] == [1, 17, 33]
    spec = charts.memory_spec(rows)
    assert charts.chart(spec).to_dict()["datasets"] == spec["datasets"]
    assert all(row["bits"] > 0 for row in spec["datasets"]["lines"])  # the scale is logarithmic
    places = sorted(np.log10(end["place"]) for end in spec["datasets"]["ends"])
    assert np.diff(places).min() > 0.08  # names do not cover each other


def test_tints_are_clear_at_0_and_full_at_the_ends():
    assert "0%" in charts.tint(0, 2) and charts.POSITIVE in charts.tint(1, 2)
    assert "50%" in charts.tint(-1, 2) and charts.NEGATIVE in charts.tint(-1, 2)
    assert "100%" in charts.tint(5, 2)


# The released networks


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
