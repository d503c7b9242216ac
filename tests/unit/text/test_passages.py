"""Lines of text that are no recipes."""

from __future__ import annotations

import io

import pytest

from textgen.text.corpus import CorpusError, Problem
from textgen.text.look import look_at
from textgen.text.passages import LONGEST_LINE, iter_passages
from textgen.text.vocabulary import tokenize


def read(data: bytes) -> tuple[list[str], list[Problem]]:
    problems: list[Problem] = []
    return [" ".join(one.steps) for one in iter_passages(io.BytesIO(data), problems.append)], problems


def test_each_line_with_words_is_a_text_learned_without_a_title():
    data = "Call me  Ishmael.\r\n\r\n***\nSome years ago\u2014never mind.\n".encode()
    assert read(data) == (["Call me Ishmael.", "Some years ago\u2014never mind."], [])
    first = next(iter(iter_passages(io.BytesIO(data), print)))
    assert tokenize(first.text) == ["recipe", "for", "|", "call", "me", "ishmael", "."]


@pytest.mark.parametrize("length", [1, 10, 65_535, 65_536, 65_537])
def test_lines_are_the_same_wherever_chunks_end(length):
    lines = ["x" * min(length, LONGEST_LINE), "second line", "third"]
    assert read("\n".join(lines * 3).encode()) == (lines * 3, [])


def test_what_is_no_line_is_named_by_its_number_and_the_rest_kept():
    lines, problems = read(b"one\n" + b"a" * (LONGEST_LINE + 1) + b"\nb\0c\nd\x81e\nlast")
    assert lines[0] == "one" and lines[-1] == "last"
    assert [problem.line for problem in problems][:2] == [2, 3]
    assert "20,000" in str(problems[0])


def test_a_missing_or_binary_file_is_refused(tmp_path):
    for path in (tmp_path / "none.txt", tmp_path / "book.txt"):
        if path.name == "book.txt":
            path.write_bytes(b"%PDF-1.4\n" + bytes(50))
        with pytest.raises(CorpusError, match=path.name):
            list(iter_passages(path, print))


def test_the_look_counts_the_words_of_a_line_and_no_others():
    look = look_at(io.BytesIO(b"a b c\nd e\nd e\n"), as_lines=True)
    assert (look.recipes, look.different, sum(look.words.values()), look.length(1)) == (3, 2, 7, 3)
    with pytest.raises(CorpusError, match="more than 6 words"):
        look_at(io.BytesIO(b"a b c\nd e\nd e\n"), as_lines=True, most_words=6)
    with pytest.raises(CorpusError, match="no text"):
        look_at(io.BytesIO(b"\n\n"), as_lines=True)
