"""A scan on a cluster: Ray Data reads names or pictures, has workers judge them, and writes Parquet.

Reading, distributing, restarting and writing are Ray's, on disk or in an object store; the workers do what the local
engine does. There is no store: what is done is what is written.
"""

import argparse
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

from github_avatars import classifier
from github_avatars.errors import BadInput, GitHubError, Unreachable
from github_avatars.github import Account, GitHub, Pace, hosts
from github_avatars.scan import account_files, addresses, formats, images, options, rows, store, summary
from github_avatars.scan.engine import Engine
from github_avatars.scan.findings import PENDING, Finding

BATCH = 1000
"""Accounts that a worker judges before it hands their rows on: what is done again where one dies."""

Accounts = Callable[[Any], Iterator[Account]]
"""The accounts in a table of pyarrow."""


class AccountWorker:
    """A worker that fetches avatars and judges them; the other settings are an Engine's."""

    def __init__(
        self, accounts: Accounts, github: str, size: int | None, band: rows.UncertaintyRange, **settings: Any
    ) -> None:
        self._accounts, self._size, self._band = accounts, size, band
        self._failure: str | None = None
        settings |= {"github": partial(GitHub, github), "classifier": classifier.shipped()}
        self._engine: Any = partial(Engine, judges=ThreadPoolExecutor(1), stop=threading.Event(), **settings)

    def __call__(self, table: Any) -> Any:
        """The rows of a table of accounts."""
        accounts = [*self._accounts(table)]
        due = (store.Due(place, "", one.login, one.account_id, self._size, None) for place, one in enumerate(accounts))
        found: dict[int, Finding] = {}
        try:
            for outcomes in () if self._failure else self._engine(due):
                found |= {outcome.number: outcome.finding for outcome in outcomes if outcome.finding}
        except GitHubError as error:
            # As the local engine does, it asks for no more; what is done is kept, and the other rows say what is not.
            self._failure = str(error)
        left, now = Finding(PENDING, self._failure), store.now()
        return formats.table(
            rows.row(one, found.get(place, left), now, self._band) for place, one in enumerate(accounts)
        )


class PictureWorker:
    """A worker that judges the pictures of accounts, each a file or a folder whose address is under `item`."""

    def __init__(self, band: rows.UncertaintyRange) -> None:
        self._band, self._classifier = band, classifier.shipped()

    def __call__(self, table: Any) -> Any:
        """The rows of a table of such addresses."""
        found = (images.judge_at(address, self._classifier) for address in table["item"].to_pylist())
        return formats.table(rows.row(*pair, store.now(), self._band) for pair in found)


def run(arguments: argparse.Namespace) -> None:
    """Run the scan that the arguments ask for, on the cluster at --ray-address or else on one of this machine.

    Raises BadInput for what is wrong in them, and what an Engine raises.
    """
    options.check_for_ray(arguments)
    output = addresses.absolute(arguments.output)
    settings: dict[str, Any] = {"band": rows.band(arguments.unsure)}
    with _cluster(arguments) as ray:
        if arguments.images:
            worker: Any = PictureWorker
            table = ray.data.from_items(addresses.inside(arguments.images))
        else:
            worker = AccountWorker
            table, accounts = _read(ray.data, [*map(addresses.absolute, arguments.sources)], arguments.column)
            pace = ray.remote(Pace).options(num_cpus=0).remote(arguments.rate) if arguments.rate else None
            settings |= {
                "accounts": accounts,
                "github": hosts.base_url(),
                "size": options.size(arguments),
                "concurrency": arguments.concurrency,
                "countdown": None if arguments.no_wait else lambda _: None,
                "pace": (lambda: ray.get(pace.delay.remote())) if pace else None,
            }
        pool = ray.data.ActorPoolStrategy(size=arguments.workers or max(1, int(ray.cluster_resources()["CPU"]) - 1))
        batches = {"batch_size": BATCH, "batch_format": "pyarrow", "compute": pool}
        table.map_batches(worker, **batches, fn_constructor_kwargs=settings).write_parquet(output)
    tally = summary.tally(output)
    print(summary.in_words(tally, None, settings["band"]), file=sys.stderr)
    if tally[PENDING]:
        raise Unreachable(f"{tally[PENDING]:,} rows in {output} are pending, and say why: scan those again, out of it.")


@contextmanager
def _cluster(arguments: argparse.Namespace) -> Iterator[Any]:
    """Ray, connected; where the cluster is this machine alone, nobody else can reach it."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    if not arguments.ray_address:
        # Its name notwithstanding, what has Ray listen on 127.0.0.1 alone.
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    try:
        # Only now, since it reads the environment when it is imported.
        import ray.data
    except ModuleNotFoundError as error:
        raise BadInput("The package ray is missing: pip install 'github-avatars[ray]'.") from error
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    # One processor more than there are workers, for reading and writing.
    processors = None if arguments.ray_address else (arguments.workers or os.cpu_count() or 1) + 1
    quiet = {"include_dashboard": False, "log_to_driver": False, "logging_level": logging.CRITICAL}
    ray.init(arguments.ray_address, num_cpus=processors, **quiet)
    ray.data.DataContext.get_current().enable_progress_bars = sys.stderr.isatty()
    try:
        yield ray
    except ray.exceptions.UserCodeException:
        # A fault of this program, whose traceback is wanted.
        raise
    except (ray.exceptions.RayError, ValueError) as error:
        raise BadInput(f"Ray ended with {str(error).splitlines()[-1][:300]!r}: mend the input.") from error
    finally:
        ray.shutdown()


def _read(data: Any, files: list[str], column: str | None) -> tuple[Any, Accounts]:
    """The table in these files, and what tells the accounts in a part of it."""
    ending = options.ending(files[0])
    if ending == ".parquet":
        table = data.read_parquet(files)
    elif ending == ".csv":
        from pyarrow import csv

        # Else 007 would be taken for the number 7.
        text = dict.fromkeys(data.read_csv(files).schema().names, "string")
        table = data.read_csv(files, convert_options=csv.ConvertOptions(column_types=text))
    else:
        return data.read_text(files, encoding="utf-8-sig"), lambda part: account_files.of_lines(
            part["text"].to_pylist()
        )
    places = account_files.places(table.schema().names, files[0], column)
    return table, lambda part: account_files.of_table(part, *places)
