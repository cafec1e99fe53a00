"""The messages of a command that waits for the end of a rate limit."""

from datetime import UTC, datetime, timedelta

import pytest

from github_avatars.cli import waiting
from github_avatars.errors import RateLimited


@pytest.mark.parametrize(("is_terminal", "shown"), [(True, ["0:00:01 left", ""]), (False, [])])
def test_reason_and_on_a_terminal_a_countdown_are_shown(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, is_terminal: bool, shown: list[str]
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: is_terminal)
    waiting.wait(RateLimited("GitHub refuses.", datetime.now(UTC) - timedelta(days=1)))
    first, *updates = capsys.readouterr().err.split("\r")
    assert first.startswith("GitHub refuses. Waiting until ")
    assert first.endswith(" UTC.\n")
    assert [update.removesuffix("\033[K") for update in updates] == shown
