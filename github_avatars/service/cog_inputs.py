"""Inputs that Cog 0.23.1 cannot convert to files, such as malformed data URLs and failed downloads.

Cog itself would end such a prediction before it begins. It would then leave the prediction's folders on disk, and a
temporary file, and its message could contain the path of that file. Here, the prediction begins and reports the error.
Cog would also store downloads of any size.
"""

import os
import tempfile

import cog.types

from github_avatars.errors import BadInput
from github_avatars.picture.decoding import MAX_BYTES

_validate = cog.types.Path.validate


def install() -> None:
    """Replace the functions with which Cog's worker converts inputs."""
    cog.types.Path.validate = classmethod(_validate_or_keep)
    cog.types.URLPath.convert = _convert


def _validate_or_keep(_: type, value: object) -> object:
    """Cog's file for a value; the value itself, which the prediction refuses, if it is malformed."""
    try:
        return _validate(value)
    except Exception:
        return value


def _convert(source: cog.types.URLPath) -> "cog.types.Path | BadInput":
    """The temporary file with the contents of a data URL or of a download, or the error.

    More than MAX_BYTES are not read: the prediction refuses the file.
    """
    try:
        with tempfile.NamedTemporaryFile(delete=False) as file:
            source._path = cog.types.Path(file.name)
            file.write(source.fileobj.read(MAX_BYTES + 1))
    except Exception as error:
        source.unlink(missing_ok=True)
        # Many types of exceptions are possible. Those of the file system contain paths.
        number = getattr(error, "errno", None)
        reason = os.strerror(number) if number else str(error)[:300]
        return BadInput(f"image cannot be received ({reason}): give another address, or a data URL.")
    return source._path
