"""Accounts from arguments, standard input, text and CSV files."""

import subprocess
import sys
import tracemalloc
from pathlib import Path

import pyarrow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from github_avatars.errors import BadFile, BadInput
from github_avatars.github import Account, check_login
from github_avatars.scan import account_files
from tests.support.processes import ROOT, clean_environment

PROGRAM = "import sys; from github_avatars.scan import account_files as files; print(*files.read(sys.argv[1:]))"


@pytest.fixture(autouse=True)
def in_a_new_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(text: str | bytes, name: str = "logins.txt") -> str:
    Path(name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return name


def read(*sources: str | Account, column: str | None = None) -> list[tuple[str | None, int | None]]:
    return [(account.login, account.account_id) for account in account_files.read(sources, column)]


def without_ids(*logins: str) -> list[tuple[str, None]]:
    return [(login, None) for login in logins]


def test_arguments_are_logins_or_accounts() -> None:
    assert read("zeke", "-Jerry-", "octo_corp") == without_ids("zeke", "-Jerry-", "octo_corp")
    assert read("zeke", Account("im possible", 7), Account(None, 8)) == [
        ("zeke", None),
        ("im possible", 7),
        (None, 8),
    ]


def test_file_takes_precedence_over_a_login_but_a_folder_does_not() -> None:
    Path("octocat").mkdir()
    write("hubot\n", "zeke")
    assert read("octocat", "zeke") == without_ids("octocat", "hubot")


@pytest.mark.parametrize("source", ["gone.txt", "", "a/b", "x" * 100_000, "oc\0to"])
def test_impossible_source_is_refused_before_the_first_account(source: str) -> None:
    accounts = account_files.read(["zeke", source])
    with pytest.raises(BadInput, match=r"^There is no such file, and '.*' is not a valid GitHub login") as caught:
        next(accounts)
    assert len(str(caught.value)) < 300


def test_sources_are_read_in_their_order() -> None:
    first, second = write("a\nb\n", "one.txt"), write("login\nc\n", "other.csv")
    assert read("x", first, "y", second, first) == without_ids("x", "a", "b", "y", "c", "a", "b")


@pytest.mark.parametrize(
    "text",
    [
        "zeke\nOctoCat\n",
        "zeke\nOctoCat",
        "\ufeffzeke\r\nOctoCat\r\n",
        "# logins, sorted; by hand\n\nzeke # the first, of two\n  OctoCat\t\n#end",
    ],
)
def test_text_file_has_one_login_per_line(text: str) -> None:
    path = write(text)
    assert read(path) == without_ids("zeke", "OctoCat")
    assert list(account_files.read_logins(Path(path))) == ["zeke", "OctoCat"]


def test_missing_file_of_logins_is_refused() -> None:
    with pytest.raises(BadFile, match=r"gone\.txt cannot be read \(No such file.*one login per line"):
        list(account_files.read_logins(Path("gone.txt")))


def test_impossible_logins_in_a_file_are_unchanged() -> None:
    assert read(write("zeke\n@octocat\nsomebody else\n")) == without_ids("zeke", "@octocat", "somebody else")


def test_empty_file_has_no_accounts() -> None:
    assert read(write("")) == []


@pytest.mark.parametrize(
    ("data", "line"), [(b"zeke\nocto\xff\n", 2), ("zeke\n".encode("utf-16"), 1), (b"\x89PNG\r\n\x1a\n", 1)]
)
def test_file_that_is_not_utf8_is_refused_with_its_line(data: bytes, line: int) -> None:
    with pytest.raises(BadFile, match=rf"^logins\.txt is not UTF-8 \(line {line}\)"):
        read(write(data))


def test_accounts_before_a_bad_line_are_returned() -> None:
    accounts = account_files.read([write(b"zeke\n\xff\n")])
    assert next(accounts) == Account("zeke", None)
    with pytest.raises(BadFile):
        next(accounts)


def test_endless_line_is_refused_without_holding_it_in_memory() -> None:
    with Path("logins.txt").open("wb") as file:
        file.truncate(10**9)
    tracemalloc.start()
    with pytest.raises(BadFile, match=r"^Line 1 of logins\.txt is longer than 1,048,576 bytes"):
        read("logins.txt")
    assert tracemalloc.get_traced_memory()[1] < 10 * account_files.MAX_LINE
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("name,login\nZeke,zeke\nOcto,octocat\n", "logins.csv"),
        ("\ufeffname;LOGIN\r\nZeke;zeke\r\nOcto;octocat\r\n", "logins.csv"),
        ("name\tusername\nZeke, Jr.\tzeke\nOcto\toctocat\n", "logins.tsv"),
        ("login\nzeke\n\noctocat\n", "LOGINS.CSV"),
        ('"a, ""b""",login\n"line\nbreak",zeke\n"",octocat\n', "table"),
        ("login,username\nzeke,x\noctocat,y\n", "logins.txt"),
        ("username,Login\nx,zeke\ny, octocat \n", "logins.csv"),
        ("login,login\nzeke,x\noctocat,y\n", "logins.csv"),
    ],
)
def test_column_with_the_logins_is_recognized(text: str, name: str) -> None:
    assert read(write(text, name)) == without_ids("zeke", "octocat")


@pytest.mark.parametrize("header", ["type,actor_id,actor_login", "type,actor.id,actor.login", "x,Actor ID,Actor Login"])
def test_table_of_gh_archive_has_account_ids(header: str) -> None:
    table = write(f"{header}\nPushEvent,26,zeke\nForkEvent,583231,octocat\n", "events.csv")
    assert read(table) == [("zeke", 26), ("octocat", 583231)]


