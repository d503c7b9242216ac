"""What is printed in a terminal: safe text, tables, a progress bar."""

from __future__ import annotations

import argparse
import datetime
import math
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textgen.measuring.study.settings import StudyError, parse_filter
from textgen.measuring.study.table import COLUMNS, read_study
from textgen.network.bundle import available_bundles
from textgen.text.corpus import Problem, load_recipes
from textgen.text.typeset import percent
from textgen.writing.sampling import check_seed, check_temperature

if TYPE_CHECKING:
    from textgen.training.job import Progress


END = "(end)"  # how the stop token is shown
NO_MODEL = "there is no trained model in assets/models; train one: python -m textgen train --help"


class Failure(Exception):
    """What was asked for could not be done; the message is the sentence for the user."""


def printable(text: object) -> str:
    """`text` on one line and without anything that steers a terminal: such characters become escapes."""

    def shown(c: str) -> str:
        return c if c.isprintable() else " " if c.isspace() else c.encode("unicode_escape").decode()

    return "".join(map(shown, str(text)))


def say(text: str) -> None:
    print(printable(text), file=sys.stderr)


def default_model() -> str:
    names = available_bundles()
    if not names:
        raise Failure(NO_MODEL)
    return names[0]


def shown_word(word: str) -> str:
    return printable(word) if word else END


def print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns padded to their widest cell; the head may be wider than its column where the next is empty."""
    widths = [max([len(row[i]) for row in rows], default=0) for i in range(len(head))]
    for i, title in enumerate(head):
        if title and (i + 1 == len(head) or head[i + 1]):
            widths[i] = max(widths[i], len(title))
    title_line, at = "", 0
    for title, width in zip(head, widths, strict=True):
        title_line = title_line.ljust(at) + title
        at += width + 2
    print(title_line)
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def chance_text(probability: float) -> str:
    return percent(float(probability))


def span_text(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{low:.3f} to {high:.3f}"


def large_text(value: float | None) -> str:
    return "too large" if value is None else f"{value:,.2f}"


def read_corpus(path: Path) -> list[Any]:
    """The recipes of a file; what had to be skipped is said on standard error, the first ten one by one."""
    problems: list[Problem] = []
    recipes = load_recipes(path, problems.append)
    for problem in problems[:10]:
        say(f"{path}, {problem}")
    if len(problems) > 10:
        say(f"{path}: {len(problems):,} problems in all; what is good was kept")
    return recipes


def figure_text(value: object) -> str:
    return f"{value:.1f}" if isinstance(value, (int, float)) else "not measured"


def check_may_write(path: Path) -> None:
    """Only a study may be replaced by a study."""
    if path.suffix not in (".parquet", ".csv"):
        raise Failure(f"the name of a study ends in .parquet or .csv; {path.name} does not")
    if not path.exists():
        return
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", errors="replace") as file:
            if file.readline().strip() == ",".join(COLUMNS):
                return
    else:
        try:
            read_study(path)
            return
        except StudyError:
            pass
    raise Failure(f"{path} is there already and is not a study of this version; it was left as it is")


class ProgressBar:
    """One line on standard error that is drawn over; where that is no terminal, a line a minute."""

    def __init__(self) -> None:
        self.terminal = sys.stderr.isatty()
        self.next = 0.0

    def update(self, progress: Progress) -> None:
        now = time.monotonic()
        if now < self.next and progress.batch < progress.batches:
            return
        self.next = now + (0.2 if self.terminal else 60.0)
        width = 24
        done = width * progress.batch // progress.batches
        line = (
            f"{progress.stage} {progress.epoch}/{progress.epochs} [{'=' * done}{' ' * (width - done)}]"
            f" loss {progress.loss:.3f}  {progress.words_per_second:,.0f} words/s"
            f"  {datetime.timedelta(seconds=round(progress.seconds_left))} left"
        )
        if self.terminal:
            self.clear()
        print(line, end="" if self.terminal else "\n", file=sys.stderr, flush=True)

    def show(self, done: int, total: int, text: str) -> None:
        """`done` of `total`, and a remark."""
        now = time.monotonic()
        if now < self.next and done < total:
            return
        self.next = now + (0.2 if self.terminal else 60.0)
        filled = 24 * done // total
        line = f"[{'=' * filled}{' ' * (24 - filled)}] {done:,} of {total:,}  {printable(text)}"
        self.clear()
        print(line, end="" if self.terminal else "\n", file=sys.stderr, flush=True)

    def epoch(self, record: dict[str, Any]) -> None:
        self.clear()
        parts = [f"epoch {record['epoch']}: loss {record['loss']:.3f}"]
        for era, perplexity in record.get("validation", {}).items():
            parts.append(f"validation {era} loss {math.log(perplexity):.3f}, perplexity {perplexity:.1f}")
        print(printable("; ".join(parts)), flush=True)

    def clear(self) -> None:
        if self.terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def temperature_type(text: str) -> float:
    return _checked(text, float, check_temperature, "a temperature is a number, 0 or more (inf allowed)")


def temperatures_type(text: str) -> list[float]:
    """`0.7`, or `LOW:HIGH:STEP` with both ends."""
    try:
        low, high, step = (float(part) for part in text.split(":")) if ":" in text else (float(text),) * 3
        if not (0 < low <= high < math.inf and 0 < step < math.inf and (high - low) / step <= 1000):
            raise ValueError
    except ValueError:
        raise argparse.ArgumentTypeError(
            "a temperature to measure at is a number above 0, or a range LOW:HIGH:STEP of at most 1,000, "
            f"not {text!r}"
        ) from None
    return [round(low + k * step, 9) for k in range(math.floor((high - low) / step + 1e-9) + 1)]


def seed_type(text: str) -> int:
    return _checked(text, int, check_seed, "a seed is a whole number from 0 to 2**64 - 1")


def study_type(read: Any) -> Any:
    """`read`, its `StudyError` as argparse wants it."""

    def checked(text: str) -> Any:
        try:
            return read(text)
        except StudyError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return checked


def filter_type(rules: str) -> str:
    parse_filter(rules)
    return rules


def _checked(text: str, read: Any, check: Any, sentence: str) -> Any:
    try:
        return check(read(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{sentence}, not {text!r}") from None


def count_type(text: str) -> int:
    def positive(value: int) -> int:
        if not 1 <= value <= 10_000:
            raise ValueError
        return value

    return _checked(text, int, positive, "a whole number from 1 to 10,000 is needed")
