"""Runs the front ends' own tests, which need Node.js, as part of all others."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

ASSETS = Path(__file__).parents[2] / "assets"
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


@pytest.mark.parametrize("folder", sorted({path.parent.name for path in ASSETS.glob("*/*.js")}))
def test_files_that_the_browser_gets_as_one_module_share_no_name(folder: str) -> None:
    declared = re.compile(r"^(?:export )?(?:const|let|class|function) (\w+)", re.MULTILINE)
    names = Counter(
        name for path in (ASSETS / folder).glob("*.js") for name in declared.findall(path.read_text("utf-8"))
    )
    assert [name for name, count in names.items() if count > 1] == []
