"""What the comparison page shows, checked against what the samplers themselves say."""

from __future__ import annotations

import itertools
import pickle
import re
import threading
from dataclasses import replace
from types import SimpleNamespace

import networks
import numpy as np
import pytest
from comparisons import PAIR, SAMPLERS, compare
from racing import race

from textgen.measuring.distributions import effective_choices
from textgen.memo import Memo
from textgen.text.typeset import detokenize, percent
from textgen.text.vocabulary import Vocabulary
from textgen.views.compare import END_OF_RECIPE, Comparison, _moves
from textgen.writing.generate import Generation
from textgen.writing.sampling import Luck, Sampler, apply_temperature


def panels(rows):
    split: dict[int, list] = {}
    for row in rows:
        split.setdefault(row["panel"], []).append(row)
    return split


@pytest.mark.parametrize("context", ["own", 1])
@pytest.mark.parametrize("position", [0, 1, 5])
def test_every_panel_has_the_same_words_and_sums_to_one(position, context):
    comparison = compare(context=context)
    shown = [rows for rows in panels(comparison.step_rows(position)).values() if rows[0]["order"] is not None]
    assert len(shown) > 1
    for rows in shown:
        assert [row["label"] for row in rows] == [row["label"] for row in shown[0]]
        assert [row["order"] for row in rows] == list(range(len(rows)))
        assert sum(row["probability"] for row in rows) == pytest.approx(1, abs=1e-12)
        assert sum(row["before"] for row in rows) == pytest.approx(1, abs=1e-12)
        assert [row["tail"] for row in rows].count(True) == 1 and rows[-1]["tail"]
        assert sum(row["picked"] for row in rows) == 1


@pytest.mark.parametrize(("rules", "name"), [({"top_k": 3}, "top-k"), ({"top_n_sigma": 0.5}, "top-nσ")])
def test_a_removed_word_names_the_rule_as_people_know_it(rules, name):
    rows = compare([Sampler(1.1, **rules)]).step_rows(0)
    removed = [row["arithmetic"] for row in rows if row["removed"] and not row["tail"]]
    assert removed and all(text.endswith(f"→ removed by {name}") for text in removed)


def test_the_numbers_of_a_panel_are_the_samplers_own():
    comparison = compare()
    for k, rows in panels(comparison.step_rows(2)).items():
        step, sampler = comparison.steps_at(2)[k], SAMPLERS[k]
        if step is None:
            continue
        logits = PAIR.model.logits(step.hidden[None])[0]
        probs = sampler.distribution(logits, step.previous)
        for row in rows[:-1]:
            token = PAIR.vocabulary.encode([row["word"]])[0]
            assert row["probability"] == pytest.approx(probs[token], abs=1e-15)
            assert row["removed"] == (probs[token] == 0 < row["before"])
            if row["picked"]:
                assert token == step.token
                assert row["probability"] == pytest.approx(step.probability)


def test_the_luck_shown_is_what_decided():
    comparison = compare([Sampler(0.7), Sampler(1.5)])
    for position in range(4):
        noise = Luck(3).gumbel(position, 60)
        for k, rows in panels(comparison.step_rows(position, most=59)).items():
            step = comparison.steps_at(position)[k]
            assert step is not None
            best = max((row for row in rows if row["luck"] is not None), key=lambda row: row["luck"])
            assert best["picked"]
            assert best["luck"] == pytest.approx(np.log(step.probability) + noise[step.token])


def test_a_run_that_has_ended_says_so():
    pair = networks.random_pair(size=8, seed=5)
    comparison = compare([Sampler(0.0), Sampler(1.0), Sampler(2.0)], pair, words=60, prompt="recipe for |")
    lengths = [len(run.steps) for run in comparison.runs]
    assert min(lengths) < max(lengths), "the seed should give runs of unequal length"
    rows = panels(comparison.step_rows(max(lengths) - 1))
    for k, length in enumerate(lengths):
        ended = rows[k][0]["order"] is None
        assert ended == (length < max(lengths))
        if ended:
            assert len(rows[k]) == 1 and f"after {length} words" in rows[k][0]["note"]


