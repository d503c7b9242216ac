"""Damaged and hostile files for everything that reads a file of somebody else's:

    python -m tests.fuzz READER --minutes 30 [--seed 0] [--folder findings]

A file that is well formed is changed at random (bits, cuts, copied stretches; of JSON a value; of a zip a
member, with its hashes made good again; of HDF5 an array's shape and type) and read by a process of its own.
What the reader does but to return or to raise the error that its docstring names is a finding: its input is
kept in `folder`. A crash is one, and so are more than `SECONDS` of the processor and more than `MEMORY`.
"""

# ruff: noqa: E501 (a file is easier to see as one text)

from __future__ import annotations

import argparse
import contextlib
import copy
import gzip
import hashlib
import io
import json
import os
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE / "unit")]

SECONDS = 10  # of the processor, for one file
MEMORY = 1 << 30  # bytes beyond what a process has when it starts

NASTY: list[Any] = [
    None, True, False, 0, -1, 1, 2**31, 2**63, 2**64, 10**400, -0.0, 1e308, float("nan"), float("inf"), -1e400,
    "", "\ud800", "\0", "\u202e", "é", "١٢", "=1+1", "<script>", "../../x", "a" * 3000, [], {}, [[]], {"": None},
    [None], [1, "a", 0.5], {"a": {"b": [1]}}, [10**400], {"epoch": 10**9}, ["\ud800"],
]  # fmt: skip


# -- changes ---------------------------------------------------------------------------------------------------


def of_bytes(data: bytes, rng: np.random.Generator) -> bytes:
    """Some bits, a cut, a stretch left out, doubled or overwritten."""
    changed = bytearray(data)
    for _ in range(int(rng.integers(1, 5))):
        if not changed:
            return bytes(rng.integers(0, 256, size=int(rng.integers(0, 64)), dtype=np.uint8))
        at = int(rng.integers(len(changed)))
        end = min(len(changed), at + int(2 ** rng.uniform(0, 8)))
        kind = int(rng.integers(7))
        if kind == 0:
            changed[at] ^= 1 << int(rng.integers(8))
        elif kind == 1:
            changed[at] = int(rng.choice([0, 1, 127, 128, 255, 10, 34, 44, 91, 123]))
        elif kind == 2:
            del changed[at:]
        elif kind == 3:
            del changed[at:end]
        elif kind == 4:
            changed[at:at] = changed[at:end] * int(rng.choice([1, 2, 50, 1000]))
        elif kind == 5:
            changed[at:end] = rng.integers(0, 256, size=end - at, dtype=np.uint8).tobytes()
        else:
            size = int(rng.choice([1, 2, 4, 8]))
            value = int(rng.choice([0, 1, 0x7F, 0xFF, 0x80])) if rng.integers(2) else 0xFF
            changed[at : at + size] = bytes([value]) * size
    return bytes(changed)


def of_json(data: bytes, rng: np.random.Generator) -> bytes:
    """One to three values replaced, removed, renamed, copied to another place or nested deeply."""
    value = json.loads(data)
    for _ in range(int(rng.integers(1, 4))):
        places = list(_places(value))
        if not places:
            break
        holder, key = places[int(rng.integers(len(places)))]
        kind = int(rng.integers(8))
        if kind < 4:
            holder[key] = copy.deepcopy(NASTY[int(rng.integers(len(NASTY)))])
        elif kind == 4:
            other, at = places[int(rng.integers(len(places)))]
            holder[key] = json.loads(json.dumps(other[at]))
        elif kind == 5:
            del holder[key]
        elif kind == 6 and isinstance(holder, dict):
            holder[str(NASTY[int(rng.integers(15, 25))])] = holder.pop(key)
        else:
            holder[key] = "DEEP"
    deep = int(rng.choice([100, 300, 900, 2000, 100_000]))
    left, right = rng.choice([("[", "]"), ('{"a":', "}")])
    return json.dumps(value).replace('"DEEP"', left * deep + "1" + right * deep).encode()


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    for key, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
        yield value, key
        if isinstance(inner, (dict, list)):
            yield from _places(inner)


