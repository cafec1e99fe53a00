"""Accounts from arguments, standard input, and text, CSV, JSON and Parquet files."""

import json
import re
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import pyarrow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from github_avatars.errors import BadFile, BadInput
from github_avatars.github import Account, check_login
from github_avatars.scan import account_files, formats, text_files
from github_avatars.scan.rows import Result, make_row
from tests.support.processes import ROOT, clean_environment

GITHUB = "https://github.com"
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
    with pytest.raises(BadInput, match=r"^There is no such file, and '.*' is not an? .*: give ") as caught:
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
    assert read(write("zeke\n@@octocat\nsomebody else\nhttps://example.com/zeke\n")) == without_ids(
        "zeke", "@@octocat", "somebody else", "https://example.com/zeke"
    )


SPELLINGS = {
    "zeke": ("zeke", None),
    "@zeke": ("zeke", None),
    "https://github.com/zeke": ("zeke", None),
    "github.com/zeke.png": ("zeke", None),
    "https://avatars.githubusercontent.com/u/2289?v=4": (None, 2289),
    "2289+zeke@users.noreply.github.com": ("zeke", 2289),
}


def test_every_spelling_is_read_from_everywhere() -> None:
    accounts = [*SPELLINGS.values()]
    assert read(*SPELLINGS) == accounts
    assert read(write("\n".join(SPELLINGS))) == accounts
    assert read(write("who,login\n" + "".join(f"x,{spelling}\n" for spelling in SPELLINGS), "a.csv")) == accounts
    assert read(write(json.dumps([*SPELLINGS]), "a.json")) == accounts
    assert read(write("".join(json.dumps({"github": text}) + "\n" for text in SPELLINGS), "a.jsonl")) == accounts
    parquet.write_table(pyarrow.table({"username": [*SPELLINGS]}), "a.parquet")
    assert read("a.parquet") == accounts


def test_empty_file_has_no_accounts() -> None:
    assert read(write("")) == []


@pytest.mark.parametrize(
    "data",
    [
        "zeke\r\nOctoCat\r\n".encode("utf-16"),
        b"\xfe\xff" + "zeke\nOctoCat".encode("utf-16-be"),
        b"zeke\rOctoCat\r",
        b"\xef\xbb\xbfzeke\r\n\r\nOctoCat # S\xe3o Paulo",
        b'"zeke"\n"OctoCat"\n',
    ],
)
def test_encodings_and_line_ends(data: bytes) -> None:
    assert read(write(data)) == without_ids("zeke", "OctoCat")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_encodings_and_line_ends_of_tables(encoding: str, end: str, separator: str) -> None:
    rows = [["name", "login", "account_id"], ["Zoë \u00c5\u00df", "zeke", "2289"], ["José", "OctoCat", "75013477.0"]]
    text = "".join(separator.join(row) + end for row in rows)
    for name in ("table.csv", "table"):
        assert read(write(text.encode(encoding), name)) == [("zeke", 2289), ("OctoCat", 75013477)]


def test_login_that_is_not_ascii_gets_a_row() -> None:
    assert read(write(b"zeke\nocto\xff\n")) == without_ids("zeke", "octo\udcff")


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (
            "zeke\n".encode("utf-16-le"),
            "logins.txt is not a text file (line 1): save it as text, CSV or JSON in UTF-8.",
        ),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "logins.txt is not a text file (line 3): save it as "),
        (b"zeke\n" * 100_000 + b"\0", "logins.txt is not a text file (line 100001): save it as "),
        ("zeke\noctocat\n".encode("utf-16")[:-1], "logins.txt is not UTF-16 (from line 2 on): save it as UTF-8."),
    ],
)
def test_file_that_is_not_text_is_refused_with_its_line(data: bytes, problem: str) -> None:
    with pytest.raises(BadFile, match=f"^{re.escape(problem)}"):
        read(write(data))


def test_accounts_before_a_bad_line_are_returned() -> None:
    accounts = account_files.read([write(b"zeke\n" * 100_000 + b"\0\n")])
    assert next(accounts) == Account("zeke", None)
    with pytest.raises(BadFile):
        list(accounts)


