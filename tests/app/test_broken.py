"""An error that nobody foresaw: in the run of a page, in one of its fragments, and in what a button does."""

from __future__ import annotations

import pytest
from opening import SMALL, opened
from streamlit.testing.v1 import AppTest

from pages.parts.navigation import BROKEN


def fail(*_args, **_options):
    raise KeyError("something that nobody has thought of")


def broken(app: AppTest) -> list[tuple[str, list[str]]]:
    return [(exception.message, list(exception.stack_trace)) for exception in app.exception]


@pytest.mark.parametrize(
    ("page", "what"), [("guess", "textgen.views.guess.rounds"), ("models", "textgen.views.models.curve_rows")]
)
def test_what_breaks_is_said_in_a_sentence_of_ours_and_what_to_do(monkeypatch, page, what):
    monkeypatch.setattr(what, fail)
    app = AppTest.from_file("../../app.py", default_timeout=120)
    app.switch_page(f"pages/{page}.py").run()
    assert broken(app) == [(BROKEN, [])]


def test_a_button_that_breaks_says_the_same_and_the_page_goes_on(monkeypatch):
    app = opened("compare", {"model": SMALL})
    with monkeypatch.context() as patch:
        patch.setattr("pages.parts.columns.have", fail)
        app.button(key="start_tour").click().run()
        assert broken(app) == [(BROKEN, [])]
    assert not app.run().exception
