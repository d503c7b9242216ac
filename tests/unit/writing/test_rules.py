"""What holds of every row of the table of sampling rules, whichever are in it."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from networks import random_pair

from textgen.cli.parser import main
from textgen.measuring.study.settings import parse_filter
from textgen.writing.generate import generate
from textgen.writing.many import ENDED, write_all
from textgen.writing.rules import RULES
from textgen.writing.sampling import Sampler

every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)


def strict(rule):
    """The value of its control that is farthest from off, and not the very end."""
    far = rule.low + 1 if rule.kind is int else (rule.low + rule.high) / 2
    return rule.setting(far)


def test_saved_addresses_keep_their_keys_and_studies_their_names():
    keys = {rule.name: rule.key for rule in RULES}
    assert len(set(keys.values())) == len(RULES)
    assert (
        keys.items()
        >= {
            "repetition_penalty": "penalty",
            "top_k": "k",
            "top_p": "p",
            "min_p": "min_p",
            "typical_p": "typical",
        }.items()
    )


def test_rules_act_from_the_words_so_far_to_the_weights():
    order = ["words", "logits", "weights"]
    stages = [order.index(rule.stage) for rule in RULES]
    assert stages == sorted(stages)


@every_rule
def test_every_value_of_a_control_makes_a_sampler(rule):
    assert rule.setting(rule.off) is None and rule.low <= rule.off <= rule.high
    assert Sampler(**{rule.name: None}).active == ()
    for value in np.arange(rule.low, rule.high + rule.step / 2, max(rule.step, (rule.high - rule.low) / 500)):
        sampler = Sampler(**{rule.name: rule.setting(rule.kind(min(value, rule.high)))})
        assert len(sampler.active) == (rule.kind(value) != rule.off)


@every_rule
def test_samplers_travel_between_processes(rule):
    sampler = Sampler(0.7, **{rule.name: strict(rule)})
    assert sampler.active == ((rule, strict(rule)),)
    there = pickle.loads(pickle.dumps(sampler))
    assert there == sampler and there.active == sampler.active


@every_rule
def test_many_texts_obey_every_rule(rule):
    pair, seeds = random_pair(seed=4), range(9)
    samplers = [Sampler(1.2), Sampler(1.2, **{rule.name: strict(rule)})]
    free, ruled = write_all(pair, "recipe for w3 |", samplers=samplers, seeds=seeds, max_tokens=12)
    assert not np.array_equal(free.tokens, ruled.tokens)
    for seed, tokens in zip(seeds, ruled.tokens, strict=True):
        alone = generate(pair, "recipe for w3 |", sampler=samplers[1], max_tokens=12, seed=seed)
        assert [token for token in tokens if token != ENDED] == [step.token for step in alone]


@every_rule
def test_studies_and_the_command_line_take_every_rule(rule, capsys):
    value = strict(rule)
    assert parse_filter(f"{rule.name}={value}") == {rule.name: value}
    option = "--" + rule.name.replace("_", "-")
    with pytest.raises(SystemExit) as stopped:
        main(["generate", "soup", option, "-1"])
    assert stopped.value.code == 2 and f"{rule.name} must {rule.must}" in capsys.readouterr().err
