"""Ingredients that never met, on a handful of recipes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from textgen.text.pairings import PAIRINGS, Pairings, ingredients, pairings
from textgen.text.recipe import Recipe
from textgen.text.vocabulary import tokenize

RECIPES = [
    Recipe("Tomato soup", ("Boil two tomatoes with onions.", "Salt the soup.")),
    Recipe("Cherry pie", ("Butter a dish.", "Add cherries and sugar.")),
    Recipe("Onion pie", ("Add the onion, tomato and sugar.",)),
    Recipe("Nothing", ("Wait.",)),
]


def test_ingredients_are_singular_and_no_verbs():
    assert ingredients(tokenize(RECIPES[0].text)) == {"tomato", "soup", "onion"}
    assert ingredients(tokenize(RECIPES[1].text)) == {"cherry", "pie", "sugar"}
    assert ingredients(tokenize("add butter, salt. butter a dish")) == {"butter", "salt"}


def test_pairs_that_never_met():
    known = Pairings.of(RECIPES, least=1)
    assert known.recipes == 4
    assert dict(zip(known.names, known.counts, strict=True)) == {
        "cherry": 1, "onion": 2, "pie": 2, "soup": 1, "sugar": 2, "tomato": 2,
    }  # fmt: skip
    pairs = known.strangers(tokenize("recipe for cherry soup | add tomatoes, sugar and lemon"))
    assert [(p.a, p.b) for p in pairs] == [
        ("cherry", "tomato"), ("soup", "sugar"), ("cherry", "soup"),
    ]  # fmt: skip
    assert [p.expected for p in pairs] == [1 * 2 / 4, 1 * 2 / 4, 1 * 1 / 4]
    assert known.strangers(tokenize(RECIPES[2].text)) == []


def test_rare_ingredients_are_left_out():
    assert Pairings.of(RECIPES, least=2).names == ("onion", "pie", "sugar", "tomato")


def test_a_file_keeps_everything():
    known = Pairings.of(RECIPES, least=1)
    again = Pairings.from_json(known.to_json())
    assert (again.recipes, again.names) == (known.recipes, known.names)
    assert np.array_equal(again.together, known.together)


def test_oddness_of_hand_computed_pairs():
    # cherry 1, onion 2, pie 2, soup 1, sugar 2, tomato 2 of 4 recipes; tomato and onion met twice
    known = Pairings.of(RECIPES, least=1)
    assert known.oddness(tokenize("tomato and onion")) == pytest.approx(math.log2((1 + 1) / (2 + 1)))
    assert known.oddness(tokenize("cherries, tomatoes")) == pytest.approx(math.log2((0.5 + 1) / 1))
    three = known.oddness(tokenize("the onion, tomato and cherry"))  # the third pair: cherry and onion
    assert three == pytest.approx((math.log2(2 / 3) + 2 * math.log2(1.5)) / 3)
    assert known.oddness(tokenize("the onion, an onion, lemon")) is None


def test_what_goes_together_is_less_odd_than_what_does_not():
    known = pairings()
    sweet, mixed = known.oddness(tokenize("flour, sugar, eggs")), known.oddness(tokenize("chocolate, onion"))
    assert sweet is not None and mixed is not None and sweet < 0 < mixed


def test_the_released_counts():
    known = pairings()
    assert PAIRINGS.stat().st_size < 100_000
    assert known.recipes > 30_000 and len(known.names) > 300
    assert np.array_equal(known.met, known.met.T) and known.met.diagonal().all()
    assert known.counts.min() >= 5 and known.counts.max() <= known.recipes
    assert known.strangers(tokenize("butter, sugar, flour, eggs")) == []
