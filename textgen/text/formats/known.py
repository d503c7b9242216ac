"""The file formats that are read, and those that are known and refused by their names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple, NoReturn

from textgen.text.formats import csv_text, json_text, markdown, meal_master, page, plain
from textgen.text.formats.stream import NotRead, Record

_JSON = (".json", ".jsonl", ".ndjson")
_MARKDOWN = (".md", ".markdown", ".mdown", ".mkd")


class Format(NamedTuple):
    """A file format: its name, how it is told from the first text of a file and the ending of its name, and
    its reader, from chunks of text to records."""

    name: str
    fits: Callable[[str, str], object]
    read: Callable[[Iterator[str]], Iterator[Record]]


def _is_xml(head: str, suffix: str) -> object:
    return re.match(r"\s*<(?:\?xml|recipeml|cookbook|recipes?|mx2|svg)\b", head, re.IGNORECASE)


def _is_json(head: str, suffix: str) -> object:
    if suffix in _JSON:
        return suffix != ".json" or re.match(r"\s*[\[{]", head)
    return re.match(r'\s*(?:\[\s*(?:[{\[\]]|null)|\{\s*["}])', head)


def _is_json_lines(head: str, suffix: str) -> object:
    return _is_json(head, suffix) and json_text.is_lines(head, suffix)


def _is_markdown(head: str, suffix: str) -> object:
    return suffix in _MARKDOWN or markdown.has_front_matter(head) or markdown.has_headings(head)


def _is_yaml(head: str, suffix: str) -> object:
    names = r"\s*(?:-\s+)?(?:title|name|recipes?)\s*:"
    return suffix in (".yaml", ".yml") or (re.match(names, head) and re.search(r"\n\s+- ", head))


def _refuse(reason: str) -> Callable[[Iterator[str]], Iterator[Record]]:
    def read(chunks: Iterator[str]) -> NoReturn:
        raise NotRead(reason)

    return read


def _no_columns(chunks: Iterator[str]) -> NoReturn:
    first = next(chunks, "").strip().partition("\n")[0]
    raise NotRead(f"needs columns title and directions, its first line is: {first[:200]}")


# The first that fits counts.
FORMATS = (
    Format("web page", lambda head, suffix: page.START.match(head), page.read_page),
    Format("XML", _is_xml, _refuse("is XML, which is not read; export JSON or text")),
    Format("JSON lines", _is_json_lines, json_text.read_lines),
    Format("JSON", _is_json, json_text.read_values),
    Format("Meal-Master", lambda head, suffix: meal_master.begins_in(head), meal_master.read_meal_master),
    Format("table", lambda head, suffix: csv_text.delimiter_of(head), csv_text.read_table),
    Format("table", lambda head, suffix: suffix in (".csv", ".tsv"), _no_columns),
    Format("Markdown", _is_markdown, markdown.read_markdown),
    Format("YAML", _is_yaml, _refuse("is YAML, which is not read; save it as JSON")),
    Format(
        "Cooklang",
        lambda head, suffix: suffix == ".cook",
        _refuse("is Cooklang, which is not read; export JSON or text"),
    ),
    Format("text with headings", lambda head, suffix: plain.has_parts(head), plain.read_parts),
    Format("text, a recipe a paragraph", lambda head, suffix: plain.is_sure(head), plain.read_paragraphs),
    Format("text under titles", lambda head, suffix: plain.has_titles(head), plain.read_titled),
)

READ = (
    "JSON in any shape, CSV and other tables, Markdown, Meal-Master, web pages with recipe data, and text "
    "with titles; folders, zip and gzip files of them"
)


def format_of(head: str, suffix: str) -> Format:
    """The format of a text that starts with `head`; `NotRead` if it is none that is known."""
    for known in FORMATS:
        if known.fits(head, suffix):
            return known
    raise NotRead(f"does not look like recipes; what is read: {READ}")
