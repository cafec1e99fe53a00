"""Cog's real HTTP server as a process."""

import http.client
import json
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from tests.support.timing import TIMEOUT, wait_until


class CogServer:
    """Cog's HTTP server, started by `command` in a process group of its own that lasts no longer than the `with`."""

    def __init__(
        self, command: Sequence[str | Path], folder: Path, port: int, environment: Mapping[str, str], output: Path
    ) -> None:
        self.port = port
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

    def request(
        self,
        method: str,
        path: str,
        body: object = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = TIMEOUT,
    ) -> tuple[int, Any]:
        """The status and the decoded JSON of one answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            content = None if body is None else json.dumps(body)
            connection.request(method, path, content, {"Content-Type": "application/json", **(headers or {})})
            response = connection.getresponse()
            return response.status, json.loads(response.read() or "null")
        finally:
            connection.close()

    def predict(self, **inputs: object) -> dict[str, Any]:
        """What an accepted prediction comes to: the whole answer, succeeded or failed."""
        status, answer = self.request("POST", "/predictions", {"input": inputs})
        assert status == 200, answer
        assert isinstance(answer, dict)
        return answer

    def health(self) -> dict[str, Any]:
        """The answer of /health-check; empty while the server does not listen yet."""
        try:
            status, answer = self.request("GET", "/health-check")
        except (ConnectionError, http.client.HTTPException):
            assert self.process.poll() is None, self.log()
            return {}
        assert status == 200
        return dict(answer)

    def wait_for_status(self, status: str) -> dict[str, Any]:
        """The answer of /health-check as soon as the server is in this state."""
        healths: list[dict[str, Any]] = [{}]

        def reached() -> bool:
            healths.append(self.health())
            settled = {"READY", "SETUP_FAILED", "DEFUNCT"} - {status}
            assert healths[-1].get("status") not in settled, f"{healths[-1]}\n{self.log()}"
            return healths[-1].get("status") == status

        wait_until(reached, lambda: f"{healths[-1]}\n{self.log()}")
        return healths[-1]

    def log(self) -> str:
        return self.stderr.read_text(encoding="utf-8")
