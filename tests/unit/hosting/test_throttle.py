"""What tabs may ask of one process."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from textgen.hosting.throttle import Throttle, Turns


def run(coroutine):
    """In a thread of its own: this one may have an event loop already, that of Playwright."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


class Clock:
    """A clock that sleeping sets forward."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


def listen(clock: Clock, gaps: list[float], **bounds: Any) -> tuple[list[float], list[dict[str, Any]]]:
    """When an application gets the messages of a tab, `gaps` seconds apart, and what the tab is sent."""
    sends, begun = [], clock.now
    for gap in gaps:
        begun += gap
        sends.append(begun)
    received, answers = [], []

    async def application(scope, receive, send):
        while (await receive())["type"] == "websocket.receive":
            received.append(clock.now)

    async def receive():
        if not sends:
            return {"type": "websocket.disconnect"}
        clock.now = max(clock.now, sends.pop(0))
        return {"type": "websocket.receive", "bytes": b""}

    async def send(message):
        answers.append(message)

    throttle = Throttle(application, clock=clock, sleep=clock.sleep, **bounds)
    run(throttle({"type": "websocket"}, receive, send))
    return received, answers


def test_a_burst_passes_at_once_and_what_follows_at_the_rate():
    received, answers = listen(Clock(), [0.0] * 25, rate=8, burst=5)
    assert received[:5] == [1000.0] * 5
    assert received[5:] == [1000.125 + 0.125 * k for k in range(20)]
    assert answers == []


def test_whoever_keeps_to_the_rate_never_waits():
    clock = Clock()
    received, answers = listen(clock, [0.125] * 400, rate=8, burst=3, most=1)
    assert received == [1000.125 + 0.125 * k for k in range(400)]
    assert answers == []


def test_whoever_floods_is_cut_off_and_heard_no_more():
    received, answers = listen(Clock(), [0.0] * 1000, rate=10, burst=5, most=100)
    assert len(received) == 100
    assert [(a["type"], a["code"]) for a in answers] == [("websocket.close", 1008)]


def test_a_flood_is_known_on_a_machine_that_is_slower_than_the_rate():
    clock = Clock()
    listening = clock.sleep

    async def late(seconds):
        await listening(seconds + 0.5)

    clock.sleep = late
    received, answers = listen(clock, [0.0] * 1000, rate=10, burst=5, most=100)
    assert len(received) == 100 and len(answers) == 1


def test_a_pause_forgives():
    gaps = ([0.0] * 50 + [20.0]) * 10
    received, answers = listen(Clock(), gaps, rate=10, burst=5, most=100)
    assert len(received) == len(gaps) and answers == []


def test_what_is_no_websocket_passes_unchanged():
    seen = []

    async def application(*given):
        seen.append(given)

    given = ({"type": "http"}, object(), object())
    run(Throttle(application)(*given))
    run(Turns(application, lambda data: True)(*given))
    assert seen == [given, given]


def test_few_open_their_page_at_the_same_time_in_the_order_in_which_they_came():
    open_now, most, order = set(), 0, []

    async def application(scope, receive, send):
        nonlocal most
        await receive()
        open_now.add(scope["who"])
        order.append(scope["who"])
        most = max(most, len(open_now))
        await asyncio.sleep(0)
        await send({"type": "websocket.send", "bytes": b"part"})
        await asyncio.sleep(0)
        if scope["who"] % 3:  # every third tab goes away before its page is done
            await send({"type": "websocket.send", "bytes": b"end"})
        open_now.discard(scope["who"])
        if scope["who"] % 3:
            await receive()  # later messages wait for nobody
            order.append(-scope["who"])

    async def receive():
        return {"type": "websocket.receive", "bytes": b""}

    async def send(message):
        pass

    async def visit():
        turns = Turns(application, lambda data: data == b"end", at_once=2, longest=60)
        await asyncio.gather(*(turns({"type": "websocket", "who": n}, receive, send) for n in range(20)))

    run(visit())
    assert most == 2
    assert [n for n in order if n > 0 or n == 0] == list(range(20))
    assert sorted(-n for n in order if n < 0) == [n for n in range(20) if n % 3]


def test_a_page_that_never_ends_gives_its_turn_away():
    begun = []

    async def application(scope, receive, send):
        await receive()
        begun.append(scope["who"])
        if scope["who"] == 0:
            await asyncio.Event().wait()

    async def receive():
        return {"type": "websocket.receive", "bytes": b""}

    async def visit():
        turns = Turns(application, lambda data: False, at_once=1, longest=0.01)
        tabs = [
            asyncio.ensure_future(turns({"type": "websocket", "who": n}, receive, receive)) for n in (0, 1)
        ]
        await tabs[1]
        tabs[0].cancel()

    run(visit())
    assert begun == [0, 1]
