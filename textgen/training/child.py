"""The process that looks at a corpus, or trains on it, for the app: `python -m textgen.training.child`.

It reads the folder of a run (`textgen.training.runs`) and writes there what became of it. It waits for its
turn before TensorFlow is imported, does what it is asked for between two batches, and whatever ends it, the
best epoch so far is on the disk.
"""

from __future__ import annotations

import dataclasses
import errno
import faulthandler
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from textgen.files import Lock
from textgen.text.recipe import Recipe
from textgen.training.limits import Limits, limits
from textgen.training.runs import (
    FEWEST_DIFFERENT,
    FEWEST_TEXTS,
    FEWEST_WORDS,
    Choices,
    Run,
    queue,
    runs_folder,
)

TURN = 1.0  # seconds between two looks at the queue
PROGRESS = 0.7  # seconds between two reports
LOOKING = 180  # seconds for a look
GRACE = 20  # more, until a look is ended in which no other thread can run: a regular expression, say
TEMPERATURES = (0.2, 0.7, 1.2)  # of the samples, as the columns of the comparison start
PROMPTS = 3
_RESERVE = 1 << 16  # bytes, to say on a full disk that it is full


class Paused(KeyboardInterrupt):
    """The run was asked to pause."""


class Ended(KeyboardInterrupt):
    """The run was asked to end; the message says why."""


def main(action: str, folder: str) -> int:
    run = Run(Path(folder))
    alive = Lock(run.folder / "alive.lock")
    for _ in range(10):
        if alive.take():
            break
        time.sleep(0.2)  # somebody may be looking just now whether we are there
    else:
        return 1  # another process has this run
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    if hasattr(os, "nice"):
        os.nice(10)  # the app comes first
    if action == "look":
        faulthandler.dump_traceback_later(LOOKING + GRACE, exit=True)
    try:
        look(run, limits()) if action == "look" else train(run, limits())
    finally:
        alive.release()
    return 0


# -- looking ---------------------------------------------------------------------------------------


def look(run: Run, bounds: Limits) -> None:
    """Look at the corpus, and say whether it can be trained on."""
    from textgen.text.corpus import CorpusError
    from textgen.text.look import look_at
    from textgen.training import speed

    clock = threading.Timer(LOOKING, _too_slow, [run])
    clock.daemon = True
    clock.start()
    try:
        found = look_at(run.corpus, as_lines=run.about["as_lines"], most_words=bounds.words)
    except CorpusError as error:
        name = run.about["file"]
        run.say("refused", sentence(str(error).replace(str(run.corpus), name), name))
        return
    except MemoryError:
        run.say("refused", "The file is too large for this computer's memory.")
        return
    finally:
        clock.cancel()
    facts = found.facts() | {"multiplications": speed.multiplications_a_second()}
    run.write("look", facts)
    run.say(*(("refused", why) if (why := too_little(facts, run.about["as_lines"])) else ("looked", "")))


def _too_slow(run: Run) -> None:
    run.say("refused", f"Reading the file took longer than {LOOKING // 60} minutes, so it was given up.")
    os._exit(0)


def too_little(facts: dict[str, Any], as_lines: bool) -> str:
    """Why nothing can be learned from a corpus, or nothing."""
    texts = ("line of text" if as_lines else "recipe") + "s" * (facts["different_recipes"] != 1)
    if facts["different_recipes"] < FEWEST_TEXTS:
        again = facts["recipes"] - facts["different_recipes"]
        repeated = f" ({again:,} more are repeated)" if again else ""
        return (
            f"It holds {facts['different_recipes']:,} different {texts}{repeated}: too few to learn from. "
            f"{FEWEST_TEXTS} are the least; some hundreds make a network that can be read."
        )
    if facts["words"] < FEWEST_WORDS or facts["different_words"] < FEWEST_DIFFERENT:
        return (
            f"It holds {facts['words']:,} words, {facts['different_words']:,} of them different: too few to "
            f"learn from. {FEWEST_WORDS:,} words and {FEWEST_DIFFERENT} different ones are the least."
        )
    return ""