def test_the_end_of_a_recipe_is_a_word_like_others():
    comparison = compare(words=3)
    rows = [row for row in comparison.step_rows(0, most=59) if row["word"] == ""]
    assert rows and all(row["label"] == END_OF_RECIPE for row in rows)


@pytest.mark.parametrize("name", ["random", "flat", "steep", "two levels", "one far ahead"])
def test_the_live_chart_is_right_at_every_temperature(name):
    size = 3000
    rng = np.random.default_rng(1)
    logits = {
        "random": rng.normal(scale=3, size=size),
        "flat": rng.normal(scale=0.05, size=size),
        "steep": -np.arange(size) * 0.7,
        "two levels": np.where(np.arange(size) % 2, 2.0, -2.0) + rng.normal(scale=0.1, size=size),
        "one far ahead": np.r_[30.0, rng.normal(size=size - 1)],
    }[name].astype(np.float32)
    pair = SimpleNamespace(model=SimpleNamespace(logits=lambda hidden: np.stack([logits] * len(hidden))),
                           vocabulary=networks.vocabulary(size))  # fmt: skip
    step = SimpleNamespace(hidden=np.zeros(2, np.float32))
    run = Generation("", Sampler(0.7), 0, steps=[step])  # type: ignore[list-item]
    rows = Comparison(pair, [run]).live_rows(0, 0)
    assert len(rows) < 700
    assert sum(row["count"] for row in rows) == size
    for temperature in (0.05, 0.1, 0.3, 0.7, 1.0, 2.0, 5.0):
        exact = apply_temperature(logits, temperature)
        weights = np.array([row["count"] * np.exp(row["logit"] / temperature) for row in rows])
        shares = weights / weights.sum()
        for row, share in zip(rows[:12], shares[:12], strict=True):
            word = "" if row["label"] == END_OF_RECIPE else row["label"]
            assert share == pytest.approx(exact[pair.vocabulary.encode([word])[0]], abs=1e-3)
        assert shares[12:].sum() == pytest.approx(1 - np.sort(exact)[-12:].sum(), abs=1e-3)


def test_words_read_like_the_text_and_carry_their_numbers():
    words = ["", "[UNK]", "recipe", "for", "|", "chop", "1", "/", "2", "cup", ".", "oven", ",", "the"]
    pair = networks.Pair(networks.random_model(size=len(words), seed=2), Vocabulary(words))
    comparison = compare([Sampler(1.5)], pair, words=40, prompt="recipe for oven | chop 1 /", seed=8)
    run, rows = comparison.runs[0], comparison.word_rows(0, ["chop", "1", "/"])
    text = "".join(" " * row["space"] + row["text"] for row in rows if not row["end"])
    assert detokenize(["chop", "1", "/", *run.words]).endswith(text)
    logits = pair.model.logits(np.stack([step.hidden for step in run.steps]))
    for row, step, scores in zip(rows, run.steps, logits, strict=True):
        plain = apply_temperature(scores, 1)
        assert row["plain"] == pytest.approx(plain[step.token], rel=1e-5)
        assert row["bits"] == pytest.approx(-np.log2(plain[step.token]), rel=1e-4, abs=1e-5)
        assert row["rank"] == 1 + (plain > plain[step.token]).sum()
        assert row["probability"] == step.probability


def test_effective_choices_count_equally_likely_words():
    comparison = compare([Sampler(0.0), Sampler(float("inf")), Sampler(1.0, top_k=1), Sampler(1.0)])
    for k, expected in enumerate((1, 60, 1)):
        np.testing.assert_allclose(comparison.choices(k), expected)
    step = comparison.runs[3].steps[0]
    probs = apply_temperature(PAIR.model.logits(step.hidden[None])[0], 1)
    assert comparison.choices(3)[0] == pytest.approx(np.exp(-(probs * np.log(probs)).sum()))


