"""Lesson 3: always taking the likeliest word leads in circles; luck leads out of them."""

from __future__ import annotations

from collections.abc import Sequence

from textgen.text.typeset import percent
from textgen.views.compare import Comparison
from textgen.views.lessons.desk import Desk, Lesson, NoCase, Opening, Question, Scene

WARM, WORDS = 0.9, 60
SAME_WORDS = 12  # of two greedy texts, compared in a check
RUN = 4  # words of a phrase that counts as said again
ONE_IN = 17  # of the titles: few, so that their greedy texts are soon known


def repeated(words: Sequence[str]) -> float:
    """The share of a text's runs of `RUN` words that stood in it before."""
    runs = [tuple(words[i : i + RUN]) for i in range(len(words) - RUN + 1)]
    return 1 - len(set(runs)) / len(runs) if runs else 0.0


def first_again(words: Sequence[str]) -> int:
    """The number (from 1) of the first word that ends a run that stood in the text before; 1 if none does."""
    seen: set[tuple[str, ...]] = set()
    for end in range(RUN, len(words) + 1):
        run = tuple(words[end - RUN : end])
        if run in seen:
            return end
        seen.add(run)
    return 1


def _circling(desk: Desk, what: str) -> tuple[Scene, Comparison]:
    """A greedy text that runs in circles beside a warm one that does not."""
    few = desk.with_fewer(ONE_IN)
    for title, seed in few.drawn(what):
        request = few.request(title, 0.0, WARM, words=WORDS, seed=seed)
        comparison = few.write(request)
        greedy, warm = (repeated(run.words) for run in comparison.runs)
        if greedy >= 0.25 and warm <= 0.1 and len(comparison.runs[1].words) >= 20:
            return Scene((request,), word=first_again(comparison.runs[0].words)), comparison
    raise NoCase("no greedy text that runs in circles")


def _opening(desk: Desk) -> Opening:
    scene, comparison = _circling(desk, "circles")
    title = scene.requests[0].title
    greedy, warm = (percent(repeated(run.words)) for run in comparison.runs)
    length = len(comparison.runs[0].words)
    before = Question(
        f"The recipe is “{title}”. At T = 0 no word is left to luck: the likeliest one is always taken, "
        f"up to {WORDS} words in a row. What will the text be like?",
        (
            "The best recipe the network can write: every word is the best one.",
            "The same phrases again and again.",
            "A jumble of words.",
        ),
        1,
        f"Of the runs of {RUN} words in these {length} words, {greedy} had stood there before. At "
        f"T = {WARM:g}: {warm}.",
        picture=scene,
    )
    trial = desk.request(title, 0.0, 0.7, words=WORDS, seed=scene.requests[0].seed)
    return Opening(
        before,
        Scene((trial,), knobs=True, luck=True, bars=False),
        (
            "Read the left text to its end. Press “Other luck” a few times: which of the two texts changes?",
            "Warm the left column step by step. From which temperature on does its text leave the circle?",
            "How much luck is best depends on what a text is for. The page “Sweep” measures what each "
            "temperature does over many texts.",
        ),
        scene,
        "One network and one title, so the scores for the first word are the same: only the choosing "
        "differs.",
        f"What follows. At T = 0 {greedy} of the runs of {RUN} words had been said before, at T = {WARM:g} "
        f"{warm}. Word {scene.word}, marked, ends the first run of {RUN} that the left text says again.",
    )


def _checks(desk: Desk) -> tuple[Question, Question]:
    title = next(desk.named("greedy twice"))
    one, two = desk.seed("greedy twice"), desk.seed("greedy again") + desk.lucks
    requests = tuple(desk.request(title, 0.0, words=SAME_WORDS, seed=seed) for seed in (one, two))
    texts = [desk.write(request).runs[0].words for request in requests]
    other = sum(a != b for a, b in zip(*texts, strict=True))
    first = desk.question(
        "greedy twice",
        f"The recipe is “{title}”. At T = 0 the network writes {SAME_WORDS} words, with seed {one}. Then it "
        f"writes them again with seed {two}: other luck. How many of the words differ?",
        "None.",
        ("Nearly all.", "About half."),
        f"{other} of {len(texts[0])} words differ. At T = 0 nothing is drawn, so luck has nothing to decide.",
        picture=Scene(requests, names=(f"Seed {one}", f"Seed {two}"), bars=False),
    )
    scene, comparison = _circling(desk, "which is greedy")
    runs = [(run.text, temperature) for run, temperature in zip(comparison.runs, (0.0, WARM), strict=True)]
    shown = desk.shuffled("texts", runs)
    greedy = [temperature for _, temperature in shown].index(0.0)
    second = Question(
        f"The recipe is “{scene.requests[0].title}”. One of these texts was written at T = 0, the other at "
        f"T = {WARM:g}. Which one at T = 0?",
        ("Text I.", "Text II.", "Neither can be told from the other."),
        greedy,
        f"Text {'I' * (greedy + 1)}: {percent(repeated(comparison.runs[0].words))} of its runs of {RUN} "
        f"words had stood in it before, against {percent(repeated(comparison.runs[1].words))} in the other.",
        texts=tuple(text for text, _ in shown),
        picture=scene,
    )
    return first, second


LESSON = Lesson(
    "Circles",
    "Is the likeliest word always the best?",
    "At T = 0 the likeliest word is always taken, so like words lead to like words again; a little luck "
    "leads out of the circle.",
    r"T \to 0:\quad \text{next word} = \operatorname*{argmax}_w\, z(w)",
    "z(w) is the network's score for the word w, its logit; argmax is the word with the largest one.",
    _opening,
    _checks,
)
