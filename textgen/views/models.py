"""Networks side by side, as tidy rows: the models page without a page.

What each network is (`layer_rows`, `figure_row`), what they write from one prompt with one luck
(`step_rows`, `marks`), how they learned (`curve_rows`, `sample_rows`, `recorded_rows`, `learning_rows`: only
what training recorded) and which temperature suits them (`scaling_rows`, `reliability_rows`: of what
`calibration.calibrate` stored in a bundle). Knows nothing of Streamlit or Altair.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from textgen.network.bundle import Bundle, BundleError, bundle_folder
from textgen.network.recurrent import Part
from textgen.text.typeset import percent
from textgen.views.compare import END_OF_RECIPE, Comparison, Mark, likely_words
from textgen.views.names import network_label
from textgen.writing.generate import generations, recipe_prompt
from textgen.writing.parting import first_difference
from textgen.writing.sampling import Sampler

Row = dict[str, Any]
ERAS = ("modern", "home", "historic")
# Perplexity of an interpolated Kneser-Ney 5-gram model (Chen & Goodman 1999) on the validation set of the
# released networks' cards, 246 modern and 392 historic recipes, over the same tokens.
KNESER_NEY = {"modern": 37.9, "historic": 25.8}
KNESER_NEY_NAME = "Kneser-Ney 5-gram"


def layer_rows(bundle: Bundle) -> list[Row]:
    """The layers from the word read to the word written: `kind`, `inputs`, `outputs`, `parameters`, their
    `share` of all, and the `arithmetic` that gives the parameters (empty where a layer has none of the usual
    forms)."""
    parts = bundle.model.parts
    total = sum(part.parameters for part in parts)
    return [
        {
            "kind": part.kind,
            "inputs": part.inputs,
            "outputs": part.outputs,
            "parameters": part.parameters,
            "share": part.parameters / total,
            "arithmetic": _arithmetic(part),
        }
        for part in parts
    ]


def _arithmetic(part: Part) -> str:
    d, u = part.inputs, part.outputs
    text, value = {
        "Embedding": (f"{d:,} × {u:,}", d * u),
        "LSTM": (f"4 × {u:,} × ({d:,} + {u:,} + 1)", 4 * u * (d + u + 1)),
        "GRU": (f"3 × {u:,} × ({d:,} + {u:,} + 2)", 3 * u * (d + u + 2)),
        "Dense": (f"({d:,} + 1) × {u:,}", (d + 1) * u),
    }[part.kind]
    return text if value == part.parameters else ""


def figure_row(bundle: Bundle, words_per_second: float | None = None) -> Row:
    """One network's figures in one row of plain numbers, None for what its card does not say.

    `modern`, `home` and `historic` are perplexities; `title_bits` is the modern recipes'; `best_temperature`
    and `calibration_error` (at T = 1) are those of modern recipes; `megabytes` of its file, 10**6 bytes each.
    """
    card = bundle.card
    information = _at(card, "title_information", "modern")
    calibration = _at(bundle.measured, "calibration", "eras", "modern")
    return {
        "network": network_label(bundle.name),
        "layers": " → ".join(
            f"{part.outputs:,}" if part.kind in ("Embedding", "Dense") else f"{part.kind} {part.outputs:,}"
            for part in bundle.model.parts
        ),
        "parameters": sum(part.parameters for part in bundle.model.parts),
        **{era: _at(card, "evaluation", era, "perplexity") for era in ERAS},
        "title_bits": _at(information, "bits"),
        "best_temperature": _at(calibration, "best", "temperature"),
        "calibration_error": _at(calibration, "reliability", "1", "ece"),
        "words_per_second": words_per_second,
        "megabytes": _megabytes(bundle.name),
    }


def _megabytes(name: str) -> float | None:
    try:
        return (bundle_folder(name) / "model.keras").stat().st_size / 1e6
    except (BundleError, OSError):
        return None


def reference_row() -> Row:
    """The n-gram model that the perplexities are measured against, as a row beside those of `figure_row`."""
    names = ("layers", "parameters", "title_bits", "best_temperature", "calibration_error")
    return {
        "network": KNESER_NEY_NAME,
        **{era: KNESER_NEY.get(era) for era in ERAS},
        **dict.fromkeys((*names, "words_per_second", "megabytes")),
    }


def words_per_second(bundles: Sequence[Bundle], *, words: int = 20, rounds: int = 8) -> dict[str, float]:
    """How fast each network writes here and now, sampling included, by name.

    They write a short text in turns, so that a busy moment is the same for all; the fastest text counts.
    """
    best = {bundle.name: 0.0 for bundle in bundles}
    for _ in range(rounds):
        for bundle in bundles:
            start = time.perf_counter()
            (run,) = generations(
                bundle, recipe_prompt("pizza"), samplers=[Sampler(1.0)], max_tokens=words, seed=1
            )
            took = max(time.perf_counter() - start, 1e-9)
            best[bundle.name] = max(best[bundle.name], len(run.steps) / took)
    return best


def _at(value: Any, *path: str) -> Any:
    """The entry of nested mappings, or None where one is missing."""
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def strangers(bundles: Iterable[Bundle]) -> list[str]:
    """The names of the networks whose vocabulary is not the first one's: with them no luck is shared, as the
    same number stands for another word."""
    first, *others = bundles
    return [bundle.name for bundle in others if bundle.vocabulary.words != first.vocabulary.words]


def step_rows(comparisons: Sequence[Comparison], run: int, position: int, *, most: int = 12) -> list[Row]:
    """For `charts.step_spec`, a panel a network: run number `run` of each comparison at `position` (from 0).

    All panels show the same words, the likeliest of all networks together and every pick, and each sums to
    1. The vocabularies must be equal (see `strangers`).
    """
    alone = _alone(comparisons, run)
    shown = likely_words(alone, position, most=most)
    return [
        {**row, "panel": panel, "heading": network_label(comparison.bundle.name)}
        for panel, comparison in enumerate(alone)
        for row in comparison.step_rows(position, shown=shown)
    ]


def step_summary(comparisons: Sequence[Comparison], run: int, position: int) -> str:
    """The point of a chart of `step_rows`, for those who do not see it."""
    parts = []
    for comparison in _alone(comparisons, run):
        (step,) = comparison.steps_at(position)
        if step is None:
            parts.append(f"{network_label(comparison.bundle.name)} has ended")
            continue
        ((_, stages),) = comparison.stages_at(position).values()
        top = int(stages.after.argmax())
        parts.append(
            f"{network_label(comparison.bundle.name)}: likeliest "
            f"{_quote(comparison.bundle.vocabulary.words[top])} with "
            f"{percent(float(stages.after[top]))}, written {_quote(step.word)} with "
            f"{percent(step.probability)}"
        )
    return f"Bar chart of word {position + 1}, a panel a network. {'; '.join(parts)}."


def marks(comparisons: Sequence[Comparison], run: int) -> list[Mark | None]:
    """For each network, the first word where run number `run` leaves that of the network on its left, and
    why; None for the first network, and for one that writes the same words."""
    marks: list[Mark | None] = [None]
    for left, here in itertools.pairwise(comparisons):
        parting = first_difference(left.bundle, left.runs[run], here.runs[run], here.bundle)
        if parting is None:
            marks.append(None)
            continue
        a, b = parting.a, parting.b
        marks.append(
            Mark(
                parting.position,
                f"{network_label(left.bundle.name)} gave {percent(a.probability[0])} to {_quote(a.word)} and "
                f"{percent(b.probability[0])} to {_quote(b.word)}; {network_label(here.bundle.name)} gives "
                f"{percent(a.probability[1])} and {percent(b.probability[1])}.",
            )
        )
    return marks


def _alone(comparisons: Sequence[Comparison], run: int) -> list[Comparison]:
    return [Comparison(comparison.bundle, [comparison.runs[run]]) for comparison in comparisons]


def _quote(word: str) -> str:
    return f"“{word}”" if word else "the end of the recipe"


def recorded_epochs(history: Mapping[str, Any]) -> list[int]:
    """The epochs with a recorded text, 0 being the untrained network."""
    return sorted({entry["epoch"] for entry in history.get("samples", [])})


def recorded_prompts(history: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys(entry["prompt"] for entry in history.get("samples", [])))


def curve_rows(history: Mapping[str, Any], what: str) -> list[Row]:
    """For `charts.curves_spec`: `what` is "loss" or "perplexity" (of validation recipes, by era).

    A row an epoch and `label`, with its `stage`, `value` and the same as `text`. An epoch without the figure
    has no row.
    """
    rows = []
    for entry in history.get("epochs", []):
        values = {"loss": entry.get("loss")} if what == "loss" else entry.get("validation", {})
        for label in sorted(values, key=lambda era: ERAS.index(era) if era in ERAS else len(ERAS)):
            if values[label] is not None:
                rows.append(
                    {
                        "epoch": entry["epoch"],
                        "stage": str(entry.get("stage", "")),
                        "label": label,
                        "value": float(values[label]),
                        "text": f"{values[label]:.2f}" if what == "loss" else f"{values[label]:.1f}",
                    }
                )
    return rows


def sample_rows(history: Mapping[str, Any], prompt: str) -> list[Row]:
    """The texts written during training after `prompt`: `epoch`, `temperature`, `text`; by epoch, then
    temperature."""
    entries = (entry for entry in history.get("samples", []) if entry["prompt"] == prompt)
    return [
        {name: entry[name] for name in ("epoch", "temperature", "text")}
        for entry in sorted(entries, key=lambda entry: (entry["epoch"], entry["temperature"]))
    ]


def recorded_rows(history: Mapping[str, Any], prompt: str, epoch: int) -> list[Row]:
    """For `charts.step_spec`: the next word after `prompt` as recorded at `epoch`, a panel a temperature.

    The recorded words only, and a tail for all others together. Nothing was picked from these.
    """
    recorded = _distributions(history, prompt, epoch)
    all_words = dict.fromkeys(word for words in recorded.values() for word in words)
    weight = {word: sum(words.get(word, 0.0) for words in recorded.values()) for word in all_words}
    shown = sorted(all_words, key=lambda word: -weight[word])
    rows: list[Row] = []
    for panel, (temperature, words) in enumerate(recorded.items()):
        frame = {
            "panel": panel,
            "temperature": temperature,
            "heading": f"T = {temperature:g}",
            "note": "",
            "picked": False,
            "removed": False,
            "logit": None,
            "luck": None,
        }
        for order, word in enumerate(shown):
            if word in words:
                rows.append(
                    {
                        **frame,
                        "word": word,
                        "label": word or END_OF_RECIPE,
                        "order": order,
                        "tail": False,
                        **_recorded(words[word], f"recorded after epoch {epoch}"),
                    }
                )
        rest = max(1e-6, 1 - sum(words.values()))  # recorded with six decimals: never quite nothing
        rows.append(
            {
                **frame,
                "word": None,
                "label": "… all others",
                "order": len(shown),
                "tail": True,
                **_recorded(rest, "all words that were not recorded, together"),
            }
        )
    return rows


def _recorded(probability: float, how: str) -> Row:
    return {
        "probability": probability,
        "before": probability,
        "share": percent(probability),
        "arithmetic": how,
    }


def recorded_summary(history: Mapping[str, Any], prompt: str, epoch: int) -> str:
    """The point of a chart of `recorded_rows`, for those who do not see it."""
    parts = []
    for temperature, words in _distributions(history, prompt, epoch).items():
        word = max(words, key=lambda word: words[word])
        parts.append(f"T = {temperature:g}: likeliest {_quote(word)} with {percent(words[word])}")
    return f"Bar chart of the next word after epoch {epoch}. {'; '.join(parts)}."


def learning_rows(history: Mapping[str, Any], prompt: str, temperature: float, *, most: int = 8) -> list[Row]:
    """For `charts.heat_map_spec`: epochs by words, the recorded probability of the next word after `prompt`.

    The `most` words with the highest recorded probabilities over all epochs after 0; a word that was not
    recorded at an epoch, being too unlikely, has no row there.
    """
    epochs = recorded_epochs(history)
    recorded = {epoch: _distributions(history, prompt, epoch).get(temperature, {}) for epoch in epochs}
    # One choice of words for all temperatures: what T = 1, or else the first temperature, found likely.
    weight: dict[str, float] = {}
    for epoch in epochs:
        by_heat = _distributions(history, prompt, epoch) if epoch else {}
        for word, p in (by_heat.get(1.0) or next(iter(by_heat.values()), {})).items():
            weight[word] = weight.get(word, 0.0) + p
    shown = sorted(weight, key=lambda word: -weight[word])[:most]
    return [
        {
            "column": str(epoch),
            "label": word or END_OF_RECIPE,
            "order": order,
            "value": recorded[epoch][word],
            "share": percent(recorded[epoch][word]),
            "temperature": temperature,
            "detail": f"after epoch {epoch}" if epoch else "untrained",
        }
        for order, word in enumerate(shown)
        for epoch in epochs
        if word in recorded[epoch]
    ]


def recorded_temperatures(history: Mapping[str, Any]) -> list[float]:
    return sorted({entry["temperature"] for entry in history.get("distributions", [])})


def _distributions(history: Mapping[str, Any], prompt: str, epoch: int) -> dict[float, dict[str, float]]:
    """Temperature -> word -> probability, as recorded; the coolest first."""
    entries = [
        entry
        for entry in history.get("distributions", [])
        if entry["prompt"] == prompt and entry["epoch"] == epoch and entry["words"]
    ]
    return {
        entry["temperature"]: {str(word): float(p) for word, p in entry["words"]}
        for entry in sorted(entries, key=lambda entry: entry["temperature"])
    }


def scaling_rows(bundles: Iterable[Bundle], era: str) -> list[Row]:
    """For `charts.scaling_spec`: `network`, `temperature`, `perplexity`; the best one of each has `best`."""
    rows = []
    for bundle in bundles:
        calibrated = _at(bundle.measured, "calibration", "eras", era)
        if calibrated is None:
            continue
        curve = zip(bundle.measured["calibration"]["temperatures"], calibrated["perplexity"], strict=True)
        points = [(heat, value, False) for heat, value in curve if value is not None]
        points.append((calibrated["best"]["temperature"], calibrated["best"]["perplexity"], True))
        rows += [
            {"network": network_label(bundle.name), "temperature": heat, "perplexity": value, "best": best}
            for heat, value, best in points
        ]
    return rows


def scaling_table(bundles: Iterable[Bundle], eras: Sequence[str] = ERAS) -> list[Row]:
    """A row a network and era: `best` temperature with its 95 % `interval` as text, perplexity `at best` and
    `at 1`, and the calibration error at each temperature of the reliability diagram, as `ece 0.5` and so on.
    """
    rows = []
    for bundle in bundles:
        for era in eras:
            calibrated = _at(bundle.measured, "calibration", "eras", era)
            if calibrated is None:
                continue
            perplexity = dict(
                zip(bundle.measured["calibration"]["temperatures"], calibrated["perplexity"], strict=True)
            )
            rows.append(
                {
                    "network": network_label(bundle.name),
                    "recipes": era,
                    "best": calibrated["best"]["temperature"],
                    "interval": _interval(calibrated["best"]),
                    "at best": calibrated["best"]["perplexity"],
                    "at 1": perplexity.get(1.0),
                    **{f"ece {heat}": facts["ece"] for heat, facts in calibrated["reliability"].items()},
                }
            )
    return rows


def _interval(best: Mapping[str, Any]) -> str:
    if best.get("low") is None or best.get("high") is None:  # at an end of the range
        return ""
    return f"{best['low']:.2f} to {best['high']:.2f}"


def reliability_rows(bundle: Bundle, era: str) -> list[Row]:
    """For `charts.reliability_spec`: a row a temperature and bin, with `confidence`, `accuracy`, `count`,
    the `share` of all predictions in it, and the temperature's `ece`."""
    calibrated = _at(bundle.measured, "calibration", "eras", era)
    return [
        {
            "temperature": float(heat),
            "ece": facts["ece"],
            **{name: row[name] for name in ("confidence", "accuracy", "count")},
            "share": row["count"] / calibrated["tokens"],
        }
        for heat, facts in (calibrated["reliability"].items() if calibrated else ())
        for row in facts["bins"]
    ]


def reliability_summary(bundle: Bundle, era: str) -> str:
    """The point of a chart of `reliability_rows`, for those who do not see it."""
    parts = []
    for heat, facts in (_at(bundle.measured, "calibration", "eras", era, "reliability") or {}).items():
        lean = "over" if facts["confidence"] > facts["accuracy"] else "under"
        parts.append(
            f"T = {heat}: sure of {percent(facts['confidence'])} on average and right in "
            f"{percent(facts['accuracy'])}, {lean}confident, calibration error {percent(facts['ece'])}"
        )
    return f"{network_label(bundle.name)}, {era} recipes. {'; '.join(parts)}."
