"""The page of many texts, without a browser."""

from __future__ import annotations

from opening import SMALL, html, opened, said

from pages.parts import braid

LINK = {
    "model": SMALL,
    "title": "Pizza",
    "count": "10",
    "depth": "5",
    "panels": "2",
    "t1": "0.2",
    "t2": "1.5",
}


def test_a_text_of_the_braid_is_the_text_on_the_comparison_page(monkeypatch):
    asked = {}
    show = braid.braid_component
    monkeypatch.setattr(braid, "braid_component", lambda **data: asked.update(data) or show(**data))
    app = opened("many", LINK | {"seed": "7"})
    assert not app.warning
    found = app.session_state.braid_shown[0]
    assert found.temperatures == [0.2, 1.5] and found.count == 10 and found.depth == 5
    # The address that a strand has: what the component puts together.
    link = f"{asked['data']['link']}&seed={asked['data']['seeds'][4]}&step=3"
    compare = opened("compare", dict(part.split("=") for part in link.split("&")) | {"words": "5"})
    assert not compare.warning
    runs = compare.session_state.shown["comparison"].runs
    assert [tuple(step.token for step in run.steps) for run in runs] == [paths[4] for paths in found.paths]
    assert compare.session_state.word == 3


def test_a_click_leaves_for_the_comparison_page():
    app = opened("many", LINK | {"seed": "7"})
    tokens = [paths[2] for paths in app.session_state.braid_shown[0].paths]
    app.session_state.text_to_open = (2, 4)
    app.run()
    assert not app.exception and app.text_input(key="title").value == "Pizza"
    assert app.number_input(key="seed").value == 9 and app.session_state.word == 4
    runs = app.session_state.shown["comparison"].runs
    assert [tuple(step.token for step in run.steps[:5]) for run in runs] == tokens
    assert [run.sampler.temperature for run in runs] == [0.2, 1.5]


def test_what_a_browser_may_not_ask_for(monkeypatch):
    class Said:
        open: object = None

    monkeypatch.setattr(braid, "state", {"braid": Said})
    for asked, answer in (
        ({"text": 3, "word": 5}, (3, 5)),
        ({"text": 10, "word": 1}, None),
        ({"text": -1, "word": 1}, None),
        ({"text": True, "word": 1}, None),
        ({"text": 1, "word": 6}, None),
        ({"text": "1", "word": 2}, None),
        ([], None),
        (None, None),
    ):
        Said.open = asked
        assert braid.opened("braid", 10, 5) == answer


def test_words_are_text_and_the_table_says_what_the_picture_shows():
    app = opened("many", LINK | {"title": "<b>xyzzyq</b> $x$"})
    assert "<b>" not in html(app) and "words the network knows" in said(app)
    table = html(app)
    assert '<table class="beginnings">' in table and " of 10</td>" in table
    app.slider(key="t1").set_value(0.0).run()
    assert not app.exception and "10 of 10" in html(app)


def test_a_bad_address_is_a_sentence():
    app = opened("many", {"model": SMALL, "count": "51", "depth": "99", "panels": "7", "t1": "-1"})
    for key in ("count", "depth", "panels", "t1"):
        assert f"{key} = “" in said(app)
    assert app.session_state.depth == 10 and app.session_state["count"] == 50
