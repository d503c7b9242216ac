"""The sweep page's logic, without a browser."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from opening import SMALL, html, opened, said
from streamlit.testing.v1 import AppTest

from pages.parts import address
from textgen.measuring.study.settings import Settings
from textgen.measuring.study.table import Study
from textgen.measuring.study.units import measure_all, units
from textgen.network.bundle import load_bundle
from textgen.text.typeset import detokenize
from textgen.writing.generate import generate, recipe_prompt
from textgen.writing.sampling import Sampler

SEED = address.fields("sweep")["seed"].default


def sweep(wait: bool = True, **state: object) -> AppTest:
    """The page on a small network and a small study; run until the study is done."""
    test = opened("sweep", **{"network": [SMALL], "by": 1.0, "count": 8, "length": 10, **state})
    if wait and "sweep_work" in test.session_state:
        until(test, lambda: not buttons(test, "stop"))
    return test


def until(test: AppTest, happened: Callable[[], object]) -> None:
    """Look at the page again and again, as its clock does."""
    for _ in range(200):
        if happened():
            return
        time.sleep(0.1)
        test.run()
    raise AssertionError("it did not happen in time")


def buttons(test: AppTest, key: str) -> list:
    return [button for button in test.button if button.key == key]


def words(test: AppTest) -> str:
    return " ".join(element.value for element in test.markdown).replace("\\", "")


def test_a_study_runs_by_itself_and_says_what_it_found():
    test = sweep()
    assert said(test) == ""
    headings = [heading.value for heading in test.subheader]
    assert headings[:2] == ["Quality against diversity", "Where is human text?"]
    assert "From T = 0 to T = 2, effective choices rise from 1.00" in words(test)
    assert "all 8 texts are the same text" in words(test)
    assert len(test.get("vega_lite_chart")) == 14
    assert not buttons(test, "measure") and not buttons(test, "stop")


def test_the_texts_are_what_textgen_writes():
    test = sweep(sweep_at=1.0, seed=11)
    steps = generate(
        load_bundle(SMALL),
        recipe_prompt("Roasted vegetables"),
        sampler=Sampler(1.0, suppress=(1,)),
        max_tokens=10,
        seed=12,
    )
    text = detokenize([step.word for step in steps if step.word])
    assert text in html(test)
    buttons(test, "go1")[0].click()
    test.run()
    assert not test.exception and test.text_input(key="title").value == "Roasted vegetables"
    assert test.number_input(key="seed").value == 12 and test.selectbox(key="model").value == SMALL


def test_other_settings_wait_for_a_click_and_what_is_known_does_not():
    test = sweep()
    test.number_input(key="seed").set_value(99)
    test.run()
    assert "earlier settings" in words(test)
    buttons(test, "measure")[0].click()
    test.run()
    until(test, lambda: not buttons(test, "stop"))
    assert "earlier settings" not in words(test)
    test.number_input(key="seed").set_value(SEED)  # measured before: shown at once
    test.run()
    assert not buttons(test, "measure") and not buttons(test, "stop")
    assert test.session_state.sweep_work.settings.seed == SEED and not test.exception


@pytest.mark.parametrize(
    ("controls", "sentence"),
    [
        ({"low": 1.5, "high": 0.5}, "The range is reversed: it starts at 1.5 and ends at 0.5."),
        ({"prompt": []}, "Choose at least one dish to measure."),
        ({"network": [], "filter": []}, "Choose at least one network and one filter to measure."),
        ({"by": 0.01, "count": 240, "length": 200}, "a page writes at most"),
    ],
)
def test_what_cannot_be_measured_is_a_sentence(controls, sentence):
    test = sweep(**controls)
    assert sentence in said(test)
    assert not test.subheader and "sweep_work" not in test.session_state


def test_one_temperature_is_points_and_said_so():
    test = sweep(low=1.0, high=1.0)
    assert "Only T = 1 is measured" in said(test)
    assert "At T = 1, effective choices are" in words(test)
    assert not test.exception


def test_titles_stay_text():
    test = sweep(prompt=["<b>x</b> $y$ qwzzx"])
    assert "words the network knows" in said(test)
    assert "<b>" not in html(test)


def test_stop_keeps_what_is_finished():
    test = sweep(wait=False, by=0.05, length=60)
    buttons(test, "stop")[0].click()
    test.run()
    until(test, lambda: buttons(test, "go_on"))
    work = test.session_state.sweep_work
    count = len(work.study.figures)
    assert buttons(test, "go_on") and count < 41
    time.sleep(0.5)
    assert len(work.study.figures) == count
    assert not test.exception


def test_a_finished_study_opens_again_and_another_file_is_a_sentence():
    settings = Settings(("Tomato soup",), (0.5, 1.0), (SMALL,), texts=3, max_words=5, seed=2)
    study = Study(settings)
    for unit in units(settings):
        study.add(unit, *measure_all([unit]))
    test = sweep(low=1.0, high=1.0)
    test.file_uploader[0].upload("study.parquet", study.to_parquet(), "application/octet-stream")
    test.run()
    assert "A study from a file: Tomato soup" in said(test)
    assert "From T = 0.5 to T = 1" in words(test)
    buttons(test, "close_file")[0].click()
    test.run()
    assert "A study from a file" not in said(test) and not test.exception
    test.file_uploader[0].upload("other.parquet", b"PAR1", "application/octet-stream")
    test.run()
    assert "is not a whole Parquet file" in said(test) and not test.exception
