"""Scan accounts, compared with only downloading and decoding their avatars; by method, by size, and with profiles."""

import io
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any
from unittest.mock import patch

import numpy as np
import requests
from PIL import Image

from benchmarks.against import Checkout, worker
from benchmarks.measuring import alternate, compare, decode, format_spread, processor_time, ratios, spread
from benchmarks.running import stand_in
from github_avatars import identicon
from github_avatars.affinity import on_one_processor
from github_avatars.classifier import Label
from github_avatars.demo import AVATARS, GitHubStandIn
from github_avatars.evaluation.tables import table
from github_avatars.github import Account, GitHub, Via
from github_avatars.picture import decoding
from github_avatars.scan import Scan, ScanOptions
from github_avatars.training import dataset
from github_avatars.training.dataset import Example
from tests.support.processes import ROOT, clean_environment

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
DOWNLOAD, BY_HAND, SCAN = "our client and Pillow", "requests and Pillow", "scan"
TOKEN = "a-token-for-the-stand-in"  # noqa: S105
METHODS: dict[str, tuple[Via, bool]] = {
    "--via page": ("page", False),
    "--via login": ("login", False),
    "--via login, with a token": ("login", True),
}
"""The ways to fetch by login, each with whether there is a token for the ids of default avatars."""

PROFILES = (5_000, 50_000)
"""The numbers of accounts of the scans with profiles whose memory is measured."""


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


def download(url: str, accounts: Sequence[str | Account], size: int | None = 64) -> int:
    """Download and decode the avatars in threads, and return the bytes downloaded. This is the stricter baseline."""

    def fetch(account: str | Account) -> int:
        data = github.fetch(account, size=size).data
        decode(data)
        return len(data)

    with GitHub(url) as github, ThreadPoolExecutor(CONCURRENCY) as pool:
        return sum(pool.map(fetch, accounts))


def download_by_hand(url: str, accounts: Sequence[str | Account], size: int = 64) -> None:
    """Download and decode the same files with requests, from the avatar host, as a short script would."""
    local = threading.local()

    def fetch(account: str | Account) -> None:
        if not hasattr(local, "session"):
            local.session = requests.Session()
            # The client does not read proxies from the environment for loopback addresses either.
            local.session.trust_env = False
        path = account if isinstance(account, str) else f"u/{account.account_id}"
        response = local.session.get(f"{url}/{path}", params={"s": size}, timeout=10)
        response.raise_for_status()
        decode(response.content)

    with ThreadPoolExecutor(CONCURRENCY) as pool:
        list(pool.map(fetch, accounts))


def scan(
    url: str, accounts: Sequence[str | Account], size: int | None = 64, via: Via = "login", *, has_token: bool = False
) -> dict[str | None, str | None]:
    """Scan the accounts with a store on disk, and return the label of each login."""
    variables = {"GITHUB_TOKEN": TOKEN if has_token else ""}
    with tempfile.TemporaryDirectory() as folder, patch.dict(os.environ, variables):
        options = ScanOptions(db=Path(folder) / "scan.db", size=size, concurrency=CONCURRENCY, via=via)
        # Like the command, on one processor.
        with on_one_processor(), Scan(accounts, options, github=partial(GitHub, url)) as running:
            return {row.login: row.prediction.label if row.prediction else None for row in running.rows()}


CANDIDATES: dict[str, Callable[[str, Sequence[str | Account]], object]] = {
    DOWNLOAD: download,
    BY_HAND: download_by_hand,
    SCAN: scan,
}


