"""What the allocators of the C library and of Arrow keep, and how they give it back."""

from __future__ import annotations

import ctypes
import sys


def give_back_memory() -> None:
    """Give what is free back to the system; what follows needs other sizes.

    The GNU library keeps the place of freed pictures and arrays of up to 32 MiB for the next ones,
    and Arrow what a file took to read: of a talk of hours a third of what is in use. Other C
    libraries need not be told.
    """
    arrow = sys.modules.get("pyarrow")
    if arrow is not None:
        arrow.default_memory_pool().release_unused()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
