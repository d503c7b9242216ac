"""What a study has found: figures with intervals, as a tidy table, and read back from a file."""

from __future__ import annotations

import io
import json
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from textgen.apart import apart
from textgen.files import to_csv, write_atomically
from textgen.measuring.diversity import LARGEST_SET, NAMES, bootstrap, values
from textgen.measuring.study.human import reference, rounded
from textgen.measuring.study.settings import FORMAT, MOST_CONDITIONS, Condition, Floats, Settings, StudyError
from textgen.measuring.study.units import SAMPLES, Result, Unit

LARGEST_FILE = 64 << 20
COLUMNS = (
    "model", "judge", "prompt", "filter", "temperature", "measure", "value", "low", "high", "human", "texts",
    "set_size", "max_words", "seed", "format",
)  # fmt: skip
_TEXTS = ("model", "judge", "prompt", "filter", "measure")
_COUNTS = ("texts", "set_size", "max_words", "format")
_META = b"simmer.study"
_MOST_ROWS = MOST_CONDITIONS * len(NAMES)


@dataclass(frozen=True, eq=False)
class Figures:
    """The measures of a condition [M] with the ends of their 95 % intervals, and `human`, those of human text
    as its network reads it; NaN for what is not known. `samples` are its first texts, words with spaces
    between."""

    value: Floats
    low: Floats
    high: Floats
    human: Floats
    samples: tuple[str, ...]

    def of(self, name: str) -> tuple[float, float, float]:
        """Value, low and high of one measure."""
        k = NAMES.index(name)
        return float(self.value[k]), float(self.low[k]), float(self.high[k])


@dataclass(eq=False)
class Study:
    """Settings, and the figures of the conditions that are finished."""

    settings: Settings
    figures: dict[Condition, Figures] = field(default_factory=dict)
    _parts: dict[Condition, dict[int, Result]] = field(default_factory=dict, repr=False)

    @property
    def complete(self) -> bool:
        return len(self.figures) == len(self.settings.conditions)

    @property
    def set_size(self) -> int:
        """How many texts are compared with one another."""
        return self.settings.texts // math.ceil(self.settings.texts / LARGEST_SET)

    def add(self, unit: Unit, result: Result) -> bool:
        """Take in a unit; True if its condition is finished with it."""
        results = self._parts.setdefault(unit.condition, {})
        results[unit.first] = result
        if sum(part.parts.shape[2] for part in results.values()) < self.settings.texts:
            return False
        ordered = [results[first] for first in sorted(results)]
        parts = np.concatenate([part.parts for part in ordered], axis=2)  # [2, M, texts]
        low, high = bootstrap(parts, seed=self.settings.seed % 2**64)
        human = reference(unit.condition, self.settings.max_words, self.set_size)
        samples = tuple(sample for part in ordered for sample in part.samples)[:SAMPLES]
        # Ten of float64's 16 digits are enough.
        value, low, high, human = (
            np.array([rounded(x, 10) for x in column]) for column in (values(parts), low, high, human)
        )
        self.figures[unit.condition] = Figures(value, low, high, human, samples)
        del self._parts[unit.condition]
        return True

    def rows(self) -> list[dict[str, Any]]:
        """The table: a row for each measure of a finished condition, in the order of the settings."""
        settings = self.settings
        last = {
            "texts": settings.texts,
            "set_size": self.set_size,
            "max_words": settings.max_words,
            "seed": settings.seed,
            "format": FORMAT,
        }
        rows = []
        for condition in settings.conditions:
            if figures := self.figures.get(condition):
                for k, name in enumerate(NAMES):
                    numbers = (figures.value[k], figures.low[k], figures.high[k], figures.human[k])
                    row = dict(zip(("value", "low", "high", "human"), map(_known, numbers), strict=True))
                    rows.append({**asdict(condition), "measure": name, **row, **last})
        return rows

    def to_csv(self) -> str:
        """The table as CSV."""
        return to_csv(self.rows(), COLUMNS)

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
            "samples": [self.figures[c].samples for c in self.settings.conditions if c in self.figures],
        }
        table = table.replace_schema_metadata({_META: json.dumps(about, ensure_ascii=False).encode("utf-8")})
        content = io.BytesIO()
        pq.write_table(table, content, compression="zstd")
        return content.getvalue()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the table, all or nothing: Parquet, or CSV if the name ends so."""
        with write_atomically(path) as file:
            file.write(self.to_csv().encode("utf-8") if Path(path).suffix == ".csv" else self.to_parquet())


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
        json.dumps(about, ensure_ascii=False).encode("utf-8")  # what JSON can spell and no file takes
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
    except UnicodeEncodeError:
        raise StudyError("the study holds half a character, which no file takes") from None
    except (OSError, ValueError) as error:
        reason = (str(error) or "no reason given").splitlines()[0][:200]
        raise StudyError(f"the file cannot be read as a study: {reason}") from None
    return _from_rows(about, rows)


def read_strangers_study(data: bytes) -> Study:
    """`read_study` of what somebody sent: a process of its own reads it first, and writes it anew."""
    return read_study(apart(written_anew, data, error=StudyError))


def written_anew(data: bytes) -> bytes:
    """The study of a Parquet file's bytes as a Parquet file of this program."""
    return read_study(data).to_parquet()


def _from_rows(about: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> Study:
    try:
        settings = Settings.from_data(about.get("settings"))
    except (TypeError, OverflowError, StudyError) as error:
        raise StudyError(f"the study's settings cannot be used: {str(error)[:200]}") from None
    samples = about.get("samples")
    study = Study(settings)
    # The measures of the version that wrote it: of one that is new since then nothing is known.
    names = list(dict.fromkeys(row["measure"] for row in rows))
    size = len(names)
    if not isinstance(samples, list) or bool(samples) != bool(rows) or len(rows) != size * len(samples):
        raise StudyError("the study's texts and figures do not belong together")
    if unknown := [name for name in names if name not in NAMES]:
        raise StudyError(f"the study has a measure that this version does not know: {unknown[0]!r:.80}")
    places = {condition: k for k, condition in enumerate(settings.conditions)}
    last = -1
    for n, texts in enumerate(samples):
        block = rows[n * size : (n + 1) * size]
        condition = Condition(
            *(block[0][name] for name in ("model", "judge", "prompt", "filter", "temperature"))
        )
        k = places.get(condition, -1)
        if k <= last or [row["measure"] for row in block] != names:
            raise StudyError("the study's rows are not in the order of its settings")
        last = k
        by_name = {row["measure"]: row for row in block}
        numbers = {
            column: np.array([_number(by_name, name, column) for name in NAMES])
            for column in ("value", "low", "high", "human")
        }
        if any(np.isneginf(column).any() for column in numbers.values()):
            raise StudyError("a figure of the study is not a number")
        if not isinstance(texts, list) or not all(isinstance(t, str) and len(t) < 1 << 20 for t in texts):
            raise StudyError("the study's texts are not texts")
        study.figures[condition] = Figures(**numbers, samples=tuple(texts[:SAMPLES]))
    return study


def _number(rows: Mapping[str, Mapping[str, Any]], measure: str, column: str) -> float:
    number = rows[measure][column] if measure in rows else None
    return math.nan if number is None else float(number)
