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


def test_page_names_where_a_network_is_better(committed: dict[str, Any]) -> None:
    networks = {row["name"]: row for row in committed["competitors"] if row["name"] in NETWORKS}
    assert len(networks) == len(NETWORKS)
    for network in networks.values():
        for where in ("originals", "grid", "small"):
            network[where]["value"] = 0.5
    assert "None of them is better than v3 anywhere." in render(committed)
    networks["small network"]["small"]["value"] = 1.0
    text = render(committed)
    assert "Better than v3: the small network on the small copies (100.0 % instead of " in text
    assert "None of them" not in text


def test_page_states_whether_the_goal_is_achieved(committed: dict[str, Any]) -> None:
    times = committed["times"]["competitors"]
    times["v3"]["whole"] = 1.0
    times["small network"]["whole"] = times["EfficientNet-Lite0"]["whole"] = 10.0
    assert "is achieved for all of them." in render(committed)
    times["small network"]["whole"] = 9.9
    assert "is missed for the small network, where decoding takes " in render(committed)


def test_page_without_networks_has_no_sentence_about_them(committed: dict[str, Any]) -> None:
    committed["competitors"] = [row for row in committed["competitors"] if row["name"] not in NETWORKS]
    assert "network" not in render(committed).partition("## Results")[2]
