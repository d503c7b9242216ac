"""A Streamlit server of one script, for as long as a measurement takes."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Server:
    address: str  # host:port
    pid: int


def serving(script: Path, before: str = "") -> contextlib.AbstractContextManager[Server]:
    """Run `script` on a free port of this machine until the block ends, in a server that runs the Python code
    `before` first."""
    port = _free_port()
    start = f"{before}\nfrom streamlit.web.cli import main\nmain(prog_name='streamlit')"
    command = [sys.executable, "-c", start, "run", str(script), f"--server.port={port}"]
    command += ["--server.address=127.0.0.1", "--server.headless=true"]
    command += ["--server.fileWatcherType=none", "--browser.gatherUsageStats=false"]
    return _running(command, port, "/_stcore/health")


def serving_by(processes: int) -> contextlib.AbstractContextManager[Server]:
    """The app on a free port of this machine until the block ends, as `simmer serve` serves it by so many
    processes, all of them ready."""
    port = _free_port()
    command = [sys.executable, "-m", "textgen", "serve", f"--processes={processes}", f"--port={port}"]
    return _running(command, port, "/ready")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def _running(command: list[str], port: int, ready: str) -> Iterator[Server]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(600):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}{ready}", timeout=1).close()
                break
            if process.poll() is not None:
                raise RuntimeError(f"the server did not start: {' '.join(command[1:])}")
            time.sleep(0.1)
        yield Server(f"127.0.0.1:{port}", process.pid)
    finally:
        process.terminate()
        process.wait(timeout=30)
