"""Write `sampling_reference.json`: what Hugging Face transformers' logits processors make of a few logits.

Needs torch and transformers, which nothing else here does: run it in an environment of its own. The tests
compare `textgen.writing.sampling.Sampler` with the file.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
import transformers
from transformers.generation import logits_process as hf

RULES = [
    {},
    {"temperature": 0.2},
    {"temperature": 1.7},
    {"temperature": 50.0},
    {"top_k": 1},
    {"top_k": 3},
    {"top_k": 1000},
    {"temperature": 0.5, "top_k": 5},
    {"top_p": 0.0},
    {"top_p": 0.3},
    {"top_p": 0.9},
    {"top_p": 1.0},
    {"temperature": 1.5, "top_p": 0.6},
    {"min_p": 0.02},
    {"min_p": 0.3},
    {"min_p": 1.0},
    {"temperature": 1.3, "min_p": 0.1},
    {"typical_p": 0.2},
    {"typical_p": 0.9},
    {"temperature": 0.7, "typical_p": 0.5},
    {"repetition_penalty": 1.8},
    {"repetition_penalty": 0.6},
    {"repetition_penalty": 1.3, "temperature": 0.7, "top_k": 12},
    {"temperature": 1.4, "top_k": 15, "top_p": 0.8},
    {"temperature": 1.4, "top_p": 0.9, "min_p": 0.05},
    {"top_k": 10, "top_p": 0.9, "min_p": 0.03, "typical_p": 0.8},
    {
        "repetition_penalty": 1.2,
        "temperature": 0.8,
        "top_k": 14,
        "top_p": 0.95,
        "min_p": 0.01,
        "typical_p": 0.9,
    },
]


def processors(rules: dict) -> list:
    made = [
        ("repetition_penalty", hf.RepetitionPenaltyLogitsProcessor),
        ("temperature", hf.TemperatureLogitsWarper),
        ("top_k", hf.TopKLogitsWarper),
        ("top_p", hf.TopPLogitsWarper),
        ("min_p", hf.MinPLogitsWarper),
        ("typical_p", hf.TypicalLogitsWarper),
    ]
    return [make(rules[name]) for name, make in made if name in rules]


def main() -> None:
    torch.manual_seed(0)
    inf = float("inf")
    rows = {
        "random": (torch.randn(24) * 2.5).tolist(),
        "flat": (torch.randn(24) * 0.2).tolist(),
        "peaked": [12.0, *torch.randn(23).tolist()],
        "ties": [2.0, 1.0, 2.0, 0.0, 1.0, 1.0, -1.0, 0.0, 2.0, -3.0],
        "uniform": [0.0] * 8,
        "with -inf": [1.5, -inf, 0.5, -0.5, -inf, 2.5],
        "large": (torch.randn(16) * 200).tolist(),
    }
    previous = [2, 0, 2, 4]
    cases = []
    for name, row in rows.items():
        for rules in RULES:
            scores = torch.tensor([row])
            for process in processors(rules):
                scores = process(torch.tensor([previous]), scores)
            probs = scores[0].double().softmax(-1).tolist()
            cases.append({"logits": name, "rules": rules, "probs": [float(f"{p:.9g}") for p in probs]})
    out = {
        "made_with": f"transformers {transformers.__version__}, torch {torch.__version__}",
        "previous": previous,
        "logits": {
            name: [v if v > -inf else "-inf" for v in torch.tensor(row).tolist()]
            for name, row in rows.items()
        },
        "cases": cases,
    }
    path = Path(__file__).with_name("sampling_reference.json")
    path.write_text(
        json.dumps(out, indent=None, separators=(",", ":")).replace('{"logits"', '\n{"logits"') + "\n"
    )


if __name__ == "__main__":
    main()
