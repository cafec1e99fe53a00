"""The orientation that a picture's EXIF metadata contains."""

import struct
from contextlib import suppress

ORIENTATION_TAG = 0x0112
_SHORT = 3


def exif_orientation(exif: bytes) -> int:
    """The value of EXIF's Orientation tag, 1 (upright) if it is missing or the data is damaged.

    `exif` is a TIFF structure, with or without the prefix "Exif" and two zero bytes. The values 2 to 8 mean that the
    picture is rotated or mirrored. Source: CIPA DC-008 (Exif 2.32), 4.6.
    """
    tiff = exif.removeprefix(b"Exif\0\0").removeprefix(b"Exif\0\0")
    with suppress(KeyError, struct.error):
        order = {b"II*\0": "<", b"MM\0*": ">"}[tiff[:4]]
        (directory,) = struct.unpack_from(f"{order}I", tiff, 4)
        (entries,) = struct.unpack_from(f"{order}H", tiff, directory)
        for start in range(directory + 2, directory + 2 + 12 * entries, 12):
            tag, value_type, count, value = struct.unpack_from(f"{order}HHIH", tiff, start)
            if (tag, value_type, count) == (ORIENTATION_TAG, _SHORT, 1):
                return int(value)
    return 1