def test_account_ids_without_logins_suffice() -> None:
    assert read(write("actor_id\n26\n583231\n", "ids.csv")) == [(None, 26), (None, 583231)]


def test_columns_with_other_ids_are_ignored() -> None:
    assert read(write("id,user_id,username\n1,2,zeke\n", "users.csv")) == without_ids("zeke")


def test_requested_column_is_used() -> None:
    table = write("login,who,actor_login,actor_id\na,b,c,4\n", "table.csv")
    assert read(table, column="who") == without_ids("b")
    assert read(table, column="Who ") == without_ids("b")
    assert read(table, column="actor_login") == [("c", 4)]
    assert read(table, column="actor_id") == [(None, 4)]
    assert read(write("who\nb\n"), column="who") == without_ids("b")


def test_every_csv_row_is_an_account() -> None:
    rows = "zeke,0\nzeke,x\nzeke\n,7\n,\nno login,8\nzeke,-1\nzeke,٣\nzeke," + "9" * 19
    assert read(write(f"login,account_id\n{rows}\n", "rows.csv")) == [
        *without_ids("zeke", "zeke", "zeke"),
        (None, 7),
        ("", None),
        ("no login", 8),
        *without_ids("zeke", "zeke", "zeke"),
    ]


def test_invalid_id_without_a_login_is_an_account_with_an_empty_login() -> None:
    assert read(write("actor_id\nzeke\n", "ids.csv")) == [("", None)]


def test_table_without_a_suitable_column_is_refused_before_the_first_account() -> None:
    accounts = account_files.read(["zeke", write("name,email\na,b\n", "table.csv")])
    with pytest.raises(BadFile, match=r"^table\.csv has no column login or .*, but name, email: .* with --column"):
        next(accounts)
    with pytest.raises(BadFile, match=r"^table\.csv has no column who, but name, email"):
        read("table.csv", column="who")
    with pytest.raises(BadFile, match=r"^empty\.csv has no column .*, but none at all"):
        read(write("", "empty.csv"))


def test_list_of_logins_with_the_name_of_a_table_is_refused() -> None:
    with pytest.raises(BadFile, match=r"^logins\.csv has no column .*, but zeke: .* text file"):
        read(write("zeke\noctocat\n", "logins.csv"))


def test_endless_csv_field_is_refused() -> None:
    with pytest.raises(BadFile, match=r"^table\.csv is not CSV \(field larger than"):
        read(write('login,x\nzeke,"' + "y\n" * 100_000, "table.csv"))


def test_index_of_a_dataset_is_readable() -> None:
    table = "file,label,login,account_id,family\ncustom/1.png,custom,zeke,26,upload\n"
    assert read(write(table, "index.csv")) == [("zeke", 26)]


@settings(deadline=None)
@given(st.binary(max_size=200), st.sampled_from(["any.txt", "any.csv"]), st.sampled_from([None, "login"]))
def test_any_file_is_read_or_refused(
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
def test_written_logins_are_read_again(tmp_path_factory: pytest.TempPathFactory, logins: list[str]) -> None:
    path = tmp_path_factory.getbasetemp() / "logins.txt"
    path.write_text("\n".join(map(check_login, logins)))
    assert [account.login for account in account_files.read([str(path)])] == logins


def test_memory_stays_flat_for_200_000_lines() -> None:
    Path("large.csv").write_text("actor_login,actor_id\n" + "".join(f"account-{n},{n}\n" for n in range(200_000)))
    tracemalloc.start()
    count = sum(1 for _ in account_files.read(["large.csv"]))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 200_000
    assert peak < 1_000_000


@pytest.mark.parametrize(
    ("text", "logins"),
    [
        (b"zeke\r\n# nobody\noctocat", ["zeke", "octocat"]),
        (b"\xef\xbb\xbfusername,x\nzeke,1\noctocat,2\n", ["zeke", "octocat"]),
        (b"", []),
    ],
)
def test_standard_input_is_read(text: bytes, logins: list[str]) -> None:
    command = [sys.executable, "-c", PROGRAM, "-"]
    ran = subprocess.run(command, cwd=ROOT, env=clean_environment(), input=text, capture_output=True)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.decode() == " ".join(str(Account(login, None)) for login in logins) + "\n"


def test_stream_that_cannot_be_read_twice_is_read() -> None:
    shell = ["bash", "-c", f"{sys.executable} -c \"{PROGRAM}\" <(printf 'login,x\\nzeke,1\\n')"]
    ran = subprocess.run(shell, cwd=ROOT, env=clean_environment(), capture_output=True, text=True)
    assert (ran.returncode, ran.stdout) == (0, f"{Account('zeke', None)}\n"), ran.stderr


def test_lines_of_a_pyarrow_table_may_have_comments() -> None:
    lines = pyarrow.table({"text": ["octocat # a cat", "# nobody", "  ", "no login"]})["text"].to_pylist()
    assert list(account_files.of_lines(lines)) == [Account("octocat", None), Account("no login", None)]


@pytest.mark.parametrize("ids", [[9919, None], [9919.0, None], ["9919", ""]])
def test_account_ids_in_a_pyarrow_table_may_have_any_type(ids: list[object]) -> None:
    table = pyarrow.table({"who": [None, "octocat"], "number": ids})
    assert list(account_files.of_table(table, 0, 1)) == [Account(None, 9919), Account("octocat", None)]
    assert list(account_files.of_table(table, None, 1)) == [Account(None, 9919), Account("", None)]
