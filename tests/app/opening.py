"""What the tests of all pages share: a page that is opened, and what can be read on it."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from streamlit.testing.v1 import AppTest

from textgen.network.bundle import available_bundles

SMALL = "lstm" if "lstm" in available_bundles() else (available_bundles() or [""])[0]


def opened(page: str, address: dict[str, Any] | None = None, **state: Any) -> AppTest:
    """The page as `address` brings it up, with `state` behind its controls."""
    app = AppTest.from_file("../../app.py", default_timeout=120)
    app.switch_page(f"pages/{page}.py")
    for key, value in (address or {}).items():
        app.query_params[key] = value
    for key, value in state.items():
        app.session_state[key] = value
    app.run()
    assert not app.exception
    return app


def said(app: AppTest) -> str:
    """What the boxes say, Markdown's marks aside."""
    return " ".join(box.value for box in [*app.warning, *app.info, *app.error]).replace("\\", "")


def html(app: AppTest) -> str:
    return " ".join(element.proto.body for element in app.get("html"))


def captions(app: AppTest) -> str:
    """The captions, and what of the page is HTML, its tags and marks aside."""
    text = re.sub(r"<[^>]*>", "", html(app))
    return " ".join([*(caption.value for caption in app.caption), unescape(text)])


def headings(app: AppTest) -> list[str]:
    return [heading.value for heading in app.subheader]
