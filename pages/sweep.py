"""What temperature does to diversity and quality, measured, with error bars."""

from __future__ import annotations

import html
import math
import shlex
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import streamlit as st

from pages.parts import address, controls, drawing, navigation, writers
from pages.parts.controls import LONGEST_TITLE, one_line
from pages.parts.drawing import draw, plain
from textgen import charts
from textgen.measuring.diversity import GROUPS, MEASURES
from textgen.measuring.study.background import Memory, StudyProgress, Work
from textgen.measuring.study.settings import Condition, Settings, StudyError, parse_filter, temperature_range
from textgen.measuring.study.table import Study, read_strangers_study
from textgen.network.bundle import load_measured
from textgen.text.typeset import detokenize
from textgen.text.vocabulary import tokenize
from textgen.views import compare_report as report
from textgen.views import sweep as findings
from textgen.views.names import network_label
from textgen.views.sweep import figure
from textgen.views.sweep_report import to_html
from textgen.writing.rules import BY_NAME, RULES

navigation.through_app()

state = st.session_state
save_component = drawing.component("save")

DISHES = ("Roasted vegetables", "Chocolate ice cream", "Apple pie", "Tomato soup", "White bread")
MOST_WORDS = 1_500_000  # of a study that a page should do: some minutes
# Seconds between drawings of a study under way: at first, doubled each time, at most. A browser on the same
# processor takes a second or more to draw all pictures.
REDRAW, REDRAW_AT_MOST = 1.5, 8.0


@st.cache_resource(show_spinner=False)
def memory() -> Memory:
    return Memory()


# -- what is asked for -----------------------------------------------------------------------------


def asked() -> tuple[Settings | None, list[str]]:
    """The study that the controls describe, if there can be one, and what there is to say about it."""
    notes: list[str] = []
    prompts: dict[str, str] = {}
    for typed in state.prompt:
        prompt = one_line(typed)
        if words := tokenize(prompt):
            prompts.setdefault(" ".join(words), prompt)
            if len(one_line(typed, len(typed))) > LONGEST_TITLE:
                notes.append(f"A prompt is very long; the network reads its first {len(prompt)} characters.")
            notes += controls.unknown_note(prompt, writers.load(writers.models()[0]).vocabulary)
    chosen = {"dish": prompts, "network": state.network, "filter": state.filter}
    if missing := [name for name, there in chosen.items() if not there]:
        return None, [*notes, f"Choose at least one {' and one '.join(missing)} to measure."]
    try:
        settings = Settings(
            prompts=tuple(prompts.values()),
            temperatures=temperature_range(state.low, state.high, state.by),
            models=tuple(state.network),
            filters=tuple(address.SWEEP_FILTERS[name] for name in state.filter),
            texts=state.count,
            max_words=state.length,
            seed=state.seed,
        )
    except StudyError as error:
        sentence = str(error)
        return None, [*notes, f"{plain(sentence[:1].upper() + sentence[1:])}."]
    if len(settings.temperatures) == 1:
        notes.append(
            f"Only T = {settings.temperatures[0]:g} is measured: points, not curves. Widen the range."
        )
    return settings, notes


def cost(settings: Settings) -> int:
    """Words, at most."""
    return len(settings.conditions) * settings.texts * settings.max_words


def command(settings: Settings) -> str:
    """The same study for the command line."""
    parts = ["python -m textgen sweep"]
    parts += [f"--prompt {shlex.quote(prompt)}" for prompt in settings.prompts]
    parts.append(f"--temperatures {state.low:g}:{state.high:g}:{state.by:g}")
    parts += [f"--model {name}" for name in settings.models]
    parts += [f"--filter {rules}" for rules in settings.filters if settings.filters != ("none",)]
    parts.append(f"--texts {settings.texts} --max-words {settings.max_words} --seed {settings.seed}")
    return " ".join([*parts, "--out study.parquet"])


def to_comparison(condition: Condition, seed: int, words: int) -> None:
    """Go to the comparison page, where this text stands in the first column."""
    title, _, opening = condition.prompt.partition("|")
    rules = {BY_NAME[name].key: value for name, value in parse_filter(condition.filter).items()}
    others = [t for t in findings.MARKED if t != condition.temperature][:2]
    navigation.to_comparison(
        title.strip(),
        [condition.temperature, *others],
        model=condition.model,
        seed=seed,
        words=address.WORDS.within(words),
        opening=opening.strip(),
        **rules,
    )


