"""The command line: `python -m textgen generate | verbs | evaluate | sweep | index | train | models`.

Exit codes: 0 done; 1 could not be done, with one sentence on standard error; 2 wrong usage; 130 interrupted.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime
import importlib.util
import itertools
import json
import math
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from textgen.measuring.calibration import GRID, calibrate
from textgen.measuring.first_verbs import (
    FirstVerbs,
    TitleInformation,
    divergence,
    divergence_interval,
    first_verbs,
    title_information_by_era,
)
from textgen.measuring.perplexity import evaluate
from textgen.measuring.study.study import (
    COLUMNS,
    NO_FILTER,
    Settings,
    Store,
    Study,
    StudyError,
    human_figures,
    parse_filter,
    parse_temperatures,
    read_study,
    units,
)
from textgen.measuring.study.study import run as run_study
from textgen.measuring.units import is_convincing, title_memory, unit_probes
from textgen.network.bundle import (
    Bundle,
    BundleError,
    available_bundles,
    bundle_folder,
    load_bundle,
    save_measured,
)
from textgen.text.copying import CopyIndex, CopyIndexError
from textgen.text.corpus import CorpusError, Problem, load_recipes
from textgen.text.pairings import Pairings
from textgen.text.vocabulary import UNKNOWN, Vocabulary, detokenize, tokenize, unknown_words
from textgen.views.compare import percent
from textgen.views.sweep import figure, paragraph, series_of
from textgen.writing.generate import Generation, generations, recipe_prompt
from textgen.writing.sampling import Sampler, check_seed, check_temperature

if TYPE_CHECKING:
    from textgen.training.job import Progress

DEFAULT_TEMPERATURES = (0.2, 0.7, 1.2)
END = "(end)"  # how the stop token is shown
NO_MODEL = "there is no trained model in assets/models; train one: python -m textgen train --help"


class Failure(Exception):
    """What was asked for could not be done; the message is the sentence for the user."""


def printable(text: object) -> str:
    """`text` on one line and without anything that steers a terminal: such characters become escapes."""

    def shown(c: str) -> str:
        return c if c.isprintable() else " " if c.isspace() else c.encode("unicode_escape").decode()

    return "".join(map(shown, str(text)))


def _say(text: str) -> None:
    print(printable(text), file=sys.stderr)


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {printable(message)}\ntry: {self.prog} --help\n")


def main(argv: Sequence[str] | None = None) -> int:
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal that lacks a character shows its escape
            stream.reconfigure(errors="backslashreplace")
    parser = _build_parser()
    args = parser.parse_args(argv)
    try:
        args.command(args)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, `head` say, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        _say("interrupted")
        return 130
    except (Failure, BundleError, CorpusError, CopyIndexError, StudyError) as error:
        _say(str(error))
        return 1
    except OSError as error:
        _say(f"{error.filename}: {error.strerror}" if error.filename else str(error))
        return 1
    return 0


# generate


def _generate(args: argparse.Namespace) -> None:
    if not args.title.strip():
        args.parser.error('the title is empty: say what to cook, for example "roasted vegetables"')
    bundle = load_bundle(args.model or _default_model())
    vocabulary = bundle.vocabulary
    rules: dict[str, Any] = {name: getattr(args, name) for name in ("top_k", "top_p", "min_p", "typical_p")}
    rules["repetition_penalty"] = args.repetition_penalty
    if args.no_unknown:
        rules["suppress"] = tuple(vocabulary.encode([UNKNOWN]))
    try:
        samplers = [Sampler(temperature=t, **rules) for t in args.temperature or DEFAULT_TEMPERATURES]
    except ValueError as error:
        args.parser.error(str(error))
    prompt = recipe_prompt(args.title, args.opening)
    strangers = unknown_words(prompt, vocabulary)
    if strangers:
        _say(f"read as {UNKNOWN}, for the model does not know them: {', '.join(strangers)}")
    runs = generations(
        bundle, prompt, samplers=samplers, max_tokens=args.max_words, seed=args.seed, luck=args.luck
    )
    if args.json:
        print(json.dumps(_facts(args, bundle, runs)))
        return
    for number, run in enumerate(runs):
        print(f"{chr(10) if number else ''}T = {run.sampler.temperature:g}")
        print(printable(_text(args, run)) or "(nothing: the recipe ends at once)")
        if args.probs:
            print()
            _print_steps(bundle, run, args.probs)


def _text(args: argparse.Namespace, run: Generation) -> str:
    """The method as a person would print it: the opening, then what the network wrote."""
    return detokenize([*tokenize(args.opening), *run.words])


def _default_model() -> str:
    names = available_bundles()
    if not names:
        raise Failure(NO_MODEL)
    return names[0]


def _likeliest(bundle: Bundle, run: Generation, count: int) -> list[list[tuple[str, float]]]:
    """For each step the `count` likeliest words with their probabilities, after temperature and filters."""
    rows = []
    for step in run.steps:
        probs = run.sampler.distribution(bundle.model.logits(step.hidden), step.previous)
        top = (-probs).argsort(kind="stable")[:count]
        rows.append(list(zip(bundle.vocabulary.decode(top), probs[top].tolist(), strict=True)))
    return rows


def _others(top: Sequence[tuple[str, float]]) -> float:
    return max(0.0, 1 - math.fsum(p for _, p in top))


def _print_steps(bundle: Bundle, run: Generation, count: int) -> None:
    """The distribution at each step as a table: a row a step, the likeliest words from left to right."""
    rows = []
    for step, top in zip(run.steps, _likeliest(bundle, run, count), strict=True):
        pick = [str(step.position + 1), _shown(step.word), percent(step.probability)]
        rows.append([*pick, *(f"{percent(p)} {_shown(word)}" for word, p in top), percent(_others(top))])
    _print_table(["step", "word", "chance", "likeliest words", *[""] * (count - 1), "all others"], rows)


def _shown(word: str) -> str:
    return printable(word) if word else END


def _print_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns padded to their widest cell; the head may be wider than its column where the next is empty."""
    widths = [max([len(row[i]) for row in rows], default=0) for i in range(len(head))]
    for i, title in enumerate(head):
        if title and (i + 1 == len(head) or head[i + 1]):
            widths[i] = max(widths[i], len(title))
    title_line, at = "", 0
    for title, width in zip(head, widths, strict=True):
        title_line = title_line.ljust(at) + title
        at += width + 2
    print(title_line)
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _facts(args: argparse.Namespace, bundle: Bundle, runs: Sequence[Generation]) -> dict[str, Any]:
    facts: dict[str, Any] = {"model": bundle.name, "prompt": runs[0].prompt}
    facts.update(seed=args.seed, luck=args.luck, runs=[])
    for run in runs:
        shown = ("position", "word", "token", "probability")
        steps: list[dict[str, Any]] = [{name: getattr(step, name) for name in shown} for step in run.steps]
        if args.probs:
            for step, top in zip(steps, _likeliest(bundle, run, args.probs), strict=True):
                step.update(word_probs=top, other_words=_others(top))
        temperature = run.sampler.temperature
        facts["runs"].append(
            {
                "temperature": temperature if math.isfinite(temperature) else "inf",  # JSON has no infinity
                "text": _text(args, run),
                "stopped": run.stopped,
                "steps": steps,
            }
        )
    return facts


