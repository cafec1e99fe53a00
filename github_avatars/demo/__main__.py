"""The stand-in as a program: python -m github_avatars.demo [--mode NAME]."""

import argparse
import math
import signal
import threading
from pathlib import Path

from github_avatars.demo import AVATARS, MODES, GitHubStandIn


def main() -> None:
    """Serve until SIGTERM or SIGINT; the first line on stdout is the address."""
    parser = argparse.ArgumentParser(
        prog="python -m github_avatars.demo",
        description="A stand-in for GitHub.",
        epilog="\n".join(["modes:", *(f"  {name:<20} {mode.help}" for name, mode in MODES.items())]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1 (default: a free one)")
    parser.add_argument("--avatars", type=Path, default=AVATARS, help="folder with index.csv (default: %(default)s)")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before every answer (default: 0)")
    parser.add_argument("--mode", choices=MODES, metavar="NAME", help="misbehave in one of the ways below")
    parser.add_argument("--bandwidth", type=float, default=math.inf, help="bytes a second in all (default: no limit)")
    parser.add_argument("--resize-identicons", action="store_true", help="make default avatars small on request, too")
    options = parser.parse_args()
    mode = MODES[options.mode] if options.mode else None
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with GitHubStandIn(
        options.avatars,
        port=options.port,
        latency=options.latency,
        bandwidth=options.bandwidth,
        mode=mode,
        resizes_identicons=options.resize_identicons,
    ) as standin:
        print(standin.url, flush=True)
        stop.wait()


if __name__ == "__main__":
    main()
