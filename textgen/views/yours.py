"""What the page of one's own network says: the look at a corpus, the estimate, how a training stands."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textgen.text.typeset import percent
from textgen.training.architectures import ARCHITECTURES
from textgen.training.runs import SMALLEST_VOCABULARY, Choices
from textgen.training.speed import Estimate

Row = dict[str, Any]
FEW_KNOWN = 0.85  # of a corpus: with fewer of its words known, texts are full of [UNK]


def amount(facts: Mapping[str, Any], as_lines: bool) -> str:
    """What a corpus holds, in a sentence."""
    again = facts["recipes"] - facts["different_recipes"]
    formats = ", ".join(
        f"{one['format']} in {one['encoding']}" + (f" ({one['files']:,} files)" if one["files"] > 1 else "")
        for one in facts["formats"]
    )
    return (
        f"{facts['recipes']:,} {'texts' if as_lines else 'recipes'}"
        + (f", {again:,} of them repeated and read once" if again else "")
        + f"; {facts['words']:,} words, {facts['different_words']:,} of them different. Read as {formats}."
    )


def lengths(facts: Mapping[str, Any]) -> str:
    """How long its texts are, in a sentence."""
    some = facts["lengths"]
    return (
        f"Half of them have up to {some['median']:,} words, 19 of 20 up to {some['95 %']:,}, all up to "
        f"{some['longest']:,}."
    )


def coverage_rows(facts: Mapping[str, Any]) -> list[Row]:
    """Size of a vocabulary, and the share of all words that it has."""
    return [
        {"vocabulary": f"{int(size):,}", "of all words": percent(share)}
        for size, share in facts["coverage"].items()
    ]


def usual_vocabulary(facts: Mapping[str, Any], most: int) -> int:
    """The size to begin with: the corpus's own if that is small."""
    return max(SMALLEST_VOCABULARY, min(Choices.vocabulary, most, facts["different_words"] + 2))


def known_share(facts: Mapping[str, Any], vocabulary: int) -> float:
    """At least this share of all words is known to a vocabulary of that size."""
    return max((share for size, share in facts["coverage"].items() if int(size) <= vocabulary), default=0.0)


def duration(seconds: float) -> str:
    """A length of time as people say it."""
    if seconds < 90:
        return f"{max(1, round(seconds))} seconds" if seconds >= 1.5 else "a second"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} minutes"
    return f"{seconds / 3600:.1f} hours"


def estimated(found: Estimate, minutes: int) -> str:
    """How long training takes, in a sentence, and where that is known from."""
    if found.high < 90:
        time = f"{round(found.low)} to {round(found.high)} seconds"
    else:
        time = f"{duration(found.low)} to {duration(found.high)}"
    known = (
        "as the last training on this computer says"
        if found.measured
        else "guessed from how fast this computer multiplies; after the first training it is known better"
    )
    return f"All epochs take about {time}, {known}. Training ends sooner where it no longer helps" + (
        f", and after {minutes:,} minutes in any case." if found.high > 60 * minutes else "."
    )


def standing(state: Mapping[str, Any], progress: Mapping[str, Any], before: int) -> str:
    """How a training stands, in a sentence; `before` others have their turn first."""
    match state["state"]:
        case "looking":
            return "Reading the file …"
        case "waiting" if before:
            return f"{before} other training{'s' * (before > 1)} first: one at a time on this server."
        case "waiting" | "starting":
            return "Starting: reading the corpus, counting its words, loading TensorFlow …"
        case "finishing":
            return "Measuring the finished network …"
        case "training" if progress:
            return (
                f"Epoch {progress['epoch']} of {progress['epochs']}, batch {progress['batch']:,} of "
                f"{progress['batches']:,}; {progress['words_per_second']:,.0f} words a second; loss "
                f"{progress['loss']:.2f} nats a word; up to {duration(progress['seconds_left'])} left."
            )
    return str(state["message"])


def done_share(progress: Mapping[str, Any]) -> float:
    """Of all epochs."""
    if not progress:
        return 0.0
    return min(1.0, (progress["epoch"] - 1 + progress["batch"] / progress["batches"]) / progress["epochs"])


def curve_rows(history: Mapping[str, Any], lines: Mapping[str, Any], epochs: int) -> list[Row]:
    """For `charts.curves_spec`: validation perplexity by epoch, and as level lines what counting reaches."""
    rows = [_point(epoch, "this network", value) for epoch, value in _validation(history)]
    for key, label in (("kneser_ney", "Kneser-Ney 5-gram"), ("unigram", "unigram")):
        if rows and key in lines:
            end = max(epochs, *(row["epoch"] for row in rows)) + 0.5
            rows += [_point(0, label, lines[key]), _point(end, label, lines[key])]
    return rows


def _validation(history: Mapping[str, Any]) -> list[tuple[int, float]]:
    """Epochs, and the perplexity of the texts kept back after each."""
    return [
        (entry["epoch"], value)
        for entry in history.get("epochs", [])
        for value in list(entry.get("validation", {}).values())[:1]
    ]


def _point(epoch: float, label: str, value: float) -> Row:
    return {"epoch": epoch, "stage": "", "label": label, "value": float(value), "text": f"{value:.1f}"}


def verdict(history: Mapping[str, Any], lines: Mapping[str, Any]) -> str:
    """What the curve says, in a sentence."""
    values = [value for _, value in _validation(history)]
    if not values or "kneser_ney" not in lines:
        return ""
    best, count = min(values), lines["kneser_ney"]
    return (
        f"Best so far {best:.1f}, {best / count:.2f} times the {count:.1f} of the Kneser-Ney 5-gram; the "
        f"unigram has {lines['unigram']:.1f}. Measured on {lines['validation']:,} texts kept back."
    )


def beginning(facts: Mapping[str, Any]) -> tuple[str, str]:
    """A title of the corpus to continue, or how one of its texts begins where they have no titles."""
    for example in facts.get("examples", []):
        if example["title"]:
            return example["title"], ""
        return "", " ".join(" ".join(example["steps"]).split()[:3])
    return "Soup", ""


def choices_in_words(choices: Mapping[str, Any]) -> str:
    """What is trained, in a few words."""
    label = ARCHITECTURES[choices["architecture"]].label
    words, epochs = f"{choices['vocabulary']:,} words", f"up to {choices['epochs']} epochs"
    return f"{label}, {choices['units']:,} units, {words}, {epochs}"
