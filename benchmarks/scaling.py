"""Measures a scan on Ray with one and two workers, reckons what 100 million accounts take, and writes docs/scaling.md.

Run as `python -m benchmarks.scaling`; takes some minutes. Processor time and bytes carry over to other machines and to
GitHub; accounts a second do not, since here the stand-in for GitHub and the workers share one machine.
"""

import csv
import io
import json
import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pyarrow import parquet

from benchmarks.__main__ import ROOT, machine
from benchmarks.running import stand_in
from github_avatars import classifier
from github_avatars.demo import AVATARS
from github_avatars.evaluation import tables
from github_avatars.github import GitHub
from github_avatars.scan.engine import Engine
from github_avatars.scan.ray_engine import BATCH
from github_avatars.scan.store import DueAccount
from github_avatars.training import dataset

DATA, PAGE = ROOT / "docs" / "scaling.json", ROOT / "docs" / "scaling.md"

FEW, MANY = 1_000, 9_000
"""Accounts of the two runs whose difference is without the start."""

WORKERS = (1, 2)
SIZE = 64

GOAL = 100_000_000
RATES = (10, 100, 1000)
PRICE = 0.05
"""US dollars for an hour of one processor core: about what clouds ask."""
HEADERS = 1000
"""Bytes."""
IDENTICON = 1600
"""Bytes of a default avatar as GitHub serves it, at the most; those of avatars/ are coded tighter."""
FULL = (20_000, 200_000)
"""Bytes of most custom avatars as GitHub serves them in full; those of avatars/ are smaller pictures."""
LISTED = 5000 * 100
"""Accounts an hour from GitHub's lists with one token: 5,000 requests of 100 accounts.

Source: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
"""


def measure() -> dict[str, Any]:
    """Seconds of whole runs by workers, processor seconds an account, bytes a picture, and bytes a row."""
    examples = dataset.read_index(AVATARS)
    with TemporaryDirectory() as name:
        folder = Path(name)
        with stand_in(folder) as url:
            found: dict[str, Any] = {"load": round(os.getloadavg()[0], 1)}
            found |= {"bytes": _bytes(url, examples), "processor": _processor(url, examples), "runs": []}
            for number, accounts in enumerate((FEW, MANY)):
                with (folder / "names.csv").open("w", newline="") as file:
                    rows = ([example.account_id] for example in islice(cycle(examples), accounts))
                    csv.writer(file).writerows([["account_id"], *rows])
                for workers in WORKERS:
                    output = folder / f"{number}-{workers}"
                    seconds = _run(url, folder / "names.csv", workers, output)
                    found["runs"].append({"workers": workers, "accounts": accounts, "seconds": round(seconds, 1)})
            found["row"] = _row(output, len(examples))
    return found


def _bytes(url: str, examples: list[dataset.Example]) -> dict[str, dict[str, float]]:
    """The mean bytes of a picture by label, thumbnail and in full."""
    found: dict[str, dict[str, float]] = {}
    with GitHub(url) as github:
        for label in dataset.LABELS:
            ids = [example.account_id for example in examples if example.label == label]
            for size, title in ((SIZE, "thumbnail"), (None, "full")):
                lengths = [len(github.fetch_by_id(number, size=size).data) for number in ids]
                found.setdefault(label, {})[title] = sum(lengths) / len(lengths)
    return found


def _row(rows: Path, accounts: int) -> float:
    """Bytes of Parquet for each of so many rows; more of them would repeat accounts, which Parquet keeps in less."""
    table = parquet.read_table(rows).slice(0, accounts)
    sizes = []
    for part in (table, table.slice(0, 0)):
        file = io.BytesIO()
        parquet.write_table(part, file)
        sizes.append(len(file.getvalue()))
    return (sizes[0] - sizes[1]) / accounts


def _processor(url: str, examples: list[dataset.Example]) -> float:
    """Processor seconds that fetching and judging an account takes, without the start."""
    due = (
        DueAccount(number, "", None, one.account_id, SIZE, None)
        for number, one in enumerate(islice(cycle(examples), MANY))
    )
    model, begun = classifier.shipped(), time.process_time()
    with ThreadPoolExecutor(1) as pool:
        for _ in Engine(due, partial(GitHub, url), model, pool, threading.Event(), concurrency=16):
            pass
    return (time.process_time() - begun) / MANY


