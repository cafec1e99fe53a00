"""The memory of Cog's server and of the web page under load, read from Linux's /proc."""

import base64
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from pathlib import Path

import pytest
from PIL import Image

from benchmarks import load
from benchmarks.soak import create_cases
from github_avatars.demo import GitHubStandIn
from github_avatars.github import CONNECTIONS
from github_avatars.service import SLOTS
from github_avatars.service.memory import MALLOC
from tests.conftest import StartCog
from tests.support.hostile import full, many
from tests.support.limits import memory
from tests.support.pictures import encoded
from tests.support.processes import ROOT, clean_environment, living_processes
from tests.support.sites import request
from tests.support.timing import wait_until

pytestmark = pytest.mark.alone

HUGE = [encoded(Image.new("RGB", (3000, 3000), "red"), codec) for codec in ("WEBP", "AVIF")]
"""Files of at most 16 kB that take 149 MB and 83 MB to decode."""

LARGE = full(encoded(Image.new("RGBA", (3000, 3000), (255, 0, 0, 128)), "PNG"), many(b"\0"))
"""A file of MAX_BYTES with as many pixels as allowed."""

UPLOADS = 200

MAX_MEGABYTES = 600
"""The maximum memory above that of the idle server."""

KEPT_MEGABYTES = 100
"""The maximum memory above that of the idle server after all predictions, including threads and caches."""


def test_huge_pictures_at_once_stay_within_the_memory_limit(
    start_cog: StartCog, github: GitHubStandIn, tmp_path: Path
) -> None:
    server = start_cog(tmp_path, github.url)
    server.wait_for_status("READY")
    (worker,) = set(living_processes(server.process.pid)) - {server.process.pid}
    idle = memory("VmRSS", worker)
    pictures = [f"data:;base64,{base64.b64encode(huge).decode()}" for huge in HUGE] * CONNECTIONS
    with ThreadPoolExecutor(2 * CONNECTIONS) as pool:
        responses = list(pool.map(lambda picture: server.predict(image=picture), pictures))
    assert Counter(response["output"]["prediction"] for response in responses) == {"custom": 2 * CONNECTIONS}
    assert memory("VmHWM", worker) < idle + MAX_MEGABYTES
    assert memory("VmRSS", worker) < idle + KEPT_MEGABYTES


def test_many_clients_never_get_409_and_stay_within_the_memory_limit(
    start_cog: StartCog, github: GitHubStandIn, tmp_path: Path
) -> None:
    server = start_cog(tmp_path, github.url)
    server.wait_for_status("READY")
    processes = living_processes(server.process.pid)
    idle = sum(memory("VmRSS", process) for process in processes)
    requests = [load.predict_request(case.inputs, lambda status, _: status == 200) for case in create_cases(github.url)]
    # Raises BadResponse for any other status.
    assert len(load.send_all(server.port, islice(cycle(requests), 1500), SLOTS // 2)) == 1500
    assert sum(memory("VmHWM", process) for process in processes) < idle + MAX_MEGABYTES


def client(number: int) -> str:
    """One of ten addresses, because the page limits each client."""
    return f"127.0.0.{1 + number % 10}"


@pytest.fixture
def page() -> Iterator[tuple[int, int]]:
    """The process id and the port of the web page, with the stand-in for GitHub."""
    command = [sys.executable, "-m", "github_avatars", "serve", "--demo", "--port", "0"]
    with subprocess.Popen(
        command, cwd=ROOT, env=clean_environment(), stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout
        try:
            yield process.pid, int(process.stdout.readline().strip().rstrip("/").rpartition(":")[2])
        finally:
            process.terminate()


def test_huge_pictures_at_once_stay_within_the_memory_limit_of_the_page(page: tuple[int, int]) -> None:
    process, port = page

    def post(number: int) -> tuple[int, str]:
        response = request(port, "/api/pictures", HUGE[number % 2], client=client(number))
        return response.status, response.json.get("prediction")

    assert post(0) == (200, "custom")
    idle = memory("VmRSS", process)
    with ThreadPoolExecutor(2 * CONNECTIONS) as pool:
        assert Counter(pool.map(post, range(2 * CONNECTIONS))) == {(200, "custom"): 2 * CONNECTIONS}
    assert memory("VmHWM", process) < idle + MAX_MEGABYTES
    assert memory("VmRSS", process) < idle + KEPT_MEGABYTES


def test_large_uploads_at_once_stay_within_the_memory_limit_of_the_page(page: tuple[int, int]) -> None:
    process, port = page

    def post(number: int) -> tuple[int, str]:
        response = request(port, "/api/pictures", LARGE, client=client(number))
        return response.status, response.json.get("prediction") or response.json["kind"]

    assert post(0) == (200, "custom")
    idle = memory("VmRSS", process)
    with ThreadPoolExecutor(UPLOADS) as pool:
        outcomes = Counter(pool.map(post, range(UPLOADS)))
    assert outcomes[200, "custom"] > 0
    assert outcomes[200, "custom"] + outcomes[429, "busy"] == UPLOADS
    assert memory("VmHWM", process) < idle + MAX_MEGABYTES
    wait_until(lambda: post(0) == (200, "custom"))


def test_image_configures_the_heap_like_script_server() -> None:
    lines = (ROOT / "cog.yaml").read_text(encoding="utf-8").splitlines()
    assert [line.strip() for line in lines if "MALLOC" in line] == [
        f"- {name}={value}" for name, value in MALLOC.items()
    ]
