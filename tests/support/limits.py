"""What a picture file comes to, in a process that the kernel ends where it costs too much.

As a program: for each line `ROAD PATH` on standard input, the outcome as a line of JSON.
"""

import json
import os
import re
import resource
import sys
from pathlib import Path

from github_avatars import classify, demo
from github_avatars.errors import BadImage
from github_avatars.picture import decoding

SECONDS = 1
"""Of processor time, for one picture, on a machine with nothing else to do."""

HANGING = 5
"""Seconds of processor time after which a picture is said to hang, however slow and busy the machine is."""

MEGABYTES = 200
"""Of memory, for one picture, beyond what the process had before it."""

ROADS = {
    "classify": lambda path: classify(path).label,
    "decode": lambda path: decoding.read(path).mode,
}


def memory(name: str) -> float:
    """A figure of /proc/self/status in megabytes: VmRSS, VmHWM (the most that VmRSS was) or VmData."""
    found = re.search(rf"^{name}:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found
    return int(found[1]) / 1000


def outcome(road: str, path: str) -> dict[str, object]:
    """What a process of its own came to with a file: `said`, unless it ended by `signal`; `seconds`, `megabytes`."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        had = memory("VmRSS")
        # What is asked for and never used counts here, though it is no memory; so this only stops what is far too much.
        allowed = int((memory("VmData") + 5 * MEGABYTES) * 1e6)
        resource.setrlimit(resource.RLIMIT_DATA, (allowed, allowed))
        resource.setrlimit(resource.RLIMIT_CPU, (HANGING, HANGING))
        try:
            said = ROADS[road](path)
        except BadImage as error:
            said = f"{type(error).__name__}: {error}"
        except BaseException as error:
            said = f"raises {error!r}"
        os.write(writing, json.dumps({"said": said, "megabytes": memory("VmHWM") - had}).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as told:
        text = told.read() or b"{}"
    _, status, used = os.wait4(child, 0)
    return {"seconds": used.ru_utime + used.ru_stime, "signal": os.WTERMSIG(status), **json.loads(text)}


def main() -> None:
    """Get ready, so that a process costs no more than its picture does, and answer."""
    for example in ("logo-4.jpg", "logo-0.png", "photo-pale-0.webp", "plain-4.gif"):
        for road in ROADS.values():
            road(str(demo.AVATARS / "custom" / example))
    for line in sys.stdin:
        print(json.dumps(outcome(*line.rstrip("\n").split(" ", 1))), flush=True)


if __name__ == "__main__":
    main()
