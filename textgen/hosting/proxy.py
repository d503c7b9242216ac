"""nginx in front of the app's processes: its configuration, made from `nginx.conf.jinja`, and its folder."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined


class ProxyError(Exception):
    """nginx cannot be used as it is asked to; the message says why."""


HERE = Path(__file__).parent
READY = "ready"  # the file behind /ready: there if somebody who comes now is answered at once

UPLOAD_MEGABYTES = 50  # of one file; .streamlit/config.toml has the same for an app without a proxy
PEOPLE = 400  # open tabs a process
TABS = 100  # open tabs of one browser, or of one address for those without cookies
BURST, ARRIVALS = 400, 20  # tabs that one address opens at once, and each second from then on
UPLOADS = 20  # at a time from one address

# Scripts, styles and data come from this server and go nowhere else. Streamlit and Vega need `unsafe`. No
# `frame-ancestors`: pages are there to be shown on others, a teacher's own file among them.
POLICY = {
    "default-src": "'self'",
    "script-src": "'self' 'unsafe-inline' 'unsafe-eval' blob:",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "connect-src": "'self' data: blob:",
    "worker-src": "'self' blob:",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
}


def nginx() -> str | None:
    """The path of nginx, if it is installed; Debian has it where only root's shell looks."""
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/local/sbin:/usr/sbin")


def configuration(
    folder: Path,
    address: IPv4Address | IPv6Address,
    port: int,
    ports: Sequence[int],
    trusted: Sequence[IPv4Network | IPv6Network] = (),
    files: int = 8192,
) -> str:
    """The text of nginx.conf for processes that listen on `ports` of 127.0.0.1.

    folder   where nginx keeps what it needs (see `prepare`)
    trusted  other proxies in front, whose `X-Forwarded-For` is believed
    files    that nginx may have open, two a tab
    """
    if any(c in str(folder) for c in '"$\\\n'):
        raise ProxyError(f"nginx cannot use the folder {folder}: set TMPDIR to one without quotes and $")
    templates = Environment(
        loader=FileSystemLoader(HERE), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    host = f"[{address}]" if address.version == 6 else address
    return templates.get_template("nginx.conf.jinja").render(
        folder=folder,
        listen=f"{host}:{port}",
        ports=ports,
        trusted=trusted,
        files=files,
        people=PEOPLE * len(ports),
        tabs=TABS,
        burst=BURST,
        arrivals=ARRIVALS,
        uploads=UPLOADS,
        megabytes=UPLOAD_MEGABYTES,
        policy="; ".join(f"{name} {sources}" for name, sources in POLICY.items()),
    )


def prepare(folder: Path, text: str) -> list[str]:
    """Lay out `folder` for the configuration `text`; the command that runs nginx with it.

    `ProxyError` if this nginx does not take the configuration.
    """
    folder.chmod(0o711)  # nginx's worker is another user where it was started by root
    pages = folder / "pages"
    pages.mkdir()
    shutil.copy(HERE / "wait.html", pages)
    (folder / "nginx.conf").write_text(text, encoding="utf-8")
    command = [nginx() or "nginx", "-e", "stderr", "-p", str(folder), "-c", str(folder / "nginx.conf")]
    test = subprocess.run([*command, "-t"], capture_output=True, text=True)
    if test.returncode:
        raise ProxyError(f"nginx does not start: {test.stderr.strip().splitlines()[0]}")
    return command
