from pathlib import Path

import pytest
from PIL import Image

from github_avatars.classifier import classify
from github_avatars.errors import TooLarge
from github_avatars.picture import decoding
from github_avatars.picture.decoding import MAX_BYTES, MAX_PIXELS, MAX_SIDE
from tests.support.pictures import encoded, png


@pytest.mark.parametrize("side", [50_000, 10_000, 13_000])  # beyond both of Pillow's own limits, and between them
def test_small_file_that_declares_many_pixels_is_too_large(side: int) -> None:
    with pytest.raises(TooLarge, match=r"^The avatar of zeke is a PNG of .*: give one of at most 9,000,000 pixels"):
        decoding.decode(png(side, side, b""), "The avatar of zeke")


def black(width: int, height: int, depth: int = 1) -> bytes:
    return png(width, height, bytes(height * (1 + -(-width * depth // 8))), depth=depth)


def test_maximum_of_pixels_is_decoded_and_one_more_row_is_too_large() -> None:
    width, height = 60_000, MAX_PIXELS // 60_000
    assert decoding.load(black(width, height)).size == (width, height)
    with pytest.raises(TooLarge, match=f"is a PNG of {width}×{height + 1}: give one of at most 9,000,000 pixels"):
        decoding.load(black(width, height + 1))


def test_pixels_of_16_bits_count_twice() -> None:
    width, height = 60_000, MAX_PIXELS // 120_000
    assert decoding.load(black(width, height, 16)).size == (width, height)
    with pytest.raises(TooLarge, match=r"of 16 bits a channel .*: give one of at most 4,500,000 pixels"):
        decoding.load(black(width, height + 1, 16))


def test_maximum_side_is_decoded_and_one_more_pixel_is_too_large() -> None:
    for width, height in ((MAX_SIDE, 1), (1, MAX_SIDE)):
        assert decoding.load(black(width, height)).size == (width, height)
    for width, height in ((MAX_SIDE + 1, 1), (1, MAX_SIDE + 1)):
        with pytest.raises(TooLarge, match=rf"is a PNG of {width}×{height}: .*, 65,535 a side\."):
            decoding.load(black(width, height))


def test_pillow_image_can_be_too_large() -> None:
    with pytest.raises(TooLarge, match="is a picture of 60000×151: give one of at most 9,000,000 pixels"):
        classify(Image.new("1", (60_000, 151)))


def test_maximum_of_bytes_is_decoded_and_one_more_is_too_large() -> None:
    data = black(8, 8)
    assert decoding.load(data + bytes(MAX_BYTES - len(data))).size == (8, 8)
    with pytest.raises(TooLarge, match=r"^the picture has more than 3,000,000 bytes, .*: give a smaller file"):
        decoding.load(data + bytes(MAX_BYTES + 1 - len(data)))


def test_maximum_of_bytes_is_read_and_one_more_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "large.png"
    path.write_bytes(bytes(MAX_BYTES))
    assert len(decoding.read_bytes(path)) == MAX_BYTES
    path.write_bytes(bytes(MAX_BYTES + 1))
    with pytest.raises(TooLarge, match=r"large\.png has more than 3,000,000 bytes.*: give a smaller file"):
        decoding.read_bytes(path)


def test_jpeg_is_too_large_before_its_size_is_reduced() -> None:
    data = encoded(Image.new("RGB", (3001, 3000)), "JPEG")
    with pytest.raises(TooLarge, match="3001×3000"):
        decoding.load(data)