# verbs


def _verbs(args: argparse.Namespace) -> None:
    titles = list(dict.fromkeys(args.title))
    if not titles and not args.corpus:
        args.parser.error('give at least one title, such as "roasted vegetables", or --corpus FILE')
    if not all(title.strip() for title in titles):
        args.parser.error("a title is empty: say what to cook")
    bundle = load_bundle(args.model or _default_model())
    temperatures = list(dict.fromkeys(args.temperature or DEFAULT_TEMPERATURES))
    for title in titles:
        _remark(title, bundle.vocabulary, args.title.count(title) > 1)
    firsts = [first_verbs(bundle, title, temperatures, seed=args.seed) for title in titles]
    information = (
        title_information_by_era(
            bundle, _read(args.corpus), seed=args.seed, on_skip=lambda era, why: _say(f"{era} recipes: {why}")
        )
        if args.corpus
        else {}
    )
    if args.json:
        print(json.dumps(_verb_facts(bundle, firsts, information)))
        return
    head = [f"T = {temperature:g}" for temperature in temperatures]
    for number, first in enumerate(firsts):
        top = first.top(args.top)
        rows = [(printable(verb), first.of(verb)) for verb in top]
        others = first.probability.sum(axis=1) - sum(first.of(verb) for verb in top)
        rows += [
            ("other verbs", others),
            ("no verb", first.none),
            (f"not in {first.max_words} words", first.later),
        ]
        print(f"{chr(10) if number else ''}{printable(first.title)}")
        _print_table(["first verb", *head], [[name, *map(_chance, values)] for name, values in rows])
    if len(firsts) > 1:
        print("\nhow far apart, in bits (0: the same verbs, 1: none in common)")
        pairs = [(a, b, divergence(a, b)) for a, b in itertools.combinations(firsts, 2)]
        _print_table(
            ["titles", *head],
            [
                [printable(f"{a.title} / {b.title}"), *("-" if math.isnan(x) else f"{x:.2f}" for x in bits)]
                for a, b, bits in pairs
            ],
        )
    if information:
        print("\n" * bool(firsts) + "what the title tells about the first verb, in bits, with 95 % interval")
        _print_table(
            ["era", "bits", "from", "to", "recipes"],
            [
                [printable(era), *(f"{x:.2f}" for x in (told.bits, told.low, told.high)), f"{told.recipes:,}"]
                for era, told in information.items()
            ],
        )


