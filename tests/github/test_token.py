"""Reading a token from a file or from the environment."""

from pathlib import Path

import pytest

from github_avatars.errors import BadInput
from github_avatars.github import api

TOKEN = "ghp_0123456789tokentokentoken"


def test_token_of_the_file_takes_precedence_over_the_environment(tmp_path: Path) -> None:
    file = tmp_path / "token"
    for content in (TOKEN, f"{TOKEN}\n", f"\ufeff {TOKEN}\r\n\n"):
        file.write_text(content, encoding="utf-8")
        assert api.read_token(file, {}) == api.read_token(file, {"GITHUB_TOKEN": "another"}) == TOKEN
    assert api.read_token(None, {"GITHUB_TOKEN": f" {TOKEN}\n"}) == TOKEN


@pytest.mark.parametrize("environment", [{}, {"GITHUB_TOKEN": ""}, {"GITHUB_TOKEN": "\n"}])
def test_missing_token_is_none(environment: dict[str, str]) -> None:
    assert api.read_token(None, environment) is None


@pytest.mark.parametrize(
    "content", ["", "\n", f"{TOKEN}\n{TOKEN}", f"{TOKEN}\r\nX-Header: x", f"{TOKEN}\0", "é" + TOKEN]
)
def test_malformed_token_file_is_refused_without_its_content(content: str, tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(content.encode())
    with pytest.raises(BadInput, match="The token file does not contain a GitHub token") as caught:
        api.read_token(tmp_path / "token", {})
    assert TOKEN not in str(caught.value)


def test_malformed_token_in_the_environment_is_refused_without_its_value() -> None:
    with pytest.raises(BadInput, match="GITHUB_TOKEN does not contain a GitHub token") as caught:
        api.read_token(None, {"GITHUB_TOKEN": f"{TOKEN} x"})
    assert TOKEN not in str(caught.value)


def test_unreadable_token_file_is_refused_without_its_name(tmp_path: Path) -> None:
    for path in (tmp_path / TOKEN, tmp_path):
        with pytest.raises(BadInput, match=r"The token file cannot be read \(.*\): give a file with a token") as caught:
            api.read_token(path, {})
        assert TOKEN not in str(caught.value)
