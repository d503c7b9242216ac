"""What every page draws with: styles, escaping, headings, legends, and charts that are updated in place."""

from __future__ import annotations

import hashlib
import html
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import streamlit as st

from textgen import charts
from textgen.views.glossary import GLOSSARY, pieces

ASSETS = Path(__file__).parents[2] / "assets"
DOCUMENTS = Path(__file__).parents[2] / "docs"


def _without(*selectors: str) -> str:
    return f"{', '.join(selectors)} {{ display: none !important; }}"


# The parts that a page can be shown without: how an address calls each, what it is, and the style that leaves
# it out. What stands inside a component is out of a selector's reach; properties reach it.
PARTS = {
    "title": ("headline", _without('[data-testid="stElementContainer"]:has(.chapter.first)')),
    "controls": (
        "controls",
        _without('[data-testid="stLayoutWrapper"]:has(> .st-key-controls)')
        + " .stApp { --controls: -1rem !important; }",
    ),
    "texts": ("texts", ".stApp { --texts: none; }"),
    "bars": ("bars", ".stApp { --bars: none; --cap: none; }"),
    "walk": ("walk through the words", ".stApp { --walk: none; }"),
    "word": ("what else a word could be", _without(".st-key-possible")),
    "run": ("the whole run", _without(".st-key-run")),
    "knob": ("the knob", _without(".st-key-own_knob")),
}


def plain(text: str) -> str:
    """`text` for a Markdown element, every mark of it shown as it was written."""
    return re.sub(r"([\\`*_{}\[\]()<>#+\-.!|~$:&^=])", r"\\\1", _without_icons(text))


def control_name(text: str) -> str:
    """`text` for the name of a control, which is read aloud as it is written: a backslash stands only before
    a mark that would mean something."""
    marks = r"[\\`*_~$<]|\](?=[(\[])|[:&](?=\w)|(?<=\w)\.(?=[A-Za-z])|^[#+\->]|(?<=^\d)[.)]"
    return re.sub(f"({marks})", r"\\\1", _without_icons(text))


def _without_icons(text: str) -> str:
    """`text` with a word joiner, which nobody sees, in the names of icons and emoji between colons: Streamlit
    replaces them after the marks were read, so that a backslash does not keep them."""
    return re.sub(r":(?=[\w+/-]+:)", ":\u2060", text)


def document(name: str) -> str:
    """The text of a file in `docs`."""
    return (DOCUMENTS / name).read_text(encoding="utf-8")


def component(name: str) -> Any:
    """The small front-end component in `assets/NAME`; its content is set as text, never as markup.

    Streamlit sends a component's sources with all that it is given to show. Those of `SENT_ONCE` are a
    message of their own, which a browser keeps (see `send_sources`): else half of what a slider sends."""
    if name not in SENT_ONCE:
        html, css, script = _sources(name)
        return st.components.v2.component(f"simmer_{name}", html=html, css=css, js=script)
    script = f"""
      const told = "simmer {name}";
      export default async function (own) {{
        while (!globalThis[told]) await new Promise((go) => addEventListener(told, go, {{ once: true }}));
        return globalThis[told](own);
      }}"""
    return st.components.v2.component(f"simmer_{name}", js=script)


def _sources(name: str) -> tuple[str, str, str]:
    """HTML, CSS and JavaScript of the component `name`."""
    folder = ASSETS / name

    def read(file: str) -> str:
        return (folder / file).read_text(encoding="utf-8")

    # The browser gets one module: what it imports from its own folder is put in place.
    beside = re.compile(r'^import .* from "\./([\w-]+\.js)";$', re.MULTILINE)
    return (
        read(f"{name}.html"),
        read(f"{name}.css"),
        beside.sub(lambda match: read(match[1]), read(f"{name}.js")),
    )


def _keeper(name: str) -> Any:
    """A component that has nothing to show: it has the browser keep the sources of another."""
    html, css, script = _sources(name)
    own, count = re.subn(r"^export default function\b", "const draw = function", script, flags=re.MULTILINE)
    assert count == 1
    content = json.dumps(f"{html}<style>{css}</style>")
    own += f"""
      const dressed = new WeakSet();
      globalThis["simmer {name}"] = (own) => {{
        const place = own.parentElement;
        if (!dressed.has(place)) {{
          dressed.add(place);
          place.replaceChildren(document.createRange().createContextualFragment({content}));
        }}
        return draw(own);
      }};
      dispatchEvent(new Event("simmer {name}"));
      export default () => {{}};"""
    return st.components.v2.component(f"simmer_{name}_sources", js=own)


SENT_ONCE = ("braid", "cell", "columns")  # those that a moved slider draws again
_keepers = {name: _keeper(name) for name in SENT_ONCE}


def send_sources(names: Sequence[str]) -> None:
    """Give the browser the sources of these of `SENT_ONCE`, which it keeps from then on. Outside of whatever
    is drawn again by itself."""
    for name in names:
        _keepers[name](key=f"{name}_sources")