def _remark(title: str, vocabulary: Vocabulary, repeated: bool) -> None:
    """Say what a title does that its writer may not expect."""
    if repeated:
        _say(f"{title!r} was given more than once; it is shown once")
    if "|" in title:
        _say(f"the bar in {title!r} tells the model that the title is over")
    strangers = unknown_words(title, vocabulary)
    if strangers and len(strangers) == len(set(tokenize(title))):
        _say(f"the model knows no word of {title!r}: it answers as for any dish that it has never heard of")
    elif strangers:
        _say(f"read as {UNKNOWN}, for the model does not know them: {', '.join(strangers)}")


def _chance(probability: float) -> str:
    return percent(float(probability))


def _verb_facts(
    bundle: Bundle, firsts: Sequence[FirstVerbs], information: dict[str, TitleInformation]
) -> dict[str, Any]:
    def numbers(values: Any) -> Any:
        """As JSON has them: no NaN, no infinity."""
        return [None if math.isnan(x) else x if math.isfinite(x) else "inf" for x in values]

    return {
        "model": bundle.name,
        "titles": [
            {
                "title": first.title,
                "unknown_words": list(first.unknown),
                "temperatures": numbers(first.temperatures),
                "verbs": {
                    verb: {
                        "group": first.groups[i],
                        "probability": first.probability[:, i].tolist(),
                        "low": first.low[:, i].tolist(),
                        "high": first.high[:, i].tolist(),
                    }
                    for verb in first.top(len(first.verbs))
                    for i in [first.verbs.index(verb)]
                },
                "no_verb": first.none.tolist(),
                "later": first.later.tolist(),
                "max_words": first.max_words,
                "unresolved": first.unresolved.tolist(),
            }
            for first in firsts
        ],
        "divergence_bits": [
            {
                "titles": [a.title, b.title],
                "bits": numbers(divergence(a, b)),
                **dict(zip(("low", "high"), map(numbers, divergence_interval(a, b)), strict=True)),
            }
            for a, b in itertools.combinations(firsts, 2)
        ],
        "title_information": {era: dataclasses.asdict(told) for era, told in information.items()},
    }


# evaluate, models


def _evaluate(args: argparse.Namespace) -> None:
    asked = args.temperatures is not None or args.units or args.memory or args.human
    if args.save and not asked:
        args.parser.error("--save keeps what --temperatures, --units and --memory measure: give one too")
    bundle = load_bundle(args.model)
    recipes = _read(args.corpus)
    if asked:
        _measure(args, bundle, recipes)
        return
    result = evaluate(bundle, recipes)
    if args.json:
        print(json.dumps({"model": bundle.name, "corpus": str(args.corpus), "eras": result}))
        return
    print(printable(f"{bundle.name} on {args.corpus}"))
    head = ["era", "recipes", "tokens", "nats per token", "perplexity", "unknown words"]
    rows = [
        [
            printable(era), f"{row['recipes']:,}", f"{row['tokens']:,}", f"{row['nats_per_token']:.4f}",
            f"{row['perplexity']:.2f}", percent(row["unknown_rate"]),
        ]
        for era, row in result.items()
    ]  # fmt: skip
    _print_table(head, rows)


