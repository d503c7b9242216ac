"""Recipes from files of any format in `textgen.text.formats.known`, each read as a stream.

Text becomes what the network learns to continue, `recipe for TITLE | STEPS`, after Foster, *Generative Deep
Learning* (2nd ed.), chapter 5. A record that cannot be used is reported as a `Problem` and skipped; memory
holds the recipes and never more than one record of the file, whatever the file's size.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO

from textgen.text.formats.fields import recipe_of
from textgen.text.formats.known import format_of
from textgen.text.formats.plain import reads_as_recipe
from textgen.text.formats.source import Text, texts_in
from textgen.text.formats.stream import BrokenOff, NotRead, Unusable
from textgen.text.recipe import Recipe

SHOWN = 10  # problems named in a warning
_HEAD = 1 << 16  # characters from which the format is told
_FIRST = 20  # recipes that are looked at before any is given, where fields have names that other things have


class CorpusError(ValueError):
    """A file from which not one recipe can be read; the message says why and what to do."""


class CorpusWarning(UserWarning):
    """Records of a file were skipped."""


@dataclass(frozen=True)
class Problem:
    """Why part of a file was skipped: `line` and `record` count from 1; no `record` means the file itself,
    `file` is its name within a folder or a zip file."""

    line: int
    record: int | None
    reason: str
    file: str = ""

    def __str__(self) -> str:
        where = f"line {self.line}" if self.record is None else f"record {self.record}, line {self.line}"
        return f"{self.file}, {where}: {self.reason}" if self.file else f"{where}: {self.reason}"


def load_recipes(
    path: str | os.PathLike[str] | BinaryIO, on_problem: Callable[[Problem], None] | None = None
) -> list[Recipe]:
    """All recipes of a file, a folder or a zip file (or of an open binary file), in its order.

    The format is told by the content, then by the name; `textgen.text.formats.known.FORMATS` lists them. A
    record that cannot be used is skipped and given to `on_problem`; without it, one `CorpusWarning` names the
    first ten. Raises `CorpusError` if the file cannot be opened, is of a format that is not read, or has no
    usable recipe.
    """
    problems: list[Problem] = []
    count = 0

    def report(problem: Problem) -> None:
        nonlocal count
        count += 1
        if count <= SHOWN:
            problems.append(problem)
        if on_problem is not None:
            on_problem(problem)

    recipes = list(iter_recipes(path, report))
    if not recipes:
        raise no_recipe(path, problems, count)
    if problems and on_problem is None:
        parts = [str(problem) for problem in problems]
        if count > len(parts):
            parts.append(f"and {count - len(parts):,} more")
        warnings.warn(f"{_name_of(path)}: skipped " + "; ".join(parts), CorpusWarning, stacklevel=2)
    return recipes


def no_recipe(
    path: str | os.PathLike[str] | BinaryIO, problems: list[Problem], count: int, what: str = "recipe"
) -> CorpusError:
    """The error for a file that gave no recipe and `count` problems, the first of which are `problems`."""
    name = _name_of(path)
    if not problems:
        return CorpusError(f"{name} is empty: there is no {what} in it")
    more = f" ({count:,} problems in all)" if count > 1 else ""
    return CorpusError(f"no {what} could be read from {name}; {problems[0]}{more}")


def iter_recipes(
    path: str | os.PathLike[str] | BinaryIO,
    on_problem: Callable[[Problem], None],
    on_format: Callable[[str, str], None] = lambda name, encoding: None,
) -> Iterator[Recipe]:
    """The recipes of a file one by one, for files larger than memory; otherwise as `load_recipes`.

    `on_format` hears the name of the format and the encoding of each file, once it has been read.
    """
    name = _name_of(path)
    return each_file(
        path,
        on_problem,
        lambda text, label: _recipes_in(text, label, label or name, on_problem, on_format),
    )


def each_file(
    path: str | os.PathLike[str] | BinaryIO,
    on_problem: Callable[[Problem], None],
    read: Callable[[Text, str], Iterator[Recipe]],
) -> Iterator[Recipe]:
    """What `read` gives for each text of a file, a folder or a zip file, and its name within it ("" for a
    file alone). What is not of a kind that is read is a `Problem` within a folder, and a `CorpusError` alone.
    """
    name = _name_of(path)
    try:
        for label, text in texts_in(path):
            try:
                if isinstance(text, NotRead):
                    raise text
                yield from read(text, label)
            except NotRead as reason:
                if not label:
                    raise CorpusError(f"{name} {reason}") from None
                on_problem(Problem(1, None, str(reason), label))
    except FileNotFoundError:
        raise CorpusError(f"there is no file {name}") from None
    except OSError as error:
        raise CorpusError(f"{name} cannot be read: {error.strerror or error}") from None


def _recipes_in(
    text: Text,
    label: str,
    name: str,
    report: Callable[[Problem], None],
    on_format: Callable[[str, str], None],
) -> Iterator[Recipe]:
    head = ""
    broken: BrokenOff | None = None
    try:
        for chunk in text:
            head += chunk
            if len(head) >= _HEAD:
                break
    except BrokenOff as fault:
        broken = fault
    if not head.strip() and broken is None:
        return

    def chunks() -> Iterator[str]:
        yield head
        if broken:
            raise broken
        yield from text

    suffix = PurePosixPath(name.replace("\\", "/").lower().removesuffix(".gz")).suffix
    found = format_of(head, suffix) if head.strip() else None
    records = found.read(chunks()) if found else chunks()
    first: list[tuple[Recipe, bool]] | None = []
    number = 0
    try:
        for record in records:
            if isinstance(record, str):
                continue
            number += not record.whole_file
            try:
                recipe, unsure = recipe_of(record.fields)
            except Unusable as reason:
                report(Problem(record.line, None if record.whole_file else number, str(reason), label))
                continue
            if first is None:
                yield recipe
                continue
            first.append((recipe, unsure))
            if len(first) == _FIRST:
                _check(first)
                yield from (recipe for recipe, _ in first)
                first = None
    except BrokenOff as fault:  # what was complete before the break has been kept
        broken = fault
    if first:
        _check(first)
        yield from (recipe for recipe, _ in first)
    if broken:
        report(Problem(broken.line, None, str(broken), label))
    if found:
        on_format(found.name, text.encoding)


def _check(recipes: list[tuple[Recipe, bool]]) -> None:
    """`NotRead` where methods under a name that other things have too do not read as recipes."""
    methods = [" ".join(recipe.steps) for recipe, unsure in recipes if unsure]
    if 4 * sum(" " in method and reads_as_recipe(method) for method in methods) < len(methods):
        raise NotRead(f"has names and methods that do not read as recipes, such as {methods[0][:60]!r}")


def _name_of(path: str | os.PathLike[str] | BinaryIO) -> str:
    return os.fspath(path) if isinstance(path, (str, os.PathLike)) else str(getattr(path, "name", "the file"))
