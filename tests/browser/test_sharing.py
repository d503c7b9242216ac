"""The page for others: copied, scanned, in a frame, on a projector, on a phone."""

from __future__ import annotations

import html
import re
from urllib.parse import parse_qs, quote, urlparse

import pytest
import segno
from driver import App, later_streamlit
from playwright.sync_api import expect

TITLE = 'Fish & "chips" <b>'


def test_the_link_the_code_and_the_frame_bring_back_what_is_on_the_page(app):
    app.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    app.open(f"?title={quote(TITLE)}&n=2")
    app.slide(1, "ArrowRight")  # the address is the one of now, not of when the page was opened
    app.key("share").locator("button").first.click()
    app.settle()
    app.page.get_by_role("button", name="Copy link").click()
    app.page.get_by_text("Copied").wait_for()
    copied = app.page.evaluate("navigator.clipboard.readText()")
    assert copied == app.page.url and parse_qs(urlparse(copied).query) == {
        "title": [TITLE],
        "n": ["2"],
        "t2": ["0.75"],
    }

    code = app.page.locator("img.qr")
    assert code.evaluate("image => image.naturalWidth") > 0
    frame = app.page.locator("[data-testid=stCode]").inner_text()
    source = html.unescape(re.search(r'src="([^"]*)"', frame)[1])
    page, wanted = urlparse(source), urlparse(copied)
    assert (page.netloc, page.path) == (wanted.netloc, wanted.path)
    assert parse_qs(page.query) == {**parse_qs(wanted.query), "embed": ["true"]}
    image = segno.make_qr(source.replace("&embed=true", ""), error="l")
    assert code.get_attribute("src") == image.svg_data_uri(border=4, dark="#000", light="#fff", omitsize=True)

    app.page.get_by_text("the knob", exact=True).click()
    app.settle()
    assert "hide=knob" in app.page.locator("[data-testid=stCode]").inner_text()
    app.is_sound()


def test_where_nothing_may_be_copied_the_address_can_be_selected(app):
    app.page.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    app.open("?step=4")
    app.key("share").locator("button").first.click()
    app.page.get_by_role("button", name="Copy link").click()
    field = app.page.get_by_role("textbox", name="The address of this page")
    assert field.input_value() == app.page.url
    assert field.evaluate("field => field.selectionEnd - field.selectionStart") == len(app.page.url)


def test_in_a_frame_the_page_leaves_out_what_the_address_says(app):
    source = f"{app.address}/?embed=true&hide=title,controls&hide=knob&hide=run&step=3"
    app.page.set_content(f'<iframe src="{source}" width="1000" height="720"></iframe>')
    frame = app.page.frame_locator("iframe")
    frame.locator(".word").first.wait_for(timeout=60_000)
    frame.locator(".bar").first.wait_for()
    frame.locator(".st-key-own_knob").wait_for(state="attached", timeout=60_000)
    for gone in (".chapter.first", ".st-key-controls", ".st-key-own_knob", ".st-key-run", ".st-key-pages"):
        expect(frame.locator(gone).first).to_be_hidden()
    expect(frame.locator("[data-testid=stHeader]")).to_be_hidden()
    expect(frame.locator(".steps")).to_be_visible()
    before = frame.locator(".text").nth(1).inner_text()
    frame.locator(".column").nth(1).locator("input").press("End")
    expect(frame.locator(".name").nth(1)).to_have_text("T = 2")
    assert frame.locator(".text").nth(1).inner_text() != before
    assert app.errors == []


def test_parts_of_the_columns_are_left_out_too(app):
    app.open("?hide=bars,walk")
    assert app.words(0).first.is_visible()
    for part in (".bars", ".steps"):
        assert not app.key("columns").locator(part).first.is_visible()
    app.open("?hide=everything")
    assert "what is left out is of title, controls" in app.alerts()
    assert app.key("columns").locator(".steps").is_visible()


