"""The bytes of a picture file → an upright picture; everything that cannot be decoded raises BadImage."""

import io
import os
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, ImageOps, features

from github_avatars.errors import NotAPicture, TooLarge
from github_avatars.files import open_input
from github_avatars.identicon import MIN_UNBLURRED_SIDE
from github_avatars.picture import container
from github_avatars.picture.budget import Budget
from github_avatars.picture.formats import FORMATS, format_of
from github_avatars.picture.orientation import ORIENTATION_TAG
from github_avatars.picture.stripped_file import BAD_HEADER, StrippedFile

MAX_BYTES = 3_000_000
"""The maximum size of a file: three times what GitHub accepts as an avatar."""

MAX_PIXELS = 3000 * 3000
"""The maximum number of pixels. GitHub accepts fewer, and serves avatars at 460×460.

A hostile file beyond these two limits could take more than a second and 200 MB (docs/reliability.md). Source of both:
https://docs.github.com/en/account-and-profile/setting-up-and-managing-your-github-profile/customizing-your-profile/personalizing-your-profile
"""

MAX_SIDE = 65_535
"""The maximum width and height, which is that of JPEG and GIF. Each row takes memory, so millions are refused."""

WHITE = (255, 255, 255, 255)

BLOCK = 1024
"""The width and height of the blocks in which a large picture with transparency is converted, in pixels."""

BUDGET = Budget(capacity=2 * MAX_PIXELS, uncounted=500 * 500)
"""The budget for the pictures that are decoded and classified at the same time, in pixels of a plain file.

A pixel takes at most 17 bytes while it is decoded and converted, so 2 × MAX_PIXELS take 0.3 GB. Avatars as GitHub
serves them never wait.
"""

_FULL_SIZE = "size in the file"
"""The key in `Image.info` of the width and height of a picture that is decoded at reduced size."""

_FILTERS_LOCK = threading.Lock()


def decode(data: bytes, name: str = "the picture") -> Image.Image:
    """The first frame of a file: upright, mode RGB, with white behind transparent pixels.

    `name` is what error messages call the file. Raises only NotAPicture and TooLarge, for any bytes.
    """
    with loaded(data, name, whole=True) as picture:
        return rgb(picture, name)


def load(data: bytes, name: str = "the picture", *, whole: bool = False) -> Image.Image:
    """The picture of `loaded`, for programs that decode one picture at a time: BUDGET does not count it any more."""
    with loaded(data, name, whole=whole) as picture:
        return picture


@contextmanager
def loaded(data: bytes, name: str = "the picture", *, whole: bool = False) -> Iterator[Image.Image]:
    """Within this context, the first frame of a file: upright, 8 bits per channel, in the mode of the file.

    Unless `whole` is true, a JPEG is decoded at half, a quarter or an eighth of its size, but with at least
    MIN_UNBLURRED_SIDE pixels a side. This is faster and sufficient for classifying. Waits for BUDGET, and holds it
    until the end of the context. Raises NotAPicture, TooLarge, and CancelledError as BUDGET does.
    """
    if len(data) > MAX_BYTES:
        raise _too_many_bytes(name)
    stripped = container.strip(data, name)
    _check_codec(stripped.data, name)
    _check_size(stripped.width, stripped.height, name, stripped.description, stripped.cost_factor)
    with BUDGET.hold(stripped.width * stripped.height * stripped.cost_factor):
        yield _load(stripped, name, whole)


def _load(stripped: StrippedFile, name: str, whole: bool) -> Image.Image:
    try:
        picture = _open(stripped.data)
    except SyntaxError as error:  # Pillow's error for a bad header
        raise NotAPicture(f"{name} {BAD_HEADER}") from error
    except Exception as error:
        raise _damaged(name, error) from error
    with picture:
        _check_size(*picture.size, name)  # should Pillow read another size in the file
        if not whole:
            picture.info[_FULL_SIZE] = picture.size
            picture.draft(None, (MIN_UNBLURRED_SIDE, MIN_UNBLURRED_SIDE))
        _load_pixels(picture, name)
    if stripped.orientation == 1:
        return _to_8_bits(picture)
    exif = Image.Exif()
    exif[ORIENTATION_TAG] = stripped.orientation
    picture.info["exif"] = exif.tobytes()
    return _to_8_bits(upright(picture))


