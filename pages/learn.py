"""Lessons that ask before they show: each with the networks and controls of the comparison page in it."""

from __future__ import annotations

import html
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import streamlit as st

from pages.parts import address, columns, controls, drawing, navigation, share, writers
from pages.parts.address import STAGES
from pages.parts.drawing import control_name, plain
from textgen.memo import Memo
from textgen.views.bars import bars, hundred_draws
from textgen.views.compare import likely_words
from textgen.views.lessons import LESSONS, QUESTIONS, Desk, Lesson, NoCase, Opening, Question, Scene
from textgen.views.lessons.card import findings, to_html
from textgen.views.names import network_label
from textgen.writing.rules import RULES
from textgen.writing.writer import Request

navigation.through_app()

state = st.session_state
FIELDS = address.fields("learn")
# What the page makes of its address, beside controls: the browser's Back has it read again.
OWN = ("told_by", "lesson", "stage", "case", "lesson_answers", "draw", "heats", "places", "views", "counted")
NAMES = {"predict": "Predict", "try": "Try", "compare": "Compare", "check": "Check"}
PARTS = ("title", "texts", "bars", "walk")  # that a page in a frame can be without
SIGNS = ("A", "B", "C")  # of the answers
Onwards = tuple[str, str, Callable[..., None], tuple[Any, ...]]  # a button: label, key, what it does, to what
_T = TypeVar("_T")


@st.cache_resource(show_spinner=False)
def worked_out() -> Memo[Any]:
    """What lessons have computed for their cases, for all visitors together."""
    return Memo(200)


# -- what is asked for -----------------------------------------------------------------------------


def network() -> str:
    return state.told_by


def desk(case: int) -> Desk:
    return Desk(network(), writers.compare, writers.load, case)


def told(part: str, lesson: int, case: int, make: Callable[[Desk], _T]) -> _T:
    """The `part` of a lesson (from 1) for a case; or a sentence on the page and no further, if the network's
    texts have none."""
    key = (network(), part, lesson, case)
    try:
        return worked_out().once(key, lambda: make(desk(case)))
    except NoCase as reason:
        name = network_label(network())
        st.info(plain(f"Lesson {lesson} finds no case in the texts of the network “{name}”: {reason}."))
        st.button("Go on with the usual network", key="usual_network", type="primary", on_click=usual_network)
        write_address()
        st.stop()


def opening(lesson: int, case: int) -> Opening:
    return told("opening", lesson, case, LESSONS[lesson - 1].opening)


def checks(lesson: int, case: int) -> tuple[Question, Question]:
    return told("checks", lesson, case, LESSONS[lesson - 1].checks)


def answered(lesson: int, question: str) -> int | None:
    """The number (from 0) of the answer that was given; what is predicted holds for all cases."""
    for number, name, case, answer in state.lesson_answers:
        if (number, name) == (lesson, question) and (question == "before" or case == state.case):
            return answer - 1
    return None


def begin() -> None:
    """Before anything is drawn: styles, the address, and what it brings back."""
    navigation.enter("learn", own=OWN, components=("columns",))
    drawing.styles("learn")
    if presented := address.said(FIELDS["present"]):
        st.html(drawing.ASSETS / "learn-presented.css")
    share.dress(share.left_out(), presented)
    writers.models()  # or a sentence on the page
    navigation.begin("learn", FIELDS)
    if "lesson" not in state:
        asked = st.query_params.get_all("writer")  # another page's control may still be in the state
        state.told_by = FIELDS["writer"].read(asked[-1]) if asked else FIELDS["writer"].default
        state.lesson, state.stage = address.said(FIELDS["lesson"]), address.said(FIELDS["stage"])
        state.case, state.draw = address.said(FIELDS["case"]), address.said(FIELDS["draw"])
        state.lesson_answers = []
        for answer in address.said(FIELDS["answer"]):
            if not any(answer[:3] == other[:3] for other in state.lesson_answers):
                state.lesson_answers.append(answer)
        if len(state.lesson_answers) < len(address.said(FIELDS["answer"])):
            state.lesson_note = "The address answers a question twice; the first answer is taken."
        state.heats, state.places, state.views, state.counted = {}, {}, {}, None
        look_at_address()


