"""A saved web page: the recipes that it carries for search engines as JSON-LD (schema.org)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from textgen.text.formats import stream
from textgen.text.formats.fields import is_record, records_in
from textgen.text.formats.stream import NotRead, Record, Unusable, Window, json_fault, too_long

START = re.compile(r"\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
_SCRIPT = re.compile(r"<script\b[^<>]{0,900}ld\+json[^<>]{0,50}>", re.IGNORECASE)
_END = re.compile(r"</script", re.IGNORECASE)


def read_page(chunks: Iterator[str]) -> Iterator[Record]:
    window = Window(chunks)
    found = False
    while window.find(_SCRIPT):
        window.peek()
        line = window.line
        while not (end := _END.search(text := window.head(window.size))):
            if window.size > stream.LONGEST_RECORD or not window.more():
                break
        if end is None:
            yield Record(
                line, Unusable(too_long() if window.size > stream.LONGEST_RECORD else "the page breaks off")
            )
            found = True
            continue
        window.drop(end.start())
        data = text[: end.start()].strip().removeprefix("<!--").removesuffix("-->")
        try:
            value = json.loads(data.strip().rstrip(";"), strict=False)
        except (ValueError, RecursionError) as error:
            yield Record(line, Unusable(json_fault(error)))
            continue
        for fields in records_in(value, strict=True):
            found = found or is_record(fields)
            yield Record(line, fields)
    if not found:
        raise NotRead("is a web page without recipe data in it (JSON-LD); save its recipe as text")
