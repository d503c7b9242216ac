"""A game: which temperature wrote this, and which word comes next?"""

from __future__ import annotations

import html
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import streamlit as st

from pages.parts import address, controls, drawing, navigation, share, writers
from pages.parts.drawing import draw, plain
from textgen import charts
from textgen.measuring.dishes import dish_titles
from textgen.text.vocabulary import UNKNOWN_ID
from textgen.views import guess as game_view
from textgen.views.compare import Comparison
from textgen.views.guess import ROUNDS, SETTINGS, WORDS, Round, Verdict

navigation.through_app()

state = st.session_state

NAMES = {"temperature": "Which temperature?", "word": "Which word?"}
HEADINGS = {"temperature": "Which temperature wrote this?", "word": "Which word comes next?"}
START = 1.0  # of the slider, in every round
STRONG = 12  # bits of surprisal that have the full colour, as the legend says
RULES = {
    "text": "Points: how likely your temperature makes a word of this text, on average, against the "
    "temperature that suits the text best: 100 if as likely, 50 if half as likely. A hit is a guess within "
    "the range that has nine chances in ten.",
    "order": "Points: how likely the two texts are in your order, against the likelier order: 100 if yours "
    "is the likelier one, which is a hit.",
    "next": "Score: the surprisal of your word, in bits: 0 if it were certain, one more each time its "
    "probability halves. Points: 100 for the likeliest word, halved with each bit that yours costs more. A "
    "hit is up to 1 bit more.",
}
RULES["beginning"] = RULES["text"].replace("text", "beginning")


# -- a game: its rounds, its texts, and what was answered --------------------------------------------


@dataclass(frozen=True)
class Game:
    mode: str
    number: int
    writer: str

    @property
    def key(self) -> tuple[str, int, str]:
        """For what is kept over the visit: a page's classes are made anew at every run, and never equal."""
        return self.mode, self.number, self.writer

    @cached_property
    def rounds(self) -> list[Round]:
        return game_view.rounds(self.mode, self.number, dish_titles())

    def round(self, number: int) -> Round:
        return self.rounds[number - 1]

    def texts(self, number: int) -> list[Comparison]:
        requests = self.round(number).requests(self.writer, suppress=(UNKNOWN_ID,))
        return [writers.compare(request) for request in requests]

    def options(self, number: int) -> list[str]:
        of = self.round(number)
        return game_view.words_to_choose(of, self.texts(number)[0]) if of.kind == "next" else []

    def read(self, text: str) -> tuple[int, float | str]:
        """A guess of the address; `ValueError` on one that no round of this game has."""
        number, answer = address.round_and_answer(text)
        return number, game_view.read_answer(self.round(number), answer, self.options(number))

    def judged(self, number: int, answer: float | str) -> Verdict:
        verdict = game_view.judge(self.round(number), answer, self.texts(number))
        # A guess that follows a look at the answer does not count over the visit.
        state.setdefault("verdicts", {}).setdefault((*self.key, number), verdict)
        return verdict

    @property
    def answers(self) -> dict[int, float | str]:
        return state.setdefault("game_answers", {}).setdefault(self.key, {})


def game_now() -> Game:
    """The game that the address or the controls ask for."""
    known = address.fields("guess")
    game = Game(*(address.said(known[key]) for key in ("mode", "game", "writer")))
    writers.load(game.writer)  # or a sentence on the page
    return game


def take_guesses(game: Game) -> None:
    """On arrival, by a link or by Back, the answers are those that the address has; a way back to this page
    without any finds those that were given before."""
    came = state.pop("guess_came", "")
    spelled = st.query_params.get_all("guess")
    if not came or (came == "link" and not spelled):
        return
    answers: dict[int, float | str] = {}
    twice = []
    for number, answer in map(game.read, spelled):
        if number in answers:
            twice.append(f"The address has two guesses for round {number}; the first one counts.")
        answers.setdefault(number, answer)
    state.game_answers = {**state.get("game_answers", {}), game.key: answers}
    address.note("guess", twice)


# -- what buttons do -------------------------------------------------------------------------------


def answer(game: Game, number: int, given: str | None = None) -> None:
    game.answers[number] = game_view.setting(state.t_guess) if given is None else given


def bring_back(game: Game, number: int, given: float | str) -> None:
    game.answers[number] = given


def go_on(number: int) -> None:
    state.round = number


