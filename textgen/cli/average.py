"""Average the weights of models that were trained from one start (needs TensorFlow)."""

from __future__ import annotations

import argparse
import importlib.util
import os
from pathlib import Path

from textgen.cli.terminal import Failure, printable, read_corpus


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("bundle", nargs="+", metavar="MODEL", help="a released model or a folder with one")
    add("--out", required=True, type=Path, metavar="DIR", help="the folder for the average")
    add("--validation", type=Path, metavar="FILE", help="recipes to measure it on")


def run(args: argparse.Namespace) -> None:
    if importlib.util.find_spec("tensorflow") is None:
        raise Failure("averaging needs TensorFlow; install it with: pip install -r requirements.txt")
    validation = read_corpus(args.validation) if args.validation else ()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow greets with a page of notes
    from textgen.training.weights import average

    try:
        average(args.bundle, args.out, validation=validation)
    except ValueError as error:
        raise Failure(str(error)) from error
    print(printable(f"averaged: {args.out}"))
