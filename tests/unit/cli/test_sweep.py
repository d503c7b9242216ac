"""`python -m textgen sweep` and `index`: what they write, say, and refuse."""

from __future__ import annotations

import json
import os

import pytest
from small_bundles import small_bundle

from textgen import __main__ as cli
from textgen.measuring.study import table
from textgen.measuring.study import units as study_units
from textgen.measuring.study.store import Store
from textgen.measuring.study.table import read_study
from textgen.text.copying import CopyIndex
from textgen.text.pairings import Pairings


@pytest.fixture
def models(tmp_path):
    study_units._bundles.clear()
    study_units.marks_of.cache_clear()
    return small_bundle(tmp_path / "one", seed=1), small_bundle(tmp_path / "two", seed=2)


@pytest.fixture
def sweep(models, tmp_path, capsys):
    def call(*more: str, out: str = "study.parquet", temperatures: str = "0:1:0.5") -> tuple[int, str, str]:
        arguments = ["sweep", "--prompt", "w3 w4", "--temperatures", temperatures, "--model", models[0]]
        arguments += ["--judge", models[1], "--texts", "6", "--max-words", "5", "--seed", "4"]
        code = cli.main([*arguments, "--out", str(tmp_path / out), *more])
        return code, *capsys.readouterr()

    return call


def test_it_writes_a_study_and_says_what_it_found(sweep, tmp_path, models):
    code, said, remarks = sweep(
        "--html", str(tmp_path / "report.html"), "--filter", "none", "--filter", "top_k=3"
    )
    assert code == 0
    study = read_study(tmp_path / "study.parquet")
    assert study.complete and study.settings.filters == ("none", "top_k=3")
    assert study.settings.judges == (models[1],) and study.settings.temperatures == (0, 0.5, 1)
    assert "at T = 0 all 6 texts are the same" in remarks
    assert "From T = 0 to T = 1" in said and "top-k 3" in said
    assert not (tmp_path / "study.parquet.cells").exists()
    assert "<figure>" in (tmp_path / "report.html").read_text(encoding="utf-8")
    # Again, as CSV, and over itself: the same command may be given twice.
    assert sweep(out="study.csv")[0] == 0
    before = (tmp_path / "study.csv").read_bytes()
    assert sweep(out="study.csv")[0] == 0
    assert (tmp_path / "study.csv").read_bytes() == before


def test_interrupted_it_says_how_to_go_on_and_does(sweep, tmp_path, monkeypatch):
    real, count = Store.put, []

    def interrupted(self, unit, result):
        real(self, unit, result)
        count.append(unit)
        if len(count) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(Store, "put", interrupted)
    code, _, remarks = sweep()
    assert code == 130 and "goes on from there" in remarks and not (tmp_path / "study.parquet").exists()
    monkeypatch.setattr(Store, "put", real)
    code, _, remarks = sweep()
    assert code == 0 and "2 of 3 parts are there already" in remarks
    first = (tmp_path / "study.parquet").read_bytes()
    (tmp_path / "study.parquet").unlink()
    assert sweep()[0] == 0 and (tmp_path / "study.parquet").read_bytes() == first


def test_a_full_disk_is_a_sentence_and_keeps_what_is_finished(sweep, tmp_path, monkeypatch):
    def full(self, path):
        raise OSError(28, os.strerror(28), str(path))

    monkeypatch.setattr(table.Study, "save", full)
    code, _, remarks = sweep()
    assert code == 1 and os.strerror(28) in remarks and "3 of 3 parts are kept" in remarks
    assert len(list((tmp_path / "study.parquet.cells").glob("*.npz"))) == 3


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--temperatures", "2:0:0.1"], "reversed"),
        (["--temperatures", ""], "FROM:TO:STEP"),
        (["--filter", "top_k=none"], "cannot be"),
        (["--filter", "hot"], "a filter is"),
    ],
)
def test_wrong_usage_is_a_sentence(sweep, arguments, sentence, capsys):
    with pytest.raises(SystemExit) as caught:
        sweep(*arguments)
    assert caught.value.code == 2 and sentence in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "out", "sentence"),
    [
        (["--texts", "0"], "a.parquet", "texts must be"),
        (["--prompt", "  "], "a.parquet", "a prompt is empty"),
        (["--model", "nobody"], "a.parquet", "no model named 'nobody'"),
        ([], "a.txt", "ends in .parquet or .csv"),
        ([], "nowhere/a.parquet", "there is no folder"),
    ],
)
def test_what_cannot_be_done_is_a_sentence(sweep, arguments, out, sentence):
    code, _, remarks = sweep(*arguments, out=out)
    assert code == 1 and sentence in remarks and "Traceback" not in remarks


@pytest.mark.parametrize("name", ["mine.parquet", "mine.csv"])
def test_a_file_that_is_no_study_is_left_as_it_is(sweep, tmp_path, name):
    (tmp_path / name).write_text("my own work", encoding="utf-8")
    code, _, remarks = sweep(out=name)
    assert code == 1 and "left as it is" in remarks
    assert (tmp_path / name).read_text(encoding="utf-8") == "my own work"


def test_one_temperature_is_said(sweep):
    code, said, remarks = sweep(temperatures="0.5")
    assert code == 0 and "only T = 0.5 is measured" in remarks and "At T = 0.5" in said


def test_index(tmp_path, capsys):
    corpus = tmp_path / "recipes.jsonl"
    rows = [{"title": f"Soup {i}", "steps": ["Boil the onion and the leek in water."]} for i in range(6)]
    corpus.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    out, pairs = tmp_path / "copies.npz", tmp_path / "pairings.json"
    assert cli.main(["index", "--corpus", str(corpus), "--out", str(out), "--pairings", str(pairs)]) == 0
    assert "5-grams of 6 recipes" in capsys.readouterr().out
    assert CopyIndex.load(out).found(["boil", "the", "onion", "and", "the"]).all()
    known = Pairings.from_json(pairs.read_text(encoding="utf-8"))
    assert {"leek", "onion"} <= set(known.names) and known.met.all()
    corpus.write_text('{"title": "a", "steps": ["b"]}', encoding="utf-8")
    assert cli.main(["index", "--corpus", str(corpus), "--out", str(out)]) in (0, 1)


def test_human_text_is_measured_and_kept(models, tmp_path, capsys):
    corpus = tmp_path / "recipes.jsonl"
    rows = [{"title": f"w{i}", "steps": [f"w{i} w3 w4 w5 w{i}."], "era": "modern"} for i in range(3, 9)]
    corpus.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    arguments = ["evaluate", "--model", models[0], "--corpus", str(corpus), "--human"]
    assert cli.main([*arguments, "--save"]) == 0
    assert "human text: 6 recipes" in capsys.readouterr().out
    kept = json.loads((tmp_path / "one" / "measured.json").read_text(encoding="utf-8"))["human"]
    assert kept["recipes"] == 6 and set(kept["sets"]["20"]) == {"2", "4"}
    assert kept["words"]["20"]["perplexity"][0] > 1
