"""Bounds on what open tabs may ask for, one by one and together: wrappers of any ASGI application."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

PAUSE = 1.0  # seconds without a message, after which all is forgiven
AT_ONCE = 0.001  # seconds: a message that comes sooner than this had been waiting


class Throttle:
    """Hands on `rate` messages a second of each websocket, and `burst` at once; the rest waits where it comes
    from, as the server reads no further. Who has had `most` messages waiting, without a second's pause, is
    cut off (code 1008).

    The generic cell rate algorithm (ITU-T I.371): `due` is when the last message was due at that rate.
    """

    def __init__(
        self,
        application: Application,
        rate: float = 30.0,
        burst: int = 100,
        most: int = 300,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._application, self._rate, self._burst, self._most = application, rate, burst, most
        self._clock, self._sleep = clock, sleep

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            return await self._application(scope, receive, send)
        due, waiting = 0.0, 0

        async def receive_slowly() -> Message:
            nonlocal due, waiting
            asked = self._clock()
            message = await receive()
            if message["type"] != "websocket.receive":
                return message
            now = self._clock()
            # The rate at which messages are handed on says little of who sends them where all is slow.
            waiting = 0 if now - asked > PAUSE else waiting + (now - asked < AT_ONCE)
            if waiting > self._most:
                await send({"type": "websocket.close", "code": 1008, "reason": "too many messages"})
                return {"type": "websocket.disconnect", "code": 1008}
            due = max(due + 1 / self._rate, now - (self._burst - 1) / self._rate)
            if due > now:
                await self._sleep(due - now)
            return message

        await self._application(scope, receive_slowly, send)


class Turns:
    """Lets `at_once` websockets work on their first message, which is the dearest; others wait in line.

    A hundred pages at the same time would take as long as one after another, and all people would wait with
    them. A turn ends with a message out that `ends` it, with the websocket, or after `longest` seconds.
    """

    def __init__(
        self,
        application: Application,
        ends: Callable[[bytes], bool],
        at_once: int = 3,
        longest: float = 1.0,
    ) -> None:
        self._application, self._ends, self._longest = application, ends, longest
        self._free = asyncio.Semaphore(at_once)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            return await self._application(scope, receive, send)
        first, timer = True, None

        def end_turn() -> None:
            nonlocal timer
            if timer is not None:
                timer.cancel()
                timer = None
                self._free.release()

        async def receive_in_turn() -> Message:
            nonlocal first, timer
            message = await receive()
            if first and message["type"] == "websocket.receive":
                first = False
                await self._free.acquire()
                timer = asyncio.get_running_loop().call_later(self._longest, end_turn)
            return message

        async def send_and_look(message: Message) -> None:
            if timer is not None and message["type"] == "websocket.send" and self._ends(message["bytes"]):
                end_turn()
            await send(message)

        try:
            await self._application(scope, receive_in_turn, send_and_look)
        finally:
            end_turn()
