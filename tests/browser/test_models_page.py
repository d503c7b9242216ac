"""The models page in a real browser."""

from __future__ import annotations

import pytest

from textgen.network.bundle import available_bundles, load_bundle
from textgen.views.names import network_label

pytestmark = pytest.mark.skipif(len(available_bundles()) < 4, reason="not all networks are released")

LAST = ".st-key-reliability_stacked_lstm svg.marks"


def opened(app, query: str = ""):
    app.page.set_default_timeout(60_000)
    return app.open(f"models?words=10&{query}", wait_for=LAST)


def text(app, name: str, row: int) -> str:
    return app.text(available_bundles().index(name), f"texts{row + 1}")


def test_the_address_brings_back_everything_on_the_page(app):
    query = "title=Pizza&seed=3&t2=0.9&at=row+2&step=3&model=lstm&prompt=pizza&epoch=2&era=historic"
    opened(app, query)
    assert app.alerts() == ""
    gru = app.column(available_bundles().index("gru"), "texts2")
    assert gru.locator(".name").inner_text() == "GRU, T = 0.9"
    assert "Word 3 at T = 0.9" in app.page.get_by_role("heading", name="what it could").inner_text()
    assert app.chart("chart").startswith(" ".join(map(network_label, available_bundles())))
    recorded = [
        entry["text"]
        for entry in load_bundle("lstm").history["samples"]
        if (entry["epoch"], entry["prompt"]) == (2, "recipe for pizza |")
    ]
    shown = app.page.locator(".sample").all_inner_texts()
    assert [" ".join(one.split()) for one in shown] == [" ".join(one.split()) for one in recorded]
    best = load_bundle("large").measured["calibration"]["eras"]["historic"]["best"]["temperature"]
    assert f"large LSTM: {best:.2f}" in app.chart("scaling")
    assert app.query == {key: [value.replace("+", " ")] for key, value in
                         (pair.split("=") for pair in f"words=10&{query}".split("&"))}  # fmt: skip
    app.is_sound()


def test_a_clicked_word_moves_the_chart_to_its_row_and_place(app):
    opened(app)
    before = app.chart("chart")
    app.words(available_bundles().index("lstm"), "texts3").nth(4).click()
    app.page.wait_for_selector(".st-key-texts3 .word.picked >> nth=0")
    app.settle()
    assert app.query["at"] == ["row 3"] and app.query["step"] == ["5"]
    assert "Word 5 at T = 1.2" in app.page.get_by_role("heading", name="what it could").inner_text()
    assert app.chart("chart") != before
    app.is_sound()


def test_networks_share_their_luck_with_the_comparison_page(app):
    opened(app, "title=Tomato+soup&seed=11&t3=0.7")
    assert text(app, "gru", 1) == text(app, "gru", 2), "equal temperatures write equal texts"
    written = [text(app, "gru", row) for row in range(3)]
    app.page.locator(".st-key-compare_gru button").first.click()
    app.page.wait_for_selector(".st-key-columns .word")
    app.settle()
    app.page.wait_for_url("**model=gru**")
    assert [app.text(k) for k in range(3)] == written
    asked = app.query
    assert (asked["title"], asked["seed"], asked["t3"], asked["words"]) == (
        ["Tomato soup"], ["11"], ["0.7"], ["10"]
    )  # fmt: skip
    app.is_sound()


def test_the_epoch_slider_moves_texts_charts_and_table(app):
    opened(app, "model=gru&epoch=1")
    sample = app.page.locator(".sample").first
    before, chart = sample.inner_text(), app.chart("recorded")
    assert app.page.locator(".epochs tr.now th").inner_text() == "epoch 1"
    app.press("epoch", "ArrowLeft")
    assert sample.inner_text() != before and app.chart("recorded") != chart
    assert app.page.locator(".epochs tr.now th").inner_text() == "untrained"
    app.press("epoch", *["ArrowRight"] * 3)
    assert app.query["epoch"] == ["3"]
    value = load_bundle("gru").history["epochs"][2]["validation"]["modern"]
    assert f"{value:.1f}" in app.chart("curve_perplexity")
    app.is_sound()


def test_a_bad_address_is_sentences(app):
    opened(app, "epoch=99&model=lstm&t1=7&prompt=x&at=foo&era=now&nonsense=%3Cb%3E")
    said = app.alerts().replace("\\", "")
    for part in ("epoch = “99”", "t1 = “7”", "prompt = “x”", "at = “foo”", "era = “now”", "“nonsense”"):
        assert part in said
    assert app.query == {"words": ["10"], "model": ["lstm"]}
    app.is_sound()


def test_a_phone_reads_it_without_scrolling_sideways(phone):
    opened(phone)
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= 390
    for key in ("chart", "scaling", "reliability_gru", "curve_loss", "recorded"):
        box = phone.page.locator(f".st-key-{key} svg.marks").bounding_box()
        assert 250 < box["width"] <= 390, key
    phone.is_sound()
