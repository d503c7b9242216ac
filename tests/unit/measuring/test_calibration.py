"""Temperature scaling and reliability: against `evaluate`, plain loops, and cases worked out by hand."""

from __future__ import annotations

import json
import math
from types import SimpleNamespace

import numpy as np
import pytest
from networks import random_model, vocabulary

from textgen.measuring.calibration import GRID, Reliability, calibrate
from textgen.measuring.perplexity import evaluate, predictions
from textgen.network.bundle import available_bundles, load_bundle
from textgen.text.recipe import Recipe


class Scaled:
    """A network whose logits are multiplied by a factor: at T = factor it is the network itself."""

    def __init__(self, model, factor: float) -> None:
        self.model, self.factor = model, np.float32(factor)
        self.start, self.step = model.start, model.step

    def logits(self, hidden):
        return self.model.logits(hidden) * self.factor


def network(factor: float = 1.0, seed: int = 3):
    return SimpleNamespace(model=Scaled(random_model(40, seed=seed), factor), vocabulary=vocabulary(40))


def recipes(count: int = 6) -> list[Recipe]:
    """Texts that a random network finds neither impossible nor certain: it wrote half of their words."""
    lot, rng = network(), np.random.default_rng(11)
    found = []
    for n in range(count):
        words = []
        state = lot.model.start(1)
        token = 2
        for _ in range(12 + 5 * n):
            hidden, state = lot.model.step(np.array([token]), state)
            logits = lot.model.logits(hidden)[0]
            gumbel = rng.gumbel(size=40) * (0.7 + n % 2)
            token = 5 + int(np.argmax((logits + gumbel)[5:]))
            words.append(f"w{token - 5}")
        found.append(Recipe("w1", (" ".join(words),), era=("historic", "modern", "home")[n % 3]))
    return found


RECIPES = recipes()
HEATS = [0.4, 0.7, 1.0, 1.6, 3.0]


def test_every_perplexity_is_that_of_the_network_with_its_logits_divided():
    result = calibrate(network(), RECIPES, HEATS)
    assert result["temperatures"] == HEATS
    for k, heat in enumerate(HEATS):
        expected = evaluate(network(1 / heat), RECIPES)
        assert result["eras"].keys() == expected.keys() == {"modern", "home", "historic"}
        for era, row in expected.items():
            assert result["eras"][era]["perplexity"][k] == pytest.approx(row["perplexity"], rel=1e-5)
            assert result["eras"][era]["tokens"] == row["tokens"]
            assert result["eras"][era]["recipes"] == row["recipes"]


@pytest.mark.parametrize("heats", [[0.3, 20.0], [1.0, 0.3, 20.0, 1.0], np.linspace(0.3, 20, 60)])
def test_the_best_temperature_is_the_minimum_whatever_the_grid(heats):
    result = calibrate(network(), RECIPES, heats)
    for era, of in result["eras"].items():
        best = of["best"]
        fine = {heat: evaluate(network(1 / heat), RECIPES)[era]["perplexity"] for heat in
                best["temperature"] * np.array([0.99, 1.0, 1.01])}  # fmt: skip
        below, at, above = fine.values()
        assert at < below and at < above and not best["at_edge"]
        assert best["perplexity"] == pytest.approx(at, rel=1e-5)
        assert best["perplexity"] <= min(of["perplexity"]) + 1e-9


def test_a_network_that_is_three_times_too_sure_has_its_minimum_three_times_as_hot():
    plain = calibrate(network(), RECIPES, [0.3, 1.0, 9.0])["eras"]["modern"]["best"]
    sharp = calibrate(network(3.0), RECIPES, [0.9, 3.0, 27.0])["eras"]["modern"]["best"]
    assert sharp["temperature"] == pytest.approx(3 * plain["temperature"], rel=2e-3)
    assert sharp["perplexity"] == pytest.approx(plain["perplexity"], rel=1e-5)


@pytest.mark.long
def test_the_interval_is_as_wide_as_the_best_temperatures_of_other_recipes_differ():
    lot, rng, heats = recipes(36), np.random.default_rng(7), [0.3, 0.8, 1.3, 2.0, 20.0]
    best = calibrate(network(), lot, heats)["eras"]["modern"]["best"]
    modern = [recipe for recipe in lot if recipe.era == "modern"]
    others = []
    for _ in range(60):
        drawn = [modern[i] for i in rng.integers(len(modern), size=len(modern))]
        others.append(calibrate(network(), drawn, heats)["eras"]["modern"]["best"]["temperature"])
    low, high = np.quantile(others, [0.025, 0.975])
    assert best["low"] < best["temperature"] < best["high"]
    assert (best["high"] - best["low"]) / (high - low) == pytest.approx(1, abs=0.4)


def test_a_range_without_the_minimum_says_so():
    best = calibrate(network(), RECIPES, [0.3, 20.0])["eras"]["modern"]["best"]["temperature"]
    for heats, edge in (
        ([best / 3, best / 2], best / 2),
        ([best * 2, best * 3], best * 2),
        ([best * 2], best * 2),
    ):
        found = calibrate(network(), RECIPES, heats)["eras"]["modern"]["best"]
        assert (
            found["at_edge"]
            and found["low"] is None
            and found["temperature"] == pytest.approx(edge, abs=1e-4)
        )


