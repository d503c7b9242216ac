"""The models page's logic, without a browser."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from textgen.network.bundle import available_bundles, load_bundle
from textgen.views import models as model_tables

pytestmark = pytest.mark.skipif(len(available_bundles()) < 4, reason="not all networks are released")

NAMES = available_bundles()


def opened(**state: object) -> AppTest:
    test = AppTest.from_file("../../app.py", default_timeout=120)
    test.switch_page("pages/models.py")
    for name, value in {"words": 10, **state}.items():
        test.session_state[name] = value
    test.run()
    assert not test.exception and not test.error
    return test


@pytest.fixture(scope="module")
def page() -> AppTest:
    return opened()


def html(app: AppTest) -> str:
    return " ".join(element.proto.body for element in app.get("html"))


def test_it_has_every_section_and_nothing_to_complain_about(page):
    assert [heading.value for heading in page.subheader][:2] == ["What they are", "What they write"]
    assert [heading.value for heading in page.subheader][-2:] == [
        "How they learned",
        "The best temperature, measured",
    ]
    assert not page.warning


def test_the_table_has_every_network_the_reference_and_a_measured_speed(page):
    table = page.dataframe[0].value
    assert list(table["network"]) == [*NAMES, model_tables.KNESER_NEY_NAME]
    assert list(table["modern"])[-1] == 39.3 and list(table["historic"])[-1] == 25.8
    assert (table["words_per_second"][: len(NAMES)] > 0).all()


def test_the_diagrams_add_up_to_the_totals_shown(page):
    text = html(page)
    for total in ("2,407,248", "2,538,832", "2,378,320"):
        assert f"{total} parameters" in text
    assert "4 × 128 × (100 + 128 + 1)" in text and "3 × 128 × (100 + 128 + 2)" in text


def test_the_texts_of_an_epoch_are_those_recorded():
    app = opened(model="lstm", epoch=2)
    history = load_bundle("lstm").history
    prompt = model_tables.recorded_prompts(history)[0]
    texts = [row["text"] for row in model_tables.sample_rows(history, prompt) if row["epoch"] == 2]
    assert len(texts) == 4
    for text in texts:
        assert text.split()[3] in html(app)
    assert "**The next word after epoch 2**" in [element.value for element in app.markdown]
    app.slider(key="epoch").set_value(0).run()
    assert "**The next word before any training**" in [element.value for element in app.markdown]


def test_a_shorter_training_is_said_when_the_network_changes():
    app = opened(model="large", epoch=model_tables.recorded_epochs(load_bundle("large").history)[-1])
    last = model_tables.recorded_epochs(load_bundle("lstm").history)[-1]
    app.selectbox(key="model").set_value("lstm").run()
    assert app.slider(key="epoch").value == last and not app.exception
    assert any(f"ended with {last}" in caption.value for caption in app.caption)


def test_recipes_of_another_age_have_another_best_temperature(page):
    page.segmented_control(key="era").set_value("historic").run()
    stored = load_bundle("large").measured["calibration"]["eras"]["historic"]["best"]
    table = page.dataframe[-1].value
    assert table["best"][0] == stored["temperature"]
    assert f"large: lowest perplexity {stored['perplexity']:.1f}" in html(page)


def test_titles_are_text_and_what_is_odd_about_them_is_said():
    app = opened(title="<b>xyzzyq</b> $x$ *y*")
    said = " ".join(message.value for message in app.warning).replace("\\", "")
    assert "xyzzyq" in said and "<b>xyzzyq" not in html(app)
    app.text_input(key="title").set_value("").run()
    assert "no title" in " ".join(message.value for message in app.warning) and not app.exception


def test_greedy_rows_and_one_word_do_not_break_it():
    app = opened(t1=0.0, t2=0.0, t3=2.0, words=5, step=200, at="row 3")
    assert any("at T = 2" in heading.value for heading in app.subheader)


def test_one_click_leads_to_the_comparison_with_the_same_settings():
    app = opened(title="Gin cocktail", seed=11, t2=0.9)
    app.button(key="compare_gru").click().run()
    assert not app.exception
    assert app.text_input(key="title").value == "Gin cocktail"
    assert app.selectbox(key="model").value == "gru" and app.number_input(key="seed").value == 11
    assert app.session_state.temperatures[:3] == [0.2, 0.9, 1.2]
    assert app.number_input(key="words").value == 10
