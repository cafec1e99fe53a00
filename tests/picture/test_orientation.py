import struct

import pytest
from PIL import Image

from github_avatars.picture.orientation import ORIENTATION_TAG, exif_orientation


def tiff(order: str, *entries: tuple[int, int, int, int]) -> bytes:
    """EXIF with these entries: tag, type, count, and a value of 16 bits."""
    start = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(f"{order}IH", 8, len(entries))
    return start + b"".join(struct.pack(f"{order}HHIHH", *entry, 0) for entry in entries) + bytes(4)


@pytest.mark.parametrize("value", range(1, 9))
@pytest.mark.parametrize("order", "<>")
def test_first_orientation_entry_counts(order: str, value: int) -> None:
    data = tiff(order, (0x010F, 2, 4, 0), (ORIENTATION_TAG, 3, 1, value), (ORIENTATION_TAG, 3, 1, 9))
    for prefix in (b"", b"Exif\0\0", b"Exif\0\0Exif\0\0"):
        assert exif_orientation(prefix + data) == value


def test_exif_written_by_pillow_is_read() -> None:
    exif = Image.Exif()
    exif[ORIENTATION_TAG] = 6
    assert exif_orientation(exif.tobytes()) == 6


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"garbage!",
        b"II*\0",
        b"II*\0\x08\0\0\0",
        b"II*\0\xff\xff\xff\xff",
        b"MM\0*\0\0\0\x08\xff\xff",
        tiff(">", (0x010F, 3, 1, 6)),
        tiff(">", (ORIENTATION_TAG, 2, 1, 6)),
        tiff(">", (ORIENTATION_TAG, 3, 2, 6)),
        tiff(">", (ORIENTATION_TAG, 3, 1, 6))[:-10],
    ],
)
def test_missing_or_damaged_orientation_means_upright(data: bytes) -> None:
    assert exif_orientation(data) == 1
    assert exif_orientation(b"Exif\0\0" + data) == 1
