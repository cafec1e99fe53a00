import argparse
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import synthesis
from github_avatars import identicon
from github_avatars.cli import command_line
from github_avatars.demo import GitHubStandIn
from tests.support.processes import ROOT, clean_environment
from tests.support.timing import TIMEOUT, wait_until

HEAVY = ("sklearn", "scipy", "numpy", "PIL", "requests", "tqdm", "bokeh", "torch", "shtab", "sqlite3", "ray", "pyarrow")


def run(*words: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return python("-m", "github_avatars.cli", *words, **environment)


def run_without(package: str, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """As `run`, where a package is not installed."""
    program = f"import sys; sys.modules[{package!r}] = None; from github_avatars import cli; sys.exit(cli.main())"
    return python("-c", program, *words, **environment)


def python(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=clean_environment(**environment), capture_output=True, text=True
    )


def refusal(ran: subprocess.CompletedProcess[str]) -> str:
    """What a run that failed says: one line, after the progress bar if there is one."""
    assert ran.returncode == 1, ran.stderr
    assert "Traceback" not in ran.stderr
    *progress, line = ran.stderr.splitlines()
    assert all("picture/s" in shown or "account/s" in shown for shown in progress if shown), ran.stderr
    assert line.startswith("error: ")
    return line


def parsers(
    parser: argparse.ArgumentParser, words: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], argparse.ArgumentParser]]:
    """Each subcommand of the live parser by the words that name it, those with subcommands of their own too."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                yield (*words, name), below
                yield from parsers(below, (*words, name))


PARSERS = dict(parsers(command_line.build_parser()))
COMMANDS = list(PARSERS)
OPTIONS = [(words, action) for words, parser in PARSERS.items() for action in parser._actions if action.option_strings]


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
    expected = {"predict", "explain", "evaluate", "train", "collect", "report", "dataset check", "completion"}
    assert expected <= {" ".join(words) for words in COMMANDS}


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_every_command_and_every_argument_says_what_it_is_for(words: tuple[str, ...]) -> None:
    *above, name = words
    parent = PARSERS[tuple(above)] if above else command_line.build_parser()
    (among,) = (each for each in parent._actions if isinstance(each, argparse._SubParsersAction))
    (listed,) = (each for each in among._choices_actions if each.dest == name)
    assert listed.help
    assert listed.help.endswith(".")
    assert "\n" not in listed.help
    for each in PARSERS[words]._actions:
        assert each.help or isinstance(each, argparse._SubParsersAction), each


def test_options_are_of_one_style() -> None:
    for words, option in OPTIONS:
        assert re.fullmatch("--[a-z]+(-[a-z]+)*", option.option_strings[-1]), (words, option)
        if option.nargs != 0:
            assert option.choices or re.fullmatch("[A-Z./]+", option.metavar or option.dest.upper()), (words, option)
        assert ("-o" in option.option_strings) == (option.dest == "output"), (words, option)
        if option.dest == "json":
            assert option.metavar == "FILE", words


@pytest.mark.parametrize("words", [(), *COMMANDS], ids=" ".join)
def test_options_are_never_abbreviated(words: tuple[str, ...]) -> None:
    """Else a token that is given by mistake with --token would be taken for the file of --token-file, and told."""
    assert not (PARSERS[words] if words else command_line.build_parser()).allow_abbrev


def test_help_tells_the_exit_codes() -> None:
    told = command_line.build_parser().format_help()
    assert all(f"{code} " in told for code in (0, 1, 2, 130))


def test_paragraphs_of_a_description_stay_apart() -> None:
    told = PARSERS["collect",].format_help()
    assert "Fetch the avatars of a list of accounts and label each by proof.\n\nTo the pixel" in told


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


@pytest.mark.parametrize(
    "words", [(), ("dataset",), ("paint",), ("collect", "--rate", "fast"), ("completion", "tcsh"), ("train", "--forc")]
)
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


def test_an_interrupted_command_is_one_line(github: GitHubStandIn) -> None:
    github.faults["/octocat.png"] = lambda exchange: exchange.pause(TIMEOUT) or True
    command = [sys.executable, "-m", "github_avatars.cli", "predict", "octocat"]
    environment = clean_environment(GITHUB_URL=github.url)
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True) as process:
        wait_until(lambda: github.requests["/octocat.png"])
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=TIMEOUT)[1] == "error: interrupted\n"
    assert process.returncode == 130


def test_a_reader_who_has_seen_enough_is_no_news(github: GitHubStandIn) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    ran = subprocess.run(
        [sys.executable, "-m", "github_avatars.cli", "predict", "octocat", "default-0"],
        cwd=ROOT,
        env=clean_environment(GITHUB_URL=github.url),
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
    )
    os.close(writer)
    assert (ran.returncode, ran.stderr) == (1, "")


# Predict


def lines(ran: subprocess.CompletedProcess[str]) -> list[dict[str, str | None]]:
    return [json.loads(line) for line in ran.stdout.splitlines()]


def test_predict_answers_as_the_service_does(github: GitHubStandIn, labelled: Path) -> None:
    ran = run("predict", "octocat", labelled / "default/1.png", "default-0", GITHUB_URL=github.url)
    assert (ran.returncode, ran.stderr) == (0, "")
    service = subprocess.run(
        [ROOT / "script/predict", "-i", "username=octocat"],
        env=clean_environment(GITHUB_URL=github.url),
        capture_output=True,
        text=True,
        check=True,
    )
    assert lines(ran) == [
        json.loads(service.stdout),
        {"username": None, "href": None, "prediction": "default"},
        {"username": "default-0", "href": f"{github.url}/default-0.png", "prediction": "default"},
    ]
    assert ran.stdout.startswith(service.stdout)


def test_predict_has_a_line_for_what_it_cannot_tell_and_goes_on(github: GitHubStandIn, labelled: Path) -> None:
    (labelled / "page.png").write_text("<!DOCTYPE html>")
    ran = run("predict", "nobody-here", "gone.png", labelled / "page.png", "octocat", GITHUB_URL=github.url)
    assert ran.returncode == 1
    assert [(line["username"], line["prediction"]) for line in lines(ran)] == [
        ("nobody-here", None),
        ("gone.png", None),
        (None, None),
        ("octocat", "custom"),
    ]
    told = ran.stderr.splitlines()
    assert len(told) == 3
    assert "has no account nobody-here" in told[0]
    assert "There is no such picture file, and 'gone.png' is not a valid GitHub login" in told[1]
    assert "not a PNG" in told[2]
    assert all(line.startswith("error: ") for line in told)


def test_predict_logs_as_the_service_does(github: GitHubStandIn) -> None:
    ran = run("predict", "octocat", GITHUB_URL=github.url, GITHUB_AVATARS_LOG="info")
    assert json.loads(ran.stderr)["login"] == "octocat"
    assert "GITHUB_AVATARS_LOG" in refusal(run("predict", "octocat", GITHUB_AVATARS_LOG="loud"))


def test_predict_needs_no_cog(github: GitHubStandIn) -> None:
    ran = run_without("cog", "predict", "octocat", GITHUB_URL=github.url)
    assert (ran.returncode, ran.stderr) == (0, "")


# Explain


def test_an_explanation_is_written_as_json_too(labelled: Path, tmp_path: Path) -> None:
    ran = run("explain", labelled / "default/1.png", "-o", tmp_path / "why.png", "--json", tmp_path / "why.json")
    assert ran.returncode == 0, ran.stderr
    found = json.loads((tmp_path / "why.json").read_text())
    assert (found["label"], found["features"]["identicon_error"]) == ("default", 0.0)
    total = found["base"] + sum(one["log_odds"] for one in found["contributions"])
    assert total == pytest.approx(found["score"])


# Completion


COMPLETING = """
source /dev/stdin <<<"$SCRIPT"
COMP_WORDS=($WORDS) COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
[[ $WORDS == *" " ]] && COMP_WORDS+=("") && COMP_CWORD=$((COMP_CWORD + 1))
function=$(complete -p github-avatars | sed -E 's/.*-F ([^ ]+).*/\\1/')
"$function" github-avatars "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


