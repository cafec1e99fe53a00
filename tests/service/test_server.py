"""Cog's server under load and failures: too many predictions, closed connections, cancellation, shutdown, cleanup."""

import base64
import json
import os
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from github_avatars import affinity
from github_avatars.demo import AVATARS, Exchange, GitHubStandIn
from github_avatars.github import CONNECTIONS
from github_avatars.picture.decoding import MAX_BYTES
from github_avatars.service import COG_VARIABLES, SLOTS, watcher
from github_avatars.service.cog_cleanup import PREDICTIONS
from github_avatars.training import dataset
from tests.conftest import StartCog
from tests.support.cog_server import COMMAND, CogServer, add_schema, cog_variables
from tests.support.holding import Hold
from tests.support.processes import ROOT, clean_environment, free_port, living_processes
from tests.support.timing import TIMEOUT, wait_until

pytestmark = pytest.mark.alone

EXAMPLES = dataset.read_index(AVATARS)[:: len(dataset.read_index(AVATARS)) // CONNECTIONS][:CONNECTIONS]
"""As many accounts as predictions can run at once, of both labels."""
SILENT = "nobody-responds"
"""A login for which the stand-in sends no response."""
FULL = (409, {"error": "At capacity - all prediction slots busy", "status": "failed"})


@pytest.fixture
def own_server(start_cog: StartCog, github: GitHubStandIn, tmp_path: Path) -> Iterator[CogServer]:
    """A server for one test, which may break it."""
    with start_cog(tmp_path, github.url) as server:
        server.wait_for_status("READY")
        yield server


class PendingPredictions:
    """Predictions for different accounts whose requests the stand-in holds until `release` is set."""

    def __init__(self, server: CogServer, github: GitHubStandIn, pool: ThreadPoolExecutor) -> None:
        self.release = threading.Event()
        self._server = server
        self._github = github
        self._pool = pool
        self._pending: list[tuple[dataset.Example, Future[dict[str, Any]]]] = []

    def add(self, example: dataset.Example, method: str, path: str) -> None:
        body = {"input": {"username": example.login}}
        self._pending.append((example, self._pool.submit(self._predict, method, path, body)))

    def _predict(self, method: str, path: str, body: object) -> dict[str, Any]:
        status, response = self._server.request(method, path, body)
        assert status == 200, response
        return dict(response)

    def statuses(self) -> list[str]:
        return [response.result()["status"] for _, response in self._pending]

    def are_correct(self) -> bool:
        """Whether each response is that for its own account."""
        return all(is_correct(response.result(), example, self._github) for example, response in self._pending)

    def are_pending(self) -> bool:
        return not any(response.done() for _, response in self._pending)


def is_correct(response: dict[str, Any], example: dataset.Example, github: GitHubStandIn) -> bool:
    href = f"{github.url}/{example.login}.png"
    return bool(response.get("output") == {"username": example.login, "href": href, "prediction": example.label})


@contextmanager
def pending_predictions(
    server: CogServer, github: GitHubStandIn, count: int, method: str = "POST", path: str = "/predictions"
) -> Iterator[PendingPredictions]:
    """`count` predictions whose requests have all arrived at the stand-in and have no response yet.

    All waits are shorter than the read timeout of a fetch. Otherwise retries could be mistaken for other predictions.
    """
    arrived = threading.Barrier(count + 1)
    with ThreadPoolExecutor(count) as pool:
        predictions = PendingPredictions(server, github, pool)

        def hold(_: Exchange) -> bool:
            arrived.wait(8)
            predictions.release.wait(8)
            return False

        for example in EXAMPLES[:count]:
            github.faults[f"/{example.login}.png"] = hold
            predictions.add(example, method, path)
        try:
            arrived.wait(8)
            yield predictions
        finally:
            predictions.release.set()
            github.faults.clear()


@contextmanager
def silence(github: GitHubStandIn) -> Iterator[Hold]:
    """Within this context, the stand-in holds requests for SILENT; then it closes their connections."""
    hold = Hold()

    def close(exchange: Exchange) -> bool:
        hold(exchange)
        exchange.close_connection = True
        return True

    github.faults[f"/{SILENT}.png"] = close
    try:
        yield hold
    finally:
        hold.release.set()


def uses_all_threads(server: CogServer, github: GitHubStandIn) -> bool:
    """Whether CONNECTIONS predictions at once are correct."""

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        responses = pool.map(lambda example: server.predict(username=example.login), EXAMPLES)
        return all(is_correct(response, example, github) for response, example in zip(responses, EXAMPLES, strict=True))


def descriptors(server: CogServer) -> int:
    """The number of file descriptors of the server's processes, from Linux's /proc."""
    folders = [Path(f"/proc/{process}/fd") for process in living_processes(server.process.pid)]
    return sum(len(list(folder.iterdir())) for folder in folders)


def test_as_many_predictions_run_at_once_as_there_are_threads(cog_server: CogServer, github: GitHubStandIn) -> None:
    with pending_predictions(cog_server, github, CONNECTIONS) as predictions:
        assert github.max_in_flight == CONNECTIONS
        predictions.release.set()
        assert predictions.are_correct()
    assert [github.requests[f"/{example.login}.png"] for example in EXAMPLES] == [1] * CONNECTIONS


@pytest.mark.skipif(len(affinity.allowed()) < 2, reason="needs two processors, and Linux, which keeps threads on them")
def test_accounts_are_fetched_on_one_processor_and_pictures_decoded_on_all(cog_server: CogServer) -> None:
    (worker,) = set(living_processes(cog_server.process.pid)) - {cog_server.process.pid}

    def affinities() -> set[frozenset[int]]:
        found = set()
        for task in Path(f"/proc/{worker}/task").iterdir():
            with suppress(ProcessLookupError):  # the thread has ended in the meantime
                found.add(frozenset(os.sched_getaffinity(int(task.name))))
        return found

    cog_server.predict(username=EXAMPLES[0].login)
    assert sum(len(processors) == 1 for processors in affinities()) == 1
    cog_server.predict(image="data:,")
    assert {len(processors) for processors in affinities()} == {1, len(affinity.allowed())}


def test_further_predictions_wait_and_a_full_server_refuses_more(cog_server: CogServer, github: GitHubStandIn) -> None:
    body = {"input": {"username": "octocat"}}
    with (
        ThreadPoolExecutor(SLOTS) as pool,
        pending_predictions(cog_server, github, CONNECTIONS) as predictions,
    ):
        waiting = [pool.submit(cog_server.predict, username="octocat") for _ in range(SLOTS - CONNECTIONS)]
        wait_until(lambda: cog_server.health()["status"] == "BUSY")
        refused = [pool.submit(cog_server.request, "POST", "/predictions", body) for _ in range(CONNECTIONS)]
        assert [request.result() for request in refused] == [FULL] * CONNECTIONS
        assert cog_server.request("GET", "/")[0] == 200
        assert cog_server.request("GET", "/openapi.json")[0] == 200
        assert predictions.are_pending()
        assert not github.requests["/octocat.png"]
        predictions.release.set()
        assert predictions.are_correct()
        assert {request.result()["status"] for request in waiting} == {"succeeded"}
    assert github.requests["/octocat.png"] == len(waiting)
    cog_server.wait_for_status("READY")


def test_pictures_are_classified_while_fetches_wait(cog_server: CogServer, github: GitHubStandIn) -> None:
    picture = base64.b64encode((AVATARS / EXAMPLES[0].file).read_bytes()).decode()
    with pending_predictions(cog_server, github, CONNECTIONS - 1) as predictions:
        cog_server.wait_for_status("READY")
        response = cog_server.predict(image=f"data:image/png;base64,{picture}")
        assert response["output"]["prediction"] == EXAMPLES[0].label
        assert predictions.are_pending()


def test_an_image_serves_as_these_tests_do() -> None:
    """`cog build` reads the number of slots from the source; the server of the tests gets it by a variable."""
    source = (ROOT / "predict.py").read_text(encoding="utf-8")
    assert f"    @cog.concurrent(max={SLOTS})\n    async def run(" in source
    lines = (ROOT / "cog.yaml").read_text(encoding="utf-8").splitlines()
    variables = {f"  - {name}={value}" for name, value in COG_VARIABLES.items()}
    assert variables - set(lines) == {f"  - COG_MAX_CONCURRENCY={SLOTS}"}


def send_request(server: CogServer, body: bytes, length: int) -> socket.socket:
    """A connection on which a client has sent a request for a prediction, or part of it if `length` is larger."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=TIMEOUT)
    head = ["POST /predictions HTTP/1.1", "Host: test", "Content-Type: application/json", f"Content-Length: {length}"]
    connection.sendall("\r\n".join([*head, "", ""]).encode() + body)
    return connection


def start_silent_prediction(server: CogServer, hold: Hold) -> socket.socket:
    """A connection of a client whose prediction for SILENT waits for the stand-in."""
    body = json.dumps({"input": {"username": SILENT}}).encode()
    client = send_request(server, body, len(body))
    assert hold.wait_for_request()
    return client


def test_closed_connections_free_their_threads_completely(cog_server: CogServer, github: GitHubStandIn) -> None:
    with pending_predictions(cog_server, github, CONNECTIONS):
        pass  # from now on, the server keeps the maximum number of connections to the stand-in
    cog_server.wait_for_status("READY")
    before = descriptors(cog_server)
    for rounds in (1, 2, 3):
        with silence(github) as hold:
            clients = [start_silent_prediction(cog_server, hold) for _ in range(CONNECTIONS)]
            for client in clients:
                client.close()
            cog_server.wait_for_status("READY")
            assert uses_all_threads(cog_server, github)
            # No abandoned prediction continues: its fetch would have been retried before its thread became free.
            assert github.requests[f"/{SILENT}.png"] == rounds * CONNECTIONS
    wait_until(lambda: descriptors(cog_server) <= before, lambda: f"{before} before, {descriptors(cog_server)} now")


def test_connections_closed_within_a_request(cog_server: CogServer, github: GitHubStandIn) -> None:
    cog_server.predict(username="octocat")
    before = descriptors(cog_server)
    for _ in range(2 * CONNECTIONS):
        send_request(cog_server, b'{"input": {"user', 100).close()
    assert uses_all_threads(cog_server, github)
    limit = before + CONNECTIONS
    wait_until(lambda: descriptors(cog_server) <= limit, lambda: f"{before} before, {descriptors(cog_server)} now")


def test_cancellation_ends_a_waiting_prediction(cog_server: CogServer, github: GitHubStandIn) -> None:
    with pending_predictions(cog_server, github, 1, "PUT", "/predictions/one-of-mine") as predictions:
        assert cog_server.request("POST", "/predictions/one-of-mine/cancel") == (200, {})
        assert predictions.statuses() == ["canceled"]
        assert not predictions.release.is_set()
    assert cog_server.predict(username="octocat")["status"] == "succeeded"


def test_cancellation_of_all_predictions_frees_all_threads(cog_server: CogServer, github: GitHubStandIn) -> None:
    paths = [f"/predictions/in-the-background-{number}" for number in range(CONNECTIONS)]
    body = {"input": {"username": SILENT}}
    with silence(github) as hold:
        for path in paths:
            name = path.rpartition("/")[2]
            response = cog_server.request("PUT", path, body, {"Prefer": "respond-async"})
            assert response == (202, {"id": name, "status": "starting"})
            assert hold.wait_for_request()
        assert [cog_server.request("POST", f"{path}/cancel") for path in paths] == [(200, {})] * CONNECTIONS
        # As soon as they have ended, they cannot be canceled again.
        wait_until(lambda: {cog_server.request("POST", f"{path}/cancel")[0] for path in paths} == {404})
        assert uses_all_threads(cog_server, github)
        # No canceled prediction continues: its fetch would have been retried before its thread became free.
        assert github.requests[f"/{SILENT}.png"] == CONNECTIONS


def test_cancellation_of_an_unknown_prediction(cog_server: CogServer) -> None:
    assert cog_server.request("POST", "/predictions/unknown/cancel")[0] == 404


def refuses_connections(server: CogServer) -> bool:
    """Whether a connection is refused, or reset if it was still in the queue when the server closed its socket."""
    try:
        server.request("GET", "/health-check")
    except ConnectionError:
        return True
    return False


@pytest.mark.parametrize("target", ["the server", "all its processes"])
def test_sigterm_lets_running_predictions_finish_and_ends_the_server(
    own_server: CogServer, github: GitHubStandIn, target: str
) -> None:
    group = own_server.process.pid
    with pending_predictions(own_server, github, CONNECTIONS) as predictions:
        os.kill(group, signal.SIGTERM) if target == "the server" else os.killpg(group, signal.SIGTERM)
        wait_until(lambda: "SIGTERM" in own_server.log(), own_server.log)
        wait_until(lambda: refuses_connections(own_server))
        assert predictions.are_pending()
        predictions.release.set()
        assert predictions.are_correct()
    assert own_server.process.wait(TIMEOUT) == 0
    wait_until(lambda: not living_processes(group), lambda: "a process still runs")
    wait_until(lambda: not watchers(own_server), lambda: "the process that watches the worker still runs")
    assert own_server.stdout.read_bytes() == b""


def watchers(server: CogServer) -> list[Path]:
    """The folders in Linux's /proc of the helper processes that watch the worker of a server."""
    folders = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # the process has ended in the meantime
            if file.read_text().split("\0")[-4:-2] == [watcher.__file__, str(server.process.pid)]:
                folders.append(file.parent)
    return folders


@pytest.mark.parametrize("command", [COMMAND, [ROOT / "script" / "server"]], ids=["in the image", "script/server"])
def test_server_ends_with_an_error_if_its_worker_is_killed(
    github: GitHubStandIn, tmp_path: Path, command: list[str | Path]
) -> None:
    port = free_port()
    environment = clean_environment(
        **cog_variables(ROOT / "predict.py", port), GITHUB_URL=github.url, PYTHONPATH=str(ROOT)
    )
    arguments = [] if command is COMMAND else ["--port", str(port)]
    folder = tmp_path / "folder"
    add_schema(folder)
    with CogServer([*command, *arguments], folder, port, environment, tmp_path) as server:
        server.wait_for_status("READY")
        (worker,) = set(living_processes(server.process.pid)) - {server.process.pid}
        with pending_predictions(server, github, 1) as predictions:
            os.kill(worker, signal.SIGKILL)
            assert predictions.statuses() == ["failed"]
        assert server.process.wait(TIMEOUT) == -signal.SIGKILL
        wait_until(lambda: not watchers(server))


def test_server_that_is_the_first_process_of_a_container_ends_if_its_worker_is_killed(tmp_path: Path) -> None:
    """The system protects such a process from SIGKILL."""
    if subprocess.run(["unshare", "--pid", "--fork", "true"], capture_output=True).returncode:
        pytest.skip("this machine does not allow the tests to start a container")
    port = free_port()
    environment = clean_environment(**cog_variables(ROOT / "predict.py", port), PYTHONPATH=str(ROOT))
    command = ["unshare", "--pid", "--fork", "--mount-proc", *COMMAND]
    with CogServer(command, tmp_path, port, environment, tmp_path) as server:
        server.wait_for_status("READY")
        os.kill(max(living_processes(server.process.pid)), signal.SIGKILL)
        server.process.wait(TIMEOUT)


@pytest.mark.parametrize("name", ["x" * 256, "nul\0"], ids=["too long", "with a NUL"])
def test_an_id_that_is_not_a_file_name_blocks_a_slot(own_server: CogServer, name: str) -> None:
    """A defect of Cog 0.23.1: clients that may choose ids can make the server unavailable."""
    body = {"id": name, "input": {"username": "octocat"}}
    for _ in range(SLOTS):
        status, response = own_server.request("POST", "/predictions", body)
        assert (status, response["status"]) == (200, "failed")
    assert own_server.request("POST", "/predictions", {"input": {"username": "octocat"}}) == FULL
    assert own_server.health()["status"] == "BUSY"


def test_predictions_leave_nothing_on_disk(start_cog: StartCog, github: GitHubStandIn, tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    picture = base64.b64encode((AVATARS / EXAMPLES[0].file).read_bytes())
    inputs = [
        {"username": "octocat"},
        {"username": "nobody-of-this-name"},
        {"image": f"data:image/png;base64,{picture.decode()}"},
        {"image": f"data:image/png;base64,{picture[:400].decode()}"},
        {"image": "data:image/png"},
        {"image": "data:image/png;base64,AAAAA"},
        {"image": "http://["},
        {"image": "http://127.0.0.1:1/refused"},
    ]
    server = start_cog(tmp_path, github.url, TMPDIR=str(temporary))
    server.wait_for_status("READY")
    ids = [server.predict(**each)["id"] for each in inputs]
    with pending_predictions(server, github, 1, "PUT", "/predictions/to-be-canceled"):
        assert (PREDICTIONS / "to-be-canceled").is_dir()
        server.request("POST", "/predictions/to-be-canceled/cancel")
        wait_until(lambda: not (PREDICTIONS / "to-be-canceled").exists())
    wait_until(lambda: not any((PREDICTIONS / name).exists() for name in ids))
    (folder,) = temporary.iterdir()
    wait_until(lambda: not list(folder.iterdir()), lambda: str(list(folder.iterdir())))
    server.process.terminate()
    assert server.process.wait(TIMEOUT) == 0
    assert not list(temporary.iterdir())


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"image": "data:image/png"}, "BadInput: image is the text 'data:image/png'"),
        ({"image": "data:image/png;base64,AAAAA"}, "BadInput: image is the text 'data:image/png;base64,AAAAA'"),
        ({"image": "http://["}, "BadInput: image is the text 'http://['"),
        ({"image": "http://127.0.0.1:1/refused"}, "BadInput: image cannot be received"),
        ({"image": "data:,text"}, "NotAPicture: The image is not a PNG, JPEG, WebP, AVIF or GIF"),
        ({"image": "data:," + "0" * (MAX_BYTES + 1)}, "TooLarge: The image has more than 3,000,000 bytes"),
        ({"image": "data:,text", "username": "octocat"}, "BadInput: Exactly one of username and image is required"),
        ({"image": "/etc/hostname", "username": "octocat"}, "BadInput: image is the text '/etc/hostname'"),
    ],
    ids=lambda value: "" if isinstance(value, dict) else value.partition(":")[0],
)
def test_messages_contain_no_path_of_the_server(cog_server: CogServer, inputs: dict[str, str], message: str) -> None:
    response = cog_server.predict(**inputs)
    assert f"Async prediction failed: {message}" in response["error"]
    assert tempfile.gettempdir() not in response["error"]


def test_full_disk_is_reported_without_a_path(start_cog: StartCog, tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    server = start_cog(tmp_path, "", TMPDIR=str(temporary))
    server.wait_for_status("READY")
    for folder in temporary.iterdir():
        folder.rmdir()  # so that no file can be created any more
    error = server.predict(image="data:,text")["error"]
    assert "BadInput: image cannot be received (No such file or directory)" in error
    assert str(temporary) not in error


def test_nothing_is_removed_where_an_id_leads_elsewhere(cog_server: CogServer, tmp_path: Path) -> None:
    """Cog creates its folders wherever the id leads."""
    for name in (str(tmp_path), os.path.relpath(tmp_path, PREDICTIONS)):
        status, response = cog_server.request("POST", "/predictions", {"id": name, "input": {"username": "octocat"}})
        assert (status, response["status"]) == (200, "succeeded")
        assert sorted(path.name for path in tmp_path.iterdir()) == ["inputs", "outputs"]
