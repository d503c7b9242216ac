"""Which units of a network follow something in the text, measured over recipes.

`unit_probes` correlates every unit's states with facts about the text (`facts`): the best are chosen on one
half of the recipes and measured on the other. It returns plain data, ready for `bundle.save_measured`.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from textgen.network.bundle import Bundle
from textgen.network.recurrent import GRU, LSTM, Affine, Layer, RecurrentModel
from textgen.text.lexicon import lexicon
from textgen.text.recipe import Recipe
from textgen.text.vocabulary import STOP_ID, tokenize, word_set

FACTS = {
    "inside the title": "1 from the title's first word to its last, else 0",
    "after the bar": "0 before the bar that ends the title, 1 from it on",
    "inside a quantity": "1 on a number such as 1 / 2, and on the measure right after it, else 0",
    "inside parentheses": "1 from ( until ), else 0",
    "words since the last full stop": "0 on a full stop, then 1, 2, 3 …",
    "position in the recipe": "the number of words read since the bar",
    "on a recipe verb": "1 on a verb that tells the cook what to do, else 0",
}
CONVINCING = 0.5  # the correlation that a unit must reach, interval and all: a quarter of the fact's variance
BEST = 5  # units kept for each fact
MAX_TOKENS = 201


_NUMBERS = word_set(
    "one two three four five six seven eight nine ten eleven twelve fifteen twenty thirty forty fifty sixty "
    "half quarter quarters third thirds dozen"
)
_MEASURES = word_set(
    "cup cups tablespoon tablespoons tablespoonful tablespoonfuls tbsp tbsps teaspoon teaspoons teaspoonful "
    "teaspoonfuls tsp tsps ounce ounces oz pound pounds lb lbs gram grams g kg ml l cl dl liter liters litre "
    "litres pint pints gill gills quart quarts gallon gallons minute minutes min hour hours second seconds "
    "inch inches cm mm degree degrees f c °f °c stick sticks clove cloves slice slices can cans"
)
_BETWEEN = word_set("/ - – to °")


def facts(words: Sequence[str]) -> NDArray[np.float64]:
    """What is true of a text after each of its words: `[T, len(FACTS)]`, in the order of `FACTS`.

    `words` are those of a prompt, "recipe for TITLE |", and of what follows. Nothing looks ahead.
    """
    truth = np.zeros((len(words), len(FACTS)))
    bar = quantity = False
    depth = since = position = 0
    for t, (word, verb) in enumerate(zip(words, lexicon().tag(words), strict=True)):
        bar_here = word == "|" and not bar
        bar = bar or bar_here
        if any(character.isnumeric() for character in word) or word in _NUMBERS:
            quantity = True
        elif not (quantity and (word in _BETWEEN or word in _MEASURES)):
            quantity = False
        depth = depth + 1 if word == "(" else max(depth - 1, 0) if word == ")" else depth
        since = 0 if bar_here or word in (".", "!", "?") else since + 1
        position = position + 1 if bar and not bar_here else 0
        truth[t] = [t >= 2 and not bar, bar, quantity, depth > 0, since, position, verb is not None]
        if word in _MEASURES:
            quantity = False
    return truth


def unit_probes(bundle: Bundle, recipes: Sequence[Recipe], *, seed: int = 0) -> dict[str, Any]:
    """How well each unit's states follow each fact about the text: Pearson's correlation over all words.

    The recipes are split in two at random. For each fact the `BEST` units are chosen on one half; what is
    reported of them is measured on the other, with a 95 % interval by a bootstrap over its recipes, so that
    hundreds of units to choose from do not flatter the chosen. Beside them stands `untrained`: the same, best
    unit only, for a network of the same shape with random weights.

    Returns `recipes`, `held_out`, `words`; `facts`: name -> {`untrained`, `best`: [{`layer`, `state`, `unit`,
    `r`, `low`, `high`}]}; and `correlations`: a dict a layer, state -> fact -> base64 of int8, 100 times the
    correlation of every unit over all recipes (`correlations` reads it). `ValueError` with fewer than 20
    recipes.
    """
    if len(recipes) < 20:
        raise ValueError(f"the units are measured on 20 recipes or more, not {len(recipes)}")
    rng = np.random.default_rng(seed)
    texts = [tokenize(recipe.text)[:MAX_TOKENS] for recipe in recipes]
    chosen_on = np.zeros(len(texts), dtype=bool)
    chosen_on[rng.permutation(len(texts))[: len(texts) // 2]] = True
    count = int((~chosen_on).sum())
    # How often each held-out recipe is drawn, [1000, recipes].
    resamples = rng.multinomial(count, np.full(count, 1 / count), size=1000)
    names, sums = _moments(bundle, bundle.model, texts)
    best = _select(sums, chosen_on)
    held_out = [part[~chosen_on] for part in sums]
    followed: dict[str, Any] = {}
    _, untrained = _moments(bundle, _untrained(bundle.model, rng), texts)
    blind = _select(untrained, chosen_on)
    for k, fact in enumerate(FACTS):
        rows = []
        for column in best[:BEST, k]:
            layer, state, unit = names[column]
            n, s, ss, f, ff, sf = held_out
            part = [n, s[:, [column]], ss[:, [column]], f[:, [k]], ff[:, [k]], sf[:, [column]][:, :, [k]]]
            r = float(_pearson([x.sum(axis=0) for x in part])[0, 0])
            again = _pearson([np.tensordot(resamples, x, 1) for x in part])[:, 0, 0]
            low, high = np.nanquantile(again, [0.025, 0.975])
            rows.append(
                {
                    "layer": layer,
                    "state": state,
                    "unit": unit,
                    "r": round(r, 3),
                    "low": round(float(low), 3),
                    "high": round(float(high), 3),
                }
            )
        chance = _pearson([x[~chosen_on].sum(axis=0) for x in untrained])[blind[0, k], k]
        followed[fact] = {"untrained": round(float(chance), 3), "best": rows}
    whole = _pearson([x.sum(axis=0) for x in sums])  # [states, facts]
    kept: list[dict[str, dict[str, str]]] = [{} for _ in bundle.model.layers]
    for layer, state in dict.fromkeys((layer, state) for layer, state, _ in names):
        rows_of = [i for i, name in enumerate(names) if name[:2] == (layer, state)]
        kept[layer][state] = {
            fact: base64.b64encode(np.rint(100 * whole[rows_of, k]).astype(np.int8).tobytes()).decode()
            for k, fact in enumerate(FACTS)
        }
    return {
        "recipes": len(texts),
        "held_out": count,
        "words": sum(map(len, texts)),
        "facts": followed,
        "correlations": kept,
    }


def correlations(
    measured: Mapping[str, Any], layer: int, state: str, fact: str
) -> NDArray[np.float64] | None:
    """Each unit's correlation with `fact`, from what `unit_probes` returned; None if it is not there."""
    try:
        text = measured["correlations"][layer][state][fact]
        return np.frombuffer(base64.b64decode(text, validate=True), dtype=np.int8) / 100
    except (KeyError, IndexError, TypeError, ValueError):
        return None


