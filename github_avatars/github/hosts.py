"""GITHUB_URL, the hosts to which GitHub may redirect, and the IP addresses that they may have."""

import os
import re
from ipaddress import IPv4Address, IPv6Network, ip_address
from urllib.parse import SplitResult, urlsplit

from github_avatars.errors import BadOption

BASE = re.compile(r"https?://[^/?#@\\\s]+")
GLOBAL_UNICAST = IPv6Network("2000::/3")
NAT64 = IPv6Network("64:ff9b::/96")


def base_url(base: str | None = None) -> str:
    """The normalized `base`, or else GITHUB_URL, or else https://github.com. Raises BadOption."""
    return normalize(base or os.environ.get("GITHUB_URL") or "https://github.com")


def normalize(text: str) -> str:
    """The address of a host in lower case, without a default port. Raises BadOption if `text` is not an address."""
    base = text.rstrip("/").lower()
    try:
        # urlsplit validates the port only when it is read.
        port = urlsplit(base).port if BASE.fullmatch(base) else 0
    except ValueError:
        port = 0
    if port == 0:
        # Text before an @ or after a question mark may be secret.
        shown = re.sub(r"^.*(?=@)|(?<=[?#]).*$", "…", text, flags=re.DOTALL)
        raise BadOption(f"GITHUB_URL is {shown!r}: give an address like https://github.example.com.")
    return base.removesuffix(":443" if base.startswith("https:") else ":80")


def without_default_port(url: SplitResult) -> SplitResult:
    """The same address with its host in lower case and without the default port of its scheme.

    Load balancers in front of Enterprise hosts write https://host:443/... into headers.
    """
    return url._replace(netloc=url.netloc.lower().removesuffix(":443" if url.scheme == "https" else ":80"))


def trusted_hosts(base: str) -> re.Pattern[str]:
    """A pattern for the hosts (with port) to which a redirect may lead.

    github.com serves avatars from avatars.githubusercontent.com, an Enterprise host from avatars.HOST with subdomain
    isolation and from HOST/avatars without.
    Source: https://docs.github.com/en/enterprise-server@latest/admin/configuring-settings/hardening-security-for-your-enterprise/enabling-subdomain-isolation
    """
    host = urlsplit(base).netloc
    parent = "githubusercontent.com" if host == "github.com" else host
    return re.compile(rf"{re.escape(host)}|(?:[a-z0-9-]+\.)+{re.escape(parent)}")


def avatars_url(base: str) -> str | None:
    """The part before /u/ID of an avatar's address; None for an Enterprise host, which reveals it by a redirect."""
    if not private_host(base):
        return "https://avatars.githubusercontent.com"
    return base if is_loopback(base) else None


def api_url(base: str) -> str:
    """The address of a host's REST API.

    Sources: https://docs.github.com/en/enterprise-server@latest/rest/using-the-rest-api/getting-started-with-the-rest-api,
    https://docs.github.com/en/enterprise-cloud@latest/admin/data-residency/network-details-for-ghecom
    """
    scheme, _, host = base.partition("://")
    has_api_host = host == "github.com" or host.endswith(".ghe.com")
    return f"{scheme}://api.{host}" if has_api_host else f"{base}/api/v3"


def graphql_url(base: str) -> str:
    """The address of a host's GraphQL API.

    Source: https://docs.github.com/en/enterprise-server@latest/graphql/guides/forming-calls-with-graphql
    """
    return f"{api_url(base).removesuffix('/v3')}/graphql"


def private_host(base: str) -> str | None:
    """The host name if it may have a private IP address: an Enterprise host or a stand-in. None for github.com."""
    host = (urlsplit(base).hostname or "").rstrip(".")
    return None if host == "github.com" else host


def is_loopback(base: str) -> bool:
    """Whether the address is that of a stand-in on this machine."""
    host = urlsplit(base).hostname or ""
    try:
        return base.startswith("http:") and ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_public(ip: str) -> bool:
    """Whether an IP address is public: not loopback, private, link-local, shared or reserved.

    For an IPv6 address that contains an IPv4 address (mapped, 6to4, NAT64), the IPv4 address decides.
    Source: the special-purpose address registries https://www.iana.org/assignments/iana-ipv4-special-registry and
    https://www.iana.org/assignments/iana-ipv6-special-registry, as implemented in Python's ipaddress
    """
    address = ip_address(ip)
    if address.version == 6:
        inner = IPv4Address(int(address) % 2**32) if address in NAT64 else address.ipv4_mapped or address.sixtofour
        if inner is None:
            return address in GLOBAL_UNICAST and address.is_global
        address = inner
    return address.is_global and not address.is_multicast
