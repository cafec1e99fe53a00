"""The page's server by HTTP: headers, foreign sites, uploads, rate limits, and what the page consists of."""

import re
import socket
import tempfile
import threading
from pathlib import Path

import pytest

from github_avatars.demo import Exchange
from github_avatars.picture.decoding import MAX_BYTES
from github_avatars.web.app import PAGE
from github_avatars.web.guard import HEADERS, POLICY
from tests.support.sites import DEFAULT, PageServer, page_server, picture_of, receive
from tests.support.timing import TIMEOUT

PICTURE = picture_of(DEFAULT.login)


def test_every_response_has_the_headers(server: PageServer) -> None:
    responses = [
        server.request("/"),
        server.request("/page/app.js"),
        server.request("/page/gone.js"),
        server.request("/octocat.json"),
        server.request("/nobody-here.json"),
        server.request("/api/pictures", b"no picture"),
        server.request("/api/identicons/1.png"),
        server.request("/", headers={"Host": "evil.example"}),
        server.request("/", headers={"Origin": "http://["}),
        server.send(b"GET / HTTP/1.1\r\n\r\n"),
        server.request("/", method="DELETE"),
    ]
    for response in responses:
        assert {name: response.headers.get(name.lower()) for name in HEADERS} == HEADERS
        assert "cache-control" in response.headers


def test_policy_allows_own_files_only() -> None:
    directives = dict(directive.split(" ", 1) for directive in POLICY.split("; "))
    assert directives.pop("img-src") == "'self' data: blob:"
    assert set(directives.values()) == {"'none'", "'self'", "'script'"}
    assert directives["default-src"] == directives["base-uri"] == directives["frame-ancestors"] == "'none'"


def test_pictures_are_not_stored(server: PageServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert server.request("/api/pictures", PICTURE).status == 200
    assert server.request("/api/pictures", bytes(2 * MAX_BYTES)).status == 413
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("localhost:8000", 200),
        ("LOCALHOST", 200),
        ("[::1]:8000", 200),
        ("evil.example", 403),
        ("127.0.0.1.evil.example", 403),
        ("localhost@evil.example", 403),
        ("[::1", 403),
        ("[", 403),
        ("", 403),
    ],
)
def test_only_names_of_this_machine_are_accepted(server: PageServer, host: str, status: int) -> None:
    assert server.request("/api/about", headers={"Host": host}).status == status
    assert server.request("/", headers={"Host": host}).status == status


def test_server_on_another_address_accepts_any_name() -> None:
    with page_server(hosts=None) as server:
        assert server.request("/api/about", headers={"Host": "avatars.example"}).status == 200
        assert server.request("/no/such/place", headers={"Host": "["}).status == 403
        assert server.send(b"GET /api/about HTTP/1.0\r\n\r\n").status == 200
        assert server.send(b"GET /api/about HTTP/1.0\r\nOrigin: null\r\n\r\n").status == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Origin": "http://["}, 403),
        ({"Origin": "//[::1]]:x"}, 403),
        ({"Origin": "\xff"}, 403),
    ],
)
def test_requests_of_other_sites_are_rejected(server: PageServer, headers: dict[str, str], status: int) -> None:
    assert server.request("/api/pictures", PICTURE, headers=headers).status == status
    assert server.request("/api/accounts?login=octocat", headers=headers).status == status
    assert server.request("/octocat.json", headers=headers).status == status


@pytest.mark.parametrize(
    ("path", "destination", "status"),
    [
        ("/octocat", "document", 200),
        ("/octocat.json", "document", 200),
        ("/octocat.json", "image", 403),
        ("/octocat", "iframe", 403),
        ("/api/accounts?login=octocat", "document", 403),
    ],
)
def test_links_from_other_sites_work(server: PageServer, path: str, destination: str, status: int) -> None:
    headers = {"Accept": "text/html", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": destination}
    assert server.request(path, headers=headers).status == status


def test_own_origin_is_accepted(server: PageServer) -> None:
    headers = {"Origin": server.url, "Host": f"127.0.0.1:{server.port}", "Sec-Fetch-Site": "same-origin"}
    assert server.request("/api/pictures", PICTURE, headers=headers).status == 200


@pytest.mark.parametrize(
    "data",
    [
        b"\x16\x03\x01\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /api/pictures HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_malformed_request_is_rejected_and_not_logged(
    server: PageServer, data: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    response = server.send(data)
    assert (response.status, response.json["kind"]) == (400, "bad-input")
    assert server.request("/api/about").status == 200
    assert caplog.text == ""


def test_malformed_data_after_a_request_is_not_logged(server: PageServer, caplog: pytest.LogCaptureFixture) -> None:
    assert server.send(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n\0\r\n\r\n").status == 200
    with server.connect() as connection:
        for data in (
            b"GET /octocat.json HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"zz\r\n",
        ):
            connection.sendall(data)
        assert receive(connection).status == 400
    assert server.request("/api/about").status == 200
    assert caplog.text == ""


def test_web_socket_request_is_answered_as_any_other_and_not_logged(
    server: PageServer, caplog: pytest.LogCaptureFixture
) -> None:
    assert server.request("/", headers={"Connection": "Upgrade", "Upgrade": "websocket"}).status == 200
    assert caplog.text == ""


def test_disconnect_of_the_client_ends_the_fetch() -> None:
    arrived = threading.Event()
    disconnected = threading.Event()

    def hold(exchange: Exchange) -> bool:
        arrived.set()
        # recv returns nothing when the other side closes the connection.
        exchange.connection.settimeout(TIMEOUT)
        assert exchange.connection.recv(1) == b""
        disconnected.set()
        return True

    with page_server(deadline=10 * TIMEOUT) as server:
        server.standin.faults["/octocat.png"] = hold
        with socket.create_connection(("127.0.0.1", server.port), timeout=TIMEOUT) as connection:
            connection.sendall(b"GET /octocat.json HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert arrived.wait(TIMEOUT)
        assert disconnected.wait(TIMEOUT)


def test_page_is_small() -> None:
    assert sum(file.stat().st_size for file in PAGE.iterdir()) < 150_000


def test_page_uses_no_foreign_files_and_nothing_inline() -> None:
    html = (PAGE / "index.html").read_text(encoding="utf-8")
    assert re.findall(r"<script(?![^>]* src=)|<style|\son\w+=|\sstyle=|javascript:", html) == []
    for address in re.findall(r'(?:src|href)="([^"]*)"', html):
        assert address.startswith(("/", "#")), address
    for script in PAGE.glob("*.js"):
        text = script.read_text(encoding="utf-8")
        assert not re.findall(r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|new Function", text)
        assert all(module.startswith("/page/") for module in re.findall(r'from "([^"]+)"', text))
    css = (PAGE / "page.css").read_text(encoding="utf-8")
    assert "url(" not in css
    assert "@import" not in css