def test_equal_runs_do_not_part_and_others_part_at_the_first_different_word():
    comparison = compare([Sampler(0.4), Sampler(0.4), Sampler(1.8)])
    first, second, third = comparison.marks
    assert first is None and second is None
    tokens = [[step.token for step in run.steps] for run in comparison.runs[1:]]
    where = next(i for i, (a, b) in enumerate(zip(*tokens, strict=False)) if a != b)
    assert third is not None and third.position == where
    left, here = comparison.runs[1].steps[where], comparison.runs[2].steps[where]
    assert f"“{left.word}”" in third.reason and f"“{here.word}”" in third.reason.replace(END_OF_RECIPE, "")
    assert percent(left.probability) in third.reason and percent(here.probability) in third.reason
    assert "T = 0.4" in third.reason and "T = 1.8" in third.reason


def test_greedy_partings_name_no_draw_on_the_greedy_side():
    hot_to_greedy = compare([Sampler(2.0), Sampler(0.0)]).marks[1]
    greedy_to_hot = compare([Sampler(0.0), Sampler(2.0)]).marks[1]
    assert hot_to_greedy and "greedy takes the likeliest" in hot_to_greedy.reason
    assert greedy_to_hot and greedy_to_hot.reason.startswith("Word 1. Greedy takes")


def test_a_parting_names_its_word_and_never_says_from_a_number_to_the_same():
    for seed in range(40):
        for mark in compare([Sampler(0.9), Sampler(1.0), Sampler(1.05)], seed=seed).marks:
            if mark is not None:
                assert mark.reason.startswith(f"Word {mark.position + 1}. ")
                for before, after in re.findall(r"from (\S+ %) to (\S+ %)", mark.reason):
                    assert before != after


def test_greedy_bars_list_the_runners_up():
    comparison = compare([Sampler(0.0)])
    rows = comparison.step_rows(0, most=8)
    logits = comparison.bundle.model.logits(comparison.runs[0].steps[0].hidden)
    words = comparison.bundle.vocabulary.words
    assert [row["word"] for row in rows[:8]] == [words[i] for i in np.argsort(-logits, kind="stable")[:8]]


def test_what_rules_removed_is_counted_and_named():
    comparison = compare([Sampler(1.2, top_p=0.5)])
    removed = comparison.stages_at(0)[0][1]
    count = np.count_nonzero(removed.removed_by)
    rows = comparison.step_rows(0)
    assert (
        f"{count:,} of 60 words removed, {percent(float(removed.before[removed.removed_by != ''].sum()))}"
        in (rows[0]["note"])
    )
    for row in rows:
        assert not row["removed"] or (row["probability"] == 0 and row["share"] in ("removed", "0 %"))


def test_the_quotient_shown_is_that_of_the_logit_shown():
    for row in compare([Sampler(0.15)]).step_rows(2):
        if found := re.match(r"logit (\S+) ÷ (\S+) = (\S+) ", row["arithmetic"]):
            logit, temperature, quotient = map(float, found.groups())
            assert f"{logit / temperature:.2f}" == f"{quotient:.2f}"


def test_names_tell_equal_temperatures_apart():
    assert compare([Sampler(0.5), Sampler(0.5), Sampler(1.0)]).names() == [
        "T = 0.5 (1)",
        "T = 0.5 (2)",
        "T = 1",
    ]


def test_five_runs_of_150_words_are_small():
    pair = networks.random_pair(size=60, units=512)
    never_end = [Sampler(t, suppress=(0,)) for t in (0.2, 0.5, 1.0, 1.5, 2.0)]
    comparison = compare(never_end, pair, words=150)
    assert [len(run.steps) for run in comparison.runs] == [150] * 5
    held = sum(step.hidden.base.nbytes if step.hidden.base is not None else step.hidden.nbytes
               for run in comparison.runs for step in run.steps[:1]) * 150  # fmt: skip
    assert held < 5e6
    assert (
        len(pickle.dumps([(run.steps, comparison.analysis(k)) for k, run in enumerate(comparison.runs)]))
        < 5e6
    )


