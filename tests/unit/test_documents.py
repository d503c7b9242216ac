"""README and docs: their commands run or are understood, links lead somewhere, figures are true."""

from __future__ import annotations

import ast
import importlib
import json
import math
import re
import shlex
import shutil
import subprocess
from argparse import ArgumentParser, _SubParsersAction
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from networks import KERAS_2
from PIL import Image
from small_bundles import small_bundle

from benchmarks.__main__ import PARTS
from tests import fuzz
from textgen.cli.parser import COMMANDS, _build_parser, main
from textgen.training.limits import Limits

ROOT = Path(__file__).resolve().parents[2]
FILES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
TEXTS = {path.relative_to(ROOT).as_posix(): path.read_text("utf-8") for path in FILES}
FOLDERS = ("assets", "benchmarks", "docs", "pages", "tests", "textgen", ".streamlit")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMANDS_MD, FIGURES_MD = TEXTS["docs/commands.md"], TEXTS["docs/figures.md"]

# What a command is run with here, in place of what is written: the same, smaller.
SMALLER = {
    "--model large --model gru": "--model gru",
    "--texts 200": "--texts 2 --max-words 9 --temperatures 0.5,1",
    "FILE": "recipes.json",
}
# What is understood here and not run, and where it is.
ELSEWHERE = {
    "textgen serve": "until it is ended: tests/unit/cli/test_serve.py",
    "textgen train": "TensorFlow: tests/unit/training/test_job.py",
    "textgen average": "TensorFlow: tests/unit/training/test_job.py",
    "--scheduler": "a cluster: tests/unit/measuring/study/test_cluster.py",
    "--save": "changes a released network's folder: tests/unit/cli/test_evaluate_dishes.py",
    "evaluate --model large --corpus FILE --": "hundreds of recipes: tests/unit/cli/test_evaluate_units.py",
    "verbs --corpus": "dozens of recipes: tests/unit/cli/test_verbs.py",
    "open FILE": "a file that is packed first: docs/bundles.md",
}
OF_OTHERS = {"--build-arg", "--read-only"}  # options in the prose that are Docker's


class Block(NamedTuple):
    where: str
    language: str
    text: str


BLOCKS = [
    Block(f"{name}:{text[: found.start()].count(chr(10)) + 1}", found[1], found[2])
    for name, text in TEXTS.items()
    for found in FENCE.finditer(text)
]


def inline(text: str) -> list[str]:
    """What stands between single backticks, on one line."""
    return [" ".join(code.split()) for code in re.findall(r"`([^`]+)`", FENCE.sub("", text))]


def commands(text: str) -> list[str]:
    """The commands of a block, a line each, without comments."""
    lines = (re.sub(r"\s+#.*", "", line).strip() for line in text.replace("\\\n", " ").splitlines())
    return [line for line in lines if line]


STARTS = re.compile(r"(make|simmer|pip|docker|dask|python3?|\.venv/bin/\w+) \S")
WRITTEN = [(b.where, line) for b in BLOCKS if b.language == "" for line in commands(b.text)]
MENTIONED = [(name, code) for name, text in TEXTS.items() for code in inline(text) if STARTS.match(code)]


# -- what a command must be ------------------------------------------------------------------------


def understood(command: str) -> None:
    """Fails if a command is none: of ours by its parser, of others by the files and options it names."""
    program, *rest = shlex.split(re.sub(r"^([A-Z_]+=\S* )*", "", command))
    match program.rpartition("/")[2], *rest:
        case "make", target, *more:
            understood_by_make(target, more)
        case "simmer", *arguments:
            understood_by_us(arguments)
        case "python" | "python3", "-m", "textgen", *arguments:
            understood_by_us(arguments)
        case "python" | "python3", "-m", "tests.fuzz", reader, *_:
            assert reader == "READER" or reader in fuzz.READERS
        case "python" | "python3", "-m", module, *arguments if module.startswith("benchmarks"):
            understood_by_benchmarks(module, arguments)
        case ("python" | "python3", "-m", "pip", "install", *what) | ("pip", "install", *what):
            assert what == ["."] or (ROOT / what[what.index("-r") + 1]).is_file()
        case "python" | "python3", "-m", "streamlit", "run", script:
            assert (ROOT / script).is_file()
        case "python" | "python3", "-m", "venv", ".venv":
            pass
        case "docker", "build" | "run", *options:
            text = (ROOT / "Dockerfile").read_text("utf-8")
            assert all(f"ARG {word.split('=')[0]}=" in text for word in options if re.match(r"[A-Z]+=", word))
            if "textgen" in options:
                understood_by_us(options[options.index("textgen") + 1 :])
        case "dask", "scheduler" | "worker" as what, *arguments:
            importlib.import_module(f"distributed.cli.dask_{what}").main.make_context("dask", arguments)
        case _:
            raise AssertionError(f"no test knows {command}")


