"""A scan on a cluster: Ray Data reads logins or pictures, distributes them to workers, and writes Parquet files.

Ray reads, distributes, restarts and writes, on disk or in an object store; the workers run the local engine. There is
no store: the files are the only record.
"""

import logging
import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from github_avatars import classifier
from github_avatars.errors import BadFile, BadInput, BadOption, GitHubError
from github_avatars.extras import optional_packages
from github_avatars.files import is_file
from github_avatars.github import API, Account, GitHub, Pace, Via, api, hosts
from github_avatars.scan import account_files, addresses, formats, images
from github_avatars.scan.engine import Engine
from github_avatars.scan.identification import IdLookup
from github_avatars.scan.options import ScanOptions
from github_avatars.scan.rows import Result, UncertaintyRange, make_row
from github_avatars.scan.sources import Sources
from github_avatars.scan.store import DueAccount, now
from github_avatars.scan.summary import Summary

BATCH = 1000
"""The number of accounts in a task of a worker, which Ray repeats if the worker dies."""

ReadAccounts = Callable[[Any], Iterator[Account]]
"""Returns the accounts in a pyarrow.Table."""


class AccountWorker:
    """A worker that fetches and classifies avatars. The other settings are those of Engine."""

    def __init__(
        self,
        read_accounts: ReadAccounts,
        github: str,
        size: int | None,
        unsure: UncertaintyRange,
        via: Via = "login",
        **settings: Any,
    ) -> None:
        self._read_accounts, self._size, self._unsure = read_accounts, size, unsure
        self._failure: str | None = None
        # The token is that of the worker, so that none is sent through the cluster.
        token = api.read_token(None, os.environ) if via == "login" and hosts.avatars_url(github) else None
        id_lookup = IdLookup(API(github, token=token) if token else None)
        settings |= {"github": partial(GitHub, github), "classifier": classifier.shipped()}
        settings |= {"via": via, "id_lookup": id_lookup}
        self._engine: Any = partial(Engine, stop=threading.Event(), **settings)

    def __call__(self, table: Any) -> Any:
        """The rows for a table of accounts."""
        accounts = [*self._read_accounts(table)]
        due = (
            DueAccount(
                number,
                "",
                account.login,
                account.account_id,
                self._size,
                etag=None,
                avatar_url=account.avatar_url,
                email=account.email,
            )
            for number, account in enumerate(accounts)
        )
        results: dict[int, Result] = {}
        try:
            for outcomes in () if self._failure else self._engine(due):
                results |= {outcome.number: outcome.result for outcome in outcomes if outcome.result}
        except GitHubError as error:
            # Like the local engine, the worker sends no more requests. The other rows contain the error.
            self._failure = str(error)
        pending, checked = Result(error=self._failure), now()
        return formats.table(
            make_row(account, results.get(number, pending), checked, self._unsure).columns()
            for number, account in enumerate(accounts)
        )


class ImageWorker:
    """A worker that classifies pictures. The column `item` has the addresses of an account's file or folder."""

    def __init__(self, unsure: UncertaintyRange) -> None:
        self._unsure, self._classifier = unsure, classifier.shipped()

    def __call__(self, table: Any) -> Any:
        """The rows for a table of addresses."""
        results = (images.classify_address(address, self._classifier) for address in table["item"].to_pylist())
        return formats.table(make_row(*result, now(), self._unsure).columns() for result in results)


@optional_packages("ray")
def run(
    sources: Sources,
    options: ScanOptions,
    output: str | Path,
    *,
    workers: int | None = None,
    cluster: str | None = None,
) -> Summary:
    """Scan on the Ray cluster at the address `cluster`, by default on this machine, and write the rows to `output`.

    `output` is a new folder for Parquet files. `options.db` is not used. There is one worker per processor unless
    `workers` is given. Accounts that could not be requested have the status "pending". Raises BadInput for impossible
    sources or options, and for files that Ray cannot read.
    """
    _check(sources, options, output, workers)
    settings: dict[str, Any] = {"unsure": options.unsure}
    with _cluster(cluster, workers) as ray:
        if sources.images:
            worker: Any = ImageWorker
            dataset = ray.data.from_items(_images(sources.images))
        else:
            worker = AccountWorker
            dataset, read_accounts = _read(ray.data, [*map(addresses.absolute, sources.names)], sources.column)
            pace = ray.remote(Pace).options(num_cpus=0).remote(options.rate) if options.rate else None
            settings |= {
                "read_accounts": read_accounts,
                "github": hosts.base_url(),
                "size": options.size,
                "via": options.via,
                "concurrency": options.concurrency,
                "on_wait": (lambda _: None) if options.wait else None,
                "delay": (lambda: ray.get(pace.delay.remote())) if pace else None,
            }
        pool = ray.data.ActorPoolStrategy(size=workers or max(1, int(ray.cluster_resources()["CPU"]) - 1))
        batches = {"batch_size": BATCH, "batch_format": "pyarrow", "compute": pool}
        rows = dataset.map_batches(worker, **batches, fn_constructor_kwargs=settings)
        rows.write_parquet(addresses.absolute(output))
    return Summary.of_parquet(addresses.absolute(output), options.unsure)


