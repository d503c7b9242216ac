"""Where the project's own files and those of its users lie, and how files are written: all or nothing, tables
harmless to open."""

from __future__ import annotations

import contextlib
import csv
import io
import os
import secrets
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

# A wheel carries `assets` inside the package; in a checkout it stands beside it.
_INSIDE = Path(__file__).resolve().parent / "assets"
ASSETS = _INSIDE if _INSIDE.is_dir() else _INSIDE.parents[1] / "assets"

# What zipfile raises where a file is damaged.
ZIP_ERRORS = (
    zipfile.BadZipFile, EOFError, NotImplementedError, RuntimeError, ValueError, OverflowError, IndexError,
    struct.error, zlib.error,
)  # fmt: skip


def home() -> Path:
    """The folder of what users bring and train: `SIMMER_HOME`, or one in the platform's place for user data.

    It need not exist yet.
    """
    if named := os.environ.get("SIMMER_HOME"):
        return Path(named).absolute()
    return _usual_folder("LOCALAPPDATA", "Library/Application Support", "XDG_DATA_HOME", ".local/share")


def cache() -> Path:
    """The folder of what can be fetched again, as `home`; within `SIMMER_HOME` if that is set."""
    if os.environ.get("SIMMER_HOME"):
        return home() / "cache"
    return _usual_folder("LOCALAPPDATA", "Library/Caches", "XDG_CACHE_HOME", ".cache", "Cache")


def _usual_folder(windows: str, mac: str, linux: str, linux_usual: str, within: str = "") -> Path:
    """`simmer` in one of the platform's folders for users; `within` it where that serves all purposes."""
    if sys.platform == "win32":
        return Path(os.environ.get(windows) or Path.home() / "AppData" / "Local") / "simmer" / within
    if sys.platform == "darwin":
        return Path.home() / mac / "simmer"
    return Path(os.environ.get(linux) or Path.home() / linux_usual) / "simmer"


@contextlib.contextmanager
def write_atomically(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """A binary file to write in; what was written takes the place of `path` at the end of the `with`.

    An exception, or a machine that stops, leaves what was there before. `OSError` if the disk says no.
    """
    target = Path(os.path.abspath(path))
    unfinished = target.with_name(f".{target.name}-{secrets.token_hex(6)}")
    try:
        with unfinished.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())  # or a power cut leaves the new name with nothing in it
        os.replace(unfinished, target)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


class Lock:
    """A file that one process at a time can hold, until it lets go or ends, however it ends."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self._file: BinaryIO | None = None

    def take(self) -> bool:
        """Whether it is ours now."""
        if self._file is None:
            file = self.path.open("ab")
            if not _lock(file):
                file.close()
                return False
            self._file = file
        return True

    def release(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def is_held(self) -> bool:
        """Whether some process holds it."""
        if self._file is not None:
            return True
        if not self.path.exists():
            return False
        try:
            taken = self.take()
        except OSError:  # a folder in which nothing can be opened any more, so by nobody else either
            return False
        self.release()
        return not taken


if sys.platform == "win32":
    import msvcrt

    def _lock(file: BinaryIO) -> bool:
        try:
            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
else:
    import fcntl

    def _lock(file: BinaryIO) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True


def to_csv(rows: Sequence[Mapping[str, Any]], columns: Sequence[str] = ()) -> str:
    """Rows as CSV text: `columns`, or else those of the first row; a row may hold more.

    A text that a spreadsheet might run as a formula starts with an apostrophe (OWASP, *CSV injection*).
    """
    file = io.StringIO()
    names = columns or (list(rows[0]) if rows else [])
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(map(_harmless, names))
    for row in rows:
        writer.writerow([_harmless(row[name]) for name in names])
    return file.getvalue()


def _harmless(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    text = value.replace("\r\n", "\n").replace("\r", "\n")  # a bare CR ends a row, and is not always quoted
    return f"'{text}" if text.startswith(_FORMULAS) else text


_FORMULAS = ("=", "+", "-", "@", "\t", "\n", "＝", "＋", "－", "＠")  # the last four in Asian versions
