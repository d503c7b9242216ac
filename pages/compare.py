"""One prompt, several temperatures, side by side; everything else held constant."""

from __future__ import annotations

import bisect
import contextlib
import copy
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from pages.parts import address, columns, controls, drawing, navigation, share, writers
from pages.parts.address import FEWEST_COLUMNS, MOST_COLUMNS, PLACES
from pages.parts.controls import LONGEST_OPENING, one_line
from pages.parts.drawing import plain
from textgen import charts
from textgen.text.vocabulary import tokenize, unknown_words
from textgen.views import compare_report as report
from textgen.views.bars import bars, hundred_draws
from textgen.views.compare import END_OF_RECIPE, Comparison, likely_words
from textgen.views.glossary import about
from textgen.writing.sampling import Luck, Sampler
from textgen.writing.writer import Request

navigation.through_app()

state = st.session_state
save_component = drawing.component("save")
logger = logging.getLogger("simmer")
FIELDS = address.fields("compare")

KNOB_HEIGHT = 379  # of its chart, with the slider
TIMELINE_CAPTIONS = {
    "choices": "Effective choices: how many equally likely words would leave the draw as open. "
    "Logarithmic; a diamond marks where a text leaves its left neighbour. Click to pick a word.",
    "probability": "How probable each written word was, after temperature and sampling rules. "
    "A diamond marks where a text leaves its left neighbour. Click to pick a word.",
}
HOW = """
### From logits to a word
1. The network reads all words so far and gives every word it knows a score, its **logit**.
2. Each logit is divided by the **temperature** T. A small T stretches the differences,
   a large T shrinks them.
3. The **softmax**, exp(logit ÷ T) over its sum, turns scores into probabilities that sum to 100 %.
4. **Sampling rules**, if any are on, take part: a repetition penalty lowers logits and top-nσ removes
   words before step 2, the others remove words after step 3. The words that are left share 100 %.
5. One word is **drawn**. With the same luck, two columns that have read the same words differ by
   temperature alone; once they have written different words, their contexts differ too.

With a mouse or the Tab key, point at a bar above to see these steps with its real numbers.
"""


# -- what is asked for -----------------------------------------------------------------------------


def said(key: str) -> Any:
    """What a control says, or will say once it is there."""
    return address.said(FIELDS[key])


def request() -> Request:
    """All that the controls say of the texts."""
    follow = said("follow")
    rules = controls.sampling({key: said(key) for key in address.RULE_KEYS})
    return Request(
        model=said("model"),
        title=one_line(said("title")),
        opening=one_line(said("opening"), LONGEST_OPENING),
        samplers=tuple(Sampler(temperature=t, **rules) for t in state.temperatures[: state.n]),
        seed=said("seed"),
        words=said("words"),
        luck="independent" if said("luck") == "separate" else "shared",
        context=PLACES.index(follow) if follow in PLACES[: state.n] else "own",
        forced=tuple(sorted(item for item in state.forced.items() if item[0] < said("words"))),
    )


def begin() -> None:
    """Before the controls are drawn: styles, the address, and what another page has sent."""
    navigation.enter("compare", own=("n", "temperatures", "word", "forced", "view"), components=("columns",))
    drawing.styles()
    share.dress(share.left_out(), said("present"))
    writers.models()  # or a sentence on the page
    if "n" in state:
        navigation.begin("compare", FIELDS)
    else:
        named = [k for k in range(1, MOST_COLUMNS + 1) if f"t{k}" in st.query_params]
        n = said("n") if "n" in st.query_params else max([FIELDS["n"].default, *named])
        beyond = {"parse": address.refuse, "what": f"it asks for {n} columns"}
        vocabulary = writers.load(said("model")).vocabulary
        known = address.fields(
            "compare",
            follow={"options": ("own", *PLACES[:n]), "what": f"what columns read, of the {n} asked for,"},
            force={"parse": address.forced(vocabulary)},
            **{f"t{k}": beyond for k in range(n + 1, MOST_COLUMNS + 1)},
        )
        navigation.begin("compare", known)
        columns.have([said(f"t{k}") for k in range(1, n + 1)])
        state.word, state.forced = said("step"), dict(address.said(known["force"]))
    if "view" not in state:  # another page may have set all the rest
        state.view = "luck" if said("show_luck") else said("view")
    write_address()


