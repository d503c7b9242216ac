"""A bundle as one file to hand on: a zip of the network, its words, its card and its history.

`bundle.json` in it names the format and the SHA-256 of each member. A file that somebody sent is not trusted:
only these members are read, each up to a size and to its hash, none by a path of its own, and nothing is run.
What others measured about a network is not taken along; it can be measured again.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from textgen.files import ZIP_ERRORS, write_atomically
from textgen.network.bundle import (
    MAX_JSON_BYTES,
    BundleError,
    bundle_folder,
    check_name,
    load_bundle,
    new_bundle,
    user_folder,
)
from textgen.network.card import render_card
from textgen.network.keras_file import (
    MAX_WEIGHTS_BYTES,
    ModelFileError,
    parse_object,
    read_member,
)

FORMAT = "simmer bundle 1"
MANIFEST = "bundle.json"
MEMBERS = {  # and the most bytes of each
    "model.keras": MAX_WEIGHTS_BYTES + (8 << 20),
    "vocabulary.json": MAX_JSON_BYTES,
    "card.json": 1 << 20,
    "history.json": MAX_JSON_BYTES,
}
_COMPRESSION = 200  # a history repeats itself


def pack_bundle(
    name_or_path: str | os.PathLike[str], file: str | os.PathLike[str], *, name: str | None = None
) -> Path:
    """Write a bundle as the one file `file`, all or nothing; the same bundle gives the same bytes. `name` is
    what it will be called where it is opened, as here unless given.

    `BundleError` if there is no such usable bundle, `OSError` if the disk says no.
    """
    bundle, folder = load_bundle(name_or_path), bundle_folder(name_or_path)
    data = {name: (folder / name).read_bytes() for name in MEMBERS}
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in data.items()}
    manifest = {"format": FORMAT, "name": name or bundle.name, "sha256": hashes}
    members = {MANIFEST: (json.dumps(manifest, indent=2) + "\n").encode(), **data}
    with write_atomically(file) as out, zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_STORED if name == "model.keras" else zipfile.ZIP_DEFLATED
            archive.writestr(info, content)
    return Path(file)


def open_bundle(
    file: str | os.PathLike[str] | Any, name: str | None = None, *, replace: bool = False
) -> tuple[Path, tuple[str, ...]]:
    """Unpack the file of `pack_bundle` into the user's folder: the bundle's folder, and what was left out.

    file     a path or a binary file
    name     what it is called here; as in the file unless given
    replace  whether a bundle of that name may be replaced

    `BundleError` says what is wrong; nothing is written then.
    """
    where = file if isinstance(file, (str, os.PathLike)) else getattr(file, "name", "the file")
    try:
        with zipfile.ZipFile(file) as archive:
            named, data = _read(archive)
    except FileNotFoundError:
        raise BundleError(f"{where}: the file is missing") from None
    except (ModelFileError, BundleError) as error:
        raise BundleError(f"{where}: {error}") from None
    except ZIP_ERRORS as error:
        raise BundleError(
            f"{where}: it is not a readable bundle, the one file that `bundle pack` writes: {error!s:.200}"
        ) from None
    except OSError as error:
        raise BundleError(f"{where}: the file cannot be read: {error.strerror or error}") from None
    name = named if name is None else name
    check_name(name, replace)
    try:
        card, history = (parse_object(data[one], f"{one} in it") for one in ("card.json", "history.json"))
    except ModelFileError as error:
        raise BundleError(f"{where}: {error}") from None
    notes = []
    kept = _plain_card(card)
    if not _is_history(history):
        history = {"epochs": []}
        notes.append("Its history is not of this form and was left out.")
    target = user_folder() / name
    try:
        with new_bundle(target) as new:
            for member in ("model.keras", "vocabulary.json"):
                (new / member).write_bytes(data[member])
            for member, value in (("card.json", kept), ("history.json", history)):
                (new / member).write_text(json.dumps(value, ensure_ascii=False) + "\n", encoding="utf-8")
            (new / "CARD.md").write_text(render_card(kept), encoding="utf-8")
    except BundleError as error:
        raise BundleError(f"{where}: {str(error).removeprefix(str(new) + os.sep)}") from None
    return target, tuple(notes)


def open_bytes(data: bytes, name: str) -> bytes:
    """`open_bundle` of the bytes of a file under `name`; what was left out, as JSON."""
    return json.dumps(open_bundle(io.BytesIO(data), name)[1]).encode()


def _read(archive: zipfile.ZipFile) -> tuple[str, dict[str, bytes]]:
    """The name that a packed bundle gives itself, and its members, checked against its hashes."""
    strange = [info.filename for info in archive.infolist() if info.filename not in (*MEMBERS, MANIFEST)]
    if strange:
        raise BundleError(
            f"it holds {strange[0]!r:.80}, which no bundle holds; only {', '.join((MANIFEST, *MEMBERS))} may "
            "be in it"
        )
    missing = [name for name in (MANIFEST, *MEMBERS) if name not in archive.namelist()]
    if missing:
        raise BundleError(f"it is no bundle, or not all of one: {', '.join(missing)} not in it")
    manifest = parse_object(read_member(archive, MANIFEST, 1 << 16), f"{MANIFEST} in it")
    if manifest.get("format") != FORMAT:
        raise BundleError(f"{MANIFEST} says the format {manifest.get('format')!r:.60}; {FORMAT!r} is read")
    hashes, data = manifest.get("sha256"), {}
    for name, limit in MEMBERS.items():
        data[name] = read_member(archive, name, limit, _COMPRESSION)
        if not isinstance(hashes, dict) or hashes.get(name) != hashlib.sha256(data[name]).hexdigest():
            raise BundleError(f"{name} is not what was packed: its SHA-256 is another than {MANIFEST} says")
    return str(manifest.get("name")), data


# -- what others wrote -----------------------------------------------------------------------------

_TEXTS = ("name", "title", "license")
_LARGEST = 1e15  # of a number on a card: charts and tables have room for it


def _plain_card(card: Mapping[str, Any]) -> dict[str, Any]:
    """What pages and commands show of a card, where it has the form of one; all else is left out."""
    kept: dict[str, Any] = {key: str(card[key])[:400] for key in _TEXTS if isinstance(card.get(key), str)}
    if _is_number(card.get("vocabulary_size")):
        kept["vocabulary_size"] = card["vocabulary_size"]
    for key in ("architecture", "training"):
        if isinstance(card.get(key), dict):
            kept[key] = {str(name)[:80]: value for name, value in card[key].items() if _is_plain(value)}
    for key in ("evaluation", "title_information"):
        if isinstance(card.get(key), dict):
            kept[key] = {
                str(era)[:80]: {str(name)[:80]: value for name, value in figures.items() if _is_number(value)}
                for era, figures in card[key].items()
                if isinstance(figures, dict)
            }
    if isinstance(card.get("data"), list):
        kept["data"] = [
            {str(key)[:80]: value for key, value in entry.items() if _is_plain(value)}
            for entry in card["data"][:100]
            if isinstance(entry, dict)
        ]
    if isinstance(card.get("limits"), list):
        kept["limits"] = [text for text in card["limits"][:100] if isinstance(text, str)]
    return kept


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) <= _LARGEST


def _is_plain(value: Any) -> bool:
    """Whether it is a number, a text, or a list of these."""
    if isinstance(value, list):
        return len(value) <= 100 and all(isinstance(one, str) or _is_number(one) for one in value)
    return isinstance(value, str) or _is_number(value)


def _is_history(history: Mapping[str, Any]) -> bool:
    """Whether a history has the form that `textgen.training` writes."""
    entries = {key: history.get(key, []) for key in ("epochs", "samples", "distributions")}
    for some in entries.values():
        if not (isinstance(some, list) and all(isinstance(entry, dict) for entry in some)):
            return False
    if not all(_is_epoch(entry) for some in entries.values() for entry in some):
        return False
    for entry in entries["epochs"]:
        tables = [entry.get(key, {}) for key in ("validation", "training")]
        if not all(isinstance(t, dict) and all(map(_is_number, t.values())) for t in tables):
            return False
        if not all(_is_number(entry.get(key, 0)) for key in ("loss", "words", "seconds")):
            return False
    shown = [*entries["samples"], *entries["distributions"]]
    if not all(isinstance(e.get("prompt"), str) and _is_number(e.get("temperature")) for e in shown):
        return False
    return all(isinstance(e.get("text"), str) for e in entries["samples"]) and all(
        isinstance(e.get("words"), list) and all(map(_is_pair, e["words"])) for e in entries["distributions"]
    )


def _is_epoch(entry: Mapping[str, Any]) -> bool:
    number = entry.get("epoch")
    return isinstance(number, int) and not isinstance(number, bool) and 0 <= number <= 100_000


def _is_pair(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and _is_number(value[1])
