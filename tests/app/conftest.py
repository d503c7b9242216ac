"""Pages are tested with the released networks, or not at all; none asks another machine for anything."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest
import streamlit
from streamlit.components import v2
from streamlit.components.v2.component_manager import BidiComponentManager
from streamlit.testing.v1 import app_test

from textgen.network.bundle import available_bundles

HERE = ("127.0.0.1", "::1", "localhost", "", None)  # servers of some tests

# Streamlit 1.65, the last for Python 3.10, knows in a test nothing of what a module registered before it.
if tuple(map(int, streamlit.__version__.split(".")[:2])) < (1, 66):
    components = BidiComponentManager()
    app_test.BidiComponentManager = v2.get_bidi_component_manager = lambda: components  # type: ignore


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not available_bundles():
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="no released network"))


@pytest.fixture(autouse=True)
def no_other_machine(monkeypatch):
    """As on a machine without a network, and whoever asks for one is told on."""
    asked: list[Any] = []

    def check(address: Any) -> None:
        if not isinstance(address, str | bytes | None) and address[0] not in HERE:
            asked.append(address)
            raise OSError("there is no network")

    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def noted_connect(self: socket.socket, address: Any) -> None:
        check(address)
        connect(self, address)

    def noted_look_up(host: Any, *more: Any, **options: Any) -> Any:
        check((host,))
        return look_up(host, *more, **options)

    monkeypatch.setattr(socket.socket, "connect", noted_connect)
    monkeypatch.setattr(socket, "getaddrinfo", noted_look_up)
    yield
    assert asked == []
