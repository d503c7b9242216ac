"""Serve the app to many people: several processes, kept running, behind nginx."""

from __future__ import annotations

import argparse
import os
import secrets
import signal
import socket
import sys
import tempfile
import threading
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

from textgen.cli import arguments
from textgen.cli.terminal import Failure, say
from textgen.hosting import proxy
from textgen.hosting.processes import Kept, free_ports, keep
from textgen.writing.writer import processors

HEALTH = "/_stcore/health"
FIRST_PAGE = "/_stcore/script-health-check"  # runs it, which loads its modules and its network
NO_NGINX = "nginx is not installed (on Debian and Ubuntu: apt install nginx-light)"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    text = "processes that share the people; each keeps a processor busy (as many as there are, up to 4)"
    add("--processes", type=arguments.whole_number(1, 64), metavar="N", help=text)
    port = arguments.whole_number(1, 65535)
    add("--port", type=port, default=8501, metavar="P", help="where people come in (%(default)s)")
    text = "the address of this machine to listen on; 0.0.0.0 for all, which lets others in (%(default)s)"
    add("--address", type=arguments.own_address, default="127.0.0.1", metavar="A", help=text)
    text = "another proxy in front, an address or a network, that says who comes in X-Forwarded-For"
    add("--trust", type=arguments.network, action="append", default=[], metavar="A", help=text)


def run(args: argparse.Namespace) -> None:
    nginx = proxy.nginx()
    processes = args.processes or (min(processors(), 4) if nginx else 1)
    if not nginx and processes > 1:
        raise Failure(f"{NO_NGINX}; without it there can be one process: --processes 1")
    folder = _app_folder()
    _check_free(args.address, args.port)
    stop = threading.Event()
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: stop.set())

    secret = secrets.token_hex(32)
    if not nginx:
        say(f"{NO_NGINX}; one process serves all, without the limits that nginx keeps")
        only = _app("the app", folder, args.address, args.port, secret)
        keep([only], stop, say, lambda ready: _greet(args, 1) if ready else None)
        return
    ports = free_ports(processes)
    local = ip_address("127.0.0.1")
    apps = [_app(f"process {n}", folder, local, port, secret) for n, port in enumerate(ports, 1)]
    with tempfile.TemporaryDirectory(prefix="simmer-") as scratch:
        text = proxy.configuration(
            Path(scratch), args.address, args.port, ports, args.trust, files=_open_files()
        )
        front = Kept("nginx", proxy.prepare(Path(scratch), text))
        answer, greeting = Path(scratch, "pages", proxy.READY), [processes]

        def on_ready(count: int) -> None:
            if count:
                answer.write_text("ready\n", encoding="utf-8")
            else:
                answer.unlink(missing_ok=True)
            if greeting == [count]:
                _greet(args, greeting.pop())

        keep([front, *apps], stop, say, on_ready)


def _app(name: str, folder: Path, address: IPv4Address | IPv6Address, port: int, secret: str) -> Kept:
    environment = {
        "MALLOC_ARENA_MAX": "2",  # glibc's one heap for each thread keeps what sessions have given back
        "STREAMLIT_SERVER_COOKIE_SECRET": secret,  # a process that replaces another knows its cookies
    }
    return Kept(
        name,
        [sys.executable, "-m", "textgen.hosting.app", str(address), str(port)],
        port=port,
        health=HEALTH,
        ready=FIRST_PAGE,
        environment=environment | os.environ,
        folder=folder,
    )


def _greet(args: argparse.Namespace, processes: int) -> None:
    host = _own_address() if args.address.is_unspecified else str(args.address)
    noun = "process" if processes == 1 else "processes"
    host = f"[{host}]" if ":" in host else host
    print(f"Simmer is ready: http://{host}:{args.port} ({processes} {noun}; Ctrl-C ends)", flush=True)


def _own_address() -> str:
    """This machine's address in its network, as far as it has one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address for documents (RFC 5737); nothing is sent
            return str(probe.getsockname()[0])
        except OSError:
            return "127.0.0.1"


def _app_folder() -> Path:
    """Where app.py is: beside the package in a checkout; else the current folder must be a checkout."""
    for folder in (Path(__file__).resolve().parents[2], Path.cwd()):
        if (folder / "app.py").is_file() and (folder / "pages" / "compare.py").is_file():
            return folder
    raise Failure("the installed package is without the app: run this in the project's folder, beside app.py")


def _check_free(address: IPv4Address | IPv6Address, port: int) -> None:
    with socket.socket(socket.AF_INET6 if address.version == 6 else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as nginx does
        try:
            probe.bind((str(address), port))
            probe.listen()
        except OSError as error:
            raise Failure(f"port {port} of {address}: {error.strerror}; --port chooses another") from error


def _open_files() -> int:
    """How many files nginx may have open: two a tab, and no more than this machine allows."""
    try:
        import resource
    except ImportError:  # Windows
        return 1024
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return 8192 if most == resource.RLIM_INFINITY else min(most, 8192)
