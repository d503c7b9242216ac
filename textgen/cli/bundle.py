"""Bring a network of your own, hand one on as a file, or open such a file."""

from __future__ import annotations

import argparse
from pathlib import Path

from textgen.cli.terminal import printable, say
from textgen.network.bring import make_bundle
from textgen.network.pack import open_bundle, pack_bundle


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(title="what to do", metavar="ACTION", required=True)

    text = "a Keras network and the list of its words become a bundle in your folder"
    make = actions.add_parser("make", help=text, description=text)
    make.add_argument("network", type=Path, metavar="MODEL", help="a .keras or .h5 file of Keras 2 or 3")
    make.add_argument(
        "vocabulary", type=Path, metavar="VOCAB", help="its words: text with a word a line, or JSON"
    )
    make.add_argument("--name", required=True, metavar="N", help="what commands and addresses call it")
    make.add_argument("--title", default="", metavar="WORDS", help="what people read for it (its name)")
    make.add_argument("--spare", action="store_true", help="some outputs stand for no word: leave them out")
    _add_replace(make)
    make.set_defaults(act=_make)

    text = "a bundle becomes one file: network, words, card and history"
    pack = actions.add_parser("pack", help=text, description=text)
    pack.add_argument("bundle", metavar="NAME", help="a bundle by its name, or a folder with one")
    pack.add_argument("file", type=Path, metavar="FILE", help="the file to write")
    pack.set_defaults(act=_pack)

    text = "the file of a bundle is checked and becomes a bundle in your folder"
    opened = actions.add_parser("open", help=text, description=text)
    opened.add_argument("file", type=Path, metavar="FILE", help="a file that `bundle pack` wrote")
    opened.add_argument("--name", metavar="N", help="what it is called here (as where it was packed)")
    _add_replace(opened)
    opened.set_defaults(act=_open)


def _add_replace(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--replace", action="store_true", help="may replace your bundle of that name")


def run(args: argparse.Namespace) -> None:
    args.act(args)


def _make(args: argparse.Namespace) -> None:
    _done(
        *make_bundle(
            args.network,
            args.vocabulary,
            args.name,
            title=args.title,
            spare=args.spare,
            replace=args.replace,
        )
    )


def _pack(args: argparse.Namespace) -> None:
    print(printable(pack_bundle(args.bundle, args.file)))


def _open(args: argparse.Namespace) -> None:
    _done(*open_bundle(args.file, args.name, replace=args.replace))


def _done(folder: Path, notes: tuple[str, ...]) -> None:
    for note in notes:
        say(note)
    print(printable(folder))
