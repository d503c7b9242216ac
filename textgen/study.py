"""A study: what temperature does to texts, measured, with intervals; on one machine or on many.

`Settings` name the cells: temperatures x prompts x filters x models, each a batch of texts. A cell is cut
into units of work of at most 240 texts; `measure` does one, anywhere, and gives the same numbers wherever
and whenever it is done. `run` goes through the units in this process, in local processes or on a Dask
cluster, keeps what is finished in a `Store`, and so resumes; `Study` puts them together, becomes a tidy
table, and is read back from a file.
"""

from __future__ import annotations

import asyncio
import contextlib
import csv
import hashlib
import io
import json
import math
import os
import tempfile
import zipfile
from bisect import bisect
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    wait,
)
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property, lru_cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from textgen import exact
from textgen.batch import ENDED, Texts, score, write_all
from textgen.bundle import Bundle, BundleError, available_bundles, bundle_folder, fingerprint, load_bundle
from textgen.copying import INDEX, CopyIndexError, copy_index
from textgen.corpus import Recipe, recipe_text
from textgen.diversity import (
    LARGEST_SET,
    MEASURES,
    NAMES,
    bootstrap,
    contributions,
    distinct,
    self_bleu,
    values,
)
from textgen.sampling import Sampler, check_seed, check_temperature
from textgen.vocabulary import UNKNOWN, tokenize

FORMAT = 1  # of study files and of kept units
SAMPLES = 10  # texts a cell keeps to be read
NO_FILTER = "none"
MOST_CELLS = 20_000
LARGEST_FILE = 64 << 20
_GROUP_WORDS = 100_000  # of a group of units that are measured together: some seconds
_TURN_WORDS = 20_000  # the same where studies take turns: about a second
_PATIENCE = 10.0  # seconds that a scheduler may take to answer
_MOST_ROWS = MOST_CELLS * len(NAMES)

Floats = NDArray[np.float64]


class StudyError(ValueError):
    """A study that cannot be done, or a file that holds none: one sentence for the user."""


# -- what is asked ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cell:
    """One batch of texts: `model` continues `prompt` at `temperature` under `filter`; `judge` is the network
    whose second opinion is asked, "" for none."""

    model: str
    judge: str
    prompt: str
    filter: str
    temperature: float


@dataclass(frozen=True)
class Settings:
    """What a study measures. Equal settings and networks give equal tables, byte for byte.

    prompts       titles, or "title | opening words of the method"
    temperatures  in rising order
    models        names of released bundles, or folders
    filters       "none", or rules such as "top_k=40" or "top_p=0.9,min_p=0.05"
    texts         how many a cell has; text n is written with seed `seed + n`
    max_words     the most words of a text
    judges        for each model the network of the second opinion, "" for none; if empty, the first other
                  released one

    `StudyError` on anything that cannot be measured.
    """

    prompts: tuple[str, ...]
    temperatures: tuple[float, ...] = tuple(k / 10 for k in range(21))
    models: tuple[str, ...] = ("large",)
    filters: tuple[str, ...] = (NO_FILTER,)
    texts: int = 64
    max_words: int = 60
    seed: int = 0
    judges: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("prompts", "models", "filters"):
            values_ = tuple(dict.fromkeys(getattr(self, name)))
            object.__setattr__(self, name, values_)
            if not values_ or not all(isinstance(one, str) for one in values_):
                raise StudyError(f"a study needs at least one of its {name}")
        if not all(tokenize(prompt) for prompt in self.prompts):
            raise StudyError("a prompt is empty: say what to cook")
        if not self.temperatures:
            raise StudyError("there is no temperature to measure")
        for temperature in self.temperatures:
            try:
                check_temperature(temperature)
            except ValueError as error:
                raise StudyError(str(error)) from None
        object.__setattr__(self, "temperatures", tuple(sorted({float(t) for t in self.temperatures})))
        for name, most in (("texts", 1_000_000), ("max_words", 10_000)):
            value = getattr(self, name)
            if not (type(value) is int and 1 <= value <= most):
                raise StudyError(f"{name} must be a whole number from 1 to {most:,}, not {value!r}")
        try:
            check_seed(self.seed)
            check_seed(self.seed + self.texts - 1)
        except (ValueError, TypeError):
            raise StudyError(f"the seed must be a whole number from 0, not {self.seed!r}") from None
        for rules in self.filters:
            parse_filter(rules)
        if not self.judges:
            known = available_bundles()
            judges = tuple(next((name for name in known if name != model), "") for model in self.models)
            object.__setattr__(self, "judges", judges)
        if len(self.judges) != len(self.models) or not all(isinstance(one, str) for one in self.judges):
            raise StudyError("a study needs one judge for each of its models")
        count = len(self.prompts) * len(self.temperatures) * len(self.models) * len(self.filters)
        if count > MOST_CELLS:
            raise StudyError(f"these are {count:,} cells; a study has at most {MOST_CELLS:,}")

    @cached_property
    def cells(self) -> tuple[Cell, ...]:
        """All cells, in the order of the table."""
        return tuple(
            Cell(model, judge, prompt, rules, temperature)
            for model, judge in zip(self.models, self.judges, strict=True)
            for prompt in self.prompts
            for rules in self.filters
            for temperature in self.temperatures
        )

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_data(cls, data: Any) -> Settings:
        """Settings from plain data, as `asdict` gives them; `StudyError` if they are none."""
        if not isinstance(data, dict) or set(data) != set(cls.__dataclass_fields__):
            raise StudyError("its settings are not those of a study")
        lists = ("prompts", "temperatures", "models", "filters", "judges")
        if not all(isinstance(data[name], list) for name in lists):
            raise StudyError("its settings are not those of a study")
        known: dict[str, Any] = {
            name: tuple(value) if name in lists else value for name, value in data.items()
        }
        return cls(**known)


