"""Runs the front ends' own tests, which need Node.js, as part of all others."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

NODE = shutil.which("node")


@pytest.mark.skipif(
    not NODE and "SIMMER_NEED_BROWSER" not in os.environ,
    reason="the front ends' own tests need Node.js 18 or newer (Debian: apt install nodejs)",
)
def test_the_front_ends_pass_their_own_tests() -> None:
    assert NODE, "Node.js is missing"
    tests = sorted(map(str, Path(__file__).parent.glob("*.test.mjs")))
    # Node warns of modules without a package.json beside them.
    result = subprocess.run(
        [NODE, "--no-warnings", "--test", *tests], capture_output=True, text=True, timeout=120
    )
    assert result.returncode == 0, result.stdout + result.stderr
