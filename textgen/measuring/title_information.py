"""How much the title tells: in bits, of the first verb of unseen recipes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np

from textgen.measuring.first_verbs import first_verbs
from textgen.measuring.kinds import Lens
from textgen.text.recipe import Recipe
from textgen.text.vocabulary import tokenize
from textgen.writing.generate import Source


@dataclass(frozen=True)
class TitleInformation:
    """How much a title tells a network about the first verb, in bits: positive if it helps.

    bits       the mean, over recipes, of log2 P(first verb | own title) less the mean of log2 P(first verb |
               another recipe's title)
    low, high  its 95 % bootstrap interval, recipes drawn with replacement
    recipes    how many were measured
    skipped    how many have no first verb that the network knows
    """

    bits: float
    low: float
    high: float
    recipes: int
    skipped: int


def title_information(
    bundle: Source,
    recipes: Iterable[Recipe],
    *,
    temperature: float = 1.0,
    seed: int = 0,
    resamples: int = 2000,
    on_progress: Callable[[int, int], None] | None = None,
) -> TitleInformation:
    """How much the title tells about the first recipe verb of `recipes`, which the network has not seen.

    Each title's first-verb distribution comes from `first_verbs`, given that there is a verb. `on_progress`
    is called with the numbers of titles done and in all. `ValueError` unless two recipes with different
    titles have a first verb.
    """
    lens = Lens(bundle.vocabulary)
    index = {verb: i for i, verb in enumerate(lens.verbs)}
    pairs: list[tuple[str, int]] = []
    skipped = 0
    for recipe in recipes:
        verb = lens.lexicon.first_verb(tokenize(" ".join(recipe.steps)))
        if verb in index and recipe.title.strip():
            pairs.append((" ".join(tokenize(recipe.title)), index[verb]))
        else:
            skipped += 1
    titles = sorted({title for title, _ in pairs})
    if len(titles) < 2:
        raise ValueError("at least two recipes with different titles and a verb each are needed")
    logs = np.empty((len(titles), len(lens.verbs)))
    for i, title in enumerate(titles):
        first = first_verbs(
            bundle, title, [temperature], seed=seed, likely=2e-4, samples=64, max_words=40, lens=lens
        )
        with np.errstate(divide="ignore", invalid="ignore"):
            logs[i] = np.log2(first.probability[0] / first.probability[0].sum())
        if on_progress is not None:
            on_progress(i + 1, len(titles))
    row_of = {title: i for i, title in enumerate(titles)}
    gains = np.empty(len(pairs))
    for n, (title, i) in enumerate(pairs):
        own = row_of[title]
        gains[n] = logs[own, i] - np.delete(logs[:, i], own).mean()
    rng = np.random.Generator(np.random.Philox(key=seed))
    means = gains[rng.integers(len(gains), size=(resamples, len(gains)))].mean(axis=1)
    low, high = np.percentile(means, [2.5, 97.5])
    return TitleInformation(float(gains.mean()), float(low), float(high), len(pairs), skipped)


def title_information_by_era(
    bundle: Source,
    recipes: Iterable[Recipe],
    *,
    seed: int = 0,
    on_skip: Callable[[str, str], None] = lambda era, reason: None,
) -> dict[str, TitleInformation]:
    """`title_information` for the recipes of each era; `on_skip` hears of an era with too few."""
    eras: dict[str, list[Recipe]] = {}
    for recipe in recipes:
        eras.setdefault(recipe.era or "unknown", []).append(recipe)
    results = {}
    for era in sorted(eras):
        try:
            results[era] = title_information(bundle, eras[era], seed=seed)
        except ValueError as error:
            on_skip(era, str(error))
    return results
