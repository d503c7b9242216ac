"""A bound on what one open tab may send, for any ASGI application."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]


class Throttle:
    """Hands on `rate` messages a second of each websocket, and `burst` at once; the rest waits where it comes from,
    as the server reads no further. Who sends faster for `patience` seconds is cut off (code 1008).

    This is the generic cell rate algorithm (ITU-T I.371): `_due` is when the next message is due at that rate.
    """

    def __init__(
        self,
        application: Application,
        rate: float = 50.0,
        burst: int = 100,
        patience: float = 10.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._application, self._rate, self._burst, self._patience = application, rate, burst, patience
        self._clock, self._sleep = clock, sleep

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "websocket":
            return await self._application(scope, receive, send)
        due, fast_since = 0.0, None

        async def receive_slowly() -> Message:
            nonlocal due, fast_since
            message = await receive()
            if message["type"] != "websocket.receive":
                return message
            now = self._clock()
            due = max(due + 1 / self._rate, now - self._burst / self._rate)
            if due <= now:
                fast_since = None
                return message
            fast_since = now if fast_since is None else fast_since
            if now - fast_since > self._patience:
                await send({"type": "websocket.close", "code": 1008, "reason": "too many messages"})
                return {"type": "websocket.disconnect", "code": 1008}
            await self._sleep(due - now)
            return message

        await self._application(scope, receive_slowly, send)
