"""Show which recipe verb comes first, by title and temperature."""

from __future__ import annotations

import argparse
import dataclasses
import itertools
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from textgen.cli import arguments
from textgen.cli.terminal import print_table, printable, read_corpus, say, say_unknown
from textgen.measuring.first_verbs import FirstVerbs, divergence, divergence_interval, first_verbs
from textgen.measuring.title_information import TitleInformation, title_information_by_era
from textgen.network.bundle import Bundle, load_bundle
from textgen.text.typeset import percent
from textgen.text.vocabulary import tokenize, unknown_words


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("title", nargs="*", help='what to cook, such as "roasted vegetables" "chocolate ice cream"')
    arguments.add_temperatures(parser, "column")
    top = "the most verbs of a table (%(default)s)"
    add("--top", type=arguments.count, default=8, metavar="N", help=top)
    corpus = f"also measure how much titles tell about the first verb, on {arguments.RECIPES}"
    add("--corpus", type=Path, metavar="FILE", help=corpus)
    arguments.add_seed(parser, "of what has to be sampled")
    arguments.add_model(parser)
    arguments.add_json(parser, "write JSON, with intervals")


def run(args: argparse.Namespace) -> None:
    titles = list(dict.fromkeys(args.title))
    if not titles and not args.corpus:
        args.parser.error('give at least one title, such as "roasted vegetables", or --corpus FILE')
    if not all(title.strip() for title in titles):
        args.parser.error("a title is empty: say what to cook")
    bundle = load_bundle(args.model or arguments.default_model())
    temperatures = list(dict.fromkeys(args.temperature or arguments.DEFAULT_TEMPERATURES))
    for title in titles:
        _remark(title, bundle, args.title.count(title) > 1)
    firsts = [first_verbs(bundle, title, temperatures, seed=args.seed) for title in titles]
    information = (
        title_information_by_era(
            bundle,
            read_corpus(args.corpus),
            seed=args.seed,
            on_skip=lambda era, why: say(f"{era} recipes: {why}"),
        )
        if args.corpus
        else {}
    )
    if args.json:
        print(json.dumps(_verb_facts(bundle, firsts, information)))
        return
    head = [f"T = {temperature:g}" for temperature in temperatures]
    for number, first in enumerate(firsts):
        top = first.top(args.top)
        rows = [(printable(verb), first.of(verb)) for verb in top]
        others = first.probability.sum(axis=1) - sum(first.of(verb) for verb in top)
        rows += [
            ("other verbs", others),
            ("no verb", first.none),
            (f"not in {first.max_words} words", first.later),
        ]
        print(f"{chr(10) if number else ''}{printable(first.title)}")
        print_table(
            ["first verb", *head],
            [[name, *(percent(float(value)) for value in values)] for name, values in rows],
        )
    if len(firsts) > 1:
        print("\nhow far apart, in bits (0: the same verbs, 1: none in common)")
        pairs = [(a, b, divergence(a, b)) for a, b in itertools.combinations(firsts, 2)]
        print_table(
            ["titles", *head],
            [
                [printable(f"{a.title} / {b.title}"), *("-" if math.isnan(x) else f"{x:.2f}" for x in bits)]
                for a, b, bits in pairs
            ],
        )
    if information:
        print("\n" * bool(firsts) + "what the title tells about the first verb, in bits, with 95 % interval")
        print_table(
            ["era", "bits", "from", "to", "recipes"],
            [
                [printable(era), *(f"{x:.2f}" for x in (told.bits, told.low, told.high)), f"{told.recipes:,}"]
                for era, told in information.items()
            ],
        )


def _remark(title: str, bundle: Bundle, repeated: bool) -> None:
    """Say what a title does that its writer may not expect."""
    if repeated:
        say(f"{title!r} was given more than once; it is shown once")
    if "|" in title:
        say(f"the bar in {title!r} tells the model that the title is over")
    words = set(tokenize(title))
    if words and len(words) == len(unknown_words(title, bundle.vocabulary)):
        say(f"the model knows no word of {title!r}: it answers as for any dish that it has never heard of")
    else:
        say_unknown(title, bundle)


def _verb_facts(
    bundle: Bundle, firsts: Sequence[FirstVerbs], information: dict[str, TitleInformation]
) -> dict[str, Any]:
    def numbers(values: Any) -> Any:
        """As JSON has them: no NaN, no infinity."""
        return [None if math.isnan(x) else x if math.isfinite(x) else "inf" for x in values]

    return {
        "model": bundle.name,
        "titles": [
            {
                "title": first.title,
                "unknown_words": list(first.unknown),
                "temperatures": numbers(first.temperatures),
                "verbs": {
                    verb: {
                        "group": first.groups[i],
                        "probability": first.probability[:, i].tolist(),
                        "low": first.low[:, i].tolist(),
                        "high": first.high[:, i].tolist(),
                    }
                    for verb in first.top(len(first.verbs))
                    for i in [first.verbs.index(verb)]
                },
                "no_verb": first.none.tolist(),
                "later": first.later.tolist(),
                "max_words": first.max_words,
                "unresolved": first.unresolved.tolist(),
            }
            for first in firsts
        ],
        "divergence_bits": [
            {
                "titles": [a.title, b.title],
                "bits": numbers(divergence(a, b)),
                **dict(zip(("low", "high"), map(numbers, divergence_interval(a, b)), strict=True)),
            }
            for a, b in itertools.combinations(firsts, 2)
        ],
        "title_information": {era: dataclasses.asdict(told) for era, told in information.items()},
    }
