"""What script/predict and script/server run: `python -m github_avatars.cli.local predict|serve`.

It is not a subcommand of github-avatars, because it needs Cog and the files of the project.
"""

import argparse
import os
import sys
from contextlib import nullcontext

from github_avatars.cli.process import print_error, replace_closed_streams
from github_avatars.errors import GitHubAvatarsError


def main() -> int:
    """Parse the command line and run; return the exit code."""
    parser = argparse.ArgumentParser(description="Run the Cog service on this machine, without Docker.")
    commands = parser.add_subparsers(dest="command", required=True)
    predict = commands.add_parser("predict", prog="script/predict", help="predict once and print JSON")
    predict.add_argument(
        "-i", "--input", action="append", default=[], metavar="NAME=VALUE", help="username=NAME or image=@FILE"
    )
    serve = commands.add_parser("serve", prog="script/server", help="run the HTTP server")
    serve.add_argument("--port", type=int, default=5000, help="port on 127.0.0.1 (default: %(default)s)")
    for command in (predict, serve):
        command.add_argument("--demo", action="store_true", help="use a stand-in for GitHub on this machine")
    arguments, unknown = parser.parse_known_args()
    if unknown:
        # The command's parser prints the name of the script.
        commands.choices[arguments.command].error(f"unrecognized arguments: {' '.join(unknown)}")
    replace_closed_streams()
    try:
        run(arguments)
    except (GitHubAvatarsError, OSError) as error:
        return print_error(error)
    except KeyboardInterrupt:
        # A normal exit would wait for the thread of the interrupted fetch.
        os._exit(130)
    return 0


def run(arguments: argparse.Namespace) -> None:
    """Run the command that the arguments name."""
    from github_avatars.service import local

    with local.stand_in() if arguments.demo else nullcontext():
        if arguments.command == "serve":
            local.serve(arguments.port)
        else:
            print(local.predict(arguments.input), flush=True)


if __name__ == "__main__":
    sys.exit(main())
