"""Reading recipes: every format, and everything that can be wrong with a file."""

from __future__ import annotations

import csv
import gzip
import io
import json
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from textgen.text.corpus import (
    CorpusError,
    CorpusWarning,
    Problem,
    iter_recipes,
    load_recipes,
)
from textgen.text.formats import source, stream
from textgen.text.recipe import Recipe, recipe_text

WORDS = st.text(st.characters(categories=["L"]), min_size=2, max_size=12)
TEXTS = st.lists(WORDS, min_size=1, max_size=5).map(" ".join)
RECIPES = st.lists(st.builds(Recipe, TEXTS, st.lists(TEXTS, min_size=1, max_size=3)), min_size=1, max_size=6)
SOUP = Recipe("Soup", ("Boil water.", "Add salt."))
PIE = Recipe("Crème pie", ("Bake.",))


def as_json_lines(recipes: list[Recipe]) -> str:
    return "".join(
        json.dumps({"title": r.title, "steps": r.steps}, ensure_ascii=False) + "\n" for r in recipes
    )


def as_json_list(recipes: list[Recipe]) -> str:
    return json.dumps([{"title": r.title, "directions": r.steps} for r in recipes], indent=1)


def as_csv(recipes: list[Recipe]) -> str:
    out = io.StringIO(newline="")
    rows = csv.writer(out)
    rows.writerow(["", "title", "directions", "link"])
    rows.writerows([i, r.title, json.dumps(list(r.steps)), "www"] for i, r in enumerate(recipes))
    return out.getvalue()


def as_plain_text(recipes: list[Recipe]) -> str:
    return "\n\n".join("\n".join([r.title, *r.steps]) for r in recipes)


FORMATS = {".jsonl": as_json_lines, ".json": as_json_list, ".csv": as_csv, ".txt": as_plain_text}


def read(data: bytes | str, name: str = "recipes") -> tuple[list[Recipe], list[Problem]]:
    """What is read from a file of this content, and what is reported; no recipe at all is no error here."""
    file = io.BytesIO(data.encode() if isinstance(data, str) else data)
    file.name = name
    problems: list[Problem] = []
    return list(iter_recipes(file, problems.append)), problems


def reasons(data: bytes | str, name: str = "recipes") -> list[str]:
    return [str(problem) for problem in read(data, name)[1]]


