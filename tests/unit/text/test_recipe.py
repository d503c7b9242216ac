"""A prompt taken apart."""

from __future__ import annotations

import pytest

from textgen.text.recipe import recipe_text, split_prompt


@pytest.mark.parametrize(
    ("typed", "title", "opening"),
    [
        ("roasted vegetables", "roasted vegetables", ""),
        ("Recipe for roasted vegetables | chop 1 /", "roasted vegetables", "chop 1 /"),
        ("recipe  FOR apple pie", "apple pie", ""),
        (" apple pie | ", "apple pie", ""),
        ("apple pie | peel | cut", "apple pie", "peel | cut"),
        ("recipe for", "recipe for", ""),
        ("recipe for | chop", "recipe for", "chop"),
        ("recipe forest cake", "recipe forest cake", ""),
        ("my recipe for soup", "my recipe for soup", ""),
        ("| chop", "", "chop"),
        ("", "", ""),
    ],
)
def test_title_and_opening(typed, title, opening):
    assert split_prompt(typed) == (title, opening)


def test_what_the_network_reads_comes_back():
    assert split_prompt(recipe_text("apple pie", "peel 2")) == ("apple pie", "peel 2")
