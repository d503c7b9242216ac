"""`python -m textgen evaluate --temperatures` on a small untrained network in a real folder."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from networks import lstm_file, vocabulary, write_keras

from textgen import __main__ as cli
from textgen.measuring.calibration import GRID, calibrate
from textgen.network.bundle import load_bundle
from textgen.text.corpus import load_recipes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_keras(tmp_path / "model.keras", *lstm_file(9))
    (tmp_path / "vocabulary.json").write_text(vocabulary(9).to_json())
    for name in ("card", "history"):
        (tmp_path / f"{name}.json").write_text("{}")
    lines = [
        {"title": "w1", "steps": ["w0 w1 w2 w1"], "era": "modern"},
        {"title": "w3", "steps": ["w2 w3 w1"], "era": "historic"},
    ]
    (tmp_path / "recipes.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return tmp_path


@pytest.fixture
def run(folder: Path, capsys: pytest.CaptureFixture[str]):
    def command(*more: str) -> SimpleNamespace:
        try:
            code: Any = cli.main(
                ["evaluate", "--model", str(folder), "--corpus", str(folder / "recipes.jsonl"), *more]
            )
        except SystemExit as stop:
            code = stop.code
        return SimpleNamespace(code=code, **capsys.readouterr()._asdict())

    return command


def test_numbers_and_ranges_are_measured_and_saved_only_on_request(run, folder):
    result = run("--json", "--temperatures", "0.5", "1:2:0.25")
    found = json.loads(result.out)["calibration"]
    assert (result.code, result.err) == (0, "")
    assert found["temperatures"] == [0.5, 1.0, 1.25, 1.5, 1.75, 2.0]
    expected = calibrate(load_bundle(folder), load_recipes(folder / "recipes.jsonl"), found["temperatures"])
    assert found == expected
    assert load_bundle(folder).measured == {}

    # A range is that of a sweep.
    listed = json.loads(run("--json", "--temperatures", "0.5:0.7", "0.8,0.9").out)["calibration"]
    assert listed["temperatures"] == [0.5, 0.6, 0.7, 0.8, 0.9]

    result = run("--temperatures", "--save")
    assert result.code == 0 and "measured.json" in result.err
    kept = load_bundle(folder).measured["calibration"]
    assert kept["temperatures"] == list(GRID)


def test_the_table_shows_every_temperature_the_best_and_the_error(run, folder):
    table = run("--temperatures", "0.5", "1").out
    found = calibrate(load_bundle(folder), load_recipes(folder / "recipes.jsonl"), [0.5, 1])
    for of in found["eras"].values():
        for value in (*of["perplexity"], of["best"]["perplexity"]):
            assert f"{value:,.2f}" in table
        assert f"{of['best']['temperature']:.3f}" in table
    assert "calibration error" in table


WRONG = ("0", "-1", "x", "nan", "inf", "2:1:0.1", "1:2:0", "0:1:0.5", "1:", "1:2:1e-9")


@pytest.mark.parametrize("options", [["--save"], *(["--temperatures", wrong] for wrong in WRONG)])
def test_wrong_usage_is_a_sentence_and_changes_nothing(run, folder, options):
    result = run(*options)
    assert result.code == 2 and result.out == ""
    assert "temperature" in result.err and "Traceback" not in result.err
    assert not (folder / "measured.json").exists()
