"""The command line on a small untrained network: what it writes, how it refuses, how it exits."""

from __future__ import annotations

import importlib.util
import json
import math
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from commands import replace_everywhere

from textgen import __main__ as cli
from textgen.cli.parser import COMMANDS
from textgen.network.bundle import Bundle, BundleError
from textgen.network.recurrent import LSTM, Affine, RecurrentModel
from textgen.text.vocabulary import Vocabulary
from textgen.writing.generate import generations, recipe_prompt
from textgen.writing.rules import RULES
from textgen.writing.sampling import Sampler

ROOT = Path(__file__).resolve().parents[3]
WORDS = ["", "[UNK]", "recipe", "for", "|", "soup", "boil", "the", "water", ".", "chop", "1", "/", "2", "cup"]


@pytest.fixture
def bundle(monkeypatch: pytest.MonkeyPatch) -> Bundle:
    """A random network that the commands find under the names "tiny" and, by default, as the first of all."""
    rng = np.random.default_rng(3)

    def weights(*shape: int) -> np.ndarray:
        return rng.normal(size=shape).astype(np.float32)

    size, units = len(WORDS), 6
    layer = LSTM(weights(5, 4 * units), weights(units, 4 * units), weights(4 * units))
    model = RecurrentModel(weights(size, 5), [layer], Affine(weights(units, size), weights(size)))
    card = {
        "architecture": {"parameters": 1234},
        "evaluation": {"modern": {"perplexity": 21.5}},
    }
    tiny = Bundle("tiny", model, Vocabulary(WORDS), card, {})

    def load(name: str) -> Bundle:
        if name != "tiny":
            raise BundleError(f"there is no model {name!r}")
        return tiny

    replace_everywhere(monkeypatch, "load_bundle", load)
    replace_everywhere(monkeypatch, "available_bundles", lambda: ["tiny"])
    return tiny


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> SimpleNamespace:
    try:
        code: Any = cli.main(argv)
    except SystemExit as stop:
        code = stop.code
    out, err = capsys.readouterr()
    return SimpleNamespace(code=code, out=out, err=err)


