"""What the command line is given: the types of its arguments, and the options that commands share."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any, TypeVar

from textgen.cli.terminal import NO_MODEL, Failure
from textgen.measuring.study.settings import parse_filter, parse_temperatures
from textgen.network.bundle import available_bundles
from textgen.writing.rules import Rule
from textgen.writing.sampling import check_seed, check_temperature

T = TypeVar("T")

DEFAULT_TEMPERATURES = (0.2, 0.7, 1.2)
RECIPES = "recipes: JSON, CSV, Markdown, text and more, also zipped, or a folder of them"


def default_model() -> str:
    names = available_bundles()
    if not names:
        raise Failure(NO_MODEL)
    return names[0]


# -- types -----------------------------------------------------------------------------------------


def _type(read: Callable[[str], T], must: str = "") -> Callable[[str], T]:
    """`read` for argparse: what is wrong is said by its `ValueError`, or in the words `must`."""

    def value(text: str) -> T:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{must}, not {text!r}" if must else str(error)) from None

    return value


def _count(text: str) -> int:
    value = int(text)
    if not 1 <= value <= 10_000:
        raise ValueError
    return value


def _positive(text: str) -> tuple[float, ...]:
    values = parse_temperatures(text)
    if not all(0 < value < math.inf for value in values):
        raise ValueError(f"a temperature to measure at is a number above 0, not {text!r}")
    return values


def _filter(text: str) -> str:
    parse_filter(text)
    return text


def whole_number(low: int, high: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not low <= int(text) <= high:
            raise ValueError
        return int(text)

    return _type(read, f"a whole number from {low} to {high:,} is needed")


count = _type(_count, "a whole number from 1 to 10,000 is needed")
seed = _type(lambda text: check_seed(int(text)), "a seed is a whole number from 0 to 2**64 - 1")
temperature = _type(
    lambda text: check_temperature(float(text)), "a temperature is a number, 0 or more (inf allowed)"
)
temperatures = _type(parse_temperatures)
positive_temperatures = _type(_positive)
filter_rules = _type(_filter)
own_address = _type(
    lambda text: ip_address("127.0.0.1" if text == "localhost" else text),
    "an address such as 127.0.0.1, or 0.0.0.0 for all, is needed",
)
network = _type(ip_network, "an address or a network such as 10.0.0.0/8 is needed")


def rule_value(rule: Rule) -> Callable[[str], Any]:
    def read(text: str) -> Any:
        value = rule.kind(text)
        rule.check(value)
        return value

    return _type(read, f"{rule.name} must {rule.must}")


# -- options ---------------------------------------------------------------------------------------


def add_temperatures(parser: argparse.ArgumentParser, each: str) -> None:
    usual = ", ".join(map(str, DEFAULT_TEMPERATURES))
    text = f"0 (the likeliest word) to inf (any word), once for each {each} ({usual})"
    parser.add_argument("--temperature", "-T", type=temperature, action="append", metavar="T", help=text)


def add_model(parser: argparse.ArgumentParser, **more: Any) -> None:
    usual = "" if "required" in more else " (the first of: models)"
    text = f"a released model or a folder with one{usual}"
    parser.add_argument("--model", metavar="NAME", help=text, **more)


def add_seed(parser: argparse.ArgumentParser, text: str) -> None:
    parser.add_argument("--seed", type=seed, default=0, metavar="N", help=f"{text} (%(default)s)")


def add_max_words(parser: argparse.ArgumentParser) -> None:
    text = "the most words of a text (%(default)s)"
    parser.add_argument("--max-words", type=count, default=60, metavar="N", help=text)


def add_corpora(parser: argparse.ArgumentParser) -> None:
    text = f"{RECIPES}; may be given more than once"
    parser.add_argument("--corpus", required=True, type=Path, action="append", metavar="FILE", help=text)


def add_json(parser: argparse.ArgumentParser, text: str = "write JSON") -> None:
    parser.add_argument("--json", action="store_true", help=text)


def add_rules(parser: argparse.ArgumentParser, rules: Sequence[Rule]) -> Any:
    """An option for each sampling rule; the group they are in."""
    early = " and ".join(rule.label.lower() for rule in rules if rule.stage != "weights")
    group = parser.add_argument_group("sampling rules", f"act in this order: {early} ahead of temperature")
    for rule in rules:
        option = "--" + rule.name.replace("_", "-")
        group.add_argument(option, type=rule_value(rule), metavar="N", help=rule.help)
    return group
