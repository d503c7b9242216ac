"""The addresses of all pages: links that were saved, and what is said of those that cannot be."""

from __future__ import annotations

import contextlib
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs

import pytest
from opening import SMALL, opened, said
from streamlit.testing.v1 import AppTest

from pages.parts import address
from pages.parts.address import TABLE, written

# Links as people have saved them: every key of a page, at values that are not where it starts.
LINKS = {
    "compare": f"title=Apple+pie&opening=mix&model={SMALL}&seed=3&words=10&n=4&t1=0&t2=0.33&t3=1&t4=2&step=2"
    "&penalty=1.2&k=50&p=0.9&min_p=0.05&typical=0.95&unk=true&luck=separate&follow=column+2&live=column+3"
    "&color=rank&line=probability&view=luck&present=true&hide=run%2Cknob&hide=walk&force=2+butter&force=3+%7C",
    "cell": f"title=Apple+pie&opening=mix&model={SMALL}&seed=3&words=10&temperature=0.5&gate=output"
    "&order=mean+value&at=9&unit=7&shade=cell&rule=k+50&rule=p+0.9&rule=unk+true&force=2+butter"
    "&draws=column+2",
    "verbs": f"dish=Pizza&dish=Soup&dish=Bread&reference=Soup&model={SMALL}&seed=3&temperature=0.2"
    "&verb=preheat&heat=0.5",
    "sweep": f"prompt=Pizza&network={SMALL}&filter=top-k+10&filter=no+filter&low=0.5&high=1.5&by=0.5&count=8"
    "&length=10&seed=3&at=1.5",
    "many": f"title=Apple+pie&model={SMALL}&seed=3&panels=4&t1=0&t2=0.35&t3=1&t4=2&count=10&depth=5&strand=2",
    "learn": f"lesson=5&stage=try&case=7&answer=1.before.1.2&answer=5.first.7.3&draw=2&t1=0.5&t2=1.5&step=2"
    f"&view=luck&k=50&p=0.9&min_p=0.05&nsigma=2&writer={SMALL}&hide=title&present=true",
    "models": f"title=Apple+pie&seed=3&words=10&step=5&t1=0&t2=1&t3=2&at=row+2&model={SMALL}&prompt=pizza"
    "&epoch=2&era=historic",
    "guess": f"game=5&writer={SMALL}&round=2&guess=1+0.5&guess=4+1.35",
    "yours": "corpus=file&texts=lines&architecture=gru&vocabulary=700&units=64&epochs=3",
}
# Keys that the links above leave out; “show_luck” is of older links, another “mode” has other guesses, and a
# “run” has tests of its own.
OF_THE_BROWSER = {"fact", "layer", "mode", "nsigma", "t5", "t6", "run", "show_luck"}
WITH_A_SEED = [page for page in LINKS if "seed" in address.fields(page)]


def link(page: str) -> dict[str, list[str]]:
    return parse_qs(LINKS[page])


def query(app: AppTest) -> dict[str, list[str]]:
    values = {key: app.query_params[key] for key in app.query_params}
    return {key: [value] if isinstance(value, str) else value for key, value in values.items()}


@pytest.mark.parametrize("page", LINKS)
def test_a_saved_link_is_taken_as_it_is(page):
    assert set(address.fields(page)) - set(link(page)) <= OF_THE_BROWSER
    app = opened(page, link(page))
    assert "address" not in said(app)
    assert query(app) == link(page)


def test_an_older_link_that_shows_luck_still_does():
    app = opened("compare", {"show_luck": "true"})
    assert query(app) == {"view": ["luck"]} and app.session_state.view == "luck"


def seed(app: AppTest) -> float:
    return app.number_input(key="seed").value


@pytest.mark.parametrize("page", WITH_A_SEED)
def test_what_cannot_be_is_left_out_and_said_until_a_control_changes(page):
    app = opened(page, link(page) | {"seed": "-1", "nonsense": "*x*"})
    assert "seed = “-1”, but a seed is a whole number from 0 to 2,147,483,647; it was left out" in said(app)
    assert "“nonsense” that this page does not know" in said(app)
    assert seed(app) == 33 and not {"seed", "nonsense"} & set(app.query_params)
    app.run()
    assert "address" in said(app)
    app.number_input(key="seed").set_value(5).run()
    assert "address" not in said(app) and not app.exception


