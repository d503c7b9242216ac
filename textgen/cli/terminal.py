"""What is printed in a terminal: safe text, tables, a progress bar."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from textgen.network.bundle import Bundle
from textgen.text.corpus import SHOWN, Problem, load_recipes
from textgen.text.vocabulary import UNKNOWN, unknown_words

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


def say_unknown(text: str, bundle: Bundle) -> None:
    """Say which words of `text` the network reads as "[UNK]", if there are any."""
    if words := unknown_words(text, bundle.vocabulary):
        say(f"{bundle.name} does not know these words and reads {UNKNOWN} in their place: {', '.join(words)}")


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


def read_corpus(path: Path) -> list[Any]:
    """The recipes of a file; what had to be skipped is said on standard error, the first ten one by one."""
    count = 0

    def report(problem: Problem) -> None:
        nonlocal count
        count += 1
        if count <= SHOWN:
            say(f"{path}, {problem}")

    recipes = load_recipes(path, report)
    if count > SHOWN:
        say(f"{path}: {count:,} problems in all; what is good was kept")
    return recipes


class ProgressBar:
    """One line on standard error that is drawn over; where that is no terminal, a line a minute."""

    def __init__(self) -> None:
        self.terminal = sys.stderr.isatty()
        self.next = 0.0

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

    def clear(self) -> None:
        if self.terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
