"""Doing a study: in threads, in processes, on a Dask cluster."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, ProcessPoolExecutor, wait
from dataclasses import replace
from multiprocessing import get_context

from threadpoolctl import threadpool_limits

from textgen.measuring.study.settings import Settings, StudyError
from textgen.measuring.study.store import Keeper
from textgen.measuring.study.units import Result, Unit, measure_all, units
from textgen.network.bundle import BundleError
from textgen.text.copying import CopyIndexError

_GROUP_WORDS = 100_000  # of a group of units that are measured together: some seconds
_TURN_WORDS = 20_000  # the same where studies take turns: about a second
_PATIENCE = 10.0  # seconds that a scheduler may take to answer


def run(
    settings: Settings,
    *,
    store: Keeper | None = None,
    scheduler: str | None = None,
    processes: int = 0,
    threads: int | None = None,
    lane: Executor | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[tuple[Unit, Result]]:
    """The units of a study and their results, as they are finished; those kept in `store` come first.

    scheduler  "tcp://host:port" of a running Dask cluster whose workers can import this package; the units
               are done there
    processes  without a scheduler: how many processes of this machine do them; 0 for this process itself
    threads    of this process (as many as the machine has processors)
    lane       an executor that the work goes through, where several studies of this process take turns
    stop       asked between groups of units; once true, no other is begun

    What does the work changes nothing in the results. `StudyError` if the scheduler is not there or a worker
    cannot do its work; what is finished stays in `store`.
    """
    missing = []
    for unit in units(settings):
        result = store.get(unit) if store else None
        if result is None:
            missing.append(unit)
        else:
            yield unit, result
    if not missing or stop():
        return
    groups = _groups(missing, _TURN_WORDS if lane else _GROUP_WORDS)
    if scheduler is not None:
        done = _on_cluster(groups, scheduler, stop)
    elif processes > 0:
        done = _in_processes(groups, processes, stop)
    else:
        done = _here(groups, threads or os.cpu_count() or 1, lane, stop)
    for group, results in done:
        for unit, result in zip(group, results, strict=True):
            if store:
                store.put(unit, result)
            yield unit, result


_Done = Iterator[tuple[list[Unit], list[Result]]]


def _groups(missing: Sequence[Unit], words: int) -> list[list[Unit]]:
    """What is measured together: at most eight units that differ in temperature alone, of about so many
    words. The first unit stands alone, so that something can be seen soon."""
    groups: list[list[Unit]] = [[missing[0]]]
    open_groups: dict[object, list[Unit]] = {}
    for unit in missing[1:]:
        kind = replace(unit, condition=replace(unit.condition, temperature=0.0))
        most = min(8, max(1, words // (unit.count * unit.max_words)))
        group = open_groups.get(kind)
        if group is None or len(group) >= most:
            group = open_groups[kind] = []
            groups.append(group)
        group.append(unit)
    return groups


def _here(
    groups: Sequence[list[Unit]], threads: int, lane: Executor | None, stop: Callable[[], bool]
) -> _Done:
    for group in groups:
        if stop():
            return
        yield (
            group,
            lane.submit(measure_all, group, threads).result() if lane else measure_all(group, threads),
        )


def _in_processes(groups: Sequence[list[Unit]], processes: int, stop: Callable[[], bool]) -> _Done:
    waiting = iter(groups)
    under_way: dict[Future[list[Result]], list[Unit]] = {}
    spawn = get_context("spawn")
    with ProcessPoolExecutor(processes, spawn, threadpool_limits, (1, "blas")) as pool:
        while True:
            # No more are submitted than can be done at once, so that a stop takes no longer than they do.
            while len(under_way) < processes and not stop():
                group = next(waiting, None)
                if group is None:
                    break
                under_way[pool.submit(measure_all, group)] = group
            if not under_way:
                return
            for future in wait(under_way, return_when=FIRST_COMPLETED).done:
                try:
                    yield under_way.pop(future), future.result()
                except BrokenExecutor:
                    raise StudyError("a process of the study has died; what was finished is kept") from None


def _on_cluster(groups: Sequence[list[Unit]], scheduler: str, stop: Callable[[], bool]) -> _Done:
    try:
        from distributed import Client, as_completed
    except ImportError:
        raise StudyError(
            "a cluster needs Dask; install it with: pip install -r requirements-cluster.txt"
        ) from None
    try:
        client = Client(scheduler, timeout=_PATIENCE, set_as_default=False)
    except (OSError, ValueError, TimeoutError, asyncio.TimeoutError):
        raise StudyError(f"no Dask scheduler answers at {scheduler}; start one: dask scheduler") from None
    with client:
        if not client.scheduler_info()["workers"]:
            raise StudyError(
                f"the scheduler at {scheduler} has no workers; start one: dask worker {scheduler}"
            )
        # A group of another study that is under way on the cluster may have the same name: it is the same.
        futures = {
            client.submit(measure_all, group, key=f"simmer-{group[0].key}-{len(group)}", retries=3): group
            for group in groups
        }
        try:
            for future in as_completed(list(futures), loop=client.loop):
                try:
                    results = future.result()
                except (BundleError, CopyIndexError, StudyError):
                    raise
                except Exception as error:
                    raise StudyError(f"a worker could not do its work: {error}") from error
                yield futures[future], results
                if stop():
                    return
        finally:
            client.cancel(list(futures))
