"""What somebody sees who has only the page: text and bars together on any screen, and by keyboard alone."""

from __future__ import annotations

import re

from driver import App, later_streamlit
from playwright.sync_api import expect

FOCUSED = """() => {
    let e = document.activeElement;
    while (e.shadowRoot?.activeElement) e = e.shadowRoot.activeElement;
    return e.ariaLabel || e.innerText || e.tagName; }"""
# Whether what has the focus, or a box around it, shows so; the ring of a thumb is out of a script's sight.
VISIBLE = """() => {
    let e = document.activeElement;
    while (e.shadowRoot?.activeElement) e = e.shadowRoot.activeElement;
    if (e.type === "range") return true;
    const boxes = [e];
    while (boxes.length < 5 && boxes.at(-1)?.parentElement) boxes.push(boxes.at(-1).parentElement);
    return boxes.map((box) => getComputedStyle(box)).some((style) =>
        ["solid", "auto"].includes(style.outlineStyle) || style.boxShadow !== "none" ||
        (style.borderTopWidth !== "0px" && style.borderTopColor === "rgb(163, 52, 79)")); }"""
# Keeps what the live region below the texts says.
SPOKEN = """() => {
    const find = (root) => root.querySelector(".side-by-side > .spoken") ??
        [...root.querySelectorAll("*")].map((e) => e.shadowRoot && find(e.shadowRoot)).find(Boolean);
    const region = find(document);
    window.spoken = [];
    const keep = () => window.spoken.push(region.textContent);
    new MutationObserver(keep).observe(region, {childList: true}); }"""


def foot(app: App, column: int) -> float:
    box = app.bars(column).last.bounding_box()
    return box["y"] + box["height"]


def test_sentence_title_sliders_texts_and_bars_are_in_one_view(app):
    app.open("?words=200&step=150")
    for width, height in ((1440, 900), (1280, 720), (960, 540)):
        app.page.set_viewport_size({"width": width, "height": height})
        expect(app.page.get_by_text("A small network writes a recipe")).to_be_in_viewport()
        expect(app.key("title")).to_be_in_viewport()
        for k in range(3):
            expect(app.column(k).locator("input")).to_be_in_viewport()
            assert app.column(k).locator(".text").bounding_box()["height"] > 65, "three lines"
            assert foot(app, k) <= height
    app.words(2).nth(170).click()  # in a text higher than its room, the picked word is in sight
    app.settle()
    for k in range(3):
        word, text = (app.column(k).locator(name).bounding_box() for name in (".word.picked", ".text"))
        assert text["y"] <= word["y"] and word["y"] + word["height"] <= text["y"] + text["height"] + 2
    app.column(1).locator(".about").hover()
    expect(app.key("columns").locator(".card")).to_contain_text("equally likely words")


def test_on_a_phone_slider_text_and_bars_of_a_tapped_word_are_in_one_view(phone):
    phone.open()
    for k in (0, 2):
        phone.words(k).nth(2).tap()
        phone.settle()
        expect(phone.column(k).locator(".word.picked")).to_be_in_viewport()
        expect(phone.column(k).locator("input")).to_be_in_viewport()
        assert foot(phone, k) <= 844


@later_streamlit
def test_what_a_column_reads_is_said_in_words_and_a_reset_closes_its_menu(app):
    app.open()
    app.page.get_by_role("button", name="More").click()
    box = app.page.get_by_role("combobox", name="Each column reads")
    expect(box).to_have_value("its own words")
    box.click()
    app.page.get_by_role("option", name="the words of column 2").click()
    app.page.wait_for_function("() => location.search.includes('follow=column')")
    expect(app.page.get_by_role("button", name="More · 1 changed")).to_be_visible()
    app.page.get_by_role("button", name="Reset all of this").click()
    app.page.wait_for_function("() => !location.search.includes('follow=')")
    expect(app.page.get_by_role("button", name="More", exact=True)).to_be_visible()
    expect(box).to_be_hidden()
    app.is_sound()


def test_the_focus_stays_where_columns_come_and_go(app):
    app.open()

    def press_enter(column: int, button: str, columns: int) -> str:
        app.column(column).locator(button).focus()
        app.page.keyboard.press("Enter")
        expect(app.key("columns").locator(".column")).to_have_count(columns)
        app.settle()
        return app.page.evaluate(FOCUSED)

    assert press_enter(2, ".remove", 2) == "Temperature of column 2"  # no cross is left
    assert press_enter(1, ".add", 3) == "Add a column"
    assert press_enter(2, ".add", 4) == "Add a column"
    assert press_enter(3, ".remove", 3) == "Remove column 3"


@later_streamlit
def test_by_keyboard_alone_from_the_title_to_another_page(app):
    """Every move is a key, every stop can be seen, and what is new is spoken once."""
    app.open()
    page = app.page
    page.emulate_media(reduced_motion="reduce")
    page.evaluate(SPOKEN)

    def at() -> str:
        return page.evaluate(FOCUSED)

    def tab_to(name: str, most: int) -> None:
        for _ in range(most):
            page.keyboard.press("Tab")
            page.wait_for_function(VISIBLE, timeout=5_000)  # borders change their colour by and by
            if re.search(name, at()):
                return
        raise AssertionError(f"{name} is more than {most} stops away, here is {at()}")

    def press(*keys: str) -> None:
        for key in keys:
            page.keyboard.press(key)
        app.settle()

    tab_to("Skip to main content", 1)
    press("Enter")
    tab_to("^Recipe title", 3)
    page.keyboard.type("apple pie")
    press("Enter")
    tab_to("Temperature of column 1", 7)
    before = app.text(0)
    page.evaluate("() => (window.spoken.length = 0)")
    press("ArrowRight", "ArrowRight", "PageUp", "PageUp", "PageUp", "PageUp")
    assert app.query["t1"] == ["1.3"] and app.text(0) != before
    assert "1.30, daring" in app.column(0).locator("input").get_attribute("aria-valuetext")
    page.wait_for_function("() => window.spoken.length > 0")
    text = " ".join(app.text(0).split())
    assert [" ".join(said.split()) for said in page.evaluate("() => window.spoken")] == [f"T = 1.3: {text}"]
    tab_to("word 1", 2)
    press("ArrowRight", "ArrowRight")
    assert app.query["step"] == ["3"] and "word 3" in at()
    tab_to("%", 2)
    press("ArrowDown")
    forced = at().split()[0]
    press("Enter")
    assert app.query["force"] == [f"3 {forced}"]
    assert {app.words(k).nth(2).inner_text().lower() for k in range(3)} == {forced.lower()}
    tab_to("Temperature of column 2", 1)
    tab_to("Remove column 2", 1)
    press("Enter")
    assert app.query["n"] == ["2"]
    tab_to("Add a column", 9)
    press("Enter")
    assert "n" not in app.query  # three, as at first
    tab_to("Draw it 100 times", 15)
    page.get_by_role("button", name="Share").focus()  # the way back is as long as the way there
    press("Enter")
    tab_to("Copy link", 9)
    press("Enter")
    press("Escape")
    assert "Share" in at()
    page.get_by_role("link", name="Models").focus()
    press("Enter")
    expect(page.get_by_role("heading", level=1, name="networks")).to_be_visible()
    app.is_sound()
