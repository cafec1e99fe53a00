"""Commands as processes: signals, closed standard streams, and special files."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from github_avatars import identicon
from github_avatars.demo import Exchange, GitHubStandIn
from github_avatars.scan.store import Store
from tests.support.commands import run_command
from tests.support.processes import ROOT, clean_environment
from tests.support.timing import TIMEOUT, wait_until

Start = Callable[..., "subprocess.Popen[str]"]

SIGNALS = {
    signal.SIGINT: (130, "error: interrupted"),
    signal.SIGTERM: (143, "error: terminated"),
    signal.SIGHUP: (129, "error: the terminal closed"),
}


def start(*words: str | Path, github: str, folder: Path, **options: object) -> "subprocess.Popen[str]":
    return subprocess.Popen(  # type: ignore[call-overload]
        [sys.executable, "-m", "github_avatars.cli", *words],
        cwd=folder,
        env=clean_environment(GITHUB_URL=github, PYTHONPATH=str(ROOT)),
        text=True,
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
    )


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def waiting_github(github: GitHubStandIn) -> GitHubStandIn:
    """A stand-in that never responds to a request for hubot."""

    def wait(exchange: Exchange) -> bool:
        exchange.pause(TIMEOUT)
        return True

    github.faults["/default-0.png"] = wait
    return github


@pytest.mark.parametrize("number", SIGNALS)
def test_signal_stops_a_scan_and_completes_its_rows(
    waiting_github: GitHubStandIn, tmp_path: Path, number: signal.Signals
) -> None:
    words = ("scan", "octocat", "default-0", "--ordered", "-o", "rows.jsonl")
    with start(*words, github=waiting_github.url, folder=tmp_path) as process:
        wait_until(lambda: waiting_github.requests["/default-0.png"])

        def octocat_is_stored() -> bool:
            return waiting_github.requests.total() == 3 and waiting_github.in_flight == 1

        wait_until(octocat_is_stored)
        process.send_signal(number)
        error = process.communicate(timeout=TIMEOUT)[1]
    assert (process.returncode, error.splitlines()[-1]) == SIGNALS[number]
    rows = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    assert [row["login"] for row in rows] == ["octocat", "default-0"]
    assert rows[1]["status"] == "pending"
    assert names(tmp_path) == ["rows.jsonl", "scan.db"]
    with Store(tmp_path / "scan.db"):
        pass


@pytest.mark.parametrize("number", SIGNALS)
def test_signal_ends_a_command_without_leftovers(
    waiting_github: GitHubStandIn, tmp_path: Path, number: signal.Signals
) -> None:
    words = ("explain", "default-0", "-o", "why.png", "--json", "why.json")
    with start(*words, github=waiting_github.url, folder=tmp_path) as process:
        wait_until(lambda: waiting_github.requests["/default-0.png"])
        assert len(names(tmp_path)) == 2
        process.send_signal(number)
        # A second Ctrl-C may interrupt the cleanup, but other signals are often sent twice.
        while number != signal.SIGINT and process.poll() is None:
            process.send_signal(number)
        error = process.communicate(timeout=TIMEOUT)[1]
    assert (process.returncode, error.splitlines()) == (SIGNALS[number][0], [SIGNALS[number][1]])
    assert names(tmp_path) == []


def test_closed_terminal_ends_a_scan_as_its_signal_does(waiting_github: GitHubStandIn, tmp_path: Path) -> None:
    terminal, stream = os.openpty()
    words = ("scan", "octocat", "default-0", "-o", "rows.jsonl")
    process = start(*words, github=waiting_github.url, folder=tmp_path, stdout=stream, stderr=stream, stdin=stream)
    os.close(stream)
    wait_until(lambda: waiting_github.requests["/default-0.png"])
    os.close(terminal)
    process.send_signal(signal.SIGHUP)  # the kernel sends it only to the session that controls the terminal
    assert process.wait(TIMEOUT) == 129
    assert names(tmp_path) == ["rows.jsonl", "scan.db"]


def test_second_scan_to_the_same_file_is_refused(waiting_github: GitHubStandIn, tmp_path: Path) -> None:
    words = ("scan", "octocat", "default-0", "--db", ":memory:", "-o", "rows.csv")
    with start(*words, github=waiting_github.url, folder=tmp_path) as first:
        wait_until(lambda: waiting_github.requests["/default-0.png"])
        second = start(*words, github=waiting_github.url, folder=tmp_path)
        assert second.communicate(timeout=TIMEOUT)[1].startswith("error: rows.csv is being written by another run")
        assert second.returncode == 1
        first.send_signal(signal.SIGTERM)
        first.communicate(timeout=TIMEOUT)
    assert len((tmp_path / "rows.csv").read_text().splitlines()) == 3


PICTURE, FOLDER = "picture.png", "folder"
COMMANDS = {
    "predict": ("predict", PICTURE),
    "explain": ("explain", PICTURE, "-o", "/dev/null"),
    "evaluate": ("evaluate", FOLDER),
    "collect": ("collect", "--logins", "logins.txt", "-o", "collected"),
    "scan": ("scan", "octocat", "--db", ":memory:"),
    "scan -": ("scan", "-", "octocat", "--db", ":memory:"),
    "scan -o": ("scan", "octocat", "--db", ":memory:", "-o", "rows.csv"),
    "dataset check": ("dataset", "check", FOLDER),
    "review --export": ("review", "reviewed.db", "--export", "exported"),
    "map": ("map", "reviewed.db", "-o", "map.html"),
    "completion": ("completion", "bash"),
    "--help": ("--help",),
    "wrong usage": ("paint",),
}
SILENT = ("scan -o",)
"""Commands that write nothing to standard output if they succeed."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working directory with the files of COMMANDS."""
    identicon.render(1).save(tmp_path / PICTURE)
    for label in ("default", "custom"):
        (tmp_path / FOLDER / label).mkdir(parents=True)
    identicon.render(1).save(tmp_path / FOLDER / "default" / PICTURE)
    Store(tmp_path / "reviewed.db").close()
    (tmp_path / "logins.txt").touch()
    return tmp_path


