"""docs/reliability.md: that each promise is held by a test that there is."""

import ast
import re

import pytest
from conftest import ROOT

PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"tests/(test_\w+\.py)::(\w+)", PAGE)))


def test_tests_are_named() -> None:
    assert NAMED


@pytest.mark.parametrize(("file", "test"), NAMED, ids=lambda name: name)
def test_every_test_that_is_named_exists(file: str, test: str) -> None:
    module = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
    defined = {found.name for found in ast.walk(module) if isinstance(found, ast.FunctionDef | ast.AsyncFunctionDef)}
    assert test in defined


def test_every_script_and_file_that_is_named_exists() -> None:
    for path in re.findall(r"\b(?:script|tests|docs|github_avatars)/[\w/.]*\w", PAGE):
        assert (ROOT / path).exists(), path
