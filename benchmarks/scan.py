"""Scan: beside a loop that only downloads and decodes; thumbnails beside pictures in full; memory by accounts."""

import io
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.decoding import decode
from benchmarks.growth import peak, slope
from benchmarks.running import ROOT, running, wait_until
from benchmarks.timing import in_turns, ratios, shown, spread
from github_avatars import classifier, identicon
from github_avatars.cli import command_line
from github_avatars.demo import AVATARS
from github_avatars.evaluation.tables import table
from github_avatars.github import Account, GitHub
from github_avatars.picture import decoding
from github_avatars.scan import formats
from github_avatars.scan.engine import MAX_THREADED, Engine, worker_pool
from github_avatars.scan.rows import UNSURE
from github_avatars.scan.store import Store, account_key
from github_avatars.training import dataset
from github_avatars.training.dataset import Example

ACCOUNTS = 1_000
"""Accounts of a round, every other with a default avatar."""

CONCURRENCY = 16

BANDWIDTH = 1_250_000.0
"""Bytes a second, 10 Mbit/s, of the line that is played where bytes are compared: over loopback they cost nothing."""

COUNTS = (1_000, 10_000, 100_000)
"""Accounts by which memory is told."""

ROUNDS = 5
"""At the most; a round takes half a minute."""

NOISE = 2.0
"""What a camera adds to each pixel, as a standard deviation: it makes a JPEG as heavy as those seen on GitHub, 28 kB on
average of 26. Drawn PNGs are half as heavy as the 86 kB of 12."""

SIDE = 460
LOOP, THREADS, PROCESSES = "downloading and decoding", "scan, judging in threads", "scan, judging in processes"


def picture(number: int, example: Example) -> bytes:
    """A custom avatar as GitHub serves it in full: of three, two JPEGs and a PNG."""
    shown = decoding.read(AVATARS / example.file).resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    if number % 3:
        noisy = np.asarray(shown) + np.random.default_rng(number).normal(0, NOISE, (SIDE, SIDE, 1))
        Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=90)
    else:
        shown.save(buffer, "PNG")
    return buffer.getvalue()


