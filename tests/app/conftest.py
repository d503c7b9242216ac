"""Pages are tested with the released networks, or not at all; none asks another machine for anything."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import pytest

from textgen.network.bundle import available_bundles

HERE = ("127.0.0.1", "::1", "localhost", "", None)  # servers of some tests


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
