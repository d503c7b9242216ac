"""The logic of the page inside the cell, without a browser."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from textgen.network.bundle import available_bundles, load_bundle
from textgen.network.gates import KINDS
from textgen.writing.generate import generate, recipe_prompt
from textgen.writing.sampling import Sampler

pytestmark = pytest.mark.skipif(not available_bundles(), reason="no released network")


def opened(model: str = "lstm", **state) -> AppTest:
    test = AppTest.from_file("../../app.py", default_timeout=120)
    test.switch_page("pages/cell.py")
    test.session_state.model = model if model in available_bundles() else available_bundles()[0]
    for name, value in {"words": 12, **state}.items():
        test.session_state[name] = value
    test.run()
    assert not test.exception and not test.error
    return test


def said(app: AppTest) -> str:
    return " ".join(message.value for message in app.warning).replace("\\", "")


def texts(app: AppTest) -> str:
    return " ".join(element.proto.body for element in app.get("html"))


def headings(app: AppTest) -> list[str]:
    return [heading.value for heading in app.subheader]


def steps(app: AppTest) -> list[str]:
    return [element.value for element in app.markdown if "$$" in element.value]


@pytest.mark.parametrize(("model", "equations"), [("lstm", 7), ("stacked_lstm", 7), ("gru", 5)])
def test_each_architecture_has_its_gates_and_its_arithmetic(model, equations):
    app = opened(model)
    kind = load_bundle(model).model.layers[0].kind
    gate = next(group for group in app.get("button_group") if group.key == "gate")
    assert list(gate.options) == list(KINDS[kind])
    assert len(steps(app)) == equations
    assert len(headings(app)) == 3 and headings(app)[0].startswith("Unit ")
    assert ("Keras" in " ".join(caption.value for caption in app.caption)) == (kind == "gru")
    assert not app.warning


def test_another_network_leaves_what_it_does_not_have():
    app = opened("large", unit=400, gate="forget")
    app.selectbox(key="model").set_value("gru").run()
    assert not app.exception and app.session_state.gate == "hidden" and app.session_state.unit == 127


def test_the_text_is_that_of_the_comparison_page():
    app = opened(title="Gin cocktail", seed=5, temperature=0.9, words=30)
    run = generate(
        load_bundle("lstm"),
        recipe_prompt("Gin cocktail"),
        sampler=Sampler(0.9, suppress=(1,)),
        max_tokens=30,
        seed=5,
    )
    written = [step.word for step in run if step.word]
    reading = list(app.session_state.readings.values())
    assert any(list(one.words[one.prompt :]) == written for one in reading)


def test_a_word_past_the_end_is_said_and_the_last_one_opened():
    app = opened(at=400, title="")
    assert "the last one is opened" in said(app)
    assert "There is no title" in said(app)


def test_texts_and_titles_stay_text():
    app = opened(title="<b>soup</b> $x$ [UNK]", opening="*mix*")
    assert "&lt;" in texts(app) and "<b>" not in texts(app)


def test_a_unit_of_a_fact_opens_with_its_layer_and_state():
    app = opened("stacked_lstm", fact="position in the recipe")
    app.button(key="best0").click().run()
    assert (app.session_state.layer, app.session_state.unit, app.session_state.shade) == (2, 60, "cell")
    assert headings(app)[0].startswith("Unit 60 ")


def test_a_network_that_was_not_measured_says_how_to(monkeypatch):
    monkeypatch.setattr("textgen.network.bundle.load_measured", lambda name: {})
    app = opened()
    captions = " ".join(caption.value for caption in app.caption)
    assert "evaluate --units" in captions and "evaluate --memory" in captions
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
