"""Every reader of a stranger's file: some hundreds of damaged ones, and those that have once done harm.

`python -m tests.fuzz` goes on for as long as it is asked to.
"""

from __future__ import annotations

import contextlib
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from network.test_pack import HISTORY, repacked
from networks import KERAS_2, lstm_file, write_keras
from small_bundles import CARD, small_bundle
from studies import RISING, made_up
from text.formats.test_kinds import records, zipped

from tests import fuzz
from textgen.measuring.study.settings import StudyError
from textgen.measuring.study.table import read_strangers_study, read_study
from textgen.network.bundle import BundleError, load_bundle
from textgen.network.keras_file import ModelFileError, read_keras
from textgen.network.pack import open_bundle, pack_bundle
from textgen.text.copying import CopyIndex, CopyIndexError
from textgen.text.corpus import CorpusError, Problem, load_recipes
from textgen.text.vocabulary import Vocabulary, VocabularyError
from textgen.training import runs
from textgen.training.limits import Limits

HARMLESS = [name for name in fuzz.READERS if name != "keras"]  # HDF5 may end or stop the process: see `apart`
DEEP = "[" * 900 + "]" * 900


@pytest.mark.parametrize("name", HARMLESS)
def test_a_damaged_file_is_read_or_refused(name, monkeypatch):
    monkeypatch.setenv("SIMMER_HOME", "")
    reader, rng = fuzz.READERS[name](), np.random.default_rng(8)
    for number in range(40):
        assert not (wrong := fuzz.one(reader, rng)), (number, wrong)


