"""Cog's real server as another user than root, without a home, where nothing but /tmp can be written."""

import base64
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from github_avatars.demo import AVATARS, GitHubStandIn
from tests.support.cog_server import CogServer
from tests.support.processes import ROOT, free_port

BOX = """
mount --bind "$0" /mnt
mount -o remount,bind,ro /mnt
mount -o remount,bind,ro /
mount -t tmpfs tmpfs /tmp
cd /mnt
exec unshare --user --map-user=65534 --map-group=65534 "$@"
"""
"""Shows the project at /mnt, hides what else lies in /tmp, forbids writing elsewhere, and runs a program as nobody."""

PYTHON = "/mnt/.venv/bin/python"


def boxed(*command: str) -> list[str | Path]:
    return ["unshare", "--mount", "--propagation", "private", "bash", "-ec", BOX, str(ROOT), *command]


@pytest.fixture
def box() -> None:
    """Skips where this machine lets nobody make one; else sees to it that it holds."""
    if not shutil.which("unshare"):
        pytest.skip("there is no unshare command to confine a program with")
    probe = (
        'id -u; echo "home: $HOME"; touch /tmp/here && echo made; for path in /mnt /root /var; do touch $path/x; done'
    )
    ended = subprocess.run(boxed("bash", "-c", probe), capture_output=True, text=True, env={"PATH": os.environ["PATH"]})
    if "not permitted" in ended.stderr.split("touch:")[0] or "permission denied" in ended.stderr.split("touch:")[0]:
        pytest.skip("this machine does not let the tests confine a program")
    assert ended.stdout.splitlines() == ["65534", "home: ", "made"], ended.stderr
    assert ended.stderr.count("Read-only file system") == 3, ended.stderr


@pytest.mark.usefixtures("box")
def test_the_service_needs_no_root_no_home_and_nothing_to_write_but_tmp(github: GitHubStandIn, tmp_path: Path) -> None:
    port = free_port()
    environment = {
        "COG_PREDICT_TYPE_STUB": "/mnt/predict.py:Predictor",
        "COG_MAX_CONCURRENCY": "32",
        "GITHUB_AVATARS_LOG": "info",
        "GITHUB_URL": github.url,
        "PATH": f"/mnt/.venv/bin{os.pathsep}{os.environ['PATH']}",
        "PORT": str(port),
        "PYTHONPATH": "/mnt",
    }
    command = boxed(PYTHON, "-m", "cog.server.http", "--host", "127.0.0.1")
    with CogServer(command, ROOT, port, environment, tmp_path) as server:
        server.wait_for_status("READY")
        assert server.predict(username="octocat")["output"]["prediction"] == "custom"
        identicon = base64.b64encode(next((AVATARS / "default").glob("*.png")).read_bytes()).decode()
        answer = server.predict(image=f"data:image/png;base64,{identicon}")
        assert answer["output"]["prediction"] == "default"
        assert "NoSuchAccount" in server.predict(username="nobody-of-this-name")["error"]
        assert all(word not in server.log() for word in ("Read-only", "Permission denied", "Traceback"))
