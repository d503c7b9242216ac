"""What the first verbs of a title cost, beside counting them in texts."""

from __future__ import annotations

from benchmarks.measuring import Result, duration, medians
from textgen.measuring.first_verbs import first_verbs
from textgen.measuring.kinds import Lens
from textgen.network.bundle import load_bundle
from textgen.writing.generate import generations, recipe_prompt
from textgen.writing.sampling import Sampler

TITLE = "roasted vegetables"
TEMPERATURES = (0.0, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4, 1.6, 1.8, 2.0)  # the page's
TEXTS = 20  # a temperature: a share counted in so few has an interval of some 40 percentage points
WORDS = 30


def run(model: str = "large") -> list[Result]:
    """One title at the page's temperatures, beside writing a few beginnings at each of them."""
    bundle = load_bundle(model)
    lens = Lens(bundle.vocabulary)
    samplers = [Sampler(temperature=t) for t in TEMPERATURES for _ in range(TEXTS)]
    seeds = [n for _ in TEMPERATURES for n in range(TEXTS)]

    def counted() -> object:
        return generations(bundle, recipe_prompt(TITLE), samplers=samplers, max_tokens=WORDS, seed=seeds)

    def ours() -> object:
        return first_verbs(bundle, TITLE, TEMPERATURES, lens=lens)

    seconds = medians({"ours": ours, "counted": counted}, rounds=3)
    return [
        Result(
            f"first verbs at 12 temperatures : {TEXTS} texts of {WORDS} words at each",
            seconds["ours"] / seconds["counted"], 1, False,
            f"{duration(seconds['ours'])} : {duration(seconds['counted'])}",
        )
    ]  # fmt: skip