def write_address() -> None:
    """Put into the address what no Streamlit control is bound to."""
    heats = {f"t{k}": t for k, t in enumerate(state.temperatures[: state.n], 1)}
    values = {"n": state.n, "step": state.word, "view": state.view, "present": said("present"), **heats}
    address.write(
        {
            **{key: [] for key in FIELDS if key[0] == "t" and key[1:].isdigit()},
            "show_luck": [],
            **{key: [address.written(v)] * (v != FIELDS[key].default) for key, v in values.items()},
            "force": [f"{position + 1} {word}" for position, word in sorted(state.forced.items())],
        }
    )


def reset(temperatures: Sequence[float] = address.TEMPERATURES[:3], **changes: Any) -> None:
    """Every control that shapes the texts to where it starts, but for `changes`."""
    for key in navigation.SHAPES:
        state[key] = changes.get(key, FIELDS[key].default)
    columns.have(temperatures)
    state.forced, state.word = {}, 1


# -- what buttons do: they change the state of other controls, before the page is drawn ------------


def remove_column() -> None:
    number = state.columns.remove
    if state.n > FEWEST_COLUMNS and number in range(1, state.n + 1):
        state.temperatures.append(state.temperatures.pop(number - 1))
        state.n -= 1
        columns.renew()
        for key in ("follow", "live"):
            if state.get(key) in PLACES[number - 1 :]:  # the same column has another number now
                place = PLACES.index(state[key]) + 1
                state[key] = FIELDS[key].default if place == number else PLACES[place - 2]


def add_column() -> None:
    """One more column, in its place among the others if those stand in the order of temperature."""
    if state.n == MOST_COLUMNS:
        return
    columns.renew()
    shown, new = state.temperatures[: state.n], state.temperatures[state.n]
    place = state.n
    if shown == sorted(shown):
        place = bisect.bisect(shown, new)
    else:
        state.flash = "The columns are not in the order of temperature, so the new one stands at the end."
    state.temperatures.insert(place, state.temperatures.pop(state.n))
    state.n += 1
    for key in ("follow", "live"):  # columns further right have another number now
        if state.get(key) in PLACES[place:]:
            state[key] = PLACES[PLACES.index(state[key]) + 1]


def draw_all() -> None:
    """The last thing that a callback does which changes the texts from what stands below them."""
    state.whole = True
    st.rerun(["texts", "further_down"])  # the fragments below


def draw_rest() -> None:
    """What stands below the texts is in sight, and not yet about them."""
    state.below = True
    st.rerun("further_down")


def take_in() -> None:
    """What the sliders in the columns ask for."""
    for name, value in columns.asked("columns").items():
        if isinstance(name, int):
            state.moved = name - 1, value - state.temperatures[name - 1]
            state.temperatures[name - 1] = value
        elif name == "below":
            state.below = value
        else:
            go_to(value)


def go_to(word: int) -> None:
    state.word = min(max(word, 1), said("words"))


def count_pick() -> None:
    """A chart's marks carry how many picks were made before, so that the same one can be picked again."""
    state.picks = state.get("picks", 0) + 1


def pick_point(selection: Any) -> None:
    for point in selection.get("step", []):
        count_pick()
        go_to(int(point["position"]))
    draw_all()


def pick_bar() -> None:
    asked = state.columns.force
    if (
        asked
        and isinstance(word := asked.get("word"), str)
        and word in writers.load(said("model")).vocabulary
    ):
        force(state.word, [word])


