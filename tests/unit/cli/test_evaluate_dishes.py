"""`python -m textgen evaluate --dishes` needs no recipes, and everything else does."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from networks import lstm_file, write_keras

from textgen import __main__ as cli
from textgen.cli import evaluate
from textgen.measuring.dishes import dish_verbs
from textgen.network.bundle import load_bundle, load_measured
from textgen.text.vocabulary import Vocabulary

WORDS = ["", "[UNK]", "recipe", "for", "|", ".", "soup", "stir", "bake"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_keras(tmp_path / "model.keras", *lstm_file(len(WORDS)))
    (tmp_path / "vocabulary.json").write_text(Vocabulary(WORDS).to_json())
    for name in ("card", "history"):
        (tmp_path / f"{name}.json").write_text("{}")
    monkeypatch.setattr(evaluate, "dish_verbs", lambda bundle: dish_verbs(bundle, ["soup", "soup soup"]))
    return tmp_path


def run(folder: Path, *options: str) -> int:
    try:
        return cli.main(["evaluate", "--model", str(folder), *options])
    except SystemExit as stop:
        return int(str(stop.code))


def test_the_dishes_are_kept_without_a_corpus(folder, capsys):
    assert run(folder, "--dishes", "--save") == 0
    kept = load_measured(folder)["dishes"]
    assert kept == json.loads(json.dumps(dish_verbs(load_bundle(folder), ["soup", "soup soup"])))
    shown = capsys.readouterr().out
    assert kept["verbs"].keys() == {"stir", "bake"} and "stir" in shown and "soup soup" in shown


@pytest.mark.parametrize("options", [[], ["--units"], ["--dishes", "--units"]])
def test_what_needs_recipes_says_so(folder, capsys, options):
    assert run(folder, *options) == 2
    assert "--corpus FILE is needed" in capsys.readouterr().err
    assert not (folder / "measured.json").exists()
