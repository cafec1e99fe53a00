"""AV1 data → how many pixels decoding it takes, without decoding it.

The size of a picture that an AVIF file declares says nothing of its AV1 data: a decoder decodes every frame in it, at
the size that the data declares. Source: AV1 Bitstream & Decoding Process Specification, sections 5.3 to 5.5.
"""

from collections.abc import Iterator

from github_avatars.picture.stripped_file import BAD_HEADER, Unusable, limit_parts

_SEQUENCE_HEADER = 1
_FRAME_HEADERS = (3, 6, 7)
"""The types of the units that start a frame: a frame header, a whole frame, and a repeated frame header."""


def coded_pixels(data: bytes) -> int:
    """The maximum number of pixels of all frames that `data` codes. Raises Unusable if its headers are damaged."""
    frames, largest = 0, 0
    for unit_type, content in limit_parts(_units(data)):
        if unit_type == _SEQUENCE_HEADER:
            largest = max(largest, _largest_frame(_Bits(content)))
        elif unit_type in _FRAME_HEADERS:
            frames += 1
    return frames * largest


class _Bits:
    """Reads numbers of any length in bits."""

    def __init__(self, data: bytes) -> None:
        self._number = int.from_bytes(data[:1000])  # A sequence header has at most 400 bytes.
        self._remaining = 8 * len(data[:1000])

    def read(self, length: int) -> int:
        self._remaining -= length
        if self._remaining < 0:
            raise Unusable(BAD_HEADER)
        return self._number >> self._remaining & (1 << length) - 1

    def skip_unless_0(self, length: int) -> None:
        """Read one bit. If it is 1, skip the next `length` bits."""
        self.read(length if self.read(1) else 0)


def _units(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The type and the content of each open bitstream unit."""
    position = 0
    while position < len(data):
        header = data[position]
        position += 2 if header & 4 else 1
        size = len(data) - position
        if header & 2:
            size, shift = 0, 0
            while True:
                byte = data[position]
                position += 1
                size |= (byte & 127) << shift
                shift += 7
                if byte < 128 or shift == 56:
                    break
        yield header >> 3 & 15, data[position : position + size]
        position += size


def _largest_frame(bits: _Bits) -> int:
    """The pixels of the largest frame that may follow this sequence header."""
    bits.read(4)  # profile, still picture
    reduced = bits.read(1)
    if reduced:
        bits.read(5)
    else:
        _skip_operating_points(bits)
    width_bits, height_bits = bits.read(4) + 1, bits.read(4) + 1
    width, height = bits.read(width_bits) + 1, bits.read(height_bits) + 1
    # Each frame may replace these by numbers of as many bits, unless the header is the reduced one of still pictures.
    return width * height if reduced else 1 << width_bits + height_bits


def _skip_operating_points(bits: _Bits) -> None:
    delay_length = 0
    if bits.read(1):  # timing
        bits.read(64)
        if bits.read(1):  # an exponential Golomb code
            zeros = 0
            while not bits.read(1):
                zeros += 1
            bits.read(zeros)
        if bits.read(1):  # decoder model
            delay_length = bits.read(5) + 1
            bits.read(42)
    has_initial_delays = bits.read(1)
    for _ in range(bits.read(5) + 1):
        bits.read(12)
        if bits.read(5) > 7:
            bits.read(1)
        if delay_length:
            bits.skip_unless_0(2 * delay_length + 1)
        if has_initial_delays:
            bits.skip_unless_0(4)