def take_view() -> None:
    if state.columns.view in address.VIEWS:
        state.view = state.columns.view


def take_hundred() -> None:
    state.hundred = bool(state.columns.hundred)


def what_if() -> None:
    typed, state.whatif = str(state.whatif or ""), None
    if typed == END_OF_RECIPE:
        force(state.word, [""])
    elif unknown := unknown_words(typed, writers.load(state.model).vocabulary):
        state.flash = (
            f"The network does not know {plain(', '.join(unknown)[:80])}, so it cannot be forced to write it."
        )
    elif len(words := tokenize(typed)) > 8:
        state.flash = "Force at most 8 words at once."
    else:
        force(state.word, words)
    draw_all()


def force(number: int, words: Sequence[str]) -> None:
    """Every column must write `words` from word `number` on."""
    for position, word in enumerate(words, number - 1):
        state.forced[position] = word


def free(number: int) -> None:
    """Every column may choose word `number` again."""
    state.forced.pop(number - 1, None)


def look_inside(asked: Request, column: int, step: int) -> None:
    """Leave for the cell page, for the words that column `column` (from 0) has read, at the step that decides
    word `step` (from 1): the one that reads the word before it.

    Not to be called from a fragment: what the controls of the page say would be lost.
    """
    read = column if asked.context == "own" else int(asked.context)
    rules = {key: said(key) for key in address.RULE_KEYS}
    place = len(tokenize(asked.prompt)) + step - 1
    state.came_from = {"temperatures": asked.temperatures, "column": read + 1, "number": step, "at": place}
    state.carried = {
        "rule": [f"{k} {address.written(v)}" for k, v in rules.items() if v != FIELDS[k].default],
        "force": [f"{position + 1} {word}" for position, word in asked.forced],
        "draws": [PLACES[read]] * (asked.luck == "independent"),
    }
    values = {key: state[key] for key in ("title", "opening", "model", "seed", "words")}
    values |= {"temperature": asked.temperatures[read], "at": place}
    navigation.leave("pages/cell.py", values)


PRESETS: dict[str, tuple[dict[str, Any], str]] = {
    "Another verb at each T": (
        {"title": "Vanilla ice cream", "seed": 25, "words": 40},
        "Recipe verbs are underlined. One dish, one draw, three temperatures: read the first verb of each "
        "column. The hotter, the less usual. Under “Verbs” above you can see how likely each was.",
    ),
    "T = 0 runs in circles": (
        {"title": "Simple soup", "temperatures": (0.0, 0.3, 0.9), "words": 120},
        "At T = 0 the likeliest word is always taken, so like words lead to like words again: read the end "
        "of column 1. A little luck (column 2) does not help much; more (column 3) breaks the circle.",
    ),
    "T = 2 falls apart": (
        {"title": "Apple pie", "temperatures": (0.7, 1.3, 2.0)},
        "At T = 2 nearly any word may come next. Strong colour marks words that the network itself finds "
        "surprising: count them in each column.",
    ),
}
TOUR: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (
        "One prompt, three temperatures",
        "The same network continues the same words in every column, with the same luck. Only the "
        "temperature differs. "
        "Strong colour marks words that the network itself finds surprising. Drag a slider and watch.",
        {},
    ),
    (
        "T = 0 leaves nothing to luck",
        "The first column now always takes the likeliest word. Another seed (the die) changes the "
        "other columns, "
        "never this one.",
        {"temperatures": (0.0, 0.7, 1.2)},
    ),
    (
        "Where the ways part",
        "The bar in the second column marks the first word that differs from its neighbour, and the "
        "line below says why. "
        "The bars under the texts show what was likely there.",
        {"word": "parting"},
    ),
    (
        "The same context, re-tempered",
        "Now every column reads the words of column 1, so at each word the network says the same to "
        "all of them. "
        "What still differs in the chart is temperature alone: it flattens, and it keeps the order.",
        {"follow": "column 1", "word": 4},
    ),
    (
        "Hot, and held back",
        "At T = 2 thousands of words are in the running. Top-p = 0.8 removes the unlikely ones: "
        "they stay in the chart, "
        "faded. Compare with top-p off (in “More”, “How words are drawn”).",
        {"temperatures": (0.2, 0.7, 2.0), "p": 0.8},
    ),
)


