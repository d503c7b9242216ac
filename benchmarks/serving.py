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


@contextlib.contextmanager
def serving(script: Path, before: str = "") -> Iterator[Server]:
    """Run `script` on a free port of this machine until the block ends, in a server that runs the Python code
    `before` first."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    start = f"{before}\nfrom streamlit.web.cli import main\nmain(prog_name='streamlit')"
    command = [sys.executable, "-c", start, "run", str(script), f"--server.port={port}"]
    command += ["--server.address=127.0.0.1", "--server.headless=true"]
    command += ["--server.fileWatcherType=none", "--browser.gatherUsageStats=false"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(600):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1).close()
                break
            if process.poll() is not None:
                raise RuntimeError(f"the server of {script.name} did not start")
            time.sleep(0.1)
        yield Server(f"127.0.0.1:{port}", process.pid)
    finally:
        process.terminate()
        process.wait(timeout=30)
