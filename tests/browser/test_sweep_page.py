"""The sweep page in a real browser."""

from __future__ import annotations

import csv
from pathlib import Path

from textgen.measuring.study.table import read_study
from textgen.network.bundle import available_bundles

SMALL = "lstm" if "lstm" in available_bundles() else (available_bundles() or [""])[0]
LINK = f"sweep?network={SMALL}&count=8&by=0.5&length=15"


def opened(app, query: str = LINK):
    app.page.set_default_timeout(60_000)
    app.page.goto(f"{app.address}/{query}")
    app.page.wait_for_selector(".st-key-front svg.marks")
    app.page.wait_for_selector(".st-key-curve_longest_copy svg.marks")
    app.page.locator(".st-key-sweep_progress button").wait_for(state="detached")
    app.page.get_by_role("heading", name="Read ten of the texts").wait_for()
    return app.settle()


def reading(app) -> str:
    return app.page.get_by_text("the first 8 of 8 texts").inner_text()


def test_curves_appear_and_a_point_opens_its_texts(app):
    sweep = opened(app)
    assert "From T = 0 to T = 2" in sweep.page.locator("body").inner_text()
    assert "human text" in sweep.chart("front")
    assert reading(sweep).startswith("T = 0.5")  # the nearest to 0.7 that was measured
    before = sweep.page.locator("p.sample").first.inner_text()
    # A click at the right end of the picture of repetition: T = 2.
    end = sweep.key("curve_repetition").locator("g.mark-rule").last.locator("line").last
    end.scroll_into_view_if_needed()
    box = end.bounding_box()
    sweep.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 40)
    sweep.page.get_by_text("T = 2, Roasted").wait_for()
    sweep.settle()
    assert sweep.query["at"] == ["2"]
    assert sweep.page.locator("p.sample").first.inner_text() != before
    # The same by keyboard.
    sweep.press("sweep_at", "ArrowLeft")
    sweep.page.get_by_text("T = 1.5, Roasted").wait_for()
    assert sweep.query["at"] == ["1.5"] and reading(sweep).startswith("T = 1.5")
    sweep.is_sound()


def test_the_address_brings_back_study_and_texts(app):
    sweep = opened(app, f"{LINK}&prompt=Tomato%20soup&seed=5&at=1&filter=top-k%2010")
    texts = sweep.page.locator("p.sample").all_inner_texts()
    assert len(texts) == 8 and reading(sweep).startswith("T = 1, Tomato soup")
    again = opened(app, sweep.page.url.removeprefix(f"{app.address}/"))
    assert again.page.locator("p.sample").all_inner_texts() == texts
    assert not again.alerts()
    again.is_sound()


def test_one_click_leads_to_the_same_words_on_the_comparison_page(app):
    sweep = opened(app, f"{LINK}&at=1&seed=3&filter=top-k%2010")
    text = sweep.page.locator("p.sample").nth(2).inner_text().removesuffix(" …")
    sweep.key("go2").get_by_role("button", name="compare").click()
    sweep.page.wait_for_selector(".word")
    sweep.settle()
    assert sweep.key("seed").locator("input").input_value() == "5" and sweep.query["k"] == ["10"]
    assert " ".join(sweep.text(0).split()).startswith(" ".join(text.split()))
    sweep.is_sound()


def test_a_study_is_kept_and_opens_again(app, tmp_path):
    sweep = opened(app, f"{LINK}&seed=4")
    sweep.page.get_by_role("button", name="Keep or open").click()
    for name, path in (("Parquet", "study.parquet"), ("CSV", "study.csv"), ("HTML", "report.html")):
        with sweep.page.expect_download() as caught:
            sweep.key(f"save_{name.lower()}").get_by_role("button").click()
        caught.value.save_as(tmp_path / path)
    study = read_study(tmp_path / "study.parquet")
    assert study.complete and study.settings.seed == 4
    rows = list(csv.DictReader((tmp_path / "study.csv").read_text(encoding="utf-8").splitlines()))
    assert {row["temperature"] for row in rows} == {"0.0", "0.5", "1.0", "1.5", "2.0"}
    with sweep.page.expect_download() as caught:
        sweep.page.get_by_role("button", name="quality and diversity").first.click()
    caught.value.save_as(tmp_path / "picture")
    assert len(Path(tmp_path / "picture").read_bytes()) > 3000

    other = opened(app, f"{LINK}&by=2")
    other.page.get_by_role("button", name="Keep or open").click()
    other.page.locator("input[type=file]").set_input_files(tmp_path / "study.parquet")
    other.page.get_by_text("A study from a file").wait_for()
    other.settle()
    assert "From T = 0 to T = 2" in other.page.locator("body").inner_text()
    other.is_sound()
    # The report opens by itself, without a network.
    app.page.goto(f"file://{tmp_path / 'report.html'}")
    assert app.page.locator("figure").count() == 15
    assert app.page.get_by_role("heading", name="What temperature does to").is_visible()


def test_a_bad_address_and_a_bad_range_are_sentences(app):
    sweep = opened(app, f"{LINK}&by=1&count=7&filter=hot&nonsense=1")
    said = sweep.alerts().replace("\\", "")
    assert "count = “7”" in said and "filter = “hot”" in said and "nonsense" in said
    app.page.goto(f"{app.address}/{LINK}&low=2&high=1")
    app.page.get_by_text("The range is reversed").wait_for()
    sweep.is_sound()


def test_a_phone_reads_it_without_scrolling_sideways(phone):
    opened(phone)
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= 390
    for name in ("front", "curve_perplexity"):
        box = phone.key(name).locator("svg.marks").bounding_box()
        assert 250 < box["width"] <= 390
    phone.is_sound()


def test_the_study_can_be_stopped_and_gone_on_with(app):
    app.page.set_default_timeout(60_000)
    app.page.goto(f"{app.address}/sweep?network={SMALL}&by=0.05&count=240&seed=100")
    app.page.get_by_role("button", name="Stop").click()
    app.page.get_by_role("button", name="Go on").wait_for()
    app.page.get_by_text("What is finished is shown").wait_for()
    app.page.get_by_role("button", name="Go on").click()
    app.page.get_by_role("button", name="Stop").click()
    app.page.get_by_role("button", name="Go on").wait_for()
    app.settle().is_sound()