@pytest.fixture(scope="module")
def script() -> str:
    ran = run("completion", "bash")
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("github-avatars ", {words[0] for words in COMMANDS}),
        ("github-avatars pre", {"predict"}),
        ("github-avatars dataset ", {"check"}),
        ("github-avatars train --", {"--help", "--data", "--model", "--force", "--check"}),
        ("github-avatars completion ", {"bash", "zsh", "fish"}),
        ("github-avatars train --data av", {"avatars"}),
        ("github-avatars predict train", {"train.py"}),
    ],
)
def test_bash_completes(script: str, words: str, expected: set[str]) -> None:
    ran = subprocess.run(
        ["bash", "--norc", "-c", COMPLETING],
        cwd=ROOT,
        env=clean_environment(SCRIPT=script, WORDS=words),
        capture_output=True,
        text=True,
    )
    assert expected <= set(ran.stdout.split()), ran.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_names_every_command_and_is_what_the_shell_can_read(shell: str, tmp_path: Path) -> None:
    ran = run("completion", shell)
    assert (ran.returncode, ran.stderr) == (0, "")
    for words in COMMANDS:
        assert words[-1] in ran.stdout
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    (tmp_path / "script").write_text(ran.stdout)
    checked = subprocess.run([shell, "-n", tmp_path / "script"], capture_output=True, text=True)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_without_shtab_completion_says_what_to_install() -> None:
    assert "pip install 'github-avatars[completion]'" in refusal(run_without("shtab", "completion", "zsh"))


# Dataset check


def test_a_sound_dataset_is_reported_on_stdout(labelled: Path) -> None:
    (labelled / "custom/copy.jpg").write_bytes((labelled / "custom/2.jpg").read_bytes())
    ran = run("dataset", "check", labelled, "--json", labelled / "found.json")
    assert ran.returncode == 0, ran.stderr
    found = json.loads((labelled / "found.json").read_text())
    assert found["counts"] == {"default": 1, "custom": 2}
    assert [example["file"] for example in found["same"][0]] == ["custom/2.jpg", "custom/copy.jpg"]
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