def _measure(args: argparse.Namespace, bundle: Bundle, recipes: list[Any]) -> None:
    """What was asked for of calibration, units and memory: kept, and shown one after the other."""
    found: dict[str, Any] = {}
    try:
        if args.temperatures is not None:
            heats = list(itertools.chain(*args.temperatures)) or GRID
            found["calibration"] = calibrate(bundle, recipes, heats)
        if args.units:
            found["units"] = unit_probes(bundle, recipes)
        if args.memory:
            found["memory"] = title_memory(bundle, recipes)
        if args.human:
            modern = [recipe for recipe in recipes if recipe.era == "modern"]
            own = bundle_folder(args.model)
            found["human"] = human_figures(bundle, modern or recipes, folder=own, threads=os.cpu_count() or 1)
    except ValueError as error:
        raise Failure(f"{args.corpus}: {error}") from error
    if args.save:
        for key, result in found.items():
            path = save_measured(args.model, key, result)
        _say(f"written: {path}")
    if args.json:
        print(json.dumps({"model": bundle.name, "corpus": str(args.corpus), **found}))
        return
    shown = {
        "calibration": _print_calibration,
        "units": _print_units,
        "memory": _print_memory,
        "human": _print_human,
    }
    print(printable(f"{bundle.name} on {args.corpus}"))
    for key, result in found.items():
        print()
        shown[key](result)


def _print_units(result: dict[str, Any]) -> None:
    """The strongest unit for each fact, as measured on recipes that had no part in choosing it."""
    print(f"the unit that follows each fact best, on {result['held_out']:,} recipes held out")
    rows = []
    for fact, told in result["facts"].items():
        one = told["best"][0]
        verdict = "convincing" if is_convincing(one, told["untrained"]) else "not convincing"
        numbers = [
            f"{one['r']:+.2f}",
            f"{one['low']:+.2f}",
            f"{one['high']:+.2f}",
            f"{told['untrained']:+.2f}",
        ]
        rows.append(
            [fact, f"layer {one['layer'] + 1}, unit {one['unit']}, {one['state']}", *numbers, verdict]
        )
    _print_table(["fact", "unit", "correlation", "from", "to", "untrained", ""], rows)


def _print_memory(result: dict[str, Any]) -> None:
    """How much the title still changes the next word, by distance from it."""
    print("how much another title changes the next word, in bits, with 95 % interval")
    keys = ("bits", "low", "high", "likelihood", "count")
    rows = [
        [str(distance), f"{bits:.4f}", f"{low:.4f}", f"{high:.4f}", f"{lost:.3f}", f"{count:,}"]
        for distance, bits, low, high, lost, count in zip(
            result["distances"], *(result[key] for key in keys), strict=True
        )
    ]
    _print_table(["words since the title", "bits", "from", "to", "true word loses", "recipes"], rows)


def _print_calibration(result: dict[str, Any]) -> None:
    """Perplexity against temperature, by era, and the expected calibration error."""
    eras = result["eras"]
    print("perplexity")
    rows = [
        [f"{heat:g}", *(_large(of["perplexity"][k]) for of in eras.values())]
        for k, heat in enumerate(result["temperatures"])
    ]
    best = [of["best"] for of in eras.values()]
    rows.append(["best", *(_large(at["perplexity"]) for at in best)])
    rows.append(["at T", *(f"{at['temperature']:.3f}" + " (edge)" * at["at_edge"] for at in best)])
    rows.append(["95 %", *(_span(at["low"], at["high"]) for at in best)])
    _print_table(["T", *map(printable, eras)], rows)
    print(f"\nexpected calibration error of the likeliest word, {result['bins']} bins")
    heats = list(next(iter(eras.values()))["reliability"])
    _print_table(
        ["T", *map(printable, eras)],
        [[heat, *(percent(of["reliability"][heat]["ece"]) for of in eras.values())] for heat in heats],
    )


def _span(low: float | None, high: float | None) -> str:
    return "" if low is None or high is None else f"{low:.3f} to {high:.3f}"


def _large(value: float | None) -> str:
    return "too large" if value is None else f"{value:,.2f}"


def _read(path: Path) -> list[Any]:
    """The recipes of a file; what had to be skipped is said on standard error, the first ten one by one."""
    problems: list[Problem] = []
    recipes = load_recipes(path, problems.append)
    for problem in problems[:10]:
        _say(f"{path}, {problem}")
    if len(problems) > 10:
        _say(f"{path}: {len(problems):,} problems in all; what is good was kept")
    return recipes


