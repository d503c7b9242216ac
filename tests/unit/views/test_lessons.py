"""Every statement of a lesson against the network's numbers, worked out again in plain NumPy."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from textgen.measuring.dishes import dish_titles
from textgen.memo import Memo
from textgen.network.bundle import available_bundles, load_bundle
from textgen.text.vocabulary import tokenize
from textgen.views.compare import END_OF_RECIPE, Comparison
from textgen.views.lessons import LESSONS, OPTIONS, Desk, Opening, Question, Scene
from textgen.views.lessons.card import findings, to_html
from textgen.writing.sampling import Luck
from textgen.writing.writer import Request, write_anew

SMALL = "lstm"
CASES = range(200)
pytestmark = pytest.mark.skipif(SMALL not in available_bundles(), reason="no released network")

bundle = lru_cache(load_bundle)
KEPT: Memo = Memo(10_000)


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Products of one row: threads would wait for each other longer than they work."""
    with threadpool_limits(1):
        yield


@cache
def write(request: Request) -> Comparison:
    source = bundle(request.model)
    return Comparison(source, write_anew(source, request))


def desk(case: int) -> Desk:
    """Seven titles and two seeds, so that most cases share their texts."""
    titles = dish_titles()[::70] * 17  # enough for a lesson that takes one in 17 of them
    return Desk(SMALL, write, bundle, case, titles, 2, KEPT)


@cache
def opening(lesson: int, case: int) -> Opening:
    return LESSONS[lesson - 1].opening(desk(case))


@cache
def checks(lesson: int, case: int) -> tuple[Question, Question]:
    return LESSONS[lesson - 1].checks(desk(case))


# -- the numbers, once more and in plain NumPy -------------------------------------------------------


@cache
def logits(request: Request, k: int, word: int) -> np.ndarray:
    """What the network says before word `word` (from 1) of column `k`, read word by word from the prompt."""
    source = bundle(request.model)
    steps = write(request).runs[k].steps[: word - 1] if word > 1 else []
    ids = source.vocabulary.encode([*tokenize(request.prompt), *(step.word for step in steps)])
    values = source.model.logits(after(request.model, tuple(ids))[0])[0].astype(np.float64)
    values[1] = -np.inf  # [UNK]
    return values


@cache
def after(model: str, ids: tuple[int, ...]) -> tuple[np.ndarray, Any]:
    """Hidden [1, U] and the state after these words; many texts begin alike."""
    network = bundle(model).model
    return network.step([ids[-1]], after(model, ids[:-1])[1] if ids[:-1] else network.start(1))


def tempered(values: np.ndarray, temperature: float) -> np.ndarray:
    if temperature == 0:
        return (np.arange(values.size) == values.argmax()).astype(float)
    weights = np.exp((values - values.max()) / temperature)
    return weights / weights.sum()


def scores(values: np.ndarray, temperature: float) -> np.ndarray:
    """The logarithms of the chances."""
    drop = (values - values.max()) / temperature
    return drop - np.log(np.exp(drop).sum())


@cache
def chances(request: Request, temperature: float, k: int = 0, at: int = 1) -> np.ndarray:
    return tempered(logits(request, k, at), temperature)


@cache
def ordered(request: Request, temperature: float) -> np.ndarray:
    """The chances of the first word, largest first."""
    return np.sort(chances(request, temperature))[::-1]


@cache
def noise(seed: int) -> np.ndarray:
    """The luck of a hundred draws [100, V] of a first word."""
    return np.stack([Luck(seed, 1000 + n).exponential(0, len(bundle(SMALL).vocabulary)) for n in range(100)])


def chance(scene: Scene, word: str, temperature: float, k: int = 0, at: int = 1) -> float:
    source = bundle(scene.requests[0].model)
    token = 0 if word == END_OF_RECIPE else source.vocabulary.encode([word])[0]
    return float(chances(scene.requests[0], temperature, k, at)[token])


def share(text: str) -> float:
    """`"41 %"` as 0.41."""
    return float(text.replace(" %", "").strip("<>")) / 100