def new_game() -> None:
    state.game, state.round = random.SystemRandom().randrange(1, 1_000_000), 1


# -- the controls ----------------------------------------------------------------------------------


def head(known: Mapping[str, address.Field], game: Game) -> Any:
    """Title and controls; returns the place for the score."""
    st.title(HEADINGS[game.mode], anchor=False)
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="controls"):
        controls.labelled(
            known["mode"],
            "Game",
            controls.segments,
            st.segmented_control,
            named=NAMES.__getitem__,
            required=True,
            label_visibility="collapsed",
        )
        rounds = known["round"]
        controls.segments(
            replace(rounds, options=range(1, ROUNDS + 1)), "Round", label_visibility="collapsed"
        )
        st.button("New game", icon=":material/casino:", key="new_game", on_click=new_game)
        with st.popover("Challenge", icon=":material/share:", key="challenge"):
            challenge(game)
        with st.popover("More", icon=":material/tune:", key="more"):
            controls.labelled(known["writer"], "Network", controls.select, st.selectbox)
            controls.number(known["game"], "Number of the game", help="The five rounds are made from it.")
    return st.container()


def challenge(game: Game) -> None:
    """A link to the same five rounds, without the answers."""
    link = share.link(without=("guess", "round"), mode=game.mode, game=str(game.number), writer=game.writer)
    st.markdown("The same five rounds, for somebody else. The link has no answers in it.")
    st.code(link, language=None, wrap_lines=True)
    if image := share.qr_code(link):
        st.html(image)


# -- texts -----------------------------------------------------------------------------------------


def text_html(rows: Sequence[Mapping[str, Any]], shaded: bool) -> str:
    """A text; `shaded`: each word on the colour of its surprisal at T = 1."""
    parts = []
    for row in rows:
        text, look = html.escape(row["text"]), ""
        if shaded:
            strength = round(58 * min(row["bits"] / STRONG, 1))
            look = (
                f' style="background: color-mix(in srgb, var(--hue) {strength}%, transparent)"'
                f' title="{row["bits"]:.1f} bits at T = 1"'
            )
        parts.append(f"{' ' * row['space']}<span{look}>{text}</span>")
    return "".join(parts)


def show_text(of: Round, texts: Sequence[Comparison], given: float | str | None) -> None:
    """What the round is about, on the left; after the guess with what was hidden."""
    st.markdown(f"**{plain(of.title.capitalize())}**")
    done = given is not None
    if of.kind == "next":
        place = game_view.place_of_next(of, texts[0])
        rows = texts[0].word_rows(0)
        last = text_html(rows[place : place + 1], False) if done else ' <span class="gap">&nbsp;</span>'
        before = text_html(rows[:place], False)
        st.html(f'<p class="sample">{before}{f"<mark>{last}</mark>" if done else last}</p>')
        st.caption(
            f"Written at T = {of.temperatures[0]:g}. "
            + ("The marked word is the one that was drawn." if done else "One word is left out.")
        )
    elif of.kind == "beginning":
        evidence(of, texts[0], given)
    else:
        for name, heat, text in zip(game_view.ORDERS, of.temperatures, texts, strict=False):
            words = text_html(text.word_rows(0), done)
            title = f"{name} · " * (of.kind == "order")
            if done:
                st.html(drawing.sample(heat, words).replace("T =", f"{title}T =", 1))
            else:
                heading = f'<p class="sample-name">{name}</p>' * (of.kind == "order")
                st.html(f'{heading}<p class="sample">{words}</p>')
        if done:
            st.html(drawing.legend("surprisal"))
            st.caption("The stronger the colour, the more surprising the word was.")


def evidence(of: Round, text: Comparison, given: float | str | None) -> None:
    """The first words in a table, their bars hidden until the guess."""
    heats = [] if given is None else list(dict.fromkeys([of.temperatures[0], float(given)]))
    names = [f"T = {heat:g}" for heat in heats] or ["probability"]
    head = "".join(f"<th scope='col'>{name}</th>" for name in ("word", *names))
    lines = []
    for row in game_view.evidence_rows(text, heats):
        bars = "".join(
            f'<td><div class="bar" style="--heat: {charts.temperature_color(heat)}; '
            f'--share: {100 * share:.1f}%"><i></i><span>{html.escape(label)}</span></div></td>'
            for heat, share, label in zip(heats, row["shares"], row["labels"], strict=True)
        )
        empty = "--heat: transparent; --share: 0%"
        hidden = f'<td><div class="bar" style="{empty}"><i></i><span>hidden</span></div></td>'
        lines.append(f"<tr><td>{html.escape(row['text'])}</td>{bars or hidden}</tr>")
    st.html(f'<table class="evidence"><thead><tr>{head}</tr></thead><tbody>{"".join(lines)}</tbody></table>')
    if heats:
        st.caption(
            "How likely each word was at the true temperature"
            + (" and at yours" if len(heats) > 1 else ", which is yours")
            + ". The product of the bars is the probability of the whole beginning."
        )


