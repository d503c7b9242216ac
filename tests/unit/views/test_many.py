"""Many texts as a tree: its shares and chances, and that its texts are those of the comparison page."""

from __future__ import annotations

import math
from functools import cache

import networks
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textgen.text.vocabulary import STOP_ID
from textgen.views.many import SEEDS, Braid, Knot, compare_query, gather, seeds_of
from textgen.writing.generate import generate, recipe_prompt
from textgen.writing.sampling import Sampler
from textgen.writing.writer import Request, Writer

TEMPERATURES = (0.0, 0.3, 1.0, 2.0)


def braid(temperatures=TEMPERATURES, *, seed=5, count=20, words=6, size=30) -> Braid:
    pair = networks.random_pair(size)
    samplers = [Sampler(t, suppress=(1,)) for t in temperatures]
    return Braid(pair, temperatures, gather(pair, "w3 w4", samplers, seed=seed, count=count, words=words))


@cache
def usual() -> Braid:
    return braid()


def at_length(tree: list[Knot], length: int) -> list[Knot]:
    """The knots that all texts together pass at word `length`, ended ones where they ended."""
    return [
        knot
        for knot in tree
        if len(knot.path) == length or (len(knot.path) < length and knot.path[-1] == STOP_ID)
    ]


@given(st.integers(0, 10_000), st.integers(1, 25), st.integers(1, 8), st.integers(6, 40))
@settings(max_examples=25, deadline=None)
def test_shares_sum_to_one_at_each_word_and_chances_to_no_more(seed, count, words, size):
    found = braid((0.2, 1.0, 1.7), seed=seed, count=count, words=words, size=size)
    for k, tree in enumerate(found.trees):
        for length in range(1, words + 1):
            knots = at_length(tree, length)
            assert sorted(n for knot in knots for n in knot.texts) == list(range(count))
            assert sum(knot.chance for knot in knots) <= 1 + 1e-6
            assert len(knots) == found.distinct(k)[length - 1]


@pytest.mark.parametrize("k", range(len(TEMPERATURES)))
def test_what_goes_on_from_a_knot_has_its_texts_and_no_more_than_its_chance(k):
    tree = usual().trees[k]
    for i, knot in enumerate(tree):
        after = [other for other in tree if other.parent == i]
        assert all(other.path[:-1] == knot.path for other in after)
        assert len({other.path for other in after}) == len(after)
        assert sum(other.chance for other in after) <= knot.chance * (1 + 1e-6)
        assert knot.parent < i and (knot.parent == -1) == (len(knot.path) == 1)
        if len(knot.path) < usual().depth and knot.path[-1] != STOP_ID:
            assert sorted(n for other in after for n in other.texts) == list(knot.texts)


def test_a_chance_is_the_product_of_the_network_s_own_probabilities():
    found = usual()
    for temperature, tree in zip(TEMPERATURES, found.trees, strict=True):
        sampler = Sampler(temperature, suppress=(1,))
        for knot in tree[::3]:
            steps = list(generate(found.bundle, recipe_prompt("w3 w4"), sampler=sampler, max_tokens=6,
                                  seed=5 + knot.texts[0]))  # fmt: skip
            product = math.prod(step.probability for step in steps[: len(knot.path)])
            assert tuple(step.token for step in steps[: len(knot.path)]) == knot.path
            assert knot.chance == pytest.approx(product, rel=1e-5)


def test_a_greedy_rope_is_one_strand_of_chance_one():
    found = braid((0.0, 2.0))
    rope, broom = found.trees
    assert len(at_length(rope, 6)) == 1 and all(knot.chance == 1 for knot in rope)
    assert len(at_length(broom, 6)) > 10


def test_like_branches_stand_in_like_places():
    found = braid((0.3, 0.5, 1.0))
    order = [[knot.path for knot in tree] for tree in found.trees]
    for some, others in ((order[0], order[1]), (order[1], order[2])):
        assert [path for path in some if path in set(others)] == [p for p in others if p in set(some)]


def test_a_text_is_what_the_comparison_page_writes_with_its_own_seed():
    found = usual()
    query = compare_query("w3 w4", TEMPERATURES, model="any")
    writer = Writer(found.bundle)
    for n, seed in enumerate(seeds_of(5, found.count)):
        request = Request(
            model=query["model"],
            title=query["title"],
            opening="",
            samplers=tuple(Sampler(float(query[f"t{k}"]), suppress=(1,)) for k in range(1, 5)),
            seed=seed,
            words=found.depth,
        )
        for k, run in enumerate(writer.write(request)):
            assert tuple(step.token for step in run.steps) == found.paths[k][n]


def test_after_the_last_seed_comes_the_first():
    assert seeds_of(SEEDS - 2, 4) == [SEEDS - 2, SEEDS - 1, 0, 1]


def test_the_panels_hold_the_trees_and_every_word_as_it_is_printed():
    found = usual()
    for panel, tree, temperature in zip(found.panels(), found.trees, TEMPERATURES, strict=True):
        assert panel["temperature"] == temperature
        for row, knot in zip(panel["knots"], tree, strict=True):
            assert (row["token"], row["parent"], row["texts"]) == (
                knot.path[-1], knot.parent, list(knot.texts)
            )  # fmt: skip
            assert row["chance"] == pytest.approx(knot.chance, rel=1e-3)
            assert row["chance"] < 1 or knot.chance == 1
            assert row["word"] == ("■" if knot.path[-1] == STOP_ID else found.shown(knot.path)[-1][0])


def test_numbers_beside_the_picture():
    found = usual()
    for k in range(len(TEMPERATURES)):
        distinct = found.distinct(k)
        assert distinct == sorted(distinct) and distinct[0] >= 1 and distinct[-1] <= found.count
        assert sum(found.first_verbs(k).values()) == found.count
    assert found.distinct(0) == [1] * found.depth
    rows = found.chance_rows(2)
    assert len({row["order"] for row in rows}) == len(found.beginnings(2)) <= 6
    best = [max(row["chance"] for row in rows if row["order"] == n) for n in range(len(found.beginnings(2)))]
    assert best == sorted(best, reverse=True)
    for row in rows:
        assert (
            row["low"] <= row["chance"] + 1 / found.count and row["chance"] - 1 / found.count <= row["high"]
        )


def test_tables_hold_every_text_and_every_beginning():
    found = usual()
    texts = found.text_table(5)
    assert len(texts) == len(TEMPERATURES) * found.count
    assert [row["seed"] for row in texts[:3]] == [5, 6, 7]
    assert len(found.table()) == sum(map(len, found.trees))
    spoken = found.spoken_rows()
    firsts = [row for row in spoken if row["words"] == 1 and row["temperature"] == "2"]
    assert sum(int(row["texts"].split()[0]) for row in firsts) == found.count
