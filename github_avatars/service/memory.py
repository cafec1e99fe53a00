"""How the C library's heap returns the memory of decoded pictures to the system (glibc only)."""

import ctypes
from contextlib import suppress

MALLOC = {
    "MALLOC_ARENA_MAX": 1,
    "MALLOC_MMAP_THRESHOLD_": 1 << 20,
    "MALLOC_TRIM_THRESHOLD_": 32 << 20,
}
"""Environment variables of glibc for servers; cog.yaml contains the same.

By default, glibc creates heaps for many of the threads, which rarely shrink. And once a large block has been freed, it
raises its own thresholds: it then puts the next ones into the heap, which keeps them. With fixed thresholds, each block
of 1 MiB or more is returned when it is freed. Smaller ones stay in the heap, which makes ordinary avatars faster.
"""

_PARAMETERS = {"MALLOC_ARENA_MAX": -8, "MALLOC_MMAP_THRESHOLD_": -3, "MALLOC_TRIM_THRESHOLD_": -1}
"""The numbers of M_ARENA_MAX, M_MMAP_THRESHOLD and M_TRIM_THRESHOLD in malloc.h."""


def configure_malloc() -> None:
    """Apply MALLOC to this process, which has started without these variables."""
    with suppress(AttributeError, OSError, TypeError):  # another C library
        for name, value in MALLOC.items():
            ctypes.CDLL(None).mallopt(_PARAMETERS[name], value)