def styles(*more: str) -> None:
    """The looks that every page shares, and those of the files `more`."""
    for name in ("page", *more):
        st.html(ASSETS / f"{name}.css")
    scale = ", ".join(charts.temperature_color(t / 4) for t in range(9))
    looks = f"--hue: {charts.SURPRISAL_COLOR}; --scale: linear-gradient(to right, {scale});"
    st.html(f"<style>:root {{ {looks} }}</style>")


def style_columns(temperatures: Sequence[float]) -> None:
    """The containers `column1`, `column2`, ... and the sliders in them take the colours of temperatures."""
    rules = "".join(
        f".st-key-column{k} {{ --heat: {charts.temperature_color(t)}; }}"
        for k, t in enumerate(temperatures, 1)
    )
    st.html(f"<style>{rules}</style>")


def warn(sentences: Sequence[str]) -> None:
    """One box that says them all, already escaped; none, no box."""
    if sentences:
        st.warning("  \n".join(sentences), icon=":material/info:")


def legend(color: str) -> str:
    """The scale of the words' colour, as HTML."""
    ends = {
        "surprisal": ("at T = 1: 0 bits", "12 bits or more"),
        "rank": ("rank 1", "rank 1,000 or more"),
        "probability": ("100 %", "0 %"),
    }.get(color)
    if ends is None:
        return '<span class="legend">&nbsp;</span>'
    low, high = (html.escape(end) for end in ends)
    return f'<span class="legend">{low}<i></i>{high}</span>'


def terms(text: str) -> str:
    """`text` as HTML, its marks escaped: a word of the glossary says what it means when it is pointed at,
    tapped, or reached with the keyboard. What stands between backticks is code."""
    parts = []
    for place, part in enumerate(text.split("`")):
        if place % 2:
            parts.append(f"<code>{html.escape(part)}</code>")
            continue
        for piece, term in pieces(part):
            shown = html.escape(piece)
            if term:
                tip = html.escape(f"{term}: {GLOSSARY[term]}")
                told = f'data-tip="{tip}" aria-description="{tip}"'
                shown = f'<span class="term" tabindex="0" {told}>{shown}</span>'
            parts.append(shown)
    return "".join(parts)


def note(text: str) -> None:
    """A caption, whose words of the glossary explain themselves."""
    st.html(f'<p class="note">{terms(text)}</p>')


def words_used() -> None:
    """The glossary, at the foot of a page."""
    entries = sorted(GLOSSARY.items(), key=lambda entry: entry[0].strip("[").lower())
    with st.expander("Words used here", icon=":material/menu_book:"):
        st.html(
            '<dl class="glossary">'
            + "".join(
                f"<div><dt>{html.escape(term)}</dt><dd>{html.escape(meaning)}</dd></div>"
                for term, meaning in entries
            )
            + "</dl>"
        )


def chapter(title: str, caption: str, point: str) -> str:
    """The head of a chart, as HTML: its title, what it shows, and in words, for screen readers, its point."""
    return (
        f'<div class="chapter"><h3>{html.escape(title)}</h3><p>{terms(caption)}</p>'
        f'<p class="for-screen-readers">{html.escape(point)}</p></div>'
    )


def sample(temperature: float, text: str) -> str:
    """A text under its temperature, as HTML; `text` is HTML already."""
    return (
        f'<p class="sample-name" style="color: {charts.temperature_color(temperature)}">'
        f'T = {temperature:g}</p><p class="sample">{text}</p>'
    )


# Streamlit 1.65, the last for Python 3.10, draws a chart once for each key, whatever it is to show later.
CHARTS_FOLLOW = tuple(map(int, st.__version__.split(".")[:2])) >= (1, 66)


def draw(
    spec: dict[str, Any],
    point: str | None = None,
    *,
    what: str,
    key: str,
    on_select: Callable[[Any], None] | None = None,
) -> None:
    """A chart that is updated in place. `point` says in words what it shows now, for screen readers; None
    where a `chapter` has said it. `on_select` is called with what is picked in it.

    Streamlit draws a chart anew when its `alt` text changes, so that text is constant and `point` stands
    before it. Tables reach the browser sooner than lists of rows, which would go through pandas.
    """
    tables = {name: pa.Table.from_pylist(rows) for name, rows in spec["datasets"].items()}
    if point is not None:
        st.html(f'<p class="for-screen-readers">{html.escape(point)}</p>')
    name = f"{key}_chart"
    if not CHARTS_FOLLOW:
        name += hashlib.sha256(repr(spec).encode()).hexdigest()[:8]
    with st.container(key=key):
        st.vega_lite_chart(
            {**spec, "datasets": tables},
            key=name,
            width="stretch",
            on_select=(lambda: on_select(st.session_state[name].selection)) if on_select else "ignore",
            alt=f"{what}. What it shows now is said in the text before it.",
        )
