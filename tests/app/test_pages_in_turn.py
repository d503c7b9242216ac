"""One page after another: what a page keeps in a visit is nothing that another one takes for its own."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

from opening import SMALL, opened

from pages.parts import address

# What one page leaves for another.
HANDED_ON = {"carried"}


def kept(page: Path) -> set[str]:
    """The names that a page gives to what it keeps in a visit, beside those of its controls."""
    names = set()
    for node in ast.walk(ast.parse(page.read_text(encoding="utf-8"))):
        match node:
            case ast.Attribute(value=ast.Name(id="state"), attr=name, ctx=ast.Store()):
                names.add(name)
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="state"), attr="setdefault"),
                args=[ast.Constant(value=str() as name), *_],
            ):
                names.add(name)
    return names - address.fields(page.stem).keys()


def test_two_pages_keep_nothing_under_the_same_name():
    keepers = defaultdict(list)
    for page in sorted((Path(__file__).parents[2] / "pages").glob("*.py")):
        for name in kept(page):
            keepers[name].append(page.stem)
    assert len(keepers) > 20
    assert {name: pages for name, pages in keepers.items() if len(pages) > 1}.keys() == HANDED_ON


def test_the_game_is_there_after_a_lesson_and_the_lesson_after_the_game():
    app = opened("learn", {"writer": SMALL})
    for page in ("guess", "learn", "compare"):
        app.query_params.clear()
        app.switch_page(f"pages/{page}.py").run()
        assert not app.exception and not app.error, page
