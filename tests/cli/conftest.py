"""The command in this process."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

import synthesis
from github_avatars import identicon
from github_avatars.cli import command_line
from github_avatars.demo import GitHubStandIn


class Result(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The line of a command that failed, without the progress bar."""
        assert self.code == 1, self.err
        *progress, line = self.err.splitlines()
        assert all("picture/s" in text or "account/s" in text for text in progress if text), self.err
        assert line.startswith("error: ")
        return line


Run = Callable[..., Result]


@pytest.fixture
def run(github: GitHubStandIn, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command, with the stand-in for GitHub."""
    monkeypatch.setenv("GITHUB_URL", github.url)

    def run(*words: str | Path) -> Result:
        code = command_line.main(list(map(str, words)))
        return Result(code, *capsys.readouterr())

    return run


@pytest.fixture
def labeled(tmp_path: Path) -> Path:
    """A folder with one picture of each label."""
    for label in ("default", "custom"):
        (tmp_path / label).mkdir()
    identicon.render(1).save(tmp_path / "default/1.png")
    (tmp_path / "custom/2.jpg").write_bytes(synthesis.draw("photo-landscape", 0).data)
    return tmp_path
