"""How long a title is remembered: how much another title changes the next word, by distance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textgen.measuring.distributions import jensen_shannon
from textgen.network.bundle import Bundle
from textgen.network.recurrent import RecurrentModel, State
from textgen.text.recipe import Recipe
from textgen.text.vocabulary import STOP_ID, tokenize
from textgen.writing.generate import recipe_prompt
from textgen.writing.sampling import apply_temperature

DISTANCES = (0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128)  # words read since the bar


def title_memory(
    bundle: Bundle, recipes: Sequence[Recipe], *, others: int = 2, seed: int = 0, batch_size: int = 48
) -> dict[str, Any]:
    """How much the next word depends on the title, by the number of words read since it.

    Each recipe's method is read after its own title and after `others` titles of other recipes of its era.
    `bits` is the mean Jensen-Shannon divergence of the two distributions of the next word (0: the title no
    longer matters, 1: they share no word); `likelihood`, how many bits the true next word loses with the
    wrong title. 95 % intervals by a bootstrap over recipes.

    Returns `recipes`, `distances` (0: right after the bar) and for each of them `count` (recipes that are
    so long), `bits`, `low`, `high`, `likelihood`, `likelihood_low`, `likelihood_high`. `ValueError` if there
    are fewer than 20 recipes to measure on.
    """
    rng = np.random.default_rng(seed)
    eras: dict[str, list[Recipe]] = {}
    for recipe in recipes:
        eras.setdefault(recipe.era, []).append(recipe)
    rows: list[tuple[list[int], list[list[int]]]] = []  # method, and prompts: own, others
    encode = bundle.vocabulary.encode
    for group in eras.values():
        for recipe in group:
            own = tuple(tokenize(recipe_prompt(recipe.title)))
            prompts = {own}
            for other in rng.permutation(len(group))[: 4 * others]:
                if len(prompts) <= others:
                    prompts.add(tuple(tokenize(recipe_prompt(group[other].title))))
            wrong = sorted(prompts - {own})
            if len(wrong) == others:
                method = [*encode(tokenize(" ".join(recipe.steps))[: DISTANCES[-1] + 1]), STOP_ID]
                rows.append((method, [encode(prompt) for prompt in (own, *wrong)]))
    if len(rows) < 20:
        raise ValueError(f"the memory is measured on 20 recipes or more, not {len(rows)}")
    rows.sort(key=lambda row: len(row[0]))  # a batch of like lengths has little padding
    bits = np.full((len(rows), len(DISTANCES)), np.nan)
    loss = np.full_like(bits, np.nan)
    for start in range(0, len(rows), batch_size):
        batch = rows[start : start + batch_size]
        bits[start : start + batch_size], loss[start : start + batch_size] = _memory(bundle.model, batch)
    known = [n for n in range(len(DISTANCES)) if np.isfinite(bits[:, n]).sum() >= 20]
    draws = rng.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), size=1000)
    measured: dict[str, Any] = {"recipes": len(rows), "distances": [DISTANCES[n] for n in known]}
    measured["count"] = [int(np.isfinite(bits[:, n]).sum()) for n in known]
    for prefix, values in (("", bits[:, known]), ("likelihood_", loss[:, known])):
        there = np.isfinite(values)
        again = (draws @ np.where(there, values, 0)) / (draws @ there)  # [1000, distances]
        low, high = np.quantile(again, [0.025, 0.975], axis=0)
        for name, numbers in (
            (prefix.strip("_") or "bits", np.nanmean(values, axis=0)),
            (f"{prefix}low", low),
            (f"{prefix}high", high),
        ):
            measured[name] = [round(float(x), 5) for x in numbers]
    return measured


def _memory(
    model: RecurrentModel, batch: Sequence[tuple[list[int], list[list[int]]]]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Divergence and loss of each recipe, the mean over its wrong titles, `[B, distances]`; NaN past its
    end."""
    titles = len(batch[0][1])
    states: list[State] = []
    last: list[int] = []
    for _, prompts in batch:
        for prompt in prompts:  # titles differ in length, so each is read alone
            state = model.start(1)
            for token in prompt[:-1]:
                _, state = model.step([token], state)
            states.append(state)
            last.append(prompt[-1])
    state = tuple(
        tuple(np.concatenate([s[layer][part] for s in states]) for part in range(len(states[0][layer])))
        for layer in range(len(states[0]))
    )
    lengths = np.array([len(method) for method, _ in batch])
    words = np.zeros((len(batch), lengths.max()), dtype=np.intp)
    for i, (method, _) in enumerate(batch):
        words[i, : len(method)] = method
    bits = np.full((len(batch), len(DISTANCES)), np.nan)
    loss = np.full_like(bits, np.nan)
    tokens = np.array(last)
    for distance in range(min(int(lengths.max()) - 1, DISTANCES[-1]) + 1):
        hidden, state = model.step(tokens, state)  # [B * titles, U]
        if distance in DISTANCES:
            live = np.flatnonzero(lengths > distance)
            n = DISTANCES.index(distance)
            after = hidden.reshape(len(batch), titles, -1)[live]  # [live, titles, U]
            logits = model.logits(after.reshape(-1, hidden.shape[1]))
            probs = apply_temperature(logits, 1.0).reshape(len(live), titles, -1)  # [live, titles, V]
            own, wrong = probs[:, :1], probs[:, 1:]
            bits[live, n] = jensen_shannon(own, wrong).mean(axis=1)
            true = words[live, distance]
            picked = np.log2(np.take_along_axis(probs, true[:, None, None], axis=2)[..., 0])  # [live, titles]
            loss[live, n] = (picked[:, :1] - picked[:, 1:]).mean(axis=1)
        tokens = np.repeat(words[:, distance], titles)
    return bits, loss