def can_compare(condition: Condition, seed: int) -> bool:
    """Whether the comparison page has controls for all that wrote this text."""
    steps = condition.temperature / address.SLIDER_STEP
    return (
        condition.model in writers.models()
        and math.isclose(steps, round(steps), abs_tol=1e-6)
        and condition.temperature <= address.HOTTEST
        and seed <= address.fields("compare")["seed"].high
    )


# -- what buttons do -------------------------------------------------------------------------------


def begin(settings: Settings) -> None:
    if (old := state.get("sweep_work")) is not None:
        old.stop()
    state.sweep_work = Work(settings, memory())
    state.sweep_work.go_on()


def picked(selection: Any) -> None:
    for point in selection.get("point", []):
        study = state.get("sweep_opened") or state.sweep_work.study
        if (heat := point.get("temperature")) in study.settings.temperatures:
            state.sweep_at = float(heat)
            state.sweep_drawing = state.get("sweep_drawing", 0) + 1
        labels = [series.label for series in findings.series_of(study)]
        if isinstance(number := point.get("series"), int) and 0 <= number < len(labels):
            state.sweep_series = labels[number]


def opened() -> None:
    file = state.study_file
    state.sweep_opened, state.sweep_open_error = None, ""
    if file is not None:
        try:
            state.sweep_opened = read_strangers_study(file.getvalue())
        except StudyError as error:
            state.sweep_open_error = f"{plain(file.name[:60])}: {plain(str(error))}."


def close() -> None:
    state.sweep_opened = None


# -- the controls ----------------------------------------------------------------------------------


def head(known: Mapping[str, address.Field]) -> Any:
    """The controls; returns the place for what can be kept or opened."""
    with st.container(key="head"):
        st.title("Diversity and quality, measured", anchor=False)
        drawing.note(
            "Hotter texts are more diverse and less coherent: so people say. Here many texts are written at "
            "every temperature and measured, beside recipes that people wrote. Asked here: which texts look "
            "like human texts. Which temperature predicts human words best, Models answers."
        )
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="controls"):
        controls.several(
            known["prompt"],
            "Dishes",
            DISHES,
            accept_new_options=True,
            max_selections=known["prompt"].many,
            placeholder="Type a dish and press Enter",
            help="Each network continues “recipe for DISH |”. Type any dish and press Enter.",
        )
        controls.networks(known, "Each network you add gets its own curves.")
        controls.several(
            known["filter"],
            "Filters",
            help="What is left of the vocabulary after temperature. "
            + " ".join(f"{rule.label}: {rule.help}" for rule in RULES if rule.stage == "weights"),
        )
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="setup"):
        for key, label, explained in (
            ("low", "From T", "The lowest temperature."),
            ("high", "to T", "The highest temperature."),
            ("by", "in steps of", "From one temperature to the next."),
        ):
            controls.number(known[key], label, width=118, help=explained)
        controls.select_slider(
            known["count"],
            "Texts a temperature",
            width=190,
            help="Each text has another seed. More texts, narrower bands, longer wait.",
        )
        controls.number(known["length"], "Words", width=118, help="How many words a text may have.")
        controls.seed(
            known, "Of the first text; the next text has the next seed. The same for every temperature."
        )
        return st.popover("Keep or open", icon=":material/download:")


def begin_or_say(settings: Settings | None) -> None:
    """Begin the study that the address alone asks for, or one that is known; say which is too long."""
    work: Work | None = state.get("sweep_work")
    if settings is None or (work is not None and work.settings == settings):
        return
    too_long = cost(settings) > MOST_WORDS
    if too_long:
        st.info(
            f"These would be up to {cost(settings):,} words, and a page writes at most {MOST_WORDS:,}. The "
            "command line does it, and goes on where it stopped if it is interrupted:"
        )
        st.code(command(settings), language=None, wrap_lines=True)
    elif work is None or (not state.get("sweep_opened") and Work(settings, memory()).known):
        begin(settings)