def test_endless_line_is_refused_without_holding_it_in_memory() -> None:
    with Path("logins.txt").open("wb") as file:
        file.writelines(b"a" * 2**20 for _ in range(20))
    tracemalloc.start()
    with pytest.raises(BadFile, match=r"^Line 1 of logins\.txt is longer than 1,048,576 characters"):
        read("logins.txt")
    assert tracemalloc.get_traced_memory()[1] < 10 * text_files.MAX_LINE
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


@pytest.mark.parametrize(
    ("header", "row", "account"),
    [
        ("login", "zeke", ("zeke", None)),
        ("username", "zeke", ("zeke", None)),
        ("user.login,user.id", "zeke,26", ("zeke", 26)),
        ("user_login,user_id", "zeke,26", ("zeke", 26)),
        ("github", "zeke", ("zeke", None)),
        ("actor.login,actor.id", "zeke,26", ("zeke", 26)),
        ("actor_login,actor_id", "zeke,26", ("zeke", 26)),
        ("account_id", "26", (None, 26)),
        ("login,id", "zeke,26", ("zeke", 26)),
        ("id", "26", (None, 26)),
        ("id,avatar_url", "26,https://avatars.githubusercontent.com/u/26?v=4", (None, 26)),
        ("avatar_url", "https://avatars.githubusercontent.com/u/26?v=4", (None, 26)),
        ("name,html_url", "Zeke,https://github.com/zeke", ("zeke", None)),
        ("id,login,avatar_url", "26,zeke,https://avatars.githubusercontent.com/u/26?v=4", ("zeke", 26)),
        ("username,github", "other,zeke", ("zeke", None)),
        ("id,login,name", "1,zeke,Zeke", ("zeke", None)),
        ("id,user_id,username", "1,2,zeke", ("zeke", None)),
    ],
)
def test_recognized_columns_and_members(header: str, row: str, account: tuple[str | None, int | None]) -> None:
    """The id of another program's table is ignored: it would be another account's."""
    columns, values = header.split(","), row.split(",")
    assert read(write(f"{header}\n{row}\n", "table.csv")) == [account]
    member: dict[str, Any] = {}
    for column, value in zip(columns, values, strict=True):
        outer, _, inner = column.partition(".")
        typed = int(value) if value.isdecimal() else value
        member.setdefault(outer, {}).update({inner: typed}) if inner else member.update({outer: typed})
    assert read(write(json.dumps([member]), "list.json")) == [account]
    parquet.write_table(pyarrow.Table.from_pylist([member]), "table.parquet")
    assert read("table.parquet") == [account]


@pytest.mark.parametrize("header", ["id,name", "id,html_url,node_id", "user_id,name"])
def test_ids_of_other_things_are_not_those_of_accounts(header: str) -> None:
    if "html_url" in header:
        path = write(f"{header}\n7,https://github.com/octocat/hello-world,x\n", "repositories.csv")
        assert read(path) == without_ids("https://github.com/octocat/hello-world")
    else:
        with pytest.raises(BadFile, match="has no column"):
            read(write(f"{header}\n7,x\n", "table.csv"))


def test_app_keeps_the_address_of_its_avatar() -> None:
    logo = "https://avatars.githubusercontent.com/in/29110?v=4"
    table = write(f"login,account_id,href\ndependabot[bot],49699333,{logo}\n", "rows.csv")
    assert list(account_files.read([table])) == [Account("dependabot[bot]", 49699333, logo)]


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
    with pytest.raises(
        BadFile, match=r"^table\.csv has no column login, username or github, but name, email: .* with --column"
    ):
        next(accounts)
    with pytest.raises(BadFile, match=r"^table\.csv has no column who, but name, email"):
        read("table.csv", column="who")
    with pytest.raises(BadFile, match=r"^empty\.csv has no column .*, but none at all"):
        read(write("", "empty.csv"))


def test_list_of_logins_with_the_name_of_a_table_is_refused() -> None:
    with pytest.raises(BadFile, match=r"^logins\.csv has no column .*, but zeke: .* text file"):
        read(write("zeke\noctocat\n", "logins.csv"))


