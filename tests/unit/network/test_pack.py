"""A bundle as one file: what was packed is opened, whatever else a file holds is refused, nothing escapes."""

from __future__ import annotations

import json
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from small_bundles import CARD, small_bundle

from textgen.network import pack
from textgen.network.bundle import BundleError, available_bundles, load_bundle, user_folder
from textgen.network.pack import MANIFEST, open_bundle, pack_bundle

HISTORY = {
    "epochs": [{"epoch": 1, "stage": "all", "loss": 3.5, "words": 10, "validation": {"modern": 20.5}}],
    "samples": [{"epoch": 1, "prompt": "recipe for", "temperature": 0.5, "text": "salt"}],
    "distributions": [{"epoch": 1, "prompt": "recipe for", "temperature": 0.5, "words": [["salt", 0.5]]}],
}


@pytest.fixture(autouse=True)
def _home(tmp_path, monkeypatch):
    monkeypatch.setenv("SIMMER_HOME", str(tmp_path / "home"))


@pytest.fixture
def packed(tmp_path) -> Path:
    folder = Path(small_bundle(tmp_path / "mine", dishes=[1]))
    (folder / "card.json").write_text(json.dumps({**CARD, "title": "My own"}), encoding="utf-8")
    (folder / "history.json").write_text(json.dumps(HISTORY), encoding="utf-8")
    return pack_bundle(folder, tmp_path / "mine.simmer")


def repacked(file, changes=None, extra=None, rehash=True):
    """The file with some members changed, its hashes made good again."""
    with zipfile.ZipFile(file) as archive:
        data = {name: archive.read(name) for name in archive.namelist()}
    data |= changes or {}
    if rehash:
        manifest = json.loads(data[MANIFEST])
        manifest["sha256"] = {n: pack.hashlib.sha256(d).hexdigest() for n, d in data.items() if n != MANIFEST}
        data[MANIFEST] = json.dumps(manifest).encode()
    out = BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {**data, **(extra or {})}.items():
            if content is not None:
                archive.writestr(name, content)
    out.seek(0)
    return out


def everything(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_what_was_packed_is_opened(packed, tmp_path):
    folder, notes = open_bundle(packed)
    assert folder == user_folder() / "mine"
    assert notes == ()
    assert available_bundles()[-1] == "mine"
    original, opened = load_bundle(tmp_path / "mine"), load_bundle("mine")
    assert opened.vocabulary.words == original.vocabulary.words
    assert (folder / "model.keras").read_bytes() == (tmp_path / "mine" / "model.keras").read_bytes()
    assert opened.card["title"] == "My own"
    assert opened.card["evaluation"] == CARD["evaluation"]
    assert opened.history == HISTORY
    assert opened.measured == {}  # not taken along
    assert "perplexity" in (folder / "CARD.md").read_text("utf-8")
    assert everything(user_folder()) == {"mine"} | {
        f"mine/{name}" for name in ("model.keras", "vocabulary.json", "card.json", "history.json", "CARD.md")
    }
    again = pack_bundle(tmp_path / "mine", tmp_path / "again.simmer")
    assert again.read_bytes() == packed.read_bytes()


def test_a_name_that_is_taken_is_not_taken_again(packed):
    open_bundle(packed)
    with pytest.raises(BundleError, match="named mine already"):
        open_bundle(packed)
    open_bundle(packed, replace=True)
    with packed.open("rb") as file:
        assert open_bundle(file, "other")[0].name == "other"
    for name in ("../up", "large", "a/b"):
        with pytest.raises(BundleError, match=r"no name|released"):
            open_bundle(packed, name)
    assert everything(user_folder()) >= {"mine", "other"}
    assert len(list(user_folder().iterdir())) == 2


def test_somebody_elses_folder_is_not_replaced(packed):
    (user_folder() / "photos").mkdir(parents=True)
    (user_folder() / "photos" / "cat.jpg").write_bytes(b"cat")
    with pytest.raises(BundleError, match="is not a model bundle"):
        open_bundle(packed, "photos", replace=True)
    assert (user_folder() / "photos" / "cat.jpg").read_bytes() == b"cat"


def lying(file, size=100):
    """A zip whose first member says in its headers that it is `size` bytes long."""
    data = bytearray(file.getvalue())
    at = data.rindex(b"PK\x01\x02")
    data[at + 24 : at + 28] = size.to_bytes(4, "little")
    return BytesIO(bytes(data))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda file: repacked(file, extra={"../../evil.txt": b"x"}), r"holds '\.\./\.\./evil\.txt'"),
        (lambda file: repacked(file, extra={"/tmp/evil.txt": b"x"}), r"holds '/tmp/evil\.txt'"),
        (lambda file: repacked(file, extra={"copies.npz": b"x"}), "which no bundle holds"),
        (lambda file: repacked(file, {"card.json": None}, rehash=False), r"card\.json not in it"),
        (
            lambda file: repacked(file, {"card.json": b"{}"}, rehash=False),
            r"card\.json is not what was packed",
        ),
        (lambda file: repacked(file, {MANIFEST: b"{}"}, rehash=False), "says the format None"),
        (
            lambda file: repacked(file, {MANIFEST: b"[1"}, rehash=False),
            r"bundle\.json in it is not valid JSON",
        ),
        (lambda file: repacked(file, {"card.json": b"[]"}), r"card\.json in it is not a JSON object"),
        (lambda file: repacked(file, {"history.json": b" " * (30 << 20)}), "times its packed size"),
        (lambda file: repacked(file, {"model.keras": b"\x80\x04pickle"}), r"model\.keras: .*pickle"),
        (lambda file: repacked(file, {"vocabulary.json": b'["", "[UNK]", "a"]'}), "lists 3 words"),
        (
            lambda file: lying(repacked(file)),
            r"not a readable bundle.*Bad CRC|history\.json is not what was packed",
        ),
        (lambda file: BytesIO(file.read_bytes()[:300]), "not a readable bundle"),
        (lambda file: BytesIO(b"\x80\x04pickle"), "not a readable bundle"),
        (lambda file: file.with_name("none.simmer"), r"none\.simmer: the file is missing"),
    ],
)
def test_files_that_are_refused_write_nothing(make, message, packed, tmp_path):
    made = make(packed)
    before = everything(tmp_path)
    with pytest.raises(BundleError, match=message):
        open_bundle(made)
    after = everything(tmp_path)
    assert after - before <= {"home", "home/user_bundles"}


