"""Compare two talks: the difference of each figure, with its confidence interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from emoreport.analysis.talks.figure_table import with_words_alike
from emoreport.analysis.transitions.chains import CONFIDENCE
from emoreport.analysis.transitions.talk_figures import Figure, Talk, describe_talk, emotions_shown


@dataclass(frozen=True, slots=True)
class Difference:
    """Second talk less first talk in one figure; fields as in `Figure`."""

    measure: str
    emotion: str | None
    first: float | None
    second: float | None
    difference: float | None
    low: float | None
    high: float | None
    reason: str | None


def compare_talks(
    first: Talk, second: Talk, *, confidence: float = CONFIDENCE
) -> tuple[Difference, ...]:
    """Differences between two talks, second less first.

    The interval of a difference is put together from the intervals of both figures (Zou and Donner
    2008, Statistics in Medicine 27:1693-1702; for shares, Newcombe 1998, ibid. 17:873-890), so that
    it keeps their skewness near 0 and 1.

    Parameters
    ----------
    first, second
        The talks, taken as independent of each other.
    confidence
        Coverage of each interval, 0–1. It holds for one difference looked at alone.

    Returns
    -------
    One entry per figure; shares for every emotion that occurs in either talk.
    """
    first, second = with_words_alike([first, second])
    emotions = emotions_shown([first, second])
    return tuple(
        _difference(left, right)
        for left, right in zip(
            describe_talk(first, emotions, confidence=confidence),
            describe_talk(second, emotions, confidence=confidence),
            strict=True,
        )
    )


def _difference(first: Figure, second: Figure) -> Difference:
    low = high = difference = None
    reason = first.reason or second.reason
    if first.value is not None and second.value is not None:
        difference = second.value - first.value
        if None not in {first.low, first.high, second.low, second.high}:
            assert first.low is not None and first.high is not None  # noqa: PT018 - one thought
            assert second.low is not None and second.high is not None  # noqa: PT018 - same
            low = difference - float(np.hypot(second.value - second.low, first.high - first.value))
            high = difference + float(np.hypot(second.high - second.value, first.value - first.low))
    return Difference(
        first.measure, first.emotion, first.value, second.value, difference, low, high, reason
    )
