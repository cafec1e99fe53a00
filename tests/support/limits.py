"""The time and memory that a picture file takes, measured in a child process with hard limits.

As a program: for each line `FUNCTION PATH` on standard input, prints the outcome as a line of JSON.
"""

import json
import os
import re
import resource
import sys
import tempfile
from pathlib import Path

from PIL import Image

from github_avatars import classify, demo
from github_avatars.errors import BadImage
from github_avatars.picture import decoding

MAX_SECONDS = 1
"""The maximum processor time for one picture, on an idle machine."""

TIMEOUT_SECONDS = 5
"""The processor time after which a picture counts as hanging, even on a slow and busy machine."""

MAX_MEGABYTES = 200
"""The maximum memory for one picture, in addition to the memory that the process uses before."""

FUNCTIONS = {
    "classify": lambda path: classify(path).label,
    "decode": lambda path: decoding.read(path).mode,
}


def memory(field: str, process: int | str = "self") -> float:
    """A field of a process's /proc/PID/status in megabytes: VmRSS, VmHWM (the peak of VmRSS) or VmData."""
    match = re.search(rf"^{field}:\s+(\d+) kB$", Path(f"/proc/{process}/status").read_text(), re.MULTILINE)
    assert match
    return int(match[1]) / 1000


def outcome(function: str, path: str) -> dict[str, object]:
    """The `result` of a function for a file, unless a `signal` ends it; the `seconds` and `megabytes` that it takes."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if not child:
        before = memory("VmRSS")
        # This limit also counts memory that is allocated but never used, so it is much larger than MAX_MEGABYTES.
        allowed = int((memory("VmData") + 5 * MAX_MEGABYTES) * 1e6)
        resource.setrlimit(resource.RLIMIT_DATA, (allowed, allowed))
        resource.setrlimit(resource.RLIMIT_CPU, (TIMEOUT_SECONDS, TIMEOUT_SECONDS))
        try:
            result = FUNCTIONS[function](path)
        except BadImage as error:
            result = f"{type(error).__name__}: {error}"
        except BaseException as error:
            result = f"raises {error!r}"
        os.write(write_end, json.dumps({"result": result, "megabytes": memory("VmHWM") - before}).encode())
        os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as pipe:
        text = pipe.read() or b"{}"
    _, status, usage = os.wait4(child, 0)
    return {"seconds": usage.ru_utime + usage.ru_stime, "signal": os.WTERMSIG(status), **json.loads(text)}


def main() -> None:
    # Warm up, so that the children spend time and memory on their picture only.
    with tempfile.TemporaryDirectory() as folder:
        avif = Path(folder, "warm-up.avif")
        Image.new("RGB", (64, 64), "red").save(avif)
        for example in ("logo-4.jpg", "logo-0.png", "photo-pale-0.webp", "plain-4.gif", avif):
            for function in FUNCTIONS.values():
                function(str(demo.AVATARS / "custom" / example))
    for line in sys.stdin:
        print(json.dumps(outcome(*line.rstrip("\n").split(" ", 1))), flush=True)


if __name__ == "__main__":
    main()