def understood_by_us(arguments: list[str]) -> None:
    """By the parser of the command line; a command that is only named must be there."""
    if beyond_names(arguments):
        _build_parser().parse_args(arguments)


def beyond_names(arguments: list[str]) -> list[str]:
    """What stands after the name of a command, and of its action if it has some."""
    parser, rest = _build_parser(), list(arguments)
    while rest and (known := actions(parser)):
        assert rest[0] in known
        parser = known[rest.pop(0)]
    return rest


def understood_by_make(target: str, more: list[str]) -> None:
    assert target in targets()
    arguments = shlex.split(more[0].removeprefix("ARGS=")) if more else []
    if target == "serve":
        understood_by_us(["serve", *arguments])
    elif target == "bench":
        assert set(arguments) <= {*PARTS, "PART"}
    elif target == "test":
        understood_by_pytest(arguments)
    elif target == "run":
        from streamlit import config

        for option in arguments[::2]:
            config.get_option(option.removeprefix("--"))  # or it raises
    else:
        assert not arguments


def understood_by_pytest(arguments: list[str]) -> None:
    """Its files and tests are there, and so is one for each part of what `-k` chooses among them."""
    tests = [word for word in arguments if word.startswith("tests/")]
    files = [ROOT / test.partition("::")[0] for test in tests]
    names = [name for file in files for each in ([file] if file.suffix else file.rglob("test_*.py"))
             for name in defined(each)]  # fmt: skip
    assert all(file.exists() for file in files)
    assert {test.partition("::")[2] for test in tests} <= {"", *names}
    if "-k" in arguments:
        for part in arguments[arguments.index("-k") + 1].split(" or "):
            assert any(part in name for name in names), part


def understood_by_benchmarks(module: str, arguments: list[str]) -> None:
    options = {word for word in arguments if word.startswith("--")}
    source = (ROOT / f"{module.replace('.', '/')}.py").read_text("utf-8")
    assert all(f'"{option}"' in source for option in options)


def defined(file: Path) -> set[str]:
    nodes = ast.walk(ast.parse(file.read_text("utf-8")))
    return {node.name for node in nodes if isinstance(node, ast.FunctionDef)}


def actions(parser: ArgumentParser) -> dict[str, ArgumentParser]:
    """The commands below a parser."""
    found = [action for action in parser._actions if isinstance(action, _SubParsersAction)]
    return dict(found[0].choices) if found else {}


def targets() -> list[str]:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    return re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split()


def all_parsers(parser: ArgumentParser) -> Iterator[ArgumentParser]:
    yield parser
    for below in actions(parser).values():
        yield from all_parsers(below)


@pytest.mark.parametrize(("where", "command"), sorted({*WRITTEN, *MENTIONED}))
def test_every_command_is_one(where: str, command: str) -> None:
    understood(command)


def test_commands_and_blocks_are_found_by_these_tests() -> None:
    assert {"make run", "make test"} <= {command for _, command in WRITTEN}
    assert len(MENTIONED) > 40
    assert {block.language for block in BLOCKS} == {"", "python", "nginx", "yaml"}
    assert {block.text for block in BLOCKS if block.where.startswith("README")} >= {
        "make run\n",
        "make test\n",
    }
    assert sum(text.count("```") for text in TEXTS.values()) == 2 * len(BLOCKS)
    assert all((ROOT / why.split()[-1]).is_file() for why in ELSEWHERE.values())


def test_options_in_the_prose_are_options() -> None:
    known = {text for parser in all_parsers(_build_parser()) for text in parser._option_string_actions}
    said = {
        word for text in TEXTS.values() for code in inline(text) for word in re.findall(r"^--[\w-]+", code)
    }
    assert said - known == OF_OTHERS & said


