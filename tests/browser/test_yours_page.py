"""A network of one's own, from a file to the comparison, in a real browser and with a real training."""

from __future__ import annotations

import importlib.util
import json
import re

import pytest
from driver import later_streamlit

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("tensorflow") is None, reason="no TensorFlow"),
]

RECIPES = "\n".join(
    json.dumps(
        {"title": f"Soup {n}", "steps": [f"Boil the w{n % 50} in x{n % 20}.", "Serve it hot with bread."]}
    )
    for n in range(150)
).encode()


@later_streamlit
def test_a_network_is_trained_watched_taken_along_and_compared(app, browser):
    page = app.page
    page.set_default_timeout(90_000)
    app.open(
        "yours?corpus=file&units=8&epochs=2&architecture=gru",
        wait_for="[data-testid=stFileUploader] >> visible=true",
    )
    file = {"name": "../My soups.jsonl", "mimeType": "application/json", "buffer": RECIPES}
    page.locator("input[type=file]").first.set_input_files(file)
    page.get_by_role("heading", name="A look at My soups.jsonl").wait_for()
    page.get_by_text(re.compile(r"^150 recipes; ")).wait_for()
    app.settle()
    assert app.query["units"] == ["8"] and app.query["architecture"] == ["gru"]
    page.get_by_role("button", name="Train", exact=True).click()
    page.get_by_role("button", name="Pause").wait_for()
    (token,) = app.query["run"]
    assert re.fullmatch(r"[0-9a-f]{32}", token)

    app.open("", wait_for=".word")  # leaves the page: training goes on
    app.open(f"yours?run={token}", wait_for="text=All 2 epochs are done")
    assert page.locator(".sample-name").all_inner_texts() == ["T = 0.2", "T = 0.7", "T = 1.2"]
    app.settle()
    assert "Kneser-Ney" in app.chart("perplexity") and "T = 0.7" in app.chart("recorded")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download it as one file").click()
    assert download.value.suggested_filename == "my-soups.zip"

    page.get_by_role("button", name="Compare its temperatures").click()
    page.wait_for_selector(".word")
    app.settle()
    assert app.query["model"] == [f"my-soups.{token}"] and app.alerts() == ""
    stranger = browser.new_context().new_page()
    stranger.goto(f"{app.address}/?title=Soup")
    stranger.wait_for_selector(".word", timeout=60_000)
    assert token not in stranger.content()
    stranger.context.close()
    app.is_sound()
