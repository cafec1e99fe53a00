"""Ends Cog's server when its worker has died. Cog itself would continue to run, and fail all predictions.

Docker can then restart the container. A helper process does this, because the worker may be killed at any time, and no
code of this project runs in the server of the image.
"""

import os
import select
import signal
import socket
import subprocess
import sys
from contextlib import suppress

GRACE_SECONDS = 1
"""The server sends the responses of the failed predictions within this time, or ends by itself during a shutdown."""


def watch_worker() -> "subprocess.Popen[bytes] | None":
    """Start the helper from Cog's worker; None if the system cannot refer to a process reliably (only Linux can).

    The helper watches as long as the worker keeps the result.
    """
    if not hasattr(os, "pidfd_open"):
        return None
    return subprocess.Popen(  # noqa: S603
        # The options -I and -S make Python start faster.
        [sys.executable, "-I", "-S", __file__, str(os.getppid()), os.environ.get("PORT", "5000")],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # Ctrl-C ends the server and the worker, but not the helper.
        start_new_session=True,
    )


def main(server_process: int, port: int) -> None:
    """Wait until the worker has died, then end the server, unless it is already shutting down."""
    server = os.pidfd_open(server_process)
    sys.stdin.read()  # ends when the worker no longer exists, because only the worker can write
    while not _has_ended(server, GRACE_SECONDS):
        if _accepts_connections(port):
            signal.pidfd_send_signal(server, signal.SIGKILL)
            if not _has_ended(server, GRACE_SECONDS):
                # The system protects the first process of a container from SIGKILL, but Cog handles SIGTERM.
                signal.pidfd_send_signal(server, signal.SIGTERM)


def _has_ended(process: int, seconds: float) -> bool:
    """Whether the process of a file descriptor ends within this time."""
    return bool(select.select([process], [], [], seconds)[0])


def _accepts_connections(port: int) -> bool:
    """Whether the server accepts connections, which it no longer does during a shutdown."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=GRACE_SECONDS):
        return True
    return False


if __name__ == "__main__":
    with suppress(ProcessLookupError):  # the server has ended
        main(int(sys.argv[1]), int(sys.argv[2]))
