"""`corpus look`, and the book's prompt in `generate`."""

from __future__ import annotations

import json

import pytest
from commands import replace_everywhere

from textgen.cli.parser import main
from textgen.text.look import look_at
from textgen.text.vocabulary import Vocabulary, tokenize


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "x.jsonl"
    good = {"title": "Fog Soup", "steps": ["Boil 1 leek.", "Serve \x1b[2J."]}
    path.write_text("\n".join(json.dumps(r) for r in [good, good, {"title": "Ash"}, *[{}] * 12]))
    return path


def test_the_look(file):
    look = look_at(file)
    words = tokenize("recipe for Fog Soup | Boil 1 leek. Serve \x1b[2J.")
    assert (look.recipes, look.different, look.skipped, len(look.problems)) == (2, 1, 13, 10)
    assert look.words.total() == 2 * len(words)
    assert look.length(0.5) == look.length(1) == len(words)
    assert dict(look.formats) == {("JSON lines", "UTF-8"): 1}
    coverage = look.coverage()
    assert list(coverage) == [len(set(words)) + 2]
    assert coverage[len(set(words)) + 2] == 1


def test_coverage_is_the_share_of_the_most_frequent_words(tmp_path):
    path = tmp_path / "x.jsonl"
    steps = [" ".join(f"w{i}" for i in range(600))] * 2
    path.write_text(json.dumps({"title": "T", "steps": steps}))
    look = look_at(path)
    assert list(look.coverage()) == [500, 606]
    assert look.coverage()[500] == pytest.approx(2 * 498 / (1200 + 4))
    assert look.coverage()[606] == 1


def test_the_command(file, monkeypatch, capsys):
    class Tiny:
        vocabulary = Vocabulary(["", "[UNK]", *tokenize("recipe for fog soup | boil 1 . serve [ 2j")])

    replace_everywhere(monkeypatch, "load_bundle", lambda name: Tiny())
    assert main(["corpus", "look", str(file), "--vocabulary", "tiny"]) == 0
    out = capsys.readouterr().out
    assert "2 recipes, 1 of them repeated" in out
    assert "does not know: leek" in out
    assert "record 3, line 3: there are no steps" in out and "and 3 more" in out
    assert "\x1b" not in out
    assert main(["corpus", "look", str(file), "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["recipes"] == 2 and facts["skipped"] == 13 and len(facts["problems"]) == 10
    assert facts["examples"][0]["title"] == "Fog Soup"


def test_one_recipe_is_one_recipe(tmp_path, capsys):
    path = tmp_path / "x.jsonl"
    path.write_text('{"title": "Fog Soup", "steps": ["Boil it."]}')
    assert main(["corpus", "look", str(path)]) == 0
    assert "\n1 recipe\n" in capsys.readouterr().out


def test_a_file_that_is_refused(tmp_path, capsys):
    path = tmp_path / "x.txt"
    path.write_bytes(b"%PDF-1.7\n")
    assert main(["corpus", "look", str(path)]) == 1
    assert capsys.readouterr().err == f"{path} is a PDF\n"
