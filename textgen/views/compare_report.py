"""A comparison to take away: JSON, CSV, and one HTML file that opens offline.

JSON: the settings, then `runs`, each with its `name`, its `sampler` and its `steps`. A step has the book's
`prompt` (the text before the word) and `word_probs`, here as `top`, a list of `[word, probability]`, and
`tail`, the probability of all other words together; and `number` (from 1), `word`, `token`, `probability`,
`probability_at_1`, `rank`, `surprisal_bits`, `effective_choices` and `forced`. The stop token is the word
"". CSV: a row a run and word.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from textgen import files
from textgen.charts import SURPRISAL_COLOR
from textgen.views.compare import Comparison
from textgen.views.templates import render
from textgen.writing.sampling import Sampler

_TOP = 10  # words a distribution is shown with


def file_name(title: str) -> str:
    """`title` as a file name that every system takes: "simmer-roasted-vegetables"."""
    return "-".join(["simmer", *re.findall(r"[a-z0-9]+", title.lower())])[:60]


def run_data(comparison: Comparison, facts: Mapping[str, Any]) -> dict[str, Any]:
    """The comparison as plain data: see the module's docstring."""
    words = comparison.bundle.vocabulary.words
    runs = []
    for k, (run, name) in enumerate(zip(comparison.runs, comparison.names(), strict=True)):
        analysis, choices, steps = comparison.analysis(k), comparison.choices(k), []
        for i, step in enumerate(run.steps):
            probs = run.sampler.distribution(
                comparison.bundle.model.logits(step.hidden[None])[0], step.previous
            )
            top = np.argsort(-probs, kind="stable")[:_TOP]
            steps.append(
                {
                    "number": i + 1,
                    "prompt": step.prompt,
                    "word": step.word,
                    "token": step.token,
                    "probability": step.probability,
                    "probability_at_1": float(analysis.plain[i]),
                    "rank": int(analysis.rank[i]),
                    "surprisal_bits": float(analysis.bits[i]),
                    "effective_choices": float(choices[i]),
                    "forced": step.forced,
                    "word_probs": {
                        "top": [[words[t], float(probs[t])] for t in top if probs[t] > 0],
                        "tail": max(0.0, 1 - float(probs[top].sum())),
                    },
                }
            )
        runs.append({"name": name, "sampler": asdict(run.sampler), "text": run.text, "steps": steps})
    return {"format": "simmer-run-1", **facts, "runs": runs}


def to_json(comparison: Comparison, facts: Mapping[str, Any]) -> str:
    return json.dumps(run_data(comparison, facts), ensure_ascii=False, indent=1)


def to_csv(comparison: Comparison, facts: Mapping[str, Any]) -> str:
    """One row a run and word."""
    columns = (
        "run",
        "temperature",
        "number",
        "word",
        "probability",
        "probability_at_1",
        "rank",
        "surprisal_bits",
        "effective_choices",
        "forced",
    )
    rows = [
        {**step, "run": run["name"], "temperature": run["sampler"]["temperature"]}
        for run in run_data(comparison, facts)["runs"]
        for step in run["steps"]
    ]
    return files.to_csv(rows, columns)


def _rules(comparison: Comparison) -> dict[str, Any]:
    """The sampling rules, temperature apart, that differ from a plain sampler's: they serve all runs."""
    plain = asdict(Sampler())
    used = asdict(comparison.runs[0].sampler) if comparison.runs else {}
    rules = {name: value for name, value in used.items() if name != "temperature" and value != plain[name]}
    if suppressed := rules.pop("suppress", ()):
        words = comparison.bundle.vocabulary.words
        rules["never_written"] = ", ".join(words[token] for token in suppressed)
    return rules


def to_html(comparison: Comparison, facts: Mapping[str, Any]) -> str:
    """The texts, coloured by surprisal, and the distributions of word number `facts["step"]`: one file, no
    scripts."""
    number = min(int(facts.get("step", 1)), max(comparison.length, 1))
    settings = {**facts, **_rules(comparison)}
    settings["forced"] = ", ".join(
        f"word {entry['word_number']} is “{entry['word']}”" for entry in facts.get("forced", ())
    )
    bars = [row for row in comparison.step_rows(number - 1) if row["order"] is not None]
    runs = [
        {
            "name": name,
            "temperature": run.sampler.temperature,
            "words": comparison.word_rows(k),
            "mark": mark,
            "bars": [row for row in bars if row["panel"] == k],
        }
        for k, (run, name, mark) in enumerate(
            zip(comparison.runs, comparison.names(), comparison.marks, strict=True)
        )
    ]
    return render(
        "compare",
        title=facts.get("title") or "untitled",
        number=number,
        runs=runs,
        hue=SURPRISAL_COLOR,
        settings={name: value for name, value in settings.items() if value not in ("", None)},
    )
