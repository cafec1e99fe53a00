"""Bodies of requests, which a client can make endless: how many bytes and seconds the server reads them."""

import asyncio
from contextlib import suppress

from starlette.requests import Request
from starlette.types import Message, Receive

from github_avatars.errors import BadInput, TooLarge
from github_avatars.picture.decoding import MAX_BYTES

READ_SECONDS = 30.0
"""The time limit for the body of a request."""

DISCARDED_BYTES = 4 * MAX_BYTES
"""Bytes read of a body of which nothing is used; many clients read the response only after sending all of it."""

DISCARD_SECONDS = 5.0
"""The time limit for reading these bytes."""


class Body:
    """The body of one request. `receive` replaces that of ASGI, and does not read endlessly."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._received = 0
        self.complete = False
        """Whether the whole body has been read."""

    async def receive(self) -> Message:
        """The next message. After DISCARDED_BYTES, it is that the client has disconnected."""
        if self._received > DISCARDED_BYTES:
            return {"type": "http.disconnect"}
        message = await self._receive()
        if message["type"] == "http.request":
            self._received += len(message.get("body", b""))
            self.complete = not message.get("more_body", False)
        return message

    async def discard(self) -> None:
        """Read the rest of the body, within the limits above."""
        with suppress(TimeoutError):
            async with asyncio.timeout(DISCARD_SECONDS):
                while not self.complete and (await self.receive())["type"] == "http.request":
                    pass


async def read(request: Request, max_bytes: int, name: str) -> bytes:
    """The body of a request; `name` is what error messages call it.

    Raises TooLarge above `max_bytes`, without reading the rest, and BadInput after READ_SECONDS.
    """
    body = bytearray()
    try:
        async with asyncio.timeout(READ_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > max_bytes:
                    raise TooLarge(f"{name} has more than {max_bytes:,} bytes: give a smaller one.")
    except TimeoutError as error:
        raise BadInput(f"{name} did not arrive within {READ_SECONDS:.0f} s: send it again.") from error
    return bytes(body)
