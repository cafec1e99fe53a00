"""Where connections go, over real sockets and real TLS; only the name service is played."""

import socket
import socketserver
import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import trustme

from github_avatars.demo import AVATARS, Exchange, GitHubStandIn, responding
from github_avatars.errors import ForeignRedirect, GitHubAvatarsError, Unreachable
from github_avatars.github import GitHub, hosts
from github_avatars.training import dataset
from tests.support.timing import TIMEOUT, with_timeout

OCTOCAT = next(example for example in dataset.read_index(AVATARS) if example.login == "octocat")
DATA = (AVATARS / OCTOCAT.file).read_bytes()
PICTURE = f"/u/{OCTOCAT.account_id}?v=4"
OPEN, CLOSED = "127.0.0.1", "::ffff:127.0.0.1"
"""Two ways to the same servers on this machine; `open_is_public` makes the first count as a public address."""


class NameService:
    """What the name service says: of each host, its addresses, with the ports that stand for the usual ones."""

    def __init__(self) -> None:
        self.known: dict[str, list[tuple[str, int]]] = {}
        self.asked: Counter[str] = Counter()
        self._real = socket.getaddrinfo

    def getaddrinfo(self, host: str, *arguments: Any, **options: Any) -> Any:
        self.asked[host] += 1
        if host not in self.known:
            return self._real(host, *arguments, **options)
        return [
            (socket.AF_INET6 if ":" in address[0] else socket.AF_INET, socket.SOCK_STREAM, 0, "", address)
            for address in self.known[host]
        ]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> NameService:
    service = NameService()
    monkeypatch.setattr(socket, "getaddrinfo", service.getaddrinfo)
    for variable in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.lower(), raising=False)
    return service