def of_json_or_bytes(data: bytes, rng: np.random.Generator) -> bytes:
    return of_json(data, rng) if rng.integers(4) else of_bytes(data, rng)


def of_hdf5(data: bytes, rng: np.random.Generator) -> bytes:
    """An array of another shape, type or layout, or the bytes changed; mostly in the first kilobytes, where HDF5
    keeps what it says about its arrays."""
    import h5py

    if rng.integers(3):
        return of_bytes(data[:4096], rng) + data[4096:] if rng.integers(2) else of_bytes(data, rng)
    out = io.BytesIO(data)
    with h5py.File(out, "r+") as file:
        paths: list[str] = []
        file.visititems(lambda path, node: paths.append(path) if isinstance(node, h5py.Dataset) else None)
        path = paths[int(rng.integers(len(paths)))]
        array = file[path][()]
        del file[path]
        kind = int(rng.integers(8))
        if kind == 0:
            shape = tuple(int(2 ** rng.uniform(0, 40)) for _ in range(int(rng.integers(1, 4))))
            file.create_dataset(path, shape, "f4", chunks=tuple(min(n, 16) for n in shape))
        elif kind == 1:
            file.create_dataset(path, array.shape, chunks=array.shape, compression="gzip", data=array)
        elif kind == 2:
            file[path] = array.astype(rng.choice(["f2", "f8", "i4", "u1", "c8", "S5", ">f4"]))
        elif kind == 3:
            file[path] = np.full_like(array, rng.choice([np.nan, np.inf, 1e30, 1e6, -1e6, 1e-40]))
        elif kind == 4:
            file[path] = h5py.SoftLink(f"/{paths[0]}")
        elif kind == 5:
            file[path] = h5py.ExternalLink("other.h5", "/a")
        elif kind == 6:
            file.create_dataset(path, array.shape, "f4", external=[("/etc/passwd", 0, array.nbytes)])
        else:
            file.create_group(path)
    return out.getvalue()


def of_zip(
    data: bytes, rng: np.random.Generator, inner: dict[str, Callable[..., bytes]], repair: Any = None
) -> bytes:
    """A member changed as `inner` says by its name, renamed, doubled, left out, or packed a thousand times over."""
    if rng.integers(8) == 0:
        return of_bytes(data, rng)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    at = int(rng.integers(len(members)))
    name, content = members[at]
    kind = int(rng.integers(12))
    if kind == 0:
        members.append((name, of_bytes(content, rng)))
    elif kind == 1:
        del members[at]
    elif kind == 2:
        members[at] = (str(rng.choice(["../x", "/x", "x\0y", "a/b/", "card.json"])), content)
    elif kind == 3:
        members[at] = (name, content + b" " * (8 << 20))
    else:
        members[at] = (name, inner.get(name.rpartition("/")[2], of_bytes)(content, rng))
    if repair and rng.integers(10):
        members = repair(members)
    out = io.BytesIO()
    packing = int(rng.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2]))
    with warnings.catch_warnings(), zipfile.ZipFile(out, "w", packing) as archive:
        warnings.simplefilter("ignore")  # two of one name
        for name, content in members:
            archive.writestr(name, content)
    return of_bytes(out.getvalue(), rng) if rng.integers(20) == 0 else out.getvalue()


# -- readers ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reader:
    """`files` are well formed, `change` makes another of one, `read` reads it; `error` is what it may raise."""

    files: list[bytes]
    change: Callable[[bytes, np.random.Generator], bytes]
    read: Callable[[bytes], object]
    error: type[Exception] | tuple[type[Exception], ...]


