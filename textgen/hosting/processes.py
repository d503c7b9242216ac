"""Processes that are kept running: started again when they end or fall silent; whether they are ready."""

from __future__ import annotations

import contextlib
import http.client
import secrets
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

PAUSES = (0.0, 1.0, 2.0, 5.0, 15.0, 30.0)  # seconds before a process is started again that keeps ending early
EARLY = 30.0  # seconds
SILENCE = 120.0  # seconds without an answer until a process is taken for dead
LOOK = 5.0  # seconds between two looks at a ready process
GRACE = 10.0  # seconds for all to end when they are asked to


class Kept:
    """A process that `keep` starts again whenever it ends.

    port    of 127.0.0.1, where it answers; 0: nobody asks it anything
    health  the path that answers 200 while the process lives
    ready   the path that answers 200 once it has done everything that only its first visitor would wait for
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        port: int = 0,
        health: str = "/",
        ready: str = "/",
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        silence: float = SILENCE,
    ) -> None:
        self.name, self.port, self.ready = name, port, False
        self._command, self._environment, self._folder = command, environment, folder
        self._health_path, self._ready_path, self._silence = health, ready, silence
        self._process: subprocess.Popen[bytes] | None = None
        self._started = self._due = 0.0
        self._failures = 0
        self._changing = threading.Lock()  # of `_process` and `ready` together

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process else None

    def look(self, say: Callable[[str], None]) -> None:
        """Start the process if it does not run and its pause is over."""
        if self._process is not None and self._process.poll() is not None:
            now, code = time.monotonic(), self._process.returncode
            self._failures = self._failures + 1 if now - self._started < EARLY else 0
            pause = PAUSES[min(self._failures, len(PAUSES) - 1)]
            when = f"in {pause:.0f} s" if pause else "now"
            say(f"{self.name} has ended ({_reason(code)}); it is started again {when}")
            with self._changing:
                self._due, self._process, self.ready = now + pause, None, False
        if self._process is None and time.monotonic() >= self._due:
            self._started = time.monotonic()
            # In a session of its own: Ctrl-C and a closed terminal are for this program, which ends the rest.
            self._process = subprocess.Popen(
                self._command,
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
            if self.port:
                threading.Thread(target=self._watch, args=(self._process, say), daemon=True).start()

    def _watch(self, process: subprocess.Popen[bytes], say: Callable[[str], None]) -> None:
        heard, told = time.monotonic(), False
        while process.poll() is None:
            path = self._health_path if self.ready else self._ready_path
            status = _status(self.port, path, self._silence)
            if status is not None:
                heard = time.monotonic()
            if status == 200:
                with self._changing:
                    self.ready = self.ready or process is self._process
            elif status is not None and not self.ready and not told:
                told = True
                say(f"{self.name} answers, but its first page fails (status {status}); asked again")
            if time.monotonic() - heard > self._silence:
                say(f"{self.name} has not answered for {self._silence:.0f} s and is ended")
                process.kill()
            time.sleep(LOOK if self.ready else 1.0 if told else 0.2)

    def stop(self) -> None:
        """Ask the process to end, without waiting for it."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def wait(self, seconds: float) -> None:
        """Wait for the end of a process that was asked to; after `seconds` it is killed."""
        if self._process is not None:
            try:
                self._process.wait(max(seconds, 0.1))
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


def keep(
    kept: Sequence[Kept],
    stop: threading.Event,
    say: Callable[[str], None],
    on_ready: Callable[[int], None] = lambda count: None,
) -> None:
    """Keep all of `kept` running until `stop` is set, then end them.

    `on_ready` is told how many of those with a port are ready, whenever that changes.
    """
    count = 0
    try:
        while not stop.wait(0.1):
            for one in kept:
                one.look(say)
            if count != (count := sum(one.ready for one in kept)):
                on_ready(count)
    finally:
        for one in kept:
            one.stop()
        end = time.monotonic() + GRACE
        for one in kept:
            one.wait(end - time.monotonic())


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody listens on. `OSError` if there are not so many.

    They are below those that systems give to outgoing connections, one of which could otherwise take the port
    of a process that is about to be started again.
    """
    found: list[int] = []
    with contextlib.ExitStack() as stack:
        for port in secrets.SystemRandom().sample(range(20_000, 32_000), 12_000):
            if len(found) == count:
                return found
            with contextlib.suppress(OSError):
                stack.enter_context(socket.create_server(("127.0.0.1", port)))
                found.append(port)
    raise OSError("127.0.0.1 has no free ports from 20,000 to 32,000")


def _status(port: int, path: str, patience: float) -> int | None:
    """The status that 127.0.0.1:`port` answers a GET of `path` with; None without an answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=patience)
    try:
        connection.request("GET", path)
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def _reason(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"exit code {code}"
