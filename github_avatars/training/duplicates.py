"""A folder of labeled pictures → what to correct in it: duplicates, wrong labels, unreadable files."""

import os
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from sklearn.neighbors import KDTree

from github_avatars import identicon
from github_avatars.errors import BadImage
from github_avatars.identicon import Identicon
from github_avatars.picture import decoding
from github_avatars.text import printable
from github_avatars.training import dataset
from github_avatars.training.dataset import Example, Progress, no_progress

BLOCKS = 8
"""Pictures are compared by the mean colors of 8×8 blocks, without those that a circle mask touches: 32 of 64."""

NEAR = 8
"""Two pictures are near-duplicates if no block mean differs by more than this in any channel (0 to 255).

Measured on avatars/ and degraded copies, for all codecs, qualities and circle masks: of the copies of 80 pixels or
more, 86 % of the custom and 97 % of the default avatars are near-duplicates of their originals; of the copies of 24 to
40 pixels, 41 %.
"""

SHARE = 1 / 8
"""In a pale picture, no block mean may differ by more than this share of the contrast, the range of its block means.

The nearest different pictures of avatars/ that are not identicons differ by 0.48 of the contrast of either.
"""

CONTRAST = 16
"""A picture with less contrast has too little structure to be compared: it has exact duplicates only."""

Group = tuple[Example, ...]


@dataclass(frozen=True)
class Check:
    """The result of checking a folder of labeled pictures."""

    counts: dict[str, int]
    """The number of examples of each label."""
    same: list[Group]
    """Groups of pictures with equal pixels."""
    nearly: list[Group]
    """Groups of near-duplicates, such as re-encoded or resized copies. Of each group of `same`, only the first."""
    unreadable: list[tuple[str, str]]
    """File and reason."""

    def conflicts(self) -> list[Group]:
        """The groups with both labels."""
        return [group for group in (*self.same, *self.nearly) if len({example.label for example in group}) > 1]

    def problems(self) -> list[str]:
        """What must be corrected before training. Duplicates with one label are allowed."""
        counts = {"unreadable files": len(self.unreadable), "pictures under both labels": len(self.conflicts())}
        return [f"{name}: {count}" for name, count in counts.items() if count]


def check(directory: Path, progress: Progress = no_progress) -> Check:
    """Compare all pictures of `directory` (`dataset.read`). Raises BadDataset if it has no labeled pictures."""
    examples = dataset.read(directory)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(lambda example: _summarize(directory / example.file), examples)
        summaries = list(progress(results, len(examples)))
    same: defaultdict[str, list[Example]] = defaultdict(list)
    distinct: dict[str, _Summary] = {}
    unreadable = []
    for example, summary in zip(examples, summaries, strict=True):
        if isinstance(summary, BadImage):
            unreadable.append((example.file, str(summary)))
        else:
            same[summary.pixel_hash].append(example)
            distinct[summary.pixel_hash] = summary
    return Check(
        counts=dataset.count_labels(examples),
        same=[tuple(group) for group in same.values() if len(group) > 1],
        nearly=[tuple(same[pixels][0] for pixels in group) for group in _near_duplicates(list(distinct.values()))],
        unreadable=unreadable,
    )


def as_text(result: Check) -> str:
    """The result of a check as text."""
    total = sum(result.counts.values())
    conflicts = result.conflicts()
    sections = {
        "Unreadable": [f"{file}: {reason}" for file, reason in result.unreadable],
        "Under both labels, the same picture": _lines(group for group in result.same if group in conflicts),
        "Under both labels, nearly the same picture": _lines(group for group in result.nearly if group in conflicts),
        "The same picture": _lines(group for group in result.same if group not in conflicts),
        "Nearly the same picture": _lines(group for group in result.nearly if group not in conflicts),
    }
    shares = (f"{count} {label} ({count / max(total, 1):.0%})" for label, count in result.counts.items())
    lines = [f"{total} pictures: {', '.join(shares)}"]
    for name, entries in sections.items():
        # File names may contain control sequences for the terminal.
        lines += [f"{name}: {len(entries) or 'none'}", *(f"  {printable(entry)}" for entry in entries)]
    return "\n".join(lines)


def _lines(groups: Iterable[Group]) -> list[str]:
    return [", ".join(f"{example.file} ({example.label})" for example in group) for group in groups]


@dataclass(frozen=True)
class _Summary:
    """What pictures are compared by."""

    pixel_hash: str
    means: npt.NDArray[np.int16]
    """The mean colors of the blocks, blocks × 3."""
    identicon: Identicon | None
    """The identicon that the picture shows to the pixel, if any."""

    def radius(self) -> float:
        """How much the block means of a near-duplicate may differ; negative if there can be none."""
        contrast = int(np.ptp(self.means, axis=0).max())
        return min(NEAR, SHARE * contrast) if contrast >= CONTRAST else -1


def _summarize(path: Path) -> _Summary | BadImage:
    try:
        picture = decoding.read(path)
    except BadImage as error:
        return error
    fit = identicon.fit(picture)
    shown = Identicon(fit.grid, fit.color) if fit.error == 0 else None
    means = np.asarray(picture.resize((BLOCKS, BLOCKS), Image.Resampling.BOX), dtype=np.int16)
    return _Summary(dataset.pixel_hash(picture), means[_DISC], shown)


def _disc() -> npt.NDArray[np.bool_]:
    """BLOCKS × BLOCKS: the blocks that lie wholly within the circle that galleries crop avatars to."""
    farthest = np.abs(np.arange(BLOCKS) + 0.5 - BLOCKS / 2) + 0.5
    within: npt.NDArray[np.bool_] = np.hypot.outer(farthest, farthest) <= BLOCKS / 2
    return within


_DISC = _disc()


def _near_duplicates(summaries: list[_Summary]) -> list[list[str]]:
    """The pixel hashes of each group of near-duplicates, in the order of `summaries`.

    A group is a connected component of the graph that joins two pictures if each is within the radius of the other.
    Different identicons are never joined: among 10,000 account ids, some have the same grid in nearly the same color,
    or grids that differ in outer cells only.
    """
    summaries = [summary for summary in summaries if summary.radius() >= 0]
    if not summaries:
        return []
    means = np.array([summary.means.ravel() for summary in summaries])
    radii = [summary.radius() for summary in summaries]
    neighbors = KDTree(means, metric="chebyshev").query_radius(means, radii)
    starts = np.cumsum([0, *map(len, neighbors)])
    within = csr_array((np.ones(starts[-1], dtype=bool), np.concatenate(neighbors), starts))
    first, second = within.multiply(within.T).nonzero()
    # 0 is no identicon.
    numbers: dict[Identicon | None, int] = {None: 0}
    shown = np.array([numbers.setdefault(summary.identicon, len(numbers)) for summary in summaries])
    joined = (shown[first] == shown[second]) | (shown[first] == 0) | (shown[second] == 0)
    edges = csr_array((joined[joined], (first[joined], second[joined])), shape=within.shape)
    groups: defaultdict[int, list[str]] = defaultdict(list)
    for summary, component in zip(summaries, connected_components(edges, directed=False)[1].tolist(), strict=True):
        groups[component].append(summary.pixel_hash)
    return [group for group in groups.values() if len(group) > 1]
