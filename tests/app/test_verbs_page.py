"""The verbs page's logic, without a browser."""

from __future__ import annotations

from opening import SMALL, captions, headings, html, opened, said
from streamlit.testing.v1 import AppTest

from pages.parts import address, writers
from textgen.network.bundle import load_bundle
from textgen.text.typeset import detokenize
from textgen.writing.generate import generate, recipe_prompt
from textgen.writing.sampling import Sampler


def verbs(*dishes: str, **state: object) -> AppTest:
    """The page on a small network with these titles; each test asks for few, as each costs a second."""
    return opened("verbs", model=SMALL, dish=list(dishes), **state)


def words(app: AppTest) -> str:
    return " ".join(element.value for element in app.markdown).replace("\\", "")


def test_two_titles_fill_every_section_and_the_slider_moves_the_table():
    app = verbs("Pizza", "Tomato soup")
    assert not app.warning
    assert len(headings(app)) == 8
    assert "Titles and verbs at T = 1" in headings(app)
    app.select_slider(key="temperature").set_value(0.2).run()
    assert "Titles and verbs at T = 0.2" in headings(app)
    assert not app.exception


def test_the_openings_are_what_textgen_writes():
    app = verbs("Pizza", "Tomato soup", temperature=0.6)
    bundle = load_bundle(SMALL)
    steps = generate(
        bundle,
        recipe_prompt("Tomato soup"),
        sampler=Sampler(0.6, suppress=(1,)),
        max_tokens=40,
        seed=address.fields("verbs")["seed"].default,
    )
    words = [step.word for step in steps if step.word]
    page = html(app).replace("<u>", "").replace("</u>", "")
    assert detokenize(words)[:60] in page


def test_one_title_asks_for_a_second_and_has_no_divergence():
    app = verbs("Pizza")
    assert "Add a second title" in said(app)
    assert "How far apart the titles are" not in headings(app)
    app.button(key="compare1").click().run()
    assert not app.exception and app.text_input(key="title").value == "Pizza"
    assert app.selectbox(key="model").value == SMALL


def test_no_title_is_a_sentence_and_nothing_else():
    app = verbs()
    assert "Name a dish" in said(app)
    assert headings(app) == []


def test_titles_that_do_not_say_what_their_writer_thinks():
    app = verbs("Pizza", " pizza ", "xyzzyq <b>frobnitz</b> $x$" + "y" * 300, temperature=0.0)
    text = said(app)
    assert "“pizza” is there twice" in text
    assert "the network reads the first 200" in text
    assert "words the network knows" in text or "knows no word" in text
    assert "<b>" not in html(app)


def test_unknown_words_only_and_a_bar_are_said_and_shown():
    app = verbs("qwzzx", "soup | boil", temperature=0.0)
    assert "knows no word of “qwzzx”" in said(app)
    assert "The bar in “soup | boil”" in said(app)
    assert "Titles and verbs at T = 0" in headings(app)


def test_the_title_that_others_are_measured_from_may_leave():
    app = verbs("Pizza", "Tomato soup", "White bread")
    app.selectbox(key="reference").set_value("White bread").run()
    assert "those of “White bread”" in captions(app)
    app.multiselect(key="dish").set_value(["Pizza", "Tomato soup", "Gin cocktail"]).run()
    assert not app.exception
    assert "those of “Pizza”" in captions(app)


def test_another_title_here_is_not_the_title_elsewhere_until_that_one_goes():
    app = opened("compare", {"title": "Pizza", "model": SMALL, "words": 5})
    app.switch_page("pages/verbs.py").run()
    dishes = app.multiselect(key="dish").value
    assert "Pizza" in dishes
    for more, title in (([*dishes, "Borscht"], "Pizza"), (["Omelette", "Borscht"], "Borscht")):
        app.multiselect(key="dish").set_value(more).run()
        assert app.session_state["shared"]["title"] == title


def test_a_title_may_come_while_the_one_it_is_measured_from_has_gone():
    dishes = ["Roasted vegetables", "Chocolate ice cream", "Pizza"]
    app = opened("verbs", {"dish": dishes, "reference": "Roasted vegetables", "model": SMALL})
    for dishes in (["Chocolate ice cream", "Pizza"], ["Chocolate ice cream", "Pizza", "Omelette"]):
        app.query_params["reference"] = "Roasted vegetables"  # as a browser keeps it
        app.multiselect(key="dish").set_value(dishes).run()
        assert not app.exception
    app.select_slider(key="temperature").set_value(0.2).run()
    assert not app.exception and "those of “Chocolate ice cream”" in captions(app)
    assert "reference" not in app.query_params


def test_an_address_of_a_title_that_has_gone_says_so_truly():
    app = opened(
        "verbs",
        {"dish": ["Pizza", "Tomato soup", "White bread"], "reference": "Omelette", "model": SMALL},
    )
    assert "Omelette" in said(app) and "not one of the titles" in said(app)
    assert "those of “Pizza”" in captions(app)
    assert "reference" not in app.query_params


def test_from_a_verb_to_its_dishes_and_to_the_comparison(monkeypatch):
    table = {
        "temperatures": [0.5, 1.0, 1.5],
        "titles": ["custard", "<b>meringue</b>", "stew"],
        "verbs": {"whisk": [[0, 0.2, 0.3, 0.2], [1, 0.6, 0.5, 0.1]], "fry": [[2, 0.4, 0.3, 0.2]]},
    }
    monkeypatch.setitem(writers.load(SMALL).measured, "dishes", table)
    app = opened("verbs", {"dish": "Pizza", "model": SMALL, "verb": "fry", "heat": "0.5"})
    assert app.selectbox(key="verb").value == "fry" and "stew (40 %)" in words(app)
    app.selectbox(key="verb").set_value("whisk").run()
    assert words(app).index("<b>meringue</b> (60 %)") < words(app).index("custard (20 %)")
    assert "<b>meringue" not in html(app)
    app.button(key="dish1").click().run()
    assert not app.exception and app.text_input(key="title").value == "custard"
    assert "0.5" in app.query_params["t2"]


def test_without_measured_dishes_it_says_how_to_make_them(monkeypatch):
    monkeypatch.delitem(writers.load(SMALL).measured, "dishes", raising=False)
    app = verbs("Pizza", temperature=0.0)
    assert f"evaluate --model {SMALL} --dishes --save" in captions(app) and not app.exception
