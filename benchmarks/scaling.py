"""Scans on Ray with one and with two workers."""

import csv
import os
import subprocess
import sys
import time
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.running import stand_in
from github_avatars.demo import AVATARS
from github_avatars.evaluation.tables import table
from github_avatars.training import dataset

COUNTS = (1_000, 9_000)
"""Numbers of accounts. The difference of their times excludes the start of Ray."""

WORKERS = (1, 2)


def measure(_: int) -> dict[str, Any]:
    """Measure the seconds of one scan for each number of accounts and workers."""
    runs = []
    with TemporaryDirectory() as folder, stand_in() as url:
        for accounts in COUNTS:
            file = Path(folder) / f"{accounts}.csv"
            _write_accounts(file, accounts)
            for workers in WORKERS:
                seconds = _scan(url, file, workers, Path(folder) / f"{accounts}-{workers}")
                runs.append({"workers": workers, "accounts": accounts, "seconds": round(seconds, 1)})
    return {"runs": runs}


def _write_accounts(path: Path, count: int) -> None:
    ids = (example.account_id for example in islice(cycle(dataset.read_index(AVATARS)), count))
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([["account_id"], *([account_id] for account_id in ids)])


def _scan(url: str, accounts: Path, workers: int, output: Path) -> float:
    words = ["scan", accounts, "--engine", "ray", "--workers", workers, "-o", output]
    start = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "github_avatars", *map(str, words)],
        env=os.environ | {"GITHUB_URL": url},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.monotonic() - start


def section(results: dict[str, Any]) -> str:
    """Write the section of the page."""
    rows = []
    for workers in WORKERS:
        few, many = (run["seconds"] for run in results["runs"] if run["workers"] == workers)
        rate = (COUNTS[1] - COUNTS[0]) / (many - few)
        rows.append((str(workers), f"{few:.1f}", f"{many:.1f}", f"{rate:.0f}"))
    head = ("workers", f"{COUNTS[0]:,} accounts, s", f"{COUNTS[1]:,} accounts, s", "accounts per second")
    return f"""\
## Scan with Ray

One scan each with `--engine ray`, in wall-clock time. The last column excludes the start of Ray: it divides the
difference in accounts by the difference in seconds. The workers, Ray and the stand-in for GitHub share one machine, so
these numbers do not predict the speed of a cluster.

{table(head, rows)}
"""
