"""Filled pauses in a transcript: «э», «эм», «мм», um, uh.

Whoever writes down what was said mostly leaves them out, and so do most recognisers: Whisper was
trained on texts without them. A transcript without any therefore says nothing about them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Final

from emoreport.records import Word

LANGUAGES: Final = frozenset({"ru", "en"})
"""In others the same letters are words: German "um"."""
_SOUND: Final = re.compile(
    r"э+(?:-?э+)*(?:-?м+)*|м{2,}|м+(?:-м+)+"  # not «а», «хм», «угу»: these are words, too
    r"|u+h+(?:-?m+)?|u+m+|e+rm+|e+r|m{2,}|m+(?:-m+)+"
)


def is_filled_pause(text: str) -> bool:
    """Whether a word is the sound of a pause, however long it is written."""
    return _SOUND.fullmatch(text.casefold()) is not None


def with_filled_pauses(
    words: Sequence[Word],
    language: str | None,
    own_times: Collection[int] | None = None,
    lost: Sequence[str] = (),
) -> tuple[Word, ...]:
    """The words, filled pauses marked; none is where some of them have no time of their own.

    Parameters
    ----------
    words
        In order of time.
    language
        Of the transcript.
    own_times
        Lines whose words have times of their own; None: all.
    lost
        Words that found no place.
    """
    marked = [is_filled_pause(word.text) for word in words]
    elsewhere = own_times is not None and any(
        mark and word.line not in own_times for word, mark in zip(words, marked, strict=True)
    )
    if language not in LANGUAGES or elsewhere or any(map(is_filled_pause, lost)):
        return tuple(words)
    return tuple(
        replace(word, filled_pause=True) if mark else word
        for word, mark in zip(words, marked, strict=True)
    )
