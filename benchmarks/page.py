"""How quick the comparison page feels, measured in a real browser: `python -m benchmarks.page`.

Medians of one run, against pages that do almost nothing: from a slider's key press to the new text (5 columns of 60
words; an empty page with one slider and its number), to the redrawn step chart, and from opening the page to the first
chart (a page with one small Altair chart). The machine's speed cancels out in the ratios.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
EMPTY = 'import streamlit as st\nst.text(st.slider("x", 0.0, 2.0, 0.2, 0.05))\n'
SMALL = (
    "import altair as alt\nimport streamlit as st\n"
    'data = alt.Data(values=[{"word": w, "p": p} for w, p in zip("abcdefgh", (8, 7, 6, 5, 4, 3, 2, 1))])\n'
    'st.altair_chart(alt.Chart(data).mark_bar().encode(x="p:Q", y="word:N"))\n'
)


@contextlib.contextmanager
def serving(script: Path) -> Iterator[str]:
    """The address of a Streamlit server that runs `script`, until the block ends."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable,
        "-m",
        "streamlit",
        "run",
        str(script),
        "--server.headless=true",
        f"--server.port={port}",
        "--server.address=127.0.0.1",
        "--server.fileWatcherType=none",
        "--browser.gatherUsageStats=false",
    ]
    server = subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        for _ in range(240):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1).close()
                break
            time.sleep(0.25)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


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


def opening(page: Page, address: str, times: int) -> float:
    """Median milliseconds from opening `address` to its first chart."""
    taken = []
    for i in range(times + 1):
        started = time.perf_counter()
        page.goto(address)
        page.wait_for_selector(".vega-embed svg.marks")
        if i:
            taken.append(1000 * (time.perf_counter() - started))
    return statistics.median(taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=12)
    parser.add_argument("--browser", default="/usr/bin/chromium")
    parser.add_argument("--address", help="measure a server that is already running")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        empty, small = Path(folder, "empty.py"), Path(folder, "small.py")
        empty.write_text(EMPTY)
        small.write_text(SMALL)
        ours = args.address or stack.enter_context(serving(ROOT / "app.py"))
        empty_at, small_at = stack.enter_context(serving(empty)), stack.enter_context(serving(small))
        playwright = stack.enter_context(sync_playwright())
        executable = args.browser if Path(args.browser).exists() else None
        browser = playwright.chromium.launch(
            executable_path=executable, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1440, "height": 2000})

        page.goto(empty_at)
        page.wait_for_selector("[data-testid=stText]")
        (base,) = response(page, ".stSlider input", ["[data-testid=stText]"], args.times)

        page.goto(f"{ours}/?n=5")
        page.wait_for_selector(".st-key-chart svg.marks")
        page.wait_for_timeout(1500)
        text, chart = response(
            page, ".st-key-t2 input", [".st-key-words1 >>> .head", ".st-key-chart svg.marks"], args.times
        )
        print(f"slider to number, empty page   {base:7.0f} ms")
        print(f"slider to new text             {text:7.0f} ms   {text / base:.2f} x   (at most 1.5)")
        print(f"slider to new step chart       {chart:7.0f} ms   {chart / base:.2f} x   (at most 3)")

        small_ms, ours_ms = opening(page, small_at, args.times), opening(page, ours, args.times)
        print(f"opening to chart, small page   {small_ms:7.0f} ms")
        print(
            f"opening to first chart         {ours_ms:7.0f} ms   {ours_ms / small_ms:.2f} x   (at most 1.5)"
        )
        browser.close()


if __name__ == "__main__":
    main()