def _models(args: argparse.Namespace) -> None:
    bundles = [load_bundle(name) for name in available_bundles()]
    if args.json:
        print(json.dumps({bundle.name: bundle.card for bundle in bundles}))
        return
    if not bundles:
        raise Failure(NO_MODEL)
    rows = []
    for bundle in bundles:
        figures = bundle.card.get("evaluation", {})
        parameters = bundle.card.get("architecture", {}).get("parameters")
        rows.append(
            [printable(bundle.name), f"{parameters:,}" if isinstance(parameters, int) else "?"]
            + [_figure(figures.get(era, {}).get("perplexity")) for era in ("modern", "historic")]
        )
    _print_table(["model", "parameters", "perplexity: modern", "historic"], rows)


def _figure(value: object) -> str:
    return f"{value:.1f}" if isinstance(value, (int, float)) else "not measured"


def _print_human(result: dict[str, Any]) -> None:
    print(f"human text: {result['recipes']:,} recipes, by the number of words they are cut to")
    at = [words for words in result["words"] if words in ("20", "60", "200")]
    names = list(result["words"][at[0]])
    _print_table(
        ["measure", *(f"{words} words" for words in at)],
        [[name, *(figure(result["words"][words][name][0], name) for words in at)] for name in names],
    )


# sweep, index


def _sweep(args: argparse.Namespace) -> None:
    judges = (args.judge,) * len(dict.fromkeys(args.model or [""])) if args.judge else ()
    settings = Settings(
        prompts=tuple(args.prompt), temperatures=args.temperatures,
        models=tuple(args.model or [_default_model()]), filters=tuple(args.filter or [NO_FILTER]),
        texts=args.texts, max_words=args.max_words, seed=args.seed, judges=judges,
    )  # fmt: skip
    for target in (args.out, args.html):
        if target is not None and not target.absolute().parent.is_dir():
            raise Failure(f"there is no folder {target.absolute().parent} to write {target.name} to")
    _may_write(args.out)
    for name in dict.fromkeys((*settings.models, *filter(None, settings.judges))):
        bundle = load_bundle(name)
        for prompt in settings.prompts:
            if strangers := unknown_words(prompt, bundle.vocabulary):
                _say(f"read by {name} as {UNKNOWN}, for it does not know them: {', '.join(strangers)}")
    if len(settings.temperatures) == 1:
        _say(f"only T = {settings.temperatures[0]:g} is measured: that gives points, not a curve")
    if settings.temperatures[0] == 0 and settings.texts > 1:
        _say(f"at T = 0 all {settings.texts:,} texts are the same: intervals there have no width")
    store = Store(args.out.with_name(f"{args.out.name}.cells"))
    study, total = Study(settings), len(units(settings))
    started, done, fresh = time.monotonic(), 0, 0
    kept = sum(unit in store for unit in units(settings))
    if kept:
        _say(f"{kept:,} of {total:,} parts are there already, in {store.folder}")
    bar = _ProgressBar()
    try:
        for unit, result in run_study(
            settings, store=store, scheduler=args.scheduler, processes=args.processes
        ):
            study.add(unit, result)
            done += 1
            fresh += done > kept
            left = (time.monotonic() - started) / max(fresh, 1) * (total - done)
            bar.show(
                done, total, f"T = {unit.cell.temperature:g}  {datetime.timedelta(seconds=round(left))} left"
            )
        study.save(args.out)
    except BaseException:
        bar.clear()
        if done:
            _say(
                f"{done:,} of {total:,} parts are kept in {store.folder}; the same command goes on from there"
            )
        raise
    bar.clear()
    if args.html is not None:
        from textgen.views.sweep_report import to_html

        args.html.write_text(to_html(study), encoding="utf-8")
    store.clear()
    names = ("choices", "distinct_2", "self_bleu", "repetition", "perplexity", "copied")
    for series in series_of(study):
        print(printable(series.label if len(series_of(study)) > 1 else settings.prompts[0]))
        rows = [
            [f"{cell.temperature:g}", *(figure(figures.of(name)[0], name) for name in names)]
            for cell, figures in series.points
        ]
        people = ["human", *(figure(float(series.human(name)), name) for name in names)]
        _print_table(["T", *(name.replace("_", "-") for name in names)], [*rows, people])
        print()
    print(printable(paragraph(study)))
    print(printable(f"written: {args.out}"))


def _may_write(path: Path) -> None:
    """Only a study may be replaced by a study."""
    if path.suffix not in (".parquet", ".csv"):
        raise Failure(f"the name of a study ends in .parquet or .csv; {path.name} does not")
    if not path.exists():
        return
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", errors="replace") as file:
            if file.readline().strip() == ",".join(COLUMNS):
                return
    else:
        try:
            read_study(path)
            return
        except StudyError:
            pass
    raise Failure(f"{path} is there already and is not a study of this version; it was left as it is")


