"""Lesson 4: the same luck at another temperature; where texts part, and why a seed alone is not enough."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from textgen.text.typeset import percent
from textgen.views.lessons.desk import Desk, Lesson, NoCase, Opening, Question, Scene, filtered, quoted
from textgen.writing.parting import Parting, first_difference
from textgen.writing.sampling import Luck
from textgen.writing.writer import Request

COLD, HOT, WORDS = 0.5, 1.2, 20
HERS, YOURS = 0.4, 1.0
DRAWN_AT = 1.0  # the temperature of the draw that is worked out by hand


def _part(desk: Desk, what: str, cold: float, hot: float) -> tuple[Scene, Parting]:
    """Two texts that begin alike and part within the first words, for temperature alone."""
    for title, seed in desk.drawn(what):
        request = desk.request(title, cold, hot, words=WORDS, seed=seed)
        parting = desk.kept.once(("parting", request), partial(_parting, desk, request))
        if parting and 2 <= parting.position <= 12 and parting.a.word and parting.b.word:
            return Scene((request,), word=parting.position + 1), parting
    raise NoCase("no texts that part where it can be seen")


def _parting(desk: Desk, request: Request) -> Parting | None:
    comparison = desk.write(request)
    left, right = comparison.runs
    return first_difference(comparison.bundle, left, right)


def signed(number: float) -> str:
    return f"{number:+.1f}".replace("-", "−")


def _opening(desk: Desk) -> Opening:
    scene, parting = _part(desk, "parting", COLD, HOT)
    request = scene.requests[0]
    comparison = desk.write(request)
    mark = comparison.marks[1]
    a, b = parting.a, parting.b
    before = Question(
        f"The recipe is “{request.title}”. Two texts are drawn with the same luck, from the same seed: one "
        f"at T = {COLD:g}, the other at T = {HOT:g}. How do they compare?",
        (
            "They are the same: the luck decides the words.",
            "They begin with the same words and part further on.",
            "They have nothing in common: the temperature decides the words.",
        ),
        1,
        f"The first {parting.position} words are the same. {mark.reason if mark else ''}",
        picture=scene,
    )
    return Opening(
        before,
        Scene((request,), word=scene.word, knobs=True, walk=True, draws=True, luck=True),
        (
            "The bar in the right text marks the first word that differs, and the line below it says why. "
            "Move one of the sliders a little: where do the texts part now?",
            "Press “Luck”. Each number is the logarithm of a word's chance plus the word's luck; the "
            "largest is written.",
        ),
        Scene((request,), word=scene.word, view="luck"),
        f"Up to word {parting.position} both columns have read the same words, and each word has the same "
        f"luck in both: {quoted(a.word)} has {signed(a.gumbel[0])}, {quoted(b.word)} has "
        f"{signed(b.gumbel[0])}.",
        f"The chances. At T = {COLD:g} {quoted(a.word)} has {percent(a.probability[0])}, and with its luck "
        f"the sum {signed(a.score[0])}; {quoted(b.word)} has {signed(b.score[0])}. At T = {HOT:g} the sums "
        f"are {signed(a.score[1])} and {signed(b.score[1])}. The larger one is written; from there on the "
        "texts have read different words.",
    )


def _checks(desk: Desk) -> tuple[Question, Question]:
    scene, parting = _part(desk, "a friend's seed", HERS, YOURS)
    request = scene.requests[0]
    first = desk.question(
        "a friend's seed",
        f"A friend writes “{request.title}” at T = {HERS:g} and tells you her seed, {request.seed}, but not "
        f"the temperature. You write it with the same network and the same seed, at T = {YOURS:g}. Do you "
        "get her text?",
        "Perhaps its first words, then another text.",
        (
            "Yes: the seed is all the luck there is.",
            "No: at another temperature the luck is another one, so not even the first word agrees.",
        ),
        f"The first {parting.position} words agree. Word {parting.position + 1} is {quoted(parting.a.word)} "
        f"for her and {quoted(parting.b.word)} for you: the luck is the same, the chances are not.",
        picture=Scene((request,), word=scene.word, view="luck"),
    )
    return first, _sum_by_hand(desk)


@dataclass(frozen=True)
class Sums:
    """A draw in which neither the likeliest nor the luckiest word wins, but the one with the largest sum.

    It is word `number` (from 1) of the text of `request`; `rows` are the three words, each with the logarithm
    of its chance and its luck.
    """

    request: Request
    number: int
    rows: tuple[tuple[str, float, float], ...]


def _sums(desk: Desk, title: str, seed: int) -> Sums | None:
    """The first such draw of a text, if the sums are well apart."""
    request = desk.request(title, DRAWN_AT, words=WORDS, seed=seed)
    comparison = desk.write(request)
    words = comparison.bundle.vocabulary.words
    for step in comparison.runs[0].steps:
        chances = filtered(DRAWN_AT).distribution(comparison.bundle.model.logits(step.hidden[None])[0])
        luck = Luck(seed).gumbel(step.position, len(words))
        likeliest, luckiest, winner = int(chances.argmax()), int(luck.argmax()), step.token
        three = (likeliest, luckiest, winner)
        if len(set(three)) < 3 or not all(words[token].isalpha() for token in three):
            continue
        logs = np.log(np.maximum(chances, np.finfo(float).tiny))
        sums = logs + luck
        second = float(np.partition(sums, -2)[-2])
        if sums[winner] - second > 0.4 and luck[luckiest] - luck[winner] > 0.3 and logs[luckiest] > -28:
            rows = tuple((words[token], float(logs[token]), float(luck[token])) for token in three)
            return Sums(request, step.position + 1, rows)
    return None


def _sum_by_hand(desk: Desk) -> Question:
    for title, seed in desk.drawn("a sum by hand"):
        found = desk.kept.once(("sums", title, seed), partial(_sums, desk, title, seed))
        if not found:
            continue
        likeliest, luckiest, winner = (word for word, _, _ in found.rows)
        table = tuple(
            {"word": word, "log of its chance": signed(log), "its luck": signed(luck)}
            for word, log, luck in desk.shuffled("rows", found.rows)
        )
        told = ", ".join(f"{quoted(word)} {signed(log + luck)}" for word, log, luck in found.rows)
        return desk.question(
            "a sum by hand",
            f"The recipe is “{title}”, and word {found.number} is drawn at T = {DRAWN_AT:g}. Here are three "
            "words, with the logarithm of each chance (nearer to 0 is likelier) and each word's luck. Which "
            "of them is written?",
            f"{quoted(winner)}: its sum is the largest.",
            (f"{quoted(likeliest)}: it is the likeliest.", f"{quoted(luckiest)}: it has the most luck."),
            f"The sums are: {told}.",
            table=table,
            picture=Scene((found.request,), word=found.number, view="luck"),
        )
    raise NoCase("no draw that neither the likeliest nor the luckiest word wins")


LESSON = Lesson(
    "Luck",
    "The same luck, another temperature: the same text?",
    "A draw adds to the logarithm of each word's chance that word's luck, and the largest sum is written; a "
    "text comes back only with the same seed, temperature, title and network.",
    r"\text{next word} = \operatorname*{argmax}_w\, \bigl(\log p_T(w) + g(w)\bigr)",
    "p(w) is the chance of the word w at the temperature T, g(w) its luck, which the seed decides; argmax is "
    "the word with the largest sum.",
    _opening,
    _checks,
)
