"""The comparison page's logic, without a browser."""

from __future__ import annotations

from collections import Counter

import pytest
from opening import captions, html, opened, said
from streamlit.testing.v1 import AppTest

from pages.parts import address, columns, drawing, navigation
from textgen.network.bundle import load_bundle
from textgen.text.lexicon import lexicon
from textgen.views.compare import Comparison
from textgen.writing.generate import generate_together, generations, recipe_prompt
from textgen.writing.rules import RULES
from textgen.writing.sampling import Sampler

FIELDS = address.fields("compare")


@pytest.fixture
def app() -> AppTest:
    return opened("compare")


def written(app: AppTest) -> list[list[str]]:
    return [[step.word for step in run.steps] for run in app.session_state.shown["comparison"].runs]


def drag(app: AppTest, **heats: float) -> AppTest:
    """What the sliders of columns say; they stand in a component, which moves in the browser tests alone."""
    for name, heat in heats.items():
        k = int(name[1:]) - 1
        app.session_state.moved = k, heat - app.session_state.temperatures[k]
        app.session_state.temperatures[k] = heat
    return app.run()


def temperatures(app: AppTest) -> list[float]:
    return [run.sampler.temperature for run in app.session_state.shown["comparison"].runs]


def test_the_first_visit_shows_a_comparison(app):
    assert temperatures(app) == [0.2, 0.7, 1.2]
    texts = written(app)
    assert len(texts) == 3 and all(5 < len(text) <= 60 for text in texts)
    assert not app.warning and not app.error


@pytest.mark.parametrize(("near", "end"), [(0.05, 0.0), (1.95, 2.0)])
def test_a_slider_goes_to_its_end(app, near, end):
    drag(app, t1=near)
    drag(app, t1=end)
    assert not app.exception and temperatures(app)[0] == end


def test_the_page_writes_what_textgen_writes(app):
    drag(app, t2=1.4)
    network = load_bundle(app.selectbox(key="model").value)
    samplers = [Sampler(t, suppress=(1,)) for t in (0.2, 1.4, 1.2)]
    expected: list[list[str]] = [[], [], []]
    seed = FIELDS["seed"].default
    for steps in generate_together(
        network, recipe_prompt("Roasted vegetables"), samplers=samplers, max_tokens=60, seed=seed
    ):
        for words, step in zip(expected, steps, strict=True):
            if step is not None:
                words.append(step.word)
    assert written(app) == expected


def test_a_whole_prompt_typed_as_a_title_is_taken_apart(app):
    app.text_input(key="title").set_value("Recipe for Beans | cut the").run()
    assert app.text_input(key="title").value == "Beans"
    assert app.text_input(key="opening").value == "cut the"
    assert app.session_state.shown["comparison"].runs[0].prompt == recipe_prompt("Beans", "cut the")
    assert app.toast[0].value == "Read as the title “Beans” and the opening words “cut the”."
    app.text_input(key="title").set_value("Pie for a recipe").run()
    assert app.text_input(key="title").value == "Pie for a recipe"
    assert app.text_input(key="opening").value == "cut the"


def test_a_whole_prompt_in_an_address_is_taken_apart():
    for page, opening in (("compare", "cut the"), ("models", None)):
        app = opened(page, {"title": "Recipe for Beans | cut the"})
        assert app.text_input(key="title").value == ("Beans" if opening else "Recipe for Beans | cut the")
        if opening:
            assert app.text_input(key="opening").value == opening
            assert app.session_state.shown["comparison"].runs[0].prompt == recipe_prompt("Beans", opening)
            assert app.toast[0].value == "Read as the title “Beans” and the opening words “cut the”."


def test_only_the_moved_column_changes(app):
    before = written(app)
    drag(app, t3=2.0)
    after = written(app)
    assert after[:2] == before[:2] and after[2] != before[2]


def test_greedy_has_no_luck(app):
    drag(app, t1=0.0)
    before = written(app)
    app.number_input(key="seed").set_value(99).run()
    after = written(app)
    assert after[0] == before[0] and after[1:] != before[1:]


def test_the_dice_give_other_luck(app):
    before, seed = written(app), app.number_input(key="seed").value
    app.button(key="dice").click().run()
    assert app.number_input(key="seed").value != seed
    assert written(app) != before and temperatures(app) == [0.2, 0.7, 1.2]


