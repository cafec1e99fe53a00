"""Whatever a picture file holds, it is judged or refused, within 200 MB of memory and before it could be said to hang.

What each takes is printed: `script/test tests/test_hostile_pictures.py -s`.
"""

import json
import re
import signal
import subprocess
import sys
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from github_avatars.picture.decoding import MAX_SIDE
from tests.support.hostile import (
    DEEP_SIDE,
    LOSSLESS_SIDE,
    MAX_BYTES,
    SIDE,
    animated_webp,
    apng,
    blocks,
    bombs,
    corrupt,
    cut,
    deep_exif,
    described_webp,
    endless_exif,
    frame,
    full,
    gif,
    grey,
    in_segments,
    laborious_png,
    many,
    mismatched_webp,
    noise,
    progressive,
    small,
    tables_webp,
    unfolding,
    wide_exif,
    with_chunks,
    with_segments,
)
from tests.support.limits import MEGABYTES
from tests.support.pictures import END, chunk, encoded, header, png, riff_chunk, segment, webp

NO_PICTURE = "NotAPicture: .* is not a PNG, JPEG, WebP or GIF: give one of these"
DAMAGED = "NotAPicture: .* is damaged"
MANY_PARTS = "NotAPicture: .* is cut into more than 10,000 parts"
TOO_LARGE = "TooLarge: .*: give one of at most"
JUDGED = "custom|default|RGB"

Files = dict[str, tuple[Callable[[], bytes], str]]
"""How to make each, and what must come of it."""

NONE: Files = {
    "nothing": (bytes, NO_PICTURE),
    "zeros": (partial(bytes, MAX_BYTES), NO_PICTURE),
    "a page": (lambda: b"<!DOCTYPE html><title>Not Found</title>", NO_PICTURE),
    "SVG": (lambda: b'<svg xmlns="http://www.w3.org/2000/svg" width="50000" height="50000"/>', NO_PICTURE),
    "too many bytes": (lambda: small("PNG") + bytes(MAX_BYTES), "TooLarge: .* has more than 3,000,000 bytes"),
}
for codec in ("PNG", "JPEG", "WEBP", "GIF"):
    whole = encoded(noise(100, 3, 50), codec, lossless=True)
    NONE |= {f"{codec} cut": (partial(cut, whole), DAMAGED), f"{codec} corrupt": (partial(corrupt, whole), DAMAGED)}

CLAIMS: Files = {
    "PNG of 50,000×50,000": (partial(png, 50_000, 50_000, b""), TOO_LARGE),
    "PNG of 1×9,000,000": (partial(png, 1, SIDE**2, b""), TOO_LARGE),
    "PNG of 16 bits": (partial(png, DEEP_SIDE + 1, DEEP_SIDE + 1, b"", 16), TOO_LARGE),
    "GIF of 50,000×50,000": (partial(gif, 50_000, 50_000, frame(1, 1)), TOO_LARGE),
    "GIF with a larger frame": (partial(gif, 1, 1, frame(13_000, 13_000, control=8)), TOO_LARGE),
    "JPEG of 65,000×65,000": (partial(progressive, 65_000, 1), TOO_LARGE),
    "WebP of 16,384×16,384": (partial(webp, [riff_chunk(b"VP8X", bytes(4) + b"\xff\x3f\0" * 2)]), TOO_LARGE),
    "WebP without loss": (partial(tables_webp, LOSSLESS_SIDE + 8, 0), TOO_LARGE),
    "WebP larger than its canvas": (mismatched_webp, DAMAGED),
    "WebP of more bytes than pixels": (partial(tables_webp, 512, 16), "NotAPicture: .* more bytes than its 512×512"),
}