def test_endless_csv_field_is_refused() -> None:
    with pytest.raises(BadFile, match=r"^table\.csv is not CSV \(line 2: field larger than"):
        read(write('login,x\nzeke,"' + "y\n" * 100_000, "table.csv"))


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ('login,note\na,x\nb,"y\nc,z\nd,z\n', 3, "a quote is not closed"),
        ('login,note\na,"one\ntwo"\nb,"y\nc,z\n', 4, "a quote is not closed"),
        ('login,note\na,"x" y\nc,z\n', 2, "',' expected after '\"'"),
        ('login,note\nb,"y\nc,"z"\n', 2, "',' expected after '\"'"),
    ],
)
def test_quote_that_swallows_rows_is_refused_with_its_line(text: str, line: int, problem: str) -> None:
    with pytest.raises(BadFile, match=re.escape(f"table.csv is not CSV (line {line}: {problem}): fix it")):
        read(write(text, "table.csv"))


def test_quotes_in_tab_separated_text_are_plain() -> None:
    text = 'login\tnote\na\t"x\nb\t5" disk\nc\t""\n'
    assert read(write(text, "table.tsv")) == without_ids("a", "b", "c")
    assert read(write(text)) == without_ids("a", "b", "c")
    assert read(write("login\nzeke\n", "one.tsv")) == without_ids("zeke")


@pytest.mark.parametrize("line", ["sep=;", "SEP=;", '"sep=;"'])
@pytest.mark.parametrize("name", ["table.csv", "table.txt"])
def test_separator_line_of_excel(line: str, name: str) -> None:
    assert read(write(f"{line}\r\nname,x;login\r\na;zeke\r\n", name)) == without_ids("zeke")


def test_separator_line_may_name_any_separator() -> None:
    assert read(write("sep=|\nname|login\na;b,c|zeke\n", "table.csv")) == without_ids("zeke")


ZEKE_AND_OCTOCAT = [("zeke", 26), ("octocat", 583231)]
USERS = [{"login": login, "id": number, "node_id": "x", "plan": {"name": "y"}} for login, number in ZEKE_AND_OCTOCAT]
for user in USERS:
    user["avatar_url"] = f"https://avatars.githubusercontent.com/u/{user['id']}?v=4"


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(USERS),
        json.dumps(USERS, indent=2),
        "\n".join(map(json.dumps, USERS)),
        "".join(json.dumps(user, indent=1) for user in USERS),
        "".join(json.dumps([user]) for user in USERS),
        json.dumps([[USERS[0]], [], [USERS[1]]]),
        json.dumps({"total_count": 2, "items": USERS}),
        json.dumps({"files": ["README.md"], "imageSize": 100, "contributors": USERS}, indent=2),
        json.dumps({"data": {"repository": {"stargazers": {"totalCount": 2, "nodes": USERS}}}}),
        json.dumps([{"id": 1, "user": user, "labels": [{"id": 5, "name": "bug"}]} for user in USERS]),
        json.dumps([{"id": "9", "actor": user, "repo": {"id": 3}} for user in USERS]),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_json(text: str, encoding: str) -> None:
    for name in ("users.json", ".all-contributorsrc", "list.txt"):
        assert read(write(f"\n {text}\n".encode(encoding), name)) == ZEKE_AND_OCTOCAT


def test_empty_lists_of_json() -> None:
    for text in ("[]", "[][]", '{"total_count": 0, "items": []}'):
        assert read(write(text, "users.json")) == []


def test_requested_member_of_json() -> None:
    text = json.dumps([{"login": "a", "author": {"login": "zeke"}}, {"login": "b", "author": None}])
    assert read(write(text), column="author.login") == without_ids("zeke", "")
    with pytest.raises(BadFile, match=r"^logins\.txt, line 1, has no column who, but login, author_login"):
        read(write(text), column="who")