def is_convincing(unit: Mapping[str, Any], untrained: float) -> bool:
    """Whether a unit follows its fact: the whole interval of its correlation is beyond `CONVINCING`, and it
    beats the best unit of an untrained network."""
    low, high = unit["low"], unit["high"]
    least = min(abs(low), abs(high)) if low * high > 0 else 0.0
    return least >= CONVINCING and abs(unit["r"]) > abs(untrained)


def _moments(
    bundle: Bundle, model: RecurrentModel, texts: Sequence[Sequence[str]], batch_size: int = 64
) -> tuple[list[tuple[int, str, int]], list[NDArray[np.float64]]]:
    """(layer, state, unit) of each state, and the sums that correlations are made of, a row a text:
    number of words [N, 1], of states s and s² [N, S], of facts f and f² [N, F], of s times f [N, S, F]."""
    names = [
        (n, state, unit)
        for n, layer in enumerate(model.layers)
        for state in (("hidden", "cell") if layer.kind == "lstm" else ("hidden",))
        for unit in range(layer.units)
    ]
    count, width, known = len(texts), len(names), len(FACTS)
    sums = [np.zeros((count, size)) for size in (1, width, width, known, known)]
    sums.append(np.zeros((count, width, known)))
    order = sorted(range(count), key=lambda i: len(texts[i]))
    for start in range(0, count, batch_size):
        rows = order[start : start + batch_size]
        longest = max(len(texts[i]) for i in rows)
        tokens = np.full((len(rows), longest), STOP_ID)
        truth = np.zeros((len(rows), longest, known))
        live = np.zeros((len(rows), longest))
        for b, i in enumerate(rows):
            tokens[b, : len(texts[i])] = bundle.vocabulary.encode(texts[i])
            truth[b, : len(texts[i])] = facts(texts[i])
            live[b, : len(texts[i])] = 1
        state = model.start(len(rows))
        seen = np.zeros((len(rows), longest, width), dtype=np.float32)
        for t in range(longest):
            _, state = model.step(tokens[:, t], state)  # state: [B, units] a layer and part
            seen[:, t] = np.concatenate([part for layer in state for part in layer], axis=1)
        seen *= live[:, :, None].astype(np.float32)
        for b, i in enumerate(rows):
            s, f = seen[b].astype(np.float64), truth[b]  # [T, S], [T, F]
            parts = (live[b].sum(), s.sum(axis=0), (s * s).sum(axis=0), f.sum(axis=0), (f * f).sum(axis=0))
            for total, part in zip(sums, (*parts, s.T @ f), strict=True):
                total[i] = part
    return names, sums


