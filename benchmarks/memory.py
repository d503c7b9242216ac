"""Memory of the app's server beside that of a Streamlit page with one Altair chart, a session open in each."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from benchmarks.measuring import Result

ROOT = Path(__file__).resolve().parents[1]
ROUNDS = 3

BASELINE = """
import altair as alt
import pandas as pd
import streamlit as st

frame = pd.DataFrame({"word": ["salt", "water", "flour"], "probability": [0.5, 0.3, 0.2]})
st.altair_chart(alt.Chart(frame).mark_bar().encode(x="probability", y="word"))
"""


def run() -> list[Result]:
    with tempfile.TemporaryDirectory() as folder:
        baseline = Path(folder) / "baseline.py"
        baseline.write_text(BASELINE, encoding="utf-8")
        sizes: dict[str, list[float]] = {"app": [], "baseline": []}
        for _ in range(ROUNDS):
            sizes["app"].append(_served(ROOT / "app.py"))
            sizes["baseline"].append(_served(baseline))
    app, chart = (statistics.median(sizes[name]) for name in ("app", "baseline"))
    return [Result("memory of the app : a page with one Altair chart", app / chart, 1.5, False,
                   f"{app:.0f} MB : {chart:.0f} MB")]  # fmt: skip


def _served(script: Path) -> float:
    """Megabytes of the server of `script`, after a session has drawn its page three times."""
    with _server(script) as (process, port):
        for _ in range(3):
            _draw(port)
        time.sleep(1)
        return _megabytes(process.pid)


@contextlib.contextmanager
def _server(script: Path) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = {
        "server.port": port, "server.address": "127.0.0.1", "server.headless": "true",
        "server.fileWatcherType": "none", "browser.gatherUsageStats": "false",
    }  # fmt: skip
    command = [sys.executable, "-m", "streamlit", "run", str(script)]
    command += [f"--{name}={value}" for name, value in options.items()]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1).close()
                break
            if process.poll() is not None:
                raise RuntimeError(f"the server of {script.name} did not start")
            time.sleep(0.1)
        yield process, port
    finally:
        process.terminate()
        process.wait(timeout=30)


def _draw(port: int) -> None:
    """Open a session as a browser does, let the page run, and wait until it has."""
    from streamlit.proto.BackMsg_pb2 import BackMsg
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
    from websockets.sync.client import connect

    with connect(
        f"ws://127.0.0.1:{port}/_stcore/stream", subprotocols=["streamlit"], max_size=None
    ) as socket:  # type: ignore[list-item]
        rerun = BackMsg()
        rerun.rerun_script.query_string = ""
        socket.send(rerun.SerializeToString())
        charts = 0
        while True:
            message = ForwardMsg()
            message.ParseFromString(socket.recv(timeout=60))
            kind = message.WhichOneof("type")
            if kind == "delta" and message.delta.WhichOneof("type") == "new_element":
                element = message.delta.new_element
                charts += element.WhichOneof("type") == "arrow_vega_lite_chart"
                if element.WhichOneof("type") == "exception":
                    raise RuntimeError(f"the page failed: {element.exception.message}")
            if kind == "script_finished":
                if not charts:
                    raise RuntimeError("the page drew no chart: is there a trained model?")
                return


def _megabytes(pid: int) -> float:
    """Resident set size."""
    status = Path(f"/proc/{pid}/status")
    if status.exists():
        match = re.search(r"^VmRSS:\s+(\d+) kB", status.read_text(encoding="ascii"), re.MULTILINE)
        if match:
            return int(match[1]) / 1024
    if os.name == "nt":
        raise RuntimeError("memory is measured on Linux and macOS only")
    shown = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True)
    return int(shown.stdout) / 1024