def prompt_text(prompt: str) -> str:
    """What the network continues: "title" or "title | opening" as `recipe for title | opening`."""
    title, _, opening = prompt.partition("|")
    return recipe_text(title.strip(), opening.strip())


def parse_temperatures(text: str) -> tuple[float, ...]:
    """ "0:2:0.1" (from, to, step; both ends included) or "0.2,0.7,1.2"; `StudyError` says what is wrong."""
    try:
        if ":" in text:
            numbers = [float(part) for part in text.split(":")]
            low, high, step = (*numbers, 0.1)[:3] if len(numbers) in (2, 3) else (math.nan,) * 3
            return temperature_range(low, high, step)
        return tuple(float(part) for part in text.split(","))
    except (ValueError, OverflowError) as error:
        if isinstance(error, StudyError):
            raise
        raise StudyError(
            f"temperatures are FROM:TO:STEP, such as 0:2:0.1, or a list, such as 0.2,0.7,1.2; not {text!r}"
        ) from None


def temperature_range(low: float, high: float, step: float) -> tuple[float, ...]:
    """The temperatures from `low` to `high`, both ends included where the step meets them."""
    if not all(math.isfinite(number) for number in (low, high, step)):
        raise StudyError("a range of temperatures needs three numbers: from, to and step")
    if low < 0:
        raise StudyError(f"a temperature is 0 or more, so the range cannot start at {low:g}")
    if low > high:
        raise StudyError(f"the range is reversed: it starts at {low:g} and ends at {high:g}")
    if step <= 0 and low < high:
        raise StudyError(f"the step between temperatures must be above 0, not {step:g}")
    count = 0 if low == high else math.floor((high - low) / step + 1e-9)
    if count > 1000:
        raise StudyError(f"that range has {count + 1:,} temperatures; at most 1,001 make sense")
    return tuple(round(low + k * step, 10) for k in range(count + 1))


def parse_filter(rules: str) -> dict[str, Any]:
    """ "none" or "top_k=40,top_p=0.9" -> what `Sampler` takes; `StudyError` says what is wrong."""
    if rules == NO_FILTER:
        return {}
    kinds = {"top_k": int, "top_p": float, "min_p": float, "typical_p": float, "repetition_penalty": float}
    found: dict[str, Any] = {}
    for rule in rules.split(","):
        name, _, value = rule.strip().partition("=")
        name = name.strip().replace("-", "_")
        if name not in kinds or name in found:
            raise StudyError(
                f"a filter is none or rules such as top_k=40,top_p=0.9, of {', '.join(kinds)}; not {rules!r}"
            )
        try:
            found[name] = kinds[name](value)
            Sampler(**found)
        except ValueError as error:
            raise StudyError(f"the filter {rules!r} cannot be: {error}") from None
    return found