def _check(sources: Sources, options: ScanOptions, output: str | Path, workers: int | None) -> None:
    if options.refresh or options.ordered or options.keep_pictures or options.profiles or sources.no_bots:
        raise BadOption(
            "--engine ray does not support --refresh, --ordered, --keep-pictures, --profiles and --no-bots: omit them."
        )
    if sources.lists or sources.git or sources.gharchive:
        raise BadOption("--engine ray does not read lists of GitHub, --git and --gharchive: give files of logins.")
    if sources.expansion:
        raise BadOption("--engine ray does not support --depth: omit it, or use the local engine.")
    if len({_format(str(source)) for source in sources.names}) > 1:
        raise BadInput("--engine ray reads files of one kind: give only .parquet, only .csv or only text files.")
    # pyarrow would let an unclosed quote swallow the rows after it.
    for name in filter(is_file, map(str, sources.names)):
        if account_files.is_json(name):
            raise BadInput("--engine ray does not read JSON: give text, .csv or .parquet files.")
        if _format(name) != ".parquet":
            deque(account_files.read([name], sources.column), maxlen=0)
    if workers is not None and workers < 1:
        raise BadOption(f"--workers is {workers}: give 1 or more.")
    if addresses.list_folder(output):
        raise BadFile(f"{output} is not empty: give another folder as --output.")
    if sources.images and not _images(sources.images):
        raise BadFile(f"{sources.images} has no pictures: give a folder with files, or with a folder per account.")


def _images(folder: str | Path) -> list[str]:
    """The addresses of what can be an account's pictures in a folder."""
    return [address for address in addresses.list_folder(folder) if not images.is_other(Path(address).name)]


@contextmanager
def _cluster(address: str | None, workers: int | None) -> Iterator[Any]:
    """Ray, connected to a cluster. A cluster on this machine is not reachable from others."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    if not address:
        # Despite its name, this makes Ray listen on 127.0.0.1 only.
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    # Ray reads the environment when it is imported.
    import ray.data

    logging.getLogger("ray.data").setLevel(logging.CRITICAL)
    # One processor more than there are workers, for reading and writing.
    processors = None if address else (workers or os.cpu_count() or 1) + 1
    quiet = {"include_dashboard": False, "log_to_driver": False, "logging_level": logging.CRITICAL}
    ray.init(address, num_cpus=processors, **quiet)
    ray.data.DataContext.get_current().enable_progress_bars = sys.stderr.isatty()
    try:
        yield ray
    except ray.exceptions.UserCodeException:
        # An error in this program, which needs its traceback.
        raise
    except (ray.exceptions.RayError, ValueError) as error:
        raise BadInput(f"Ray failed with {str(error).splitlines()[-1][:300]!r}: check the input.") from error
    finally:
        ray.shutdown()


def _read(data: Any, files: list[str], column: str | None) -> tuple[Any, ReadAccounts]:
    """A Ray dataset of these files, and a function that returns the accounts in a part of it."""
    file_format, base = _format(files[0]), hosts.base_url()
    if file_format == ".parquet":
        dataset = data.read_parquet(files)
    elif file_format == ".csv":
        from pyarrow import csv

        # Otherwise the login 007 would become the number 7.
        types = dict.fromkeys(data.read_csv(files).schema().names, "string")
        dataset = data.read_csv(files, convert_options=csv.ConvertOptions(column_types=types))
    else:
        dataset = data.read_text(files, encoding="utf-8-sig")
        return dataset, lambda part: account_files.of_lines(part["text"].to_pylist(), base)
    fields = account_files.schema_fields(dataset.schema().base_schema, files[0], column)
    return dataset, partial(account_files.of_table, fields=fields, base=base, escaped=file_format == ".csv")


def _format(path: str) -> str:
    """How Ray reads a file of logins: .parquet, .csv, or "" for text."""
    suffix = Path(path).suffix.lower()
    return suffix if suffix in (".parquet", ".csv") else ""
