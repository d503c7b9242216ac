"""`python -m textgen evaluate --units --memory` on a small untrained network in a real folder."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from networks import lstm_file, vocabulary, write_keras

from textgen import __main__ as cli
from textgen.measuring.title_memory import title_memory
from textgen.measuring.units import FACTS, unit_probes
from textgen.network.bundle import load_bundle, load_measured
from textgen.text.corpus import load_recipes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_keras(tmp_path / "model.keras", *lstm_file(9))
    (tmp_path / "vocabulary.json").write_text(vocabulary(9).to_json())
    for name in ("card", "history"):
        (tmp_path / f"{name}.json").write_text("{}")
    rng = np.random.default_rng(0)
    lines = [
        {
            "title": " ".join(rng.choice(["w0", "w1", "w2", "w3"], 3)),
            "steps": ["w0 w1 w2 w1 w3"] * (1 + n % 3),
        }
        for n in range(30)
    ]
    (tmp_path / "recipes.jsonl").write_text("\n".join(map(json.dumps, lines)))
    (tmp_path / "few.jsonl").write_text("\n".join(map(json.dumps, lines[:5])))
    return tmp_path


def run(folder: Path, *more: str, corpus: str = "recipes.jsonl") -> int:
    return cli.main(["evaluate", "--model", str(folder), "--corpus", str(folder / corpus), *more])


def test_both_are_what_the_library_says_and_are_kept_on_request(folder, capsys):
    bundle, recipes = load_bundle(folder), load_recipes(folder / "recipes.jsonl")
    assert run(folder, "--units", "--memory", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["units"] == unit_probes(bundle, recipes)
    assert found["memory"] == title_memory(bundle, recipes)
    assert load_measured(folder) == {}

    assert run(folder, "--memory", "--save") == 0
    assert "measured.json" in capsys.readouterr().err
    assert load_measured(folder) == {"memory": found["memory"]}
    assert run(folder, "--units", "--save") == 0
    assert load_measured(folder) == {"memory": found["memory"], "units": found["units"]}


def test_the_tables_name_every_fact_and_every_distance(folder, capsys):
    assert run(folder, "--units", "--memory") == 0
    table = capsys.readouterr().out
    for fact in FACTS:
        assert fact in table
    told = title_memory(load_bundle(folder), load_recipes(folder / "recipes.jsonl"))
    for bits in told["bits"]:
        assert f"{bits:.4f}" in table


@pytest.mark.parametrize("what", ["--units", "--memory"])
def test_too_few_recipes_are_a_sentence(folder, capsys, what):
    assert run(folder, what, "--save", corpus="few.jsonl") == 1
    said = capsys.readouterr()
    assert "20 recipes or more" in said.err and "few.jsonl" in said.err and said.out == ""
    assert not (folder / "measured.json").exists()
