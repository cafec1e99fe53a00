"""A folder of labelled pictures → what to mend in it: pictures that are there twice, wrong labels, unreadable files."""

import os
from collections import Counter, defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from sklearn.neighbors import KDTree

from github_avatars import identicon
from github_avatars.errors import BadImage
from github_avatars.identicon import Identicon
from github_avatars.picture import decoding
from github_avatars.training import dataset
from github_avatars.training.dataset import Example, Progress

BLOCKS = 8
"""A picture's look is the mean colors of 8×8 blocks of it, less those that a circle mask touches: 32 of 64."""

NEAR = 8
"""Two pictures are nearly the same where no block's mean differs by more than this in any channel (of 0 to 255).

Measured on avatars/ and degraded copies: a copy of 80 pixels or more is within reach of its original in 86 % of the
custom and 97 % of the default avatars, codec, quality and circle mask notwithstanding; of 24 to 40 pixels in 41 %.
"""

SHARE = 1 / 8
"""Of a pale picture, no block may differ by more than this share of its contrast, which is how far its blocks differ.

Of different pictures of avatars/, none but identicons are nearer than 0.48 of the contrast of either.
"""

CONTRAST = 16
"""A picture of less contrast is too even to be recognized by its look: it has exact duplicates alone."""

Look = npt.NDArray[np.int16]
Group = tuple[Example, ...]


@dataclass(frozen=True)
class Check:
    """What was found in a folder of labelled pictures.

    `counts` is how many examples each label has. A group of `same` is pictures of equal pixels; a group of `nearly` is
    pictures that look the same, as re-encoded or resized copies do, of each group of `same` its first alone.
    `unreadable` is file and reason.
    """

    counts: dict[str, int]
    same: list[Group]
    nearly: list[Group]
    unreadable: list[tuple[str, str]]

    def conflicts(self) -> list[Group]:
        """The groups that stand under both labels."""
        return [group for group in (*self.same, *self.nearly) if len({example.label for example in group}) > 1]

    def faults(self) -> list[str]:
        """What must be mended before training, in words; copies under one label are none, for training allows them."""
        found = {"unreadable files": len(self.unreadable), "pictures under both labels": len(self.conflicts())}
        return [f"{name}: {count}" for name, count in found.items() if count]


def check(directory: Path, progress: Progress = lambda items, _: items) -> Check:
    """Look at every picture of `directory`, which dataset.read lists; `progress` wraps the iteration over them.

    Raises BadDataset where it is no folder of labelled pictures.
    """
    examples = dataset.read(directory)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        seen = list(progress(pool.map(lambda example: _see(directory / example.file), examples), len(examples)))
    same: defaultdict[str, list[Example]] = defaultdict(list)
    looks: dict[str, _Seen] = {}
    unreadable = []
    for example, found in zip(examples, seen, strict=True):
        if isinstance(found, BadImage):
            unreadable.append((example.file, str(found)))
        else:
            same[found.content].append(example)
            looks[found.content] = found
    counts = Counter(example.label for example in examples)
    return Check(
        counts={label: counts[label] for label in dataset.LABELS},
        same=[tuple(group) for group in same.values() if len(group) > 1],
        nearly=[tuple(same[name][0] for name in group) for group in _nearly(list(looks.values()))],
        unreadable=unreadable,
    )


def as_text(found: Check) -> str:
    """A check in words, for a person to read."""
    total = sum(found.counts.values())
    conflicts = found.conflicts()
    sections = {
        "Unreadable": [f"{file}: {reason}" for file, reason in found.unreadable],
        "Under both labels, the same picture": _lines(group for group in found.same if group in conflicts),
        "Under both labels, nearly the same picture": _lines(group for group in found.nearly if group in conflicts),
        "The same picture": _lines(group for group in found.same if group not in conflicts),
        "Nearly the same picture": _lines(group for group in found.nearly if group not in conflicts),
    }
    shares = (f"{count} {label} ({count / max(total, 1):.0%})" for label, count in found.counts.items())
    lines = [f"{total} pictures: {', '.join(shares)}"]
    for name, entries in sections.items():
        lines += [f"{name}: {len(entries) or 'none'}", *(f"  {entry}" for entry in entries)]
    return "\n".join(lines)


def _lines(groups: Iterable[Group]) -> list[str]:
    return [", ".join(f"{example.file} ({example.label})" for example in group) for group in groups]


@dataclass(frozen=True)
class _Seen:
    """A readable picture. `look` is its blocks' colors (n × 3), `drawn` the identicon that it is, if it is one."""

    content: str
    look: Look
    drawn: Identicon | None

    def reach(self) -> float:
        """How far a look may be from this one to be nearly the same; negative where none is."""
        contrast = int(np.ptp(self.look, axis=0).max())
        return min(NEAR, SHARE * contrast) if contrast >= CONTRAST else -1


def _see(path: Path) -> _Seen | BadImage:
    try:
        picture = decoding.read(path)
    except BadImage as error:
        return error
    fitted = identicon.fit(picture)
    drawn = Identicon(fitted.grid, fitted.color) if fitted.error == 0 else None
    blocks = np.asarray(picture.resize((BLOCKS, BLOCKS), Image.Resampling.BOX), dtype=np.int16)
    return _Seen(dataset.pixel_hash(picture), blocks[_DISC], drawn)


def _disc() -> npt.NDArray[np.bool_]:
    """BLOCKS × BLOCKS: the blocks that lie wholly within the circle that galleries cut avatars to."""
    farthest = np.abs(np.arange(BLOCKS) + 0.5 - BLOCKS / 2) + 0.5
    within: npt.NDArray[np.bool_] = np.hypot.outer(farthest, farthest) <= BLOCKS / 2
    return within


_DISC = _disc()


def _nearly(seen: list[_Seen]) -> list[list[str]]:
    """The contents of pictures that look the same, directly or by way of others; each group in the order of `seen`.

    A tree finds the neighbors of each, so that tens of thousands of pictures take seconds.
    """
    shown = [one for one in seen if one.reach() >= 0]
    if not shown:
        return []
    looks = np.array([one.look.ravel() for one in shown])
    found = KDTree(looks, metric="chebyshev").query_radius(looks, [one.reach() for one in shown])
    group = list(range(len(shown)))
    for number, neighbors in enumerate(found):
        for other in neighbors[neighbors < number].tolist():
            # What is joined already comes first, so that many copies of one picture take no time each.
            if (
                _root(group, number) != _root(group, other)
                and number in found[other]
                and not _different_identicons(shown[number], shown[other])
            ):
                _join(group, number, other)
    members: defaultdict[int, list[str]] = defaultdict(list)
    for number, one in enumerate(shown):
        members[_root(group, number)].append(one.content)
    return [contents for contents in members.values() if len(contents) > 1]


def _different_identicons(one: _Seen, other: _Seen) -> bool:
    # Among 10,000 account ids, some pairs have one grid in much the same color, or grids that differ at the rim alone.
    return one.drawn is not None and other.drawn is not None and one.drawn != other.drawn


def _join(group: list[int], one: int, other: int) -> None:
    first, second = sorted((_root(group, one), _root(group, other)))
    group[second] = first


def _root(group: list[int], number: int) -> int:
    while group[number] != number:
        group[number] = number = group[group[number]]
    return number
