"""Measure how well a model predicts the recipes of a file: perplexity by era."""

from __future__ import annotations

import argparse
import itertools
import json
import os
from pathlib import Path
from typing import Any

from textgen.cli import arguments
from textgen.cli.terminal import Failure, print_table, printable, read_corpus, say
from textgen.measuring.calibration import GRID, calibrate
from textgen.measuring.perplexity import evaluate
from textgen.measuring.study.human import human_figures
from textgen.measuring.title_memory import title_memory
from textgen.measuring.units import is_convincing, unit_probes
from textgen.network.bundle import Bundle, bundle_folder, load_bundle, save_measured
from textgen.text.typeset import percent
from textgen.views.sweep import figure


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    arguments.add_model(parser, required=True)
    add("--corpus", required=True, type=Path, metavar="FILE", help=arguments.RECIPES)
    heats = "instead: perplexity at these temperatures, numbers or ranges FROM:TO:STEP " + (
        f"({GRID[0]} to {GRID[-1]:g}), the best one, and how far the network's probabilities can be believed"
    )
    add("--temperatures", type=arguments.positive_temperatures, nargs="*", metavar="T", help=heats)
    add("--units", action="store_true", help="instead: which units follow facts about the text")
    add("--memory", action="store_true", help="instead: how long the title matters")
    human = "instead: the measures of a sweep on these recipes (the modern ones)"
    add("--human", action="store_true", help=human)
    add("--save", action="store_true", help="with these: keep it in the model's folder, for the app")
    arguments.add_json(parser)


def run(args: argparse.Namespace) -> None:
    asked = args.temperatures is not None or args.units or args.memory or args.human
    if args.save and not asked:
        args.parser.error(
            "--save keeps what --temperatures, --units, --memory and --human measure: give one too"
        )
    bundle = load_bundle(args.model)
    recipes = read_corpus(args.corpus)
    if asked:
        _measure(args, bundle, recipes)
        return
    result = evaluate(bundle, recipes)
    if args.json:
        print(json.dumps({"model": bundle.name, "corpus": str(args.corpus), "eras": result}))
        return
    print(printable(f"{bundle.name} on {args.corpus}"))
    head = ["era", "recipes", "tokens", "nats per token", "perplexity", "unknown words"]
    rows = [
        [
            *(printable(era), f"{row['recipes']:,}", f"{row['tokens']:,}"),
            *(f"{row['nats_per_token']:.4f}", f"{row['perplexity']:.2f}", percent(row["unknown_rate"])),
        ]
        for era, row in result.items()
    ]
    print_table(head, rows)


def _measure(args: argparse.Namespace, bundle: Bundle, recipes: list[Any]) -> None:
    """What was asked for of calibration, units and memory: kept, and shown one after the other."""
    found: dict[str, Any] = {}
    try:
        if args.temperatures is not None:
            heats = list(itertools.chain(*args.temperatures)) or GRID
            found["calibration"] = calibrate(bundle, recipes, heats)
        if args.units:
            found["units"] = unit_probes(bundle, recipes)
        if args.memory:
            found["memory"] = title_memory(bundle, recipes)
        if args.human:
            modern = [recipe for recipe in recipes if recipe.era == "modern"]
            own = bundle_folder(args.model)
            found["human"] = human_figures(bundle, modern or recipes, folder=own, threads=os.cpu_count() or 1)
    except ValueError as error:
        raise Failure(f"{args.corpus}: {error}") from error
    if args.save:
        for key, result in found.items():
            path = save_measured(args.model, key, result)
        say(f"written: {path}")
    if args.json:
        print(json.dumps({"model": bundle.name, "corpus": str(args.corpus), **found}))
        return
    shown = {
        "calibration": _print_calibration,
        "units": _print_units,
        "memory": _print_memory,
        "human": _print_human,
    }
    print(printable(f"{bundle.name} on {args.corpus}"))
    for key, result in found.items():
        print()
        shown[key](result)


def _print_units(result: dict[str, Any]) -> None:
    """The strongest unit for each fact, as measured on recipes that had no part in choosing it."""
    print(f"the unit that follows each fact best, on {result['held_out']:,} recipes held out")
    rows = []
    for fact, told in result["facts"].items():
        one = told["best"][0]
        verdict = "convincing" if is_convincing(one, told["untrained"]) else "not convincing"
        numbers = [f"{r:+.2f}" for r in (one["r"], one["low"], one["high"], told["untrained"])]
        rows.append(
            [fact, f"layer {one['layer'] + 1}, unit {one['unit']}, {one['state']}", *numbers, verdict]
        )
    print_table(["fact", "unit", "correlation", "from", "to", "untrained", ""], rows)


def _print_memory(result: dict[str, Any]) -> None:
    """How much the title still changes the next word, by distance from it."""
    print("how much another title changes the next word, in bits, with 95 % interval")
    keys = ("bits", "low", "high", "likelihood", "count")
    rows = [
        [str(distance), f"{bits:.4f}", f"{low:.4f}", f"{high:.4f}", f"{lost:.3f}", f"{count:,}"]
        for distance, bits, low, high, lost, count in zip(
            result["distances"], *(result[key] for key in keys), strict=True
        )
    ]
    print_table(["words since the title", "bits", "from", "to", "true word loses", "recipes"], rows)


def _print_calibration(result: dict[str, Any]) -> None:
    """Perplexity against temperature, by era, and the expected calibration error."""
    eras = result["eras"]
    print("perplexity")
    rows = [
        [f"{heat:g}", *(_large(of["perplexity"][k]) for of in eras.values())]
        for k, heat in enumerate(result["temperatures"])
    ]
    best = [of["best"] for of in eras.values()]
    rows.append(["best", *(_large(at["perplexity"]) for at in best)])
    rows.append(["at T", *(f"{at['temperature']:.3f}" + " (edge)" * at["at_edge"] for at in best)])
    rows.append(["95 %", *(_span(at["low"], at["high"]) for at in best)])
    print_table(["T", *map(printable, eras)], rows)
    print(f"\nexpected calibration error of the likeliest word, {result['bins']} bins")
    heats = list(next(iter(eras.values()))["reliability"])
    print_table(
        ["T", *map(printable, eras)],
        [[heat, *(percent(of["reliability"][heat]["ece"]) for of in eras.values())] for heat in heats],
    )


def _large(value: float | None) -> str:
    return "too large" if value is None else f"{value:,.2f}"


def _span(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{low:.3f} to {high:.3f}"


def _print_human(result: dict[str, Any]) -> None:
    print(f"human text: {result['recipes']:,} recipes, by the number of words they are cut to")
    at = [words for words in result["words"] if words in ("20", "60", "200")]
    names = list(result["words"][at[0]])
    print_table(
        ["measure", *(f"{words} words" for words in at)],
        [[name, *(figure(result["words"][words][name][0], name) for words in at)] for name in names],
    )
