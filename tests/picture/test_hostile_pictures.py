"""Every hostile file is classified or refused within 200 MB of memory, and without a crash or a hang.

`script/test tests/picture/test_hostile_pictures.py -s` prints the time and the memory of each file.
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
from PIL import Image

from github_avatars.picture.decoding import MAX_SIDE
from tests.support.avif import av1, grid, single
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
    webp_with_chunks,
    wide_exif,
    with_chunks,
    with_segments,
    zip_bomb,
)
from tests.support.limits import MAX_MEGABYTES
from tests.support.pictures import END, chunk, encoded, header, png, riff_chunk, segment, webp

NO_PICTURE = "NotAPicture: .* is not a PNG, JPEG, WebP, AVIF or GIF: give one of these"
DAMAGED = "NotAPicture: .* is damaged"
MANY_PARTS = "NotAPicture: .* has more than 10,000 parts"
TOO_LARGE = "TooLarge: .*: give one of at most"
ACCEPTED = "custom|default|RGB"

Files = dict[str, tuple[Callable[[], bytes], str]]
"""For each file, the function that makes it, and a pattern for the result."""

UNREADABLE: Files = {
    "nothing": (bytes, NO_PICTURE),
    "zeros": (partial(bytes, MAX_BYTES), NO_PICTURE),
    "HTML": (lambda: b"<!DOCTYPE html><title>Not Found</title>", NO_PICTURE),
    "SVG": (lambda: b'<svg xmlns="http://www.w3.org/2000/svg" width="50000" height="50000"/>', NO_PICTURE),
    "too many bytes": (lambda: small("PNG") + bytes(MAX_BYTES), "TooLarge: .* has more than 3,000,000 bytes"),
}
for codec in ("PNG", "JPEG", "WEBP", "AVIF", "GIF"):
    complete = encoded(noise(100, 3, 50), codec, lossless=True)
    UNREADABLE[f"{codec} truncated"] = partial(cut, complete), DAMAGED
    UNREADABLE[f"{codec} corrupt"] = partial(corrupt, complete), DAMAGED

TOO_MANY_PIXELS: Files = {
    "PNG of 50,000×50,000": (partial(png, 50_000, 50_000, b""), TOO_LARGE),
    "PNG of 1×9,000,000": (partial(png, 1, SIDE**2, b""), TOO_LARGE),
    "PNG of 16 bits": (partial(png, DEEP_SIDE + 1, DEEP_SIDE + 1, b"", 16), TOO_LARGE),
    "GIF of 50,000×50,000": (partial(gif, 50_000, 50_000, frame(1, 1)), TOO_LARGE),
    "GIF with a larger frame": (partial(gif, 1, 1, frame(13_000, 13_000, control=8)), TOO_LARGE),
    "JPEG of 65,000×65,000": (partial(progressive, 65_000, 1), TOO_LARGE),
    "WebP of 16,384×16,384": (partial(webp, [riff_chunk(b"VP8X", bytes(4) + b"\xff\x3f\0" * 2)]), TOO_LARGE),
    "lossless WebP": (partial(tables_webp, LOSSLESS_SIDE + 8, 0), TOO_LARGE),
    "WebP larger than its canvas": (mismatched_webp, DAMAGED),
    "AVIF of 3,000×3,001": (lambda: single(b"", SIDE, SIDE + 1), TOO_LARGE),
    "AVIF of 2 frames": (lambda: single(2 * av1(grey(SIDE, SIDE, "RGB"), speed=10), SIDE, SIDE), TOO_LARGE),
    "AVIF with transparency": (
        lambda: encoded(Image.new("RGBA", (DEEP_SIDE + 1, DEEP_SIDE + 1)), "AVIF", speed=10),
        TOO_LARGE,
    ),
    "AVIF of large tiles": (lambda: grid(av1(grey(1500, 1500, "RGB"), speed=10), 1500, 2, 2), TOO_LARGE),
    "small AVIF that codes 3,008×3,000": (
        lambda: single(av1(grey(3008, SIDE, "RGB"), speed=10), 8, 8),
        "TooLarge: .* is an AVIF that codes 141,000 times its pixels of 8×8: give one of at most 63 pixels",
    ),
    "WebP with more bytes than pixels": (partial(tables_webp, 512, 16), "NotAPicture: .* more bytes than its 512×512"),
}

LARGEST: Files = {
    "PNG of 1×1": (partial(png, 1, 1, b"\0\0"), ACCEPTED),
    "PNG of 1×10,000": (partial(png, 1, 10_000, b"\0\0" * 10_000), ACCEPTED),
    "grey PNG": (lambda: encoded(grey(SIDE, SIDE, "L"), "PNG", compress_level=1), ACCEPTED),
    "grey PNG with transparency": (lambda: encoded(grey(SIDE, SIDE, "RGBA"), "PNG", compress_level=1), ACCEPTED),
    "grey PNG, wide": (lambda: encoded(grey(MAX_SIDE, 137, "RGBA"), "PNG", compress_level=1), ACCEPTED),
    "grey PNG, high": (lambda: encoded(grey(137, MAX_SIDE, "RGBA"), "PNG", compress_level=1), ACCEPTED),
    "grey WebP": (lambda: encoded(grey(SIDE, SIDE, "RGB"), "WEBP", method=0), ACCEPTED),
    "JPEG": (lambda: encoded(noise(SIDE, 3, 5.9), "JPEG", quality=90, subsampling=0), ACCEPTED),
    "progressive JPEG": (lambda: encoded(noise(SIDE, 3, 11), "JPEG", quality=90, progressive=True), ACCEPTED),
    "progressive JPEG of CMYK": (lambda: encoded(noise(SIDE, 4, 2), "JPEG", quality=90, progressive=True), ACCEPTED),
    "JPEG of 32 scans": (partial(progressive, SIDE, 32), ACCEPTED),
    "WebP": (lambda: encoded(noise(SIDE, 3, 5), "WEBP", quality=95, method=0), ACCEPTED),
    "lossless WebP": (partial(tables_webp, LOSSLESS_SIDE // 4 * 4, 6), ACCEPTED),
    "GIF": (lambda: encoded(noise(SIDE, 1, 1), "GIF", interlace=1), ACCEPTED),
    "grey AVIF": (lambda: encoded(grey(SIDE, SIDE, "RGB"), "AVIF", speed=10), ACCEPTED),
    "AVIF": (lambda: encoded(noise(SIDE, 3, 12), "AVIF", quality=60, subsampling="4:4:4", speed=10), ACCEPTED),
    "AVIF with film grain": (
        lambda: encoded(
            grey(SIDE, SIDE, "RGB"), "AVIF", subsampling="4:4:4", speed=10, advanced={"film-grain-test": "1"}
        ),
        ACCEPTED,
    ),
    "AVIF with transparency": (lambda: encoded(grey(DEEP_SIDE, DEEP_SIDE, "RGBA"), "AVIF", speed=10), ACCEPTED),
    "AVIF of 256 tiles": (lambda: grid(av1(grey(132, 132, "RGB")), 132, 16, 16), ACCEPTED),
    "AVIF that is enlarged": (lambda: single(av1(grey(64, 64, "RGB")), SIDE, SIDE), ACCEPTED),
    "small AVIF that codes 3,000×3,000": (lambda: single(av1(grey(SIDE, SIDE, "RGB"), speed=10), 8, 8), ACCEPTED),
}
for depth, color_type in ((1, 0), (8, 0), (16, 0), (8, 2), (16, 2), (8, 3), (8, 4), (16, 4), (8, 6), (16, 6)):
    side = DEEP_SIDE if depth == 16 else SIDE
    LARGEST[f"PNG of {depth} bits, color type {color_type}"] = partial(laborious_png, side, depth, color_type), ACCEPTED

EXPENSIVE_PIXELS: Files = {
    "PNG that decompresses to gigabytes": (lambda: full(header(9, 9), partial(zip_bomb, b"IDAT"), END), ACCEPTED),
    "PNG in empty chunks": (lambda: full(header(9, 9), many(chunk(b"IDAT", b"")), END), MANY_PARTS),
    "PNG of endless deflate": (lambda: cut(laborious_png(SIDE, 8, 6)), DAMAGED),
    "GIF with a tiny frame": (partial(gif, SIDE, SIDE, frame(1, 1, control=9)), ACCEPTED),
    "GIF of codes without pixels": (
        lambda: gif(SIDE, SIDE, frame(SIDE, SIDE, b"\2" + blocks(b"\x24\x49\x92" * 990_000))),
        DAMAGED,
    ),
    "JPEG of 33 scans": (partial(progressive, SIDE, 33), TOO_LARGE),
    "JPEG of 10,000 scans": (partial(progressive, 8, 10_000), ACCEPTED),
    "JPEG of 90,000 scans": (partial(progressive, 8, 90_000), "NotAPicture: .* has more than 10,000 scans"),
    "JPEG coded arithmetically": (
        lambda: small("JPEG").replace(b"\xff\xc0", b"\xff\xc9"),
        "NotAPicture: .* few programs support",
    ),
}

MANY_FRAMES: Files = {
    "GIF of many frames": (lambda: full(gif(8, 8, b"")[:-1], many(frame(1, 1, control=9)), b";"), ACCEPTED),
    "PNG of 4,000 frames": (partial(apng, 4_000), ACCEPTED),
    "PNG of 20,000 frames": (partial(apng, 20_000), MANY_PARTS),
    "WebP of 9,000 frames": (partial(animated_webp, 9_000), ACCEPTED),
    "WebP of 50,000 frames": (partial(animated_webp, 50_000), MANY_PARTS),
    "AVIF of 2,000 frames": (lambda: single(2_000 * av1(grey(8, 8, "RGB")), 64, 64), ACCEPTED),
    "AVIF of 5,000 frames": (lambda: single(5_000 * av1(grey(8, 8, "RGB")), 64, 64), MANY_PARTS),
    "AVIF of 258 tiles": (
        lambda: grid(av1(grey(64, 64, "RGB")), 64, 129, 2),
        "NotAPicture: .* has more than 256 tiles",
    ),
}

EXIF = {
    "wide": wide_exif(65_535, 700_000),
    "narrow": wide_exif(65_535, 12),
    "endless": endless_exif(),
    "deep": deep_exif(100_000),
}
ICC = {"huge": bytes(2_900_000), "broken": b"\xff" * 100}

METADATA: Files = {
    "PNG with compressed texts": (partial(bombs, b"zTXt", b"a\0\0"), ACCEPTED),
    "PNG with compressed international texts": (partial(bombs, b"iTXt", b"a\0\1\0\0\0"), ACCEPTED),
    "PNG with compressed XMP": (partial(bombs, b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0"), ACCEPTED),
    "PNG with compressed EXIF": (partial(bombs, b"zTXt", b"Raw profile type exif\0\0"), ACCEPTED),
    "PNG with compressed color profiles": (partial(bombs, b"iCCP", b"a\0\0"), ACCEPTED),
    "PNG with tiny texts": (lambda: with_chunks(many(chunk(b"tEXt", b"a\0"))), MANY_PARTS),
    "JPEG with tiny comments": (lambda: with_segments(many(segment(0xFE, b""))), MANY_PARTS),
    "JPEG with fill bytes": (lambda: with_segments(many(b"\xff")), ACCEPTED),
    "JPEG with junk": (lambda: with_segments(segment(0xFE, b""), many(b"\0")), ACCEPTED),
    "JPEG with Photoshop resources": (
        lambda: with_segments(many(segment(0xED, b"Photoshop 3.0\0" + b"8BIM\4\4\0\0\0\0\0\0" * 5_000))),
        ACCEPTED,
    ),
    "JPEG with many tables": (lambda: with_segments(many(segment(0xDB, (b"\0" + b"\1" * 64) * 1_000))), ACCEPTED),
    "JPEG with many channels": (
        lambda: with_segments(many(segment(0xC0, b"\x08\0\x08\0\x08\3" + b"\1\x11\0" * 21_000))),
        DAMAGED,
    ),
    "GIF with tiny comments": (lambda: gif(8, 8, full(b"!\xfe", many(b"\1a"))[:-100] + b"\0" + frame(1, 1)), ACCEPTED),
    "WebP with tiny chunks": (lambda: full(small("WEBP", exif=b"x"), many(b"junk\0\0\0\0")), MANY_PARTS),
}
for kind, exif in EXIF.items():
    METADATA |= {
        f"PNG with {kind} EXIF": (partial(with_chunks, chunk(b"eXIf", exif)), ACCEPTED),
        f"JPEG with {kind} EXIF": (partial(with_segments, in_segments(exif)), ACCEPTED),
        f"WebP with {kind} EXIF": (partial(webp_with_chunks, EXIF=exif), ACCEPTED),
    }
for kind, icc in ICC.items():
    METADATA |= {
        f"PNG with a {kind} color profile": (
            partial(with_chunks, chunk(b"iCCP", b"a\0\0" + zlib.compress(icc))),
            ACCEPTED,
        ),
        f"JPEG with a {kind} color profile": (
            partial(with_segments, in_segments(icc, 0xE2, b"ICC_PROFILE\0\1\1")),
            ACCEPTED,
        ),
        f"WebP with a {kind} color profile": (partial(webp_with_chunks, ICCP=icc), ACCEPTED),
    }


class LimitedProcess:
    """tests/support/limits.py as a process."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        command = [sys.executable, "-m", "tests.support.limits"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def outcome(self, function: str, data: bytes) -> dict[str, Any]:
        path = self.folder / "avatar.png"
        path.write_bytes(data)
        assert self.process.stdin
        assert self.process.stdout
        print(function, path, file=self.process.stdin, flush=True)
        outcome: dict[str, Any] = json.loads(self.process.stdout.readline())
        return outcome


