"""Rows: their statuses, columns, uncertainty and redaction."""

from dataclasses import replace

import pytest

from github_avatars.errors import BadOption, GitHubAvatarsError, NotAPicture
from github_avatars.features import Features
from github_avatars.github import Account
from github_avatars.prediction import Prediction
from github_avatars.scan.rows import COLUMNS, PROFILE_COLUMNS, STATUSES, Result, check_uncertainty_range, make_row
from tests.support.processes import ROOT

PREDICTION = Prediction("custom", 0.5, Features(0, 200, 0.9), account_id=6, href="https://a/b")


def test_statuses_are_a_closed_set() -> None:
    assert set(STATUSES) == {
        *("judged", "pending"),
        *("bad-login", "no-such-account", "no-profile", "bot", "unknown-address"),
        *("unreachable", "login-required", "foreign-redirect", "refused", "not-a-picture", "too-large"),
    }
    # Fetching and decoding raise nothing else, apart from the rate limit, which leaves an account pending.
    raised = {error for error in GitHubAvatarsError.__subclasses__() for error in error.__subclasses__()}
    bad_input = {"bad-option", "bad-file", "in-use", "bad-token", "missing-package"}
    lists = {"no-such-repository", "list-unavailable"}
    assert {error.kind for error in raised} - set(STATUSES) == {"rate-limited", *lists, *bad_input}


def test_columns_of_a_classified_account() -> None:
    row = make_row(Account("zeke", 5), Result.of_prediction(PREDICTION, pictures=2), "2026-11-24T12:30:00Z")
    assert row.columns() == {
        "login": "zeke",
        "account_id": 5,
        "email": None,
        "forgeable": False,
        "depth": 0,
        "status": "judged",
        "label": "custom",
        "probability": 0.5,
        "unsure": True,
        "verified": None,
        "github_grey": 0,
        "distinct_colors": 200,
        "identicon_error": 0.9,
        "pictures": 2,
        "agreed": 1,
        "left_out": None,
        "href": "https://a/b",
        "checked": "2026-11-24T12:30:00Z",
        "error": None,
    }
    assert list(row.columns()) == list(COLUMNS)


def test_columns_of_a_failed_account() -> None:
    row = make_row(Account("zeke", None), Result.of_error(NotAPicture("broken"), 6, "https://a/b"), None)
    values = {name: value for name, value in row.columns().items() if value is not None}
    assert values == {
        "login": "zeke",
        "account_id": 6,
        "forgeable": False,
        "depth": 0,
        "status": "not-a-picture",
        "pictures": 0,
        "agreed": 0,
        "href": "https://a/b",
        "error": "broken",
    }


@pytest.mark.parametrize(
    ("label", "verified", "account_id", "needed"),
    [
        ("default", None, 6, True),
        ("default", True, 6, False),
        ("default", False, 6, False),
        ("default", None, None, True),
        ("custom", None, 6, False),
    ],
)
def test_default_avatar_that_is_not_verified(
    label: str, verified: bool | None, account_id: int | None, needed: bool
) -> None:
    prediction = replace(PREDICTION, label=label, verified=verified, account_id=account_id)  # type: ignore[arg-type]
    assert Result.of_prediction(prediction).is_unverified_default is needed


@pytest.mark.parametrize(("probability", "unsure"), [(0.1, True), (0.9, True), (0.099, False), (0.901, False)])
def test_bounds_of_the_uncertainty_range_are_unsure(probability: float, unsure: bool) -> None:
    result = Result.of_prediction(replace(PREDICTION, probability=probability))
    assert make_row(Account("zeke", None), result, None, (0.1, 0.9)).unsure is unsure


@pytest.mark.parametrize("unsure", [(0.9, 0.1), (-1, 0.5), (0, 1.5), (float("nan"), 1), (0, float("nan"))])
def test_impossible_uncertainty_range_is_refused(unsure: tuple[float, float]) -> None:
    with pytest.raises(BadOption, match="unsure range"):
        check_uncertainty_range(unsure)


def test_docs_explain_every_column_and_status() -> None:
    page = (ROOT / "docs/scan.md").read_text()
    lines = page.partition("\n## Rows\n")[2].partition("\n## ")[0].splitlines()
    columns = [cell for line in lines if line.startswith("| `") for cell in line.split("|")[1].split(", ")]
    assert [name.strip(" `") for name in columns] == [*COLUMNS, *PROFILE_COLUMNS]
    assert all(f"`{status}`" in page for status in STATUSES)