def _run(url: str, names: Path, workers: int, output: Path) -> float:
    words = ["scan", names, "--engine", "ray", "--workers", workers, "-o", output]
    begun = time.monotonic()
    subprocess.run(
        [sys.executable, "-m", "github_avatars.cli", *map(str, words)],
        env=os.environ | {"GITHUB_URL": url},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return time.monotonic() - begun


def rate(measured: dict[str, Any], workers: int) -> float:
    """Accounts a second, without the start."""
    return (MANY - FEW) / (_seconds(measured, workers, MANY) - _seconds(measured, workers, FEW))


HEAD = """\
# Beyond one machine

`github-avatars scan --engine ray` runs a scan on [Ray](https://docs.ray.io): on this machine, or on the cluster at
`--ray-address`. It needs `github-avatars[ray]`, on a cluster on all machines, with the same version of this project.

    github-avatars scan names.parquet --engine ray -o rows
    github-avatars scan s3://bucket/names.csv --engine ray --ray-address auto --workers 64 --rate 500 -o s3://bucket/rows
    github-avatars scan --images s3://bucket/pictures --engine ray -o rows

In go files of names: `.parquet`, `.csv`, or else text, with columns [as everywhere](cli.md#scan); or, for `--images`,
a folder with a file or a folder of pictures for each account. Out come Parquet files with the [rows of a
scan](scan.md#rows), the very rows that the local engine makes (`tests/test_scan_ray.py`), in no particular order.
Both may be wherever Ray and pyarrow can read and write: on disk, or in an object store (which is not tested here).

Reading, distributing, restarting and writing are Ray's. A worker loads the model once; it has the local engine fetch
and judge {batch:,} accounts at a time, `--concurrency` of them at once, and hands their rows on. What a worker that
dies was at is done again by another. `--rate` is the rate of all workers together: an actor tells each when to ask.

There is no store: an account that is given twice is fetched twice, and nothing is gone on with. Where GitHub wants
fewer requests, each worker waits, or with `--no-wait` asks for no more; nor does it after 10 failures of the network
or the host in a row. All other accounts then have rows with the status `pending`, and the exit code is 1: scan those
again.

A cluster of one machine is heard on 127.0.0.1 alone, and ends with the scan. Of its use nothing is told to Ray's
makers.
"""


def page(found: dict[str, Any]) -> str:
    """docs/scaling.md."""
    return "\n".join([HEAD.format(batch=BATCH), _measured(found), _reckoned(found["measured"])])


def _measured(found: dict[str, Any]) -> str:
    measured, made = found["measured"], found["made"]
    sizes = measured["bytes"]
    rows = [
        (
            str(workers),
            *(f"{_seconds(measured, workers, n):.1f} s" for n in (FEW, MANY)),
            f"{rate(measured, workers):.0f}",
        )
        for workers in WORKERS
    ]
    table = tables.table(("workers", f"{FEW:,} accounts", f"{MANY:,} accounts", "accounts a second"), rows)
    return f"""\
## Measured

`python -m benchmarks.scaling` writes this page and [scaling.json](scaling.json). On {made["machine"]}, {made["date"]}:

{table}

The last column is without the start: {MANY - FEW:,} accounts by the difference of the two runs. When it began, other
work gave the machine a load average of {measured["load"]}; what is well above 0 slows all of this. Nor is it a measure
of a cluster: here the workers, Ray and the stand-in for GitHub share the cores, and to start Ray takes as long as
thousands of accounts. What carries over is processor time and bytes:

- fetching and judging an account takes {1000 * measured["processor"]:.1f} ms of one core;
- a custom avatar of `avatars/` has {sizes["custom"]["thumbnail"]:,.0f} bytes at {SIZE} pixels, in full
  {sizes["custom"]["full"]:,.0f}, and a default one {sizes["default"]["full"]:,.0f} whatever is asked;
- a row takes {measured["row"]:.0f} bytes of Parquet.
"""


def _reckoned(measured: dict[str, Any]) -> str:
    core, custom, row = measured["processor"], measured["bytes"]["custom"]["thumbnail"], measured["row"]
    small, *full = ((IDENTICON + each) / 2 for each in (custom, *FULL))
    hours, slowest = GOAL * core / 3600, GOAL / RATES[0] / 3600
    rows = [
        (
            f"{each:,}",
            f"{GOAL / each / 3600:,.0f} h = {GOAL / each / 86_400:,.1f} days",
            f"{each * core:.2f}",
            f"{each * (small + HEADERS) * 8 / 1e6:.1f} Mbit/s",
        )
        for each in RATES
    ]
    table = tables.table(("accounts a second", "time", "cores at work", "network"), rows)
    return f"""\
## Reckoned: {GOAL:,} accounts

With their ids at hand, half of them default, each a request of {SIZE} pixels. At GitHub, default avatars have
{IDENTICON:,} bytes; custom ones are taken to have as many as those of `avatars/`, so that the mean is
({IDENTICON:,} + {custom:,.0f}) / 2 = {small:,.0f}. {HEADERS:,} bytes for the heads of request and answer are a guess.

- **Bytes in**: {_incoming(small)}. In full, most custom ones have {FULL[0]:,} to {FULL[1]:,} bytes at GitHub:
  {_incoming(full[0])} to {_incoming(full[1])}.
- **Bytes out**: {GOAL:,} × {row:.0f} = {GOAL * row / 1e9:,.1f} GB of Parquet.
- **Processors**: {GOAL:,} × {1000 * core:.1f} ms = {hours:,.0f} core hours; at ${PRICE:.2f} an hour, as clouds ask,
  ${hours * PRICE:,.2f}. To wait costs more than to work: one core at the slowest rate below is there for
  {slowest:,.0f} h, and {slowest:,.0f} × ${PRICE:.2f} = ${slowest * PRICE:,.2f}.
- **Time** is a matter of the rate alone:

{table}

So one machine of a few cores suffices for any rate that is polite; a cluster is for pictures that are at hand already.

**GitHub's limits.** For avatars it names none; that is no leave to ask without limit. Its
[Acceptable Use Policies](https://docs.github.com/en/site-policy/acceptable-use-policies/github-acceptable-use-policies)
bound what may be gathered and how, so ask GitHub before asking it {GOAL:,} times, and give a `--rate`. Without ids each
account takes two requests. Lists of accounts come 100 a request, and a token has 5,000 requests an hour: {GOAL:,} /
{LISTED:,} = {GOAL / LISTED:,.0f} h; of a repository's stargazers, GitHub lists no more than 40,000.
"""


def _incoming(mean: float) -> str:
    return f"{GOAL:,} × ({mean:,.0f} + {HEADERS:,}) = {GOAL * (mean + HEADERS) / 1e9:,.0f} GB"


def _seconds(measured: dict[str, Any], workers: int, accounts: int) -> float:
    runs = measured["runs"]
    return float(next(run["seconds"] for run in runs if (run["workers"], run["accounts"]) == (workers, accounts)))


def main() -> None:
    """Measure, and write both files."""
    found = {"made": machine(), "measured": measure()}
    DATA.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(found), encoding="utf-8")


if __name__ == "__main__":
    main()