def draw(folder: Path, count: int) -> list[str]:
    """Fill the folder for a stand-in with so many accounts; their logins. From ACCOUNTS on pictures come again."""
    custom = [example for example in dataset.read_index(AVATARS) if example.label == "custom"]
    examples = []
    for number in range(count):
        file = f"{number % (2 * len(custom) if number % 2 else ACCOUNTS)}.picture"
        if not (folder / file).exists():
            if number % 2:
                (folder / file).write_bytes(picture(number // 2, custom[number // 2]))
            else:
                identicon.render(number + 1).save(folder / file, "PNG")
        examples.append(Example(file, "custom" if number % 2 else "default", f"a{number}", number + 1, ""))
    dataset.write_index(folder, examples)
    return [example.login for example in examples]


@contextmanager
def standing_in(folder: Path, **options: float) -> Iterator[str]:
    """The address of a stand-in over the pictures of the folder, in a process of its own."""
    chosen = [word for name, value in options.items() for word in (f"--{name}", f"{value}")]
    address = folder / "address"
    command = [sys.executable, "-m", "github_avatars", "demo", "--avatars", str(folder), *chosen]
    with running(command, address, ROOT):
        yield wait_until(lambda: address.read_text().strip())


def loop(url: str, logins: list[str]) -> None:
    """The floor."""
    with GitHub(url) as github, ThreadPoolExecutor(CONCURRENCY) as pool:
        for _ in pool.map(lambda login: decode(github.fetch(login, size=64).data), logins):
            pass


def scan(url: str, logins: list[str], pool: Executor, size: int | None = 64) -> tuple[dict[str | None, Any], int]:
    """Scan the accounts with a store on disk and rows as JSON; the label of each, and how many bytes came."""
    with tempfile.TemporaryDirectory() as folder, Store(f"{folder}/scan.db") as store:
        store.begin(((account_key(account), account) for account in (Account(login, None) for login in logins)), "")
        model, stop = classifier.shipped(), threading.Event()
        due = store.due(size, None)
        engine = Engine(due, partial(GitHub, url), model, pool, stop, concurrency=CONCURRENCY)
        with Path(folder, "rows").open("wb") as file:
            writer = formats.writer("jsonl", file)
            for outcomes in engine:
                store.write(outcomes)
                rows = store.rows_of((outcome.number for outcome in outcomes), UNSURE)
                writer.write(row.columns() for row in rows)
        return {row.login: row.prediction and row.prediction.label for row in store.rows(UNSURE)}, engine.bytes


def measure(rounds: int) -> dict[str, Any]:
    """Accounts a second of the scan and its floor, bytes and accounts a second by size, and memory by accounts."""
    rounds = min(rounds, ROUNDS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        logins = draw(folder, ACCOUNTS)
        with worker_pool(MAX_THREADED) as threads, worker_pool(MAX_THREADED + 1) as processes:
            with standing_in(folder) as url:
                beside = _beside(url, logins, threads, processes, rounds)
            with standing_in(folder, bandwidth=BANDWIDTH) as url:
                sizes = _sizes(url, logins, processes, rounds)
    found = {"accounts": ACCOUNTS, "concurrency": CONCURRENCY, "rounds": rounds, "bandwidth": BANDWIDTH}
    return {**found, "beside": beside, "sizes": sizes, "memory": [memory(count) for count in COUNTS]}


def _beside(url: str, logins: list[str], threads: Executor, processes: Executor, rounds: int) -> dict[str, Any]:
    contestants: dict[str, Callable[[], object]] = {
        LOOP: partial(loop, url, logins),
        THREADS: partial(scan, url, logins, threads),
        PROCESSES: partial(scan, url, logins, processes),
    }
    taken = in_turns({name: partial(_rate, work, len(logins)) for name, work in contestants.items()}, rounds)
    return {name: {"rate": spread(rates), "ratio": ratios(rates, taken[LOOP])} for name, rates in taken.items()}


def _rate(work: Callable[[], object], accounts: int) -> float:
    started = perf_counter()
    work()
    return accounts / (perf_counter() - started)


def _sizes(url: str, logins: list[str], pool: Executor, rounds: int) -> dict[str, Any]:
    rates: dict[str, list[float]] = {"64": [], "full": []}
    labels: dict[str, dict[str | None, Any]] = {}
    size: dict[str, int] = {}
    for _ in range(min(rounds, 3)):
        for name, pixels in (("64", 64), ("full", None)):
            started = perf_counter()
            labels[name], size[name] = scan(url, logins, pool, pixels)
            rates[name].append(len(logins) / (perf_counter() - started))
    return {
        "bytes": {name: round(total / len(logins)) for name, total in size.items()},
        "rate": {name: spread(each) for name, each in rates.items()},
        "ratio": ratios(rates["64"], rates["full"]),
        "differ": sum(labels["64"][login] != labels["full"][login] for login in logins),
    }


def memory(count: int) -> dict[str, float]:
    """The peak of memory, in megabytes, of a scan of so many accounts that GitHub names with their ids."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        logins = draw(folder, count)
        lines = [f"{login},{number}" for number, login in enumerate(logins, 1)]
        (folder / "accounts.csv").write_text("\n".join(["login,account_id", *lines]) + "\n")
        with standing_in(folder) as url:
            command = [sys.executable, "-m", "benchmarks.scan", "memory", str(folder), url]
            done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return {"accounts": count, **json.loads(done.stdout)}


def _memory_here(folder: str, url: str) -> dict[str, float]:
    os.environ["GITHUB_URL"] = url
    words = ["scan", f"{folder}/accounts.csv", "--db", f"{folder}/scan.db", "-o", f"{folder}/rows.csv"]
    started = perf_counter()
    if command_line.main(words):
        raise SystemExit(1)
    return {"mb": round(peak(), 1), "seconds": round(perf_counter() - started, 1)}


def page(found: dict[str, Any]) -> str:
    """The section of the page."""
    sizes, held = found["sizes"], found["memory"]
    less = sizes["bytes"]["full"] / sizes["bytes"]["64"]
    growth = slope([one["accounts"] for one in held], [one["mb"] for one in held])
    beside = [(name, shown(one["rate"], 0), shown(one["ratio"])) for name, one in found["beside"].items()]
    by_size = [(name, f"{sizes['bytes'][name]:,}", shown(sizes["rate"][name], 0)) for name in ("full", "64")]
    by_count = [(f"{one['accounts']:,}", f"{one['mb']:.1f}", f"{one['seconds']:.0f}") for one in held]
    return f"""\
## Scan

{found["accounts"]:,} accounts, every other with a default avatar, the others' pictures 460 pixels a side; \
{found["concurrency"]} fetches at once from a stand-in in a process of its own, {found["rounds"]} rounds. The floor
fetches with the same threads, and only decodes. The aim is 0.8 times the floor.

{table(("", "accounts a second", "times the floor"), beside)}

By the size that is asked for, over a line of {found["bandwidth"] * 8 / 1e6:.0f} Mbit/s that the stand-in plays, since
over loopback bytes cost nothing: {less:.1f} times fewer bytes, {shown(sizes["ratio"], 1)} times as many accounts a
second; {sizes["differ"]} verdicts of {found["accounts"]:,} differ. The aim is 10 and 3 times, and none.

{table(("size", "bytes an account", "accounts a second"), by_size)}

Memory is the peak of the process that asks and keeps. It grows with the accounts to the power of {growth:.2f}; 0 is
flat.

{table(("accounts", "memory, MB", "seconds"), by_count)}
"""


if __name__ == "__main__":
    what, *words = sys.argv[1:] or ("",)
    if what == "memory":
        print(json.dumps(_memory_here(*words)))
    else:
        print(page(measure(3)))