def corpus() -> Reader:
    from text.formats import test_kinds as kinds

    from textgen.text.corpus import CorpusError, iter_recipes
    from textgen.text.passages import iter_passages

    records = kinds.records()
    texts = [json.dumps(shape(records), indent=2).encode() for shape in kinds.SHAPES.values()]
    texts += ["\n".join(map(json.dumps, records)).encode()]
    texts += [text.encode() for text in kinds.MARKDOWN]
    texts += [
        text.encode()
        for text in (
            'title,steps\nMoon Milk,"Warm the milk.\nStir in 2 spoons of honey."\nFog Toast,"[\'Toast\', ""it""]"\n',
            "Recipe Name;Step 1;Step 2\nMoon Milk;Warm the milk.;Stir.\n",
            "MMMMM----- Recipe via Meal-Master (tm) v8.05\n\n      Title: Moon Milk\n Categories: Drinks\n"
            "      Yield: 2 servings\n\n      1 c  milk\n\n  Warm the milk. Stir in 2 spoons of honey.\n\nMMMMM\n",
            "Moon Milk\nWarm the milk.\nStir in 2 spoons of honey.\n\nFog Toast\nToast the bread for 3 minutes.\n",
            "Moon Milk\n\nIngredients\n1 cup milk\n\nMethod\nWarm the milk.\nStir in 2 spoons of honey.\n",
            '<html><head><script type="application/ld+json">{"@type": "Recipe", "name": "Moon Milk", '
            '"recipeInstructions": ["Warm the milk.", "Stir in 2 spoons of honey."]}</script></head></html>',
        )
    ]
    packed = [gzip.compress(text) for text in texts[:2]]
    packed += [
        kinds.zipped({"a.json": texts[0], "b/c.md": texts[9], "d.zip": kinds.zipped({"e.txt": texts[-2]})})
    ]
    packed += [text.decode().encode("utf-16") for text in texts[:2]]

    def change(data: bytes, rng: np.random.Generator) -> bytes:
        if data.startswith(b"PK"):
            return of_zip(data, rng, {})
        if data[:1] in b"[{" and rng.integers(2):
            with contextlib.suppress(ValueError):
                return of_json(data, rng)
        if rng.integers(4) == 0 and not data.startswith(b"\x1f"):  # two formats in one
            other = texts[int(rng.integers(len(texts)))]
            data = data[: int(rng.integers(len(data) + 1))] + other[int(rng.integers(len(other))) :]
        return of_bytes(data, rng)

    def read(data: bytes) -> None:
        for suffix in (".json", ".csv", ".txt", ".md", ""):
            file = io.BytesIO(data)
            file.name = f"x{suffix}"
            with contextlib.suppress(CorpusError):
                for recipe in iter_recipes(file, str):
                    recipe.text.encode("utf-8")
        with contextlib.suppress(CorpusError):
            for passage in iter_passages(io.BytesIO(data), str):
                passage.text.encode("utf-8")

    return Reader(texts + packed, change, read, CorpusError)


def _keras_files() -> list[bytes]:
    from networks import KERAS_2, lstm_file, write_keras

    config, weights = lstm_file()
    with tempfile.TemporaryDirectory() as folder:
        ours = write_keras(Path(folder, "x.keras"), config, weights).read_bytes()
    return [
        ours,
        *(path.read_bytes() for path in sorted(KERAS_2.glob("*.keras")) + sorted(KERAS_2.glob("*.h5"))),
    ]


_IN_KERAS: dict[str, Callable[..., bytes]] = {
    "config.json": of_json_or_bytes,
    "metadata.json": of_json_or_bytes,
    "model.weights.h5": of_hdf5,
}


