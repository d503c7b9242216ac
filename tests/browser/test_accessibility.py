"""axe-core finds nothing serious on any page: in a window and in the light, on a phone and in the dark."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from driver import App
from playwright.sync_api import expect

CHECKED = {"resultTypes": ["violations"], "rules": {"label-content-name-mismatch": {"enabled": True}}}


def serious(app: App) -> list[tuple[str, str]]:
    found = Axe().run(app.page, context={"exclude": ["svg.marks"]}, options=CHECKED).response["violations"]
    return [
        (one["id"], one["nodes"][0]["html"][:200])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize(
    ("page", "last"),
    [
        ("", ".st-key-own_knob h3"),
        ("verbs", ".st-key-cells svg.marks"),
        ("sweep?count=8&low=0.5&high=1&by=0.5&length=10", ".st-key-front svg.marks"),
        ("models", ".st-key-column1 .word, .st-key-texts1 .word"),
        ("cell", ".st-key-memory svg.marks"),
        ("yours?corpus=file", ".st-key-corpus_kind"),
    ],
)
def test_axe_finds_nothing_serious(app, page, last):
    app.page.emulate_media(color_scheme="light")
    app.open(page, wait_for=last)
    if not page:
        app.further_down()
    assert serious(app) == []
    if page:  # in a low window too, fields have names
        app.page.set_viewport_size({"width": 960, "height": 540})
        expect(app.page.locator("[data-testid=stWidgetLabel]:visible").first).to_be_visible()
    app.page.set_viewport_size({"width": 390, "height": 844})
    app.page.emulate_media(color_scheme="dark")
    app.settle()
    assert serious(app) == []
