"""What a study is asked: prompts, temperatures, networks, rules, and how many texts."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textgen.network.bundle import available_bundles
from textgen.text.recipe import recipe_text, split_prompt
from textgen.text.vocabulary import tokenize
from textgen.writing.rules import BY_NAME
from textgen.writing.sampling import check_seed, check_temperature

Floats = NDArray[np.float64]

FORMAT = 1  # of study files and of kept units
NO_FILTER = "none"
MOST_CONDITIONS = 20_000


class StudyError(ValueError):
    """A study that cannot be done, or a file that holds none: one sentence for the user."""


@dataclass(frozen=True)
class Condition:
    """What some texts are written under: `model` continues `prompt` at `temperature` under `filter`; `judge`
    is the network whose second opinion is asked, "" for none."""

    model: str
    judge: str
    prompt: str
    filter: str
    temperature: float


@dataclass(frozen=True)
class Settings:
    """What a study measures. Equal settings and networks give equal tables, byte for byte.

    prompts       titles, or "title | opening words of the method"
    temperatures  in rising order
    models        names of released bundles, or folders
    filters       "none", or rules such as "top_k=40" or "top_p=0.9,min_p=0.05"
    texts         how many a condition has; text n is written with seed `seed + n`
    max_words     the most words of a text
    judges        for each model the network of the second opinion, "" for none; if empty, the first other
                  released one

    `StudyError` on anything that cannot be measured.
    """

    prompts: tuple[str, ...]
    temperatures: tuple[float, ...] = tuple(k / 10 for k in range(21))
    models: tuple[str, ...] = ("large",)
    filters: tuple[str, ...] = (NO_FILTER,)
    texts: int = 64
    max_words: int = 60
    seed: int = 0
    judges: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("prompts", "models", "filters"):
            values_ = tuple(dict.fromkeys(getattr(self, name)))
            object.__setattr__(self, name, values_)
            if not values_ or not all(isinstance(one, str) for one in values_):
                raise StudyError(f"a study needs at least one of its {name}")
        if not all(tokenize(prompt) for prompt in self.prompts):
            raise StudyError("a prompt is empty: say what to cook")
        if not self.temperatures:
            raise StudyError("there is no temperature to measure")
        for temperature in self.temperatures:
            try:
                check_temperature(temperature)
            except ValueError as error:
                raise StudyError(str(error)) from None
        object.__setattr__(self, "temperatures", tuple(sorted({float(t) for t in self.temperatures})))
        for name, most in (("texts", 1_000_000), ("max_words", 10_000)):
            value = getattr(self, name)
            if not (type(value) is int and 1 <= value <= most):
                raise StudyError(f"{name} must be a whole number from 1 to {most:,}, not {value!r}")
        try:
            check_seed(self.seed)
            check_seed(self.seed + self.texts - 1)
        except (ValueError, TypeError):
            raise StudyError(f"the seed must be a whole number from 0, not {self.seed!r}") from None
        for rules in self.filters:
            parse_filter(rules)
        if not self.judges:
            known = available_bundles()
            judges = tuple(next((name for name in known if name != model), "") for model in self.models)
            object.__setattr__(self, "judges", judges)
        if len(self.judges) != len(self.models) or not all(isinstance(one, str) for one in self.judges):
            raise StudyError("a study needs one judge for each of its models")
        count = len(self.prompts) * len(self.temperatures) * len(self.models) * len(self.filters)
        if count > MOST_CONDITIONS:
            raise StudyError(
                f"prompts, temperatures, models and filters make {count:,} combinations; a study has at most "
                f"{MOST_CONDITIONS:,}"
            )

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """All conditions, in the order of the table."""
        return tuple(
            Condition(model, judge, prompt, rules, temperature)
            for model, judge in zip(self.models, self.judges, strict=True)
            for prompt in self.prompts
            for rules in self.filters
            for temperature in self.temperatures
        )

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)

    @classmethod
    def from_data(cls, data: Any) -> Settings:
        """Settings from plain data, as `asdict` gives them; `StudyError` if they are none."""
        if not isinstance(data, dict) or set(data) != set(cls.__dataclass_fields__):
            raise StudyError("its settings are not those of a study")
        lists = ("prompts", "temperatures", "models", "filters", "judges")
        if not all(isinstance(data[name], list) for name in lists):
            raise StudyError("its settings are not those of a study")
        known: dict[str, Any] = {
            name: tuple(value) if name in lists else value for name, value in data.items()
        }
        return cls(**known)


def prompt_text(prompt: str) -> str:
    """What the network continues: "title" or "title | opening" as `recipe for title | opening`."""
    return recipe_text(*split_prompt(prompt))


def parse_temperatures(text: str) -> tuple[float, ...]:
    """ "0:2:0.1" (from, to, step; both ends included) or "0.2,0.7,1.2"; `StudyError` says what is wrong."""
    try:
        if ":" in text:
            numbers = [float(part) for part in text.split(":")]
            low, high, step = (*numbers, 0.1)[:3] if len(numbers) in (2, 3) else (math.nan,) * 3
            return temperature_range(low, high, step)
        return tuple(float(part) for part in text.split(","))
    except (ValueError, OverflowError) as error:
        if isinstance(error, StudyError):
            raise
        raise StudyError(
            f"temperatures are FROM:TO:STEP, such as 0:2:0.1, or a list, such as 0.2,0.7,1.2; not {text!r}"
        ) from None


def temperature_range(low: float, high: float, step: float) -> tuple[float, ...]:
    """The temperatures from `low` to `high`, both ends included where the step meets them."""
    if not all(math.isfinite(number) for number in (low, high, step)):
        raise StudyError("a range of temperatures needs three numbers: from, to and step")
    if low < 0:
        raise StudyError(f"a temperature is 0 or more, so the range cannot start at {low:g}")
    if low > high:
        raise StudyError(f"the range is reversed: it starts at {low:g} and ends at {high:g}")
    if step <= 0 and low < high:
        raise StudyError(f"the step between temperatures must be above 0, not {step:g}")
    count = 0 if low == high else math.floor((high - low) / step + 1e-9)
    if count > 1000:
        raise StudyError(f"that range has {count + 1:,} temperatures; at most 1,001 make sense")
    return tuple(round(low + k * step, 10) for k in range(count + 1))


def parse_filter(rules: str) -> dict[str, Any]:
    """ "none" or "top_k=40,top_p=0.9" -> what `Sampler` takes; `StudyError` says what is wrong."""
    if rules == NO_FILTER:
        return {}
    options: dict[str, Any] = {}
    for part in rules.split(","):
        name, _, value = part.strip().partition("=")
        name = name.strip().replace("-", "_")
        if name not in BY_NAME or name in options:
            raise StudyError(
                "a filter is none or rules such as top_k=40,top_p=0.9, "
                f"of {', '.join(BY_NAME)}; not {rules!r}"
            )
        try:
            options[name] = BY_NAME[name].kind(value)
            BY_NAME[name].check(options[name])
        except ValueError as error:
            raise StudyError(f"the filter {rules!r} cannot be: {error}") from None
    return options
