"""Index the runs of five words of a corpus, to tell what texts copy from it."""

from __future__ import annotations

import argparse
from pathlib import Path

from textgen.cli import arguments
from textgen.cli.terminal import Failure, printable, read_corpus
from textgen.text.copying import CopyIndex
from textgen.text.pairings import Pairings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    arguments.add_corpora(parser)
    out = "assets/copies.npz for the released models, or copies.npz in a model's own folder"
    add("--out", required=True, type=Path, metavar="FILE", help=out)
    add("--pairings", type=Path, metavar="FILE", help="also count which ingredients are together in recipes")


def run(args: argparse.Namespace) -> None:
    recipes = [recipe for path in args.corpus for recipe in read_corpus(path)]
    names = ", ".join(path.name for path in args.corpus)
    try:
        index = CopyIndex.of(recipes, {"corpus": names})
    except ValueError as error:
        raise Failure(f"{names}: {error}") from error
    index.save(args.out)
    if args.pairings is not None:
        args.pairings.write_text(Pairings.of(recipes).to_json(), encoding="utf-8")
    rate = index.facts["false_positive_rate"]
    print(
        printable(
            f"{args.out}: {index.facts['ngrams']:,} 5-grams of {index.facts['recipes']:,} recipes, "
            f"{args.out.stat().st_size:,} bytes; {rate:.3%} of others are taken for one of them"
        )
    )
