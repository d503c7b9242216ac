"""One server and one Chromium for all browser tests; a fresh page for each."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest

playwright_api = pytest.importorskip("playwright.sync_api")

from driver import App  # noqa: E402

from benchmarks.serving import ROOT, serving  # noqa: E402
from textgen.network.bundle import available_bundles  # noqa: E402


def pytest_collection_modifyitems(items) -> None:
    for item in items:
        if "browser" in str(item.path):
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    if not available_bundles():
        pytest.skip("no released network")
    with serving(ROOT / "app.py") as server:
        yield f"http://{server.address}"


@pytest.fixture(scope="session")
def browser():
    """The system's Chromium, or the one that Playwright downloaded; skipped where there is neither."""
    names = ("chromium", "chromium-browser", "google-chrome")
    executable = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    with playwright_api.sync_playwright() as playwright:
        try:
            chromium = playwright.chromium.launch(
                executable_path=executable, args=["--no-sandbox", "--disable-gpu"]
            )
        except playwright_api.Error as error:
            pytest.skip(f"no browser to test with: {str(error).splitlines()[0]}")
        yield chromium
        chromium.close()


@pytest.fixture
def app(browser, address) -> Iterator[App]:
    context = browser.new_context(viewport={"width": 1440, "height": 1000}, accept_downloads=True)
    yield App(context.new_page(), address)
    context.close()


@pytest.fixture
def phone(browser, address) -> Iterator[App]:
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, color_scheme="dark"
    )
    yield App(context.new_page(), address)
    context.close()
