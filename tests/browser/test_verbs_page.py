"""The verbs page in a real browser."""

from __future__ import annotations

import csv
from pathlib import Path
from xml.etree import ElementTree

import pytest

from textgen.network.bundle import available_bundles

SMALL = "lstm" if "lstm" in available_bundles() else (available_bundles() or [""])[0]
LINK = f"verbs?model={SMALL}&dish=Pizza&dish=Tomato%20soup"


def opened(app, query: str = LINK):
    app.page.set_default_timeout(60_000)
    app.page.goto(f"{app.address}/{query}")
    app.page.wait_for_selector(".st-key-panel1 svg.marks")
    app.page.get_by_text("How much the title tells, measured").wait_for()
    app.page.wait_for_selector(".st-key-kinds2 svg.marks")
    return app.settle()


@pytest.fixture
def verbs(app):
    return opened(app)


def test_the_address_brings_back_titles_and_the_slider_moves_what_it_should(verbs):
    pills = verbs.key("dish").inner_text()
    assert "Pizza" in pills and "Tomato soup" in pills
    before = verbs.chart("cells")
    verbs.press("temperature", *["ArrowLeft"] * 4)
    verbs.page.wait_for_function("() => new URLSearchParams(location.search).get('temperature') === '0.2'")
    verbs.page.get_by_role("heading", name="Titles and verbs at T = 0.2").wait_for()
    verbs.settle()
    assert verbs.chart("cells") != before
    verbs.is_sound()


def test_a_typed_title_gets_a_panel_and_stays_text(verbs):
    field = verbs.key("dish").locator("input").first
    field.click()
    field.fill("Beans <b>x</b> *y*")
    verbs.page.keyboard.press("Enter")
    verbs.page.wait_for_selector(".st-key-kinds3 svg.marks")
    verbs.settle()
    assert verbs.query["dish"][-1] == "Beans <b>x</b> *y*"
    assert verbs.page.get_by_text("Beans <b>x</b> *y*", exact=True).count() >= 2
    assert verbs.key("reference").is_visible()
    verbs.is_sound()


def test_one_click_leads_to_the_same_words_on_the_comparison_page(app):
    verbs = opened(app, f"{LINK}&seed=11")
    texts = [verbs.page.locator(".sample").nth(i).inner_text() for i in range(3, 6)]
    verbs.key("compare2").locator("button").click()
    verbs.page.wait_for_selector(".word")
    verbs.settle()
    assert verbs.key("title").locator("input").input_value() == "Tomato soup"
    assert [" ".join(verbs.text(k).split()) for k in range(3)] == [" ".join(t.split()) for t in texts]
    assert verbs.query["title"] == ["Tomato soup"] and verbs.query["seed"] == ["11"]
    verbs.is_sound()


def test_pictures_and_tables_can_be_kept(verbs, tmp_path):
    verbs.page.get_by_role("button", name="Keep").click()
    with verbs.page.expect_download() as caught:
        verbs.page.get_by_role("button", name="Divergence as CSV").click()
    caught.value.save_as(tmp_path / "apart.csv")
    rows = list(csv.DictReader((tmp_path / "apart.csv").read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 12 and {row["other"] for row in rows} == {"Tomato soup"}
    assert all(float(row["low"]) <= float(row["bits"]) <= float(row["high"]) for row in rows)
    for name, mark in (("Divergence SVG", b"<svg"), ("First verbs 1, Pizza PNG", b"\x89PNG")):
        with verbs.page.expect_download() as caught:
            verbs.page.get_by_role("button", name=name).click()
        caught.value.save_as(tmp_path / "picture")
        data = Path(tmp_path / "picture").read_bytes()
        assert data.startswith(mark) and len(data) > 3000
    with verbs.page.expect_download() as caught:
        verbs.page.get_by_role("button", name="Kinds of word 2, Tomato soup SVG").click()
    caught.value.save_as(tmp_path / "kinds.svg")
    texts = [
        text.text for text in ElementTree.parse(tmp_path / "kinds.svg").iter() if text.tag.endswith("text")
    ]
    assert texts[0] == f"Kinds of word: Tomato soup ({SMALL})" and "verbs: heat" in texts
    verbs.is_sound()


def test_a_bad_address_is_a_sentence(app):
    opened(app, f"verbs?model=gpt&temperature=9&nonsense=1&seed=8&{LINK.removeprefix('verbs?')}")
    said = app.alerts()
    assert "temperature = “9”" in said.replace("\\", "")
    assert "gpt" in said and "nonsense" in said
    assert app.query == {"model": [SMALL], "dish": ["Pizza", "Tomato soup"], "seed": ["8"]}
    app.is_sound()


def test_a_verb_is_followed_through_all_panels(verbs):
    page = verbs.page
    buttons = verbs.key("follow").locator("button")
    lines = page.locator(".st-key-panel1 svg.marks .mark-line path, .st-key-panel2 svg.marks .mark-line path")
    buttons.first.wait_for()

    def strong() -> set[str]:
        """The verbs whose lines stand out; all of them if none is followed."""
        return set(
            lines.evaluate_all(
                """all => all.filter(line => getComputedStyle(line).opacity > 0.5)
                       .map(line => line.__data__.datum.label)"""
            )
        )

    everything = strong()
    verb = buttons.nth(1).inner_text()
    assert everything == set(buttons.all_inner_texts()) and len(everything) > 5
    buttons.nth(1).hover()
    assert strong() == {verb}
    page.mouse.move(5, 5)
    assert strong() == everything
    # A line's name in one panel is as good as the button, and a click keeps the verb through a new drawing.
    name = page.locator(".st-key-panel1 svg.marks .mark-text text").get_by_text(verb, exact=True).first
    name.hover()
    assert strong() == {verb}
    name.click()
    page.mouse.move(5, 5)
    verbs.press("temperature", "ArrowRight")
    assert strong() == {verb} and buttons.nth(1).get_attribute("aria-pressed") == "true"
    buttons.nth(1).click()
    page.mouse.move(5, 5)
    assert strong() == everything
    verbs.is_sound()


def test_a_phone_reads_it_without_scrolling_sideways(phone):
    opened(phone)
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= 390
    box = phone.page.locator(".st-key-panel1 svg.marks").bounding_box()
    assert 250 < box["width"] <= 390
    phone.is_sound()


def test_titles_come_and_go_and_the_address_names_none_that_has_gone(app):
    verbs = opened(app, f"verbs?model={SMALL}&dish=Pizza&dish=Tomato%20soup&dish=White%20bread")
    for count, change in ((2, "Remove Pizza"), (3, "Omelette"), (4, "Apple pie")):
        if change.startswith("Remove"):
            verbs.page.get_by_role("button", name=change).click()
        else:
            verbs.key("dish").locator("input").first.fill(change)
            verbs.page.keyboard.press("Enter")
        verbs.page.wait_for_function(
            "count => document.querySelectorAll('[class*=st-key-panel] svg.marks').length === count",
            arg=count,
        )
        verbs.page.wait_for_function(
            """count => {
                const asked = new URLSearchParams(location.search);
                const dishes = asked.getAll("dish");
                return dishes.length === count && dishes.includes(asked.get("reference") ?? "Tomato soup");
            }""",
            arg=count,
        )
    verbs.is_sound()