def which_is_shown(settings: Settings | None, work: Work | None) -> None:
    """What the pictures are of, where that is not what the controls say."""
    opened_study: Study | None = state.get("sweep_opened")
    if opened_study is not None:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            its = opened_study.settings
            st.info(
                f"A study from a file: {plain(', '.join(its.prompts)[:200])}; "
                f"{plain(', '.join(map(network_label, its.models)))}; {its.texts:,} texts of up to "
                f"{its.max_words} words a temperature. The controls above do not change it.",
                icon=":material/folder_open:",
            )
            st.button("Close the file", on_click=close, key="close_file")
    elif work is not None and work.settings != settings:
        if settings is None or cost(settings) > MOST_WORDS:
            st.markdown("The pictures below are of earlier settings.")
            return
        with st.container(horizontal=True, vertical_alignment="center", gap="small", key="again"):
            st.button(
                "Measure",
                type="primary",
                icon=":material/science:",
                on_click=begin,
                args=(settings,),
                key="measure",
            )
            st.markdown(
                "The pictures below are of earlier settings. "
                f"The controls now ask for {len(settings.conditions)} × {settings.texts} texts."
            )


# -- progress and pictures -------------------------------------------------------------------------


def progress_row(work: Work) -> bool:
    """How far the work is, and buttons to stop it and to go on; returns whether it is running."""
    progress = work.look()
    state.sweep_running = progress.running
    state.sweep_drawn = progress.done
    state.sweep_drawn_at = time.monotonic() if progress.done else 0.0
    state.sweep_drawings = state.get("sweep_drawings", 0) + 1 if progress.running and progress.done else 0
    clock = (1.0 if progress.done else 0.4) if progress.running else None
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="sweep_progress"):
        with st.container():
            st.fragment(progress_bar, run_every=clock)(work)
        # The buttons are no part of what the clock redraws: a click is never lost to a redrawing.
        if progress.running:
            st.button(
                "Stop", icon=":material/stop:", on_click=work.stop, key="stop", disabled=progress.stopping
            )
        elif progress.done < progress.total:
            st.button("Go on", icon=":material/play_arrow:", on_click=work.go_on, key="go_on")
    return progress.running


def progress_bar(work: Work) -> None:
    progress = work.look()
    # The pictures take the browser a while, so they are drawn only when there is news, and not too often.
    pause = min(REDRAW * 2 ** max(0, state.sweep_drawings - 1), REDRAW_AT_MOST)
    news = progress.done != state.sweep_drawn and time.monotonic() - state.sweep_drawn_at > pause
    if news or progress.running != state.sweep_running:
        st.rerun()
    if progress.error:
        st.error(plain(progress.error), icon=":material/error:")
    elif progress.done < progress.total:
        st.progress(progress.done / progress.total, how_far(progress))


def how_far(progress: StudyProgress) -> str:
    count = f"{progress.done} of {progress.total} batches of texts"
    if not progress.running:
        return f"Stopped after {count}. What is finished is shown."
    if progress.stopping:
        return f"Stopping after {count} …"
    if not progress.done:
        return "Writing the first texts …"
    left = progress.seconds_left
    return count if left is None or progress.done < 2 else f"{count}, about {duration(left)} left"


def duration(seconds: float) -> str:
    return f"{math.ceil(seconds)} s" if seconds < 90 else f"{math.ceil(seconds / 60)} min"


def pictures(study: Study) -> None:
    several = findings.series_of(study)
    if not several:
        st.caption("The first points appear in a moment.")
        return
    at = state.sweep_at if len(study.settings.temperatures) > 1 else None
    drawings = state.get("sweep_drawing", 0)
    if len(several) > 1:
        st.html(legend([series.label for series in several]))
    st.markdown("\n\n".join(map(plain, findings.paragraphs(study))))
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.subheader("Quality against diversity", anchor=False)
        rows = findings.front_rows(study)
        named = [f"{t:g}" for t in findings.MARKED if any(row["temperature"] == t for row in rows)]
        drawing.note(
            "Perplexity against self-BLEU: a point a temperature, joined in order. "
            + (f"Temperatures of the comparison page have their name: {', '.join(named)}. " * bool(named))
            + "What is likely and diverse at once lies at the bottom left. Click a point to read its texts."
        )
        draw(
            charts.front_spec(rows, at=at, drawing=drawings),
            "; ".join(
                (f"T = {row['temperature']:g}, " if row["temperature"] is not None else "")
                + f"{row['label']}: {row['text']}"
                for row in rows
                if row["marked"]
            ),
            what="Scatter chart of perplexity against self-BLEU",
            key="front",
            on_select=picked,
        )
    with right:
        human(study, several)
    for group, members in GROUPS.items():
        st.subheader(group, anchor=False)
        columns = st.columns(len(members), gap="small")
        for name, column in zip(members, columns, strict=True):
            with column:
                curve(study, name, at, drawings)