def run_with_closed(number: int, name: str, folder: Path, github: GitHubStandIn) -> "tuple[int, str]":
    """Run a command in a shell that closes a stream; returns the exit code and the other streams."""
    redirection = ("<&-", ">&-", "2>&-")[number]
    process = subprocess.run(
        ["sh", "-c", f'exec "$@" {redirection}', "sh", sys.executable, "-m", "github_avatars.cli", *COMMANDS[name]],
        cwd=folder,
        env=clean_environment(GITHUB_URL=github.url, PYTHONPATH=str(ROOT)),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )
    output = process.stdout + process.stderr
    assert "Traceback" not in output
    assert "Exception" not in output
    assert "lost sys" not in output
    return process.returncode, output


@pytest.mark.parametrize("name", COMMANDS)
def test_closed_input(name: str, folder: Path, github: GitHubStandIn) -> None:
    code, output = run_with_closed(0, name, folder, github)
    if name == "scan -":
        assert (code, output[:33]) == (1, "error: Standard input is closed: ")
    elif name not in ("evaluate", "dataset check", "wrong usage"):
        assert code == 0, output


@pytest.mark.parametrize("name", COMMANDS)
def test_closed_output_is_an_error_of_commands_that_write_to_it(name: str, folder: Path, github: GitHubStandIn) -> None:
    code, output = run_with_closed(1, name, folder, github)
    if name == "wrong usage":
        assert code == 2
    elif name in SILENT:
        assert code == 0
        assert (folder / "rows.csv").exists()
    else:
        assert (code, output.splitlines()[-1][:34]) == (1, "error: Standard output is closed: ")


@pytest.mark.parametrize("name", COMMANDS)
def test_closed_errors_are_not_written_elsewhere(name: str, folder: Path, github: GitHubStandIn) -> None:
    code, output = run_with_closed(2, name, folder, github)
    assert "error: " not in output
    assert code == (2 if name == "wrong usage" else 0)


def test_full_disk_behind_standard_output_is_one_line(github: GitHubStandIn) -> None:
    with Path("/dev/full").open("wb") as full:
        for words in (("predict", "octocat"), ("--help",)):
            process = start(*words, github=github.url, folder=ROOT, stdout=full)
            assert process.communicate(timeout=TIMEOUT)[1] == "error: [Errno 28] No space left on device\n"
            assert process.returncode == 1


