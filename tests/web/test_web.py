"""The page's server by plain HTTP: answers, errors, abuse and headers."""

import base64
import io
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image

from github_avatars import identicon
from github_avatars.classifier import Classifier, Verdict, classify
from github_avatars.cli import command_line
from github_avatars.demo import AVATARS, MODES, Exchange, GitHubStandIn
from github_avatars.explanation import drawing, explaining
from github_avatars.features import Features
from github_avatars.picture import decoding
from github_avatars.picture.decoding import MAX_BYTES
from github_avatars.training import dataset
from github_avatars.web import examples
from github_avatars.web.app import DRAINED_BYTES, PAGE
from github_avatars.web.guard import HEADERS, POLICY
from github_avatars.web.limits import TokenBuckets
from tests.support.processes import ROOT, clean_environment
from tests.support.sites import PageServer, page_server, request, reset
from tests.support.timing import TIMEOUT, wait_until

DEFAULT = next(example for example in dataset.read_index(AVATARS) if example.label == "default")
KILOBYTE = 1000


@pytest.fixture(scope="module")
def whole_module() -> Iterator[PageServer]:
    with page_server() as running:
        yield running


@pytest.fixture
def page(whole_module: PageServer) -> Iterator[PageServer]:
    yield from reset(whole_module)


def picture_of(example: dataset.Example) -> bytes:
    return (AVATARS / example.file).read_bytes()


# Answers


@pytest.mark.parametrize("login", [DEFAULT.login, "octocat"])
def test_an_account_gets_the_verdict_of_the_library(page: PageServer, login: str) -> None:
    (example,) = (example for example in dataset.read_index(AVATARS) if example.login == login)
    told = page.request(f"/{login}.json").json
    verdict = classify(picture_of(example))
    assert (told["prediction"], told["probability"]) == (verdict.label, verdict.probability)
    assert {name: told[name] for name in vars(verdict.features)} == vars(verdict.features)
    assert told["username"] == login
    assert told["href"] == f"{page.standin.url}/{login}.png"
    assert (told["account_id"], told["verified"]) == (example.account_id, example.label == "default")
    assert "pictures" not in told
    assert page.standin.requests[f"/{login}.png"] == 1


def test_what_moved_the_verdict_adds_up(page: PageServer) -> None:
    why = page.request("/octocat.json").json["why"]
    parts = [one["log_odds"] for one in why["contributions"]]
    assert why["base"] + sum(parts) == pytest.approx(why["score"])
    assert [one["title"] for one in why["contributions"]] == list(explaining.TITLES.values())


def test_the_same_answer_by_link_and_by_accept(page: PageServer) -> None:
    by_accept = page.request("/octocat", headers={"Accept": "application/json"})
    assert by_accept.headers["content-type"] == "application/json"
    assert by_accept.json == page.request("/octocat.json").json


