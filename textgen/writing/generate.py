"""Writing text: one run, or several samplers in step with everything else held constant.

All runs of `generate_together` advance as one batch, and runs that have read the same words share one row
of it, so equal samplers write equal texts to the last bit, and a comparison costs little more than its
product with the output matrix. With shared luck, one vector of Gumbel noise a position decides every run's
word: what differs between two runs is then due to their samplers alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from textgen import exact
from textgen.memo import Memo
from textgen.text.recipe import recipe_text
from textgen.text.typeset import detokenize
from textgen.text.vocabulary import STOP, Vocabulary, tokenize
from textgen.writing.sampling import Draws, Luck, Sampler, check_seed

LuckKind = Literal["shared", "independent"]
Look = Callable[[NDArray[np.float32], int], Any]  # at the logits [V] of a step, and the word written
Write = Callable[["UnderWay"], "Iterable[list[Step | None]]"]
_FINDINGS = 8  # of a run: some 20 KB each


class Network(Protocol):
    """What a network must be able to do here; `textgen.network.recurrent.RecurrentModel` is one."""

    def start(self, batch_size: int) -> Any:
        """The state before the first word."""

    def step(self, tokens: ArrayLike, state: Any) -> tuple[NDArray[np.float32], Any]:
        """Ids [B] and state -> hidden [B, U], new state; the old state stays valid."""

    def logits(self, hidden: ArrayLike) -> NDArray[np.float32]:
        """Hidden [B, U] -> logits [B, V]."""

    def select(self, state: Any, rows: ArrayLike) -> Any:
        """The state of some rows, repeated or left out."""


class Source(Protocol):
    """A network and its words; `textgen.network.bundle.Bundle` is one."""

    @property
    def model(self) -> Network: ...

    @property
    def vocabulary(self) -> Vocabulary: ...


class Context:
    """The words a run has read: those of the prompt, then its own. Only ever appended to, so steps can
    share it."""

    __slots__ = ("ids", "length", "words")

    def __init__(self, words: list[str], ids: list[int]) -> None:
        self.words, self.ids, self.length = words, ids, len(ids)

    def append(self, word: str, token: int) -> None:
        self.words.append(word)
        self.ids.append(token)

    def copy(self) -> Context:
        context = Context(self.words.copy(), self.ids.copy())
        context.length = self.length
        return context


@dataclass(frozen=True, eq=False)
class Step:
    """One word being chosen.

    position     0 is the first new word
    token, word  the pick; word "" (token 0) ends the recipe
    probability  of the pick, after temperature and filters; 0 for a forced word that the sampler excludes
    hidden       [U] float32, the network's top hidden state: `bundle.model.logits(step.hidden)` gives the
                 logits, `sampler.distribution(logits, step.previous)` the book's `word_probs`
    seen         what a `Look` said of it
    """

    position: int
    token: int
    word: str
    probability: float
    hidden: NDArray[np.float32] = field(repr=False)
    context: Context = field(repr=False)
    forced: bool = False
    seen: Any = None

    @property
    def prompt(self) -> str:
        """The text before this word, prompt included, as words with spaces between."""
        return " ".join(self.context.words[: self.context.length + self.position])

    @property
    def previous(self) -> list[int]:
        """The ids before this word, prompt included: what a repetition penalty acts on."""
        return self.context.ids[: self.context.length + self.position]


@dataclass
class Generation:
    """One run, finished or under way: how it was drawn, and its steps so far.

    findings  what its readers have worked out about the finished run, by name: it goes when the run goes
    """

    prompt: str
    sampler: Sampler
    seed: int
    stream: int = 0
    steps: list[Step] = field(default_factory=list)
    findings: Memo[Any] = field(default_factory=lambda: Memo(_FINDINGS), repr=False, compare=False)

    @property
    def words(self) -> list[str]:
        """The words written so far, without the stop token."""
        return [step.word for step in self.steps if step.word != STOP]

    @property
    def text(self) -> str:
        """What a person would print of `words`."""
        return detokenize(self.words)

    @property
    def stopped(self) -> bool:
        """Whether the network itself ended the recipe."""
        return bool(self.steps) and self.steps[-1].word == STOP


def recipe_prompt(title: str, opening: str = "") -> str:
    """`"recipe for TITLE | OPENING"`, what the networks were trained to continue."""
    return recipe_text(title, opening)


def generate(
    bundle: Source, prompt: str, *, sampler: Sampler | None = None, max_tokens: int = 100, seed: int = 0
) -> Iterator[Step]:
    """Continue `prompt` word by word, at most `max_tokens` new words; the stop token ends it early.

    The prompt is raw text of any case, tokenised as the corpus was; a word outside the vocabulary is read as
    "[UNK]", and `bundle.vocabulary` tells which those are. "[UNK]" can also be written: the distribution
    is the network's own. `Sampler(suppress=(1,))` rules it out. The run equals that of `generate_together`
    with one sampler. `ValueError` on an empty prompt, a bad seed or a negative `max_tokens`, at the call.
    """
    samplers = [sampler or Sampler()]
    together = generate_together(bundle, prompt, samplers=samplers, max_tokens=max_tokens, seed=seed)
    return (step for (step,) in together if step is not None)


def generate_together(
    bundle: Source,
    prompt: str,
    *,
    samplers: Sequence[Sampler],
    max_tokens: int = 100,
    seed: int | Sequence[int] = 0,
    luck: LuckKind = "shared",
    context: int | Literal["own"] = "own",
    forced: Mapping[int, str] | None = None,
) -> Iterator[list[Step | None]]:
    """Continue `prompt` with several samplers in step: one list a word, an entry a sampler, None once it
    has ended.

    seed     a whole number, or one for each sampler
    luck     "shared": runs of equal seed draw from the same Gumbel vector at each position, so that equal
             samplers write equal texts; "independent": each sampler draws its own (the first as with
             shared luck)
    context  "own": each run reads its own words; k: every run reads run k's words, what the others pick is
             shown but not read, and all end when run k ends
    forced   position -> the word that every run takes there; its `probability` is the one it had

    `ValueError` as for `generate`, and on a forced word outside the vocabulary, at the call.
    """
    runs = UnderWay(bundle.vocabulary, prompt, samplers, max_tokens, seed, luck, context, forced)
    return write_alone(bundle.model, runs)


def write_alone(model: Network, under_way: UnderWay) -> Iterator[list[Step | None]]:
    """What `under_way.choose` says, time after time."""
    if under_way.ended:
        return
    hidden, state = read_prompt(model, under_way.prompt_ids)
    while True:
        yield under_way.choose(hidden, model.logits(hidden))
        if under_way.ended:
            return
        if under_way.parents != tuple(range(len(hidden))):  # a run ended, or rows were shared or left out
            state = model.select(state, under_way.parents)
        hidden, state = model.step(under_way.tokens, state)


def generations(
    bundle: Source,
    prompt: str,
    *,
    samplers: Sequence[Sampler],
    max_tokens: int = 100,
    seed: int | Sequence[int] = 0,
    luck: LuckKind = "shared",
    context: int | Literal["own"] = "own",
    forced: Mapping[int, str] | None = None,
    look: Look | None = None,
    write: Write | None = None,
) -> list[Generation]:
    """The finished runs of `generate_together`, one a sampler.

    look   is asked about each step while its logits are there; what it says is kept as `Step.seen`
    write  may see to the same words in another way: it gives what `UnderWay.choose` says, time after time,
           until that has ended
    """
    under_way = UnderWay(bundle.vocabulary, prompt, samplers, max_tokens, seed, luck, context, forced, look)
    runs = [Generation(prompt, sampler, *key) for sampler, key in zip(samplers, under_way.keys, strict=True)]
    for steps in write(under_way) if write else write_alone(bundle.model, under_way):
        for run, step in zip(runs, steps, strict=True):
            if step is not None:
                run.steps.append(step)
    return runs


def _keys(seed: int | Sequence[int], count: int, luck: LuckKind) -> list[tuple[int, int]]:
    """(seed, stream) of each run's draws."""
    if isinstance(seed, (Sequence, np.ndarray)) and not isinstance(seed, str):
        if len(seed) != count:
            raise ValueError(f"give one seed, or one for each of the {count} samplers, not {len(seed)}")
        seeds = [int(check_seed(s)) for s in seed]
    else:
        seeds = [int(check_seed(seed))] * count
    return [(s, 0 if luck == "shared" else n) for n, s in enumerate(seeds)]