def test_same_context_gives_all_columns_the_same_words_to_read(app):
    app.selectbox(key="follow").set_value("column 2").run()
    comparison = app.session_state.shown["comparison"]
    for position in range(5):
        assert len({step.prompt for step in comparison.steps_at(position) if step}) == 1
    assert "All columns read the words of column 2" in html(app)


def test_own_luck_parts_equal_temperatures(app):
    drag(app, t1=1.2, t2=1.2)
    assert len({tuple(words) for words in written(app)}) == 1
    app.segmented_control(key="luck").set_value("separate").run()
    assert len({tuple(words) for words in written(app)}) == 3


@pytest.mark.parametrize(("key", "value"), [("k", 1), ("p", 0.0), ("min_p", 1.0)])
def test_rules_at_their_end_leave_only_the_likeliest_word(app, key, value):
    widget = app.number_input(key=key) if key == "k" else app.slider(key=key)
    widget.set_value(value).run()
    texts = written(app)
    assert texts[0] == texts[1] == texts[2]
    assert not app.exception


# Where each rule has a say in the first text.
VALUES = {"penalty": 2.0, "nsigma": 1.0, "k": 3, "p": 0.3, "min_p": 0.3, "typical": 0.3}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_a_rule_does_on_the_page_what_it_does_in_textgen(app, rule):
    before = written(app)
    control = app.number_input(key=rule.key) if rule.kind is int else app.slider(key=rule.key)
    assert control.value == rule.off
    control.set_value(VALUES[rule.key]).run()
    assert not app.exception and written(app) != before
    samplers = [Sampler(t, suppress=(1,), **{rule.name: VALUES[rule.key]}) for t in (0.2, 0.7, 1.2)]
    runs = generations(
        load_bundle(app.selectbox(key="model").value),
        recipe_prompt("Roasted vegetables"),
        samplers=samplers,
        max_tokens=60,
        seed=FIELDS["seed"].default,
    )
    assert written(app) == [[step.word for step in run.steps] for run in runs]


def test_a_forced_word_is_written_by_every_column_and_can_be_freed(app):
    free = written(app)
    app.number_input(key="words").set_value(30).run()
    app.session_state.word = 3
    app.run()
    word = app.selectbox(key="whatif").options[-1]
    assert [words[2] for words in free] != [word] * 3
    app.selectbox(key="whatif").set_value(word).run()
    assert [words[2] for words in written(app)] == [word] * 3
    assert [words[:2] for words in written(app)] == [words[:2] for words in free]
    assert app.selectbox(key="whatif").value is None
    assert f"“{word}” is forced here, in every text." in captions(app)
    app.button(key="free2").click().run()
    assert "is forced here" not in captions(app)
    assert [words[:3] for words in written(app)] == [words[:3] for words in free]


@pytest.mark.parametrize(
    ("title", "sentence"),
    [
        ("", "no title"),
        ("   ", "no title"),
        ("x" * 10_000, "10,000 characters"),
        ("🍣🍕", "Not among the"),
        ("qwertzy asdfgh", "qwertzy, asdfgh"),
        ("<script>alert(1)</script> *bold* $x^2$ :red[hot]", "Not among the"),
    ],
)
def test_a_bad_title_gets_a_sentence_and_work_goes_on(app, title, sentence):
    app.text_input(key="title").set_value(title).run()
    assert sentence in said(app)
    assert not app.exception and len(written(app)) == 3


def test_unknown_words_are_named_in_the_opening_too(app):
    app.text_input(key="opening").set_value("chop 1 / flibbertigibbet").run()
    assert "flibbertigibbet" in said(app)
    assert app.session_state.shown["comparison"].runs[0].steps[0].prompt.endswith("chop 1 / flibbertigibbet")


def test_presets_show_what_they_say(app):
    def choose(name: str) -> list[list[str]]:
        next(button for button in app.button if button.label == name).click().run()
        assert not app.exception and not app.warning
        assert app.info[0].value.startswith("**What to look at.**")
        return written(app)

    verbs = [lexicon().first_verb(words) for words in choose("Another verb at each T")]
    assert None not in verbs and len(set(verbs)) == 3
    cold, _, warm = choose("T = 0 runs in circles")
    often = [
        max(Counter(zip(*(words[i:] for i in range(8)), strict=False)).values()) for words in (cold, warm)
    ]
    assert often[0] > 1 == often[1]  # the same eight words in a row come again
    choose("T = 2 falls apart")
    bits = [app.session_state.shown["comparison"].analysis(k).bits for k in range(3)]
    strong = [(of > 8).mean() for of in bits]
    assert strong[0] < strong[1] < strong[2]
    app.number_input(key="words").set_value(20).run()
    assert not app.info  # it spoke of other settings


