"""The Cog service on this machine, without Docker: one prediction, or the HTTP server."""

import asyncio
import errno
import inspect
import json
import os
import runpy
import shutil
import socket
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cog
from cog.predictor import load_predictor_from_ref

from github_avatars.errors import BadFile, BadOption, InUse
from github_avatars.service import COG_VARIABLES
from github_avatars.service.memory import MALLOC

ROOT = Path(__file__).resolve().parents[2]
PREDICTOR = f"{ROOT / 'predict.py'}:Predictor"


def predict(inputs: Iterable[str]) -> str:
    """The Predictor's output as JSON. Each input is NAME=VALUE, or NAME=@FILE for a file.

    Raises BadOption for a malformed input, and the errors of the Predictor.
    """
    predictor = load_predictor_from_ref(PREDICTOR)
    values = _parse(inputs, set(inspect.signature(predictor.run).parameters))
    predictor.setup()
    return json.dumps(vars(asyncio.run(predictor.run(**values))))


def _parse(inputs: Iterable[str], names: set[str]) -> dict[str, str | cog.Path | None]:
    values: dict[str, str | cog.Path | None] = dict.fromkeys(names)
    for text in inputs:
        name, equals, value = text.partition("=")
        if not equals or name not in names:
            raise BadOption(f"-i {text} is not an input: give NAME=VALUE with one of {', '.join(sorted(names))}.")
        if values[name] is not None:
            raise BadOption(f"-i {name}=… is given twice: run script/predict once for each.")
        values[name] = cog.Path(value[1:]) if value.startswith("@") else value
    return values


def serve(port: int) -> None:
    """Run Cog's HTTP server on 127.0.0.1 until it receives SIGTERM or SIGINT.

    Raises BadOption for an invalid port, InUse if another process uses it, and BadFile if .cog cannot be written.
    """
    _check_port(port)
    os.chdir(ROOT)
    # Cog validates inputs, and serves /openapi.json, only with the schema that `cog build` writes to this path.
    try:
        Path(".cog").mkdir(exist_ok=True)
        shutil.copyfile("openapi.json", ".cog/openapi_schema.json")
    except OSError as error:
        raise BadFile(f"{ROOT / '.cog'} cannot be written ({error.strerror}): make it writable.") from error
    os.environ |= {
        "COG_PREDICT_TYPE_STUB": "predict.py:Predictor",
        **COG_VARIABLES,
        "PORT": str(port),
        **{name: str(value) for name, value in MALLOC.items()},
        # Cog starts its worker as `python`.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    sys.argv = ["cog.server.http", "--host", "127.0.0.1"]
    runpy.run_module("cog.server.http", run_name="__main__")


def _check_port(port: int) -> None:
    """Try to listen on the port: Cog itself would fail with a traceback, after starting its worker."""
    if not 0 < port < 2**16:
        raise BadOption(f"There is no port {port}: give one of 1 to 65535 with --port.")
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError as error:
        kind = InUse if error.errno == errno.EADDRINUSE else BadOption
        reason = os.strerror(error.errno or 0)
        raise kind(f"Port {port} cannot be used ({reason}): give another with --port.") from error


@contextmanager
def stand_in() -> Iterator[None]:
    """Within this context, the stand-in of github_avatars.demo replaces GitHub, by GITHUB_URL."""
    # Importing this would delay the first response by much if it is not needed.
    from github_avatars.demo import GitHubStandIn

    with GitHubStandIn() as github:
        os.environ["GITHUB_URL"] = github.url
        yield
