"""A network → its map as one HTML page."""

import json
import random
import re
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from github_avatars import identicon
from github_avatars.scan.network import TYPES, Network
from github_avatars.scan.rows import COLUMNS, Columns
from github_avatars.web.map import thumbnails
from github_avatars.web.map.layout import Disc, Layout, arrange

FOLDER = Path(__file__).resolve().parent / "page"
STYLES = (FOLDER.parent.parent / "page" / "page.css", FOLDER / "map.css")
SCRIPTS = (
    FOLDER.parent.parent / "page" / "element.js",
    *(
        FOLDER / f"{name}.js"
        for name in ("colors", "data", "pictures", "plane", "map", "scatter", "details", "table", "main")
    ),
)
"""The modules of the page, each after those that it imports."""

MAX_ACCOUNTS = 5000
"""The number of accounts that are drawn one by one, and that are listed."""

SEED = 0
"""The seed of the sample that is listed if there are more accounts."""

LABELS = ("default", "custom")


def page(network: Network, host: str | None, picture: Callable[[int], bytes | None]) -> str:
    """The map with all scripts, styles and pictures in it. A browser requests nothing from elsewhere.

    `host` is the address of the host of the accounts, for links to their profiles; None without links. `picture`
    returns the kept picture of the account with a number of the store; it is not called if the network is redacted.

    Up to MAX_ACCOUNTS accounts are drawn one by one. If there are more, each disc is drawn as one circle, and a random
    sample of MAX_ACCOUNTS is listed.
    """
    style = "\n".join(path.read_text(encoding="utf-8") for path in STYLES)
    script = "\n".join(_without_imports(path.read_text(encoding="utf-8")) for path in SCRIPTS)
    values = {
        "style": style,
        "script": script,
        "style-hash": _hash(style),
        "script-hash": _hash(script),
        # Otherwise a name that contains </script> would end the element.
        "data": json.dumps(_data(network, host, picture), separators=(",", ":")).replace("<", "\\u003c"),
    }
    template = (FOLDER / "map.html").read_text(encoding="utf-8")
    return re.sub(r"\{\{ ([a-z-]+) \}\}", lambda match: values[match[1]], template)


def _hash(text: str) -> str:
    """The source expression of a Content-Security-Policy that allows exactly this script or style."""
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _without_imports(module: str) -> str:
    """A module as a part of one script with all modules, which therefore must not define a name twice."""
    module = re.sub(r"^import [^;]*? from \"[^\"]+\"\n", "", module, flags=re.MULTILINE)
    return re.sub(r"^export ", "", module, flags=re.MULTILINE)


def _data(network: Network, host: str | None, picture: Callable[[int], bytes | None]) -> dict[str, Any]:
    layout = arrange(network)
    count = len(network.rows)
    grouped = count > MAX_ACCOUNTS
    listed: Sequence[int] = range(count)
    if grouped:
        listed = sorted(random.Random(SEED).sample(listed, MAX_ACCOUNTS))  # noqa: S311
    edges = np.array(network.edges, dtype=np.int64).reshape(-1, 2)
    following, followers = (np.bincount(edges[:, end], minlength=count) for end in (0, 1))
    rows = [network.rows[index] for index in listed]
    names = [name for name in TYPES if name in COLUMNS or any(row[name] is not None for row in rows)]
    tiles, sheets = _thumbnails(network, listed, (lambda _: None) if network.redacted else picture)
    return {
        "accounts": count,
        "edgeCount": len(edges),
        "communityCount": len({*network.communities} - {None}),
        "grouped": grouped,
        "redacted": network.redacted,
        "host": None if network.redacted else host,
        "columns": names,
        "rows": [[row[name] for name in names] for row in rows],
        "communities": [network.communities[index] for index in listed],
        "followers": followers[listed].tolist(),
        "following": following[listed].tolist(),
        "identicons": [_identicon(columns) for columns in rows],
        "tiles": tiles,
        "sheets": sheets,
        "sheet": {"tile": thumbnails.TILE, "across": thumbnails.ACROSS},
        "discs": [_disc(network, disc) for disc in layout.discs],
        **({"between": _between(layout)} if grouped else _drawn(layout, edges)),
    }


def _drawn(layout: Layout, edges: Any) -> dict[str, Any]:
    """The positions and the edges of the accounts. An edge is two 16-bit integers, little-endian."""
    return {
        "disc": layout.disc_of.tolist(),
        "x": layout.positions[:, 0].round(2).tolist(),
        "y": layout.positions[:, 1].round(2).tolist(),
        "edges": b64encode(edges.astype("<u2").tobytes()).decode(),
    }


def _between(layout: Layout) -> list[list[int]]:
    """The edges between different discs: the indices of two discs, and the number in both directions."""
    both = layout.between + layout.between.T
    return [[int(a), int(b), int(both[a, b])] for a, b in zip(*np.nonzero(np.triu(both, 1)), strict=True)]


def _disc(network: Network, disc: Disc) -> dict[str, Any]:
    labels = Counter(network.rows[index]["label"] for index in disc.members)
    return {
        "name": disc.name,
        "size": len(disc.members),
        **{label: labels[label] for label in LABELS},
        "x": round(disc.x, 2),
        "y": round(disc.y, 2),
        "radius": round(disc.radius, 2),
    }


def _identicon(columns: Columns) -> int | None:
    """The color and the grid of an account's identicon in one number; None unless its avatar is known to be that.

    The last 15 bits are the cells of CELLS, the first one last; the 24 bits before them are red, green and blue.
    """
    if not columns["verified"] or not columns["account_id"]:
        return None
    drawing = identicon.for_account(columns["account_id"])
    rows = drawing.grid.split("/")
    cells = sum((rows[row][column] == "#") << place for place, (row, column) in enumerate(identicon.CELLS))
    red, green, blue = drawing.color
    return ((red << 16 | green << 8 | blue) << 15) | cells


def _thumbnails(
    network: Network, listed: Sequence[int], picture: Callable[[int], bytes | None]
) -> tuple[list[int | None], list[str]]:
    """The place of each account's thumbnail, None without one, and the sheets that contain them."""
    tiles: list[Image.Image] = []
    places: list[int | None] = []
    for index in listed:
        data = None if _identicon(network.rows[index]) else picture(network.numbers[index])
        tile = thumbnails.small(data) if data else None
        places.append(len(tiles) if tile else None)
        if tile:
            tiles.append(tile)
    return places, list(thumbnails.sheets(tiles))
