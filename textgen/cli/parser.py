"""The command line, `python -m textgen COMMAND` or `simmer COMMAND`: a command is a module of this folder.

The docstring of a command's module is its help; `add_arguments` says what it takes, `run` does it.
Exit codes: 0 done; 1 could not be done, with one sentence on standard error; 2 wrong usage; 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import NoReturn

from threadpoolctl import threadpool_limits

from textgen.cli import average, bundle, corpus, evaluate, generate, index, models, serve, sweep, train, verbs
from textgen.cli.terminal import Failure, printable, say
from textgen.hosting.proxy import ProxyError
from textgen.measuring.study.settings import StudyError
from textgen.network.bundle import BundleError
from textgen.text.copying import CopyIndexError
from textgen.text.corpus import CorpusError

COMMANDS: dict[str, ModuleType] = {
    module.__name__.rpartition(".")[2]: module
    for module in (generate, verbs, evaluate, sweep, index, corpus, train, average, models, bundle, serve)
}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {printable(message)}\ntry: {self.prog} --help\n")


def main(argv: Sequence[str] | None = None) -> int:
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal that lacks a character shows its escape
            stream.reconfigure(errors="backslashreplace")
    args = _build_parser().parse_args(argv)
    threadpool_limits(1, "blas")  # a second thread spends more on waiting than it saves of so small a product
    try:
        args.run(args)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, `head` say, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        say("interrupted")
        return 130
    except (Failure, BundleError, CorpusError, CopyIndexError, ProxyError, StudyError) as error:
        say(str(error))
        return 1
    except OSError as error:
        say(f"{error.filename}: {error.strerror}" if error.filename else str(error))
        return 1
    return 0


def _build_parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m textgen",
        description="Recipes from recurrent networks: write them, measure them, train them.",
        epilog="Exit codes: 0 done, 1 could not be done, 2 wrong usage, 130 interrupted.",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, module in COMMANDS.items():
        command = commands.add_parser(name, help=module.__doc__, description=module.__doc__)
        module.add_arguments(command)
        command.set_defaults(run=module.run, parser=command)
    return parser
