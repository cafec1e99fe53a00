"""Start: the time from starting the server to its first response, and that of commands."""

import base64
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from http.client import HTTPException
from pathlib import Path
from typing import Any

from benchmarks.against import THIS, Checkout
from benchmarks.measuring import alternate, compare, format_spread
from benchmarks.running import baseline_server, our_server
from github_avatars.demo import AVATARS
from github_avatars.evaluation.tables import table
from github_avatars.training import dataset
from tests.support.cog_server import CogServer
from tests.support.processes import ROOT, clean_environment
from tests.support.timing import TIMEOUT

SCIKIT_LEARN, OURS = "imports scikit-learn", "ours"

IMPORTS = 'python -c "import numpy, PIL.Image"'
"""The baseline of the commands."""


def measure(rounds: int, other: Checkout | None = None) -> dict[str, Any]:
    """Measure the seconds to the first response of our server and of the baseline, and the seconds of commands."""
    file = AVATARS / dataset.read_index(AVATARS)[0].file
    picture = file.read_bytes()
    data_url = f"data:image/png;base64,{base64.b64encode(picture).decode()}"
    candidates: dict[str, Callable[[], float]] = {
        OURS: partial(_seconds_to_response, our_server, {"image": data_url}),
        SCIKIT_LEARN: partial(_seconds_to_response, partial(baseline_server, "scikit_learn"), {"username": "octocat"}),
    }
    if other:
        candidates[other.name] = partial(
            _seconds_to_response, partial(our_server, root=other.root), {"image": data_url}
        )
    seconds = alternate(candidates, rounds)
    commands = alternate(_commands(file, other), rounds)
    return {
        "rounds": rounds,
        "script/server": compare(seconds, SCIKIT_LEARN, "s"),
        "commands": compare(commands, IMPORTS, "s"),
    }


def _commands(file: Path, other: Checkout | None) -> dict[str, Callable[[], float]]:
    """Functions that return the seconds that a command takes, by what the table calls it."""
    commands: dict[str, Callable[[], float]] = {IMPORTS: partial(_seconds, ROOT, "-c", "import numpy, PIL.Image")}
    for checkout in (THIS, other):
        if checkout:
            suffix = "" if checkout is THIS else f", {checkout.name}"
            run = partial(_seconds, checkout.root, "-m", "github_avatars")
            commands[f"github-avatars --help{suffix}"] = partial(run, "--help")
            commands[f"github-avatars predict FILE{suffix}"] = partial(run, "predict", str(file))
    return commands


def _seconds(root: Path, *words: str) -> float:
    start = time.perf_counter()
    environment = clean_environment(PYTHONPATH=str(root))
    subprocess.run([sys.executable, *words], cwd=root, env=environment, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - start


def _seconds_to_response(start_server: Callable[[Path], Any], inputs: dict[str, str]) -> float:
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        with start_server(Path(folder) / "server") as server:
            while not _succeeds(server, inputs):
                if time.perf_counter() > start + TIMEOUT:
                    raise TimeoutError(f"the server does not start: {server.log()}")
                time.sleep(0.005)
            return time.perf_counter() - start


def _succeeds(server: CogServer, inputs: dict[str, str]) -> bool:
    try:
        _, prediction = server.request("POST", "/predictions", {"input": inputs})
    except (OSError, HTTPException):
        return False
    return bool(prediction.get("status") == "succeeded")


def section(results: dict[str, Any]) -> str:
    """Write the section of the page."""
    rows = [
        (name, format_spread(values["s"]), format_spread(values["ratio"]))
        for name, values in results["script/server"].items()
    ]
    return f"""\
## Cold start

From starting the server to its first response, in wall-clock time, in {results["rounds"]} rounds. The baseline is Cog
with a Predictor that imports what a scikit-learn classifier needs and does nothing else. Our server classifies an
uploaded picture, so that no network is involved. The target is 1.1 times the baseline.

{table(("Predictor", "seconds", "ratio"), rows)}
{_commands_section(results)}"""


def _commands_section(results: dict[str, Any]) -> str:
    rows = [
        (name, format_spread(values["s"]), format_spread(values["ratio"]))
        for name, values in results["commands"].items()
    ]
    return f"""
Commands, from their start to their end, in as many rounds. The target is 1.5 times the baseline, which only imports.

{table(("command", "seconds", "ratio"), rows)}
"""
