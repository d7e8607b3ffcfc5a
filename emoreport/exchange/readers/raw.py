"""What the readers of the formats hand on: annotations as the file holds them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MAX_ANNOTATIONS: Final = 100_000
"""More than a person can make; what holds more is no coding."""

MAX_TIME_MS: Final = 10**9
"""Eleven days."""


class FormatError(Exception):
    """What is wrong with a file, in one clause; `reading` adds file and remedy."""


@dataclass(frozen=True, slots=True)
class RawSpan:
    """One annotation: half-open [start, end) in milliseconds, and its text."""

    start_ms: int
    end_ms: int
    text: str


@dataclass(frozen=True, slots=True)
class RawTier:
    """One tier of one coder; `coder` is None where the file names none."""

    name: str
    spans: tuple[RawSpan, ...]
    coder: str | None = None


def checked_span(start_ms: int, end_ms: int, text: str, place: str) -> RawSpan:
    """A span with sane times.

    Parameters
    ----------
    place
        Where in the file it stands, for the message.

    Raises
    ------
    FormatError
        When it ends before it starts, is negative or beyond all sense.
    """
    if not 0 <= start_ms <= end_ms <= MAX_TIME_MS:
        raise FormatError(
            f"{place} runs from {start_ms / 1000:.3f} to {end_ms / 1000:.3f} s, which is no span"
        )
    return RawSpan(start_ms, end_ms, text)


def seconds_to_ms(text: str, place: str) -> int:
    """Milliseconds of a text that holds seconds.

    Raises
    ------
    FormatError
        When it holds no finite number.
    """
    try:
        return round(float(text) * 1000.0)
    except (ValueError, OverflowError) as error:
        raise FormatError(f"{place} holds {text[:40]!r} where a time in seconds belongs") from error
