"""The page inside the cell in a real browser."""

from __future__ import annotations

import re

import pytest

from textgen.network.bundle import available_bundles, load_bundle
from textgen.network.gates import read
from textgen.text.vocabulary import tokenize
from textgen.writing.generate import generate, recipe_prompt
from textgen.writing.sampling import Sampler

SMALL = "lstm" if "lstm" in available_bundles() else (available_bundles() or [""])[0]
LINK = f"cell?model={SMALL}&title=Tomato+soup&seed=11&temperature=0.5&words=20&unit=5&at=9&gate=forget"


def opened(app, query: str = LINK):
    app.page.set_default_timeout(60_000)
    app.page.goto(f"{app.address}/{query}")
    app.page.wait_for_selector(".st-key-memory svg.marks")
    app.page.wait_for_selector(".st-key-picture .word")
    return app.settle()


@pytest.fixture
def inside(app):
    return opened(app)


def words(app) -> list[str]:
    return app.key("picture").locator(".words .word").all_inner_texts()


def numbers(app) -> list[str]:
    return app.page.locator(".st-key-step annotation").all_text_contents()


def the_reading():
    bundle = load_bundle(SMALL)
    prompt = recipe_prompt("Tomato soup")
    steps = generate(bundle, prompt, sampler=Sampler(0.5, suppress=(1,)), max_tokens=20, seed=11)
    return read(bundle, tokenize(prompt), [step.word for step in steps])


def test_the_address_brings_back_the_picture_whose_colours_and_numbers_are_the_values(inside):
    reading = the_reading()
    assert [word.lower() for word in words(inside)] == [word.lower() for word in reading.words]
    pixels = (
        inside.key("picture")
        .locator("canvas")
        .evaluate(
            "c => [c.width, c.height, [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]]"
        )
    )
    wide, high, data = pixels
    assert (wide, high) == (len(reading), reading.units(0))
    forget = reading.layers[0]["forget"]
    for unit, at in ((0, 0), (5, 9), (127, 19)):
        assert abs(data[4 * (unit * wide + at) + 3] - 255 * forget[at, unit]) <= 1
    picture = inside.key("picture").locator("canvas")
    box = picture.bounding_box()
    unit, at = 77, 12
    x = box["width"] * (at + 0.5) / len(reading)
    y = box["height"] * (unit + 0.5) / reading.units(0)
    picture.hover(position={"x": x, "y": y})
    card = inside.key("picture").locator(".card").inner_text()
    assert f"forget gate {reading.layers[0]['forget'][at, unit]:.4f}" in card
    assert f"unit {unit}" in card and f"word {at + 1}" in card
    picture.click(position={"x": x, "y": y})
    inside.settle()
    assert inside.query["unit"] == ["77"] and inside.query["at"] == ["13"]
    heading = inside.page.get_by_role("heading", name=re.compile("^Unit 77 reads"))
    assert words(inside)[12] in heading.inner_text()
    value = f"{reading.layers[0]['hidden'][at, unit]:.3f}"
    assert any(value in text for text in numbers(inside))
    inside.is_sound()


def test_the_keyboard_walks_over_words_and_cells(inside):
    inside.key("picture").locator(".word.picked").focus()
    inside.page.keyboard.press("ArrowRight")
    inside.page.wait_for_timeout(300)
    inside.settle()
    assert inside.query["at"] == ["10"]
    inside.key("picture").locator(".frame").focus()
    for key in ("ArrowDown", "ArrowDown", "ArrowLeft"):
        inside.page.keyboard.press(key)
    said = inside.key("picture").locator(".spoken").inner_text()
    assert "unit 7" in said and "word 9" in said and "forget gate" in said
    inside.page.keyboard.press("Enter")
    inside.settle()
    assert inside.query["unit"] == ["7"] and inside.query.get("at") == ["9"]
    inside.is_sound()


def test_another_gate_another_network_another_order(inside):
    inside.key("gate").get_by_role("radio", name="output").click()
    inside.settle()
    assert inside.query["gate"] == ["output"]
    before = inside.key("picture").locator("canvas").evaluate("c => c.toDataURL()")
    inside.key("order").locator("input").click()
    inside.page.get_by_role("option", name="mean value").click()
    inside.settle()
    assert inside.query["order"] == ["mean value"]
    assert inside.key("picture").locator("canvas").evaluate("c => c.toDataURL()") != before
    inside.key("best_units").locator("button").first.click()
    inside.settle()
    assert inside.page.locator(".tinted span[title]").count() > 40
    inside.is_sound()


def test_from_the_comparison_into_the_cell_and_back_with_the_same_words(app):
    app.page.set_default_timeout(60_000)
    link = (
        f"?model={SMALL}&title=Gin+cocktail&opening=pour&seed=5&words=25&t1=0.3&t2=0.9&t3=1.5&p=0.9&penalty=1.2"
        "&luck=separate&force=3+cold&step=7"
    )
    app.open(link)
    texts = [app.text(k) for k in range(3)]
    app.key("look_inside").locator("button").first.click()
    app.page.get_by_text("column 2", exact=True).last.click()
    app.page.wait_for_selector(".st-key-picture .word")
    app.settle()
    read_words = "".join(words(app))
    written = "".join(texts[1].replace("■", "").split())
    assert read_words.lower().replace(" ", "").endswith(written.lower())
    assert app.key("title").locator("input").input_value() == "Gin cocktail"
    address = app.page.url
    assert app.query["at"] == [str(len(tokenize(recipe_prompt("Gin cocktail", "pour"))) + 6)]

    app.page.goto(address)  # the address alone writes the same words
    app.page.wait_for_selector(".st-key-picture .word")
    app.settle()
    assert "".join(words(app)) == read_words

    app.key("back_to_compare").locator("button").click()
    app.page.wait_for_selector(".st-key-columns .word")
    app.settle()
    assert app.text(1) == texts[1]
    assert app.query["step"] == ["7"]
    app.page.goto(app.page.url)
    app.page.wait_for_selector(".st-key-columns .word")
    app.settle()
    assert app.text(1) == texts[1]
    app.is_sound()


def test_a_bad_address_is_a_sentence(app):
    opened(app, f"cell?model={SMALL}&gate=reset&unit=900&layer=3&seed=-1&at=0&temperature=9&rule=p+7&force=x")
    said = app.alerts()
    for part in ("gate = “reset”", "unit = “900”", "layer = “3”", "seed = “-1”", "at = “0”", "2 more fields"):
        assert part in said
    assert set(app.query) <= {"model", "unit"}  # what was left out leaves the address
    app.press("temperature", "ArrowRight")
    assert app.alerts() == ""
    app.is_sound()


def test_titles_stay_text(app):
    opened(app, f"cell?model={SMALL}&title=%3Cb%3Ex%3C%2Fb%3E+*y*+%24z%24&words=5&at=4")
    assert app.page.get_by_role("heading", name=re.compile("^Unit")).inner_text().count("“") == 1
    assert "<" in words(app) and "$" in words(app)
    app.is_sound()


def test_a_phone_reads_it_without_scrolling_sideways(phone):
    opened(phone)
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= 390
    box = phone.key("picture").locator(".word").first.bounding_box()
    assert box["width"] >= 24
    phone.is_sound()
