"""The logic of the page inside the cell, without a browser."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from opening import SMALL, captions, headings, html, opened, said
from streamlit.testing.v1 import AppTest

from textgen.network.bundle import load_bundle
from textgen.network.gates import KINDS
from textgen.text.typeset import detokenize
from textgen.text.vocabulary import tokenize
from textgen.writing.generate import generate, recipe_prompt
from textgen.writing.sampling import Sampler


def cell(model: str = SMALL, **state: object) -> AppTest:
    return opened("cell", model=model, **{"words": 12, **state})


def steps(app: AppTest) -> list[str]:
    return [element.value for element in app.markdown if "$$" in element.value]


@pytest.mark.parametrize(("model", "equations"), [("lstm", 7), ("stacked_lstm", 7), ("gru", 5)])
def test_each_architecture_has_its_gates_and_its_arithmetic(model, equations):
    app = cell(model)
    kind = load_bundle(model).model.layers[0].kind
    gate = next(group for group in app.get("button_group") if group.key == "gate")
    assert list(gate.options) == list(KINDS[kind])
    assert len(steps(app)) == equations
    assert len(headings(app)) == 3 and headings(app)[0].startswith("Unit ")
    assert ("Keras" in captions(app)) == (kind == "gru")
    assert not app.warning


def test_another_network_leaves_what_it_does_not_have():
    app = cell("large", unit=400, gate="forget")
    app.selectbox(key="model").set_value("gru").run()
    assert not app.exception and app.session_state.gate == "hidden" and app.session_state.unit == 127


def test_the_text_is_that_of_the_comparison_page():
    app = cell(title="Gin cocktail", seed=5, temperature=0.9, words=30)
    run = generate(
        load_bundle("lstm"),
        recipe_prompt("Gin cocktail"),
        sampler=Sampler(0.9, suppress=(1,)),
        max_tokens=30,
        seed=5,
    )
    words = [*tokenize(recipe_prompt("Gin cocktail")), *(step.word for step in run if step.word)]
    assert detokenize(words) in re.sub("<.*?>", "", html(app))


def test_a_word_past_the_end_is_said_and_the_last_one_opened():
    app = cell(at=400, title="")
    assert "the last one is opened" in said(app)
    assert "There is no title" in said(app)


def test_texts_and_titles_stay_text():
    app = cell(title="<b>soup</b> $x$ [UNK]", opening="*mix*")
    assert "&lt;" in html(app) and "<b>" not in html(app)


def test_a_unit_of_a_fact_opens_with_its_layer_and_state():
    app = cell("stacked_lstm", fact="position in the recipe")
    app.button(key="best0").click().run()
    assert (app.session_state.layer, app.session_state.unit, app.session_state.shade) == (2, 60, "cell")
    assert headings(app)[0].startswith("Unit 60 ")


def test_a_network_that_was_not_measured_says_how_to(monkeypatch):
    monkeypatch.setattr("textgen.network.bundle.load_measured", lambda name: {})
    app = cell()
    assert "evaluate --units" in captions(app) and "evaluate --memory" in captions(app)
    assert steps(app)


def test_the_page_imports_no_tensorflow():
    code = (
        "import sys; from streamlit.testing.v1 import AppTest;"
        "t = AppTest.from_file('app.py', default_timeout=120); t.switch_page('pages/cell.py'); t.run();"
        "assert not t.exception, t.exception; assert t.subheader;"
        "print([m for m in sys.modules if m.partition('.')[0] in ('tensorflow', 'keras')])"
    )
    root = Path(__file__).parents[2]
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert result.stdout.strip().splitlines()[-1] == "[]"
