"""The command completion."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.cli.conftest import Run
from tests.support.commands import PARSERS, run_without
from tests.support.processes import ROOT, clean_environment

COMPLETE = """
source /dev/stdin <<<"$SCRIPT"
COMP_WORDS=($WORDS) COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
[[ $WORDS == *" " ]] && COMP_WORDS+=("") && COMP_CWORD=$((COMP_CWORD + 1))
function=$(complete -p github-avatars | sed -E 's/.*-F ([^ ]+).*/\\1/')
"$function" github-avatars "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("github-avatars ", {words[0] for words in PARSERS}),
        ("github-avatars pre", {"predict"}),
        ("github-avatars dataset ", {"check"}),
        ("github-avatars train --", {"--help", "--data", "--model", "--force", "--check"}),
        ("github-avatars completion ", {"bash", "zsh", "fish"}),
        ("github-avatars train --data av", {"avatars"}),
        ("github-avatars predict train", {"train.py"}),
    ],
)
def test_bash_completes(run: Run, words: str, expected: set[str]) -> None:
    result = run("completion", "bash")
    assert (result.code, result.err) == (0, "")
    process = subprocess.run(
        ["bash", "--norc", "-c", COMPLETE],
        cwd=ROOT,
        env=clean_environment(SCRIPT=result.out, WORDS=words),
        capture_output=True,
        text=True,
    )
    assert expected <= set(process.stdout.split()), process.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_script_contains_every_command_and_is_valid(run: Run, shell: str, tmp_path: Path) -> None:
    result = run("completion", shell)
    assert (result.code, result.err) == (0, "")
    for words in PARSERS:
        assert words[-1] in result.out
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    (tmp_path / "script").write_text(result.out)
    process = subprocess.run([shell, "-n", tmp_path / "script"], capture_output=True, text=True)
    assert (process.returncode, process.stderr) == (0, "")


def test_missing_package_is_an_error() -> None:
    process = run_without("shtab", "completion", "zsh")
    assert process.returncode == 1
    assert process.stderr.startswith("error: ")
    assert "pip install 'github-avatars[completion]'" in process.stderr
