"""A game for one player: which temperature wrote a text, or which word the network finds likely.

All is a function of the mode, the number of the game, the network and the answers: the same game on every
machine. A temperature is drawn from `SETTINGS`, all equally likely, so that the posterior over them is exact,
and its ranges hold the truth as often as they say.

Points compare likelihoods, never the distance between two temperatures: 100 for an answer under which the
text is as likely as under the best one. Of a text, that is the mean (geometric, a word) of
p(word | answer) / p(word | best temperature); of two texts to be ordered, p(both | order) / p(both | the
likelier order); of a word, p(word) / p(likeliest word). So nobody is asked to know what the words do not
tell, and half the probability is half the points.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from textgen.measuring.distributions import surprisal
from textgen.measuring.posterior import Posterior, orders, posterior
from textgen.text.typeset import percent
from textgen.text.vocabulary import STOP_ID
from textgen.views.compare import END, END_OF_RECIPE, Comparison
from textgen.writing.sampling import Luck, Sampler
from textgen.writing.writer import Request

Row = dict[str, Any]
MODES = ("temperature", "word")
SETTINGS = tuple(k / 20 for k in range(41))  # 0 to 2: those of the app's sliders
ROUNDS = 5
KINDS = ("text", "beginning", "order", "text", "beginning")  # the first stays the first
WORDS = {"text": 30, "beginning": 8, "order": 20, "next": 16}
ORDERS = ("A", "B")  # which of two texts is the hotter one
APART = 0.4  # of two texts to be ordered, at least
_PAIRS = [(a, b) for a in SETTINGS for b in SETTINGS if abs(a - b) >= APART - 1e-9]
SHARE = 0.9  # of the probability, in the range that a text leaves
WORD_TEMPERATURES = (0.5, 1.0, 1.5)
FIRST_PLACE = 4  # of a word to guess: so many are read before it
OPEN_CHOICE = (3.0, 60.0)  # effective choices of a word to guess: neither settled nor hopeless
RANKS = ((1, 1), (2, 4), (5, 10), (11, 40), (41, 200))  # of the words to choose from, one of each
_STREAM = 5_000  # of draws that no text uses


class _Dice:
    """Whole numbers from a seed, the same on every machine."""

    def __init__(self, seed: int, stream: int) -> None:
        self._raw = iter(Luck(seed, _STREAM + stream).raw(0, 128).tolist())

    def below(self, n: int) -> int:
        return next(self._raw) * n >> 32

    def of(self, items: Sequence[Any]) -> Any:
        return items[self.below(len(items))]


@dataclass(frozen=True)
class Round:
    """One round: `number` from 1, the title, and of each text its true temperature and its seed.

    kind  "text", "beginning" or "order" in the mode "temperature", "next" in the mode "word"
    """

    number: int
    kind: str
    title: str
    temperatures: tuple[float, ...]
    seeds: tuple[int, ...]

    def requests(self, model: str, suppress: tuple[int, ...] = ()) -> list[Request]:
        """What `model` is to write, a request a text: two texts have luck of their own."""
        return [
            Request(model, self.title, "", (Sampler(heat, suppress=suppress),), seed, WORDS[self.kind])
            for heat, seed in zip(self.temperatures, self.seeds, strict=True)
        ]


def rounds(mode: str, game: int, titles: Sequence[str]) -> list[Round]:
    """The rounds of a game, of at least `ROUNDS` titles. `ValueError` on a mode that is not in `MODES`."""
    dice = _Dice(game, MODES.index(mode))
    left, kinds = list(titles), list(KINDS[1:])
    made = []
    for number in range(1, ROUNDS + 1):
        kind = KINDS[0] if number == 1 else kinds.pop(dice.below(len(kinds)))
        heats: tuple[float, ...] = dice.of(_PAIRS) if kind == "order" else (dice.of(SETTINGS),)
        if mode == "word":
            kind, heats = "next", (dice.of(WORD_TEMPERATURES),)
        title = left.pop(dice.below(len(left)))
        made.append(Round(number, kind, title, heats, tuple(dice.below(2**31) for _ in heats)))
    return made


# -- answers ---------------------------------------------------------------------------------------


def spelled(number: int, answer: float | str) -> str:
    """An answer as an address spells it: "2 0.7", "3 A", "1 butter"."""
    return f"{number} {answer:g}" if isinstance(answer, float) else f"{number} {answer}"


def read_answer(of: Round, text: str, words: Sequence[str] = ()) -> float | str:
    """The answer that `text` spells, without its number; `ValueError` if the round has no such answer.
    `words` are what there is to choose from in the mode "word"."""
    if of.kind in ("order", "next"):
        if text not in (ORDERS if of.kind == "order" else words):
            raise ValueError(f"{text!r} is not among the answers")
        return text
    heat = float(text)
    for setting in SETTINGS:
        if math.isclose(heat, setting, abs_tol=1e-9):
            return setting
    raise ValueError(f"{text!r} is not a setting of the slider")


def setting(value: float) -> float:
    """The setting that a slider stands at."""
    return min(SETTINGS, key=lambda one: abs(one - value))


# -- what a text tells -----------------------------------------------------------------------------


def told(comparison: Comparison) -> Posterior:
    """What the text of a comparison of one says about `SETTINGS`; kept with the run."""
    run = comparison.runs[0]
    return run.findings.once("posterior", lambda: posterior(comparison.bundle, run, SETTINGS))


def posterior_rows(found: Posterior) -> list[Row]:
    """For `charts.posterior_spec`: a row a temperature, its `probability`, the same as text, `share`, and
    whether it is `held` by the range."""
    low, high = found.interval(SHARE)
    return [
        {
            "temperature": heat,
            "probability": float(p),
            "share": percent(float(p)),
            "held": low <= heat <= high,
        }
        for heat, p in zip(found.temperatures, found.probability, strict=True)
    ]


def range_words(found: Posterior) -> str:
    """The range that a text leaves, in words."""
    low, high = found.interval(SHARE)
    return f"T = {low:g}" if low == high else f"T = {low:g} to {high:g}"


def evidence_rows(comparison: Comparison, heats: Sequence[float]) -> list[Row]:
    """A row a word: `text`; `shares`, its probability at each of `heats`; `labels`, the same for people."""
    found = told(comparison)
    places = [found.place(heat) for heat in heats]
    chances = np.exp(-found.nats[places])  # [heats, S]
    return [
        {
            "text": END_OF_RECIPE if row["end"] else row["text"],
            "shares": chances[:, i].tolist(),
            "labels": [percent(float(share)) for share in chances[:, i]],
        }
        for i, row in enumerate(comparison.word_rows(0))
    ]


def place_of_next(of: Round, comparison: Comparison) -> int:
    """Which word of the text is to be guessed, from 0: one whose choice is open, drawn with the round. Both
    the likeliest word and the one that was drawn have letters there, if there is such a place."""
    return comparison.runs[0].findings.once("place", lambda: _place_of_next(of, comparison))


def _place_of_next(of: Round, comparison: Comparison) -> int:
    choices, steps = comparison.choices(0), comparison.runs[0].steps
    words = comparison.bundle.vocabulary.words
    places = range(min(FIRST_PLACE, len(steps) - 1), len(steps))
    low, high = OPEN_CHOICE
    found = [
        place
        for place in places
        if low <= choices[place] <= high
        and _has_letters(steps[place].word)
        and _has_letters(words[int(_chances(comparison, place).argmax())])
    ]
    return _Dice(of.seeds[0], 2).of(found) if found else max(places, key=lambda i: float(choices[i]))


def _has_letters(word: str) -> bool:
    return any(sign.isalpha() for sign in word)


def words_to_choose(of: Round, comparison: Comparison) -> list[str]:
    """The words to choose from, in the order of the alphabet: of each band of `RANKS` one, for which the word
    that was drawn stands if it is of the band; one drawn from further below is one more."""
    return comparison.runs[0].findings.once("options", lambda: _words_to_choose(of, comparison))


def _words_to_choose(of: Round, comparison: Comparison) -> list[str]:
    place, dice = place_of_next(of, comparison), _Dice(of.seeds[0], 3)
    words, chances = comparison.bundle.vocabulary.words, _chances(comparison, place)
    order = [int(token) for token in np.argsort(-chances, kind="stable") if chances[token] > 0]
    likeliest, drawn = order[0], comparison.runs[0].steps[place].token
    order = [likeliest, *(token for token in order[1:] if token == drawn or _has_letters(words[token]))]
    chosen = []
    for first, last in RANKS:
        band = order[first - 1 : last]
        if band:
            other = dice.of(band)
            chosen.append(drawn if drawn in band else other)
    if drawn not in chosen:
        chosen.append(drawn)
    return sorted(words[token] or END for token in chosen)


def _chances(comparison: Comparison, place: int) -> np.ndarray:
    """The bars: the probability of each word [V] at a place of the text."""
    _, stages = comparison.stages_at(place)[0]
    return stages.after


def _token(comparison: Comparison, word: str) -> int:
    """The id of a word to choose."""
    return STOP_ID if word == END else comparison.bundle.vocabulary.encode([word])[0]


def next_rows(of: Round, comparison: Comparison, answer: str) -> list[Row]:
    """For `charts.step_spec`: the bars of the words to choose from, likeliest first, and of all others."""
    place = place_of_next(of, comparison)
    chances, mine = _chances(comparison, place), _token(comparison, answer)
    tokens = [_token(comparison, word) for word in words_to_choose(of, comparison)]
    rows = comparison.step_rows(place, shown=sorted(tokens, key=lambda token: -chances[token]))
    words = comparison.bundle.vocabulary.words
    return [{**row, "label": f"you: {row['label']}"} if row["word"] == words[mine] else row for row in rows]


# -- scores ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Verdict:
    """What an answer was worth, and what the round showed.

    answer     what was guessed
    points     0 to 100
    bits       what the answer costs beyond the best one: a word on average of a text, in all of two texts; in
               the mode "word" see `cost`
    hit        whether the answer is as good as the words allow: within the range that the text leaves, the
               likelier order, or a word at most 1 bit beyond the likeliest one
    cost       mode "word": the surprisal of the chosen word and of the likeliest one, in bits
    inside     of each text, whether its true temperature is in the range
    off        by how much a temperature was guessed too hot; None where none was guessed
    headline, sentences
               the same for people
    """

    number: int
    answer: float | str
    points: int
    bits: float
    hit: bool
    headline: str
    sentences: tuple[str, ...]
    cost: tuple[float, float] | None = None
    inside: tuple[bool, ...] = ()
    off: float | None = None


def _points(number: int) -> str:
    return f"{number} point{'s' * (number != 1)}"


def points(bits: float) -> int:
    """100 for an answer that costs no more than the best, halved with each bit."""
    return round(100 * 2.0**-bits)


def judge(of: Round, answer: float | str, texts: Sequence[Comparison]) -> Verdict:
    """What `answer` is worth, of the texts that the round's `requests` write."""
    if of.kind == "order":
        return _judge_order(of, str(answer), texts)
    if of.kind == "next":
        return _judge_word(of, str(answer), texts[0])
    return _judge_temperature(of, float(answer), texts[0])


