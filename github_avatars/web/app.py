"""The page's server as an ASGI application: which path is answered by what."""

import asyncio
import re
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar, cast

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from github_avatars import identicon
from github_avatars.errors import BadInput, Busy, GitHubAvatarsError, TooLarge
from github_avatars.github import cancellation
from github_avatars.picture.decoding import MAX_BYTES
from github_avatars.picture.formats import media_type
from github_avatars.web import examples
from github_avatars.web.answers import Answer, Json, Judge, png
from github_avatars.web.guard import Guard
from github_avatars.web.limits import Buckets
from github_avatars.web.problems import problem, unexpected

PAGE = Path(__file__).resolve().parent / "page"

UPLOAD_SECONDS = 30.0
"""How long a picture may take to arrive."""

DRAINED = 4 * MAX_BYTES
"""Bytes read of a body that is too large, and thrown away, so that who sends it comes to read the answer."""

ACCOUNT_ID = re.compile(r"[1-9][0-9]{0,17}")

Result = TypeVar("Result")


class Site:
    """The endpoints. `about` is what the page is told of the server; `threads` do all the work that takes time."""

    def __init__(self, judge: Judge, about: Json, threads: Executor, buckets: Buckets) -> None:
        self._judge = judge
        self._about = about
        self._threads = threads
        self._buckets = buckets

    async def page(self, request: Request) -> Response:
        """The page itself, which then asks for what its address names; JSON where that is preferred."""
        if _prefers_json(request) and request.path_params:
            return await self.account(request)
        return _page()

    async def about(self, _: Request) -> Response:
        """What the page wants to know of the server."""
        return JSONResponse(self._about)

    async def account(self, request: Request) -> Response:
        """The answer for an account, without pictures."""
        self._charge(request)
        answer = await self._work(request, self._judge.account, request.path_params["login"])
        return JSONResponse(answer.as_json(pictures=False))

    async def account_with_pictures(self, request: Request) -> Response:
        """The answer for the account that `login` names in the query, where any text can stand."""
        self._charge(request)
        return await self._answer(request, self._judge.account, request.query_params.get("login", ""))

    async def picture(self, request: Request) -> Response:
        """The answer for the picture file that is the body. It is kept in memory until then, and nowhere else."""
        self._charge(request)
        try:
            body = await _body(request)
        except (BadInput, TooLarge) as error:
            refusal = problem(error)
            # Else the server would go on to read, and throw away, what is still being sent.
            refusal.headers["Connection"] = "close"
            return refusal
        return await self._answer(request, self._judge.picture, body)

    async def examples(self, _: Request) -> Response:
        """The gallery."""
        listed = examples.gallery().examples.values()
        return JSONResponse([{"name": one.login, "family": one.family, "label": one.label} for one in listed])

    async def example(self, request: Request) -> Response:
        """The answer for a picture of the gallery."""
        self._charge(request)
        gallery, name = examples.gallery(), request.path_params["name"]
        return await self._answer(request, self._judge.picture, gallery.data(name), _account_id_of(gallery, name))

    async def example_picture(self, request: Request) -> Response:
        """A picture of the gallery."""
        data = examples.gallery().data(request.path_params["name"])
        return Response(data, media_type=media_type(data), headers={"Cache-Control": "max-age=3600"})

    async def identicon(self, request: Request) -> Response:
        """The default avatar of an account id, drawn."""
        given = request.path_params["account_id"]
        if not ACCOUNT_ID.fullmatch(given):
            raise BadInput(f"{given[:30]!r} is no account id: GitHub counts them from 1; give up to 18 digits.")
        self._charge(request)
        data = await self._work(request, lambda: png(identicon.render(int(given))))
        return Response(data, media_type="image/png", headers={"Cache-Control": "max-age=3600"})

    async def _answer(self, request: Request, judge: Callable[..., Answer], *given: object) -> Response:
        return JSONResponse(await self._work(request, lambda: judge(*given).as_json(pictures=True)))

    async def _work(self, request: Request, work: Callable[..., Result], *given: object) -> Result:
        """What work(*given) comes to in a thread; its waiting ends where the client hangs up."""
        working = asyncio.ensure_future(cancellation.run(self._threads, work, *given))
        leaving = asyncio.ensure_future(_left(request))
        try:
            await asyncio.wait((working, leaving), return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                raise ClientDisconnect
            return working.result()
        except asyncio.CancelledError as ending:
            raise Busy("This page's server is being stopped: ask again when it runs anew.") from ending
        finally:
            working.cancel()
            leaving.cancel()

    def _charge(self, request: Request) -> None:
        """Raises Busy where the client asks too often."""
        wait = self._buckets.take(request.client.host if request.client else "")
        if wait:
            until = datetime.now(UTC) + timedelta(seconds=wait)
            raise Busy("This page's server has been asked too often by you: ask again in a moment.", until)


def application(
    judge: Judge, about: Json, threads: Executor, names: frozenset[str] | None, buckets: Buckets | None = None
) -> ASGIApp:
    """The application. `names` are the hosts that it may be asked for under, None where any may."""
    site = Site(judge, about, threads, buckets or Buckets())
    app = Starlette(
        routes=[
            Route("/", site.page),
            Mount("/page", StaticFiles(directory=PAGE)),
            Route("/api/about", site.about),
            Route("/api/accounts", site.account_with_pictures),
            Route("/api/pictures", site.picture, methods=["POST"]),
            Route("/api/examples", site.examples),
            Route("/api/examples/{name}", site.example),
            Route("/api/examples/{name}/picture", site.example_picture),
            Route("/api/identicons/{account_id}.png", site.identicon),
            Route("/{login}.json", site.account),
            Route("/{login}", site.page),
        ],
        exception_handlers={
            GitHubAvatarsError: _told,
            HTTPException: _refused,
            ClientDisconnect: _nobody,
            Exception: _fault,
        },
    )
    # Not as its middleware, which answers of status 500 would pass by.
    return Guard(app, names)


def _page(status: int = 200) -> Response:
    return FileResponse(PAGE / "index.html", status, {"Cache-Control": "no-cache"})


async def _told(_: Request, error: Exception) -> Response:
    return problem(cast(GitHubAvatarsError, error))


async def _refused(request: Request, error: Exception) -> Response:
    status = cast(HTTPException, error).status_code
    if status == 404 and _prefers_html(request):
        # The page draws it: what its address names is no login.
        return _page(404)
    message = f"There is no {request.method} {request.url.path[:100]!r} here: docs/web.md lists what there is."
    return problem(BadInput(message), status)


async def _nobody(_: Request, _error: Exception) -> Response:
    return Response(status_code=499)


async def _fault(_: Request, _error: Exception) -> Response:
    return unexpected()


async def _left(request: Request) -> None:
    """Ends when the client hangs up."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


async def _body(request: Request) -> bytes:
    """The body of a request. Raises TooLarge above MAX_BYTES, BadInput where it takes too long."""
    body = bytearray()
    received = 0
    try:
        async with asyncio.timeout(UPLOAD_SECONDS):
            async for piece in request.stream():
                received += len(piece)
                if received <= MAX_BYTES:
                    body += piece
                if received > DRAINED:
                    break
    except TimeoutError as error:
        raise BadInput(f"The picture did not arrive within {UPLOAD_SECONDS:.0f} s: send it again.") from error
    if received > MAX_BYTES:
        raise TooLarge(f"The picture has more than {MAX_BYTES:,} bytes, which no avatar has: give a smaller file.")
    return bytes(body)


def _account_id_of(gallery: examples.Gallery, name: str) -> int | None:
    """Whose identicon a default avatar of the gallery is; a custom one is nobody's."""
    example = gallery.example(name)
    return example.account_id if example.label == "default" else None


def _prefers_json(request: Request) -> bool:
    accepted = request.headers.get("accept", "")
    return "application/json" in accepted and "text/html" not in accepted


def _prefers_html(request: Request) -> bool:
    return request.method == "GET" and "text/html" in request.headers.get("accept", "")
