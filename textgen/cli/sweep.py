"""Measure what temperature does to texts: diversity, quality, copying."""

from __future__ import annotations

import argparse
import datetime
import time
from pathlib import Path

from textgen.cli import arguments
from textgen.cli.terminal import Failure, ProgressBar, print_table, printable, say, say_unknown
from textgen.measuring.study.executors import run as run_study
from textgen.measuring.study.settings import NO_FILTER, Settings, StudyError
from textgen.measuring.study.store import Store
from textgen.measuring.study.table import COLUMNS, Study, read_study
from textgen.measuring.study.units import units
from textgen.network.bundle import load_bundle
from textgen.views.sweep import figure, paragraph, series_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    prompt = 'what to cook, or "title | first words of the method"; may be given more than once'
    add("--prompt", required=True, action="append", metavar="TITLE", help=prompt)
    heats = "FROM:TO:STEP, or a list: 0.2,0.7,1.2 (%(default)s)"
    add("--temperatures", type=arguments.temperatures, default="0:2:0.1", metavar="RANGE", help=heats)
    arguments.add_model(parser, action="append")
    judge = "the model of the second opinion on perplexity (another released one)"
    add("--judge", metavar="NAME", help=judge)
    rules = f"{NO_FILTER}, or rules such as top_k=40 or top_p=0.9,min_p=0.05, once or more ({NO_FILTER})"
    add("--filter", type=arguments.filter_rules, action="append", metavar="RULES", help=rules)
    texts = "texts of each prompt, temperature, model and filter (%(default)s)"
    add("--texts", type=int, default=64, metavar="N", help=texts)
    arguments.add_max_words(parser)
    arguments.add_seed(parser, "of the first text; the next has the next")
    add("--out", type=Path, required=True, metavar="FILE", help="the table: a name in .parquet or .csv")
    add("--html", type=Path, metavar="FILE", help="also a report in one file that opens offline")
    scheduler = "a Dask scheduler whose workers do the work, such as tcp://host:8786"
    add("--scheduler", metavar="ADDRESS", help=scheduler)
    add("--processes", type=int, default=0, metavar="N", help="processes of this machine that do the work")


def run(args: argparse.Namespace) -> None:
    judges = (args.judge,) * len(dict.fromkeys(args.model or [""])) if args.judge else ()
    settings = Settings(
        prompts=tuple(args.prompt),
        temperatures=args.temperatures,
        models=tuple(args.model or [arguments.default_model()]),
        filters=tuple(args.filter or [NO_FILTER]),
        texts=args.texts,
        max_words=args.max_words,
        seed=args.seed,
        judges=judges,
    )
    for target in (args.out, args.html):
        if target is not None and not target.absolute().parent.is_dir():
            raise Failure(f"there is no folder {target.absolute().parent} to write {target.name} to")
    _check_may_write(args.out)
    for name in dict.fromkeys((*settings.models, *filter(None, settings.judges))):
        bundle = load_bundle(name)
        for prompt in settings.prompts:
            say_unknown(prompt, bundle)
    if len(settings.temperatures) == 1:
        say(f"only T = {settings.temperatures[0]:g} is measured: that gives points, not a curve")
    if settings.temperatures[0] == 0 and settings.texts > 1:
        say(f"at T = 0 all {settings.texts:,} texts are the same: intervals there have no width")
    store = Store(args.out.with_name(f"{args.out.name}.cells"))
    study, total = Study(settings), len(units(settings))
    started, done, fresh = time.monotonic(), 0, 0
    kept = sum(unit in store for unit in units(settings))
    if kept:
        say(f"{kept:,} of {total:,} parts are there already, in {store.folder}")
    bar = ProgressBar()
    try:
        for unit, result in run_study(
            settings, store=store, scheduler=args.scheduler, processes=args.processes
        ):
            study.add(unit, result)
            done += 1
            fresh += done > kept
            seconds = round((time.monotonic() - started) / max(fresh, 1) * (total - done))
            left = datetime.timedelta(seconds=seconds)
            bar.show(done, total, f"T = {unit.condition.temperature:g}  {left} left")
        study.save(args.out)
    except BaseException:
        bar.clear()
        if done:
            say(
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
            [f"{condition.temperature:g}", *(figure(figures.of(name)[0], name) for name in names)]
            for condition, figures in series.points
        ]
        people = ["human", *(figure(float(series.human(name)), name) for name in names)]
        print_table(["T", *(name.replace("_", "-") for name in names)], [*rows, people])
        print()
    print(printable(paragraph(study)))
    print(printable(f"written: {args.out}"))


def _check_may_write(path: Path) -> None:
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
