"""nginx with the configuration of `simmer serve`, in front of small servers that say who they are."""

from __future__ import annotations

import contextlib
import http
import re
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect
from websockets.sync.server import Server, serve

from textgen.hosting import proxy

NO_NGINX = "the proxy's tests need nginx: on Debian and Ubuntu, apt install nginx-light"
ROOT = Path(__file__).resolve().parents[3]
SEATS = [f"{n:032x}" for n in range(40)]


class Front:
    """A proxy and the servers behind it."""

    def __init__(self, **more) -> None:
        # Not below pytest's folder, which is closed to the user that nginx becomes where root starts it.
        self._folder = tempfile.TemporaryDirectory()
        self.folder = folder = Path(self._folder.name)
        self.backs = [self._back(name) for name in ("one", "two")]
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        ports = [back.socket.getsockname()[1] for back in self.backs]
        text = proxy.configuration(folder, ip_address("127.0.0.1"), self.port, ports, files=1024, **more)
        self.process = subprocess.Popen(proxy.prepare(folder, text))
        for _ in range(100):
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                time.sleep(0.05)

    def _back(self, name: str) -> Server:
        def answer(connection, request):
            if request.path != "/_stcore/stream":
                told = request.headers.get("X-Forwarded-For"), request.headers.get("Host")
                return connection.respond(http.HTTPStatus.OK, f"{name} {told}")

        def greet(connection):
            connection.send(name)
            for message in connection:
                connection.send(message)

        back = serve(greet, "127.0.0.1", 0, process_request=answer)
        threading.Thread(target=back.serve_forever, daemon=True).start()
        return back

    def get(self, path: str = "/", seat: str = "", **headers: str):
        cookie = {"Cookie": f"simmer_seat={seat}"} if seat else {}
        asked = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=cookie | headers)
        try:
            return urllib.request.urlopen(asked, timeout=30)
        except urllib.error.HTTPError as error:
            return error

    def who(self, **more: str) -> str:
        with self.get(**more) as answer:
            return answer.read().decode().split()[0]

    def tab(self, seat: str = ""):
        cookie = {"Cookie": f"simmer_seat={seat}"} if seat else {}
        return connect(f"ws://127.0.0.1:{self.port}/_stcore/stream", additional_headers=cookie)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()
        for back in self.backs:
            back.shutdown()
        self._folder.cleanup()


@pytest.fixture
def front() -> Iterator[Front]:
    if not proxy.nginx():
        pytest.skip(NO_NGINX)
    front = Front()
    yield front
    front.stop()


def test_a_browser_stays_with_one_process_and_browsers_are_spread_over_all(front):
    where = {seat: front.who(seat=seat) for seat in SEATS}
    assert set(Counter(where.values())) == {"one", "two"}
    assert min(Counter(where.values()).values()) >= 10  # of 40
    for seat in SEATS[:6]:
        with front.tab(seat) as tab:
            assert tab.recv() == where[seat]
            tab.send("there and back")
            assert tab.recv() == "there and back"
        assert front.who(path="/media/some.png", seat=seat) == where[seat]


def test_a_file_of_the_front_end_is_asked_for_once_for_all_people(front):
    assert len({front.who(path="/static/js/some.js", seat=seat) for seat in SEATS}) == 1
    assert front.get("/static/js/some.js").headers["Set-Cookie"] is None  # caches would hand it on
    assert {front.who(path="/media/some.js", seat=seat) for seat in SEATS} == {"one", "two"}


def test_each_new_browser_gets_a_cookie_of_its_own_and_keeps_it(front):
    cookies = [front.get().headers["Set-Cookie"] for _ in range(5)]
    assert len(set(cookies)) == 5
    assert all("HttpOnly" in cookie and "SameSite=Lax" in cookie for cookie in cookies)
    seat = cookies[0].partition("=")[2].partition(";")[0]
    assert front.get(seat=seat).headers["Set-Cookie"] is None
    assert front.get(seat="no-seat-of-ours").headers["Set-Cookie"]
    framed = front.get(**{"X-Forwarded-Proto": "https"}).headers["Set-Cookie"]
    assert "SameSite=None; Secure; Partitioned" in framed  # kept in a frame on somebody else's page


