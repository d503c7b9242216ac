"""`simmer bundle make, pack, open`: from a Keras file to text at the command line."""

from __future__ import annotations

import json

import pytest
from networks import KERAS_2

from textgen.cli.parser import main


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("SIMMER_HOME", str(tmp_path / "home"))


def test_a_network_is_made_packed_opened_and_writes(tmp_path, capsys):
    words, file = tmp_path / "words.txt", tmp_path / "mine.simmer"
    words.write_text("\n".join(["", "[UNK]", "recipe", "for", "|", *(f"w{i}" for i in range(18))]), "utf-8")
    network = str(KERAS_2 / "functional.keras")
    assert main(["bundle", "make", network, str(words), "--name", "mine", "--title", "My own"]) == 0
    printed = capsys.readouterr()
    assert printed.out.strip() == str(tmp_path / "home" / "user_bundles" / "mine")
    assert "built for texts of 6 words" in printed.err
    assert main(["bundle", "pack", "mine", str(file)]) == 0
    assert main(["bundle", "open", str(file)]) == 1
    assert "named mine already" in capsys.readouterr().err
    assert main(["bundle", "open", str(file), "--name", "second"]) == 0
    capsys.readouterr()
    texts = []
    for name in ("mine", "second"):
        assert main(["generate", "w3", "--model", name, "--max-words", "9", "--json"]) == 0
        texts.append([run["text"] for run in json.loads(capsys.readouterr().out)["runs"]])
    assert texts[0] == texts[1]
    assert main(["models"]) == 0
    assert "second" in capsys.readouterr().out
    (tmp_path / "home" / "user_bundles" / "mine" / "model.keras").write_bytes(b"PK and no more")
    assert main(["models"]) == 0
    printed = capsys.readouterr()
    assert "second" in printed.out and "mine is left out" in printed.err


def test_what_is_wrong_is_one_line(tmp_path, capsys):
    (tmp_path / "words.txt").write_text("a\nb\nc\n", "utf-8")
    assert main(["bundle", "make", str(tmp_path), str(tmp_path / "words.txt"), "--name", "../x"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    for part in ("'../x' is no name", "it is a folder", "it has 3 words"):
        assert part in line
    assert not (tmp_path / "home").exists()
    with pytest.raises(SystemExit) as stopped:
        main(["bundle", "burn"])
    assert stopped.value.code == 2
