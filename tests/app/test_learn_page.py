"""The lessons' logic, without a browser."""

from __future__ import annotations

import pytest
from opening import SMALL, captions, html, opened, said
from streamlit.testing.v1 import AppTest

from pages.parts import writers
from textgen.views.lessons import LESSONS, Desk


def learn(**address: object) -> AppTest:
    return opened("learn", {"writer": SMALL, **address})


def desk(case: int = 1) -> Desk:
    return Desk(SMALL, writers.compare, writers.load, case)


def reply(app: AppTest, name: str, number: int | None) -> None:
    if number is not None:
        app.radio(key=f"choice_{name}").set_value(number)
    app.button(key=f"answer_{name}").click().run()
    assert not app.exception


def query(app: AppTest, key: str) -> list[str]:
    value = app.query_params.get(key, [])
    return [value] if isinstance(value, str) else value


def press(app: AppTest, key: str) -> None:
    app.button(key=key).click().run()
    assert not app.exception


def words(app: AppTest) -> str:
    marked = " ".join(element.value for element in app.markdown).replace("\\", "")
    return f"{captions(app)} {marked} {' '.join(radio.label for radio in app.radio)}".replace("\\", "")


def test_a_lesson_is_predicted_tried_compared_checked_and_summed_up():
    told, questions = LESSONS[1].opening(desk()), LESSONS[1].checks(desk())
    app = learn(lesson="2")
    reply(app, "before", None)
    assert "Choose an answer first" in said(app) and "answer" not in app.query_params
    assert told.before.why not in words(app)  # it asks before it shows
    reply(app, "before", 1)
    assert query(app, "stage") == ["try"] and query(app, "answer") == ["2.before.1.2"]
    assert "You predicted: The short bars grow" in words(app)
    press(app, "to_compare")
    assert f"It is otherwise: The longest bar grows, the others shrink. {told.before.why}" in words(app)
    assert told.alike in words(app) and LESSONS[1].principle in words(app)
    press(app, "to_check")
    right, wrong = questions[0].right, (questions[1].right + 1) % 3
    reply(app, "first", right)
    assert "Right." in captions(app) and questions[0].why in words(app)
    reply(app, "second", wrong)
    assert "Not so." in captions(app) and questions[1].why in words(app)
    assert query(app, "answer")[1:] == [f"2.first.1.{right + 1}", f"2.second.1.{wrong + 1}"]
    press(app, "go_card")
    assert "1 of 2 questions right" in words(app) and "Predicted: The short bars grow" in words(app)
    assert "✓" in app.button(key="go_2").label
    press(app, "start_over")
    assert set(app.query_params) == {"writer"}


def test_a_link_goes_on_where_it_was_made():
    first, second = LESSONS[1].checks(desk(7))
    app = learn(lesson="2", stage="check", case="7", answer=["2.before.1.1", f"2.first.7.{first.right + 1}"])
    assert not app.warning and first.why in words(app) and second.text in words(app)
    press(app, "go_2")
    assert "You predicted: The longest bar grows" in words(app)  # of another case, and still so
    app = learn(lesson="2", stage="check", answer=["2.first.7.1"])  # of another case: not answered here
    assert LESSONS[1].checks(desk())[0].text in words(app)


def test_another_case_asks_other_questions_and_keeps_the_answers():
    app = learn(lesson="2", stage="check", answer=["2.first.1.1", "2.second.1.1"])
    press(app, "another_case")
    case = int(query(app, "case")[0])
    assert case != 1 and LESSONS[1].checks(desk(case))[0].text in words(app)
    assert query(app, "answer") == ["2.first.1.1", "2.second.1.1"]


@pytest.mark.parametrize(
    ("asked", "sentence", "lesson"),
    [
        ({"lesson": "9"}, "lesson = “9”; it was taken as 6", 6),
        ({"lesson": "-1"}, "it was taken as 1", 1),
        ({"lesson": "two"}, "a lesson has a number from 1 to 6; it was left out", 1),
        ({"lesson": "nan"}, "it was left out", 1),
        ({"lesson": "2", "stage": "7"}, "a part of a lesson is one of predict", 2),
        ({"lesson": "2", "answer": "2.before.1.4"}, "it is no answer to a question of these lessons", 2),
        ({"lesson": "2", "answer": "7.before.1.1"}, "it is no answer", 2),
        ({"lesson": "2", "answer": "2.before.1"}, "it is no answer", 2),
        ({"lesson": "2", "answer": "<b>2</b>"}, "it is no answer", 2),
        ({"lesson": "2", "answer": ["2.before.1.1", "2.before.1.2"]}, "a question twice", 2),
        ({"lesson": "2", "writer": "none"}, "the network is one of", 2),
        ({"lesson": "2", "game": "1"}, "“game” that this page does not know", 2),
    ],
)
def test_what_cannot_be_is_a_sentence_and_the_nearest_place(asked, sentence, lesson):
    app = learn(**asked)
    assert sentence in said(app) and app.session_state.lesson == lesson
    assert f"{lesson}. {LESSONS[lesson - 1].title}" in words(app)
    assert len(app.session_state.lesson_answers) == ("twice" in sentence)
    assert "<b>2</b>" not in html(app)


def test_a_cut_is_set_with_the_controls_of_the_comparison_page():
    app = learn(lesson="5", stage="try", k="10")
    assert not app.warning and app.number_input(key="k").value == 10
    app.slider(key="p").set_value(0.5).run()
    assert not app.exception and app.session_state.p == 0.5


def test_other_luck_is_another_draw_and_in_the_address():
    app = learn(lesson="3", stage="try")
    press(app, "other_luck")
    assert query(app, "draw") == ["1"]
    press(app, "to_compare")
    assert "draw" not in app.query_params


def test_a_picture_opens_in_the_comparison_with_its_words_and_temperatures():
    app = learn(lesson="2", stage="compare")
    request = LESSONS[1].opening(desk()).two.requests[0]
    press(app, "in_comparison")
    assert app.text_input(key="title").value == request.title
    assert app.text_input(key="opening").value == request.opening
    assert (query(app, "t1"), query(app, "t2")) == (["0.5"], ["1.5"])
    app.switch_page("pages/learn.py").run()
    assert not app.exception and "2. What does temperature do" in words(app)  # nothing is lost