@pytest.fixture
def packed(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("SIMMER_HOME", str(tmp_path / "home"))
    folder = Path(small_bundle(tmp_path / "mine", size=9))
    (folder / "card.json").write_text(json.dumps(CARD), encoding="utf-8")
    (folder / "history.json").write_text(json.dumps(HISTORY), encoding="utf-8")
    return pack_bundle(folder, tmp_path / "mine.zip")


def without_a_stretch(data: bytes) -> bytes:
    """A zip file whose members all start before its beginning, by what its list says."""
    return data[:10] + data[130:]


def test_a_zip_file_that_lacks_its_beginning(tmp_path, packed):
    network = write_keras(tmp_path / "x.keras", *lstm_file()).read_bytes()
    with pytest.raises(ModelFileError, match="not a readable Keras zip"):
        read_keras(io.BytesIO(without_a_stretch(network)))
    with pytest.raises(BundleError, match="not a readable bundle"):
        open_bundle(io.BytesIO(without_a_stretch(packed.read_bytes())), "x")
    with pytest.raises(CorpusError, match=r"cannot be (?:read|unpacked)"):
        load_recipes(
            io.BytesIO(without_a_stretch(zipped({"a.json": json.dumps(records())}, zipfile.ZIP_STORED)))
        )


@pytest.mark.parametrize("number", ["1" + "0" * 400, "1e400", "NaN", "-1e300"])
def test_a_number_on_a_card_that_no_table_holds_is_left_out(number, packed):
    card = json.dumps(CARD).replace("2407248", number).replace("24.53", number)
    folder, _ = open_bundle(repacked(packed, {"card.json": card.encode()}), "other")
    opened = json.loads((folder / "card.json").read_text("utf-8"))
    assert "parameters" not in opened["architecture"] and "perplexity" not in opened["evaluation"]["modern"]
    assert opened["evaluation"]["modern"]["recipes"] == 260


@pytest.mark.parametrize("text", [r'{"title": "\ud800"}', f'{{"title": {DEEP}}}'])
@pytest.mark.parametrize("name", ["card.json", "history.json"])
def test_text_that_cannot_be_written_again_is_refused(name, text, packed, tmp_path):
    try:
        json.dumps(json.loads(text), ensure_ascii=False).encode()
    except (RecursionError, UnicodeEncodeError):
        with pytest.raises(BundleError, match=f"{name} in it (?:holds half a character|is not valid JSON)"):
            open_bundle(repacked(packed, {name: text.encode()}), "other")
    (tmp_path / "mine" / name).write_text(r'{"title": "\udfff"}', encoding="utf-8")
    with pytest.raises(BundleError, match="half a character"):
        load_bundle(tmp_path / "mine")


def test_a_network_that_is_read_for_ever_is_given_up(packed, monkeypatch):
    """HDF5 walks in circles in this file; who reads it, and all who wait for that process, would wait too."""
    endless = (KERAS_2.parent / "endless.h5").read_bytes()
    data = repacked(packed, {"model.keras": endless}).getvalue()
    monkeypatch.setattr(runs.apart, "__kwdefaults__", {"seconds": 3.0})
    with pytest.raises(runs.Refused, match=r"^x.zip was not opened: .*(?:given up|ended)"):
        runs.open_network("x.zip", data, Limits())
    assert runs.all_runs() == [] and not [path for path in runs.home().rglob("*") if path.is_file()]


def test_a_sentence_about_a_hostile_file_is_short():
    for words in ([json.loads(DEEP)], ["x" * 10_000, "y"], ["", {"a": "x" * 10_000}]):
        with pytest.raises(VocabularyError) as error:
            Vocabulary.from_json(json.dumps(words))
        assert len(str(error.value)) < 200
    study = pq.read_table(io.BytesIO(made_up(RISING).to_parquet()))
    about = study.schema.metadata[b"simmer.study"].replace(b"stir", rb"\ud800")
    out = io.BytesIO()
    pq.write_table(study.replace_schema_metadata({b"simmer.study": about}), out)
    with pytest.raises(StudyError, match="half a character"):
        read_strangers_study(out.getvalue())
    out = io.BytesIO()
    pq.write_table(study.slice(0, 0), out)  # texts without figures
    with pytest.raises(StudyError, match="do not belong together"):
        read_study(out.getvalue())
    with pytest.raises(StudyError, match="not a whole Parquet file"):
        read_strangers_study(b"PAR1" + bytes(100))


def test_an_index_of_copies_that_is_none_is_named(tmp_path):
    for number, data in enumerate(
        (b"", b"PK\3\4junk", zipped({"facts.npy": "x"}), zipped({"facts.npy": "\x93NUMPY"}))
    ):
        path = tmp_path / f"{number}.npz"
        path.write_bytes(data)
        with pytest.raises(CopyIndexError, match=path.name):
            CopyIndex.load(path)


@pytest.mark.parametrize(
    "line", ["-" * 3_000, "m" * 60_000, "MMMMM" + "-" * 60_000 + "x", "-----" + "- " * 30_000]
)
def test_a_long_line_of_dashes_is_not_tried_in_all_ways(line):
    for head in (line, f"MMMMM----- Meal-Master\n  Title: Soup\n\n{line}\n  1 c milk\n\n{line}\nMMMMM\n"):
        with contextlib.suppress(CorpusError):
            load_recipes(io.BytesIO(head.encode()))


@pytest.mark.parametrize("fence", ["---", "+++"])
def test_many_empty_lines_are_not_tried_in_all_ways(fence):
    front = f"{fence}\n" + "\n" * 500
    with pytest.raises(CorpusError):
        load_recipes(io.BytesIO((front + "n 2 spoons of honey.\n\n\n").encode()))
    text = front + f"title: Moon Milk\n{fence}\n## Method\nWarm the milk.\nServe it.\n"
    assert [recipe.title for recipe in load_recipes(io.BytesIO(text.encode()))] == ["Moon Milk"]


def test_a_heading_with_a_long_gap_is_not_tried_in_all_ways():
    gap = " " * 1500
    text = f"# Moon{gap}Milk\n\n## Directions ##\n\n1. Warm the milk.\n2. Serve it.\n\n### To{gap}x#y\n"
    assert [recipe.title for recipe in load_recipes(io.BytesIO(text.encode()))] == ["Moon Milk"]
    with contextlib.suppress(CorpusError):
        load_recipes(io.BytesIO(f"Moon Milk\nWarm{gap * 80}the milk.\n{gap * 80}x\n".encode()))


def test_a_step_may_be_of_several_types():
    steps = [
        {"@type": ["HowToStep", "Thing"], "name": "Warm the milk."},
        {"@type": [[]], "name": "Serve it."},
    ]
    text = json.dumps([{"title": "Moon Milk", "steps": steps}])
    assert [recipe.steps for recipe in load_recipes(io.BytesIO(text.encode()))] == [
        ("Warm the milk.", "Serve it.")
    ]


def test_thousands_of_paragraphs_are_each_counted_once():
    one = "Moon Milk\n\nIngredients\n\n- milk\n\nMethod\n\nWarm the milk.\n\n"
    text = one + "Ingredients\n\n" + "A word or two.\n\n" * 40_000
    assert [recipe.title for recipe in load_recipes(io.BytesIO(text.encode()))] == ["Moon Milk"]


def test_brackets_that_nobody_closes_do_not_hide_what_follows():
    good = json.dumps({"title": "Moon Milk", "steps": ["Warm the milk.", "Stir in 2 spoons of honey."]})
    text = f'{{"a": {{"title": "Fog", "steps": {"[" * 200} }}, "b": {good}, "c": {good}}}'
    problems: list[Problem] = []
    recipes = load_recipes(io.BytesIO(text.encode()), problems.append)
    assert [recipe.title for recipe in recipes] == ["Moon Milk"] * 2