class Visited(np.ndarray):
    """Scores; somebody comes in before the operation on them that `visit` waits for."""

    visit = staticmethod(lambda: None)

    def __array_ufunc__(self, ufunc, method, *inputs, **options):
        self.visit()
        plain = (np.asarray(value) if isinstance(value, Visited) else value for value in inputs)
        return getattr(ufunc, method)(*plain, **options)


def test_who_comes_while_a_run_is_worked_out_sees_all_of_it_or_nothing(monkeypatch):
    whole = compare([Sampler(1.0)])
    pair = replace(PAIR, model=SimpleNamespace(logits=lambda hidden: PAIR.model.logits(hidden).view(Visited)))
    expected = whole.word_rows(0)
    for moment in itertools.count():  # of all in which somebody could come
        fresh = Comparison(pair, [replace(whole.runs[0], findings=Memo(8))])
        operations = itertools.count()
        seen = []

        def visit(fresh=fresh, operations=operations, seen=seen, moment=moment):
            if next(operations) == moment:
                visitor = threading.Thread(target=lambda: seen.append(fresh.word_rows(0)))
                visitor.start()
                visitor.join(timeout=20)

        monkeypatch.setattr(Visited, "visit", staticmethod(visit))
        rows = fresh.word_rows(0)
        if next(operations) <= moment:  # nobody came: that were all moments
            break
        assert seen == [expected] and rows == expected
    assert moment > 2


def test_threads_that_read_a_fresh_run_at_once_read_the_same():
    for seed in range(20):
        comparison = compare([Sampler(1.0)], seed=seed)
        found = race(lambda k, c=comparison: (c.word_rows(0, ["w1"]), c.analysis(0), c.choices(0)))
        assert all(rows == found[0][0] for rows, _, _ in found)
        assert {id(analysis) for _, analysis, _ in found} == {id(comparison.analysis(0))}
        assert {id(choices) for _, _, choices in found} == {id(comparison.choices(0))}


def test_a_reader_cannot_spoil_what_is_kept():
    comparison = compare([Sampler(1.0)])
    before = comparison.word_rows(0)
    comparison.word_rows(0)[0]["text"] = "spoilt"
    assert comparison.word_rows(0) == before
    with pytest.raises(ValueError, match="read-only"):
        comparison.analysis(0).bits[0] = 0
    with pytest.raises(ValueError, match="read-only"):
        comparison.choices(0)[0] = 0


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (0.5, 0.18, "goes from 50 % to 18 %"),
        (0.02, 0.02, "stays at 2.0 %"),
        (4e-6, 5e-4, "goes from 1 in 250,000 to 1 in 2,000"),
        (0.0, 0.0, "stays at 0 %"),
    ],
)
def test_how_a_probability_moved_is_said_however_small_it_is(before, after, said):
    assert _moves(before, after) == said


def test_a_position_is_worked_out_once_for_all_that_show_it():
    products = []

    def logits(hidden):
        products.append(len(hidden))
        return PAIR.model.logits(hidden)

    runs = compare([Sampler(0.4), Sampler(1.8)]).runs
    comparison = Comparison(replace(PAIR, model=SimpleNamespace(logits=logits)), runs)
    other = Comparison(PAIR, runs)
    for position in (2, 3, 2):
        products.clear()
        assert comparison.step_rows(position) == other.step_rows(position)
        assert comparison.step_summary(position) == Comparison(PAIR, runs).step_summary(position)
        assert sum(products) == 2
    comparison.let_go()
    assert comparison._stages is None and comparison.step_rows(2) == other.step_rows(2)


def test_choices_under_suppression_are_those_of_what_was_drawn_from():
    comparison = compare([Sampler(0.9, suppress=(1,)), Sampler(0.9, suppress=(1,), top_k=5)])
    for k, run in enumerate(comparison.runs):
        scores = PAIR.model.logits(np.stack([step.hidden for step in run.steps]))
        expected = effective_choices(run.sampler.distribution(scores))
        np.testing.assert_allclose(comparison.choices(k), expected, rtol=2e-6)
