"""What a picture file shows, if possible without decoding it, and whether that is the identicon of an account."""

from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image

from github_avatars import identicon
from github_avatars.identicon import SIZE, Identicon
from github_avatars.picture import decoding, proof


@contextmanager
def opened(data: bytes, name: str = "the picture") -> Iterator[Image.Image | Identicon]:
    """Within this context, what a file shows: the identicon if it is proven, or else the picture of decoding.loaded.

    Raises what decoding.loaded raises.
    """
    if proven := proven_identicon(data):
        yield proven
        return
    with decoding.loaded(data, name) as picture:
        yield picture


@contextmanager
def loaded(
    data: bytes, account_id: int | None, name: str = "the picture", *, whole: bool = False
) -> Iterator[tuple[Image.Image, bool | None]]:
    """Within this context, the picture of decoding.loaded, and is_verified for it. Raises what decoding.loaded raises.

    A file that is proven to show an identicon is not decoded: the identicon is drawn.
    """
    if proven := proven_identicon(data):
        yield proven.draw(), is_verified(proven, account_id)
        return
    with decoding.loaded(data, name, whole=whole) as picture:
        yield picture, is_verified(picture, account_id)


def proven_identicon(data: bytes) -> Identicon | None:
    """The identicon that a file in GitHub's form shows, pixel by pixel; None if that is not proven.

    Its color is one that GitHub's formula yields.
    """
    shown = proof.identicon_in(data)
    return shown if shown and identicon.is_possible(shown.color) else None


def is_verified(shown: Image.Image | Identicon, account_id: int | None) -> bool | None:
    """Whether a picture of any mode equals the identicon of an account pixel by pixel; None without an account id.

    If the corners are transparent, only the pixels within a circle are compared.
    """
    if account_id is None:
        return None
    if isinstance(shown, Identicon):
        return shown == identicon.for_account(account_id)
    if shown.size != (SIZE, SIZE):
        return False
    corner = shown.crop((0, 0, 1, 1)).convert("RGBA").getpixel((0, 0)) if shown.has_transparency_data else None
    is_circle = isinstance(corner, tuple) and corner[3] == 0
    return identicon.is_of(decoding.rgb(shown), account_id, circle=is_circle)