# -- one unit of work ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Unit:
    """Texts `first` to `first + count - 1` of a cell, which are compared with one another as one set.

    marks  fingerprints of the network, the judge and the index of n-grams: another network of the same
           name is another unit
    """

    cell: Cell
    first: int
    count: int
    seed: int
    max_words: int
    marks: tuple[str, str, str]

    @cached_property
    def key(self) -> str:
        """The unit's name: equal for equal work, and for no other."""
        text = json.dumps([FORMAT, asdict(self)], sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:40]


@dataclass(frozen=True, eq=False)
class Result:
    """What was measured of a unit: the parts of its texts ([2, M, N], see `diversity.contributions`), and its
    first texts, words with spaces between."""

    parts: Floats
    samples: tuple[str, ...]


def measure(unit: Unit, threads: int = 1) -> Result:
    """Write the texts of a unit and measure them. The same numbers anywhere.

    `StudyError` if this machine's network is another one.
    """
    return measure_all([unit], threads)[0]


def measure_all(some: Sequence[Unit], threads: int = 1) -> list[Result]:
    """`measure` of units that differ in temperature alone, for much less than one after the other."""
    unit = some[0]
    cell = unit.cell
    bundle = _bundle(cell.model)
    judge = _bundle(cell.judge) if cell.judge else None
    if marks_of(cell.model, cell.judge) != unit.marks:
        raise StudyError(f"this machine has another version of {cell.model}, {cell.judge} or the index")
    suppress = tuple(bundle.vocabulary.encode([UNKNOWN]))
    rules = parse_filter(cell.filter)
    prompt = prompt_text(cell.prompt)
    first = unit.seed + unit.first
    written = write_all(
        bundle,
        prompt,
        samplers=[Sampler(one.cell.temperature, suppress=suppress, **rules) for one in some],
        seeds=range(first, first + unit.count),
        max_tokens=unit.max_words,
        threads=threads,
    )
    judged = np.split(_second_opinion(bundle, judge, prompt, written, threads), len(some))
    index = copy_index(_own_index(cell.model))
    results = []
    for texts, opinion in zip(written, judged, strict=True):
        words = [[bundle.vocabulary.words[t] for t in row if t > 0] for row in texts.tokens.tolist()]
        parts = contributions(
            words,
            ended=(texts.tokens == 0).any(axis=1).tolist(),
            tokens=texts.lengths,
            nats=texts.nats,
            entropy=texts.entropy,
            judged=opinion,
            index=index,
        )
        shown = words[: max(0, SAMPLES - unit.first)]
        results.append(Result(parts, tuple(" ".join(text) for text in shown)))
    return results


def _second_opinion(
    bundle: Bundle, judge: Bundle | None, prompt: str, written: Sequence[Texts], threads: int
) -> Floats:
    """-log p of all texts under the judge, one after the other; NaN without one."""
    tokens = np.concatenate([texts.tokens for texts in written])
    if judge is None:
        return np.full(len(tokens), np.nan)
    if judge is bundle:
        return np.concatenate([texts.nats for texts in written])
    different, which = np.unique(tokens, axis=0, return_inverse=True)
    if judge.vocabulary.words != bundle.vocabulary.words:
        ids = np.array([*judge.vocabulary.encode(bundle.vocabulary.words), ENDED], dtype=np.int32)
        different = ids[different]  # ENDED is -1: the last entry
    context = judge.vocabulary.encode(tokenize(prompt))
    return score(judge, [context] * len(different), different, threads=threads).nats[which.reshape(-1)]


@lru_cache(maxsize=6)
def _bundle(name: str) -> Bundle:
    return load_bundle(name)


def _own_index(model: str) -> Path | None:
    folder = bundle_folder(model)
    return folder if (folder / INDEX.name).is_file() else None


