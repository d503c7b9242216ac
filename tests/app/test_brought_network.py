"""Every page with a network that somebody brought: other words, no figures, no history."""

from __future__ import annotations

import networks
import pytest
from opening import opened, said

from textgen.network.bring import make_bundle


@pytest.fixture
def _mine(tmp_path, monkeypatch):
    monkeypatch.setenv("SIMMER_HOME", str(tmp_path / "home"))
    words = ["", "[UNK]", "recipe", "for", "|", "chop", "bake", "the", "salt", "beans", ".", *"abcdefghijkl"]
    make_bundle(networks.KERAS_2 / "functional.h5", words, "mine", title="Grandma's *own*")


@pytest.mark.usefixtures("_mine")
@pytest.mark.parametrize(
    ("page", "address"),
    [
        ("compare", {"model": "mine", "title": "Beans"}),
        ("cell", {"model": "mine", "title": "Beans", "layer": 2, "unit": 3}),
        ("verbs", {"model": "mine", "dish": "Beans"}),
        ("models", {"model": "mine", "title": "Beans"}),
        ("sweep", {"network": "mine", "prompt": "Beans"}),
    ],
)
def test_the_page_opens(page, address):
    app = opened(page, address)
    assert not app.error
    if page != "sweep":
        assert app.selectbox(key="model").value == "mine"
        assert app.selectbox(key="model_label").options[-1] == "Grandma's *own*"


@pytest.mark.usefixtures("_mine")
def test_a_lesson_that_finds_no_case_says_so_and_goes_on_with_another_network():
    app = opened("learn", {"writer": "mine", "lesson": "2"})
    assert "finds no case in the texts of the network" in said(app) and "Grandma's *own*" in said(app)
    app.button(key="usual_network").click().run()
    assert not app.exception and not app.info and app.radio(key="choice_before")
