"""One process of the app as `simmer serve` starts it: what it takes from pages of others, and how much."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from textgen.hosting.app import MESSAGE

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "textgen.hosting.app", "127.0.0.1", str(port)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as server:
        for _ in range(600):
            if status(port, "/_stcore/health") == 200:
                break
            time.sleep(0.1)
        yield port
        server.terminate()


def status(port: int, path: str, method: str = "GET", **headers: str) -> int:
    url = f"http://127.0.0.1:{port}{path}"
    data = b"x" if method == "PUT" else None
    try:
        with urllib.request.urlopen(
            urllib.request.Request(url, data, headers, method=method), timeout=30
        ) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def tab(port: int, origin: str):
    return connect(f"ws://127.0.0.1:{port}/_stcore/stream", origin=origin, subprotocols=["streamlit"])


def test_a_page_of_somebody_else_cannot_use_the_app_in_a_visitors_name(port):
    with tab(port, f"http://127.0.0.1:{port}"):
        pass
    for origin in ("http://somebody.example", "null"):
        with pytest.raises(InvalidStatus, match="403"), tab(port, origin):
            pass
    assert status(port, "/_stcore/upload_file/session/file", "PUT") == 403  # without the token of XSRF


def test_no_path_leads_out_of_the_app(port):
    for path in (
        "/../../etc/passwd",
        "/media/%2e%2e/%2e%2e/app.py",
        "/app/static/../app.py",
        "/static/../../x.py",
    ):
        assert status(port, path) in (400, 403, 404), path


def test_a_message_that_is_too_long_ends_its_tab_alone(port):
    with tab(port, f"http://127.0.0.1:{port}") as one, tab(port, f"http://127.0.0.1:{port}") as other:
        with pytest.raises(ConnectionClosed):
            one.send(bytes(MESSAGE + 1))
            one.recv(timeout=30)
        assert other.ping().wait(30)


def test_nothing_that_protects_is_switched_off_and_no_page_shows_an_error_of_ours():
    settings = (ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8")
    assert 'showErrorDetails = "none"' in settings
    assert not any(name in settings for name in ("enableCORS", "enableXsrfProtection", "corsAllowedOrigins"))
