"""The server: predictions a second, beside the same server with Predictors that do less, and the stand-in itself."""

import itertools
import json
import random
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from urllib.parse import urlsplit

from benchmarks import load, running
from benchmarks.load import Outcome, Task
from benchmarks.timing import in_turns, ratios, shown, spread
from github_avatars.demo import AVATARS
from github_avatars.evaluation.tables import table
from github_avatars.service.cog_cleanup import PREDICTIONS, remove_folders
from github_avatars.training import dataset

CONCURRENCIES = (1, 8, 32)

LATENCIES = (0.0, 0.025)
"""Seconds before each answer of the stand-in, which is asked twice for an avatar: 0 or 50 ms a prediction."""

WARM_UP, WINDOW = 0.3, 1.0
"""Seconds of load before what counts, and of what counts."""

NOTHING, FETCH, OURS, STANDIN = "nothing", "fetching and decoding", "ours", "the stand-in itself"


def measure(rounds: int) -> dict[str, Any]:
    """Predictions a second and seconds to an answer, by latency, concurrency and Predictor; all take turns."""
    return {
        "rounds": rounds,
        "window": WINDOW,
        "latencies": [{"ms": 2000 * latency, "loads": _under(latency, rounds)} for latency in LATENCIES],
    }


def _under(latency: float, rounds: int) -> list[dict[str, Any]]:
    ids: list[str] = []
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        github = stack.enter_context(running.stand_in(folder, latency))
        servers = {
            NOTHING: stack.enter_context(running.floor("nothing", folder / "nothing", github)),
            FETCH: stack.enter_context(running.floor("fetch", folder / "fetch", github)),
            OURS: stack.enter_context(running.ours(folder / "ours", github)),
        }
        loads: dict[str, Callable[[int], Outcome]] = {
            name: partial(_put, server.port, itertools.cycle(predictions(ids))) for name, server in servers.items()
        }
        loads[STANDIN] = partial(_put, urlsplit(github).port or 80, itertools.cycle(avatars()))
        contestants = {
            (concurrency, name): partial(put, concurrency)
            for concurrency in CONCURRENCIES
            for name, put in loads.items()
        }
        taken = in_turns(contestants, rounds)
    # The floors leave them, and the more there are, the longer Cog takes to make further ones.
    for name in ids:
        remove_folders(PREDICTIONS / name)
    return [
        {
            "concurrency": concurrency,
            "contestants": {name: _summed(taken[concurrency, name], taken[concurrency, FETCH]) for name in loads},
        }
        for concurrency in CONCURRENCIES
    ]


def _put(port: int, tasks: Iterator[Task], concurrency: int) -> Outcome:
    return load.put(port, tasks, concurrency, WARM_UP, WINDOW)


def _summed(outcomes: list[Outcome], floor: list[Outcome]) -> dict[str, Any]:
    seconds = [each for outcome in outcomes for each in outcome.seconds]
    percentiles = quantiles(seconds, n=100, method="inclusive")
    a_second, floor_a_second = ([one.throughput for one in each] for each in (outcomes, floor))
    return {
        "a second": spread(a_second, 1),
        "ratio": ratios(a_second, floor_a_second),
        "p50 ms": round(1000 * median(seconds), 2),
        "p99 ms": round(1000 * percentiles[98], 2),
        "asked again": sum(outcome.asked_again for outcome in outcomes),
    }


def predictions(ids: list[str]) -> list[Task]:
    """A prediction for each account of the stand-in, in an order that mixes the labels; the ids are put into `ids`."""

    def succeeded(status: int, body: bytes) -> bool:
        answer = json.loads(body)
        ids.append(answer["id"])
        return status == 200 and bool(answer["status"] == "succeeded")

    return [
        [load.question("POST", "/predictions", succeeded, json.dumps({"input": {"username": login}}).encode())]
        for login, _ in _accounts()
    ]


def avatars() -> list[Task]:
    """What a prediction asks of the stand-in: the redirect, and the picture."""
    return [
        [load.question("GET", f"/{login}.png", _redirects), load.question("GET", f"/u/{account_id}?v=4", _answers)]
        for login, account_id in _accounts()
    ]


def _accounts() -> list[tuple[str, int]]:
    accounts = [(example.login, example.account_id) for example in dataset.read_index(AVATARS)]
    random.Random(0).shuffle(accounts)  # noqa: S311 - nothing secret
    return accounts


def _redirects(status: int, _: bytes) -> bool:
    return status == 302


def _answers(status: int, body: bytes) -> bool:
    return status == 200 and len(body) > 0


def page(found: dict[str, Any]) -> str:
    """The section of the page."""
    head = ("latency, ms", "at once", "", "a second", f"times {FETCH}", "p50, ms", "p99, ms")
    rows = [
        (
            f"{under['ms']:.0f}",
            f"{one['concurrency']}",
            name,
            shown(measured["a second"], 0),
            shown(measured["ratio"]),
            f"{measured['p50 ms']:.1f}",
            f"{measured['p99 ms']:.1f}",
        )
        for under in found["latencies"]
        for one in under["loads"]
        for name, measured in one["contestants"].items()
    ]
    return f"""\
## The server

`POST /predictions` with a username over kept connections, in {found["rounds"]} rounds of {found["window"]:.0f} s each,
by the clock. Beside ours, the same server runs a Predictor that does {NOTHING}, and one that only fetches the avatar
with requests and decodes it with Pillow. The last row of each group asks the stand-in for the same redirects and
pictures directly: faster than that no fetch can be, as all of them, and what asks them, share the machine. With 50 ms
of latency a prediction, 32 at once can be 640 a second at the most. The aim is 0.9 times {FETCH}.

{table(head, rows)}
"""


if __name__ == "__main__":
    print(page(measure(2)))
