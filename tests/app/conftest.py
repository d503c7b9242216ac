"""Pages are tested with the released networks, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from textgen.network.bundle import available_bundles


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not available_bundles():
        for item in items:
            if Path(__file__).parent in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="no released network"))
