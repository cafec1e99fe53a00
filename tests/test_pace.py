"""When the next account may be asked for."""

import pytest

from github_avatars.pace import Pace


def test_whoever_asks_waits_for_those_before() -> None:
    pace = Pace(rate=0.01)
    assert [pace.wait() for _ in range(4)] == pytest.approx([0, 100, 200, 300], abs=5)