def put_aside() -> None:
    """Remember what the visitor had set, before an example or the tour sets something else."""
    if state.get("tour") is None and state.get("look_at_request") not in (None, request()):
        state.pop("before_example", None)  # the visitor has gone on from the last example
    state.setdefault("before_example", [{key: said(key) for key in navigation.SHAPES}, *_columns_now()])
    state.examples = state.get("examples", 0) + 1


def _columns_now() -> tuple[Any, ...]:
    return list(state.temperatures[: state.n]), dict(state.forced), state.word


def give_back() -> None:
    shapes, temperatures, forced, word = state.pop("before_example")
    reset(temperatures, **shapes)
    state.forced, state.word, state.look_at, state.tour = forced, word, None, None
    state.examples = state.get("examples", 0) + 1


def preset(name: str) -> None:
    put_aside()
    changes, state.look_at = PRESETS[name]
    state.look_at_request = None  # those of the first drawing
    reset(**changes)


def tour(stop: int) -> None:
    """A stop of the tour; outside of it, the tour ends and gives back what was there before."""
    if not 0 <= stop < len(TOUR):
        return give_back()
    put_aside()
    state.tour, state.look_at = stop, None
    changes = dict(TOUR[stop][2])
    wanted = changes.pop("word", 1)
    reset(**changes)
    if wanted == "parting":
        mark = writers.compare(request()).marks[1]
        wanted = mark.position + 1 if mark else 1
    state.word = wanted


# -- the controls ----------------------------------------------------------------------------------


GROUPS = {
    "What is written": ("opening", "words", "model"),
    "How words are drawn": ("luck", "follow", *address.RULE_KEYS),
    "What colours say": ("color",),
}


def changed(keys: Sequence[str]) -> int:
    """How many of these controls do not say what they said at first."""
    return sum(said(key) != FIELDS[key].default for key in keys)


def restore(keys: Sequence[str]) -> None:
    """Have these controls say what they said at first."""
    for key in keys:
        state[key] = FIELDS[key].default


def restore_all() -> None:
    restore([key for keys in GROUPS.values() for key in keys])
    state.resets = state.get("resets", 0) + 1


def first_controls() -> None:
    """What stands above the columns: what to cook, examples, the luck, and the door to all else."""
    controls.title(FIELDS, "What the network is to write a recipe for: it continues “recipe for TITLE |”.")
    # A menu under another name is a new one, and closed: what was chosen in it is done.
    with st.popover("Examples", icon=":material/lightbulb:", key=f"examples{state.get('examples', 0)}"):
        for name in PRESETS:
            st.button(name, on_click=preset, args=(name,), type="tertiary", icon=":material/east:")
        st.button("Show me around", on_click=tour, args=(0,), icon=":material/signpost:", key="start_tour")
        if "before_example" in state:
            st.button("Back to what I had", on_click=give_back, icon=":material/undo:", key="give_back")
    controls.luck(
        FIELDS,
        "Decides the luck. The same seed gives the same draws at every temperature.",
        "Another seed: other luck, the same network and temperatures",
    )
    count = changed([key for keys in GROUPS.values() for key in keys])
    label = f"More · {count} changed" if count else "More"
    with st.popover(label, icon=":material/tune:", key=f"more{state.get('resets', 0)}"):
        for (heading, keys), fill in zip(GROUPS.items(), (written, drawn, colors), strict=True):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f"**{heading}**")
                st.button(
                    "Reset",
                    key=f"reset {heading}",
                    on_click=restore,
                    args=(keys,),
                    type="tertiary",
                    disabled=not changed(keys),
                )
            fill()
        st.button(
            "Reset all of this",
            key="reset_all",
            on_click=restore_all,
            disabled=not count,
        )
    share.share()


