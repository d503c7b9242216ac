"""One server and one Chromium for all browser tests; a fresh page for each."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from driver import App
from playwright import sync_api as playwright_api

from benchmarks.serving import ROOT, serving
from textgen.network.bundle import available_bundles

HERE = Path(__file__).parent
NO_BROWSER = (
    "the browser tests need Chromium or Chrome, and libatomic1 where Playwright does not start without it: "
    "on Debian and Ubuntu, apt install chromium libatomic1 (or set CHROMIUM to a browser's path)"
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport():
    """One line says why all were skipped; with SIMMER_NEED_BROWSER=1, as in CI, a skipped test has failed."""
    report = yield
    if report.skipped:
        reason = report.longrepr[2].removeprefix("Skipped: ")
        if os.environ.get("SIMMER_NEED_BROWSER"):
            report.outcome, report.longrepr = "failed", f"skipped: {reason}"
        else:
            report.longrepr = (str(HERE), 0, reason)  # one place for all, for pytest to count as one
    return report


@pytest.fixture(scope="session")
def address(browser) -> Iterator[str]:
    if not available_bundles():
        pytest.skip("no released network")
    with serving(ROOT / "app.py") as server:
        yield f"http://{server.address}"


@pytest.fixture(scope="session")
def browser():
    """The system's Chromium, or the one that Playwright downloaded; skipped where there is neither."""
    # A driver that cannot start fails deep inside Playwright's event loop; asked for its version it ends.
    if subprocess.run([sys.executable, "-m", "playwright", "--version"], capture_output=True).returncode:
        pytest.skip(NO_BROWSER)
    names = ("chromium", "chromium-browser", "google-chrome")
    executable = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    with playwright_api.sync_playwright() as playwright:
        try:
            chromium = playwright.chromium.launch(
                executable_path=executable, args=["--no-sandbox", "--disable-gpu"]
            )
        except playwright_api.Error:
            pytest.skip(NO_BROWSER)
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
