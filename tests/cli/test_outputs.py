"""Options that name a file to write: checked before any work, and never another file's content."""

from collections.abc import Callable
from pathlib import Path

import pytest

from github_avatars.demo import GitHubStandIn
from tests.cli.conftest import Run

Words = Callable[[Path, Path], tuple[str | Path, ...]]

# By name, the words of a command that reads the folder and writes the file.
COMMANDS: dict[str, Words] = {
    "explain -o": lambda folder, file: ("explain", folder / "default/1.png", "-o", file),
    "explain --json": lambda folder, file: ("explain", folder / "default/1.png", "-o", "/dev/null", "--json", file),
    "evaluate --json": lambda folder, file: ("evaluate", folder, "--json", file),
    "dataset check --json": lambda folder, file: ("dataset", "check", folder, "--json", file),
    "report -o": lambda folder, file: ("report", folder, "-o", file),
    "train --model": lambda folder, file: ("train", "--data", folder, "--model", file),
    "scan -o": lambda folder, file: ("scan", "--images", folder, "--db", ":memory:", "-o", file),
}


@pytest.fixture(params=COMMANDS)
def words(request: pytest.FixtureRequest) -> Words:
    return COMMANDS[request.param]


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_impossible_output_is_refused_before_any_work(run: Run, labeled: Path, words: Words) -> None:
    before = contents(labeled)
    # A picture that cannot be read would be the error of a command that had begun to work.
    (labeled / "default/1.png").write_bytes(b"")
    for output, reason in ((labeled, "Is a directory"), (labeled / "gone/file", "No such file")):
        result = run(*words(labeled, output))
        assert result.error.startswith(f"error: {output}")
        assert f"cannot be written ({reason}" in result.error
        assert "/s" not in result.err, "a progress bar"
    assert contents(labeled) == {**before, labeled / "default/1.png": b""}


@pytest.mark.parametrize(
    "words",
    [words for name, words in COMMANDS.items() if not name.startswith("train")],
    ids=[name for name in COMMANDS if not name.startswith("train")],
)
def test_input_is_never_replaced(run: Run, labeled: Path, words: Words) -> None:
    (labeled / "same.png").hardlink_to(labeled / "default/1.png")
    (labeled / "link.png").symlink_to("default/1.png")
    before = contents(labeled)
    for output in ("default/1.png", "same.png", "link.png"):
        result = run(*words(labeled, labeled / output))
        assert f"{output} is also an input or another output of this command" in result.error
    assert contents(labeled) == before


def test_other_files_of_the_call_are_never_replaced(run: Run, labeled: Path) -> None:
    logins, numbers = labeled / "logins.txt", labeled / "numbers.json"
    logins.write_text("octocat\n")
    numbers.write_text("{}")
    before = contents(labeled)
    picture = labeled / "default/1.png"
    for words in (
        ("scan", logins, "--db", ":memory:", "-o", logins),
        ("scan", "octocat", "--db", labeled / "db", "-o", labeled / "db"),
        ("scan", "octocat", "--db", labeled / "db", "-o", labeled / "db-wal"),
        ("scan", "octocat", "--db", ":memory:", "--token-file", logins, "-o", logins),
        ("explain", picture, "-o", labeled / "new", "--json", labeled / "new"),
        ("report", labeled, "--evaluation", numbers, "-o", numbers),
        ("train", "--data", labeled, "--model", labeled / "model.json"),
    ):
        assert "is also an input or another output of this command" in run(*words).error, words
    assert contents(labeled) == before


def test_index_is_never_replaced(run: Run, labeled: Path) -> None:
    index = labeled / "index.csv"
    index.write_text("file,label,login,account_id,family\ndefault/1.png,default,a,1,b\n")
    assert "index.csv is also an input" in run("dataset", "check", labeled, "--json", index).error
    assert index.read_text().startswith("file,label")


def test_login_that_has_the_name_of_the_output_is_no_file(
    run: Run, github: GitHubStandIn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("scan", "octocat", "--db", ":memory:", "--format", "csv", "-o", "octocat").code == 0
    assert github.requests.total() == 1
    assert (tmp_path / "octocat").read_text().startswith("login,")


def test_same_stream_can_be_several_outputs(run: Run, labeled: Path) -> None:
    picture = labeled / "default/1.png"
    assert run("explain", picture, "-o", "/dev/null", "--json", "/dev/null").code == 0
