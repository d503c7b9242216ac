"""What a stranger's file is given to: a process of its own, with bounds on its time and its memory.

HDF5 and Parquet are read by libraries in C. A damaged file can end them or keep them busy for ever, and
whatever runs in the same process with them: with no try around them is that caught.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

SECONDS = 60.0  # of the clock, which a large network on a busy computer does not need
MEMORY = 3 << 30  # bytes of address space, most of which the libraries take and never touch
_REFUSED = 3  # how the process ends if its function raised the error that it may raise
_ROOT = Path(__file__).resolve().parents[1]


def apart(
    function: Callable[..., bytes],
    data: bytes,
    *values: str,
    error: type[Exception],
    seconds: float = SECONDS,
) -> bytes:
    """`function(data, *values)`, called in a process of its own; `function` stands in a module by its name.

    `error` with its message if the function raises that, and with another if the process ends otherwise, is
    not done after `seconds`, or needs more than `MEMORY` (where the system can bound that).
    """
    path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
    names = [f"{one.__module__}:{one.__qualname__}" for one in (function, error)]
    process = subprocess.Popen(
        [sys.executable, "-m", "textgen.apart", *names, *values],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
    )
    with process:
        try:
            answer, told = process.communicate(data, seconds)
        except subprocess.TimeoutExpired:
            raise error(f"reading it took longer than {seconds:g} seconds, so it was given up") from None
        finally:
            process.kill()
    if process.returncode == 0:
        return answer
    if process.returncode == _REFUSED:
        raise error(told.decode("utf-8", "replace"))
    if b"MemoryError" in told:
        raise error("it is too large for this computer's memory")
    raise error("it is damaged, in a way that ended the program that was to read it")


def _named(name: str) -> object:
    module, _, rest = name.partition(":")
    return getattr(importlib.import_module(module), rest)


def main(function: str, error: str, *values: str) -> int:
    with contextlib.suppress(ImportError, ValueError, OSError):  # not on Windows, nor everywhere
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    read, expected = _named(function), _named(error)
    try:
        answer = read(sys.stdin.buffer.read(), *values)  # type: ignore[operator]
    except expected as reason:  # type: ignore[misc]
        sys.stderr.buffer.write(str(reason).encode("utf-8", "replace"))
        return _REFUSED
    sys.stdout.buffer.write(answer)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
