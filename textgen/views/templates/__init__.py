"""Reports as HTML files that open offline; whatever is put into a template is escaped."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader

from textgen.charts import temperature_color
from textgen.text.typeset import percent


@cache
def _environment() -> Environment:
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    templates.filters |= {"color": temperature_color, "percent": percent}
    return templates


def render(name: str, **facts: Any) -> str:
    """The report `name` ("compare" or "sweep") with its facts."""
    return _environment().get_template(f"{name}.html").render(facts)