def sentence(text: str, name: str = "") -> str:
    """`text` as a sentence; one that begins with `name`, that of a file, begins as that does."""
    text = text.strip()
    start = text[:1] if name and text.startswith(name) else text[:1].upper()
    return start + text[1:] + ("" if text.endswith((".", "!", "?", ")")) else ".")


# -- training --------------------------------------------------------------------------------------


def train(run: Run, bounds: Limits, trainer: Callable[..., Any] | None = None) -> None:
    """Wait for the turn of `run`, train it, and say how it ended. `trainer` is `job.train` unless given."""
    turn = Lock(runs_folder() / "turn.lock")
    before = float(run.state.get("seconds", 0))
    started = time.monotonic()
    reserve = run.folder / "reserve"

    def seconds() -> float:
        return round(before + time.monotonic() - started, 1)

    def say(state: str, message: str = "") -> None:
        run.say(state, message, seconds=seconds())

    try:
        reserve.write_bytes(bytes(_RESERVE))
        _await_turn(run, turn)
        started = time.monotonic()
        say("starting")
        say("done", _train(run, bounds, trainer, say, seconds))
        shutil.rmtree(run.folder / "checkpoints", ignore_errors=True)  # the network is in its place
    except Paused:
        say("paused", "It is paused and goes on when you say so, from the last batch.")
    except Ended as why:
        say("done", f"{why}{_kept(run)}")
    except KeyboardInterrupt:
        say("paused", "The server was stopped, and the training with it. It can go on from the last batch.")
    except FloatingPointError as error:
        say("failed", f"{sentence(str(error))}{_kept(run)}")
    except Exception as error:
        reserve.unlink(missing_ok=True)
        say("failed", f"{reason(error)}{_kept(run)}")
        if not isinstance(error, (OSError, ValueError, MemoryError)):
            raise  # for the log
    finally:
        turn.release()
        reserve.unlink(missing_ok=True)


