"""docs/errors.md: what it says of every error, and that it is what the code writes today."""

import re
import subprocess
import sys
from pathlib import Path

from github_avatars.errors import GitHubAvatarsError, RateLimited
from pages import error_page
from tests.support.processes import ROOT, clean_environment


def rows() -> dict[str, list[str]]:
    """The cells of the shipped page's table, by kind."""
    lines = re.findall(r"^\| `([a-z-]+)` \| (.+) \|$", error_page.PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return {kind: rest.split(" | ") for kind, rest in lines}


def test_the_shipped_page_is_what_the_code_writes_today() -> None:
    page = error_page.PAGE.read_text(encoding="utf-8")
    assert page == error_page.page(), "stale: run .venv/bin/python -m pages.error_page"


def test_it_lists_every_error_with_all_that_is_known_of_it() -> None:
    assert set(rows()) == {error.kind for error in error_page.tree()}
    for error in error_page.tree():
        name, meaning, remedy, again = rows()[error.kind]
        assert name.replace("&emsp;", "") == f"`{error.__name__}`"
        assert meaning in re.sub(r"\s+", " ", error.__doc__ or "")
        assert (remedy, again) == (error.remedy, "yes" if error.retry else "no")


def test_an_error_is_shown_below_the_one_that_catches_it() -> None:
    depths = [rows()[error.kind][0].count("&emsp;") for error in error_page.tree()]
    assert depths == [len(error.__mro__) - len(GitHubAvatarsError.__mro__) for error in error_page.tree()]
    assert error_page.tree(RateLimited) == [RateLimited]


def test_the_command_writes_it(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    for name in ("github_avatars/__init__.py", "github_avatars/errors.py", "pages/__init__.py", "pages/error_page.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    command = [sys.executable, "-m", "pages.error_page"]
    subprocess.run(command, cwd=tmp_path, env=clean_environment(), check=True)
    assert (tmp_path / "docs" / "errors.md").read_bytes() == error_page.PAGE.read_bytes()