def curve(study: Study, name: str, at: float | None, drawing: int) -> None:
    measure = MEASURES[name]
    rows = findings.curve_rows(study, name)
    st.markdown(f"**{measure.label}**", help=measure.about)
    if not rows:
        st.caption("Not known for these networks.")
        return
    draw(
        charts.sweep_spec(
            rows,
            unit=measure.unit,
            heats=study.settings.temperatures,
            logarithmic=measure.logarithmic,
            percent=measure.percent,
            at=at,
            drawing=drawing,
        ),
        findings.in_words(rows, name),
        what=f"Line chart of {measure.label.lower()} against temperature",
        key=f"curve_{name}",
        on_select=picked,
    )


def human(study: Study, several: list[findings.Series]) -> None:
    st.subheader("Where is human text?", anchor=False)
    known = False
    for series in several:
        nearest = findings.nearest_to_human(series, study.settings.max_words)
        if nearest is None:
            continue
        known = True
        name = f"**{plain(series.label)}:** " * (len(several) > 1)
        st.markdown(name + plain(nearest.sentences()[0]))
        if len(several) == 1:
            st.dataframe(
                [
                    {
                        "measure": MEASURES[measure].label,
                        "human text": figure(series.human(measure), measure),
                        "nearest at T": "beyond the range?" if measure in nearest.at_edge else f"{heat:g}",
                    }
                    for measure, heat in nearest.of.items()
                ],
                hide_index=True,
                row_height=27,
                height="content",
            )
    if all(len(series.points) < 2 for series in several):
        st.caption("One temperature alone is neither near nor far: measure more of them.")
        return
    measured = [
        load_measured(name).get("human", {}) for name in {series.points[0][0].model for series in several}
    ]
    count = max((figures.get("recipes", 0) for figures in measured), default=0)
    drawing.note(
        "The range is the narrowest that holds three quarters of the measures that count; the edge of what "
        f"was measured is no answer. Human text: {f'{count:,} ' * (count > 0)}recipes that no "
        "network was trained on, cut to the same number of words and compared in sets of the same size; "
        "dashed in every picture. They are of many dishes, so they differ from one another "
        "more than texts of one dish have reason to."
        if known
        else "The files of these networks do not say what the measures of human text are, or the texts do "
        "not vary enough to tell. `python -m textgen evaluate --human --save` measures them."
    )


def nearest(temperatures: Iterable[float], wanted: float) -> float:
    return min(sorted(temperatures), key=lambda t: abs(t - wanted))


def legend(labels: list[str]) -> str:
    lines = []
    for label, (on, off, *_) in zip(labels, charts.DASHES * 12, strict=False):
        stroke = (
            f"repeating-linear-gradient(to right, currentColor 0 {on}px, transparent {on}px {on + off}px)"
        )
        line = f'<i style="background: {stroke if off else "currentColor"}"></i>'
        lines.append(f"<span>{line}{html.escape(label)}</span>")
    return f'<div class="series">{"".join(lines)}</div>'