def keras() -> Reader:
    import h5py

    from textgen.network.keras_file import ModelFileError, read_blueprint

    def change(data: bytes, rng: np.random.Generator) -> bytes:
        if data.startswith(b"PK"):
            return of_zip(data, rng, _IN_KERAS)
        if rng.integers(2):
            return of_hdf5(data, rng)
        out = io.BytesIO(data)
        with h5py.File(out, "r+") as file:
            config = file.attrs["model_config"]
            text = of_json(config.encode() if isinstance(config, str) else config, rng)[:60_000]
            del file.attrs["model_config"]
            file.attrs["model_config"] = text
        return out.getvalue()

    def read(data: bytes) -> None:
        network = read_blueprint(io.BytesIO(data)).build()
        state: Any = tuple(layer.start(2) for layer in network.layers)
        for word in (0, 1, 0):
            logits, state = network.advance(np.array([word, word]), state)
            assert np.isfinite(logits).all(), "a network of sound weights gives scores that are none"

    return Reader(_keras_files(), change, read, ModelFileError)


def words() -> Reader:
    from networks import vocabulary

    from textgen.network.bring import bring
    from textgen.network.bundle import BundleError
    from textgen.text.word_list import WordListError, read_word_list

    listed = [f"w{n}" for n in range(7)]
    numbered = {word: n for n, word in enumerate(["<pad>", "<unk>", *listed])}
    tokenizer = {"class_name": "Tokenizer", "config": {"num_words": 9, "oov_token": "<unk>", "char_level": False,
                 "word_index": json.dumps(numbered), "index_word": json.dumps({n: w for w, n in numbered.items()})}}  # fmt: skip
    values = [
        vocabulary(9).words,
        ["[UNK]", *listed],
        numbered,
        {n: w for w, n in numbered.items()},
        tokenizer,
    ]
    files = [json.dumps(value).encode() for value in values]
    files += [json.dumps(json.dumps(tokenizer)).encode(), "\n".join(["", "[UNK]", *listed]).encode()]
    network = _keras_files()[0]

    def change(data: bytes, rng: np.random.Generator) -> bytes:
        return of_json_or_bytes(data, rng) if data[:1] in b"[{" else of_bytes(data, rng)

    def read(data: bytes) -> None:
        with contextlib.suppress(WordListError):
            read_word_list(data)
        for spare in (False, True):
            with contextlib.suppress(BundleError):
                bring(io.BytesIO(network), io.BytesIO(data), spare=spare)

    return Reader(files, change, read, WordListError)


def _bundle_folder(folder: Path) -> Path:
    from network.test_pack import HISTORY
    from small_bundles import CARD, small_bundle

    small_bundle(folder, size=9, dishes=[1])
    card = {**CARD, "title": "Mine", "title_information": {"modern": {"bits": 1.5, "low": 1.0, "high": 2.0}}}
    history = {**HISTORY, "epochs": [{"epoch": 0}, *HISTORY["epochs"]]}
    (folder / "card.json").write_text(json.dumps(card), encoding="utf-8")
    (folder / "history.json").write_text(json.dumps(history), encoding="utf-8")
    return folder


def _looked_at(name: str) -> None:
    """What pages do with a network that somebody brought."""
    from textgen.network.bundle import load_bundle, title_of
    from textgen.network.card import render_card
    from textgen.views import models

    bundle = load_bundle(name)
    title_of(name).encode("utf-8")
    render_card(bundle.card).encode("utf-8")
    models.figure_row(bundle, 1.0)
    models.layer_rows(bundle)
    history = bundle.history
    for what in ("perplexity", "loss"):
        models.curve_rows(history, what)
    for prompt in models.recorded_prompts(history):
        prompt.encode("utf-8")
        models.sample_rows(history, prompt)
        for epoch in models.recorded_epochs(history)[:3]:
            models.recorded_rows(history, prompt, epoch)
            models.recorded_summary(history, prompt, epoch)
        for heat in models.recorded_temperatures(history):
            models.learning_rows(history, prompt, heat)


