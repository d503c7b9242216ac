"""axe-core finds nothing serious on any page: in a window and in the light, on a phone and in the dark, and
in the few colours of a reader's own, in which sliders and what is chosen can still be seen.
"""

from __future__ import annotations

import io

import pytest
from axe_playwright_python.sync_playwright import Axe
from driver import App, later_streamlit
from PIL import Image
from playwright.sync_api import expect

CHECKED = {"resultTypes": ["violations"], "rules": {"label-content-name-mismatch": {"enabled": True}}}


def serious(app: App) -> list[tuple[str, str]]:
    found = Axe().run(app.page, context={"exclude": ["svg.marks"]}, options=CHECKED).response["violations"]
    return [
        (one["id"], one["nodes"][0]["html"][:200])
        for one in found
        if one["impact"] in ("serious", "critical")
    ]


def colors_across(app: App, selector: str) -> int:
    """How many colours the middle row of an element has."""
    place = app.page.locator(selector).first
    place.scroll_into_view_if_needed()
    picture = Image.open(io.BytesIO(place.screenshot(animations="disabled"))).convert("RGB")
    middle = picture.crop((0, picture.height // 2, picture.width, picture.height // 2 + 1))
    return len(middle.getcolors())


@pytest.mark.parametrize(
    ("page", "last"),
    [
        ("learn", ".st-key-answer_before"),
        ("many", ".panel"),
        ("", ".st-key-own_knob h3"),
        ("?embed=true", ".st-key-controls"),
        ("verbs", ".st-key-cells svg.marks"),
        ("sweep?count=8&low=0.5&high=1&by=0.5&length=10", ".st-key-front svg.marks"),
        ("models", ".st-key-column1 .word, .st-key-texts1 .word"),
        ("cell", ".st-key-memory svg.marks"),
        pytest.param("yours?corpus=file", ".st-key-corpus_kind", marks=later_streamlit),
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


def test_in_forced_colours_sliders_and_what_is_chosen_can_be_seen(browser, address):
    context = browser.new_context(viewport={"width": 390, "height": 844}, forced_colors="active")
    app = App(context.new_page(), address).open("guess", wait_for=".stSlider")
    assert serious(app) == []
    assert colors_across(app, ".stSlider [role=group] > div") > 2  # the ground, the track and the thumb
    chosen, other = (
        app.page.get_by_role("radio", name=name).evaluate("e => getComputedStyle(e).backgroundColor")
        for name in ("Which temperature?", "Which word?")
    )
    assert chosen != other
    app.open("?step=2")
    assert serious(app) == []
    assert colors_across(app, ".slider input") > 2
    assert colors_across(app, ".bar.picked .track") > 2  # its line, its bar and the ground
    context.close()
