"""How long the stages of a run take, and how their threads take turns."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

SWITCH_INTERVAL_S: Final = 0.0002


@dataclass
class Clock:
    """Wall time per stage, seconds."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure what runs inside."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = round(time.perf_counter() - start, 3)


@contextmanager
def short_turns() -> Iterator[None]:
    """Let threads hand over Python's lock sooner than after the usual 5 ms.

    The stages spend their time outside the lock and need it for moments only; waiting for it in
    turns of 5 ms cost a sixth of the speed on two processors.
    """
    usual_s = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    try:
        yield
    finally:
        sys.setswitchinterval(usual_s)
