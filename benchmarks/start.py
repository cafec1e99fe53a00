"""Cold start: from the start of a process to the first prediction, beside Predictors that only import something."""

import base64
import http.client
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import running
from benchmarks.running import FLOOR, ROOT
from benchmarks.timing import in_turns, ratios, shown, spread
from github_avatars.demo import AVATARS
from github_avatars.evaluation.tables import table
from github_avatars.training import dataset

LEARNING, NOTHING, OURS = "imports scikit-learn", "imports nothing", "ours"
FLOORS = {LEARNING: "learning", NOTHING: "nothing"}

ONCE = """
import asyncio, sys
from cog.predictor import load_predictor_from_ref
predictor = load_predictor_from_ref(sys.argv[1])
predictor.setup()
print(asyncio.run(predictor.run(username="octocat")))
"""
"""What script/predict does, with the Predictor of a floor."""

BLAMED = ("numpy", "PIL", "requests", "urllib3", "cog", "github_avatars")
"""Packages whose import is timed: with all that they are the first to import."""


def measure(rounds: int) -> dict[str, Any]:
    """Seconds to the first answer of script/predict and of the server, and what the imports take of it."""
    picture = AVATARS / dataset.read_index(AVATARS)[0].file
    command = [str(ROOT / "script" / "predict"), "-i", f"image=@{picture}"]
    once = {OURS: partial(_once, command)} | {
        name: partial(_once, [sys.executable, "-c", ONCE, f"{ROOT / 'benchmarks' / 'floors' / module}.py:Predictor"])
        for name, module in FLOORS.items()
    }
    data_url = f"data:image/png;base64,{base64.b64encode(picture.read_bytes()).decode()}"
    serve = {OURS: partial(_serve, None, {"image": data_url})} | {
        name: partial(_serve, module, {"username": "octocat"}) for name, module in FLOORS.items()
    }
    return {
        "rounds": rounds,
        "script/predict": _compare(once, rounds),
        "script/server": _compare(serve, rounds),
        "imports": imports(),
    }


def _compare(contestants: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, Any]:
    taken = in_turns(contestants, rounds)
    return {name: {"s": spread(each), "ratio": ratios(each, taken[LEARNING])} for name, each in taken.items()}


def _once(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, cwd=ROOT, env=_environment(), check=True, capture_output=True)
    return time.perf_counter() - started


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("COG_", "GITHUB_"))}
    return kept | {"PYTHONPATH": str(ROOT)}


def _serve(floor: str | None, inputs: dict[str, str]) -> float:
    """Seconds to the first answer of our server, or of one with the Predictor of a floor."""
    port = running.free_port()
    ours = [sys.executable, "-m", "github_avatars.cli.local", "serve", "--port", str(port)]
    body = json.dumps({"input": inputs}).encode()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        command, where, variables = (
            (FLOOR, folder, running.of_floor(floor, folder, port)) if floor else (ours, ROOT, {})
        )
        started = time.perf_counter()
        with running.running(command, folder / "log", where, **variables):
            running.wait_until(partial(_answers, port, body), pause=0.005)
            return time.perf_counter() - started


def _answers(port: int, body: bytes) -> bool:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=running.TIMEOUT)) as connection:
        try:
            connection.request("POST", "/predictions", body, {"Content-Type": "application/json"})
            answer = json.loads(connection.getresponse().read())
        except (OSError, http.client.HTTPException):
            return False
        return bool(answer.get("status") == "succeeded")


def imports() -> dict[str, float]:
    """Milliseconds that importing predict.py takes, in all and by package, by Python's -X importtime."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "import predict"],
        cwd=ROOT,
        env=_environment(),
        check=True,
        capture_output=True,
        text=True,
    )
    found = re.findall(r"^import time: +\d+ \| +(\d+) \|( +)(\S+)$", done.stderr, re.MULTILINE)
    spent = {name: int(microseconds) / 1000 for microseconds, _, name in found}
    return {name: round(spent.get(name, 0.0), 1) for name in ("predict", *BLAMED)}


def page(found: dict[str, Any]) -> str:
    """The section of the page."""
    rows = [
        (command, name, shown(one["s"]), shown(one["ratio"]))
        for command in ("script/predict", "script/server")
        for name, one in found[command].items()
    ]
    return f"""\
## Cold start

From the start of the process to the first answer, by the clock, in {found["rounds"]} rounds. Beside ours: Cog with a
Predictor that imports what every classifier of scikit-learn needs and then does nothing, and with one that imports
nothing but Cog. Ours is given a picture, so that no network counts. The aim is 1.1 times the first of them.

{table(("", "the Predictor", "seconds", f"times “{LEARNING}”"), rows)}

What serving imports, in milliseconds, each with all that it is the first to import:

{table(tuple(found["imports"]), [tuple(f"{ms:.0f}" for ms in found["imports"].values())])}
"""


if __name__ == "__main__":
    print(page(measure(2)))
