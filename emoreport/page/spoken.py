"""What is said, for the page: words with their times, in lines of a length to read."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, Final

from emoreport.results import Analysis, SpokenWord

PAUSE_S: Final = 0.7
"""A line of the page ends before a pause of this length."""
MOST_WORDS: Final = 30
"""Words of a line, where neither a pause nor the end of a sentence comes earlier."""
ENDS: Final = frozenset(".?!…")
DECIMALS: Final = 3


def spoken_document(analysis: Analysis) -> dict[str, Any] | None:
    """What the page shows of the words; None where there is none to show.

    Returns
    -------
    ``start`` and ``end`` of each word, seconds; ``text``, the word with the punctuation behind it;
    ``lines``, the index of the first word of each line; ``placed``, whence the times come.
    """
    words = analysis.words
    if not words:
        return None
    return {
        "start": [round(word.span.start_s, DECIMALS) for word in words],
        "end": [round(word.span.end_s, DECIMALS) for word in words],
        "text": [word.word + word.after for word in words],
        "lines": first_words(words),
        "placed": sorted({word.placed for word in words}),
    }


def first_words(words: Sequence[SpokenWord]) -> list[int]:
    """Index of the first word of each line: after a sentence, a pause, or `MOST_WORDS` words."""
    firsts = [0] if words else []
    for index, (before, word) in enumerate(pairwise(words), start=1):
        ended = not ENDS.isdisjoint(before.after)
        paused = word.span.start_s - before.span.end_s >= PAUSE_S
        if ended or paused or index - firsts[-1] >= MOST_WORDS:
            firsts.append(index)
    return firsts