# -- before the guess, and after it ----------------------------------------------------------------


def ask(game: Game, of: Round) -> None:
    drawing.note(QUESTIONS[of.kind](of))
    with st.container(key="options"):
        if of.kind == "next":
            with st.container(horizontal=True, gap="small"):
                for n, word in enumerate(game.options(of.number)):
                    name = word if any(map(str.isalnum, word)) else f"“{word}”"
                    st.button(plain(name), key=f"word{n}", on_click=answer, args=(game, of.number, word))
        elif of.kind == "order":
            with st.container(horizontal=True, gap="small"):
                for name in game_view.ORDERS:
                    st.button(
                        f"{name} is hotter",
                        key=f"hotter_{name}",
                        on_click=answer,
                        args=(game, of.number, name),
                    )
        else:
            with st.container(key="column1"):
                value = st.slider(
                    "Your temperature", SETTINGS[0], SETTINGS[-1], START, SETTINGS[1], key="t_guess"
                )
            drawing.style_columns([value])
            st.button(
                f"Guess T = {value:g}",
                key="give",
                type="primary",
                on_click=answer,
                args=(game, of.number),
            )
    drawing.note(RULES[of.kind])
    seen = state.get("verdicts", {}).get((*game.key, of.number))
    if seen:
        st.info("You have seen the answer of this round: another guess does not count over your visit.")
        st.button(
            "Bring my guess back",
            key="bring_back",
            on_click=bring_back,
            args=(game, of.number, seen.answer),
        )


QUESTIONS: dict[str, Callable[[Round], str]] = {
    "text": lambda of: (
        f"The network wrote these {WORDS['text']} words at one of the slider's "
        f"{len(SETTINGS)} temperatures, each as likely as any other. Which one?"
    ),
    "beginning": lambda of: (
        f"Only the first {WORDS['beginning']} words, and the bars of their probabilities "
        "are hidden. Which of the slider's temperatures was it?"
    ),
    "order": lambda of: (
        f"Two texts for one title, their temperatures at least {game_view.APART:g} apart, "
        "each with luck of its own. Which one is hotter?"
    ),
    "next": lambda of: (
        "Here are some of the words that the network could go on with, likely and rare ones by the alphabet. "
        f"Which one is the likeliest, at T = {of.temperatures[0]:g}?"
    ),
}


def tell(game: Game, of: Round, texts: Sequence[Comparison], given: float | str) -> None:
    """The verdict, with the picture that settles it."""
    verdict = game.judged(of.number, given)
    st.html(f'<p class="verdict" role="status">{html.escape(together(verdict.headline))}</p>')
    with st.container(horizontal=True, gap="small", key="go_on"):
        left = [number for number in range(1, ROUNDS + 1) if number not in game.answers]
        if left:
            after = next((number for number in left if number > of.number), left[0])
            label = "Next round" if after == of.number + 1 else f"Round {after}, still open"
            st.button(label, key="next", type="primary", on_click=go_on, args=(after,))
        else:
            st.button("Another game", key="another", type="primary", on_click=new_game)
        if st.button("Open in Compare", key="to_compare", icon=":material/east:"):
            open_in_compare(game, of, texts, given)
    with st.container(key="told"):
        if of.kind == "next":
            bars(of, texts[0], str(given))
        else:
            posteriors(of, texts, given)
    for sentence in verdict.sentences:
        st.markdown(plain(together(sentence)))
    drawing.note(RULES[of.kind])


def together(sentence: str) -> str:
    """`sentence`, never broken between a T and its value."""
    return sentence.replace("T = ", "T\u00a0=\u00a0")


def bars(of: Round, text: Comparison, given: str) -> None:
    rows = game_view.next_rows(of, text, given)
    st.html(
        drawing.chapter(
            "How likely is each word?",
            "The frame is around the word that was drawn.",
            "; ".join(f"{row['label']}: {row['share']}" for row in rows),
        )
    )
    draw(
        charts.step_spec(rows),
        what="Bar chart of the probabilities of the words to choose from",
        key="bars",
    )


