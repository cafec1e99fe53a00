"""The names that other programs may use. Add new ones; removing or renaming one needs an entry in CHANGELOG.md."""

import importlib

import pytest

import github_avatars
from github_avatars import classifier

PUBLIC = {
    "github_avatars": "Verdict __version__ classify classify_all",
    "github_avatars.demo": (
        "AVATARS Exchange Fault GitHubStandIn Graph MODES Mode dripping interim once resetting responding run"
    ),
    "github_avatars.explanation": (
        "Contribution Explanation SCALE_NOTE TITLES as_text draw draw_difference draw_sample encode_png explain "
        "explain_file_or_account headline"
    ),
    "github_avatars.github": (
        "API Account Avatar CONNECTIONS DEADLINE GitHub Kind Pace Page Profile Via check_login fetch is_account_id "
        "parse"
    ),
    "github_avatars.identicon": (
        "BIAS_WEIGHT CELLS Color Design Fit Floats GITHUB_GREY Identicon MIN_UNBLURRED_SIDE RADIUS SAMPLE SIZE "
        "averages designs_for difference errors fit for_account has_two_colors is_githubs is_of is_possible is_small "
        "known_error pack pixels render sample"
    ),
    "github_avatars.scan": "Expansion GHArchive Observer Row Scan ScanOptions Sources Summary collect scan",
}


@pytest.mark.parametrize("name", PUBLIC)
def test_package_exports_its_public_names(name: str) -> None:
    module = importlib.import_module(name)
    assert sorted(module.__all__) == PUBLIC[name].split()
    assert all(hasattr(module, exported) for exported in module.__all__)


def test_names_of_the_root_are_those_of_the_classifier() -> None:
    for name in ("Verdict", "classify", "classify_all"):
        assert getattr(github_avatars, name) is getattr(classifier, name)
    with pytest.raises(AttributeError, match="has no attribute 'Classifier'"):
        getattr(github_avatars, "Classifier")  # noqa: B009
