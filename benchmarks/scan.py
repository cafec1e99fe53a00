"""Scan accounts, compared with only downloading and decoding their avatars; and thumbnails compared with full size."""

import io
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.measuring import alternate, compare, decode, format_spread, ratios, spread
from benchmarks.running import stand_in
from github_avatars import identicon
from github_avatars.classifier import Label
from github_avatars.demo import AVATARS
from github_avatars.evaluation.tables import table
from github_avatars.github import Account, GitHub
from github_avatars.picture import decoding
from github_avatars.scan import Scan, ScanOptions
from github_avatars.training import dataset
from github_avatars.training.dataset import Example

ACCOUNTS = 1_000
"""Accounts per scan. Every other one has a default avatar."""

CONCURRENCY = 16

BANDWIDTH = 1_250_000.0
"""Bytes per second (10 Mbit/s) of the stand-in in the comparison of sizes. Loopback would hide the difference."""

MAX_ROUNDS = 5
"""A round takes half a minute."""

NOISE = 2.0
"""Standard deviation of the noise that is added to each pixel. It gives JPEG files about the size of those seen on
GitHub, 28 kB on average of 26. Drawn PNG files have half of the 86 kB seen on average of 12."""

SIDE = 460
DOWNLOAD, SCAN = "downloading and decoding", "scan"


def draw_custom(number: int, example: Example) -> bytes:
    """Draw a custom avatar in the full size that GitHub serves. Of three, two are JPEG and one is PNG."""
    original = decoding.read(AVATARS / example.file).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    if number % 3:
        noisy = np.asarray(original) + np.random.default_rng(number).normal(0, NOISE, (SIDE, SIDE, 1))
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=90)
    else:
        original.save(buffer, "PNG")
    return buffer.getvalue()


def draw_avatars(folder: Path) -> list[str]:
    """Fill a folder for the stand-in with ACCOUNTS accounts, and return their logins."""
    custom = [example for example in dataset.read_index(AVATARS) if example.label == "custom"]
    examples = []
    for number in range(ACCOUNTS):
        label: Label = "custom" if number % 2 else "default"
        if label == "custom":
            file = f"{number % (2 * len(custom))}.picture"
            if not (folder / file).exists():
                (folder / file).write_bytes(draw_custom(number // 2, custom[number // 2]))
        else:
            file = f"{number}.picture"
            identicon.render(number + 1).save(folder / file, "PNG")
        examples.append(Example(file, label, f"a{number}", number + 1, ""))
    dataset.write_index(folder, examples)
    return [example.login for example in examples]


def download(url: str, logins: list[str], size: int | None = 64) -> int:
    """Download and decode the avatars in threads, and return the bytes downloaded. This is the baseline."""

    def fetch(login: str) -> int:
        data = github.fetch(login, size=size).data
        decode(data)
        return len(data)

    with GitHub(url) as github, ThreadPoolExecutor(CONCURRENCY) as pool:
        return sum(pool.map(fetch, logins))


def scan(url: str, logins: list[str], size: int | None = 64) -> dict[str | None, str | None]:
    """Scan the accounts with a store on disk, and return the label of each login."""
    accounts = [Account(login, None) for login in logins]
    with tempfile.TemporaryDirectory() as folder:
        options = ScanOptions(db=Path(folder) / "scan.db", size=size, concurrency=CONCURRENCY)
        with Scan(accounts, options, github=partial(GitHub, url)) as running:
            return {row.login: row.prediction.label if row.prediction else None for row in running.rows()}


def measure(rounds: int) -> dict[str, Any]:
    """Measure accounts per second of the scan and of the baseline, and accounts per second and bytes by size."""
    rounds = min(rounds, MAX_ROUNDS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        logins = draw_avatars(folder)
        with stand_in(avatars=folder) as url:
            candidates: dict[str, Callable[[], object]] = {
                DOWNLOAD: partial(download, url, logins),
                SCAN: partial(scan, url, logins),
            }
            rates = alternate({name: partial(_rate, run) for name, run in candidates.items()}, rounds)
        with stand_in(avatars=folder, bandwidth=BANDWIDTH) as url:
            sizes = _compare_sizes(url, logins, min(rounds, 3))
    return {
        "accounts": ACCOUNTS,
        "concurrency": CONCURRENCY,
        "rounds": rounds,
        "bandwidth": BANDWIDTH,
        "beside": compare(rates, DOWNLOAD, "rate"),
        "sizes": sizes,
    }


def _rate(function: Callable[[], object]) -> float:
    start = perf_counter()
    function()
    return ACCOUNTS / (perf_counter() - start)


def _compare_sizes(url: str, logins: list[str], rounds: int) -> dict[str, Any]:
    sizes: dict[str, int | None] = {"64": 64, "full": None}
    rates = alternate({name: partial(_rate, partial(scan, url, logins, size)) for name, size in sizes.items()}, rounds)
    labels = [scan(url, logins, size) for size in sizes.values()]
    return {
        "bytes": {name: round(download(url, logins, size) / ACCOUNTS) for name, size in sizes.items()},
        "rate": {name: spread(values) for name, values in rates.items()},
        "ratio": ratios(rates["64"], rates["full"]),
        "differ": sum(labels[0][login] != labels[1][login] for login in logins),
    }


def section(results: dict[str, Any]) -> str:
    """Write the section of the page."""
    sizes = results["sizes"]
    rows = [
        (name, format_spread(values["rate"], 0), format_spread(values["ratio"]))
        for name, values in results["beside"].items()
    ]
    size_rows = [(name, f"{sizes['bytes'][name]:,}", format_spread(sizes["rate"][name], 0)) for name in ("full", "64")]
    fewer = sizes["bytes"]["full"] / sizes["bytes"]["64"]
    return f"""\
## Scan

{results["accounts"]:,} accounts, every other one with a default avatar, the others with pictures of {SIDE} pixels per
side; {results["concurrency"]} concurrent requests to a stand-in in another process, {results["rounds"]} rounds, in
wall-clock time. The baseline fetches in as many threads and only decodes. The target is 0.8 times the baseline.

{table(("", "accounts per second", "ratio"), rows)}

By the requested size, while the stand-in sends {results["bandwidth"] * 8 / 1e6:.0f} Mbit/s in total: 64 pixels take
{fewer:.1f} times fewer bytes, and {format_spread(sizes["ratio"], 1)} times as many accounts per second are scanned.
{sizes["differ"]} of {results["accounts"]:,} verdicts differ. The targets are 10 times, 3 times, and none.

{table(("size", "bytes per account", "accounts per second"), size_rows)}
"""
