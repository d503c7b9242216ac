"""The lessons in a real browser: by keyboard, forth and back, on a phone, and on paper."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from driver import App
from playwright.sync_api import expect

SHEET = Path(__file__).parents[2] / "docs" / "teaching-sheet.html"
QUESTION = "[data-testid=stRadio]"


def heading(app: App) -> str:
    return app.page.locator(".chapter.first h1").inner_text()


def press(app: App, key: str) -> None:
    app.key(key).locator("button").first.focus()
    app.page.keyboard.press("Enter")
    app.settle()


def part(app: App) -> str:
    return app.page.locator(".part-of-lesson b").inner_text()


def test_a_lesson_by_keyboard_and_back(app):
    app.open("learn?lesson=2&writer=lstm", wait_for=QUESTION)
    app.page.locator(f"{QUESTION} input").first.focus()
    app.page.keyboard.press("Space")
    press(app, "answer_before")
    assert part(app) == "Try" and app.query["answer"] == ["2.before.1.1"]
    assert app.page.evaluate("document.activeElement.tagName") == "H1"  # a screen reader goes on from here
    column = app.column(0, "scene_2_try")
    before = column.locator(".bar .share").all_text_contents()
    order = column.locator(".bar .label").all_text_contents()
    column.locator("input").focus()
    app.page.keyboard.press("PageDown")
    app.page.keyboard.press("PageDown")
    app.settle()
    assert app.query["t1"] == ["0.5"]
    assert column.locator(".bar .share").all_text_contents() != before
    assert column.locator(".bar .label").all_text_contents()[:3] == order[:3]
    column.locator(".bar").first.click(force=True)  # to be read, not to be forced
    app.settle()
    assert app.query["t1"] == ["0.5"] and "force" not in app.query
    press(app, "to_compare")
    assert part(app) == "Compare" and "It is so." in app.key("lesson").inner_text()
    app.page.go_back()
    app.settle()
    assert part(app) == "Try" and app.query["t1"] == ["0.5"]  # where the slider was left
    app.page.go_back()
    app.page.go_back()
    app.settle()
    assert part(app) == "Predict" and "answer" not in app.query
    expect(app.page.locator(QUESTION)).to_be_visible()
    app.page.go_forward()
    app.settle()
    assert part(app) == "Try" and app.query["answer"] == ["2.before.1.1"]
    app.is_sound()


def test_two_tabs_keep_to_themselves(app):
    app.open("learn?lesson=2&writer=lstm", wait_for=QUESTION)
    other = App(app.page.context.new_page(), app.address)
    other.open("learn?lesson=4&writer=lstm&answer=2.before.1.1", wait_for=QUESTION)
    press(other, "look_first")
    app.page.locator(f"{QUESTION} label").nth(3).click()
    press(app, "answer_before")
    assert app.query["answer"] == ["2.before.1.3"] and other.query["answer"] == ["2.before.1.1"]
    assert heading(app).startswith("2.") and heading(other).startswith("4.")
    app.is_sound()


def test_on_a_phone_a_lesson_is_as_wide_as_the_screen_and_can_be_presented(phone):
    phone.open("learn?lesson=4&stage=compare&writer=lstm", wait_for=".word")
    wide = phone.page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth")
    assert wide <= 390
    assert phone.column(1, "scene_4_compare").locator(".bar").count() > 3
    phone.open("learn?lesson=4&stage=try&writer=lstm&present=true&hide=walk", wait_for=".word")
    assert phone.page.locator(".presented b").inner_text().startswith("The same luck")
    assert not phone.page.locator(".steps").is_visible()
    phone.is_sound()


def test_the_sheet_prints_on_two_pages_and_the_card_is_one_file(app, tmp_path):
    app.page.goto(SHEET.as_uri())
    paper = app.page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", paper)) == 2
    app.open("learn?stage=card&writer=lstm&answer=2.before.1.2", wait_for=".card")
    with app.page.expect_download() as download:
        app.key("save_card").locator("button").click()
    card = Path(download.value.path()).read_text(encoding="utf-8")
    assert "The short bars grow" in card and "answer=2.before.1.2" in card
    app.page.set_content(card)
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", app.page.pdf())) == 1


@pytest.mark.parametrize("part", ["walk", "texts"])
def test_a_frame_leaves_out_what_it_is_told_to(app, part):
    app.open(f"learn?lesson=4&stage=try&writer=lstm&embed=true&hide={part}", wait_for=".bar")
    assert not app.page.locator({"walk": ".steps", "texts": ".text"}[part]).first.is_visible()
    assert app.page.locator(".bar").first.is_visible()
