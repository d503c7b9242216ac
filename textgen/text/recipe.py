"""A recipe, the one text that it becomes, and what a person typed taken apart again."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """A title and the steps of its method; `era` is "modern", "historic", "synthetic" or "" if unknown."""

    title: str
    steps: tuple[str, ...]
    source: str = ""
    era: str = ""
    license: str = ""

    def __post_init__(self) -> None:
        if isinstance(self.steps, str):
            raise TypeError("steps is a sequence of texts, not one text")
        object.__setattr__(self, "steps", tuple(self.steps))

    @property
    def text(self) -> str:
        """`recipe for TITLE | STEPS`, the steps joined by spaces."""
        return recipe_text(self.title, " ".join(self.steps))


def recipe_text(title: str, body: str) -> str:
    """The one place that knows how title and method become one text."""
    return f"recipe for {title} | {body}"


_RECIPE_FOR = re.compile(r"\s*recipe\s+for\s+(?=[^\s|])", re.IGNORECASE)


def split_prompt(typed: str) -> tuple[str, str]:
    """Title and opening words of `typed`: "Recipe for roasted vegetables | chop 1 /", as the book writes its
    prompts, is ("roasted vegetables", "chop 1 /"); a title alone is (title, "")."""
    start = _RECIPE_FOR.match(typed)
    title, _, opening = typed[start.end() if start else 0 :].partition("|")
    return title.strip(), opening.strip()
