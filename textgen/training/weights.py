"""Weights of networks that were trained before: to start another training from, and to average."""

from __future__ import annotations

import json
import os
import zipfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import keras
import numpy as np

from textgen.measuring.perplexity import evaluate
from textgen.measuring.title_information import title_information_by_era
from textgen.network.bundle import bundle_folder, load_bundle, save_bundle
from textgen.text.recipe import Recipe
from textgen.text.vocabulary import UNKNOWN, Vocabulary
from textgen.training.history import observe

# What later versions of Keras write of layers and initializers, and the last for Python 3.10 refuses to read.
_NEWER = {"quantization_config", "input_axes", "output_axes"}


def load_network(path: str | os.PathLike[str]) -> Any:
    """The Keras model of the `.keras` file at `path`, uncompiled; a later Keras may have written it."""
    with zipfile.ZipFile(path) as archive:
        config = json.loads(archive.read("config.json"), object_pairs_hook=_without_newer)
    config.pop("compile_config", None)
    model = keras.saving.deserialize_keras_object(config)
    model.load_weights(path)
    return model


def _without_newer(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    return {key: value for key, value in pairs if value is not None or key not in _NEWER}


def start_from(model: Any, vocabulary: Vocabulary, known: Vocabulary, path: str | os.PathLike[str]) -> None:
    """Give `model` the weights of the Keras file at `path`, whose words are `known`.

    Rows of the embedding and columns of the softmax go by word. A word that is new was read and written as
    `[UNK]` so far: it starts with the weights of that; half of its probability goes to the new words.

    Raises:
        ValueError: the file holds another architecture, or one of another size.
    """
    source = load_network(path)
    rows = np.asarray(known.encode(list(vocabulary.words)))
    new = np.asarray([word not in known for word in vocabulary.words])
    split = np.where(new, np.log(2 * max(1, new.sum())), 0.0)  # half of what [UNK] had, among them
    split[vocabulary.words.index(UNKNOWN)] = np.log(2) * new.any()
    mine, theirs = ([w for layer in m.layers for w in layer.weights] for m in (model, source))
    if [w.path for w in mine] != [w.path for w in theirs]:
        raise ValueError(f"{path} is not a {model.name} network: training cannot start from it")
    for weight, value in zip(mine, map(np.asarray, theirs), strict=True):
        if weight.path == "embedding/embeddings":
            value = value[rows]
        elif weight.path.startswith("next_word/"):
            value = value[..., rows] - (split if value.ndim == 1 else 0)
        if value.shape != tuple(weight.shape):
            raise ValueError(f"{path} is a {model.name} network of another size: {weight.path} does not fit")
        weight.assign(value)


def average(
    bundles: Sequence[str | os.PathLike[str]],
    out: str | os.PathLike[str],
    *,
    validation: Sequence[Recipe] = (),
) -> dict[str, Any]:
    """Write the bundle whose weights are the mean of those of `bundles`; returns its card.

    Networks that were trained from the same weights with other seeds lie so close together that their mean
    predicts better than any of them, at the cost of one ("model soup", Wortsman et al. 2022). The history is
    the first one's, and an epoch more for the mean.

    Raises:
        ValueError: fewer than two bundles, or they differ in architecture, size or vocabulary.
        BundleError: there is no usable bundle at one of the places.
    """
    loaded = [load_bundle(bundle) for bundle in bundles]
    if len(loaded) < 2:
        raise ValueError("there must be two networks or more to average")
    models = [load_network(bundle_folder(b) / "model.keras") for b in bundles]
    first, model = loaded[0], models[0]
    for name, bundle, other in zip(bundles, loaded, models, strict=True):
        same = [w.shape for w in other.weights] == [w.shape for w in model.weights]
        if not same or other.name != model.name or bundle.vocabulary.words != first.vocabulary.words:
            raise ValueError(f"{name} is not the same kind of network as {bundles[0]}: they have no average")
    for weights in zip(*(m.weights for m in models), strict=True):
        weights[0].assign(np.mean([np.asarray(w, np.float64) for w in weights], axis=0))
    card, history = dict(first.card), {kind: list(entries) for kind, entries in first.history.items()}
    trainings = [bundle.card.get("training", {}) for bundle in loaded]
    methods = dict.fromkeys(str(training.get("method")) for training in trainings)
    card["name"] = Path(out).name
    card["training"] = {
        **trainings[0],
        "method": f"mean of the weights of {len(loaded)} networks: " + " | ".join(methods),
        "seed": ", ".join(str(training.get("seed")) for training in trainings),
    }
    last = history["epochs"][-1]["epoch"] if history.get("epochs") else 0
    for kind, entries in observe(model, first.vocabulary, last + 1).items():
        history.setdefault(kind, []).extend(entries)
    record: dict[str, Any] = {"epoch": last + 1, "stage": f"mean of {len(loaded)}", "loss": None}
    card["evaluation"], card["title_information"] = {}, {}
    save_bundle(out, model, first.vocabulary, card, history)
    if validation:
        bundle = load_bundle(out)
        card["evaluation"] = evaluate(bundle, validation)
        information = title_information_by_era(bundle, validation)
        card["title_information"] = {era: asdict(value) for era, value in information.items()}
        record["validation"] = {era: value["perplexity"] for era, value in card["evaluation"].items()}
    history.setdefault("epochs", []).append(record)
    save_bundle(out, model, first.vocabulary, card, history)
    return card