@pytest.mark.parametrize("path", ["/", "/octocat", "/nobody-here", "/?name=octocat", "/page", "/api"])
def test_a_browser_gets_the_page_and_github_is_not_asked(page: PageServer, path: str) -> None:
    answer = page.request(path, headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert (answer.status, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.body == (PAGE / "index.html").read_bytes()
    assert not page.standin.requests


def test_a_browser_gets_the_page_wherever_it_goes(page: PageServer) -> None:
    answer = page.request("/no/such/place", headers={"Accept": "text/html"})
    assert (answer.status, answer.body) == (404, (PAGE / "index.html").read_bytes())


def test_the_pictures_of_an_answer_are_those_of_the_explanation(page: PageServer) -> None:
    pictures = page.request(f"/api/accounts?login={DEFAULT.login}").json["pictures"]
    found = explaining.explain(decoding.load(picture_of(DEFAULT)))
    shown = {}
    for name, address in pictures.items():
        head, _, body = address.partition(",")
        assert head == "data:image/png;base64"
        shown[name] = base64.b64decode(body)
    assert shown.pop("picture") == picture_of(DEFAULT)
    expected = {
        "sample": drawing.draw_sample(found.sample),
        "fit": found.fit.draw(240),
        "difference": drawing.draw_difference(found.difference),
    }
    assert shown.keys() == expected.keys()
    for name, data in shown.items():
        assert Image.open(io.BytesIO(data)).tobytes() == expected[name].tobytes()


@pytest.mark.parametrize("file", ["default/38654.png", "custom/photo-portrait-0.jpg", "custom/grey-logo-0.png"])
def test_a_picture_gets_the_verdict_of_the_library_and_github_is_not_asked(page: PageServer, file: str) -> None:
    data = (AVATARS / file).read_bytes()
    told = page.request("/api/pictures", data).json
    verdict = classify(data)
    assert (told["prediction"], told["probability"]) == (verdict.label, verdict.probability)
    assert (told["username"], told["href"], told["account_id"], told["verified"]) == (None, None, None, None)
    assert not page.standin.requests


def test_an_identicon_is_that_of_its_account(page: PageServer) -> None:
    answer = page.request("/api/identicons/583231.png")
    assert answer.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(answer.body)).tobytes() == identicon.render(583231).tobytes()


def test_the_gallery_needs_no_github(page: PageServer) -> None:
    page.standin.mode = MODES["503"]
    listed = page.request("/api/examples").json
    assert len(listed) == len({one["name"] for one in listed}) == examples.DEFAULT_COUNT + len(examples.CUSTOM_FAMILIES)
    for one in listed:
        told = page.request(f"/api/examples/{one['name']}").json
        assert told["verified"] == (True if one["label"] == "default" else None)
        data = page.request(f"/api/examples/{one['name']}/picture").body
        assert told["probability"] == classify(data).probability
    assert not page.standin.requests


def test_what_the_page_wants_to_know_of_the_server(page: PageServer) -> None:
    assert page.request("/api/about").json == {
        "github": page.standin.url,
        "demo": True,
        "max_bytes": MAX_BYTES,
        "version": "0",
    }


# Errors


@pytest.mark.parametrize(
    ("mode", "status", "kind", "retry"),
    [
        ("404", 404, "no-such-account", False),
        ("403", 502, "unreachable", True),
        ("429", 503, "rate-limited", True),
        ("429-retry-after", 503, "rate-limited", True),
        ("500", 502, "unreachable", True),
        ("gigabyte", 413, "too-large", False),
        ("login-page", 502, "login-required", False),
        ("redirect-loop", 502, "foreign-redirect", False),
        ("html", 422, "not-a-picture", False),
    ],
)
def test_a_bad_day_of_github_is_told(page: PageServer, mode: str, status: int, kind: str, retry: bool) -> None:
    page.standin.mode = MODES[mode]
    answer = page.request("/octocat.json")
    told = answer.json
    assert answer.status == status
    assert set(told) == {"kind", "message", "retry", "until"}
    assert (told["kind"], told["retry"]) == (kind, retry)
    assert "octocat" in told["message"]
    in_an_hour = mode == "429-retry-after"
    assert (told["until"] is not None) == in_an_hour
    if in_an_hour:
        assert 3000 < int(answer.headers["retry-after"]) <= 3600


def test_a_silent_github_is_given_up() -> None:
    with page_server(deadline=0.5) as page:
        page.standin.mode = MODES["silence"]
        answer = page.request("/octocat.json")
    assert (answer.status, answer.json["kind"]) == (502, "unreachable")


@pytest.mark.parametrize(
    "login", ["", ".", "..", "a b", "%2e%2e", "%3Cb%3E", "%00", "a/../b", "%F0%9F%98%80", "a" * 5000]
)
def test_what_can_be_no_login_is_told_and_not_asked(page: PageServer, login: str) -> None:
    answer = page.request(f"/api/accounts?login={login.replace(' ', '+')}")
    assert (answer.status, answer.json["kind"]) == (400, "bad-login")
    assert len(answer.body) < KILOBYTE
    assert not page.standin.requests


@pytest.mark.parametrize("account_id", ["0", "-1", "1.5", "abc", "9" * 19, "1" * 5000, "%D9%A1"])
def test_what_is_no_account_id_is_told(page: PageServer, account_id: str) -> None:
    answer = page.request(f"/api/identicons/{account_id}.png")
    assert (answer.status, answer.json["kind"]) == (400, "bad-input")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/no/such/place", 404),
        ("POST", "/octocat", 405),
        ("GET", "/api/pictures", 405),
        ("GET", "/page/../app.py", 404),
        ("GET", "/page/%2e%2e/app.py", 404),
        ("GET", "/api/examples/..%2findex.csv", 404),
        ("GET", "/api/examples/nothing", 400),
    ],
)
def test_what_is_not_there_is_told(page: PageServer, method: str, path: str, status: int) -> None:
    answer = page.request(path, method=method)
    assert (answer.status, answer.json["kind"]) == (status, "bad-input")


