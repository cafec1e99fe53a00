"""Connections, with real sockets and real TLS. Only DNS is simulated."""

import io
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

from github_avatars.demo import AVATARS, GitHubStandIn, responding
from github_avatars.errors import ForeignRedirect, GitHubAvatarsError, Unreachable
from github_avatars.github import GitHub, hosts
from github_avatars.github.transport import DeadlineReader
from github_avatars.training import dataset
from tests.support.fetching import fetch_error
from tests.support.timing import TIMEOUT

OCTOCAT = next(example for example in dataset.read_index(AVATARS) if example.login == "octocat")
DATA = (AVATARS / OCTOCAT.file).read_bytes()
PICTURE = f"/u/{OCTOCAT.account_id}?v=4"
OPEN, CLOSED = "127.0.0.1", "::ffff:127.0.0.1"
"""Two addresses of the servers on this machine. `open_is_public` makes the first one count as public."""


class DNS:
    """Resolves host names to addresses on this machine, whose ports replace the requested ones."""

    def __init__(self) -> None:
        self.hosts: dict[str, list[tuple[str, int]]] = {}
        self.requests: Counter[str] = Counter()
        self._getaddrinfo = socket.getaddrinfo

    def getaddrinfo(self, host: str, *arguments: Any, **options: Any) -> Any:
        self.requests[host] += 1
        if host not in self.hosts:
            return self._getaddrinfo(host, *arguments, **options)
        return [
            (socket.AF_INET6 if ":" in address[0] else socket.AF_INET, socket.SOCK_STREAM, 0, "", address)
            for address in self.hosts[host]
        ]


@pytest.fixture
def dns(monkeypatch: pytest.MonkeyPatch) -> DNS:
    dns = DNS()
    monkeypatch.setattr(socket, "getaddrinfo", dns.getaddrinfo)
    for variable in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.lower(), raising=False)
    return dns


