"""Names from arguments, standard input, text and CSV files."""

import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pyarrow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from github_avatars.errors import BadInput
from github_avatars.github import Account, check_login
from github_avatars.scan import account_files
from tests.support.processes import ROOT, clean_environment


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def written(text: str | bytes, name: str = "names.txt") -> str:
    Path(name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return name


def read(*sources: str, column: str | None = None) -> list[tuple[str | None, int | None]]:
    return [(account.login, account.account_id) for account in account_files.read(sources, column)]


def by_login(*logins: str) -> list[tuple[str, None]]:
    return [(login, None) for login in logins]


# Arguments


def test_an_argument_is_a_login() -> None:
    assert read("zeke", "-Jerry-", "octo_corp") == by_login("zeke", "-Jerry-", "octo_corp")


def test_a_file_goes_before_a_login_and_a_folder_does_not() -> None:
    Path("octocat").mkdir()
    written("hubot\n", "zeke")
    assert read("octocat", "zeke") == by_login("octocat", "hubot")


@pytest.mark.parametrize("source", ["gone.txt", "", "a/b", "x" * 100_000, "oc\0to"])
def test_what_is_neither_file_nor_login_is_told_before_anything_else_is_given(source: str) -> None:
    given = account_files.read(["zeke", source])
    with pytest.raises(BadInput, match=r"^There is no such file, and '.*' is not a valid GitHub login") as caught:
        next(given)
    assert len(str(caught.value)) < 300


def test_many_sources_are_read_in_their_order() -> None:
    one, other = written("a\nb\n", "one.txt"), written("login\nc\n", "other.csv")
    assert read("x", one, "y", other, one) == by_login("x", "a", "b", "y", "c", "a", "b")


# Text


@pytest.mark.parametrize(
    "text",
    [
        "zeke\nOctoCat\n",
        "zeke\nOctoCat",
        "\ufeffzeke\r\nOctoCat\r\n",
        "# logins, sorted; by hand\n\nzeke # the first, of two\n  OctoCat\t\n#end",
    ],
)
def test_a_text_file_has_one_login_a_line(text: str) -> None:
    assert read(written(text)) == by_login("zeke", "OctoCat")


def test_what_can_be_no_login_is_given_all_the_same() -> None:
    assert read(written("zeke\n@octocat\nsomebody else\n")) == by_login("zeke", "@octocat", "somebody else")


def test_an_empty_file_names_nobody() -> None:
    assert read(written("")) == []


@pytest.mark.parametrize(
    ("data", "line"), [(b"zeke\nocto\xff\n", 2), ("zeke\n".encode("utf-16"), 1), (b"\x89PNG\r\n\x1a\n", 1)]
)
def test_what_is_no_text_is_told_with_its_line(data: bytes, line: int) -> None:
    with pytest.raises(BadInput, match=rf"^names\.txt is no text in UTF-8 \(line {line}\)"):
        read(written(data))


def test_what_came_before_a_bad_line_was_given() -> None:
    given = account_files.read([written(b"zeke\n\xff\n")])
    assert next(given) == Account("zeke", None)
    with pytest.raises(BadInput):
        next(given)


def test_a_line_without_end_is_told_and_not_held_in_memory() -> None:
    with Path("names.txt").open("wb") as file:
        file.truncate(10**9)
    tracemalloc.start()
    with pytest.raises(BadInput, match=r"^Line 1 of names\.txt is longer than 1,048,576 bytes"):
        read("names.txt")
    assert tracemalloc.get_traced_memory()[1] < 10 * account_files.MAX_LINE
    tracemalloc.stop()


# CSV


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("name,login\nZeke,zeke\nOcto,octocat\n", "names.csv"),
        ("\ufeffname;LOGIN\r\nZeke;zeke\r\nOcto;octocat\r\n", "names.csv"),
        ("name\tusername\nZeke, Jr.\tzeke\nOcto\toctocat\n", "names.tsv"),
        ("login\nzeke\n\noctocat\n", "NAMES.CSV"),
        ('"a, ""b""",login\n"line\nbreak",zeke\n"",octocat\n', "table"),
        ("login,username\nzeke,x\noctocat,y\n", "names.txt"),
        ("username,Login\nx,zeke\ny, octocat \n", "names.csv"),
        ("login,login\nzeke,x\noctocat,y\n", "names.csv"),
    ],
)
def test_the_column_with_the_logins_is_found(text: str, name: str) -> None:
    assert read(written(text, name)) == by_login("zeke", "octocat")


@pytest.mark.parametrize(
    "heading", ["type,actor_id,actor_login", "type,actor.id,actor.login", "x,Actor ID,Actor Login"]
)
def test_a_table_of_gh_archive_has_account_ids_too(heading: str) -> None:
    table = written(f"{heading}\nPushEvent,26,zeke\nForkEvent,583231,octocat\n", "events.csv")
    assert read(table) == [("zeke", 26), ("octocat", 583231)]


def test_account_ids_suffice() -> None:
    assert read(written("actor_id\n26\n583231\n", "ids.csv")) == [(None, 26), (None, 583231)]


def test_the_ids_of_other_things_are_no_account_ids() -> None:
    assert read(written("id,user_id,username\n1,2,zeke\n", "users.csv")) == by_login("zeke")


