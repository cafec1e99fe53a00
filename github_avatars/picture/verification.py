"""Whether a picture is the identicon of an account, if possible without decoding it."""

from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image

from github_avatars import identicon
from github_avatars.identicon import SIZE, Identicon
from github_avatars.picture import decoding, proof


@contextmanager
def loaded(
    data: bytes, account_id: int | None, name: str = "the picture", *, whole: bool = False
) -> Iterator[tuple[Image.Image, bool | None]]:
    """Within this context, the picture of decoding.loaded, and is_verified for it. Raises what decoding.loaded raises.

    A file that is the account's identicon is not decoded: the identicon is drawn.
    """
    if proven := proven_identicon(data, account_id):
        yield proven.draw(), True
        return
    with decoding.loaded(data, name, whole=whole) as picture:
        yield picture, is_verified(picture, account_id)


def proven_identicon(data: bytes, account_id: int | None) -> Identicon | None:
    """The identicon of an account if a file in GitHub's form shows exactly this; None if that is not proven."""
    if account_id is None or not data.startswith(proof.START):
        return None
    expected = identicon.for_account(account_id)
    return expected if proof.is_file_of(data, expected) else None


def is_verified(picture: Image.Image, account_id: int | None) -> bool | None:
    """Whether a picture of any mode equals the identicon of an account pixel by pixel; None without an account id.

    If the corners are transparent, only the pixels within a circle are compared.
    """
    if account_id is None:
        return None
    if picture.size != (SIZE, SIZE):
        return False
    corner = picture.crop((0, 0, 1, 1)).convert("RGBA").getpixel((0, 0)) if picture.has_transparency_data else None
    is_circle = isinstance(corner, tuple) and corner[3] == 0
    return identicon.is_of(decoding.rgb(picture), account_id, circle=is_circle)
