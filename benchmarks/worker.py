"""Measures functions of the github_avatars that PYTHONPATH leads to: reads calls, and prints the seconds of each.

A script of its own, because it may import nothing that other commits do not have.
"""

import io
import json
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

from PIL import Image

from github_avatars import classify, classify_all
from github_avatars.github import Account, GitHub
from github_avatars.scan import Scan, ScanOptions


@cache
def _read(folder: str) -> list[bytes]:
    return [path.read_bytes() for path in sorted(Path(folder).iterdir())]


def _measure(function: Callable[[list[bytes]], object], folder: str, count: int) -> float:
    """Processor seconds for `count` files: those of a folder, again from the first on if there are fewer."""
    files = _read(folder)
    files = [files[number % len(files)] for number in range(count)]
    start = time.process_time()
    function(files)
    return time.process_time() - start


def _decode_each(files: list[bytes]) -> None:
    for data in files:
        Image.open(io.BytesIO(data)).load()


def _classify_each(files: list[bytes]) -> None:
    for data in files:
        classify(data)


def scan(url: str, logins: list[str], size: int, concurrency: int) -> float:
    """Processor seconds to scan accounts of a stand-in with a store on disk."""
    start = time.process_time()
    with tempfile.TemporaryDirectory() as folder:
        options = ScanOptions(db=Path(folder) / "scan.db", size=size, concurrency=concurrency)
        accounts = [Account(login, None) for login in logins]
        with Scan(accounts, options, github=partial(GitHub, url)) as running:
            for _ in running.rows():
                pass
    return time.process_time() - start


FUNCTIONS: dict[str, Callable[..., float]] = {
    "decoded": partial(_measure, _decode_each),
    "single": partial(_measure, _classify_each),
    "batch": partial(_measure, classify_all),
    "scan": scan,
}

if __name__ == "__main__":
    for line in sys.stdin:
        name, arguments = json.loads(line)
        print(FUNCTIONS[name](**arguments), flush=True)
