"""Trainings of the app: what is kept and refused, whose turn it is, and how one ends."""

from __future__ import annotations

import errno
import gzip
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest
from small_bundles import small_bundle

from textgen.files import Lock
from textgen.network.bundle import load_bundle
from textgen.training import child, runs, speed
from textgen.training.limits import Limits, limits
from textgen.training.runs import Choices, Refused, Run

BOUNDS = Limits(megabytes=1, words=50_000, minutes=1, waiting=2, runs=4)
WORDS = [f"{a}{b}" for a in ("bo", "sti", "mi", "ba", "fry") for b in ("il", "r", "x", "ke", "n")]


def corpus(count: int = 120) -> bytes:
    rng = np.random.default_rng(3)
    return "\n".join(
        json.dumps({"title": f"Dish {n}", "steps": [" ".join(rng.choice(WORDS, 12)) + f" w{n % 60} ."]})
        for n in range(count)
    ).encode()


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch, request):
    """A place of its own, and no process but where one is asked for."""
    monkeypatch.setenv("SIMMER_HOME", str(tmp_path / "home"))
    if request.node.get_closest_marker("slow"):
        return tmp_path / "home"
    monkeypatch.setattr(runs, "_launch", lambda run, action: None)
    monkeypatch.setattr(runs, "can_train", lambda: True)
    monkeypatch.setattr(speed, "multiplications_a_second", lambda: 1e9)
    return tmp_path / "home"


def looked(data: bytes | None = None, name: str = "mine.jsonl", as_lines: bool = False) -> Run:
    run = runs.bring(name, corpus() if data is None else data, BOUNDS, as_lines=as_lines)
    runs.look(run)
    child.look(run, BOUNDS)
    return run


def test_a_look_in_which_no_other_thread_can_run_is_ended():
    run = runs.bring("mine.jsonl", corpus(), BOUNDS)
    code = (
        "import re, sys; from textgen.training import child; from textgen.text import look;"
        "child.LOOKING = child.GRACE = 0.2;"
        "look.look_at = lambda *args, **options: re.match('(a|a)*$', 'a' * 60 + 'b');"
        "sys.exit(child.main('look', sys.argv[1]))"
    )
    ended = subprocess.run([sys.executable, "-c", code, str(run.folder)], timeout=100, capture_output=True)
    assert ended.returncode == 1 and b"Timeout" in ended.stderr


def test_one_perplexity_is_shown_whatever_eras_a_corpus_names():
    records = [
        json.loads(line) | {"era": ("modern", "historic")[n % 2]}
        for n, line in enumerate(corpus().splitlines())
    ]
    run = looked("\n".join(map(json.dumps, records)).encode())
    assert {recipe.era for recipe in child.texts_of(run)} == {""}


def queued(choices: Choices | None = None) -> Run:
    run = looked()
    runs.start(run, choices or Choices("gru", 100, 8, 2), BOUNDS)
    return run


# -- what is kept ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["../../escape.csv", "..\\..\\escape.csv", "/etc/escape.csv", "C:\\escape.csv"]
)
def test_a_files_name_is_no_path(home, name):
    run = runs.bring(name, b"title,steps\n", BOUNDS)
    assert run.about["file"].endswith("escape.csv") and "/" not in run.about["file"]
    assert {path.name for path in home.rglob("*") if path.is_file()} == {"corpus.csv", "run.json"}
    assert all(path.parent == run.folder for path in home.rglob("*") if path.is_file())
    assert not [path for path in home.parent.rglob("*escape*")]


def test_what_is_too_large_is_refused_and_leaves_nothing(home):
    with pytest.raises(Refused, match=r"3 MB.*up to 1 MB"):
        runs.bring("big.txt", bytes(3 << 20), BOUNDS)
    with pytest.raises(Refused, match="nobody can train"):
        runs.bring("a.txt", b"a", Limits(runs=0))
    assert not list(home.rglob("*"))


def test_a_run_is_found_by_its_whole_token_alone():
    run = runs.bring("a.txt", b"a", BOUNDS)
    assert runs.run_of(run.token) == run
    for token in ("", run.token[:-1], run.token.upper() + " ", f"../runs/{run.token}", "é" * 32, "0" * 32):
        assert runs.run_of(token) is None


def test_a_network_is_named_to_those_who_know_all_of_its_name():
    run = queued()
    small_bundle(run.bundle)
    name = run.bundle.name
    assert runs.SECRET_NAME.fullmatch(name) and name.endswith(run.token)
    assert runs.networks_among([name, "mine." + "0" * 32, f"other.{run.token}", "../x"]) == [name]


