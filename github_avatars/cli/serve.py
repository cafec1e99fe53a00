"""github-avatars serve."""

import argparse

from github_avatars.cli.command import Subparsers, add_command, web_packages


def add(subparsers: Subparsers) -> None:
    """Add the command."""
    one = add_command(subparsers, "serve", run)
    one.add_argument(
        "--port", type=int, default=8000, metavar="N", help="port (default: %(default)s; 0: any that is free)"
    )
    one.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="HOST",
        help="address to listen on (default: %(default)s, and then only this machine's own names are answered)",
    )
    one.add_argument("--cog", metavar="URL", help="let the Cog server at this address give the verdicts")
    one.add_argument("--demo", action="store_true", help="ask a stand-in for GitHub on this machine instead")


def run(arguments: argparse.Namespace) -> None:
    """Serve the page to try it on, for a browser.

    Prints the page's address and serves until it is interrupted. docs/web.md tells what it does and keeps.
    """
    with web_packages():
        from github_avatars.web import server
    server.serve(arguments.host, arguments.port, cog=arguments.cog, demo=arguments.demo)