def test_pipes_and_their_like_are_no_pictures(github: GitHubStandIn, tmp_path: Path) -> None:
    identicon.render(1).save(tmp_path / PICTURE)
    os.mkfifo(tmp_path / "pipe.png")
    predict = start("predict", "pipe.png", PICTURE, github=github.url, folder=tmp_path)
    out, error = predict.communicate(timeout=TIMEOUT)
    assert (predict.returncode, error) == (
        1,
        "error: pipe.png cannot be read (It is not a regular file): give a picture file.\n",
    )
    assert [json.loads(line)["prediction"] for line in out.splitlines()] == [None, "default"]
    words = ("scan", "--images", ".", "--db", ":memory:", "--format", "jsonl", "--ordered")
    scan = start(*words, github=github.url, folder=tmp_path)
    out, error = scan.communicate(timeout=TIMEOUT)
    assert scan.returncode == 0, error
    rows = {row["login"]: row for row in map(json.loads, out.splitlines())}
    assert rows["picture"]["label"] == "default"
    assert (rows["pipe"]["status"], "not a regular file" in rows["pipe"]["error"]) == ("not-a-picture", True)


@pytest.mark.parametrize(
    "words", [("scan", "pipe"), ("collect", "--logins", "pipe", "-o", "new"), ("evaluate", "pipe")]
)
def test_pipes_are_no_lists(github: GitHubStandIn, tmp_path: Path, words: tuple[str, ...]) -> None:
    os.mkfifo(tmp_path / "pipe")
    process = start(*words, github=github.url, folder=tmp_path)
    error = process.communicate(timeout=TIMEOUT)[1]
    assert process.returncode == 1
    assert error.startswith("error: pipe")


def test_list_can_come_from_process_substitution(github: GitHubStandIn, tmp_path: Path) -> None:
    command = '"$0" -m github_avatars.cli scan <(echo octocat) /dev/stdin --db :memory: --format csv --ordered'
    process = subprocess.run(
        ["bash", "-c", command, sys.executable],
        cwd=tmp_path,
        env=clean_environment(GITHUB_URL=github.url, PYTHONPATH=str(ROOT)),
        input="default-0\n",
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
    )
    assert [line.partition(",")[0] for line in process.stdout.splitlines()] == ["login", "octocat", "default-0"]


def test_names_that_are_not_utf8(github: GitHubStandIn, tmp_path: Path) -> None:
    folder = tmp_path / FOLDER
    (folder / "default").mkdir(parents=True)
    path = Path(os.fsdecode(os.fsencode(folder / "default") + b"/\xff.png"))
    identicon.render(1).save(folder / PICTURE)
    (folder / PICTURE).rename(path)
    words = ("scan", "--images", folder / "default", "--db", ":memory:", "--format", "jsonl")
    scan = start(*words, github=github.url, folder=tmp_path)
    out, error = scan.communicate(timeout=TIMEOUT)
    assert scan.returncode == 0, error
    row = json.loads(out)
    assert (row["login"], row["label"], row["href"]) == ("\\udcff", "default", f"{folder}/default/\\udcff.png")
    assert json.loads(run_command("predict", path).stdout)["prediction"] == "default"
    path.write_bytes(b"")
    assert run_command("explain", path, "-o", "/dev/null").stderr.startswith(f"error: {folder}/default/\\xff.png is ")
    assert "default/\\xff.png: " in run_command("dataset", "check", folder).stdout


ESCAPE = "\x1b[2J"


def test_escape_sequences_of_files_are_not_printed(github: GitHubStandIn, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text(f"{ESCAPE},b\n1,2\n")
    (tmp_path / "text.txt").write_text("")
    for folder, index in (("files", None), ("index", f"file,label,login,account_id,family\na,{ESCAPE},b,1,c\n")):
        (tmp_path / folder / "default").mkdir(parents=True)
        (tmp_path / folder / "default" / f"{ESCAPE}.png").write_text("no picture")
        if index:
            (tmp_path / folder / "index.csv").write_text(index)
    for words in (
        ("scan", "list.csv", "--db", ":memory:"),
        ("scan", "text.txt", "--db", ":memory:", "--column", ESCAPE),
        ("scan", "--images", "files/default", "--db", ":memory:"),
        ("dataset", "check", "files"),
        ("dataset", "check", "index"),
        ("evaluate", "files"),
        ("predict", f"files/default/{ESCAPE}.png"),
        ("predict", ESCAPE),
        ("review", ESCAPE),
        ("map", ESCAPE, "-o", "map.html"),
        ("map", "text.txt", "-o", ESCAPE),
        ("report", "files", "--evaluation", ESCAPE, "-o", "/dev/null"),
        ("completion", ESCAPE),
    ):
        process = start(*words, github=github.url, folder=tmp_path)
        out, error = process.communicate(timeout=TIMEOUT)
        assert ESCAPE not in out + error, words
        assert "Traceback" not in error