def bundle() -> Reader:
    from textgen.network.bundle import BundleError
    from textgen.network.pack import MANIFEST, open_bundle, pack_bundle

    os.environ["SIMMER_HOME"] = tempfile.mkdtemp(prefix="simmer-fuzz-")
    folder = _bundle_folder(Path(os.environ["SIMMER_HOME"], "mine"))
    packed = pack_bundle(folder, Path(os.environ["SIMMER_HOME"], "mine.zip")).read_bytes()

    def repair(members: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
        with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError):
            manifest = json.loads(dict(members)[MANIFEST])
            hashes = {name: hashlib.sha256(data).hexdigest() for name, data in members if name != MANIFEST}
            manifest["sha256"] = hashes
            text = json.dumps(manifest).encode()
            return [(name, text if name == MANIFEST else data) for name, data in members]
        return members

    inner: dict[str, Callable[..., bytes]] = dict.fromkeys(
        ("card.json", "history.json", "vocabulary.json", MANIFEST), of_json_or_bytes
    )

    def read(data: bytes) -> None:
        opened, _ = open_bundle(io.BytesIO(data), "fuzzed", replace=True)
        _looked_at(opened.name)

    return Reader([packed], lambda data, rng: of_zip(data, rng, inner, repair), read, BundleError)


def folder() -> Reader:
    """The files of a bundle's folder, one of them changed; the members of the zip are those files."""
    from textgen.network.bundle import BundleError, fingerprint, load_bundle, title_of

    home = Path(tempfile.mkdtemp(prefix="simmer-fuzz-"))
    os.environ["SIMMER_HOME"] = str(home)
    mine = _bundle_folder(home / "user_bundles" / "mine")
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path in sorted(mine.iterdir()):
            archive.write(path, path.name)
    inner: dict[str, Callable[..., bytes]] = {path.name: of_json_or_bytes for path in mine.glob("*.json")}

    def read(data: bytes) -> None:
        names = [path.name for path in mine.iterdir()]
        damaged = (zipfile.BadZipFile, ValueError, OSError, NotImplementedError)
        with contextlib.suppress(*damaged), zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in names:
                if archive.namelist().count(name) == 1:
                    (mine / name).write_bytes(archive.read(name))
        title_of("mine").encode("utf-8", "surrogatepass")
        fingerprint("mine")
        load_bundle("mine")

    return Reader([out.getvalue()], lambda data, rng: of_zip(data, rng, inner), read, BundleError)


def study() -> Reader:
    import pyarrow as pa
    import pyarrow.parquet as pq
    from studies import PEOPLE, RISING, made_up

    from textgen.measuring.study.settings import StudyError
    from textgen.measuring.study.table import read_study
    from textgen.views import sweep

    good = made_up(RISING, PEOPLE, prompts=("soup", "pie")).to_parquet()
    key = b"simmer.study"

    def change(data: bytes, rng: np.random.Generator) -> bytes:
        if rng.integers(3) == 0:
            return of_bytes(data, rng)
        table = pq.read_table(io.BytesIO(data))
        about, metadata = table.schema.metadata[key], dict(table.schema.metadata)
        kind = int(rng.integers(6))
        if kind < 3:
            metadata[key] = of_json_or_bytes(about, rng)
        elif kind == 3:  # a value of the table
            rows = table.to_pylist()
            row = rows[int(rng.integers(len(rows)))]
            name = str(rng.choice(table.column_names))
            value = NASTY[int(rng.integers(len(NASTY)))]
            row[name] = value if isinstance(value, type(row[name])) or value is None else row[name]
            with contextlib.suppress(pa.ArrowException, OverflowError, ValueError):
                table = pa.Table.from_pylist(rows, table.schema)
        elif kind == 4:  # its rows
            table = table.take(pa.array(rng.integers(0, len(table), size=int(rng.integers(0, 200)))))
        else:  # a long text in every row
            texts = pa.array(["x" * int(2 ** rng.uniform(0, 22))] * len(table), pa.string())
            place = int(rng.integers(4))
            table = table.set_column(place, table.schema.field(place), texts)
        out = io.BytesIO()
        pq.write_table(table.replace_schema_metadata(metadata), out, compression="zstd")
        return out.getvalue()

    def read(data: bytes) -> None:
        found = read_study(data)
        found.to_csv().encode("utf-8")
        found.to_parquet()
        sweep.series_of(found)

    return Reader([good], change, read, StudyError)