def written() -> None:
    controls.opening(FIELDS)
    with st.container(horizontal=True):
        controls.words(FIELDS)
        controls.network(FIELDS)


def drawn() -> None:
    """What is the same in every column."""
    controls.segments(
        FIELDS["luck"],
        "Luck",
        help="“shared”: one draw a word serves every column. “separate”: each column draws for itself.",
    )
    controls.labelled(
        replace(FIELDS["follow"], options=("own", *PLACES[: state.n])),
        "Each column reads",
        controls.select,
        st.selectbox,
        lambda place: "its own words" if place == "own" else f"the words of {place}",
        help="Its own words: each column goes on from what it has written itself. The words of column 2: all "
        "columns read these, so that their bars show one context at several temperatures.",
    )
    st.caption("Sampling rules. They act in this order, in every column.")
    controls.rules(FIELDS)


def colors() -> None:
    controls.segments(
        FIELDS["color"],
        "Colour of a word",
        help="How far from expected each word was, by the network's own "
        "probabilities at T = 1 (surprisal, rank) or by what it was drawn from (probability). Surprisal is "
        "in bits: each bit halves the probability; a word of 50 % has 1 bit, one of 0.1 % has 10.",
    )
    st.html(drawing.legend(state.color), width="content")


def messages() -> None:
    asked = request()
    drawing.warn(address.notes("compare", asked) + controls.text_notes(writers.load(asked.model).vocabulary))
    if state.get("look_at"):
        state.look_at_request = state.look_at_request or asked
        if state.look_at_request == asked:
            st.info(f"**What to look at.** {state.look_at}", icon=":material/visibility:")
        else:
            state.look_at = None
    if state.get("tour") is not None:
        heading, text, _ = TOUR[state.tour]
        with st.container(border=True, key="tour_box"):
            st.markdown(f"**{state.tour + 1} of {len(TOUR)} · {heading}**  \n{text}")
            with st.container(horizontal=True, gap="small"):
                st.button(
                    "Back", key="tour_back", on_click=tour, args=(state.tour - 1,), disabled=state.tour == 0
                )
                last = state.tour == len(TOUR) - 1
                st.button(
                    "Done" if last else "Next",
                    key="tour_next",
                    type="primary",
                    on_click=tour,
                    args=(state.tour + 1,),
                )
                if not last:
                    st.button("End the tour", key="tour_end", type="tertiary", on_click=tour, args=(-1,))


def downloads() -> None:
    st.caption("The address of this page brings back everything on it, on any machine.")
    title, shown = report.file_name(request().title), state.shown

    def saved(write: Callable[..., str]) -> Callable[[], str]:
        return lambda: write(shown["comparison"], shown["facts"])  # called from another thread, on a click

    for label, write, kind, mime, icon in (
        ("Run as JSON", report.to_json, "json", "application/json", "data_object"),
        ("Run as CSV", report.to_csv, "csv", "text/csv", "table"),
        ("Report as HTML", report.to_html, "html", "text/html", "article"),
    ):
        st.download_button(
            label,
            saved(write),
            f"{title}.{kind}",
            mime,
            on_click="ignore",
            icon=f":material/{icon}:",
            width="stretch",
            key=f"save_{kind}",
        )
    about = f"{one_line(request().title, 60) or 'no title'} ({request().model}, seed {request().seed})"
    headings = {
        "run": f"The whole run: {about}",
        "word": f"Word {state.word}: {about}",
        "knob": f"Word {state.word} at any temperature: {about}",
    }
    pictures = {"run": "timeline", "word": "chart", "knob": "knob"}
    save_component(key="save", data={"charts": pictures, "headings": headings, "name": title})