def test_generate_writes_what_the_library_writes(bundle: Bundle, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--temperature", "0", "-T", "1.5", "--seed", "7", "--json", "--probs", "4"]
    result = run(capsys, "generate", "Soup", *options)
    facts = json.loads(result.out)
    samplers = [Sampler(temperature=0), Sampler(temperature=1.5)]
    expected = generations(bundle, recipe_prompt("Soup"), samplers=samplers, max_tokens=60, seed=7)

    assert (result.code, result.err) == (0, "")
    assert facts["model"] == "tiny" and facts["prompt"] == "recipe for Soup | "
    assert [r["temperature"] for r in facts["runs"]] == [0, 1.5]
    assert [[s["word"] for s in r["steps"]] for r in facts["runs"]] == [
        [step.word for step in generation.steps] for generation in expected
    ]
    for shown, generation in zip(facts["runs"], expected, strict=True):
        assert shown["text"] == generation.text
        for row, step in zip(shown["steps"], generation.steps, strict=True):
            probs = generation.sampler.distribution(bundle.model.logits(step.hidden))
            assert row["probability"] == pytest.approx(probs[step.token])
            likeliest = [p for p in sorted(probs, reverse=True)[:4] if p > 0]
            assert [p for _, p in row["word_probs"]] == pytest.approx(likeliest)
            assert sum(p for _, p in row["word_probs"]) + row["other_words"] == pytest.approx(1)


def test_generate_json_of_an_infinite_temperature_is_json(
    bundle: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    result = run(capsys, "generate", "soup", "-T", "inf", "--json", "--max-words", "2")
    assert json.loads(result.out, parse_constant=refuse)["runs"][0]["temperature"] == "inf"


def test_generate_shows_a_text_for_each_temperature_and_a_row_for_each_step(
    bundle: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    result = run(capsys, "generate", "soup", "--opening", "Chop 1 / 2", "--probs", "3", "--max-words", "5")
    blocks = result.out.split("\n\n")
    assert [block.splitlines()[0] for block in blocks[::2]] == ["T = 0.2", "T = 0.7", "T = 1.2"]
    (first,) = generations(
        bundle, recipe_prompt("soup", "Chop 1 / 2"), samplers=[Sampler(temperature=0.2)], max_tokens=5
    )
    text, table = blocks[0].splitlines()[1], blocks[1].splitlines()
    assert text.startswith("Chop 1/2")
    assert [line.split()[0] for line in table[1:]] == [str(n + 1) for n in range(len(first.steps))]
    assert [line.split()[1] for line in table[1:]] == [step.word or "(end)" for step in first.steps]


@pytest.mark.parametrize(("options", "left"), [(["-T", "0"], 1), (["-T", "1", "--top-k", "2"], 2)])
def test_words_that_cannot_be_drawn_are_not_listed_as_likely(
    options: list[str], left: int, bundle: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    fixed = ["generate", "soup", "--max-words", "3", "--probs", "5", *options]
    for step in json.loads(run(capsys, *fixed, "--json").out)["runs"][0]["steps"]:
        assert len(step["word_probs"]) == left and all(p > 0 for _, p in step["word_probs"])
    table = run(capsys, *fixed).out.split("\n\n")[1].splitlines()
    assert table[0].split() == ["step", "word", "chance", "likeliest", "words", "all", "others"]
    for row in table[1:]:  # the chance of the word, of each of those left, and of all others
        assert row.count("%") == 1 + left + 1 and row.endswith(" 0 %")


def test_every_filter_reaches_the_sampler(bundle: Bundle, capsys: pytest.CaptureFixture[str]) -> None:
    def chances(*options: str) -> list[float]:
        fixed = ["-T", "2", "--json", "--max-words", "1", "--probs", "15"]
        result = run(capsys, "generate", "soup", *fixed, *options)
        (step,) = json.loads(result.out)["runs"][0]["steps"]
        return [p for _, p in step["word_probs"]]

    plain = chances()
    assert len(plain) == len(WORDS)
    assert len(chances("--top-k", "2")) == 2
    assert len(chances("--top-p", "0")) == 1
    for strict in (["--min-p", "0.5"], ["--typical-p", "0.3"], ["--top-n-sigma", "1"]):
        assert 1 <= len(chances(*strict)) < len(plain)
    assert chances("--repetition-penalty", "3") != plain
    assert len(chances("--no-unknown")) == len(plain) - 1


def test_words_outside_the_vocabulary_are_named(bundle: Bundle, capsys: pytest.CaptureFixture[str]) -> None:
    result = run(capsys, "generate", "Soup of Xyzzy", "--max-words", "1")
    assert result.code == 0
    assert "of, Xyzzy" in result.err and "soup" not in result.err


@pytest.mark.parametrize("bad", ["-1", "nan", "NaN", "-inf", "hot", ""])
def test_a_bad_temperature_is_wrong_usage(
    bad: str, bundle: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    result = run(capsys, "generate", "soup", f"--temperature={bad}")
    assert (result.code, result.out) == (2, "")
    assert "a temperature is a number, 0 or more" in result.err
    assert "Traceback" not in result.err


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--top-p", "1.5"], "top_p"),
        (["--top-k", "0"], "top_k"),
        (["--top-k", "many"], "top_k must be a whole number of words, 1 or more, not 'many'"),
        (["--top-n-sigma", "0"], "top_n_sigma"),
        (["--typical-p", "0"], "typical_p"),
        (["--min-p", "nan"], "min_p"),
        (["--repetition-penalty", "0"], "repetition_penalty"),
        (["--seed", "-1"], "seed"),
        (["--max-words", "0"], "from 1 to"),
        (["--probs", "many"], "from 1 to"),
        (["--luck", "bad"], "--luck"),
    ],
)
def test_bad_options_are_named(
    options: list[str], named: str, bundle: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    result = run(capsys, "generate", "soup", *options)
    assert (result.code, result.out) == (2, "")
    assert named in result.err


@pytest.mark.parametrize("title", ["", "  \t"])
def test_an_empty_title_is_wrong_usage(
    title: str, bundle: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, "generate", title).code == 2


def test_what_steers_a_terminal_is_shown_and_not_sent(
    bundle: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    result = run(capsys, "generate", "soup \x1b[31m\u202e\x9b", "--max-words", "1")
    wrong = run(capsys, "generate", "soup", "\x1b[2Jmore")
    assert wrong.code == 2
    for text in (result.out, result.err, wrong.err):
        assert not any(c in text for c in "\x1b\x9b\u202e")
    assert r"\x1b" in result.err and r"\x1b" in wrong.err


def test_an_unknown_model_is_one_sentence(bundle: Bundle, capsys: pytest.CaptureFixture[str]) -> None:
    result = run(capsys, "generate", "soup", "--model", "nope")
    assert (result.code, result.out) == (1, "")
    assert result.err == "there is no model 'nope'\n"


def test_no_model_at_all_says_what_to_do(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    replace_everywhere(monkeypatch, "available_bundles", lambda: [])
    for command in (["models"], ["generate", "soup"]):
        result = run(capsys, *command)
        assert result.code == 1 and "train" in result.err


def test_evaluate_by_era(bundle: Bundle, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    corpus = tmp_path / "recipes.jsonl"
    lines = [
        {"title": "Soup", "steps": ["Boil the water."], "era": "modern"},
        {"title": "Stew", "steps": ["Boil."], "era": "historic"},
    ]
    corpus.write_text("\n".join([*map(json.dumps, lines), '{"title": "cut sho']))
    result = run(capsys, "evaluate", "--model", "tiny", "--corpus", str(corpus), "--json")
    eras = json.loads(result.out)["eras"]
    assert result.code == 0
    assert "line 3" in result.err
    # recipe for soup | boil the water . (stop): eight predicted
    # recipe for stew | boil . (stop): six predicted, one of them unknown
    assert (eras["modern"]["tokens"], eras["historic"]["tokens"]) == (8, 6)
    assert eras["historic"]["unknown_rate"] == pytest.approx(1 / 6)
    assert eras["modern"]["perplexity"] == pytest.approx(math.exp(eras["modern"]["nats_per_token"]))
    table = run(capsys, "evaluate", "--model", "tiny", "--corpus", str(corpus)).out
    assert f"{eras['modern']['perplexity']:.2f}" in table


@pytest.mark.parametrize("content", [None, "", "\x00\xff"])
def test_a_useless_corpus_is_one_sentence(
    content: str | None, bundle: Bundle, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    corpus = tmp_path / "corpus.jsonl"
    if content is not None:
        corpus.write_bytes(content.encode("latin-1"))
    result = run(capsys, "evaluate", "--model", "tiny", "--corpus", str(corpus))
    assert (result.code, result.out) == (1, "")
    assert "corpus.jsonl" in result.err and "Traceback" not in result.err


def test_models_lists_figures_and_says_what_is_not_measured(
    bundle: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    row = run(capsys, "models").out.splitlines()[1]
    assert "1,234" in row and "21.5" in row and "not measured" in row
    assert json.loads(run(capsys, "models", "--json").out) == {"tiny": bundle.card}


def test_training_without_tensorflow_says_how_to_get_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    out = str(tmp_path / "out")
    for command in (
        ("train", "--corpus", "x", "--model", "lstm", "--out", out),
        ("average", "a", "b", "--out", out),
    ):
        result = run(capsys, *command)
        assert result.code == 1
        assert "requirements.txt" in result.err


def test_an_interrupt_is_quiet(
    bundle: Bundle, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*args: Any, **kwargs: Any) -> None:
        raise KeyboardInterrupt

    replace_everywhere(monkeypatch, "generations", interrupt)
    result = run(capsys, "generate", "soup")
    assert (result.code, result.out, result.err) == (130, "", "interrupted\n")


@pytest.mark.parametrize("command", [None, *COMMANDS])
def test_help_everywhere(command: str | None, capsys: pytest.CaptureFixture[str]) -> None:
    result = run(capsys, *filter(None, [command]), "--help")
    assert result.code == 0 and result.out.startswith("usage: python -m textgen")
    assert "%(" not in result.out


def test_the_help_of_generate_has_every_rule(capsys: pytest.CaptureFixture[str]) -> None:
    shown = " ".join(run(capsys, "generate", "--help").out.split())
    for rule in RULES:
        assert f"--{rule.name.replace('_', '-')} N {rule.help}" in shown


def python(*argv: str, stdout: int = subprocess.PIPE) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *argv], cwd=ROOT, stdout=stdout, stderr=subprocess.PIPE, text=True, encoding="utf-8"
    )


def test_the_module_runs_and_needs_no_tensorflow() -> None:
    code = (
        "import sys\nfrom textgen.__main__ import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
        "assert not {'tensorflow', 'keras', 'streamlit'} & set(sys.modules)"
    )
    process = python("-c", code)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "") and "generate" in out


@pytest.mark.skipif(sys.platform == "win32", reason="pipes break otherwise there")
def test_a_reader_that_leaves_is_no_error() -> None:
    code = (
        "import sys; from textgen.cli import models, parser\n"
        "models.run = lambda args: [print('x' * 1000) for _ in range(1000)]\n"
        "sys.exit(parser.main(['models']))"
    )
    process = python("-c", code)
    assert process.stdout is not None and process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    with process:
        assert process.stderr.read() == ""
        assert process.wait(timeout=60) == 0


def test_the_books_prompt_is_title_and_opening(bundle: Bundle, capsys: pytest.CaptureFixture[str]) -> None:
    typed = run(capsys, "generate", "Recipe for soup | chop 1 /", "--json", "-T", "0")
    given = run(capsys, "generate", "soup", "--opening", "chop 1 /", "--json", "-T", "0")
    assert json.loads(typed.out) == json.loads(given.out)
    assert typed.err == "read as the title 'soup' and the opening 'chop 1 /'\n"
    assert given.err == ""
    assert run(capsys, "generate", "| chop").code == 2
