"""The page on which a person labels the accounts that a scan is unsure of, one after the other."""

from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from github_avatars import cancellation
from github_avatars.errors import BadInput
from github_avatars.github import Account, GitHub
from github_avatars.picture import decoding
from github_avatars.picture.formats import media_type
from github_avatars.scan.images import largest
from github_avatars.scan.labels import REVIEW_LABELS, Candidate, Labels
from github_avatars.scan.rows import UncertaintyRange
from github_avatars.scan.store import Store
from github_avatars.web import app, bodies
from github_avatars.web.guard import LOOPBACK, Guard
from github_avatars.web.problems import problem
from github_avatars.web.serving import listen, run

PAGE = Path(__file__).resolve().parent / "review_page"
HOST = "127.0.0.1"

MAX_LABEL_BYTES = 50

CACHED_PICTURES = 16
"""Pictures that are kept in memory, so that a label is stored with the picture that the person saw."""


def serve(path: str, uncertain: UncertaintyRange, port: int, on_ready: Callable[[str], object]) -> None:
    """Serve the page for the store at `path` until SIGINT or SIGTERM. `on_ready` is called with the page's address.

    Raises InUse or BadOption if the port cannot be used, and BadFile if the store is that of another host.
    """
    with listen(HOST, port) as sock, Store(path) as store, GitHub() as github, ThreadPoolExecutor(4) as threads:
        store.check_host(github.base)
        run(application(Labels(store, uncertain), github, threads), sock, on_ready)


def application(labels: Labels, github: GitHub, threads: Executor) -> ASGIApp:
    """The page's server. It uses the store in the thread that runs the event loop, and `threads` to fetch pictures."""
    review = _Review(labels, github, threads)
    routes = [
        Route("/", _page),
        Mount("/page", StaticFiles(directory=app.PAGE)),  # the style and the icon
        Mount("/review", StaticFiles(directory=PAGE)),
        Route("/api/next", review.next),
        Route("/api/pictures/{number}", review.picture),
        Route("/api/labels/{number}", review.label, methods=["PUT", "DELETE"]),
    ]
    handlers = {**app.ERROR_HANDLERS, HTTPException: _on_http_error}
    return Guard(Starlette(routes=routes, exception_handlers=handlers), LOOPBACK)


class _Review:
    """The endpoints."""

    def __init__(self, labels: Labels, github: GitHub, threads: Executor) -> None:
        self._labels = labels
        self._github = github
        self._threads = threads
        self._pictures: OrderedDict[int, bytes] = OrderedDict()

    async def next(self, request: Request) -> Response:
        """The candidate after the number in the query parameter `after`, and how many remain."""
        candidate = self._labels.next(_parse_number(request.query_params.get("after", "0")))
        content: dict[str, Any] = {"left": self._labels.remaining(), "account": None}
        if candidate:
            content["account"] = {
                "number": candidate.number,
                "name": candidate.login or f"#{candidate.account_id}",
                "label": candidate.label,
                "probability": candidate.probability,
                "verified": candidate.verified,
            }
        return JSONResponse(content)

    async def picture(self, request: Request) -> Response:
        """The picture of an account, in full size."""
        data = await self._picture(_parse_number(request.path_params["number"]))
        return Response(data, media_type=media_type(data))

    async def label(self, request: Request) -> Response:
        """PUT stores the label in the body, one of REVIEW_LABELS; DELETE removes it."""
        number = _parse_number(request.path_params["number"])
        if request.method == "DELETE":
            self._labels.delete(number)
        else:
            label = (await bodies.read(request, MAX_LABEL_BYTES, "The label")).decode(errors="replace")
            if label not in REVIEW_LABELS:
                raise BadInput(f"{label!r} is not a label: give one of {', '.join(REVIEW_LABELS)}.")
            self._labels.save(number, label, await self._picture(number))
        return Response(status_code=204)

    async def _picture(self, number: int) -> bytes:
        if number not in self._pictures:
            candidate = self._labels.candidate(number)
            if not candidate:
                raise BadInput(f"The store has no classified account {number}: reload the page.")
            self._pictures[number] = await cancellation.run(self._threads, _fetch, self._github, candidate)
            if len(self._pictures) > CACHED_PICTURES:
                self._pictures.popitem(last=False)
        return self._pictures[number]


def _fetch(github: GitHub, candidate: Candidate) -> bytes:
    """The picture of an account: the largest one on disk, or the one that GitHub shows."""
    if candidate.key.startswith(":"):
        return decoding.read_bytes(largest(candidate.key))
    account = Account(candidate.login, candidate.account_id, candidate.avatar_url, candidate.email)
    return github.fetch(account, via="login").data


def _parse_number(text: str) -> int:
    if not text.isdecimal() or len(text) > 18:
        raise BadInput(f"{text[:50]!r} is not the number of an account: reload the page.")
    return int(text)


async def _page(_: Request) -> Response:
    return FileResponse(PAGE / "review.html", headers={"Cache-Control": "no-cache"})


async def _on_http_error(request: Request, error: Exception) -> Response:
    message = f"There is no {request.method} {request.scope['path'][:100]!r} here: reload the page."
    return problem(BadInput(message), cast(HTTPException, error).status_code)
