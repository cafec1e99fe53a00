"""`python -m github_avatars.cli.ablation`: compare our features with other features and with networks.

This is a tool for maintainers, not a subcommand of github-avatars.
"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from github_avatars.cli import process
from github_avatars.cli.command import Parser, add_checkout_path, dataset_files, progress_bar, write_json
from github_avatars.errors import BadFile
from github_avatars.extras import optional_packages
from github_avatars.files import open_output


def main(words: Sequence[str] | None = None) -> int:
    """Run the comparison that the command line describes, and return the exit code."""
    parser = Parser(prog="script/ablation", description="Compare our features with other features and with networks.")
    parser.add_argument("--deep", action="store_true", help="include the networks")
    add_checkout_path(parser, "--avatars", path="avatars", metavar="DIR", help="folder with an index.csv")
    add_checkout_path(parser, "-o", "--output", path="docs/ablation.json", metavar="JSON", help="file to update")
    arguments = parser.parse_args(words)

    def compare() -> None:
        with optional_packages():
            _compare(arguments.avatars, arguments.output, arguments.deep)

    return process.run(compare)


def _compare(directory: Path, output: Path, with_networks: bool) -> None:
    from github_avatars.evaluation.ablation import comparison
    from github_avatars.evaluation.ablation.competitors import LIGHT

    competitors, packages = LIGHT, tuple[str, ...]()
    if with_networks:
        from github_avatars.evaluation.ablation import deep

        competitors, packages = LIGHT + deep.DEEP, deep.PACKAGES
    with open_output(output, dataset_files(directory)) as file:
        earlier = _read(output)
        latest = comparison.compare(directory, competitors, packages, progress_bar("unit"))
        write_json(file, comparison.merge(earlier, latest))


def _read(path: Path) -> dict[str, Any]:
    """An earlier comparison; empty if there is none."""
    try:
        earlier: dict[str, Any] = json.loads(path.read_bytes()) if path.exists() else {}
    except ValueError as error:
        raise BadFile(f"{path} is not JSON ({error}): restore it from the repository, or delete it.") from error
    return earlier


if __name__ == "__main__":
    sys.exit(main())
