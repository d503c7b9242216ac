"""Trainings that were started from the app: a folder each, trained one at a time in a process of its own.

The app writes what is to be done (`run.json`, `wish`), the process (`textgen.training.child`) what became of
it (`state.json`, `progress.json`, `history.json`); both write whole files or none. Nothing here imports
TensorFlow. A run is found by its token alone, which nobody can guess, and its network is a bundle whose name
ends with that token.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import re
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any

from textgen.apart import apart
from textgen.files import Lock, home, write_atomically
from textgen.network.bundle import BundleError, user_folder
from textgen.network.pack import open_bytes, pack_bundle
from textgen.training.architectures import ARCHITECTURES
from textgen.training.limits import Limits
from textgen.training.plan import EPOCHS

FEWEST_TEXTS, FEWEST_WORDS, FEWEST_DIFFERENT = 30, 1_000, 60
SMALLEST_VOCABULARY, SMALLEST_UNITS = 50, 8
PATIENT = 30.0  # seconds that a process has to come up
AT_WORK = ("looking", "waiting", "starting", "training", "finishing")  # states in which a process is there
TOKEN = re.compile(r"[0-9a-f]{32}")
SECRET_NAME = re.compile(rf"([a-z0-9-]{{1,40}})\.({TOKEN.pattern})")  # of a network that only its owner sees
_VANISHED = (
    "The process ended without a word: it was killed, or the computer ran out of memory or was restarted."
)
_ROOT = Path(__file__).resolve().parents[2]
_started: dict[str, subprocess.Popen[bytes]] = {}  # by token, the last one
_leaving: list[subprocess.Popen[bytes]] = []  # those before that may not have ended yet


class Refused(Exception):
    """What was asked for is not done; the message is a sentence for the person who asked."""


@dataclass(frozen=True)
class Choices:
    """What is to be trained."""

    architecture: str = "lstm"
    vocabulary: int = 5_000
    units: int = 128
    epochs: int = EPOCHS
    seed: int = 0

    def check(self, limits: Limits) -> None:
        """`Refused` if this host does not let anybody train it."""
        if self.architecture not in ARCHITECTURES:
            raise Refused(f"There is no architecture “{self.architecture}”.")
        for name, value, low, high in (
            ("The vocabulary has", self.vocabulary, SMALLEST_VOCABULARY, limits.vocabulary),
            ("The number of units is", self.units, SMALLEST_UNITS, limits.units),
            ("The number of epochs is", self.epochs, 1, limits.epochs),
        ):
            if not low <= value <= high:
                raise Refused(f"{name} from {low:,} to {high:,} here, not {value:,}.")


@dataclass(frozen=True)
class Run:
    """One training, by its folder."""

    folder: Path

    @property
    def token(self) -> str:
        return self.folder.name

    @property
    def about(self) -> dict[str, Any]:
        """`name` and `file` for people, `corpus` (the file's name here), `as_lines`, `source`, `license`,
        `created`, and once it is started `choices`."""
        return _read(self.folder / "run.json")

    @property
    def corpus(self) -> Path:
        return self.folder / self.about["corpus"]

    @property
    def bundle(self) -> Path:
        """Where its network is, or will be."""
        return user_folder() / f"{slug(self.about.get('name', ''))}.{self.token}"

    @property
    def is_draft(self) -> bool:
        """Whether it is a corpus that nobody has trained on."""
        return not {"choices", "opened"} & set(self.about)

    @property
    def has_network(self) -> bool:
        return (self.bundle / "model.keras").is_file()

    @property
    def state(self) -> dict[str, Any]:
        """`state`, one of `AT_WORK`, "new", "looked", "refused", "paused", "done", "failed" or "interrupted",
        with the `message` that belongs to it."""
        said: dict[str, Any] = {"state": "new", "message": "", **_read(self.folder / "state.json")}
        if said["state"] in AT_WORK and not self.is_alive(said.get("since", 0)):
            again = _read(self.folder / "state.json")  # it may have ended between the two looks
            if again.get("state") not in AT_WORK:
                return said | again
            return said | {"state": "interrupted", "message": _VANISHED}
        return said

    def is_alive(self, since: float = 0) -> bool:
        """Whether its process is there, or on its way."""
        if Lock(self.folder / "alive.lock").is_held():
            return True
        process = _started.get(self.token)
        if process is not None and process.poll() is not None:
            return False
        return abs(time.time() - since) < PATIENT  # a clock may have been set back

    def read(self, name: str) -> dict[str, Any]:
        """One of its files: "look", "progress", "history", "lines"; empty while there is none."""
        return _read(self.folder / f"{name}.json")

    def write(self, name: str, value: Mapping[str, Any]) -> None:
        with write_atomically(self.folder / f"{name}.json") as file:
            file.write(json.dumps(value).encode())

    def say(self, state: str, message: str = "", **more: Any) -> None:
        """Put `state` on record."""
        kept = _read(self.folder / "state.json")
        self.write("state", {**kept, "state": state, "message": message, "since": time.time(), **more})

    @property
    def wish(self) -> str:
        """ "pause", "stop" or nothing."""
        with contextlib.suppress(OSError):
            return (self.folder / "wish").read_text("utf-8")
        return ""

    def wish_for(self, wish: str) -> None:
        """Ask the process to "pause" or to "stop"; it does so after the next batch."""
        with write_atomically(self.folder / "wish") as file:
            file.write(wish.encode())


def runs_folder() -> Path:
    return home() / "runs"


def can_train() -> bool:
    """Whether TensorFlow is there; it is not imported."""
    return importlib.util.find_spec("tensorflow") is not None


def all_runs() -> list[Run]:
    """Every run of this host, the oldest first."""
    try:
        folders = [path for path in runs_folder().iterdir() if TOKEN.fullmatch(path.name)]
    except OSError:
        return []
    found = [Run(path) for path in folders if (path / "run.json").is_file()]
    return sorted(found, key=lambda run: (run.about.get("created", 0), run.token))


def run_of(token: str) -> Run | None:
    """The run with this token: one of those that there are, and no path is made of what was asked for."""
    if not TOKEN.fullmatch(token):
        return None
    return next((run for run in all_runs() if secrets.compare_digest(run.token, token)), None)


def networks_among(names: Sequence[str]) -> list[str]:
    """Those of `names` that are networks of runs."""
    if not names:
        return []
    there = {run.bundle.name for run in all_runs() if run.has_network}
    return [name for name in names if name in there]


def queue() -> list[Run]:
    """The run that is being trained and those that wait, in the order of their turns."""
    at_work = [(run, run.state) for run in all_runs()]
    inside = [(run, said) for run, said in at_work if said["state"] in AT_WORK[1:]]
    inside.sort(key=lambda item: (item[1]["state"] == "waiting", item[1].get("queued", 0), item[0].token))
    return [run for run, _ in inside]


def bring(
    name: str, data: bytes, limits: Limits, *, as_lines: bool = False, source: str = "", license: str = ""
) -> Run:
    """Keep a corpus for a look at it, and for training. `Refused` if there is no room for it.

    Of the file's name only its ending reaches the disk.
    """
    if not limits.runs:
        raise Refused("On this server nobody can train.")
    if len(data) > limits.megabytes << 20:
        raise Refused(
            f"The file has {len(data) / (1 << 20):,.0f} MB; this server takes files of up to "
            f"{limits.megabytes:,} MB."
        )
    if sum(run.state["state"] == "looking" for run in all_runs()) > limits.waiting:
        raise Refused("Many files are being read here just now. Try again in a minute.")
    oldest = _to_make_room(limits, trained=False)
    path = PurePosixPath(name.replace("\\", "/"))
    ending = path.suffix.lower() if re.fullmatch(r"\.[a-z0-9]{1,8}", path.suffix.lower()) else ""
    run = Run(runs_folder() / secrets.token_hex(16))
    try:
        run.folder.mkdir(parents=True)
        run.folder.chmod(0o700)
        with write_atomically(run.folder / f"corpus{ending}") as file:
            file.write(data)
        about = {
            "name": path.stem[:60] or "corpus",
            "file": path.name[:100],
            "corpus": f"corpus{ending}",
            "as_lines": as_lines,
            "source": source,
            "license": license,
            "created": time.time(),
        }
        run.write("run", about)
    except OSError as error:
        shutil.rmtree(run.folder, ignore_errors=True)
        raise Refused(f"The file could not be kept on this server: {error.strerror or error}.") from None
    _delete_all(oldest)
    return run


def open_network(name: str, data: bytes, limits: Limits) -> Run:
    """Keep a network that `packed` or `bundle pack` made a file of. `Refused` says what is wrong with it."""
    if not limits.runs:
        raise Refused("On this server nobody can keep a network.")
    if len(data) > limits.megabytes << 20:
        raise Refused(f"This server takes files of up to {limits.megabytes:,} MB.")
    oldest = _to_make_room(limits, trained=True)
    run = Run(runs_folder() / secrets.token_hex(16))
    path = PurePosixPath(name.replace("\\", "/"))
    try:
        run.folder.mkdir(parents=True)
        run.folder.chmod(0o700)
        about = {"name": path.stem[:60], "file": path.name[:100], "opened": True, "created": time.time()}
        run.write("run", about)
        notes = json.loads(apart(open_bytes, data, run.bundle.name, error=BundleError))
        run.say("done", " ".join(["It was opened from a file.", *notes]))
    except (BundleError, OSError) as error:
        for folder in (run.folder, *user_folder().glob(f".{run.bundle.name}-*")):  # if it was ended midway
            shutil.rmtree(folder, ignore_errors=True)
        reason = str(error).removeprefix("the file: ")
        raise Refused(f"{path.name[:60]} was not opened: {reason}.") from None
    _delete_all(oldest)
    return run


def look(run: Run) -> None:
    """Have the corpus looked at by a process of its own."""
    run.say("looking")
    _launch(run, "look")


def start(run: Run, choices: Choices, limits: Limits) -> None:
    """Put a run into the queue. `Refused` says why not."""
    choices.check(limits)
    if not can_train():
        raise Refused("TensorFlow is not installed here, and training needs it.")
    if run.state["state"] != "looked":
        raise Refused("This corpus cannot be trained on now.")
    _delete_all(_to_make_room(limits, trained=True))
    run.write("run", {**run.about, "choices": asdict(choices)})
    _enqueue(run, limits)


def resume(run: Run, limits: Limits) -> None:
    """Let a run that was paused, interrupted or failed go on from where it was."""
    if run.state["state"] not in ("paused", "interrupted", "failed") or "choices" not in run.about:
        raise Refused("This training cannot go on: it is at work, or done.")
    _enqueue(run, limits)


def _enqueue(run: Run, limits: Limits) -> None:
    if len(queue()) > limits.waiting:
        raise Refused(f"{limits.waiting} trainings wait already. Try again when one of them is done.")
    for old in ("wish", "network.zip"):
        (run.folder / old).unlink(missing_ok=True)
    run.say("waiting", queued=time.time())
    _launch(run, "train")


def end(run: Run, wish: str) -> None:
    """ "pause" or "stop" a run. One that has no process can be stopped too: what is there, is kept."""
    if run.state["state"] in AT_WORK:
        run.wish_for(wish)
    elif wish == "stop" and run.state["state"] in ("paused", "interrupted", "failed"):
        run.say("done", "You ended it." + (" The best epoch is kept." if run.has_network else ""))


def delete(run: Run) -> None:
    """Remove a run and its network. `Refused` while it is at work."""
    if run.state["state"] in AT_WORK:
        raise Refused("It is at work: stop it first.")
    for folder in (run.folder, run.bundle):
        shutil.rmtree(folder, ignore_errors=True)


def _delete_all(oldest: Sequence[Run]) -> None:
    for run in oldest:
        with contextlib.suppress(Refused):  # it went to work a moment ago
            delete(run)


def packed(run: Run) -> Path:
    """The network of a run as one file, made when it is first asked for."""
    file = run.folder / "network.zip"
    written = run.bundle / "model.keras"
    if not file.is_file() or file.stat().st_mtime_ns < written.stat().st_mtime_ns:
        pack_bundle(run.bundle, file, name=slug(run.about["name"]))
    return file


def slug(name: str) -> str:
    """A name as a part of a file's name and of an address."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40].strip("-") or "network"


def _to_make_room(limits: Limits, *, trained: bool) -> list[Run]:
    """The oldest, of the corpora that nobody trained on yet or of what was `trained`, that have to go before
    there is room for one more; none at work. `Refused` if that is not enough."""
    alike = [run for run in all_runs() if run.is_draft != trained]
    resting = [run for run in alike if run.state["state"] not in AT_WORK]
    beyond = len(alike) + 1 - limits.runs
    if beyond > len(resting):
        raise Refused("This server has no room for another before one of those at work is done.")
    return resting[: max(0, beyond)]


def _launch(run: Run, action: str) -> None:
    """Start the process of a run, in a session of its own: Ctrl-C stops the server, and it notices that."""
    path = os.pathsep.join(filter(None, [str(_ROOT), os.environ.get("PYTHONPATH")]))
    _leaving.extend(filter(None, [_started.get(run.token)]))
    _leaving[:] = [process for process in _leaving if process.poll() is None]
    folder = run.folder / "tmp"
    folder.mkdir(exist_ok=True)
    environment = {
        **os.environ,
        "PYTHONPATH": path,
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "CUDA_VISIBLE_DEVICES": "-1",
    }
    environment |= dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))
    with (run.folder / "log.txt").open("wb") as log:
        _started[run.token] = subprocess.Popen(
            [sys.executable, "-m", "textgen.training.child", action, str(run.folder)],
            env=environment,
            cwd=run.folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )


def _read(path: Path) -> dict[str, Any]:
    try:
        about = path.stat()
        return _parsed(path, about.st_mtime_ns, about.st_size)
    except (OSError, ValueError):
        return {}


@lru_cache(maxsize=256)  # a page looks every second
def _parsed(path: Path, written: int, size: int) -> dict[str, Any]:
    value = json.loads(path.read_text("utf-8"))
    return value if isinstance(value, dict) else {}