def test_without_cookies_address_and_browser_choose_the_process(front):
    where = {name: front.who(**{"User-Agent": name}) for name in SEATS}
    assert set(where.values()) == {"one", "two"}
    assert where == {name: front.who(**{"User-Agent": name}) for name in SEATS}


def test_when_a_process_is_gone_its_people_are_with_the_others_and_the_rest_notices_nothing(front):
    where = {seat: front.who(seat=seat) for seat in SEATS}
    front.backs[0].shutdown()
    assert {front.who(seat=seat) for seat in SEATS} == {"two"}
    with front.tab(next(seat for seat in SEATS if where[seat] == "one")) as tab:
        assert tab.recv() == "two"
    front.backs[1].shutdown()
    with front.get("/models?seed=3") as answer:
        assert answer.status == 502
        assert b"looks again" in answer.read()


def test_ready_is_what_the_file_says_and_costly_questions_are_not_passed_on(front):
    assert front.get("/ready").status == 503
    (front.folder / "pages" / proxy.READY).write_text("ready\n")
    assert front.get("/ready").read() == b"ready\n"
    assert front.who(path="/_stcore/health") in ("one", "two")
    for path in ("/_stcore/script-health-check", "/_stcore/metrics", "/wait.html"):
        assert front.get(path).status == 404


def test_who_somebody_is_cannot_be_made_up_unless_another_proxy_is_trusted(front):
    claim = {"X-Forwarded-For": "203.0.113.9"}
    assert "'127.0.0.1'" in front.get(**claim).read().decode()
    behind = Front(trusted=[ip_network("127.0.0.0/8")])
    assert "'203.0.113.9'" in behind.get(**claim).read().decode()
    behind.stop()


def test_every_answer_has_the_headers_that_keep_a_page_to_itself(front):
    for path in ("/", "/ready", "/_stcore/metrics"):
        headers = front.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        policy = headers["Content-Security-Policy"]
        assert (
            "default-src 'self'" in policy and "object-src 'none'" in policy and "base-uri 'self'" in policy
        )
        assert "frame-ancestors" not in policy and headers["X-Frame-Options"] is None  # shown in other pages
        assert "camera=()" in headers["Permissions-Policy"]
        assert headers["Server"] == "nginx"  # and no version


def test_no_answer_invites_scripts_of_other_origins(front):
    answer = front.get(Origin="http://somebody.example")
    assert answer.headers["Access-Control-Allow-Origin"] is None


def test_an_address_that_is_too_long_is_refused(front):
    assert front.get("/?title=" + "x" * 8_000).status == 200
    assert front.get("/?title=" + "x" * 70_000).status in (400, 414)


def test_a_gigabyte_is_refused_before_it_is_sent(front):
    for path, least in (("/_stcore/upload_file/session/file", 1 << 30), ("/", 100_000)):
        with socket.create_connection(("127.0.0.1", front.port)) as wire:
            wire.sendall(f"PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {least}\r\n\r\n".encode())
            assert b" 413 " in wire.recv(100)


def test_one_browser_has_no_more_than_its_share_of_tabs(front):
    with contextlib.ExitStack() as tabs:
        for _ in range(proxy.TABS):
            tabs.enter_context(front.tab("0" * 32))
        with pytest.raises(InvalidStatus, match="429"), front.tab("0" * 32):
            pass
        with front.tab("1" * 32) as other:
            assert other.recv() in ("one", "two")


def test_a_folder_that_nginx_would_read_as_something_else_is_refused():
    with pytest.raises(proxy.ProxyError, match="TMPDIR"):
        proxy.configuration(Path('/tmp/a"b'), ip_address("127.0.0.1"), 80, [1])


def test_the_limit_of_a_file_is_one_number():
    settings = (ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8")
    assert re.findall(r"(?m)^maxUploadSize = (\d+)$", settings) == [str(proxy.UPLOAD_MEGABYTES)]
