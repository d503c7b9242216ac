"""The command line: `python -m textgen generate | verbs | evaluate | sweep | index | train | models`.

Exit codes: 0 done; 1 could not be done, with one sentence on standard error; 2 wrong usage; 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from textgen.cli.evaluate import evaluate_command
from textgen.cli.generate import generate_command
from textgen.cli.index import index_command
from textgen.cli.models import models_command
from textgen.cli.sweep import sweep_command
from textgen.cli.terminal import (
    Failure,
    count_type,
    filter_type,
    printable,
    say,
    seed_type,
    study_type,
    temperature_type,
    temperatures_type,
)
from textgen.cli.train import train_command
from textgen.cli.verbs import verbs_command
from textgen.measuring.study.settings import StudyError, parse_temperatures
from textgen.network.bundle import BundleError
from textgen.text.copying import CopyIndexError
from textgen.text.corpus import CorpusError
from textgen.text.vocabulary import UNKNOWN
from textgen.training.architectures import ARCHITECTURES
from textgen.writing.rules import RULES


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {printable(message)}\ntry: {self.prog} --help\n")


def main(argv: Sequence[str] | None = None) -> int:
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal that lacks a character shows its escape
            stream.reconfigure(errors="backslashreplace")
    parser = _build_parser()
    args = parser.parse_args(argv)
    try:
        args.command(args)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, `head` say, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        say("interrupted")
        return 130
    except (Failure, BundleError, CorpusError, CopyIndexError, StudyError) as error:
        say(str(error))
        return 1
    except OSError as error:
        say(f"{error.filename}: {error.strerror}" if error.filename else str(error))
        return 1
    return 0


def _build_parser() -> argparse.ArgumentParser:
    recipes = "recipes: JSON lines, a JSON list, CSV or text, also gzipped"
    parser = _Parser(
        prog="python -m textgen",
        description="Recipes from recurrent networks: write them, measure them, train them.",
        epilog="Exit codes: 0 done, 1 could not be done, 2 wrong usage, 130 interrupted.",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, function: Any, text: str, **more: Any) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.", **more)
        sub.set_defaults(command=function, parser=sub)
        return sub

    sub = command(
        "generate", generate_command, "write a recipe at several temperatures, all else held constant"
    )
    add = sub.add_argument
    add("title", help='what to cook, such as "roasted vegetables"')
    add("--temperature", "-T", type=temperature_type, action="append", metavar="T",
        help="0 (the likeliest word) to inf (any word), once for each text (0.2, 0.7, 1.2)")  # fmt: skip
    add("--opening", default="", metavar="WORDS", help='the first words of the method, such as "chop 1 /"')
    add("--seed", type=seed_type, default=0, metavar="N", help="the same seed writes the same texts (0)")
    add("--luck", choices=("shared", "independent"), default="shared",
        help="whether all temperatures draw the same random numbers (shared)")  # fmt: skip
    add("--max-words", type=count_type, default=60, metavar="N", help="the most words of a text (60)")
    add("--model", metavar="NAME", help="a released model or a folder with one (the first of: models)")
    add("--probs", type=count_type, metavar="N", help="also show the N likeliest words at each step")
    add("--json", action="store_true", help="write JSON")
    early = " and ".join(rule.label.lower() for rule in RULES if rule.stage != "weights")
    group = sub.add_argument_group("sampling rules", f"act in this order: {early} ahead of temperature")
    add = group.add_argument
    for rule in RULES:
        add(f"--{rule.name.replace('_', '-')}", type=rule.kind, help=rule.help)
    add("--no-unknown", action="store_true", help=f"never write {UNKNOWN}")

    sub = command("verbs", verbs_command, "which recipe verb comes first, by title and temperature")
    add = sub.add_argument
    add("title", nargs="*", help='what to cook, such as "roasted vegetables" "chocolate ice cream"')
    add("--temperature", "-T", type=temperature_type, action="append", metavar="T",
        help="0 to inf, once for each column (0.2, 0.7, 1.2)")  # fmt: skip
    add("--top", type=count_type, default=8, metavar="N", help="the most verbs of a table (8)")
    add("--corpus", type=Path, metavar="FILE",
        help=f"also measure how much titles tell about the first verb, on {recipes}")  # fmt: skip
    add("--seed", type=seed_type, default=0, metavar="N", help="of what has to be sampled (0)")
    add("--model", metavar="NAME", help="a released model or a folder with one (the first of: models)")
    add("--json", action="store_true", help="write JSON, with intervals")

    sub = command(
        "evaluate", evaluate_command, "how well a model predicts the recipes of a file: perplexity by era"
    )
    add = sub.add_argument
    add("--model", required=True, metavar="NAME", help="a released model or a folder with one")
    add("--corpus", required=True, type=Path, metavar="FILE", help=recipes)
    add("--temperatures", type=temperatures_type, nargs="*", metavar="T",
        help="instead: perplexity at these temperatures, numbers or ranges LOW:HIGH:STEP (0.3:2:0.05), the "
        "best one, and how far the network's probabilities can be believed")  # fmt: skip
    add("--units", action="store_true", help="instead: which units follow facts about the text")
    add("--memory", action="store_true", help="instead: how long the title matters")
    add("--human", action="store_true",
        help="instead: the measures of a sweep on these recipes (the modern ones)")  # fmt: skip
    add("--save", action="store_true", help="with these: keep it in the model's folder, for the app")
    add("--json", action="store_true", help="write JSON")

    sub = command(
        "sweep", sweep_command, "measure what temperature does to texts: diversity, quality, copying"
    )
    add = sub.add_argument
    add("--prompt", required=True, action="append", metavar="TITLE",
        help='what to cook, or "title | first words of the method"; may be given more than once')  # fmt: skip
    add("--temperatures", type=study_type(parse_temperatures), default="0:2:0.1", metavar="RANGE",
        help="FROM:TO:STEP, or a list: 0.2,0.7,1.2 (0:2:0.1)")  # fmt: skip
    add("--model", action="append", metavar="NAME",
        help="a released model or a folder with one, once or more (the first of: models)")  # fmt: skip
    add(
        "--judge", metavar="NAME", help="the model of the second opinion on perplexity (another released one)"
    )
    add("--filter", type=study_type(filter_type), action="append", metavar="RULES",
        help="none, or rules such as top_k=40 or top_p=0.9,min_p=0.05, once or more (none)")  # fmt: skip
    add(
        "--texts",
        type=int,
        default=64,
        metavar="N",
        help="texts of each prompt, temperature, model and filter (64)",
    )
    add("--max-words", type=count_type, default=60, metavar="N", help="the most words of a text (60)")
    add("--seed", type=seed_type, default=0, metavar="N", help="of the first text; the next has the next (0)")
    add("--out", type=Path, required=True, metavar="FILE", help="the table: a name in .parquet or .csv")
    add("--html", type=Path, metavar="FILE", help="also a report in one file that opens offline")
    add("--scheduler", metavar="ADDRESS",
        help="a Dask scheduler whose workers do the work, such as tcp://host:8786")  # fmt: skip
    add("--processes", type=int, default=0, metavar="N", help="processes of this machine that do the work")

    sub = command(
        "index", index_command, "index the runs of five words of a corpus, to tell what texts copy from it"
    )
    add = sub.add_argument
    add("--corpus", required=True, type=Path, action="append", metavar="FILE",
        help=f"{recipes}; may be given more than once")  # fmt: skip
    add("--out", required=True, type=Path, metavar="FILE",
        help="assets/copies.npz for the released models, or copies.npz in a model's own folder")  # fmt: skip
    add("--pairings", type=Path, metavar="FILE", help="also count which ingredients are together in recipes")

    sub = command("train", train_command, "train a model on your own recipes (needs TensorFlow)")
    add = sub.add_argument
    add("--corpus", required=True, type=Path, action="append", metavar="FILE",
        help=f"{recipes}; may be given more than once")  # fmt: skip
    add("--model", required=True, choices=tuple(ARCHITECTURES),
        help="; ".join(f"{name}: {row.about}" for name, row in ARCHITECTURES.items()))  # fmt: skip
    add("--out", required=True, type=Path, metavar="DIR", help="the folder for the model and its checkpoints")
    add("--validation", type=Path, metavar="FILE", help="recipes to measure on (a part of the corpus)")
    add("--epochs", type=count_type, metavar="N", help="times through the corpus")
    add("--resume", action="store_true", help="go on from the last checkpoint in DIR")
    add("--book", action="store_true", help="train exactly as the book does (25 epochs)")
    add("--seed", type=seed_type, default=0, metavar="N", help="of weights and order (0)")
    add(
        "--bfloat16",
        action="store_true",
        help="multiply in bfloat16: faster on processors that have it, much slower on others",
    )

    sub = command("models", models_command, "list the released models with their figures")
    sub.add_argument("--json", action="store_true", help="write their cards as JSON")
    return parser
