"""Types that the readers of all formats return: annotations as the file holds them."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from emoreport.errors import WordedError
from emoreport.messages import Phrase

MAX_ANNOTATIONS: Final = 100_000
"""More than a person can make; what holds more is no coding."""

MAX_TIME_MS: Final = 10**9
"""Eleven days."""


class FormatError(WordedError):
    """What is wrong with a file, in one clause; `reading` adds the file."""


@dataclass(frozen=True, slots=True)
class RawSpan:
    """One annotation: half-open [start, end) in milliseconds, and its text."""

    start_ms: int
    end_ms: int
    text: str


@dataclass(frozen=True, slots=True)
class RawTier:
    """One tier of one coder.

    Attributes
    ----------
    name
        Its name in the file; may be empty.
    spans
        Its annotations; none where it has a flaw.
    coder
        None where the file names none.
    flaw
        Why it cannot be read; None where it can. It matters only to those who ask for this tier:
        files of people hold much that nobody asks for.
    """

    name: str
    spans: tuple[RawSpan, ...]
    coder: str | None = None
    flaw: FormatError | None = None


def raw_tier(name: str, spans: Iterable[RawSpan], coder: str | None = None) -> RawTier:
    """A tier of the spans, or with the flaw that reading them meets."""
    try:
        return RawTier(name, tuple(spans), coder)
    except FormatError as error:
        return RawTier(name, (), coder, error)


def same_file_name(path: str, name: str | None) -> bool:
    """Whether a path or URL, of whatever system, ends in the name of a file."""
    if name is None:
        return False
    bare = path.replace("\\", "/").rpartition("/")[2]
    return _plain_name(bare) == _plain_name(name)


def _plain_name(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()


def checked_span(start_ms: int, end_ms: int, text: str, location: Phrase) -> RawSpan:
    """A span with sane times.

    Parameters
    ----------
    location
        Where in the file it is, for the message.

    Raises
    ------
    FormatError
        When it ends before it starts, is negative or beyond all sense.
    """
    if not 0 <= start_ms <= end_ms <= MAX_TIME_MS:
        raise FormatError(
            "coding.no_span", location=location, start_s=start_ms / 1000, end_s=end_ms / 1000
        )
    return RawSpan(start_ms, end_ms, text)


def seconds_to_ms(text: str, location: Phrase) -> int:
    """Milliseconds of a text that holds seconds.

    Raises
    ------
    FormatError
        When it holds no finite number.
    """
    try:
        return round(float(text) * 1000.0)
    except (ValueError, OverflowError) as error:
        raise FormatError("coding.no_seconds", location=location, text=text[:40]) from error
