"""How quick the comparison page feels in a real browser.

Beside pages that do almost nothing: from a key press on a slider to the new text and to the redrawn step
chart (5 columns of 60 words; a page with one slider and its number), and from opening the page to its texts
and to its first chart (a page with one small Altair chart). And the first chart of the models page and the
first picture of the page inside the cell, beside the comparison's first chart; and there, another gate. And
from a key press to fifty other texts of fifteen words.
`python -m benchmarks.page` has options of its own.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import tempfile
import time
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from benchmarks.measuring import Result, duration, print_results
from benchmarks.serving import ROOT, serving

EMPTY = 'import streamlit as st\nst.text(st.slider("x", 0.0, 2.0, 0.2, 0.05))\n'
SMALL = (
    "import altair as alt\nimport streamlit as st\n"
    'data = alt.Data(values=[{"word": w, "p": p} for w, p in zip("abcdefgh", (8, 7, 6, 5, 4, 3, 2, 1))])\n'
    'st.altair_chart(alt.Chart(data).mark_bar().encode(x="p:Q", y="word:N"))\n'
)


# Runs in the page: press an arrow key on a slider, resolve with the milliseconds until `read()` changes.
_WATCH = """
async ([slider, parts]) => {
  const read = (part) => {
    const element = document.querySelector(part);
    return element ? (element.shadowRoot ?? element).textContent.trim() || element.innerHTML : "";
  };
  const deep = (part) => {
    const [outer, inner] = part.split(" >>> ");
    const host = [...document.querySelectorAll(outer + " *")].find((e) => e.shadowRoot?.querySelector(inner));
    return inner ? host?.shadowRoot.querySelector(inner).textContent ?? "" : read(outer);
  };
  const before = parts.map(deep);
  const took = parts.map(() => null);
  const started = performance.now();
  window.pressed();
  while (took.includes(null) && performance.now() - started < 8000) {
    await new Promise(requestAnimationFrame);
    parts.forEach((part, i) => {
      if (took[i] === null && deep(part) !== before[i]) took[i] = performance.now() - started;
    });
  }
  return took;
}
"""


def response(page: Page, slider: str, parts: list[str], times: int) -> list[float]:
    """Median milliseconds from a key press on `slider` to a change in each of `parts`."""
    thumb = page.locator(slider)
    taken: list[list[float]] = []
    for i in range(times + 1):
        thumb.focus()
        page.evaluate("() => { window.pressed = () => {}; }")
        watching = page.evaluate_handle(
            "(args) => { const run = " + _WATCH + "; return { done: run(args) }; }", [slider, parts]
        )
        page.keyboard.press("ArrowRight")
        took = page.evaluate("(handle) => handle.done", watching)
        if i and None not in took:
            taken.append(took)
        page.wait_for_timeout(400)
    return [statistics.median(column) for column in zip(*taken, strict=True)]


# Runs in each page that is opened: notes when what is waited for is there, in milliseconds since its opening.
_ARRIVALS = """
window.arrived = {};
(function look() {
  const inside = (outer, inner) =>
    [...document.querySelectorAll(outer + " *")].some((e) => e.shadowRoot?.querySelector(inner));
  const there = {
    chart: () => document.querySelector(".vega-embed svg.marks"),
    texts: () => inside(".st-key-columns", ".word"),
    picture: () => inside(".st-key-picture", ".word"),
  };
  for (const [name, found] of Object.entries(there)) {
    if (!(name in window.arrived) && found()) window.arrived[name] = performance.now();
  }
  requestAnimationFrame(look);
})();
"""


def opening(page: Page, address: str, times: int, what: str = "chart") -> float:
    """Median milliseconds from opening `address`, in an empty tab, until `what` of `_ARRIVALS` is there."""
    taken = []
    for i in range(times + 1):
        page.goto("about:blank")
        page.goto(address, wait_until="commit")
        page.wait_for_function("(what) => window.arrived?.[what]", arg=what)
        if i:
            taken.append(page.evaluate("(what) => window.arrived[what]", what))
        page.wait_for_timeout(3000)  # the rest of the page, which would be in the next one's way
    return statistics.median(taken)


def gates(page: Page, times: int) -> float:
    """Median milliseconds from a click on another gate of the open cell page to its picture."""
    taken = []
    for i in range(times + 1):
        gate = ("forget", "candidate")[i % 2]
        button = page.locator(".st-key-gate").get_by_role("radio", name=gate)
        started = time.perf_counter()
        button.click()
        page.wait_for_selector(f".st-key-picture .frame[aria-label^='Picture of the {gate}']")
        if i:
            taken.append(1000 * (time.perf_counter() - started))
        page.wait_for_timeout(400)
    return statistics.median(taken)


def run(times: int = 12, browser: str = "/usr/bin/chromium", address: str = "") -> list[Result]:
    """Medians of `times`; `address` is that of a server of the app which runs already."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        empty, small = Path(folder, "empty.py"), Path(folder, "small.py")
        empty.write_text(EMPTY, encoding="utf-8")
        small.write_text(SMALL, encoding="utf-8")
        ours, empty_at, small_at = (
            address if script is None else f"http://{stack.enter_context(serving(script)).address}"
            for script in (None if address else ROOT / "app.py", empty, small)
        )
        playwright = stack.enter_context(sync_playwright())
        executable = browser if Path(browser).exists() else None
        chromium = playwright.chromium.launch(
            executable_path=executable, args=["--no-sandbox", "--disable-gpu"]
        )
        page = chromium.new_page(viewport={"width": 1440, "height": 2000})
        page.add_init_script(_ARRIVALS)

        page.goto(empty_at)
        page.wait_for_selector("[data-testid=stText]")
        (base,) = response(page, ".stSlider input", ["[data-testid=stText]"], times)

        page.goto(f"{ours}/?n=5")
        page.wait_for_selector(".st-key-columns .column:nth-child(2) .bar")
        page.wait_for_timeout(1500)
        text, chart = response(
            page,
            ".st-key-columns .column:nth-child(2) input",
            [
                ".st-key-columns >>> .column:nth-child(2) .head",
                ".st-key-columns >>> .column:nth-child(2) .rows",
            ],
            times,
        )
        first, small_first = opening(page, ours, times), opening(page, small_at, times)
        texts = opening(page, ours, times, "texts")
        models_first = opening(page, f"{ours}/models", times)
        cell_first = opening(page, f"{ours}/cell", times, "picture")
        page.wait_for_selector(".st-key-memory svg.marks")
        page.wait_for_timeout(1500)
        gate = gates(page, times)
        page.goto(f"{ours}/many?depth=15")
        page.wait_for_selector(".st-key-braid .panel text")
        page.wait_for_timeout(1500)
        (braid,) = response(page, ".st-key-t3 input", [".st-key-braid >>> .panel:nth-child(3)"], times)
        chromium.close()
    return [
        Result(name, mine / theirs, target, False, f"{duration(mine / 1000)} : {duration(theirs / 1000)}")
        for name, mine, theirs, target in (
            ("slider to new text : to a number, on an empty page", text, base, 1.5),
            ("slider to new bars : to a number, on an empty page", chart, base, 3),
            ("opening to the texts : to the chart of a page with a small one", texts, small_first, 1.5),
            ("opening to the first chart : on a page with a small one", first, small_first, 1.5),
            ("opening the models page to its first chart : the comparison", models_first, first, 2),
            ("opening the cell page to its first picture : the comparison", cell_first, first, 2),
            ("another gate of the cell page : to a number, on an empty page", gate, base, 5),
            ("slider to 50 new texts of 15 words : to a number, on an empty page", braid, base, 5),
        )
    ]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page", description="How quick the page is.")
    parser.add_argument("--times", type=int, default=12)
    parser.add_argument("--browser", default="/usr/bin/chromium")
    parser.add_argument("--address", default="", help="measure a server that is already running")
    args = parser.parse_args()
    print_results("page", run(args.times, args.browser, args.address))


if __name__ == "__main__":
    main()
