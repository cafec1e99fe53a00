"""The limits in docs/reliability.md are those of the code."""

import re

from github_avatars.github import CONNECTIONS, client
from github_avatars.picture import avif, container, decoding, stripped_file
from github_avatars.service import SLOTS
from tests.support.processes import ROOT

PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")


def test_the_tables_of_limits_contain_the_constants() -> None:
    assert dict(re.findall(r"^\| `([A-Z_]+)` \| ([^|]+) \|", PAGE, re.MULTILINE)) == {
        "CONNECT_TIMEOUT": f"{client.CONNECT_TIMEOUT:g} s",
        "READ_TIMEOUT": f"{client.READ_TIMEOUT:g} s",
        "DEADLINE": f"{client.DEADLINE:g} s",
        "RETRIES": f"{client.RETRIES}",
        "MAX_PAUSE": f"{client.MAX_PAUSE:g} s",
        "MAX_REDIRECTS": f"{client.MAX_REDIRECTS}",
        "CONNECTIONS": f"{CONNECTIONS}",
        "SLOTS": f"{SLOTS}",
        "MAX_BYTES": f"{decoding.MAX_BYTES:,}",
        "MAX_PIXELS": f"{decoding.MAX_PIXELS:,}",
        "MAX_SIDE": f"{decoding.MAX_SIDE:,}",
    }


def test_the_limits_of_expensive_formats_are_those_of_the_code() -> None:
    text = " ".join(PAGE.split())
    assert f"by {container.LOSSLESS_COST_FACTOR} for a WebP" in text
    assert f"n times {container.FREE_SCANS} scans" in text
    assert f"more than {stripped_file.MAX_PARTS:,} chunks" in text
    assert f"more than {avif.MAX_TILES} tiles" in text
