"""Predictions per second of the server, compared with a server that only fetches and decodes avatars."""

import itertools
import json
import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from typing import Any, NamedTuple

from benchmarks import load
from benchmarks.against import Checkout
from benchmarks.load import Request
from benchmarks.measuring import alternate, format_spread, ratios, spread
from benchmarks.running import baseline_server, our_server, processor_seconds, stand_in
from github_avatars.demo import AVATARS
from github_avatars.evaluation.tables import table
from github_avatars.service.cog_cleanup import PREDICTIONS, remove_folders
from github_avatars.training import dataset
from tests.support.cog_server import CogServer

CONCURRENCIES = (1, 8, 32)

LATENCIES = (0.0, 0.025)
"""Seconds before each response of the stand-in. A prediction takes two requests, so this adds 0 or 50 ms."""

WARM_UP, WINDOW = 0.3, 1.0
"""Seconds of load before the measurement, and of the measurement."""

FETCHING, OURS = "fetching and decoding", "ours"


def measure(rounds: int, other: Checkout | None = None) -> dict[str, Any]:
    """Measure predictions per second and response times, by latency, concurrency and Predictor."""
    return {
        "rounds": rounds,
        "window": WINDOW,
        "latencies": [{"ms": 2000 * latency, "loads": _measure(latency, rounds, other)} for latency in LATENCIES],
    }


def _measure(latency: float, rounds: int, other: Checkout | None) -> list[dict[str, Any]]:
    ids: list[str] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        github = stack.enter_context(stand_in(latency=latency))
        servers = {
            FETCHING: stack.enter_context(baseline_server("fetch", folder / "fetch", github)),
            OURS: stack.enter_context(our_server(folder / "ours", github)),
        }
        if other:
            servers[other.name] = stack.enter_context(our_server(folder / "other", github, other.root))
        for server in servers.values():
            server.wait_for_status("READY")
        candidates = {
            (concurrency, name): partial(_put_under_load, server, concurrency, itertools.cycle(predictions(ids)))
            for concurrency in CONCURRENCIES
            for name, server in servers.items()
        }
        results = alternate(candidates, rounds)
    # The baseline leaves these folders, and Cog becomes slower the more there are.
    for name in ids:
        remove_folders(PREDICTIONS / name)
    return [
        {
            "concurrency": concurrency,
            "contestants": {
                name: _summarize(results[concurrency, name], results[concurrency, FETCHING]) for name in servers
            },
        }
        for concurrency in CONCURRENCIES
    ]


class Load(NamedTuple):
    """What a server did under load."""

    seconds: list[float]
    """The time that each response took which was complete within the window."""
    processor_ms: float
    """The server's processor time per response in milliseconds, those before the window included."""


def _put_under_load(server: CogServer, concurrency: int, requests: Iterator[Request]) -> Load:
    before, start = processor_seconds(server.process.pid), time.perf_counter() + WARM_UP
    end = start + WINDOW
    responses = load.send_all(server.port, requests, concurrency, end)
    used = processor_seconds(server.process.pid) - before
    seconds = [seconds for finished, seconds in responses if start <= finished < end]
    return Load(seconds, 1000 * used / max(len(responses), 1))


def _summarize(rounds: list[Load], baseline: list[Load]) -> dict[str, Any]:
    seconds = [each for round_ in rounds for each in round_.seconds]
    # On a busy machine, a round may be without a response; it counts as one, because a ratio to none is undefined.
    rates, baseline_rates = ([max(len(round_.seconds), 1) / WINDOW for round_ in each] for each in (rounds, baseline))
    return {
        "a second": spread(rates, 1),
        "ratio": ratios(rates, baseline_rates),
        "processor ms": spread([round_.processor_ms for round_ in rounds], 2),
        "p50 ms": round(1000 * median(seconds), 2),
        "p99 ms": round(1000 * quantiles(seconds, n=100, method="inclusive")[98], 2),
    }


def predictions(ids: list[str]) -> list[Request]:
    """Create a prediction request for each account of the stand-in, shuffled. Their ids are appended to `ids`."""

    def has_succeeded(status: int, body: bytes) -> bool:
        prediction = json.loads(body)
        ids.append(prediction["id"])
        return status == 200 and bool(prediction["status"] == "succeeded")

    logins = [example.login for example in dataset.read_index(AVATARS)]
    random.Random(0).shuffle(logins)  # noqa: S311 - not for cryptography
    return [load.predict_request({"username": login}, has_succeeded) for login in logins]


def section(results: dict[str, Any]) -> str:
    """Write the section of the page."""
    head = (
        "latency, ms",
        "concurrency",
        "Predictor",
        "predictions per second",
        "ratio",
        "p50, ms",
        "p99, ms",
        "processor, ms",
    )
    rows = [
        (
            f"{latency['ms']:.0f}",
            str(measured["concurrency"]),
            name,
            format_spread(values["a second"], 0),
            format_spread(values["ratio"]),
            f"{values['p50 ms']:.1f}",
            f"{values['p99 ms']:.1f}",
            format_spread(values["processor ms"]),
        )
        for latency in results["latencies"]
        for measured in latency["loads"]
        for name, values in measured["contestants"].items()
    ]
    return f"""\
## The server

`POST /predictions` with a username over kept-alive connections, in {results["rounds"]} rounds of
{results["window"]:.0f} s each, in wall-clock time. The
baseline is the same server with a Predictor that only fetches the avatar with requests and decodes it with Pillow. The
client and the stand-in for GitHub run on the same machine. With a latency of 50 ms per prediction, 32 concurrent
requests allow at most 640 predictions per second. Half of the accounts have default avatars. The targets are 1.4 times
{FETCHING} without latency, and with it 1.0 times for one request at a time and 1.2 times for more. The last column is
the processor time of Cog's server and its worker per prediction.

{table(head, rows)}
"""
