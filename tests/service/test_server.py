"""Cog's real server under load and faults: too many at once, clients that go, cancelling, dying, leftovers."""

import base64
import json
import os
import select
import shutil
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from github_avatars.demo import AVATARS, Exchange, GitHubStandIn
from github_avatars.github import CONNECTIONS
from github_avatars.service.cog_cleanup import PREDICTIONS
from github_avatars.training import dataset
from tests.support.cog_server import CogServer
from tests.support.processes import ROOT, living_processes
from tests.support.timing import TIMEOUT, wait_until

pytestmark = pytest.mark.alone

START = Callable[..., CogServer]
MANY = CONNECTIONS
EXAMPLES = dataset.read_index(AVATARS)[:: len(dataset.read_index(AVATARS)) // MANY][:MANY]
"""As many accounts as predictions run at once, of both labels."""
SILENT = "nobody-answers"
"""A login; for a test it is what the stand-in does not answer."""
FULL = (409, {"error": "At capacity - all prediction slots busy", "status": "failed"})


@pytest.fixture(scope="module")
def shared(start_cog: START, github_for_all: GitHubStandIn, tmp_path_factory: pytest.TempPathFactory) -> CogServer:
    folder = tmp_path_factory.mktemp("server")
    (folder / ".cog").mkdir()
    shutil.copyfile(ROOT / "openapi.json", folder / ".cog" / "openapi_schema.json")
    return start_cog(folder, github_for_all.url)


@pytest.fixture
def server(shared: CogServer) -> CogServer:
    """The server that the tests share, ready and at rest."""
    shared.wait_for_status("READY")
    return shared


@pytest.fixture
def own(start_cog: START, github: GitHubStandIn, tmp_path: Path) -> Iterator[CogServer]:
    """A server for one test, which may break it."""
    with start_cog(tmp_path, github.url) as server:
        server.wait_for_status("READY")
        yield server


def accepted(server: CogServer, method: str, path: str, login: str) -> dict[str, Any] | None:
    """The answer of a prediction for `login`; None where it was turned away."""
    # Cog frees the place of an earlier prediction shortly after its answer.
    status, answer = server.request(method, path, {"input": {"username": login}})
    assert status in (200, 409), answer
    return dict(answer) if status == 200 else None


class Held:
    """Predictions, each for an account of its own, that wait on an answer of the stand-in, which `release` lets go."""

    def __init__(self, server: CogServer, github: GitHubStandIn, pool: ThreadPoolExecutor) -> None:
        self._server = server
        self._github = github
        self._pool = pool
        self._waiting: list[tuple[dataset.Example, Future[dict[str, Any]]]] = []
        self.release = threading.Event()

    def add(self, example: dataset.Example, method: str, path: str) -> None:
        answer = self._pool.submit(wait_until, lambda: accepted(self._server, method, path, example.login))
        self._waiting.append((example, answer))

    def statuses(self) -> list[str]:
        return [answer.result()["status"] for _, answer in self._waiting]

    def are_all_right(self) -> bool:
        """Whether each came to the answer for its own account."""
        return all(is_right(answer.result(), example, self._github) for example, answer in self._waiting)

    def are_all_waiting(self) -> bool:
        return not any(answer.done() for _, answer in self._waiting)


def is_right(answer: dict[str, Any], example: dataset.Example, github: GitHubStandIn) -> bool:
    href = f"{github.url}/{example.login}.png"
    return bool(answer.get("output") == {"username": example.login, "href": href, "prediction": example.label})


@contextmanager
def held(
    server: CogServer, github: GitHubStandIn, count: int, method: str = "POST", path: str = "/predictions"
) -> Iterator[Held]:
    """`count` predictions that have all reached the stand-in at the same time, and get no answer yet.

    Whoever waits, waits for less than the read timeout of a fetch: otherwise the retries of some would pass for others.
    """
    arrived = threading.Barrier(count + 1)
    with ThreadPoolExecutor(count) as pool:
        waiting = Held(server, github, pool)

        def hold(_: Exchange) -> bool:
            arrived.wait(8)
            waiting.release.wait(8)
            return False

        for example in EXAMPLES[:count]:
            github.faults[f"/{example.login}.png"] = hold
            waiting.add(example, method, path)
        try:
            arrived.wait(8)
            yield waiting
        finally:
            waiting.release.set()
            github.faults.clear()


@contextmanager
def silence(github: GitHubStandIn) -> Iterator[threading.Semaphore]:
    """The stand-in says nothing to SILENT until the end; what this gives is released by each request for it."""
    arrived, end = threading.Semaphore(0), threading.Event()

    def hold(exchange: Exchange) -> bool:
        arrived.release()
        end.wait(TIMEOUT)
        exchange.close_connection = True
        return True

    github.faults[f"/{SILENT}.png"] = hold
    try:
        yield arrived
    finally:
        end.set()


def as_many_as_promised_are_served(server: CogServer, github: GitHubStandIn) -> bool:
    """Whether MANY predictions at once come to the right answers."""

    def served(example: dataset.Example) -> bool:
        answer = wait_until(lambda: accepted(server, "POST", "/predictions", example.login))
        return is_right(answer, example, github)

    with ThreadPoolExecutor(MANY) as pool:
        return all(pool.map(served, EXAMPLES))


def descriptors(server: CogServer) -> int:
    """How many file descriptors the server's processes hold, by Linux's /proc."""
    folders = [Path(f"/proc/{process}/fd") for process in living_processes(server.process.pid)]
    return sum(len(list(folder.iterdir())) for folder in folders)


# Many at once


def test_as_many_as_promised_run_side_by_side(server: CogServer, github: GitHubStandIn) -> None:
    with held(server, github, MANY) as waiting:
        assert github.max_in_flight == MANY
        waiting.release.set()
        assert waiting.are_all_right()
    assert [github.requests[f"/{example.login}.png"] for example in EXAMPLES] == [1] * MANY


def test_those_beyond_are_turned_away_and_harm_no_other(server: CogServer, github: GitHubStandIn) -> None:
    with held(server, github, MANY) as waiting:
        with ThreadPoolExecutor(MANY) as pool:
            octocat = {"input": {"username": "octocat"}}
            answers = list(pool.map(lambda _: server.request("POST", "/predictions", octocat), range(3 * MANY)))
        assert answers == [FULL] * 3 * MANY
        waiting.release.set()
        assert waiting.are_all_right()
    assert not github.requests["/octocat.png"]
    server.wait_for_status("READY")
    assert as_many_as_promised_are_served(server, github)


def test_server_answers_other_questions_while_it_is_full(server: CogServer, github: GitHubStandIn) -> None:
    with held(server, github, MANY) as waiting:
        assert server.health()["status"] == "BUSY"
        assert server.request("GET", "/")[0] == 200
        assert server.request("GET", "/openapi.json")[0] == 200
        assert waiting.are_all_waiting()


def test_pictures_are_judged_while_fetches_wait(server: CogServer, github: GitHubStandIn) -> None:
    """The work of one prediction does not stand in the way of another's."""
    picture = base64.b64encode((AVATARS / EXAMPLES[0].file).read_bytes()).decode()
    with held(server, github, MANY - 1) as waiting:
        server.wait_for_status("READY")
        answer = server.predict(image=f"data:image/png;base64,{picture}")
        assert answer["output"]["prediction"] == EXAMPLES[0].label
        assert waiting.are_all_waiting()


def test_as_many_as_the_tests_run_are_promised_to_an_image() -> None:
    """There `cog build` reads the number off the source; here it comes from the environment."""
    assert f"    @cog.concurrent(max={MANY})\n    async def run(" in (ROOT / "predict.py").read_text(encoding="utf-8")


# Clients that hang up


def begin(server: CogServer, body: bytes, length: int) -> socket.socket:
    """A client that has sent a prediction's request, or of its `length` only as much as `body` has."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=TIMEOUT)
    head = ["POST /predictions HTTP/1.1", "Host: test", "Content-Type: application/json", f"Content-Length: {length}"]
    connection.sendall("\r\n".join([*head, "", ""]).encode() + body)
    return connection


def begin_and_stay(server: CogServer, arrived: threading.Semaphore) -> socket.socket:
    """A client whose prediction for SILENT waits at the stand-in.

    Where it is turned away it tries again, for Cog frees a place shortly after the answer.
    """
    body = json.dumps({"input": {"username": SILENT}}).encode()
    client = begin(server, body, len(body))
    while not arrived.acquire(timeout=0.05):
        if select.select([client], [], [], 0)[0]:
            client.close()
            client = begin(server, body, len(body))
    return client


def test_clients_that_hang_up_leave_their_places_and_nothing_else(server: CogServer, github: GitHubStandIn) -> None:
    with held(server, github, MANY):
        pass  # as many connections to the stand-in are kept from here on as there can be
    server.wait_for_status("READY")
    before = descriptors(server)
    for rounds in (1, 2, 3):
        with silence(github) as arrived:
            clients = [begin_and_stay(server, arrived) for _ in range(MANY)]
            for client in clients:
                client.close()
            server.wait_for_status("READY")
            assert as_many_as_promised_are_served(server, github)
            # None of those that were left went on: each would have asked again before its thread came free.
            assert github.requests[f"/{SILENT}.png"] == rounds * MANY
    wait_until(lambda: descriptors(server) <= before, lambda: f"{before} descriptors before, {descriptors(server)} now")


def test_clients_that_hang_up_within_their_request(server: CogServer, github: GitHubStandIn) -> None:
    server.predict(username="octocat")
    before = descriptors(server)
    for _ in range(2 * MANY):
        begin(server, b'{"input": {"user', 100).close()
    assert as_many_as_promised_are_served(server, github)
    wait_until(lambda: descriptors(server) <= before + MANY, lambda: f"{before} before, {descriptors(server)} now")


# Cancelling


def test_canceling_ends_a_prediction_that_waits(server: CogServer, github: GitHubStandIn) -> None:
    with held(server, github, 1, "PUT", "/predictions/one-of-mine") as waiting:
        assert server.request("POST", "/predictions/one-of-mine/cancel") == (200, {})
        assert waiting.statuses() == ["canceled"]
        assert not waiting.release.is_set()
    assert server.predict(username="octocat")["status"] == "succeeded"


def started_at(server: CogServer, path: str, body: object, headers: dict[str, str]) -> dict[str, Any] | None:
    """What the server answers to a prediction in the background; None where all places are taken."""
    status, answer = server.request("PUT", path, body, headers)
    assert status in (202, 409), answer
    return dict(answer) if status == 202 else None


def test_canceling_as_many_as_run_makes_room_for_as_many(server: CogServer, github: GitHubStandIn) -> None:
    paths = [f"/predictions/in-the-background-{number}" for number in range(MANY)]
    asked = {"input": {"username": SILENT}}, {"Prefer": "respond-async"}
    with silence(github) as arrived:
        for path in paths:
            # Those of before may not have left their places yet.
            started = wait_until(lambda path=path: started_at(server, path, *asked))
            assert started == {"id": path.rpartition("/")[2], "status": "starting"}
            assert arrived.acquire(timeout=TIMEOUT)
        assert [server.request("POST", f"{path}/cancel") for path in paths] == [(200, {})] * MANY
        # They are gone: there is nothing left of these ids to cancel.
        wait_until(lambda: {server.request("POST", f"{path}/cancel")[0] for path in paths} == {404})
        assert as_many_as_promised_are_served(server, github)
        # None of the cancelled went on: each would have asked again before its thread came free.
        assert github.requests[f"/{SILENT}.png"] == MANY


def test_canceling_what_does_not_run(server: CogServer) -> None:
    assert server.request("POST", "/predictions/never-heard-of/cancel")[0] == 404


# What ends a server


def takes_no_connection(server: CogServer) -> bool:
    """Whether a client is refused, or reset where it was waiting to be let in as the server closed."""
    try:
        server.request("GET", "/health-check")
    except ConnectionError:
        return True
    return False


@pytest.mark.parametrize("to", ["the server", "all its processes"])
def test_sigterm_lets_running_predictions_finish_and_ends_the_server(
    own: CogServer, github: GitHubStandIn, to: str
) -> None:
    group = own.process.pid
    with held(own, github, MANY) as waiting:
        os.kill(group, signal.SIGTERM) if to == "the server" else os.killpg(group, signal.SIGTERM)
        wait_until(lambda: "SIGTERM" in own.log(), own.log)
        wait_until(lambda: takes_no_connection(own))
        assert waiting.are_all_waiting()
        waiting.release.set()
        assert waiting.are_all_right()
    assert own.process.wait(TIMEOUT) == 0
    wait_until(lambda: not living_processes(group), lambda: "a process is left")
    assert own.stdout.read_bytes() == b""


def test_killed_worker_is_told_of_and_is_not_replaced(own: CogServer, github: GitHubStandIn) -> None:
    (worker,) = set(living_processes(own.process.pid)) - {own.process.pid}
    with held(own, github, 1) as waiting:
        os.kill(worker, signal.SIGKILL)
        assert waiting.statuses() == ["failed"]
    wait_until(lambda: "Event loop exiting" in own.log(), own.log)
    assert own.health()["status"] == "UNHEALTHY"

    def outcome() -> str:
        try:
            status, answer = own.request("POST", "/predictions", {"input": {"username": "octocat"}}, timeout=5)
        except TimeoutError:
            return "no answer"
        return "full" if (status, answer) == FULL else f"{status} {answer['status']}"

    outcomes = [outcome() for _ in range(MANY)]
    # What arrives before Cog has come to terms with it may get no answer at all.
    assert outcomes.count("no answer") <= 1
    # Each other one fails, and takes its place with it.
    assert set(outcomes[: outcomes.index("full")]) - {"no answer"} == {"200 failed"}
    assert MANY - outcomes.count("full") in (MANY - 1, MANY - 2)
    assert own.health()["status"] == "UNHEALTHY"
    assert not github.requests["/octocat.png"]
    assert living_processes(own.process.pid) == [own.process.pid]


@pytest.mark.parametrize("name", ["x" * 256, "nul\0"], ids=["too long", "with a NUL"])
def test_an_id_that_cannot_name_a_folder_costs_a_place(own: CogServer, name: str) -> None:
    """A fault of Cog 0.23.1: whoever may choose ids can close the server for everybody."""
    body = {"id": name, "input": {"username": "octocat"}}
    for _ in range(MANY):
        status, answer = own.request("POST", "/predictions", body)
        assert (status, answer["status"]) == (200, "failed")
    assert own.request("POST", "/predictions", {"input": {"username": "octocat"}}) == FULL
    assert own.health()["status"] == "BUSY"


# What stays behind


def test_predictions_leave_nothing_on_disk(
    start_cog: START, github: GitHubStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("TMPDIR", str(temporary))
    picture = base64.b64encode((AVATARS / EXAMPLES[0].file).read_bytes())
    inputs = [
        {"username": "octocat"},
        {"username": "nobody-of-this-name"},
        {"image": f"data:image/png;base64,{picture.decode()}"},
        {"image": f"data:image/png;base64,{picture[:400].decode()}"},
    ]
    server = start_cog(tmp_path, github.url)
    server.wait_for_status("READY")
    ids = [server.predict(**each)["id"] for each in inputs]
    with held(server, github, 1, "PUT", "/predictions/to-be-canceled"):
        assert (PREDICTIONS / "to-be-canceled").is_dir()
        server.request("POST", "/predictions/to-be-canceled/cancel")
        wait_until(lambda: not (PREDICTIONS / "to-be-canceled").exists())
    wait_until(lambda: not any((PREDICTIONS / name).exists() for name in ids))
    wait_until(lambda: not list(temporary.iterdir()), lambda: str(list(temporary.iterdir())))


def test_an_id_that_leads_elsewhere_has_nothing_removed_there(server: CogServer, tmp_path: Path) -> None:
    """Cog makes folders wherever the id leads, as far as its own rights go."""
    for name in (str(tmp_path), os.path.relpath(tmp_path, PREDICTIONS)):
        status, answer = server.request("POST", "/predictions", {"id": name, "input": {"username": "octocat"}})
        assert (status, answer["status"]) == (200, "succeeded")
        assert sorted(path.name for path in tmp_path.iterdir()) == ["inputs", "outputs"]
