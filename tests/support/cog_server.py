"""Cog's HTTP server as a process, for tests and benchmarks."""

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Self

from github_avatars.service import COG_VARIABLES
from github_avatars.service.memory import MALLOC
from tests.support.processes import ROOT
from tests.support.timing import TIMEOUT, wait_until

COMMAND = [sys.executable, "-m", "cog.server.http", "--host", "127.0.0.1"]
"""Cog's server, which needs the variables of `cog_variables`."""


def cog_variables(predictor: Path, port: int) -> dict[str, str]:
    """The environment variables with which COMMAND serves the Predictor in this file on this port."""
    return {
        "COG_PREDICT_TYPE_STUB": f"{predictor}:Predictor",
        **COG_VARIABLES,
        "PORT": str(port),
        # Cog starts its worker as `python`.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        **{name: str(value) for name, value in MALLOC.items()},
    }


def add_schema(folder: Path) -> None:
    """Put openapi.json where a server in `folder` reads it, as `cog build` does. The server validates inputs then."""
    (folder / ".cog").mkdir(parents=True)
    shutil.copyfile(ROOT / "openapi.json", folder / ".cog" / "openapi_schema.json")


class CogServer:
    """Cog's HTTP server, in a process group that is killed at the end of the `with` statement."""

    def __init__(
        self, command: Sequence[str | Path], folder: Path, port: int, environment: Mapping[str, str], output: Path
    ) -> None:
        self.port = port
        self.environment = environment
        self.stdout = output / "stdout"
        self.stderr = output / "stderr"
        with self.stdout.open("wb") as stdout, self.stderr.open("wb") as stderr:
            self.process = subprocess.Popen(
                command, cwd=folder, env=environment, stdout=stdout, stderr=stderr, start_new_session=True
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def connection(self, timeout: float = TIMEOUT) -> http.client.HTTPConnection:
        """A new connection to the server."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def request(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = TIMEOUT,
    ) -> tuple[int, Any]:
        """Send a request with `body` as JSON; return the status and the decoded JSON of the response."""
        with closing(self.connection(timeout)) as connection:
            content = None if body is None else json.dumps(body)
            connection.request(method, path, content, {"Content-Type": "application/json", **(headers or {})})
            response = connection.getresponse()
            return response.status, json.loads(response.read() or "null")

    def predict(self, **inputs: object) -> dict[str, Any]:
        """The response to an accepted prediction, which may have failed."""
        status, response = self.request("POST", "/predictions", {"input": inputs})
        assert status == 200, response
        assert isinstance(response, dict)
        return response

    def health(self) -> dict[str, Any]:
        """The response of /health-check; empty if the server does not listen yet."""
        try:
            status, response = self.request("GET", "/health-check")
        except (ConnectionError, http.client.HTTPException):
            assert self.process.poll() is None, self.log()
            return {}
        assert status == 200
        return dict(response)

    def wait_for_status(self, status: str) -> dict[str, Any]:
        """The response of /health-check as soon as it has this status. Fails if it has another final status."""
        health: dict[str, Any] = {}

        def has_status() -> bool:
            nonlocal health
            health = self.health()
            assert health.get("status") not in {"READY", "SETUP_FAILED", "DEFUNCT"} - {status}, self.log()
            return health.get("status") == status

        wait_until(has_status, lambda: f"{health}\n{self.log()}")
        return health

    def log(self) -> str:
        """What the server wrote to standard error."""
        return self.stderr.read_text(encoding="utf-8")
