"""Training from the terminal."""

from __future__ import annotations

import argparse
import importlib.util
import os

from textgen.cli.terminal import Failure, ProgressBar, printable, read_corpus, say


def train_command(args: argparse.Namespace) -> None:
    if importlib.util.find_spec("tensorflow") is None:
        raise Failure("training needs TensorFlow; install it with: pip install -r requirements-train.txt")
    recipes = [recipe for path in args.corpus for recipe in read_corpus(path)]
    validation = read_corpus(args.validation) if args.validation else None
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow greets with a page of notes
    from textgen.training.callbacks import TextGenerator
    from textgen.training.job import train

    folder = args.out.with_name(f"{args.out.name}.checkpoints")
    bar = ProgressBar()
    try:
        if args.resume and not (folder / "vocabulary.json").is_file():
            raise Failure(f"there is nothing to resume: {folder} holds no checkpoint")
        train(
            recipes, args.out, architecture=args.model, validation=validation, epochs=args.epochs,
            seed=args.seed, compute="bfloat16" if args.bfloat16 else "float32", as_book=args.book,
            resume=args.resume, callbacks=lambda vocabulary: [TextGenerator(vocabulary.words)],
            on_progress=bar.update, on_epoch=bar.epoch,
        )  # fmt: skip
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
