"""The report of a study: whole, sound, and harmless to open."""

from __future__ import annotations

import html.parser
import math
import re

from studies import PEOPLE, RISING, made_up

from textgen.measuring.study.settings import Settings
from textgen.measuring.study.table import Study
from textgen.views.sweep import (
    paragraph,
)
from textgen.views.sweep_report import to_html


class Reader(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.loads, self.tags = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.loads += [value for name, value in attrs if name in ("src", "href", "srcset", "xlink:href")]
        if tag not in ("meta", "br", "line", "circle", "polygon", "polyline", "path", "p"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if self.open and tag in self.open:
            while self.open.pop() != tag:
                pass


def test_the_report_is_one_file_with_every_picture_and_texts_as_text():
    page = to_html(made_up(RISING, PEOPLE, prompts=("<i>soup</i>",)))
    reader = Reader()
    reader.feed(page)
    assert not reader.loads and "script" not in reader.tags and "url(" not in page
    assert reader.tags.count("figure") == 1 + len(RISING)
    assert "<b>it" not in page and "<i>soup" not in page and "Stir &lt;b&gt;it" in page
    assert "nan" not in re.sub(r"<style>.*?</style>", "", page).replace("finance", "")
    assert paragraph(made_up(RISING, PEOPLE))[:30] in page


def test_the_report_survives_what_is_not_known():
    assert "not known" in to_html(made_up({"choices": [1.0, 1.0], "perplexity": [math.inf, 2.0]}))
    assert to_html(Study(Settings(("soup",), (1.0,), ("net",), judges=("",))))
