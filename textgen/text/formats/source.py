"""From a path to texts: files, folders, zip and gzip, encodings; and what is no text, by its name.

Nothing is unpacked to disk, so the names in an archive are labels and no more.
"""

from __future__ import annotations

import codecs
import gzip
import io
import os
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from textgen.files import ZIP_ERRORS
from textgen.text.formats.stream import BrokenOff, NotRead

_CHUNK = 1 << 16  # bytes
_LOOK = 1 << 12  # bytes from which a file's kind and encoding are told
_BOMB_SIZE, _BOMB_RATIO = 1 << 26, 200  # unpacked bytes from which, and times the packed size: not a text
_LARGEST_LIST = 1 << 26  # bytes of the list of files in a zip file
_DEEPEST = 2  # zip files within zip files
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")

# What a file that is known and not read starts with, and what it is.
_STARTS: tuple[tuple[str, bytes], ...] = (
    ("a PDF", rb".{0,1000}%PDF-\d"),
    ("an RTF text", rb"\{\\rtf"),
    ("a Parquet table", rb"PAR1[^\w\s]"),
    ("an SQLite database", rb"SQLite format 3\0"),
    ("an HDF5 file", rb"\x89HDF\r\n"),
    ("an old Office document (DOC or XLS); save it as text or CSV", rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"),
    ("a NumPy array", rb"\x93NUMPY"),
    ("an Arrow or Feather table", rb"ARROW1|FEA1"),
    ("an Avro file", rb"Obj\x01"),
    ("a Python pickle, which can run code and is never opened",
     rb"\x80[\x02-\x05][\x95\]}()cq\x8cKXU]|\([ld]p\d+\n|c[a-z_.]+\n[A-Za-z_.]+\n[(t]"),
    ("an image", rb"\x89PNG|\xff\xd8\xff|GIF8[79]a|RIFF....WEBP|II\*\0|MM\0\*|....ftyp(?:heic|mif1|avif)"),
    ("a sound or a film", rb"RIFF....(?:WAVE|AVI )|ID3[\x02-\x04]|....ftyp"),
    ("a bzip2 file; unpack it first", rb"BZh\d1AY&SY"),
    ("an xz file; unpack it first", rb"\xfd7zXZ\0"),
    ("a Zstandard file; unpack it first", rb"\x28\xb5\x2f\xfd"),
    ("a 7z archive; unpack it first", rb"7z\xbc\xaf\x27\x1c"),
    ("a RAR archive; unpack it first", rb"Rar!\x1a"),
    ("a tar archive; unpack it first", rb".{257}ustar"),
    ("a program", rb"\x7fELF|MZ\x90"),
    ("a Git LFS pointer, not the file itself; run git lfs pull", rb"version https://git-lfs\.github\.com/spec/"),
)  # fmt: skip
# The same of zip files, by a name in them.
_INSIDE = (
    ("word/document.xml", "a Word document (DOCX); save it as text"),
    ("xl/workbook.xml", "an Excel workbook (XLSX); save it as CSV"),
    ("ppt/presentation.xml", "a presentation (PPTX)"),
    ("META-INF/container.xml", "an e-book (EPUB); save it as text"),
    ("content.xml", "an OpenDocument file (ODT or ODS); save it as text or CSV"),
    ("model.weights.h5", "a Keras network"),
    ("META-INF/MANIFEST.MF", "a Java archive"),
)
# What lies beside recipes in folders and archives, of which nothing need be said.
_BESIDE = re.compile(
    r"(?:^|/)(?:\.(?!\.?/)|__MACOSX/|Thumbs\.db$|desktop\.ini$)|\.(?:jpe?g|png|gif|webp|heic|svg|css|js)$",
    re.IGNORECASE,
)
_CODECS = {
    "UTF-8": "utf-8-sig",
    "UTF-16": "utf-16",
    "UTF-16-LE": "utf-16-le",
    "UTF-16-BE": "utf-16-be",
    "UTF-32": "utf-32",
}


class Text(Iterator[str]):
    """The text of a file in chunks, unpacked, without byte order mark, line ends as "\\n".

    Bytes that the encoding has not become lone surrogates, so that only the record they stand in is lost.
    `encoding` is final once all has been read.
    """

    def __init__(self, file: Any) -> None:
        self.encoding = "UTF-8"
        self._sure = False
        self._chunks = self._read(file)

    def __next__(self) -> str:
        return next(self._chunks)

    def _read(self, file: Any) -> Iterator[str]:
        line = 1
        newlines = io.IncrementalNewlineDecoder(None, translate=True)
        decoder: Any = None
        for piece in _pieces(file):
            if isinstance(piece, str):
                raise BrokenOff(line, piece)
            if decoder is None:
                self.encoding = _encoding_of(piece)
                errors = "surrogateescape" if self.encoding == "UTF-8" else "replace"
                decoder = codecs.getincrementaldecoder(_CODECS[self.encoding])(errors)
            held = decoder.getstate()[0]
            text = decoder.decode(piece, not piece)
            if self.encoding == "UTF-8" and not self._sure and not text.isascii():
                odd = sum("\udc80" <= c <= "\udcff" for c in text)
                good = sum(c > "\x7f" for c in text) - odd
                if odd > good:  # bytes that are no UTF-8 are those of Windows and of old web pages
                    self.encoding = "Windows-1252"
                    decoder = codecs.getincrementaldecoder("cp1252")("surrogateescape")
                    text = decoder.decode(held + piece, not piece)
                self._sure = True
            text = newlines.decode(text, not piece)
            if text:
                yield text
            line += text.count("\n")


def _pieces(file: Any) -> Iterator[bytes | str]:
    """The unpacked bytes of a file, b"" at its end; a text instead says why it breaks off."""
    packed = file.peek(2)[:2] == b"\x1f\x8b"
    stream: Any = gzip.GzipFile(fileobj=_Sips(file)) if packed else file  # type: ignore[call-overload]
    budget = _Budget()
    first: bytes | None = b""
    try:
        while True:
            data = stream.read1(_CHUNK)  # unlike read, it returns what there is before a break
            if packed:
                budget.spend(len(data), file.tell())
            if first is not None:
                first += data
                if data and len(first) < _LOOK:
                    continue
                start, first = first, None
                _refuse_binary(start)
                yield start
                if data:
                    continue
            yield data
            if not data:
                return
    except EOFError:
        reason = "the packed file breaks off here"
    except (gzip.BadGzipFile, *ZIP_ERRORS):
        reason = "the packed file is damaged from here on"
    except Bomb as bomb:
        reason = str(bomb)
    if first:
        _refuse_binary(first)
        yield first
    yield reason


class _Sips:
    """A packed file that hands out little at a time, so that its position is where unpacking stands.

    From Python 3.12 on gzip reads 128 KB ahead: a small bomb would count as read whole before it unpacks.
    """

    def __init__(self, file: Any) -> None:
        self._file = file

    def read(self, size: int) -> bytes:
        return self._file.read(min(size, 1 << 12))


def _refuse_binary(data: bytes) -> None:
    """`NotRead` if this is what a file starts with that holds no text."""
    for kind, pattern in _STARTS:
        if re.match(pattern, data, re.DOTALL):
            raise NotRead(f"is {kind}")
    if _encoding_of(data) == "UTF-8":
        controls = sum(byte < 9 or 13 < byte < 27 or 27 < byte < 32 for byte in data[:_LOOK])
        if controls > max(3, 0.02 * len(data[:_LOOK])):
            raise NotRead("is not text, and of no kind that is known here")


def _encoding_of(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "UTF-32"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "UTF-16"
    half = len(data[:_LOOK]) // 2
    even, odd = data[:_LOOK:2].count(0), data[1:_LOOK:2].count(0)
    if half and max(even, odd) > 0.4 * half and min(even, odd) < 0.1 * half:
        return "UTF-16-LE" if odd > even else "UTF-16-BE"
    return "UTF-8"


class Bomb(Exception):
    """The reason why a file is not unpacked to its end."""


class _Budget:
    """How much may come out of what is packed in a file."""

    def __init__(self) -> None:
        self.size = 0
        self.spent = False

    def spend(self, count: int, packed: int) -> None:
        """`count` more bytes were unpacked, from `packed` bytes so far; `Bomb` if that is too many."""
        self.size += count
        self.spent = self.size > _BOMB_SIZE and self.size > _BOMB_RATIO * max(packed, 1)
        if self.spent:
            raise Bomb(f"it unpacks to over {_BOMB_RATIO} times its size")


def texts_in(path: str | os.PathLike[str] | BinaryIO) -> Iterator[tuple[str, Text | NotRead]]:
    """The texts of a file, or of all in a folder or a zip file: a name within it ("" for the file itself),
    and the text or the reason why there is none. A text is to be read before the next is asked for."""
    if not isinstance(path, (str, os.PathLike)):
        reader: Any = io.BufferedReader(path)
        try:
            yield from _texts_of(reader, "")
        finally:
            reader.detach()  # the caller's file stays open
    elif Path(path).is_dir():
        for folder, folders, files in os.walk(path):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(files):
                whole = Path(folder, name)
                if not _BESIDE.search(name) and whole.is_file():
                    with whole.open("rb") as file:
                        yield from _texts_of(file, whole.relative_to(path).as_posix())
    else:
        with open(path, "rb") as file:
            yield from _texts_of(file, "")


def _texts_of(
    file: Any, label: str, budget: _Budget | None = None, depth: int = 0
) -> Iterator[tuple[str, Text | NotRead]]:
    if file.peek(4)[:4] not in _ZIP:
        yield label, Text(file)
        return
    try:
        packed = file.seek(0, io.SEEK_END)
        file.seek(max(0, packed - (1 << 16) - 22))
        tail = file.read()
        file.seek(0)
        end = tail.rfind(b"PK\x05\x06")
        if end >= 0 and int.from_bytes(tail[end + 12 : end + 16], "little") > _LARGEST_LIST:
            raise zipfile.BadZipFile("too many files in it")
        with zipfile.ZipFile(file) as archive:
            yield from _members(archive, label, packed, budget or _Budget(), depth)
    except ZIP_ERRORS as error:  # what cannot be searched is a ValueError
        yield label, NotRead(f"is a zip file that cannot be read ({error!s:.200})")


def _members(
    archive: zipfile.ZipFile, label: str, packed: int, budget: _Budget, depth: int
) -> Iterator[tuple[str, Text | NotRead]]:
    names = set(archive.namelist())
    for inside, kind in _INSIDE:
        if inside in names:
            yield label, NotRead(f"is {kind}")
            return
    for entry in archive.infolist():
        name = f"{label}/{entry.filename}" if label else entry.filename
        if entry.is_dir() or _BESIDE.search(entry.filename):
            continue
        if entry.flag_bits & 1:
            yield name, NotRead("is locked with a password")
            continue
        if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            yield name, NotRead("is packed in a way that is not read; zip it in the usual way")
            continue
        try:
            with archive.open(entry) as member:
                stream = io.BufferedReader(_Counted(member, budget, packed))
                if stream.peek(4)[:4] not in _ZIP:
                    yield name, Text(stream)
                elif depth >= _DEEPEST:
                    yield name, NotRead("is a zip file within zip files within a zip file")
                else:
                    content = stream.read(_BOMB_SIZE + 1)
                    if len(content) > _BOMB_SIZE:
                        raise zipfile.BadZipFile("too large for a zip within a zip; unpack the outer one")
                    nested = io.BufferedReader(io.BytesIO(content))
                    yield from _texts_of(nested, name, budget, depth + 1)
        except Bomb as bomb:
            yield name, NotRead(f"is not unpacked to its end: {bomb}")
        except ZIP_ERRORS as error:
            yield name, NotRead(f"cannot be unpacked ({error!s:.200})")
        if budget.spent:
            return


class _Counted(io.RawIOBase):
    """A member of a zip file, whose bytes are counted as they come."""

    def __init__(self, member: Any, budget: _Budget, packed: int) -> None:
        self._member, self._budget, self._packed = member, budget, packed
        self._count = 0

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._count

    def readinto(self, buffer: Any) -> int:
        data = self._member.read1(len(buffer))
        self._budget.spend(len(data), self._packed)
        self._count += len(data)
        buffer[: len(data)] = data
        return len(data)