# --- formats -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", FORMATS)
@given(recipes=RECIPES, chunk=st.integers(1, 300), packed=st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_every_format_gives_back_its_recipes(suffix, recipes, chunk, packed):
    if suffix == ".txt":  # what does not read as a recipe is refused, and "Steps" alone is a heading
        recipes = [
            Recipe(f"{r.title} soup", ("Boil it.", *(f"{step} it." for step in r.steps))) for r in recipes
        ]
    data = FORMATS[suffix](recipes).encode()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(source, "_CHUNK", chunk)  # a record may start and end anywhere in a chunk
        assert read(gzip.compress(data) if packed else data, "x" + suffix) == (recipes, [])


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("name", ["recipes", "recipes.data", "recipes.gz"])
def test_the_format_is_told_by_the_content(suffix, name):
    assert read(FORMATS[suffix]([SOUP, PIE]), name) == ([SOUP, PIE], [])


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_byte_order_mark_and_line_ends_of_other_systems(suffix, end):
    text = FORMATS[suffix]([SOUP, PIE]).replace("\r\n", "\n").replace("\n", end)
    assert read(b"\xef\xbb\xbf" + text.encode(), "x" + suffix) == ([SOUP, PIE], [])


@pytest.mark.parametrize("delimiter", [";", "\t"])
def test_csv_of_other_dialects(delimiter):
    text = f'Directions{delimiter}Title\n"[""Boil water."", ""Add salt.""]"{delimiter}Soup\n'
    assert read(text) == ([SOUP], [])


def test_where_a_recipe_comes_from_is_kept():
    text = (
        '{"title": "Tea", "steps": ["Steep."], "era": "modern", "source": "Aunt", "license": "CC0", "n": 1}'
    )
    assert read(text)[0] == [Recipe("Tea", ("Steep.",), source="Aunt", era="modern", license="CC0")]


def test_text_is_what_the_network_learns_to_continue():
    assert (
        SOUP.text == recipe_text("Soup", "Boil water. Add salt.") == "recipe for Soup | Boil water. Add salt."
    )


def test_white_space_is_made_single_and_empty_steps_dropped():
    text = json.dumps({"title": " Hot\n soup ", "steps": ["  Boil\twater. ", "", " \n", "Add salt."]})
    assert read(text)[0] == [Recipe("Hot soup", ("Boil water.", "Add salt."))]


def test_steps_as_one_text_are_its_lines():
    assert read('{"title": "Soup", "directions": "Boil water.\\nAdd salt."}')[0] == [SOUP]
    with pytest.raises(TypeError, match="sequence"):
        Recipe("Soup", "Boil water.")  # type: ignore[arg-type]


# --- records that cannot be used ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ('{"title": null, "steps": ["a"]}', "the title should be text, not null"),
        ('{"title": 7, "steps": ["a"]}', "the title should be text, not a number"),
        ('{"title": " ", "steps": ["a"]}', "the title is empty"),
        ('{"steps": ["a"]}', "there is no title"),
        ('{"title": "t"}', "there are no steps or directions"),
        ('{"title": "t", "directions": null}', "directions: a list of texts is expected, not null"),
        ('{"title": "t", "steps": {"a": 1}}', "steps: a list of texts is expected, not an object"),
        ('{"title": "t", "steps": true}', "steps: a list of texts is expected, not true or false"),
        ('{"title": "t", "steps": ["a", 2]}', "steps, number 2, should be text, not a number"),
        ('{"title": "t", "steps": ["", " "]}', "there is a title but no steps"),
        ('{"title": "t", "steps": ["a\\u0000"]}', "steps, number 1, has a NUL byte"),
        ('{"title": "\\ud800", "steps": ["a"]}', "the title has bytes that are not UTF-8"),
        ('{"title": "thé", "steps": ["caf\udce9"]}', "steps, number 1, has bytes that are not UTF-8"),
        ('["t", "a"]', "an object with title and steps is expected, not a list"),
        ("3", "an object with title and steps is expected, not a number"),
        ("null", "an object with title and steps is expected, not null"),
        ('{"title": "t" "steps": ["a"]}', "not valid JSON (Expecting ',' delimiter at character 15)"),
        ("[" * 100_000, "not valid JSON"),
        ('{"title": ' + "9" * 5000 + "}", "not valid JSON (too deeply nested or too long a number)"),
    ],
)
def test_a_bad_record_is_named_and_the_others_kept(record, reason):
    good = as_json_lines([SOUP]).strip()
    lines = "\n".join([good, "", record, good, ""]).encode(errors="surrogateescape")
    recipes, (problem,) = read(lines, "x.jsonl")
    assert recipes == [SOUP, SOUP]
    assert (problem.line, problem.record) == (3, 2)
    assert str(problem).startswith(f"record 2, line 3: {reason}")

    listed = f"[{good},\n\n{record},{good}]".encode(errors="surrogateescape")
    recipes, (problem,) = read(listed, "x.json")
    assert recipes == [SOUP, SOUP]
    assert (problem.line, problem.record) == (3, 2)
    assert problem.reason.startswith(reason)


def test_bad_rows_of_a_csv():
    text = (
        "title,directions\n"
        'Soup,"[""Boil water."", ""Add salt.""]"\n'
        'Cut,"[""Boil'  # the quotes never close, so the next row is part of it
        '\nPie,"[""Bake.""]"\n'
        "Short\n"
        'Torn,"[""Mix"", ""Ba"\n'
        "Empty,[]\n"
        'Wide,"[""a""]",x\n'
        'Crème pie,"[""Bake.""]"\n'
    )
    recipes, problems = read(text)
    assert recipes == [SOUP, PIE]
    assert [(p.record, p.line) for p in problems] == [(2, 3), (3, 5), (4, 6), (5, 7), (6, 8)]
    assert "not valid CSV" in problems[0].reason
    assert "1 columns where the first line has 2" in problems[1].reason
    assert "not valid JSON" in problems[2].reason
    assert "no directions" in problems[3].reason
    assert "3 columns" in problems[4].reason


def test_a_paragraph_of_one_line_is_no_recipe():
    assert reasons("\nSoup\n\n\nPie\nBake.\n") == ["record 1, line 2: there is a title but no steps"]


