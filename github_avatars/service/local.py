"""The Cog service on this machine, without Docker: one prediction, or the HTTP server."""

import argparse
import asyncio
import inspect
import json
import os
import runpy
import shutil
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path

import cog
from cog.predictor import load_predictor_from_ref

from github_avatars.errors import BadInput, GitHubAvatarsError
from github_avatars.github import CONNECTIONS

ROOT = Path(__file__).resolve().parents[2]
REF = f"{ROOT / 'predict.py'}:Predictor"


def predict(inputs: list[str]) -> str:
    """The JSON that the Predictor answers to inputs of the form NAME=VALUE, where VALUE is @FILE for a file.

    Raises GitHubAvatarsError.
    """
    predictor = load_predictor_from_ref(REF)
    given = _parse(inputs, set(inspect.signature(predictor.run).parameters))
    predictor.setup()
    output = asyncio.run(predictor.run(**given))
    return json.dumps(vars(output))


def _parse(inputs: list[str], names: set[str]) -> dict[str, str | cog.Path | None]:
    given: dict[str, str | cog.Path | None] = dict.fromkeys(names)
    for text in inputs:
        name, equals, value = text.partition("=")
        if not equals or name not in names:
            raise BadInput(f"-i {text} is no input: give NAME=VALUE with one of {', '.join(sorted(names))}.")
        if given[name] is not None:
            raise BadInput(f"-i {name}=… came twice: give it once, and run script/predict anew for another.")
        given[name] = cog.Path(value[1:]) if value.startswith("@") else value
    return given


def serve(port: int) -> None:
    """Run Cog's HTTP server on 127.0.0.1 until it is told to stop. Raises BadInput where the port cannot be used."""
    # Cog would tell it by a traceback, with its worker started already.
    try:
        if port == 0:
            raise OverflowError
        socket.create_server(("127.0.0.1", port)).close()
    except OverflowError as error:
        raise BadInput(f"There is no port {port}: give one of 1 to 65535 with --port.") from error
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise BadInput(f"Port {port} cannot be used ({reason}): give another with --port.") from error
    os.chdir(ROOT)
    # Cog validates inputs, and serves its contract, by the schema that `cog build` leaves here.
    try:
        Path(".cog").mkdir(exist_ok=True)
        shutil.copyfile("openapi.json", ".cog/openapi_schema.json")
    except OSError as error:
        raise BadInput(f"{ROOT / '.cog'} cannot be written ({error.strerror}): make it writable.") from error
    os.environ |= {
        "COG_PREDICT_TYPE_STUB": "predict.py:Predictor",
        "COG_MAX_CONCURRENCY": str(CONNECTIONS),
        "PORT": str(port),
        # As in cog.yaml: glibc would give many of the threads a heap of their own, and heaps hardly ever shrink.
        "MALLOC_ARENA_MAX": "1",
        # Cog starts its worker as `python`.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    sys.argv = ["cog.server.http", "--host", "127.0.0.1"]
    runpy.run_module("cog.server.http", run_name="__main__")


@contextmanager
def _stand_in() -> Iterator[None]:
    # Imported here, since it would be a good part of the time to the first answer.
    from github_avatars.demo import GitHubStandIn

    with GitHubStandIn() as github:
        os.environ["GITHUB_URL"] = github.url
        yield


def main() -> int:
    """Parse the command line and run; 1 for an error, told in one line."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("predict", prog="script/predict", help="answer once, with JSON on standard output")
    one.add_argument(
        "-i", "--input", action="append", default=[], metavar="NAME=VALUE", help="username=NAME or image=@FILE"
    )
    server = commands.add_parser("serve", prog="script/server", help="run the HTTP server")
    server.add_argument("--port", type=int, default=5000, help="port on 127.0.0.1 (default: %(default)s)")
    for command in (one, server):
        command.add_argument("--demo", action="store_true", help="ask a stand-in for GitHub on this machine instead")
    arguments, unknown = parser.parse_known_args()
    if unknown:
        # Said by the command's own parser, which has the script's name.
        commands.choices[arguments.command].error(f"unrecognized arguments: {' '.join(unknown)}")
    try:
        with _stand_in() if arguments.demo else nullcontext():
            if arguments.command == "serve":
                serve(arguments.port)
            else:
                print(predict(arguments.input), flush=True)
    except (GitHubAvatarsError, OSError) as error:
        print("error:", " ".join(str(error).splitlines()), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        # At a usual exit, Python would first wait for the thread whose fetch was interrupted.
        os._exit(130)
    return 0


if __name__ == "__main__":
    sys.exit(main())