def reason(error: Exception) -> str:
    """What a person can do with an exception."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "The disk is full. Make room, then let it go on."
    if isinstance(error, MemoryError) or "ResourceExhausted" in type(error).__name__:
        return "There was not enough memory: fewer units or a smaller vocabulary need less."
    if isinstance(error, ImportError):
        return "TensorFlow could not be loaded here, and training needs it."
    if isinstance(error, (OSError, ValueError)):
        return sentence(str(error))
    return f"Training broke off with an error of this program ({type(error).__name__})."


def _kept(run: Run) -> str:
    epochs = run.read("history").get("epochs", [])
    if not run.has_network:
        return " No epoch was finished, so there is no network."
    best = min(epochs, key=lambda epoch: min(epoch["validation"].values(), default=0), default=None)
    return (
        f" The network of epoch {best['epoch']}, the best, is kept." if best else " The best epoch is kept."
    )


def _await_turn(run: Run, turn: Lock) -> None:
    while True:
        obey(run)
        line = queue()
        if line and line[0].token == run.token and turn.take():
            return
        time.sleep(TURN)


_PARENT = os.getppid()


def obey(run: Run) -> None:
    """Raise what the owner of `run` wishes for, if anything, and stop if the server has."""
    if os.getppid() != _PARENT:
        raise KeyboardInterrupt
    wish = run.wish
    if wish == "pause":
        raise Paused
    if wish == "stop":
        raise Ended("You ended it.")


def _train(
    run: Run,
    bounds: Limits,
    trainer: Callable[..., Any] | None,
    say: Callable[..., None],
    seconds: Callable[[], float],
) -> str:
    """Train; returns how it ended."""
    from textgen.measuring.kneser_ney import KneserNey, unigram_perplexity
    from textgen.training import speed
    from textgen.training.batches import EVALUATED_TOKENS, build_vocabulary, encode_recipes
    from textgen.training.plan import PATIENCE, plan_for_few

    about = run.about
    choices = Choices(**about["choices"])
    training, held_out = split(texts_of(run))
    vocabulary = build_vocabulary(training, size=choices.vocabulary)
    if not run.read("lines"):
        known = encode_recipes(training, vocabulary)
        unseen = [ids[:EVALUATED_TOKENS] for ids in encode_recipes(held_out, vocabulary)]
        lines = {
            "unigram": unigram_perplexity(known, unseen, len(vocabulary)),
            "kneser_ney": KneserNey(known, len(vocabulary)).perplexity(unseen),
            "training": len(training),
            "validation": len(held_out),
            "words": sum(len(ids) for ids in known),
        }
        run.write("lines", lines)
        del known, unseen
    obey(run)
    if trainer is None:
        from textgen.training import job

        trainer = job.train
    last = 0.0

    def on_progress(now: Any) -> None:
        nonlocal last
        obey(run)
        if seconds() > 60 * bounds.minutes:
            raise Ended(f"It has trained for {bounds.minutes:,} minutes, as long as this server lets it.")
        if time.monotonic() - last > PROGRESS or now.batch == now.batches:
            last = time.monotonic()
            run.write("progress", dataclasses.asdict(now))
            if run.state["state"] == "starting":
                say("training")
            if now.epoch > 1 or now.batch == now.batches:
                speed.remember(now.words_per_second, choices, len(vocabulary))

    def on_history(history: dict[str, Any]) -> None:
        run.write("history", history)
        if len(history["epochs"]) == choices.epochs:
            say("finishing")

    run.bundle.parent.mkdir(parents=True, exist_ok=True)
    card = trainer(
        training,
        run.bundle,
        architecture=choices.architecture,
        units=choices.units,
        validation=held_out,
        plan=plan_for_few(choices.epochs),
        vocabulary=vocabulary,
        seed=choices.seed,
        resume=True,
        checkpoints=run.folder / "checkpoints",
        title=about["name"],
        patience=PATIENCE,
        ask_titles=False,
        prompts=prompts_of(held_out),
        temperatures=TEMPERATURES,
        on_progress=on_progress,
        on_history=on_history,
    )
    epochs = card["training"]["epochs"]
    if epochs < choices.epochs:
        return f"Validation perplexity had stopped falling: training ended by itself.{_kept(run)}"
    return f"All {epochs:,} epochs are done.{_kept(run)}"


def texts_of(run: Run) -> list[Recipe]:
    """The different texts of a corpus, with its source and licence where they have none.

    Without eras: the page shows one perplexity, and the epoch that is kept is the one that is best by it.
    """
    from textgen.text.corpus import Problem, iter_recipes
    from textgen.text.passages import iter_passages

    about = run.about
    found: dict[str, Recipe] = {}

    def skip(problem: Problem) -> None:
        """The look has told of it."""

    for recipe in (iter_passages if about["as_lines"] else iter_recipes)(run.corpus, skip):
        source = recipe.source or about["source"] or "brought by its owner"
        licence = recipe.license or about["license"]
        found.setdefault(recipe.text, dataclasses.replace(recipe, source=source, license=licence, era=""))
    return list(found.values())


def split(texts: list[Recipe]) -> tuple[list[Recipe], list[Recipe]]:
    """Texts to train on and texts to measure on: some 150 of these, from 2 to 10 % of all."""
    from textgen.training.batches import hold_out

    share = min(max(150 / len(texts), 0.02), 0.1)
    training, held_out = hold_out(texts, share)
    if not training or not held_out:  # a corpus of few texts may fall on one side
        training, held_out = texts[1:], texts[:1]
    return training, held_out


def prompts_of(held_out: list[Recipe]) -> list[str]:
    """What the samples continue: the titles of texts that are not trained on, or how such texts begin."""
    prompts: list[str] = []
    apart = max(1, len(held_out) // PROMPTS)  # neighbours are often alike
    for text in [*held_out[::apart], *held_out]:
        begun = text.title or " ".join(" ".join(text.steps).split()[:3])
        prompt = f"recipe for {begun} |" if text.title else f"recipe for | {begun}"
        if len(prompt) < 80 and prompt not in prompts:
            prompts.append(prompt)
    return prompts[:PROMPTS] or ["recipe for"]


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
