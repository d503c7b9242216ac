"""Train a model on your own recipes (needs TensorFlow)."""

from __future__ import annotations

import argparse
import datetime
import importlib.util
import math
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from textgen.cli import arguments
from textgen.cli.terminal import Failure, ProgressBar, printable, read_corpus, say
from textgen.training.architectures import ARCHITECTURES

if TYPE_CHECKING:
    from textgen.training.job import Progress


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    arguments.add_corpora(parser)
    known = "; ".join(f"{name}: {row.label}, {row.about}" for name, row in ARCHITECTURES.items())
    add("--model", required=True, choices=tuple(ARCHITECTURES), help=known)
    add("--out", required=True, type=Path, metavar="DIR", help="the folder for the model and its checkpoints")
    add("--validation", type=Path, metavar="FILE", help="recipes to measure on (a part of the corpus)")
    add("--epochs", type=arguments.count, metavar="N", help="times through the corpus")
    start = "start from the weights of this released model, or of one in a folder"
    add("--from", dest="start", metavar="MODEL", help=start)
    add("--resume", action="store_true", help="go on from the last checkpoint in DIR")
    add("--book", action="store_true", help="train exactly as the book does (25 epochs)")
    arguments.add_seed(parser, "of weights and order")
    bfloat16 = "multiply in bfloat16: faster on processors that have it, much slower on others"
    add("--bfloat16", action="store_true", help=bfloat16)


def run(args: argparse.Namespace) -> None:
    if importlib.util.find_spec("tensorflow") is None:
        raise Failure("training needs TensorFlow; install it with: pip install -r requirements.txt")
    recipes = [recipe for path in args.corpus for recipe in read_corpus(path)]
    validation = read_corpus(args.validation) if args.validation else None
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow greets with a page of notes
    from textgen.training.callbacks import TextGenerator
    from textgen.training.job import train

    folder = args.out.with_name(f"{args.out.name}.checkpoints")
    bar = ProgressBar()

    def on_progress(now: Progress) -> None:
        left = datetime.timedelta(seconds=round(now.seconds_left))
        where = f"of {now.stage} {now.epoch}/{now.epochs}  loss {now.loss:.3f}"
        bar.show(now.batch, now.batches, f"{where}  {now.words_per_second:,.0f} words/s  {left} left")

    def on_epoch(record: dict[str, Any]) -> None:
        bar.clear()
        parts = [f"epoch {record['epoch']}: loss {record['loss']:.3f}"]
        for era, perplexity in record.get("validation", {}).items():
            parts.append(f"validation {era} loss {math.log(perplexity):.3f}, perplexity {perplexity:.1f}")
        print(printable("; ".join(parts)), flush=True)

    try:
        if args.resume and not (folder / "vocabulary.json").is_file():
            raise Failure(f"there is nothing to resume: {folder} holds no checkpoint")
        train(
            recipes,
            args.out,
            architecture=args.model,
            validation=validation,
            epochs=args.epochs,
            seed=args.seed,
            compute="bfloat16" if args.bfloat16 else "float32",
            as_book=args.book,
            start=args.start,
            resume=args.resume,
            callbacks=lambda vocabulary: [TextGenerator(vocabulary.words)],
            on_progress=on_progress,
            on_epoch=on_epoch,
        )
    except (ValueError, FloatingPointError) as error:
        raise Failure(str(error)) from error
    except KeyboardInterrupt:
        bar.clear()
        if (args.out / "model.keras").is_file():
            say(f"{args.out} holds what was learned so far; --resume goes on from here")
        raise
    finally:
        bar.clear()
    print(printable(f"trained: {args.out}"))