@pytest.fixture(scope="module")
def limited(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LimitedProcess]:
    limited = LimitedProcess(tmp_path_factory.mktemp("hostile"))
    with limited.process:
        yield limited


GROUPS = {
    "unreadable": UNREADABLE,
    "too many pixels": TOO_MANY_PIXELS,
    "most expensive within the limits": LARGEST,
    "expensive pixels": EXPENSIVE_PIXELS,
    "many frames": MANY_FRAMES,
    "metadata": METADATA,
}
FILES: Files = {f"{group}: {name}": file for group, files in GROUPS.items() for name, file in files.items()}


@pytest.mark.parametrize("name", FILES)
def test_hostile_file_has_the_expected_result_within_the_memory_limit(limited: LimitedProcess, name: str) -> None:
    make, expected = FILES[name]
    data = make()
    for function in ("classify", "decode"):
        outcome = limited.outcome(function, data)
        assert outcome["signal"] == 0, (function, signal.Signals(outcome["signal"]))
        print(f"{outcome['seconds']:.2f} s {outcome['megabytes']:4.0f} MB {function:8} {name} ({len(data):,} bytes)")
        assert re.match(expected, outcome["result"]), (function, outcome)
        assert outcome["megabytes"] < MAX_MEGABYTES, (function, outcome)