def close(said: str, true: float) -> bool:
    """Whether a percentage as it is printed is this number, rounded."""
    if said.startswith("<"):
        return 0 < true < 0.001
    if said.startswith(">"):
        return 0.999 < true < 1
    digits = len(said.replace(" %", "").partition(".")[2])
    return abs(share(said) - true) <= 0.5001 * 10 ** (-2 - digits)


PERCENT = r"([<>]?[\d.]+ %)"


def every(check: Callable[[int], None]) -> None:
    for case in CASES:
        check(case)


# -- what holds of all lessons ----------------------------------------------------------------------


def test_every_question_has_three_answers_that_differ_and_one_that_is_right():
    for lesson, case in itertools.product(range(1, len(LESSONS) + 1), CASES):
        for question in (opening(lesson, case).before, *checks(lesson, case)):
            assert len(question.options) == len(set(question.options)) == OPTIONS
            assert 0 <= question.right < OPTIONS and question.why
            scenes = [scene for scene in (question.shown, question.picture) if scene]
            assert question.picture or question.settled
            for scene in scenes:
                for request in scene.requests:
                    length = max(len(run.steps) for run in write(request).runs)
                    assert scene.word <= length


def test_right_answers_stand_at_every_place_and_cases_differ():
    for lesson in range(1, len(LESSONS) + 1):
        seconds = [checks(lesson, case)[1] for case in CASES]
        assert {question.right for question in seconds} >= {0, 1}
        assert len({question.text + question.why for question in seconds}) > 5


def test_the_same_case_is_the_same_and_another_is_another():
    fresh = LESSONS[1].checks(desk(5))
    assert fresh == checks(2, 5)
    assert len({checks(2, case)[0].text for case in CASES}) > 8


# -- 1 ----------------------------------------------------------------------------------------------


def test_lesson_1_counts_draws_and_knows_their_chances():
    def check(case):
        told = opening(1, case)
        scene = told.before.picture
        words = bundle(SMALL).vocabulary.words
        request = scene.requests[0]
        drawn = [words[token] for token in (chances(request, 1.0) / noise(request.seed)).argmax(axis=1)]
        a, n, b, m, rest = re.search(
            r"“(.*?)” came (\d+) times, “(.*?)” (\d+) times, and other words (\d+) times", told.before.why
        ).groups()
        assert (drawn.count(a), drawn.count(b)) == (int(n), int(m)) and int(n) + int(m) + int(rest) == 100
        assert 0 < int(n) < 100 and len(set(drawn)) > 2  # neither one word alone nor all alike
        assert drawn.count(a) > 5  # and not each word as often as the others

        left, p, right, q = re.search(
            rf"on “(.*?)” \({PERCENT}\) in .* on “(.*?)” \({PERCENT}\)", told.differs
        ).groups()
        at, request = told.two.word, told.two.requests[0]
        runs = write(request).runs
        assert [run.steps[at - 1].word or END_OF_RECIPE for run in runs] == [left, right] and left != right
        assert [s.word for s in runs[0].steps[: at - 1]] == [s.word for s in runs[1].steps[: at - 1]]
        assert close(p, chance(told.two, left, 1.0, 0, at)) and close(q, chance(told.two, right, 1.0, 1, at))

        first, second = checks(1, case)
        word = re.search(r"How often will “(.*?)” come", first.text)[1]
        p = chance(first.picture, word, 1.0)
        right = [option for option in first.options if abs(_times(option) - 100 * p) < 5]
        assert right == [first.options[first.right]] and close(re.search(PERCENT, first.why)[1], p)
        came = int(re.search(r"it came (\d+) times", first.why)[1])
        assert abs(came - 100 * p) < 10  # what the picture shows does not speak against it

        word = re.search(r"likeliest word, “(.*?)”, does not", second.text)[1]
        p = chance(second.picture, word, 1.0)
        assert p == ordered(second.picture.requests[0], 1.0)[0]
        said = [share(re.search(PERCENT, option)[1]) for option in second.options]
        assert [abs(one - (1 - p)) < 0.006 for one in said].index(True) == second.right
        assert sum(abs(one - (1 - p)) < 0.1 for one in said) == 1

    every(check)