def test_object_that_identifies_no_account_gets_a_row() -> None:
    text = '[{"login": "zeke"}, {"type": "Anonymous"}, null, "octocat", {"login": null}, {"login": true}]'
    assert read(write(text)) == without_ids("zeke", "", "", "octocat", "", "")


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ('[{"login": "a"},\n{"login": "b"}', 2, "an array is not closed"),
        ('[{"login": "a"}\n{"login": "b"}]', 2, "unexpected '{'"),
        ('[{"login": "a"},\n\n]', 3, "unexpected ']'"),
        ('{"login": "a"}\n{"login": "b"\n"id": 5}', 3, "Expecting ',' delimiter"),
        ('{"login": "a"}\n{"login": "b', 2, "Unterminated string starting at"),
        ('{"login": "a"}\n{"login": ', 2, "Expecting value"),
        ('{"login": "a"}\noctocat\n', 2, "Expecting value"),
        ('{"login": "a"}\n]', 2, "unexpected ']'"),
        ("[" + '{"a":' * 100_000, 1, "a number is too long, or the nesting too deep"),
        ('{"login": ' + "9" * 5000 + "}", 1, "a number is too long, or the nesting too deep"),
    ],
)
def test_text_that_is_not_json_is_refused_with_its_line(text: str, line: int, problem: str) -> None:
    with pytest.raises(BadFile, match=re.escape(f"logins.txt is not JSON (line {line}: {problem}): fix it")):
        read(write(text))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("[1, 2]", "line 1, has 1, which is no account"),
        ('\n{"name": "x"}', "line 2, has no column login, username or github, but name: "),
    ],
)
def test_json_without_accounts_is_refused(text: str, problem: str) -> None:
    with pytest.raises(BadFile, match=re.escape(f"logins.txt, {problem}")):
        next(account_files.read([write(text)]))


def test_memory_stays_flat_for_a_large_array() -> None:
    """One line with an array of 20,000 objects, as `gh api --paginate` writes it."""
    user = '{"login": "zeke", "account_id": 26, "url": "' + "x" * 200 + '"}'
    Path("large.json").write_text(f"[{','.join([user] * 20_000)}]")
    tracemalloc.start()
    count = sum(1 for _ in account_files.read(["large.json"]))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 20_000
    assert peak < 1_000_000


def test_long_value_is_read_and_an_endless_one_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    contributors = [{"login": f"account-{number}"} for number in range(20_000)]
    assert len(read(write(json.dumps({"contributors": contributors}), "large.json"))) == 20_000
    monkeypatch.setattr(text_files, "MAX_VALUE", 1_000_000)
    with pytest.raises(BadFile, match=r"large\.json is not JSON \(line 1: a value is longer than 1,000,000 characters"):
        read(write('[{"login": "' + "x" * 5_000_000, "large.json"))


@pytest.mark.parametrize("name", ["jsonl", "csv", "parquet"])
def test_rows_of_a_scan_are_read(name: str) -> None:
    accounts = [Account("zeke", 26), Account(None, 583231), Account("=bad"), Account("-Jerry-")]
    with Path(f"rows.{name}").open("wb") as file:
        writer = formats.writer(name, file)
        writer.write(make_row(account, Result(), None).columns() for account in accounts)
        writer.close()
    assert list(account_files.read([f"rows.{name}"])) == accounts


def test_damaged_parquet_file_is_refused() -> None:
    parquet.write_table(pyarrow.table({"login": ["zeke"] * 1000}), "rows")
    data = Path("rows").read_bytes()
    for damaged in (data[:-5], data[:4]):
        with pytest.raises(BadFile, match=r"^rows cannot be read as Parquet \("):
            read(write(damaged, "rows"))
    with pytest.raises(BadFile, match=r"^logins\.parquet cannot be read as Parquet"):
        read(write("zeke\n", "logins.parquet"))
    with pytest.raises(BadFile, match=r"^rows has no column who, but login"):
        read(write(data, "rows"), column="who")


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


def test_memory_stays_flat_for_a_large_table() -> None:
    rows = "".join(f"account-{number},{number + 1},{'x' * 100}\n" for number in range(40_000))
    Path("large.csv").write_text(f"actor_login,actor_id,text\n{rows}")
    tracemalloc.start()
    count = sum(1 for _ in account_files.read(["large.csv"]))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 40_000
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
    assert list(account_files.of_lines(lines, GITHUB)) == [Account("octocat", None), Account("no login", None)]


@pytest.mark.parametrize("ids", [[9919, None], [9919.0, None], ["9919", ""], ["9919.0", ""]])
def test_account_ids_in_a_pyarrow_table_may_have_any_type(ids: list[object]) -> None:
    table = pyarrow.table({"login": [None, "octocat"], "account_id": ids})
    fields = account_files.schema_fields(table.schema, "table", None)
    assert list(account_files.of_table(table, fields, GITHUB)) == [Account(None, 9919), Account("octocat", None)]
    fields = account_files.schema_fields(table.schema, "table", "account_id")
    assert list(account_files.of_table(table, fields, GITHUB)) == [Account(None, 9919), Account("", None)]
