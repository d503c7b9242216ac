"""What somebody sees who has only the page: text and bars together on any screen, and by keyboard alone."""

from __future__ import annotations

from driver import App
from playwright.sync_api import expect

FOCUSED = """() => {
    let e = document.activeElement;
    while (e.shadowRoot?.activeElement) e = e.shadowRoot.activeElement;
    return e.ariaLabel || e.innerText || e.tagName; }"""


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
