"""Where two runs part, and why."""

from __future__ import annotations

import networks
import numpy as np
import pytest

from textgen.writing.generate import generations
from textgen.writing.parting import first_difference
from textgen.writing.sampling import Sampler


def test_first_difference_explains_itself():
    pair = networks.random_pair()
    found = 0
    for seed in range(12):
        samplers = [Sampler(0.6), Sampler(1.3)]
        a, b = generations(pair, "recipe for w3 | w7", samplers=samplers, max_tokens=20, seed=seed)
        parting = first_difference(pair, a, b)
        if parting is None:
            continue
        found += 1
        t = parting.position
        assert [step.word for step in a.steps[:t]] == [step.word for step in b.steps[:t]]
        assert (parting.a.word, parting.b.word) == (a.steps[t].word, b.steps[t].word)
        assert parting.a.word != parting.b.word
        assert parting.same_context
        assert parting.a.gumbel[0] == parting.a.gumbel[1] and parting.b.gumbel[0] == parting.b.gumbel[1]
        for n in (0, 1):
            for candidate in (parting.a, parting.b):
                assert candidate.score[n] == pytest.approx(
                    np.log(candidate.probability[n]) + candidate.gumbel[n]
                )
        assert parting.a.score[0] > parting.b.score[0]  # each won under its own temperature
        assert parting.b.score[1] > parting.a.score[1]
        assert parting.a.probability[0] == pytest.approx(a.steps[t].probability, rel=1e-4)
        assert parting.b.probability[1] == pytest.approx(b.steps[t].probability, rel=1e-4)
    assert found > 5


def test_equal_runs_do_not_part():
    pair = networks.random_pair()
    a, b = generations(pair, "recipe for w3 | w7", samplers=[Sampler(0.8)] * 2, max_tokens=20, seed=1)
    assert first_difference(pair, a, b) is None
    b.steps = b.steps[:4]  # one is just shorter
    assert first_difference(pair, a, b) is None