def _index(args: argparse.Namespace) -> None:
    recipes = [recipe for path in args.corpus for recipe in _read(path)]
    names = ", ".join(path.name for path in args.corpus)
    try:
        index = CopyIndex.of(recipes, {"corpus": names})
    except ValueError as error:
        raise Failure(f"{names}: {error}") from error
    index.save(args.out)
    if args.pairings is not None:
        args.pairings.write_text(Pairings.of(recipes).to_json(), encoding="utf-8")
    rate = index.facts["false_positive_rate"]
    print(
        printable(
            f"{args.out}: {index.facts['ngrams']:,} 5-grams of {index.facts['recipes']:,} recipes, "
            f"{args.out.stat().st_size:,} bytes; {rate:.3%} of others are taken for one of them"
        )
    )


# train


def _train(args: argparse.Namespace) -> None:
    if importlib.util.find_spec("tensorflow") is None:
        raise Failure("training needs TensorFlow; install it with: pip install -r requirements-train.txt")
    recipes = [recipe for path in args.corpus for recipe in _read(path)]
    validation = _read(args.validation) if args.validation else None
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # TensorFlow greets with a page of notes
    from textgen.training.callbacks import TextGenerator
    from textgen.training.job import train

    folder = args.out.with_name(f"{args.out.name}.checkpoints")
    bar = _ProgressBar()
    try:
        if args.resume and not (folder / "vocabulary.json").is_file():
            raise Failure(f"there is nothing to resume: {folder} holds no checkpoint")
        train(
            recipes, args.out, architecture=args.model, validation=validation, epochs=args.epochs,
            seed=args.seed, compute="bfloat16" if args.bfloat16 else "float32", as_book=args.book,
            resume=args.resume, callbacks=lambda vocabulary: [TextGenerator(vocabulary.words)],
            on_progress=bar.update, on_epoch=bar.epoch,
        )  # fmt: skip
    except (ValueError, FloatingPointError) as error:
        raise Failure(str(error)) from error
    except KeyboardInterrupt:
        bar.clear()
        if (args.out / "model.keras").is_file():
            _say(f"{args.out} holds what was learned so far; --resume goes on from here")
        raise
    finally:
        bar.clear()
    print(printable(f"trained: {args.out}"))


class _ProgressBar:
    """One line on standard error that is drawn over; where that is no terminal, a line a minute."""

    def __init__(self) -> None:
        self.terminal = sys.stderr.isatty()
        self.next = 0.0

    def update(self, progress: Progress) -> None:
        now = time.monotonic()
        if now < self.next and progress.batch < progress.batches:
            return
        self.next = now + (0.2 if self.terminal else 60.0)
        width = 24
        done = width * progress.batch // progress.batches
        line = (
            f"{progress.stage} {progress.epoch}/{progress.epochs} [{'=' * done}{' ' * (width - done)}]"
            f" loss {progress.loss:.3f}  {progress.words_per_second:,.0f} words/s"
            f"  {datetime.timedelta(seconds=round(progress.seconds_left))} left"
        )
        if self.terminal:
            self.clear()
        print(line, end="" if self.terminal else "\n", file=sys.stderr, flush=True)

    def show(self, done: int, total: int, text: str) -> None:
        """`done` of `total`, and a remark."""
        now = time.monotonic()
        if now < self.next and done < total:
            return
        self.next = now + (0.2 if self.terminal else 60.0)
        filled = 24 * done // total
        line = f"[{'=' * filled}{' ' * (24 - filled)}] {done:,} of {total:,}  {printable(text)}"
        self.clear()
        print(line, end="" if self.terminal else "\n", file=sys.stderr, flush=True)

    def epoch(self, record: dict[str, Any]) -> None:
        self.clear()
        parts = [f"epoch {record['epoch']}: loss {record['loss']:.3f}"]
        for era, perplexity in record.get("validation", {}).items():
            parts.append(f"validation {era} loss {math.log(perplexity):.3f}, perplexity {perplexity:.1f}")
        print(printable("; ".join(parts)), flush=True)

    def clear(self) -> None:
        if self.terminal:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


# The parser


def _temperature(text: str) -> float:
    return _checked(text, float, check_temperature, "a temperature is a number, 0 or more (inf allowed)")


