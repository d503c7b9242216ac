"""A card says what is true of the corpus at hand."""

from __future__ import annotations

import re

from textgen.text.recipe import Recipe
from textgen.training.card import limits


def recipes(**eras: int) -> list[Recipe]:
    return [Recipe("soup", ("boil .",), era=era) for era, count in eras.items() for _ in range(count)]


def test_nothing_is_said_of_an_age_that_the_corpus_does_not_have():
    plain = limits([Recipe("soup", ("boil .",))] * 3)
    assert plain == limits(recipes(modern=3)) and plain
    assert not re.search(r"old|machine|\d", " ".join(plain))


def test_old_and_machine_written_recipes_are_named_with_their_share():
    said = limits(recipes(modern=1, historic=2, synthetic=1))
    assert said[:-2] == limits(recipes(modern=1))
    assert said[-2].startswith("50 % of the recipes that it read come from old cookbooks")
    assert said[-1].startswith("25 % of the recipes that it read were written by a machine")
