"""Words and ids, and the text that people read."""

from __future__ import annotations

import json
import string
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textgen.text.vocabulary import STOP, UNKNOWN, Vocabulary, VocabularyError, tokenize, unknown_words


def test_words_already_apart_come_back_unchanged():
    text = "recipe for roasted vegetables | chop 1 / 2 cup"
    assert " ".join(tokenize(text)) == text


def test_every_punctuation_character_is_a_word_and_other_signs_are_not():
    assert " ".join(tokenize("Don't (pre-)heat to 350°F×½")) == "don ' t ( pre - ) heat to 350°f×½"
    assert tokenize(string.punctuation) == list(string.punctuation)
    assert tokenize("  a\tb\nc\u00a0d ") == ["a", "b", "c", "d"]
    assert tokenize("") == []


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("Baker’s “Crème” ‘pie’", "Baker's \"Crème\" 'pie'"),
        ("Don´t, don′t, donʼt", "Don't, don't, don't"),
        ("cre\u0300me saute\u0301 jalapen\u0303o", "crème sauté jalapeño"),
        ("1⁄2 or 1∕2 cup — mix – rest; air‑fry −18", "1/2 or 1/2 cup - mix - rest; air-fry -18"),
        ("350℉ 180℃ 350º 350˚F", "350°F 180°C 350° 350°F"),
        ("wait…", "wait..."),
        ("1\u00a0cup\u202fof\u2009salt\u3000and\u2028oil", "1 cup of salt and oil"),
        ("but\u00adter\u200b mi\u200dlk\ufeff", "butter milk"),
        ("ﬁne ﬂour", "fine flour"),
        ("１／２ ｃｕｐ", "1/2 cup"),
        ("1⅞ cups ⅚", "1 7/8 cups 5/6"),
        ("«soup» „pie“", '"soup" "pie"'),
    ],
)
def test_typography_is_one_thing(typed, plain):
    assert tokenize(typed) == tokenize(plain)


def test_signs_that_the_released_networks_know_stay_words():
    assert tokenize("1½ ½ ¼ ¾ ⅓ ⅔ ⅛ ⅜ × 350°F") == ["1½", *"½¼¾⅓⅔⅛⅜×", "350°f"]


@settings(deadline=None)
@given(st.text(st.characters(codec="ascii")))
def test_no_character_but_white_space_is_lost(text):
    assert "".join(tokenize(text)) == "".join(text.lower().split())


@settings(deadline=None)
@given(st.text())
def test_words_are_read_as_themselves(text):
    words = tokenize(text)
    assert tokenize(" ".join(words)) == words


def test_ids_and_words():
    vocabulary = Vocabulary([STOP, UNKNOWN, "soup", "|"])
    assert len(vocabulary) == 4
    assert vocabulary.encode(["soup", "tofu", "|", STOP, UNKNOWN]) == [2, 1, 3, 0, 1]
    assert vocabulary.decode([2, 1, 0]) == ["soup", UNKNOWN, STOP]
    assert "soup" in vocabulary
    assert "tofu" not in vocabulary
    for outside in (4, -1):
        with pytest.raises(IndexError, match=f"no word {outside} in a vocabulary of 4"):
            vocabulary.decode([outside])


def test_the_most_frequent_words_are_kept_and_ties_are_alphabetical():
    counts = Counter({"b": 2, "a": 2, "c": 5, "d": 1})
    assert Vocabulary.from_counts(counts, size=5).words == (STOP, UNKNOWN, "c", "a", "b")
    assert Vocabulary.from_counts(counts, size=2).words == (STOP, UNKNOWN)
    assert len(Vocabulary.from_counts(counts)) == 6
    with pytest.raises(VocabularyError, match="at least 2"):
        Vocabulary.from_counts(counts, size=1)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], 'starts with "" and'),
        ([STOP, "soup"], 'starts with "" and'),
        ([STOP, UNKNOWN, "a", "b", "a"], "entries 2 and 4 of the vocabulary are both 'a'"),
        ([STOP, UNKNOWN, STOP], "entry 2 of the vocabulary is not a word: ''"),
        ([STOP, UNKNOWN, "a b"], "entry 2 of the vocabulary is not a word: 'a b'"),
        ([STOP, UNKNOWN, "a\n"], "entry 2"),
        ([STOP, UNKNOWN, "a\tb"], "entry 2"),
        ([STOP, UNKNOWN, 7], "entry 2 of the vocabulary is not a word: 7"),
        ([STOP, UNKNOWN, None], "entry 2"),
        ([STOP, UNKNOWN, ["a"]], "entry 2"),
        ([STOP, UNKNOWN, "\ud800"], "entry 2"),
        ([STOP, UNKNOWN, *map(str, range(1_000_000))], "at most 1,000,000 words, not 1,000,002"),
    ],
)
def test_what_is_no_vocabulary(words, message):
    with pytest.raises(VocabularyError, match="vocabulary") as error:
        Vocabulary(words)
    assert message in str(error.value)
    with pytest.raises(VocabularyError) as error:
        Vocabulary.from_json(json.dumps(words))
    assert message in str(error.value)


@pytest.mark.parametrize("text", ["", "[", '{"a": 1}', "7", "null", "[" * 100_000, '"ab"'])
def test_json_that_is_no_list_of_words(text):
    with pytest.raises(VocabularyError, match="JSON"):
        Vocabulary.from_json(text)


@settings(deadline=None)
@given(st.text().map(tokenize))
def test_json_there_and_back(words):
    vocabulary = Vocabulary([STOP, UNKNOWN, *dict.fromkeys(words)])
    assert Vocabulary.from_json(vocabulary.to_json()).words == vocabulary.words


def test_words_of_keras_may_hold_white_space_that_is_not_ascii():
    words = [STOP, UNKNOWN, "1\u00a0cup", "end\u2029", "a\u3000b"]
    assert Vocabulary.from_json(Vocabulary(words).to_json()).words == tuple(words)


def test_unknown_words_are_named_once_in_order_as_they_were_typed():
    vocabulary = Vocabulary([STOP, UNKNOWN, "with", "soup", ",", "[", "]", "'", "s"])
    assert unknown_words("Tofu soup, with Kimchi, tofu! [UNK]", vocabulary) == ["Tofu", "Kimchi", "!", "UNK"]
    assert unknown_words("SOUP", vocabulary) == []
    typed = "Baker’s “Cre\u0300me” crème ⅝"
    assert unknown_words(typed, vocabulary) == ["Baker", "“", "Cre\u0300me", "⅝"]
