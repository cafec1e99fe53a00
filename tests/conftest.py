"""Fixtures for several packages of tests: the stand-in for GitHub over avatars/, and Cog's server."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest

from github_avatars.demo import GitHubStandIn
from tests.support.cog_server import COMMAND, CogServer, add_schema, cog_variables
from tests.support.processes import ROOT, clean_environment, free_port
from tests.support.timing import wait_until


class StartCog(Protocol):
    """Starts Cog's server in `folder` for the predictor in `project`, and ends it with the tests of the module.

    With `schema`, it validates inputs. Other keyword arguments are environment variables.
    """

    def __call__(
        self, folder: Path, github_url: str, project: Path = ROOT, *, schema: bool = False, **variables: str
    ) -> CogServer: ...


@pytest.fixture(scope="session")
def github_for_all() -> Iterator[GitHubStandIn]:
    """The stand-in that long-lived servers use. Tests use `github`, the same one in its initial state."""
    with GitHubStandIn() as standin:
        yield standin


@pytest.fixture
def github(github_for_all: GitHubStandIn) -> Iterator[GitHubStandIn]:
    """The stand-in over avatars/, without requests and without faults."""
    # An earlier test may have left requests that nobody waits for.
    wait_until(lambda: not github_for_all.in_flight)
    github_for_all.requests.clear()
    github_for_all.max_in_flight = 0
    yield github_for_all
    github_for_all.faults.clear()
    github_for_all.mode = github_for_all.rest.token = None


@pytest.fixture(scope="module")
def start_cog(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StartCog]:
    """A function that starts Cog's server."""
    with ExitStack() as servers:
        yield _starter(servers, tmp_path_factory)


@pytest.fixture(scope="session")
def cog_for_all(github_for_all: GitHubStandIn, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CogServer]:
    """Cog's server with the schema and `github_for_all`. Tests use `cog_server`."""
    with ExitStack() as servers:
        start = _starter(servers, tmp_path_factory)
        server = start(tmp_path_factory.mktemp("folder"), github_for_all.url, schema=True)
        server.wait_for_status("READY")
        yield server


@pytest.fixture
def cog_server(cog_for_all: CogServer) -> CogServer:
    """Cog's server with the schema and the stand-in `github`, ready and without running predictions."""
    cog_for_all.wait_for_status("READY")
    return cog_for_all


def _starter(servers: ExitStack, tmp_path_factory: pytest.TempPathFactory) -> StartCog:
    def start(
        folder: Path, github_url: str, project: Path = ROOT, *, schema: bool = False, **variables: str
    ) -> CogServer:
        if schema:
            add_schema(folder)
        port = free_port()
        variables = {**cog_variables(project / "predict.py", port), "PYTHONPATH": str(project), **variables}
        environment = clean_environment(GITHUB_URL=github_url, **variables)
        output = tmp_path_factory.mktemp("server")
        return servers.enter_context(CogServer(COMMAND, folder, port, environment, output))

    return start
