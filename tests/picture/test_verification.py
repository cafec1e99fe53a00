"""A file is proven to show an identicon only if its pixels are that. Otherwise, it is judged as without proof."""

import io
import struct
import zlib
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from PIL import Image
from zlib_ng import zlib_ng

from github_avatars import classify, classify_all, demo, identicon
from github_avatars.classifier import Verdict, shipped
from github_avatars.errors import BadImage, BadOption
from github_avatars.github import Avatar
from github_avatars.picture import decoding, proof, verification
from github_avatars.prediction import predict_avatar, predict_file
from github_avatars.training import dataset
from tests.support.hostile import zip_bomb
from tests.support.pictures import END, chunk, encoded, header
from tools.picture_mutations import mutate

SIZE = identicon.SIZE
LINE = 3 * SIZE
STREAM = SIZE * (1 + LINE)
HEADER = header(SIZE, SIZE, color_type=2)

OCTOCAT = 583231


@pytest.fixture(params=[zlib, zlib_ng], ids=["zlib", "zlib-ng"])
def _each_library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proof, "inflate", request.param)


def all_filters(lines: Sequence[bytes], above: Sequence[bytes]) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """5 × n × LINE: each line, filtered with each type, by the definitions of the PNG specification."""
    here, up = (
        np.frombuffer(b"".join(bytes(3) + line for line in each), dtype=np.uint8).reshape(len(each), -1).astype(int)
        for each in (lines, above)
    )
    left, corner, up, here = here[:, :-3], up[:, :-3], up[:, 3:], here[:, 3:]
    initial = left + up - corner
    nearest = np.where(abs(initial - up) <= abs(initial - corner), up, corner)
    is_left = (abs(initial - left) <= abs(initial - up)) & (abs(initial - left) <= abs(initial - corner))
    paeth = np.where(is_left, left, nearest)
    return np.stack([here, here - left, here - up, here - (left + up) // 2, here - paeth]).astype(np.uint8)


def stream(pixels: bytes, filter_type: int | None = None) -> bytes:
    """The filtered lines of a picture, with the filter types that GitHub would choose, or all with this one.

    GitHub's is the one with the smallest sum of absolute differences, in the order of Go's image/png.
    """
    lines = [pixels[start : start + LINE] for start in range(0, len(pixels), LINE)]
    runs = [(*pair, len(list(same))) for pair, same in groupby(pairwise([bytes(LINE), *lines]))]
    filtered = all_filters([line for _, line, _ in runs], [above for above, _, _ in runs])
    order = [2, 4, 0, 1, 3] if filter_type is None else [filter_type]
    costs = np.abs(filtered[order].view(np.int8).astype(int)).sum(axis=-1)
    types = np.array(order)[costs.argmin(axis=0)]
    return b"".join(
        (bytes((kind,)) + filtered[kind, number].tobytes()) * count
        for number, (kind, (_, _, count)) in enumerate(zip(types.tolist(), runs, strict=True))
    )


def png(lines: bytes, level: int = 1) -> bytes:
    return HEADER + chunk(b"IDAT", zlib.compress(lines, level)) + END


def proven(data: bytes, account_id: int = OCTOCAT) -> bool:
    return proof.identicon_in(data) == identicon.for_account(account_id)


ORIGINAL = png(stream(identicon.render(OCTOCAT).tobytes()))


@pytest.mark.usefixtures("_each_library")
def test_shipped_originals_are_proven_under_their_id_only() -> None:
    examples = [example for example in dataset.read_index(demo.AVATARS) if example.label == "default"]
    for example in examples:
        data = (demo.AVATARS / example.file).read_bytes()
        assert example.account_id is not None
        assert proven(data, example.account_id), example.file
        assert not proven(data, example.account_id + 1), example.file


def test_2000_ids_are_proven_under_their_id_only() -> None:
    rng = Random(0)
    for number, account_id in enumerate(rng.sample(range(1, 313_000_000), 2000)):
        data = png(stream(identicon.render(account_id).tobytes()))
        assert proven(data, account_id), account_id
        assert not proven(data, account_id + 1), account_id
        if number < 20:
            with verification.loaded(data, account_id) as (picture, verified):
                assert verified is True
                assert picture.mode == "RGB"
                assert picture.tobytes() == decoding.decode(data).tobytes()
            assert outcome(data, account_id) == outcome(data, account_id, without_proof=True)


@pytest.mark.usefixtures("_each_library")
@pytest.mark.parametrize("filter_type", range(5))
def test_each_filter_type_is_accepted_for_all_lines(filter_type: int) -> None:
    pixels = identicon.render(OCTOCAT).tobytes()
    assert proven(png(stream(pixels, filter_type)))


REENCODED = {
    "saved by Pillow": encoded(identicon.render(OCTOCAT), "PNG"),
    "uncompressed": png(stream(identicon.render(OCTOCAT).tobytes()), 0),
    "with its resolution": encoded(identicon.render(OCTOCAT), "PNG", dpi=(72, 72)),
    "several chunks of pixels": HEADER
    + b"".join(chunk(b"IDAT", piece) for piece in (ORIGINAL[41:80], ORIGINAL[80:300], ORIGINAL[300:-16]))
    + END,
    "bytes after the end": ORIGINAL + b"junk",
}


@pytest.mark.usefixtures("_each_library")
@pytest.mark.parametrize("data", REENCODED.values(), ids=REENCODED)
def test_lossless_copies_are_proven(data: bytes) -> None:
    assert decoding.decode(data).tobytes() == identicon.render(OCTOCAT).tobytes()
    assert proven(data)


def changed(x: int, y: int) -> bytes:
    picture = identicon.render(OCTOCAT)
    red, green, blue = picture.tobytes()[3 * (SIZE * y + x) :][:3]
    picture.putpixel((x, y), (red, green, blue ^ 1))
    return png(stream(picture.tobytes()))


COLOR = identicon.for_account(OCTOCAT).color


def drawn(grid: str, color: identicon.Color = COLOR) -> bytes:
    return png(stream(identicon.Identicon(grid, color).draw().tobytes()))


IDAT = ORIGINAL[33:-12]
EXIF = Image.Exif()
EXIF[0x0112] = 6

OTHER = {
    "first pixel changed": changed(0, 0),
    "last pixel changed": changed(SIZE - 1, SIZE - 1),
    "pixel of a cell changed": changed(210, 210),
    "transparent grey": HEADER + chunk(b"tRNS", struct.pack(">3H", 240, 240, 240)) + IDAT + END,
    "rotated": HEADER + chunk(b"eXIf", EXIF.tobytes()) + IDAT + END,
    "cells that are not mirrored": drawn("#..../....#/#.#.#/...../..#.."),
    "a row that is not mirrored": drawn("#...#/##.../#.#.#/...../..#.."),
    "no painted cells": drawn("...../...../...../...../....."),
    "a second color": png(
        stream(bytes((150, 200, 150)).join(identicon.render(OCTOCAT).tobytes().rsplit(bytes(COLOR), 1)))
    ),
    "palette": encoded(identicon.render(OCTOCAT).quantize(2), "PNG"),
    "interlaced": header(SIZE, SIZE, color_type=2, interlace=1) + IDAT + END,
    "wrong checksum": ORIGINAL[:-13] + bytes((ORIGINAL[-13] ^ 1,)) + END,
    "wrong sum of the pixels": png(b"")[:33] + chunk(b"IDAT", ORIGINAL[41:-20] + bytes(4)) + END,
    "a second header": HEADER + chunk(b"IHDR", bytes(13)) + IDAT + END,
    "an unknown chunk": HEADER + chunk(b"ABCD", b"") + IDAT + END,
    "101 chunks": HEADER + chunk(b"pHYs", bytes(9)) * 98 + IDAT + END,
    "no end": ORIGINAL[:-12],
    "half": ORIGINAL[: len(ORIGINAL) // 2],
    "only a header": HEADER,
    "no pixels": HEADER + END,
    "a line less": png(stream(identicon.render(OCTOCAT).tobytes())[: -LINE - 1]),
    "a byte more": png(stream(identicon.render(OCTOCAT).tobytes()) + b"\0"),
    "bytes after the pixels": HEADER + chunk(b"IDAT", ORIGINAL[41:-16] + b"junk") + END,
    "filter type 5": png(b"\5" + stream(identicon.render(OCTOCAT).tobytes())[1:]),
    "a wrong filter type": png(b"\3" + stream(identicon.render(OCTOCAT).tobytes(), 1)[1:]),
    "zip bomb": HEADER + zip_bomb(b"IDAT", 1_000_000) + END,
    "too many bytes": HEADER + chunk(b"tEXt", bytes(decoding.MAX_BYTES)) + IDAT + END,
    "JPEG": encoded(identicon.render(OCTOCAT), "JPEG"),
    "nothing": b"",
}


@pytest.mark.usefixtures("_each_library")
@pytest.mark.parametrize("data", OTHER.values(), ids=OTHER)
def test_other_files_are_not_proven_and_judged_as_without_proof(data: bytes) -> None:
    assert proof.identicon_in(data) is None
    assert outcome(data) == outcome(data, without_proof=True)


def test_identicon_in_an_impossible_color_is_judged_as_without_proof() -> None:
    data = drawn("#...#/...../#.#.#/...../..#..", (200, 30, 30))
    assert proof.identicon_in(data) is not None
    assert verification.proven_identicon(data) is None
    assert classify(data).label == "custom"
    assert outcome(data) == outcome(data, without_proof=True)


class Recorder:
    """zlib that records how much was decompressed at most."""

    error = zlib.error
    total = 0

    def decompressobj(self) -> Any:
        decompressor, recorder = zlib.decompressobj(), self

        class Recording:
            def decompress(self, data: bytes, limit: int) -> bytes:
                result = decompressor.decompress(data, limit)
                recorder.total += len(result)
                return result

            def __getattr__(self, name: str) -> Any:
                return getattr(decompressor, name)

        return Recording()


def test_zip_bomb_is_never_decompressed_beyond_the_form(monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = Recorder()
    monkeypatch.setattr(proof, "inflate", recorder)
    assert proven(ORIGINAL)
    assert recorder.total == STREAM
    for beginning in (b"", stream(identicon.render(OCTOCAT).tobytes())):
        recorder.total = 0
        compressed = zlib.compress(beginning + bytes(10 * STREAM))
        assert not proven(HEADER + chunk(b"IDAT", compressed) + END)
        assert recorder.total <= STREAM + 1


def outcome(data: bytes, account_id: int = OCTOCAT, *, without_proof: bool = False) -> Verdict | str:
    with pytest.MonkeyPatch.context() as patch:
        if without_proof:
            patch.setattr(proof, "identicon_in", lambda _: None)
        try:
            return classify(data, account_id=account_id)
        except BadImage as error:
            return f"{type(error).__name__}: {error}"


def mutations() -> Iterator[bytes]:
    files = [ORIGINAL, *REENCODED.values()]
    rng = Random(3)
    for _ in range(800):
        yield mutate(rng.choice(files), files, rng)


def test_every_mutation_is_proven_and_equal_or_judged_as_without_proof() -> None:
    own = identicon.render(OCTOCAT).tobytes()
    proofs = 0
    for data in mutations():
        if proven(data):
            proofs += 1
            assert decoding.decode(data).tobytes() == own
        assert outcome(data) == outcome(data, without_proof=True)
    assert 30 < proofs < 750


@pytest.mark.parametrize(("account_id", "verified"), [(OCTOCAT, True), (OCTOCAT + 1, False), (None, None)])
def test_verdict_says_whether_a_picture_is_verified(account_id: int | None, verified: bool | None) -> None:
    picture = identicon.render(OCTOCAT)
    for given in (
        ORIGINAL,
        io.BytesIO(ORIGINAL),
        picture,
        np.asarray(picture),
        encoded(picture, "WEBP", lossless=True),
    ):
        verdict = classify(given, account_id=account_id)
        assert (verdict.label, verdict.verified) == ("default", verified)


@pytest.mark.parametrize("data", [ORIGINAL, encoded(Image.new("RGB", (9, 9)), "PNG")], ids=["identicon", "other"])
@pytest.mark.parametrize("account_id", [0, -1])
def test_account_id_must_be_positive(data: bytes, account_id: int) -> None:
    with pytest.raises(BadOption, match=rf"^account_id is {account_id}: give an id of at least 1\.$"):
        classify(data, account_id=account_id)


def test_proven_identicon_is_not_decoded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(decoding, "_load", fail)
    for account_id, verified in ((OCTOCAT, True), (OCTOCAT + 1, False), (None, None)):
        verdict = classify(ORIGINAL, account_id=account_id)
        assert (verdict.label, verdict.verified) == ("default", verified)
        prediction = predict_avatar(Avatar("octocat", account_id, "", ORIGINAL), shipped())
        assert (prediction.label, prediction.verified, prediction.size) == ("default", verified, SIZE)
    assert classify_all([ORIGINAL, ORIGINAL]) == [classify(ORIGINAL)] * 2
    path = tmp_path / "picture.png"
    path.write_bytes(ORIGINAL)
    assert predict_file(path, shipped()).size == SIZE
    with pytest.raises(AssertionError, match="decoded"):
        classify(changed(0, 0))
