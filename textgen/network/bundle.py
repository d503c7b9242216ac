"""A trained model on disk: a folder with `model.keras`, `vocabulary.json`, `card.json`, `history.json`,
`CARD.md`, and `measured.json` with what was worked out about the finished network.

Reading one needs neither TensorFlow nor trust: no pickle, no code from the files, every size checked. The
released ones lie in `assets/models`, those that users bring and train in `user_folder()`.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from textgen.files import ASSETS, home, write_atomically
from textgen.network.card import render_card
from textgen.network.keras_file import ModelFileError, parse_object, read_keras
from textgen.network.recurrent import RecurrentModel
from textgen.text.vocabulary import Vocabulary, VocabularyError

MODELS = ASSETS / "models"
DEFAULT = "large"  # the released bundle that is offered first
MAX_JSON_BYTES = 32 << 20
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
# Of a user's bundle: one with such an ending is known to whom was told, and in no list.
_OWN = re.compile(rf"{_NAME.pattern}(\.[0-9a-f]{{32}})?")
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul", *(f"{one}{n}" for one in ("com", "lpt") for n in range(10))}
)


class BundleError(ValueError):
    """A bundle that cannot be used: the message names the file and what is wrong with it."""


@dataclass(frozen=True, eq=False)
class Bundle:
    """A network, its words, the facts about it (`card`), how it learned (`history`), and what was worked out
    about it once it was trained (`measured`; empty where nothing was)."""

    name: str
    model: RecurrentModel
    vocabulary: Vocabulary
    card: dict[str, Any]
    history: dict[str, Any]
    measured: dict[str, Any] = field(default_factory=dict)


def user_folder() -> Path:
    """Where the bundles of users are; it need not exist yet."""
    return home() / "user_bundles"


def available_bundles() -> list[str]:
    """Names of the bundles that there are: the default one, the other released ones, the user's."""
    released, own = released_bundles(), _bundles_in(user_folder())
    return [
        *sorted(released, key=lambda name: name != DEFAULT),
        *(name for name in own if _NAME.fullmatch(name) and name not in released),
    ]


def released_bundles() -> list[str]:
    """Names of the bundles that came with this package."""
    return _bundles_in(MODELS)


def _is_released(name: str) -> bool:
    """Asked at every move of a slider."""
    return bool(_NAME.fullmatch(name)) and (MODELS / name / "model.keras").is_file()


def _bundles_in(folder: Path) -> list[str]:
    if not folder.is_dir():
        return []
    return sorted(
        p.name for p in folder.iterdir() if (p / "model.keras").is_file() and not p.name.startswith(".")
    )


def check_name(name: str, replace: bool = False) -> None:
    """`BundleError` unless a user's bundle can be called `name`: it is no path, and not taken."""
    if not _OWN.fullmatch(name) or name in _DEVICES:
        raise BundleError(
            f"{name!r:.80} is no name for a bundle: 1 to 40 small letters, digits, - and _, the first no sign"
        )
    if _is_released(name):
        raise BundleError(f"{name} is the name of a released network; give it another")
    folder = user_folder() / name
    if replace:
        _check_replaceable(folder)
    elif folder.exists():
        raise BundleError(
            f"there is a bundle named {name} already, in {folder}; give it another name, or "
            "say that it is to be replaced"
        )


def title_of(name: str) -> str:
    """What people read for a bundle: the title on the card of a user's, or else its name."""
    if _OWN.fullmatch(name) and not _is_released(name):
        try:
            title = _read_small(user_folder() / name / "card.json").get("title")
        except (OSError, BundleError):
            title = None
        if isinstance(title, str) and title.split():
            return " ".join(title.split())[:80]
    return name


def load_bundle(name_or_path: str | os.PathLike[str]) -> Bundle:
    """The bundle of that name, or the one in that folder. `BundleError` says which file is at fault.

    A string is looked up among `available_bundles()` first. A page should pass names of these only.
    """
    folder = bundle_folder(name_or_path)
    path = folder / "model.keras"
    try:
        model = read_keras(path)
    except ModelFileError as error:
        raise BundleError(f"{path}: {error}") from None
    path = folder / "vocabulary.json"
    try:
        vocabulary = Vocabulary.from_json(_read_text(path))
    except VocabularyError as error:
        raise BundleError(f"{path}: {error}") from None
    if len(vocabulary) != model.vocabulary_size:
        raise BundleError(
            f"{path}: it lists {len(vocabulary):,} words, but the network has {model.vocabulary_size:,}"
        )
    card, history = _read_object(folder / "card.json"), _read_object(folder / "history.json")
    return Bundle(folder.resolve().name, model, vocabulary, card, history, load_measured(name_or_path))


def load_measured(name_or_path: str | os.PathLike[str]) -> dict[str, Any]:
    """What was measured about a network, without loading it; empty where nothing was."""
    path = bundle_folder(name_or_path) / "measured.json"
    if not path.exists():
        return {}
    return _read_small(path)