# -- the comparison --------------------------------------------------------------------------------


@st.fragment(key="texts")
def texts(drawn_with: tuple[int, bool]) -> None:
    """A move of a slider redraws this alone; what stands below is asked for when it is looked at and the hand
    rests."""
    if drawn_with != (state.n, said("present")):  # what "Each column reads" depends on, and what is in sight
        st.rerun()
    state.drawings = state.get("drawings", 0) + 1
    with writers.waiting():
        draw_texts(whole=state.pop("whole", False))


def draw_texts(whole: bool) -> None:
    """`whole`: what stands below is drawn at once, too."""
    shown = state.shown
    try:
        asked = request()
        comparison = writers.compare(asked)
        go_to(state.word)
        word = min(state.word, max(comparison.length, 1))
        below = bars(comparison, word - 1)
        draws = (
            hundred_draws(comparison, word - 1, asked.seed, below)
            if state.get("hundred")
            else [[] for _ in below]
        )
        written = [
            columns.column(comparison, k, name, mark, asked.opening, bars=below[k], draws=draws[k])
            for k, (name, mark) in enumerate(zip(comparison.names(), comparison.marks, strict=True))
        ]
    except Exception:
        logger.exception("the texts could not be written")
        if "drawn" not in shown:
            st.error("The texts could not be written. Change a control, or load the page again.")
            return
        state.flash = "The texts for this change could not be written. Here are those from before it."
        asked, comparison, written, unmoved = shown["drawn"]
        state.update(unmoved)
        word = state.word
    shown.update(comparison=comparison, facts={**asked.facts(), "step": word})
    unmoved = {name: copy.deepcopy(state[name]) for name in ("n", "temperatures", "forced", "word")}
    shown["drawn"] = asked, comparison, written, unmoved
    with st.container(key="what_ifs"):
        forced_words()
    with st.container(key="texts"):
        columns.show(
            "columns",
            written,
            word,
            opening=asked.opening,
            measure=said("color"),
            view=state.view,
            point=point_of(asked.seed, word),
            explained=about("effective choices"),
            hundred=f"{word} {asked.seed}" * bool(state.get("hundred")),
            below=state.below,
            drawing=state.drawings,
            on_rest=draw_rest,
            on_ask=take_in,
            on_add=add_column,
            on_remove=remove_column,
            on_force=pick_bar,
            on_view=take_view,
            on_hundred=take_hundred,
            present=(asked.title or "Any recipe") if said("present") else None,
            on_leave=share.leave,
        )
    if not (whole or state.below):  # else that goes on with it
        comparison.let_go()
    write_address()
    column, way = state.pop("moved", (state.n, 0))
    if column < state.n:
        writers.compare_ahead(asked, column, way, choices=state.below)


@st.fragment(key="further_down")
def further_down() -> None:
    """What stands below the texts: a move of a slider leaves it as it is."""
    if "drawn" not in state.shown:
        return
    asked, comparison, *_ = state.shown["drawn"]
    word = state.shown["facts"]["step"]
    with st.container(key="further_down"), writers.waiting():
        with st.container(key="possible"), or_a_sentence("What can be done about this word"):
            about_word(comparison, asked, word)
        with st.container(key="run"), or_a_sentence("The lines of the whole run"):
            timeline(comparison, word)
        with st.container(key="own_knob"), or_a_sentence("The knob"):
            knob(comparison, word)
    comparison.let_go()


@contextlib.contextmanager
def or_a_sentence(what: str) -> Iterator[None]:
    """An error in one part of the page leaves the others alone, and the part to the next move."""
    try:
        yield
    except Exception:
        logger.exception("%s: not drawn", what)
        st.warning(f"{what} could not be drawn. The next move of a slider draws everything again.")