def _judge_temperature(of: Round, guess: float, text: Comparison) -> Verdict:
    found, truth = told(text), of.temperatures[0]
    low, high = found.interval(SHARE)
    lost = found.bits_lost(guess)
    off = guess - truth
    right = "exactly right" if not round(off, 6) else f"{abs(off):.2g} too {'hot' if off > 0 else 'cold'}"
    return Verdict(
        of.number,
        guess,
        points(lost),
        lost,
        low <= guess <= high,
        f"{_points(points(lost))}. You said T = {guess:g}; it was T = {truth:g}: {right}.",
        (_evidence(found, guess, text), _range_sentence(found, truth)),
        inside=(low <= truth <= high,),
        off=off,
    )


def _range_sentence(found: Posterior, truth: float) -> str:
    low, high = found.interval(SHARE)
    ends = f"{_count(found.words)} say: nine chances in ten that it was {range_words(found)}."
    if low <= truth <= high:
        return f"{ends} No text tells its temperature exactly."
    return f"{ends} This time it was not: one round in ten or fewer is like that."


def _count(words: int) -> str:
    return "This one word" if words == 1 else f"These {words} words"


def _evidence(found: Posterior, guess: float, text: Comparison) -> str:
    """How the guess compares with the best temperature, and the word that says so most."""
    best, mine = found.place(found.best), found.place(guess)
    if mine == best:
        return f"No setting makes these words likelier than T = {guess:g}."
    gaps = found.nats[mine] - found.nats[best]
    worst = int(gaps.argmax())
    word = text.word_rows(0)[worst]
    named = f"word {worst + 1}, “{END_OF_RECIPE if word['end'] else word['text']}”"
    if math.isinf(gaps[worst]):
        return (
            f"At T = 0 the likeliest word is always taken, and {named}, was not the likeliest: T = 0 cannot "
            "have written this."
        )
    lost = found.bits_lost(guess)
    said = (
        f"At T = {guess:g} a word is on average {points(lost)} % as likely as at T = {found.best:g}, which "
        "suits this text best."
    )
    if points(lost) > 95:
        return said
    return f"{said} Most against you is {named}: at T = {found.best:g} it is {_times(gaps[worst])} as likely."


