import random
import struct
import zlib
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from github_avatars import classify
from github_avatars.errors import BadImage, NotAPicture
from github_avatars.picture import decoding
from tests.support.pictures import chunk, encoded, png
from tools import picture_mutations


def noise() -> Image.Image:
    return Image.fromarray(np.random.default_rng(0).integers(0, 256, (16, 16, 3), dtype=np.uint8))


def complete_files() -> dict[str, bytes]:
    """A small file of every kind with many details, so that damage matters."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "a description"
    animated = {"save_all": True, "append_images": [Image.radial_gradient("L").resize((16, 16)).convert("RGB")]}
    depth = np.random.default_rng(0).integers(0, 65536, (16, 16), dtype=np.uint16)
    return {
        "png": encoded(noise(), "PNG", exif=exif),
        "png palette": encoded(noise().quantize(16), "PNG", transparency=bytes(range(16))),
        "png grey 16": encoded(Image.fromarray(depth), "PNG"),
        "png one bit": encoded(noise().convert("1"), "PNG"),
        "png keyed": encoded(noise(), "PNG", transparency=(1, 2, 3)),
        "png animated": encoded(noise(), "PNG", **animated),
        "jpeg": encoded(noise(), "JPEG", exif=exif),
        "jpeg progressive": encoded(noise(), "JPEG", progressive=True),
        "jpeg cmyk": encoded(noise().convert("CMYK"), "JPEG"),
        "jpeg many": encoded(noise(), "MPO", **animated),
        "webp": encoded(noise(), "WEBP", exif=exif),
        "webp lossless": encoded(noise().convert("RGBA"), "WEBP", lossless=True),
        "webp animated": encoded(noise(), "WEBP", **animated),
        "avif": encoded(noise(), "AVIF", exif=exif),
        "avif transparent": encoded(noise().convert("RGBA").rotate(30), "AVIF"),
        "avif animated": encoded(noise(), "AVIF", **animated),
        "gif": encoded(noise(), "GIF", **animated),
        "gif keyed": encoded(noise().quantize(8), "GIF", transparency=3),
    }


COMPLETE = complete_files()


@pytest.mark.parametrize("kind", COMPLETE)
def test_undamaged_files_are_decoded(kind: str) -> None:
    assert decoding.decode(COMPLETE[kind]).size == (16, 16)


@pytest.mark.parametrize("kind", COMPLETE)
def test_half_of_a_file_is_refused(kind: str) -> None:
    data = COMPLETE[kind]
    if kind in ("png animated", "webp animated", "avif animated", "jpeg many", "gif"):
        data = COMPLETE[kind.split()[0]]
    with pytest.raises(NotAPicture, match=r"^The avatar of zeke is damaged.*[gG]ive a complete file\.$") as caught:
        decoding.decode(data[: len(data) // 2], "The avatar of zeke")
    assert "\n" not in str(caught.value)
    assert "object at 0x" not in str(caught.value)


MAGIC = [b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"RIFF\0\0\0\0WEBP", b"\0\0\0\x10ftypavif\0\0\0\0"]


@pytest.mark.parametrize("magic", MAGIC)
def test_first_bytes_alone_are_refused(magic: bytes) -> None:
    for rest in (b"", b"\0", bytes(1000), b"\xff" * 1000):
        with pytest.raises(NotAPicture, match=r"^the picture is damaged") as caught:
            decoding.decode(magic + rest)
        assert "object at 0x" not in str(caught.value)


def test_palette_png_without_its_palette_is_refused() -> None:
    with pytest.raises(NotAPicture, match="palette is missing"):
        decoding.decode(png(2, 2, b"\0\0\0\0\0\0", color_type=3))


def check(data: bytes) -> None:
    """Decode and classify `data`; neither may raise anything but BadImage."""
    try:
        picture = decoding.decode(data)
    except BadImage as error:
        assert str(error).endswith("."), error
        with suppress(BadImage):  # a JPEG decoded at reduced size may be usable
            classify(data)
    else:
        assert classify(data) == classify(picture)
        assert picture.mode == "RGB"
        assert min(picture.size) > 0


@settings(deadline=None, max_examples=200)
@given(st.binary(max_size=200), st.sampled_from([b"", *MAGIC]))
def test_arbitrary_bytes_raise_only_bad_image(data: bytes, magic: bytes) -> None:
    check(magic + data)


@pytest.mark.parametrize("kind", COMPLETE)
@settings(deadline=None, max_examples=60)
@given(rng=st.randoms(use_true_random=False))
def test_mutated_file_raises_only_bad_image(kind: str, rng: random.Random) -> None:
    check(picture_mutations.mutate(COMPLETE[kind], list(COMPLETE.values()), rng))


@pytest.mark.parametrize("kind", COMPLETE)
def test_flipped_bit_raises_only_bad_image(kind: str) -> None:
    data = COMPLETE[kind]
    rng = random.Random(kind)
    for position in range(0, len(data), 1 + len(data) // 400):
        flipped = bytearray(data)
        flipped[position] ^= 1 << rng.randrange(8)
        # Correct the checksums of a PNG, so that the damage is not detected there.
        check(
            picture_mutations.join_png(picture_mutations.split_png(bytes(flipped)))
            if kind.startswith("png")
            else bytes(flipped)
        )


@pytest.mark.parametrize(("palette", "transparency"), [(48, 257), (48, 300), (768, 257), (48, 256), (48, 17)])
def test_palette_of_unusual_length_raises_only_bad_image(palette: int, transparency: int) -> None:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 8, 8, 8, 3, 0, 0, 0))
    tables = chunk(b"PLTE", bytes(palette)) + chunk(b"tRNS", bytes(transparency))
    pixels = chunk(b"IDAT", zlib.compress((b"\0" + bytes(8)) * 8))
    check(b"\x89PNG\r\n\x1a\n" + header + tables + pixels + chunk(b"IEND", b""))