def _times(option: str) -> int:
    if option.startswith("A hundred"):
        return 100
    return 1 if option.startswith("Once") else int(re.search(r"About (\d+)", option)[1])


# -- 2 ----------------------------------------------------------------------------------------------


def test_lesson_2_says_what_the_bars_do_and_that_their_order_stays():
    def check(case):
        told = opening(2, case)
        scene = told.before.picture
        moves = re.findall(rf"“(.*?)” goes from {PERCENT} to {PERCENT}", told.before.why)
        assert len(moves) == 3
        for n, (word, before, after) in enumerate(moves):
            p, q = (chance(scene, word, t) for t in (1.0, 0.5))
            assert close(before, p) and close(after, q)
            assert (q > p + 0.05) if n == 0 else (q < p - 0.01)
        values = logits(scene.requests[0], 0, 1)
        assert (np.diff([values[bundle(SMALL).vocabulary.encode([w])[0]] for w, *_ in moves]) < 0).all()
        listed = re.findall(r"“(.*?)”", told.alike)
        for t in (0.5, 1.5):
            assert (np.diff([chance(told.two, word, t) for word in listed]) < 0).all()
        a, x, b, _, y, _ = re.search(
            r"“(.*?)” is ([\d.]+) times as likely as “(.*?)” at T = ([\d.]+), "
            r"and ([\d.]+) times at T = ([\d.]+)",
            told.differs,
        ).groups()
        for said, t in ((x, 0.5), (y, 1.5)):
            assert float(said) == pytest.approx(chance(told.two, a, t) / chance(told.two, b, t), abs=0.0501)

        first, second = checks(2, case)
        cold, hot = (ordered(first.picture.requests[0], t) for t in (1.0, 1.5))
        assert hot[8:].sum() > cold[8:].sum() + 0.05 and hot[0] < cold[0] - 0.03
        assert first.options[first.right].startswith("The chance that the word is none")
        rest, word = (
            re.search(rf"go from {PERCENT} to {PERCENT}, all", first.why),
            re.search(rf"“(.*?)” goes from {PERCENT} to {PERCENT}", first.why),
        )
        assert close(rest[1], cold[8:].sum()) and close(rest[2], hot[8:].sum())
        assert close(word[2], cold[0]) and close(word[3], hot[0])

        named = re.findall(r"“([^”]*)” ([<>]?[\d.]+ %)", second.why)
        hot_chances = [chance(second.picture, word, 1.8) for word, _ in named]
        assert all(close(said, p) for (_, said), p in zip(named, hot_chances, strict=True))
        assert hot_chances[0] > 1.15 * hot_chances[1] > 1.15 * hot_chances[2]
        assert second.options[second.right].startswith(f"“{named[0][0]}”, as before")
        p = [chance(second.picture, word, 1.0) for word, _ in named]
        assert p == ordered(second.picture.requests[0], 1.0)[:3].tolist()

    every(check)


# -- 3 ----------------------------------------------------------------------------------------------


def number(text: str) -> float:
    return float(text.replace("−", "-").replace(",", ""))


def said_again(words: list[str]) -> float:
    runs = list(zip(words, words[1:], words[2:], words[3:], strict=False))
    return sum(run in runs[:n] for n, run in enumerate(runs)) / len(runs)


def test_lesson_3_counts_what_is_said_again_and_finds_the_greedy_text():
    def check(case):
        told = opening(3, case)
        greedy, warm = (run.words for run in write(told.two.requests[0]).runs)
        for text in (told.before.why, told.differs):
            said = re.findall(PERCENT, text)
            assert close(said[0], said_again(greedy)) and close(said[1], said_again(warm))
        assert said_again(greedy) >= 0.2 and said_again(warm) <= 0.12
        end = told.two.word
        run = greedy[end - 4 : end]
        assert any(greedy[n : n + 4] == run for n in range(end - 4))
        assert len({tuple(greedy[n : n + 4]) for n in range(end - 4)}) == end - 4  # it is the first

        first, second = checks(3, case)
        texts = [write(request).runs[0].words for request in first.picture.requests]
        assert texts[0] == texts[1] and len({request.seed for request in first.picture.requests}) == 2
        assert first.options[first.right] == "None." and first.why.startswith("0 of")
        repetitive = [said_again(tokenize(text)) > 0.15 for text in second.texts]
        assert repetitive.index(True) == second.right and repetitive.count(True) == 1

    every(check)


