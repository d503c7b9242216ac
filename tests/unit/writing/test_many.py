"""Many texts at once are the texts of one at a time, and their sums those of plain loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import random_pair

from textgen.measuring.distributions import entropy
from textgen.network.bundle import available_bundles, load_bundle
from textgen.writing.generate import generate
from textgen.writing.many import ENDED, score, write_all
from textgen.writing.sampling import Luck, Sampler, apply_temperature

PROMPT = "recipe for w3 |"
PAIR = random_pair(seed=4)
SAMPLERS = [
    Sampler(0),
    Sampler(0, suppress=(0, 1)),
    Sampler(0.05),
    Sampler(0.7, suppress=(1,)),
    Sampler(1.0, suppress=(1,)),
    Sampler(2.0),
    Sampler(float("inf")),
    Sampler(1e-5),
    Sampler(1.3, top_k=5, suppress=(1,)),
    Sampler(1.3, top_n_sigma=1.2, suppress=(1,)),
    Sampler(0.9, top_p=0.8),
    Sampler(1.0, min_p=0.1),
    Sampler(1.1, typical_p=0.5),
    Sampler(0.8, repetition_penalty=1.4),
]


def write(pair, prompt, *, sampler=None, **options):
    return write_all(pair, prompt, samplers=[sampler or Sampler()], **options)[0]


def alone(pair, sampler, seed, words):
    return list(generate(pair, PROMPT, sampler=sampler, max_tokens=words, seed=seed))


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("sampler", SAMPLERS, ids=str)
def test_each_text_is_the_one_that_generate_writes(sampler, threads):
    seeds = [*range(25), 3, 2**64 - 1]
    texts = write(PAIR, PROMPT, sampler=sampler, seeds=seeds, max_tokens=12, threads=threads)
    assert texts.tokens.shape == (27, 12)
    for n, seed in enumerate(seeds):
        steps = alone(PAIR, sampler, seed, 12)
        tokens = [step.token for step in steps]
        assert texts.tokens[n].tolist() == tokens + [ENDED] * (12 - len(tokens))
        assert texts.lengths[n] == len(tokens)
        plain = [apply_temperature(PAIR.model.logits(step.hidden), 1)[step.token] for step in steps]
        assert texts.nats[n] == pytest.approx(-np.log(plain).sum(), rel=1e-5, abs=1e-5)
        drawn = [sampler.distribution(PAIR.model.logits(step.hidden), step.previous) for step in steps]
        assert texts.entropy[n] == pytest.approx(entropy(drawn).sum(), rel=1e-5, abs=1e-5)
        chances = [p[token] for p, token in zip(drawn, tokens, strict=True)]
        assert np.exp(texts.log_p[n]) == pytest.approx([*chances, *[1] * (12 - len(tokens))], rel=1e-5)


@given(
    st.lists(st.integers(0, 2**64 - 1), min_size=1, max_size=30),
    st.floats(0.001, 1000),
    st.integers(2, 400),
    st.sampled_from(["lstm", "gru"]),
)
@settings(max_examples=40, deadline=None)
def test_at_any_temperature_and_size(seeds, temperature, size, kind):
    pair = random_pair(size + 5, kind=kind, seed=size)
    texts = write(pair, PROMPT, sampler=Sampler(temperature), seeds=seeds, max_tokens=4)
    for n in {0, len(seeds) - 1}:
        steps = alone(pair, Sampler(temperature), seeds[n], 4)
        assert [t for t in texts.tokens[n] if t != ENDED] == [step.token for step in steps]


def test_a_text_does_not_depend_on_its_company_to_the_last_bit():
    sampler = Sampler(0.9, suppress=(1,))
    whole = write(PAIR, PROMPT, sampler=sampler, seeds=range(40), max_tokens=15)
    split = write(PAIR, PROMPT, sampler=sampler, seeds=range(40), max_tokens=15, threads=4)
    some = write(PAIR, PROMPT, sampler=sampler, seeds=range(39, 9, -3), max_tokens=15)
    for name in ("tokens", "nats", "entropy", "log_p"):
        assert np.array_equal(getattr(whole, name), getattr(split, name))
        assert np.array_equal(getattr(whole, name)[39:9:-3], getattr(some, name))


def test_many_samplers_at_once_write_what_each_writes_alone():
    together = write_all(PAIR, PROMPT, samplers=SAMPLERS, seeds=range(21), max_tokens=12, threads=2)
    for sampler, texts in zip(SAMPLERS, together, strict=True):
        alone_ = write(PAIR, PROMPT, sampler=sampler, seeds=range(21), max_tokens=12)
        for name in ("tokens", "nats", "entropy", "log_p"):
            assert np.array_equal(getattr(texts, name), getattr(alone_, name)), (sampler, name)
    assert [len(texts.tokens) for texts in write_all(PAIR, PROMPT, samplers=SAMPLERS[:4], seeds=[])] == [
        0
    ] * 4


def test_texts_that_share_words_are_computed_once():
    class Counting:
        def __init__(self, model):
            self.model, self.rows = model, 0

        def __getattr__(self, name):
            return getattr(self.model, name)

        def logits(self, hidden):
            self.rows += len(hidden)
            return self.model.logits(hidden)

    pair = random_pair(seed=4)
    pair.model = Counting(pair.model)
    write(pair, PROMPT, sampler=Sampler(0.002), seeds=range(64), max_tokens=10)
    assert pair.model.rows < 20


@pytest.mark.parametrize("threads", [1, 2])
def test_scoring_a_text_gives_what_was_said_while_it_was_written(threads):
    texts = write(PAIR, PROMPT, sampler=Sampler(1.0), seeds=range(33), max_tokens=14)
    context = PAIR.vocabulary.encode(PROMPT.split())
    scored = score(PAIR, [context] * 33, texts.tokens, threads=threads)
    assert np.array_equal(scored.tokens, texts.tokens)
    assert scored.nats == pytest.approx(texts.nats, rel=1e-5)
    assert scored.entropy == pytest.approx(texts.entropy, rel=1e-5)
    assert scored.log_p == pytest.approx(texts.log_p, rel=1e-5, abs=1e-5)


def test_texts_after_contexts_of_different_lengths_are_scored_each_by_its_own():
    rng = np.random.default_rng(1)
    contexts = [rng.integers(2, 60, size=n).tolist() for n in (1, 7, 3, 4, 4, 12, 2, 5, 9, 1)]
    tokens = np.full((10, 6), ENDED, dtype=np.int32)
    for n, length in enumerate((6, 1, 0, 3, 6, 2, 5, 4, 1, 6)):
        tokens[n, :length] = rng.integers(0, 60, size=length)
    together = score(PAIR, contexts, tokens)
    for n, context in enumerate(contexts):
        apart = score(PAIR, [context], tokens[n : n + 1])
        assert together.nats[n] == apart.nats[0] and together.entropy[n] == apart.entropy[0]
        state, expected = PAIR.model.start(1), 0.0
        words = [*context, *(t for t in tokens[n].tolist() if t != ENDED)]
        for t, word in enumerate(words[:-1]):
            hidden, state = PAIR.model.step([word], state)
            if t + 1 >= len(context):
                expected -= np.log(apply_temperature(PAIR.model.logits(hidden)[0], 1)[words[t + 1]])
        assert together.nats[n] == pytest.approx(expected, rel=1e-5)


def test_the_screening_keeps_the_winner_of_every_kind_of_draw():
    # v near 0 and near 1, where float32 has few digits
    raw = np.array([0, 1, 2**31, 2**32 - 2, 2**32 - 1], dtype=np.uint32)
    e = Luck.as_exponential(raw)
    v = (~raw).astype(np.float32) + np.float32(0.5)
    assert (v / 2.0**32 <= e * 1.001).all()


def test_bad_input_is_a_sentence():
    with pytest.raises(ValueError, match="the prompt is empty"):
        write(PAIR, " ", seeds=[1])
    with pytest.raises(ValueError, match="max_tokens"):
        write(PAIR, PROMPT, seeds=[1], max_tokens=0)
    with pytest.raises(ValueError, match="seed"):
        write(PAIR, PROMPT, seeds=[-1])
    with pytest.raises(ValueError, match="contexts"):
        score(PAIR, [[1]], np.zeros((2, 3), dtype=np.int32))


@pytest.mark.skipif(not available_bundles(), reason="no released network")
@pytest.mark.parametrize("temperature", [0.3, 1.0, 1.8])
def test_the_released_network_writes_the_same_words(temperature):
    bundle, prompt = load_bundle(available_bundles()[0]), "recipe for apple pie |"
    sampler = Sampler(temperature, suppress=(1,))
    texts = write(bundle, prompt, sampler=sampler, seeds=range(12), max_tokens=25, threads=2)
    for seed in (0, 5, 11):
        steps = generate(bundle, prompt, sampler=sampler, max_tokens=25, seed=seed)
        assert [t for t in texts.tokens[seed] if t != ENDED] == [step.token for step in steps]
