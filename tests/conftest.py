"""Fixtures that several packages of tests use: the stand-in for GitHub over avatars/, and Cog's real server."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from github_avatars.demo import GitHubStandIn
from tests.support.cog_server import CogServer
from tests.support.processes import ROOT, clean_environment, free_port
from tests.support.timing import wait_until


@pytest.fixture(scope="session")
def github_for_all() -> Iterator[GitHubStandIn]:
    """The stand-in whose address long-lived servers are given. A test takes `github`, which is this one made clean."""
    with GitHubStandIn() as standin:
        yield standin


@pytest.fixture
def github(github_for_all: GitHubStandIn) -> Iterator[GitHubStandIn]:
    """The stand-in for GitHub over avatars/, with nothing asked of it yet and no faults."""
    # A test may leave requests behind whose answers nobody waits for.
    wait_until(lambda: not github_for_all.in_flight)
    github_for_all.requests.clear()
    github_for_all.max_in_flight = 0
    yield github_for_all
    github_for_all.faults.clear()


@pytest.fixture(scope="module")
def start_cog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., CogServer]]:
    """Starts Cog's server in `folder` for the predictor in `project`; it ends with the module's tests at the latest.

    Keyword arguments are environment variables.
    """
    with ExitStack() as servers:

        def start(folder: Path, github_url: str, project: Path = ROOT, **variables: str) -> CogServer:
            port = free_port()
            environment = clean_environment(
                COG_PREDICT_TYPE_STUB=f"{project / 'predict.py'}:Predictor",
                COG_MAX_CONCURRENCY="32",
                PORT=str(port),
                GITHUB_URL=github_url,
                PYTHONPATH=str(project),
                # Cog starts its worker as `python`.
                PATH=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
                **variables,
            )
            command = [sys.executable, "-m", "cog.server.http", "--host", "127.0.0.1"]
            output = tmp_path_factory.mktemp("server")
            return servers.enter_context(CogServer(command, folder, port, environment, output))

        yield start
