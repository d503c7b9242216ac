from __future__ import annotations

import itertools
import tracemalloc

import networks
import numpy as np
import pytest

from textgen.text.vocabulary import Vocabulary
from textgen.writing.generate import Generation, generate, generate_together, generations, recipe_prompt
from textgen.writing.sampling import Luck, Sampler

PROMPT = "recipe for w3 | w7"
SAMPLERS = [
    Sampler(0),
    Sampler(0.5),
    Sampler(1.0),
    Sampler(1.0, top_k=5),
    Sampler(2.0, repetition_penalty=1.4),
]


class Alphabet:
    """A network over the letters: after a letter comes the next one, or else the one after that; after z
    the stop token, or else "[UNK]".

    Counts its steps. Its state is the last id of each row.
    """

    def __init__(self) -> None:
        self.vocabulary = Vocabulary(["", "[UNK]", *"abcdefghijklmnopqrstuvwxyz"])
        self.model = self
        self.read: list[int] = []

    def start(self, batch_size):
        return np.zeros(batch_size, dtype=int)

    def step(self, tokens, state):
        assert len(tokens) == len(state)
        self.read.append(len(tokens))
        return np.eye(28, dtype=np.float32)[np.asarray(tokens)], np.asarray(tokens)

    def logits(self, hidden):
        z = np.full(np.shape(hidden), -20, dtype=np.float32)
        for row, token in zip(np.atleast_2d(z), np.atleast_2d(hidden).argmax(axis=1), strict=True):
            row[(token + 1) % 28] = 20
            row[(token + 2) % 28] = 19
        return z

    def select(self, state, rows):
        return state[list(rows)]


def words(run):
    return [step.word for step in run]


def facts(run):
    return [(step.position, step.token, step.word, step.probability, step.prompt) for step in run]


def columns(together):
    return [[step for step in column if step is not None] for column in zip(*together, strict=True)]


def by_hand(pair, samplers, max_tokens, seed, streams=None):
    """Every word from scratch: the whole text is read again, and log p + g is compared for every word."""
    runs = []
    for n, sampler in enumerate(samplers):
        ids = pair.vocabulary.encode(PROMPT.split())
        run = []
        for t in range(max_tokens):
            state = pair.model.start(1)
            for token in ids:
                logits, state = pair.model.advance([token], state)
            probs = sampler.distribution(logits[0], ids)
            with np.errstate(divide="ignore"):
                score = np.log(probs) + Luck(seed, streams[n] if streams else 0).gumbel(t, len(probs))
            token = int(score.argmax())
            run.append((token, probs[token]))
            ids.append(token)
            if token == 0:
                break
        runs.append(run)
    return runs


@pytest.mark.parametrize("luck", ["shared", "independent"])
@pytest.mark.parametrize("kind", ["lstm", "gru"])
def test_runs_equal_those_written_by_hand(kind, luck):
    pair = networks.random_pair(kind=kind)
    streams = [0] * 5 if luck == "shared" else [0, 1, 2, 3, 4]
    for seed in (0, 7, 2**64 - 1):
        together = generate_together(pair, PROMPT, samplers=SAMPLERS, max_tokens=15, seed=seed, luck=luck)
        for ours, expected in zip(columns(together), by_hand(pair, SAMPLERS, 15, seed, streams), strict=True):
            assert [step.token for step in ours] == [token for token, _ in expected]
            np.testing.assert_allclose([s.probability for s in ours], [p for _, p in expected], rtol=1e-4)


def test_one_alone_writes_what_it_writes_in_company():
    pair = networks.random_pair()
    runs = columns(generate_together(pair, PROMPT, samplers=SAMPLERS, max_tokens=30, seed=5))
    for sampler, run in zip(SAMPLERS, runs, strict=True):
        alone = list(generate(pair, PROMPT, sampler=sampler, max_tokens=30, seed=5))
        assert [(s.position, s.token, s.word, s.prompt) for s in alone] == [
            (s.position, s.token, s.word, s.prompt) for s in run
        ]
        np.testing.assert_allclose(
            [s.probability for s in alone], [s.probability for s in run], rtol=1e-4, atol=1e-12
        )


def test_equal_samplers_write_equal_texts_to_the_last_bit():
    pair = networks.random_pair()
    samplers = [Sampler(0.9), Sampler(1.4), Sampler(0.9), Sampler(0.3), Sampler(0.9)]
    runs = columns(generate_together(pair, PROMPT, samplers=samplers, max_tokens=40, seed=1))
    assert facts(runs[0]) == facts(runs[2]) == facts(runs[4])
    assert words(runs[0]) != words(runs[1])
    assert all(np.array_equal(a.hidden, b.hidden) for a, b in zip(runs[0], runs[4], strict=True))


def test_the_same_again_is_the_same_and_another_seed_is_not():
    pair = networks.random_pair()
    one, two, other = (
        facts(generate(pair, PROMPT, sampler=Sampler(1), max_tokens=30, seed=seed)) for seed in (3, 3, 4)
    )
    assert one == two != other