def _times(nats: float) -> str:
    return f"{math.exp(nats):,.2g} times" if nats < math.log(100) else "more than 100 times"


def _judge_order(of: Round, answer: str, texts: Sequence[Comparison]) -> Verdict:
    found = [told(text) for text in texts]
    nats = dict(zip(ORDERS, orders(found[0], found[1], APART), strict=True))
    lost = (max(nats.values()) - nats[answer]) / math.log(2)
    a, b = of.temperatures
    hotter = ORDERS[0 if a > b else 1]
    likelier = max(ORDERS, key=lambda one: nats[one])
    gap = abs(nats["A"] - nats["B"])
    right = "and it was" if answer == hotter else f"but it was {hotter}"
    sentence = f"With {likelier} as the hotter one, the two texts are {_times(gap)} as likely."
    if likelier != hotter:
        sentence += f" They point to {likelier}, although {hotter} was hotter: luck can do that."
    return Verdict(
        of.number,
        answer,
        points(lost),
        lost,
        answer == likelier,
        f"{_points(points(lost))}. You said {answer} is hotter, {right}: A was T = {a:g}, B was T = {b:g}.",
        (sentence, f"Nine chances in ten: A was {range_words(found[0])}, B was {range_words(found[1])}."),
        inside=tuple(
            low <= heat <= high
            for heat, (low, high) in zip(of.temperatures, (p.interval(SHARE) for p in found), strict=True)
        ),
    )


