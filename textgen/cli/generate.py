"""Recipes at several temperatures, in the terminal."""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from typing import Any

from textgen.cli.terminal import default_model, print_table, printable, say, shown_word
from textgen.network.bundle import Bundle, load_bundle
from textgen.text.recipe import split_prompt
from textgen.text.typeset import detokenize, percent
from textgen.text.vocabulary import UNKNOWN, tokenize, unknown_words
from textgen.writing.generate import Generation, generations, recipe_prompt
from textgen.writing.sampling import Sampler

DEFAULT_TEMPERATURES = (0.2, 0.7, 1.2)


def generate_command(args: argparse.Namespace) -> None:
    if not split_prompt(args.title)[0]:
        args.parser.error('the title is empty: say what to cook, for example "roasted vegetables"')
    bundle = load_bundle(args.model or default_model())
    vocabulary = bundle.vocabulary
    rules: dict[str, Any] = {name: getattr(args, name) for name in ("top_k", "top_p", "min_p", "typical_p")}
    rules["repetition_penalty"] = args.repetition_penalty
    if args.no_unknown:
        rules["suppress"] = tuple(vocabulary.encode([UNKNOWN]))
    try:
        samplers = [Sampler(temperature=t, **rules) for t in args.temperature or DEFAULT_TEMPERATURES]
    except ValueError as error:
        args.parser.error(str(error))
    title, opening = split_prompt(args.title)
    if (title, opening) != (args.title.strip(), ""):  # the book's "recipe for TITLE | OPENING"
        args.title, args.opening = title, f"{opening} {args.opening}".strip()
        say(f"read as the title {title!r}" + (f" and the opening {args.opening!r}" if opening else ""))
    prompt = recipe_prompt(args.title, args.opening)
    strangers = unknown_words(prompt, vocabulary)
    if strangers:
        say(f"read as {UNKNOWN}, for the model does not know them: {', '.join(strangers)}")
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
    """For each step the `count` likeliest words with their probabilities, after temperature and filters."""
    rows = []
    for step in run.steps:
        probs = run.sampler.distribution(bundle.model.logits(step.hidden), step.previous)
        top = (-probs).argsort(kind="stable")[:count]
        rows.append(list(zip(bundle.vocabulary.decode(top), probs[top].tolist(), strict=True)))
    return rows


def _others(top: Sequence[tuple[str, float]]) -> float:
    return max(0.0, 1 - math.fsum(p for _, p in top))


def _print_steps(bundle: Bundle, run: Generation, count: int) -> None:
    """The distribution at each step as a table: a row a step, the likeliest words from left to right."""
    rows = []
    for step, top in zip(run.steps, _likeliest(bundle, run, count), strict=True):
        pick = [str(step.position + 1), shown_word(step.word), percent(step.probability)]
        rows.append([*pick, *(f"{percent(p)} {shown_word(word)}" for word, p in top), percent(_others(top))])
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
