"""A study on a real Dask cluster: a scheduler and two worker processes, one of which is killed on the way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from small_bundles import small_bundle

from textgen.measuring.study import executors
from textgen.measuring.study.executors import run
from textgen.measuring.study.settings import Settings
from textgen.measuring.study.store import Store
from textgen.measuring.study.table import Study
from textgen.measuring.study.units import units

Client = pytest.importorskip("distributed").Client
pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture
def cluster(tmp_path):
    """The scheduler's address and the workers' processes."""
    address_file = tmp_path / "scheduler.json"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"}
    started = []

    def start(*arguments: str) -> subprocess.Popen:
        command = [sys.executable, "-m", "dask", *arguments, "--scheduler-file", str(address_file)]
        with (tmp_path / f"{len(started)}.log").open("wb") as log:
            process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=log, stderr=log)
        started.append(process)
        return process

    start("scheduler", "--port", "0", "--host", "127.0.0.1", "--no-dashboard")
    deadline = time.monotonic() + 60
    while not address_file.exists() or not address_file.read_text():
        assert time.monotonic() < deadline, (tmp_path / "0.log").read_text()
        time.sleep(0.1)
    address = json.loads(address_file.read_text())["address"]
    worker = ("worker", "--nthreads", "1", "--no-nanny", "--no-dashboard", "--host", "127.0.0.1")
    workers = [start(*worker) for _ in range(2)]
    with Client(address, timeout="60s", set_as_default=False) as client:
        client.wait_for_workers(2, timeout=60)
    yield address, workers
    for process in started:
        process.kill()
        process.wait(timeout=30)


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_worker_that_dies_loses_nothing_and_changes_no_byte(cluster, tmp_path, monkeypatch):
    monkeypatch.setattr(executors, "_GROUP_WORDS", 15_000)  # two conditions a task
    address, workers = cluster
    model, judge = small_bundle(tmp_path / "one", seed=1), small_bundle(tmp_path / "two", seed=2)
    settings = Settings(
        ("w3 w4",), tuple(k / 10 for k in range(21)), (model,), texts=120, max_words=60, judges=(judge,)
    )
    here = Study(settings)
    for unit, result in run(settings, threads=1):
        here.add(unit, result)

    there, store, kept = Study(settings), Store(tmp_path / "cells"), 0
    for number, (unit, result) in enumerate(run(settings, store=store, scheduler=address)):
        there.add(unit, result)
        if number == 3:
            with Client(address, timeout="30s", set_as_default=False) as client:
                assert sum(map(len, client.processing().values())) > 2  # it is in the middle
            workers[0].send_signal(signal.SIGKILL)
            kept = sum(unit in store for unit in units(settings))
    assert workers[0].wait(timeout=30) != 0 and workers[1].poll() is None
    assert kept >= 4
    assert there.complete
    assert there.to_parquet() == here.to_parquet()
