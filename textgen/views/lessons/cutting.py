"""Lesson 5: cutting the tail: what top-k, top-p, min-p and top-nσ do beside temperature."""

from __future__ import annotations

from typing import Any

import numpy as np

from textgen.text.typeset import percent
from textgen.views.lessons.desk import (
    Desk,
    Lesson,
    Opening,
    Place,
    Question,
    Scene,
    filtered,
    quoted,
)
from textgen.writing.rules import BY_NAME

COLD, HOT, WORDS = 0.7, 1.8, 25
KEPT = 10  # by top-k
RULES: dict[str, Any] = {"top_k": KEPT, "top_p": 0.9, "min_p": 0.1, "top_n_sigma": 1.0}
CHECKED_AT, FEW = 1.4, 3


def kept(place: Place, temperature: float, **rules: Any) -> int:
    """How many words stay."""
    return int(np.count_nonzero(place.chances(temperature, **rules)))


def _long_tail(place: Place) -> bool:
    chances = place.chances(HOT)
    outside = 1 - float(chances[place.likeliest(KEPT)].sum())
    return place.plain(3) and 0.4 <= outside <= 0.9 and float(place.chances(1.0).max()) >= 0.15


def _opening(desk: Desk) -> Opening:
    place = desk.find("cutting", _long_tail)
    ids = place.likeliest(KEPT)
    hot, left = place.chances(HOT), place.chances(HOT, top_k=KEPT)
    outside = 1 - float(hot[ids].sum())
    others = np.delete(hot, ids)
    a = place.vocabulary[ids[0]]
    before = Question(
        f"{place.where} At T = {HOT:g} every one of the {place.size - KEPT:,} words outside the {KEPT} "
        f"likeliest has a chance of {percent(float(others.max()))} or less. How often does a draw fall on "
        "one of them?",
        (
            "Hardly ever: fewer than 5 draws in 100.",
            "Often: more than 30 draws in 100.",
            "Never: they are too unlikely.",
        ),
        1,
        f"They have {percent(outside)}, all together: a long tail of words that are rare one by one.",
        picture=Scene((desk.at(place, HOT, what="cutting"),), texts=False),
    )
    table = tuple(
        {
            "rule": BY_NAME[name].words(value),
            f"words that stay at T = {COLD:g}": f"{kept(place, COLD, **{name: value}):,}",
            f"at T = {HOT:g}": f"{kept(place, HOT, **{name: value}):,}",
        }
        for name, value in RULES.items()
    )
    return Opening(
        before,
        Scene(
            (desk.at(place, COLD, HOT, words=WORDS, what="cutting"),),
            knobs=True,
            walk=True,
            rules=tuple(BY_NAME[name].key for name in RULES),
        ),
        (
            f"Set top-k to {KEPT}, then back to 0; top-p to 0.9, then back to 1; and so on. What a rule "
            "removes is struck through.",
            "Watch the hot column: which cuts bring its text back to reason, and which leave it wild?",
        ),
        Scene(
            (desk.at(place, filtered(HOT), filtered(HOT, top_k=KEPT), words=WORDS, what="cutting"),),
            names=(f"T = {HOT:g}", f"T = {HOT:g}, top-k {KEPT}"),
        ),
        "The scores, the temperature and the luck; and among the words that stay, the order.",
        f"What is possible. On the left {place.size:,} words can come, on the right "
        f"{kept(place, HOT, top_k=KEPT)}. "
        f"The {percent(outside)} of the others go to those that stay: {quoted(a)} goes from "
        f"{percent(float(hot[ids[0]]))} to {percent(float(left[ids[0]]))}.",
        table,
    )


def _checks(desk: Desk) -> tuple[Question, Question]:
    def cut_shows(place: Place) -> bool:
        hot = place.chances(CHECKED_AT)[place.likeliest(FEW)]
        after = float(hot[0] / hot.sum())
        return bool(
            place.plain(FEW)
            and hot.sum() <= 0.7
            and hot[0] >= 0.08
            and hot[-1] >= 1.15 * place.chances(CHECKED_AT)[place.likeliest(FEW + 1)[-1]]
            and after >= 1 / FEW + 0.08
            and after >= hot[0] + 0.15
        )

    place = desk.find("after the cut", cut_shows)
    ids = place.likeliest(FEW)
    hot = place.chances(CHECKED_AT)[ids]
    after = place.chances(CHECKED_AT, top_k=FEW)[ids]
    a = place.vocabulary[ids[0]]
    first = desk.question(
        "after the cut",
        f"{place.where} At T = {CHECKED_AT:g} the three likeliest words have "
        + ", ".join(
            f"{quoted(place.vocabulary[i])} {percent(float(p))}" for i, p in zip(ids, hot, strict=True)
        )
        + f". Now top-k = {FEW} lets only these three stay. What chance has {quoted(a)} then?",
        f"{percent(float(after[0]))}: its share of what the three had.",
        (
            f"{percent(float(hot[0]))}, as before: the cut is for the others.",
            f"{percent(1 / FEW)}: the three are alike now.",
        ),
        f"{percent(float(hot[0]))} of {percent(float(hot.sum()))} is {percent(float(after[0]))}. The three "
        "keep their ratios and sum to 100 %.",
        picture=Scene(
            (desk.at(place, filtered(CHECKED_AT), filtered(CHECKED_AT, top_k=FEW), what="after the cut"),),
            names=(f"T = {CHECKED_AT:g}", f"T = {CHECKED_AT:g}, top-k {FEW}"),
            texts=False,
        ),
    )

    def widens(place: Place) -> bool:
        few = kept(place, COLD, top_p=0.9)
        return place.plain(2) and 2 <= few <= 60 and kept(place, HOT, top_p=0.9) >= 3 * few

    place = desk.find("how many stay", widens)
    few, many = (kept(place, t, top_p=0.9) for t in (COLD, HOT))
    second = desk.question(
        "how many stay",
        f"{place.where} Top-p = 0.9 keeps the fewest likeliest words that together have 90 %. At T = "
        f"{COLD:g} these are {few} words. How many are they at T = {HOT:g}?",
        "More.",
        (f"{few} again: the order is the same.", "Fewer."),
        f"{many:,} words. Hotter, each likely word has less, so it takes more of them to reach 90 %. Top-k "
        "would keep the same number.",
        shown=Scene((desk.at(place, filtered(COLD, top_p=0.9), what="how many stay"),), texts=False),
        picture=Scene(
            (desk.at(place, filtered(COLD, top_p=0.9), filtered(HOT, top_p=0.9), what="how many stay"),),
            texts=False,
        ),
    )
    return first, second


LESSON = Lesson(
    "Cutting",
    "Hot, but not senseless: what do the cuts do?",
    "Temperature says how likely a word is, a cut says whether it is possible at all; the words that stay "
    "share 100 % and keep their ratios.",
    r"p'(w) = \frac{p(w)}{\sum_{v\ \text{stays}} p(v)}\ \text{ if } w \text{ stays, else } 0",
    "p(w) is the chance of the word w before the cut, p′(w) after it; the sum runs over the words that stay.",
    _opening,
    _checks,
)
