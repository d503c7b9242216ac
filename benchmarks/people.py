"""Readers who drag temperature sliders on the comparison page, over the socket that a browser uses.

    python -m benchmarks.people --people 2 --moves 2000 [--address http://127.0.0.1:8501]
    python -m benchmarks.people --visits 200
    make bench ARGS=people

Each reader opens the page of one link and moves a slider again and again, each time as soon as all that
follows the last move is there, or `--every` so many seconds. Printed: milliseconds from a move to its texts
and to the end of its run, and what went wrong. Exit code 1 if anything did. `--visits` is a soak, and `make
bench` makes a table of classes, each person with settings of their own or all on one link.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import math
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from streamlit.proto.Alert_pb2 import Alert
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets import Subprotocol, WebSocketException
from websockets.sync.client import connect

from benchmarks.measuring import Result
from benchmarks.memory import cpu_seconds, family, megabytes
from benchmarks.serving import ROOT, serving, serving_by
from textgen.hosting.proxy import nginx

STEP, HOTTEST = 0.05, 2.0  # of the sliders
STILL = 0.15  # seconds after a move, as in assets/columns/sight.js
PATIENCE = 60.0  # seconds until an answer counts as missing


@dataclass
class Tally:
    """What all readers of one link have seen: seconds from a move to its texts and to the end of its run, the
    texts by temperature (of several links, by link and temperature), and what went wrong."""

    text: list[float] = field(default_factory=list)
    done: list[float] = field(default_factory=list)
    received: int = 0  # bytes, for all moves together
    texts: dict[Any, Any] = field(default_factory=dict)
    errors: Counter[str] = field(default_factory=Counter)

    @classmethod
    def sum(cls, tallies: Iterable[Tally]) -> Tally:
        """All of several links; one that several readers share counts once."""
        whole = cls()
        for link, tally in {id(one): one for one in tallies}.items():
            whole.text += tally.text
            whole.done += tally.done
            whole.received += tally.received
            whole.errors += tally.errors
            whole.texts |= {(link, key): rows for key, rows in tally.texts.items()}
        whole.errors = +whole.errors  # without those that did not occur
        return whole


class Reader(contextlib.AbstractContextManager["Reader"]):
    """One tab on the comparison page; speaks as Streamlit's front end does, and touches the sliders alone.
    If it is `scrolled`, what stands below the texts is in sight, too, and asked for after each move."""

    def __init__(self, address: str, query: str, tally: Tally, seed: int = 0, scrolled: bool = False) -> None:
        self._scrolled, self._said = scrolled, dict[str, Any]()
        self._rng = np.random.Generator(np.random.Philox(key=seed))
        self._query, self._page, self._fragment, self._component = query, "", "", ""
        self._tally = tally
        self._kept: dict[
            str, int
        ] = {}  # the hash of a message that need not be sent again -> last run with it
        self._runs = self._number = 0
        self.received = 0  # bytes
        self.shown: dict[str, Any] = {}  # what the columns show
        self.alerts: list[str] = []  # of the last run
        self._connection = connect(
            address.replace("http", "ws", 1) + "/_stcore/stream",
            # By this `simmer serve` knows a browser.
            additional_headers={"Cookie": f"simmer_seat={seed:032x}"},
            subprotocols=[Subprotocol("streamlit")],
            max_size=None,
            open_timeout=PATIENCE,
        )

    def __enter__(self) -> Reader:
        self._socket = self._connection.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._connection.__exit__(*error)

    def open(self) -> None:
        """Load the page."""
        self._run()
        self.rest()

    def rest(self) -> None:
        """Have what stands below the texts drawn, if it is in sight."""
        if self._scrolled:
            time.sleep(STILL)
            self._said["rest"] = time.time_ns()
            self._run(json.dumps(self._said), expect_texts=False)

    def temperatures(self) -> list[float]:
        return [column["temperature"] for column in self.shown["columns"]]

    def move(self) -> None:
        """Move one slider by up to 0.4, and wait for all that follows."""
        k = int(self._rng.integers(len(self.shown["columns"])))
        by = STEP * self._rng.integers(1, 9) * self._rng.choice((-1, 1))
        now = self.temperatures()[k]
        self.move_to(k, round(float(now + by if 0 <= now + by <= HOTTEST else now - by), 2))
        if self.temperatures()[k] == now:
            self._tally.errors["a move was not taken in"] += 1

    def move_to(self, k: int, temperature: float) -> None:
        """Move the slider of column `k`, and wait for all that follows."""
        before = self.received
        text, done = self._say({str(k + 1): temperature})
        self._tally.received += self.received - before
        self._tally.text.append(text)
        self._tally.done.append(done)

    def _say(self, values: dict[str, Any]) -> tuple[float, float]:
        self._number += 1
        ask = {
            "number": self._number,
            "generation": self.shown["generation"],
            "values": {"below": self._scrolled, **values},
        }
        self._said["ask"] = ask
        return self._run(json.dumps(self._said))

    def _run(self, said: str = "", expect_texts: bool = True) -> tuple[float, float]:
        """Ask for a run, of the fragment alone if the columns have `said` something: seconds until its texts,
        and until its end."""
        message = BackMsg()
        ask = message.rerun_script
        ask.query_string, ask.page_script_hash = self._query, self._page
        ask.cached_message_hashes.extend(self._kept)
        if said:
            ask.fragment_id = self._fragment
            ask.widget_states.widgets.add(id=self._component, json_value=said)
        self.alerts = []
        begun, text = time.perf_counter(), 0.0
        self._socket.send(message.SerializeToString())
        while True:
            data = self._socket.recv(PATIENCE)
            now = time.perf_counter() - begun
            self.received += len(data)
            got = ForwardMsg.FromString(data)  # type: ignore[arg-type]
            kind = got.WhichOneof("type")
            if kind == "delta":
                text = now if self._take(got) and not text else text
            elif kind == "ref_hash":
                self._kept[got.ref_hash] = self._runs
            elif kind == "new_session":
                self._page = got.new_session.page_script_hash
            elif kind == "page_info_changed":
                self._query = got.page_info_changed.query_string
            elif kind == "session_event" and got.session_event.HasField("script_compilation_exception"):
                self._tally.errors["the script cannot be compiled"] += 1
            elif kind == "script_finished" and got.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                break
        self._runs += 1
        self._kept = {key: last for key, last in self._kept.items() if self._runs - last <= 2}
        self._tally.errors["a run brought no texts"] += expect_texts and not text
        return text, now

    def _take(self, got: ForwardMsg) -> bool:
        """Look at a part of the page; whether it is the columns, in answer to all that was asked."""
        if got.metadata.cacheable:
            self._kept[got.hash] = self._runs
        element = got.delta.new_element
        kind = element.WhichOneof("type")
        if kind == "exception":
            self._tally.errors[f"{element.exception.type}: {element.exception.message[:200]}"] += 1
        elif kind == "alert" and element.alert.format in (Alert.ERROR, Alert.WARNING):
            self.alerts.append(element.alert.body)
            self._tally.errors[element.alert.body[:200]] += 1
        elif kind == "bidi_component" and element.bidi_component.component_name.endswith("columns"):
            self._fragment, self._component = got.delta.fragment_id, element.bidi_component.id
            self.shown = json.loads(element.bidi_component.json)
            for column in self.shown["columns"]:
                known = self._tally.texts.setdefault(column["temperature"], column["rows"])
                self._tally.errors["another text for equal settings"] += known != column["rows"]
            return self.shown["answered"] >= self._number
        return False


def drag(
    address: str,
    people: int,
    moves: int,
    query: str = "",
    seed: int = 0,
    *,
    every: float = 0.0,
    scrolled: bool = False,
    begin: Callable[[], object] = lambda: None,
) -> Tally:
    """What `people` readers of one link see, who make `moves` moves each, all at once; a `{n}` in the link is
    the reader's number. Each waits until `every` seconds after its last move before the next; `begin` is
    called once all have opened the page."""
    tallies = [Tally() for _ in range(people)] if "{n}" in query else [Tally()] * people
    opened = threading.Barrier(people, begin)

    def visit(n: int) -> None:
        tally = tallies[n]
        try:
            with Reader(address, query.replace("{n}", str(n)), tally, seed + n, scrolled) as reader:
                reader.open()
                opened.wait(PATIENCE)
                due = time.perf_counter() + every * n / people  # hands do not move at once
                for _ in range(moves):
                    time.sleep(max(0.0, due - time.perf_counter()))
                    due = max(due, time.perf_counter()) + every
                    reader.move()
                    reader.rest()
        except (OSError, WebSocketException, KeyError, threading.BrokenBarrierError) as error:
            opened.abort()  # KeyError: there are no columns to move
            tally.errors[f"{type(error).__name__}: {str(error)[:100]}"] += 1

    visits = [threading.Thread(target=visit, args=(n,)) for n in range(people)]
    for thread in visits:
        thread.start()
    for thread in visits:
        thread.join()
    return Tally.sum(tallies)


# -- a class ---------------------------------------------------------------------------------------


APART = "seed={n}"
# As `make run` serves it, and as `simmer serve` does with two processes.
CLASSES = (
    *((1, n, "apart") for n in (1, 10, 20, 40)), (1, 40, "one link"),
    *((2, n, "apart") for n in (1, 20, 40)), (2, 40, "one link"),
)  # fmt: skip


def run(moves: int = 4, every: float = 2.0) -> list[Result]:
    """Classes that move a slider every two seconds, each person with settings of their own or all on one
    link; printed as a table."""
    print("          people            ms to the texts   ms to the end    CPU ms     MB      kB load of")
    print(
        "processes                   median / 95 %     median / 95 %    a move in all  a move machine errors"
    )
    medians: dict[tuple[int, int, str], float] = {}
    for processes, people, kind in CLASSES:
        if processes > 1 and not nginx():
            print(f"{processes:>9}  not measured: nginx is not installed")
            continue
        with serving(ROOT / "app.py") if processes == 1 else serving_by(processes) as server:
            address, link = f"http://{server.address}", APART if kind == "apart" else ""
            for seat in range(3 * processes):
                drag(address, 1, 2, "seed=1000", seat)  # the network is loaded, by each process
            servers = family(server.pid)
            begun: list[float] = []
            tally = drag(
                address,
                people,
                moves if people > 1 else 4 * moves,
                link,
                every=every,
                begin=lambda begun=begun, servers=servers: begun.append(sum(map(cpu_seconds, servers))),
            )
            cpu = sum(map(cpu_seconds, servers)) - begun[0] if begun else math.nan
            size = sum(map(megabytes, servers))
        text, done = (
            np.percentile(values or [math.nan], [50, 95]) * 1000 for values in (tally.text, tally.done)
        )
        medians[processes, people, kind] = float(done[0])
        count = max(1, len(tally.done))
        print(
            f"{processes:>9} {people:>6} {kind:<10} {text[0]:>8,.0f} / {text[1]:>6,.0f} {done[0]:>7,.0f} / "
            f"{done[1]:>6,.0f} {1000 * cpu / count:>7.0f} {size:>6.0f} {tally.received / count / 1000:>7.0f} "
            f"{os.getloadavg()[0]:>7.1f} {tally.errors.total():>6}",
            flush=True,
        )
    one = medians[1, 1, "apart"]
    return [
        Result(f"{n} people {kind}, processes: {processes} : one person, to the end of a move",
               middle / one, 3, False, f"{middle:.0f} : {one:.0f} ms")
        for (processes, n, kind), middle in medians.items() if n == 40
    ]  # fmt: skip


def soak(address: str, pid: int, visits: int) -> Tally:
    """Visits one after another, each with settings of its own and two moves; the server's memory is printed
    ten times meanwhile."""
    tallies = []
    for n in range(visits):
        tallies.append(drag(address, 1, 2, f"seed={n % 500}", seed=n))
        if (n + 1) % max(1, visits // 10) == 0:
            print(f"{n + 1:>6,} visits: {megabytes(pid):,.0f} MB", flush=True)
    return Tally.sum(tallies)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.people", description=__doc__.split("\n")[0])
    parser.add_argument("--people", type=int, default=1)
    parser.add_argument("--moves", type=int, default=200, help="of each")
    parser.add_argument("--every", type=float, default=0.0, help="seconds between the moves of each")
    parser.add_argument(
        "--link", default="", help="what stands after the ? of the address; {n} in it is a number for each"
    )
    parser.add_argument(
        "--scrolled", action="store_true", help="with what stands below the texts in sight, which moves, too"
    )
    parser.add_argument("--visits", type=int, help="visits one after another, and the server's memory")
    parser.add_argument("--address", help="measure a server that is already running")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    with contextlib.ExitStack() as stack:
        if args.visits:
            server = stack.enter_context(serving(ROOT / "app.py"))
            tally = soak(f"http://{server.address}", server.pid, args.visits)
        else:
            address = args.address or f"http://{stack.enter_context(serving(ROOT / 'app.py')).address}"
            tally = drag(
                address,
                args.people,
                args.moves,
                args.link,
                args.seed,
                every=args.every,
                scrolled=args.scrolled,
            )
    for name, values in (("to the texts", tally.text), ("to the end", tally.done)):
        if values:
            middle, high = 1000 * np.percentile(values, [50, 95])
            print(f"{name}: median {middle:.0f} ms, 95 % within {high:.0f} ms")
    print(f"{len(tally.done):,} moves, {len(tally.texts)} texts, {tally.errors.total()} errors")
    for error, count in tally.errors.most_common():
        print(f"{count:>6,}  {error}")
    return int(bool(tally.errors))


if __name__ == "__main__":
    sys.exit(main())
