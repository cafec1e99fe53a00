"""Addresses of hosts, and IP addresses."""

import pytest

from github_avatars.errors import BadOption
from github_avatars.github import hosts


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("https://github.com", "https://github.com"),
        ("https://GitHub.com/", "https://github.com"),
        ("https://github.com:443", "https://github.com"),
        ("http://ghe.corp:80", "http://ghe.corp"),
        ("http://ghe.corp:443", "http://ghe.corp:443"),
        ("https://10.1.2.3:8443//", "https://10.1.2.3:8443"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_normalized_address(text: str, base: str) -> None:
    assert hosts.normalize(text) == base


@pytest.mark.parametrize(
    "text",
    [
        "github.com",
        "ftp://github.com",
        "https://",
        "https://a@b.c",
        "https://a.b/c",
        "https://a.b?c",
        "https://a b",
        "https://a.b:port",
        "https://a.b:99999",
        "https://a.b:0",
        "http://[::1",
    ],
)
def test_malformed_address(text: str) -> None:
    with pytest.raises(BadOption, match="GITHUB_URL"):
        hosts.normalize(text)


@pytest.mark.parametrize(
    ("base", "host"),
    [
        ("https://github.com", None),
        ("http://github.com.", None),
        ("https://ghe.corp:8443", "ghe.corp"),
        ("https://10.1.2.3", "10.1.2.3"),
        ("http://[::1]:8080", "::1"),
    ],
)
def test_private_host(base: str, host: str | None) -> None:
    assert hosts.private_host(base) == host


@pytest.mark.parametrize(
    ("base", "loopback"),
    [
        ("http://127.0.0.1:40123", True),
        ("http://localhost", True),
        ("http://[::1]:80", True),
        ("https://github.com", False),
        ("http://localhost.corp", False),
        ("http://127.0.0.1.example.com", False),
        ("http://10.0.0.1", False),
    ],
)
def test_is_loopback(base: str, loopback: bool) -> None:
    assert hosts.is_loopback(base) == loopback


@pytest.mark.parametrize(
    ("base", "avatars"),
    [
        ("https://github.com", "https://avatars.githubusercontent.com"),
        ("http://127.0.0.1:40123", "http://127.0.0.1:40123"),
        ("https://ghe.corp", None),
    ],
)
def test_avatars_url(base: str, avatars: str | None) -> None:
    assert hosts.avatars_url(base) == avatars


@pytest.mark.parametrize(
    ("base", "api"),
    [
        ("https://github.com", "https://api.github.com"),
        ("https://octocorp.ghe.com", "https://api.octocorp.ghe.com"),
        ("https://github.example.com", "https://github.example.com/api/v3"),
        ("https://notgithub.com", "https://notgithub.com/api/v3"),
        ("http://127.0.0.1:40123", "http://127.0.0.1:40123/api/v3"),
    ],
)
def test_api_url(base: str, api: str) -> None:
    assert hosts.api_url(base) == api


def test_base_url_prefers_the_argument_to_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GITHUB_URL", raising=False)
    assert hosts.base_url() == "https://github.com"
    monkeypatch.setenv("GITHUB_URL", "https://github.example.com/")
    assert hosts.base_url() == "https://github.example.com"
    assert hosts.base_url("https://other.example.com") == "https://other.example.com"


@pytest.mark.parametrize(
    "ip",
    [
        "140.82.121.4",
        "185.199.108.133",
        "172.32.0.1",
        "100.128.0.1",
        "2606:50c0:8000::154",
        "::ffff:140.82.121.4",
        "64:ff9b::140.82.121.4",
        "2002:8c52:7904::1",
    ],
)
def test_public_address(ip: str) -> None:
    assert hosts.is_public(ip)


@pytest.mark.parametrize(
    "ip",
    [
        "0.0.0.0",
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.2.1",
        "192.168.1.1",
        "198.18.0.1",
        "224.0.0.1",
        "239.1.1.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::1",
        "2001::1",
        "2001:db8::1",
        "2002:7f00:1::",
        "4000::1",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff0e::1",
    ],
)
def test_private_address(ip: str) -> None:
    assert not hosts.is_public(ip)