@pytest.fixture
def open_is_public(monkeypatch: pytest.MonkeyPatch) -> None:
    is_public = hosts.is_public
    monkeypatch.setattr(hosts, "is_public", lambda ip: ip == OPEN or is_public(ip))


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """A certificate authority that the client trusts."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "authority.pem"))
    return authority


def tls_context(authority: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return context


def redirecting(location: str) -> dict[str, Any]:
    return {"/octocat.png": responding(302, {"Location": location})}


@pytest.fixture
def standin(authority: trustme.CA, dns: DNS) -> Iterator[GitHubStandIn]:
    """A stand-in with the names and certificates of github.com and avatars.githubusercontent.com."""
    context = tls_context(authority, "github.com", "avatars.githubusercontent.com")
    with GitHubStandIn(tls=context, faults=redirecting(f"https://avatars.githubusercontent.com{PICTURE}")) as standin:
        for host in ("github.com", "avatars.githubusercontent.com"):
            dns.hosts[host] = [(OPEN, port_of(standin))]
        yield standin


@pytest.fixture
def client() -> Iterator[GitHub]:
    with GitHub("https://github.com", backoff=0) as client:
        yield client


def port_of(standin: GitHubStandIn) -> int:
    return int(standin.url.rpartition(":")[2])


def message_of(client: GitHub, kind: type[GitHubAvatarsError]) -> str:
    """The message of the error of a fetch."""
    return str(fetch_error(client, kind))


@pytest.mark.usefixtures("open_is_public")
def test_fetch_from_public_addresses(client: GitHub, standin: GitHubStandIn, dns: DNS) -> None:
    avatar = client.fetch("octocat")
    assert (avatar.account_id, avatar.href) == (OCTOCAT.account_id, "https://github.com/octocat.png")
    assert avatar.data == DATA
    assert standin.requests == {"/octocat.png": 1, PICTURE: 1}
    # A second DNS request for the check could return another address than the one that is used.
    assert (dns.requests["github.com"], dns.requests["avatars.githubusercontent.com"]) == (1, 1)


def test_github_com_with_a_private_address(client: GitHub, standin: GitHubStandIn) -> None:
    assert message_of(client, ForeignRedirect) == (
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
def test_redirect_to_a_private_address(client: GitHub, standin: GitHubStandIn, dns: DNS, ip: str) -> None:
    """The host name is trusted, and the stand-in would respond at some of the addresses."""
    dns.hosts["avatars.githubusercontent.com"] = [(ip, port_of(standin))]
    assert message_of(client, ForeignRedirect).startswith(
        f"avatars.githubusercontent.com has the private address {ip}, "
    )
    assert standin.connections == 1
    assert standin.requests == {"/octocat.png": 1}


@pytest.mark.usefixtures("open_is_public")
def test_private_address_after_a_public_one_that_fails(client: GitHub, standin: GitHubStandIn, dns: DNS) -> None:
    with socket.socket() as unused:
        unused.bind((OPEN, 0))
        dns.hosts["avatars.githubusercontent.com"] = [unused.getsockname(), (CLOSED, port_of(standin))]
        message_of(client, ForeignRedirect)
    assert standin.connections == 1


@pytest.mark.parametrize("ip", [OPEN, CLOSED])
def test_enterprise_host_in_a_private_network(dns: DNS, ip: str) -> None:
    with GitHubStandIn(faults=redirecting(f"http://avatars.ghe.corp{PICTURE}")) as standin:
        dns.hosts["ghe.corp"] = dns.hosts["avatars.ghe.corp"] = [(ip, port_of(standin))]
        with GitHub("http://GHE.corp") as client:
            assert client.fetch("octocat").data == DATA


@pytest.mark.usefixtures("open_is_public")
def test_enterprise_host_on_the_internet_redirects_into_no_private_network(dns: DNS) -> None:
    with GitHubStandIn(faults=redirecting(f"http://avatars.ghe.corp{PICTURE}")) as standin:
        dns.hosts["ghe.corp"] = [(OPEN, port_of(standin))]
        dns.hosts["avatars.ghe.corp"] = [(CLOSED, port_of(standin))]
        with GitHub("http://ghe.corp", backoff=0) as client:
            message_of(client, ForeignRedirect)
    assert standin.requests == {"/octocat.png": 1}


@pytest.mark.usefixtures("open_is_public")
def test_redirect_from_https_to_http(client: GitHub, standin: GitHubStandIn, dns: DNS) -> None:
    """Even to a trusted host, where a server responds."""
    with GitHubStandIn() as plain:
        dns.hosts["avatars.githubusercontent.com"] = [(OPEN, port_of(plain))]
        standin.faults |= redirecting(f"http://avatars.githubusercontent.com{PICTURE}")
        message_of(client, ForeignRedirect)
    assert plain.connections == 0
    assert standin.requests == {"/octocat.png": 1}


@pytest.mark.usefixtures("open_is_public")
def test_certificate_of_another_host(client: GitHub, standin: GitHubStandIn, authority: trustme.CA, dns: DNS) -> None:
    with GitHubStandIn(tls=tls_context(authority, "example.com")) as other_host:
        dns.hosts["avatars.githubusercontent.com"] = [(OPEN, port_of(other_host))]
        message = message_of(client, Unreachable)
    assert "avatars.githubusercontent.com sent no complete response for octocat (SSLError)" in message
    assert not other_host.requests
    assert standin.requests == {"/octocat.png": 1}


@pytest.mark.usefixtures("authority")
def test_slow_handshake(dns: DNS) -> None:
    """Each byte arrives in time, but the record never ends."""

    def handshake(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection, suppress(OSError):
            connection.sendall(b"\x16\x03\x03\x3e\x80")
            while not over.wait(0.05):
                connection.sendall(b"\x02")

    over = threading.Event()
    with socket.create_server((OPEN, 0)) as listener, ThreadPoolExecutor(1) as pool:
        dns.hosts["ghe.corp"] = [listener.getsockname()]
        pool.submit(handshake, listener)
        try:
            with GitHub("https://ghe.corp", deadline=0.5) as client:
                message_of(client, Unreachable)
        finally:
            over.set()


def test_dns_without_a_response(monkeypatch: pytest.MonkeyPatch) -> None:
    over = threading.Event()
    requests = []

    def getaddrinfo(host: str, *_: object, **__: object) -> None:
        requests.append(host)
        over.wait(2 * TIMEOUT)
        raise socket.gaierror("no response")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with GitHub("http://ghe.corp", deadline=0.5) as client:
        message_of(client, Unreachable)
    over.set()
    assert requests == ["ghe.corp"]


@pytest.mark.parametrize("host", ["ghe.corp", "a" * 64 + ".ghe.corp"])
def test_unknown_and_malformed_host_names(dns: DNS, host: str) -> None:
    with GitHubStandIn(faults=redirecting(f"http://{host}{PICTURE}")) as standin:
        dns.hosts["ghe.corp"] = [(OPEN, port_of(standin))] if host != "ghe.corp" else []
        with GitHub("http://ghe.corp", backoff=0) as client:
            message_of(client, Unreachable)


def test_next_address_after_a_refused_connection(dns: DNS) -> None:
    with GitHubStandIn() as standin, socket.socket() as unused:
        unused.bind((OPEN, 0))
        dns.hosts["ghe.corp"] = [unused.getsockname(), (OPEN, port_of(standin))]
        standin.faults |= {"/octocat.png": responding(302, {"Location": PICTURE})}
        with GitHub("http://ghe.corp") as client:
            assert client.fetch("octocat").data == DATA


def test_silent_addresses_share_the_connect_timeout(dns: DNS) -> None:
    """A full backlog neither accepts nor refuses connections."""
    with socket.create_server((OPEN, 0), backlog=0) as full, socket.create_connection(full.getsockname()):
        dns.hosts["ghe.corp"] = [full.getsockname()] * 1000
        with GitHub("http://ghe.corp", deadline=0.5) as client:
            message_of(client, Unreachable)


class Proxy(socketserver.ThreadingTCPServer):
    """A proxy with CONNECT. `ports` contains the port on this machine for each allowed host."""

    daemon_threads = True

    def __init__(self, ports: dict[str, int]) -> None:
        super().__init__((OPEN, 0), Tunnel)
        self.ports = ports
        self.requests: list[str] = []


class Tunnel(socketserver.StreamRequestHandler):
    server: Proxy

    def handle(self) -> None:
        host = self.rfile.readline().split()[1].decode()
        while self.rfile.readline().strip():
            pass
        self.server.requests.append(host)
        if host not in self.server.ports:
            self.wfile.write(b"HTTP/1.1 403 Forbidden\r\n\r\n")
            return
        with socket.create_connection((OPEN, self.server.ports[host])) as onward, ThreadPoolExecutor(1) as pool:
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            pool.submit(self.copy, onward, self.connection)
            self.copy(self.connection, onward)

    @staticmethod
    def copy(source: socket.socket, target: socket.socket) -> None:
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


def test_proxy_resolves_the_host_names(client: GitHub, proxy: Proxy, dns: DNS) -> None:
    assert client.fetch("octocat").data == DATA
    assert proxy.requests == ["github.com:443", "avatars.githubusercontent.com:443"]
    assert not {"github.com", "avatars.githubusercontent.com"} & set(dns.requests)


def test_proxy_that_refuses_a_host(client: GitHub, proxy: Proxy) -> None:
    proxy.ports.clear()
    message_of(client, Unreachable)
    assert set(proxy.requests) == {"github.com:443"}


class Bytes(io.RawIOBase):
    """A stream of zeros."""

    def readinto(self, buffer: Any) -> int:
        buffer[:] = bytes(len(buffer))
        return len(buffer)


@pytest.mark.parametrize(("elapsed", "is_in_time"), [(0.0, True), (4.5, True), (5.0, False), (6.0, False)])
def test_reads_end_at_the_deadline(monkeypatch: pytest.MonkeyPatch, elapsed: float, is_in_time: bool) -> None:
    """Also exactly at the deadline, where a socket timeout of zero would make the socket non-blocking."""
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    here, there = socket.socketpair()
    with here, there:
        here.settimeout(5.0)
        reader = DeadlineReader(Bytes(), here)
        now += elapsed
        if is_in_time:
            assert reader.read(3) == b"\0\0\0"
            assert here.gettimeout() == 5.0 - elapsed
        else:
            with pytest.raises(TimeoutError):
                reader.read(3)