def _open(data: bytes) -> Image.Image:
    """Open a stripped file as Image.open does, which at first takes longer: it imports the plugins of other formats."""
    image_format = next(each for each in FORMATS if each.magic.match(data))
    import_module(f"PIL.{image_format.plugin}")
    factory, _ = Image.OPEN[image_format.name]
    return factory(io.BytesIO(data), "")


def longer_side(picture: Image.Image) -> int:
    """The longer side of a picture from `loaded` in pixels, as it is in the file, even if it is decoded smaller."""
    width, height = picture.info.get(_FULL_SIZE, picture.size)
    return int(max(width, height))


@contextmanager
def normalized(picture: Image.Image, name: str = "the picture") -> Iterator[Image.Image]:
    """Like `loaded`, for a picture that Pillow has opened."""
    _check_size(picture.width, picture.height, name)
    with BUDGET.hold(picture.width * picture.height):
        _load_pixels(picture, name)
        yield _to_8_bits(upright(picture))


def read(path: str | os.PathLike[str]) -> Image.Image:
    """`decode` for a file. Raises NotAPicture also if the file cannot be read."""
    return decode(read_bytes(path), name=str(path))


def read_bytes(path: str | os.PathLike[str], name: str | None = None) -> bytes:
    """The bytes of a picture file. Raises NotAPicture if it cannot be read, TooLarge above MAX_BYTES.

    `name` is what error messages call the file; by default its path.
    """
    name = name or str(path)
    try:
        with open_input(path) as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise NotAPicture(f"{name} cannot be read ({error.strerror}): give a picture file.") from error
    except ValueError as error:
        raise NotAPicture(f"{str(path)!r} is not a path ({error}): give a picture file.") from error
    if len(data) > MAX_BYTES:
        raise _too_many_bytes(name)
    return data


def read_open(file: BinaryIO, name: str = "the picture") -> bytes:
    """The bytes of a picture from the position of an open file on. Raises as `read_bytes` does."""
    data = b""
    try:
        # An unbuffered file may return fewer bytes than requested.
        while part := file.read(MAX_BYTES + 1 - len(data)):
            if not isinstance(part, bytes):
                raise NotAPicture(f"{name} is a file that is open as text: open it with the mode 'rb'.")
            data += part
    except (OSError, ValueError) as error:
        raise NotAPicture(f"{name} cannot be read ({error}): give a file that is open for reading.") from error
    if len(data) > MAX_BYTES:
        raise _too_many_bytes(name)
    return data


def of_array(array: np.ndarray[Any, Any], name: str = "the picture") -> Image.Image:
    """The picture with these pixels: height × width × 3 (RGB) or 4 (RGBA), of type uint8.

    Raises NotAPicture for another shape or type, and TooLarge.
    """
    if array.ndim != 3 or array.shape[2] not in (3, 4) or array.dtype != np.uint8 or not array.size:
        shape = "×".join(map(str, array.shape))
        raise NotAPicture(
            f"{name} is an array of shape {shape} and type {array.dtype}: "
            "give height × width × 3 (RGB) or 4 (RGBA), of type uint8."
        )
    height, width, _ = array.shape
    _check_size(width, height, name)
    return Image.fromarray(np.ascontiguousarray(array))


def upright(picture: Image.Image) -> Image.Image:
    """The picture rotated or mirrored as its EXIF says, in its own mode. Damaged EXIF is ignored."""
    try:
        with _ignore_pillow_warnings():
            is_upright = picture.getexif().get(ORIENTATION_TAG, 1) == 1
            return picture if is_upright else ImageOps.exif_transpose(picture)
    except Exception:
        return picture


