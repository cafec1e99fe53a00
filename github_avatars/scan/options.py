"""Which options of a scan go together, and within which bounds."""

import argparse
from pathlib import Path

from github_avatars.errors import BadInput
from github_avatars.github import rate_limit
from github_avatars.scan import addresses, sources

MAX_CONCURRENCY = 512


def check(arguments: argparse.Namespace) -> None:
    """Raise BadInput for what no scan can do."""
    if bool(arguments.images) == sources.named(arguments):
        given = "both" if arguments.images else "neither"
        raise BadInput(
            f"Either accounts or --images are needed, but {given} came: give logins, files or -, or a folder."
        )
    if not 1 <= arguments.concurrency <= MAX_CONCURRENCY:
        raise BadInput(f"--concurrency is {arguments.concurrency}: give 1 to {MAX_CONCURRENCY}.")
    if arguments.rate is not None:
        rate_limit.check_rate(arguments.rate)


def check_for_ray(arguments: argparse.Namespace) -> None:
    """Raise BadInput for what no scan can do, or none on Ray."""
    check(arguments)
    if arguments.refresh or arguments.ordered or arguments.redact or sources.lists(arguments):
        raise BadInput("--engine ray knows no --refresh, --ordered, --redact and lists of GitHub: leave them out.")
    if len({ending(source) for source in arguments.sources}) > 1:
        raise BadInput("--engine ray reads files of one kind: give only .parquet, only .csv or only text files.")
    if not arguments.output:
        raise BadInput("--engine ray writes Parquet files: give a folder for them as --output.")
    if arguments.workers is not None and arguments.workers < 1:
        raise BadInput(f"--workers is {arguments.workers}: give 1 or more.")
    if addresses.inside(arguments.output):
        raise BadInput(f"{arguments.output} is not empty: give another folder as --output.")
    if arguments.images and not addresses.inside(arguments.images):
        raise BadInput(f"{arguments.images} has no pictures: give a folder with files, or with a folder per account.")


def size(arguments: argparse.Namespace) -> int | None:
    """The pixels a side that pictures are asked for in; None for pictures in full."""
    return None if arguments.size == "full" else int(arguments.size)


def ending(path: str) -> str:
    """What tells how Ray is to read a file of names: .parquet, .csv, or nothing for text."""
    suffix = Path(path).suffix.lower()
    return suffix if suffix in (".parquet", ".csv") else ""