def _pearson(sums: Sequence[NDArray[np.float64]]) -> NDArray[np.float64]:
    """Correlations `[..., S, F]` from the sums of `_moments`; 0 for a state or fact that never changes."""
    n, s, ss, f, ff, sf = sums
    n = n[..., None]
    covariance = n * sf - s[..., :, None] * f[..., None, :]
    spread = (n[..., 0] * ss - s * s)[..., :, None] * (n[..., 0] * ff - f * f)[..., None, :]
    whole = np.sqrt(np.maximum(spread, 0))
    return np.divide(covariance, whole, out=np.zeros_like(covariance), where=whole > 1e-9)


def _select(sums: Sequence[NDArray[np.float64]], rows: NDArray[np.bool_]) -> NDArray[np.intp]:
    """For each fact the states, strongest first, on the given texts: `[S, F]`."""
    return np.argsort(-np.abs(_pearson([part[rows].sum(axis=0) for part in sums])), axis=0, kind="stable")


def _untrained(model: RecurrentModel, rng: np.random.Generator) -> RecurrentModel:
    """A network of the same shape with the random weights that Keras starts from."""
    embedding = rng.uniform(-0.05, 0.05, size=(model.vocabulary_size, model.embed([0]).shape[1]))
    layers: list[Layer] = []
    width = embedding.shape[1]

    def array(values: NDArray[np.float64]) -> NDArray[np.float32]:
        return values.astype(np.float32)

    for layer in model.layers:
        units, gates = layer.units, 4 if layer.kind == "lstm" else 3
        limit = (6 / (width + gates * units)) ** 0.5  # Glorot & Bengio 2010
        kernel = array(rng.uniform(-limit, limit, size=(width, gates * units)))
        orthogonal, _ = np.linalg.qr(rng.normal(size=(gates * units, units)))
        recurrent = array(orthogonal.T)
        if layer.kind == "lstm":
            bias = np.zeros(4 * units, dtype=np.float32)
            bias[units : 2 * units] = 1
            layers.append(LSTM(kernel, recurrent, bias))
        else:
            layers.append(GRU(kernel, recurrent, np.zeros((2, 3 * units), dtype=np.float32)))
        width = units
    no_output = Affine(np.zeros((width, 1), dtype=np.float32), np.zeros(1, dtype=np.float32))
    return RecurrentModel(array(embedding), layers, no_output)
