"""Processes that are kept running: real ones, which do what they are told."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import urllib.request
from collections.abc import Callable

import pytest

from textgen.hosting import processes
from textgen.hosting.processes import Kept, free_ports, keep

SERVER = """
import http.server, sys, time
class Handler(http.server.BaseHTTPRequestHandler):
    asked = 0
    def do_GET(self):
        Handler.asked += self.path == "/ready"
        late = self.path == "/ready" and Handler.asked < 3
        if self.path == "/hang":
            time.sleep(60)
        self.send_response(503 if late else 200)
        self.end_headers()
    def log_message(self, *args): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


def until(done: Callable[[], object]) -> None:
    for _ in range(600):
        if done():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come to that within 30 s")


@pytest.fixture
def run(monkeypatch):
    """Keep processes running until the test ends; what was said, and how many were ready in turn."""
    monkeypatch.setattr(processes, "LOOK", 0.2)
    stop, threads = threading.Event(), []

    def start(*kept: Kept) -> tuple[list[str], list[int]]:
        said: list[str] = []
        ready: list[int] = []
        threads.append(threading.Thread(target=keep, args=(kept, stop, said.append, ready.append)))
        threads[-1].start()
        return said, ready

    yield start
    stop.set()
    for thread in threads:
        thread.join()


def server(**more) -> Kept:
    (port,) = free_ports(1)
    return Kept("process 1", [sys.executable, "-c", SERVER, str(port)], port=port, **more)


def test_one_that_is_killed_is_there_again_and_ready_again(run):
    one = server(ready="/ready")
    said, ready = run(one)
    until(lambda: ready == [1])
    first = one.pid
    os.kill(first, signal.SIGKILL)
    until(lambda: len(ready) == 3)
    assert ready == [1, 0, 1]
    assert one.pid != first
    urllib.request.urlopen(f"http://127.0.0.1:{one.port}/").close()
    assert "process 1 answers, but its first page fails (status 503); asked again" in said
    assert "process 1 has ended (signal 9); it is started again in 1 s" in said


def test_one_that_falls_silent_is_killed_and_started_again(run):
    one = server(health="/hang", silence=1.0)
    said, ready = run(one)
    until(lambda: len(ready) >= 3)
    assert "process 1 has not answered for 1 s and is ended" in said


def test_one_that_cannot_live_is_tried_ever_less_often(run):
    said, ready = run(Kept("process 1", [sys.executable, "-c", "raise SystemExit(3)"]))
    until(lambda: len(said) == 2)
    assert said == [f"process 1 has ended (exit code 3); it is started again in {s} s" for s in (1, 2)]
    assert ready == []


def test_all_are_gone_in_the_end(monkeypatch):
    monkeypatch.setattr(processes, "GRACE", 1.0)
    stop, ready = threading.Event(), threading.Event()
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    kept = [server(), Kept("process 2", [sys.executable, "-c", deaf])]
    thread = threading.Thread(target=keep, args=(kept, stop, print, lambda count: ready.set()))
    thread.start()
    assert ready.wait(30)
    pids = [one.pid for one in kept]
    stop.set()
    thread.join()
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)
