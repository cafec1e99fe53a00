"""All generated pages: they are current, and `script/docs` writes and checks them."""

import inspect
import re
import sys
from pathlib import Path

import pytest

from github_avatars import errors as error_classes
from github_avatars.errors import GitHubAvatarsError
from pages import __main__, cli, errors
from pages.__main__ import PAGES, Page, is_current


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.PATH.name)
def test_page_is_current(page: Page) -> None:
    assert is_current(page.PATH, page.page()), f"{page.PATH} is out of date: run script/docs"


def test_check_names_pages_that_are_out_of_date_and_a_run_writes_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    cli_page = cli.PATH.read_bytes()
    for page in PAGES:
        monkeypatch.setattr(page, "PATH", tmp_path / page.PATH.name)
    (tmp_path / "errors.md").write_text("# Errors\n")
    (tmp_path / "cli.md").write_bytes(cli_page)
    monkeypatch.setattr(sys, "argv", ["script/docs", "--check"])
    assert __main__.main() == 1
    assert f"{tmp_path}/errors.md is out of date: run script/docs.\n" in capsys.readouterr().err
    monkeypatch.setattr(sys, "argv", ["script/docs"])
    assert __main__.main() == 0
    assert all(is_current(page.PATH, page.page()) for page in PAGES)
    assert f"{tmp_path}/cli.md" not in capsys.readouterr().out


def test_every_kind_of_error_has_a_row() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \|(?: [^|]+ \|){3} (?:yes|no) \|$", errors.page(), re.MULTILINE)
    classes = inspect.getmembers(error_classes, inspect.isclass)
    assert sorted(rows) == sorted(each.kind for _, each in classes if issubclass(each, GitHubAvatarsError))


def test_an_error_follows_the_class_that_catches_it() -> None:
    names = re.findall(r"\| (?:&emsp;)*`([A-Z]\w+)` \|", errors.page())
    assert names.index("GitHubError") < names.index("BadLogin") < names.index("Busy")
