"""The comparison page in a real browser: each thing a person can do there."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from driver import App
from playwright.sync_api import expect

from benchmarks.serving import ROOT, serving
from pages.parts.drawing import CHARTS_FOLLOW


def test_a_deep_link_as_the_first_request_of_a_server(browser):
    """Streamlit would run the file of a page without `app.py` then: the default page is no test of it."""
    with serving(ROOT / "app.py") as server:
        context = browser.new_context()
        app = App(context.new_page(), f"http://{server.address}")
        app.open("cell?title=Apple%20pie&words=12&t2=1.5", wait_for=".st-key-picture .word")
        assert app.page.title() == "Simmer"  # "cell" without the app, and the files for navigation
        assert app.page.get_by_role("link", name="Compare", exact=True).is_visible()
        assert app.key("title").locator("input").input_value() == "Apple pie"
        app.is_sound()
        context.close()


def test_a_slider_changes_its_text_and_chart_and_no_other_text(app):
    app.open()
    before = [app.text(k) for k in range(3)]
    bars = app.bars(2).all_inner_texts()
    app.slide(2, *["ArrowRight"] * 8)
    assert [app.text(k) for k in range(2)] == before[:2] and app.text(2) != before[2]
    assert app.bars(2).all_inner_texts() != bars
    assert app.query["t3"] == ["1.6"]
    app.is_sound()


def test_a_drag_keeps_scroll_and_focus_and_updates_charts_in_place(app):
    app.page.set_viewport_size({"width": 1280, "height": 1300})
    app.open().further_down()
    app.bars(1).first.evaluate("bar => bar.dataset.same = 'yes'")
    app.page.evaluate(
        "() => { document.querySelector('.st-key-timeline svg.marks').dataset.same = 'yes';"
        "document.querySelector('[data-testid=stMain]').scrollTop = 60; }"
    )
    box = app.column(1).locator("input").bounding_box()
    y = box["y"] + box["height"] / 2
    before = app.text(1)
    app.page.mouse.move(box["x"] + 0.35 * box["width"], y)
    app.page.mouse.down()
    app.page.mouse.move(box["x"] + 0.7 * box["width"], y, steps=4)
    app.page.wait_for_function(
        "() => [...document.querySelectorAll('.st-key-columns *')].find((e) => e.shadowRoot).shadowRoot"
        ".querySelectorAll('.name')[1].textContent > 'T = 1.2'"
    )
    assert app.text(1) != before, "the text follows the hand, before the button is let go"
    app.page.mouse.move(box["x"] + 0.8 * box["width"], y, steps=4)
    app.page.mouse.up()
    app.settle()
    assert float(app.query["t2"][0]) > 1.5
    assert app.page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollTop") == 60
    assert app.bars(1).first.get_attribute("data-same") == "yes"
    if CHARTS_FOLLOW:
        assert app.page.locator(".st-key-timeline svg.marks").get_attribute("data-same") == "yes"
    app.is_sound()


def test_parted_texts_are_marked_and_explained(app):
    app.open()
    for k in (1, 2):
        left, here = (app.words(j).all_inner_texts() for j in (k - 1, k))
        at = next(i for i, (a, b) in enumerate(zip(left, here, strict=False)) if a.lower() != b.lower())
        assert "parts" in app.words(k).nth(at).get_attribute("class")
        assert app.words(k).locator("xpath=self::*[contains(@class,'parts')]").count() == 1
        why = app.column(k).locator(".why").inner_text()
        assert re.match(r"Word \d+\. From T = [\d.]+ to T = [\d.]+, .* goes from .* % to .* %", why), why
    assert app.column(0).locator(".why").is_hidden()


def test_a_word_can_be_clicked_and_walked_to(app):
    app.open()
    app.words(1).nth(7).click()
    app.settle()
    assert app.query["step"] == ["8"]
    for k in range(3):
        assert app.column(k).locator(".word.picked").get_attribute("data-at") == "7"
    app.page.keyboard.press("ArrowRight")
    app.settle()
    assert app.query["step"] == ["9"]
    focused = app.page.evaluate(
        "() => { let e = document.activeElement; while (e.shadowRoot?.activeElement) e = "
        "e.shadowRoot.activeElement;"
        " return e.dataset.at; }")  # fmt: skip
    assert focused == "8"
    assert any(heading.startswith("Word 9") for heading in app.page.locator("h3").all_inner_texts())


def test_a_word_tells_its_numbers_to_mouse_and_screen_reader(app):
    app.open()
    word = app.words(2).nth(3)
    word.hover()
    card = app.key("columns").locator(".card")
    assert card.is_visible()
    for fact in ("at T = 1.2", "at T = 1", "rank", "bits of surprisal"):
        assert fact in card.inner_text() and fact in word.get_attribute("aria-label")
    assert app.words(0).locator("xpath=self::*[@tabindex='0']").count() == 1, "one tab stop a text"


def test_colors_follow_the_chosen_measure(app):
    app.open()

    def strengths():
        return app.words(2).evaluate_all("words => words.map(w => +w.style.getPropertyValue('--strength'))")

    surprisal = strengths()
    app.page.get_by_role("button", name="More").click()
    app.key("color").get_by_text("rank").click()
    app.settle()
    rank = strengths()
    app.key("color").get_by_text("off").click()
    app.settle()
    assert len(set(surprisal)) > 5 and rank != surprisal
    assert set(strengths()) == {0}


def test_the_chart_sums_to_one_hundred_percent(app):
    app.open("?step=4&t1=0&n=4&seed=7")
    shares = app.shares()
    numbers = [float(share[:-2]) for share in shares if re.fullmatch(r"[\d.]+ %", share)]
    small = sum(share.startswith("<") for share in shares)
    assert abs(sum(numbers) - 400) <= 0.5 * len(numbers) + 0.1 * small
    assert sum(number == 100 for number in numbers) == 1  # greedy
    assert "greedy: always the likeliest word" in app.column(0).inner_text()


def test_hover_shows_the_arithmetic_with_real_numbers(app):
    app.open()
    app.bars(2).nth(1).hover()
    card = app.key("columns").locator(".card")
    card.wait_for()
    arithmetic = " → ".join(card.inner_text().splitlines())
    found = re.search(r"logit ([−-]?[\d.]+) ÷ ([\d.]+) = ([−-]?[\d.]+) → ([\d.<]+) %", arithmetic)
    assert found, arithmetic
    logit, temperature, scaled = (float(found[i].replace("−", "-")) for i in (1, 2, 3))
    assert scaled == pytest.approx(logit / temperature, abs=0.06)


def test_the_switch_shows_the_luck_and_the_largest_is_written(app):
    app.open("?show_luck=true")
    for k in range(3):
        lucks = [text.replace("−", "-") for text in app.bars(k).locator(".share").all_text_contents()]
        numbers = [float(text) for text in lucks if re.fullmatch(r"-?\d+\.\d+", text)]
        written = app.column(k).locator(".bar.picked .share").inner_text().replace("−", "-")
        assert len(numbers) > 4 and max(numbers) == float(written)


def test_the_knob_in_the_chart_needs_no_server(app):
    app.open().further_down()
    box = app.key("knob")
    sent: list[object] = []
    app.page.on("websocket", lambda socket: socket.on("framesent", sent.append))
    before = box.locator("svg.marks").text_content()
    for temperature, expected in (("0.05", "T = 0.05"), ("5", "T = 5.00")):
        box.locator("input[type=range]").fill(temperature)
        app.page.wait_for_timeout(200)
        text = box.locator("svg.marks").text_content()
        assert expected in text and text != before
        shares = re.findall(
            r"(<?[\d.]+) %", " ".join(box.locator("svg.marks .mark-text text").all_text_contents())
        )
        total = sum(float(share) for share in shares if share[0] != "<")
        assert total == pytest.approx(100, abs=0.1 * len(shares))
    assert sent == []
    assert "step" not in app.query


def test_what_stands_further_down_is_drawn_when_it_comes_near_and_moves_nothing(app):
    app.page.set_viewport_size({"width": 1440, "height": 900})
    app.open()
    charts = app.page.locator("[data-testid=stVegaLiteChart]")
    height = "() => document.querySelector('[data-testid=stMain]').scrollHeight"
    app.slide(1, "ArrowRight")
    assert charts.count() == 0, "nobody sees them"
    before = app.page.evaluate(height)
    app.further_down()
    assert charts.count() == 2
    assert abs(app.page.evaluate(height) - before) <= 2
    app.column(1).locator("input").focus()
    app.page.evaluate("() => { document.querySelector('[data-testid=stMain]').scrollTop = 0; }")
    timeline, old = app.key("timeline").locator("svg.marks"), "T = 0.75"
    assert old in timeline.text_content()
    app.slide(1, "ArrowRight")
    assert old in timeline.text_content(), "drawn although nobody sees it"
    assert app.key("further_down").get_attribute("aria-busy") == "true"
    assert abs(app.page.evaluate(height) - before) <= 2
    app.further_down()
    expect(timeline).to_contain_text("T = 0.8")
    assert app.key("further_down").get_attribute("aria-busy") == "false"
    assert old not in timeline.text_content()
    app.is_sound()


def test_what_stands_further_down_waits_until_the_hand_rests(app):
    app.page.set_viewport_size({"width": 1440, "height": 2000})
    app.open().further_down()
    drawn = app.page.evaluate(
        """() => new Promise((resolve) => {
            const below = document.querySelector(".st-key-further_down");
            const all = (selector, root = document) => [...root.querySelectorAll("*")].flatMap((node) =>
              node.shadowRoot ? all(selector, node.shadowRoot) : node.matches(selector) ? [node] : []);
            const slider = all(".column input")[1];
            const about = () => below.querySelector("[data-drawing]").dataset.drawing;
            const seen = [about()];
            let moves = 0;
            const timer = setInterval(() => {
                slider.value = Number(slider.value) + 0.05;
                slider.dispatchEvent(new Event("input", { bubbles: true }));
                if (about() !== seen.at(-1)) seen.push(about());
                if (++moves === 20) resolve(clearInterval(timer) ?? seen);
            }, 20);
        })"""
    )
    assert len(drawn) == 1, "drawn while the slider moved"
    expect(app.key("timeline").locator("svg.marks")).to_contain_text("T = 1.7")
    expect(app.key("further_down")).to_have_attribute("aria-busy", "false")
    app.is_sound()


def test_what_is_asked_for_further_down_is_answered_above(app):
    app.page.set_viewport_size({"width": 1440, "height": 900})
    app.open().further_down()
    app.key("whatif").locator("input").fill("zucchini xyzzy")
    app.page.keyboard.press("Enter")
    expect(app.key("what_ifs")).to_contain_text("does not know xyzzy")
    app.settle().key("whatif").locator("input").fill("chop")
    app.page.keyboard.press("Enter")
    app.settle()
    assert [app.words(k).first.inner_text() for k in range(3)] == ["Chop"] * 3
    expect(app.key("chart_head")).to_contain_text("“chop” is forced here")
    app.key("free0").get_by_role("button").click()
    app.further_down()
    expect(app.key("chart_head")).not_to_contain_text("is forced here")
    app.is_sound()


def test_the_timeline_picks_a_word(app):
    app.open().further_down()
    chart = app.key("timeline").locator("svg.marks")
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    chart.click(position={"x": box["width"] * 0.5, "y": 60})
    app.settle()
    step = int(app.query["step"][0])
    assert 20 < step < 40
    app.key("columns").locator(".place input").press("Home")
    app.settle().further_down()
    chart.click(position={"x": box["width"] * 0.5, "y": 60})
    app.settle()
    assert int(app.query["step"][0]) == step, "the same point can be picked again"


def test_what_if_a_word_of_the_chart_is_clicked(app):
    app.open("?step=2")
    app.bars(0).nth(4).click()
    app.settle()
    forced = app.query["force"]
    assert len(forced) == 1 and forced[0].startswith("2 ")
    word = forced[0].split(" ")[1]
    assert {app.words(k).nth(1).inner_text().lower() for k in range(3)} == {word}
    assert f"word 2 is “{word}”" in app.key("forced_words").inner_text()
    app.key("free1").locator("button").first.click()
    app.page.wait_for_function("() => !location.search.includes('force')")


def test_what_if_a_word_is_typed(app):
    app.open("?step=3")
    app.key("whatif").scroll_into_view_if_needed()
    app.settle()
    box = app.key("whatif").locator("input")
    box.fill("butter")
    box.press("Enter")
    app.settle()
    assert app.query["force"] == ["3 butter"]
    assert {app.words(k).nth(2).inner_text().lower() for k in range(3)} == {"butter"}
    box = app.key("whatif").locator("input")
    box.fill("xyzzy")
    box.press("Enter")
    app.settle()
    assert "does not know xyzzy" in app.alerts()
    assert app.query["force"] == ["3 butter"]
    app.is_sound()


# Keeps the words of the first column, as "picked/that of the bars", that were seen apart.
APART = """() => {
    const find = (root) => root.querySelector(".column") ??
        [...root.querySelectorAll("*")].map((e) => e.shadowRoot && find(e.shadowRoot)).find(Boolean);
    const column = find(document);
    window.apart = [];
    const look = () => {
        const picked = Number(column.querySelector(".picked").dataset.at) + 1;
        const bars = column.querySelector(".rows").ariaLabel.match(/word (\\d+)/)[1];
        if (picked !== Number(bars)) window.apart.push(`${picked}/${bars}`);
        requestAnimationFrame(look);
    };
    look(); }"""


def test_play_walks_through_the_words_with_their_bars_and_pauses(app):
    app.open("?step=1")
    app.page.evaluate(APART)
    button = app.page.get_by_role("button", name="Play")
    app.page.get_by_role("combobox", name="Pace").select_option("0.3")
    button.click()
    app.page.wait_for_function("() => +new URLSearchParams(location.search).get('step') >= 4", timeout=60_000)
    app.page.get_by_role("button", name="Pause").click()
    assert button.is_visible()
    assert app.page.evaluate("() => window.apart") == []
    app.settle()
    app.page.wait_for_timeout(1500)
    stopped = app.query["step"]
    app.page.wait_for_timeout(2500)
    assert app.query["step"] == stopped
    app.is_sound()


def test_the_address_alone_brings_everything_back(app, browser):
    app.open(
        "?title=Apple%20pie&n=4&t4=1.9&seed=11&words=30&step=6&follow=column%202&luck=separate&p=0.9&color=rank"
    )
    box = app.key("whatif").locator("input")
    box.fill("butter")
    box.press("Enter")
    app.settle()
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    again = App(context.new_page(), app.address).open("?" + app.page.url.split("?")[1])
    assert [again.text(k) for k in range(4)] == [app.text(k) for k in range(4)]
    assert again.shares() == app.shares()
    assert again.words(0).nth(5).inner_text().lower() == "butter"
    assert again.query == app.query
    again.is_sound()
    context.close()


def test_an_address_that_names_temperatures_has_that_many_columns(app):
    app.open("?t5=2")
    assert app.column(4).is_visible() and "T = 2" in app.column(4).inner_text()
    assert app.query["n"] == ["5"]
    app.is_sound()


def test_columns_are_added_and_removed_and_the_address_knows(app):
    app.open()
    app.page.get_by_role("button", name="Add a column").click()
    app.column(3).wait_for()
    app.settle()
    assert app.query["n"] == ["4"] and app.column(3).is_visible()
    app.page.get_by_role("button", name="Remove column 1").click()
    app.settle()
    assert "n" not in app.query
    heats = [app.column(k).locator(".name").inner_text() for k in range(3)]
    assert heats == ["T = 0.7", "T = 1.2", "T = 1.6"]
    app.page.get_by_role("button", name="Remove column 3").click()
    app.settle()
    assert app.query["n"] == ["2"]
    assert not any(button.is_visible() for button in app.page.get_by_role("button", name="Remove").all())
    for n in (3, 4, 5, 6):
        app.page.get_by_role("button", name="Add a column").click()
        app.column(n - 1).wait_for()
        app.settle()
    assert app.page.get_by_role("button", name="Add a column").count() == 0
    app.page.get_by_role("button", name="Remove column 1").dblclick()  # takes one away, not two
    app.column(5).wait_for(state="detached")
    app.settle()
    assert app.query["n"] == ["5"]
    app.is_sound()


def test_a_hundred_draws_end_with_bars_as_long_as_their_counts(app):
    app.open()
    app.page.get_by_role("button", name="Draw it 100 times").click()

    def counts(k: int) -> list[int]:
        shares = app.column(k).locator(".share").all_inner_texts()
        return [int(text.partition("×")[0]) if "×" in text else 0 for text in shares]

    for _ in range(200):
        if sum(counts(2)) < 100:
            app.page.wait_for_timeout(200)
    for k in range(3):
        bars = app.column(k).locator(".count")
        assert bars.evaluate_all("(all) => all.map((bar) => parseFloat(bar.style.width))") == counts(k)


@pytest.mark.parametrize(
    ("start", "keys", "end"),
    [
        ("0.7", ["ArrowRight"], "0.75"),
        ("0.7", ["ArrowLeft", "ArrowDown"], "0.6"),
        ("0.33", ["ArrowRight"], "0.35"),  # an address may stand between two steps; nothing rounds it
        ("0.33", ["ArrowLeft"], "0.3"),
        ("0.33", [], "0.33"),
        ("0.7", ["PageUp"], "0.95"),
        ("0.7", ["Home"], "0"),
        ("1.95", ["ArrowUp", "ArrowUp"], "2"),
    ],
)
def test_a_slider_moves_by_keys_as_sliders_do(app, start, keys, end):
    app.open(f"?t2={start}")
    app.slide(1, *keys)
    assert app.column(1).locator(".name").inner_text() == f"T = {end}"
    assert (
        app.column(1).locator("input").get_attribute("aria-valuetext").split(", ")[0] == f"{float(end):.2f}"
    )
    assert app.query.get("t2", ["0.7"]) == [end]


def test_a_fast_hand_ends_where_it_stopped(app):
    """Moves are answered one at a time; the last one is never lost, nor one of another slider."""
    app.open()
    app.column(0).locator("input").focus()
    for _ in range(9):
        app.page.keyboard.press("ArrowRight")
    app.column(2).locator("input").focus()
    for _ in range(6):
        app.page.keyboard.press("ArrowLeft")
    app.settle()
    app.page.wait_for_timeout(800)
    assert app.query["t1"] == ["0.65"] and app.query["t3"] == ["0.9"]
    assert [app.column(k).locator(".name").inner_text() for k in range(3)] == [
        "T = 0.65",
        "T = 0.7",
        "T = 0.9",
    ]
    app.is_sound()


def test_a_preset_right_after_a_drag_is_what_counts(app):
    app.open()
    box = app.column(1).locator("input").bounding_box()
    y = box["y"] + box["height"] / 2
    app.page.mouse.move(box["x"] + 0.35 * box["width"], y)
    app.page.mouse.down()
    app.page.mouse.move(box["x"] + 0.95 * box["width"], y, steps=25)
    app.page.mouse.up()
    app.example("T = 0 runs in circles")
    heats = [app.column(k).locator(".name").inner_text() for k in range(3)]
    assert heats == ["T = 0", "T = 0.3", "T = 0.9"]
    assert [app.column(k).locator("output").inner_text() for k in range(3)] == ["0.00", "0.30", "0.90"]


def test_columns_that_are_read_keep_being_read_when_another_goes(app):
    app.open("?n=4&follow=column%203")
    app.page.get_by_role("button", name="Remove column 1").click()
    app.settle()
    assert app.query["follow"] == ["column 2"]
    app.page.get_by_role("button", name="Remove column 2").click()
    app.settle()
    assert "follow" not in app.query


def test_a_finger_that_scrolls_moves_no_slider(phone):
    phone.open()
    touch = phone.page.context.new_cdp_session(phone.page)
    box = phone.column(0).locator("input").bounding_box()
    x, y = box["x"] + 0.6 * box["width"], box["y"] + box["height"] / 2

    def swipe(dx: int, dy: int) -> None:
        touch.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
        for i in range(1, 11):
            at = {"x": x + dx * i / 10, "y": y + dy * i / 10}
            touch.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [at]})
        touch.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        phone.page.wait_for_timeout(300)
        phone.settle()

    before = phone.text(0)
    swipe(0, -150)
    assert "t1" not in phone.query and phone.text(0) == before
    assert phone.column(0).locator("output").inner_text() == "0.20"
    phone.page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollTo(0, 0)")
    swipe(60, 0)
    assert float(phone.query["t1"][0]) > 1.3

    # A long text is scrolled to its end, and from there on the page.
    box = phone.column(0).locator(".text").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.8
    for _ in range(3):
        swipe(0, -150)
    assert phone.page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollTop") > 100


def test_what_people_come_for_is_there_before_the_controls(app):
    """The texts and their bars stand where they will stay, and nothing moves them when the rest arrives: what
    the server says is held back here from the first control on."""
    held: list[tuple[Any, str | bytes]] = []
    holding = [True]

    def pass_on(route: Any) -> None:
        server = route.connect_to_server()

        def from_server(message: str | bytes) -> None:
            if holding[0] and (held or b"Recipe title" in message):
                held.append((route, message))
            else:
                route.send(message)

        server.on_message(from_server)

    app.page.route_web_socket(re.compile("_stcore/stream"), pass_on)
    app.page.goto(app.address)
    app.bars(0).first.wait_for(timeout=60_000)
    while not held:
        app.page.wait_for_timeout(50)
    assert app.key("seed").count() == 0
    before = app.words(0).first.bounding_box()
    holding[0] = False
    for route, message in held:
        route.send(message)
    app.key("seed").locator("input").wait_for()
    app.settle()
    assert app.words(0).first.bounding_box() == before


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("?t1=hot", "a temperature here is from 0 to 2"),
        ("?t1=-1&t2=nan&t3=inf", "a temperature here is from 0 to 2"),
        ("?n=50", "the number of columns is a whole number from 2 to 6"),
        ("?n=2&t5=0.5", "it asks for 2 columns"),
        ("?" + "&".join(f"t{i}=0.5" for i in range(1, 51)), "does not know"),
        ("?model=../../etc/passwd", "the network is one of"),
        ("?seed=-3&words=9999999999999999999999&step=1e9", "a seed is a whole number"),
        ("?force=2%20xyzzy&force=abc", "not a place and a known word"),
        ("?follow=column%209&luck=bad&color=red&line=up&live=x&unk=maybe", "what columns read"),
        ("?k=-1&p=7&min_p=x&typical=0&penalty=99", "top-k is a whole number"),
        ("?follow=column%206", "of the 3 asked for"),
        ("?t1=0.5&t1=0.6", None),
        ("?title=" + "a" * 10_000, "10,000 characters"),
    ],
)
def test_an_address_edited_by_hand_is_corrected_or_refused_in_a_sentence(app, query, said):
    app.open(query)
    assert app.words(0).count() > 3
    if said:
        assert said in app.alerts()
    app.is_sound()


def test_markup_in_every_field_stays_text(app):
    evil = quote(
        "<img src=x onerror=\"document.title='owned'\"> **bold** <script>document.title='owned'</script>"
    )
    names = ("title", "opening", "model", "seed", "t1", "force", "follow", "color", "zzz", quote("<b>x</b>"))
    app.open("?" + "&".join(f"{name}={evil}" for name in names))
    assert app.page.title() != "owned"
    assert app.page.locator("img[src=x]").count() == 0
    assert "**bold**" in app.alerts() or "\\*" not in app.alerts()
    assert app.key("title").locator("input").input_value().startswith("<img src=x")
    assert "<img src=x" in app.column(0).locator(".opening").inner_text()
    app.is_sound()


def test_the_run_is_downloaded_as_it_stands(app, tmp_path):
    app.open("?step=3")
    app.slide(1, "ArrowRight")
    app.page.get_by_text("Keep", exact=True).click()
    files: dict[str, Path] = {}
    for kind in ("json", "csv", "html"):
        with app.page.expect_download() as download:
            app.key(f"save_{kind}").locator("button").first.click()
        files[kind] = tmp_path / download.value.suggested_filename
        download.value.save_as(files[kind])
    data = json.loads(files["json"].read_text())
    assert data["title"] == "Roasted vegetables" and data["runs"][1]["sampler"]["temperature"] == 0.75
    for k, run in enumerate(data["runs"]):
        assert run["text"].lower() == app.text(k).replace(" ■", "").lower()
    assert len(list(csv.DictReader(files["csv"].read_text().splitlines()))) == sum(
        len(run["steps"]) for run in data["runs"]
    )
    app.page.goto(files["html"].as_uri())
    assert data["runs"][0]["text"][:40] in app.page.locator("body").inner_text()


@pytest.mark.parametrize(
    ("name", "start"), [("run SVG", b"<svg"), ("word PNG", b"\x89PNG"), ("knob SVG", b"<svg")]
)
def test_charts_are_saved_as_pictures(app, tmp_path, name, start):
    app.open().further_down()
    app.page.get_by_text("Keep", exact=True).click()
    with app.page.expect_download() as download:
        app.page.get_by_role("button", name=name).click()
    path = tmp_path / download.value.suggested_filename
    download.value.save_as(path)
    assert path.read_bytes().startswith(start) and path.stat().st_size > 3000


def test_presets_and_tour_move_the_real_controls(app):
    app.open()
    app.example("T = 0 runs in circles")
    assert "greedy: always the likeliest word" in app.column(0).inner_text()
    app.example("Show me around")
    for _ in range(4):
        app.key("tour_next").locator("button").first.click()
        app.settle()
    assert app.query["p"] == ["0.8"] and "T = 2" in app.column(2).inner_text()
    app.key("tour_next").locator("button").first.click()
    app.settle()
    assert not app.key("tour_box").is_visible()
    app.is_sound()


def test_charts_say_their_point_to_a_screen_reader(app):
    app.open("?step=5").further_down()
    labels = app.page.locator("[data-testid=stVegaLiteChart]").evaluate_all("c => c.map(e => e.ariaLabel)")
    assert len(labels) == 2 and all("in the text before it" in label for label in labels)
    points = app.page.locator(".for-screen-readers").all_inner_texts()
    assert "likeliest “" in points[0] and "written “" in points[0]
    assert "Median effective choices" in points[1]
    assert "own temperature slider" in points[2]


def test_a_phone_stacks_the_columns_and_takes_taps(phone):
    phone.open()
    tops = [phone.column(k).bounding_box() for k in range(3)]
    assert all(abs(box["x"] - tops[0]["x"]) < 2 for box in tops)
    assert tops[0]["y"] < tops[1]["y"] < tops[2]["y"]
    width = phone.page.evaluate("() => document.querySelector('[data-testid=stMain]').scrollWidth")
    assert width <= 390, "the page must not scroll sideways"
    phone.words(1).nth(4).tap()
    phone.settle()
    assert phone.query["step"] == ["5"]
    sizes = phone.words(0).evaluate_all("words => words.map(w => w.getBoundingClientRect().height)")
    assert min(sizes) >= 24, "a touch target is at least 24 pixels high (WCAG 2.5.8)"
    phone.is_sound()


def test_all_by_keyboard(app):
    app.open()
    reached: list[str] = []
    for _ in range(120):
        app.page.keyboard.press("Tab")
        reached.append(app.page.evaluate(
            "() => { let e = document.activeElement; while (e.shadowRoot?.activeElement) e = "
            "e.shadowRoot.activeElement;"
            " return e.ariaLabel || e.innerText || e.id || e.tagName; }"))  # fmt: skip
    everything = " | ".join(reached)
    for name in (
        "Recipe title",
        "Temperature of column 1",
        "Temperature of column 3",
        "bits of surprisal",
        "Word",
    ):
        assert name in everything, name
