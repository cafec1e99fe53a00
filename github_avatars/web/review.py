"""The page on which a person looks at what a scan is unsure of, one after the other, and says what it is."""

from collections import OrderedDict
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

from github_avatars.errors import BadInput, GitHubAvatarsError
from github_avatars.github import GitHub, cancellation
from github_avatars.picture import decoding
from github_avatars.picture.formats import media_type
from github_avatars.scan.images import sharpest
from github_avatars.scan.labels import REVIEW_LABELS, Candidate, Labels
from github_avatars.scan.rows import UncertaintyRange
from github_avatars.scan.store import Store
from github_avatars.web import app as web
from github_avatars.web.guard import LOOPBACK, Guard
from github_avatars.web.problems import problem
from github_avatars.web.serving import listening, run

PAGE = Path(__file__).resolve().parent / "review_page"
HOST = "127.0.0.1"

SHARED = web.PAGE
"""The style and the icon are those of the page to try it on."""

SHOWN = 16
"""Pictures that are kept in memory, so that the one that is labelled is the one that was shown."""


def serve(path: str, band: UncertaintyRange, port: int) -> None:
    """Serve the page over the store at `path` until SIGINT or SIGTERM; prints its address when it listens."""
    with listening(HOST, port) as sock, Store(path) as store, GitHub() as github, ThreadPoolExecutor(4) as threads:
        run(application(Labels(store, band), github, threads), sock)


def application(labels: Labels, github: GitHub, threads: Executor) -> ASGIApp:
    """The page's server. What the store is asked, it is asked in the thread that this is run by."""
    review = _Review(labels, github, threads)
    app = Starlette(
        routes=[
            Route("/", _page),
            Mount("/page", StaticFiles(directory=SHARED)),
            Mount("/review", StaticFiles(directory=PAGE)),
            Route("/api/next", review.next),
            Route("/api/pictures/{number:int}", review.picture),
            Route("/api/labels/{number:int}", review.label, methods=["PUT", "DELETE"]),
        ],
        exception_handlers={GitHubAvatarsError: _told, HTTPException: _refused},
    )
    return Guard(app, LOOPBACK)


class _Review:
    """The endpoints."""

    def __init__(self, labels: Labels, github: GitHub, threads: Executor) -> None:
        self._labels = labels
        self._github = github
        self._threads = threads
        self._shown: OrderedDict[int, bytes] = OrderedDict()

    async def next(self, request: Request) -> Response:
        """What is to be looked at after the account of the number `after`, and how many are left."""
        doubt = self._labels.next(_number(request.query_params.get("after", "0")))
        about: dict[str, Any] = {"left": self._labels.remaining(), "account": None}
        if doubt:
            about["account"] = {
                "number": doubt.number,
                "name": doubt.login or f"#{doubt.account_id}",
                "label": doubt.label,
                "probability": doubt.probability,
                "verified": doubt.verified,
            }
        return JSONResponse(about)

    async def picture(self, request: Request) -> Response:
        """The picture that the account shows, in full."""
        data = await self._picture(request.path_params["number"])
        return Response(data, media_type=media_type(data))

    async def label(self, request: Request) -> Response:
        """PUT says what the account is, as text: one of REVIEW_LABELS; DELETE takes that back."""
        number = request.path_params["number"]
        if request.method == "DELETE":
            self._labels.delete(number)
        else:
            saying = (await request.body())[:50].decode(errors="replace")
            if saying not in REVIEW_LABELS:
                raise BadInput(f"{saying!r} is no label: give one of {', '.join(REVIEW_LABELS)}.")
            self._labels.save(number, saying, await self._picture(number))
        return Response(status_code=204)

    async def _picture(self, number: int) -> bytes:
        if number not in self._shown:
            doubt = self._labels.candidate(number)
            if not doubt:
                raise BadInput(f"The store has no judged account {number}: load the page anew.")
            self._shown[number] = await cancellation.run(self._threads, _look, self._github, doubt)
            if len(self._shown) > SHOWN:
                self._shown.popitem(last=False)
        return self._shown[number]


def _look(github: GitHub, doubt: Candidate) -> bytes:
    """The picture of an account: on disk the one of most pixels, else as GitHub shows it."""
    if doubt.name.startswith(":"):
        return decoding.read_bytes(sharpest(doubt.name))
    if doubt.account_id is not None:
        return github.fetch_by_id(doubt.account_id).data
    return github.fetch(doubt.login or "").data


def _number(text: str) -> int:
    if not text.isdecimal() or len(text) > 18:
        raise BadInput(f"{text[:50]!r} is no number of an account: load the page anew.")
    return int(text)


async def _page(_: Request) -> Response:
    return FileResponse(PAGE / "review.html", headers={"Cache-Control": "no-cache"})


async def _told(_: Request, error: Exception) -> Response:
    return problem(cast(GitHubAvatarsError, error))


async def _refused(request: Request, error: Exception) -> Response:
    message = f"There is no {request.method} {request.url.path[:100]!r} here: load the page anew."
    return problem(BadInput(message), cast(HTTPException, error).status_code)