def look_at_address() -> None:
    """What the address says of the picture of its part of the lesson."""
    key = scene_key()
    heats = {k: address.said(FIELDS[f"t{k}"]) for k in (1, 2) if f"t{k}" in st.query_params}
    if heats:
        state.heats[key] = heats
    for name, kept in (("step", state.places), ("view", state.views)):
        if name in st.query_params:
            kept[key] = address.said(FIELDS[name])


def scene_key() -> str:
    """Of the picture of this part of the lesson."""
    return f"scene_{state.lesson}_{state.stage}"


def write_address() -> None:
    """Put into the address where the reader is, and what was answered."""
    key = scene_key()
    values: dict[str, Any] = {name: state[name] for name in ("lesson", "stage", "case", "draw")}
    values |= {"present": address.said(FIELDS["present"]), "writer": state.told_by}
    spelled = {name: [address.written(v)] * (v != FIELDS[name].default) for name, v in values.items()}
    spelled |= {
        f"t{k}": [address.written(heat)] if (heat := state.heats.get(key, {}).get(k)) is not None else []
        for k in (1, 2)
    }
    for name, kept in (("step", state.places), ("view", state.views)):
        spelled[name] = [str(kept[key])] if key in kept else []
    spelled["answer"] = [".".join(map(str, answer)) for answer in state.lesson_answers]
    address.write(spelled)


# -- what buttons do -------------------------------------------------------------------------------


def go_to(lesson: int, stage: str = STAGES[0]) -> None:
    state.lesson, state.stage, state.counted, state.draw = lesson, stage, None, 0


def answer(question: str, then: str | None) -> None:
    """Keep the answer that is marked, and go on to the part `then`."""
    picked = state.get(f"choice_{question}")
    if picked is None:
        state.lesson_note = "Choose an answer first."
        return
    state.lesson_answers.append((state.lesson, question, state.case, picked + 1))
    if then:
        go_to(state.lesson, then)


def another_case() -> None:
    state.case = random.SystemRandom().randrange(1, 100_000)
    state.draw = 0


def usual_network() -> None:
    state.told_by, state.lesson_answers = (
        FIELDS["writer"].default,
        [],
    )  # what was answered was of the other one


def other_luck() -> None:
    state.draw = (state.draw + 1) % (FIELDS["draw"].high + 1)


def start_over() -> None:
    state.lesson_answers, state.heats, state.places, state.views = [], {}, {}, {}
    go_to(1)


def in_comparison(request: Request, word: int) -> None:
    navigation.to_comparison(
        request.title,
        request.temperatures,
        model=request.model,
        seed=request.seed,
        words=max(request.words, 30),
        opening=request.opening,
        forced=request.forced,
        word=word,
    )


# -- a picture -------------------------------------------------------------------------------------


def as_set(scene: Scene, key: str) -> Scene:
    """The scene as the reader has set its sliders, rules and luck."""
    heats = dict(enumerate(scene.temperatures, 1)) | (state.heats.get(key, {}) if scene.knobs else {})
    rules = {rule: address.said(FIELDS[rule]) for rule in scene.rules}
    options = controls.sampling(rules)
    requests, k = [], 0
    for request in scene.requests:
        samplers = []
        for sampler in request.samplers:
            k += 1
            samplers.append(replace(sampler, temperature=heats[k], **(options if scene.rules else {})))
        seed = request.seed + (state.draw if scene.luck else 0)
        requests.append(replace(request, samplers=tuple(samplers), seed=seed))
    return replace(scene, requests=tuple(requests))


