"""The game's page in a browser: by keyboard, with Back in mid-round, and on a phone."""

from __future__ import annotations

import re

GAME = "guess?game=7&writer=lstm"


def verdict(app) -> str:
    return app.page.locator(".verdict").inner_text().replace("\u00a0", " ")


def test_a_round_by_keyboard_back_in_the_middle_and_forward(app):
    app.open(GAME, wait_for=".st-key-options")
    text = app.page.locator(".sample").first.inner_text()
    assert "guess" not in app.query
    app.press("t_guess", "ArrowRight", "ArrowRight")
    app.page.keyboard.press("Tab")
    app.page.keyboard.press("Enter")  # the button beside the slider
    app.page.wait_for_selector(".verdict")
    app.settle()
    assert app.query["guess"] == ["1 1.1"] and "You said T = 1.1" in verdict(app)
    first = verdict(app)
    labels = app.chart("posteriorA")
    truth = re.search(r"it was T = ([\d.]+)", first)[1]
    assert f"it was {truth}" in labels and "you: 1.1" in labels
    chart = app.key("posteriorA").locator("[data-testid=stVegaLiteChart]")
    assert "probability of each temperature" in chart.get_attribute("aria-label")
    app.page.go_back()
    app.page.wait_for_selector(".st-key-options")
    app.settle()
    assert "guess" not in app.query and "You have seen the answer" in app.alerts()
    app.key("bring_back").locator("button").click()
    app.page.wait_for_selector(".verdict")
    app.settle()
    assert verdict(app) == first and app.query["guess"] == ["1 1.1"]
    app.key("next").locator("button").click()
    app.page.wait_for_selector(".st-key-options")
    app.settle()
    assert app.query["round"] == ["2"]
    app.page.go_back()
    app.page.wait_for_selector(".verdict")
    app.settle()
    assert verdict(app) == first and "round" not in app.query
    app.page.reload()
    app.page.wait_for_selector(".verdict")
    app.settle()
    assert verdict(app) == first
    app.key("challenge").locator("button").first.click()
    link = app.page.locator("[data-testid=stCode]").inner_text().strip()
    app.page.goto(link)  # somebody else: no answers, the same text
    app.page.wait_for_selector(".st-key-options")
    app.settle()
    assert app.query["game"] == ["7"] and "guess" not in app.query
    assert app.page.locator(".sample").first.inner_text() == text
    app.is_sound()


def test_a_phone_has_room_for_every_kind_of_round(phone):
    played = "&guess=1+0.7&guess=2+0.7&guess=3+0.7&guess=4+0.7&guess=5+A"
    for query in (f"{GAME}{played}", f"{GAME}&round=5", f"{GAME}&mode=word"):
        phone.open(query, wait_for=".score")
        assert phone.page.evaluate("document.documentElement.scrollWidth") <= 390
        boxes = phone.page.locator(".st-key-options button:visible, .st-key-go_on button").all()
        assert boxes and all(box.bounding_box()["height"] >= 38 for box in boxes)
    phone.is_sound()
