"""The network requests that Cog itself sends, as docs/deploying.md describes them. A new Cog may behave differently."""

import io
import socketserver
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from github_avatars import identicon
from github_avatars.demo import Exchange, GitHubStandIn, resetting, responding
from github_avatars.picture.decoding import MAX_BYTES
from github_avatars.service.cog_cleanup import PREDICTIONS
from tests.conftest import StartCog
from tests.support.cog_server import CogServer
from tests.support.holding import Hold
from tests.support.timing import TIMEOUT, wait_until


def encoded() -> bytes:
    file = io.BytesIO()
    identicon.render(1).save(file, "PNG")
    return file.getvalue()


PICTURE = encoded()


@pytest.fixture(scope="module")
def temporary(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("temporary")


@pytest.fixture(scope="module")
def server(start_cog: StartCog, temporary: Path, tmp_path_factory: pytest.TempPathFactory) -> CogServer:
    folder = tmp_path_factory.mktemp("server")
    server = start_cog(folder, "http://127.0.0.1:1", schema=True, TMPDIR=str(temporary), no_proxy="*")
    server.wait_for_status("READY")
    return server


@pytest.fixture
def downloads(temporary: Path, server: CogServer) -> Path:  # noqa: ARG001 (the server creates the folder)
    """The folder of the server's temporary files, empty at first."""
    (folder,) = temporary.iterdir()
    assert not list(folder.iterdir())
    return folder


@pytest.fixture
def other_host() -> Iterator[GitHubStandIn]:
    """A host that is not GitHub, with a private address."""
    with GitHubStandIn(faults={"/picture": responding(200, body=PICTURE)}) as standin:
        yield standin


def prediction(response: dict[str, object]) -> str:
    assert response["status"] == "succeeded", response
    assert isinstance(response["output"], dict)
    return str(response["output"]["prediction"])


def test_cog_downloads_from_any_host_and_address(server: CogServer, other_host: GitHubStandIn, downloads: Path) -> None:
    assert prediction(server.predict(image=f"{other_host.url}/picture")) == "default"
    assert other_host.requests == {"/picture": 1}
    wait_until(lambda: not list(downloads.iterdir()))


def test_cog_follows_30_redirects_to_any_host(server: CogServer, other_host: GitHubStandIn) -> None:
    with GitHubStandIn() as first:
        first.faults["/moved"] = responding(302, {"Location": f"{other_host.url}/picture"})
        assert prediction(server.predict(image=f"{first.url}/moved")) == "default"
        first.faults["/loop"] = responding(302, {"Location": "/loop"})
        assert "Exceeded 30 redirects" in server.predict(image=f"{first.url}/loop")["error"]
        assert first.requests["/loop"] == 31


def test_cog_follows_no_redirect_to_a_file(server: CogServer, other_host: GitHubStandIn) -> None:
    other_host.faults["/moved"] = responding(302, {"Location": "file:///etc/hostname"})
    assert "No connection adapters" in server.predict(image=f"{other_host.url}/moved")["error"]


@pytest.mark.parametrize(
    "address", ["file:///etc/hostname", "ftp://127.0.0.1/picture", "HTTP://127.0.0.1/picture", "/etc/hostname"]
)
def test_predictor_refuses_other_schemes(server: CogServer, address: str) -> None:
    assert f"BadInput: image is the text {address!r}" in server.predict(image=address)["error"]


def test_download_ends_at_the_maximum_size_and_is_removed(
    server: CogServer, other_host: GitHubStandIn, downloads: Path
) -> None:
    rejected = threading.Event()

    def respond(exchange: Exchange) -> bool:
        exchange.send_head(200, {"Content-Length": str(50_000_000)})
        exchange.wfile.write(bytes(MAX_BYTES + 100_000))
        # The rest of the response is never sent.
        exchange.close_connection = True
        return rejected.wait(TIMEOUT)

    other_host.faults["/large"] = respond
    assert "TooLarge: " in server.predict(image=f"{other_host.url}/large")["error"]
    rejected.set()
    wait_until(lambda: not list(downloads.iterdir()))


def test_interrupted_download_is_an_error_and_leaves_no_file(
    server: CogServer, other_host: GitHubStandIn, downloads: Path
) -> None:
    other_host.faults["/broken"] = resetting(b"HTTP/1.1 200 OK\r\nContent-Length: 999999\r\n\r\n" + bytes(99_999))
    response = server.predict(image=f"{other_host.url}/broken")
    assert "BadInput: image cannot be received (" in response["error"]
    assert not list(downloads.iterdir())
    wait_until(lambda: not (PREDICTIONS / response["id"]).exists())


def test_download_blocks_no_other_prediction_and_cannot_be_canceled(
    server: CogServer, other_host: GitHubStandIn
) -> None:
    hold = Hold()
    other_host.faults["/slow"] = lambda exchange: hold(exchange) or responding(200, body=PICTURE)(exchange)
    path = "/predictions/slow"
    with ThreadPoolExecutor(1) as pool:
        response = pool.submit(server.request, "PUT", path, {"input": {"image": f"{other_host.url}/slow"}})
        try:
            assert hold.wait_for_request()
            assert server.health()["status"] == "READY"
            assert prediction(server.predict(image=f"{other_host.url}/picture")) == "default"
            assert server.request("POST", f"{path}/cancel") == (200, {})
            assert server.health()["status"] == "READY"
            assert not response.done()
        finally:
            hold.release.set()
        assert response.result()[1]["status"] != "succeeded"


class Webhook(socketserver.ThreadingTCPServer):
    """A server that stores the bodies of all requests."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), WebhookHandler)
        self.bodies: list[bytes] = []


class WebhookHandler(BaseHTTPRequestHandler):
    server: Webhook

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()
        self.server.bodies.append(body)

    def log_message(self, *_: object) -> None:
        pass


def test_cog_posts_to_any_webhook(server: CogServer) -> None:
    with Webhook() as webhook, ThreadPoolExecutor(1) as pool:
        pool.submit(webhook.serve_forever, 0.02)
        url = f"http://127.0.0.1:{webhook.server_address[1]}/"
        server.request("POST", "/predictions", {"input": {"username": "no login"}, "webhook": url})
        wait_until(lambda: any(b"BadLogin" in body for body in webhook.bodies))
        webhook.shutdown()


def test_any_client_can_shut_down_the_server(start_cog: StartCog, tmp_path: Path) -> None:
    server = start_cog(tmp_path, "")
    server.wait_for_status("READY")
    assert server.request("POST", "/shutdown")[0] == 200
    server.process.wait(60)
