"""One prompt written at several temperatures, and what can be read off it: the comparison page without a
page.

A `Comparison` holds finished runs and answers in tidy rows: the words as a person reads them with their
probability, rank and surprisal (`word_rows`), one step's distributions side by side (`step_rows`), the
whole run (`timeline_rows`), the first word where neighbours part and why (`marks`), one distribution ready
to be re-tempered anywhere (`live_rows`). Runs keep 4 bytes times the hidden size a word; logits are
recomputed by one matrix product when asked for. Knows nothing of Streamlit or Altair.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from textgen import exact
from textgen.measuring.distributions import choices_at, effective_choices
from textgen.network.bundle import Bundle
from textgen.text.lexicon import lexicon
from textgen.text.typeset import detokenize_pieces, percent, remainder
from textgen.text.vocabulary import STOP_ID, tokenize
from textgen.writing.generate import Generation, Step
from textgen.writing.parting import first_difference
from textgen.writing.rules import BY_NAME
from textgen.writing.sampling import Luck, Stages
from textgen.writing.writer import Request

Row = dict[str, Any]
END = "■"  # how the stop token is shown
END_OF_RECIPE = f"{END} end of recipe"
_AT_ONCE = 8  # steps


def display_words(words: Sequence[str], before: Sequence[str] = ()) -> list[tuple[str, bool]]:
    """Each of `words` as `detokenize` would print it, and whether a space comes before it.

    `before` are the words of the text so far: they decide capitals and spacing, and are not returned.
    """
    pieces = detokenize_pieces([*before, *words])[len(before) :]
    return [(piece.lstrip(" "), piece.startswith(" ")) for piece in pieces]


@dataclass(frozen=True, eq=False)
class Analysis:
    """Per step of a run, arrays [steps] that are only read: `plain` (its word's probability at T = 1), `rank`
    (1 is likeliest) and `bits` (the surprisal at T = 1)."""

    plain: np.ndarray
    rank: np.ndarray
    bits: np.ndarray


@dataclass(frozen=True)
class Mark:
    """The first word where a run leaves the one on its left: `position` from 0, and why in one sentence."""

    position: int
    reason: str


def look(logits: np.ndarray, token: int) -> tuple[float, float, int]:
    """What `Analysis` is made of: of logits [V] the sum of their exponentials, as a multiple of the largest,
    how far a word stands below the largest, and its rank."""
    (top, total), own = exact.largest_and_total(logits), logits[token]
    return float(total), float(top[0] - own), 1 + int(np.count_nonzero(logits > own))


class Comparison:
    """Finished runs of one prompt, ready to be read; in the order of the page's columns."""

    def __init__(self, bundle: Bundle, runs: Sequence[Generation]) -> None:
        self.bundle, self.runs = bundle, list(runs)
        self._stages: tuple[int, dict[int, tuple[np.ndarray, Stages]]] | None = None

    @property
    def length(self) -> int:
        """The number of steps of the longest run."""
        return max((len(run.steps) for run in self.runs), default=0)

    def names(self) -> list[str]:
        """A short name a run: its temperature, and a number where two runs share one."""
        texts = [f"T = {run.sampler.temperature:g}" for run in self.runs]
        return [text if texts.count(text) == 1 else f"{text} ({i + 1})" for i, text in enumerate(texts)]

    # What is worked out about a run is kept with it, since comparisons, and so threads, share runs.

    def analysis(self, k: int) -> Analysis:
        return self.runs[k].findings.once("analysis", lambda: self._analysis(k))

    def _analysis(self, k: int) -> Analysis:
        steps, model = self.runs[k].steps, self.bundle.model
        seen = [step.seen or look(model.logits(step.hidden), step.token) for step in steps]
        totals, below, ranks = np.array(seen).reshape(-1, 3).T
        nats = exact.log(totals) + below
        return Analysis(*map(_read_only, (np.exp(-nats), ranks.astype(np.int64), nats / math.log(2))))

    def choices(self, k: int) -> np.ndarray:
        """Per step of run `k`, the effective choices of what it drew from: exp of the entropy, to about six
        digits. `[steps]`, to be read only."""
        return self.runs[k].findings.once("choices", lambda: _read_only(self._choices(k)))

    def _choices(self, k: int) -> np.ndarray:
        sampler, parts = self.runs[k].sampler, [np.zeros(0)]
        for steps, logits in self._logits(k):
            if sampler.active or not 1e-3 <= sampler.temperature <= 1e3:
                previous = [step.previous if sampler.reads_previous else () for step in steps]
                probs = [sampler.distribution(*of) for of in zip(logits, previous, strict=True)]
                parts.append(effective_choices(np.stack(probs)))
                continue
            if sampler.suppress:
                logits = logits.copy()  # those of a network that remembers are not to be written to
                logits[:, list(sampler.suppress)] = -np.inf
            parts.append(choices_at(logits, sampler.temperature))
        return np.concatenate(parts)

    def _logits(self, k: int) -> Iterator[tuple[list[Step], np.ndarray]]:
        """The steps of run `k` and their logits [n, V], few at a time, for the processor's cache."""
        steps = self.runs[k].steps
        for start in range(0, len(steps), _AT_ONCE):
            few = steps[start : start + _AT_ONCE]
            yield few, self.bundle.model.logits(np.stack([step.hidden for step in few]))

    def word_rows(self, k: int, opening: Sequence[str] = ()) -> list[Row]:
        """Run `k` as a person reads it, one row a step: `text`, `space` (one comes before), `probability`
        (of this word, after temperature and filters), `plain`, `rank`, `bits`, `forced`, `end`, `verb` (a
        recipe verb stands here), `word` and `position`."""
        kept = self.runs[k].findings.once(
            ("rows", tuple(opening)), lambda: tuple(self._word_rows(k, opening))
        )
        return [row.copy() for row in kept]

    def _word_rows(self, k: int, opening: Sequence[str]) -> list[Row]:
        run, analysis = self.runs[k], self.analysis(k)
        words = [step.word for step in run.steps]
        shown = display_words(words, opening)
        verbs = lexicon().tag([*opening, *words])[len(opening) :]
        return [
            {
                "position": i,
                "word": step.word,
                "text": END if step.token == STOP_ID else text,
                "space": True if step.token == STOP_ID else space,
                "probability": float(step.probability),
                "plain": float(analysis.plain[i]),
                "rank": int(analysis.rank[i]),
                "bits": float(analysis.bits[i]),
                "forced": step.forced,
                "end": step.token == STOP_ID,
                "verb": verb is not None,
            }
            for i, (step, (text, space), verb) in enumerate(zip(run.steps, shown, verbs, strict=True))
        ]

    def timeline_rows(self) -> list[Row]:
        """For `charts.timeline_spec`: one row a run and step."""
        rows: list[Row] = []
        for k, (run, name) in enumerate(zip(self.runs, self.names(), strict=True)):
            choices, mark = self.choices(k), self.marks[k]
            for i, step in enumerate(run.steps):
                rows.append(
                    {
                        "panel": k,
                        "name": name,
                        "temperature": run.sampler.temperature,
                        "position": i + 1,
                        "word": step.word or END,
                        "choices": float(choices[i]),
                        "probability": float(step.probability),
                        "last": i == len(run.steps) - 1,
                        "parts": mark is not None and mark.position == i,
                    }
                )
        return rows

    @cached_property
    def marks(self) -> list[Mark | None]:
        """For each run, the first word where it leaves its left neighbour; `None` for the first run, and
        for one that writes the same words."""
        pairs = zip(self.runs, self.runs[1:], strict=False)
        return [None, *(self._mark(left, here) for left, here in pairs)]

    def _mark(self, left: Generation, here: Generation) -> Mark | None:
        parting = first_difference(self.bundle, left, here)
        if parting is None:
            return None
        old, new = _quote(parting.a.word), _quote(parting.b.word)
        hot, cold = here.sampler.temperature, left.sampler.temperature
        p_old, p_new = ([percent(p) for p in word.probability] for word in (parting.a, parting.b))
        if not parting.same_context:
            why = f"The words before differ; here it is {new} ({p_new[1]}), not {old}."
        elif hot == 0:
            why = f"At T = {cold:g} the draw fell on {old}; greedy takes the likeliest, {new}."
        else:
            same = (left.seed, left.stream) == (here.seed, here.stream)
            draw = "the same draw" if same else "another draw"
            if cold == 0:
                why = (
                    f"Greedy takes {old}; at T = {hot:g} it has {p_old[1]}, and {draw} falls on {new} "
                    f"({p_new[1]})."
                )
            else:
                moves = f"{old} {_moves(*parting.a.probability)} and {new} {_moves(*parting.b.probability)}"
                why = f"From T = {cold:g} to T = {hot:g}, {moves}: {draw} {'now ' * same}falls on {new}."
        return Mark(parting.position, f"Word {parting.position + 1}. {why[:1].upper()}{why[1:]}")

    def timeline_summary(self, measure: str = "choices") -> str:
        """The point of `charts.timeline_spec`, for those who do not see it."""
        parts = []
        for k, name in enumerate(self.names()):
            steps = self.runs[k].steps
            if not steps:
                parts.append(f"{name}: no words")
            elif measure == "choices":
                parts.append(f"{name}: {float(np.median(self.choices(k))):,.1f}")
            else:
                parts.append(f"{name}: {percent(float(np.median([step.probability for step in steps])))}")
        what = "effective choices" if measure == "choices" else "probability of the word written"
        return f"Line chart over {self.length} words. Median {what}: {'; '.join(parts)}."

    def steps_at(self, position: int) -> list[Step | None]:
        return [run.steps[position] if position < len(run.steps) else None for run in self.runs]

    def stages_at(self, position: int) -> dict[int, tuple[np.ndarray, Stages]]:
        """Of each run that has not ended at `position`: the logits `[V]`, and what its sampler makes of
        them. Kept for the last position alone, until `let_go`."""
        if (kept := self._stages) and kept[0] == position:
            return kept[1]
        found = {}
        for k, step in enumerate(self.steps_at(position)):
            if step is not None:
                logits = self.bundle.model.logits(step.hidden[None])[0]
                found[k] = logits, self.runs[k].sampler.stages(logits, step.previous)
        self._stages = position, found
        return found

    def let_go(self) -> None:
        """Forget the arrays [V] of the position that was last looked at: some 200 KB a run."""
        self._stages = None

    def _leanings(self, position: int, stages: Mapping[int, tuple[np.ndarray, Stages]]) -> list[np.ndarray]:
        """Of each run in `stages` (see `stages_at`) the probabilities [V] before its filters, which say what
        words are worth showing; at T = 0, where all but one are 0, those of T = 1."""
        return [
            replace(run.sampler, temperature=1.0).stages(logits, run.steps[position].previous).before
            if (run := self.runs[k]).sampler.temperature == 0
            else own.before
            for k, (logits, own) in stages.items()
        ]

    def step_rows(self, position: int, *, most: int = 12, shown: Sequence[int] | None = None) -> list[Row]:
        """For `charts.step_spec`: the likely words of all runs at `position` (from 0), each panel summing
        to 1.

        The words are the likeliest of every run before its filters, at most about `most` of them, and every
        pick; all panels show the same ones in the same order, and one tail row stands for the rest of the
        vocabulary. `shown`, ids of words, replaces that choice: see `likely_words`.
        """
        steps = self.steps_at(position)
        names, size = self.names(), len(self.bundle.vocabulary)
        worked_out = self.stages_at(position)
        if shown is None:
            picks = [step.token for step in steps if step is not None]
            shown = _likely_words(self._leanings(position, worked_out), picks, most)
        shown = list(shown)
        # What no run may write is not counted among the others.
        never = set(self.runs[0].sampler.suppress).intersection(*(run.sampler.suppress for run in self.runs))
        draws = [Luck(run.seed, run.stream).draws(position, size) for run in self.runs]
        noise = [-exact.log(one.exponential_of(np.array(shown, dtype=np.intp))) for one in draws]
        rows: list[Row] = []
        for k, step in enumerate(steps):
            sampler = self.runs[k].sampler
            frame = {"panel": k, "temperature": sampler.temperature, "heading": names[k]}
            if step is None:
                rows.append(
                    {
                        **frame,
                        "word": None,
                        "order": None,
                        "note": f"ended after {len(self.runs[k].steps)} words",
                    }
                )
                continue
            logits, stages = worked_out[k]
            before, after, cut = stages.before, stages.after, stages.removed_by
            choices = float(effective_choices(after))
            note = (
                "greedy: always the likeliest word"
                if sampler.temperature == 0
                else f"{choices:,.{1 if choices < 100 else 0}f} effective choices"
            )
            if removed := int(np.count_nonzero(cut)):
                every, lost = size - len(set(sampler.suppress)), percent(float(before[cut != ""].sum()))
                note += f"; {removed:,} of {every:,} words removed, {lost}"
            for order, token in enumerate(shown):
                word = self.bundle.vocabulary.words[token]
                p, q = float(after[token]), float(before[token])
                rows.append(
                    {
                        **frame,
                        "note": note,
                        "word": word,
                        "label": word or END_OF_RECIPE,
                        "order": order,
                        "probability": p,
                        "before": q,
                        "picked": token == step.token,
                        "removed": bool(cut[token]),
                        "tail": False,
                        "share": "removed" if cut[token] else percent(p),
                        "logit": float(logits[token]),
                        "luck": math.log(p) + float(noise[k][order]) if p > 0 else None,
                        "arithmetic": _arithmetic(
                            float(logits[token]), sampler.temperature, q, p, str(cut[token])
                        ),
                    }
                )
            p, q = (remainder(probs[shown]) for probs in (after, before))
            others = size - len(never.union(shown))
            rows.append(
                {
                    **frame,
                    "note": note,
                    "word": None,
                    "label": f"… {others:,} others",
                    "order": len(shown),
                    "probability": p,
                    "before": q,
                    "picked": False,
                    "removed": p == 0 < q,
                    "tail": True,
                    "share": percent(p),
                    "logit": None,
                    "luck": None,
                    "arithmetic": "the rest of the vocabulary, together",
                }
            )
        return rows

    def step_summary(self, position: int) -> str:
        """The point of `charts.step_spec`, for those who do not see it."""
        parts, stages = [], self.stages_at(position)
        for k, (name, step) in enumerate(zip(self.names(), self.steps_at(position), strict=True)):
            if step is None:
                parts.append(f"{name} has ended")
                continue
            probs = stages[k][1].after
            top = int(probs.argmax())
            parts.append(
                f"{name}: likeliest {_quote(self.bundle.vocabulary.words[top])} with "
                f"{percent(float(probs[top]))}, "
                f"written {_quote(step.word)} with {percent(step.probability)}"
            )
        return f"Bar chart of the next word, number {position + 1}. {'; '.join(parts)}."

    def live_summary(self, k: int, position: int) -> str:
        """The point of `charts.live_spec`, for those who do not see it."""
        step = self.steps_at(position)[k]
        if step is None:
            return f"Column {k + 1} has ended before word {position + 1}."
        logits = self.bundle.model.logits(step.hidden).copy()
        logits[list(self.runs[k].sampler.suppress)] = -np.inf
        likely = [self.bundle.vocabulary.words[t] for t in _largest(logits, 3)]
        words = " ".join(_quote(word) for word in likely)
        return (
            f"Bar chart of word {position + 1} of column {k + 1} with its own temperature slider. "
            f"Likeliest first: {words}. "
            "A higher temperature evens the bars out and never changes their order."
        )

    def live_rows(self, k: int, position: int, *, shown: int = 12) -> list[Row]:
        """For `charts.live_spec`: run `k`'s logits at `position`, the tail summarised.

        Words far from the top are grouped by their distance from the largest logit, in groups that widen
        with it: the sum over a group of `count * exp(mean / T)` then stays within 0.1 percentage points of
        the exact share for every T from 0.05 to 5. Empty when the run has ended there.
        """
        step = self.steps_at(position)[k]
        if step is None:
            return []
        logits = self.bundle.model.logits(step.hidden[None])[0].astype(np.float64)
        logits[list(self.runs[k].sampler.suppress)] = -np.inf
        drop = logits.max() - logits  # [V], 0 for the likeliest, infinite for what is never written
        words = self.bundle.vocabulary.words
        likely = [t for t in _largest(logits, shown) if np.isfinite(drop[t])]
        rows: list[Row] = [
            {"label": words[t] or END_OF_RECIPE, "order": i, "logit": 0.0 - float(drop[t]), "count": 1}
            for i, t in enumerate(likely)
        ]
        drop[likely] = np.inf
        tail = drop[np.isfinite(drop)]
        wide = 50 + np.log(np.maximum(tail, 0.2) / 0.2) // 0.02
        group = np.where(tail < 0.2, tail // 0.004, wide).astype(int)
        counts, sums = np.bincount(group), np.bincount(group, weights=tail)
        label = f"… {len(tail):,} others"
        for g in np.flatnonzero(counts):
            mean = float(sums[g] / counts[g])
            rows.append({"label": label, "order": shown, "logit": 0.0 - mean, "count": int(counts[g])})
        return rows


def prepare(bundle: Bundle, request: Request, runs: Sequence[Generation], choices: bool = True) -> None:
    """Work out now what a page will show of the runs of `request`; `choices` are for the timeline."""
    comparison = Comparison(bundle, runs)
    for k in range(len(runs)):
        comparison.word_rows(k, tokenize(request.opening))
        if choices:
            comparison.choices(k)


def likely_words(comparisons: Sequence[Comparison], position: int, *, most: int = 12) -> list[int]:
    """What `step_rows` would show at `position` of the runs of all `comparisons` together, as ids. Their
    vocabularies must be equal."""
    distributions = [
        probs for one in comparisons for probs in one._leanings(position, one.stages_at(position))
    ]
    picks = [step.token for one in comparisons for step in one.steps_at(position) if step is not None]
    return _likely_words(distributions, picks, most)


def _likely_words(distributions: Sequence[np.ndarray], picks: Sequence[int], most: int) -> list[int]:
    """The ids of the likeliest words of all distributions together and of the picks, likeliest on average
    first."""
    if not distributions:
        return []
    each = max(3, math.ceil(most / len(distributions)))
    stacked = np.stack(distributions)  # [B, V]
    mean = stacked.mean(axis=0)
    likely = {t for row in stacked for t in _largest(row, each) if row[t] > 0}
    for token in _largest(mean, 2 * most):
        if len(likely) >= most:
            break
        likely.add(token)
    return sorted(likely | set(picks), key=lambda t: (-mean[t], t))


def _largest(values: np.ndarray, count: int) -> list[int]:
    """The places of the `count` largest of `values` [V], largest first, of equal ones the lowest first."""
    count = min(count, values.size)
    cut = np.partition(values, values.size - count)[values.size - count]
    near = np.flatnonzero(values >= cut)
    return near[np.argsort(-values[near], kind="stable")[:count]].tolist()


def _read_only(array: np.ndarray) -> np.ndarray:
    array.flags.writeable = False
    return array


def _arithmetic(logit: float, temperature: float, before: float, after: float, removed_by: str) -> str:
    if temperature == 0:
        return f"logit {logit:.2f}; greedy: the largest logit takes all"
    # The quotient is that of the numbers shown, so that whoever works it out finds the same.
    shown = round(logit, 4)
    text = f"logit {shown:.4f} ÷ {temperature:g} = {shown / temperature:.2f} → {percent(before)}"
    if removed_by:
        return f"{text} → removed by {BY_NAME[removed_by].label.lower()}"
    return text + (f" → {percent(after)} after the filters" if abs(after - before) > 5e-4 else "")


def _moves(before: float, after: float) -> str:
    old, new = percent(before), percent(after)
    if old == new and "<" in old and 0 < before != after > 0:  # both too small for a percentage to tell apart
        old, new = (f"1 in {1 / p:,.0f}" for p in (before, after))
    return f"stays at {old}" if old == new else f"goes from {old} to {new}"


def _quote(word: str) -> str:
    return f"“{word}”" if word else "the end of the recipe"
