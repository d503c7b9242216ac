"""Terms are found where they stand, and nothing else of a text changes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from textgen.views.glossary import GLOSSARY, pieces


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Logits and top-p: the softmax of a logit.", ["logit", "top-p", "softmax"]),
        ("It reads [UNK].", ["[UNK]"]),
        ("Self-BLEU-4 of 4-grams", ["self-BLEU", "n-gram"]),
        ("The forget gate of a unit", ["forget gate", "unit"]),
        ("drawing a seedling, tokenized; top-p-like", []),
    ],
)
def test_terms_in_their_usual_forms_and_only_whole_words(text, found):
    assert [term for _, term in pieces(text) if term] == found


@given(st.lists(st.sampled_from([*GLOSSARY, " ", "x", "-", "<", "s", ". "]), max_size=12).map("".join))
def test_the_pieces_are_the_text_and_no_term_comes_twice(text):
    cut = list(pieces(text))
    assert "".join(piece for piece, _ in cut) == text
    terms = [term for _, term in cut if term]
    assert len(terms) == len(set(terms)) and set(terms) <= set(GLOSSARY)


def test_every_entry_is_one_or_two_sentences():
    for term, meaning in GLOSSARY.items():
        assert meaning.endswith("."), term
        assert len(meaning) < 260, term