def _judge_word(of: Round, answer: str, text: Comparison) -> Verdict:
    place = place_of_next(of, text)
    chances = _chances(text, place)
    likeliest, chosen, drawn = int(chances.argmax()), _token(text, answer), text.runs[0].steps[place].token
    cost, least, came = (float(bits) for bits in surprisal(chances[[chosen, likeliest, drawn]]))
    words = text.bundle.vocabulary.words
    names = [f"“{words[token] or END_OF_RECIPE}”" for token in (likeliest, drawn)]
    lost = cost - least
    best = (
        "No word is likelier."
        if chosen == likeliest
        else f"The likeliest, {names[0]}, costs {least:.1f}: {round(cost, 1) - round(least, 1):.1f} fewer."
    )
    fell = (
        "The draw fell on your word."
        if drawn == chosen
        else f"The draw fell on {names[1]} ({came:.1f} bits): luck decides, the bars only say how often."
    )
    return Verdict(
        of.number,
        answer,
        points(lost),
        lost,
        lost <= 1,
        f"{_points(points(lost))}. “{answer}” costs {cost:.1f} bits ({percent(float(chances[chosen]))}).",
        (best, fell),
        cost=(cost, least),
    )


# -- over the rounds -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Tally:
    """Some rounds together: `streak` counts the hits at their end, `inside` of `ranges` held the truth, `off`
    is how much too hot the `guesses` of a temperature were on average."""

    rounds: int
    points: int
    streak: int
    hits: int
    inside: int
    ranges: int
    guesses: int
    off: float
    cost: tuple[float, float]