@st.fragment
def picture(scene: Scene, key: str) -> None:
    """The texts and bars of a scene; a move of a slider redraws this alone."""
    shown = as_set(scene, key)
    comparisons = [writers.compare(request) for request in shown.requests]
    length = max(comparison.length for comparison in comparisons)
    word = min(state.places.get(key, shown.word), max(length, 1))
    view = state.views.get(key, shown.view)
    words = likely_words(comparisons, word - 1, most=8) if len(comparisons) > 1 else None
    hundred = shown.hundred or state.counted == key
    texts: list[dict[str, Any]] = []
    for comparison, request in zip(comparisons, shown.requests, strict=True):
        below = bars(comparison, word - 1, shown=words)
        draws = hundred_draws(comparison, word - 1, request.seed, below) if hundred else [[] for _ in below]
        for k, name in enumerate(comparison.names()):
            name = shown.names[len(texts)] if shown.names else name
            mark = comparison.marks[k] if request.luck == "shared" and shown.walk else None
            bar = below[k] if shown.bars else None
            if bar and comparison.runs[k].sampler.active == ():
                bar["note"] = ""  # how open the choice is: a word more than a lesson needs
            texts.append(columns.column(comparison, k, name, mark, request.opening, bars=bar, draws=draws[k]))
    hidden = {
        "--texts": not shown.texts,
        "--knobs": not shown.knobs,
        "--places": not shown.walk,
        "--luck-view": not shown.walk,
        "--walk": not (shown.walk or shown.draws),
    }
    looks = "".join(f"{name}: none; " for name, off in hidden.items() if off)
    looks += "max-width: 36rem; " if len(texts) == 1 else ""
    st.html(f"<style>.st-key-{key} {{ {looks} }}</style>")
    with st.container(key=key):
        columns.show(
            f"columns_{key}",
            texts,
            word,
            sliders=shown.knobs or shown.walk or shown.draws,
            opening=shown.requests[0].opening,
            fewest=len(texts),
            most=len(texts),
            fixed=True,
            view=view,
            point=0.5,
            hundred=f"{key} {word} {shown.temperatures}" * hundred,
            on_ask=lambda: take_in(key, shown.knobs),
            on_view=lambda: take_view(key),
            on_hundred=lambda: take_hundred(key),
            present=LESSONS[state.lesson - 1].title if address.said(FIELDS["present"]) else None,
            on_leave=share.leave,
        )
    write_address()


def take_in(key: str, knobs: bool) -> None:
    """What sliders, if there are any (a presentation's keys know no better), and the walk ask for."""
    for name, value in columns.asked(f"columns_{key}").items():
        if isinstance(name, int):
            if knobs:
                state.heats.setdefault(key, {})[name] = value
        else:
            state.places[key] = max(value, 1)


def take_view(key: str) -> None:
    if (view := state[f"columns_{key}"].view) in address.VIEWS:
        state.views[key] = view


def take_hundred(key: str) -> None:
    state.counted = key if state[f"columns_{key}"].hundred else None


# -- the parts of a lesson -------------------------------------------------------------------------


def head(lesson: Lesson) -> None:
    """Which lesson, which part of it, and the way to the others."""
    with st.container(horizontal=True, gap="xsmall", key="lessons"):
        for number, one in enumerate(LESSONS, 1):
            done = all(question_done(number, question) for question in QUESTIONS)
            st.button(
                f"{number} {one.name}" + " ✓" * done,
                key=f"go_{number}",
                on_click=go_to,
                args=(number,),
                type="primary" if number == state.lesson and state.stage != "card" else "secondary",
            )
        st.button(
            "What I found",
            key="go_card",
            on_click=go_to,
            args=(state.lesson, "card"),
            type="primary" if state.stage == "card" else "secondary",
        )
        share.share(PARTS)
    if state.stage == "card":
        title, where = "What you predicted, and what was found", ""
    else:
        title = f"{state.lesson}. {lesson.title}"
        parts = [
            f"<b>{name}</b>" if stage == state.stage else html.escape(name) for stage, name in NAMES.items()
        ]
        where = " → ".join(parts)
    st.html(
        f'<div class="chapter first"><h1 tabindex="-1">{html.escape(title)}</h1>'
        f'<p class="part-of-lesson">{where}</p></div>'
    )
    to_the_top()


def question_done(lesson: int, question: str) -> bool:
    return any((number, name) == (lesson, question) for number, name, *_ in state.lesson_answers)


def to_the_top() -> None:
    """Where a part begins, the page is read from its top, by a screen reader too."""
    place = f"{state.lesson} {state.stage}"
    if state.get("read_from") in (None, place):
        state.read_from = place
        return
    st.html(
        f"<script>/* {place} */ document.querySelector('[data-testid=\"stMain\"]')?.scrollTo(0, 0);"
        "document.querySelector('.chapter.first h1')?.focus({preventScroll: true});</script>",
        unsafe_allow_javascript=True,
    )


