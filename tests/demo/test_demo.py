import http.client
import io
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import trustme
from PIL import Image

from github_avatars.demo import MODES, GitHubStandIn, dripping, once, resetting, responding
from github_avatars.errors import BadDataset
from github_avatars.training import dataset
from tests.support.processes import ROOT
from tests.support.timing import TIMEOUT, wait_until

PICTURES = [("octocat.png", "octocat", 1), ("zeke.jpg", "zeke", 2), ("mona.gif", "mona", 3), ("hubot.webp", "hubot", 4)]


@pytest.fixture(scope="module")
def avatars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("avatars")
    for file, _, _ in PICTURES:
        Image.new("RGB", (8, 8), "teal").save(folder / file)
    dataset.write_index(
        folder, [dataset.Example(file, "custom", login, number, "flat") for file, login, number in PICTURES]
    )
    return folder


@pytest.fixture
def standin(avatars: Path) -> Iterator[GitHubStandIn]:
    with GitHubStandIn(avatars) as standin:
        yield standin


@pytest.fixture
def client(standin: GitHubStandIn) -> Iterator[http.client.HTTPConnection]:
    client = http.client.HTTPConnection(standin.url.removeprefix("http://"), timeout=10)
    yield client
    client.close()


def ask(client: http.client.HTTPConnection, path: str, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
    client.request(method, path)
    response = client.getresponse()
    return response.status, dict(response.headers), response.read()


@pytest.mark.parametrize("path", ["/octocat.png", "/OctoCat.png", "/octocat.png?size=80"])
def test_login_redirects_to_the_account_id(
    client: http.client.HTTPConnection, standin: GitHubStandIn, path: str
) -> None:
    status, headers, body = ask(client, path)
    assert (status, headers["Location"], body) == (302, f"{standin.url}/u/1?v=4", b"")


@pytest.mark.parametrize(
    ("file", "number", "media_type"),
    [
        ("octocat.png", 1, "image/png"),
        ("zeke.jpg", 2, "image/jpeg"),
        ("mona.gif", 3, "image/gif"),
        ("hubot.webp", 4, "image/webp"),
    ],
)
def test_account_id_gives_the_picture(
    client: http.client.HTTPConnection, avatars: Path, file: str, number: int, media_type: str
) -> None:
    status, headers, body = ask(client, f"/u/{number}?v=4")
    assert status == 200
    assert body == (avatars / file).read_bytes()
    assert headers["Content-Type"] == media_type
    assert headers["Content-Length"] == str(len(body))
    assert headers["Cache-Control"] == "max-age=300"
    assert headers["ETag"] == ask(client, f"/u/{number}")[1]["ETag"]
    assert headers["ETag"] != ask(client, f"/u/{number % 4 + 1}")[1]["ETag"]


@pytest.mark.parametrize(
    "path", ["/stranger.png", "/octocat", "/", "/u/5", "/u/0x1", "/u/" + "9" * 5000, "/../index.csv"]
)
def test_strangers_are_not_found(client: http.client.HTTPConnection, path: str) -> None:
    status, headers, body = ask(client, path)
    assert (status, headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert body.startswith(b"<!DOCTYPE html>")


@pytest.mark.parametrize("path", ["/octocat.png", "/u/1", "/stranger.png"])
def test_head_is_get_without_the_body(client: http.client.HTTPConnection, path: str) -> None:
    status, headers, body = ask(client, path, "HEAD")
    expected_status, expected_headers, _ = ask(client, path)
    for changing in (headers, expected_headers):
        del changing["Date"]
    assert (status, headers, body) == (expected_status, expected_headers, b"")


def test_head_sends_no_body(standin: GitHubStandIn) -> None:
    with socket.create_connection(("127.0.0.1", int(standin.url.rpartition(":")[2]))) as connection:
        connection.sendall(b"HEAD /u/1 HTTP/1.1\r\nConnection: close\r\n\r\n")
        received = b"".join(iter(lambda: connection.recv(4096), b""))
    assert received.startswith(b"HTTP/1.1 200 OK\r\n")
    assert received.endswith(b"\r\n\r\n")


def test_custom_avatars_are_made_as_small_as_asked_for(tmp_path: Path) -> None:
    kinds = {"octocat.png": "default", "zeke.jpg": "custom", "mona.gif": "custom", "hubot.webp": "custom"}
    for file in kinds:
        Image.new("RGB", (90, 60), "teal").save(tmp_path / file)
    examples = [dataset.Example(file, label, file, place, "") for place, (file, label) in enumerate(kinds.items(), 1)]  # type: ignore[arg-type]
    dataset.write_index(tmp_path, examples)

    def shown(standin: GitHubStandIn, query: str) -> list[tuple[str | None, tuple[int, int]]]:
        answers = [standin.usual_response(f"/u/{number}{query}")[2] for number in range(1, 5)]
        pictures = [Image.open(io.BytesIO(data)) for data in answers]
        return [(picture.format, picture.size) for picture in pictures]

    whole, small = (90, 60), (30, 20)
    with GitHubStandIn(tmp_path) as standin:
        assert shown(standin, "?v=4&s=30") == [("PNG", whole), ("JPEG", small), ("GIF", small), ("WEBP", small)]
        for query in ("?v=4", "?s=", "?s=0", "?s=-5", "?s=x", "?s=91", "?s=99999999999"):
            assert {size for _, size in shown(standin, query)} == {whole}
    with GitHubStandIn(tmp_path, resize_identicons=True) as standin:
        assert {size for _, size in shown(standin, "?s=30")} == {small}


def test_what_is_unchanged_is_not_sent(client: http.client.HTTPConnection) -> None:
    _, headers, body = ask(client, "/u/1")
    client.request("GET", "/u/1", headers={"If-None-Match": headers["ETag"]})
    response = client.getresponse()
    assert (response.status, response.read(), response.headers["ETag"]) == (304, b"", headers["ETag"])
    client.request("GET", "/u/1", headers={"If-None-Match": '"other"'})
    assert client.getresponse().read() == body


def test_connection_is_kept_and_requests_are_counted(
    client: http.client.HTTPConnection, standin: GitHubStandIn
) -> None:
    for path in ["/octocat.png", "/u/1?v=4", "/octocat.png", "/stranger.png"]:
        ask(client, path)
    assert standin.connections == 1
    assert standin.requests == {"/octocat.png": 2, "/u/1?v=4": 1, "/stranger.png": 1}
    assert standin.max_in_flight == 1


def test_kept_connection_does_not_stall(client: http.client.HTTPConnection) -> None:
    """Two hundred answers would take 8 s if each waited 40 ms for a delayed acknowledgement."""
    begin = time.monotonic()
    for _ in range(200):
        ask(client, "/u/1")
    assert time.monotonic() - begin < 4


def test_latency(client: http.client.HTTPConnection, standin: GitHubStandIn) -> None:
    standin.latency = 0.2
    begin = time.monotonic()
    ask(client, "/u/1")
    assert time.monotonic() - begin > 0.19


def test_bandwidth(client: http.client.HTTPConnection, standin: GitHubStandIn) -> None:
    _, _, body = ask(client, "/u/1")
    standin.bandwidth = 10 * len(body)
    started = time.monotonic()
    for _ in range(3):
        ask(client, "/u/1")
    assert time.monotonic() - started >= 0.3


def test_fault_once(client: http.client.HTTPConnection, standin: GitHubStandIn) -> None:
    standin.faults["/u/1"] = once(responding(503, {"Retry-After": "7"}, b"busy"), times=2)
    assert [ask(client, "/u/1?v=4")[0] for _ in range(4)] == [503, 503, 200, 200]
    assert ask(client, "/u/2")[0] == 200


def test_false_content_length(client: http.client.HTTPConnection, standin: GitHubStandIn) -> None:
    standin.faults["/u/1"] = responding(200, {"Content-Length": "10"}, b"short")
    with pytest.raises(http.client.IncompleteRead):
        ask(client, "/u/1")


def test_dripping(client: http.client.HTTPConnection, standin: GitHubStandIn) -> None:
    standin.faults["/u/1"] = dripping([b"a", b"b", b"c"], 0.01, headers={"Content-Type": "text/plain"})
    standin.faults["/u/2"] = dripping([b"HTTP/1.1 418 Teapot\r\n", b"\r\n"])
    assert ask(client, "/u/1")[2] == b"abc"
    assert ask(client, "/u/2")[0] == 418


def test_resetting(client: http.client.HTTPConnection, standin: GitHubStandIn) -> None:
    standin.faults["/u/1"] = resetting(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
    with pytest.raises(ConnectionResetError):
        ask(client, "/u/1")


def test_mode_is_met_wherever_no_fault_is(client: http.client.HTTPConnection, standin: GitHubStandIn) -> None:
    standin.mode = MODES["503"]
    standin.faults["/u/1"] = responding(418)
    assert [ask(client, path)[0] for path in ("/octocat.png", "/u/1", "/stranger.png")] == [503, 418, 503]
    standin.mode = None
    assert [ask(client, path)[0] for path in ("/octocat.png", "/u/1", "/stranger.png")] == [302, 418, 404]


def test_mode_in_which_nobody_listens(avatars: Path) -> None:
    with GitHubStandIn(avatars, mode=MODES["refused"]) as standin:
        address = ("127.0.0.1", int(standin.url.rpartition(":")[2]))
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address)
        standin.mode = None
        standin.listen()
        socket.create_connection(address).close()


def test_tls(avatars: Path) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    with GitHubStandIn(avatars, tls=context) as standin:
        assert standin.url.startswith("https://127.0.0.1:")
        client = http.client.HTTPSConnection(standin.url.removeprefix("https://"), timeout=10, context=trusting)
        assert ask(client, "/octocat.png")[1]["Location"] == f"{standin.url}/u/1?v=4"
        client.close()


def test_closing_ends_threads_connections_and_pauses(avatars: Path) -> None:
    before = threading.active_count()
    begin = time.monotonic()
    with GitHubStandIn(avatars, faults={"/u/1": dripping([b"."] * 9, 60, headers={})}) as standin:
        address = ("127.0.0.1", int(standin.url.rpartition(":")[2]))
        with socket.create_connection(address) as idle, socket.create_connection(address) as dripped:
            dripped.sendall(b"GET /u/1 HTTP/1.1\r\n\r\n")
            assert dripped.recv(8) == b"HTTP/1.1"
            standin.__exit__()
            assert idle.recv(1) == b""
            assert threading.active_count() == before
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(address)
    assert time.monotonic() - begin < 10


def test_client_that_hangs_up_is_not_waited_for(standin: GitHubStandIn) -> None:
    standin.mode = MODES["silence"]
    with socket.create_connection(("127.0.0.1", int(standin.url.rpartition(":")[2]))) as hasty:
        hasty.sendall(b"GET /u/1 HTTP/1.1\r\n\r\n")
        wait_until(lambda: standin.in_flight)
    wait_until(lambda: not standin.in_flight)


def test_client_that_hangs_up_leaves_no_noise(standin: GitHubStandIn, capfd: pytest.CaptureFixture[str]) -> None:
    standin.faults["/u/1"] = dripping([bytes(1_000_000)] * 50, headers={})
    with socket.create_connection(("127.0.0.1", int(standin.url.rpartition(":")[2]))) as hasty:
        hasty.sendall(b"GET /u/1 HTTP/1.1\r\n\r\n")
        hasty.recv(8)
    standin.__exit__()
    assert capfd.readouterr() == ("", "")


def test_folder_without_an_index(tmp_path: Path) -> None:
    with pytest.raises(BadDataset, match=r"index\.csv"):
        GitHubStandIn(tmp_path)


@contextmanager
def started(avatars: Path, *arguments: str) -> Iterator[tuple["subprocess.Popen[str]", http.client.HTTPConnection]]:
    """The program and a client of it; it lasts no longer than the `with`."""
    with subprocess.Popen(
        [sys.executable, "-m", "github_avatars", "demo", "--avatars", avatars, *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONWARNINGS": "error"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        try:
            assert program.stdout is not None
            address = program.stdout.readline().strip().removeprefix("http://")
            with closing(http.client.HTTPConnection(address, timeout=10)) as client:
                yield program, client
        finally:
            program.kill()


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_as_a_program(avatars: Path, ending: signal.Signals) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with started(avatars, "--port", str(port)) as (program, client):
        assert (client.host, client.port) == ("127.0.0.1", port)
        assert ask(client, "/zeke.png")[0] == 302
        program.send_signal(ending)
        assert program.communicate(timeout=20) == ("", "")
    assert program.returncode == 0


def test_mode_of_the_program(avatars: Path) -> None:
    with started(avatars, "--mode", "wrong-type") as (_, client):
        assert ask(client, "/u/1")[1]["Content-Type"] == "text/html; charset=utf-8"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "github_avatars", "demo", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=TIMEOUT)


def test_help_has_a_line_for_each_mode() -> None:
    lines = run("--help").stdout.splitlines()
    for name, mode in MODES.items():
        assert f"  {name:<20} {mode.description}" in lines
        assert len(mode.description) < 80


def test_mode_that_is_none() -> None:
    ended = run("--mode", "nonsense")
    assert ended.returncode == 2
    assert all(name in ended.stderr for name in MODES)