def test_the_oldest_makes_room_and_nothing_at_work_does(monkeypatch):
    drafts = [runs.bring(f"{n}.txt", b"a", BOUNDS) for n in range(BOUNDS.runs)]
    for n, run in enumerate(drafts):
        run.write("run", run.about | {"created": n})
    at_work = Lock(drafts[0].folder / "alive.lock")
    at_work.take()
    drafts[0].say("looking")
    newest = runs.bring("new.txt", b"a", BOUNDS)
    assert [run.token for run in runs.all_runs()] == [one.token for one in (drafts[0], *drafts[2:], newest)]
    at_work.release()


def test_a_run_at_work_is_not_deleted_and_another_goes_whole(home):
    run = queued()
    with pytest.raises(Refused, match="stop it first"):
        runs.delete(run)
    run.say("done")
    small_bundle(run.bundle)
    runs.delete(run)
    assert runs.all_runs() == [] and not list(home.rglob("*.keras"))


def test_a_network_travels_as_one_file_without_its_secret(home):
    run = queued()
    small_bundle(run.bundle)
    data = runs.packed(run).read_bytes()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert not any(run.token.encode() in archive.read(name) for name in archive.namelist())
    opened = runs.open_network("../mine.zip", data, BOUNDS)
    assert opened.token != run.token and opened.has_network and opened.state["state"] == "done"
    assert runs.networks_among([opened.bundle.name]) == [opened.bundle.name]
    before = len(runs.all_runs())
    with pytest.raises(Refused, match=r"^junk.zip was not opened"):
        runs.open_network("junk.zip", b"\x80\x04junk", BOUNDS)
    assert len(runs.all_runs()) == before


def test_what_cannot_be_opened_makes_no_room_for_itself():
    run = queued()
    run.say("done")
    small_bundle(run.bundle)
    data = runs.packed(run).read_bytes()
    for n in range(BOUNDS.runs - 1):
        runs.open_network(f"{n}.zip", data, BOUNDS)
    full = [one.token for one in runs.all_runs()]
    with pytest.raises(Refused):
        runs.open_network("junk.zip", b"junk", BOUNDS)
    assert [one.token for one in runs.all_runs()] == full
    newest = runs.open_network("good.zip", data, BOUNDS)
    assert [one.token for one in runs.all_runs()] == [*full[1:], newest.token]


# -- what can be learned from ----------------------------------------------------------------------


def bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("recipes.txt", b"soup " * (14 << 20))
    return buffer.getvalue()


ONE = json.dumps({"title": "Soup", "steps": ["Boil it for a while, then serve it hot."]})


@pytest.mark.parametrize(
    ("name", "data", "as_lines", "why"),
    [
        ("one.json", ONE.encode(), False, "It holds 1 different recipe: too few"),
        ("same.jsonl", "\n".join([ONE] * 1000).encode(), False, r"1 different recipe \(999 more are"),
        ("book.txt", b"%PDF-1.7\n%\xe2\xe3\n1 0 obj", False, "is a PDF"),
        ("book.txt", b"%PDF-1.7\n%\xe2\xe3\n1 0 obj", True, "is a PDF"),
        ("bomb.zip", bomb(), False, "does not look like recipes"),
        ("bomb.zip", bomb(), True, "200 times its size"),
        ("nul.txt", bytes(9000), True, "not text"),
        ("few.txt", "\n".join(f"a b c {'a ' * n}" for n in range(90)).encode(), True, "3 of them different"),
        ("empty.csv", b"", False, "empty"),
        ("many.txt", b"one two three four\n" * 20_000, True, "more than 50,000 words"),
    ],
    ids=lambda value: value if isinstance(value, str) and "." in value and len(value) < 12 else "",
)  # fmt: skip
def test_what_nothing_can_be_learned_from_is_refused_before_anything_starts(name, data, as_lines, why):
    run = looked(data, name, as_lines)
    said = run.state
    assert said["state"] == "refused" and re.search(why, said["message"]), said
    assert str(run.folder) not in said["message"]
    with pytest.raises(Refused):
        runs.start(run, Choices(), BOUNDS)


