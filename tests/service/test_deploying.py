"""What docs/deploying.md says of the network that Cog itself uses, on its real server: a new Cog may do otherwise."""

import io
import shutil
import socketserver
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from github_avatars import identicon
from github_avatars.demo import Exchange, GitHubStandIn, resetting, responding
from tests.support.cog_server import CogServer
from tests.support.processes import ROOT
from tests.support.timing import wait_until

START = Callable[..., CogServer]


def encoded() -> bytes:
    file = io.BytesIO()
    identicon.render(1).save(file, "PNG")
    return file.getvalue()


PICTURE = encoded()


@pytest.fixture(scope="module")
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("temporary")


@pytest.fixture(autouse=True)
def downloads(temporary: Path) -> Iterator[Path]:
    """The folder for the server's temporary files, empty at first."""
    yield temporary
    for left in temporary.iterdir():
        left.unlink()


@pytest.fixture(scope="module")
def server(start_cog: START, temporary: Path, tmp_path_factory: pytest.TempPathFactory) -> CogServer:
    folder = tmp_path_factory.mktemp("server")
    (folder / ".cog").mkdir()
    shutil.copyfile(ROOT / "openapi.json", folder / ".cog" / "openapi_schema.json")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TMPDIR", str(temporary))
        environment.setenv("no_proxy", "*")
        server = start_cog(folder, "http://127.0.0.1:1")
    server.wait_for_status("READY")
    return server


@pytest.fixture
def elsewhere() -> Iterator[GitHubStandIn]:
    """A host that is not GitHub, and at a private address."""
    with GitHubStandIn(faults={"/picture": responding(200, body=PICTURE)}) as standin:
        yield standin


def prediction(answer: dict[str, object]) -> str:
    assert answer["status"] == "succeeded", answer
    assert isinstance(answer["output"], dict)
    return str(answer["output"]["prediction"])


def test_cog_downloads_from_any_host_and_any_address(
    server: CogServer, elsewhere: GitHubStandIn, downloads: Path
) -> None:
    assert prediction(server.predict(image=f"{elsewhere.url}/picture")) == "default"
    assert elsewhere.requests == {"/picture": 1}
    assert not list(downloads.iterdir())


def test_cog_follows_30_redirects_to_wherever_they_lead(server: CogServer, elsewhere: GitHubStandIn) -> None:
    with GitHubStandIn() as first:
        first.faults["/moved"] = responding(302, {"Location": f"{elsewhere.url}/picture"})
        assert prediction(server.predict(image=f"{first.url}/moved")) == "default"
        first.faults["/loop"] = responding(302, {"Location": "/loop"})
        assert "Exceeded 30 redirects" in server.predict(image=f"{first.url}/loop")["error"]
        assert first.requests["/loop"] == 31


def test_redirect_to_a_file_is_not_followed(server: CogServer, elsewhere: GitHubStandIn) -> None:
    elsewhere.faults["/moved"] = responding(302, {"Location": "file:///etc/hostname"})
    assert "No connection adapters" in server.predict(image=f"{elsewhere.url}/moved")["error"]


def test_other_schemes_are_left_to_us_who_refuse(server: CogServer) -> None:
    for address in ("file:///etc/hostname", "ftp://127.0.0.1/picture", "HTTP://127.0.0.1/picture", "/etc/hostname"):
        assert f"BadInput: image is the text {address!r}" in server.predict(image=address)["error"]


def test_download_is_as_large_as_it_comes_and_gone_afterwards(
    server: CogServer, elsewhere: GitHubStandIn, downloads: Path
) -> None:
    largest = []

    def large(exchange: Exchange) -> bool:
        exchange.send_head(200, {"Content-Length": str(50_000_000)})
        for _ in range(50):
            exchange.wfile.write(bytes(1_000_000))
            largest.extend(file.stat().st_size for file in downloads.iterdir())
        return True

    elsewhere.faults["/large"] = large
    assert "TooLarge: " in server.predict(image=f"{elsewhere.url}/large")["error"]
    assert max(largest) > 20_000_000
    assert not list(downloads.iterdir())


def test_download_that_breaks_off_leaves_its_file(server: CogServer, elsewhere: GitHubStandIn, downloads: Path) -> None:
    elsewhere.faults["/broken"] = resetting(b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n" + bytes(99_999))
    assert server.predict(image=f"{elsewhere.url}/broken")["status"] == "failed"
    (left,) = downloads.iterdir()
    assert left.name.endswith("broken")


def test_download_stands_in_nobodys_way_and_cannot_be_canceled(server: CogServer, elsewhere: GitHubStandIn) -> None:
    arrived, release = threading.Event(), threading.Event()

    def hold(exchange: Exchange) -> bool:
        arrived.set()
        release.wait(9)
        exchange.respond(200, body=PICTURE)
        return True

    elsewhere.faults["/held"] = hold
    path = "/predictions/held"
    with ThreadPoolExecutor(1) as pool:
        answer = pool.submit(server.request, "PUT", path, {"input": {"image": f"{elsewhere.url}/held"}})
        try:
            assert arrived.wait(9)
            assert server.health()["status"] == "READY"
            assert prediction(server.predict(image=f"{elsewhere.url}/picture")) == "default"
            assert server.request("POST", f"{path}/cancel") == (200, {})
            assert server.health()["status"] == "READY"
            assert not answer.done()
        finally:
            release.set()
        assert answer.result()[1]["status"] != "succeeded"


class Hook(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.server.bodies.append(body)

    def log_message(self, *_: object) -> None:
        pass


class Listener(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Hook)
        self.bodies: list[bytes] = []


def test_cog_posts_to_any_webhook_of_a_request(server: CogServer) -> None:
    with Listener() as listener, ThreadPoolExecutor(1) as pool:
        pool.submit(listener.serve_forever, 0.02)
        webhook = f"http://127.0.0.1:{listener.server_address[1]}/"
        server.request("POST", "/predictions", {"input": {"username": "no login"}, "webhook": webhook})
        wait_until(lambda: any(b"BadLogin" in body for body in listener.bodies))
        listener.shutdown()


def test_whoever_reaches_the_port_can_end_the_server(start_cog: START, tmp_path: Path) -> None:
    server = start_cog(tmp_path, "")
    server.wait_for_status("READY")
    assert server.request("POST", "/shutdown")[0] == 200
    assert wait_until(lambda: server.process.poll() is not None)
