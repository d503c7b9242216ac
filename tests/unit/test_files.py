"""Files are there whole or not at all, and tables are harmless to open."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest

from textgen.files import Lock, cache, home, to_csv, write_atomically


def test_a_file_that_breaks_off_leaves_the_old_one_and_nothing_else(tmp_path):
    path = tmp_path / "facts.bin"
    with write_atomically(path) as file:
        file.write(b"old")
    with pytest.raises(KeyboardInterrupt), write_atomically(path) as file:
        file.write(b"half of the n")
        raise KeyboardInterrupt
    assert path.read_bytes() == b"old"
    with write_atomically(path) as file:
        file.write(b"new")
        assert path.read_bytes() == b"old", "not before it is whole"
    assert [(other.name, other.read_bytes()) for other in tmp_path.iterdir()] == [("facts.bin", b"new")]


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(OSError, match="missing"), write_atomically(tmp_path / "missing" / "file"):
        pass


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"])
def test_no_text_goes_out_as_a_formula_and_numbers_stay_numbers(sign):
    name = f"{sign}title"
    rows = [{name: f"{sign}1+1", "bits": -0.5}, {name: "soup, hot", "bits": 2}]
    read = list(csv.reader(io.StringIO(to_csv(rows), newline="")))
    shown = sign.replace("\r", "\n")
    assert read == [[f"'{shown}title", "bits"], [f"'{shown}1+1", "-0.5"], ["soup, hot", "2"]]


def test_a_line_within_a_text_starts_no_row():
    assert list(csv.reader(io.StringIO(to_csv([{"a": "x\r=1+1", "b": "x\r\ny"}])))) == [
        ["a", "b"],
        ["x\n=1+1", "x\ny"],
    ]


def test_no_other_place_writes_tables_as_text():
    """So that all of them are guarded; `csv` is for reading where a corpus is a table."""
    root = Path(__file__).parents[2]
    code = {
        path: path.read_text("utf-8") for path in [*root.glob("textgen/**/*.py"), *root.glob("pages/**/*.py")]
    }
    writing = re.compile(r"csv\.(?:writer|DictWriter)|\.to_csv\(\w*(?:path|file)|import pandas")
    assert [path.name for path, text in code.items() if writing.search(text)] == ["files.py"]


def test_columns_are_those_asked_for_and_there_without_rows():
    assert to_csv([{"a": 1, "b": 2, "c": 3}], ("c", "a")) == "c,a\n3,1\n"
    assert to_csv([], ("c", "a")) == "c,a\n"


def test_what_users_have_lies_where_they_say_or_where_the_platform_keeps_such_things(tmp_path, monkeypatch):
    monkeypatch.setenv("SIMMER_HOME", str(tmp_path))
    assert home() == tmp_path and cache().parent == tmp_path
    for name in ("SIMMER_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert home() != cache()
    assert {"simmer"} <= set(home().relative_to(tmp_path).parts) & set(cache().relative_to(tmp_path).parts)


def test_a_lock_has_one_holder_and_is_free_when_that_is_gone(tmp_path):
    one, other = Lock(tmp_path / "lock"), Lock(tmp_path / "lock")
    assert not other.is_held() and one.take() and one.take()
    assert one.is_held() and other.is_held() and not other.take()
    one.release()
    assert not other.is_held() and other.take()
    other.release()