def test_fifty_languages_and_stray_bytes_are_read_and_told():
    lines = [
        f"{chr(0x0400 + n)}{chr(0x4E00 + n)} {chr(0x0905 + n % 30)} слово {n} mot ord 語" for n in range(250)
    ]
    run = looked("\n".join([*lines, "a\0b c"]).encode(), "babel.txt.gz", as_lines=True)
    assert run.state["state"] == "looked"
    facts = run.read("look")
    assert facts["recipes"] == 250 and facts["skipped"] == 1 and "line 251" in facts["problems"][0]
    packed = looked(gzip.compress("\n".join(lines).encode()), "babel.txt.gz", as_lines=True)
    assert packed.read("look")["words"] == facts["words"]


@pytest.mark.parametrize(
    "choices",
    [
        Choices("transformer"), Choices(vocabulary=3), Choices(vocabulary=10**6), Choices(units=0),
        Choices(units=10**5), Choices(epochs=0), Choices(epochs=1000),
    ],
)  # fmt: skip
def test_what_the_host_does_not_allow_is_refused_with_its_bounds(choices):
    with pytest.raises(Refused):
        runs.start(looked(), choices, BOUNDS)


def test_a_host_sets_its_limits_and_a_slip_is_named():
    assert limits({}) == Limits()
    assert limits({"SIMMER_TRAIN_WORDS": "12", "SIMMER_TRAIN_RUNS": "0"}) == Limits(words=12, runs=0)
    with pytest.raises(ValueError, match=r"SIMMER_TRAIN_EPOCHS.*'ten'"):
        limits({"SIMMER_TRAIN_EPOCHS": "ten"})


# -- whose turn it is ------------------------------------------------------------------------------


def test_one_at_a_time_in_the_order_of_asking(monkeypatch):
    first, second, third = queued(), queued(), queued()
    assert [run.token for run in runs.queue()] == [run.token for run in (first, second, third)]
    with pytest.raises(Refused, match="2 trainings wait already"):
        queued()
    done = []

    def trainer(training, out, **more):
        done.append(out.name[-32:])
        assert [run.state["state"] for run in runs.queue()][:1] == ["starting"]
        return {"training": {"epochs": 2}}

    turns = iter([lambda: child.train(first, BOUNDS, trainer)])
    monkeypatch.setattr(child.time, "sleep", lambda seconds: next(turns)())
    child.train(second, BOUNDS, trainer)  # it waits, and the first has its turn meanwhile
    assert done == [first.token, second.token]
    assert [run.token for run in runs.queue()] == [third.token]


def test_nobody_else_can_take_the_turn(monkeypatch):
    run = queued()
    turn = Lock(runs.runs_folder() / "turn.lock")
    assert turn.take()
    waited = []

    def sleep(seconds):
        waited.append(seconds)
        run.wish_for("stop")

    monkeypatch.setattr(child.time, "sleep", sleep)
    child.train(run, BOUNDS, lambda *_, **__: pytest.fail("it was not its turn"))
    turn.release()
    assert waited == [child.TURN]
    assert run.state["state"] == "done" and "no network" in run.state["message"]


# -- how one ends ----------------------------------------------------------------------------------


def progress(**more):
    return SimpleNamespace(epoch=1, epochs=2, batch=1, batches=1, words_per_second=1.0, **more)


def ending(raised=None, wish="", bundle=True, choices=None, epochs=2):
    """How a run ends whose trainer writes a network and then is asked for something, or fails."""
    run = queued(choices)

    def trainer(training, out, *, on_history, on_progress, validation, vocabulary, checkpoints, **more):
        assert training and validation and checkpoints.parent == run.folder
        if bundle:
            small_bundle(out)
        on_history({"epochs": [{"epoch": 1, "validation": {"": 9.0}}], "samples": [], "distributions": []})
        if wish:
            run.wish_for(wish)
            on_progress(progress())
        if raised is not None:
            raise raised
        return {"training": {"epochs": epochs}}

    child.train(run, BOUNDS, trainer)
    return run


@pytest.mark.parametrize(
    ("how", "state", "sentence"),
    [
        ({}, "done", "All 2 epochs are done. The network of epoch 1, the best, is kept."),
        ({"epochs": 1}, "done", "ended by itself"),
        ({"wish": "stop"}, "done", "You ended it. The network of epoch 1"),
        ({"wish": "pause"}, "paused", "goes on when you say so"),
        ({"raised": KeyboardInterrupt()}, "paused", "can go on from the last batch"),
        ({"raised": FloatingPointError("the loss is nan")}, "failed", "The loss is nan. The network of"),
        ({"raised": OSError(errno.ENOSPC, "x")}, "failed", "The disk is full. .* The network of epoch 1"),
        ({"raised": MemoryError()}, "failed", "not enough memory"),
        ({"raised": ValueError("no checkpoint of this")}, "failed", "No checkpoint of this."),
        ({"raised": ValueError("bad"), "bundle": False}, "failed", "there is no network"),
    ],
)  # fmt: skip
def test_however_it_ends_the_page_is_told_and_the_best_epoch_is_there(how, state, sentence):
    run = ending(**how)
    said = run.state
    assert said["state"] == state and re.search(sentence, said["message"]), said
    assert run.has_network == how.get("bundle", True)
    assert not Lock(runs.runs_folder() / "turn.lock").is_held()
    assert {"unigram", "kneser_ney", "validation"} <= set(run.read("lines"))


