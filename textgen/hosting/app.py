"""One process of the app, as `serve` runs it beside app.py: `python -m textgen.hosting.app ADDRESS PORT`.

`streamlit run` would do, but for what it cannot be told: how much and how fast a tab may send.
"""

from __future__ import annotations

import sys

import uvicorn
from starlette.middleware import Middleware
from streamlit import App, config
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from textgen.hosting.throttle import Throttle, Turns

MESSAGE = 1 << 20  # bytes of one message of a tab; what it says of all its controls is a few thousand
PING = 30.0  # seconds between two signs of life that a tab is asked for, and until it counts as gone

OPTIONS = {  # of Streamlit; the rest is in .streamlit/config.toml
    "server.fileWatcherType": "none",
    "server.scriptHealthCheckEnabled": True,  # textgen.cli.serve.FIRST_PAGE
    "server.maxWidgetStateSize": 1,  # MB: as MESSAGE
    "logger.level": "warning",
}


def page_is_made(data: bytes) -> bool:
    """Whether a message to a tab says that a run of the page has ended."""
    return len(data) < 200 and ForwardMsg.FromString(data).WhichOneof("type") == "script_finished"


def main() -> None:
    address, port = sys.argv[1:]
    for name, value in OPTIONS.items():
        config.set_option(name, value)
    uvicorn.run(
        App("app.py", middleware=[Middleware(Throttle), Middleware(Turns, ends=page_is_made)]),
        host=address,
        port=int(port),
        ws="websockets-sansio",  # reads no further than one message ahead
        ws_max_size=MESSAGE,
        ws_ping_interval=PING,
        ws_ping_timeout=PING,
        log_level="warning",
        access_log=False,
        use_colors=False,
    )


if __name__ == "__main__":
    main()
