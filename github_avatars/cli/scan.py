"""github-avatars scan."""

import argparse
from pathlib import Path

from github_avatars.cli.command import Subparsers, add_command
from github_avatars.scan import sources

ENGINES = ("local", "ray")
FORMATS = ("table", "jsonl", "csv", "parquet")

EPILOG = """\
A row is written for each account that was given, also where it failed; docs/scan.md explains its columns. --redact
replaces each login by a hash (an HMAC) and leaves out what else leads to the account. The key is made anew for each run
and forgotten, unless GITHUB_AVATARS_REDACT_KEY holds one: then the rows of several runs can be joined, and whoever has
the key can find an account. The file of --db is not redacted.

--engine ray judges on a cluster: files of names (text, .csv or .parquet) or --images in, Parquet files out, all of them
on disk or in an object store; docs/scaling.md tells more.
"""


def add(subparsers: Subparsers) -> None:
    """Add the command."""
    one = add_command(subparsers, "scan", run, EPILOG)
    sources.add_options(one)
    one.add_argument(
        "--images", type=Path, metavar="DIR", help="judge pictures on disk: a file or a folder per account"
    )
    one.add_argument("--db", default="scan.db", metavar="FILE", help="what is kept, or :memory: (default: %(default)s)")
    one.add_argument("--refresh", metavar="AGE", help="check anew what was checked so long ago, as 30d, 12h, 45m or 0s")
    one.add_argument(
        "--size", choices=("64", "full"), default="64", help="of pictures to ask for (default: %(default)s)"
    )
    one.add_argument("--concurrency", type=int, default=16, metavar="N", help="fetches at once (default: %(default)s)")
    one.add_argument("--rate", type=float, metavar="N", help="accounts a second at the most (default: no limit)")
    add_unsure(one)
    one.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the rows there instead of to stdout")
    one.add_argument("--format", choices=FORMATS, help="of the rows (default: by the name of FILE, else table)")
    one.add_argument("--ordered", action="store_true", help="rows in the order of the input, at the end of the scan")
    one.add_argument("--redact", action="store_true", help="hash the logins (see below)")
    one.add_argument("--engine", choices=ENGINES, default="local", help="what judges (default: %(default)s; see below)")
    one.add_argument("--ray-address", metavar="ADDRESS", help="Ray cluster to use (default: one of this machine)")
    one.add_argument("--workers", type=int, metavar="N", help="workers of Ray (default: one for each processor)")


def add_unsure(parser: argparse.ArgumentParser) -> None:
    """Add the option that tells what is unsure."""
    parser.add_argument(
        "--unsure",
        default="0.05..0.95",
        metavar="LOW..HIGH",
        help="probabilities to be reviewed (default: %(default)s)",
    )


def run(arguments: argparse.Namespace) -> None:
    """Judge the avatars of many accounts, and go on where it was ended.

    All that is found is kept in a file, so that a scan that was ended, in whatever way, goes on when the same command
    is run again, and a second scan asks only for what is new.
    """
    if arguments.engine == "ray":
        from github_avatars.scan import ray_engine

        ray_engine.run(arguments)
    else:
        from github_avatars.cli import waiting
        from github_avatars.scan import running

        arguments.wait = waiting.wait
        running.run(arguments)
