"""Every spelling of an account, and what is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from github_avatars.errors import BadLogin, BadOption
from github_avatars.github import Account, accounts, parse

GITHUB, STANDIN, ENTERPRISE = "https://github.com", "http://127.0.0.1:8000", "https://github.example.com"

BY_LOGIN = [
    "zeke",
    "@zeke",
    "https://github.com/zeke",
    "http://www.github.com/zeke/",
    "HTTPS://GitHub.com:443/zeke?tab=repositories#top",
    "github.com/zeke.png",
    "https://github.com/zeke.png?size=64",
    "https://avatars.githubusercontent.com/zeke?s=64",
    "zeke@users.noreply.github.com",
]
BY_ID = [
    "u/2289",
    "https://avatars.githubusercontent.com/u/2289?v=4",
    "avatars2.githubusercontent.com/u/2289?s=400&v=4",
]
APP = "https://avatars.githubusercontent.com/in/29110?v=4"
OF_ANOTHER_HOST = [
    "https://example.com/zeke",
    "https://github.com.example.com/zeke",
    "https://example.com/github.com/zeke",
    "https://github.com@example.com/zeke",
    "https://zeke:secret@github.com/zeke",
    "https://avatars.example.com/u/2289",
    "https://avatars-githubusercontent.com/u/2289",
    "https://raw.githubusercontent.com/zeke",
    "https://github.com:8443/zeke",
    "ftp://github.com/zeke",
    "zeke@example.com",
    "2289+zeke@users.noreply.example.com",
]
NO_ACCOUNT = [
    "",
    "@",
    "@@zeke",
    "zeke.png",
    "u/0",
    "u/01",
    "zeke/repository",
    "https://github.com",
    "https://github.com/",
    "https://github.com/zeke/repository",
    "https://github.com/z\u00e9ke",
    "https://github.com/ze\nke",
    "https://github.com/zeke ",
    "https://[github.com/zeke",
    "https://github.com:port/zeke",
    "https://avatars.githubusercontent.com/t/2289",
    "https://avatars.githubusercontent.com/u/e?email=zeke@example.com",
    "0+zeke@users.noreply.github.com",
    "+@users.noreply.github.com",
]


@pytest.mark.parametrize("base", [GITHUB, STANDIN])
@pytest.mark.parametrize("text", BY_LOGIN)
def test_spelling_by_login(text: str, base: str) -> None:
    assert parse(text, base) == Account("zeke")


@pytest.mark.parametrize("base", [GITHUB, STANDIN])
@pytest.mark.parametrize("text", BY_ID)
def test_spelling_by_id(text: str, base: str) -> None:
    assert parse(text, base) == Account(None, 2289)


def test_noreply_address_has_login_and_id() -> None:
    assert parse("2289+Zeke@users.noreply.GitHub.com", GITHUB) == Account("Zeke", 2289)


@pytest.mark.parametrize(
    ("text", "account"),
    [
        ("dependabot[bot]", Account("dependabot[bot]")),
        ("https://github.com/apps/dependabot", Account("dependabot[bot]")),
        ("49699333+dependabot[bot]@users.noreply.github.com", Account("dependabot[bot]", 49699333)),
        (APP, Account(None, avatar_url=APP)),
    ],
)
def test_app(text: str, account: Account) -> None:
    assert parse(text, GITHUB) == account


def test_address_of_an_app_on_a_standin_is_its_own() -> None:
    assert parse(APP, STANDIN) == Account(None, avatar_url=f"{STANDIN}/in/29110?v=4")


def test_enterprise_host_has_its_own_addresses() -> None:
    for text in ("@zeke", "https://github.example.com/zeke", "zeke@users.noreply.github.example.com"):
        assert parse(text, ENTERPRISE) == Account("zeke")
    for text in ("https://github.example.com/avatars/u/7", "avatars.github.example.com/u/7?s=64"):
        assert parse(text, ENTERPRISE) == Account(None, 7)
    for text in (*BY_LOGIN[2:], *BY_ID[1:]):
        with pytest.raises(BadLogin, match=r"is not an address of an account at https://github\.example\.com: give "):
            parse(text, ENTERPRISE)


@pytest.mark.parametrize("text", OF_ANOTHER_HOST)
@pytest.mark.parametrize("base", [GITHUB, STANDIN])
def test_address_of_another_host_is_none(text: str, base: str) -> None:
    with pytest.raises(BadLogin, match=f" is not an address of an account at {base}: give "):
        parse(text, base)


@pytest.mark.parametrize("text", NO_ACCOUNT)
def test_other_text_is_none(text: str) -> None:
    with pytest.raises(BadLogin, match=r" is not an? .*: give ") as caught:
        parse(text, GITHUB)
    assert str(caught.value).isprintable()


def test_host_is_that_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_URL", ENTERPRISE)
    assert parse("github.example.com/zeke") == Account("zeke")
    monkeypatch.setenv("GITHUB_URL", "nowhere")
    with pytest.raises(BadOption, match="GITHUB_URL"):
        parse("zeke")


@given(st.text() | st.text(alphabet="@:/.+_-?#[]% \n\u0661") | st.sampled_from(OF_ANOTHER_HOST + NO_ACCOUNT))
def test_any_text_is_an_account_or_bad_login(text: str) -> None:
    for prefix in ("", "https://", "https://github.com/", "github.com/"):
        try:
            account = parse(prefix + text, GITHUB)
        except BadLogin:
            continue
        if account.login is not None:
            assert accounts.BOT.fullmatch(account.login) or accounts.LOGIN.fullmatch(account.login)


def test_commit_address() -> None:
    assert accounts.of_email("2289+zeke@users.noreply.github.com", GITHUB) == Account("zeke", 2289)
    assert accounts.of_email("zeke@example.com", GITHUB) == Account(None, email="zeke@example.com")


@pytest.mark.parametrize(
    ("avatar_url", "account"),
    [
        (None, Account("zeke", 2289)),
        ("https://avatars.githubusercontent.com/u/2289?v=4", Account("zeke", 2289)),
        (APP, Account("zeke", 2289, APP)),
        ("https://avatars.githubusercontent.com/u/5?v=4", Account("zeke", 2289, BY_ID[1].replace("2289", "5"))),
        ("https://gravatar.example.com/avatar/2289", Account("zeke", 2289)),
    ],
)
def test_address_of_the_avatar_matters_if_it_is_not_that_of_the_id(avatar_url: str | None, account: Account) -> None:
    assert accounts.of_fields("zeke", 2289, avatar_url, GITHUB) == account


def test_address_of_the_avatar_reveals_the_id() -> None:
    assert accounts.of_fields("zeke", None, BY_ID[1], GITHUB) == Account("zeke", 2289)