def forced_words() -> None:
    if flash := state.pop("flash", ""):
        st.warning(flash, icon=":material/info:")
    if state.forced:
        with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key="forced_words"):
            st.markdown("What if …", width="content")
            for position, word in sorted(state.forced.items()):
                st.button(
                    f"word {position + 1} is “{plain(word) or 'the end'}”",
                    icon=":material/close:",
                    key=f"free{position}",
                    on_click=free,
                    args=(position + 1,),
                    help="Let the columns choose this word again",
                )


def timeline(comparison: Comparison, word: int) -> None:
    drawn = state.below  # as long as it is out of sight, a move need not wait for it
    with st.container(horizontal=True, vertical_alignment="bottom", key="timeline_head"):
        measure = said("line")
        point = comparison.timeline_summary(measure) if drawn else ""
        st.html(drawing.chapter("The whole run", TIMELINE_CAPTIONS[measure], point))
        controls.segments(FIELDS["line"], "What the lines show", label_visibility="collapsed")
    if not drawn:
        return
    drawing.draw(
        charts.timeline_spec(
            comparison.timeline_rows(), step=word, measure=measure, picks=state.get("picks", 0)
        ),
        what="Line chart over the words of each text",
        key="timeline",
        on_select=pick_point,
    )


def about_word(comparison: Comparison, asked: Request, word: int) -> None:
    """What the bars under the texts say, and what can be done about the picked word."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="chart_head"):
        caption, point = step_caption(comparison, asked, word - 1), comparison.step_summary(word - 1)
        # By this the columns know what all of this is about; without its charts, about nothing yet.
        mark = f'<span hidden data-drawing="{state.drawings if state.below else ""}"></span>'
        st.html(drawing.chapter(f"Word {word}: what it could have been", caption, point) + mark)
        with st.container(
            horizontal=True, vertical_alignment="bottom", width="content", key="chart_controls"
        ):
            what_ifs(comparison, word)
            keep(comparison, word)


def point_of(seed: int, word: int) -> float:
    """Where the point on the words' line stands at first: anywhere, with equal chances."""
    return float(Luck(seed).raw(word - 1, 1)[0]) / 2**32


def contexts(comparison: Comparison, asked: Request, position: int) -> str:
    """Which columns have read the same words before the one at `position`, in a sentence."""
    groups: dict[str, list[str]] = {}
    for number, step in enumerate(comparison.steps_at(position), 1):
        if step:
            groups.setdefault(step.prompt, []).append(str(number))
    if len(groups) < 2:
        what = "temperature alone" if asked.luck == "shared" else "temperature, and each column's own luck"
        return f"All columns have read the same words so far: what differs is {what}."
    same = [" and ".join((", ".join(group[:-1]), group[-1])) for group in groups.values() if len(group) > 1]
    if not same:
        return "Each column has read other words by now: their contexts differ as well as their temperatures."
    told = "; so have columns ".join(same)
    return (
        f"Columns {told} have read the same words so far; any other pair of columns differs in context too."
    )


def step_caption(comparison: Comparison, asked: Request, position: int) -> str:
    """What the columns have read before the word at `position`, and what the chart's signs mean."""
    if asked.context != "own":
        read = f"All columns read the words of column {int(asked.context) + 1}: one context, re-tempered."
    else:
        read = contexts(comparison, asked, position)
    forced = dict(asked.forced).get(position)
    if forced is not None:
        read = (
            f"“{forced}” is forced here, in every text. {read}"
            if forced
            else f"Every text is forced to end here. {read}"
        )
    sums = (
        "Faded: what a sampling rule removed, as likely as it was before. The other bars of a panel sum to "
        "100 %."
        if controls.rules_on(FIELDS)
        else "The last row is the rest of the vocabulary, so each panel sums to 100 %."
    )
    if state.view == "luck":
        return (
            f"{read} The numbers are log p + g: the logarithm of the word's probability, and the draw's luck "
            "for this word. The largest is written (outlined), unless a word is forced."
        )
    if state.view == "point":
        return (
            f"{read} One point for all columns, yours to move: it falls on another word where temperature "
            "has changed the shares. The word written (outlined) had another draw, in which each word has a "
            "luck of its own."
        )
    return f"{read} Outlined: the word written. {sums} Click a bar to see what would follow that word."