LARGEST: Files = {
    "PNG of 1×1": (partial(png, 1, 1, b"\0\0"), JUDGED),
    "PNG of 1×10,000": (partial(png, 1, 10_000, b"\0\0" * 10_000), JUDGED),
    "grey PNG": (lambda: encoded(grey(SIDE, SIDE, "L"), "PNG", compress_level=1), JUDGED),
    "grey PNG with transparency": (lambda: encoded(grey(SIDE, SIDE, "RGBA"), "PNG", compress_level=1), JUDGED),
    "grey PNG, wide": (lambda: encoded(grey(MAX_SIDE, 137, "RGBA"), "PNG", compress_level=1), JUDGED),
    "grey PNG, high": (lambda: encoded(grey(137, MAX_SIDE, "RGBA"), "PNG", compress_level=1), JUDGED),
    "grey WebP": (lambda: encoded(grey(SIDE, SIDE, "RGB"), "WEBP", method=0), JUDGED),
    "JPEG": (lambda: encoded(noise(SIDE, 3, 5.9), "JPEG", quality=90, subsampling=0), JUDGED),
    "progressive JPEG": (lambda: encoded(noise(SIDE, 3, 11), "JPEG", quality=90, progressive=True), JUDGED),
    "progressive JPEG of CMYK": (lambda: encoded(noise(SIDE, 4, 2), "JPEG", quality=90, progressive=True), JUDGED),
    "JPEG of 32 scans": (partial(progressive, SIDE, 32), JUDGED),
    "WebP": (lambda: encoded(noise(SIDE, 3, 5), "WEBP", quality=95, method=0), JUDGED),
    "WebP without loss": (partial(tables_webp, LOSSLESS_SIDE // 4 * 4, 6), JUDGED),
    "GIF": (lambda: encoded(noise(SIDE, 1, 1), "GIF", interlace=1), JUDGED),
}
for depth, color_type in ((1, 0), (8, 0), (16, 0), (8, 2), (16, 2), (8, 3), (8, 4), (16, 4), (8, 6), (16, 6)):
    side = DEEP_SIDE if depth == 16 else SIDE
    LARGEST[f"PNG of {depth} bits, colour type {color_type}"] = partial(laborious_png, side, depth, color_type), JUDGED

PIXELS: Files = {
    "PNG that unfolds to gigabytes": (lambda: full(header(9, 9), partial(unfolding, b"IDAT"), END), JUDGED),
    "PNG in empty chunks": (lambda: full(header(9, 9), many(chunk(b"IDAT", b"")), END), MANY_PARTS),
    "PNG of endless deflate": (lambda: cut(laborious_png(SIDE, 8, 6)), DAMAGED),
    "GIF with a tiny frame": (partial(gif, SIDE, SIDE, frame(1, 1, control=9)), JUDGED),
    "GIF of codes for nothing": (
        lambda: gif(SIDE, SIDE, frame(SIDE, SIDE, b"\2" + blocks(b"\x24\x49\x92" * 990_000))),
        DAMAGED,
    ),
    "JPEG of 33 scans": (partial(progressive, SIDE, 33), TOO_LARGE),
    "JPEG of 10,000 scans": (partial(progressive, 8, 10_000), JUDGED),
    "JPEG of 90,000 scans": (partial(progressive, 8, 90_000), "NotAPicture: .* has more than 10,000 scans"),
    "JPEG coded arithmetically": (
        lambda: small("JPEG").replace(b"\xff\xc0", b"\xff\xc9"),
        "NotAPicture: .* hardly any",
    ),
}

FRAMES: Files = {
    "GIF of as many frames as fit": (lambda: full(gif(8, 8, b"")[:-1], many(frame(1, 1, control=9)), b";"), JUDGED),
    "PNG of 4,000 frames": (partial(apng, 4_000), JUDGED),
    "PNG of 20,000 frames": (partial(apng, 20_000), MANY_PARTS),
    "WebP of 9,000 frames": (partial(animated_webp, 9_000), JUDGED),
    "WebP of 50,000 frames": (partial(animated_webp, 50_000), MANY_PARTS),
}

EXIF = {
    "wide": wide_exif(65_535, 700_000),
    "narrow": wide_exif(65_535, 12),
    "endless": endless_exif(),
    "deep": deep_exif(100_000),
}
ICC = {"huge": bytes(2_900_000), "broken": b"\xff" * 100}

METADATA: Files = {
    "PNG whose texts unfold": (partial(bombs, b"zTXt", b"a\0\0"), JUDGED),
    "PNG whose international texts unfold": (partial(bombs, b"iTXt", b"a\0\1\0\0\0"), JUDGED),
    "PNG whose XMP unfolds": (partial(bombs, b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0"), JUDGED),
    "PNG whose EXIF unfolds": (partial(bombs, b"zTXt", b"Raw profile type exif\0\0"), JUDGED),
    "PNG whose color profiles unfold": (partial(bombs, b"iCCP", b"a\0\0"), JUDGED),
    "PNG of tiny texts": (lambda: with_chunks(many(chunk(b"tEXt", b"a\0"))), MANY_PARTS),
    "JPEG of tiny comments": (lambda: with_segments(many(segment(0xFE, b""))), MANY_PARTS),
    "JPEG of filling": (lambda: with_segments(many(b"\xff")), JUDGED),
    "JPEG of junk": (lambda: with_segments(segment(0xFE, b""), many(b"\0")), JUDGED),
    "JPEG of Photoshop's resources": (
        lambda: with_segments(many(segment(0xED, b"Photoshop 3.0\0" + b"8BIM\4\4\0\0\0\0\0\0" * 5_000))),
        JUDGED,
    ),
    "JPEG of tables": (lambda: with_segments(many(segment(0xDB, (b"\0" + b"\1" * 64) * 1_000))), JUDGED),
    "JPEG of channels": (
        lambda: with_segments(many(segment(0xC0, b"\x08\0\x08\0\x08\3" + b"\1\x11\0" * 21_000))),
        DAMAGED,
    ),
    "GIF of tiny comments": (lambda: gif(8, 8, full(b"!\xfe", many(b"\1a"))[:-100] + b"\0" + frame(1, 1)), JUDGED),
    "WebP of tiny chunks": (lambda: full(small("WEBP", exif=b"x"), many(b"junk\0\0\0\0")), MANY_PARTS),
}
for kind, exif in EXIF.items():
    METADATA |= {
        f"PNG with {kind} EXIF": (partial(with_chunks, chunk(b"eXIf", exif)), JUDGED),
        f"JPEG with {kind} EXIF": (partial(with_segments, in_segments(exif)), JUDGED),
        f"WebP with {kind} EXIF": (partial(described_webp, EXIF=exif), JUDGED),
    }
for kind, icc in ICC.items():
    METADATA |= {
        f"PNG with a {kind} color profile": (
            partial(with_chunks, chunk(b"iCCP", b"a\0\0" + zlib.compress(icc))),
            JUDGED,
        ),
        f"JPEG with a {kind} color profile": (
            partial(with_segments, in_segments(icc, 0xE2, b"ICC_PROFILE\0\1\1")),
            JUDGED,
        ),
        f"WebP with a {kind} color profile": (partial(described_webp, ICCP=icc), JUDGED),
    }


class Judge:
    """tests/limits.py as a process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        command = [sys.executable, "-m", "tests.support.limits"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def outcome(self, road: str, data: bytes) -> dict[str, Any]:
        path = self.folder / "avatar.png"
        path.write_bytes(data)
        assert self.process.stdin
        assert self.process.stdout
        print(road, path, file=self.process.stdin, flush=True)
        told: dict[str, Any] = json.loads(self.process.stdout.readline())
        return told


@pytest.fixture(scope="module")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judge]:
    found = Judge(tmp_path_factory.mktemp("hostile"))
    with found.process:
        yield found


def check(judge: Judge, files: Files, kind: str) -> None:
    make, expected = files[kind]
    data = make()
    for road in ("classify", "decode"):
        outcome = judge.outcome(road, data)
        assert outcome["signal"] == 0, (road, signal.Signals(outcome["signal"]))
        print(f"{outcome['seconds']:.2f} s {outcome['megabytes']:4.0f} MB {road:8} {kind} ({len(data):,} bytes)")
        assert re.match(expected, outcome["said"]), (road, outcome)
        assert outcome["megabytes"] < MEGABYTES, (road, outcome)


@pytest.mark.parametrize("kind", NONE)
def test_what_is_no_picture_is_refused(judge: Judge, kind: str) -> None:
    check(judge, NONE, kind)


@pytest.mark.parametrize("kind", CLAIMS)
def test_a_claim_of_very_many_pixels_is_refused(judge: Judge, kind: str) -> None:
    check(judge, CLAIMS, kind)


@pytest.mark.parametrize("kind", LARGEST)
def test_the_worst_within_the_limits_is_judged(judge: Judge, kind: str) -> None:
    check(judge, LARGEST, kind)


@pytest.mark.parametrize("kind", PIXELS)
def test_pixels_coded_to_cost_much_cost_little(judge: Judge, kind: str) -> None:
    check(judge, PIXELS, kind)


@pytest.mark.parametrize("kind", FRAMES)
def test_further_frames_cost_little(judge: Judge, kind: str) -> None:
    check(judge, FRAMES, kind)


@pytest.mark.parametrize("kind", METADATA)
def test_metadata_costs_little(judge: Judge, kind: str) -> None:
    check(judge, METADATA, kind)