def test_every_stop_of_the_tour_works(app):
    app.button(key="start_tour").click().run()
    seen = [app.session_state.tour]
    while app.session_state.tour is not None:
        assert not app.exception
        app.button(key="tour_next").click().run()
        seen.append(app.session_state.tour)
    assert seen == [0, 1, 2, 3, 4, None]


def test_the_tour_moves_the_real_controls(app):
    app.button(key="start_tour").click().run()
    app.button(key="tour_next").click().run()
    assert temperatures(app)[0] == 0
    app.button(key="tour_next").click().run()
    mark = app.session_state.shown["comparison"].marks[1]
    assert app.session_state.word == mark.position + 1
    app.button(key="tour_next").click().run()
    assert app.selectbox(key="follow").value == "column 1"
    app.button(key="tour_next").click().run()
    assert temperatures(app)[2] == 2 and app.slider(key="p").value == 0.8
    assert app.selectbox(key="follow").value == "own"


@pytest.mark.parametrize(("asked", "shown"), [(-3, 1), (0, 1), (60, 60), (10_000, 60)])
def test_the_picked_word_stays_within_the_text(app, asked, shown):
    app.session_state.word = asked
    app.run()
    assert app.session_state.word == shown and not app.exception


@pytest.mark.parametrize("words", [5, 200])
def test_short_and_long_texts(app, words):
    app.number_input(key="words").set_value(words).run()
    assert not app.exception and all(len(text) <= words for text in written(app))


def test_what_was_written_is_not_written_again(app):
    other = opened("compare")
    first, again = (test.session_state.shown["comparison"].runs for test in (app, other))
    assert all(a is b for a, b in zip(first, again, strict=True))


@pytest.mark.parametrize("probability", [0.99996, 0.9999999, 1.0, 0.12345678, 1e-9])
def test_what_is_sent_is_rounded_and_no_certainty_is_made_up(probability):
    row = {"text": "oil", "rank": 1, "bits": 0.5, "plain": 0.25, "probability": probability}
    sent = columns.compact({**row, "space": True, "forced": False, "end": False, "verb": False})
    assert sent["probability"] == pytest.approx(probability, rel=1e-3)
    assert (sent["probability"] == 1) == (probability == 1)


def test_plain_shows_markdown_as_it_was_written():
    for mark in "\\`*_{}[]()<>#+-.!|~$:&^=":
        assert drawing.plain(mark) == "\\" + mark


@pytest.mark.parametrize(
    "text",
    [
        "The words are “oil”, 1.5 cups (or less). What now? T = 1: all!",
        "May write “[UNK]”, some word",
        "to-do & 9-to-5",
    ],
)
def test_the_name_of_a_control_is_as_it_is_read_aloud(text):
    assert drawing.control_name(text) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("*a* _b_ `c` ~d~ $e$", r"\*a\* \_b\_ \`c\` \~d\~ \$e\$"),
        ("[a](b) <i> :red[c] &amp;", r"[a\](b) \<i> \:red[c] \&amp;"),
        ("www.a.de # 1", r"www\.a\.de # 1"),
        ("# a", r"\# a"),
        (":material/home: a", ":\u2060material/home: a"),
        ("1. a", r"1\. a"),
    ],
)
def test_the_name_of_a_control_is_no_markup(text, shown):
    assert drawing.control_name(text) == shown


def test_what_is_not_as_usual_is_counted_and_the_bars_say_what_fades(app):
    def more() -> str:
        labels = [popover.proto.popover.label for popover in app.get("popover")]
        return next(label for label in labels if label.startswith("More"))

    assert more() == "More" and app.button(key="reset_all").disabled
    app.number_input(key="k").set_value(5).run()
    app.slider(key="p").set_value(0.9).run()
    assert more() == "More · 2 changed"
    assert "Faded: what a sampling rule removed" in html(app)
    assert "rest of the vocabulary" not in html(app)


@pytest.mark.parametrize("button", ["reset How words are drawn", "reset_all"])
def test_a_reset_gives_back_what_was_usual(app, button):
    before = written(app)
    app.slider(key="p").set_value(0.3).run()
    app.segmented_control(key="luck").set_value("separate").run()
    app.segmented_control(key="color").set_value("rank").run()
    assert written(app) != before
    app.button(key=button).click().run()
    assert written(app) == before and app.slider(key="p").value == 1
    assert app.segmented_control(key="color").value == ("rank" if button != "reset_all" else "surprisal")


