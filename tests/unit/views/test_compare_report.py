"""What people take away: complete, sound, and harmless to open."""

from __future__ import annotations

import csv
import io
import itertools
import json
from html.parser import HTMLParser

import networks
import pytest
from comparisons import SAMPLERS, compare

from textgen.text.vocabulary import Vocabulary
from textgen.views import compare_report as report
from textgen.writing.sampling import Sampler

FACTS = {"title": "Soup", "seed": 3, "forced": [{"word_number": 2, "word": "the"}], "step": 2}


def test_json_holds_the_run_as_the_book_has_it():
    comparison = compare()
    data = json.loads(report.to_json(comparison, FACTS))
    assert data["format"] == "simmer-run-1" and data["seed"] == 3 and data["forced"] == FACTS["forced"]
    for run, kept in zip(comparison.runs, data["runs"], strict=True):
        assert kept["text"] == run.text
        assert Sampler(**{**kept["sampler"], "suppress": tuple(kept["sampler"]["suppress"])}) == run.sampler
        for step, saved in zip(run.steps, kept["steps"], strict=True):
            assert (saved["prompt"], saved["word"], saved["token"]) == (step.prompt, step.word, step.token)
            top = saved["word_probs"]["top"]
            assert sum(p for _, p in top) + saved["word_probs"]["tail"] == pytest.approx(1)
            assert all(a[1] >= b[1] for a, b in itertools.pairwise(top))
            assert dict(map(tuple, top)).get(step.word, saved["probability"]) == pytest.approx(
                step.probability
            )
    assert [step["prompt"] + " " + step["word"] for step in data["runs"][0]["steps"][:-1]] == [
        step["prompt"] for step in data["runs"][0]["steps"][1:]
    ]


def test_csv_has_a_row_a_word_and_starts_no_formula():
    words = ["", "[UNK]", "recipe", "for", "|", "=", "+", "-", "@", "oven"]
    pair = networks.Pair(networks.random_model(size=len(words), seed=4), Vocabulary(words))
    comparison = compare([Sampler(3.0, suppress=(0,))], pair, words=60)
    rows = list(csv.DictReader(io.StringIO(report.to_csv(comparison, {}))))
    assert len(rows) == 60
    written = {step.word for step in comparison.runs[0].steps}
    assert {"=", "+", "-", "@"} <= written, "the seed should write every sign"
    assert not any(row["word"][0] in "=+-@" for row in rows)
    assert [row["word"].lstrip("'") for row in rows] == [step.word for step in comparison.runs[0].steps]


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.text, self.attributes = [], "", []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data):
        self.text += data


def test_html_escapes_what_people_and_corpora_wrote_and_needs_no_network():
    words = ["", "[UNK]", "recipe", "for", "|", "<script>alert(1)</script>", '"onload="x', "&amp;"]
    pair = networks.Pair(networks.random_model(size=len(words), seed=4), Vocabulary(words))
    comparison = compare([Sampler(3.0, suppress=(0,)), Sampler(1.0, suppress=(0,))], pair, words=30)
    page = report.to_html(comparison, {**FACTS, "title": "<img src=x onerror=alert(1)>"})
    parsed = Tags()
    parsed.feed(page)
    assert not {"script", "img", "iframe", "link"} & set(parsed.tags)
    assert not [name for name, _ in parsed.attributes if name.startswith("on") or name in ("src", "href")]
    assert "<img src=x onerror=alert(1)>" in parsed.text and "&amp;" in parsed.text
    assert "http" not in page


def test_html_shows_every_word_and_the_chosen_step():
    comparison = compare(SAMPLERS[:3])
    parsed = Tags()
    parsed.feed(report.to_html(comparison, FACTS))
    for run in comparison.runs:
        for step in run.steps:
            assert step.word.lower() in parsed.text.lower()
    assert parsed.text.count("◂ written") == sum(step is not None for step in comparison.steps_at(1))


@pytest.mark.parametrize(
    ("title", "name"),
    [("Roasted vegetables", "simmer-roasted-vegetables"), ("", "simmer"),
     ("../../etc/passwd", "simmer-etc-passwd"),
     ("寿司 🍣", "simmer"), ("a" * 300, ("simmer-" + "a" * 300)[:60])],
)  # fmt: skip
def test_file_names_are_safe_everywhere(title, name):
    assert report.file_name(title) == name


def test_html_names_the_sampling_rules_and_forced_words():
    parsed = Tags()
    parsed.feed(report.to_html(compare([Sampler(1.0, top_k=5, suppress=(1,))]), FACTS))
    assert "top k" in parsed.text and "never written[UNK]" in parsed.text and "word 2 is “the”" in parsed.text
    assert "top p" not in parsed.text and "repetition" not in parsed.text
