"""Pictures on disk → the result for each account, which has a folder of pictures or a single file."""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from PIL import Image

from github_avatars.classifier import Classifier, Label, Verdict, classify_opened
from github_avatars.errors import BadFile, BadImage, NotAPicture
from github_avatars.github import Account
from github_avatars.identicon import Identicon
from github_avatars.picture import container, decoding, verification
from github_avatars.prediction import Prediction
from github_avatars.scan import addresses
from github_avatars.scan.rows import Result

TIE = 0.01
"""A mean probability within this distance of 0.5 is undecided: confident pictures contradict each other."""


OTHERS = re.compile(
    r"Thumbs\.db|ehthumbs.*\.db|desktop\.ini|__MACOSX|lost\+found|System Volume Information|[@#$].*"
    r"|.+\.(?:csv|tsv|json|jsonl|ndjson|parquet|db|sqlite|txt|md|html?|xml|ya?ml|toml|ini|log|py|js|css|pdf"
    r"|zip|gz|bz2|xz|zst|7z|tar|tgz|tmp|part|partial|crdownload|lnk|url|webloc|mp4|webm|mov)",
    re.IGNORECASE,
)
"""What programs put beside pictures: file managers (Thumbs.db), network drives (@eaDir, #recycle), archives (__MACOSX),
downloads (zeke.png.part), and data about the pictures. Other names can be those of pictures without an ending or with a
wrong one."""

SHOWN = 5
"""The number of skipped names in a note."""

SURROGATES = {code: code + 0x100000 for code in range(0xDC80, 0xDD00)}
"""What Python makes of bytes in a path that are not UTF-8 → private characters, which the store can keep."""


def find(directory: str | Path, note: Callable[[str], None] | None = None) -> Iterator[tuple[str, Account]]:
    """The key and the account of each file and folder in `directory` that can be an account's.

    The key is the path after a colon; the login is the name. Hidden files are skipped, and others that are not pictures
    by name; `note` is called with the number of these. Raises BadFile if `directory` is not a readable folder.
    """
    try:
        paths = sorted(path for path in Path(directory).iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise BadFile(
            f"{directory} cannot be read ({error.strerror}): give a folder with pictures, or with a folder per account."
        ) from error
    others = [path.name for path in paths if is_other(path.name)]
    if others and note:
        note(skipped(directory, others))
    for path in paths:
        if not is_other(path.name):
            yield f":{str(path).translate(SURROGATES)}", account(path)


def is_other(name: str) -> bool:
    """Whether the name of a file or folder shows that it is not a picture or an account's folder."""
    return OTHERS.fullmatch(name) is not None


def skipped(directory: object, names: Sequence[str]) -> str:
    """A note about the names in a folder that are skipped."""
    more = ", …" if len(names) > SHOWN else ""
    shown = ", ".join(names[:SHOWN])
    return f"{len(names):,} of the names in {directory} are not those of pictures, and are skipped: {shown}{more}"


def account(path: Path) -> Account:
    """The account that a file or a folder of pictures belongs to."""
    return Account(path.name if path.is_dir() else path.stem, None)


def classify(classifier: Classifier, keys: Sequence[str]) -> list[Result]:
    """The result for each account, by the key that `find` returns."""
    return [_classify(classifier, path, str(path)) for path in map(_path, keys)]


def classify_address(address: str, classifier: Classifier) -> tuple[Account, Result]:
    """The account and the result for the pictures at a path or an address in an object store."""
    with addresses.local_copy(address) as path:
        return account(path), _classify(classifier, path, address)


def _classify(classifier: Classifier, path: Path, href: str) -> Result:
    try:
        files = _files(path)
    except NotAPicture as error:
        return Result.of_error(error, href=href)
    sizes: dict[Path, int] = {}
    verdicts = dict(zip(files, classify_opened(_each_opened(files, sizes), classifier), strict=True))
    errors = {file: verdict for file, verdict in verdicts.items() if isinstance(verdict, BadImage)}
    usable = {file: verdict for file, verdict in verdicts.items() if not isinstance(verdict, BadImage)}
    if not usable:
        return Result.of_error(next(iter(errors.values())), href=href)
    # The largest first; of equals, the first by name.
    ranked = [usable[file] for file in sorted(usable, key=lambda file: (-sizes[file], file))]
    label, probability = combine(ranked)
    return Result.of_prediction(
        Prediction(label, probability, ranked[0].features, href=href),
        pictures=len(ranked),
        agreed=sum(verdict.label == label for verdict in ranked),
        skipped_pictures="; ".join(f"{file.name}: {error.kind}" for file, error in errors.items()) or None,
    )


def largest(key: str) -> Path:
    """The picture with the most pixels of an account, by the key that `find` returns. Raises NotAPicture."""
    path = _path(key)
    sizes: dict[Path, int] = {}
    for _ in _each_opened(_files(path), sizes):
        pass
    if not sizes:
        raise NotAPicture(f"{path} has no usable picture any more: restore it.")
    return max(sorted(sizes), key=sizes.__getitem__)


def _path(key: str) -> Path:
    """The path in a key that `find` returns."""
    return Path(key.removeprefix(":").translate({private: code for code, private in SURROGATES.items()}))


def _files(path: Path) -> list[Path]:
    """The files of an account. Raises NotAPicture if there is none, or if its folder cannot be read."""
    try:
        if not path.is_dir():
            return [path]
        files = sorted(file for file in path.iterdir() if not file.name.startswith(".") and not file.is_dir())
    except OSError as error:
        raise NotAPicture(f"{path} cannot be read ({error.strerror}): check its permissions.") from error
    if not files:
        raise NotAPicture(f"{path} has no pictures: add some, or remove it.")
    return files


def _each_opened(files: Iterable[Path], sizes: dict[Path, int]) -> Iterator[Image.Image | Identicon | BadImage]:
    """Each picture, after storing its number of pixels in `sizes`: a loaded JPEG may have fewer."""
    for file in files:
        try:
            data = decoding.read_bytes(file)
            with verification.opened(data, str(file)) as shown:
                stripped = container.strip(data, str(file))
                sizes[file] = stripped.width * stripped.height
                yield shown
                del shown  # otherwise it would remain in memory while the next one is decoded
        except BadImage as error:
            yield error


def combine(verdicts: Sequence[Verdict]) -> tuple[Label, float]:
    """The label and the probability for several pictures of one account, of which the first is the largest.

    The probability is the mean. Adding log-odds would be right for pictures with independent errors, but the pictures
    of an account mostly show the same avatar and have the same errors. In a mean, no picture can outvote more than one
    other, however confident it is. If the mean is undecided (TIE), the largest picture decides.
    """
    probability = math.fsum(verdict.probability for verdict in verdicts) / len(verdicts)
    if abs(probability - 0.5) <= TIE:
        return verdicts[0].label, probability
    return ("default" if probability > 0.5 else "custom"), probability
