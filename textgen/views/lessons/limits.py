"""Lesson 6: what the network cannot know: a memory of fixed size, and what a larger network changes."""

from __future__ import annotations

import itertools
from functools import partial

import numpy as np

from textgen.measuring.distributions import jensen_shannon
from textgen.network.bundle import available_bundles
from textgen.views.compare import Comparison
from textgen.views.lessons.desk import READ_AT, Desk, Lesson, NoCase, Opening, Question, Scene, filtered
from textgen.views.names import network_label
from textgen.writing.generate import read_prompt
from textgen.writing.writer import Request

FAR = 33  # the number of the word at which the title is asked for again
NEAREST = 28  # texts may end a little earlier
SMALL, LARGE = "lstm", "large"
LATER = 32  # words read, of the measurement over many recipes
READ = (4, 12, 40)  # words of texts whose memory is compared
ONE_IN = 9  # of the titles


def apart(one: Comparison, other: Comparison, word: int) -> float:
    """How far apart the chances of word `word` (from 1) are in two texts, in bits, at T = 1."""
    chances = [
        filtered(1.0).distribution(side.bundle.model.logits(side.runs[0].steps[word - 1].hidden[None])[0])
        for side in (one, other)
    ]
    return float(jensen_shannon(*chances))


def _near_and_far(desk: Desk, one: Request, other: Request) -> tuple[float, float]:
    pair = desk.write(one), desk.write(other)
    first, last = (apart(*pair, word) for word in (1, one.words))
    return first, last


def _swapped(desk: Desk, what: str) -> tuple[Scene, float, float]:
    """A text after its title and after another one, the words the same; how far apart the chances of its
    first word are, and of its last."""
    few = desk.with_fewer(ONE_IN)
    for title, swapped in itertools.pairwise(few.named(what)):
        request = few.request(title, READ_AT, words=FAR)
        own = few.write(request)
        words = own.runs[0].words
        if len(words) < NEAREST:
            continue
        forced = tuple(enumerate(words))
        requests = tuple(
            few.request(one, READ_AT, words=len(words), forced=forced) for one in (title, swapped)
        )
        near, far = desk.kept.once(("apart", requests), partial(_near_and_far, desk, *requests))
        if near >= 0.15 and far <= near / 3:
            return Scene(requests, word=len(words), names=(title, swapped)), near, far
    raise NoCase("no title that fades where it can be seen")


def _two(desk: Desk, title: str) -> tuple[Scene, str, str]:
    """A small and a large network on one title, and what was measured about both."""
    names = [name for name in (SMALL, LARGE) if name in available_bundles()]
    requests = tuple(
        Request(name, title, "", (filtered(READ_AT),), desk.seed("two networks"), 40) for name in names
    )
    labels = tuple(network_label(name) for name in names)
    memory = [_memory(desk, name) for name in names]
    predicted = [desk.bundle(name).card["evaluation"]["modern"]["perplexity"] for name in names]

    def listed(values: list[str]) -> str:
        return " and ".join(f"{value} ({label})" for value, label in zip(values, labels, strict=True))

    alike = (
        "Both write in the style of a recipe, and both forget. Over hundreds of recipes, another title "
        f"changes the chances of the first word by {listed([f'{near:.2f} bits' for near, _ in memory])}, and "
        f"after {LATER} words by {listed([f'{far:.2f}' for _, far in memory])}."
    )
    differs = (
        "How well they predict, and how much is left of the title. At a word of a modern recipe that they "
        "have not read, they are as undecided as between so many equally likely words: "
        f"{listed([f'{value:.1f}' for value in predicted])}. Neither has tasted anything."
    )
    return Scene(requests, names=labels), alike, differs


def _memory(desk: Desk, name: str) -> tuple[float, float]:
    measured = desk.bundle(name).measured["memory"]
    return measured["bits"][0], measured["bits"][measured["distances"].index(LATER)]


def _opening(desk: Desk) -> Opening:
    scene, near, far = _swapped(desk, "fading")
    title, swapped = scene.names
    word = scene.word
    before = Question(
        f"The network writes {word} words for “{title}”. Then the title is swapped for “{swapped}”, and the "
        "network reads the same words again. How much does the other title change the chances of word "
        f"{word}, compared with word 1?",
        (
            "As much: it has read the title both times.",
            "Far less: the title has faded.",
            "More: the words fit the other title less and less.",
        ),
        1,
        f"The chances of word 1 are {near:.2f} bits apart (0: the same, 1: no word in common), those of word "
        f"{word} {far:.2f}.",
        picture=scene,
    )
    two, alike, differs = _two(desk, title)
    return Opening(
        before,
        Scene(scene.requests, word=1, names=scene.names, walk=True),
        (
            "Both columns say the same words; only their titles differ. Compare the bars at word 1, then "
            "walk on. From which word on do they look alike?",
            "Look for ingredients: is what was chopped at the start still there at the end? The page “Verbs” "
            "lists ingredients that no recipe ever put together.",
        ),
        two,
        alike,
        differs,
    )


def _checks(desk: Desk) -> tuple[Question, Question]:
    title = next(desk.named("memory"))
    counts = desk.kept.once(("numbers", title), lambda: tuple(_numbers(desk, title, n) for n in READ))
    (short, *_, long), (numbers, *_, later) = READ, counts
    first = desk.question(
        "memory",
        f"After reading “{title}” and {short} words of its recipe, this network carries {numbers:,} numbers "
        f"on to the next word. How many does it carry on after {long} words?",
        f"{later:,}.",
        (f"{numbers * long // short:,}: {long // short} times as many.", f"{long}: one a word."),
        f"{later:,} again. What a longer text adds must displace something.",
        settled=tuple(
            {"words read": str(n), "numbers carried on": f"{count:,}"}
            for n, count in zip(READ, counts, strict=True)
        ),
    )
    scene, near, far = _swapped(desk, "fading again")
    second = desk.question(
        "fading again",
        f"“{scene.names[0]}” is swapped for “{scene.names[1]}”, and the words stay. The chances of word 1 "
        f"are {near:.2f} bits apart. How far apart are those of word {scene.word}?",
        f"{far:.2f} bits.",
        (f"{near:.2f} bits, as before.", f"{min(1.0, near * 1.5):.2f} bits."),
        f"Of {near:.2f} bits at word 1, {far:.2f} are left at word {scene.word}.",
        shown=Scene(scene.requests, word=1, names=scene.names, texts=False),
        picture=scene,
    )
    return first, second


def _numbers(desk: Desk, title: str, words: int) -> int:
    """How many numbers the network carries on after so many words of the method."""
    model = desk.bundle(desk.model).model
    step = desk.write(desk.request(title, READ_AT, words=words + 1)).runs[0].steps[-1]
    _, state = read_prompt(model, step.previous)
    return sum(np.asarray(part).size for layer in state for part in layer)


LESSON = Lesson(
    "Limits",
    "What can the network not know?",
    "All that it has read must fit into the same fixed number of numbers, made anew at every word; what is "
    "not in them can steer no word, at any temperature.",
    r"h_t = f(h_{t-1}, \text{word}_t), \qquad z_t = W h_t + b",
    "h is what is carried on from word to word, f one step of the network, z the scores of all words.",
    _opening,
    _checks,
)
