"""Text and numbers as a person would print them."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textgen.text.typeset import detokenize, detokenize_pieces, percent
from textgen.text.vocabulary import STOP, UNKNOWN, tokenize

LETTERS = "recipe for the all purpose 1 2 000 350°f 20 ½ ° f c oz tsp e g i a m don t s d oeuvre or ß ŉ İ"
RECIPE_WORDS = st.one_of(st.sampled_from(LETTERS.split()), st.sampled_from(string.punctuation))
WORD_LISTS = st.one_of(
    st.text().map(tokenize),
    st.lists(RECIPE_WORDS).map(" ".join).map(tokenize),
    st.lists(RECIPE_WORDS).map(lambda words: ["recipe", "for", *tokenize(" ".join(words))]),
)


@pytest.mark.parametrize(
    "text",
    [
        "Preheat the oven to 350°F. Grease a 9-inch pan.",
        "Chop 1/2 cup, then 1 1/2 cups; mix well: serve!",
        "Bake 20-25 minutes (or until golden), then cool.",
        "Use all-purpose flour and half-and-half.",
        "Cut into two- or three-inch pieces.",
        "Don't stir the baker's or bakers' dough, it's done.",
        "Serve the hors d'oeuvre at 5 o'clock.",
        'Call it "soup" and ("stew") too.',
        '"Soup" is a 9" pan full. Stir.',
        "It costs $5, or 100% more. Is it #1? Yes!",
        "Add 1.5 oz. of salt, e.g. at 5 p.m. sharp.",
        "Add 2 tsp. sugar. Weigh 1,000 g, 2, 3, and 10 eggs.",
        "Heat to 180°C (350 °F). Rest at 80°-85°F.",
        "Chill at 350 F or 180C. Freeze.",
        "Wait 1:30 hours... Then eat.",
        "Grate the Parmesan and the Swiss cheese; I like French bread.",
        "Mix salt and/or pepper & thyme.",
        "(Stir.) Then rest.",
        "½ cup is enough. 2 eggs too.",
        "- Heat. - Stir.",
        "[UNK] is here, [UNK]. Add [UNK]-flour.",
        "Recipe for Soup of the Day (with Peas and a Baker's All-Purpose Pie) | Boil it. Serve.",
        "Recipe for the Best Soup | Chop 1/",
        "Recipe for Soup",
    ],
)
def test_text_comes_back_as_a_person_wrote_it(text):
    before, *parts = text.split(UNKNOWN)
    words = tokenize(before)
    for part in parts:
        words += [UNKNOWN, *tokenize(part)]
    assert detokenize(words) == text


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("chop 1 / 2 cup . stir", "Chop 1/2 cup. Stir"),
        ("bake 40 - 50 minutes", "Bake 40-50 minutes"),
        ("at - 18°c", "At-18°C"),  # a known limit: the hyphen cannot know what follows
        ("( - 18°c )", "(-18°C)"),
        ("[ unk ]", "[Unk]"),
        ("ß is . ß", "ß is. ß"),
        ("5 . . . 6", "5... 6"),
        ("350 f . then 2 c flour", "350 F. Then 2 c flour"),
        ("", ""),
        (". . | | ' ' \" - - / )", None),
    ],
)
def test_words_are_printed(words, text):
    printed = detokenize(words.split())
    if text is not None:
        assert printed == text
    assert tokenize(printed) == words.split()


def test_the_stop_token_prints_nothing():
    assert detokenize(["boil", STOP, ".", STOP, "serve", STOP]) == "Boil. Serve"
    assert detokenize_pieces(["boil", STOP, STOP]) == ["Boil", "", ""]


@settings(deadline=None)
@given(WORD_LISTS)
def test_tokenize_undoes_detokenize(words):
    assert tokenize(detokenize(words)) == words


@settings(deadline=None)
@given(st.lists(st.one_of(st.sampled_from([STOP, UNKNOWN, "A b", " ", "İ"]), st.text(max_size=5))))
def test_only_white_space_and_capitals_are_added_to_any_words(words):
    pieces = detokenize_pieces(words)
    assert len(pieces) == len(words)
    for piece, word in zip(pieces, words, strict=True):
        assert piece.lower() in (word.lower(), " " + word.lower())
    assert "".join(pieces) == detokenize(words)


@settings(deadline=None)
@given(WORD_LISTS, st.integers(0, 30))
def test_a_text_that_grows_does_not_change(words, count):
    assert detokenize_pieces(words[:count]) == detokenize_pieces(words)[:count]


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0 %"), (1, "100 %"), (0.5, "50 %"), (0.041, "4.1 %"), (0.0004, "<0.1 %"), (0.9999, ">99.9 %"),
     (0.998, "99.8 %"), (0.0996, "10 %"), (0.994, "99 %")],
)  # fmt: skip
def test_percent_never_says_none_or_all_when_it_is_not(share, text):
    assert percent(share) == text
