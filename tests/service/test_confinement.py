"""Cog's server as another user than root, without a home folder, where only /tmp is writable."""

import base64
import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from github_avatars.demo import AVATARS, GitHubStandIn
from tests.support.cog_server import COMMAND, CogServer, cog_variables
from tests.support.processes import ROOT, free_port, living_processes
from tests.support.timing import TIMEOUT

BOX = """
mount --bind "$0" /mnt
mount -o remount,bind,ro /mnt
mount -o remount,bind,ro /
mount -t tmpfs tmpfs /tmp
cd /mnt
exec unshare --user --map-user=65534 --map-group=65534 "$@"
"""
"""Mounts the project at /mnt, hides the contents of /tmp, makes the rest read-only, and runs a program as nobody."""

PYTHON = "/mnt/.venv/bin/python"


def boxed(*command: str) -> list[str | Path]:
    return ["unshare", "--mount", "--propagation", "private", "bash", "-ec", BOX, str(ROOT), *command]


@pytest.fixture
def box() -> None:
    """Skips the test if this machine does not allow such a box. Otherwise checks that the box works."""
    if not shutil.which("unshare"):
        pytest.skip("the unshare command is missing")
    probe = (
        'id -u; echo "home: $HOME"; touch /tmp/here && echo made; for path in /mnt /root /var; do touch $path/x; done'
    )
    environment = {"PATH": os.environ["PATH"]}
    result = subprocess.run(boxed("bash", "-c", probe), capture_output=True, text=True, env=environment)
    before_touch = result.stderr.split("touch:")[0]
    if "not permitted" in before_touch or "permission denied" in before_touch:
        pytest.skip("this machine does not allow the tests to confine a program")
    assert result.stdout.splitlines() == ["65534", "home: ", "made"], result.stderr
    assert result.stderr.count("Read-only file system") == 3, result.stderr


def command_line(process: int) -> bytes:
    return Path(f"/proc/{process}/cmdline").read_bytes()


@pytest.mark.usefixtures("box")
def test_service_requires_neither_root_nor_home_and_writes_only_to_tmp(github: GitHubStandIn, tmp_path: Path) -> None:
    port = free_port()
    environment = cog_variables(Path("/mnt/predict.py"), port) | {
        "GITHUB_AVATARS_LOG": "info",
        "GITHUB_URL": github.url,
        "PATH": f"/mnt/.venv/bin{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": "/mnt",
    }
    with CogServer(boxed(PYTHON, *COMMAND[1:]), ROOT, port, environment, tmp_path) as server:
        server.wait_for_status("READY")
        assert server.predict(username="octocat")["output"]["prediction"] == "custom"
        identicon = base64.b64encode(next((AVATARS / "default").glob("*.png")).read_bytes()).decode()
        response = server.predict(image=f"data:image/png;base64,{identicon}")
        assert response["output"]["prediction"] == "default"
        assert "NoSuchAccount" in server.predict(username="nobody-of-this-name")["error"]
        (worker,) = [each for each in living_processes(server.process.pid) if b"_run_worker" in command_line(each)]
        os.kill(worker, signal.SIGKILL)
        assert server.process.wait(TIMEOUT) != 0
        assert all(word not in server.log() for word in ("Read-only", "Permission denied", "Traceback"))
