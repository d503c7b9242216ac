"""The lesson plan: its links through the table of addresses, its sheet through the sampler."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from pages.parts import address
from textgen.writing.sampling import temper

DOCS = Path(__file__).parents[2] / "docs"
PLAN = (DOCS / "teaching.md").read_text(encoding="utf-8")
SHEET = (DOCS / "teaching-sheet.html").read_text(encoding="utf-8")
LINKS = sorted(set(re.findall(r"\]\(([^)]+)\)", PLAN)))
OF_STREAMLIT = {"embed"}


def test_there_are_links_to_every_lesson_and_to_the_comparison():
    assert {f"learn?lesson={n}" for n in range(1, 5)} <= set(LINKS)
    assert any(link.startswith("./?") for link in LINKS)


@pytest.mark.parametrize("link", LINKS)
def test_a_link_brings_up_what_it_says(link):
    parts = urlsplit(link)
    assert not parts.scheme and not parts.fragment  # it opens in whatever app shows the plan
    page = {".": "compare", "./": "compare"}.get(parts.path, parts.path)
    known = address.fields(page)
    for key, values in parse_qs(parts.query, strict_parsing=bool(parts.query)).items():
        if key in OF_STREAMLIT:
            continue
        assert key in known
        for text in values:
            value = known[key].read(text)  # or a note would say that it cannot be
            assert not known[key].whole or address.written(value) == text
        assert len(values) <= max(known[key].many, 1)


def cells(table: str) -> list[list[str]]:
    body = re.search(rf'<table id="{table}">(.*?)</table>', SHEET, re.DOTALL)[1]
    rows = re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    return [[unescape(cell) for cell in re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row)] for row in rows]


def test_the_numbers_on_the_sheet_and_its_answers_are_those_of_the_sampler():
    drawn, worked = cells("draw")[1:], cells("tempered")[1:-1]
    chances = [float(row[1].replace(" %", "")) / 100 for row in drawn]
    assert sum(chances) == 1 and [float(row[1]) for row in worked] == chances
    start = 0
    for row, chance in zip(drawn, chances, strict=True):
        low, high = map(int, row[2].split("–"))
        assert (low, high - low + 1) == (start, round(100 * chance))
        start = high + 1
    cold, hot = temper(chances, 0.5), temper(chances, 2)
    assert (worked[0][3], worked[0][5]) == (f"{100 * cold[0]:.0f} %", f"{100 * hot[0]:.0f} %")
    total = cells("tempered")[-1]
    assert float(total[2]) == pytest.approx(sum(p * p for p in chances))
    assert float(total[4]) == pytest.approx(sum(p**0.5 for p in chances), abs=5e-4)
    for temperature, probabilities in ((0.5, cold), (2, hot)):
        listed = ", ".join(f"{row[0]} {100 * p:.0f} %" for row, p in zip(drawn, probabilities, strict=True))
        assert f"T = {temperature}: {listed}" in " ".join(PLAN.split())