def _temperatures(text: str) -> list[float]:
    """`0.7`, or `LOW:HIGH:STEP` with both ends."""
    try:
        low, high, step = (float(part) for part in text.split(":")) if ":" in text else (float(text),) * 3
        if not (0 < low <= high < math.inf and 0 < step < math.inf and (high - low) / step <= 1000):
            raise ValueError
    except ValueError:
        raise argparse.ArgumentTypeError(
            "a temperature to measure at is a number above 0, or a range LOW:HIGH:STEP of at most 1,000, "
            f"not {text!r}"
        ) from None
    return [round(low + k * step, 9) for k in range(math.floor((high - low) / step + 1e-9) + 1)]


def _seed(text: str) -> int:
    return _checked(text, int, check_seed, "a seed is a whole number from 0 to 2**64 - 1")


def _study(read: Any) -> Any:
    """`read`, its `StudyError` as argparse wants it."""

    def checked(text: str) -> Any:
        try:
            return read(text)
        except StudyError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return checked


def _filter(rules: str) -> str:
    parse_filter(rules)
    return rules


def _checked(text: str, read: Any, check: Any, sentence: str) -> Any:
    try:
        return check(read(text))
    except ValueError:
        raise argparse.ArgumentTypeError(f"{sentence}, not {text!r}") from None


def _count(text: str) -> int:
    def positive(value: int) -> int:
        if not 1 <= value <= 10_000:
            raise ValueError
        return value

    return _checked(text, int, positive, "a whole number from 1 to 10,000 is needed")