def test_bins_and_error_by_hand():
    diagram = Reliability(bins=5)
    diagram.add([0.2, 0.2000001, 0.35, 0.9, 1.0], [True, False, True, True, False])
    diagram.add([0.95], [True])
    # (0, 0.2]: one, right. (0.2, 0.4]: 0.2 and 0.35, one right. (0.8, 1]: 0.9, 1.0, 0.95, two right.
    assert diagram.count.tolist() == [1, 2, 0, 0, 3]
    assert diagram.error == pytest.approx((abs(1 - 0.2) + abs(1 - 0.55) + abs(2 - 2.85)) / 6, abs=1e-6)
    facts = diagram.facts()
    assert [row["bin"] for row in facts["bins"]] == [0, 1, 4]
    assert facts["accuracy"] == pytest.approx(4 / 6, abs=1e-6)
    assert facts["bins"][2] == {"bin": 4, "count": 3, "confidence": 0.95, "accuracy": 0.6667}
    assert math.isnan(Reliability().error)


def slow_error(confidence, right, bins: int = 15) -> float:
    """Expected calibration error the long way: bin by bin, each with its two means."""
    error = 0.0
    for b in range(bins):
        inside = [i for i, p in enumerate(confidence) if b / bins < p <= (b + 1) / bins]
        if inside:
            accuracy = sum(right[i] for i in inside) / len(inside)
            error += (
                len(inside)
                / len(confidence)
                * abs(accuracy - sum(confidence[i] for i in inside) / len(inside))
            )
    return error


def test_reliability_of_a_network_equals_plain_loops():
    result = calibrate(network(), RECIPES, [1.0])
    for heat in (0.5, 1.0, 1.5):
        seen: dict[str, list[tuple[float, bool]]] = {}
        for numbers, logits, targets in predictions(network(), RECIPES):
            for number, row, target in zip(numbers, logits.astype(float), targets, strict=True):
                era = RECIPES[number].era
                weights = [math.exp(x / heat) for x in row]
                top = max(range(len(row)), key=lambda i: row[i])
                seen.setdefault(era, []).append((weights[top] / sum(weights), top == target))
        for era, pairs in seen.items():
            found = result["eras"][era]["reliability"][f"{heat:g}"]
            assert found["ece"] == pytest.approx(slow_error(*zip(*pairs, strict=True)), abs=2e-6)
            assert sum(row["count"] for row in found["bins"]) == result["eras"][era]["tokens"]


def test_predictions_that_come_true_as_often_as_they_say_have_no_error():
    rng = np.random.default_rng(2)
    sure = rng.uniform(size=200_000)
    honest, boastful = Reliability(), Reliability()
    came = rng.uniform(size=sure.size) < sure
    honest.add(sure, came)
    boastful.add(np.sqrt(sure), came)
    assert honest.error < 0.01
    assert boastful.error == pytest.approx(2 / 3 - 1 / 2, abs=0.01)  # E[sqrt(u)] - E[u]


def test_what_cannot_be_measured_is_an_error():
    for heats in ([0.0, 1.0], [-1.0], [math.inf], [math.nan], []):
        with pytest.raises(ValueError, match="temperature"):
            calibrate(network(), RECIPES, heats)
    with pytest.raises(ValueError, match="no recipe"):
        calibrate(network(), [], HEATS)
    with pytest.raises(ValueError, match="bin"):
        Reliability(bins=0)


def test_a_perplexity_beyond_all_numbers_is_none_and_the_rest_is_json():
    result = calibrate(network(1000.0), RECIPES, [0.1, 1.0])
    assert result["eras"]["modern"]["perplexity"][0] is None
    json.dumps(result, allow_nan=False)


@pytest.mark.parametrize("name", available_bundles())
def test_released_networks_carry_theirs(name):
    bundle = load_bundle(name)
    stored = bundle.measured["calibration"]
    assert stored["temperatures"] == list(GRID) and stored["eras"].keys() == {"modern", "home", "historic"}
    assert len(json.dumps(stored)) < 20_000
    for era, of in stored["eras"].items():
        card = bundle.card["evaluation"][era]
        assert of["tokens"] == card["tokens"] and of["recipes"] == card["recipes"]
        at_one = of["perplexity"][stored["temperatures"].index(1.0)]
        assert at_one == pytest.approx(card["perplexity"], rel=1e-5)
        assert of["best"]["perplexity"] <= min(of["perplexity"]) and not of["best"]["at_edge"]
        assert of["best"]["low"] < of["best"]["temperature"] < of["best"]["high"]
        cool, plain, warm = (of["reliability"][heat] for heat in ("0.5", "1", "1.5"))
        assert cool["confidence"] > cool["accuracy"] == warm["accuracy"] > warm["confidence"]
        assert plain["ece"] < min(cool["ece"], warm["ece"])
