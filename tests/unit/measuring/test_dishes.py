"""For a verb, the dishes that make it likeliest are those of the table, in order."""

from __future__ import annotations

import numpy as np
import pytest
from networks import random_model

from textgen.measuring.dishes import LEAST, TEMPERATURES, dish_titles, dish_verbs
from textgen.measuring.first_verbs import first_verbs
from textgen.network.bundle import Bundle
from textgen.text.vocabulary import Vocabulary
from textgen.views.dishes import dish_rows, dish_sentence, offered_verbs

WORDS = ["", "[UNK]", "recipe", "for", "|", ".", "soup", "cake", "stir", "bake", "whisk", "the"]


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return Bundle("tiny", random_model(len(WORDS)), Vocabulary(WORDS), {}, {})


def test_the_table_holds_what_first_verbs_says(bundle):
    table = dish_verbs(bundle, ["soup", "cake"])
    for number, title in enumerate(["soup", "cake"]):
        firsts = first_verbs(bundle, title, TEMPERATURES, likely=2e-3)
        for verb, shares in zip(firsts.verbs, firsts.probability.T, strict=True):
            kept = [row[1:] for row in table["verbs"].get(verb, []) if row[0] == number]
            if shares.max() >= LEAST:
                np.testing.assert_allclose(kept[0], shares, atol=5e-5)
            else:
                assert kept == []


def test_rows_are_in_order_and_none_is_made_up():
    table = {
        "temperatures": [0.5, 1.0],
        "titles": ["a", "b", "c"],
        "verbs": {"whisk": [[0, 0.1, 0.2], [1, 0.3, 0.1], [2, 0.0, 0.2]], "fry": [[0, 0.01, 0.01]]},
    }
    assert [row["title"] for row in dish_rows(table, "whisk", 0.5)] == ["b", "a"]
    assert [row["title"] for row in dish_rows(table, "whisk", 1.0)] == ["a", "c", "b"]
    assert offered_verbs(table) == ["whisk"]
    assert "b (30 %)" in dish_sentence(table, "whisk", 0.5)
    assert "None of the 3 dishes" in dish_sentence(table, "boil", 1.0)
    with pytest.raises(ValueError):
        dish_rows(table, "whisk", 0.7)


def test_the_titles_are_a_few_hundred_and_all_different():
    titles = dish_titles()
    assert 200 <= len(titles) == len(set(titles)) <= 600
    assert all(title == title.strip().lower() and title for title in titles)