# -- 4 ----------------------------------------------------------------------------------------------


def test_lesson_4_finds_where_texts_part_and_the_sums_that_decide():
    def check(case):
        told = opening(4, case)
        request, at = told.two.requests[0], told.two.word
        same = int(re.match(r"The first (\d+) words are the same", told.before.why)[1])
        runs = write(request).runs
        assert same == at - 1 >= 2
        assert all(a.word == b.word for a, b in zip(*(run.steps[:same] for run in runs), strict=True))
        words = [run.steps[same].word for run in runs]
        assert words[0] != words[1]
        vocabulary = bundle(SMALL).vocabulary
        a, b = vocabulary.encode(words)
        luck = Luck(request.seed).gumbel(same, len(vocabulary))
        sums = [scores(logits(request, k, at), t) + luck for k, t in ((0, 0.5), (1, 1.2))]
        assert [int(one.argmax()) for one in sums] == [a, b]
        numbers = [number(x) for x in re.findall(r"[+−][\d.]+\d", told.alike + told.differs)]
        true = [luck[a], luck[b], sums[0][a], sums[0][b], sums[1][a], sums[1][b]]
        assert numbers == pytest.approx(true, abs=0.0501)

        first, second = checks(4, case)
        runs = write(first.picture.requests[0]).runs
        same = int(re.match(r"The first (\d+) words agree", first.why)[1])
        differs = [a.word != b.word for a, b in zip(*(run.steps for run in runs), strict=False)]
        assert differs.index(True) == same >= 2  # neither the same text nor another from the first word on
        assert first.options[first.right].startswith("Perhaps its first words")

        request, at = second.picture.requests[0], second.picture.word
        logs = scores(logits(request, 0, at), 1.0)
        luck = Luck(request.seed).gumbel(at - 1, len(vocabulary))
        winner = int((logs + luck).argmax())
        rows = {
            row["word"]: (number(row["log of its chance"]), number(row["its luck"])) for row in second.table
        }
        for word, (log, lucky) in rows.items():
            token = vocabulary.encode([word])[0]
            assert (log, lucky) == pytest.approx((logs[token], luck[token]), abs=0.0501)
        by_hand = max(rows, key=lambda word: sum(rows[word]))  # with the numbers as they are shown
        assert by_hand == vocabulary.words[winner] == re.match("“(.*?)”", second.options[second.right])[1]
        assert by_hand not in (max(rows, key=lambda w: rows[w][0]), max(rows, key=lambda w: rows[w][1]))

    every(check)


# -- 5 ----------------------------------------------------------------------------------------------