def _build_parser() -> argparse.ArgumentParser:
    recipes = "recipes: JSON lines, a JSON list, CSV or text, also gzipped"
    parser = _Parser(
        prog="python -m textgen",
        description="Recipes from recurrent networks: write them, measure them, train them.",
        epilog="Exit codes: 0 done, 1 could not be done, 2 wrong usage, 130 interrupted.",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def command(name: str, function: Any, text: str, **more: Any) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.", **more)
        sub.set_defaults(command=function, parser=sub)
        return sub

    sub = command("generate", _generate, "write a recipe at several temperatures, all else held constant")
    add = sub.add_argument
    add("title", help='what to cook, such as "roasted vegetables"')
    add("--temperature", "-T", type=_temperature, action="append", metavar="T",
        help="0 (the likeliest word) to inf (any word), once for each text (0.2, 0.7, 1.2)")  # fmt: skip
    add("--opening", default="", metavar="WORDS", help='the first words of the method, such as "chop 1 /"')
    add("--seed", type=_seed, default=0, metavar="N", help="the same seed writes the same texts (0)")
    add("--luck", choices=("shared", "independent"), default="shared",
        help="whether all temperatures draw the same random numbers (shared)")  # fmt: skip
    add("--max-words", type=_count, default=60, metavar="N", help="the most words of a text (60)")
    add("--model", metavar="NAME", help="a released model or a folder with one (the first of: models)")
    add("--probs", type=_count, metavar="N", help="also show the N likeliest words at each step")
    add("--json", action="store_true", help="write JSON")
    group = sub.add_argument_group("filters", "act in this order, after temperature; the penalty before it")
    add = group.add_argument
    add("--repetition-penalty", type=float, default=1.0, metavar="X", help="above 1: fewer repeated words")
    add("--top-k", type=int, metavar="N", help="only the N likeliest words")
    add("--top-p", type=float, metavar="P", help="only the fewest words that together have probability P")
    add("--min-p", type=float, metavar="P", help="only words with P times the likeliest word's probability")
    add("--typical-p", type=float, metavar="P", help="only the most typical words, up to probability P")
    add("--no-unknown", action="store_true", help=f"never write {UNKNOWN}")

    sub = command("verbs", _verbs, "which recipe verb comes first, by title and temperature")
    add = sub.add_argument
    add("title", nargs="*", help='what to cook, such as "roasted vegetables" "chocolate ice cream"')
    add("--temperature", "-T", type=_temperature, action="append", metavar="T",
        help="0 to inf, once for each column (0.2, 0.7, 1.2)")  # fmt: skip
    add("--top", type=_count, default=8, metavar="N", help="the most verbs of a table (8)")
    add("--corpus", type=Path, metavar="FILE",
        help=f"also measure how much titles tell about the first verb, on {recipes}")  # fmt: skip
    add("--seed", type=_seed, default=0, metavar="N", help="of what has to be sampled (0)")
    add("--model", metavar="NAME", help="a released model or a folder with one (the first of: models)")
    add("--json", action="store_true", help="write JSON, with intervals")

    sub = command("evaluate", _evaluate, "how well a model predicts the recipes of a file: perplexity by era")
    add = sub.add_argument
    add("--model", required=True, metavar="NAME", help="a released model or a folder with one")
    add("--corpus", required=True, type=Path, metavar="FILE", help=recipes)
    add("--temperatures", type=_temperatures, nargs="*", metavar="T",
        help="instead: perplexity at these temperatures, numbers or ranges LOW:HIGH:STEP (0.3:2:0.05), the "
        "best one, and how far the network's probabilities can be believed")  # fmt: skip
    add("--units", action="store_true", help="instead: which units follow facts about the text")
    add("--memory", action="store_true", help="instead: how long the title matters")
    add("--human", action="store_true",
        help="instead: the measures of a sweep on these recipes (the modern ones)")  # fmt: skip
    add("--save", action="store_true", help="with these: keep it in the model's folder, for the app")
    add("--json", action="store_true", help="write JSON")

    sub = command("sweep", _sweep, "measure what temperature does to texts: diversity, quality, copying")
    add = sub.add_argument
    add("--prompt", required=True, action="append", metavar="TITLE",
        help='what to cook, or "title | first words of the method"; may be given more than once')  # fmt: skip
    add("--temperatures", type=_study(parse_temperatures), default="0:2:0.1", metavar="RANGE",
        help="FROM:TO:STEP, or a list: 0.2,0.7,1.2 (0:2:0.1)")  # fmt: skip
    add("--model", action="append", metavar="NAME",
        help="a released model or a folder with one, once or more (the first of: models)")  # fmt: skip
    add(
        "--judge", metavar="NAME", help="the model of the second opinion on perplexity (another released one)"
    )
    add("--filter", type=_study(_filter), action="append", metavar="RULES",
        help="none, or rules such as top_k=40 or top_p=0.9,min_p=0.05, once or more (none)")  # fmt: skip
    add("--texts", type=int, default=64, metavar="N", help="texts of each cell (64)")
    add("--max-words", type=_count, default=60, metavar="N", help="the most words of a text (60)")
    add("--seed", type=_seed, default=0, metavar="N", help="of the first text; the next has the next (0)")
    add("--out", type=Path, required=True, metavar="FILE", help="the table: a name in .parquet or .csv")
    add("--html", type=Path, metavar="FILE", help="also a report in one file that opens offline")
    add("--scheduler", metavar="ADDRESS",
        help="a Dask scheduler whose workers do the work, such as tcp://host:8786")  # fmt: skip
    add("--processes", type=int, default=0, metavar="N", help="processes of this machine that do the work")

    sub = command(
        "index", _index, "index the runs of five words of a corpus, to tell what texts copy from it"
    )
    add = sub.add_argument
    add("--corpus", required=True, type=Path, action="append", metavar="FILE",
        help=f"{recipes}; may be given more than once")  # fmt: skip
    add("--out", required=True, type=Path, metavar="FILE",
        help="assets/copies.npz for the released models, or copies.npz in a model's own folder")  # fmt: skip
    add("--pairings", type=Path, metavar="FILE", help="also count which ingredients are together in recipes")

    sub = command("train", _train, "train a model on your own recipes (needs TensorFlow)")
    add = sub.add_argument
    add("--corpus", required=True, type=Path, action="append", metavar="FILE",
        help=f"{recipes}; may be given more than once")  # fmt: skip
    add("--model", required=True, choices=("lstm", "stacked_lstm", "gru", "large"), help="the architecture")
    add("--out", required=True, type=Path, metavar="DIR", help="the folder for the model and its checkpoints")
    add("--validation", type=Path, metavar="FILE", help="recipes to measure on (a part of the corpus)")
    add("--epochs", type=_count, metavar="N", help="times through the corpus")
    add("--resume", action="store_true", help="go on from the last checkpoint in DIR")
    add("--book", action="store_true", help="train exactly as the book does (25 epochs)")
    add("--seed", type=_seed, default=0, metavar="N", help="of weights and order (0)")
    add(
        "--bfloat16",
        action="store_true",
        help="multiply in bfloat16: faster on processors that have it, much slower on others",
    )

    sub = command("models", _models, "list the released models with their figures")
    sub.add_argument("--json", action="store_true", help="write their cards as JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main())
