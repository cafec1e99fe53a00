"""github-avatars demo."""

import argparse
import math
from pathlib import Path

from github_avatars.cli.command import ParagraphFormatter, Subparsers, add_command

EPILOG = "docs/reliability.md lists the result of a fetch in each mode."


class ModesFormatter(ParagraphFormatter):
    """Prints the list of modes after EPILOG, so that only the help of this command imports the stand-in."""

    def _format_text(self, text: str) -> str:
        if text != EPILOG:
            return super()._format_text(text)
        from github_avatars import demo

        modes = "".join(f"  {name:<20} {mode.description}\n" for name, mode in demo.MODES.items())
        return f"{super()._format_text(text)}modes:\n{modes}"


def add(subparsers: Subparsers) -> None:
    """Add the command."""
    demo = add_command(subparsers, "demo", run, EPILOG)
    demo.formatter_class = ModesFormatter
    demo.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="ADDRESS",
        help="address to listen on; 0.0.0.0 for all, so that containers can connect (default: %(default)s)",
    )
    demo.add_argument("--port", type=int, default=0, metavar="N", help="port (default: a free one)")
    demo.add_argument(
        "--avatars",
        type=Path,
        metavar="DIR",
        help="folder with pictures and an index.csv (default: the drawn avatars of the project)",
    )
    demo.add_argument(
        "--latency", type=float, default=0.0, metavar="SECONDS", help="delay of each response (default: %(default)s)"
    )
    demo.add_argument(
        "--bandwidth", type=float, default=math.inf, metavar="N", help="bytes per second in all (default: no limit)"
    )
    demo.add_argument("--resize-identicons", action="store_true", help="resize default avatars too, if requested")
    demo.add_argument(
        "--graph", action="store_true", help="add 2,000 accounts, graph-0 to graph-1999, that follow each other"
    )
    demo.add_argument("--mode", type=_mode, metavar="NAME", help="misbehave in one of the ways listed by --help")


def run(arguments: argparse.Namespace) -> None:
    """Run a stand-in for GitHub on this machine.

    It serves the avatars of a folder until it is interrupted. The first line of standard output is its address; with
    this address in the variable GITHUB_URL, all commands use the stand-in.
    """
    from github_avatars import demo

    standin = demo.GitHubStandIn(
        arguments.avatars or demo.AVATARS,
        host=arguments.host,
        port=arguments.port,
        latency=arguments.latency,
        bandwidth=arguments.bandwidth,
        mode=demo.MODES[arguments.mode] if arguments.mode else None,
        resize_identicons=arguments.resize_identicons,
        graph=demo.Graph() if arguments.graph else None,
    )
    demo.run(standin, lambda url: print(url, flush=True))


def _mode(name: str) -> str:
    from github_avatars import demo

    if name not in demo.MODES:
        raise argparse.ArgumentTypeError(f"invalid choice: {name!r} (choose from {', '.join(demo.MODES)})")
    return name
