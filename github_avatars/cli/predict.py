"""github-avatars predict."""

import argparse
import json
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from github_avatars.cli.command import Subparsers, add_command
from github_avatars.cli.process import print_error
from github_avatars.errors import BadInput, BadLogin, GitHubAvatarsError

if TYPE_CHECKING:
    from github_avatars.github import GitHub


def add(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_command(subparsers, "predict", run)
    parser.add_argument(
        "subjects",
        nargs="+",
        metavar="FILE|ACCOUNT",
        help="a picture file, or a GitHub login or the address of an account",
    )


def run(arguments: argparse.Namespace) -> int:
    """Classify accounts or picture files, and print one line of JSON for each.

    A line contains the username and its href, both null for a file, and the prediction: "default" or "custom". For an
    address with only the id of an account, the username is null. After an error, the prediction is null, standard error
    explains why, and the exit code is 1; the other lines are complete.
    """
    from github_avatars import classifier
    from github_avatars.files import is_file
    from github_avatars.prediction import predict
    from github_avatars.service import logs

    logs.enable()
    model = classifier.load(classifier.MODEL)
    code = 0
    github: GitHub | None = None
    with ExitStack() as stack:
        for subject in arguments.subjects:
            file = Path(subject) if is_file(subject) else None
            username = None if file else subject
            if username is not None and github is None:
                # Imported here because it takes as long as the rest.
                from github_avatars import github as github_package

                github = stack.enter_context(github_package.GitHub())
            line: dict[str, str | None] = {"username": username, "href": None, "prediction": None}
            try:
                line = predict(username, file, github, model, name=subject).output()
            except BadLogin as error:
                code = print_error(BadInput(f"There is no such picture file, and {error}"))
            except GitHubAvatarsError as error:
                code = print_error(error)
            print(json.dumps(line), flush=True)
    return code
