"""The page as a server: GitHub or its stand-in, the shipped classifier, and threads for the work."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from github_avatars import __version__, classifier
from github_avatars.demo import GitHubStandIn
from github_avatars.github import CONNECTIONS, GitHub
from github_avatars.picture.decoding import MAX_BYTES
from github_avatars.service.memory import configure_malloc
from github_avatars.web.app import Site, application
from github_avatars.web.guard import LOOPBACK
from github_avatars.web.serving import listen, run


def serve(host: str, port: int, *, demo: bool = False, on_ready: Callable[[str], object]) -> None:
    """Serve the page until SIGINT or SIGTERM. `on_ready` is called with the page's address.

    With `demo`, a stand-in on this machine replaces GitHub. Raises InUse or BadOption if the address cannot be used,
    BadModel if the shipped classifier cannot be used.
    """
    configure_malloc()
    with listen(host, port) as sock, _github(demo) as github:
        about = {
            "github": github.base,
            "demo": demo,
            "max_bytes": MAX_BYTES,
            "version": __version__,
        }
        threads = ThreadPoolExecutor(CONNECTIONS)
        site = Site(github, classifier.shipped(), about, threads)
        run(application(site, LOOPBACK if host in LOOPBACK else None), sock, on_ready)
        threads.shutdown(wait=False, cancel_futures=True)


@contextmanager
def _github(demo: bool) -> Iterator[GitHub]:
    if demo:
        with GitHubStandIn() as standin, GitHub(standin.url) as github:
            yield github
    else:
        with GitHub() as github:
            yield github
