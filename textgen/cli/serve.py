"""Serve the app to many people: several processes, kept running, behind nginx."""

from __future__ import annotations

import argparse
import os
import secrets
import shutil
import signal
import socket
import sys
import tempfile
import threading
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from pathlib import Path

from textgen.cli import arguments
from textgen.cli.terminal import Failure, say
from textgen.hosting import proxy
from textgen.hosting.processes import Kept, keep

HEALTH = "/_stcore/health"
FIRST_PAGE = "/_stcore/script-health-check"  # runs the first page: its modules and its network are loaded then
NO_NGINX = "nginx is not installed (on Debian and Ubuntu: apt install nginx-light)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    text = "processes that share the people; a processor each is best (as many as there are, up to 4)"
    add("--processes", type=_processes, metavar="N", help=text)
    add("--port", type=_port, default=8501, metavar="P", help="where people come in (%(default)s)")
    text = "the address of this machine to listen on; 0.0.0.0 for all, which lets others in (%(default)s)"
    add("--address", type=_address, default="127.0.0.1", metavar="A", help=text)
    text = "another proxy in front, an address or a network, that says who comes in X-Forwarded-For"
    add("--trust", type=_network, action="append", default=[], metavar="A", help=text)


def run(args: argparse.Namespace) -> None:
    nginx = shutil.which("nginx")
    processes = args.processes or (min(len(_processors()), 4) if nginx else 1)
    if not nginx and processes > 1:
        raise Failure(f"{NO_NGINX}; without it there can be one process: --processes 1")
    folder = _app_folder()
    _check_free(args.address, args.port)
    stop = threading.Event()
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: stop.set())
    if not nginx:
        say(f"{NO_NGINX}; one process serves all, without the limits that nginx keeps")
        app = _app(1, folder, args.port, args.address)
        keep([app], stop, say, lambda ready: ready and _greet(args.address, args.port, 1))
        return
    with tempfile.TemporaryDirectory(prefix="simmer-") as scratch:
        ports = _free_ports(processes)
        try:
            text = proxy.configuration(
                Path(scratch), args.address, args.port, ports, args.trust, files=_open_files()
            )
            front = Kept("nginx", proxy.prepare(Path(scratch), text))
        except ValueError as error:
            raise Failure(str(error)) from error
        answer = Path(scratch, "pages", proxy.READY)
        greeted = False

        def on_ready(count: int) -> None:
            nonlocal greeted
            if count:
                answer.write_text("ready\n", encoding="utf-8")
            else:
                answer.unlink(missing_ok=True)
            if count == processes and not greeted:
                greeted = True
                _greet(args.address, args.port, processes)

        apps = [_app(n, folder, port) for n, port in enumerate(ports, 1)]
        keep([front, *apps], stop, say, on_ready)


def _app(
    number: int, folder: Path, port: int, address: IPv4Address | IPv6Address = IPv4Address("127.0.0.1")
) -> Kept:
    command = [sys.executable, "-m", "textgen.hosting.app", str(address), str(port)]
    environment = {
        "MALLOC_ARENA_MAX": "2",  # glibc's one heap for each thread keeps what sessions have given back
        "STREAMLIT_SERVER_COOKIE_SECRET": _SECRET,  # a process that was started again knows its people's cookies
    }
    return Kept(
        f"process {number}",
        command,
        port=port,
        health=HEALTH,
        ready=FIRST_PAGE,
        environment=environment | os.environ,
        folder=folder,
    )


_SECRET = secrets.token_hex(32)


def _greet(address: IPv4Address | IPv6Address, port: int, processes: int) -> None:
    host = f"[{address}]" if address.version == 6 else str(address)
    if address.is_unspecified:
        host = _own_address()
    noun = "process" if processes == 1 else "processes"
    print(f"Simmer is ready: http://{host}:{port} ({processes} {noun}; Ctrl-C ends)", flush=True)


def _own_address() -> str:
    """This machine's address in its network, as far as it has one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address of documents (RFC 5737): nothing is sent
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"


def _app_folder() -> Path:
    """Where app.py is: beside the package in a checkout; an installed package knows only the current folder."""
    for folder in (Path(__file__).resolve().parents[2], Path.cwd()):
        if (folder / "app.py").is_file() and (folder / "pages" / "compare.py").is_file():
            return folder
    raise Failure("the app is not part of the installed package: run this in the project's folder, beside app.py")


def _processors() -> set[int]:
    if hasattr(os, "sched_getaffinity"):
        return os.sched_getaffinity(0)
    return set(range(os.cpu_count() or 1))


def _check_free(address: IPv4Address | IPv6Address, port: int) -> None:
    with socket.socket(socket.AF_INET6 if address.version == 6 else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as nginx does
        try:
            probe.bind((str(address), port))
        except OSError as error:
            raise Failure(f"port {port} of {address}: {error.strerror}; choose another with --port") from error


def _free_ports(count: int) -> list[int]:
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def _open_files() -> int:
    """How many files nginx may have open here, which it also needs to be allowed."""
    try:
        import resource
    except ImportError:  # Windows
        return 1024
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return 8192 if most == resource.RLIM_INFINITY else min(most, 8192)


def _whole(low: int, high: int) -> argparse._ActionType:
    def read(text: str) -> int:
        if not low <= int(text) <= high:
            raise ValueError
        return int(text)

    return arguments._type(read, f"a whole number from {low} to {high:,} is needed")


_processes = _whole(1, 64)
_port = _whole(1, 65535)
_address = arguments._type(
    lambda text: ip_address("127.0.0.1" if text == "localhost" else text),
    "an address such as 127.0.0.1 or 0.0.0.0 is needed",
)
_network = arguments._type(ip_network, "an address or a network such as 10.0.0.0/8 is needed")
