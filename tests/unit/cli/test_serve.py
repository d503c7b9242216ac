"""`simmer serve`: what it refuses, and two people on two processes of which one is killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from websockets import ConnectionClosed

from benchmarks.people import Reader, Tally
from textgen.cli.parser import main
from textgen.hosting import proxy

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--processes", "0"], "a whole number from 1 to 64 is needed, not '0'"),
        (["--port", "web"], "a whole number from 1 to 65,535 is needed, not 'web'"),
        (["--address", "simmer; include x"], "an address such as 127.0.0.1, or 0.0.0.0 for all, is needed"),
        (["--trust", "10.0.0.1/8"], "an address or a network such as 10.0.0.0/8 is needed"),
    ],
)
def test_what_cannot_be_meant_is_said(arguments, sentence, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["serve", *arguments])
    assert ended.value.code == 2
    assert sentence in capsys.readouterr().err


def test_several_processes_without_nginx_are_refused_in_a_sentence(monkeypatch, capsys):
    monkeypatch.setattr(proxy, "nginx", lambda: None)
    assert main(["serve", "--processes", "2"]) == 1
    assert capsys.readouterr().err == (
        "nginx is not installed (on Debian and Ubuntu: apt install nginx-light); without it there can be one "
        "process: --processes 1\n"
    )


def test_a_port_that_is_taken_is_named(capsys):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["serve", "--processes", "1", "--port", str(port)]) == 1
    assert f"port {port} of 127.0.0.1: Address already in use" in capsys.readouterr().err


def children(pid: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields, command = stat.read_text(), (stat.parent / "cmdline").read_bytes()
        except OSError:  # it has ended
            continue
        if int(fields.rpartition(")")[2].split()[1]) == pid and b"textgen.hosting.app" in command:
            found.append(int(stat.parent.name))
    return sorted(found)


def visit(address: str, seat: int, query: str) -> Reader:
    """The page of `query`, opened by a browser whose cookie is `seat`."""
    reader = Reader(address, query, Tally(), seat).__enter__()
    reader.open()
    return reader


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="children are found in /proc")
@pytest.mark.skipif(
    not proxy.nginx(),
    reason="the proxy's tests need nginx: on Debian and Ubuntu, apt install nginx-light",
)
def test_people_of_a_process_that_is_killed_go_on_with_the_same_page_in_another():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "textgen", "serve", "--processes", "2", "--port", str(port)]
    address = f"http://127.0.0.1:{port}"
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
        try:
            assert server.stdout is not None and b"2 processes" in server.stdout.readline()
            readers = [visit(address, seat, f"seed={seat}") for seat in (0, 1)]  # on two processes
            for reader in readers:
                reader.move_to(0, 0.55)
            before = [reader.shown["columns"] for reader in readers]

            first, second = children(server.pid)
            os.kill(first, signal.SIGKILL)
            gone = []
            for seat, reader in enumerate(readers):
                try:
                    reader.move_to(1, 0.95)
                except ConnectionClosed:
                    gone.append(seat)
            assert len(gone) == 1  # the other has noticed nothing

            for seat in gone:  # as the browser does: its address again, with its cookie
                again = visit(address, seat, f"seed={seat}&t1=0.55")
                assert again.temperatures()[0] == 0.55
                assert [c["rows"] for c in again.shown["columns"]] == [c["rows"] for c in before[seat]]
                again.move_to(1, 0.95)
                readers[seat] = again
            assert all(reader.temperatures()[:2] == [0.55, 0.95] for reader in readers)
            assert not any((+reader._tally.errors) for reader in readers)

            for _ in range(600):  # the one that was killed is replaced
                if len(now := children(server.pid)) == 2:
                    break
                time.sleep(0.05)
            assert second in now and first not in now
            for reader in readers:
                reader.__exit__(None, None, None)
        finally:
            server.send_signal(signal.SIGTERM)
    assert server.returncode == 0
    assert children(server.pid) == []
