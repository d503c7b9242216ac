"""Which tests stay together where several processes share them out, and what no test may see."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import pytest

BROWSER = Path(__file__).parent / "browser"

# Nothing that the one who runs the tests has brought or trained, from the first import on.
os.environ["SIMMER_HOME"] = tempfile.mkdtemp(prefix="simmer-tests-")
atexit.register(shutil.rmtree, os.environ["SIMMER_HOME"], ignore_errors=True)


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those of a file share what takes long to make; those in a browser share one server and one Chromium."""
    for item in items:
        group = "browser" if BROWSER in item.path.parents else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))
