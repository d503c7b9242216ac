"""Measure how well a model predicts the recipes of a file: perplexity by era."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from textgen.cli import arguments
from textgen.cli.terminal import Failure, print_table, printable, read_corpus, say
from textgen.measuring.calibration import GRID, calibrate
from textgen.measuring.dishes import dish_verbs
from textgen.measuring.perplexity import evaluate
from textgen.measuring.study.human import human_figures
from textgen.measuring.title_memory import title_memory
from textgen.measuring.units import is_convincing, unit_probes
from textgen.network.bundle import Bundle, bundle_folder, load_bundle, save_measured
from textgen.text.recipe import Recipe
from textgen.text.typeset import percent
from textgen.views.dishes import dish_rows, offered_verbs
from textgen.views.sweep import figure


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    arguments.add_model(parser, required=True)
    add("--corpus", type=Path, metavar="FILE", help=f"{arguments.RECIPES}; --dishes alone needs none")
    heats = "instead: perplexity at these temperatures, numbers or ranges FROM:TO:STEP " + (
        f"({GRID[0]} to {GRID[-1]:g}), the best one, and how far the network's probabilities can be believed"
    )
    kind = arguments.positive_temperatures
    add("--temperatures", dest="calibration", type=kind, nargs="*", metavar="T", help=heats)
    add("--units", action="store_true", help="instead: which units follow facts about the text")
    add("--memory", action="store_true", help="instead: how long the title matters")
    dishes = "instead: the first verbs of a few hundred dishes, to tell which make a verb likeliest"
    add("--dishes", action="store_true", help=dishes)
    human = "instead: the measures of a sweep on these recipes (the modern ones)"
    add("--human", action="store_true", help=human)
    add("--save", action="store_true", help="with these: keep it in the model's folder, for the app")
    arguments.add_json(parser)


def run(args: argparse.Namespace) -> None:
    asked = [name for name in INSTEAD if getattr(args, name) not in (None, False)]
    if args.save and not asked:
        args.parser.error(
            "--save keeps what one of --temperatures, --units, --memory, --human, --dishes measures"
        )
    if args.corpus is None and asked != ["dishes"]:
        args.parser.error("--corpus FILE is needed: the recipes to measure on (--dishes alone needs none)")
    bundle = load_bundle(args.model)
    recipes = read_corpus(args.corpus) if args.corpus else []
    try:
        results = {name: INSTEAD[name][0](args, bundle, recipes) for name in asked}
    except ValueError as error:
        raise Failure(f"{args.corpus}: {error}") from error
    if not asked:
        results["eras"] = evaluate(bundle, recipes)
    if args.save:
        for name, result in results.items():
            path = save_measured(args.model, name, result)
        say(f"written: {path}")
    if args.json:
        print(json.dumps({"model": bundle.name, "corpus": args.corpus and str(args.corpus), **results}))
        return
    print(printable(f"{bundle.name} on {args.corpus}" if args.corpus else bundle.name))
    if not asked:
        _print_eras(results["eras"])
    for name in asked:
        print()
        INSTEAD[name][1](results[name])


def _human(args: argparse.Namespace, bundle: Bundle, recipes: Sequence[Recipe]) -> dict[str, Any]:
    modern = [recipe for recipe in recipes if recipe.era == "modern"]
    folder = bundle_folder(args.model)
    return human_figures(bundle, modern or recipes, folder=folder, threads=os.cpu_count() or 1)


def _print_eras(eras: dict[str, Any]) -> None:
    head = ["era", "recipes", "tokens", "nats per token", "perplexity", "unknown words"]
    rows = [
        [
            *(printable(era), f"{row['recipes']:,}", f"{row['tokens']:,}"),
            *(f"{row['nats_per_token']:.4f}", f"{row['perplexity']:.2f}", percent(row["unknown_rate"])),
        ]
        for era, row in eras.items()
    ]
    print_table(head, rows)


def _print_units(result: dict[str, Any]) -> None:
    """The strongest unit for each fact, as measured on recipes that had no part in choosing it."""
    print(f"the unit that follows each fact best, on {result['held_out']:,} recipes held out")
    rows = []
    for fact, figures in result["facts"].items():
        best, untrained = figures["best"][0], figures["untrained"]
        place = f"layer {best['layer'] + 1}, unit {best['unit']}, {best['state']}"
        numbers = [f"{r:+.2f}" for r in (best["r"], best["low"], best["high"], untrained)]
        rows.append([fact, place, *numbers, "not " * (not is_convincing(best, untrained)) + "convincing"])
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


def _print_dishes(result: dict[str, Any]) -> None:
    """For each verb that some dish begins with often, the dishes that make it likeliest at T = 1."""
    print(f"of {len(result['titles']):,} dishes, those that make a verb likeliest as the first, at T = 1")
    rows = []
    for verb in offered_verbs(result):
        likeliest = dish_rows(result, verb, 1.0, most=3)
        rows.append([verb, ", ".join(f"{row['title']} {row['share']}" for row in likeliest)])
    print_table(["verb", "dishes"], [list(map(printable, row)) for row in rows])


# What is measured instead of perplexity by era: the name that it is kept under -> how, and how it is shown
INSTEAD: dict[str, tuple[Callable[..., dict[str, Any]], Callable[[dict[str, Any]], None]]] = {
    "calibration": (
        lambda args, bundle, recipes: calibrate(bundle, recipes, list(chain(*args.calibration)) or GRID),
        _print_calibration,
    ),
    "units": (lambda args, bundle, recipes: unit_probes(bundle, recipes), _print_units),
    "memory": (lambda args, bundle, recipes: title_memory(bundle, recipes), _print_memory),
    "human": (_human, _print_human),
    "dishes": (lambda args, bundle, recipes: dish_verbs(bundle), _print_dishes),
}
