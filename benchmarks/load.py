"""Load on an HTTP server over kept connections, from one thread: raw sockets, and every answer looked at."""

import selectors
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

TIMEOUT = 20.0
"""Seconds after which a server that gives no answer at all counts as hung."""

BUSY = 409
"""Cog frees the place of a prediction shortly after its answer: even as many clients as it has places may find none."""

PAUSE = 0.001
"""Seconds after which one that was turned away asks again."""


class WrongAnswer(Exception):
    """An answer came that is not the right one, or none came."""


@dataclass(frozen=True)
class Question:
    """One request, as it goes over the wire, and what tells whether status and body of the answer are right."""

    request: bytes
    is_right: Callable[[int, bytes], bool]


Task = Sequence[Question]
"""Questions that one client asks one after the other, as a whole to be timed."""


@dataclass
class Outcome:
    """What came of a load within the seconds that count: how long each task took, and how often BUSY was the answer."""

    window: float
    seconds: list[float] = field(default_factory=list)
    asked_again: int = 0

    @property
    def throughput(self) -> float:
        """Tasks a second."""
        return len(self.seconds) / self.window


def question(method: str, path: str, is_right: Callable[[int, bytes], bool], body: bytes = b"") -> Question:
    """The question of this method, path and JSON body."""
    head = f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    if body:
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
    return Question(f"{head}\r\n".encode() + body, is_right)


def put(port: int, tasks: Iterator[Task], concurrency: int, warm_up: float, window: float) -> Outcome:
    """Ask tasks on `concurrency` connections at a time, each at once after the last, for warm_up + window seconds.

    Only what is finished within the window counts: then all connections are at work. Raises WrongAnswer.
    """
    outcome = Outcome(window)
    begin = time.perf_counter() + warm_up
    end = begin + window
    turned_away: list[_Client] = []
    with selectors.DefaultSelector() as selector:
        clients = [_Client(socket.create_connection(("127.0.0.1", port))) for _ in range(concurrency)]
        try:
            for client in clients:
                selector.register(client.socket, selectors.EVENT_READ, client)
                client.begin(next(tasks))
            while selector.get_map():
                ready = selector.select(PAUSE if turned_away else TIMEOUT)
                if not ready and not turned_away:
                    raise WrongAnswer(f"no answer within {TIMEOUT:.0f} seconds")
                for client in turned_away:
                    client.ask()
                outcome.asked_again += len(turned_away)
                turned_away.clear()
                for key, _ in ready:
                    client = key.data
                    client.receive()
                    if client.is_turned_away:
                        turned_away.append(client)
                    if not client.is_done:
                        continue
                    now = time.perf_counter()
                    if begin <= now < end:
                        outcome.seconds.append(now - client.began)
                    if now < end:
                        client.begin(next(tasks))
                    else:
                        selector.unregister(client.socket)
        finally:
            for client in clients:
                client.socket.close()
    return outcome


class _Client:
    """One connection, the task that is asked on it, and what has come of the answer."""

    def __init__(self, sock: socket.socket) -> None:
        self.socket = sock
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.began = 0.0
        self.is_turned_away = False
        self._left: list[Question] = []
        self._received = b""

    @property
    def is_done(self) -> bool:
        """Whether all questions of the task were answered."""
        return not self._left

    def begin(self, task: Task) -> None:
        """Ask the first question of a task."""
        self.began = time.perf_counter()
        self._left = list(reversed(task))
        self.ask()

    def ask(self) -> None:
        """Ask the question that is due, for the first time or again."""
        self._received = b""
        self.is_turned_away = False
        self.socket.sendall(self._left[-1].request)

    def receive(self) -> None:
        """Take in what has come, and where that is a right answer, ask the next question. Raises WrongAnswer."""
        piece = self.socket.recv(1 << 20)
        self._received += piece
        head, found, body = self._received.partition(b"\r\n\r\n")
        length = _length(head) if found else 0
        if not piece or (found and len(body) > length):
            raise WrongAnswer(f"to {self._left[-1].request!r} came {self._received[:1000]!r}, and not a whole answer")
        if not found or len(body) < length:
            return
        status = int(head[9:12])
        if status == BUSY:
            self.is_turned_away = True
            return
        asked = self._left.pop()
        if not asked.is_right(status, body):
            raise WrongAnswer(f"to {asked.request!r} came {self._received[:1000]!r}")
        if self._left:
            self.ask()


def _length(head: bytes) -> int:
    for line in head.lower().splitlines():
        if line.startswith(b"content-length:"):
            return int(line[15:])
    raise WrongAnswer(f"an answer of no announced length: {head!r}")