def settings(app: AppTest) -> dict[str, object]:
    """All that shapes the texts, as the page has it."""
    state = app.session_state
    own = {"heats": state.temperatures[: state.n], "forced": dict(state.forced), "word": state.word}
    return own | {key: state[key] for key in navigation.SHAPES} | {"texts": written(app)}


@pytest.mark.parametrize("ways", [["tour"], ["example"], ["example", "tour"], ["example", "other example"]])
def test_the_tour_and_the_examples_give_back_what_the_visitor_had(ways):
    """Columns that were added or taken away, forced words, rules, luck: all of it, after one or several."""
    had = {
        "title": "Tomato soup",
        "seed": "3",
        "words": "20",
        "n": "2",
        "t1": "0.35",
        "t2": "1.8",
        "p": "0.5",
    }
    had |= {"luck": "separate", "follow": "column 2", "force": "2 butter", "step": "4"}
    app = opened("compare", had)
    before, asked = settings(app), {key: app.query_params[key] for key in app.query_params}
    for way in ways:
        if way == "tour":
            app.button(key="start_tour").click().run()
            for _ in range(4):
                app.button(key="tour_next").click().run()
            assert temperatures(app)[2] == 2 and app.slider(key="p").value == 0.8
        else:
            name = "T = 0 runs in circles" if way == "example" else "T = 2 falls apart"
            next(button for button in app.button if button.label == name).click().run()
            assert app.slider(key="p").value == 1 and not app.session_state.forced
        assert not app.exception and settings(app) != before
    app.button(key="tour_next" if ways[-1] == "tour" else "give_back").click().run()
    assert not app.exception and settings(app) == before
    assert {key: app.query_params[key] for key in app.query_params} == asked
    assert not app.info and "give_back" not in {button.key for button in app.button}


def test_who_goes_on_from_an_example_is_given_back_what_he_made_of_it(app):
    next(button for button in app.button if button.label == "T = 2 falls apart").click().run()
    app.text_input(key="title").set_value("White bread").run()
    drag(app, t1=0.45)
    mine = settings(app)
    next(button for button in app.button if button.label == "T = 0 runs in circles").click().run()
    app.button(key="give_back").click().run()
    assert settings(app) == mine


@pytest.fixture
def failing(monkeypatch):
    """Makes a method of comparisons fail as soon as a column has a temperature of 1.3."""

    def fail(method: str) -> None:
        real = getattr(Comparison, method)

        def work(self, *args, **options):
            if any(run.sampler.temperature == 1.3 for run in self.runs):
                raise KeyError("something that nobody has thought of")
            return real(self, *args, **options)

        monkeypatch.setattr(Comparison, method, work)

    return fail


def test_texts_that_cannot_be_written_leave_those_before_and_the_next_move_works(app, failing):
    drag(app, t2=0.9)
    before = written(app)
    failing("names")
    app.session_state.word = 3
    drag(app, t2=1.3)
    assert not app.exception and "could not be written" in said(app)
    assert written(app) == before and temperatures(app) == [0.2, 0.9, 1.2]
    assert app.session_state.temperatures[:3] == [0.2, 0.9, 1.2] and app.session_state.word == 1
    drag(app, t2=1.4)
    assert not app.exception and not said(app)
    assert temperatures(app) == [0.2, 1.4, 1.2] and written(app)[1] != before[1]


@pytest.mark.parametrize("method", ["timeline_rows", "live_rows"])
def test_a_chart_that_cannot_be_drawn_leaves_texts_and_the_other_charts(app, failing, method):
    app.session_state.below = True  # they are in sight
    charts = len(app.run().get("vega_lite_chart"))
    assert charts == 2
    before = written(app)
    failing(method)
    drag(app, t2=1.3)
    assert not app.exception and said(app).count("could not be drawn") == 1
    assert written(app)[0] == before[0] and temperatures(app) == [0.2, 1.3, 1.2]
    assert len(app.get("vega_lite_chart")) == charts - 1
    drag(app, t2=1.4)
    assert not app.exception and not said(app)
    assert len(app.get("vega_lite_chart")) == charts


def test_a_first_page_that_cannot_be_written_says_so_and_has_its_controls(failing):
    failing("names")
    app = opened("compare", {"t1": "1.3"})
    assert not app.exception and "could not be written" in said(app)
    assert app.text_input(key="title").value
    drag(app, t1=0.5)
    assert not app.exception and not said(app) and temperatures(app)[0] == 0.5