@pytest.mark.skipif(shutil.which("make") is None, reason="there is no make")
@pytest.mark.parametrize("target", targets())
def test_make_knows_how(target: str) -> None:
    done = subprocess.run(["make", "-n", target], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# -- what is run -----------------------------------------------------------------------------------


@pytest.fixture
def kitchen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the files that commands name, and nothing of anybody else."""
    steps = ["Boil the water and add the salt .", "Add the beans and cook until tender ."]
    recipes = [{"title": f"Bean soup {n}", "steps": steps} for n in range(4)]
    (tmp_path / "recipes.json").write_text(json.dumps(recipes), "utf-8")
    shutil.copy(KERAS_2 / "functional.h5", tmp_path / "network.h5")
    words = ["", "[UNK]", "recipe", "for", "|", "bean", "soup", *(f"word{n}" for n in range(16))]
    (tmp_path / "words.json").write_text(json.dumps(words), "utf-8")
    (tmp_path / "assets").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SIMMER_HOME", str(tmp_path / "home"))
    return tmp_path


def is_ours(command: str) -> bool:
    return "-m textgen " in command


def is_run(command: str) -> bool:
    arguments = shlex.split(command.partition("-m textgen ")[2])
    whole = arguments == ["models"] or beyond_names(arguments) if is_ours(command) else False
    return bool(whole) and not any(words in command for words in ELSEWHERE)


def run(command: str) -> None:
    for said, smaller in SMALLER.items():
        command = command.replace(said, smaller)
    assert main(shlex.split(command.partition("-m textgen ")[2])) == 0, command


RUN = [block for block in BLOCKS if any(map(is_run, commands(block.text)))]
PYTHON = [block for block in BLOCKS if block.language == "python"]


@pytest.mark.parametrize("block", RUN, ids=lambda block: block.where)
def test_the_commands_of_a_block_run_one_after_the_other(block: Block, kitchen: Path) -> None:
    for command in commands(block.text):
        if is_run(command):
            run(command)
        elif "--out mine" in command:  # stands for what training would leave there
            small_bundle(kitchen / "mine")


@pytest.mark.parametrize("command", sorted({command for _, command in MENTIONED if is_run(command)}))
def test_a_command_of_a_table_or_a_sentence_runs(command: str, kitchen: Path) -> None:
    run(command)


@pytest.mark.parametrize("block", PYTHON, ids=lambda block: block.where)
def test_python_runs_as_it_is_written(block: Block, kitchen: Path) -> None:
    exec(compile(block.text, block.where, "exec"), {"__name__": "__main__"})


# -- what is told ----------------------------------------------------------------------------------


def test_every_command_target_and_part_is_told() -> None:
    first = " ".join(inline(COMMANDS_MD.partition("## Which files")[0]))
    for name in COMMANDS:
        assert f"python -m textgen {name}" in first
    for target in targets():
        assert f"`make {target}`" in COMMANDS_MD
    for action in actions(actions(_build_parser())["bundle"]):
        assert f"bundle {action} " in TEXTS["docs/bundles.md"]
    told = set(re.findall(r"^\| `(\w+)` \|", FIGURES_MD.partition("## How fast")[2], re.MULTILINE))
    told |= set(re.findall(r"[Tt]he part `(\w+)`", FIGURES_MD))
    assert told == set(PARTS)


def test_which_commands_write_json_is_told() -> None:
    sentence = re.search(r"all but (.*?) write JSON with `--json`", " ".join(COMMANDS_MD.split()))[1]
    have = {name for name, parser in actions(_build_parser()).items() if "--json" in parser.format_help()}
    assert set(re.findall(r"`(\w+)`", sentence)) == set(COMMANDS) - have


def test_every_variable_is_told_and_the_limits_are_those_of_the_host() -> None:
    sources = [path.read_text("utf-8") for path in (ROOT / "textgen").rglob("*.py")]
    used = set(re.findall(r"""["'](SIMMER_[A-Z]+)["']""", " ".join(sources)))
    assert used and all(f"`{name}`" in TEXTS["docs/hosting.md"] for name in used)
    rows = re.findall(r"^\| `SIMMER_TRAIN_(\w+)` \| .* \| ([\d,]+) \|$", TEXTS["docs/yours.md"], re.MULTILINE)
    assert {name.lower(): int(value.replace(",", "")) for name, value in rows} == vars(Limits())


def test_the_figures_of_the_networks_are_those_of_their_cards() -> None:
    rows = re.findall(r"^\| `(\w+)` \| .* \| ([\d,]+) \|(.*)\|$", FIGURES_MD, re.MULTILINE)
    released = sorted(path.parent.name for path in (ROOT / "assets" / "models").glob("*/card.json"))
    assert sorted(name for name, *_ in rows) == released
    for name, parameters, figures in rows:
        card = json.loads((ROOT / "assets" / "models" / name / "card.json").read_text("utf-8"))
        eras = [card["evaluation"][era] for era in ("modern", "home", "historic")]
        title = card["title_information"]["modern"]
        expected = [f"{era['perplexity']:.1f}" for era in eras]
        expected.append("{bits:.2f} bits ({low:.2f} to {high:.2f})".format(**title))
        assert parameters == f"{card['architecture']['parameters']:,}"
        assert [figure.strip() for figure in figures.split("|")] == expected
        assert [era["recipes"] for era in eras] == [246, 118, 392]


def test_what_the_code_is_said_to_be_called_is_called_so() -> None:
    """Files and names of the code map, and files named elsewhere."""
    paths = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*")]
    there = [path.relative_to(ROOT).as_posix() for path in (*ROOT.iterdir(), *paths) if path.is_file()]
    sources = " ".join((ROOT / path).read_text("utf-8") for path in there if path.endswith((".py", ".js")))
    for name, text in TEXTS.items():
        for code in set(inline(text)) - {"CARD.md", "test_module.py"}:
            if re.fullmatch(r"[a-z/._-]*\w\.(py|js|npz|toml|html|md)", code):
                assert any(f"/{path}".endswith(f"/{code}") for path in there), f"{name}: {code}"
            elif name == "docs/code.md" and re.fullmatch(r"[A-Za-z_][\w.]*", code):
                assert re.search(rf"\b{code.rpartition('.')[2]}\b", sources), code


# -- where it leads --------------------------------------------------------------------------------


def anchors(text: str) -> set[str]:
    """Of the headings, as GitHub makes them."""
    heads = re.findall(r"^#+ (.*)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize(
    "name", sorted(set(TEXTS) - {"docs/teaching.md"})
)  # it links into the app: test_teaching
def test_every_link_leads_to_what_is_there(name: str) -> None:
    for target in re.findall(r"\]\(([^)]+)\)", FENCE.sub("", TEXTS[name])):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        file = (ROOT / name).parent / path if path else ROOT / name
        assert file.exists(), target
        assert not anchor or anchor in anchors(file.read_text("utf-8")), target


def test_every_document_is_reached_from_the_readme() -> None:
    linked = set(re.findall(r"\]\((docs/[\w.-]+)\)", TEXTS["README.md"]))
    assert linked == {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").iterdir()}


def test_the_readme_is_one_screen() -> None:
    """60 lines of 24 pixels, in a column of 830 pixels, about 110 characters, as GitHub sets it."""
    text = TEXTS["README.md"]
    (picture,) = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text)
    with Image.open(ROOT / picture) as image:
        lines = image.height * min(1, 830 / image.width) / 24
    for block in re.split(r"\n\n+", re.sub(r"!\[.*?\)", "", text)):
        shown = re.sub(r"\]\([^)]+\)", "]", block)
        is_code = shown.startswith("```")
        lines += 1 + (shown.count("\n") if is_code else math.ceil(len(shown) / 110))
    assert lines <= 60


def test_every_promise_has_a_command() -> None:
    rows = re.findall(r"^\| (?!promise|---)(.*?) \| (.*) \|$", TEXTS["docs/promises.md"], re.MULTILINE)
    assert len(rows) > 10
    assert all(re.fullmatch(r"`make (test|bench|check)[^`]*`", command) for _, command in rows)


def test_a_container_has_what_the_app_reads() -> None:
    copied = re.findall(r"^COPY (\S+) \S+$", (ROOT / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    let_in = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    for path in ("app.py", "pages", "textgen", "assets", "docs", ".streamlit"):
        assert path in copied and f"!{path}" in let_in
