"""The stand-in for GitHub: its responses, faults and modes, and the command that runs it."""

import http.client
import io
import json
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

from github_avatars.classifier import Label
from github_avatars.demo import MODES, GitHubStandIn, dripping, once, resetting, responding
from github_avatars.errors import BadDataset
from github_avatars.github import GitHub
from github_avatars.training import dataset
from tests.support.processes import ROOT, clean_environment, free_port, run
from tests.support.timing import TIMEOUT, wait_until

PICTURES = [("octocat.png", "octocat", 1), ("zeke.jpg", "zeke", 2), ("mona.gif", "mona", 3), ("hubot.webp", "hubot", 4)]
COMMAND = [sys.executable, "-m", "github_avatars", "demo"]


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
def connection(standin: GitHubStandIn) -> Iterator[http.client.HTTPConnection]:
    with closing(http.client.HTTPConnection(standin.url.removeprefix("http://"), timeout=10)) as connection:
        yield connection


def address_of(standin: GitHubStandIn) -> tuple[str, int]:
    return "127.0.0.1", int(standin.url.rpartition(":")[2])


def request(connection: http.client.HTTPConnection, path: str) -> tuple[int, dict[str, str], bytes]:
    connection.request("GET", path)
    response = connection.getresponse()
    return response.status, dict(response.headers), response.read()


@pytest.mark.parametrize("path", ["/octocat.png", "/OctoCat.png", "/octocat.png?size=80"])
def test_login_redirects_to_the_account_id(
    connection: http.client.HTTPConnection, standin: GitHubStandIn, path: str
) -> None:
    status, headers, body = request(connection, path)
    assert (status, headers["Location"], body) == (302, f"{standin.url}/u/1?v=4", b"")


def test_redirects_and_links_lead_to_the_host_that_the_client_requests(
    connection: http.client.HTTPConnection, standin: GitHubStandIn
) -> None:
    def get(path: str, host: str) -> http.client.HTTPResponse:
        connection.request("GET", path, headers={"Host": host})
        response = connection.getresponse()
        response.body = response.read()  # type: ignore[attr-defined]
        return response

    for host in ("host.docker.internal:8888", "172.17.0.1:8888"):
        assert get("/octocat.png", host).headers["Location"] == f"http://{host}/u/1?v=4"
        page = get("/api/v3/repos/octocat/hello-world/stargazers?per_page=1", host)
        assert page.headers["Link"].startswith(f"<http://{host}/api/v3/")
        assert json.loads(page.body)[0]["avatar_url"] == f"http://{host}/u/1?v=4"  # type: ignore[attr-defined]
        moved = get("/api/v3/repos/octocat/renamed/stargazers", host)
        assert moved.headers["Location"].startswith(f"http://{host}/api/v3/")
    assert get("/octocat.png", "").headers["Location"] == f"{standin.url}/u/1?v=4"


@pytest.mark.parametrize(
    ("file", "number", "media_type"),
    [
        ("octocat.png", 1, "image/png"),
        ("zeke.jpg", 2, "image/jpeg"),
        ("mona.gif", 3, "image/gif"),
        ("hubot.webp", 4, "image/webp"),
    ],
)
def test_account_id_serves_the_picture(
    connection: http.client.HTTPConnection, avatars: Path, file: str, number: int, media_type: str
) -> None:
    status, headers, body = request(connection, f"/u/{number}?v=4")
    assert status == 200
    assert body == (avatars / file).read_bytes()
    assert headers["Content-Type"] == media_type
    assert headers["Content-Length"] == str(len(body))
    assert headers["Cache-Control"] == "max-age=300"
    assert headers["ETag"] == request(connection, f"/u/{number}")[1]["ETag"]
    assert headers["ETag"] != request(connection, f"/u/{number % 4 + 1}")[1]["ETag"]