def posteriors(of: Round, texts: Sequence[Comparison], given: float | str) -> None:
    for name, heat, text in zip(game_view.ORDERS, of.temperatures, texts, strict=False):
        found = game_view.told(text)
        whose = f"text {name}" if of.kind == "order" else f"the {of.kind}"
        st.html(
            drawing.chapter(
                f"How likely is each temperature, given {whose}?",
                "Full colour: the range that holds nine chances in ten.",
                f"It was T = {heat:g}. Most likely is T = {found.best:g}; nine chances in ten: "
                f"{game_view.range_words(found)}.",
            )
        )
        draw(
            charts.posterior_spec(
                game_view.posterior_rows(found),
                truth=heat,
                guess=float(given) if of.kind != "order" else None,
            ),
            what="Bar chart of the probability of each temperature",
            key=f"posterior{name}",
        )


def open_in_compare(game: Game, of: Round, texts: Sequence[Comparison], given: float | str) -> None:
    heats = {*of.temperatures, *([float(given)] if of.kind in ("text", "beginning") else [])}
    for other in (0.7, 1.2):
        heats |= {other} if len(heats) < address.FEWEST_COLUMNS else set()
    place = game_view.place_of_next(of, texts[0]) if of.kind == "next" else 0
    navigation.to_comparison(
        of.title.capitalize(),
        sorted(heats),
        model=game.writer,
        seed=of.seeds[0],
        words=max(WORDS[of.kind], address.WORDS.low),
        word=place + 1,
    )


# -- over the rounds -------------------------------------------------------------------------------


def summary(game: Game, verdicts: Sequence[Verdict]) -> None:
    """When all rounds are played: what they were, and how well the player and the texts did."""
    tally = game_view.tally(verdicts)
    st.subheader(f"All five rounds: {tally.points} of {100 * ROUNDS} points", anchor=False)
    st.dataframe(game_view.summary_rows(game.rounds, verdicts), hide_index=True, width="content")
    for sentence in game_view.calibration_sentences(tally):
        st.markdown(plain(sentence))
    visit = game_view.tally(verdict for (mode, *_), verdict in state.verdicts.items() if mode == game.mode)
    if visit.rounds > tally.rounds:
        said = " ".join(game_view.calibration_sentences(visit))
        st.markdown(
            plain(f"Over the {visit.rounds} rounds of this visit: {game_view.score_line(visit)}. {said}")
        )


# -- the page --------------------------------------------------------------------------------------


def page() -> None:
    if address.went_back():
        state.guess_came = "back"
    elif state.get("page") != "guess":
        state.guess_came = "link"
    navigation.enter("guess")
    drawing.styles("guess")
    writers.models()  # or a sentence on the page
    known = address.fields("guess", guess={"parse": game_now().read})
    navigation.begin("guess", known)
    game = game_now()
    take_guesses(game)
    score_place = head(known, game)
    of = game.round(state.round)
    answers = game.answers
    address.write({"guess": [game_view.spelled(n, answers[n]) for n in sorted(answers)]})
    drawing.warn(address.notes("guess", (game.key, of.number, tuple(answers.items()))))

    texts = game.texts(of.number)
    given = answers.get(of.number)
    left, right = (column.container() for column in st.columns(2, gap="large"))
    with left:
        show_text(of, texts, given)
    with right:
        if given is None:
            ask(game, of)
        else:
            tell(game, of, texts, given)
    verdicts = [game.judged(number, answers[number]) for number in sorted(answers)]
    with score_place:
        line = game_view.score_line(game_view.tally(verdicts))
        st.html(
            f'<p class="score">Game {game.number}, round {of.number} of {ROUNDS} · {html.escape(line)}</p>'
        )
    if len(verdicts) == ROUNDS:
        summary(game, verdicts)
    write_ahead(game, of)


def write_ahead(game: Game, of: Round) -> None:
    """While the player thinks: what this round will show, and the text of the next one."""
    requests = [
        request
        for one in game.rounds[of.number - 1 : of.number + 1]
        for request in one.requests(game.writer, suppress=(UNKNOWN_ID,))
    ]
    writers.write_ahead(
        requests, game_view.told if game.mode == "temperature" else lambda text: text.word_rows(0)
    )


page()
