"""The page's server: its judge and its threads."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.metadata import version

from github_avatars import classifier
from github_avatars.demo import GitHubStandIn
from github_avatars.github import CONNECTIONS, DEADLINE, GitHub
from github_avatars.picture.decoding import MAX_BYTES
from github_avatars.web.answers import Here, Judge
from github_avatars.web.app import application
from github_avatars.web.cog_server import CogServer
from github_avatars.web.guard import LOOPBACK
from github_avatars.web.serving import listening, run

SHOWING = 6.0
"""Seconds for fetching an avatar that a Cog server has judged: only to show it."""


def serve(host: str, port: int, *, cog: str | None = None, demo: bool = False) -> None:
    """Serve the page until SIGINT or SIGTERM; prints its address when it listens.

    `cog` is the address of a Cog server that gives the verdicts, in the place of this process. With `demo`, a stand-in
    answers in the place of GitHub. Raises BadInput where the address cannot be used, BadModel.
    """
    with listening(host, port) as sock, _github(demo, DEADLINE if cog is None else SHOWING) as github:
        shipped = classifier.shipped()
        judge: Judge = CogServer(cog, github, shipped) if cog else Here(github, shipped)
        about = {
            "github": github.base,
            "demo": demo,
            "cog": judge.base if isinstance(judge, CogServer) else None,
            "max_bytes": MAX_BYTES,
            "version": version("github-avatars"),
        }
        threads = ThreadPoolExecutor(CONNECTIONS)
        app = application(judge, about, threads, LOOPBACK if host in LOOPBACK else None)
        run(app, sock)
        threads.shutdown(wait=False, cancel_futures=True)


@contextmanager
def _github(demo: bool, deadline: float) -> Iterator[GitHub]:
    if demo:
        with GitHubStandIn() as standin, GitHub(standin.url, deadline=deadline) as github:
            yield github
    else:
        with GitHub(deadline=deadline) as github:
            yield github
