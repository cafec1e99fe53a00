"""github-avatars train."""

import argparse
import json

from github_avatars.cli.command import DATASET, Subparsers, add_checkout_path, add_command, progress_bar


def add(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_command(subparsers, "train", run)
    add_checkout_path(parser, "--data", path="avatars", metavar="DIR", help=DATASET)
    add_checkout_path(parser, "--model", path="model.pkl", metavar="FILE", help="file to write")
    parser.add_argument("--force", action="store_true", help="overwrite the model even if the new one scores worse")
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if the model is stale")


def run(arguments: argparse.Namespace) -> None:
    """Train the classifier on labeled pictures, write it with its card, and print its scores as JSON.

    Nothing is written if the new model scores worse than the existing one.
    """
    from github_avatars.training import fitting

    progress = progress_bar("picture")
    if arguments.check:
        fitting.check_model(arguments.data, arguments.model, progress)
    else:
        scores = fitting.train(arguments.data, arguments.model, force=arguments.force, progress=progress)
        print(json.dumps(scores))
