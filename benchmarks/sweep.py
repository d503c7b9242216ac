"""What a study costs: many texts at once beside one stream, the default study of the page, how cost and
memory grow with texts and words, and what a cluster on this machine adds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.measuring import Result, duration, medians
from benchmarks.serving import ROOT
from textgen.measuring.study.background import Memory, Work
from textgen.measuring.study.executors import run as run_study
from textgen.measuring.study.settings import Settings
from textgen.measuring.study.units import measure_all, units
from textgen.network.bundle import DEFAULT, load_bundle
from textgen.writing.generate import generate, recipe_prompt
from textgen.writing.many import write_all
from textgen.writing.sampling import Sampler

PROMPT = recipe_prompt("roasted vegetables")
CORES = os.cpu_count() or 1


def run(model: str = "lstm") -> list[Result]:
    results = []
    for name in dict.fromkeys((DEFAULT, model)):
        results += _batch(name)
    return [*results, *_page(), *_linear(model), _memory(model)]


def _batch(name: str) -> list[Result]:
    """A word of 64 texts at once, beside a word of one stream, both of 60 words and by the same network."""
    bundle = load_bundle(name)
    heats = [Sampler(0.8 + 0.1 * k, suppress=(1,)) for k in range(5)]
    counts: dict[str, int] = {}

    def counted(key: str, work: Callable[[], int]) -> Callable[[], None]:
        def call() -> None:
            counts[key] = work()

        return call

    def stream() -> int:
        return sum(1 for _ in generate(bundle, PROMPT, sampler=heats[2], max_tokens=60, seed=3))

    def batch() -> int:
        texts = write_all(bundle, PROMPT, samplers=heats[2:3], seeds=range(64), max_tokens=60, threads=CORES)[
            0
        ]
        return int(texts.lengths.sum())

    def study() -> int:
        found = write_all(bundle, PROMPT, samplers=heats, seeds=range(64), max_tokens=60, threads=CORES)
        return sum(int(texts.lengths.sum()) for texts in found)

    works = {"stream": stream, "batch": batch, "study": study}
    seconds = medians({key: counted(key, work) for key, work in works.items()}, rounds=5, turn=0.5)
    word = {key: value / counts[key] for key, value in seconds.items()}
    return [
        Result(
            text, word["stream"] / word[key], 6, True, f"{duration(word['stream'])} : {duration(word[key])}"
        )
        for key, text in (
            ("batch", f"{name}: a word of one stream : of 64 texts at once"),
            ("study", f"{name}: the same : of 64 texts at each of 5 temperatures"),
        )
    ]


def _page() -> list[Result]:
    """The study that the page starts with: 21 temperatures, 64 texts of 60 words; what its server does."""
    started = time.perf_counter()
    work = Work(Settings(("roasted vegetables",)), Memory())
    work.go_on()
    first = None
    while work.look().running or not work.study.complete:
        if first is None and work.study.figures:
            first = time.perf_counter() - started
        time.sleep(0.01)
    whole = time.perf_counter() - started
    return [
        Result(
            "the page's study, seconds to its first point", first or whole, 2, False, duration(first or whole)
        ),
        Result("the page's study, seconds to its end", whole, 15, False, duration(whole)),
    ]


def _linear(name: str) -> list[Result]:
    """Cost a word as texts, and words a text, grow by a factor of 100."""

    def cost(texts: int, words: int) -> float:
        settings = Settings(("roasted vegetables",), (1.0,), (name,), texts=texts, max_words=words)
        done, started = 0.0, time.perf_counter()
        for unit in units(settings):
            (result,) = measure_all([unit], CORES)
            done += float(result.parts[1, 0].sum())  # tokens
        return (time.perf_counter() - started) / done

    cost(240, 10)
    texts = [cost(count, 10) for count in (240, 24_000)]
    words = [cost(64, count) for count in (3, 300)]
    return [
        Result("a word of 24,000 texts : of 240", texts[1] / texts[0], 1.25, False,
               f"{duration(texts[1])} : {duration(texts[0])}"),
        Result("a word of texts of 300 words : of 3", words[1] / words[0], 1.25, False,
               f"{duration(words[1])} : {duration(words[0])}"),
    ]  # fmt: skip


def _memory(name: str) -> Result:
    """The largest memory of a process that does a study of 24,000 texts, in megabytes."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = ["sweep", "--prompt", "roasted vegetables", "--model", name, "--temperatures", "1"]
        arguments += ["--texts", "24000", "--max-words", "10", "--out", str(Path(folder) / "study.parquet")]
        script = (
            "import resource, sys; from textgen.__main__ import main; code = main(sys.argv[1:]); "
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss); sys.exit(code)"
        )
        command = [sys.executable, "-c", script, *arguments]
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    megabytes = int(done.stdout.splitlines()[-1]) / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    return Result("memory of a study of 24,000 texts, MB", megabytes, 500, False, f"{megabytes:.0f} MB")


def _dask(file: str, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "dask", *arguments, "--scheduler-file", file],
        env={**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def cluster(counts: tuple[int, ...] = (1, 2)) -> None:
    """Texts a second of a Dask cluster on this machine, by its number of workers; printed as a table."""
    from distributed import Client  # of requirements-cluster.txt

    settings = Settings(("roasted vegetables",), tuple(0.05 * k for k in range(8, 41)), texts=40)
    for count in counts:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "scheduler.json"
            start = partial(_dask, str(file))
            processes = [start("scheduler", "--port", "0", "--host", "127.0.0.1", "--no-dashboard")]
            try:
                while not file.exists() or not file.read_text():
                    time.sleep(0.1)
                processes += [
                    start("worker", "--nthreads", "1", "--no-nanny", "--no-dashboard") for _ in range(count)
                ]
                address = json.loads(file.read_text())["address"]
                with Client(address, timeout="60s", set_as_default=False) as client:
                    client.wait_for_workers(count, timeout=60)
                for warm in (True, False):
                    started, done = time.perf_counter(), 0
                    some = Settings(settings.prompts, (1.0, 1.1), texts=20) if warm else settings
                    for unit, _ in run_study(some, scheduler=address):
                        done += unit.count
                    seconds = time.perf_counter() - started
                print(f"  {count} workers: {done / seconds:.0f} texts a second")
            finally:
                for process in processes:
                    process.kill()
                    process.wait(timeout=30)


if __name__ == "__main__":
    cluster()
