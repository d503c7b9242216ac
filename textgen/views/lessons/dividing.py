"""Lesson 2: temperature divides the scores; the bars stretch or even out, and their order stays."""

from __future__ import annotations

import itertools

from textgen.text.typeset import percent, remainder
from textgen.views.lessons.desk import Desk, Lesson, Opening, Place, Question, Scene, quoted, shares

COLD, WARM, HOT = 0.5, 1.5, 1.8
BARS = 8  # words that have a bar, or nearly


def _stretches(place: Place) -> bool:
    """Colder, the longest bar grows and all others shrink, so that it can be seen."""
    at = place.likeliest(3)
    before, after = place.chances(1.0)[at], place.chances(COLD)[at]
    return bool(
        place.plain(3)
        and 0.2 <= before[0] <= 0.6
        and after[0] >= before[0] + 0.1
        and before[1] >= 0.06
        and (after[1:] <= before[1:] - 0.015).all()
    )


def _opening(desk: Desk) -> Opening:
    place = desk.find("dividing", _stretches)
    ids = place.likeliest(3)
    a, b, c = (place.vocabulary[token] for token in ids)
    one, cold, warm = (place.chances(t)[ids] for t in (1.0, COLD, WARM))
    before = Question(
        f"{place.where} These are the chances at T = 1. Now the temperature is turned down to {COLD:g}. What "
        "happens to the bars?",
        (
            "The longest bar grows, the others shrink.",
            "The short bars grow, the longest shrinks.",
            "All bars shrink by half.",
        ),
        0,
        f"{shares(a, one[0], cold[0])}, {shares(b, one[1], cold[1])}, and {shares(c, one[2], cold[2])}.",
        shown=Scene((desk.at(place, 1.0, what="dividing"),), texts=False),
        picture=Scene((desk.at(place, 1.0, COLD, what="dividing"),), texts=False),
    )
    return Opening(
        before,
        Scene((desk.at(place, 1.0, what="dividing"),), texts=False, knobs=True),
        (
            "Drag the slider down to 0, then up to 2. At T = 1 the chances are as the network learned them; "
            "at T = 0 the likeliest word has them all.",
            "Watch the order of the words, from top to bottom of the bars: does a shorter bar ever overtake "
            "a longer one?",
            "Hotter still, the bars go on evening out. At an infinite temperature every word would have the "
            f"same chance, one in {place.size:,}.",
        ),
        Scene((desk.at(place, COLD, WARM, what="dividing"),), texts=False),
        f"The network's scores, and with them the order: {quoted(a)} before {quoted(b)} before {quoted(c)}. "
        f"It knows the same {place.size:,} words at every temperature.",
        f"How far the bars are apart. {quoted(a)} is {cold[0] / cold[1]:.1f} times as likely as {quoted(b)} "
        f"at T = {COLD:g}, and {warm[0] / warm[1]:.1f} times at T = {WARM:g}.",
    )


def _checks(desk: Desk) -> tuple[Question, Question]:
    def evens_out(place: Place) -> bool:
        at = place.likeliest(BARS)
        before, after = place.chances(1.0)[at], place.chances(WARM)[at]
        grown = remainder(after) - remainder(before)
        return bool(place.plain(3) and grown > 0.08 and before[0] >= 0.15 and after[0] < before[0] - 0.05)

    place = desk.find("evening out", evens_out)
    at = place.likeliest(BARS)
    word = place.vocabulary[at[0]]
    before, after = place.chances(1.0)[at], place.chances(WARM)[at]
    first = desk.question(
        "evening out",
        f"{place.where} These are the chances at T = 1; the last bar is all other words together. Now T goes "
        f"up to {WARM:g}. Which of these grows?",
        f"The chance that the word is none of the {BARS} likeliest.",
        (
            f"The chance of {quoted(word)}, the likeliest word.",
            "Neither: hotter, every chance gets smaller.",
        ),
        f"The {place.size - BARS:,} words after the {BARS} likeliest go from "
        f"{percent(remainder(before))} to {percent(remainder(after))}, all together; "
        f"{shares(word, before[0], after[0])}.",
        shown=Scene((desk.at(place, 1.0, what="evening out"),), texts=False),
        picture=Scene((desk.at(place, 1.0, WARM, what="evening out"),), texts=False),
    )

    def keeps_order(place: Place) -> bool:
        hot = place.chances(HOT)[place.likeliest(3)]
        return place.plain(3) and bool((hot[:-1] > 1.2 * hot[1:]).all()) and float(hot[0]) > 0.03

    place = desk.find("order", keeps_order)
    ids = place.likeliest(3)
    words = [place.vocabulary[token] for token in ids]
    hot = place.chances(HOT)[ids]
    listed = ", ".join(f"{quoted(word)} {percent(float(p))}" for word, p in zip(words, hot, strict=True))
    second = desk.question(
        "order",
        f"{place.where} At T = 1 the three likeliest words are, in this order, {quoted(words[0])}, "
        f"{quoted(words[1])} and {quoted(words[2])}. Which is the likeliest of the three at T = {HOT:g}?",
        f"{quoted(words[0])}, as before.",
        (
            f"{quoted(words[2])}: hot, the unlikely comes first.",
            "None: hot, all three have the same chance.",
        ),
        f"At T = {HOT:g}: {listed}. The bars come closer, and none overtakes another.",
        shown=Scene((desk.at(place, 1.0, what="order"),), texts=False),
        picture=Scene((desk.at(place, 1.0, HOT, what="order"),), texts=False),
    )
    assert all(x > y for x, y in itertools.pairwise(hot))
    return first, second


LESSON = Lesson(
    "Temperature",
    "What does temperature do to the chances?",
    "Every score is divided by the temperature before scores become chances: a small T stretches the "
    "differences, a large T shrinks them, and the order stays.",
    r"p_T(w) = \frac{e^{\,z(w) / T}}{\sum_v e^{\,z(v) / T}}",
    "z(w) is the network's score for the word w, its logit; T is the temperature; the sum runs over all "
    "words.",
    _opening,
    _checks,
)
