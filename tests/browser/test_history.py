"""The browser's history: an action makes one entry or none, and Back and Forward restore what was."""

from __future__ import annotations

import pytest
from driver import App


def entries(app: App) -> int:
    return app.page.evaluate("history.length")


def title(app: App) -> str:
    return app.key("title").locator("input").input_value()


def heats(app: App) -> list[str]:
    return app.column(0).locator("xpath=..").locator(".name").all_inner_texts()


def shown(app: App) -> dict[str, object]:
    """All that the comparison page says, by its address and without it."""
    return {
        "address": app.query,
        "title": title(app),
        "seed": app.key("seed").locator("input").input_value(),
        "heats": heats(app),
        "texts": [app.text(k) for k in range(len(heats(app)))],
        "picked": app.column(0).locator(".word.picked").first.get_attribute("data-at"),
    }


def go(app: App, way: str, page: str = "columns") -> None:
    app.page.evaluate(f"history.{way}()")
    app.page.wait_for_timeout(300)
    app.key(page).wait_for()
    app.settle()


def link(app: App, name: str, there: str) -> None:
    app.page.get_by_role("link", name=name).first.click()
    app.key(there).wait_for(timeout=60_000)
    app.settle()


def example(app: App, name: str) -> None:
    app.page.get_by_role("button", name="Examples").click()
    app.page.get_by_text(name).click()
    app.settle()


def reloaded(app: App) -> dict[str, object]:
    app.page.reload()
    app.page.wait_for_selector(".word", timeout=60_000)
    app.settle()
    return shown(app)


def wait_for_dish(app: App, dish: str) -> None:
    """On the verbs page; what stands below its controls may take longer."""
    app.page.wait_for_function(
        "dish => document.querySelector('.st-key-dish')?.innerText.includes(dish)", arg=dish, timeout=60_000
    )
    app.settle()


def type_title(app: App, text: str) -> None:
    app.key("title").locator("input").fill(text)
    app.key("title").locator("input").press("Enter")
    app.settle()


def test_an_example_is_one_entry_and_back_and_forward_restore(app):
    app.open()
    start, before = entries(app), shown(app)
    example(app, "T = 0 runs in circles")
    assert entries(app) == start + 1
    circles = shown(app)
    assert circles["title"] == "Simple soup" and circles["heats"] == ["T = 0", "T = 0.3", "T = 0.9"]
    go(app, "back")
    assert shown(app) == before
    go(app, "forward")
    assert shown(app) == circles
    assert entries(app) == start + 1
    assert reloaded(app) == circles
    app.is_sound()


def test_a_drag_is_one_entry_and_address_and_page_agree(app):
    app.open()
    start, before = entries(app), shown(app)
    box = app.column(0).locator("input").bounding_box()
    y = box["y"] + box["height"] / 2
    app.page.mouse.move(box["x"] + 0.1 * box["width"], y)
    app.page.mouse.down()
    app.page.mouse.move(box["x"] + 0.9 * box["width"], y, steps=15)
    app.page.mouse.move(box["x"], y, steps=15)
    app.page.mouse.up()
    app.settle()
    app.page.wait_for_timeout(800)
    assert heats(app)[0] == "T = 0" and app.query["t1"] == ["0"]
    assert entries(app) == start + 1
    dragged = shown(app)
    go(app, "back")
    assert shown(app) == before
    go(app, "forward")
    assert shown(app) == dragged
    assert reloaded(app) == dragged


def test_each_action_is_undone_by_back(app):
    """A typed title, a picked word, a forced word and a column that goes, from the last to the first."""
    app.open()
    seen = [shown(app)]
    type_title(app, "Tomato soup")
    seen.append(shown(app))
    app.words(1).nth(4).click()
    app.settle()
    seen.append(shown(app))
    app.page.get_by_role("button", name="Remove column 1").click()
    app.settle()
    seen.append(shown(app))
    assert len({str(one) for one in seen}) == len(seen)
    for was in seen[-2::-1]:
        go(app, "back")
        assert shown(app) == was
    for was in seen[1:]:
        go(app, "forward")
        assert shown(app) == was
    app.is_sound()


def test_a_walk_with_the_arrow_keys_is_one_action(app):
    app.open()
    start = entries(app)
    app.slide(1, *["ArrowRight"] * 5)
    assert app.query["t2"] == ["0.95"]
    assert entries(app) <= start + 1


def test_another_page_and_back_keeps_the_title(app):
    app.open()
    type_title(app, "Tomato soup")
    app.slide(0, "ArrowRight", "ArrowRight")
    was, start = shown(app), entries(app)
    app.page.get_by_role("link", name="Verbs").first.click()
    app.page.wait_for_selector(
        ".st-key-dish :text('Tomato soup')", timeout=60_000
    )  # all the rest may take longer
    assert entries(app) == start + 1
    go(app, "back")
    assert shown(app) == was
    app.page.evaluate("history.forward()")
    wait_for_dish(app, "Tomato soup")
    assert entries(app) == start + 1
    link(app, "Compare", "columns")
    assert shown(app) == was
    app.is_sound()


@pytest.mark.parametrize(("page", "wait"), [("Models", "texts1"), ("Cell", "picture")])
def test_a_title_that_was_typed_is_on_the_next_page_and_what_is_typed_there_on_the_first(app, page, wait):
    app.open()
    type_title(app, "Tomato soup")
    link(app, page, wait)
    assert title(app) == "Tomato soup" and app.query["title"] == ["Tomato soup"]
    type_title(app, "Apple pie")
    link(app, "Compare", "columns")
    assert title(app) == "Apple pie" and app.query["title"] == ["Apple pie"]
    go(app, "back", wait)
    assert title(app) == "Apple pie"
    go(app, "back", wait)
    assert title(app) == "Tomato soup"
    go(app, "back")
    assert title(app) == "Tomato soup" and app.query["title"] == ["Tomato soup"]
    app.is_sound()


def test_an_address_that_lags_behind_the_controls_is_put_right_by_the_next_move(app):
    """A slow run sends the address of its own time; the hand has moved on, and so has the control."""
    app.open("?n=2")
    app.page.evaluate("history.replaceState(history.state, '', '?n=2&seed=5&p=0.5')")
    app.slide(0, "ArrowRight")
    app.page.wait_for_function("() => location.search.includes('t1=0.25')")
    app.page.wait_for_function("() => !/seed|p=/.test(location.search)")
    assert app.key("seed").locator("input").input_value() == "33"