def what_ifs(comparison: Comparison, word: int) -> None:
    """What can be done about the picked word."""
    likely = comparison.bundle.vocabulary.decode(likely_words([comparison], word - 1))
    st.selectbox(
        f"What if word {word} were …",
        [word or END_OF_RECIPE for word in likely],
        index=None,
        key="whatif",
        on_change=what_if,
        accept_new_options=True,
        width=240,
        placeholder="choose or type a word",
    )
    column = st.menu_button(
        "Look inside",
        PLACES[: state.n],
        icon=":material/frame_inspect:",
        key="look_inside",
        help="What the network's gates do when a column chooses this word",
    )
    if column:
        state.looking = PLACES.index(column)
        st.rerun()


def keep(comparison: Comparison, word: int) -> None:
    """Files of what is on the page; its pictures are drawn when they are looked at."""
    with st.popover("Keep", icon=":material/download:", key="keep", on_change="rerun") as place:
        if not place.open:
            return
        downloads()
        drawing.draw(
            charts.step_spec(comparison.step_rows(word - 1), luck=state.view == "luck"),
            comparison.step_summary(word - 1),
            what="Bar chart of the next word, a panel a temperature",
            key="chart",
        )


def knob(comparison: Comparison, word: int) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        with st.container(horizontal=True, vertical_alignment="bottom", key="knob_head"):
            there = PLACES[: state.n]
            k = there.index(said("live")) if said("live") in there else 0
            drawn, ended = state.below, word > len(comparison.runs[k].steps)
            st.html(
                drawing.chapter(
                    "Turn the knob yourself",
                    f"Column {k + 1} has ended before word {word}."
                    if ended
                    else "The word picked above at any temperature up to 5, without sampling rules.",
                    comparison.live_summary(k, word - 1) if drawn else "",
                )
            )
            controls.select(
                replace(FIELDS["live"], options=there),
                "The logits of",
                width=150,
                label_visibility="collapsed",
            )
        if not drawn:
            st.html(f'<div style="height: {KNOB_HEIGHT}px"></div>')  # as much room as it will take
        elif not ended:
            drawing.draw(
                charts.live_spec(comparison.live_rows(k, word - 1)),
                what="Bar chart of the next word with its own temperature slider",
                key="knob",
            )
    with right:
        st.markdown(HOW)


# -- the page --------------------------------------------------------------------------------------


def page() -> None:
    begin()
    state.setdefault("shown", {})  # what the comparison shows, for downloads
    state.setdefault("below", False)  # whether what stands below the texts is in sight
    st.html(
        '<div class="chapter first"><h1>What does temperature do?</h1><p>A small network writes a '
        "recipe, word by word; temperature says how far it may stray from the likeliest word. Drag a slider. "
        '<span class="more">It has no idea of cooking: watch it forget its ingredients. Strong green: '
        "unlikely. Underlined: verbs.</span></p></div>"
    )
    places = [st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="controls")]
    # Always there, so that what follows keeps its place, and its focus, when a note comes or goes.
    places.append(st.container(key="messages"))
    first = navigation.is_first_drawing()
    state.whole = True
    if first:  # what people come to see is there at once, as the address has it; the controls follow
        early = request()
        texts((state.n, said("present")))
    for place, fill in zip(places, (first_controls, messages), strict=True):
        with place:
            fill()
    if "looking" in state:
        look_inside(request(), state.pop("looking"), state.word)
    if not first:
        texts((state.n, said("present")))
    elif request() != early:
        st.rerun()
    further_down()


page()
