"""What the allocator of the C library keeps, and what it gives back."""

from __future__ import annotations

import ctypes
import sys
from typing import Final

_MMAP_THRESHOLD: Final = -3
"""M_MMAP_THRESHOLD of glibc's malloc.h."""
_LARGE_BYTES: Final = 1 << 20


def give_back_memory() -> None:
    """Give what is free back to the system, now and whenever a large array goes.

    glibc keeps the place of arrays of up to 32 MB for later ones, in pieces that fit few of them:
    for a talk of hours, two thirds more than is in use. It pays to keep them while frames are
    decoded, where the same sizes come again and again. Does nothing under other C libraries.
    """
    if not sys.platform.startswith("linux"):
        return
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt") and hasattr(library, "malloc_trim"):
        library.mallopt(_MMAP_THRESHOLD, _LARGE_BYTES)
        library.malloc_trim(0)
