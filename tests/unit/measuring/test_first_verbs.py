"""Recipe verbs: the lexicon and its positions against openings labelled by hand, the lens and the first verb
against slow counting."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from networks import Pair, random_model

from textgen.measuring.first_verbs import FirstVerbs, divergence, divergence_interval, first_verbs
from textgen.measuring.kinds import KINDS, Lens, kind_shares
from textgen.measuring.title_information import title_information
from textgen.text.lexicon import GROUPS, START, lexicon, word_kinds
from textgen.text.recipe import Recipe
from textgen.text.vocabulary import Vocabulary, tokenize
from textgen.writing.generate import generate
from textgen.writing.sampling import apply_temperature

DATA = Path(__file__).parent.parent / "data"
CHECKED = DATA / "checked_openings.txt"
FIRST_WORDS = DATA / "first_words.tsv"
LEXICON = lexicon()


def verbs_of(text: str) -> list[str]:
    words = tokenize(text)
    return [word for word, group in zip(words, LEXICON.tag(words), strict=True) if group]


def test_the_lexicon_holds_what_it_promises():
    assert len(LEXICON.groups) >= 150
    assert set(LEXICON.groups.values()) == set(GROUPS)
    assert {"chop", "fold", "simmer", "scald", "preheat"} <= set(LEXICON.groups)
    assert {"butter", "salt", "flour", "oil", "water", "top"} <= LEXICON.ambiguous & set(LEXICON.groups)
    assert LEXICON.ambiguous <= set(LEXICON.groups)
    for word in [*LEXICON.groups, *LEXICON.ingredients, *LEXICON.quantities]:
        assert tokenize(word) == [word]


def test_hand_checked_openings():
    """300 openings of sentences, "*" before each recipe verb; labelled by reading, not by the program."""
    lines = CHECKED.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 300
    right = found = there = 0
    for line in lines:
        pairs = [(w[1:], True) if len(w) > 1 and w[0] == "*" else (w, False) for w in line.split()]
        tags = LEXICON.tag([word for word, _ in pairs])
        right += sum(is_verb and tag is not None for (_, is_verb), tag in zip(pairs, tags, strict=True))
        found += sum(tag is not None for tag in tags)
        there += sum(is_verb for _, is_verb in pairs)
    assert there > 250
    assert right / found >= 0.97
    assert right / there >= 0.97


def test_the_first_words_of_the_corpus():
    """Of all steps that begin with a verb, the lexicon names it in 97 of 100 and more; and of the steps whose
    first word it names, as many begin with a verb."""
    there = named = right = 0.0
    for line in FIRST_WORDS.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        word, steps, label = line.split("\t")
        verb = {"verb": "1/1", "not": "0/1"}.get(label, label)
        have, read = map(int, verb.split("/"))
        verbs = int(steps) * have / read
        there += verbs
        if LEXICON.is_verb(word, START):
            named += int(steps)
            right += verbs
    assert there > 130_000
    assert right / there >= 0.97
    assert right / named >= 0.97


@pytest.mark.parametrize(
    ("text", "verbs"),
    [
        ("in a large bowl, whisk the eggs", ["whisk"]),
        ("Preheat the oven. Grease and flour a pan", ["preheat", "grease", "flour"]),
        ("add the butter, salt and oil. Butter a dish, then salt the water", ["add", "butter", "salt"]),
        ("1 cup sugar, butter, salt; boil it", ["boil"]),
        ("bring to a boil and cook", ["bring", "cook"]),
        ("do not stir. gently fold in the cream", ["stir", "fold"]),
        ("when the onions brown add water", ["add"]),
        ("while whisking, pour in the milk", ["pour"]),
        ("the top should brown and the cake cool", []),
        ("if you use butter, melt it", ["melt"]),
        ("to serve, top with cream", ["top"]),
        ("mix the flour (salt, butter) and bake", ["mix", "bake"]),
        ("let it cook until it cools", ["let"]),
        ("apples, cut in slices", []),
        ("", []),
    ],
)
def test_position_decides(text: str, verbs: list[str]):
    assert verbs_of(text) == verbs


def test_a_title_has_no_verbs():
    tags = LEXICON.tag(tokenize("Recipe for roast beef, mix | roast the beef"))
    assert [tag for tag in tags if tag] == ["heat"]
    assert tags[tokenize("recipe for roast beef, mix | roast").index("|") + 1] == "heat"


def test_a_tag_does_not_depend_on_later_words():
    words = tokenize("recipe for pie | in a bowl, mix flour (salt, then) and oil; top with cream, and bake")
    tags = LEXICON.tag(words)
    for end in range(len(words) + 1):
        assert LEXICON.tag(words[:end]) == tags[:end]


def test_reading_word_by_word_is_tagging():
    words = tokenize("drain the rice, rinse (do not boil) and serve. butter, salt")
    place, tags = START, []
    for word in words:
        before = place
        place, group = LEXICON.read(place, word)
        assert (group is not None) == LEXICON.is_verb(word, before)
        tags.append(group)
    assert tags == LEXICON.tag(words)
    assert LEXICON.place(words) == place


def test_kinds():
    assert [LEXICON.kind(w) for w in ["½", "350°f", "cup", "onion", ",", "|", "", "the"]] == [
        "quantity", "quantity", "quantity", "ingredient", "punctuation", "punctuation", "rest", "rest",
    ]  # fmt: skip


# The lens and the first verb, with a small network whose every continuation can be counted.

WORDS = [
    "",
    "[UNK]",
    "recipe",
    "for",
    "|",
    "soup",
    "cake",
    "boil",
    "butter",
    "add",
    "the",
    ",",
    ".",
    "and",
    "in",
    "2",
]


def small(seed: int = 0) -> Pair:
    return Pair(random_model(len(WORDS), seed=seed), Vocabulary(WORDS))


def test_shares_sort_every_word():
    lens = Lens(Vocabulary(WORDS))
    probs = np.random.default_rng(1).dirichlet(np.ones(len(WORDS)), size=3)
    for text in ["", "add the", "add the,", "in the soup", "2 soup", "boil and"]:
        before = tokenize(text)
        shares = lens.shares(probs, LEXICON.place(before))
        expected = np.zeros((3, len(KINDS)))
        for i, word in enumerate(WORDS):
            expected[:, KINDS.index(word_kinds([*before, word])[-1])] += probs[:, i]
        np.testing.assert_allclose(shares, expected, atol=1e-12)
        np.testing.assert_allclose(shares.sum(axis=-1), 1)
    assert lens.shares(probs[0], START).shape == (len(KINDS),)


def test_kind_shares_count_the_words_of_texts():
    pair = small(4)
    shares = kind_shares(pair, "soup", [0.0, 1.0], texts=3, max_words=10, seed=6)
    counts = np.zeros(len(KINDS))
    for n in range(3):
        words = [
            step.word for step in generate(pair, "recipe for soup |", max_tokens=10, seed=6 ^ n) if step.word
        ]
        for kind in word_kinds(["recipe", "for", "soup", "|", *words])[4:]:
            counts[KINDS.index(kind)] += 1
    np.testing.assert_allclose(shares.share[1], counts / counts.sum())
    assert np.all((shares.low <= shares.share + 1e-12) & (shares.share <= shares.high + 1e-12))
    np.testing.assert_allclose(shares.high[0], shares.low[0])  # greedy texts are all alike
    assert np.any(shares.high[1] > shares.low[1])


def counted(pair: Pair, title: str, temperature: float, max_words: int) -> dict[str, float]:
    """The probability of each first verb, by following every text there is; "" for the end, "later"."""
    model, words = pair.model, pair.vocabulary.words
    state = model.start(1)
    for token in pair.vocabulary.encode(tokenize(f"recipe for {title} |"))[:-1]:
        _, state = model.step([token], state)
    rows, mass, tokens = [[]], np.ones(1), [4]
    result: dict[str, float] = {}
    for _ in range(max_words):
        hidden, state = model.step(tokens, state)
        probs = apply_temperature(model.logits(hidden), temperature) * mass[:, None]
        parents, texts, tokens, ahead = [], [], [], []
        for n, row in enumerate(rows):
            for i, word in enumerate(words):
                if word == "" or LEXICON.tag([*row, word])[-1]:
                    result[word] = result.get(word, 0) + probs[n, i]
                elif probs[n, i] > 0:
                    parents.append(n), texts.append([*row, word]), tokens.append(i), ahead.append(probs[n, i])
        rows, mass = texts, np.array(ahead)
        if not rows:
            return result
        state = model.select(state, parents)
    result["later"] = mass.sum()
    return result


@pytest.mark.parametrize("temperature", [0, 0.3, 1.0, math.inf])
def test_all_beginnings_followed(temperature: float):
    pair = small()
    truth = counted(pair, "soup", temperature, 3)
    first = first_verbs(pair, "soup", [temperature], likely=1e-12, max_words=3)
    for i, verb in enumerate(first.verbs):
        assert first.probability[0, i] == pytest.approx(truth.get(verb, 0), abs=1e-9)
        assert first.of(verb)[0] == first.probability[0, i]
    assert first.none[0] == pytest.approx(truth.get("", 0), abs=1e-9)
    assert first.later[0] == pytest.approx(truth.get("later", 0), abs=1e-9)
    assert first.unresolved[0] == pytest.approx(0, abs=1e-6)
    assert first.high - first.low == pytest.approx(0, abs=1e-6)
    assert first.without[:, 0] == pytest.approx(first.none[0] + first.later[0], abs=1e-6)


def test_sampling_is_right_on_average_and_its_intervals_hold():
    pair = small(2)
    truth = counted(pair, "cake", 1.2, 4)
    runs = [
        first_verbs(pair, "cake", [1.2], likely=0.2, samples=24, max_words=4, seed=seed)
        for seed in range(200)
    ]
    assert runs[0].unresolved[0] > 0.3
    expected = np.array([truth[verb] for verb in runs[0].verbs])
    estimates = np.array([run.probability[0] for run in runs])
    error = estimates.std(axis=0) / math.sqrt(len(runs))
    assert np.all(np.abs(estimates.mean(axis=0) - expected) < 4 * error)
    assert np.mean([run.later[0] for run in runs]) == pytest.approx(truth["later"], abs=0.01)
    held = [(run.low[0] <= expected) & (expected <= run.high[0]) for run in runs]
    assert np.mean(held, axis=0).min() >= 0.95
    lost = truth[""] + truth["later"]
    assert np.mean([run.without[0, 0] <= lost <= run.without[1, 0] for run in runs]) >= 0.95
    for run in runs:
        assert np.all((run.low <= run.probability) & (run.probability <= run.high))
        assert 0 < run.without[0, 0] <= run.none[0] + run.later[0] <= run.without[1, 0] < 1


def test_every_outcome_is_accounted_for():
    temperatures = [0, 1e-3, 0.2, 0.7, 1.0, 2.0, 50.0, math.inf]
    first = first_verbs(small(3), "soup", temperatures, likely=0.01, samples=8, max_words=12)
    total = first.probability.sum(axis=1) + first.none + first.later
    np.testing.assert_allclose(total, 1, atol=1e-9)
    np.testing.assert_allclose(sum(first.group(name) for name in GROUPS), first.probability.sum(axis=1))
    assert set(first.top(2)) <= set(first.verbs) and len(first.top(2)) == 2
    assert np.all(first.of("soup") == 0)


def test_at_infinity_every_word_is_as_likely():
    first = first_verbs(small(), "soup", [math.inf], likely=1.0, max_words=1)
    assert first.verbs == ("boil", "butter", "add")
    np.testing.assert_allclose(first.probability[0], 1 / len(WORDS))


def test_the_opening_is_read_first():
    """After "2 the", butter is a noun; after "boil and", a verb."""
    pair = small()
    assert first_verbs(pair, "soup", [1.0], opening="2 the", max_words=1).of("butter")[0] == 0
    assert first_verbs(pair, "soup", [1.0], opening="boil and", max_words=1).of("butter")[0] > 0


def test_companions_and_repetition_change_nothing():
    pair = small(5)
    options: dict[str, Any] = {"likely": 0.02, "samples": 16, "max_words": 8, "seed": 9}
    together = first_verbs(pair, "cake", [0.5, 1.0, 2.0], **options)
    for k, temperature in enumerate(together.temperatures):
        alone = first_verbs(pair, "cake", [temperature], **options)
        np.testing.assert_allclose(alone.probability[0], together.probability[k], atol=1e-6)
        np.testing.assert_allclose(alone.high[0], together.high[k], atol=1e-6)
    again = first_verbs(pair, "cake", [0.5, 1.0, 2.0], **options)
    assert np.array_equal(again.probability, together.probability)
    other = first_verbs(pair, "cake", [0.5, 1.0, 2.0], **{**options, "seed": 10})
    assert not np.array_equal(other.probability, together.probability)


def test_odd_titles():
    pair = small()
    first = first_verbs(pair, "Pho | Soup", [0.0, 1.0])
    assert first.unknown == ("pho",)
    np.testing.assert_allclose(first.probability.sum(axis=1) + first.none + first.later, 1)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (("  ",), {}, "title is empty"),
        (("soup", []), {}, "at least one temperature"),
        (("soup", [-1.0]), {}, "temperature"),
        (("soup", [math.nan]), {}, "temperature"),
        (("soup",), {"seed": -1}, "seed"),
        (("soup",), {"likely": 0}, "likely"),
        (("soup",), {"samples": 0}, "samples"),
    ],
)
def test_bad_input(arguments: tuple, options: dict, message: str):
    with pytest.raises(ValueError, match=message):
        first_verbs(small(), *arguments, **options)


def given(*rows: list[float]) -> FirstVerbs:
    p = np.array(rows, dtype=float)
    k = np.zeros(len(p))
    verbs = tuple("abc"[: p.shape[1]])
    return FirstVerbs(
        "t", "p", tuple(map(float, range(len(p)))), verbs, verbs, p, p, p, k, k, k, np.stack([k, k]), 30
    )


def test_divergence():
    a = given([0.5, 0.5, 0], [1, 0, 0], [0.2, 0.2, 0], [0.5, 0.5, 0], [0, 0, 0])
    b = given([0.5, 0.5, 0], [0, 0.3, 0.3], [0.5, 0.5, 0], [0.5, 0, 0.5], [1, 0, 0])
    np.testing.assert_allclose(divergence(a, b), [0, 1, 0, 0.5, np.nan], atol=1e-12)
    np.testing.assert_allclose(divergence(b, a), divergence(a, b))
    with pytest.raises(ValueError, match="same"):
        divergence(a, given([1, 0, 0]))


def test_the_interval_of_a_divergence_holds_the_truth():
    """Against every text there is, counted. Where all beginnings are followed, nothing is estimated."""
    pair = small(2)
    verbs = first_verbs(pair, "soup", [1.2], max_words=4).verbs
    counts = [counted(pair, title, 1.2, 4) for title in ("soup", "cake")]
    truth = divergence(*(given([count.get(verb, 0) for verb in verbs]) for count in counts))[0]
    held = widths = 0.0
    for seed in range(100):
        firsts = [
            first_verbs(pair, title, [1.2], likely=0.2, samples=24, max_words=4, seed=seed)
            for title in ("soup", "cake")
        ]
        assert firsts[0].unresolved[0] > 0.3
        low, high = divergence_interval(*firsts)
        assert low[0] <= divergence(*firsts)[0] <= high[0]
        held += low[0] <= truth <= high[0]
        widths += high[0] - low[0]
    assert held >= 90
    assert 0 < widths / 100 < 4 * truth
    exact = [first_verbs(pair, title, [0.3, 1.2], likely=1e-12, max_words=3) for title in ("soup", "cake")]
    low, high = divergence_interval(*exact)
    np.testing.assert_allclose(high - low, 0, atol=1e-6)


def test_the_interval_by_hand():
    """Eight samples of one title, nothing sampled of the other: each left out once moves the bits."""
    a, b = given([0.5, 0.5, 0]), given([0.5, 0, 0.5])
    a = replace(a, shares=(np.array([[0.02, 0, 0]] * 4 + [[0, 0.02, 0]] * 4),))
    # Without one of the first four, 0.42 + 3 * 0.02 * 8 / 7 of the first verb; the second has the rest.
    first = [0.42 + 0.48 / 7] * 4 + [0.42 + 0.64 / 7] * 4
    without = np.array([divergence(given([p, 1 - p, 0]), b)[0] for p in first])
    error = math.sqrt(7 / 8 * ((without - without.mean()) ** 2).sum())
    low, high = divergence_interval(a, b)
    # Student's t with 7 degrees of freedom, from the table.
    assert [0.5 - low[0], high[0] - 0.5] == pytest.approx([2.365 * error] * 2, rel=0.01)
    assert np.isnan(divergence_interval(a, given([0, 0, 0]))).all()


class Echo:
    """Says after the bar the verb that the title stands for, with probability `sure`."""

    def __init__(self, sure: float) -> None:
        self.sure = sure

    def start(self, batch_size: int) -> np.ndarray:
        return np.zeros(batch_size, dtype=int)

    def select(self, state: np.ndarray, rows: Any) -> np.ndarray:
        return state[np.asarray(rows, dtype=int)]

    def step(self, tokens: Any, state: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        tokens = np.asarray(tokens)
        state = np.where(tokens == 5, 7, np.where(tokens == 6, 9, state))  # soup: boil, cake: add
        return state, state

    def logits(self, hidden: np.ndarray) -> np.ndarray:
        probs = np.full((len(hidden), len(WORDS)), 1e-30)
        probs[:, [7, 9]] = 1 - self.sure
        probs[np.arange(len(hidden)), hidden] = self.sure
        return np.log(probs).astype(np.float32)


RECIPES = [
    Recipe("Soup", ("In water, boil the soup.",)),
    Recipe("soup", ("Boil.",)),
    Recipe("Cake", ("2 cakes.", "Add the butter.")),
    Recipe("Cake", ("Nothing.",)),
]


@pytest.mark.parametrize(("sure", "bits"), [(0.5, 0.0), (0.8, 2.0), (16 / 17, 4.0)])
def test_title_information(sure: float, bits: float):
    """Own titles give log2(sure), the other log2(1 - sure)."""
    bundle = SimpleNamespace(model=Echo(sure), vocabulary=Vocabulary(WORDS))
    seen: list[tuple[int, int]] = []
    result = title_information(bundle, RECIPES, on_progress=lambda *at: seen.append(at))
    assert result.bits == pytest.approx(bits, abs=1e-4)
    assert result.low == pytest.approx(bits, abs=1e-4) and result.high == pytest.approx(bits, abs=1e-4)
    assert (result.recipes, result.skipped) == (3, 1)
    assert seen == [(1, 2), (2, 2)]


def test_title_information_has_an_interval():
    """One recipe in four does what the other dish does: two bits gained, or lost."""
    bundle = SimpleNamespace(model=Echo(0.8), vocabulary=Vocabulary(WORDS))
    recipes = [Recipe("soup", ("boil it",))] * 15 + [Recipe("cake", ("boil it",))] * 5
    result = title_information(bundle, recipes)
    assert result.bits == pytest.approx(2 * 15 / 20 - 2 * 5 / 20, abs=1e-4)
    error = 4 * math.sqrt(0.75 * 0.25 / 20)
    assert result.high - result.low == pytest.approx(2 * 1.96 * error, rel=0.15)
    with pytest.raises(ValueError, match="two recipes"):
        title_information(bundle, recipes[:15])
