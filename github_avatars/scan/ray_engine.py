"""A scan on a cluster: Ray Data reads names or pictures, has workers judge them, and writes Parquet.

Reading, distributing, restarting and writing are Ray's, on disk or in an object store; the workers do what the local
engine does. There is no store: what is done is what is written.
"""

import argparse
import json
import logging
import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from github_avatars import hosts
from github_avatars.errors import BadInput, Unreachable
from github_avatars.scan import addresses, names, rows, running, sources
from github_avatars.scan.findings import PENDING
from github_avatars.scan.ray_workers import TEXT, Accounts, Pace, Pictures

BATCH = 1000
"""Accounts that a worker judges before it hands their rows on: what is done again where one dies."""


def run(arguments: argparse.Namespace) -> None:
    """Run the scan that the arguments ask for, on the cluster at --ray-address or else on one of this machine.

    Raises BadInput for what is wrong in them, and what an Engine raises.
    """
    output, pictures = _checked(arguments)
    settings: dict[str, Any] = {"band": rows.band(arguments.unsure)}
    with _cluster(arguments) as ray:
        if arguments.images:
            worker: Any = Pictures
            table = ray.data.from_items(pictures)
        else:
            table, login, account_id = _read(ray.data, [*map(addresses.absolute, arguments.sources)], arguments.column)
            pace = ray.remote(Pace).options(name="pace", num_cpus=0).remote(arguments.rate) if arguments.rate else None
            worker = Accounts
            settings |= {
                "columns": (login, account_id),
                "github": hosts.chosen(),
                "size": None if arguments.size == "full" else int(arguments.size),
                "concurrency": arguments.concurrency,
                "patient": not arguments.no_wait,
                "pause": (lambda: ray.get(pace.wait.remote())) if pace else None,
            }
        workers = arguments.workers or max(1, int(ray.cluster_resources()["CPU"]) - 1)
        table.map_batches(
            worker,
            batch_size=BATCH,
            batch_format="pyarrow",
            compute=ray.data.ActorPoolStrategy(size=workers),
            fn_constructor_kwargs=settings,
        ).write_parquet(output)
    _summarize(output)


def _checked(arguments: argparse.Namespace) -> tuple[str, list[str]]:
    """The addresses of the folder for the rows, and of the pictures to judge. Raises BadInput."""
    running.check(arguments)
    if arguments.refresh or arguments.ordered or arguments.redact or sources.lists(arguments):
        raise BadInput("--engine ray knows no --refresh, --ordered, --redact and lists of GitHub: leave them out.")
    if bool(arguments.images) == bool(arguments.sources) or not arguments.output:
        raise BadInput("--engine ray needs either files of names or --images, and a folder for its rows as --output.")
    if arguments.workers is not None and arguments.workers < 1:
        raise BadInput(f"--workers is {arguments.workers}: give 1 or more.")
    if addresses.inside(addresses.absolute(arguments.output)):
        raise BadInput(f"{arguments.output} is not empty: give another folder as --output.")
    pictures = addresses.inside(addresses.absolute(arguments.images)) if arguments.images else []
    if arguments.images and not pictures:
        raise BadInput(f"{arguments.images} has no pictures: give a folder with files, or with a folder per account.")
    return addresses.absolute(arguments.output), pictures


@contextmanager
def _cluster(arguments: argparse.Namespace) -> Iterator[Any]:
    """Ray, connected; where the cluster is this machine alone, nobody else can reach it."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    options: dict[str, Any] = {"address": arguments.ray_address}
    if not arguments.ray_address:
        # Its name notwithstanding, what has Ray listen on 127.0.0.1 alone.
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
        # One processor more than there are workers, for reading and writing.
        options = {"num_cpus": (arguments.workers or os.cpu_count() or 1) + 1, "include_dashboard": False}
    try:
        # Only now, since it reads the environment when it is imported.
        import ray.data
    except ModuleNotFoundError as error:
        raise BadInput("The package ray is missing: pip install 'github-avatars[ray]'.") from error
    for name in ("ray", "ray.data"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    ray.init(**options, log_to_driver=False, logging_level=logging.CRITICAL)
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


def _summarize(folder: str) -> None:
    """Print how many rows have which status, as JSON. Raises Unreachable where some are not asked for yet."""
    from pyarrow import dataset

    counts: Counter[str] = Counter()
    for batch in dataset.dataset(folder).to_batches(columns=["status"]):
        counts.update({pair["values"]: pair["counts"] for pair in batch["status"].value_counts().to_pylist()})
    print(json.dumps(counts))
    if counts[PENDING]:
        raise Unreachable(
            f"GitHub was out of order or wanted fewer requests; {counts[PENDING]:,} rows are pending, and say why: "
            f"scan those again, out of {folder}."
        )


def _read(data: Any, files: list[str], column: str | None) -> tuple[Any, str | None, str | None]:
    """The table in these files, and its columns with the logins and with the account ids."""
    endings = {Path(file).suffix.lower() for file in files}
    if endings == {".parquet"}:
        table = data.read_parquet(files)
    elif endings == {".csv"}:
        from pyarrow import csv

        # Else 007 would be taken for the number 7.
        text = dict.fromkeys(data.read_csv(files).schema().names, "string")
        table = data.read_csv(files, convert_options=csv.ConvertOptions(column_types=text))
    elif endings & {".parquet", ".csv"}:
        raise BadInput("--engine ray reads files of one kind: give only .parquet, only .csv or only text files.")
    else:
        return data.read_text(files, encoding="utf-8-sig"), TEXT, None
    heading = table.schema().names
    login, account_id = names.places(heading, files[0], column)
    return table, *(None if place is None else heading[place] for place in (login, account_id))
