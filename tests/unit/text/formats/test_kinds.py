"""What people have: exports of recipe managers, public collections, spreadsheets, notes. All are invented."""

# ruff: noqa: E501 (a file is easier to see as one text)

from __future__ import annotations

import gzip
import io
import json
import pickle
import random
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from textgen.text.corpus import CorpusError, CorpusWarning, Problem, iter_recipes, load_recipes
from textgen.text.formats import source
from textgen.text.recipe import Recipe

STEPS = ("Warm the milk.", "Stir in 2 spoons of honey.")
MILK = Recipe("Moon Milk", STEPS)
TOAST = Recipe("Fog Toast", ("Toast the bread for 3 minutes.",))
TWO = [MILK, TOAST]


def read(data: bytes | str, name: str = "x") -> tuple[list[Recipe], list[Problem]]:
    file = io.BytesIO(data.encode() if isinstance(data, str) else data)
    file.name = name
    problems: list[Problem] = []
    return list(iter_recipes(file, problems.append)), problems


def records(title: str = "title", method: str = "steps") -> list[dict]:
    return [{title: r.title, "ingredients": ["milk"], method: list(r.steps)} for r in TWO]


def zipped(files: dict[str, str | bytes], level: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", level) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


# --- JSON --------------------------------------------------------------------------------------------------

SHAPES = {
    "list": lambda r: r,
    "wrapper": lambda r: {"version": 2, "tags": [{"id": 1, "name": "drinks"}], "recipes": r},
    "wrapper in a wrapper": lambda r: {"data": {"count": 2, "items": r}},
    "dictionary": lambda r: {f"id{i}": record for i, record in enumerate(r)},
    "graph": lambda r: {
        "@context": "https://schema.org",
        "@graph": [{"@type": "WebSite", "name": "Kitchen"}, *({"@type": ["Recipe"], **x} for x in r)],
    },
    "each in its own object": lambda r: [{"recipe": record} for record in r],
    "list of books": lambda r: [{"book": "Mist", "recipes": r[:1]}, {"book": "Rain", "recipes": r[1:]}],
}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("name", ["x", "x.json"])
def test_json_of_every_shape(shape, indent, name):
    assert read(json.dumps(SHAPES[shape](records()), indent=indent), name) == (TWO, [])


@pytest.mark.parametrize("name", ["x", "x.json", "x.jsonl"])
def test_objects_one_after_the_other(name):
    assert read(json.dumps(records()[0]), name) == ([MILK], [])
    assert read(json.dumps(records()[0], indent=2), name) == ([MILK], [])
    assert read("\n".join(json.dumps(r, indent=2) for r in records()), name) == (TWO, [])
    assert read(",\n".join(map(json.dumps, records())), name) == (TWO, [])


@pytest.mark.parametrize(
    ("title", "method"),
    [
        ("name", "recipeInstructions"),
        ("Title", "Instructions"),
        ("recipe_name", "cooking_directions"),
        ("Recipe Name", "Method"),
        ("strMeal", "strInstructions"),
        ("titel", "Zubereitung"),
    ],
)
def test_names_of_fields(title, method):
    assert read(json.dumps(records(title, method))) == (TWO, [])


@pytest.mark.parametrize(
    "value",
    [
        "Warm the milk.\nStir in 2 spoons of honey.",
        "Warm the milk.\r\n\r\nStir in 2 spoons of honey.\r\n",
        "Warm the milk.\rStir in 2 spoons of honey.",
        "1. Warm the milk.\n2. Stir in 2 spoons of honey.",
        "1. Warm the milk. 2. Stir in 2 spoons of honey.",
        "Step 1: Warm the milk.\nStep 2: Stir in 2 spoons of honey.",
        "Step 1\nWarm the milk.\nStep 2\nStir in 2 spoons of honey.",
        "- Warm the milk.\n- Stir in 2 spoons of honey.",
        "<ol><li>Warm the milk.</li><li>Stir in 2 <b>spoons</b> of honey.</li></ol>",
        "<p>Warm&nbsp;the milk.</p>\n<p>Stir in 2 spoons of honey.<br/></p>",
        "Warm the milk.&lt;br&gt;Stir in 2 spoons of honey.",
        "Ingredients:\n1 cup milk\n\nDirections:\nWarm the milk.\nStir in 2 spoons of honey.\nNotes\nNice.",
        ["1. Warm the milk.", None, "", "2) Stir in 2 spoons of honey."],
        [{"text": "Warm the milk."}, {"text": "Stir in 2 spoons of honey."}],
        [{"number": 1, "step": "Warm the milk."}, {"number": 2, "step": "Stir in 2 spoons of honey."}],
        [{"name": "", "instruction": "Warm the milk.\nStir in 2 spoons of honey.", "ingredients": [{"food": "x"}]}],
        [{"name": "", "steps": [{"step": "Warm the milk."}, {"step": "Stir in 2 spoons of honey."}]}],
        [{"id": 1, "display_text": "Warm the milk."}, {"id": 2, "display_text": "Stir in 2 spoons of honey."}],
        {"1": "Warm the milk.", "2": "Stir in 2 spoons of honey."},
        {"step1": "Warm the milk.", "step2": "Stir in 2 spoons of honey."},
        {"@type": "HowToSection", "name": "Milk", "itemListElement": [
            {"@type": "HowToStep", "name": "Warm", "text": "Warm the milk."},
            {"@type": "HowToStep", "name": "Stir in 2 spoons of honey."}]},
        [[{"@type": "HowToStep", "text": "Warm the milk."}], [{"@type": "HowToStep", "text": STEPS[1]}]],
    ],
)  # fmt: skip
def test_methods_of_every_form(value):
    assert read(json.dumps({"title": "Moon Milk", "instructions": value})) == ([MILK], [])


def test_the_field_that_holds_text_wins_and_metadata_of_any_kind_costs_nothing():
    record = {
        "title": None, "name": "Moon Milk", "steps": 2, "directions": "", "instructions": list(STEPS),
        "source": {"url": "x"}, "era": 3, "license": ["CC0"], "n_steps": "2", "ingredients": [{"name": "salt", "preparation": "ground"}],
    }  # fmt: skip
    assert read(json.dumps(record)) == ([MILK], [])


def test_keys_that_are_titles():
    named = {r.title: {"ingredients": ["milk"], "method": list(r.steps)} for r in TWO}
    assert read(json.dumps(named)) == (TWO, [])


def test_entities_tags_and_bars_of_a_title():
    text = json.dumps(
        {"title": "Oat &amp;amp; <i>Honey</i> Bars | My Kitchen", "steps": ["Cook at &lt; 90 &deg;C."]}
    )
    assert read(text)[0] == [Recipe("Oat & Honey Bars - My Kitchen", ("Cook at < 90 °C.",))]


def test_ampersands_and_angles_that_are_no_html_stay():
    text = json.dumps({"title": "Mac&cheese", "steps": ["Stir if t < 5 or t > 9, salt&copper."]})
    assert read(text)[0] == [Recipe("Mac&cheese", ("Stir if t < 5 or t > 9, salt&copper.",))]


def test_a_fault_within_a_wrapper_costs_one_record_and_tells_its_line():
    text = json.dumps({"recipes": [*records(), *records()]}, indent=1).replace('"Stir', "Stir", 1)
    recipes, problems = read(text, "x.json")
    assert recipes == [TOAST, MILK, TOAST]
    assert [(p.record, p.line) for p in problems] == [(1, 3)]


def test_steps_that_are_objects_do_not_hide_where_the_next_record_starts():
    good = {"title": "Moon Milk", "instructions": [{"text": step} for step in STEPS]}
    text = json.dumps([good, good, good]).replace("Moon Milk", 'Moon " Milk', 1)
    recipes, problems = read(text, "x.json")
    assert recipes == [MILK, MILK]
    assert len(problems) == 1


def test_an_empty_record_of_a_dictionary_is_named_where_it_stands():
    text = json.dumps({"a1": {}, "a2": records()[0], "a3": {}, "meta": [1, 2]})
    recipes, problems = read(text)
    assert recipes == [MILK]
    assert [str(p) for p in problems] == [f"record {n}, line 1: there is no title" for n in (1, 3)]


@pytest.mark.parametrize(
    "value",
    [
        {"title": {"0": "Moon Milk"}, "steps": {"0": ["Warm."]}},
        {"columns": ["title", "steps"], "index": [0], "data": [["Moon Milk", ["Warm."]]]},
    ],
)
def test_tables_that_pandas_wrote_by_column_are_named(value):
    with pytest.raises(CorpusError, match="orient='records'"):
        read(json.dumps(value))


@pytest.mark.parametrize(
    "value",
    [
        [{"name": "login", "method": "GET"}] * 30,
        [{"name": "users", "method": "POST", "path": "/"}],
        {"a": 1, "b": [1, 2]},
        [{"name": "chair", "price": 5}],
    ],
)
def test_json_that_is_no_recipes(value, tmp_path):
    path = tmp_path / "x.json"
    path.write_text(json.dumps(value))
    with pytest.raises(CorpusError):
        load_recipes(path)


def test_thirty_thousand_records_in_constant_memory():
    def chunks():
        yield b'{"meta": {"n": 1}, "recipes": ['
        for number in range(30_000):
            yield b", " * (number > 0) + b'{"title": "Soup %d", "steps": ["Boil it."]}' % number
        yield b"]}"

    file = Streamed(chunks())
    tracemalloc.start()
    try:
        count = sum(1 for _ in iter_recipes(file, lambda problem: None))  # type: ignore[arg-type]
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert count == 30_000
    assert peak < 8 << 20


class Streamed(io.RawIOBase):
    """A file that exists only as it is read."""

    name = "streamed.json"

    def __init__(self, parts) -> None:  # type: ignore[no-untyped-def]
        self.parts, self.held = parts, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:  # type: ignore[no-untyped-def]
        while len(self.held) < len(buffer) and (part := next(self.parts, b"")):
            self.held += part
        data, self.held = self.held[: len(buffer)], self.held[len(buffer) :]
        buffer[: len(data)] = data
        return len(data)


# --- tables ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", list(",;\t|"))
@pytest.mark.parametrize("marked", ["", "sep={}\n", "SEP={}\r\n"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_breaks_in_cells(delimiter, marked, end):
    rows = ["name;id;method", '"Moon', 'Milk";7;"Warm the milk.', 'Stir in 2 spoons of honey."', 'Fog Toast;8;Toast the bread for 3 minutes.', ""]  # fmt: skip
    text = (
        (marked.format(";") + "\n".join(rows))
        .replace(";", delimiter)
        .replace("\n", end)
        .replace("\r\r", "\r")
    )
    assert read(text, "x.csv") == (TWO, [])


@pytest.mark.parametrize(
    "cell",
    [
        """['Warm the milk.', "Don't stir."]""",
        '["Warm the milk.", "Don\'t stir."]',
        """['Warm the milk.' "Don't stir."]""",
        "['Warm the milk.'\n \"Don't stir.\"]",
        """c("Warm the milk.", "Don't stir.")""",
        r"""['Warm the milk.', 'Don\'t stir.']""",
        """[{'text': 'Warm the milk.', 'n': 1}, {'text': "Don't stir.", 'n': None}]""",
        """('Warm the milk.', "Don't stir.")""",
        r"Warm the milk.\nDon't stir.",
        "<ul><li>Warm the milk.</li><li>Don&#39;t stir.</li></ul>",
        "1) Warm the milk. 2) Don't stir.",
        "Warm the milk. | Don't stir.",
    ],
)
def test_lists_in_a_cell(cell):
    text = "title,directions\nMoon Milk,{}\n".format('"' + cell.replace('"', '""') + '"')
    assert read(text) == ([Recipe("Moon Milk", ("Warm the milk.", "Don't stir."))], [])


@pytest.mark.parametrize(
    "cell",
    [
        "['Warm the milk.', 'St",
        "[" * 5000,
        "['a', __import__('os').getcwd()]",
        "['a'] * 9",
        "[{'a': {}}",
        "[9**9]",
    ],
)
def test_lists_that_are_not_whole_or_not_lists_are_named_and_nothing_is_run(cell):
    text = f'title,directions\nMoon Milk,"{cell}"\nFog Toast,Toast the bread for 3 minutes.\n'
    recipes, problems = read(text)
    assert TOAST in recipes
    assert all(r == TOAST or r.steps == (cell,) for r in recipes)
    assert len(recipes) + len(problems) == 2


def test_columns_of_numbered_steps_and_escapes_of_databases():
    assert read("name,step_1,step_2\nMoon Milk,Warm the milk.,Stir in 2 spoons of honey.\n") == ([MILK], [])
    text = 'title,steps\n"Moon Milk","Call it \\"soup\\".\nStir."\n'
    assert read(text) == ([Recipe("Moon Milk", ('Call it "soup".', "Stir."))], [])


# --- Markdown, Meal-Master, pages, text --------------------------------------------------------------------

BODY = "## Ingredients\n\n- 1 cup milk\n\n## Directions\n\n1. Warm the\n   milk.\n2. Stir in 2 spoons of honey.\n"
MARKDOWN = [
    f"# Moon Milk\n\nA drink.\n\n{BODY}\n## Notes\n\nNice.\n",
    f"---\ntitle: 'Moon Milk'\ntags: [a, b]\n---\n\n![photo](x.jpg)\n\n{BODY}",
    "---\nlayout: recipe\ntitle:  Moon Milk\ningredients:\n- milk\ndirections:\n- Warm the milk.\n- Stir in 2 spoons of honey.\n---\n",
    "# Book\n\n## Moon Milk\n\n### Ingredients\n\n* milk\n\n### Method\n\nWarm the **milk**.\n\nStir in [2 spoons](x) of honey.\n",
    "# Moon Milk\n\n**Ingredients**\n\n- milk\n\n**Instructions:**\n\n- Warm the milk.\n- Stir in 2 spoons of honey.\n",
    "# Moon Milk\n\n## Directions\n\n### For the milk\n\n1. Warm the milk.\n\n### To finish\n\n1. Stir in 2 spoons of honey.\n\n## Credits\n\nMe\n",
    "Moon Milk\n=========\n\nIngredients\n-----------\n\n- milk\n\nDirections\n---\n\n1. Warm the milk.\n2. Stir in 2 spoons of honey.\n",
    '+++\ntitle = "Moon Milk"\ndraft = false\n+++\n\n## Steps\n\n1. Warm the milk.\n2. Stir in 2 spoons of honey.\n',
    "# Moon Milk\n\n- 1 cup milk\n\n1. Warm the milk.\n2. Stir in 2 spoons of honey.\n",
]  # fmt: skip


@pytest.mark.parametrize("text", MARKDOWN)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_markdown(text, end):
    assert read(text.replace("\n", end), "x.md") == ([MILK], [])


@pytest.mark.parametrize("text", [MARKDOWN[0], MARKDOWN[1], MARKDOWN[2], MARKDOWN[5]])
def test_markdown_of_many_joined(text):
    other = text.replace("Moon Milk", "Sun Milk")
    assert read(f"{text}\n{other}\n{text}", "x.md") == ([MILK, Recipe("Sun Milk", STEPS), MILK], [])


def test_markdown_that_is_no_recipe_is_named():
    recipes, problems = read("# My project\n\nRun `make`.\n\n## Licence\n\nMIT\n", "README.md")
    assert recipes == []
    assert "no heading such as Directions" in str(problems[0])


@pytest.mark.parametrize("rule", ["MMMMM", "-----"])
def test_meal_master(rule):
    text = (
        f"{rule}----- Recipe via Meal-Master (tm) v8.05\n \n      Title: Moon Milk\n Categories: Drinks\n"
        "      Yield: 1 Serving\n \n      1 c  Milk                                2 tb Honey\n"
        "           -from the meadow\n \n"
        f"{rule}---------------------HONEY------------------------\n      1 pn Salt\n \n"
        "  Warm the\n  milk. Stir in\n  2 spoons of honey.\n \n  Serve.\n \n" + rule + "\n"
    )
    expected = [Recipe("Moon Milk", ("Warm the milk. Stir in 2 spoons of honey.", "Serve."))]
    assert read(text.replace("\n", "\r\n"), "x.mmf") == (expected, [])
    assert read((text + "\n") * 3)[0] == expected * 3


def test_web_pages():
    data = json.dumps(
        {
            "@graph": [
                {"@type": "WebPage", "name": "p"},
                {"@type": "Recipe", **records("name", "recipeInstructions")[0]},
            ]
        }
    )
    page = f'<!DOCTYPE html>\n<html><head><script type="application/ld+json">{data}</script></head><body></body></html>'
    assert read(page) == ([MILK], [])
    with pytest.raises(CorpusError, match="is a web page without recipe data"):
        read("<html><body><h1>Moon Milk</h1><p>Warm.</p></body></html>")


@pytest.mark.parametrize(
    "text",
    [
        "Moon Milk\n\nServes 4\n\nIngredients\n1 cup milk\n\nDirections\nWarm the milk.\nStir in 2 spoons of honey.\n",
        "Title: Moon Milk\nServings: 4\nIngredients:\n1 cup milk\nDirections:\n1. Warm the milk.\n2. Stir in 2 spoons of honey.\n\nNotes:\nNice.\n",
        "MOON MILK".title() + "\n=========\n\nIngredients:\n\n- milk\n\nMethod:\n\n1) Warm the milk.\n\n2) Stir in 2 spoons of honey.\n",
        "Moon Milk\nIngredients: milk\n\nInstructions: Warm the milk.\nStir in 2 spoons of honey.\n",
    ],
)  # fmt: skip
def test_text_with_headings(text):
    recipes, problems = read(text, "x.txt")
    assert (recipes, problems) == ([MILK], [])
    recipes, problems = read(f"{text}\n\n{text.replace('Moon', 'Sun')}", "x.txt")
    assert (recipes, problems) == ([MILK, Recipe("Sun Milk", STEPS)], [])


def test_titles_with_an_empty_line_below_them():
    text = "Moon Milk\n\nWarm the milk.\nStir in 2 spoons of honey.\n\n\nFog Toast\n\nToast the bread for 3 minutes.\n"
    assert read(text, "x.txt") == (TWO, [])
    assert read(text.partition("\n\n\n")[0], "x") == ([MILK], [])
    long = f"Sun Milk\n\n{'Stir it well and wait. ' * 60_000}\n\n"
    recipes, problems = read(long + text, "x.txt")
    assert recipes == TWO and "longer than" in str(problems[0])


def test_sentences_right_below_the_titles_of_markdown():
    text = "# Moon Milk\n\n- milk\n\nWarm the milk.\nStir in 2 spoons of honey.\n\n"
    text += "# Sun Milk\n\nWarm the milk.\n\nStir in 2 spoons\nof honey.\n"
    assert read(text, "x.md") == ([MILK, Recipe("Sun Milk", STEPS)], [])
    assert read(f"# Drinks\n\nAll that we like. They are easy.\n\n{text}", "x.md")[0][0] == MILK


def test_lists_right_below_the_titles_of_markdown():
    steps = "1. Warm the milk.\n2. Stir in 2 spoons of honey.\n"
    text = f"# Drinks\n\n## Moon Milk\n\n{steps}\n## Sun Milk\n\n{steps}"
    assert read(text, "x.md") == ([MILK, Recipe("Sun Milk", STEPS)], [])
    assert read(text.replace("# Drinks\n\n", "").replace("##", "#"), "x.md")[0][0] == MILK


# --- what is not recipes -----------------------------------------------------------------------------------

PROSE = "It was a dark evening and the ship lay\nat anchor in the bay, while the crew\nslept below and nobody watched.\n\n"
LOG = "2024-01-02 10:00:01 INFO start\n2024-01-02 10:00:02 WARN slow\n2024-01-02 10:00:03 INFO end\n\n"
CODE = "def heat(oven):\n    return oven + 1\n\n\nclass Pot:\n    size = 3\n\n"
STORY = "The Harbour\n\nA boat came in. Take care, said the man. Nobody spoke. The rain fell on the boat.\n\n"
POEM = "The Lantern\nA lantern hung above the gate\nAnd nobody came home that late\n\n"


@pytest.mark.parametrize(
    "text",
    [
        PROSE * 9,
        LOG * 9,
        CODE * 9,
        POEM * 9,
        STORY * 9,
        "hello",
        "a;b;c\n1;2;3\n",
        "key = 1\n[part]\nx = 2\n",
    ],
)
def test_text_that_is_no_recipes_is_refused(text):
    with pytest.raises(CorpusError, match="does not look like recipes; what is read: JSON"):
        read(text, "x.txt")


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", "a PDF"),
        (b"{\\rtf1\\ansi Moon Milk}", "an RTF text"),
        (b"PAR1\x15\x04\x15\x10", "a Parquet table"),
        (b"SQLite format 3\0\x10\0\x01", "an SQLite database"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "an image"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "an image"),
        (pickle.dumps({"title": "Moon Milk"}), "a Python pickle"),
        (pickle.dumps([["Moon Milk"]], protocol=0), "a Python pickle"),
        (pickle.dumps(Path("x"), protocol=2), "a Python pickle"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0", "an old Office document"),
        (zipped({"[Content_Types].xml": "", "word/document.xml": "<w/>"}), "a Word document"),
        (zipped({"[Content_Types].xml": "", "xl/workbook.xml": "<w/>"}), "an Excel workbook"),
        (zipped({"mimetype": "application/epub+zip", "META-INF/container.xml": ""}), "an e-book"),
        (zipped({"mimetype": "x", "content.xml": ""}), "an OpenDocument file"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n", "a Git LFS pointer"),
        (b'<?xml version="1.0"?><recipeml><recipe/></recipeml>', "XML"),
        (b"- title: Moon Milk\n  steps:\n    - Warm.\n", "YAML"),
    ],
)  # fmt: skip
def test_known_and_not_read(data, kind):
    for content, name in ((data, "x.txt"), (gzip.compress(data), "x.txt.gz")):
        if content is data or not data.startswith(b"PK"):
            with pytest.raises(CorpusError, match=f"is {kind}"):
                read(content, name)


# --- folders, zip files ------------------------------------------------------------------------------------


def test_a_folder(tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "a.json").write_text(json.dumps(records()[0], indent=2))
    (tmp_path / "b" / "c.md").write_text(MARKDOWN[0])
    (tmp_path / "b" / "photo.jpg").write_bytes(b"\xff\xd8\xff")
    (tmp_path / ".DS_Store").write_bytes(b"\0\0\0\1")
    (tmp_path / "b" / "scan.pdf").write_bytes(b"%PDF-1.4")
    problems: list[Problem] = []
    assert load_recipes(tmp_path, problems.append) == [MILK, MILK]
    assert [str(p) for p in problems] == ["b/scan.pdf, line 1: is a PDF"]


def test_zip_files_of_recipe_managers(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    one = json.dumps(
        {"name": "Moon Milk", "directions": "\n\n".join(STEPS), "rating": 5, "photo_data": "x" * 999}
    )
    paprika = zipped({"Moon Milk.paprikarecipe": gzip.compress(one.encode())})
    tandoor = zipped(
        {
            "1.zip": zipped(
                {
                    "recipe.json": json.dumps(
                        {"name": "Moon Milk", "steps": [{"instruction": s} for s in STEPS]}
                    ),
                    "image.png": b"",
                }
            )
        }
    )
    climbing = zipped({"../../escape.json": one, "/etc/x.json": one})
    assert read(paprika, "x.paprikarecipes") == ([MILK], [])
    assert read(tandoor) == ([MILK], [])
    assert read(climbing) == ([MILK, MILK], [])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("nested", [False, True])
def test_a_zip_bomb_is_not_unpacked_to_its_end(nested, monkeypatch):
    monkeypatch.setattr(source, "_BOMB_SIZE", 1 << 20)
    line = json.dumps(records()[0]).encode() + b"\n"
    bomb = zipped({f"{i}.jsonl": line * 30_000 for i in range(3)})
    if nested:
        bomb = zipped({"a.zip": bomb})
    kept, problems = read(bomb)
    assert len(kept) < 90_000
    assert set(kept) <= {MILK}
    assert "unpacks to over" in problems[-1].reason


def test_a_damaged_member_costs_itself():
    good = json.dumps(records())
    data = bytearray(zipped({"a.json": good, "b.json": good, "c.json": good}, zipfile.ZIP_STORED))
    at = data.index(b"b.json") + 40
    data[at : at + 3] = b"###"
    recipes, problems = read(bytes(data))
    assert recipes[:2] == TWO and recipes[-2:] == TWO
    assert {p.file for p in problems} == {"b.json"}


def test_locked_and_nested_too_deep():
    data = bytearray(zipped({"a.json": json.dumps(records())}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= 1
    assert [str(p) for p in read(bytes(data))[1]] == ["a.json, line 1: is locked with a password"]
    deep = zipped({"a.json": "[]"})
    for _ in range(4):
        deep = zipped({"a.zip": deep})
    assert "zip files within" in read(deep)[1][0].reason


# --- bad input ---------------------------------------------------------------------------------------------


def test_one_recipe_and_the_same_a_thousand_times():
    line = json.dumps(records()[0]) + "\n"
    assert read(line) == ([MILK], [])
    assert read(line * 1000) == ([MILK] * 1000, [])


def test_fifty_languages():
    rng = random.Random(1)
    starts = [0x61, 0x3B1, 0x430, 0x5D0, 0x627, 0x905, 0xE01, 0x10D0, 0x3042, 0x4E00, 0xAC00]
    words = ["".join(chr(s + rng.randrange(20)) for _ in range(5)) for s in starts]
    recipes = [Recipe(f"{w} {rng.choice(words)}", (f"{w} 20 min.", w)) for w in words]
    text = "\n".join(json.dumps({"title": r.title, "steps": r.steps}, ensure_ascii=False) for r in recipes)
    assert read(text) == (recipes, [])
    plain = "\n\n".join("\n".join([r.title, *r.steps]) for r in recipes)
    assert read(plain, "x.txt") == (recipes, [])


@pytest.mark.parametrize("name", ["x.jsonl", "x.json", "x.csv", "x.txt"])
def test_nul_bytes_cost_one_record(name):
    rows = ["A soup", "B\0soup", "C soup"]
    texts = {
        "x.jsonl": "\n".join(f'{{"title": "{r}", "steps": ["Boil."]}}' for r in rows),
        "x.json": "[" + ",".join(f'{{"title": "{r}", "steps": ["Boil."]}}' for r in rows) + "]",
        "x.csv": "title,steps\n" + "\n".join(f"{r},Boil." for r in rows),
        "x.txt": "\n\n".join(f"{r}\nBoil." for r in rows),
    }
    recipes, problems = read(texts[name], name)
    assert [r.title for r in recipes] == ["A soup", "C soup"]
    assert [p.record for p in problems] == [2]


def test_at_most_ten_problems_are_shown_and_all_counted(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps(records()[0]) + "\n{}" * 25)
    with pytest.warns(CorpusWarning, match="and 15 more"):
        assert load_recipes(path) == [MILK]
