"""`python -m textgen verbs` on a small untrained network."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from commands import replace_everywhere
from networks import random_model

from textgen import __main__ as cli
from textgen.measuring.first_verbs import divergence, first_verbs
from textgen.network.bundle import Bundle
from textgen.text.vocabulary import Vocabulary

WORDS = ["", "[UNK]", "recipe", "for", "|", "soup", "cake", "boil", "butter", "add", "the", ",", ".", "in"]


@pytest.fixture
def bundle(monkeypatch: pytest.MonkeyPatch) -> Bundle:
    tiny = Bundle("tiny", random_model(len(WORDS)), Vocabulary(WORDS), {}, {})
    replace_everywhere(monkeypatch, "load_bundle", lambda name: tiny)
    replace_everywhere(monkeypatch, "available_bundles", lambda: ["tiny"])
    return tiny


def run(capsys: pytest.CaptureFixture[str], *argv: str) -> SimpleNamespace:
    try:
        code: Any = cli.main(["verbs", *argv])
    except SystemExit as stop:
        code = stop.code
    out, err = capsys.readouterr()
    return SimpleNamespace(code=code, out=out, err=err)


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is not JSON")


def test_json_is_what_the_library_says(bundle: Bundle, capsys: pytest.CaptureFixture[str]) -> None:
    result = run(capsys, "soup", "cake", "-T", "0", "--temperature", "1", "--seed", "4", "--json")
    facts = json.loads(result.out, parse_constant=refuse)
    firsts = [first_verbs(bundle, title, [0.0, 1.0], seed=4) for title in ("soup", "cake")]
    assert (result.code, result.err, facts["model"]) == (0, "", "tiny")
    for shown, first in zip(facts["titles"], firsts, strict=True):
        assert shown["title"] == first.title and shown["temperatures"] == [0, 1]
        for verb, row in shown["verbs"].items():
            i = first.verbs.index(verb)
            assert row["group"] == first.groups[i]
            for name in ("probability", "low", "high"):
                assert row[name] == pytest.approx(getattr(first, name)[:, i])
        assert shown["no_verb"] == pytest.approx(first.none)
    (pair,) = facts["divergence_bits"]
    expected = divergence(*firsts)
    assert pair["titles"] == ["soup", "cake"]
    assert pair["bits"][1] == pytest.approx(expected[1]) and expected[1] > 0


def test_json_has_no_infinity(bundle: Bundle, capsys: pytest.CaptureFixture[str]) -> None:
    facts = json.loads(run(capsys, "soup", "-T", "inf", "--json").out, parse_constant=refuse)
    assert facts["titles"][0]["temperatures"] == ["inf"]


def test_a_table_for_each_title_and_one_for_their_distance(
    bundle: Bundle, capsys: pytest.CaptureFixture[str]
) -> None:
    result = run(capsys, "soup", "cake", "--top", "2", "-T", "1")
    blocks = [block.splitlines() for block in result.out.split("\n\n")]
    assert [block[0] for block in blocks[:2]] == ["soup", "cake"]
    first = first_verbs(bundle, "soup", [1.0])
    assert [line.split()[0] for line in blocks[0][2:4]] == first.top(2)
    assert [line.split("  ")[0] for line in blocks[0][4:]] == ["other verbs", "no verb", "not in 30 words"]
    bits = divergence(first, first_verbs(bundle, "cake", [1.0]))[0]
    assert blocks[2][-1].split() == ["soup", "/", "cake", f"{bits:.2f}"]


def test_odd_titles_are_remarked_on(bundle: Bundle, capsys: pytest.CaptureFixture[str]) -> None:
    result = run(capsys, "soup", "soup", "phở", "cake | soup", "rye soup", "-T", "1")
    assert result.code == 0
    remarks = result.err.splitlines()
    assert len(remarks) == 4
    assert (
        "more than once" in remarks[0] and result.out.count("\nsoup\n") + result.out.startswith("soup\n") == 1
    )
    assert "no word of 'phở'" in remarks[1]
    assert "the bar in 'cake | soup'" in remarks[2]
    assert remarks[3].endswith(": rye")


@pytest.mark.parametrize(
    "argv", [[], [" "], ["soup", "-T", "-1"], ["soup", "-T", "x"], ["soup", "--seed", "-1"]]
)
def test_wrong_usage(bundle: Bundle, capsys: pytest.CaptureFixture[str], argv: list[str]) -> None:
    result = run(capsys, *argv)
    assert result.code == 2 and result.err and not result.out


def test_title_information_by_era(bundle: Bundle, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    recipes = [
        ("soup", "Boil it.", "modern"),
        ("cake", "Add the butter.", "modern"),
        ("cake", "Add.", "historic"),
    ]
    path = tmp_path / "recipes.jsonl"
    path.write_text(
        "\n".join(json.dumps({"title": t, "steps": [s], "era": e}) for t, s, e in recipes), encoding="utf-8"
    )
    result = run(capsys, "--corpus", str(path), "--json")
    told = json.loads(result.out, parse_constant=refuse)["title_information"]
    assert list(told) == ["modern"] and told["modern"]["recipes"] == 2
    assert told["modern"]["low"] <= told["modern"]["bits"] <= told["modern"]["high"]
    assert "historic recipes: at least two recipes" in result.err
    assert "modern" in run(capsys, "--corpus", str(path)).out