def _read_small(path: Path) -> dict[str, Any]:
    """The object of a file that pages ask for at every run: read anew once it is written anew."""
    about = path.stat()
    return _read_version(path, about.st_mtime_ns, about.st_size)


@lru_cache(maxsize=64)
def _read_version(path: Path, written: int, size: int) -> dict[str, Any]:
    return _read_object(path)


def bundle_folder(name_or_path: str | os.PathLike[str]) -> Path:
    """Where a bundle's files are; `BundleError` if there is no such bundle."""
    if isinstance(name_or_path, str):
        if _is_released(name_or_path):
            return MODELS / name_or_path
        if _OWN.fullmatch(name_or_path):
            own = user_folder() / name_or_path
            if (own / "model.keras").is_file():
                return own
    folder = Path(name_or_path)
    if not folder.is_dir():
        known = ", ".join(available_bundles()) or "none yet"
        raise BundleError(
            f"there is no model named {str(name_or_path)!r} and no such folder; there are: {known}"
        )
    return folder


def fingerprint(name_or_path: str | os.PathLike[str]) -> str:
    """16 hex digits that stand for a network and its words: the same for the same files, on any machine."""
    digest = hashlib.sha256()
    for name in ("model.keras", "vocabulary.json"):
        path = bundle_folder(name_or_path) / name
        try:
            digest.update(hashlib.sha256(path.read_bytes()).digest())
        except OSError as error:
            raise BundleError(f"{path}: the file cannot be read: {error.strerror or error}") from None
    return digest.hexdigest()[:16]


def save_bundle(
    path: str | os.PathLike[str],
    keras_model: Any,
    vocabulary: Vocabulary,
    card: Mapping[str, Any],
    history: Mapping[str, Any],
) -> None:
    """Write a bundle to the folder `path`, replacing one that is there, all or nothing.

    `keras_model` is anything whose `save(path)` writes a `.keras` file. Everything is written beside
    `path`, read back and checked, and only then renamed into place: an interruption leaves the old bundle
    or the new one. `BundleError` if the model cannot be read back, or if `path` is something else than a
    bundle.
    """
    target = Path(os.path.abspath(path))
    _check_replaceable(target)
    with new_bundle(target) as new:
        keras_model.save(str(new / "model.keras"))
        (new / "vocabulary.json").write_text(vocabulary.to_json(), encoding="utf-8")
        (new / "card.json").write_bytes(_json(dict(card), indent=2))
        (new / "history.json").write_bytes(_json(dict(history)))
        (new / "CARD.md").write_text(render_card(card), encoding="utf-8")


@contextlib.contextmanager
def new_bundle(target: Path) -> Iterator[Path]:
    """A folder to write a bundle in; at the end of the `with` it is read back and is put where `target` is.

    An exception leaves what was there before; `BundleError` if what was written cannot be read back.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    # A hidden folder of our own on the same disk: both renames are then within one file system.
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as work:
        new, old = Path(work) / "new", Path(work) / "old"
        new.mkdir()
        yield new
        load_bundle(new)
        try:
            if target.exists():
                os.rename(target, old)
            os.rename(new, target)
        except BaseException:
            if old.exists() and not target.exists():
                os.rename(old, target)
            raise


def save_measured(name_or_path: str | os.PathLike[str], key: str, value: Any) -> Path:
    """Keep `value`, plain JSON data, under `key` in a bundle's `measured.json`; other keys stay.

    Returns the file, written all or nothing. `BundleError` if there is no such bundle; `OSError` if the disk
    says no.
    """
    folder = bundle_folder(name_or_path)
    path = folder / "measured.json"
    data = _json({**load_measured(folder), key: value})
    with write_atomically(path) as file:
        file.write(data)
    return path


def _check_replaceable(target: Path) -> None:
    """A folder that is empty or holds a bundle may be replaced; anything else is somebody's work."""
    bundle = target.is_dir() and (not any(target.iterdir()) or (target / "model.keras").is_file())
    if target.exists() and not bundle:
        raise BundleError(f"{target} is there already and is not a model bundle; it was left as it is")


def _json(value: Any, indent: int | None = None) -> bytes:
    return (json.dumps(value, ensure_ascii=False, indent=indent) + "\n").encode("utf-8")


def _read_text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_JSON_BYTES + 1)
    except FileNotFoundError:
        raise BundleError(f"{path}: the file is missing") from None
    except OSError as error:
        raise BundleError(f"{path}: the file cannot be read: {error.strerror or error}") from None
    if len(data) > MAX_JSON_BYTES:
        raise BundleError(f"{path}: it is larger than {MAX_JSON_BYTES:,} bytes")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise BundleError(f"{path}: it is not UTF-8 text") from None


def _read_object(path: Path) -> dict[str, Any]:
    try:
        return parse_object(_read_text(path), "it")
    except ModelFileError as error:
        raise BundleError(f"{path}: {error}") from None
