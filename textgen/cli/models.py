"""List the released models with their figures."""

from __future__ import annotations

import argparse
import json

from textgen.cli import arguments
from textgen.cli.terminal import NO_MODEL, Failure, print_table, printable, say
from textgen.network.bundle import BundleError, available_bundles, load_bundle


def add_arguments(parser: argparse.ArgumentParser) -> None:
    arguments.add_json(parser, "write their cards as JSON")


def run(args: argparse.Namespace) -> None:
    bundles = []
    for name in available_bundles():
        try:
            bundles.append(load_bundle(name))
        except BundleError as error:
            say(f"{name} is left out: {error}")
    if args.json:
        print(json.dumps({bundle.name: bundle.card for bundle in bundles}))
        return
    if not bundles:
        raise Failure(NO_MODEL)
    rows = []
    for bundle in bundles:
        figures = bundle.card.get("evaluation", {})
        parameters = bundle.card.get("architecture", {}).get("parameters")
        rows.append(
            [printable(bundle.name), f"{parameters:,}" if isinstance(parameters, int) else "?"]
            + [_figure(figures.get(era, {}).get("perplexity")) for era in ("modern", "home", "historic")]
        )
    print_table(["model", "parameters", "perplexity: modern", "home", "historic"], rows)


def _figure(value: object) -> str:
    return f"{value:.1f}" if isinstance(value, (int, float)) else "not measured"
