"""The command map."""

from pathlib import Path

import networkx
import pytest

from github_avatars.demo import GitHubStandIn
from github_avatars.scan.store import Store
from tests.cli.conftest import Run


@pytest.fixture
def db(run: Run, tmp_path: Path) -> Path:
    """The store of a scan of three accounts, of which one follows another."""
    path = tmp_path / "scan.db"
    assert run("scan", "octocat", "default-0", "nobody-here", "--db", path, "-o", tmp_path / "rows").code == 0
    with Store(path) as store, store.transaction() as connection:
        store.add_edges(connection, [("@octocat", "@default-0")])
    return path


def test_page_and_graphml_are_written(run: Run, github: GitHubStandIn, db: Path, tmp_path: Path) -> None:
    page, graphml = tmp_path / "map.html", tmp_path / "map.GraphML"
    for path in (page, graphml):
        assert run("map", db, "-o", path) == (0, f"{path}\n", "")
    html = page.read_text(encoding="utf-8")
    assert html.startswith("<!DOCTYPE html>")
    assert f'"host":"{github.url}"' in html
    graph = networkx.read_graphml(graphml)
    logins = networkx.get_node_attributes(graph, "login")
    assert [(logins[follower], logins[followed]) for follower, followed in graph.edges] == [("octocat", "default-0")]
    assert {graph.nodes[node].get("label", graph.nodes[node]["status"]) for node in graph.nodes} == {
        "custom",
        "default",
        "no-such-account",
    }


def test_redacted_outputs_have_no_logins(run: Run, db: Path, tmp_path: Path) -> None:
    for name in ("map.html", "map.graphml"):
        assert run("map", db, "-o", tmp_path / name, "--redact").code == 0
        text = (tmp_path / name).read_text(encoding="utf-8")
        assert not [login for login in ("octocat", "default-0", "nobody-here") if login in text]


def test_range_of_unsure_probabilities_applies(run: Run, db: Path, tmp_path: Path) -> None:
    path = tmp_path / "map.graphml"
    for unsure, expected in (("0..1", {True}), ("0.5..0.5", {False})):
        assert run("map", db, "-o", path, "--unsure", unsure).code == 0
        assert set(networkx.get_node_attributes(networkx.read_graphml(path), "unsure").values()) == expected


def test_impossible_arguments_are_refused(run: Run, db: Path, tmp_path: Path) -> None:
    output = tmp_path / "map.html"
    assert "give a name that ends in .html or .graphml" in run("map", db, "-o", tmp_path / "map.png").error
    assert "There is no file" in run("map", tmp_path / "gone.db", "-o", output).error
    (tmp_path / "text").write_text("octocat\n" * 100)
    assert "text cannot be used" in run("map", tmp_path / "text", "-o", output).error
    assert "LOW..HIGH" in run("map", db, "-o", output, "--unsure", "half").error
    assert not output.exists()
    before = db.read_bytes()
    renamed = db.rename(tmp_path / "scan.html")
    assert "is also an input" in run("map", renamed, "-o", renamed).error
    assert renamed.read_bytes() == before
    with Store(renamed):
        assert "is in use by another run" in run("map", renamed, "-o", output).error
