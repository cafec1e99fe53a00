"""The examples, figures and links of README.md and of the pages beside it."""

import doctest
import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from github_avatars.demo import GitHubStandIn
from tests.support.processes import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def test_the_first_command_prints_what_the_readme_shows() -> None:
    example = re.search(r"```console\n\$ (.+)\n(.+)\n```", README)
    assert example
    command, expected = example.groups()
    result = subprocess.run(shlex.split(command), cwd=ROOT, capture_output=True, text=True, check=True)
    port = re.compile(r"127\.0\.0\.1:\d+")
    assert port.sub("HOST", result.stdout) == port.sub("HOST", expected) + "\n"


@pytest.mark.parametrize("name", ["README.md", "docs/scan.md"])
def test_the_python_examples_print_what_the_page_shows(
    name: str, github: GitHubStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_URL", github.url)
    monkeypatch.chdir(tmp_path)
    examples = "\n".join(re.findall(r"```python\n(.+?)```", (ROOT / name).read_text(), flags=re.DOTALL))
    parsed = doctest.DocTestParser().get_doctest(examples, {}, name, name, 0)
    assert parsed.examples
    assert doctest.DocTestRunner().run(parsed).failed == 0


def test_the_scores_are_those_of_the_model() -> None:
    scores = json.loads((ROOT / "model.json").read_text())["scores"]
    quoted = re.findall(r"<!-- (\w+) -->([\d.]+) %", README)
    assert quoted == [(name, f"{100 * scores[name]:.1f}") for name in ("originals", "accuracy")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_and_scripts_of_a_page_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for target, anchor in re.findall(r"\]\(([^)#]*)(?:#([^)]+))?\)", text):
        if not target.startswith("https://"):
            linked = page.parent / target if target else page
            assert linked.exists(), target
            assert not anchor or anchor in anchors(linked), f"{target}#{anchor}"
    for script in re.findall(r"\bscript/(\w[\w-]*)", text):
        assert (ROOT / "script" / script).exists(), script


def anchors(page: Path) -> list[str]:
    """The anchors that GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.+)", page.read_text(encoding="utf-8"), re.MULTILINE)
    return [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings]


def test_continuous_integration_runs_the_test_command() -> None:
    assert "\n    script/test\n" in README
    assert (ROOT / ".ci" / "run").read_text().splitlines()[-1] == "script/test"
