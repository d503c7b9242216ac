"""A study from the terminal."""

from __future__ import annotations

import argparse
import datetime
import time

from textgen.cli.terminal import (
    Failure,
    ProgressBar,
    check_may_write,
    default_model,
    print_table,
    printable,
    say,
)
from textgen.measuring.study.executors import run as run_study
from textgen.measuring.study.settings import NO_FILTER, Settings
from textgen.measuring.study.store import Store
from textgen.measuring.study.table import Study
from textgen.measuring.study.units import units
from textgen.network.bundle import load_bundle
from textgen.text.vocabulary import UNKNOWN, unknown_words
from textgen.views.sweep import figure, paragraph, series_of


def sweep_command(args: argparse.Namespace) -> None:
    judges = (args.judge,) * len(dict.fromkeys(args.model or [""])) if args.judge else ()
    settings = Settings(
        prompts=tuple(args.prompt), temperatures=args.temperatures,
        models=tuple(args.model or [default_model()]), filters=tuple(args.filter or [NO_FILTER]),
        texts=args.texts, max_words=args.max_words, seed=args.seed, judges=judges,
    )  # fmt: skip
    for target in (args.out, args.html):
        if target is not None and not target.absolute().parent.is_dir():
            raise Failure(f"there is no folder {target.absolute().parent} to write {target.name} to")
    check_may_write(args.out)
    for name in dict.fromkeys((*settings.models, *filter(None, settings.judges))):
        bundle = load_bundle(name)
        for prompt in settings.prompts:
            if strangers := unknown_words(prompt, bundle.vocabulary):
                say(f"read by {name} as {UNKNOWN}, for it does not know them: {', '.join(strangers)}")
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
            left = (time.monotonic() - started) / max(fresh, 1) * (total - done)
            bar.show(
                done,
                total,
                f"T = {unit.condition.temperature:g}  {datetime.timedelta(seconds=round(left))} left",
            )
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
