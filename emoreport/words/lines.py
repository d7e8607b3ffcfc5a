"""What the readers of all formats return: lines of a transcript, with the times that it tells."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final

LONGEST_S: Final = 1e6
"""Eleven days; a time beyond is none."""

_CLOCK: Final = re.compile(
    r"\s*(?P<sign>-?)(?:(?:(?P<hours>\d{1,6}):)?(?P<minutes>\d{1,6}):)?(?P<seconds>\d{1,9})"
    r"(?:[.,](?P<rest>\d*))?\s*"
)


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a line, mostly one word, whose time the file tells.

    Attributes
    ----------
    text
        As it is written.
    start_s, end_s
        Seconds; None where the file leaves this piece without times.
    confidence
        0–1; None where the file tells none.
    """

    text: str
    start_s: float | None = None
    end_s: float | None = None
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """One line or cue.

    Attributes
    ----------
    text
        As it is written.
    start_s, end_s
        Seconds; None for a line without times that make sense.
    parts
        The line in pieces with times of their own; empty where it has none.
    """

    text: str
    start_s: float | None = None
    end_s: float | None = None
    parts: tuple[Part, ...] = ()

    @property
    def is_timed(self) -> bool:
        """Whether anything says when it is spoken."""
        return self.start_s is not None or bool(self.parts)


def line_at(
    text: str, start_s: float | None, end_s: float | None, parts: tuple[Part, ...] = ()
) -> Line:
    """A line whose times make sense, or one without times.

    A time before the recording begins becomes its beginning. A line that ends before it starts, or
    before the recording, has none.
    """
    start_s, end_s = sensible(start_s, end_s)
    return Line(text, start_s, end_s, parts)


def sensible(start_s: float | None, end_s: float | None) -> tuple[float, float] | tuple[None, None]:
    """Start and end of a span, from 0 on; None for both where they are no span."""
    if start_s is None or end_s is None or not (math.isfinite(start_s) and math.isfinite(end_s)):
        return None, None
    if end_s < start_s or end_s < 0 or end_s > LONGEST_S:
        return None, None
    return max(start_s, 0.0), end_s


def clock_s(text: str) -> float | None:
    """Seconds of ``[[hours:]minutes:]seconds[.fraction]``, point or comma; None if it is none."""
    match = _CLOCK.fullmatch(text)
    if match is None:
        return None
    whole = (
        int(match["hours"] or 0) * 3600 + int(match["minutes"] or 0) * 60 + int(match["seconds"])
    )
    seconds = float(f"{whole}.{match['rest'] or 0}")
    return -seconds if match["sign"] else seconds
