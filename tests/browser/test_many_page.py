"""The page of many texts in a real browser."""

from __future__ import annotations

import csv

from textgen.network.bundle import available_bundles

SMALL = "lstm" if "lstm" in available_bundles() else (available_bundles() or [""])[0]
LINK = f"many?model={SMALL}&title=Pizza&count=20&depth=6&t3=1.5"


def opened(app, query: str = LINK):
    app.page.set_default_timeout(60_000)
    return app.open(query, wait_for=".braid .panel text")


def picture(app, panel: int) -> str:
    return app.page.locator(".strands").nth(panel).get_attribute("d")


def at_knot(app, panel: int):
    """The thickest strand's first word in a panel, and where it is."""
    word = app.page.locator(".panel").nth(panel).locator("text").first
    word.scroll_into_view_if_needed()
    box = word.bounding_box()
    return word.text_content(), box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def test_a_slider_moves_one_panel_and_a_strand_leads_to_its_text(app, tmp_path):
    many = opened(app)
    page = many.page
    before = [picture(many, k) for k in range(3)]
    many.press("t1", "ArrowRight", "ArrowRight", "ArrowRight", "ArrowRight")
    assert many.query["t1"] == ["0.4"]
    assert page.locator(".panel strong").all_text_contents() == ["T = 0.4", "T = 0.7", "T = 1.5"]
    assert picture(many, 0) != before[0]

    # Pointing follows texts through all panels; away from it all is as before.
    word, x, y = at_knot(many, 0)
    page.mouse.move(x, y)
    page.wait_for_selector(".braid.following")
    assert word in page.locator(".told .words").inner_text()
    told = page.locator(".facts li").all_inner_texts()
    assert [line.split(" ", 3)[2] for line in told] == ["0.4", "0.7", "1.5"] and "exact" in told[0]
    assert page.locator(".followed").nth(2).get_attribute("d")
    page.mouse.move(5, 5)
    page.wait_for_selector(".braid:not(.following)")

    # The keyboard walks, and says where it is.
    cursor = page.locator(".cursor").nth(0)
    cursor.focus()
    page.keyboard.press("ArrowRight")
    spoken = page.locator(".braid .spoken").inner_text()
    assert spoken == cursor.get_attribute("aria-label") and "exact chance" in spoken
    page.keyboard.press("Escape")
    page.wait_for_selector(".braid:not(.following)")

    page.get_by_role("button", name="Keep").click()
    with page.expect_download() as caught:
        page.get_by_role("button", name="Texts as CSV").click()
    caught.value.save_as(tmp_path / "texts.csv")
    rows = list(csv.DictReader((tmp_path / "texts.csv").read_text(encoding="utf-8").splitlines()))
    assert len(rows) == 60
    page.keyboard.press("Escape")

    # A click opens the first of the texts: the words are those of the table.
    word, x, y = at_knot(many, 0)
    page.mouse.move(x, y)
    page.wait_for_selector(".braid.following")
    number = int(page.locator(".open a").first.inner_text().split()[1])
    page.mouse.click(x, y)
    page.wait_for_selector(".side-by-side .word")
    many.settle()
    own = [row for row in rows if int(row["text_number"]) == number]
    assert many.query.get("seed", ["33"]) == [own[0]["seed"]]
    for k, row in enumerate(own):
        assert many.text(k).replace("\n", " ").startswith(row["text"])
    page.go_back()
    page.wait_for_selector(".braid .panel text")
    many.settle()
    assert many.query["t1"] == ["0.4"] and many.query["title"] == ["Pizza"]
    many.is_sound()


def test_on_a_phone_a_tap_follows_and_a_second_one_opens(phone):
    many = opened(phone)
    page = many.page
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    word, x, y = at_knot(many, 2)
    page.touchscreen.tap(x, y)
    page.wait_for_selector(".braid.following")
    assert word in page.locator(".told .words").inner_text()
    assert "many" in page.url
    word, x, y = at_knot(many, 2)
    page.touchscreen.tap(x, y)
    page.wait_for_selector(".side-by-side .word")
    many.settle()
    many.is_sound()
