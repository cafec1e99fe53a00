"""A graph of accounts that follow each other, with two planted communities."""

import math
import random
from collections.abc import Iterator, Mapping, Sequence

ACCOUNTS = 2000
INSIDE, OUTSIDE = 10, 1
"""The mean numbers of accounts that an account follows in its own community and in the other one."""

DEFAULT_SHARE = (0.7, 0.2)
"""The share of accounts with default avatars in each community."""

FIRST_ID = 50_000_001
"""The account id of the first account; the others follow."""


class Graph:
    """A directed stochastic block model with the accounts graph-0, graph-1 and so on; their number is even.

    Accounts with even numbers are one community, those with odd numbers the other one. The probability of an edge
    depends only on whether its accounts are in one community, and each edge is independent of all others. The same
    `seed` gives the same graph.

    Source: P. W. Holland, K. B. Laskey, S. Leinhardt, Stochastic blockmodels: first steps, Social Networks 5 (1983).
    """

    def __init__(self, count: int = ACCOUNTS, seed: int = 0) -> None:
        generator = random.Random(seed)  # noqa: S311
        edges = []
        for follower in range(count):
            for parity, mean in ((follower % 2, INSIDE), (1 - follower % 2, OUTSIDE)):
                for place in _sample(generator, count // 2, 2 * mean / count):
                    if (followed := 2 * place + parity) != follower:
                        edges.append((follower, followed))
        self.edges: Sequence[tuple[int, int]] = edges
        """The numbers of the follower and of the followed account of each edge."""
        self.accounts: Mapping[str, int] = {f"graph-{number}": FIRST_ID + number for number in range(count)}
        """Account ids by login."""
        self.has_default_avatar: Sequence[bool] = [
            generator.random() < DEFAULT_SHARE[number % 2] for number in range(count)
        ]


def _sample(generator: random.Random, count: int, probability: float) -> Iterator[int]:
    """Each of the first `count` numbers with this probability. The gaps between them have a geometric distribution."""
    number = -1
    while True:
        number += 1 + int(math.log(1 - generator.random()) / math.log(1 - probability))
        if number >= count:
            return
        yield number
