"""docs/ablation.md and the committed data that it is made of."""

import hashlib
import json
from typing import Any

import pytest

from github_avatars.evaluation.ablation.competitors import LIGHT
from github_avatars.training import dataset
from pages.ablation import DATA, NETWORKS, render
from tests.support.processes import ROOT

AVATARS = ROOT / "avatars"


@pytest.fixture
def committed() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(DATA.read_text(encoding="utf-8"))
    return data


def test_committed_data_are_of_the_shipped_pictures_and_all_competitors(committed: dict[str, Any]) -> None:
    examples = dataset.read_index(AVATARS)
    digests = [hashlib.sha256((AVATARS / example.file).read_bytes()).hexdigest() for example in examples]
    assert committed["pictures"]["digest"] == dataset.digest(examples, digests)
    names = [*(competitor.name for competitor in LIGHT), *NETWORKS]
    assert [row["name"] for row in committed["competitors"]] == names
    assert [row["about"] for row in committed["competitors"]][: len(LIGHT)] == [each.about for each in LIGHT]
    assert list(committed["times"]["competitors"]) == names
    assert "torch" in committed["competitors"][-1]["versions"]


def test_page_compares_the_time_on_top_of_decoding_with_that_of_each_network(committed: dict[str, Any]) -> None:
    times = committed["times"]["competitors"]
    times["v3"]["own"], times["small network"]["own"], times["EfficientNet-Lite0"]["own"] = 1.0, 2.0, 20.0
    assert "takes 50% of that of the small network and 5% of that of EfficientNet-Lite0." in render(committed)
