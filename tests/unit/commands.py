"""What tests of the command line share."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

import pytest

import textgen.cli

MODULES = [
    importlib.import_module(m.name) for m in pkgutil.iter_modules(textgen.cli.__path__, "textgen.cli.")
]


def replace_everywhere(monkeypatch: pytest.MonkeyPatch, name: str, value: Any) -> None:
    """Every command that has imported `name` gets `value` in its place."""
    holders = [module for module in MODULES if hasattr(module, name)]
    assert holders, f"no command uses {name}"
    for module in holders:
        monkeypatch.setattr(module, name, value)
