"""The page's server as an ASGI application: its routes and endpoints."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import Executor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar, cast

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from github_avatars import cancellation, identicon
from github_avatars.classifier import Classifier
from github_avatars.errors import BadInput, Busy, GitHubAvatarsError
from github_avatars.explanation import encode_png
from github_avatars.github import GitHub
from github_avatars.picture.decoding import MAX_BYTES
from github_avatars.picture.formats import media_type
from github_avatars.web import bodies, examples
from github_avatars.web.answers import Json, answer_account, answer_picture
from github_avatars.web.guard import Guard
from github_avatars.web.limits import TokenBuckets, UploadBudget
from github_avatars.web.problems import problem, unexpected

PAGE = Path(__file__).resolve().parent / "page"

ACCOUNT_ID = re.compile(r"[1-9][0-9]{0,17}")

Result = TypeVar("Result")


class Site:
    """The endpoints. `about` describes the server to the page; `threads` execute all work that takes time."""

    def __init__(
        self,
        github: GitHub,
        classifier: Classifier,
        about: Json,
        threads: Executor,
        buckets: TokenBuckets | None = None,
        uploads: UploadBudget | None = None,
    ) -> None:
        self._github = github
        self._classifier = classifier
        self._about = about
        self._threads = threads
        self._buckets = buckets or TokenBuckets()
        self.uploads = uploads or UploadBudget()

    async def page(self, request: Request) -> Response:
        """The page, which then requests the account in its address; or JSON if the client prefers that."""
        if _prefers_json(request) and request.path_params:
            return await self.account(request)
        return _page()

    async def about(self, _: Request) -> Response:
        """What the page needs to know about the server."""
        return JSONResponse(self._about)

    async def account(self, request: Request) -> Response:
        """The answer for an account, without pictures."""
        return await self._answer_account(request, request.path_params["login"], pictures=False)

    async def account_with_pictures(self, request: Request) -> Response:
        """The answer for the account in the query parameter `login`, in any spelling of github.parse."""
        return await self._answer_account(request, request.query_params.get("login", ""), pictures=True)

    async def picture(self, request: Request) -> Response:
        """The answer for the picture file in the body, which is only kept in memory."""
        self._charge(request)
        return await self._answer_picture(request, await bodies.read(request, MAX_BYTES, "The picture"))

    async def examples(self, _: Request) -> Response:
        """The list of examples in the gallery."""
        gallery = examples.gallery().examples.values()
        return JSONResponse([{"name": each.login, "family": each.family, "label": each.label} for each in gallery])

    async def example(self, request: Request) -> Response:
        """The answer for an example."""
        self._charge(request)
        gallery, name = examples.gallery(), request.path_params["name"]
        example = gallery.example(name)
        account_id = example.account_id if example.label == "default" else None
        return await self._answer_picture(request, gallery.read(name), account_id)

    async def example_picture(self, request: Request) -> Response:
        """The picture file of an example."""
        data = examples.gallery().read(request.path_params["name"])
        return Response(data, media_type=media_type(data), headers={"Cache-Control": "max-age=3600"})

    async def identicon(self, request: Request) -> Response:
        """The identicon of an account id."""
        account_id = request.path_params["account_id"]
        if not ACCOUNT_ID.fullmatch(account_id):
            raise BadInput(f"{account_id[:30]!r} is not an account id: give 1 to 18 digits without a leading zero.")
        self._charge(request)
        data = await self._run(request, lambda: encode_png(identicon.render(int(account_id))))
        return Response(data, media_type="image/png", headers={"Cache-Control": "max-age=3600"})

    async def _answer_account(self, request: Request, login: str, *, pictures: bool) -> Response:
        self._charge(request)

        def work() -> Json:
            answer = answer_account(login, self._github, self._classifier, pictures=pictures)
            return answer.as_json(pictures=pictures)

        return JSONResponse(await self._run(request, work))

    async def _answer_picture(self, request: Request, data: bytes, account_id: int | None = None) -> Response:
        def answer() -> Json:
            return answer_picture(data, self._classifier, account_id).as_json(pictures=True)

        return JSONResponse(await self._run(request, answer))

    async def _run(self, request: Request, work: Callable[[], Result]) -> Result:
        """Run `work` in a thread. If the client disconnects, cancel it and raise ClientDisconnect."""
        working = asyncio.ensure_future(cancellation.run(self._threads, work))
        disconnected = asyncio.ensure_future(_wait_for_disconnect(request))
        try:
            await asyncio.wait((working, disconnected), return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                raise ClientDisconnect
            return working.result()
        finally:
            working.cancel()
            disconnected.cancel()

    def _charge(self, request: Request) -> None:
        """Raise Busy if the client exceeds its rate limit."""
        wait = self._buckets.take(_address(request))
        if wait:
            until = datetime.now(UTC) + timedelta(seconds=wait)
            raise Busy("You have sent too many requests to this page's server: try again in a moment.", until)


class _Uploads:
    """ASGI middleware that keeps the memory of an upload reserved until the response is sent."""

    def __init__(self, app: ASGIApp, budget: UploadBudget) -> None:
        self._app = app
        self._budget = budget

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        size = min(int(request.headers.get("content-length", MAX_BYTES)), MAX_BYTES)
        async with self._budget.reserve(_address(request), size):
            await self._app(scope, receive, send)


def application(site: Site, hosts: frozenset[str] | None) -> ASGIApp:
    """The application. `hosts` are the host names under which it accepts requests; None accepts any."""
    app = Starlette(
        routes=[
            Route("/", site.page),
            Mount("/page", StaticFiles(directory=PAGE)),
            Route("/api/about", site.about),
            Route("/api/accounts", site.account_with_pictures),
            Route("/api/pictures", site.picture, methods=["POST"], middleware=[Middleware(_Uploads, site.uploads)]),
            Route("/api/examples", site.examples),
            Route("/api/examples/{name}", site.example),
            Route("/api/examples/{name}/picture", site.example_picture),
            Route("/api/identicons/{account_id}.png", site.identicon),
            Route("/{login}.json", site.account),
            Route("/{login}", site.page),
        ],
        exception_handlers={**ERROR_HANDLERS, HTTPException: _on_http_error},
    )
    # Starlette's own middleware would not see responses of status 500.
    return Guard(app, hosts)


async def _on_error(_: Request, error: Exception) -> Response:
    return problem(cast(GitHubAvatarsError, error))


async def _on_http_error(request: Request, error: Exception) -> Response:
    status = cast(HTTPException, error).status_code
    if status == 404 and request.method == "GET" and "text/html" in request.headers.get("accept", ""):
        # The page shows that its address does not contain a login.
        return _page(404)
    message = f"There is no {request.method} {request.scope['path'][:100]!r} here: docs/web.md lists the addresses."
    return problem(BadInput(message), status)


async def _on_disconnect(_: Request, _error: Exception) -> Response:
    return Response(status_code=499)


async def _on_unexpected(_: Request, _error: Exception) -> Response:
    return unexpected()


ERROR_HANDLERS: Mapping[type[Exception], Callable[[Request, Exception], Awaitable[Response]]] = {
    GitHubAvatarsError: _on_error,
    ClientDisconnect: _on_disconnect,
    Exception: _on_unexpected,
}
"""Starlette's exception handlers for everything but wrong addresses."""


def _page(status: int = 200) -> Response:
    return FileResponse(PAGE / "index.html", status, {"Cache-Control": "no-cache"})


async def _wait_for_disconnect(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _address(request: Request) -> str:
    return request.client.host if request.client else ""


def _prefers_json(request: Request) -> bool:
    accept = request.headers.get("accept", "")
    return "application/json" in accept and "text/html" not in accept