def test_own_luck_leaves_the_first_run_as_it_was():
    pair = networks.random_pair()
    samplers = [Sampler(1.2)] * 3
    shared = columns(generate_together(pair, PROMPT, samplers=samplers, max_tokens=20, seed=2))
    own = columns(
        generate_together(pair, PROMPT, samplers=samplers, max_tokens=20, seed=2, luck="independent")
    )
    assert words(shared[0]) == words(own[0])
    assert len({tuple(words(run)) for run in own}) == 3


def test_a_seed_for_each_sampler():
    pair = networks.random_pair()
    runs = columns(generate_together(pair, PROMPT, samplers=[Sampler(1)] * 64, max_tokens=8, seed=range(64)))
    for seed in (0, 9, 63):
        assert words(runs[seed]) == words(generate(pair, PROMPT, sampler=Sampler(1), max_tokens=8, seed=seed))


def test_the_hidden_state_gives_the_distribution_back():
    pair = networks.random_pair()
    for sampler in SAMPLERS:
        for step in generate(pair, PROMPT, sampler=sampler, max_tokens=12, seed=1):
            assert step.hidden.shape == (pair.model.units,) and step.hidden.dtype == np.float32
            probs = sampler.distribution(pair.model.logits(step.hidden), step.previous)
            assert probs[step.token] == pytest.approx(step.probability, rel=1e-4)


def test_prompt_is_the_text_before_each_word():
    pair = networks.random_pair()
    steps = list(generate(pair, "Recipe FOR w3|w7 qqq", sampler=Sampler(1), max_tokens=5, seed=1))
    assert steps[0].prompt == "recipe for w3 | w7 qqq"
    for before, after in itertools.pairwise(steps):
        assert after.prompt == f"{before.prompt} {before.word}"
        assert after.previous == [*before.previous, before.token]
    assert steps[0].previous == [
        2,
        3,
        pair.vocabulary.encode(["w3"])[0],
        4,
        pair.vocabulary.encode(["w7"])[0],
        1,
    ]


def test_case_and_spacing_of_the_prompt_do_not_matter():
    pair = networks.random_pair()
    one = generate(pair, "recipe for w3 | w7", sampler=Sampler(1), max_tokens=9, seed=1)
    two = generate(pair, "  RECIPE for W3|w7\n", sampler=Sampler(1), max_tokens=9, seed=1)
    assert facts(one) == facts(two)


def test_the_stop_token_ends_a_run_and_only_that_run():
    letters = Alphabet()
    greedy, skipping = Sampler(0), Sampler(0, suppress=(0, *range(2, 28, 2)))
    steps = list(generate_together(letters, "x", samplers=[greedy, skipping], max_tokens=6, seed=0))
    assert [(a.word if a else None) for a, _ in steps] == ["y", "z", "", None, None, None]
    assert all(b is not None for _, b in steps)
    assert words(generate(letters, "x", sampler=greedy, max_tokens=99, seed=0)) == ["y", "z", ""]


def test_everything_ends_when_all_runs_have():
    steps = list(
        generate_together(Alphabet(), "w", samplers=[Sampler(0), Sampler(0.01)], max_tokens=99, seed=0)
    )
    assert [[s.word for s in row] for row in steps] == [["x", "x"], ["y", "y"], ["z", "z"], ["", ""]]


def test_a_word_costs_one_step_however_long_the_text_is():
    letters = Alphabet()
    list(generate(letters, "a b c d", sampler=Sampler(0), max_tokens=10, seed=0))
    assert letters.read == [1] * (4 + 9)  # the last word is not read any more
    letters.read.clear()
    samplers = [Sampler(0), Sampler(0, suppress=(7,)), Sampler(0)]
    list(generate_together(letters, "a b c", samplers=samplers, max_tokens=6, seed=0))
    assert letters.read == [1, 1, 1, 1, 1, 2, 2, 2]  # runs that have read the same words share a row


def test_nothing_is_read_before_the_first_word_is_asked_for():
    letters = Alphabet()
    run = generate(letters, "a", sampler=Sampler(0), max_tokens=10, seed=0)
    assert letters.read == []
    assert next(run).word == "b"
    assert letters.read == [1]


def test_no_words_asked_for_none_given():
    assert list(generate_together(Alphabet(), "a", samplers=[Sampler()], max_tokens=0, seed=0)) == []


def test_one_context_for_all():
    pair = networks.random_pair()
    for k in range(len(SAMPLERS)):
        runs = columns(generate_together(pair, PROMPT, samplers=SAMPLERS, max_tokens=15, seed=4, context=k))
        own = list(generate(pair, PROMPT, sampler=SAMPLERS[k], max_tokens=15, seed=4))
        assert [(s.token, s.prompt) for s in runs[k]] == [(s.token, s.prompt) for s in own]
        for run, sampler in zip(runs, SAMPLERS, strict=True):
            assert [step.prompt for step in run] == [step.prompt for step in runs[k]]
            for step, read in zip(run, runs[k], strict=True):
                assert np.array_equal(step.hidden, read.hidden)
                probs = sampler.distribution(pair.model.logits(step.hidden), step.previous)
                assert step.probability == pytest.approx(probs[step.token], rel=1e-6)
    assert len({tuple(words(run)) for run in runs}) > 1  # they still pick for themselves


