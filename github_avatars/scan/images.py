"""A folder of pictures → what is found of each account in it, be it a folder of several pictures or a single file."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from PIL import Image

from github_avatars.classifier import Classifier, Label, Verdict, classify_decoded
from github_avatars.errors import BadImage, BadInput, NotAPicture
from github_avatars.github import Account
from github_avatars.picture import container, decoding
from github_avatars.scan import addresses
from github_avatars.scan.findings import Finding, failed, judged

TIE = 0.01
"""A mean probability this near to one half tells nothing: sure pictures contradict one another."""


def find(directory: Path) -> Iterator[tuple[str, Account]]:
    """The name in the store of each account that has pictures in `directory`, and the account, called like those.

    The name is the path of the folder or file, after a colon. Hidden files and folders do not count. Raises BadInput
    where there is no such folder.
    """
    try:
        for path in sorted(directory.iterdir()):
            if not path.name.startswith("."):
                yield f":{path}", account(path)
    except OSError as error:
        raise BadInput(
            f"{directory} cannot be read ({error.strerror}): give a folder with pictures, or with a folder per account."
        ) from error


def account(path: Path) -> Account:
    """The account whose pictures are a folder or a file."""
    return Account(path.name if path.is_dir() else path.stem, None)


def judge(classifier: Classifier, names: Sequence[str]) -> list[Finding]:
    """What is found of each account by the name that `find` gives."""
    return [_judge(classifier, Path(name.removeprefix(":"))) for name in names]


def judge_at(address: str, classifier: Classifier) -> tuple[Account, Finding]:
    """The account whose pictures are at an address, be it in an object store, and what is found of it."""
    with addresses.local(address) as path:
        return account(path), replace(_judge(classifier, path), href=address)


def _judge(classifier: Classifier, path: Path) -> Finding:
    files = _files(path)
    if not files:
        return failed(NotAPicture(f"{path} has no pictures: put some there, or take it out."), href=str(path))
    sizes: dict[Path, int] = {}
    seen = dict(zip(files, classify_decoded(map(partial(_load, sizes), files), classifier), strict=True))
    refused = {file: verdict for file, verdict in seen.items() if isinstance(verdict, BadImage)}
    usable = {file: verdict for file, verdict in seen.items() if not isinstance(verdict, BadImage)}
    if not usable:
        return failed(next(iter(refused.values())), href=str(path))
    # The sharpest first; of equals, the first by name.
    shown = [usable[file] for file in sorted(usable, key=lambda file: (-sizes[file], file))]
    label, probability = combine(shown)
    return judged(
        Verdict(label, probability, shown[0].features),
        pictures=len(shown),
        agreed=sum(verdict.label == label for verdict in shown),
        left_out="; ".join(f"{file.name}: {error.kind}" for file, error in refused.items()) or None,
        href=str(path),
    )


def sharpest(name: str) -> Path:
    """The picture of most pixels of an account, by the name that `find` gives. Raises NotAPicture without any."""
    path = Path(name.removeprefix(":"))
    sizes: dict[Path, int] = {}
    for file in _files(path):
        _load(sizes, file)
    if not sizes:
        raise NotAPicture(f"{path} has no usable picture any more: put it back.")
    return max(sorted(sizes), key=sizes.__getitem__)


def _files(path: Path) -> list[Path]:
    """The files at the path of an account."""
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.iterdir() if file.is_file() and not file.name.startswith("."))


def _load(sizes: dict[Path, int], file: Path) -> Image.Image | BadImage:
    """The picture, whose number of pixels is put into `sizes`: what is loaded of a JPEG may have fewer."""
    try:
        data = decoding.read_bytes(file)
        picture = decoding.load(data, str(file))
    except BadImage as error:
        return error
    stripped = container.strip(data, str(file))
    sizes[file] = stripped.width * stripped.height
    return picture


def combine(shown: Sequence[Verdict]) -> tuple[Label, float]:
    """The label and the probability that several pictures of one account come to, the sharpest of them first.

    The probability is their mean. To add up log-odds would be right of pictures that are wrong independently of one
    another; but those of one account mostly show the same avatar, and err together. The mean lets no picture overrule
    more than one other, however sure it is. Where it is undecided (TIE), the sharpest has the last word.
    """
    probability = math.fsum(verdict.probability for verdict in shown) / len(shown)
    if abs(probability - 0.5) <= TIE:
        return shown[0].label, probability
    return ("default" if probability > 0.5 else "custom"), probability
