"""Makes many predictions over HTTP, checks every response, and reports what the server has not released."""

import argparse
import base64
import json
import random
import signal
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from statistics import quantiles
from typing import Any

from benchmarks import load
from benchmarks.running import Usage, measure_usage, our_server, stand_in
from github_avatars.demo import AVATARS
from github_avatars.github import CONNECTIONS
from github_avatars.service import SLOTS
from github_avatars.service.cog_cleanup import PREDICTIONS
from github_avatars.training import dataset
from tests.support.timing import wait_until

WARM_UP = 5000
"""The maximum number of predictions before the measurement, which start the server's threads and fill its caches."""

MAX_CONCURRENCY = SLOTS // 2
"""With more concurrent requests, some may get 409."""

MAX_GROWTH = 1.05
"""Memory that grows by this factor or more counts as a leak."""

NO_USAGE = Usage(0, 0)

PREFIX = "Prediction failed: Async prediction failed: "


@dataclass(frozen=True)
class Case:
    """The input of a prediction, and its expected output or the start of its expected error message."""

    inputs: dict[str, str]
    output: Mapping[str, str | None] | None = None
    error: str = ""

    def is_right(self, prediction: Mapping[str, Any]) -> bool:
        """Return whether a prediction has the expected output or error."""
        if self.output is None:
            return prediction["status"] == "failed" and str(prediction["error"]).startswith(PREFIX + self.error)
        return prediction["status"] == "succeeded" and bool(prediction["output"] == self.output)


def create_cases(github: str) -> list[Case]:
    """Create all cases in a fixed random order. Seven in ten are accounts of the stand-in at the URL `github`."""
    cases = []
    for number, example in enumerate(dataset.read_index(AVATARS)):
        output = {"username": example.login, "href": f"{github}/{example.login}.png", "prediction": example.label}
        cases.append(Case({"username": example.login}, output))
        data = (AVATARS / example.file).read_bytes()
        if number % 4 == 0:
            cases.append(Case({"image": _data_url(data)}, output | {"username": None, "href": None}))
        if number % 16 == 0:
            login = f"nobody-{number}"
            cases += [
                Case({"username": login}, error=f"NoSuchAccount: {github} has no account {login}:"),
                Case({"username": f"{login}!"}, error=f"BadLogin: '{login}!' is not a valid GitHub login"),
                Case({"image": _data_url(data[: len(data) // 2])}, error="NotAPicture: The image is damaged"),
            ]
    random.Random(0).shuffle(cases)  # noqa: S311 - not for cryptography
    return cases


def _data_url(data: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(data).decode()}"


@dataclass
class Outcome:
    """The result of a soak test."""

    expected: int
    """The number of predictions after the warm-up."""

    concurrency: int
    before: Usage = NO_USAGE
    after: Usage = NO_USAGE
    elapsed: float = 0.0
    seconds: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    """The predictions with an unexpected output or error."""

    errors: list[str] = field(default_factory=list)
    """The error that ended the test, if any."""

    leftovers: int = 0
    """Files and folders of predictions that remain on disk."""

    def summary(self) -> str:
        """Return a line with the most important numbers."""
        percentiles = quantiles(self.seconds, n=100) if len(self.seconds) > 1 else [0.0] * 99
        growth = 100 * (self.after.memory / self.before.memory - 1) if self.before.memory else 0
        return (
            f"{len(self.seconds):,} requests in {self.elapsed:.0f} s: {len(self.wrong)} wrong responses, "
            f"{len(self.errors)} errors; "
            f"p50 {1000 * percentiles[49]:.0f} ms, p99 {1000 * percentiles[98]:.0f} ms; "
            f"memory {self.before.memory / 1e6:.1f} → {self.after.memory / 1e6:.1f} MB ({growth:+.1f} %); "
            f"file descriptors {self.before.descriptors} → {self.after.descriptors}; left on disk: {self.leftovers}"
        )

    def faults(self) -> list[str]:
        """Return everything that fails the test, as one line each."""
        count = len(self.seconds)
        faults = {
            f"only {count:,} of {self.expected:,} requests got a response": count < self.expected,
            f"memory grew by {MAX_GROWTH - 1:.0%} or more": self.after.memory >= MAX_GROWTH * self.before.memory,
            # Each concurrent request may have made the server open one more connection to the stand-in.
            "file descriptors remain open": self.after.descriptors > self.before.descriptors + self.concurrency,
            "files or folders of predictions remain on disk": self.leftovers > 0,
        }
        return [*self.wrong, *self.errors, *(fault for fault, is_present in faults.items() if is_present)]


def soak(cases: list[Case], github: str, folder: Path, predictions: int, concurrency: int, limit: float) -> Outcome:
    """Start the server in `folder`, warm it up, make predictions, and measure what the server uses before and after.

    The cases repeat. No prediction starts after about `limit` seconds.
    """
    outcome = Outcome(predictions, concurrency)
    deadline = time.perf_counter() + limit
    ids: list[str] = []

    def create_request(case: Case) -> load.Request:
        def check(status: int, body: bytes) -> bool:
            prediction = json.loads(body)
            if status != 200:
                return False
            ids.append(prediction["id"])
            if not case.is_right(prediction):
                outcome.wrong.append(f"{str(case.inputs)[:100]}: {prediction}")
            return True

        return load.predict_request(case.inputs, check)

    def count_leftovers() -> int:
        temporary = sum(path.is_file() for path in (folder / "temporary").rglob("*"))
        return temporary + sum((PREDICTIONS / name).exists() for name in ids)

    requests = cycle(list(map(create_request, cases)))
    with our_server(folder, github) as server:
        try:
            server.wait_for_status("READY")
            load.send_all(
                server.port, islice(requests, min(predictions, WARM_UP)), max(concurrency, CONNECTIONS), deadline
            )
            server.wait_for_status("READY")
            outcome.before, start = measure_usage(server.process.pid), time.perf_counter()
            responses = load.send_all(server.port, islice(requests, predictions), concurrency, deadline)
            outcome.elapsed = time.perf_counter() - start
            outcome.seconds = [seconds for _, seconds in responses]
            server.wait_for_status("READY")
        except (OSError, AssertionError, load.BadResponse) as error:
            outcome.errors.append(repr(error))
        outcome.after = measure_usage(server.process.pid)
        # The server removes these folders once a second.
        with suppress(TimeoutError):
            wait_until(lambda: not count_leftovers())
    outcome.leftovers = count_leftovers()
    return outcome


def main() -> int:
    """Run the soak test and print its summary. Return 1 if anything fails, with the faults on standard error."""
    parser = argparse.ArgumentParser(prog="script/soak", description=__doc__)
    parser.add_argument("--predictions", type=int, default=50_000, help="number of predictions (default: %(default)s)")
    parser.add_argument("--concurrency", type=int, default=16, help="concurrent requests (default: %(default)s)")
    parser.add_argument("--limit", type=float, default=3600, help="seconds before it stops (default: %(default)s)")
    options = parser.parse_args()
    if options.predictions < 1 or not 1 <= options.concurrency <= MAX_CONCURRENCY:
        parser.error(f"--predictions must be at least 1, and --concurrency must be 1 to {MAX_CONCURRENCY}")
    # Without this, the server and the stand-in would continue to run.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with tempfile.TemporaryDirectory() as folder, stand_in() as github:
        cases = create_cases(github)
        outcome = soak(cases, github, Path(folder) / "server", options.predictions, options.concurrency, options.limit)
    print(outcome.summary())
    faults = outcome.faults()
    for fault in faults[:20]:
        print("fault:", fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
