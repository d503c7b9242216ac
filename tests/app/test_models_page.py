"""The models page's logic, without a browser."""

from __future__ import annotations

from html import escape

import pytest
from opening import captions, headings, html, opened, said
from streamlit.testing.v1 import AppTest

from textgen.network.bundle import available_bundles, load_bundle
from textgen.views import models as model_tables
from textgen.views.names import network_label

pytestmark = pytest.mark.skipif(len(available_bundles()) < 4, reason="not all networks are released")

NAMES = available_bundles()


def models(**state: object) -> AppTest:
    return opened("models", **{"words": 10, **state})


@pytest.fixture(scope="module")
def page() -> AppTest:
    return models()


def test_it_has_every_section_and_nothing_to_complain_about(page):
    assert headings(page)[:2] == ["What they are", "What they write"]
    assert headings(page)[-2:] == [
        "How they learned",
        "The best temperature, measured",
    ]
    assert not page.warning


def test_a_network_that_cannot_be_read_is_named_and_costs_no_other(monkeypatch, tmp_path):
    monkeypatch.setenv("SIMMER_HOME", str(tmp_path))
    (tmp_path / "user_bundles" / "torn").mkdir(parents=True)
    (tmp_path / "user_bundles" / "torn" / "model.keras").write_bytes(b"PK\3\4 and no more")
    app = models()
    assert ["“torn” is left out" in warning.value for warning in app.warning] == [True]
    assert set(map(network_label, NAMES)) <= set(app.dataframe[0].value["network"])


def test_the_table_has_every_network_the_reference_and_a_measured_speed(page):
    table = page.dataframe[0].value
    assert list(table["network"]) == [*map(network_label, NAMES), model_tables.KNESER_NEY_NAME]
    assert "stacked LSTM" in list(table["network"])
    assert list(table["modern"])[-1] == 37.9 and list(table["historic"])[-1] == 25.8
    assert (table["words_per_second"][: len(NAMES)] > 0).all()


def test_the_diagrams_add_up_to_the_totals_shown(page):
    text = html(page)
    for total in ("2,407,248", "2,538,832", "2,378,320"):
        assert f"{total} parameters" in text
    assert "4 × 128 × (100 + 128 + 1)" in text and "3 × 128 × (100 + 128 + 2)" in text


def test_the_texts_of_an_epoch_are_those_recorded():
    app = models(model="lstm", epoch=2)
    history = load_bundle("lstm").history
    prompt = model_tables.recorded_prompts(history)[0]
    rows = [row for row in model_tables.sample_rows(history, prompt) if row["epoch"] == 2]
    assert len(rows) == 4
    shown = [
        element.proto.body
        for element in app.get("html")
        if element.proto.body.startswith('<p class="sample-name"')
    ]
    for row in rows:  # each text stands once above the table of all epochs
        assert sum(f">{escape(row['text'])}</p>" in body for body in shown) == 1
    assert "**The next word after epoch 2**" in [element.value for element in app.markdown]
    app.slider(key="epoch").set_value(0).run()
    assert "**The next word before any training**" in [element.value for element in app.markdown]


def test_a_shorter_training_is_said_when_the_network_changes():
    app = models(model="large", epoch=model_tables.recorded_epochs(load_bundle("large").history)[-1])
    last = model_tables.recorded_epochs(load_bundle("lstm").history)[-1]
    app.selectbox(key="model").set_value("lstm").run()
    assert app.slider(key="epoch").value == last and not app.exception
    assert f"ended with {last}" in captions(app)


def test_recipes_of_another_age_have_another_best_temperature(page):
    page.segmented_control(key="era").set_value("historic").run()
    stored = load_bundle("large").measured["calibration"]["eras"]["historic"]["best"]
    table = page.dataframe[-1].value
    assert table["best"][0] == stored["temperature"]
    assert f"large LSTM: lowest perplexity {stored['perplexity']:.1f}" in html(page)


def test_titles_are_text_and_what_is_odd_about_them_is_said():
    app = models(title="<b>xyzzyq</b> $x$ *y*")
    assert "xyzzyq" in said(app) and "<b>xyzzyq" not in html(app)
    app.text_input(key="title").set_value("").run()
    assert "no title" in said(app) and not app.exception


def test_greedy_rows_and_one_word_do_not_break_it():
    app = models(t1=0.0, t2=0.0, t3=2.0, words=5, step=200, at="row 3")
    assert any("at T = 2" in heading for heading in headings(app))


def test_one_click_leads_to_the_comparison_with_the_same_settings():
    app = models(title="Gin cocktail", seed=11, t2=0.9)
    app.button(key="compare_gru").click().run()
    assert not app.exception
    assert app.text_input(key="title").value == "Gin cocktail"
    assert app.selectbox(key="model").value == "gru" and app.number_input(key="seed").value == 11
    assert app.session_state.temperatures[:3] == [0.2, 0.9, 1.2]
    assert app.number_input(key="words").value == 10