def test_lesson_5_counts_what_a_cut_leaves():
    def check(case):
        told = opening(5, case)
        values = logits(told.two.requests[0], 0, 1)
        hot, cold = (ordered(told.two.requests[0], t) for t in (1.8, 0.7))
        assert close(re.search(PERCENT, told.before.why)[1], hot[10:].sum()) and hot[10:].sum() > 0.3
        assert close(re.search(rf"a chance of {PERCENT}", told.before.text)[1], hot[10])
        outside, p, q = re.search(
            rf"The {PERCENT} of the others .* goes from {PERCENT} to {PERCENT}", told.differs
        ).groups()
        assert close(outside, hot[10:].sum())
        assert close(p, hot[0]) and close(q, hot[0] / hot[:10].sum())
        for row in told.table:
            _, name, value = re.match(r"((.*) ([\d.]+))", row["rule"]).groups()
            counts = list(row.values())[1:]
            for count, each in zip(counts, (cold, hot), strict=True):
                true = {
                    "top-k": 10,
                    "top-p": int((np.cumsum(each) < float(value) - 1e-9).sum()) + 1,
                    "min-p": int((each >= float(value) * each[0]).sum()),
                    "top-nσ": int((values >= values.max() - values[np.isfinite(values)].std()).sum()),
                }[name]
                assert number(count) == true

        first, second = checks(5, case)
        hot = ordered(first.picture.requests[0], 1.4)
        true = hot[0] / hot[:3].sum()
        said = [re.match(PERCENT, option)[1] for option in first.options]
        assert [close(one, true) for one in said].index(True) == first.right
        assert sum(abs(share(one) - true) < 0.05 for one in said) == 1

        few, many = (
            int((np.cumsum(ordered(second.picture.requests[0], t)) < 0.9 - 1e-9).sum()) + 1
            for t in (0.7, 1.8)
        )
        assert f"these are {few} words" in second.text and second.why.startswith(f"{many:,} words")
        assert many >= 2 * few and second.options[second.right] == "More."

    every(check)


# -- 6 ----------------------------------------------------------------------------------------------


def bits_apart(requests: tuple[Request, ...], word: int) -> float:
    p, q = (chances(request, 1.0, 0, word) for request in requests)

    def entropy(x: np.ndarray) -> float:
        return float(-(x[x > 0] * np.log2(x[x > 0])).sum())

    return entropy((p + q) / 2) - (entropy(p) + entropy(q)) / 2


def test_lesson_6_measures_how_the_title_fades():
    def check(case):
        told = opening(6, case)
        first, second = checks(6, case)
        for scene, text in ((told.before.picture, told.before.why), (second.picture, second.why)):
            near, far = (float(x) for x in re.findall(r"\d\.\d\d", text))
            last = scene.word
            texts = [[step.word for step in write(request).runs[0].steps] for request in scene.requests]
            assert texts[0] == texts[1] and len(texts[0]) == last >= 28
            assert near == pytest.approx(bits_apart(scene.requests, 1), abs=0.0051)
            assert far == pytest.approx(bits_apart(scene.requests, last), abs=0.0051)
            assert far < near / 2
        said = [float(re.match(r"\d\.\d\d", option)[0]) for option in second.options]
        assert said[second.right] == min(said) and sorted(said)[1] > 2 * min(said)

        assert len({row["numbers carried on"] for row in first.settled}) == 1
        units = bundle(SMALL).card["architecture"]["units"]
        assert first.options[first.right] == f"{2 * units:,}."  # hidden and cell state
        measured = [bundle(name).measured["memory"] for name in ("lstm", "large")]
        true = [m["bits"][m["distances"].index(d)] for d in (0, 32) for m in measured]
        assert [float(x) for x in re.findall(r"\d\.\d\d", told.alike)] == pytest.approx(true, abs=0.0051)
        true = [bundle(name).card["evaluation"]["modern"]["perplexity"] for name in ("lstm", "large")]
        assert [float(x) for x in re.findall(r"\d+\.\d", told.differs)] == pytest.approx(true, abs=0.051)

    every(check)


# -- the card ---------------------------------------------------------------------------------------


def test_the_card_says_what_was_predicted_and_counts_right_answers():
    right = checks(2, 5)
    answers = [
        (2, "before", 5, 3),
        (2, "first", 5, right[0].right + 1),
        (2, "second", 5, 1 + (right[1].right + 1) % OPTIONS),
        (1, "first", 7, 1 + checks(1, 7)[0].right),
    ]
    one, two = findings(answers, LESSONS, lambda n, case: opening(n, case).before, checks)
    assert (one.number, one.predicted, one.asked, one.right) == (1, "", 1, 1)
    assert (two.number, two.predicted, two.asked, two.right) == (2, "All bars shrink by half.", 2, 1)
    assert not two.agreed and two.found.startswith("The longest bar grows")
    page = to_html([one, two], "http://here/learn?answer=<b>")
    assert "All bars shrink by half." in page and "&lt;b&gt;" in page and '<b>"' not in page