def test_with_one_context_all_end_when_that_run_ends():
    samplers = [Sampler(0, suppress=(0,)), Sampler(0)]
    steps = list(generate_together(Alphabet(), "x", samplers=samplers, max_tokens=9, seed=0, context=1))
    assert [[s.word for s in row] for row in steps] == [["y", "y"], ["z", "z"], ["[UNK]", ""]]
    steps = list(generate_together(Alphabet(), "x", samplers=samplers, max_tokens=4, seed=0, context=0))
    assert [[s and s.word for s in row] for row in steps] == [
        ["y", "y"],
        ["z", "z"],
        ["[UNK]", ""],
        ["a", "a"],
    ]


def test_forced_words():
    pair = networks.random_pair()
    free = columns(generate_together(pair, PROMPT, samplers=SAMPLERS, max_tokens=12, seed=6))
    forced = columns(
        generate_together(pair, PROMPT, samplers=SAMPLERS, max_tokens=12, seed=6, forced={3: "w50", 99: "w1"})
    )
    for before, after, sampler in zip(free, forced, SAMPLERS, strict=True):
        assert words(before)[:3] == words(after)[:3]
        step = after[3]
        assert step.word == "w50" and step.forced and not after[2].forced
        probs = sampler.distribution(pair.model.logits(step.hidden), step.previous)
        assert step.probability == pytest.approx(probs[step.token], rel=1e-4, abs=1e-12)
        assert after[4].prompt.endswith(" w50")
    assert forced[0][3].probability == 0  # greedy would have taken another word


def test_forcing_the_stop_token_ends_the_runs():
    steps = list(
        generate_together(Alphabet(), "a", samplers=[Sampler(0)], max_tokens=9, seed=0, forced={1: ""})
    )
    assert [step.word for (step,) in steps] == ["b", ""]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"prompt": ""}, "prompt is empty"),
        ({"prompt": " \n\t"}, "prompt is empty"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"max_tokens": 2.5}, "max_tokens"),
        ({"max_tokens": True}, "max_tokens"),
        ({"samplers": []}, "at least one sampler"),
        ({"seed": -1}, "seed"),
        ({"seed": 0.5}, "seed"),
        ({"seed": [1]}, "one for each of the 2"),
        ({"seed": "12"}, "seed"),
        ({"luck": "good"}, "luck"),
        ({"context": 2}, "context"),
        ({"context": -1}, "context"),
        ({"context": "mine"}, "context"),
        ({"forced": {0: "ζ"}}, "'ζ'"),
        ({"forced": {-1: "a"}}, "position"),
        ({"forced": {"0": "a"}}, "position"),
    ],
)
def test_bad_requests_are_refused_at_the_call(options, message):
    options = {"prompt": "a", "samplers": [Sampler(), Sampler()], "max_tokens": 3, "seed": 0, **options}
    prompt = options.pop("prompt")
    with pytest.raises(ValueError, match=message):
        generate_together(Alphabet(), prompt, **options)


def test_a_prompt_of_unknown_words_is_read_as_such():
    pair = networks.random_pair()
    steps = list(generate(pair, "🍕 <b>", sampler=Sampler(1), max_tokens=2, seed=0))
    assert steps[0].prompt == "🍕 < b >"
    assert steps[0].previous == [1, 1, 1, 1]


def test_recipe_prompts():
    assert recipe_prompt("Roasted Vegetables", "chop 1 /").split() == [
        *("recipe", "for", "Roasted", "Vegetables", "|", "chop", "1", "/")
    ]
    assert recipe_prompt("soup").split() == ["recipe", "for", "soup", "|"]


def test_generations_collect_the_runs():
    letters = Alphabet()
    runs = generations(letters, "w", samplers=[Sampler(0), Sampler(0, suppress=(0,))], max_tokens=6, seed=9)
    assert [run.words for run in runs] == [["x", "y", "z"], ["x", "y", "z", "[UNK]", "a", "b"]]
    assert [run.stopped for run in runs] == [True, False]
    assert [(run.seed, run.stream, run.sampler.suppress) for run in runs] == [(9, 0, ()), (9, 0, (0,))]
    assert runs[0].text.split()[0].lower() == "x"
    assert not Generation("a", Sampler(), 0).stopped


def test_five_runs_of_150_words_stay_under_5_mb():
    pair = networks.random_pair(size=300, units=128)
    # Ten thousand characters of prompt should not be kept once a step.
    prompt = "recipe for " + "w3 " * 3000
    samplers = [Sampler(t, suppress=(0,)) for t in (0.2, 0.5, 1, 1.5, 2)]
    next(generate_together(pair, prompt, samplers=samplers, max_tokens=1, seed=0))
    tracemalloc.start()
    try:
        runs = generations(pair, prompt, samplers=samplers, max_tokens=150, seed=0)
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [len(run.steps) for run in runs] == [150] * 5
    assert used < 5e6