def test_a_damaged_character_loses_only_its_record():
    data = "Crème soup\nBoil water.\n\nPie\nBake.\n".encode().replace(b"Pie", b"Pi\xe9")
    recipes, problems = read(data, "x.txt")
    assert recipes == [Recipe("Crème soup", ("Boil water.",))]
    assert [str(p) for p in problems] == [
        "record 2, line 4: the title has bytes that are not UTF-8; save the file as UTF-8"
    ]


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
)
def test_every_encoding_that_people_have(suffix, encoding):
    assert read(FORMATS[suffix]([SOUP, PIE]).encode(encoding), "x" + suffix) == ([SOUP, PIE], [])


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_record_too_long_is_passed_over(suffix, monkeypatch):
    monkeypatch.setattr(stream, "LONGEST_RECORD", 1000)
    monkeypatch.setattr(source, "_CHUNK", 64)
    recipes, problems = read(FORMATS[suffix]([SOUP, Recipe("Long", ("word " * 900,)), PIE]), "x" + suffix)
    assert recipes == [SOUP, PIE]
    assert len(problems) == 1
    assert problems[0].record == 2
    assert "longer than" in problems[0].reason


class OneLongLine(io.RawIOBase):
    """A file with a line of `size` bytes between two recipes, that does not exist anywhere."""

    name = "long.jsonl"

    def __init__(self, size: int, start: bytes, end: bytes) -> None:
        self.parts = [start, *([b"x" * 65_536] * (size // 65_536)), end]

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]
        if not self.parts:
            return 0
        part = self.parts[0][: len(buffer)]
        self.parts[0] = self.parts[0][len(part) :]
        if not self.parts[0]:
            del self.parts[0]
        buffer[: len(part)] = part
        return len(part)


@pytest.mark.parametrize("suffix", FORMATS)
def test_memory_is_bounded_whatever_the_length_of_a_line(suffix):
    good = FORMATS[suffix]([SOUP]).encode()
    start, end = (
        (good[:-1] + b', {"title": "', b'"},' + good[1:]) if suffix == ".json" else (good + b"\n\n", b"\n")
    )
    file = OneLongLine(64 << 20, start, end)
    file.name = "long" + suffix
    problems: list[Problem] = []
    tracemalloc.start()
    try:
        recipes = list(iter_recipes(file, problems.append))  # type: ignore[arg-type]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 12 << 20
    assert recipes[0] == SOUP
    assert len(problems) == 1


# --- files that break off ----------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".csv"])
@given(recipes=RECIPES, share=st.floats(0, 1), packed=st.booleans())
@settings(deadline=None)
@example(recipes=[SOUP, PIE], share=0.5, packed=False)
def test_of_a_file_cut_anywhere_whole_records_remain(suffix, recipes, share, packed):
    data = FORMATS[suffix](recipes).encode()
    cut = int(len(data) * share)
    if packed:
        data = gzip.compress(data)
        cut = int(len(data) * share)
    try:
        kept, problems = read(data[:cut], "x" + suffix)
    except CorpusError as error:
        assert suffix == ".csv"
        assert "columns" in str(error)
        return
    assert kept == recipes[: len(kept)]  # never half a recipe
    assert len(problems) <= 2
    if len(kept) < len(recipes) and packed and cut > 2:
        assert problems


def test_a_cut_is_named():
    lines, listed = as_json_lines([SOUP, PIE]), as_json_list([SOUP, PIE])
    assert reasons(lines[:-8], "x.jsonl")[0].startswith("record 2, line 2: not valid JSON")
    assert reasons(listed[:-8], "x.json")[0].startswith("record 2, line 9: not valid JSON")
    assert reasons(listed[:-1], "x.json") == ["line 15: the file ends without the ] that closes its list"]
    assert reasons(listed + "x", "x.json") == ["line 15: the text after the closing ] is not read"]


def many(count: int = 5000) -> list[Recipe]:
    return [
        Recipe(f"Soup {i * i % 9973}", (f"Boil {i * 7919 % 10007} litres of water.",)) for i in range(count)
    ]


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_gzip_file_that_breaks_off_keeps_what_came_before(suffix):
    recipes = many()
    packed = gzip.compress(FORMATS[suffix](recipes).encode())
    kept, problems = read(packed[: len(packed) // 2], "x" + suffix)
    assert 1000 < len(kept) < 4000
    assert kept == recipes[: len(kept)]
    assert [p.record for p in problems] == [None]
    assert "breaks off" in problems[0].reason
    per_recipe = {".jsonl": 1, ".json": 6, ".csv": 1, ".txt": 3}[suffix]
    assert problems[0].line == pytest.approx(len(kept) * per_recipe, abs=8)


def test_a_damaged_gzip_file_keeps_what_came_before():
    recipes = many()
    packed = bytearray(gzip.compress(as_json_lines(recipes).encode()))
    packed[len(packed) // 2 :] = b"\xff" * 1000
    kept, problems = read(bytes(packed))
    assert kept[:1000] == recipes[:1000]
    assert "packed file" in problems[-1].reason


def test_a_gzip_bomb_is_not_unpacked_to_its_end(monkeypatch):
    monkeypatch.setattr(source, "_BOMB_SIZE", 1 << 20)
    bomb = gzip.compress(as_json_lines([SOUP]).encode() * 60_000)
    kept, problems = read(bomb)
    assert 0 < len(kept) < 50_000
    assert set(kept) == {SOUP}
    assert "unpacks to over" in problems[-1].reason


@given(
    st.binary(max_size=400), st.sampled_from(["", ".gz", *FORMATS]), st.sampled_from(["", "[{", '{"', "a\n"])
)
@settings(deadline=None)
def test_no_file_at_all_causes_another_error(data, suffix, start):
    for content in (start.encode() + data, gzip.compress(start.encode() + data), b"\x1f\x8b" + data):
        try:
            recipes, problems = read(content, "x" + suffix)
        except CorpusError:
            continue
        assert all(recipe.title and all(recipe.steps) for recipe in recipes)
        assert all(problem.line >= 1 and problem.reason for problem in problems)


# --- files that give nothing -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf \n\n", "is empty"),
        (b"[]", "is empty"),
        (gzip.compress(b"", mtime=0), "is empty"),
        (b"PK\x03\x04....", "is a zip file that cannot be read"),
        (b"\x01\x02\x03\x04\0\x05\x06", "is not text, and of no kind that is known here"),
        (
            b'{"title": null, "steps": []}\n{}\n',
            "record 1, line 1: the title should be text, not null (2 problems",
        ),
        (b'{"title":\n "Soup"}\n', "record 1, line 1: there are no steps or directions"),
        (b'{"title":\n "Soup"\n', "record 1, line 1: not valid JSON"),
    ],
)
def test_no_usable_recipe_is_an_error_that_says_why(tmp_path, content, message):
    path = tmp_path / "recipes"
    path.write_bytes(content)
    with pytest.raises(CorpusError) as error:
        load_recipes(path)
    assert message in str(error.value)
    assert str(path) in str(error.value)


def test_a_csv_without_the_columns(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("dish,price\nSoup,5\n")
    with pytest.raises(CorpusError, match=r"x\.csv needs columns title and directions, .* dish,price"):
        load_recipes(path)


def test_a_path_that_is_no_file(tmp_path):
    with pytest.raises(CorpusError, match=r"there is no file .*missing"):
        load_recipes(tmp_path / "missing")
    with pytest.raises(CorpusError, match="is empty"):
        load_recipes(str(tmp_path))


# --- reports -----------------------------------------------------------------------------------------------


def test_without_a_listener_one_warning_names_the_first_ten(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text(as_json_lines([SOUP]) + '{"title": ""}\n' * 12)
    with pytest.warns(CorpusWarning) as caught:
        assert load_recipes(path) == [SOUP]
    assert len(caught) == 1
    message = str(caught[0].message)
    assert message.startswith(f"{path}: skipped record 2, line 2: the title is empty; record 3, line 3")
    assert message.endswith("record 11, line 11: the title is empty; and 2 more")
    assert Path(caught[0].filename).name == "test_corpus.py"


def test_a_listener_hears_all_and_nothing_is_warned_of(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text(as_json_lines([SOUP]) + '{"title": ""}\n' * 12)
    problems: list[Problem] = []
    assert load_recipes(path, problems.append) == [SOUP]
    assert [problem.line for problem in problems] == list(range(2, 14))


def test_an_open_file_stays_open():
    file = io.BytesIO(as_json_lines([SOUP]).encode())
    assert load_recipes(file) == [SOUP]
    file.seek(0)
    assert load_recipes(file) == [SOUP]
