"""The game's page, without a browser."""

from __future__ import annotations

import re
from typing import Any

import pytest
from opening import SMALL, captions, headings, html, opened, said
from streamlit.testing.v1 import AppTest

from textgen.measuring.dishes import dish_titles
from textgen.views import guess as game_view

GAME = 7
ROUNDS = game_view.rounds("temperature", GAME, dish_titles())


def guess(**changes: Any) -> AppTest:
    return opened("guess", {"game": str(GAME), "writer": SMALL, **changes})


def number_of(kind: str) -> int:
    return next(of.number for of in ROUNDS if of.kind == kind)


def everything(app: AppTest) -> str:
    """All that the page shows, and the address."""
    words = [element.value for element in (*app.markdown, *app.caption, *app.code)]
    buttons = [button.label for button in app.button]
    return " ".join([*words, *buttons, html(app), str(dict(app.query_params))]).replace("\u00a0", " ")


def guesses(app: AppTest) -> list[str]:
    found = app.query_params.get("guess", [])
    return [found] if isinstance(found, str) else found


def verdict(app: AppTest) -> str:
    return " ".join(re.findall(r'role="status">(.*?)<', html(app))).replace("\u00a0", " ")


def test_five_rounds_are_played_kept_and_summed_up():
    app = guess()
    for of in ROUNDS:
        assert not verdict(app)
        if of.kind == "order":
            app.button(key="hotter_B").click().run()
        else:
            app.slider(key="t_guess").set_value(0.6).run()
            app.button(key="give").click().run()
        assert not app.exception and not app.warning
        assert all(f"T = {heat:g}" in verdict(app) for heat in of.temperatures)
        if of.number < 5:
            assert not headings(app)
            app.button(key="next").click().run()
    assert guesses(app) == [f"{of.number} {'B' if of.kind == 'order' else '0.6'}" for of in ROUNDS]
    points = sum(app.dataframe[0].value["points"])
    assert headings(app) == [f"All five rounds: {points} of 500 points"]
    assert f"{points} of 500 points" in captions(app)
    assert "4 guesses of a temperature" in everything(app)


def test_the_truth_is_nowhere_before_the_guess():
    for of in ROUNDS:
        shown = re.sub(r"(?s)<style>.*?</style>|<[^>]*>", "", everything(guess(round=str(of.number))))
        for heat in of.temperatures:
            if heat in (0.0, game_view.APART, 1.0, 2.0):  # such numbers stand on the page for other reasons
                continue
            assert not re.search(rf"(?<![\d.]){heat:g}(?![\d.])", shown)


def test_a_link_goes_on_where_it_was_made_and_a_challenge_has_no_answers():
    order, text = number_of("order"), 1
    app = guess(guess=[f"{order} A", f"{text} 0.35"], round=str(text))
    assert "You said T = 0.35" in verdict(app) and "of 200 points" in captions(app)
    assert guesses(app) == [f"{text} 0.35", f"{order} A"] and not said(app)
    (challenge,) = (code.value for code in app.code)
    assert f"game={GAME}" in challenge and "guess=" not in challenge and "round=" not in challenge


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"round": "6"},
            "round = “6”, but the number of a round is a whole number from 1 to 5; it was taken as 5",
        ),
        ({"round": "-inf"}, "it was taken as 1"),
        ({"round": "two"}, "from 1 to 5; it was left out"),
        ({"guess": "1 A"}, "guess = “1 A”, but no round of this game has such an answer; it was left out"),
        ({"guess": "6 0.7"}, "no round of this game has such an answer"),
        ({"guess": "1"}, "no round of this game has such an answer"),
        ({"guess": "1 <b>"}, "no round of this game has such an answer"),
        ({"guess": ["1 0.7", "1 0.8"]}, "two guesses for round 1; the first one counts"),
        ({"mode": "chess"}, "the game is one of temperature, word; it was left out"),
        ({"game": "1.5"}, "a whole number from 0 to 2,147,483,647; it was left out"),
        ({"mode": "word", "guess": "1 xyzzy"}, "no round of this game has such an answer"),
    ],
)
def test_what_no_game_has_is_a_sentence_and_the_nearest_place(changes, sentence):
    app = guess(**changes)
    assert sentence in said(app)
    assert app.session_state.round == {"6": 5}.get(changes.get("round"), 1)
    assert guesses(app) == (["1 0.7"] if isinstance(changes.get("guess"), list) else [])


def test_a_word_is_guessed_against_its_bars():
    app = guess(mode="word")
    words = [button.label for button in app.button if button.key.startswith("word")]
    assert len(words) >= 5 and words == sorted(words)
    app.button(key="word1").click().run()
    assert not app.exception and f"“{words[1]}” costs" in verdict(app).replace("\\", "")
    assert "bits, at best" in captions(app)
    again = opened("guess", {key: app.query_params[key] for key in app.query_params})
    assert verdict(again) == verdict(app)


def test_the_answers_of_a_game_wait_for_its_player():
    app = guess(guess="1 0.6")
    before = verdict(app)
    app.session_state.game = GAME + 1
    app.run()
    assert guesses(app) == [] and not verdict(app)
    app.session_state.game = GAME
    app.run()
    assert guesses(app) == ["1 0.6"] and verdict(app) == before
    app.switch_page("pages/compare.py").run()
    app.switch_page("pages/guess.py").run()
    assert guesses(app) == ["1 0.6"] and verdict(app) == before and not app.warning


def test_the_text_opens_in_compare_at_both_temperatures():
    app = guess(guess="1 0.05")
    app.button(key="to_compare").click().run()
    assert not app.exception
    heats = sorted({0.05, ROUNDS[0].temperatures[0]})
    runs = app.session_state.shown["comparison"].runs
    assert [run.sampler.temperature for run in runs] == pytest.approx(heats)
    assert app.number_input(key="seed").value == ROUNDS[0].seeds[0]
    assert app.text_input(key="title").value == ROUNDS[0].title.capitalize()