@lru_cache(maxsize=64)
def marks_of(model: str, judge: str) -> tuple[str, str, str]:
    """Fingerprints of a network, of its judge, and of the index of the recipes it learned from."""
    own = _own_index(model)
    index = own / INDEX.name if own else INDEX
    mark = hashlib.sha256(index.read_bytes()).hexdigest()[:16] if index.is_file() else ""
    return fingerprint(model), fingerprint(judge) if judge else "", mark


def units(settings: Settings) -> list[Unit]:
    """All units of a study, in the order in which they are done: a rough curve first, then its gaps.

    `BundleError` if a network cannot be read.
    """
    sets = math.ceil(settings.texts / LARGEST_SET)
    edges = [settings.texts * k // sets for k in range(sets + 1)]
    turn = {temperature: k for k, temperature in enumerate(_rough_first(settings.temperatures))}
    cells = sorted(settings.cells, key=lambda cell: turn[cell.temperature])  # stable: else as in the table
    return [
        Unit(
            cell,
            edges[k],
            edges[k + 1] - edges[k],
            settings.seed,
            settings.max_words,
            marks_of(cell.model, cell.judge),
        )
        for cell in cells
        for k in range(sets)
    ]


def _rough_first(temperatures: Sequence[float]) -> list[float]:
    """Middle, ends, then ever closer between."""
    count = len(temperatures)
    order: dict[int, None] = {(count - 1) // 2: None, 0: None, count - 1: None}
    step = count
    while step > 1:
        step = math.ceil(step / 2)
        order.update(dict.fromkeys(range(0, count, step)))
    return [temperatures[k] for k in order]


# -- what is kept of an unfinished study -----------------------------------------------------------


class Keeper(Protocol):
    """What keeps finished units: a `Store`, or the memory of a page."""

    def get(self, unit: Unit) -> Result | None: ...

    def put(self, unit: Unit, result: Result) -> None: ...


class Store:
    """Finished units in a folder, a file each, written all or nothing: an interrupted study goes on from
    them."""

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)

    def __contains__(self, unit: Unit) -> bool:
        return self.get(unit) is not None

    def get(self, unit: Unit) -> Result | None:
        """The kept result; None if there is none, or only one that cannot be read."""
        try:
            with self._path(unit).open("rb") as raw, np.load(raw, allow_pickle=False) as file:
                parts, text = file["parts"], file["samples"].tobytes().decode("utf-8")
            samples = json.loads(text)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return None
        if parts.shape != (2, len(NAMES), unit.count) or parts.dtype != np.float64:
            return None
        if not isinstance(samples, list) or not all(isinstance(sample, str) for sample in samples):
            return None
        return Result(parts, tuple(samples))

    def put(self, unit: Unit, result: Result) -> None:
        """Keep `result`. `OSError` if the disk says no."""
        self.folder.mkdir(parents=True, exist_ok=True)
        samples = json.dumps(result.samples, ensure_ascii=False).encode("utf-8")
        content = io.BytesIO()
        np.savez_compressed(content, parts=result.parts, samples=np.frombuffer(samples, dtype=np.uint8))
        _write(self._path(unit), content.getvalue())

    def clear(self) -> None:
        """Remove what is kept."""
        if self.folder.is_dir():
            for path in self.folder.glob("*.npz"):
                path.unlink(missing_ok=True)
            with contextlib.suppress(OSError):  # something else is in it
                self.folder.rmdir()

    def _path(self, unit: Unit) -> Path:
        return self.folder / f"{unit.key}.npz"


def _write(path: Path, data: bytes) -> None:
    """A file, all or nothing."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        os.chmod(name, 0o644)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


# -- doing it --------------------------------------------------------------------------------------


def run(
    settings: Settings,
    *,
    store: Keeper | None = None,
    scheduler: str | None = None,
    processes: int = 0,
    threads: int | None = None,
    lane: Executor | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[tuple[Unit, Result]]:
    """The units of a study and their results, as they are finished; those kept in `store` come first.

    scheduler  "tcp://host:port" of a running Dask cluster whose workers can import this package; the units
               are done there
    processes  without a scheduler: how many processes of this machine do them; 0 for this process itself
    threads    of this process (as many as the machine has processors)
    lane       an executor that the work goes through, where several studies of this process take turns
    stop       asked between groups of units; once true, no other is begun

    What does the work changes nothing in the results. `StudyError` if the scheduler is not there or a worker
    cannot do its work; what is finished stays in `store`.
    """
    missing = []
    for unit in units(settings):
        result = store.get(unit) if store else None
        if result is None:
            missing.append(unit)
        else:
            yield unit, result
    if not missing or stop():
        return
    groups = _groups(missing, _TURN_WORDS if lane else _GROUP_WORDS)
    if scheduler is not None:
        done = _on_cluster(groups, scheduler, stop)
    elif processes > 0:
        done = _in_processes(groups, processes, stop)
    else:
        done = _here(groups, threads or os.cpu_count() or 1, lane, stop)
    for group, results in done:
        for unit, result in zip(group, results, strict=True):
            if store:
                store.put(unit, result)
            yield unit, result


_Done = Iterator[tuple[list[Unit], list[Result]]]


def _groups(missing: Sequence[Unit], words: int) -> list[list[Unit]]:
    """What is measured together: at most eight units that differ in temperature alone, of about so many
    words. The first unit stands alone, so that something can be seen soon."""
    groups: list[list[Unit]] = [[missing[0]]]
    open_groups: dict[object, list[Unit]] = {}
    for unit in missing[1:]:
        kind = replace(unit, cell=replace(unit.cell, temperature=0.0))
        most = min(8, max(1, words // (unit.count * unit.max_words)))
        group = open_groups.get(kind)
        if group is None or len(group) >= most:
            group = open_groups[kind] = []
            groups.append(group)
        group.append(unit)
    return groups


def _here(
    groups: Sequence[list[Unit]], threads: int, lane: Executor | None, stop: Callable[[], bool]
) -> _Done:
    for group in groups:
        if stop():
            return
        yield (
            group,
            lane.submit(measure_all, group, threads).result() if lane else measure_all(group, threads),
        )


def _in_processes(groups: Sequence[list[Unit]], processes: int, stop: Callable[[], bool]) -> _Done:
    waiting = iter(groups)
    under_way: dict[Future[list[Result]], list[Unit]] = {}
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        while True:
            # No more are submitted than can be done at once, so that a stop takes no longer than they do.
            while len(under_way) < processes and not stop():
                group = next(waiting, None)
                if group is None:
                    break
                under_way[pool.submit(measure_all, group)] = group
            if not under_way:
                return
            for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                try:
                    yield under_way.pop(future), future.result()
                except BrokenExecutor:
                    raise StudyError("a process of the study has died; what was finished is kept") from None


def _on_cluster(groups: Sequence[list[Unit]], scheduler: str, stop: Callable[[], bool]) -> _Done:
    try:
        from distributed import Client, as_completed
    except ImportError:
        raise StudyError(
            "a cluster needs Dask; install it with: pip install -r requirements-cluster.txt"
        ) from None
    try:
        client = Client(scheduler, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError, TimeoutError, asyncio.TimeoutError):
        raise StudyError(f"no Dask scheduler answers at {scheduler}; start one: dask scheduler") from None
    with client:
        if not client.scheduler_info()["workers"]:
            raise StudyError(
                f"the scheduler at {scheduler} has no workers; start one: dask worker {scheduler}"
            )
        # A group of another study that is under way on the cluster may have the same name: it is the same.
        futures = {
            client.submit(measure_all, group, key=f"simmer-{group[0].key}-{len(group)}", retries=3): group
            for group in groups
        }
        try:
            for future in as_completed(list(futures), loop=client.loop):
                try:
                    results = future.result()
                except (BundleError, CopyIndexError, StudyError):
                    raise
                except Exception as error:
                    raise StudyError(f"a worker could not do its work: {error}") from error
                yield futures[future], results
                if stop():
                    return
        finally:
            client.cancel(list(futures))


# -- what was found --------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Figures:
    """The measures of a cell [M] with the ends of their 95 % intervals, and `human`, those of human text as
    its network reads it; NaN for what is not known. `samples` are its first texts, words with spaces between.
    """

    value: Floats
    low: Floats
    high: Floats
    human: Floats
    samples: tuple[str, ...]

    def of(self, name: str) -> tuple[float, float, float]:
        """Value, low and high of one measure."""
        k = NAMES.index(name)
        return float(self.value[k]), float(self.low[k]), float(self.high[k])


COLUMNS = (
    "model", "judge", "prompt", "filter", "temperature", "measure", "value", "low", "high", "human", "texts",
    "set_size", "max_words", "seed", "format",
)  # fmt: skip


@dataclass(eq=False)
class Study:
    """Settings, and the figures of the cells that are finished."""

    settings: Settings
    cells: dict[Cell, Figures] = field(default_factory=dict)
    _parts: dict[Cell, dict[int, Result]] = field(default_factory=dict, repr=False)

    @property
    def complete(self) -> bool:
        return len(self.cells) == len(self.settings.cells)

    @property
    def set_size(self) -> int:
        """How many texts are compared with one another."""
        return self.settings.texts // math.ceil(self.settings.texts / LARGEST_SET)

    def add(self, unit: Unit, result: Result) -> bool:
        """Take in a unit; True if its cell is finished with it."""
        found = self._parts.setdefault(unit.cell, {})
        found[unit.first] = result
        if sum(part.parts.shape[2] for part in found.values()) < self.settings.texts:
            return False
        ordered = [found[first] for first in sorted(found)]
        parts = np.concatenate([part.parts for part in ordered], axis=2)
        low, high = bootstrap(parts, seed=self.settings.seed % 2**64)
        human = reference(unit.cell, self.settings.max_words, self.set_size)
        samples = tuple(sample for part in ordered for sample in part.samples)[:SAMPLES]
        # Ten of float64's 16 digits are enough.
        columns = [np.array([_rounded(x, 10) for x in one]) for one in (values(parts), low, high, human)]
        self.cells[unit.cell] = Figures(columns[0], columns[1], columns[2], columns[3], samples)
        del self._parts[unit.cell]
        return True

    def rows(self) -> list[dict[str, Any]]:
        """The table: a row a cell and measure, finished cells in the order of the settings."""
        settings = self.settings
        last = {
            "texts": settings.texts,
            "set_size": self.set_size,
            "max_words": settings.max_words,
            "seed": settings.seed,
            "format": FORMAT,
        }
        rows = []
        for cell in settings.cells:
            if figures := self.cells.get(cell):
                for k, name in enumerate(NAMES):
                    numbers = (figures.value[k], figures.low[k], figures.high[k], figures.human[k])
                    row = dict(zip(("value", "low", "high", "human"), map(_known, numbers), strict=True))
                    rows.append({**asdict(cell), "measure": name, **row, **last})
        return rows

    def to_csv(self) -> str:
        """The table as CSV; a text that a spreadsheet might run as a formula starts with an apostrophe."""
        file = io.StringIO()
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for row in self.rows():
            writer.writerow(
                {
                    name: "'" + value if isinstance(value, str) and value[:1] in "=+-@\t" and value else value
                    for name, value in row.items()
                }
            )
        return file.getvalue()

    def to_parquet(self) -> bytes:
        """The table as Parquet, with the settings and the sample texts in its metadata: `read_study` reads
        it back."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        rows = self.rows()
        table = pa.table({name: pa.array([row[name] for row in rows], _arrow_type(name)) for name in COLUMNS})
        about = {
            "format": FORMAT,
            "settings": asdict(self.settings),
            "samples": [self.cells[cell].samples for cell in self.settings.cells if cell in self.cells],
        }
        table = table.replace_schema_metadata({_META: json.dumps(about, ensure_ascii=False).encode("utf-8")})
        content = io.BytesIO()
        pq.write_table(table, content, compression="zstd")
        return content.getvalue()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the table, all or nothing: Parquet, or CSV if the name ends so."""
        target = Path(os.path.abspath(path))
        data = self.to_csv().encode("utf-8") if target.suffix == ".csv" else self.to_parquet()
        _write(target, data)


_META = b"simmer.study"
_TEXTS = ("model", "judge", "prompt", "filter", "measure")
_COUNTS = ("texts", "set_size", "max_words", "format")


def _known(number: float) -> float | None:
    return None if math.isnan(number) else float(number)


def _arrow_type(name: str) -> Any:
    import pyarrow as pa

    if name in _TEXTS:
        return pa.string()
    return pa.uint64() if name == "seed" else pa.int32() if name in _COUNTS else pa.float64()


def read_study(source: bytes | str | os.PathLike[str]) -> Study:
    """The study of a Parquet file, or of its bytes. `StudyError` if it holds none, or one of another version.

    Nothing in it is trusted: settings, names, numbers and sizes are checked.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        if isinstance(source, bytes):
            data = source
        else:
            with open(source, "rb") as raw:
                data = raw.read(LARGEST_FILE + 1)
        if len(data) > LARGEST_FILE:
            raise StudyError(f"the file is larger than {LARGEST_FILE:,} bytes")
        file = pq.ParquetFile(io.BytesIO(data))
        about = json.loads((file.schema_arrow.metadata or {}).get(_META, b"null"))
        if not isinstance(about, dict):
            raise StudyError("the file is Parquet, but not a study")
        if about.get("format") != FORMAT:
            raise StudyError(
                f"the study is of version {str(about.get('format'))[:20]}, and this program reads version "
                f"{FORMAT}: measure it again"
            )
        if file.metadata.num_rows > _MOST_ROWS or tuple(file.schema_arrow.names) != COLUMNS:
            raise StudyError("the study's table is not one that this program writes")
        if any(file.schema_arrow.field(name).type != _arrow_type(name) for name in COLUMNS):
            raise StudyError("the study's table is not one that this program writes")
        rows = file.read(use_threads=False).to_pylist()
    except StudyError:
        raise
    except FileNotFoundError:
        raise StudyError(f"{source!r}: the file is missing") from None
    except (pa.ArrowException, RecursionError):
        raise StudyError("the file is not a whole Parquet file, so no study can be read from it") from None
    except (OSError, ValueError) as error:
        reason = (str(error) or "no reason given").splitlines()[0][:200]
        raise StudyError(f"the file cannot be read as a study: {reason}") from None
    return _from_rows(about, rows)


def _from_rows(about: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Study:
    try:
        settings = Settings.from_data(about.get("settings"))
    except (TypeError, StudyError) as error:
        raise StudyError(f"the study's settings cannot be used: {error}") from None
    samples = about.get("samples")
    study = Study(settings)
    size = len(NAMES)
    if not isinstance(samples, list) or len(rows) != size * len(samples):
        raise StudyError("the study's texts and figures do not belong together")
    at = {cell: k for k, cell in enumerate(settings.cells)}
    last = -1
    for n, texts in enumerate(samples):
        some = rows[n * size : (n + 1) * size]
        one = Cell(*(some[0][name] for name in ("model", "judge", "prompt", "filter", "temperature")))
        k = at.get(one, -1)
        if k <= last or [row["measure"] for row in some] != list(NAMES):
            raise StudyError("the study's rows are not in the order of its settings")
        last = k
        numbers = {
            name: np.array([math.nan if row[name] is None else row[name] for row in some], dtype=float)
            for name in ("value", "low", "high", "human")
        }
        if any(np.isneginf(column).any() for column in numbers.values()):
            raise StudyError("a figure of the study is not a number")
        if not isinstance(texts, list) or not all(isinstance(t, str) and len(t) < 1 << 20 for t in texts):
            raise StudyError("the study's texts are not texts")
        study.cells[one] = Figures(**numbers, samples=tuple(texts[:SAMPLES]))
    return study


# -- human text, for reference ---------------------------------------------------------------------

HUMAN_WORDS = (10, 20, 30, 40, 60, 80, 100, 150, 200)
HUMAN_SETS = (2, 4, 8, 16, 32, 64, 128, 240)
_OF_SETS = tuple(name for name, one in MEASURES.items() if one.of_set)


def human_figures(
    bundle: Bundle, recipes: Sequence[Recipe], *, folder: Path | None = None, threads: int = 1
) -> dict[str, Any]:
    """The measures of human recipes, cut to each of `HUMAN_WORDS`, as the network of `bundle` reads them.

    Plain numbers for a bundle's `measured.json`, under "human": `words` (words -> measure -> value, low,
    high), and for the measures that depend on how many texts are compared `sets` (words -> texts -> measure
    -> value), means over sets drawn from the recipes. The network reads each title and is asked about the
    method alone, as it is with texts of its own. `ValueError` if there are fewer than two recipes.
    """
    if len(recipes) < 2:
        raise ValueError("human text needs at least two recipes")
    vocabulary = bundle.vocabulary
    contexts, bodies = [], []
    for recipe in recipes:
        words = tokenize(recipe.text)
        bar = words.index("|") + 1
        contexts.append(vocabulary.encode(words[:bar]))
        bodies.append(words[bar:])
    rng = np.random.Generator(np.random.Philox(key=FORMAT))
    index = copy_index(folder)
    found: dict[str, Any] = {"format": FORMAT, "recipes": len(recipes), "words": {}, "sets": {}}
    for most in HUMAN_WORDS:
        tokens = np.full((len(bodies), most), ENDED, dtype=np.int32)
        for n, body in enumerate(bodies):
            ids = [*vocabulary.encode(body), 0][:most]
            tokens[n, : len(ids)] = ids
        read = score(bundle, contexts, tokens, threads=threads)
        texts = [body[:most] for body in bodies]

        everything = contributions(
            texts,
            ended=(tokens == 0).any(axis=1).tolist(),
            tokens=read.lengths,
            nats=read.nats,
            entropy=read.entropy,
            judged=np.full(len(texts), np.nan),
            index=index,
        )
        ends = (values(everything), *bootstrap(everything))
        found["words"][str(most)] = {
            name: [_rounded(column[k]) for column in ends]
            for k, name in enumerate(NAMES)
            if name not in _OF_SETS and np.isfinite(ends[0][k])
        }
        sets: dict[str, dict[str, float]] = {}
        for size in HUMAN_SETS:
            if size <= len(texts):
                drawn = [
                    [texts[n] for n in rng.choice(len(texts), size, replace=False)]
                    for _ in range(max(1, min(8, 512 // size)))
                ]
                measured = [(distinct(some, 1), distinct(some, 2), self_bleu(some)) for some in drawn]
                sets[str(size)] = dict(zip(_OF_SETS, map(_rounded, np.mean(measured, axis=0)), strict=True))
        found["sets"][str(most)] = sets
    return found


def _rounded(number: float, digits: int = 6) -> float:
    return float(f"{number:.{digits}g}")


def reference(cell: Cell, max_words: int, set_size: int) -> Floats:
    """The measures of human text [M] for the texts of `cell`; NaN for what its networks' files do not say.

    Between the numbers of words and texts that were measured, straight lines over their logarithms; beyond
    them the nearest.
    """
    own = _bundle(cell.model).measured.get("human")
    judge = _bundle(cell.judge).measured.get("human") if cell.judge else None
    result = np.full(len(NAMES), np.nan)
    try:
        for k, name in enumerate(NAMES):
            source, asked = (judge, "perplexity") if name == "judged" else (own, name)
            if not isinstance(source, dict) or source.get("format") != FORMAT:
                continue
            if name in _OF_SETS:
                at = {
                    int(words): _between({int(size): row[asked] for size, row in sets.items()}, set_size)
                    for words, sets in source["sets"].items()
                }
            else:
                at = {int(words): row[asked][0] for words, row in source["words"].items() if asked in row}
            result[k] = _between(at, max_words)
    except (KeyError, TypeError, ValueError, AttributeError):  # a file that somebody else wrote
        return np.full(len(NAMES), np.nan)
    return result


def _between(points: Mapping[int, float], at: int) -> float:
    if not points:
        return math.nan
    places = sorted(points)
    after = bisect(places, at)
    if after in (0, len(places)):
        return float(points[places[max(after - 1, 0)]])
    low, high = places[after - 1], places[after]
    way = exact.log(at / low) / exact.log(high / low)
    return float(points[low] + (points[high] - points[low]) * way)