def measure(rounds: int, other: Checkout | None = None) -> dict[str, Any]:
    """Measure accounts per second of the scan and of the baseline, and accounts per second and bytes by size."""
    rounds = min(rounds, MAX_ROUNDS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        logins = draw_avatars(folder)
        with ExitStack() as stack:
            url = stack.enter_context(stand_in(avatars=folder))
            candidates: dict[str, Callable[[], float]] = {
                name: partial(processor_time, partial(run, url, logins)) for name, run in CANDIDATES.items()
            }
            if other:
                call = stack.enter_context(worker(other)).call
                candidates[f"{SCAN}, {other.name}"] = partial(
                    call, "scan", url=url, logins=logins, size=64, concurrency=CONCURRENCY
                )
            by_login = _compare(candidates, rounds)
            ids = [Account(None, number + 1) for number in range(ACCOUNTS)]
            by_id = _compare(
                {name: partial(processor_time, partial(run, url, ids)) for name, run in CANDIDATES.items()}, rounds
            )
            by_method = alternate(
                {
                    name: partial(_rate, partial(scan, url, logins, 64, via, has_token=has_token))
                    for name, (via, has_token) in METHODS.items()
                },
                rounds,
            )
        requests = _count_requests(folder, logins)
        with stand_in(avatars=folder, bandwidth=BANDWIDTH) as url:
            sizes = _compare_sizes(url, logins, min(rounds, 3))
    return {
        "accounts": ACCOUNTS,
        "concurrency": CONCURRENCY,
        "rounds": rounds,
        "bandwidth": BANDWIDTH,
        "by_login": by_login,
        "by_id": by_id,
        "methods": {
            name: {"requests": requests[name], **values}
            for name, values in compare(by_method, "--via page", "rate").items()
        },
        "profiles": [measure_profiles(accounts) for accounts in PROFILES],
        "sizes": sizes,
    }


def _compare(candidates: dict[str, Callable[[], float]], rounds: int) -> dict[str, Any]:
    """Compare accounts per second and processor time per account. The candidates return their processor seconds."""

    def run_timed(run: Callable[[], float]) -> tuple[float, float]:
        start = perf_counter()
        seconds = run()
        return ACCOUNTS / (perf_counter() - start), 1000 * seconds / ACCOUNTS

    results = alternate({name: partial(run_timed, run) for name, run in candidates.items()}, rounds)
    rates = {name: [rate for rate, _ in values] for name, values in results.items()}
    return {
        name: {**values, "ms": spread([milliseconds for _, milliseconds in results[name]])}
        for name, values in compare(rates, DOWNLOAD, "rate").items()
    }


def _count_requests(folder: Path, logins: list[str]) -> dict[str, int]:
    """Count the requests of a scan by each method."""
    requests = {}
    for name, (via, has_token) in METHODS.items():
        with GitHubStandIn(folder) as standin:
            scan(standin.url, logins, 64, via, has_token=has_token)
            requests[name] = standin.requests.total()
    return requests


def measure_profiles(accounts: int) -> dict[str, Any]:
    """Scan accounts with profiles by the command, and measure its time and its peak memory."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        file = next(example.file for example in dataset.read_index(AVATARS) if example.label == "custom")
        small = decoding.read(AVATARS / file).resize((64, 64))
        small.save(folder / "0.picture", "PNG")
        examples = [Example("0.picture", "custom", f"a{number}", number + 1, "") for number in range(accounts)]
        dataset.write_index(folder, examples)
        (folder / "logins.txt").write_text("\n".join(example.login for example in examples))
        words = ["scan", "logins.txt", "--profiles", "-o", "rows.csv", "--concurrency", f"{CONCURRENCY}"]
        with stand_in(avatars=folder) as url:
            start = perf_counter()
            environment = clean_environment(GITHUB_URL=url, GITHUB_TOKEN=TOKEN, PYTHONPATH=str(ROOT))
            command = [sys.executable, "-c", _PEAK, *words]
            ended = subprocess.run(
                command, cwd=folder, env=environment, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
            seconds = perf_counter() - start
        with (folder / "rows.csv").open(encoding="utf-8") as rows:
            complete = sum(",User,20" in row or ",Organization,20" in row for row in rows)
    if complete != accounts:
        raise RuntimeError(f"{accounts - complete} of {accounts} rows have no profile")
    return {"accounts": accounts, "seconds": round(seconds, 1), "memory": int(ended.stdout)}


_PEAK = """
import sys
from github_avatars.cli.command_line import main
code = main(sys.argv[1:])
print(1024 * int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0]))
sys.exit(code)
"""
"""Runs the command, and prints the peak memory of its process in bytes. That of getrusage can be the parent's."""


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
        (
            f"{name}, by {given}",
            format_spread(values["rate"], 0),
            format_spread(values["ratio"]),
            format_spread(values["ms"]),
        )
        for given, key in (("login", "by_login"), ("id", "by_id"))
        for name, values in results[key].items()
    ]
    method_rows = [
        (f"`{name}`", f"{values['requests']:,}", format_spread(values["rate"], 0), format_spread(values["ratio"]))
        for name, values in results["methods"].items()
    ]
    profile_rows = [
        (f"{each['accounts']:,}", f"{each['seconds']:.0f}", f"{each['memory'] / 1e6:.0f}")
        for each in results["profiles"]
    ]
    size_rows = [(name, f"{sizes['bytes'][name]:,}", format_spread(sizes["rate"][name], 0)) for name in ("full", "64")]
    fewer = sizes["bytes"]["full"] / sizes["bytes"]["64"]
    return f"""\
## Scan

{results["accounts"]:,} accounts, every other one with a default avatar, the others with pictures of {SIDE} pixels per
side; {results["concurrency"]} concurrent requests to a stand-in in another process, {results["rounds"]} rounds, in
wall-clock time. The baselines are loops in as many threads that only download and decode the same files: one with the
scan's client, logins from their pages, and one with a requests.Session per thread, logins from the avatar host. The
target is 1.5 times the first. The threads of the baselines decode at the same time on several processors; those of a
scan stay on one, where Python runs one of them at a time. The last column is therefore the fairer comparison on busy
machines: the processor time of the process, without that of the stand-in.

{table(("", "accounts per second", "ratio", "processor time per account, ms"), rows)}

By the method, in one scan each for the numbers of requests. The targets of `--via login` with a token are half of the
requests of `--via page`, and 1.3 times the accounts per second.

{table(("method", "requests", "accounts per second", "ratio"), method_rows)}

With profiles (`--profiles`), the peak memory of the command's process must not grow with the number of accounts:

{table(("accounts", "seconds", "peak memory in MB"), profile_rows)}

By the requested size, while the stand-in sends {results["bandwidth"] * 8 / 1e6:.0f} Mbit/s in total: 64 pixels take
{fewer:.1f} times fewer bytes, and {format_spread(sizes["ratio"], 1)} times as many accounts per second are scanned.
{sizes["differ"]} of {results["accounts"]:,} verdicts differ. The targets are 10 times, 3 times, and none.

{table(("size", "bytes per account", "accounts per second"), size_rows)}
"""