def test_a_presentation_is_driven_by_keys(app):
    app.page.set_viewport_size({"width": 960, "height": 540})
    app.open("?present=true&step=3")
    for gone in ("controls", "run", "own_knob"):
        expect(app.key(gone)).to_be_hidden()
    foot = app.column(0).locator(".bar").last.bounding_box()
    assert foot["y"] + foot["height"] <= 540, "text and bars are in one view"
    size = "() => parseFloat(getComputedStyle(document.documentElement).fontSize)"
    assert app.page.evaluate(size) > 16
    keys = app.page.keyboard
    keys.press("ArrowRight")
    app.page.wait_for_function("() => location.search.includes('step=4')", timeout=60_000)
    keys.press("2")
    keys.press("ArrowUp")
    expect(app.column(1).locator(".name")).to_have_text("T = 0.75", timeout=60_000)
    keys.press("9")  # no such column
    keys.press("ArrowDown")
    expect(app.column(1).locator(".name")).to_have_text("T = 0.7", timeout=60_000)
    app.words(0).nth(5).focus()
    keys.press(" ")  # plays, and does not press the word that has the focus
    expect(app.key("columns").locator(".columns")).to_have_class(re.compile("writing"))
    keys.press(" ")
    expect(app.key("columns").locator(".columns")).not_to_have_class(re.compile("writing"))
    keys.press("Escape")
    expect(app.key("controls")).to_be_visible(timeout=60_000)
    app.settle()
    assert "present" not in app.query
    word = app.query["step"]
    app.page.evaluate("() => document.activeElement.blur()")  # a focused word has arrow keys of its own
    keys.press("ArrowRight")
    app.settle()
    assert app.query["step"] == word, "keys drive a presentation alone"
    app.is_sound()


@later_streamlit
def test_present_in_share_begins_a_presentation(app):
    app.open()
    app.key("share").locator("button").first.click()
    app.page.get_by_role("button", name="Present", exact=True).click()
    expect(app.key("controls")).to_be_hidden(timeout=60_000)
    app.settle()
    assert app.query["present"] == ["true"]
    assert app.page.locator("img.qr").count() == 0, "what was opened is closed"
    app.page.get_by_role("button", name="Leave").click()
    expect(app.key("controls")).to_be_visible(timeout=60_000)


@pytest.mark.parametrize("page", ["", "many", "verbs", "sweep", "models", "cell", "yours"])
def test_on_a_phone_nothing_lies_off_the_edge(phone: App, page: str):
    phone.open(page, wait_for=".st-key-pages a")
    assert phone.page.locator("[data-testid=stExpandSidebarButton]").is_visible() is False
    assert phone.page.locator(".st-key-pages a").last.is_visible()
    off = phone.page.evaluate(
        """() => [...document.querySelectorAll("button, input:not([type=range]), select, a, [role=radio]")]
            .filter((control) => control.checkVisibility())
            .map((control) => [control.getBoundingClientRect(), control])
            .filter(([box]) => box.width > 1 && (box.right > innerWidth + 1 || box.left < -1))
            .map(([box, control]) => [control.closest("[class*=st-key]")?.className, control.textContent])"""
    )
    assert off == []
    wide = "() => document.querySelector('[data-testid=stMain]').scrollWidth - innerWidth"
    assert phone.page.evaluate(wide) <= 0


def test_on_a_phone_a_page_is_chosen_without_a_menu_over_it(phone):
    phone.open()
    phone.page.locator(".st-key-pages a", has_text="Models").tap()
    phone.page.wait_for_url("**/models*")
    phone.settle()
    assert not phone.page.locator("[data-testid=stSidebar]").is_visible()


def test_the_wheel_over_a_number_scrolls_the_page_and_changes_no_number(app):
    app.open()
    field = app.key("seed").locator("input")
    field.click()
    box = field.bounding_box()
    app.page.mouse.move(box["x"] + 20, box["y"] + 10)
    app.page.mouse.wheel(0, 200)
    app.page.wait_for_function("() => document.querySelector('[data-testid=stMain]').scrollTop > 50")
    app.settle()
    assert field.input_value() == "33"


@pytest.mark.parametrize("page", ["many", "cell"])
def test_on_a_projector_every_field_has_room_for_what_it_says(app: App, page: str):
    app.page.set_viewport_size({"width": 960, "height": 540})
    app.open(page, wait_for=".st-key-title input")
    for field in app.page.locator("[data-testid=stTextInput]").all():
        assert field.bounding_box()["width"] >= 120
