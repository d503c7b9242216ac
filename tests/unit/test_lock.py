"""`requirements.lock`, from which `make run` installs: what `requirements.txt` asks for, by hash."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[2]
LINUX, MAC, WINDOWS = "linux", "darwin", "win32"
SYSTEMS = [(LINUX, "x86_64"), (LINUX, "aarch64"), (MAC, "arm64"), (MAC, "x86_64"), (WINDOWS, "AMD64")]
PYTHONS = ("3.10.13", "3.11.7", "3.12.1", "3.13.0", "3.14.0")


def locked() -> dict[Requirement, list[str]]:
    """The pinned packages and their hashes."""
    text = re.sub(r"^#.*\n", "", (ROOT / "requirements.lock").read_text("utf-8"), flags=re.MULTILINE)
    entries = re.split(r"\n(?!\s)", text.replace("\\\n", "").strip())
    found = {}
    for entry in entries:
        requirement, *hashes = re.split(r"\s+--hash=", entry)
        found[Requirement(requirement)] = hashes
    return found


def asked() -> list[Requirement]:
    text = (ROOT / "requirements.txt").read_text("utf-8")
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return [Requirement(line) for line in lines if line]


def test_every_package_is_one_version_with_a_hash_and_from_no_particular_host():
    entries = locked()
    assert len(entries) > 40
    for requirement, hashes in entries.items():
        assert [one.operator for one in requirement.specifier] == ["=="] and requirement.url is None
        assert hashes and all(re.fullmatch(r"sha256:[0-9a-f]{64}", one) for one in hashes), requirement.name
    rest = re.sub(r"--hash=\S+", "", (ROOT / "requirements.lock").read_text("utf-8"))
    assert not re.search(r"^\s*-|://", rest, re.MULTILINE)


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize(("system", "machine"), SYSTEMS)
def test_on_every_machine_each_package_is_there_once_and_as_it_was_asked_for(system, machine, python):
    there = {
        "sys_platform": system,
        "platform_machine": machine,
        "platform_system": {"linux": "Linux", "darwin": "Darwin", "win32": "Windows"}[system],
        "python_full_version": python,
        "python_version": python.rpartition(".")[0],
        "os_name": "nt" if system == "win32" else "posix",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }
    pinned: dict[str, Requirement] = {}
    for one in locked():
        if one.marker is None or one.marker.evaluate(there):
            assert pinned.setdefault(one.name, one) is one, f"{one.name} is there twice"
    for wanted in asked():
        if wanted.marker is None or wanted.marker.evaluate(there):
            version = next(iter(pinned[wanted.name].specifier)).version
            assert wanted.specifier.contains(version), f"{wanted} and {version}"