def ask(question: Question, name: str, then: str | None = None) -> None:
    """A question with its answers to choose from."""
    with st.form(f"form_{name}", border=False):
        st.radio(
            control_name(question.text),
            range(len(question.options)),
            index=None,
            key=f"choice_{name}",
            format_func=lambda n: f"{SIGNS[n]}. {control_name(question.options[n])}",
        )
        label = "That is my prediction" if name == "before" else "That is my answer"
        st.form_submit_button(label, type="primary", on_click=answer, args=(name, then), key=f"answer_{name}")


def given(question: Question, picked: int) -> None:
    """A question that was answered: what was right, and why."""
    st.markdown(plain(question.text))
    lines = []
    for n, option in enumerate(question.options):
        right, mine = n == question.right, n == picked
        note = ", ".join(["right"] * right + ["your answer"] * mine)
        kind, sign = ("right", "✓") if right else ("wrong", "✗") if mine else ("", "")
        told = f" <span>({note})</span>" if note else ""
        lines.append(f'<li class="{kind}"><i>{sign}</i> {SIGNS[n]}. {html.escape(option)}{told}</li>')
    st.html(f'<ul class="answers">{"".join(lines)}</ul>')
    verdict = "Right." if picked == question.right else "Not so."
    st.html(f'<p class="why-so"><b>{verdict}</b> {drawing.terms(question.why)}</p>')


def case_of(question: Question, key: str) -> None:
    """What is in sight before the answer."""
    if question.shown:
        picture(question.shown, key)
    if question.table:
        st.table(list(question.table))
    for number, text in enumerate(question.texts, 1):
        st.html(f'<p class="sample-name">Text {"I" * number}</p><p class="sample">{html.escape(text)}</p>')


def paragraphs(*texts: str) -> None:
    st.html("".join(f'<p class="told">{drawing.terms(text)}</p>' for text in texts))


def steps(*buttons: Onwards) -> None:
    """What leads on, the first of them foremost."""
    with st.container(horizontal=True, gap="small", key="onwards"):
        for n, (label, key, do, args) in enumerate(buttons):
            st.button(label, key=key, on_click=do, args=args, type="secondary" if n else "primary")


def predict(told: Opening) -> None:
    picked = answered(state.lesson, "before")
    if state.lesson == 1:
        paragraphs(
            "Six short lessons about temperature, with a small network that writes recipes word by word. In "
            "each you predict, try, compare two cases, and answer two questions."
        )
    case_of(told.before, scene_key())
    if picked is None:
        ask(told.before, "before", "try")
        st.button("Look first", key="look_first", on_click=go_to, args=(state.lesson, "try"), type="tertiary")
        return
    st.markdown(plain(told.before.text))
    paragraphs(f"You predicted: {told.before.options[picked]}")
    steps(("Try it", "to_try", go_to, (state.lesson, "try")))


def try_it(told: Opening) -> None:
    picked = answered(state.lesson, "before")
    if picked is not None:
        paragraphs(f"You predicted: {told.before.options[picked]} Try it.")
    st.html(
        "<ol class='hints'>" + "".join(f"<li>{drawing.terms(hint)}</li>" for hint in told.hints) + "</ol>"
    )
    if told.trial.rules:
        with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="cuts"):
            for key in told.trial.rules:
                rule = next(rule for rule in RULES if rule.key == key)
                controls.sampling_rule(FIELDS, rule, rule.label, width=150)
    if told.trial.luck:
        st.button("Other luck", icon=":material/casino:", key="other_luck", on_click=other_luck)
    picture(told.trial, scene_key())
    steps(
        ("Compare two cases", "to_compare", go_to, (state.lesson, "compare")),
        ("Back", "to_predict", go_to, (state.lesson, "predict")),
    )