def test_a_name_in_the_file_is_no_path(packed, tmp_path):
    manifest = json.loads(zipfile.ZipFile(packed).read(MANIFEST))
    evil = repacked(packed, {MANIFEST: json.dumps({**manifest, "name": "../../evil"}).encode()})
    with pytest.raises(BundleError, match=r"'\.\./\.\./evil' is no name"):
        open_bundle(evil)
    assert not (tmp_path / "home").exists()
    evil.seek(0)
    assert open_bundle(evil, "tame")[0].name == "tame"


def test_a_card_and_a_history_of_other_forms_are_left_out_in_parts(packed):
    card = {
        "title": ["x"],
        "name": "fine",
        "evaluation": {"modern": {"perplexity": "<b>", "recipes": 3}, "home": 5},
        "title_information": [1],
        "training": {"method": "m", "deep": {"a": {"b": 1}}},
        "limits": ["one", 2],
        "data": [{"name": "d", "recipes": 4}, 7],
        "anything": {"else": 1},
    }
    history = {"epochs": [{"epoch": "1"}]}
    file = repacked(
        packed, {"card.json": json.dumps(card).encode(), "history.json": json.dumps(history).encode()}
    )
    folder, notes = open_bundle(file)
    assert load_bundle(folder).card == {
        "name": "fine",
        "evaluation": {"modern": {"recipes": 3}},
        "training": {"method": "m"},
        "limits": ["one"],
        "data": [{"name": "d", "recipes": 4}],
    }
    assert load_bundle(folder).history == {"epochs": []}
    assert notes == ("Its history is not of this form and was left out.",)


@pytest.mark.parametrize(
    "history",
    [
        {"epochs": 3},
        {"epochs": [{"epoch": True}]},
        {"epochs": [{"epoch": 1, "validation": {"modern": "low"}}]},
        {"epochs": [{"epoch": 1, "loss": None}]},
        {"samples": [{"epoch": 1, "prompt": 1, "temperature": 1.0, "text": ""}]},
        {"samples": [{"epoch": 1, "prompt": "", "temperature": 1.0}]},
        {"distributions": [{"epoch": 1, "prompt": "", "temperature": 1.0, "words": [["a", 0.5, 1]]}]},
    ],
)
def test_histories_of_other_forms(history, packed):
    _, notes = open_bundle(repacked(packed, {"history.json": json.dumps(history).encode()}))
    assert notes
