"""An HTTP client that keeps a server busy over several kept-alive connections, from one thread."""

import asyncio
import json
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

TIMEOUT = 20.0
"""Seconds without any response after which the server counts as hung."""

Responses = list[tuple[float, float]]
"""For each response, the time of `time.perf_counter` at its end, and the seconds since the request was sent."""


class BadResponse(Exception):
    """A response is wrong, incomplete or missing."""


@dataclass(frozen=True)
class Request:
    """An HTTP request as bytes, and a function that checks the status and the body of its response."""

    data: bytes
    is_right: Callable[[int, bytes], bool]


def predict_request(inputs: dict[str, str], is_right: Callable[[int, bytes], bool]) -> Request:
    """Create the request for a prediction."""
    body = json.dumps({"input": inputs}).encode()
    head = (
        "POST /predictions HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return Request(head.encode() + body, is_right)


def send_all(port: int, requests: Iterator[Request], concurrency: int, deadline: float = math.inf) -> Responses:
    """Send requests to 127.0.0.1 over `concurrency` connections, each as soon as the previous response is complete.

    No request starts after the deadline, a time of `time.perf_counter`. Raises BadResponse or OSError, which ends all.
    """
    responses: Responses = []

    async def send() -> None:
        async with asyncio.TaskGroup() as connections:
            for _ in range(concurrency):
                connections.create_task(_use_connection(port, requests, deadline, responses))

    try:
        asyncio.run(send())
    except* (BadResponse, OSError) as errors:
        raise errors.exceptions[0] from None
    return responses


async def _use_connection(port: int, requests: Iterator[Request], deadline: float, responses: Responses) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        while time.perf_counter() < deadline and (request := next(requests, None)):
            started = time.perf_counter()
            response = await _exchange(reader, writer, request)
            if not request.is_right(*response):
                raise BadResponse(f"{request.data[:300]!r} got {response}")
            now = time.perf_counter()
            responses.append((now, now - started))
    finally:
        writer.close()


async def _exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: Request) -> tuple[int, bytes]:
    """Send a request, and return the status and the body of the response."""
    writer.write(request.data)
    try:
        async with asyncio.timeout(TIMEOUT):
            head = await reader.readuntil(b"\r\n\r\n")
            _, _, length = head.lower().partition(b"\r\ncontent-length:")
            return int(head[9:12]), await reader.readexactly(int(length.partition(b"\r\n")[0]))
    except TimeoutError as error:
        raise BadResponse(f"no response within {TIMEOUT:.0f} seconds") from error
    except (asyncio.IncompleteReadError, ValueError) as error:
        raise BadResponse(f"{request.data[:300]!r} got an incomplete response ({error!r})") from error
