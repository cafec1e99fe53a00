"""A stand-in with two accounts, and a client for it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from github_avatars.demo import GitHubStandIn
from github_avatars.github import GitHub
from github_avatars.training import dataset


@pytest.fixture(scope="session")
def avatars(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of avatars with two accounts: octocat (583231) has a PNG, zeke (2289) a JPEG."""
    folder = tmp_path_factory.mktemp("avatars")
    Image.new("RGB", (8, 8), "teal").save(folder / "octocat.png")
    Image.new("RGB", (8, 8), "gold").save(folder / "zeke.jpg")
    dataset.write_index(
        folder,
        [
            dataset.Example("octocat.png", "default", "octocat", 583231, "identicon"),
            dataset.Example("zeke.jpg", "custom", "zeke", 2289, "flat"),
        ],
    )
    return folder


@pytest.fixture
def octocat(avatars: Path) -> bytes:
    """The avatar of octocat."""
    return (avatars / "octocat.png").read_bytes()


@pytest.fixture
def standin(avatars: Path) -> Iterator[GitHubStandIn]:
    """A stand-in with these accounts, without faults."""
    with GitHubStandIn(avatars) as standin:
        yield standin


@pytest.fixture
def client(standin: GitHubStandIn) -> Iterator[GitHub]:
    """A client for the stand-in, without pauses before retries."""
    with GitHub(standin.url, backoff=0) as client:
        yield client
