"""Lesson 1: what the network says is a list of chances, and the next word is drawn."""

from __future__ import annotations

from textgen.text.typeset import percent
from textgen.views.bars import DRAWS, bars, hundred_draws
from textgen.views.lessons.desk import Desk, Lesson, NoCase, Opening, Place, Question, Scene, quoted
from textgen.writing.parting import first_difference

WORDS = 12


def _open_choice(place: Place) -> bool:
    first, second = (float(place.chances(1.0)[token]) for token in place.likeliest(2))
    return place.plain(3) and 0.25 <= first <= 0.6 and 0.08 <= second <= first - 0.1


def counts(desk: Desk, scene: Scene) -> dict[str, int]:
    """How often each word with a bar came in the hundred draws of `scene`; under "" all the rest."""
    request = scene.requests[0]

    def count() -> dict[str, int]:
        comparison = desk.write(request)
        below = bars(comparison, 0)
        draws = hundred_draws(comparison, 0, request.seed, below)[0]
        rows = below[0]["rows"] if below[0] else []
        return {"" if row.get("tail") else row["word"]: draws.count(i) for i, row in enumerate(rows)}

    return desk.kept.once(("counts", request), count)


def _opening(desk: Desk) -> Opening:
    place = desk.find("chances", _open_choice)
    a, b = (place.vocabulary[token] for token in place.likeliest(2))
    scene = Scene((desk.at(place, 1.0, what="chances"),), hundred=True)
    came = counts(desk, scene)
    before = Question(
        f"{place.where} The network chooses the next word a hundred times, always from this same start. What "
        "will come?",
        (
            "The same word every time: the one that fits best.",
            "Several words, some of them more often than others.",
            f"Any of its {place.size:,} words, each as often as the others.",
        ),
        1,
        f"In a hundred draws {quoted(a)} came {came[a]} times, {quoted(b)} {came[b]} times, and other words "
        f"{DRAWS - came[a] - came[b]} times.",
        picture=scene,
    )
    two, left, right = _two(desk)
    return Opening(
        before,
        Scene(scene.requests, draws=True),
        (
            "T = 1 says that the chances are the network's own. Each bar is the chance of one word. Press "
            "“Draw it 100 times”: the thin dark bars count what came.",
            "Press “One point” and drag the point along the line. Each word owns a stretch as long as its "
            "chance; a draw is a point that falls somewhere.",
        ),
        two,
        "One network, one title, T = 1. Up to this word both texts are the same, so the bars are the same "
        "too.",
        f"Only the draw. At word {two.word} it fell on {left} in the left text and on {right} in the right "
        "one.",
    )


def _two(desk: Desk) -> tuple[Scene, str, str]:
    for title, seed in desk.drawn("two draws"):
        request = desk.request(title, 1.0, 1.0, words=WORDS, seed=seed, luck="independent")
        comparison = desk.write(request)
        left, right = comparison.runs
        parting = first_difference(comparison.bundle, left, right)
        if parting is None:
            continue
        told = [f"{quoted(one.word)} ({percent(one.probability[0])})" for one in (parting.a, parting.b)]
        scene = Scene((request,), word=parting.position + 1, names=("One draw", "Another draw"))
        return scene, told[0], told[1]
    raise NoCase("no two draws that differ")


def _checks(desk: Desk) -> tuple[Question, Question]:
    def clear(place: Place) -> bool:
        """Its hundred draws show what is to be seen."""
        if not _open_choice(place):
            return False
        word = place.vocabulary[place.likeliest(1)[0]]
        came = counts(desk, Scene((desk.at(place, 1.0, what="how often"),)))
        return abs(came[word] - 100 * float(place.chances(1.0).max())) < 10

    place = desk.find("how often", clear)
    word, chance = place.vocabulary[place.likeliest(1)[0]], float(place.chances(1.0).max())
    scene = Scene((desk.at(place, 1.0, what="how often"),), texts=False)
    picture = Scene(scene.requests, texts=False, hundred=True)
    first = desk.question(
        "how often",
        f"{place.where} Here are the chances. The next word is drawn a hundred times. How often will "
        f"{quoted(word)} come?",
        f"About {100 * chance:.0f} times.",
        (
            "A hundred times: it is the likeliest word.",
            f"Once, perhaps: there are {place.size:,} words.",
        ),
        f"A chance of {percent(chance)} is about {100 * chance:.0f} of 100 draws. In these hundred it came "
        f"{counts(desk, picture)[word]} times.",
        shown=scene,
        picture=picture,
    )

    def apart(place: Place) -> bool:
        a, b = (float(place.chances(1.0)[token]) for token in place.likeliest(2))
        return _open_choice(place) and 1 - a - b > 0.15 and abs(1 - 2 * a) > 0.1

    place = desk.find("another word", apart)
    a, b = place.likeliest(2)
    chances = place.chances(1.0)
    other = 1 - float(chances[a])
    scene = Scene((desk.at(place, 1.0, what="another word"),), texts=False)
    second = desk.question(
        "another word",
        f"{place.where} The next word is drawn once. How likely is it that the likeliest word, "
        f"{quoted(place.vocabulary[a])}, does not come?",
        f"{percent(other)}: the chances of all other words together.",
        (
            "0 %: the likeliest word always comes.",
            f"{percent(float(chances[b]))}: the chance of the second word, {quoted(place.vocabulary[b])}.",
        ),
        f"All bars together are 100 %. Without the {percent(float(chances[a]))} of "
        f"{quoted(place.vocabulary[a])}, {percent(other)} are left.",
        shown=scene,
        picture=Scene(scene.requests, texts=False, view="point"),
    )
    return first, second


LESSON = Lesson(
    "Chances",
    "What does the network say?",
    "The network gives every word a chance, all together 100 %; the next word is drawn by these chances, not "
    "looked up.",
    r"P(\text{next word} = w) = p(w), \qquad \sum_w p(w) = 1",
    "p(w) is the chance of the word w.",
    _opening,
    _checks,
)
