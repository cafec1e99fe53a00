import os
import signal
import subprocess
import sys
from contextlib import suppress

from tests.support.processes import ROOT, clean_environment, living_processes
from tests.support.timing import wait_until

PROGRAM = """
import time
from github_avatars.training.workers import process_pool
with process_pool() as pool:
    list(pool.map(time.sleep, [600]))
"""


def test_workers_end_with_their_killed_parent() -> None:
    command = [sys.executable, "-c", PROGRAM]
    with subprocess.Popen(command, cwd=ROOT, env=clean_environment(), start_new_session=True) as parent:
        try:
            # The parent, at least one worker, and the resource tracker of multiprocessing.
            wait_until(lambda: len(living_processes(parent.pid)) >= 3)
            parent.kill()
            parent.wait()
            wait_until(lambda: not living_processes(parent.pid))
        finally:
            with suppress(ProcessLookupError):
                os.killpg(parent.pid, signal.SIGKILL)