def copies() -> Reader:
    """The index of copied runs, and a kept unit of a study: both are NumPy's .npz."""
    from text.formats.test_kinds import TWO

    from textgen.measuring.study.store import Store
    from textgen.text.copying import CopyIndex, CopyIndexError

    home = Path(tempfile.mkdtemp(prefix="simmer-fuzz-"))
    CopyIndex.of(TWO).save(home / "copies.npz")
    good = (home / "copies.npz").read_bytes()
    inner: dict[str, Callable[..., bytes]] = {}

    class Unit:
        key, count = "unit", 2

    def read(data: bytes) -> None:
        (home / "unit.npz").write_bytes(data)
        Store(home).get(Unit())  # type: ignore[arg-type]
        CopyIndex.load(home / "unit.npz")

    return Reader([good], lambda data, rng: of_zip(data, rng, inner), read, CopyIndexError)


READERS = {one.__name__: one for one in (corpus, keras, words, bundle, folder, study, copies)}


# -- running ---------------------------------------------------------------------------------------------------


def one(reader: Reader, rng: np.random.Generator, keep: Callable[[bytes], object] = len) -> str:
    """Change a file, `keep` it, read it; what is wrong with how that ended, or ""."""
    try:
        data = reader.change(reader.files[int(rng.integers(len(reader.files)))], rng)
    except (ValueError, RecursionError):  # what is changed is no file of its kind any more
        return ""
    keep(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            reader.read(data)
    except reader.error as error:
        if len(str(error)) > 3000:
            return f"a sentence of {len(str(error)):,} characters"
    except Exception:
        return traceback.format_exc()
    return ""


def work(name: str, seed: int, seconds: float, folder: Path) -> None:
    """One process's share; ends early at a crash, and the last input is in `folder`."""
    import resource
    import signal

    reader = READERS[name]()
    warm = np.random.default_rng(0)
    for _ in range(20):
        one(reader, warm)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
    rng, count, seen = np.random.default_rng(seed), 0, set()
    current = folder / f"{name}-{seed}-last"

    def begin(data: bytes) -> None:
        current.write_bytes(data)
        signal.setitimer(signal.ITIMER_PROF, SECONDS)  # its signal ends the process

    while time.process_time() < seconds:
        wrong = one(reader, rng, begin)
        signal.setitimer(signal.ITIMER_PROF, 0)
        count += 1
        frames = [line for line in wrong.splitlines() if line.startswith("  File")]
        place = wrong and (wrong.splitlines()[-1].partition(":")[0], *frames[-3:])
        if wrong and place not in seen:
            seen.add(place)
            (folder / f"{name}-{seed}-{count}").write_bytes(current.read_bytes())
            print(f"{name}, seed {seed}, file {count}:\n{wrong}", flush=True)
    print(f"{name}, seed {seed}: {count:,} files, {len(seen)} findings", flush=True)
    current.unlink(missing_ok=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("reader", choices=READERS)
    parser.add_argument("--minutes", type=float, default=30.0, help="of the processor")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", type=Path, default=Path("findings"))
    parser.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    args.folder.mkdir(exist_ok=True)
    if args.worker:
        return work(args.reader, args.seed, 60 * args.minutes, args.folder)
    left, seed = args.minutes, args.seed
    while left > 0.02:
        command = [sys.executable, "-m", "tests.fuzz", args.reader, "--worker", "--minutes", str(left)]
        before = sum(os.times()[2:4])
        code = subprocess.call([*command, "--seed", str(seed), "--folder", str(args.folder)])
        left -= (sum(os.times()[2:4]) - before) / 60
        if code:
            print(
                f"{args.reader}, seed {seed}: the process ended with {code}; see the file …-last", flush=True
            )
        seed += 1


if __name__ == "__main__":
    main()
