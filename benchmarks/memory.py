"""Memory of the app's server beside that of a Streamlit page with one Altair chart."""

from __future__ import annotations

import contextlib
import math
import os
import re
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.measuring import Result
from benchmarks.serving import ROOT, serving

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
    """Megabytes of the server of `script`, after three sessions have drawn its page."""
    with serving(script) as server:
        for _ in range(3):
            _draw(server.address)
        time.sleep(1)
        return megabytes(server.pid)


def _draw(address: str) -> None:
    """Open a session as a browser does, let the page run, and wait until it has."""
    from streamlit.proto.BackMsg_pb2 import BackMsg
    from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
    from websockets import Subprotocol
    from websockets.sync.client import connect

    url = f"ws://{address}/_stcore/stream"
    with connect(url, subprotocols=[Subprotocol("streamlit")], max_size=None) as socket:
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
                charts += element.WhichOneof("type") in ("vega_lite_chart", "arrow_vega_lite_chart")
                if element.WhichOneof("type") == "exception":
                    raise RuntimeError(f"the page failed: {element.exception.message}")
            if kind == "script_finished":
                if not charts:
                    raise RuntimeError("the page drew no chart: is there a trained model?")
                return


def megabytes(pid: int) -> float:
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


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has used; NaN where there is no /proc."""
    try:
        ticks = _stat(pid)[11:13]  # user and system
    except OSError:
        return math.nan
    return sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")


def family(pid: int) -> list[int]:
    """A process and those that it or one of them has started; itself alone where there is no /proc."""
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            parents[int(folder.name)] = int(_stat(int(folder.name))[1])
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def _stat(pid: int) -> list[str]:
    """Linux's line about a process, from its state on."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
