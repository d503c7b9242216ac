"""What goes wrong around a page, in short: networks that go, full disks, clocks that jump."""

from __future__ import annotations

import errno
import shutil
import time
from pathlib import Path

import networks
import pytest
from opening import opened, said

from textgen import files
from textgen.network.bring import make_bundle
from textgen.network.bundle import user_folder
from textgen.text import sample_corpus
from textgen.training import runs
from textgen.training.limits import Limits

WORDS = ["", "[UNK]", "recipe", "for", "|", "chop", "bake", "the", "salt", "beans", ".", *"abcdefghijkl"]
PAGES = {
    "compare": {"model": "mine", "title": "Beans", "words": 5},
    "cell": {"model": "mine", "title": "Beans", "words": 5},
    "verbs": {"model": "mine", "dish": "Beans"},
    "models": {"model": "mine", "title": "Beans", "words": 5},
    "many": {"model": "mine", "title": "Beans", "count": 10, "depth": 3},
    "sweep": {"network": "mine", "prompt": "Beans", "count": 8, "length": 5, "by": 1},
    "guess": {"writer": "mine"},
    "learn": {"writer": "mine", "lesson": 1},
}


@pytest.fixture
def home(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("SIMMER_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


SLOW = ("verbs", "sweep", "learn")  # and as the others in this


@pytest.mark.parametrize(
    "page", [pytest.param(page, marks=[pytest.mark.long] * (page in SLOW)) for page in PAGES]
)
def test_a_network_that_is_replaced_cut_off_or_deleted_under_an_open_page(page, home):
    make_bundle(networks.KERAS_2 / "functional.h5", WORDS, "mine")
    app = opened(page, PAGES[page])
    file = user_folder() / "mine" / "model.keras"

    make_bundle(networks.KERAS_2 / "sequential.h5", WORDS, "mine", replace=True)
    app.run()
    assert not app.exception and not app.error

    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    app.run()
    assert not app.exception
    if page not in ("sweep", "models"):  # which do without it, or say so where it is used
        assert "mine" in said(app) and "could not be" in said(app)

    file.write_bytes(whole)
    app.run()
    assert not app.exception and not app.error

    shutil.rmtree(user_folder() / "mine")
    app.run()
    assert not app.exception


def test_where_nothing_can_be_kept_the_page_says_so(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("no folder")
    monkeypatch.setenv("SIMMER_HOME", str(tmp_path / "file" / "home"))
    monkeypatch.setattr(sample_corpus, "fetch", lambda: b"[]")
    app = opened("yours")
    app.button(key="sample").click().run()
    assert not app.exception
    assert "could not be kept on this server: Not a directory" in said(app)


@pytest.fixture
def full(monkeypatch):
    """Every file that is written finds the disk full, once this is called."""

    def no_room(path):
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    def fill() -> None:
        for module in (files, runs):
            monkeypatch.setattr(module, "write_atomically", no_room)

    return fill


def test_on_a_full_disk_every_button_of_a_training_ends_in_a_sentence(home, monkeypatch, full):
    monkeypatch.setattr(runs, "_launch", lambda run, action: None)
    monkeypatch.setattr(runs, "can_train", lambda: True)
    run = runs.bring("soup.txt", b"stir the soup", Limits(), as_lines=True)
    facts = {
        "recipes": 50, "different_recipes": 50, "words": 2_000, "different_words": 90, "skipped": 0,
        "problems": [], "examples": [], "multiplications": 1e9, "coverage": [], "counts": [20] * 90,
        "format": "lines of text", "encoding": "UTF-8", "lengths": [1, 2, 3],
    }  # fmt: skip
    run.write("look", facts)
    run.say("interrupted")
    run.write("run", {**run.about, "choices": vars(runs.Choices())})
    app = opened("yours", {"run": run.token})
    full()
    app.button(key="resume").click().run()
    assert not app.exception and "No space left on device" in said(app)
    app.run()
    assert app.button(key="resume")


def test_a_full_or_closed_cache_does_not_cost_the_sample(home, monkeypatch):
    data = b"PK"
    monkeypatch.setattr(sample_corpus, "_by_pip", lambda: data)
    monkeypatch.setattr(sample_corpus, "cache", lambda: home / "file" / "cache")
    home.mkdir()
    (home / "file").write_text("no folder")
    with pytest.raises(sample_corpus.zipfile.BadZipFile):  # read from memory: that far it came
        sample_corpus.fetch()


@pytest.mark.parametrize("jump", [-1e6, 1e6])
def test_a_clock_that_jumps_keeps_no_dead_run_alive(jump, home, monkeypatch):
    monkeypatch.setattr(runs, "_launch", lambda run, action: None)
    run = runs.bring("soup.txt", b"stir the soup", Limits(), as_lines=True)
    runs.look(run)
    assert run.state["state"] == "looking"
    now = time.time()
    monkeypatch.setattr(runs.time, "time", lambda: now + jump)
    assert run.state["state"] == "interrupted"


def test_a_folder_that_was_closed_meanwhile_is_nobodys(home):
    lock = files.Lock(home / "lock")
    home.mkdir()
    lock.path.mkdir()  # it cannot be opened as a file
    assert not lock.is_held()
