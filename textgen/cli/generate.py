"""Write a recipe at several temperatures, all else held constant."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from typing import Any

from textgen.cli import arguments
from textgen.cli.terminal import print_table, printable, say, say_unknown, shown_word
from textgen.network.bundle import Bundle, load_bundle
from textgen.text.recipe import split_prompt
from textgen.text.typeset import detokenize, percent, remainder
from textgen.text.vocabulary import UNKNOWN, UNKNOWN_ID, tokenize
from textgen.writing.generate import Generation, generations, recipe_prompt
from textgen.writing.rules import RULES
from textgen.writing.sampling import Sampler


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("title", help='what to cook, such as "roasted vegetables"')
    arguments.add_temperatures(parser, "text")
    add("--opening", default="", metavar="WORDS", help='the first words of the method, such as "chop 1 /"')
    arguments.add_seed(parser, "the same seed writes the same texts")
    luck = "whether all temperatures draw the same random numbers (%(default)s)"
    add("--luck", choices=("shared", "independent"), default="shared", help=luck)
    arguments.add_max_words(parser)
    arguments.add_model(parser)
    probs = "also show the N likeliest words at each step, of those that the rules leave"
    add("--probs", type=arguments.count, metavar="N", help=probs)
    arguments.add_json(parser)
    rules = arguments.add_rules(parser, RULES)
    rules.add_argument("--no-unknown", action="store_true", help=f"never write {UNKNOWN}")


def run(args: argparse.Namespace) -> None:
    title, opening = split_prompt(args.title)
    if not title:
        args.parser.error('the title is empty: say what to cook, for example "roasted vegetables"')
    if (title, opening) != (args.title.strip(), ""):  # the book's "recipe for TITLE | OPENING"
        args.title, args.opening = title, f"{opening} {args.opening}".strip()
        say(f"read as the title {title!r}" + (f" and the opening {args.opening!r}" if opening else ""))
    bundle = load_bundle(args.model or arguments.default_model())
    rules: dict[str, Any] = {rule.name: getattr(args, rule.name) for rule in RULES}
    if args.no_unknown:
        rules["suppress"] = (UNKNOWN_ID,)
    temperatures = args.temperature or arguments.DEFAULT_TEMPERATURES
    samplers = [Sampler(temperature=temperature, **rules) for temperature in temperatures]
    prompt = recipe_prompt(args.title, args.opening)
    say_unknown(prompt, bundle)
    runs = generations(
        bundle, prompt, samplers=samplers, max_tokens=args.max_words, seed=args.seed, luck=args.luck
    )
    if args.json:
        print(json.dumps(_facts(args, bundle, runs)))
        return
    for number, run in enumerate(runs):
        print(f"{chr(10) if number else ''}T = {run.sampler.temperature:g}")
        print(printable(_text(args, run)) or "(nothing: the recipe ends at once)")
        if args.probs:
            print()
            _print_steps(bundle, run, args.probs)


def _text(args: argparse.Namespace, run: Generation) -> str:
    """The method as a person would print it: the opening, then what the network wrote."""
    return detokenize([*tokenize(args.opening), *run.words])


def _likeliest(bundle: Bundle, run: Generation, count: int) -> list[list[tuple[str, float]]]:
    """For each step the `count` likeliest words with their probabilities, after temperature and filters;
    fewer where fewer can be drawn."""
    rows = []
    for step in run.steps:
        probs = run.sampler.distribution(bundle.model.logits(step.hidden), step.previous)
        top = [token for token in (-probs).argsort(kind="stable")[:count] if probs[token] > 0]
        rows.append(list(zip(bundle.vocabulary.decode(top), probs[top].tolist(), strict=True)))
    return rows


def _others(top: Sequence[tuple[str, float]]) -> float:
    return remainder(p for _, p in top)


def _print_steps(bundle: Bundle, run: Generation, count: int) -> None:
    """The distribution at each step as a table: a row a step, the likeliest words from left to right."""
    rows = []
    for step, top in zip(run.steps, _likeliest(bundle, run, count), strict=True):
        pick = [str(step.position + 1), shown_word(step.word), percent(step.probability)]
        words = [f"{percent(p)} {shown_word(word)}" for word, p in top] + [""] * (count - len(top))
        rows.append([*pick, *words, percent(_others(top))])
    print_table(["step", "word", "chance", "likeliest words", *[""] * (count - 1), "all others"], rows)


def _facts(args: argparse.Namespace, bundle: Bundle, runs: Sequence[Generation]) -> dict[str, Any]:
    facts: dict[str, Any] = {"model": bundle.name, "prompt": runs[0].prompt}
    facts.update(seed=args.seed, luck=args.luck, runs=[])
    for run in runs:
        shown = ("position", "word", "token", "probability")
        steps: list[dict[str, Any]] = [{name: getattr(step, name) for name in shown} for step in run.steps]
        if args.probs:
            for step, top in zip(steps, _likeliest(bundle, run, args.probs), strict=True):
                step.update(word_probs=top, other_words=_others(top))
        temperature = run.sampler.temperature
        facts["runs"].append(
            {
                "temperature": temperature if math.isfinite(temperature) else "inf",  # JSON has no infinity
                "text": _text(args, run),
                "stopped": run.stopped,
                "steps": steps,
            }
        )
    return facts
