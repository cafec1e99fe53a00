"""github-avatars scan."""

import argparse
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from github_avatars.cli.command import Subparsers, add_command
from github_avatars.cli.process import Stopped, on_stop
from github_avatars.errors import BadOption, BadToken, GitHubError, RateLimited, Unreachable
from github_avatars.files import is_file, open_output

if TYPE_CHECKING:
    from github_avatars.github import Kind
    from github_avatars.scan import Expansion, GHArchive, Row, Scan, ScanOptions, Sources
    from github_avatars.scan.rows import UncertaintyRange

ENGINES = ("local", "ray")
LABELS = ("default", "custom")
FORMATS = ("table", "jsonl", "csv", "parquet")
UNITS = {"d": "days", "h": "hours", "m": "minutes", "s": "seconds"}

LISTS: "dict[Kind, tuple[str, str]]" = {
    "stargazers": ("OWNER/REPO", "who starred a repository that you administer or collaborate on (see below)"),
    "contributors": ("OWNER/REPO", "who committed to a repository (or give ORG: to any repository of an organization)"),
    "forks": ("OWNER/REPO", "who forked a repository"),
    "issues": ("OWNER/REPO", "who opened issues and pull requests in a repository"),
    "members": ("ORG", "the public members of an organization"),
    "followers": ("LOGIN", "who follows an account"),
}
"""The options for GitHub's lists: the metavariable, and who is on the list."""

EPILOG = """\
An account is a login such as zeke, the address of a profile or an avatar (https://github.com/zeke,
https://avatars.githubusercontent.com/u/2289), or ID+LOGIN@users.noreply.github.com. A file is text with an account per
line, CSV, JSON or Parquet. A file that cannot be read completely is refused before the first request.

Since 2026-06-30, GitHub lists stargazers only to the admins and collaborators of a repository. Stars are public events,
too: --gharchive 2026-01-*.json.gz --event WatchEvent --repo OWNER/REPO reads them from files of
https://www.gharchive.org.

--git sends the addresses of authors to GitHub, unless they are noreply addresses, to request their avatars. Anyone can
write any address into a commit: these rows are marked as forgeable.

--depth continues the scan, breadth first: zeke --depth 2 are zeke, the followers of zeke, and their followers. Each
account is scanned once; the store contains who follows whom. The list of each account from which the scan continues
needs a request per 100 accounts, and at least one. GitHub allows 60 per hour without a token, and 5,000 with one.

--via login needs one request per login instead of two, and does not count against the limit of github.com, which is
a few dozen pages. To verify a default avatar, the id of its account is looked up: with a token, for 100 accounts at
once; without one, on the account's page, until github.com limits the rate. Enterprise hosts always use the page.

Each input gets a row, even if it failed; docs/scan.md explains the columns. --redact replaces each login by a hash (an
HMAC) and removes all other values that identify the account. The key is random unless GITHUB_AVATARS_REDACT_KEY
contains one: then the rows of several runs can be joined, and the owner of the key can compute the hash of any login.
The file of --db is not redacted.

--engine ray scans on a cluster. It reads files of logins (text, .csv or .parquet) or --images and writes Parquet files,
on disk or in an object store; see docs/scaling.md.
"""


