"""Recognize the identicon in a file of GitHub's form, compared with decoding the same bytes with Pillow."""

import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from benchmarks.measuring import compare, decode, format_spread, processor_seconds
from github_avatars import classify, identicon
from github_avatars.demo import AVATARS
from github_avatars.evaluation.tables import table
from github_avatars.extras import optional_packages
from github_avatars.picture import proof
from github_avatars.training import dataset

IDENTICONS = 60
"""Files in each round."""

DECODING = "decoding with Pillow"


def load_identicons() -> list[tuple[int, bytes]]:
    """The account ids and the files of some originals in avatars/."""
    originals = [
        (example.account_id, (AVATARS / example.file).read_bytes())
        for example in dataset.read_index(AVATARS)
        if example.label == "default" and example.account_id is not None
    ]
    return originals[:: max(1, len(originals) // IDENTICONS)]


def measure(rounds: int) -> dict[str, Any]:
    """Measure milliseconds per file, and the ratios to decoding."""
    with optional_packages():
        from zlib_ng import zlib_ng
    files = load_identicons()
    candidates: dict[str, Callable[[], object]] = {DECODING: partial(_for_each, files, lambda _, data: decode(data))}
    for library, inflate in (("zlib-ng", zlib_ng), ("zlib", zlib)):
        for name, function in (("proof", _prove), ("verdict", _classify)):
            candidates[f"{name}, {library}"] = partial(_with_library, inflate, partial(_for_each, files, function))
    seconds = processor_seconds(candidates, rounds)
    return {
        "rounds": rounds,
        "files": len(files),
        "candidates": compare(seconds, DECODING, "ms", 1000 / len(files)),
    }


def _for_each(files: list[tuple[int, bytes]], function: Callable[[int, bytes], object]) -> None:
    for account_id, data in files:
        function(account_id, data)


def _prove(account_id: int, data: bytes) -> None:
    if proof.identicon_in(data) != identicon.for_account(account_id):
        raise AssertionError(f"the identicon of {account_id} is not proven")


def _classify(account_id: int, data: bytes) -> None:
    classify(data, account_id=account_id)


@contextmanager
def _using(inflate: Any) -> Iterator[None]:
    shipped, proof.inflate = proof.inflate, inflate
    try:
        yield
    finally:
        proof.inflate = shipped


def _with_library(inflate: Any, run: Callable[[], object]) -> None:
    with _using(inflate):
        run()


def section(results: dict[str, Any]) -> str:
    """Write the section of the page."""
    rows = [
        (name, format_spread(values["ms"], 3), format_spread(values["ratio"]))
        for name, values in results["candidates"].items()
    ]
    return f"""\
## Identicons as GitHub writes them

Of a file in GitHub's form, only the lines that differ from the line above are decoded. {results["rounds"]} rounds over
{results["files"]} originals of default avatars. "Proof" tells which identicon the file shows; a verdict also has the
features, which follow from the grid, and tells whether it is the identicon of the account. The target of the proof is
0.2 times the time of decoding with the extra `fast` (zlib-ng), and 0.8 without.

{table(["from the bytes of a file", "ms", "ratio"], rows)}
"""
