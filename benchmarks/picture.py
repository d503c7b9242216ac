"""The moving picture of the README: `python -m benchmarks.picture assets/dragging.webp`.

The app in a headless Chromium, a slider dragged with its mouse; a frame for each step of the slider, taken
once the page has answered, with the pointer drawn in, as Chromium shows none there.
"""

from __future__ import annotations

import io
import re
import sys

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from benchmarks.serving import ROOT, serving

SIZE = {"width": 960, "height": 612}
SHOWN = {"x": 0, "y": 0, "width": 960, "height": 584}  # down to the bars
ADDRESS = "?n=2&t1=0.2&t2=1.5"
HOT, MIDDLE, COLD = 1.5, 0.9, 0.2
FRAME, REST, LONG_REST = 110, 900, 1700  # milliseconds
IDLE = "[data-testid='stApp'][data-test-script-state='notRunning']"
POINTER = """() => document.body.insertAdjacentHTML('beforeend', `<svg id="pointer" width="22" height="22"
    style="position:fixed;z-index:9999999;pointer-events:none"><path d="M2 1v16l4.5-4 3 7 3-1.3-3-6.7H15z"
    stroke="#fff" stroke-width="1.5"/></svg>`)"""


def shot(page: Page) -> Image.Image:
    return Image.open(io.BytesIO(page.screenshot(clip=SHOWN))).convert("RGB")


def record(page: Page) -> tuple[list[Image.Image], list[int]]:
    """Frames of a slider that is dragged from hot to cold and back, and how long each is shown."""
    slider = page.locator(".st-key-columns .column").nth(1)
    box = slider.locator("input").bounding_box()
    assert box is not None
    thumb, y = 18, box["y"] + box["height"] / 2

    def move(temperature: float) -> None:
        x = box["x"] + thumb / 2 + temperature / 2 * (box["width"] - thumb)
        page.mouse.move(x, y)
        page.evaluate("([x, y]) => Object.assign(pointer.style, {left: `${x}px`, top: `${y}px`})", [x, y])

    page.evaluate(POINTER)
    move(HOT)
    page.mouse.down()
    frames, times = [shot(page)], [LONG_REST]
    for start, end, rest in ((HOT, MIDDLE, REST), (MIDDLE, COLD, LONG_REST), (COLD, HOT, FRAME)):
        steps = round(abs(end - start) / 0.05)
        for step in range(1, steps + 1):
            temperature = round(start + (end - start) * step / steps, 2)
            move(temperature)
            slider.get_by_text(re.compile(rf"^T = {temperature:g}(?!\d)")).first.wait_for()
            page.wait_for_timeout(60)
            page.wait_for_selector(IDLE)
            page.wait_for_timeout(60)
            frames.append(shot(page))
            times.append(rest if step == steps else FRAME)
    page.mouse.up()
    return frames[:-1], times[:-1]  # the last is the first again


def main() -> None:
    with serving(ROOT / "app.py") as server, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = chromium.new_page(viewport=SIZE, color_scheme="light")
        page.goto(f"http://{server.address}/{ADDRESS}")
        page.wait_for_selector(".word", timeout=90_000)
        page.wait_for_timeout(2000)
        frames, times = record(page)
        chromium.close()
    first, *rest = frames
    webp = {"lossless": True, "quality": 60, "method": 4, "minimize_size": True, "loop": 0}
    first.save(sys.argv[1], save_all=True, append_images=rest, duration=times, **webp)
    print(f"{len(frames)} frames, {sum(times) / 1000:.1f} s")


if __name__ == "__main__":
    main()
