"""A comparison to take away: JSON, CSV, and one HTML file that opens offline.

JSON: the settings, then `runs`, each with its `name`, its `sampler` and its `steps`. A step has the book's
`prompt` (the text before the word) and `word_probs`, here as `top`, a list of `[word, probability]`, and
`tail`, the probability of all other words together; and `number` (from 1), `word`, `token`, `probability`,
`probability_at_1`, `rank`, `surprisal_bits`, `effective_choices` and `forced`. The stop token is the word
"". CSV: a row a run and word.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from textgen import files
from textgen.charts import SURPRISAL_COLOR, temperature_color
from textgen.text.typeset import percent
from textgen.views.compare import Comparison
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


_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.6 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-family: Georgia, serif; font-weight: 600; }
.runs { display: grid; grid-template-columns: repeat(auto-fit, minmax(17rem, 1fr)); gap: 1.5rem; }
.text { font: 1.05rem/1.7 Georgia, serif; }
.text span { border-radius: 3px; background: color-mix(in srgb, HUE calc(var(--s) * 58%), transparent); }
.text .here { outline: 2px solid currentColor; }
td, th { padding: 0 .6rem 0 0; text-align: left; font-weight: normal; }
td.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.bar { display: inline-block; height: .8rem; border-radius: 2px; }
small, .why { opacity: .75; }
""".replace("HUE", SURPRISAL_COLOR)


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
    say = html.escape
    number = min(int(facts.get("step", 1)), max(comparison.length, 1))
    settings = {**facts, **_rules(comparison)}
    settings["forced"] = ", ".join(
        f"word {entry['word_number']} is “{entry['word']}”" for entry in facts.get("forced", ())
    )
    shown = "".join(
        f"<tr><th>{say(str(name).replace('_', ' '))}</th><td>{say(str(value))}</td></tr>"
        for name, value in settings.items()
        if value not in ("", None)
    )
    panels: dict[int, list[str]] = {}
    for row in comparison.step_rows(number - 1):
        if row["order"] is not None:
            panels.setdefault(row["panel"], []).append(
                f"<tr><td>{say(row['label'])}</td><td class=n>{say(row['share'])}</td>"
                f'<td title="{say(row["arithmetic"])}">'
                f'<span class=bar style="width:{120 * row["probability"]:.1f}px;'
                f'background:{temperature_color(row["temperature"])}"></span>'
                f"{' ◂ written' if row['picked'] else ''}"
                "</td></tr>"
            )
    runs = []
    for k, (run, name) in enumerate(zip(comparison.runs, comparison.names(), strict=True)):
        words = "".join(
            f"{' ' if row['space'] else ''}<span{' class=here' if row['position'] == number - 1 else ''} "
            f'style="--s:{min(row["bits"] / 12, 1):.2f}" title="{percent(row["probability"])} here, '
            f'{percent(row["plain"])} at T = 1, rank {row["rank"]}, {row["bits"]:.1f} bits">'
            f"{say(row['text'])}</span>"
            for row in comparison.word_rows(k)
        )
        mark = comparison.marks[k]
        runs.append(
            f'<section><h2 style="color:{temperature_color(run.sampler.temperature)}">{say(name)}</h2>'
            f"<p class=text>{words}</p>"
            + (
                f"<p class=why>Parts from its left neighbour at word {mark.position + 1}. "
                f"{say(mark.reason)}</p>"
                if mark
                else ""
            )
            + f"<h3>Word {number}</h3>"
            f"<table>{''.join(panels.get(k, ['<tr><td>ended before</td></tr>']))}</table></section>"
        )
    title = say(str(facts.get("title") or "untitled"))
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>Simmer: {title}</title><style>{_STYLE}</style><h1>{title}</h1>"
        "<p><small>Colour: surprisal at T = 1, from 0 to 12 bits. Point at a word or bar for its "
        "numbers.</small></p>"
        f'<div class="runs">{"".join(runs)}</div><h2>Settings</h2><table>{shown}</table></html>\n'
    )