def reader(study: Study) -> None:
    several = findings.series_of(study)
    if not several:
        return
    st.subheader("Read ten of the texts", anchor=False)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium", key="column1"):
        heats = study.settings.temperatures
        if len(heats) > 1:
            st.select_slider(
                "Temperature of the texts",
                heats,
                nearest(heats, 0.7),
                format_func=lambda t: f"{t:g}",
                key="sweep_at",
                width=420,
            )
        labels = [series.label for series in several]
        chosen = 0
        if len(labels) > 1:
            if state.get("sweep_series") not in labels:
                state.sweep_series = labels[0]
            st.selectbox("Of", labels, key="sweep_series", width=320)
            chosen = labels.index(state.sweep_series)
    at = state.sweep_at if len(heats) > 1 else heats[0]
    drawing.style_columns([at])
    points = {condition.temperature: (condition, figures) for condition, figures in several[chosen].points}
    shown = nearest(points, at)
    condition, figures = points[shown]
    equal = len(set(figures.samples)) == 1 < len(figures.samples)
    st.caption(
        f"T = {shown:g}, {plain(condition.prompt)}, {plain(network_label(condition.model))}: the first "
        f"{len(figures.samples)} of {study.settings.texts} texts."
        + (" All are the same." if equal else "")
        + (f" T = {at:g} is not finished yet." if at != shown else "")
    )
    columns = st.columns(2, gap="large")
    shown_texts = figures.samples[:1] if equal else figures.samples
    for n, sample in enumerate(shown_texts):
        with columns[2 * n // len(shown_texts)].container(gap="xsmall"):
            words = sample.split()
            text = detokenize(words) or "(nothing: the recipe ends at once)"
            if len(words) >= study.settings.max_words:  # it was cut there
                text += " …"
            st.html(f'<p class="sample">{html.escape(text)}</p>')
            seed = study.settings.seed + n
            if can_compare(condition, seed):
                if st.button(
                    f"Seed {seed}: compare", key=f"go{n}", type="tertiary", icon=":material/east:",
                    help="The same text on the comparison page, word by word, beside other temperatures",
                ):  # fmt: skip
                    state.sweep_go = (condition, seed, study.settings.max_words)
                    st.rerun()  # a fragment cannot leave the page and keep what its controls say
            else:
                st.caption(f"Seed {seed}")


def view(work: Work | None) -> None:
    study: Study | None = state.get("sweep_opened") or (work.study if work else None)
    if study is None:
        return
    heats = study.settings.temperatures
    field = address.fields("sweep")["at"]
    if state.get("sweep_at") not in heats:
        state.sweep_at = nearest(heats, address.said(field))
    # Clicks in charts set it as well, and the address of a slider that is bound would not follow them.
    if state.get("sweep_opened") is None:
        address.write({field.key: [address.written(state.sweep_at)]})
    pictures(study)
    reader(study)


# -- to take away ----------------------------------------------------------------------------------


def open_file() -> None:
    st.file_uploader(
        "Open a finished study (.parquet)",
        ["parquet"],
        key="study_file",
        on_change=opened,
        help="A file that this page or `python -m textgen sweep` wrote. It is shown, and nothing is run.",
    )


def downloads(study: Study | None, settings: Settings | None) -> None:
    if study is None or not study.figures:
        st.caption("Tables and a report are here once the study is done or stopped.")
        return
    name = report.file_name("sweep " + " ".join(study.settings.prompts))
    writers: list[tuple[str, Callable[[], str | bytes], str, str, str]] = [
        ("Table as Parquet", study.to_parquet, "parquet", "application/vnd.apache.parquet", "table"),
        ("Table as CSV", study.to_csv, "csv", "text/csv", "table"),
        ("Report as HTML", lambda: to_html(study), "html", "text/html", "article"),
    ]
    for label, write, kind, mime, icon in writers:
        st.download_button(
            label, write, f"{name}.{kind}", mime, on_click="ignore", icon=f":material/{icon}:",
            width="stretch", key=f"save_{kind}",
        )  # fmt: skip
    pictures_shown = {"quality and diversity": "front"}
    pictures_shown |= {MEASURES[n].label: f"curve_{n}" for members in GROUPS.values() for n in members}
    save_component(key="save", data={"charts": pictures_shown, "name": name})
    st.caption(
        "The Parquet file opens again here. What the controls ask for, as a command, for larger studies "
        "and many machines:"
    )
    if settings is not None:
        st.code(command(settings), language="bash", wrap_lines=True)


# -- the page --------------------------------------------------------------------------------------


def page() -> None:
    navigation.enter("sweep", own=("sweep_at",))
    drawing.styles("verbs", "sweep")  # the chosen dishes and the texts look as on the verbs page
    writers.models()  # or a sentence on the page
    known = address.fields("sweep")
    navigation.begin("sweep", known)
    keep = head(known)
    if go := state.pop("sweep_go", None):
        to_comparison(*go)
    settings, notes = asked()
    notes = address.notes("sweep", (settings, *notes)) + notes
    with keep:
        open_file()
    with st.container():
        if state.get("sweep_open_error"):
            st.error(state.sweep_open_error, icon=":material/error:")
        if not state.get("sweep_opened"):
            drawing.warn(notes)
    begin_or_say(settings)
    work: Work | None = state.get("sweep_work")
    which_is_shown(settings, work)
    opened_study: Study | None = state.get("sweep_opened")
    running = progress_row(work) if work is not None and opened_study is None else False
    st.fragment(view)(work)
    with keep:
        study = opened_study or (work.study if work else None)
        downloads(None if running else study, settings)


page()