def _forced_ids(forced: Mapping[int, str], vocabulary: Vocabulary) -> dict[int, int]:
    for position, word in forced.items():
        if isinstance(position, bool) or not isinstance(position, (int, np.integer)) or position < 0:
            raise ValueError(f"a forced word needs a position, 0 or more, not {position!r}")
        if word not in vocabulary:
            raise ValueError(f"the network does not know the word {word!r}, so it cannot be forced")
    return {int(position): vocabulary.encode([word])[0] for position, word in forced.items()}


def read_prompt(model: Network, ids: Sequence[int]) -> tuple[NDArray[np.float32], Any]:
    """Hidden [1, U] and state after a prompt; no product with the output matrix is spent on it."""
    state = model.start(1)
    for token in ids[:-1]:
        _, state = model.step([token], state)
    return model.step([ids[-1]], state)


class UnderWay:
    """Runs that advance together, without their network: `choose` says their words, and then `tokens` [B] are
    to be read, each after what row `parents` [B] of the batch before has read. A network may read several of
    these as one batch.

    keys        (seed, stream) of each run's draws
    prompt_ids  what is read before the first word
    ended       whether nothing more is to be chosen

    Arguments and errors are those of `generate_together`.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        prompt: str,
        samplers: Sequence[Sampler],
        max_tokens: int,
        seed: int | Sequence[int],
        luck: LuckKind,
        context: int | Literal["own"],
        forced: Mapping[int, str] | None,
        look: Look | None = None,
    ) -> None:
        words = tokenize(prompt)
        if not words:
            raise ValueError("the prompt is empty: give it at least one word to continue")
        if isinstance(max_tokens, bool) or not isinstance(max_tokens, (int, np.integer)) or max_tokens < 0:
            raise ValueError(f"max_tokens must be a whole number of words, 0 or more, not {max_tokens!r}")
        if not samplers:
            raise ValueError("give at least one sampler")
        if luck not in ("shared", "independent"):
            raise ValueError(f'luck must be "shared" or "independent", not {luck!r}')
        if context != "own" and not (type(context) is int and 0 <= context < len(samplers)):
            raise ValueError(
                f'context must be "own" or the number of a sampler, 0 to {len(samplers) - 1}, not {context!r}'
            )
        self.keys = _keys(seed, len(samplers), luck)
        self._forced = _forced_ids(forced or {}, vocabulary)
        self._words, self._samplers, self._look = vocabulary.words, list(samplers), look
        self._position, self._most, self._leader = 0, int(max_tokens), context
        self._draws = {key: Luck(*key) for key in self.keys}
        first = Context(words, vocabulary.encode(words))
        self._contexts = [first] * len(samplers) if context != "own" else [first.copy() for _ in samplers]
        # Runs that have read the same words share a row of the batch: `_row_of[i]` is run i's row, None once
        # it has ended.
        self._row_of: list[int | None] = [0] * len(samplers)
        self.prompt_ids = first.ids.copy()
        self.parents: tuple[int, ...] = ()
        self.tokens: tuple[int, ...] = ()
        self.ended = not self._most

    def choose(self, hidden: NDArray[np.float32], logits: NDArray[np.float32]) -> list[Step | None]:
        """The next word of each run, None of one that has ended: hidden [B, U] and logits [B, V] of the rows
        that were to be read."""
        noise: dict[tuple[int, int], Draws] = {}
        position, words = self._position, self._words
        steps: list[Step | None] = [None] * len(self._samplers)
        for n, row in enumerate(self._row_of):
            if row is None:
                continue
            at, sampler, key = self._contexts[n], self._samplers[n], self.keys[n]
            previous = at.ids if sampler.reads_previous else ()
            if position in self._forced:
                token = self._forced[position]
                weights = sampler.weights(logits[row], previous)
                probability = float(weights[token] / exact.total(weights))
            else:
                if sampler.temperature > 0 and key not in noise:
                    noise[key] = self._draws[key].draws(position, logits.shape[1])
                token, probability = sampler.choose(logits[row], noise.get(key), previous)
            seen = self._look and self._look(logits[row], token)
            fixed = position in self._forced
            steps[n] = Step(position, token, words[token], probability, hidden[row], at, fixed, seen)
        self._position += 1
        self.ended = self._position == self._most
        if not self.ended:
            self._read(steps)
        return steps

    def _read(self, steps: list[Step | None]) -> None:
        """What each run reads next; the contexts grow only now that all runs have looked at them."""
        chosen = steps if self._leader == "own" else [steps[self._leader]] * len(steps)
        rows: dict[tuple[int, int], int] = {}  # (row, token) -> row of the next batch
        for n, (step, row) in enumerate(zip(chosen, self._row_of, strict=True)):
            if step is None or step.word == STOP or row is None:
                self._row_of[n] = None
                continue
            if self._leader == "own" or n == 0:
                self._contexts[n].append(step.word, step.token)
            self._row_of[n] = rows.setdefault((row, step.token), len(rows))
        self.ended = not rows
        if rows:
            self.parents, self.tokens = zip(*rows, strict=True)