def compare_two(told: Opening, lesson: Lesson) -> None:
    picked, before = answered(state.lesson, "before"), told.before
    if picked is not None:
        said = f"You predicted: {before.options[picked]}"
        came = "It is so." if picked == before.right else f"It is otherwise: {before.options[before.right]}"
        paragraphs(f"{said} {came} {before.why}")
    else:
        paragraphs(before.why)
    picture(told.two, scene_key())
    st.html(
        f'<dl class="two"><div><dt>What is alike</dt><dd>{drawing.terms(told.alike)}</dd></div>'
        f"<div><dt>What differs</dt><dd>{drawing.terms(told.differs)}</dd></div></dl>"
    )
    if told.table:
        st.table(list(told.table))
    st.html(f'<p class="principle"><b>In one sentence.</b> {drawing.terms(lesson.principle)}</p>')
    st.latex(lesson.formula)
    drawing.note(lesson.symbols)
    steps(
        ("Two questions", "to_check", go_to, (state.lesson, "check")),
        ("Back", "to_try", go_to, (state.lesson, "try")),
    )
    if len(told.two.requests) == 1:
        request, word = told.two.requests[0], told.two.word
        if st.button("Open in Compare", key="in_comparison", type="tertiary", icon=":material/east:"):
            in_comparison(request, word)


def check(lesson: int) -> None:
    for name, question in zip(QUESTIONS[1:], checks(lesson, state.case), strict=True):
        picked = answered(lesson, name)
        if picked is None:
            case_of(question, f"{scene_key()}_{name}")
            ask(question, name)
            return
        given(question, picked)
        case_of(replace(question, shown=None), f"{scene_key()}_{name}")
        if question.settled:
            st.table(list(question.settled))
        if question.picture:
            picture(question.picture, f"{scene_key()}_{name}_settled")
        st.divider()
    onwards: Onwards
    if lesson < len(LESSONS):
        onwards = (f"Lesson {lesson + 1}: {LESSONS[lesson].name}", "to_next", go_to, (lesson + 1,))
    else:
        onwards = ("What I found", "to_card", go_to, (lesson, "card"))
    steps(onwards, ("Two more questions", "another_case", another_case, ()))


def card() -> None:
    """What was predicted and found in all lessons, to be printed or kept."""
    found = findings(state.lesson_answers, LESSONS, lambda n, case: opening(n, case).before, checks)
    if not found:
        paragraphs("Nothing has been predicted or answered yet. Lesson 1 asks the first question.")
        steps(("Lesson 1", "to_first", go_to, (1,)))
        return
    lines = []
    for one in found:
        lines.append(f"<section><h3>{one.number}. {html.escape(one.title)}</h3>")
        if one.predicted:
            lines.append(
                f"<p><b>Predicted:</b> {html.escape(one.predicted)}<br><b>Found:</b> "
                f"{html.escape(one.found)}</p>"
            )
        if one.asked:
            lines.append(f"<p><b>Checked:</b> {one.right} of {one.asked} questions right.</p>")
        lines.append(f'<p class="in-short">{html.escape(one.principle)}</p></section>')
    st.html(f'<div class="card">{"".join(lines)}</div>')
    page_address = share.link()
    with st.container(horizontal=True, gap="small", key="onwards"):
        st.download_button(
            "Card to print (HTML)",
            lambda: to_html(found, page_address),
            "simmer-lessons.html",
            "text/html",
            on_click="ignore",
            icon=":material/print:",
            key="save_card",
        )
        st.button("Back to the lesson", key="back_to_lesson", on_click=go_to, args=(state.lesson,))
        st.button("Start over", key="start_over", on_click=start_over, type="tertiary")


def for_teachers() -> None:
    """The lesson plan, whose links open their pictures here."""
    with st.expander("For teachers", icon=":material/school:", key="teachers", on_change="rerun") as place:
        if not place.open:
            return
        st.markdown(drawing.document("teaching.md"))
        st.download_button(
            "The sheet, two pages (HTML)",
            drawing.document("teaching-sheet.html"),
            "simmer-sheet.html",
            "text/html",
            on_click="ignore",
            icon=":material/print:",
            key="save_sheet",
        )


# -- the page --------------------------------------------------------------------------------------


def page() -> None:
    begin()
    lesson = LESSONS[state.lesson - 1]
    head(lesson)
    notes = address.notes("learn", (state.lesson, state.stage, state.case))
    if flash := state.pop("lesson_note", ""):
        notes.append(flash)
    drawing.warn(notes)
    with st.container(key="lesson"):
        if state.stage == "card":
            card()
        elif state.stage == "check":
            check(state.lesson)
        else:
            told = opening(state.lesson, state.case)
            if state.stage == "predict":
                predict(told)
            elif state.stage == "try":
                try_it(told)
            else:
                compare_two(told, lesson)
    for_teachers()
    write_address()


page()
