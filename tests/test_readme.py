"""The README's commands and figures."""

import doctest
import json
import re
import shlex
import subprocess

from github_avatars.evaluation.tables import percent
from tests.support.processes import ROOT

README = (ROOT / "README.md").read_text()


def test_the_first_command_prints_what_the_readme_says() -> None:
    found = re.search(r"```console\n\$ (.+)\n(.+)\n```", README)
    assert found
    command, expected = found.groups()
    result = subprocess.run(shlex.split(command), cwd=ROOT, capture_output=True, text=True, check=True)
    port = re.compile(r"127\.0\.0\.1:\d+")
    assert port.sub("HOST", result.stdout) == port.sub("HOST", expected) + "\n"


def test_the_python_examples_hold() -> None:
    examples = "\n".join(re.findall(r"```python\n(.+?)```", README, flags=re.DOTALL))
    parsed = doctest.DocTestParser().get_doctest(examples, {}, "README.md", "README.md", 0)
    assert parsed.examples
    assert doctest.DocTestRunner().run(parsed).failed == 0


def test_the_scores_are_those_of_the_model() -> None:
    scores = json.loads((ROOT / "model.json").read_text())["scores"]
    quoted = re.findall(r"<!-- (\w+) -->([\d.]+) %", README)
    assert [name for name, _ in quoted] == ["originals", "accuracy"]
    for name, figure in quoted:
        assert figure == f"{100 * scores[name]:.1f}"


def test_every_command_named_exists() -> None:
    for script in re.findall(r"script/\w+", README):
        assert (ROOT / script).exists(), script


def test_every_link_within_the_project_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)]+)\)", README):
        assert target.startswith("https://") or (ROOT / target).exists(), target


def test_continuous_integration_runs_the_test_command() -> None:
    assert "\n    script/test\n" in README
    assert (ROOT / ".ci" / "run").read_text().splitlines()[-1] == "script/test"


def test_the_competitors_figures_are_those_of_the_ablation() -> None:
    ablation = json.loads((ROOT / "docs" / "ablation.json").read_text())
    rows = {row["name"]: row for row in ablation["competitors"]}
    times = ablation["times"]["competitors"]
    quoted = re.findall(
        r"^\| \**([\w -]+?)(?::.*?)?\** \| (.+) % \| (.+) % \| (.+) % \| (.+) ms \|$", README, re.MULTILINE
    )
    assert [name for name, *_ in quoted] == ["v1", "v2", "v3", "small network", "EfficientNet-Lite0"]
    for name, *shares, milliseconds in quoted:
        assert shares == [percent(rows[name][part]["value"]) for part in ("originals", "grid", "small")]
        assert milliseconds == f"{times[name]['whole']:.1f}"