@pytest.fixture
def open_is_public(monkeypatch: pytest.MonkeyPatch) -> None:
    real = hosts.is_public
    monkeypatch.setattr(hosts, "is_public", lambda ip: ip == OPEN or real(ip))


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """Who certifies hosts, trusted by the client as a company's own authority is."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "authority.pem"))
    return authority


def certified(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


def redirecting(location: str) -> dict[str, Any]:
    return {"/octocat.png": responding(302, {"Location": location})}


@pytest.fixture
def standin(authority: trustme.CA, names: NameService) -> Iterator[GitHubStandIn]:
    """A stand-in that is github.com and avatars.githubusercontent.com by name and certificate."""
    context = certified(authority, "github.com", "avatars.githubusercontent.com")
    with GitHubStandIn(tls=context, faults=redirecting(f"https://avatars.githubusercontent.com{PICTURE}")) as standin:
        for host in ("github.com", "avatars.githubusercontent.com"):
            names.known[host] = [(OPEN, port_of(standin))]
        yield standin


@pytest.fixture
def hub() -> Iterator[GitHub]:
    with GitHub("https://github.com", backoff=0) as hub:
        yield hub


def port_of(standin: GitHubStandIn) -> int:
    return int(standin.url.rpartition(":")[2])


def failure(hub: GitHub, kind: type[GitHubAvatarsError]) -> str:
    """The message of a fetch that fails, in time and in exactly this way."""
    with pytest.raises(GitHubAvatarsError) as caught:
        with_timeout(lambda: hub.fetch("octocat"))
    message = str(caught.value)
    assert type(caught.value) is kind, message
    assert "octocat" in message
    assert message.isprintable()
    assert len(message) < 250
    return message


# Private addresses


@pytest.mark.usefixtures("open_is_public")
def test_a_fetch_by_the_real_names(hub: GitHub, standin: GitHubStandIn, names: NameService) -> None:
    avatar = hub.fetch("octocat")
    assert (avatar.account_id, avatar.href) == (OCTOCAT.account_id, "https://github.com/octocat.png")
    assert avatar.data == DATA
    assert standin.requests == {"/octocat.png": 1, PICTURE: 1}
    # A second look-up for the check might find another address than the one that is connected to.
    assert (names.asked["github.com"], names.asked["avatars.githubusercontent.com"]) == (1, 1)


def test_github_itself_at_a_private_address(hub: GitHub, standin: GitHubStandIn) -> None:
    assert failure(hub, ForeignRedirect) == (
        "github.com has the private address 127.0.0.1, so octocat is not requested from it: check DNS and GITHUB_URL."
    )
    assert standin.connections == 0


@pytest.mark.usefixtures("open_is_public")
@pytest.mark.parametrize(
    "ip",
    [
        CLOSED,
        "127.0.0.2",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "::1",
        "::ffff:169.254.169.254",
        "fd00::1",
        "fe80::1",
    ],
)
def test_redirect_to_a_private_address(hub: GitHub, standin: GitHubStandIn, names: NameService, ip: str) -> None:
    """The name is allowed, and at some of the addresses the stand-in would answer."""
    names.known["avatars.githubusercontent.com"] = [(ip, port_of(standin))]
    assert failure(hub, ForeignRedirect).startswith(f"avatars.githubusercontent.com has the private address {ip}, ")
    assert standin.connections == 1
    assert standin.requests == {"/octocat.png": 1}


@pytest.mark.usefixtures("open_is_public")
def test_public_address_that_fails_does_not_lead_to_a_private_one(
    hub: GitHub, standin: GitHubStandIn, names: NameService
) -> None:
    with socket.socket() as unused:
        unused.bind((OPEN, 0))
        names.known["avatars.githubusercontent.com"] = [unused.getsockname(), (CLOSED, port_of(standin))]
        failure(hub, ForeignRedirect)
    assert standin.connections == 1


@pytest.mark.parametrize("ip", [OPEN, CLOSED])
def test_enterprise_host_inside_a_private_network(names: NameService, ip: str) -> None:
    with GitHubStandIn(faults=redirecting(f"http://avatars.ghe.corp{PICTURE}")) as standin:
        names.known["ghe.corp"] = names.known["avatars.ghe.corp"] = [(ip, port_of(standin))]
        with GitHub("http://GHE.corp") as hub:
            assert hub.fetch("octocat").data == DATA


@pytest.mark.usefixtures("open_is_public")
def test_enterprise_host_on_the_internet_leads_into_no_private_network(names: NameService) -> None:
    with GitHubStandIn(faults=redirecting(f"http://avatars.ghe.corp{PICTURE}")) as standin:
        names.known["ghe.corp"] = [(OPEN, port_of(standin))]
        names.known["avatars.ghe.corp"] = [(CLOSED, port_of(standin))]
        with GitHub("http://ghe.corp", backoff=0) as hub:
            failure(hub, ForeignRedirect)
    assert standin.requests == {"/octocat.png": 1}


# TLS


@pytest.mark.usefixtures("open_is_public")
def test_redirect_from_https_to_http(hub: GitHub, standin: GitHubStandIn, names: NameService) -> None:
    """Even to an allowed host, where somebody answers."""
    with GitHubStandIn() as plain:
        names.known["avatars.githubusercontent.com"] = [(OPEN, port_of(plain))]
        standin.faults |= redirecting(f"http://avatars.githubusercontent.com{PICTURE}")
        failure(hub, ForeignRedirect)
    assert plain.connections == 0
    assert standin.requests == {"/octocat.png": 1}


@pytest.mark.usefixtures("open_is_public")
def test_certificate_of_another_host(
    hub: GitHub, standin: GitHubStandIn, authority: trustme.CA, names: NameService
) -> None:
    with GitHubStandIn(tls=certified(authority, "example.com")) as impostor:
        names.known["avatars.githubusercontent.com"] = [(OPEN, port_of(impostor))]
        assert "avatars.githubusercontent.com sent no complete response for octocat (SSLError)" in failure(
            hub, Unreachable
        )
    assert not impostor.requests
    assert standin.requests == {"/octocat.png": 1}


@pytest.mark.usefixtures("authority")
def test_handshake_that_drips(names: NameService) -> None:
    """Each byte of the record comes in time, and the whole never."""

    def drip(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            connection.sendall(b"\x16\x03\x03\x3e\x80")
            while not over.wait(0.05):
                connection.sendall(b"\x02")

    over = threading.Event()
    with socket.create_server((OPEN, 0)) as listener, ThreadPoolExecutor(1) as pool:
        names.known["ghe.corp"] = [listener.getsockname()]
        pool.submit(drip, listener)
        try:
            with GitHub("https://ghe.corp", deadline=0.5) as hub:
                failure(hub, Unreachable)
        finally:
            over.set()


# Names and addresses that take long


def test_name_service_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    asked = []

    def silence(host: str, *_: object, **__: object) -> None:
        asked.append(host)
        over.wait(2 * TIMEOUT)
        raise socket.gaierror("no answer")

    monkeypatch.setattr(socket, "getaddrinfo", silence)
    with GitHub("http://ghe.corp", deadline=0.5) as hub:
        failure(hub, Unreachable)
    over.set()
    assert asked == ["ghe.corp"]


@pytest.mark.parametrize("host", ["ghe.corp", "a" * 64 + ".ghe.corp"])
def test_name_that_is_none(names: NameService, host: str) -> None:
    with GitHubStandIn(faults=redirecting(f"http://{host}{PICTURE}")) as standin:
        names.known["ghe.corp"] = [(OPEN, port_of(standin))] if host != "ghe.corp" else []
        with GitHub("http://ghe.corp", backoff=0) as hub:
            failure(hub, Unreachable)


def test_address_that_refuses_is_passed_by(names: NameService) -> None:
    with GitHubStandIn() as standin, socket.socket() as unused:
        unused.bind((OPEN, 0))
        names.known["ghe.corp"] = [unused.getsockname(), (OPEN, port_of(standin))]
        standin.faults |= {"/octocat.png": responding(302, {"Location": PICTURE})}
        with GitHub("http://ghe.corp") as hub:
            assert hub.fetch("octocat").data == DATA


def test_addresses_that_stay_silent_share_the_time(names: NameService) -> None:
    """However many they are: a queue that is full takes no connection, and refuses none."""
    with socket.create_server((OPEN, 0), backlog=0) as full, socket.create_connection(full.getsockname()):
        names.known["ghe.corp"] = [full.getsockname()] * 1000
        with GitHub("http://ghe.corp", deadline=0.5) as hub:
            failure(hub, Unreachable)


# Proxies


class Proxy(socketserver.ThreadingTCPServer):
    """A proxy that tunnels: `ports` says where on this machine a host is, and other hosts are forbidden."""

    daemon_threads = True

    def __init__(self, ports: dict[str, int]) -> None:
        super().__init__((OPEN, 0), Tunnel)
        self.ports = ports
        self.asked: list[str] = []


class Tunnel(socketserver.StreamRequestHandler):
    server: Proxy

    def handle(self) -> None:
        host = self.rfile.readline().split()[1].decode()
        while self.rfile.readline().strip():
            pass
        self.server.asked.append(host)
        if host not in self.server.ports:
            self.wfile.write(b"HTTP/1.1 403 Forbidden\r\n\r\n")
            return
        with socket.create_connection((OPEN, self.server.ports[host])) as onward, ThreadPoolExecutor(1) as pool:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            pool.submit(self.pass_on, onward, self.connection)
            self.pass_on(self.connection, onward)

    @staticmethod
    def pass_on(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch, standin: GitHubStandIn) -> Iterator[Proxy]:
    ports = dict.fromkeys(["github.com:443", "avatars.githubusercontent.com:443"], port_of(standin))
    with Proxy(ports) as proxy, ThreadPoolExecutor(1) as pool:
        pool.submit(proxy.serve_forever, 0.02)
        monkeypatch.setenv("HTTPS_PROXY", f"http://{OPEN}:{proxy.server_address[1]}")
        yield proxy
        proxy.shutdown()


def test_through_a_proxy_which_alone_looks_names_up(hub: GitHub, proxy: Proxy, names: NameService) -> None:
    assert hub.fetch("octocat").data == DATA
    assert proxy.asked == ["github.com:443", "avatars.githubusercontent.com:443"]
    assert not {"github.com", "avatars.githubusercontent.com"} & set(names.asked)


def test_proxy_that_forbids_a_host(hub: GitHub, proxy: Proxy) -> None:
    proxy.ports.clear()
    failure(hub, Unreachable)
    assert set(proxy.asked) == {"github.com:443"}


# Bytes that nobody asked for


def test_answer_that_comes_unasked_is_given_to_nobody() -> None:
    """It waits in the socket of a kept connection when the next request is to go out there."""
    forged = b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n\x89PNG\r\n\x1a\n"
    fetched, sent = threading.Event(), threading.Event()

    def answer(exchange: Exchange) -> bool:
        exchange.respond(200, body=DATA)
        fetched.wait(TIMEOUT)
        exchange.wfile.write(forged)
        sent.set()
        return True

    with GitHubStandIn(faults={PICTURE.partition("?")[0]: answer}) as standin, GitHub(standin.url) as hub:
        assert hub.fetch("octocat").data == DATA
        standin.faults.clear()
        fetched.set()
        assert sent.wait(TIMEOUT)
        assert hub.fetch("octocat").data == DATA
        assert standin.connections == 2
