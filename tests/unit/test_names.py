"""`import textgen`: the names that scripts use, and what they bring with them."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import textgen

OF_TENSORFLOW = ["TextGenerator", "build_model", "train"]
LIGHT = ["Recipe", "Sampler", "Vocabulary", "apply_temperature", "generate", "generations"]
LIGHT += ["load_bundle", "load_recipes", "recipe_prompt", "tokenize"]
NAMES = LIGHT + OF_TENSORFLOW


def modules_after(code: str) -> set[str]:
    """The modules that a fresh Python has loaded after `code`."""
    code += "\nimport sys; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(textgen.__file__).parents[1], capture_output=True
    )
    assert done.returncode == 0, done.stderr.decode()
    return set(done.stdout.decode().split())


def test_the_names_are_those_promised_and_a_type_checker_sees_the_same():
    assert sorted(textgen.__all__) == sorted(NAMES)
    assert set(NAMES) <= set(dir(textgen))
    imports = [
        node
        for node in ast.walk(ast.parse(Path(textgen.__file__).read_text()))
        if isinstance(node, ast.ImportFrom)
    ]
    seen = {
        alias.name: node.module
        for node in imports
        for alias in node.names
        if node.module.startswith("textgen.")
    }
    assert seen == textgen._MODULES


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_what_its_room_defines(name):
    value = getattr(textgen, name)
    assert (value.__name__, value.__module__) == (name, textgen._MODULES[name])


def test_import_textgen_brings_nothing_and_no_name_but_three_brings_tensorflow():
    assert not {"numpy", "textgen.text", "textgen.network"} & modules_after("import textgen")
    loaded = modules_after(f"from textgen import {', '.join(LIGHT)}")
    assert "numpy" in loaded and not {"tensorflow", "keras", "streamlit", "altair", "pandas"} & loaded


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'recipes_of'"):
        textgen.recipes_of  # noqa: B018


def test_without_tensorflow_a_name_that_needs_it_says_what_to_install():
    code = """
import sys
sys.modules["keras"] = None
import textgen
textgen.load_bundle
for name in ("train", "TextGenerator", "build_model"):
    try:
        getattr(textgen, name)("lstm")
    except ImportError as error:
        assert "requirements.txt" in str(error), error
    else:
        raise AssertionError(name)
"""
    modules_after(code)