def tally(verdicts: Iterable[Verdict]) -> Tally:
    """Verdicts in the order in which they were given."""
    played = list(verdicts)
    streak = 0
    for verdict in reversed(played):
        if not verdict.hit:
            break
        streak += 1
    ranges = [inside for verdict in played for inside in verdict.inside]
    off = [verdict.off for verdict in played if verdict.off is not None]
    costs = [verdict.cost for verdict in played if verdict.cost is not None]
    return Tally(
        rounds=len(played),
        points=sum(verdict.points for verdict in played),
        streak=streak,
        hits=sum(verdict.hit for verdict in played),
        inside=sum(ranges),
        ranges=len(ranges),
        guesses=len(off),
        off=sum(off) / len(off) if off else 0.0,
        cost=(sum(cost for cost, _ in costs), sum(least for _, least in costs)),
    )


def score_line(of: Tally) -> str:
    """The score so far."""
    if not of.rounds:
        return "up to 100 points a round"
    hits = "1 hit" if of.streak == 1 else f"{of.streak} hits"
    bits = f" · {of.cost[0]:.1f} bits, at best {of.cost[1]:.1f}" * bool(of.cost[0])
    return f"{of.points} of {100 * of.rounds} points{bits} · {hits} in a row"


def calibration_sentences(of: Tally) -> list[str]:
    """What the rounds say of the ranges and of the player, if temperatures were guessed."""
    found = []
    if of.ranges:
        found.append(
            f"The ranges held the true temperature {of.inside} times in {of.ranges}; over many rounds it is "
            "at least 9 times in 10."
        )
    if of.guesses:
        side = "hot" if of.off > 0 else "cold"
        lean = f"{abs(of.off):.2f} too {side}" if abs(of.off) >= 0.005 else "neither too hot nor too cold"
        found.append(f"Your {of.guesses} guesses of a temperature were {lean} on average.")
    return found


def summary_rows(made: Sequence[Round], verdicts: Sequence[Verdict]) -> list[Row]:
    """The rounds that were played, a row a round, its columns named for people."""
    rows = []
    for verdict in verdicts:
        of = made[verdict.number - 1]
        answer = verdict.answer
        row: Row = {"round": of.number, "points": verdict.points}
        if of.kind == "next":
            assert verdict.cost is not None
            row |= {"you said": answer, "bits": f"{verdict.cost[0]:.1f}", "at best": f"{verdict.cost[1]:.1f}"}
        elif of.kind == "order":
            row |= {
                "you said": f"{answer} is hotter",
                "it was": " and ".join(
                    f"{name} T = {heat:g}" for name, heat in zip(ORDERS, of.temperatures, strict=True)
                ),
            }
        else:
            row |= {"you said": f"T = {answer:g}", "it was": f"T = {of.temperatures[0]:g}"}
        rows.append({**row, "title": of.title.capitalize()})
    return rows
