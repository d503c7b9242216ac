"""What hostile people write, and a server that goes: in a real browser."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from driver import App
from networks import lstm_file, write_keras

from benchmarks.serving import ROOT
from textgen.network.bundle import available_bundles
from textgen.text.vocabulary import Vocabulary

SCRIPT, IMAGE = "<script>hit=1</script>", '"><img/src=x/onerror="hit=2">'
LINK, ICON, MATHS, ENTITY = "[x](javascript:hit=3)", ":material/home:", "$$x^2$$", "&lt;b&gt;"
WORDS = (SCRIPT, IMAGE, LINK, ICON, MATHS, ENTITY, "**bold**", ":red[x]", "![x](x)")
HOSTILE = f'{SCRIPT} "><img src=x onerror="hit=2"> {LINK} {ICON} {MATHS} {ENTITY} **bold**'
# Whatever of these stood on a page, it was made of somebody's text.
MADE = """[
    ...[...document.querySelectorAll('img[src="x"], a[href^="javascript:"], [onerror]')],
    ...[...document.querySelectorAll('script')].filter(one => one.textContent.includes('hit=')),
    ...[...document.querySelectorAll('.katex annotation')].filter(one => one.textContent.trim() == 'x^2'),
    ...[...document.querySelectorAll('strong')].filter(one => one.textContent == 'bold'),
].map(element => element.outerHTML).concat(window.hit ? [String(window.hit)] : [])"""


class Server:
    """The app on a port of its own, where somebody has a network whose words, title and card are hostile."""

    def __init__(self, home: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.address, self.home = f"http://127.0.0.1:{self.port}", home
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless", "true"]
        command += ["--server.port", str(self.port), "--server.fileWatcherType", "none"]
        env = {**os.environ, "SIMMER_HOME": str(self.home)}
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{self.address}/_stcore/health", timeout=10).close()
                return
            except OSError:
                time.sleep(0.1)

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()


@pytest.fixture
def server(tmp_path) -> Iterator[Server]:
    if not available_bundles():
        pytest.skip("no released network")
    folder = tmp_path / "user_bundles" / "mine"
    folder.mkdir(parents=True)
    config, weights = lstm_file(size=len(WORDS) + 5)
    write_keras(folder / "model.keras", config, weights)
    vocabulary = Vocabulary(["", "[UNK]", "recipe", "for", "|", *WORDS])
    (folder / "vocabulary.json").write_text(vocabulary.to_json(), encoding="utf-8")
    sample = {"epoch": 0, "prompt": f"recipe for {HOSTILE} |", "temperature": 0.7}
    known = [{**sample, "epoch": n} for n in (0, 1)]
    facts = {
        "card": {
            "title": HOSTILE[:79],
            "architecture": {"name": HOSTILE},
            "limits": [HOSTILE],
            "license": HOSTILE,
        },
        "history": {
            "epochs": [
                {"epoch": n, "stage": HOSTILE, "loss": 2.0, "validation": {"modern": 9.0}} for n in (0, 1)
            ],
            "samples": [{**one, "text": HOSTILE} for one in known],
            "distributions": [{**one, "words": [[word, 0.1] for word in WORDS]} for one in known],
        },
    }
    for name, value in facts.items():
        (folder / f"{name}.json").write_text(json.dumps(value), encoding="utf-8")
    server = Server(tmp_path)
    yield server
    server.stop()


def query(**more: object) -> str:
    return "?" + urlencode({"title": HOSTILE, "seed": 3, **more}, doseq=True)


def test_text_stays_text_and_a_page_outlives_its_server(server, browser, tmp_path):
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    app = App(context.new_page(), server.address)
    app.page.on("dialog", lambda dialog: app.errors.append(dialog.message))

    def nothing_came_of_it(where: str) -> None:
        assert app.page.evaluate(MADE) == [], where
        app.is_sound()

    forced = [f"{n} {word}" for n, word in enumerate(WORDS[:6], 2)]
    app.open(query(model="mine", opening=HOSTILE, words=20, force=forced))
    nothing_came_of_it("compare")
    assert SCRIPT in app.text(0) and LINK in app.text(0) and ICON in app.text(0)
    said = app.key("forced_words").inner_text().replace("\u2060", "")  # see drawing.plain
    assert not [word for word in WORDS[:6] if word not in said], said
    app.key("keep").locator("button").first.click()
    app.settle()
    nothing_came_of_it("compare, its chart")
    for page, wait, more in (
        ("cell", ".st-key-cell, canvas", {"model": "mine", "words": 20, "force": forced[0]}),
        ("models", ".word", {"model": "mine", "words": 5}),
        ("verbs", "h1", {"model": "mine", "dish": [HOSTILE, IMAGE]}),
        (
            "sweep",
            "h1",
            {"network": "mine", "prompt": [HOSTILE, "a\n```\n[x](javascript:hit=3)"], "by": 0.01},
        ),
        ("many", "h1", {"model": "mine", "count": 10, "depth": 4}),
    ):
        app.open(f"{page}{query(**more)}", wait_for=wait)
        nothing_came_of_it(page)
    # A corpus, its name, and what is said of it.
    records = [{"title": f"{HOSTILE} {n}", "steps": [HOSTILE, f"stir {n}"]} for n in range(5)]
    corpus = {
        "name": f"{LINK} {MATHS} <b>.json",
        "mimeType": "text/plain",
        "buffer": json.dumps(records).encode(),
    }
    app.open("yours?corpus=file", wait_for="[data-testid=stFileUploader]")
    app.page.locator("[data-testid=stFileUploader] input").first.set_input_files(corpus)
    app.page.get_by_text("A look at").wait_for(timeout=60_000)
    app.page.get_by_text("as they are read").wait_for(timeout=60_000)
    app.settle()
    nothing_came_of_it("yours")
    assert f"{LINK} {ICON} {MATHS}" in app.page.locator(".example").first.inner_text()

    # Somebody goes in mid-drag, and somebody else has the same address open.
    app.open("?title=pizza&seed=5&words=20&n=2")
    gone = App(context.new_page(), server.address).open("?title=pizza&seed=5&words=20&n=2")
    assert [gone.text(k) for k in range(2)] == [app.text(k) for k in range(2)]
    gone.column(0).locator("input").focus()
    for _ in range(12):
        gone.page.keyboard.press("ArrowRight")
    gone.page.close()

    # The server goes, comes back on its port, and the page goes on with what it showed.
    app.slide(0, "ArrowRight")
    before, errors = [app.text(k) for k in range(2)], list(app.errors)
    server.stop()
    app.page.wait_for_timeout(300)
    assert [app.text(k) for k in range(2)] == before
    server.start()
    app.page.wait_for_selector(
        "[data-testid='stApp'][data-test-connection-state='CONNECTED']", timeout=60_000
    )
    app.settle()
    assert [app.text(k) for k in range(2)] == before and "t1=0.25" in app.page.url
    app.slide(1, "ArrowRight")
    app.page.wait_for_function("() => location.search.includes('t2=0.75')", timeout=60_000)
    assert app.errors == errors
    assert app.page.locator("[data-testid=stException]").count() == 0
    context.close()
