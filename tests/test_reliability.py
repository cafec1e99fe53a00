"""docs/reliability.md: every test that it names exists."""

import re

from tests.support.processes import ROOT

PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")


def test_every_promise_is_held_by_tests_that_exist() -> None:
    named = re.findall(r"`(tests/test_\w+\.py)(?:::(test_\w+))?`", PAGE)
    assert len(named) > 50
    for file, test in named:
        assert f"\ndef {test}" in (ROOT / file).read_text(encoding="utf-8"), f"{file}::{test}"


def test_every_row_of_promises_names_a_test() -> None:
    tables = re.findall(r"^\|[^\n]*\bheld by \|\n\|[- |]+\|\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    rows = [row for table in tables for row in table.splitlines()]
    assert rows
    assert all("`tests/" in row for row in rows), [row for row in rows if "`tests/" not in row]


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)", PAGE):
        assert target.startswith("https://") or (ROOT / "docs" / target).exists(), target


def test_every_script_that_is_named_exists() -> None:
    for script in re.findall(r"script/\w+", PAGE):
        assert (ROOT / script).exists(), script