def rgb(picture: Image.Image, name: str = "the picture") -> Image.Image:
    """A picture of any mode in mode RGB: white behind transparent pixels, 16 bits scaled to 8. Raises NotAPicture."""
    try:
        if picture.mode == "La":
            picture = picture.convert("LA")
        picture = _to_8_bits(picture)
        if picture.has_transparency_data:
            return _over_white(picture)
        return picture.convert("RGB") if picture.mode != "RGB" else picture
    except Exception as error:
        raise _damaged(name, error) from error


def _load_pixels(picture: Image.Image, name: str) -> None:
    try:
        picture.load()
    except Exception as error:
        raise _damaged(name, error) from error
    if picture.mode == "P" and picture.palette is None:
        raise NotAPicture(f"{name} is damaged: its palette is missing. Give a complete file.")


def _check_codec(data: bytes, name: str) -> None:
    image_format = format_of(data)
    if image_format and image_format.name == "AVIF" and not features.check("avif"):
        raise NotAPicture(
            f"{name} is an AVIF, which the installed Pillow cannot decode: "
            "install Pillow from PyPI, or give a picture in another format."
        )


def _check_size(width: int, height: int, name: str, description: str = "picture", cost_factor: int = 1) -> None:
    max_pixels = MAX_PIXELS // cost_factor
    if width * height > max_pixels or max(width, height) > MAX_SIDE:
        article = "an" if description.startswith("A") else "a"
        raise TooLarge(
            f"{name} is {article} {description} of {width}×{height}: "
            f"give one of at most {max_pixels:,} pixels, {MAX_SIDE:,} a side."
        )
    if not (width and height):
        raise NotAPicture(f"{name} has no pixels: give another picture.")


def _damaged(name: str, error: Exception) -> NotAPicture:
    # On hostile bytes, Pillow's decoders raise many types of exceptions.
    return NotAPicture(f"{name} is damaged and cannot be decoded ({error}): give a complete file.")


def _too_many_bytes(name: str) -> TooLarge:
    return TooLarge(f"{name} has more than {MAX_BYTES:,} bytes, which no avatar has: give a smaller file.")


def _over_white(picture: Image.Image) -> Image.Image:
    if max(picture.size) > BLOCK:
        return _over_white_in_blocks(picture)
    picture = picture.convert("RGBA")
    if picture.getchannel("A").getextrema() != (255, 255):
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, WHITE), picture)
    return picture.convert("RGB")


def _over_white_in_blocks(picture: Image.Image) -> Image.Image:
    """Like _over_white for a large picture. Each step makes a copy, so whole copies would take much memory."""
    flat = Image.new("RGB", picture.size)
    for top in range(0, picture.height, BLOCK):
        for left in range(0, picture.width, BLOCK):
            box = (left, top, min(left + BLOCK, picture.width), min(top + BLOCK, picture.height))
            flat.paste(_over_white(picture.crop(box)), box)
    return flat


def _to_8_bits(picture: Image.Image) -> Image.Image:
    """Convert 16-bit grey to mode L, with white for the transparent level; other modes are returned unchanged.

    Pillow clips 16-bit grey instead of scaling it, mixes up its bytes when resizing, and ignores its transparent level.
    """
    if not picture.mode.startswith("I"):
        return picture
    levels = np.asarray(picture)
    levels = np.where(levels == picture.info.get("transparency", -1), 65535, levels.clip(0, 65535))
    return Image.fromarray((levels >> 8).astype(np.uint8))


@contextmanager
def _ignore_pillow_warnings() -> Iterator[None]:
    """Ignore Pillow's warnings about damaged metadata, and about sizes, which are checked here.

    Python's warning filters are global, so only one thread at a time may change them.
    """
    with _FILTERS_LOCK, warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        yield