@pytest.mark.parametrize(
    ("asked", "value", "sentence"),
    [
        ("3.0", 3, "it was taken as 3"),
        ("1e2", 100, "it was taken as 100"),
        ("4.9", 33, "it was left out"),
        ("nan", 33, "it was left out"),
        ("7", 7, ""),
    ],
)
def test_a_whole_number_in_another_spelling_is_what_the_page_says_it_is(asked, value, sentence):
    app = opened("compare", {"seed": asked, "words": "5"})
    assert seed(app) == value
    assert sentence in said(app) if sentence else not said(app)
    assert query(app).get("seed", ["33"]) == [str(value)]


def test_a_fraction_of_a_word_leaves_top_k_off():
    app = opened("compare", {"k": "4.9", "words": "5"})
    assert "top-k is a whole number from 0 to 10,000; it was left out" in said(app)
    assert app.number_input(key="k").value == 0
    assert not app.session_state.shown["comparison"].runs[0].sampler.active


@pytest.mark.parametrize("field", TABLE, ids=lambda field: f"{field.key} of {field.pages}")
def test_a_row_reads_what_it_writes_and_nothing_beyond_its_bounds(field):
    for value in [field.low, field.high, *field.options]:
        if value is not None:
            assert field.read(written(value)) == value
    if field.low is not None and field.high > field.low and not field.parse:  # which may take the nearest
        assert field.start is None or field.low <= field.start <= field.high
        for beyond in (field.low - 1, field.high + 1, "inf", "nan", ""):
            with pytest.raises(ValueError):
                field.read(str(beyond))
    if field.options:
        with pytest.raises(ValueError):
            field.read("no such option")


@pytest.mark.parametrize(
    ("page", "key", "address"),
    [
        ("compare", "seed", {"model": SMALL, "words": "5"}),
        ("guess", "game", {"writer": SMALL}),
        ("learn", "k", {"writer": SMALL, "lesson": "5", "stage": "try"}),
    ],
)
def test_an_address_that_lags_behind_a_control_is_put_right(page, key, address):
    """A slow run sends the address of its own time; the hand has moved on, and so has the control."""
    app = opened(page, {**address, key: "7"})
    app.number_input(key=key).set_value(8).run()
    app.query_params[key] = "7"
    app.run()
    assert app.number_input(key=key).value == 8 and "".join(app.query_params[key]) == "8"


def test_what_a_page_that_was_left_midway_says_is_not_written_for_the_next(monkeypatch):
    """Its control is bound to a key that means another thing there, until it has been drawn to its end."""
    sent: dict[str, list[str]] = {}

    class Query(contextlib.nullcontext):
        is_bound = staticmethod(lambda key: key == "prompt")
        get_all = staticmethod(lambda key: [])
        discard_param_no_forward_msg = staticmethod(sent.pop)
        set_with_no_forward_msg = staticmethod(sent.__setitem__)

    query = Query()
    query.enter_result = query
    monkeypatch.setattr(address, "get_session_state", lambda: SimpleNamespace(query_params=lambda: query))
    monkeypatch.setattr(address, "state", State(page="models", prompt=["Bean stew"]))
    address._follow_controls(but=[])
    assert sent == {}
    monkeypatch.setattr(address, "state", State(page="sweep", prompt=["Bean stew"]))
    address._follow_controls(but=[])
    assert sent == {"prompt": ["Bean stew"]}


class State(dict):
    __getattr__ = dict.__getitem__


def test_no_key_means_two_things_on_one_page():
    for page in LINKS:
        keys = [field.key for field in TABLE if page in field.pages.split()]
        assert len(keys) == len(set(keys))


def test_no_part_is_a_page():
    """Streamlit takes the files beside each other in `pages` for pages, and none of a folder below."""
    root = Path(__file__).parents[2]
    assert {path.stem for path in (root / "pages").glob("*.py")} == set(LINKS)
