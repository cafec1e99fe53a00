"""github-avatars report."""

import argparse
from itertools import chain
from pathlib import Path

from github_avatars.cli.command import Subparsers, add_command, add_directory, dataset_files, progress_bar
from github_avatars.files import open_output
from github_avatars.text import printable


def add(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_command(subparsers, "report", run)
    add_directory(parser)
    parser.add_argument(
        "--evaluation", type=Path, metavar="JSON", help="what evaluate --json wrote (default: evaluate the folder)"
    )
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="HTML", help="page to write")


def run(arguments: argparse.Namespace) -> None:
    """Write an HTML page about the classifier's scores on a folder of labeled pictures, with every wrong prediction."""
    from github_avatars.evaluation import report

    given = [arguments.evaluation] if arguments.evaluation else []
    with open_output(arguments.output, chain(given, dataset_files(arguments.directory))) as file:
        if arguments.evaluation:
            html = report.page_of_file(arguments.evaluation, arguments.directory)
        else:
            from github_avatars.evaluation import evaluating

            evaluation = evaluating.evaluate(arguments.directory, progress=progress_bar("picture"))
            html = report.page(evaluation, arguments.directory)
        file.write(html.encode())
    print(printable(str(arguments.output)))
