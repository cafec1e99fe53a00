"""Bytes → upright RGB picture, or BadImage."""

import io
import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from github_avatars.errors import NotAPicture, TooLarge
from github_avatars.picture import container, formats
from github_avatars.picture.orientation import ORIENTATION_TAG

MAX_BYTES = 3_000_000
"""Three times what GitHub lets people upload as an avatar, so a larger file is none."""

MAX_PIXELS = 3000 * 3000
"""GitHub lets people upload smaller ones, and serves 460×460; a picture of more pixels than this is no avatar.

Beyond these two limits a hostile file could cost more than a second and 200 MB to judge (docs/reliability.md). Source
of both: https://docs.github.com/en/account-and-profile/setting-up-and-managing-your-github-profile/customizing-your-profile/personalizing-your-profile
"""

MAX_SIDE = 65_535
"""The longest side that a JPEG or GIF can have. A row costs memory too, so that there must not be millions of them."""

ENOUGH = 60
"""Pixels a side that a picture is judged by as well as by all that it has (grid.MIN_UNBLURRED_SIDE)."""

WHITE = (255, 255, 255, 255)
BLOCK = 1024
"""Pixels a side of the pieces that a large picture with transparency is worked on in."""

_FILTERS = threading.Lock()


def decode(data: bytes, name: str = "the picture") -> Image.Image:
    """The picture that `data` holds: mode RGB, upright, transparency over white, the first frame.

    `name` is what an error message calls it. Raises NotAPicture or TooLarge, and nothing else, whatever the bytes.
    """
    return rgb(load(data, name, whole=True), name)


def load(data: bytes, name: str = "the picture", *, whole: bool = False) -> Image.Image:
    """What judging needs of `decode`, for less: in the mode that the file has, with 8 bits. Raises what decode raises.

    Unless it is to be `whole`, a JPEG comes with a half, a quarter or an eighth of its pixels a side where these are
    ENOUGH still: its codec skips the rest.
    """
    if len(data) > MAX_BYTES:
        raise _too_long(name)
    stripped = container.strip(data, name)
    _check_size(stripped.width, stripped.height, name, stripped.description, stripped.cost_factor)
    try:
        picture = Image.open(io.BytesIO(stripped.data), formats=[image_format.name for image_format in formats.FORMATS])
    except UnidentifiedImageError as error:
        raise NotAPicture(f"{name} is damaged at its very beginning: give a whole file.") from error
    except Exception as error:
        raise _damaged(name, error) from error
    with picture:
        if not whole:
            picture.draft(None, (ENOUGH, ENOUGH))
        _load(picture, name)
    if stripped.orientation != 1:
        exif = Image.Exif()
        exif[ORIENTATION_TAG] = stripped.orientation
        picture.info["exif"] = exif.tobytes()
        return _in_8_bits(upright(picture))
    return _in_8_bits(picture)


def normalize(picture: Image.Image, name: str = "the picture") -> Image.Image:
    """A picture that Pillow has opened, decoded and upright. Raises NotAPicture or TooLarge, and nothing else."""
    _check_size(picture.width, picture.height, name)
    _load(picture, name)
    return _in_8_bits(upright(picture))


def _load(picture: Image.Image, name: str) -> None:
    try:
        picture.load()
    except Exception as error:
        raise _damaged(name, error) from error
    if picture.mode == "P" and picture.palette is None:
        raise NotAPicture(f"{name} is damaged, for its palette is missing: give a whole file.")


def _check_size(width: int, height: int, name: str, kind: str = "picture", weight: int = 1) -> None:
    pixels = MAX_PIXELS // weight
    if width * height > pixels or max(width, height) > MAX_SIDE:
        raise TooLarge(
            f"{name} is a {kind} of {width}×{height}: give one of at most {pixels:,} pixels, {MAX_SIDE:,} a side."
        )
    if not (width and height):
        raise NotAPicture(f"{name} has no pixels: give one that has.")


def _damaged(name: str, error: Exception) -> NotAPicture:
    # Pillow's decoders raise many kinds of exception on hostile bytes; to a caller they all mean one thing.
    return NotAPicture(f"{name} is damaged and cannot be decoded ({error}): give a whole file.")


def read(path: str | os.PathLike[str]) -> Image.Image:
    """`decode` of the file at `path`. Raises NotAPicture also where it cannot be read."""
    return decode(read_bytes(path), name=str(path))


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """The bytes of a picture file. Raises NotAPicture where it cannot be read, TooLarge above MAX_BYTES."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise NotAPicture(f"{path} cannot be read ({error.strerror}): give a picture file.") from error
    except ValueError as error:
        raise NotAPicture(f"{str(path)!r} is no path ({error}): give a picture file.") from error
    if len(data) > MAX_BYTES:
        raise _too_long(str(path))
    return data


def _too_long(name: str) -> TooLarge:
    return TooLarge(f"{name} has more than {MAX_BYTES:,} bytes, which no avatar has: give a smaller file.")


def upright(picture: Image.Image) -> Image.Image:
    """A picture turned as its EXIF says, in its own mode; as it is where the EXIF is damaged, which harms no pixel."""
    try:
        with _quiet():
            turned = picture.getexif().get(ORIENTATION_TAG, 1) != 1
            return ImageOps.exif_transpose(picture) if turned else picture
    except Exception:
        return picture


def rgb(picture: Image.Image, name: str = "the picture") -> Image.Image:
    """A picture of any mode as mode RGB: transparency laid over white, 16 bits scaled to 8. Raises NotAPicture."""
    try:
        return _rgb(picture)
    except Exception as error:
        raise _damaged(name, error) from error


def _rgb(picture: Image.Image) -> Image.Image:
    if picture.mode == "La":
        picture = picture.convert("LA")
    picture = _in_8_bits(picture)
    if picture.has_transparency_data:
        return _over_white(picture)
    return picture.convert("RGB") if picture.mode != "RGB" else picture


def _over_white(picture: Image.Image) -> Image.Image:
    if max(picture.size) > BLOCK:
        return _in_blocks(picture)
    picture = picture.convert("RGBA")
    if picture.getchannel("A").getextrema() != (255, 255):
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, WHITE), picture)
    return picture.convert("RGB")


def _in_blocks(picture: Image.Image) -> Image.Image:
    """A large picture over white, in pieces: each step copies what it works on, which together would be much memory."""
    flat = Image.new("RGB", picture.size)
    for top in range(0, picture.height, BLOCK):
        for left in range(0, picture.width, BLOCK):
            box = (left, top, min(left + BLOCK, picture.width), min(top + BLOCK, picture.height))
            flat.paste(_over_white(picture.crop(box)), box)
    return flat


def _in_8_bits(picture: Image.Image) -> Image.Image:
    """A picture of 16-bit greys as mode L, the transparent level as white; any other as it is.

    Pillow itself clips such greys instead of scaling them, mixes up their bytes when it resizes them, and overlooks
    which of them is transparent.
    """
    if not picture.mode.startswith("I"):
        return picture
    levels = np.asarray(picture)
    levels = np.where(levels == picture.info.get("transparency", -1), 65535, levels.clip(0, 65535))
    return Image.fromarray((levels >> 8).astype(np.uint8))


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps Pillow from warning of damaged metadata and of sizes that are checked here anyway.

    Python's warning filters belong to the whole process, so threads change them one at a time.
    """
    with _FILTERS, warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        yield
