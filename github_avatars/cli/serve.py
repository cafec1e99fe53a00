"""github-avatars serve."""

import argparse

from github_avatars.cli.command import Subparsers, add_command, print_address


def add(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = add_command(subparsers, "serve", run)
    parser.add_argument(
        "--port", type=int, default=8000, metavar="N", help="port (default: %(default)s; 0: any free port)"
    )
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="HOST",
        help="address to listen on (default: %(default)s; on loopback, only names of this machine are accepted)",
    )
    parser.add_argument("--demo", action="store_true", help="use a stand-in for GitHub on this machine")


def run(arguments: argparse.Namespace) -> None:
    """Serve a page for trying the classifier in a browser.

    Prints the page's address and serves until it is interrupted. docs/web.md describes the page.
    """
    from github_avatars.web import server

    server.serve(arguments.host, arguments.port, demo=arguments.demo, on_ready=print_address)
