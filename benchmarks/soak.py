"""Makes many predictions of the real server, checks every answer, and tells what the server kept of them."""

import argparse
import base64
import http.client
import json
import random
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from statistics import quantiles
from typing import Any

from benchmarks.running import Server, Use, serving, wait_until
from github_avatars.demo import AVATARS
from github_avatars.github import CONNECTIONS
from github_avatars.service.cog_cleanup import PREDICTIONS
from github_avatars.training import dataset

WARM_UP = 5000
"""Predictions before the first measurement, at the most, as many at once as the server takes: until then threads start
and caches fill."""

GROWTH = 0.05
"""From this share on, growing memory counts as a leak."""

PREFIX = "Prediction failed: Async prediction failed: "


@dataclass(frozen=True)
class Case:
    """One prediction to ask for: its input, and the output that is right, or how the right error begins."""

    inputs: dict[str, str]
    output: Mapping[str, str | None] | None = None
    error: str = ""

    def is_right(self, answer: Mapping[str, Any]) -> bool:
        """Whether this is the answer that the server ought to give."""
        if self.output is None:
            return answer["status"] == "failed" and str(answer["error"]).startswith(PREFIX + self.error)
        return answer["status"] == "succeeded" and bool(answer["output"] == self.output)


def cases(github: str) -> list[Case]:
    """What is asked, mixed but always in the same order: seven in ten are accounts of the stand-in at `github`."""
    mixed = []
    for number, example in enumerate(dataset.read_index(AVATARS)):
        output = {"username": example.login, "href": f"{github}/{example.login}.png", "prediction": example.label}
        mixed.append(Case({"username": example.login}, output))
        data = (AVATARS / example.file).read_bytes()
        if number % 4 == 0:
            mixed.append(Case({"image": data_url(data)}, output | {"username": None, "href": None}))
        if number % 16 == 0:
            login = f"nobody-{number}"
            mixed += [
                Case({"username": login}, error=f"NoSuchAccount: {github} has no account {login}:"),
                Case({"username": f"{login}!"}, error=f"BadLogin: '{login}!' is not a valid GitHub login"),
                Case({"image": data_url(data[: len(data) // 2])}, error="NotAPicture: The image is damaged"),
            ]
    random.Random(0).shuffle(mixed)  # noqa: S311
    return mixed


def data_url(data: bytes) -> str:
    """A picture as the server takes it."""
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


@dataclass
class Client:
    """One kept connection to the server, and what came of the predictions that were asked for over it."""

    connection: http.client.HTTPConnection
    seconds: list[float] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    asked_again: int = 0

    def ask(self, case: Case) -> None:
        """Make one prediction and judge the answer."""
        try:
            # Cog frees the place of a prediction shortly after its answer: even few clients may find none free.
            while (answered := self._post({"input": case.inputs}))[0] == 409:
                self.asked_again += 1
                time.sleep(0.05)
        except (OSError, http.client.HTTPException) as error:
            self.connection.close()
            self.errors.append(repr(error))
            return
        status, body = answered
        if status != 200:
            self.errors.append(f"HTTP {status}: {body[:200]!r}")
            return
        answer = json.loads(body)
        self.ids.append(answer["id"])
        if not case.is_right(answer):
            self.wrong.append(f"{str(case.inputs)[:100]}: {answer}")

    def _post(self, content: object) -> tuple[int, bytes]:
        started = time.perf_counter()
        self.connection.request("POST", "/predictions", json.dumps(content), {"Content-Type": "application/json"})
        response = self.connection.getresponse()
        body = response.read()
        if response.status != 409:
            self.seconds.append(time.perf_counter() - started)
        return response.status, body


def ask_all(clients: Sequence[Client], asked: Sequence[Case], end: float) -> None:
    """Deal `asked` out to the clients, who work side by side and begin nothing after `end`, by time.monotonic()."""
    stopped = threading.Event()

    def work(client: Client, share: Sequence[Case]) -> None:
        for case in share:
            if not stopped.is_set() and time.monotonic() < end:
                client.ask(case)

    with ThreadPoolExecutor(len(clients)) as pool:
        try:
            list(pool.map(work, clients, [asked[number :: len(clients)] for number in range(len(clients))]))
        finally:
            stopped.set()


@dataclass(frozen=True)
class Outcome:
    """What came of a run of `wanted` predictions, and what the server held before and after them."""

    wanted: int
    clients: Sequence[Client]
    elapsed: float
    before: Use
    after: Use
    left: int
    """Files and folders of predictions that stayed on disk."""

    @property
    def seconds(self) -> list[float]:
        """How long each answer took."""
        return [seconds for client in self.clients for seconds in client.seconds]

    def line(self) -> str:
        """The summary."""
        seconds = self.seconds
        percentiles = quantiles(seconds, n=100) if len(seconds) > 1 else [0.0] * 99
        return (
            f"{len(seconds):,} requests in {self.elapsed:.0f} s: "
            f"{sum(len(client.wrong) for client in self.clients)} wrong answers, "
            f"{sum(len(client.errors) for client in self.clients)} errors, "
            f"{sum(client.asked_again for client in self.clients)} asked again; "
            f"p50 {1000 * percentiles[49]:.0f} ms, p99 {1000 * percentiles[98]:.0f} ms; "
            f"memory {self.before.memory / 1e6:.1f} → {self.after.memory / 1e6:.1f} MB "
            f"({100 * (self.after.memory / self.before.memory - 1):+.1f} %); "
            f"file descriptors {self.before.descriptors} → {self.after.descriptors}; left on disk: {self.left}"
        )

    def faults(self) -> list[str]:
        """What is not as it should be, a line each."""
        faults = [text for client in self.clients for text in (*client.wrong, *client.errors)]
        if len(self.seconds) < self.wanted:
            faults.append(f"only {len(self.seconds):,} of {self.wanted:,} requests were answered")
        if self.after.memory >= (1 + GROWTH) * self.before.memory:
            faults.append(f"memory grew by {100 * GROWTH:.0f} % or more")
        # Each client may have made the server open one more connection to the stand-in.
        if self.after.descriptors > self.before.descriptors + len(self.clients):
            faults.append("file descriptors stayed open")
        if self.left:
            faults.append("files or folders of predictions stayed on disk")
        return faults


def soak(server: Server, predictions: int, concurrency: int, limit: float) -> Outcome:
    """Warm up with as many predictions, at most WARM_UP, then measure; in at most about `limit` seconds."""
    end = time.monotonic() + limit
    warm_up = min(predictions, WARM_UP)
    asked = list(islice(cycle(cases(server.github)), warm_up + predictions))
    with ExitStack() as connections:
        everyone = [Client(connections.enter_context(closing(server.connection()))) for _ in range(CONNECTIONS)]
        ask_all(everyone, asked[:warm_up], end)
        wait_until(server.is_ready)
        before, started = server.use(), time.monotonic()
        for client in everyone:
            client.seconds.clear()
        ask_all(everyone[:concurrency], asked[warm_up:], end)
        elapsed = time.monotonic() - started
        wait_until(server.is_ready)
        after = server.use()
    ids = [prediction for client in everyone for prediction in client.ids]

    def left() -> int:
        return len(list(server.temporary.iterdir())) + sum((PREDICTIONS / prediction).exists() for prediction in ids)

    # The server removes them beside its answers.
    with suppress(TimeoutError):
        wait_until(lambda: not left())
    return Outcome(predictions, everyone, elapsed, before, after, left())


def main() -> int:
    """Run it and print the summary; 1 where something is not as it should be, with what it is on standard error."""
    parser = argparse.ArgumentParser(prog="script/soak", description=__doc__)
    parser.add_argument("--predictions", type=int, default=50_000, help="how many to make (default: %(default)s)")
    parser.add_argument("--concurrency", type=int, default=16, help="how many at once (default: %(default)s)")
    parser.add_argument("--limit", type=float, default=3600, help="seconds after which to stop (default: %(default)s)")
    options = parser.parse_args()
    if options.predictions < 1 or not 1 <= options.concurrency <= CONNECTIONS:
        parser.error(f"--predictions must be at least 1, and --concurrency 1 to {CONNECTIONS}")
    # The server and the stand-in would go on without it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with tempfile.TemporaryDirectory() as folder, serving(Path(folder)) as server:
        outcome = soak(server, options.predictions, options.concurrency, options.limit)
    print(outcome.line())
    faults = outcome.faults()
    for fault in faults[:20]:
        print("fault:", fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
