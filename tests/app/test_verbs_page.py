"""The verbs page's logic, without a browser."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from pages import shared
from textgen.network.bundle import available_bundles, load_bundle
from textgen.text.typeset import detokenize
from textgen.writing.generate import generate, recipe_prompt
from textgen.writing.sampling import Sampler

pytestmark = pytest.mark.skipif(not available_bundles(), reason="no released network")

SMALL = "lstm" if "lstm" in available_bundles() else (available_bundles() or [""])[0]


def opened(*dishes: str, temperature: float | None = None) -> AppTest:
    """The page on a small network with these titles; each test asks for few, as each costs a second."""
    test = AppTest.from_file("../../app.py", default_timeout=120)
    test.switch_page("pages/verbs.py")
    test.session_state.model = SMALL
    test.session_state.dish = list(dishes)
    if temperature is not None:
        test.session_state.temperature = temperature
    test.run()
    assert not test.exception and not test.error
    return test


def said(app: AppTest) -> str:
    return " ".join(message.value for message in [*app.warning, *app.info]).replace("\\", "")


def sections(app: AppTest) -> list[str]:
    return [heading.value for heading in app.subheader]


def test_two_titles_fill_every_section_and_the_slider_moves_the_table():
    app = opened("Pizza", "Tomato soup")
    assert not app.warning
    assert len(sections(app)) == 7
    assert "Titles and verbs at T = 1" in sections(app)
    app.select_slider(key="temperature").set_value(0.2).run()
    assert "Titles and verbs at T = 0.2" in sections(app)
    assert not app.exception


def test_the_openings_are_what_textgen_writes():
    app = opened("Pizza", "Tomato soup", temperature=0.6)
    bundle = load_bundle(SMALL)
    steps = generate(
        bundle,
        recipe_prompt("Tomato soup"),
        sampler=Sampler(0.6, suppress=(1,)),
        max_tokens=40,
        seed=shared.DEFAULTS["seed"],
    )
    words = [step.word for step in steps if step.word]
    page = " ".join(element.proto.body for element in app.get("html")).replace("<u>", "").replace("</u>", "")
    assert detokenize(words)[:60] in page


def test_one_title_asks_for_a_second_and_has_no_divergence():
    app = opened("Pizza")
    assert "Add a second title" in said(app)
    assert "How far apart the titles are" not in sections(app)
    app.button(key="compare1").click().run()
    assert not app.exception and app.text_input(key="title").value == "Pizza"
    assert app.selectbox(key="model").value == SMALL


def test_no_title_is_a_sentence_and_nothing_else():
    app = opened()
    assert "Name a dish" in said(app)
    assert sections(app) == []


def test_titles_that_do_not_say_what_their_writer_thinks():
    app = opened("Pizza", " pizza ", "xyzzyq <b>frobnitz</b> $x$" + "y" * 300, temperature=0.0)
    text = said(app)
    assert "“pizza” is there twice" in text
    assert "the network reads the first 200" in text
    assert "Not among the words the network knows" in text or "knows no word" in text
    pages = " ".join(element.proto.body for element in app.get("html"))
    assert "<b>" not in pages


def test_unknown_words_only_and_a_bar_are_said_and_shown():
    app = opened("qwzzx", "soup | boil", temperature=0.0)
    assert "knows no word of “qwzzx”" in said(app)
    assert "The bar in “soup | boil”" in said(app)
    assert "Titles and verbs at T = 0" in sections(app)


def test_the_title_that_others_are_measured_from_may_leave():
    app = opened("Pizza", "Tomato soup", "White bread")
    app.selectbox(key="reference").set_value("White bread").run()
    assert any("those of “White bread”" in caption.value for caption in app.caption)
    app.multiselect(key="dish").set_value(["Pizza", "Tomato soup", "Gin cocktail"]).run()
    assert not app.exception
    assert any("those of “Pizza”" in caption.value for caption in app.caption)