def test_an_unforeseen_error_is_told_too_and_kept_for_the_log():
    run = queued()
    with pytest.raises(ZeroDivisionError):
        child.train(run, BOUNDS, lambda *_, **__: 1 // 0)
    assert run.state["state"] == "failed" and "ZeroDivisionError" in run.state["message"]


def test_the_host_s_time_ends_it(monkeypatch):
    run = queued()
    run.say("waiting", seconds=61.0)  # of an earlier part

    def trainer(training, out, *, on_progress, **more):
        on_progress(progress())

    child.train(run, BOUNDS, trainer)
    assert run.state["state"] == "done" and "1 minutes" in run.state["message"]


def test_a_process_that_vanished_is_noticed_and_can_go_on(monkeypatch):
    run = queued()
    alive = Lock(run.folder / "alive.lock")
    alive.take()
    run.say("training")
    monkeypatch.setattr(runs, "PATIENT", 0.0)
    other = (
        "import os, sys\nfrom textgen.training.runs import Run\nfrom pathlib import Path\n"
        "print(Run(Path(sys.argv[1])).state['state'])"
    )
    command = [sys.executable, "-c", other, str(run.folder)]
    seen = subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": os.getcwd()}
    )
    assert seen.stdout.strip() == "training", seen.stderr
    alive.release()
    assert run.state["state"] == "interrupted" and "killed" in run.state["message"]
    assert runs.queue() == []
    runs.resume(run, BOUNDS)
    monkeypatch.setattr(runs, "PATIENT", 30.0)
    assert run.state["state"] == "waiting"
    with pytest.raises(Refused):
        runs.resume(run, BOUNDS)


def test_what_does_not_run_can_be_ended_by_hand():
    run = ending(wish="pause")
    runs.end(run, "stop")
    assert run.state["state"] == "done" and "kept" in run.state["message"]


def test_nothing_here_imports_tensorflow():
    code = (
        "import sys\nimport textgen.training.runs, textgen.training.speed, textgen.views.yours\n"
        "sys.exit(bool({'keras', 'tensorflow'} & set(sys.modules)))"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": os.getcwd()}).returncode
        == 0
    )


# -- in truth --------------------------------------------------------------------------------------


def until(run: Run, happened, seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < end, (run.state, (run.folder / "log.txt").read_text())
        time.sleep(0.1)


@pytest.mark.slow
def test_a_training_that_is_killed_goes_on_pauses_and_leaves_a_network(home):
    pytest.importorskip("tensorflow")
    run = runs.bring("mine.jsonl", corpus(), BOUNDS)
    runs.look(run)
    until(run, lambda: run.state["state"] not in runs.AT_WORK)
    assert run.state["state"] == "looked", run.state
    runs.start(run, Choices("gru", 100, 8, 30), BOUNDS)
    # The network is written before the history that the page reads: wait for both.
    until(run, lambda: run.has_network and run.read("history").get("epochs"))
    os.kill(runs._started[run.token].pid, signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
    until(run, lambda: run.state["state"] == "interrupted")
    epochs = len(run.read("history")["epochs"])
    assert load_bundle(run.bundle.name).model.vocabulary_size <= 100 and epochs >= 1
    runs.resume(run, BOUNDS)
    until(run, lambda: len(run.read("history")["epochs"]) > epochs)
    runs.end(run, "pause")
    until(run, lambda: run.state["state"] not in runs.AT_WORK)
    assert run.state["state"] in ("paused", "done"), run.state  # so small a training may end by itself before
    numbers = [entry["epoch"] for entry in run.read("history")["epochs"]]
    assert numbers == list(range(1, len(numbers) + 1)), "it went on from where it was"
    assert not [path for path in home.parent.iterdir() if path != home], "nothing is written elsewhere"
    runs._started[run.token].wait(30)
