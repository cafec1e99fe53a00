import argparse
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT, clean_environment

from github_avatars import cli, identicon, synthesis
from github_avatars.demo import GitHubStandIn

HEAVY = ("sklearn", "scipy", "numpy", "PIL", "requests", "tqdm", "bokeh", "torch")


def run(*words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "github_avatars.cli", *words],
        cwd=ROOT,
        env=clean_environment(**environment),
        capture_output=True,
        text=True,
    )


def refusal(ran: subprocess.CompletedProcess[str]) -> str:
    """What a run that failed says: one line, after the progress bar if there is one."""
    assert ran.returncode == 1, ran.stderr
    assert "Traceback" not in ran.stderr
    *progress, line = ran.stderr.splitlines()
    assert all("picture/s" in shown or "account/s" in shown for shown in progress if shown), ran.stderr
    assert line.startswith("error: ")
    return line


def commands(parser: argparse.ArgumentParser, words: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The words that name each subcommand of the live parser, those of subcommands' subcommands too."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                yield (*words, name)
                yield from commands(below, (*words, name))


def parser_of(words: tuple[str, ...]) -> argparse.ArgumentParser:
    parser = cli._parser()
    for word in words:
        (action,) = (each for each in parser._actions if isinstance(each, argparse._SubParsersAction))
        parser = action.choices[word]
    return parser


COMMANDS = sorted(commands(cli._parser()))


@pytest.fixture
def labelled(tmp_path: Path) -> Path:
    """A picture of each label."""
    for label in ("default", "custom"):
        (tmp_path / label).mkdir()
    identicon.render(1).save(tmp_path / "default/1.png")
    (tmp_path / "custom/2.jpg").write_bytes(synthesis.draw("photo-landscape", 0).data)
    return tmp_path


# Help


def test_the_commands_are_these() -> None:
    assert {"evaluate", "explain", "report", "dataset check", "collect"} <= {" ".join(words) for words in COMMANDS}


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_and_every_option_says_what_it_is_for(words: tuple[str, ...]) -> None:
    *above, name = words
    (action,) = (each for each in parser_of(tuple(above))._actions if isinstance(each, argparse._SubParsersAction))
    (listed,) = (each for each in action._choices_actions if each.dest == name)
    assert listed.help
    assert listed.help.endswith(".")
    assert "\n" not in listed.help
    for each in parser_of(words)._actions:
        assert each.help or isinstance(each, argparse._SubParsersAction), each


@pytest.mark.parametrize("words", [(), *COMMANDS], ids=" ".join)
def test_help_imports_nothing_heavy(words: tuple[str, ...]) -> None:
    program = (
        "import sys, atexit; from github_avatars import cli\n"
        f"atexit.register(lambda: print(sorted(set({HEAVY}) & set(sys.modules))))\n"
        f"cli.main([*{words}, '--help'])"
    )
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    assert (ran.returncode, ran.stderr) == (0, "")
    *shown, loaded = ran.stdout.splitlines()
    assert " ".join(("usage: github-avatars", *words)) in shown[0]
    assert loaded == "[]"


@pytest.mark.parametrize("words", [(), ("dataset",), ("paint",), ("collect", "--rate", "fast")])
def test_a_wrong_call_is_told_with_the_usage(words: tuple[str, ...]) -> None:
    ran = run(*words)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("usage: github-avatars")


# Errors


def test_bad_input_is_one_line(tmp_path: Path, labelled: Path) -> None:
    gone = tmp_path / "gone"
    assert "gone" in refusal(run("evaluate", gone))
    assert "gone" in refusal(run("dataset", "check", gone))
    assert "gone" in refusal(run("collect", "--logins", gone, "-o", tmp_path / "out"))
    assert "no/such" in refusal(run("explain", "no/such", "-o", tmp_path / "out.png"))
    assert "gone" in refusal(run("report", gone, labelled, "-o", tmp_path / "out.html"))


def test_an_unreachable_github_is_one_line(tmp_path: Path) -> None:
    line = refusal(run("explain", "octocat", "-o", tmp_path / "out.png", GITHUB_URL="ftp://github.com"))
    assert "GITHUB_URL" in line


# Dataset check


def test_a_sound_dataset_is_reported_on_stdout(labelled: Path) -> None:
    (labelled / "custom/copy.jpg").write_bytes((labelled / "custom/2.jpg").read_bytes())
    ran = run("dataset", "check", labelled)
    assert ran.returncode == 0, ran.stderr
    assert "The same picture: 1\n  custom/2.jpg (custom), custom/copy.jpg (custom)\n" in ran.stdout
    assert "3/3" in ran.stderr


def test_an_unfit_dataset_is_reported_and_fails(labelled: Path) -> None:
    (labelled / "default/2.jpg").write_bytes((labelled / "custom/2.jpg").read_bytes())
    ran = run("dataset", "check", labelled)
    assert "pictures under both labels: 1" in refusal(ran)
    assert "Under both labels, the same picture: 1\n" in ran.stdout
    (labelled / "default/2.jpg").write_text("<!DOCTYPE html>")
    ran = run("dataset", "check", labelled)
    assert "unreadable files: 1" in refusal(ran)
    assert "Unreadable: 1\n" in ran.stdout


# Collect


def test_collect_prints_what_became_of_the_accounts(github: GitHubStandIn, tmp_path: Path) -> None:
    (tmp_path / "logins.txt").write_text("octocat\ndefault-0\nnobody-here\n")
    arguments = ("collect", "--logins", tmp_path / "logins.txt", "-o", tmp_path / "out", "--rate", "1000")
    ran = run(*arguments, GITHUB_URL=github.url)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout == (
        '{"default": 1, "custom": 1, "review": 0, "duplicate": 0, "surplus": 0, "error": 1, "earlier": 0}\n'
    )
    assert "3/3" in ran.stderr
    shutil.rmtree(tmp_path / "out/custom")
    assert "unreadable files: 1" in refusal(run("dataset", "check", tmp_path / "out"))
    assert "The rate is nan" in refusal(run(*arguments, "--rate", "nan", GITHUB_URL=github.url))
