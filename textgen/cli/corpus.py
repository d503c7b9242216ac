"""Look at a file of recipes: what is read of it, what is not, and how far a vocabulary covers it."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from textgen.cli import arguments
from textgen.cli.terminal import print_table, printable
from textgen.network.bundle import load_bundle
from textgen.text.look import Look, look_at
from textgen.text.typeset import percent
from textgen.text.vocabulary import Vocabulary

_STRANGERS = 15  # unknown words that are named


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("action", choices=("look",), help="what to do: look")
    add("file", type=Path, metavar="FILE", help="a file of recipes, a folder or a zip file")
    add("--vocabulary", metavar="MODEL", help="also how much of it the words of this model cover")
    arguments.add_json(parser)


def run(args: argparse.Namespace) -> None:
    vocabulary = load_bundle(args.vocabulary).vocabulary if args.vocabulary else None
    look = look_at(args.file)
    facts = _facts(look, vocabulary)
    if args.json:
        print(json.dumps(facts))
        return
    for (name, encoding), files in look.formats.items():
        print(printable(f"{name}, {encoding}" + (f": {files:,} files" if files > 1 else "")))
    again = look.recipes - look.different
    print(
        f"{look.recipes:,} recipe{'s' * (look.recipes != 1)}"
        + (f", {again:,} of them repeated" if again else "")
    )
    print(f"{facts['words']:,} words, {len(look.words):,} different")
    print(
        f"words of a recipe: half have up to {look.length(0.5):,}, 19 of 20 up to {look.length(0.95):,}, "
        f"all up to {look.length(1):,}"
    )
    print()
    rows = [[f"{size:,}", percent(share)] for size, share in look.coverage().items()]
    print_table(["vocabulary", "of all words"], rows)
    if vocabulary:
        named = ", ".join(facts["vocabulary"]["unknown"])
        print(printable(f"{args.vocabulary} knows {percent(facts['vocabulary']['coverage'])} of all words"))
        if named:
            print(printable(f"most frequent of those it does not know: {named}"))
    print()
    print("nothing was skipped" if not look.skipped else f"skipped: {look.skipped:,}")
    for problem in look.problems:
        print(printable(f"  {problem}"))
    if look.skipped > len(look.problems):
        print(f"  and {look.skipped - len(look.problems):,} more")
    for recipe in look.examples:
        print()
        print(printable(recipe.title))
        for number, step in enumerate(recipe.steps, start=1):
            print(printable(f"  {number}. {step}"))


def _facts(look: Look, vocabulary: Vocabulary | None) -> dict[str, Any]:
    facts = look.facts()
    if vocabulary:
        strangers = [(word, n) for word, n in look.words.most_common() if word not in vocabulary]
        facts["vocabulary"] = {
            "coverage": 1 - sum(n for _, n in strangers) / facts["words"],
            "unknown": [word for word, _ in strangers[:_STRANGERS]],
        }
    return facts
