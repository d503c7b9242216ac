"""The lexicon and its positions against openings labelled by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from textgen.text.lexicon import GROUPS, START, lexicon
from textgen.text.vocabulary import tokenize

DATA = Path(__file__).parent.parent / "data"
CHECKED = DATA / "checked_openings.txt"
FIRST_WORDS = DATA / "first_words.tsv"
LEXICON = lexicon()


def verbs_of(text: str) -> list[str]:
    words = tokenize(text)
    return [word for word, group in zip(words, LEXICON.tag(words), strict=True) if group]


def test_the_lexicon_holds_what_it_promises():
    assert len(LEXICON.groups) >= 150
    assert set(LEXICON.groups.values()) == set(GROUPS)
    assert {"chop", "fold", "simmer", "scald", "preheat"} <= set(LEXICON.groups)
    for word in [*LEXICON.groups, *LEXICON.ingredients, *LEXICON.quantities]:
        assert tokenize(word) == [word]


def test_hand_checked_openings():
    """300 openings of sentences, "*" before each recipe verb; labelled by reading, not by the program."""
    lines = CHECKED.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 300
    right = found = there = 0
    for line in lines:
        pairs = [(w[1:], True) if len(w) > 1 and w[0] == "*" else (w, False) for w in line.split()]
        tags = LEXICON.tag([word for word, _ in pairs])
        right += sum(is_verb and tag is not None for (_, is_verb), tag in zip(pairs, tags, strict=True))
        found += sum(tag is not None for tag in tags)
        there += sum(is_verb for _, is_verb in pairs)
    assert there > 250
    assert right / found >= 0.97
    assert right / there >= 0.97


def test_the_first_words_of_the_corpus():
    """Of all steps that begin with a verb, the lexicon names it in 97 of 100 and more; and of the steps whose
    first word it names, as many begin with a verb."""
    there = named = right = 0.0
    for line in FIRST_WORDS.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        word, steps, label = line.split("\t")
        verb = {"verb": "1/1", "not": "0/1"}.get(label, label)
        have, read = map(int, verb.split("/"))
        verbs = int(steps) * have / read
        there += verbs
        if LEXICON.is_verb(word, START):
            named += int(steps)
            right += verbs
    assert there > 130_000
    assert right / there >= 0.97
    assert right / named >= 0.97


@pytest.mark.parametrize(
    ("text", "verbs"),
    [
        ("in a large bowl, whisk the eggs", ["whisk"]),
        ("Preheat the oven. Grease and flour a pan", ["preheat", "grease", "flour"]),
        ("add the butter, salt and oil. Butter a dish, then salt the water", ["add", "butter", "salt"]),
        ("1 cup sugar, butter, salt; boil it", ["boil"]),
        ("bring to a boil and cook", ["bring", "cook"]),
        ("do not stir. gently fold in the cream", ["stir", "fold"]),
        ("when the onions brown add water", ["add"]),
        ("while whisking, pour in the milk", ["pour"]),
        ("the top should brown and the cake cool", []),
        ("if you use butter, melt it", ["melt"]),
        ("to serve, top with cream", ["top"]),
        ("mix the flour (salt, butter) and bake", ["mix", "bake"]),
        ("let it cook until it cools", ["let"]),
        ("apples, cut in slices", []),
        ("", []),
    ],
)
def test_position_decides(text: str, verbs: list[str]):
    assert verbs_of(text) == verbs


def test_a_title_has_no_verbs():
    tags = LEXICON.tag(tokenize("Recipe for roast beef, mix | roast the beef"))
    assert [tag for tag in tags if tag] == ["heat"]
    assert tags[tokenize("recipe for roast beef, mix | roast").index("|") + 1] == "heat"


def test_a_tag_does_not_depend_on_later_words():
    words = tokenize("recipe for pie | in a bowl, mix flour (salt, then) and oil; top with cream, and bake")
    tags = LEXICON.tag(words)
    for end in range(len(words) + 1):
        assert LEXICON.tag(words[:end]) == tags[:end]


def test_reading_word_by_word_is_tagging():
    words = tokenize("drain the rice, rinse (do not boil) and serve. butter, salt")
    place, tags = START, []
    for word in words:
        before = place
        place, group = LEXICON.read(place, word)
        assert (group is not None) == LEXICON.is_verb(word, before)
        tags.append(group)
    assert tags == LEXICON.tag(words)
    assert LEXICON.place(words) == place


def test_kinds():
    assert [LEXICON.kind(w) for w in ["½", "350°f", "cup", "onion", ",", "|", "", "the"]] == [
        "quantity", "quantity", "quantity", "ingredient", "punctuation", "punctuation", "rest", "rest",
    ]  # fmt: skip