def add(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_command(subparsers, "scan", run, EPILOG)
    parser.add_argument(
        "sources",
        nargs="*",
        metavar="ACCOUNT|FILE|-",
        help="an account, a file of accounts, or - for stdin (see below)",
    )
    parser.add_argument(
        "--column", metavar="NAME", help="column of the files with the accounts (default: login, username, …)"
    )
    for kind, (metavar, who) in LISTS.items():
        parser.add_argument(f"--{kind}", action="append", default=[], metavar=metavar, help=f"{who}, from GitHub's API")
    parser.add_argument(
        "--git",
        action="append",
        default=[],
        type=Path,
        metavar="DIR",
        help="authors and co-authors of the commits in a local repository",
    )
    parser.add_argument(
        "--gharchive",
        action="extend",
        nargs="+",
        default=[],
        type=Path,
        metavar="FILE",
        help="who caused the events in files of GH Archive (.json.gz, .jsonl)",
    )
    parser.add_argument(
        "--event", action="append", default=[], metavar="TYPE", help="only these events, such as WatchEvent (a star)"
    )
    parser.add_argument(
        "--repo", action="append", default=[], metavar="OWNER/REPO", help="only the events of this repository"
    )
    parser.add_argument(
        "--profiles",
        action="store_true",
        help="add columns with the profile of each account, from GitHub's API; requires a token",
    )
    parser.add_argument("--no-bots", action="store_true", help="omit the accounts of GitHub Apps")
    parser.add_argument(
        "--depth",
        type=int,
        metavar="N",
        help="continue with the followers of the accounts, and with theirs, N times (see below)",
    )
    parser.add_argument("--following", action="store_true", help="with --depth: whom they follow, not their followers")
    parser.add_argument(
        "--only",
        choices=LABELS,
        help="with --depth: continue only from accounts with such avatars (default: from both)",
    )
    parser.add_argument(
        "--limit", type=int, metavar="N", help="with --depth: the maximum number of accounts in total (default: 5000)"
    )
    parser.add_argument(
        "--token-file",
        type=Path,
        metavar="FILE",
        help="file with a token for GitHub's API (default: the environment variable GITHUB_TOKEN; else none)",
    )
    parser.add_argument(
        "--images", type=Path, metavar="DIR", help="classify pictures on disk: a file or a folder per account"
    )
    parser.add_argument(
        "--via",
        choices=("login", "page"),
        default="login",
        help="fetch a login from the avatar host, or from the account's page (default: %(default)s; see below)",
    )
    parser.add_argument("--no-wait", action="store_true", help="fail at a rate limit of GitHub, instead of waiting")
    parser.add_argument(
        "--db", default="scan.db", metavar="FILE", help="store of the results, or :memory: (default: %(default)s)"
    )
    parser.add_argument(
        "--refresh", metavar="AGE", help="check accounts again after this time, such as 30d, 12h, 45m or 0s"
    )
    parser.add_argument(
        "--size", choices=("64", "full"), default="64", help="size of the pictures to request (default: %(default)s)"
    )
    parser.add_argument(
        "--keep-pictures", action="store_true", help="keep the pictures in the store, at full size, as GitHub sent them"
    )
    parser.add_argument(
        "--concurrency", type=int, default=16, metavar="N", help="fetches at once (default: %(default)s)"
    )
    parser.add_argument("--rate", type=float, metavar="N", help="maximum accounts per second (default: no limit)")
    add_unsure(parser)
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the rows to FILE instead of stdout")
    parser.add_argument("--format", choices=FORMATS, help="of the rows (default: by the name of FILE, else table)")
    parser.add_argument("--ordered", action="store_true", help="rows in the order of the input, at the end of the scan")
    parser.add_argument("--redact", action="store_true", help="hash the logins (see below)")
    parser.add_argument(
        "--engine", choices=ENGINES, default="local", help="where to scan (default: %(default)s; see below)"
    )
    parser.add_argument("--ray-address", metavar="ADDRESS", help="Ray cluster to use (default: one on this machine)")
    parser.add_argument("--workers", type=int, metavar="N", help="workers of Ray (default: one per processor)")


def add_unsure(parser: argparse.ArgumentParser) -> None:
    """Add the option --unsure; pass its value to `parse_unsure`."""
    parser.add_argument(
        "--unsure",
        default="0.05..0.95",
        metavar="LOW..HIGH",
        help="range of probabilities to review (default: %(default)s)",
    )


def parse_unsure(text: str) -> "UncertaintyRange":
    """The value of --unsure. Raises BadOption."""
    from github_avatars.scan.rows import check_uncertainty_range

    try:
        low, _, high = text.partition("..")
        unsure = float(low), float(high)
    except ValueError as error:
        raise BadOption(f"The unsure range is {text[:100]!r}: give LOW..HIGH, such as 0.05..0.95.") from error
    check_uncertainty_range(unsure)
    return unsure


def run(arguments: argparse.Namespace) -> None:
    """Classify the avatars of many accounts.

    The results are kept in a file. If a scan is interrupted, even by a kill, the same command resumes it. A later scan
    requests only new accounts.
    """
    from github_avatars.affinity import on_one_processor
    from github_avatars.cli.progress import ProgressBar
    from github_avatars.scan import Scan, Sources

    sources = Sources(
        arguments.sources,
        arguments.column,
        [(kind, name) for kind in LISTS for name in getattr(arguments, kind)],
        arguments.token_file,
        arguments.images,
        arguments.git,
        _gharchive(arguments),
        arguments.no_bots,
        _expansion(arguments),
    )
    options = _options(arguments)
    if arguments.engine == "ray":
        _run_on_ray(arguments, sources, options)
        return
    failure: GitHubError | BadToken | None = None
    with (
        _output(arguments) as write,
        ProgressBar() as progress,
        Scan(sources, options, observer=progress) as scan,
        _stop_on_signal(scan) as signals,
    ):
        try:
            # Pictures on disk are decoded on all processors.
            with nullcontext() if sources.images else on_one_processor():
                for row in scan.rows():
                    write(row)
        except (GitHubError, BadToken) as error:
            failure = error
        summary = scan.summary()
    print(summary, file=sys.stderr)
    if failure:
        kept = arguments.db != ":memory:"
        hint = f"The results so far are in {arguments.db}: run the same command again to resume."
        raise with_hint(failure, hint) if kept else failure
    if signals:
        raise Stopped(signals[0])


def with_hint(error: GitHubError | BadToken, hint: str) -> GitHubError | BadToken:
    """The same error with a longer message."""
    message = f"{error} {hint}"
    return RateLimited(message, error.until) if isinstance(error, RateLimited) else type(error)(message)


def _gharchive(arguments: argparse.Namespace) -> "GHArchive | None":
    from github_avatars.scan import GHArchive

    archive = GHArchive(arguments.gharchive, arguments.event, arguments.repo)
    return archive if archive.files else None


def _expansion(arguments: argparse.Namespace) -> "Expansion | None":
    from github_avatars.scan import Expansion

    given = {name: getattr(arguments, name) for name in ("only", "limit") if getattr(arguments, name) is not None}
    if arguments.following:
        given["relation"] = "following"
    if arguments.depth is not None:
        return Expansion(arguments.depth, **given)
    if given:
        raise BadOption("--following, --only and --limit apply to the accounts that --depth adds: give --depth, too.")
    return None


def _options(arguments: argparse.Namespace) -> "ScanOptions":
    from github_avatars.scan import ScanOptions

    return ScanOptions(
        db=arguments.db,
        refresh=None if arguments.refresh is None else _parse_age(arguments.refresh),
        size=None if arguments.size == "full" else int(arguments.size),
        keep_pictures=arguments.keep_pictures,
        via=arguments.via,
        profiles=arguments.profiles,
        concurrency=arguments.concurrency,
        rate=arguments.rate,
        wait=not arguments.no_wait,
        unsure=parse_unsure(arguments.unsure),
        ordered=arguments.ordered,
    )


def _parse_age(text: str) -> timedelta:
    match = re.fullmatch(r"([0-9]{1,6})([dhms])", text)
    if not match:
        raise BadOption(f"--refresh is {text[:100]!r}: give a number and d, h, m or s, such as 30d.")
    return timedelta(**{UNITS[match[2]]: int(match[1])})


def _run_on_ray(arguments: argparse.Namespace, sources: "Sources", options: "ScanOptions") -> None:
    from github_avatars.scan import ray_engine

    if arguments.redact:
        raise BadOption("--engine ray does not support --redact: omit it.")
    if not arguments.output:
        raise BadOption("--engine ray writes Parquet files: give a folder for them as --output.")
    summary = ray_engine.run(
        sources, options, arguments.output, workers=arguments.workers, cluster=arguments.ray_address
    )
    print(summary, file=sys.stderr)
    if summary.pending:
        raise Unreachable(
            f"{summary.pending:,} rows in {arguments.output} are pending, with the error that stopped them: "
            "scan these accounts again."
        )


@contextmanager
def _output(arguments: argparse.Namespace) -> "Iterator[Callable[[Row], None]]":
    """A function that writes rows to standard output, or to a file that gets its name when it is complete."""
    suffix = arguments.output.suffix[1:] if arguments.output else ""
    name = arguments.format or (suffix if suffix in FORMATS else "table")
    with ExitStack() as stack:
        file = stack.enter_context(open_output(arguments.output, _files(arguments))) if arguments.output else None
        yield stack.enter_context(
            _writer(name, file or sys.stdout.buffer, redact=arguments.redact, profiles=arguments.profiles)
        )


def _files(arguments: argparse.Namespace) -> "Iterator[str | Path]":
    """The inputs of a scan and the files of its store, which the output must not replace."""
    yield from (source for source in arguments.sources if source == "-" or is_file(source))
    yield from filter(None, (arguments.images, arguments.token_file, *arguments.gharchive))
    if arguments.db != ":memory:":
        yield from (arguments.db + suffix for suffix in ("", "-journal", "-wal", "-shm"))


@contextmanager
def _writer(name: str, file: BinaryIO, *, redact: bool, profiles: bool) -> "Iterator[Callable[[Row], None]]":
    from tqdm import tqdm

    from github_avatars.scan import formats
    from github_avatars.scan.rows import redactor

    writer = formats.writer(name, file, profiles=profiles)
    transform = redactor() if redact else lambda columns: columns
    # On a terminal, the bar is hidden while rows are written.
    write_mode = tqdm.external_write_mode if file.isatty() else nullcontext

    def write(row: "Row") -> None:
        with write_mode():
            writer.write([transform(row.columns(profiles=profiles))])

    yield write
    writer.close()


@contextmanager
def _stop_on_signal(scan: "Scan") -> Iterator[list[int]]:
    """Within this context, a signal that ends commands stops the scan, and a second one raises Stopped.

    Yields the numbers of the signals.
    """
    signals: list[int] = []

    def stop(number: int) -> None:
        signals.append(number)
        if len(signals) > 1:
            raise Stopped(number)
        scan.stop()

    with on_stop(stop):
        yield signals