@pytest.mark.parametrize("data", [b"", b"GIF89a", b"<svg/>", picture_of(DEFAULT)[:-200]], ids=len)
def test_what_is_no_picture_is_told(page: PageServer, data: bytes) -> None:
    answer = page.request("/api/pictures", data)
    assert (answer.status, answer.json["kind"]) == (422, "not-a-picture")


class Broken(Classifier):
    """A classifier with a fault."""

    def __init__(self) -> None:
        pass

    def classify(self, measured: Features) -> Verdict:
        raise ZeroDivisionError(measured)


def test_a_fault_of_our_own_is_told_without_its_text(caplog: pytest.LogCaptureFixture) -> None:
    with page_server(classifier=Broken()) as broken:
        answer = broken.request("/octocat.json")
        assert broken.request("/api/about").status == 200
    assert (answer.status, answer.json["kind"]) == (500, "unexpected")
    assert b"ZeroDivision" not in answer.body
    assert answer.headers["content-security-policy"] == POLICY
    assert "ZeroDivisionError: Features" in caplog.text


# Abuse


def test_every_answer_has_the_headers(page: PageServer) -> None:
    answers = [
        page.request("/"),
        page.request("/page/app.js"),
        page.request("/page/gone.js"),
        page.request("/octocat.json"),
        page.request("/nobody-here.json"),
        page.request("/api/pictures", b"no picture"),
        page.request("/api/identicons/1.png"),
        page.request("/", headers={"Host": "evil.example"}),
        page.request("/", method="DELETE"),
    ]
    for answer in answers:
        assert {name: answer.headers.get(name.lower()) for name in HEADERS} == HEADERS
        assert "cache-control" in answer.headers
        assert "server" not in answer.headers or answer.headers["server"] == "uvicorn"


def test_the_policy_is_strict() -> None:
    directives = dict(directive.split(" ", 1) for directive in POLICY.split("; "))
    assert directives.pop("img-src") == "'self' data: blob:"
    assert set(directives.values()) == {"'none'", "'self'", "'script'"}
    assert directives["default-src"] == directives["base-uri"] == directives["frame-ancestors"] == "'none'"


def test_a_picture_that_is_too_large_is_told_to_who_sends_it(page: PageServer) -> None:
    exactly = picture_of(DEFAULT) + bytes(MAX_BYTES - len(picture_of(DEFAULT)))
    assert page.request("/api/pictures", exactly).json["prediction"] == "default"
    answer = page.request("/api/pictures", exactly + b"1")
    assert (answer.status, answer.json["kind"]) == (413, "too-large")
    assert page.request("/api/pictures", bytes(DRAINED_BYTES - 1)).status == 413


def test_an_endless_picture_is_not_read_to_its_end(page: PageServer) -> None:
    """Nor does it take what was announced as its length for granted."""
    sent = 0
    piece = b"10000\r\n" + bytes(0x10000) + b"\r\n"
    with socket.create_connection(("127.0.0.1", page.port), timeout=TIMEOUT) as connection:
        connection.sendall(b"POST /api/pictures HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        with pytest.raises(OSError):
            while sent < 20 * DRAINED_BYTES:
                connection.sendall(piece)
                sent += len(piece)
    assert sent < 3 * DRAINED_BYTES
    assert page.request("/api/about").status == 200


def test_nothing_of_a_picture_is_kept(page: PageServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert page.request("/api/pictures", picture_of(DEFAULT)).status == 200
    assert page.request("/api/pictures", bytes(2 * MAX_BYTES)).status == 413
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
        ("", 403),
    ],
)
def test_only_this_machines_names_are_answered(page: PageServer, host: str, status: int) -> None:
    assert page.request("/api/about", headers={"Host": host}).status == status
    assert page.request("/", headers={"Host": host}).status == status