@pytest.mark.parametrize(
    "path",
    ["/stranger.png", "/stranger", "/", "/u/5", "/in/5", "/u/e/5", "/u/0x1", "/u/" + "9" * 5000, "/../index.csv"],
)
def test_unknown_paths_are_not_found(connection: http.client.HTTPConnection, path: str) -> None:
    status, headers, body = request(connection, path)
    assert (status, headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert body.startswith(b"<!DOCTYPE html>")


def test_custom_avatars_are_resized_on_request(tmp_path: Path) -> None:
    labels: dict[str, Label] = {
        "octocat.png": "default",
        "zeke.jpg": "custom",
        "mona.gif": "custom",
        "hubot.webp": "custom",
    }
    for file in labels:
        Image.new("RGB", (90, 60), "teal").save(tmp_path / file)
    examples = [
        dataset.Example(file, label, file, number, "") for number, (file, label) in enumerate(labels.items(), 1)
    ]
    dataset.write_index(tmp_path, examples)

    def shown(standin: GitHubStandIn, query: str) -> list[tuple[str | None, tuple[int, int]]]:
        bodies = [standin.usual_response(f"/u/{number}{query}", standin.url).body for number in range(1, 5)]
        pictures = [Image.open(io.BytesIO(body)) for body in bodies]
        return [(picture.format, picture.size) for picture in pictures]

    original, small = (90, 60), (30, 20)
    with GitHubStandIn(tmp_path) as standin:
        assert shown(standin, "?v=4&s=30") == [("PNG", original), ("JPEG", small), ("GIF", small), ("WEBP", small)]
        for query in ("?v=4", "?s=", "?s=0", "?s=-5", "?s=x", "?s=91", "?s=99999999999"):
            assert {size for _, size in shown(standin, query)} == {original}
    with GitHubStandIn(tmp_path, resize_identicons=True) as standin:
        assert {size for _, size in shown(standin, "?s=30")} == {small}


def test_unchanged_picture_is_not_sent(connection: http.client.HTTPConnection) -> None:
    _, headers, body = request(connection, "/u/1")
    connection.request("GET", "/u/1", headers={"If-None-Match": headers["ETag"]})
    response = connection.getresponse()
    assert (response.status, response.read(), response.headers["ETag"]) == (304, b"", headers["ETag"])
    connection.request("GET", "/u/1", headers={"If-None-Match": '"other"'})
    assert connection.getresponse().read() == body


def test_connection_is_kept_and_requests_are_counted(
    connection: http.client.HTTPConnection, standin: GitHubStandIn
) -> None:
    for path in ["/octocat.png", "/u/1?v=4", "/octocat.png", "/stranger.png"]:
        request(connection, path)
    assert standin.connections == 1
    assert standin.requests == {"/octocat.png": 2, "/u/1?v=4": 1, "/stranger.png": 1}
    assert standin.max_in_flight == 1


def test_kept_connection_is_fast(connection: http.client.HTTPConnection) -> None:
    """200 responses would take 8 s if each waited 40 ms for a delayed acknowledgement."""
    start = time.monotonic()
    for _ in range(200):
        request(connection, "/u/1")
    assert time.monotonic() - start < 4


def test_latency(connection: http.client.HTTPConnection, standin: GitHubStandIn) -> None:
    standin.latency = 0.2
    start = time.monotonic()
    request(connection, "/u/1")
    assert time.monotonic() - start > 0.19


def test_bandwidth(connection: http.client.HTTPConnection, standin: GitHubStandIn) -> None:
    _, _, body = request(connection, "/u/1")
    standin.bandwidth = 10 * len(body)
    start = time.monotonic()
    for _ in range(3):
        request(connection, "/u/1")
    assert time.monotonic() - start >= 0.3


def test_once(connection: http.client.HTTPConnection, standin: GitHubStandIn) -> None:
    standin.faults["/u/1"] = once(responding(503, {"Retry-After": "7"}, b"busy"), times=2)
    assert [request(connection, "/u/1?v=4")[0] for _ in range(4)] == [503, 503, 200, 200]
    assert request(connection, "/u/2")[0] == 200


def test_false_content_length(connection: http.client.HTTPConnection, standin: GitHubStandIn) -> None:
    standin.faults["/u/1"] = responding(200, {"Content-Length": "10"}, b"short")
    with pytest.raises(http.client.IncompleteRead):
        request(connection, "/u/1")


def test_dripping(connection: http.client.HTTPConnection, standin: GitHubStandIn) -> None:
    standin.faults["/u/1"] = dripping([b"a", b"b", b"c"], 0.01, headers={"Content-Type": "text/plain"})
    standin.faults["/u/2"] = dripping([b"HTTP/1.1 418 Teapot\r\n", b"\r\n"])
    assert request(connection, "/u/1")[2] == b"abc"
    assert request(connection, "/u/2")[0] == 418


def test_resetting(connection: http.client.HTTPConnection, standin: GitHubStandIn) -> None:
    standin.faults["/u/1"] = resetting(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc")
    with pytest.raises(ConnectionResetError):
        request(connection, "/u/1")


def test_mode_applies_to_paths_without_a_fault(connection: http.client.HTTPConnection, standin: GitHubStandIn) -> None:
    standin.mode = MODES["503"]
    standin.faults["/u/1"] = responding(418)
    paths = ("/octocat.png", "/u/1", "/stranger.png")
    assert [request(connection, path)[0] for path in paths] == [503, 418, 503]
    standin.mode = None
    assert [request(connection, path)[0] for path in paths] == [302, 418, 404]


def test_mode_that_refuses_connections(avatars: Path) -> None:
    with GitHubStandIn(avatars, mode=MODES["refused"]) as standin:
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address_of(standin))
        standin.mode = None
        standin.listen()
        socket.create_connection(address_of(standin)).close()


def test_tls(avatars: Path) -> None:
    authority = trustme.CA()
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(server_context)
    client_context = ssl.create_default_context()
    authority.configure_trust(client_context)
    with GitHubStandIn(avatars, tls=server_context) as standin:
        assert standin.url.startswith("https://127.0.0.1:")
        host = standin.url.removeprefix("https://")
        with closing(http.client.HTTPSConnection(host, timeout=10, context=client_context)) as connection:
            assert request(connection, "/octocat.png")[1]["Location"] == f"{standin.url}/u/1?v=4"


def test_closing_ends_threads_connections_and_pauses(avatars: Path) -> None:
    before = threading.active_count()
    start = time.monotonic()
    with GitHubStandIn(avatars, faults={"/u/1": dripping([b"."] * 9, 60, headers={})}) as standin:
        address = address_of(standin)
        with socket.create_connection(address) as idle, socket.create_connection(address) as waiting:
            waiting.sendall(b"GET /u/1 HTTP/1.1\r\n\r\n")
            assert waiting.recv(8) == b"HTTP/1.1"
            standin.__exit__()
            assert idle.recv(1) == b""
            assert threading.active_count() == before
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(address)
    assert time.monotonic() - start < 10


def test_closed_connection_ends_a_pause(standin: GitHubStandIn) -> None:
    standin.mode = MODES["silence"]
    with socket.create_connection(address_of(standin)) as connection:
        connection.sendall(b"GET /u/1 HTTP/1.1\r\n\r\n")
        wait_until(lambda: standin.in_flight)
    wait_until(lambda: not standin.in_flight)


def test_closed_connection_prints_nothing(standin: GitHubStandIn, capfd: pytest.CaptureFixture[str]) -> None:
    standin.faults["/u/1"] = dripping([bytes(1_000_000)] * 50, headers={})
    with socket.create_connection(address_of(standin)) as connection:
        connection.sendall(b"GET /u/1 HTTP/1.1\r\n\r\n")
        connection.recv(8)
    standin.__exit__()
    assert capfd.readouterr() == ("", "")


def test_folder_without_an_index(tmp_path: Path) -> None:
    with pytest.raises(BadDataset, match=r"index\.csv"):
        GitHubStandIn(tmp_path)


def test_missing_picture(avatars: Path, tmp_path: Path) -> None:
    (tmp_path / "index.csv").write_bytes((avatars / "index.csv").read_bytes())
    with pytest.raises(BadDataset, match=r"index\.csv lists .*octocat\.png, which is missing"):
        GitHubStandIn(tmp_path)


@contextmanager
def running(avatars: Path, *arguments: str) -> Iterator[tuple["subprocess.Popen[str]", http.client.HTTPConnection]]:
    """The command as a process, and a connection to it."""
    with subprocess.Popen(
        [*COMMAND, "--avatars", avatars, *arguments],
        cwd=ROOT,
        env=clean_environment(PYTHONWARNINGS="error"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            host = process.stdout.readline().strip().removeprefix("http://")
            with closing(http.client.HTTPConnection(host, timeout=10)) as connection:
                yield process, connection
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_command_serves_until_a_signal(avatars: Path, number: signal.Signals) -> None:
    port = free_port()
    with running(avatars, "--port", str(port), "--mode", "wrong-type") as (process, connection):
        assert (connection.host, connection.port) == ("127.0.0.1", port)
        assert request(connection, "/zeke.png")[0] == 302
        assert request(connection, "/u/1")[1]["Content-Type"] == "text/html; charset=utf-8"
        process.send_signal(number)
        assert process.communicate(timeout=TIMEOUT) == ("", "")
    assert process.returncode == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has several loopback addresses by default")
def test_command_listens_on_all_addresses_on_request(avatars: Path) -> None:
    with running(avatars, "--host", "0.0.0.0") as (_, connection):
        assert connection.host == "127.0.0.1"
        for host in (f"127.0.0.1:{connection.port}", f"127.0.0.2:{connection.port}"):
            with GitHub(f"http://{host}") as client:
                assert client.fetch("octocat").account_id == 1
    with running(avatars) as (_, connection), pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", connection.port), timeout=TIMEOUT)


@pytest.mark.parametrize(("option", "value"), [("--host", "192.0.2.1"), ("--host", "no host"), ("--port", "99999")])
def test_command_with_an_address_that_cannot_be_used(avatars: Path, option: str, value: str) -> None:
    result = run([*COMMAND, "--avatars", avatars, option, value])
    assert (result.returncode, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: ")
    assert value in line


def test_help_lists_the_modes() -> None:
    lines = run([*COMMAND, "--help"]).stdout.splitlines()
    for name, mode in MODES.items():
        assert f"  {name:<20} {mode.description}" in lines
        assert len(mode.description) < 80


def test_unknown_mode() -> None:
    result = run([*COMMAND, "--mode", "nonsense"])
    assert result.returncode == 2
    assert all(name in result.stderr for name in MODES)


def test_command_with_a_folder_without_an_index(tmp_path: Path) -> None:
    result = run([*COMMAND, "--avatars", tmp_path])
    assert (result.returncode, result.stdout) == (1, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: ")
    assert "index.csv" in line
