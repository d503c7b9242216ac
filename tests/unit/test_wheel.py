"""The wheel: what is in it, and a recipe written from it in an environment and a folder of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
pytestmark = pytest.mark.slow


def run(*command: str | Path, cwd: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(list(map(str, command)), cwd=cwd, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    """Built from a copy, as building leaves a folder behind; without the network."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for path in ROOT.iterdir():
        if path.name in {"textgen", "assets", "tests", "benchmarks", "pages"}:
            shutil.copytree(path, source / path.name, ignore=shutil.ignore_patterns("__pycache__"))
        elif path.is_file():
            shutil.copy(path, source)
    run(*PIP, "wheel", ".", "--no-deps", "--no-index", "--no-build-isolation", "-w", folder, cwd=source)
    return next(folder.glob("*.whl"))


def test_the_wheel_holds_the_package_and_all_that_it_reads(wheel):
    inside = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    package = [path for path in (ROOT / "textgen").rglob("*") if path.is_file() and path.suffix != ".pyc"]
    expected = {path.relative_to(ROOT).as_posix() for path in package}
    assets = [path for path in (ROOT / "assets").rglob("*") if path.is_file()]
    expected |= {"textgen/" + path.relative_to(ROOT).as_posix() for path in assets}
    assert inside == expected - {"textgen/assets/dragging.webp"}  # which only the README shows


def test_installed_alone_it_writes_a_recipe_from_any_folder(wheel, tmp_path):
    venv.create(tmp_path / "env", symlinks=os.name != "nt")
    scripts = tmp_path / "env" / ("Scripts" if os.name == "nt" else "bin")
    python = scripts / "python"
    run(*PIP, "--python", python, "install", "--no-deps", "--no-index", wheel, cwd=tmp_path)
    # The libraries that it needs are those of the tests.
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    own = Path(run(python, "-c", where, cwd=tmp_path).strip())
    (own / "libraries.pth").write_text(sysconfig.get_path("purelib"))

    assert run(python, "-c", "import textgen; print(textgen.__file__)", cwd=tmp_path).startswith(str(own))
    arguments = ["generate", "roasted vegetables", "-T", "0.5", "--seed", "7"]
    recipe = run(scripts / "simmer", *arguments, cwd=tmp_path)
    assert len(recipe.split()) > 50
    assert recipe == run(sys.executable, "-m", "textgen", *arguments, cwd=ROOT)  # the same words as here
