"""Who GitHub is: GITHUB_URL as an address, the hosts a redirect may lead to, and where in the network they may be."""

import os
import re
from ipaddress import IPv4Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from github_avatars.errors import BadInput

BASE = re.compile(r"https?://[^/?#@\\\s]+")
GLOBAL_UNICAST = IPv6Network("2000::/3")
NAT64 = IPv6Network("64:ff9b::/96")


def base_url(base: str | None = None) -> str:
    """The address of `base`, or else of the environment variable GITHUB_URL, or else GitHub's. Raises BadInput."""
    return normalize(base or os.environ.get("GITHUB_URL") or "https://github.com")


def normalize(text: str) -> str:
    """A host's address in lower case, without a port that goes without saying. Raises BadInput where it is none."""
    base = text.rstrip("/").lower()
    try:
        # Asking for the port is what makes urlsplit look at it.
        port = urlsplit(base).port if BASE.fullmatch(base) else 0
    except ValueError:
        port = 0
    if port == 0:
        # What stands before an @, or after a question mark, may be secret.
        shown = re.sub(r"^.*(?=@)|(?<=[?#]).*$", "…", text, flags=re.DOTALL)
        raise BadInput(f"GITHUB_URL is {shown!r}: give an address like https://github.example.com.")
    return base.removesuffix(":443" if base.startswith("https:") else ":80")


def trusted_hosts(base: str) -> re.Pattern[str]:
    """What the host (with port) of a redirect may be.

    github.com keeps avatars at avatars.githubusercontent.com, an Enterprise host with subdomain isolation at
    avatars.HOST, without it at HOST/avatars.
    Source: https://docs.github.com/en/enterprise-server@latest/admin/configuring-settings/hardening-security-for-your-enterprise/enabling-subdomain-isolation
    """
    host = urlsplit(base).netloc
    parent = "githubusercontent.com" if host == "github.com" else host
    return re.compile(rf"{re.escape(host)}|(?:[a-z0-9-]+\.)+{re.escape(parent)}")


def avatars_url(base: str) -> str | None:
    """What stands before /u/ID in the address of an avatar; None for an Enterprise host, which has to tell it."""
    if not private_host(base):
        return "https://avatars.githubusercontent.com"
    return base if is_loopback(base) else None


def api_url(base: str) -> str:
    """Where the REST API of a host is.

    Sources: https://docs.github.com/en/enterprise-server@latest/rest/using-the-rest-api/getting-started-with-the-rest-api,
    https://docs.github.com/en/enterprise-cloud@latest/admin/data-residency/network-details-for-ghecom
    """
    scheme, _, host = base.partition("://")
    own = host == "github.com" or host.endswith(".ghe.com")
    return f"{scheme}://api.{host}" if own else f"{base}/api/v3"


def private_host(base: str) -> str | None:
    """The name of the host that may have a private IP address: an Enterprise host or a stand-in, but not github.com."""
    host = (urlsplit(base).hostname or "").rstrip(".")
    return None if host == "github.com" else host


def is_loopback(base: str) -> bool:
    """Whether a stand-in on this very machine is meant."""
    host = urlsplit(base).hostname or ""
    try:
        return base.startswith("http:") and ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_public(ip: str) -> bool:
    """Whether an IP address can be reached from everywhere: not loopback, private, link-local, shared or reserved.

    An IPv4 address written as an IPv6 one (mapped, 6to4, NAT64) counts as what it is.
    Source: the special-purpose address registries https://www.iana.org/assignments/iana-ipv4-special-registry and
    https://www.iana.org/assignments/iana-ipv6-special-registry, as Python's ipaddress knows them
    """
    found = ip_address(ip)
    if found.version == 6:
        inner = IPv4Address(int(found) % 2**32) if found in NAT64 else found.ipv4_mapped or found.sixtofour
        if inner is None:
            return found in GLOBAL_UNICAST and found.is_global
        found = inner
    return found.is_global and not found.is_multicast
