"""The page under test, with the few moves that the tests share."""

from __future__ import annotations

from urllib.parse import parse_qs, urlparse

import pytest

from pages.parts.drawing import CHARTS_FOLLOW

later_streamlit = pytest.mark.skipif(
    not CHARTS_FOLLOW,
    reason="Streamlit 1.65, the last for Python 3.10, has icons in the names of buttons, no link to skip to "
    "the page, and pale words where a file is brought",
)

IDLE = "[data-testid='stApp'][data-test-script-state='notRunning']"


class App:
    """A browser page on the app's address; remembers errors, and requests to anywhere else."""

    def __init__(self, page, address: str) -> None:
        self.page, self.address = page, address
        self.errors: list[str] = []
        self.outside: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("request", lambda request: self._seen(request.url))

    def _seen(self, url: str) -> None:
        if not url.startswith((self.address, self.address.replace("http", "ws"), "data:", "blob:")):
            self.outside.append(url)

    def open(self, query: str = "", wait_for: str = ".word") -> App:
        self.page.goto(f"{self.address}/{query}")
        self.page.wait_for_selector(wait_for, timeout=60_000)
        return self.settle()

    def settle(self) -> App:
        """Wait until the server has nothing more to say, and the page has drawn it."""
        for _ in range(4):  # one run may ask for another
            self.page.wait_for_timeout(120)
            self.page.wait_for_selector(IDLE, timeout=60_000)
        return self

    def further_down(self) -> App:
        """To the end of the comparison, whose charts are drawn when they come near the window."""
        self.key("own_knob").scroll_into_view_if_needed()
        self.page.locator(".st-key-knob svg.marks").wait_for()
        return self.settle()

    def key(self, name: str):
        return self.page.locator(f".st-key-{name}").first

    def column(self, column: int, key: str = "columns"):
        """One of the texts side by side, counted from 0, with its slider."""
        return self.key(key).locator(".column").nth(column)

    def text(self, column: int, key: str = "columns") -> str:
        return self.column(column, key).locator(".text").inner_text()

    def words(self, column: int, key: str = "columns"):
        return self.column(column, key).locator(".word")

    def bars(self, column: int):
        """What the picked word could have been, below a text: a bar a word, and one for all the rest."""
        return self.column(column).locator(".bars .bar")

    def shares(self) -> list[str]:
        """What stands beside the bars of all columns."""
        return self.key("columns").locator(".bars .bar .share").all_text_contents()

    def example(self, name: str) -> None:
        """Choose one of the examples, or the tour."""
        self.page.get_by_role("button", name="Examples").click()
        self.page.get_by_text(name).click()
        self.settle()

    def slide(self, column: int, *keys: str) -> None:
        """Keys on the temperature slider of a column."""
        self.column(column).locator("input").focus()
        for key in keys:
            self.page.keyboard.press(key)
        self.settle()

    def press(self, name: str, *keys: str) -> None:
        """Keys on Streamlit's slider `name`."""
        self.key(name).locator("input").first.focus()
        for key in keys:
            self.page.keyboard.press(key)
        self.settle()

    def chart(self, name: str) -> str:
        """What a chart says, in reading order: one updated in place keeps its elements in another order."""
        texts = (
            self.key(name)
            .locator("svg.marks text")
            .evaluate_all(
                """all => all.map(text => [text.getBoundingClientRect(), text.textContent])
                       .map(([box, text]) => [Math.round(box.y), Math.round(box.x), text])"""
            )
        )
        return " ".join(text for _, _, text in sorted(texts))

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlparse(self.page.url).query)

    def alerts(self) -> str:
        return " ".join(self.page.locator("[data-testid=stAlert]").all_inner_texts())

    def is_sound(self) -> None:
        """No traceback, no error in the browser, and nothing fetched from elsewhere."""
        assert self.page.locator("[data-testid=stException]").count() == 0
        assert "Traceback" not in self.page.locator("body").inner_text()
        assert self.errors == []
        assert self.outside == []
