"""Whatever stands in an address, or is typed into a field: a page, and no exception on it."""

# ruff: noqa: E501 (a list is easier to see as one)

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opening import SMALL, opened

from pages.parts import address, drawing
from pages.parts.address import TABLE
from textgen.measuring import first_verbs, kinds
from textgen.views import verbs

QUICK = {
    "learn": {"writer": SMALL},
    "compare": {"model": SMALL, "words": "5"},
    "cell": {"model": SMALL, "words": "5"},
    "models": {"model": SMALL, "words": "5"},
    "verbs": {"model": SMALL},
    "many": {"model": SMALL, "count": "10", "depth": "3"},
    "sweep": {"network": SMALL, "count": "8", "length": "5", "by": "1", "high": "1"},
    "guess": {"writer": SMALL},
    "yours": {},
}
# What people and programs write for a number, a text, a list, a path, or nothing.
ODD = (
    "", " ", "\0", "a\0b", "\u202e abc", "\ufeff", "\u2060", "👩‍🍳", "nan", "NaN", "inf", "-inf", "1e400", "-1e400", "-0", "0", "-1",
    "3.0", "1e2", "2147483648", "9" * 400, "9" * 5000, "١٢", "１２", "0x10", "1_0", " 3 ", "true", "True", "null", "[]",
    "[1]", "{}", "a,b", "<script>hit=1</script>", '"><img src=x onerror=hit=1>', "[x](javascript:hit=1)",
    ":material/home:", "$$x$$", "&lt;b&gt;", "../../etc/passwd", "C:\\x", "%00", "%", "+", "&", "=", "#", "|", "| |",
    "recipe for | x", "recipe for soup | chop", "İ", "ẞ", "ﷺ" * 50, "\n\n", "\t", "e\u0301" * 50, "x" * 100_000,
    "1 ", "200 butter", "0 butter", "1 \0", "1.before.1.2", "1.before.1.٢", "99.x.y.z", "1 0.5", "9 nan", "k 5", "k nan",
    "p 1e400", "unk true", "unk", "column 9", "column 1", "row 2", "deadbeef" * 4, "mine." + "0" * 32,
)  # fmt: skip
VALUES = st.sampled_from(ODD) | st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
ONE_ADDRESS = settings(
    max_examples=1, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)


@pytest.fixture(autouse=True)
def _less(monkeypatch):
    """What a page measures is measured on less: how the measures come out is tested elsewhere."""

    def smaller(module, name, **less):
        work = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *args, **more: work(*args, **{**more, **less}))

    smaller(first_verbs, "first_verbs", likely=0.05, samples=2, max_words=8)
    smaller(kinds, "kind_shares", texts=2, max_words=10)
    smaller(verbs, "oddity", texts=1)


def end(app) -> None:
    if "sweep_work" in app.session_state:
        app.session_state.sweep_work.stop()


def keys(page: str) -> list[str]:
    return [field.key for field in TABLE if page in field.pages.split()]


@pytest.mark.parametrize("field", TABLE, ids=lambda field: f"{field.key} of {field.pages}")
def test_any_text_is_read_or_refused(field):
    for text in ODD:
        with contextlib.suppress(ValueError):
            assert isinstance(address.written(field.read(text)), str)


SLOW = ("models", "verbs", "learn", "guess")  # and as the others in this


@pytest.mark.parametrize(
    "page", [pytest.param(page, marks=[pytest.mark.long] * (page in SLOW)) for page in QUICK]
)
@ONE_ADDRESS
@given(data=st.data())
def test_any_address_is_a_page(page, data):
    known = st.sampled_from(keys(page)) | VALUES.filter(lambda key: 0 < len(key) < 50)
    asked = data.draw(
        st.dictionaries(known, st.lists(VALUES, min_size=1, max_size=3), min_size=3, max_size=12)
    )
    app = opened(page, {**QUICK[page], **asked})
    assert not app.run().exception
    end(app)


@pytest.mark.parametrize("page", ("compare", "cell", "many", "sweep", "yours"))
def test_anything_may_be_typed(page):
    rng = np.random.default_rng(len(page))
    app = opened(page, QUICK[page])
    for _ in range(1 + (page == "compare")):
        for field in app.text_input:
            field.set_value(str(rng.choice(ODD)))
        for field in app.multiselect:
            if field.key in ("dish", "prompt"):
                field.set_value([*map(str, rng.choice(ODD, 2))])
        assert not app.run().exception
    end(app)


@given(VALUES)
@settings(deadline=None)
def test_no_mark_of_markdown_survives(text):
    shown = drawing.plain(text)
    assert shown.replace("\\", "").replace("\u2060", "") == text.replace("\\", "").replace("\u2060", "")
    for icon in (":material/home:", ":pizza:", ":+1:", ":streamlit:"):
        assert icon not in drawing.plain(icon).replace("\\", "")