def test_another_host_answers_to_any_name() -> None:
    with page_server(hosts=None) as public:
        assert public.request("/api/about", headers={"Host": "avatars.example"}).status == 200


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
    ],
)
def test_other_sites_cannot_ask(page: PageServer, headers: dict[str, str], status: int) -> None:
    assert page.request("/api/pictures", picture_of(DEFAULT), headers=headers).status == status
    assert page.request("/api/accounts?login=octocat", headers=headers).status == status
    assert page.request("/octocat.json", headers=headers).status == status


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
def test_a_link_of_another_site_can_be_followed(page: PageServer, path: str, destination: str, status: int) -> None:
    headers = {"Accept": "text/html", "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Dest": destination}
    assert page.request(path, headers=headers).status == status


def test_our_own_origin_can_ask(page: PageServer) -> None:
    headers = {"Origin": page.url, "Host": f"127.0.0.1:{page.port}", "Sec-Fetch-Site": "same-origin"}
    assert page.request("/api/pictures", picture_of(DEFAULT), headers=headers).status == 200


def test_a_client_that_asks_too_often_is_told_when_to_come_back() -> None:
    with page_server(buckets=TokenBuckets(burst=3, per_second=0.01)) as page:
        statuses = [page.request("/octocat.json").status for _ in range(3)]
        assert statuses == [200, 200, 200]
        answers = [
            page.request("/octocat.json"),
            page.request("/api/accounts?login=octocat"),
            page.request("/api/pictures", picture_of(DEFAULT)),
            page.request("/api/examples/default-0"),
            page.request("/api/identicons/1.png"),
        ]
        for answer in answers:
            assert (answer.status, answer.json["kind"], answer.json["retry"]) == (429, "busy", True)
            assert 0 < int(answer.headers["retry-after"]) <= 100
        assert page.standin.requests["/octocat.png"] == 3
        assert page.request("/").status == 200


def test_a_bucket_fills_as_time_goes_by() -> None:
    now = 0.0
    buckets = TokenBuckets(burst=2, per_second=0.5, clock=lambda: now)
    assert [buckets.take("1.2.3.4") for _ in range(3)] == [0, 0, 2.0]
    assert buckets.take("1.2.3.5") == 0
    now = 1.0
    assert buckets.take("1.2.3.4") == 1.0
    now = 2.0
    assert [buckets.take("1.2.3.4") for _ in range(2)] == [0, 2.0]
    now = 1000.0
    assert [buckets.take("1.2.3.4") for _ in range(3)] == [0, 0, 2.0]


def test_an_ipv6_client_is_its_network() -> None:
    buckets = TokenBuckets(burst=1, per_second=0.5, clock=lambda: 0.0)
    assert buckets.take("2001:db8::1") == 0
    assert buckets.take("2001:db8::ffff:1") > 0
    assert buckets.take("2001:db8:0:1::1") == 0
    assert buckets.take("somewhere") == 0


def test_only_so_many_clients_are_remembered() -> None:
    buckets = TokenBuckets(burst=1, per_second=0.5, max_clients=10, clock=lambda: 0.0)
    for number in range(1000):
        buckets.take(f"10.0.{number // 250}.{number % 250}")
    assert len(buckets._buckets) == 10


