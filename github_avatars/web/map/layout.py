"""Where the accounts of a network are on its map: each community is a disc.

A layout needs no random numbers, so the map of a store is always the same.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from github_avatars.scan.network import Network

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

MAX_DISCS = 200
"""Of more communities, the smallest ones share a disc."""

SPACING = 0.6
"""The scale of a disc: with it, neighboring accounts have a distance of about 1."""

GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))

ANGLES = np.arange(48) * (2 * math.pi / 48)
DIRECTIONS = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)
"""The directions in which a disc may touch another one."""

GAP = 2.5
"""The smallest distance between discs."""


@dataclass(frozen=True)
class Disc:
    """A group of accounts on the map."""

    community: int | None
    """None if it has several communities, or accounts without edges."""
    name: str
    members: Integers
    """The accounts, those with the most edges first."""
    x: float
    y: float
    radius: float


@dataclass(frozen=True)
class Layout:
    """The discs of a map, those of the communities in their order, and the positions of all accounts."""

    discs: Sequence[Disc]
    disc_of: Integers
    """The index of the disc of each account."""
    positions: Floats
    """x and y of each account. The unit is about the distance of neighbors."""
    between: Integers
    """The number of edges from each disc to each disc."""


def arrange(network: Network) -> Layout:
    """The layout of a network.

    The accounts of a disc have the order of sunflower seeds, those with the most edges in the center. Within a ring,
    they are turned towards the discs that they are connected with. Discs are close to those that they are connected
    with.

    Source of the spiral: H. Vogel, A better way to construct the sunflower head, Math. Biosciences 44 (1979).
    """
    names, disc_of = _group(network.communities)
    count = len(names)
    edges = np.array(network.edges, dtype=np.int64).reshape(-1, 2)
    degrees = np.bincount(edges.ravel(), minlength=len(disc_of))
    ends = disc_of[edges]
    between = np.bincount(ends[:, 0] * count + ends[:, 1], minlength=count * count).reshape(count, count)
    sizes = np.bincount(disc_of, minlength=count)
    radii = SPACING * np.sqrt(sizes) + 1
    centers = _place(radii, between + between.T)
    pulls = np.zeros((len(disc_of), 2))
    outward = centers[ends[:, 1]] - centers[ends[:, 0]]
    np.add.at(pulls, edges[:, 0], outward)
    np.add.at(pulls, edges[:, 1], -outward)
    positions = np.zeros((len(disc_of), 2))
    discs = []
    for index, (community, name) in enumerate(names):
        members = np.flatnonzero(disc_of == index)
        members = members[np.argsort(-degrees[members], kind="stable")]
        positions[members] = centers[index] + _sunflower(pulls[members])
        x, y = centers[index]
        discs.append(Disc(community, name, members, float(x), float(y), float(radii[index])))
    return Layout(discs, disc_of, positions, between)


def _group(communities: Sequence[int | None]) -> tuple[list[tuple[int | None, str]], Integers]:
    """The community and the name of each disc, and the index of the disc of each account."""
    found = len(Counter(communities).keys() - {None})
    shown = found if found <= MAX_DISCS else MAX_DISCS
    names: list[tuple[int | None, str]] = [(number, f"Community {number:,}") for number in range(1, shown + 1)]
    if found > shown:
        names.append((None, f"{found - shown:,} smaller communities"))
    if None in communities:
        names.append((None, "No edges"))
    indices = [len(names) - 1 if number is None else min(number, shown + 1) - 1 for number in communities]
    return names, np.array(indices, dtype=np.int64)


def _place(radii: Floats, connections: Integers) -> Floats:
    """The centers of discs that do not overlap: each as close as possible to those that it is connected with."""
    centers = np.zeros((len(radii), 2))
    order = np.argsort(-radii, kind="stable")
    for place, index in enumerate(order[1:], 1):
        placed = order[:place]
        weights = connections[index, placed].astype(float)
        target = np.average(centers[placed], axis=0, weights=weights if weights.any() else radii[placed] ** 2)
        # The positions in which it touches a placed disc.
        reach = radii[placed] + radii[index] + GAP
        candidates = (centers[placed][:, None] + reach[:, None, None] * DIRECTIONS).reshape(-1, 2)
        free = candidates[(_squared_distances(candidates, centers[placed]) >= reach**2 - 1e-6).all(axis=1)]
        centers[index] = free[_squared_distances(free, target[None]).round(6).argmin()]
    return centers


def _squared_distances(points: Floats, others: Floats) -> Floats:
    """The squared distance of each point from each of the others."""
    distances: Floats = (points**2).sum(axis=1)[:, None] - 2 * points @ others.T + (others**2).sum(axis=1)
    return distances


def _sunflower(pulls: Floats) -> Floats:
    """The positions of accounts in a disc around the origin. A pull is the direction in which an account is turned."""
    places = np.arange(len(pulls))
    radii, angles = SPACING * np.sqrt(places + 0.5), places * GOLDEN_ANGLE % (2 * math.pi)
    slots = np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1)
    wanted = np.where(np.hypot(*pulls.T) > 1e-9, np.arctan2(pulls[:, 1], pulls[:, 0]) % (2 * math.pi), angles)
    positions = np.empty_like(slots)
    start = 0
    for ring in range(1, len(pulls) + 1):
        if start >= len(pulls):
            break
        members = places[start : start + 6 * ring]
        positions[members[np.argsort(wanted[members], kind="stable")]] = slots[
            members[np.argsort(angles[members], kind="stable")]
        ]
        start += 6 * ring
    return positions