def test_a_column_is_named() -> None:
    table = written("login,who,actor_login,actor_id\na,b,c,4\n", "table.csv")
    assert read(table, column="who") == by_login("b")
    assert read(table, column="Who ") == by_login("b")
    assert read(table, column="actor_login") == [("c", 4)]
    assert read(table, column="actor_id") == [(None, 4)]
    assert read(written("who\nb\n"), column="who") == by_login("b")


def test_every_row_is_given_whatever_it_holds() -> None:
    rows = "zeke,0\nzeke,x\nzeke\n,7\n,\nno login,8\nzeke,-1\nzeke,٣\nzeke," + "9" * 19
    assert read(written(f"login,account_id\n{rows}\n", "rows.csv")) == [
        *by_login("zeke", "zeke", "zeke"),
        (None, 7),
        ("", None),
        ("no login", 8),
        *by_login("zeke", "zeke", "zeke"),
    ]


def test_a_row_of_ids_without_id_is_nobody() -> None:
    assert read(written("actor_id\nzeke\n", "ids.csv")) == [("", None)]


def test_a_table_without_such_a_column_is_told_before_anything_is_given() -> None:
    given = account_files.read(["zeke", written("name,email\na,b\n", "table.csv")])
    with pytest.raises(BadInput, match=r"^table\.csv has no column login or .*, but name, email: .* by --column"):
        next(given)
    with pytest.raises(BadInput, match=r"^table\.csv has no column who, but name, email"):
        read("table.csv", column="who")
    with pytest.raises(BadInput, match=r"^empty\.csv has no column .*, but nothing"):
        read(written("", "empty.csv"))


def test_a_list_that_is_called_a_table_is_told() -> None:
    with pytest.raises(BadInput, match=r"^names\.csv has no column .*, but zeke: .* text file"):
        read(written("zeke\noctocat\n", "names.csv"))


def test_a_field_without_end_is_told() -> None:
    with pytest.raises(BadInput, match=r"^table\.csv is no CSV file \(field larger than"):
        read(written('login,x\nzeke,"' + "y\n" * 100_000, "table.csv"))


def test_what_this_project_writes_is_read_again() -> None:
    table = "file,label,login,account_id,family\ncustom/1.png,custom,zeke,26,upload\n"
    assert read(written(table, "index.csv")) == [("zeke", 26)]


# Anything


@settings(deadline=None)
@given(st.binary(max_size=200), st.sampled_from(["any.txt", "any.csv"]), st.sampled_from([None, "login"]))
def test_whatever_a_file_holds_it_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, name: str, column: str | None
) -> None:
    path = tmp_path_factory.getbasetemp() / name
    path.write_bytes(data)
    try:
        for account in account_files.read([str(path)], column):
            assert account.login is not None or (account.account_id or 0) > 0
    except BadInput as error:
        assert "\n" not in str(error)


@settings(deadline=None)
@given(st.lists(st.from_regex(r"[A-Za-z0-9-]{1,39}", fullmatch=True), min_size=1))
def test_a_list_of_logins_comes_back(tmp_path_factory: pytest.TempPathFactory, logins: list[str]) -> None:
    path = tmp_path_factory.getbasetemp() / "logins.txt"
    path.write_text("\n".join(map(check_login, logins)))
    assert [account.login for account in account_files.read([str(path)])] == logins


# Much


def test_a_million_lines_take_no_memory() -> None:
    text = written("\n".join(f"account-{number},{number}" for number in range(200_000)))
    Path("big.csv").write_text("actor_login,actor_id\n" + Path(text).read_text())
    tracemalloc.start()
    last: Iterator[Account] = account_files.read(["big.csv"])
    count = sum(1 for _ in last)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 200_000
    assert peak < 1_000_000


PROGRAM = "from github_avatars.scan import account_files; print(*account_files.read(['-'], None), sep='\\n')"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"zeke\r\n# nobody\noctocat", ["zeke", "octocat"]),
        (b"\xef\xbb\xbfusername,x\nzeke,1\noctocat,2\n", ["zeke", "octocat"]),
        (b"", []),
    ],
)
def test_standard_input(text: bytes, expected: list[str]) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, env=clean_environment(), input=text, capture_output=True
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.decode().split("\n")[:-1] == ([str(Account(login, None)) for login in expected] or [""])


def test_a_stream_that_cannot_be_read_twice() -> None:
    program = "import sys; from github_avatars.scan import account_files as files; print(*files.read(sys.argv[1:]))"
    command = f'{sys.executable} -c "{program}"'
    shell = ["bash", "-c", f"{command} <(printf 'login,x\\nzeke,1\\n')"]
    ran = subprocess.run(shell, cwd=ROOT, env=clean_environment(), capture_output=True, text=True)
    assert (ran.returncode, ran.stdout) == (0, f"{Account('zeke', None)}\n"), ran.stderr


# Tables of pyarrow


def test_lines_of_text_are_names_and_comments() -> None:
    lines = pyarrow.table({"text": ["octocat # a cat", "# nobody", "  ", "no login"]})["text"].to_pylist()
    assert list(account_files.of_lines(lines)) == [Account("octocat", None), Account("no login", None)]


@pytest.mark.parametrize("ids", [[9919, None], [9919.0, None], ["9919", ""]])
def test_ids_of_a_table_are_read_whatever_they_are_kept_as(ids: list[object]) -> None:
    table = pyarrow.table({"who": [None, "octocat"], "number": ids})
    assert list(account_files.of_table(table, 0, 1)) == [Account(None, 9919), Account("octocat", None)]
    assert list(account_files.of_table(table, None, 1)) == [Account(None, 9919), Account("", None)]