def test_a_client_that_hangs_up_leaves_no_thread_waiting() -> None:
    arrived = threading.Event()
    left = threading.Event()

    def hold(exchange: Exchange) -> bool:
        arrived.set()
        # Nothing comes where the other side has ended the connection.
        exchange.connection.settimeout(TIMEOUT)
        assert exchange.connection.recv(1) == b""
        left.set()
        return True

    with page_server(deadline=10 * TIMEOUT) as page:
        page.standin.faults["/octocat.png"] = hold
        with socket.create_connection(("127.0.0.1", page.port), timeout=TIMEOUT) as connection:
            connection.sendall(b"GET /octocat.json HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert arrived.wait(TIMEOUT)
        assert left.wait(TIMEOUT)


# What the page is made of


def test_the_page_is_small() -> None:
    assert sum(file.stat().st_size for file in PAGE.iterdir()) < 150 * KILOBYTE


def test_the_page_asks_for_nothing_from_elsewhere_and_has_nothing_inline() -> None:
    html = (PAGE / "index.html").read_text(encoding="utf-8")
    assert re.findall(r"<script(?![^>]* src=)|<style|\son\w+=|\sstyle=|javascript:", html) == []
    for address in re.findall(r'(?:src|href)="([^"]*)"', html):
        assert address.startswith(("/", "#")), address
    for script in PAGE.glob("*.js"):
        text = script.read_text(encoding="utf-8")
        assert not re.findall(r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|new Function", text)
        assert all(found.startswith("/page/") for found in re.findall(r'from "([^"]+)"', text))
    css = (PAGE / "page.css").read_text(encoding="utf-8")
    assert "url(" not in css
    assert "@import" not in css


def test_the_lines_are_short() -> None:
    for file in PAGE.iterdir():
        if file.suffix != ".svg":
            assert max(map(len, file.read_text(encoding="utf-8").splitlines())) <= 120, file.name


# The command


@contextmanager
def started(*words: str | Path, folder: Path, **variables: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The server as a process of its own, on a free port, and that port."""
    process = subprocess.Popen(
        [*words, "--port", "0"],
        cwd=folder,
        env=clean_environment(**variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            assert process.stdout
            address = process.stdout.readline().strip()
            assert re.fullmatch(r"http://127\.0\.0\.1:\d+", address)
            yield process, int(address.rpartition(":")[2])
        finally:
            process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_demo_is_served_until_it_is_told_to_stop(number: int, tmp_path: Path) -> None:
    with started(ROOT / "script" / "web", "--demo", folder=tmp_path) as (process, port):
        assert request(port, "/octocat.json").json["prediction"] == "custom"
        assert request(port, "/api/about").json["demo"] is True
        assert request(port, "/", headers={"Host": "evil.example"}).status == 403
        assert "server" not in request(port, "/").headers
        process.send_signal(number)
        assert process.communicate(timeout=TIMEOUT) == ("", "")
        assert process.returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_who_waits_is_told_that_the_server_is_stopped(github: GitHubStandIn, tmp_path: Path) -> None:
    github.faults["/octocat.png"] = MODES["silence"].fault
    command = (sys.executable, "-m", "github_avatars.cli", "serve")
    variables = {"GITHUB_URL": github.url, "PYTHONPATH": str(ROOT)}
    with started(*command, folder=tmp_path, **variables) as (process, port), ThreadPoolExecutor() as threads:
        waiting = threads.submit(request, port, "/octocat.json")
        wait_until(lambda: github.requests["/octocat.png"])
        process.terminate()
        assert waiting.result().json["message"].startswith("This page's server is shutting down: ")
        _, log = process.communicate(timeout=TIMEOUT)
        assert process.returncode == 0
        assert "Traceback" not in log


def refusal(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    assert command_line.main(["serve", *words]) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.count("\n") == 1
    return told.err


def test_an_address_that_cannot_be_used_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = refusal(capsys, "--port", str(port))
    assert line == (
        f"error: 127.0.0.1, port {port}, cannot be used (Address already in use): give another --port or --host.\n"
    )
    assert refusal(capsys, "--port", "99999").startswith("error: There is no port 99999: ")
    assert "cannot be used" in refusal(capsys, "--host", "no.such.host.invalid")


def test_without_its_packages_the_page_says_so() -> None:
    program = (
        "import sys; sys.modules['uvicorn'] = None\n"
        "from github_avatars import cli; sys.exit(cli.main(['serve', '--demo']))"
    )
    ended = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert (
        ended.stderr
        == "error: The page needs uvicorn, which is not installed: run script/bootstrap or pip install '.[web]'.\n"
    )
