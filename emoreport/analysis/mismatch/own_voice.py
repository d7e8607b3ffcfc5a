"""Leave out the speech of others: a face that listens is at odds with no voice.

The rows of the voice keep what is heard, whoever speaks, and say who it is. What compares face and
voice, row by row or over the whole talk, sees only speech of the person whose face it is, and
speech of which nobody knows whose it is.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from emoreport.analysis.rows.voice import spoken_before
from emoreport.records import (
    OFF_SCREEN,
    UNKNOWN_SPEAKER,
    DoubleArray,
    LabelledSpan,
    Person,
    Span,
    SpeakingSpan,
    SpeechTrack,
    TextReadings,
)
from emoreport.results import AudioInterval, Comparison, milliseconds
from emoreport.vocabulary import ANOTHER_SPEAKS, NOBODY_SEEN_SPEAKS

TURN_GAP_S: Final = 1.0
"""A longer pause ends the turn of who speaks before and after it."""
LEAST_S: Final = 0.001
"""Times of one millisecond are one in the tables."""

OTHERS_SHARE: Final = 0.5
"""Share of its speech from which on a voice window, or a clause, is that of others."""


def with_speakers(
    rows: Sequence[AudioInterval], spans: Sequence[SpeakingSpan], people: Sequence[Person] = ()
) -> tuple[AudioInterval, ...]:
    """Rows of the voice with the name of who speaks longest in each; None where nobody does."""
    names = {person.key: person.shown_name for person in people}
    return tuple(
        replace(row, speaker=names.get(speaker or "", speaker))
        for row, speaker in zip(rows, _longest([row.span for row in rows], spans), strict=True)
    )


def turns(spans: Sequence[SpeakingSpan]) -> tuple[SpeakingSpan, ...]:
    """Spans with the pauses of a speaker in them: a row of the voice goes on across these too."""
    joined: list[SpeakingSpan] = []
    for span in spans:
        last = joined[-1] if joined else None
        if last and last.speaker == span.speaker and span.start_s - last.end_s <= TURN_GAP_S:
            joined[-1] = replace(last, end_s=span.end_s)
        else:
            joined.append(span)
    return tuple(joined)


def without_others(
    comparisons: Sequence[Comparison], spans: Sequence[SpeakingSpan], person: str
) -> tuple[Comparison, ...]:
    """Comparisons that say nothing where somebody else than `person` speaks, and why."""
    kept = []
    speakers = _longest([row.span for row in comparisons], spans)
    for row, speaker in zip(comparisons, speakers, strict=True):
        if speaker in {None, person, UNKNOWN_SPEAKER}:
            kept.append(row)
            continue
        reason = NOBODY_SEEN_SPEAKS if speaker == OFF_SCREEN else ANOTHER_SPEAKS
        kept.append(replace(row, match=None, severity=None, not_compared=reason))
    return tuple(kept)


def cut_at_others(pieces: Sequence[Comparison], others: Sequence[Span]) -> tuple[Comparison, ...]:
    """The pieces cut where others begin and end to speak, in no piece without a length."""
    bounds = sorted({bound for span in others for bound in (span.start_s, span.end_s)})
    cut = []
    for piece in pieces:
        start_s, end_s = piece.span.start_s, piece.span.end_s
        for bound_s in bounds[bisect_right(bounds, start_s) : bisect_left(bounds, end_s)]:
            if milliseconds(start_s) < milliseconds(bound_s) < milliseconds(end_s):
                cut.append(replace(piece, span=Span(start_s, bound_s)))
                start_s = bound_s
        cut.append(replace(piece, span=Span(start_s, end_s)))
    return tuple(cut)


def speech_of_others(spans: Sequence[SpeakingSpan], person: str) -> tuple[Span, ...]:
    """Speech that is neither of `person` nor of nobody knows whom."""
    return tuple(
        Span(span.start_s, span.end_s)
        for span in spans
        if span.speaker not in {person, UNKNOWN_SPEAKER}
    )


def own_speech(speech: SpeechTrack, others: Sequence[Span]) -> SpeechTrack:
    """The voice without the speech of others.

    Parameters
    ----------
    speech
        Readings of all voices.
    others
        Speech of others, in order of time, inside the spans of speech.

    Returns
    -------
    Spans without it; windows in which others have `OTHERS_SHARE` of the speech or more are not
    judged. The same readings where there is none.
    """
    if not others:
        return speech
    left = _less(speech.speech, others)
    own_s = _seconds(left, speech.start_s, speech.end_s)
    all_s = _seconds(speech.speech, speech.start_s, speech.end_s)
    theirs = (all_s > 0) & (all_s - own_s >= OTHERS_SHARE * all_s)
    probabilities = speech.probabilities.copy()
    probabilities[theirs] = np.nan
    return replace(speech, speech=left, speech_s=own_s, probabilities=probabilities)


def own_text(text: TextReadings | None, others: Sequence[Span]) -> TextReadings | None:
    """The clauses without those that others say: these are not judged."""
    if text is None or not others:
        return text
    theirs_s = _seconds(others, text.start_s, text.end_s)
    theirs = theirs_s >= OTHERS_SHARE * np.maximum(text.end_s - text.start_s, 1e-9)
    probabilities = text.probabilities.copy()
    probabilities[theirs] = np.nan
    return replace(text, probabilities=probabilities)


def own_labels(
    coded: Sequence[LabelledSpan] | None, others: Sequence[Span]
) -> Sequence[LabelledSpan] | None:
    """The voice as a person coded it, without the speech of others."""
    if coded is None or not others:
        return coded
    return tuple(
        replace(label, span=piece)
        for label in coded
        for piece in _less((label.span,), _within(others, label.span))
    )


def _within(spans: Sequence[Span], limits: Span) -> Iterator[Span]:
    """The parts of spans inside another one."""
    for span in spans:
        start_s, end_s = max(span.start_s, limits.start_s), min(span.end_s, limits.end_s)
        if start_s < end_s:
            yield Span(start_s, end_s)


def _longest(rows: Sequence[Span], spans: Sequence[SpeakingSpan]) -> list[str | None]:
    """Who speaks longest in each row; of equals, who is first in the order of their names."""
    result: list[str | None] = [None] * len(rows)
    if not rows or not spans:
        return result
    starts_s = np.array([row.start_s for row in rows])
    ends_s = np.array([row.end_s for row in rows])
    speakers = sorted({span.speaker for span in spans})
    seconds = np.array(
        [
            _seconds(
                [Span(span.start_s, span.end_s) for span in spans if span.speaker == speaker],
                starts_s,
                ends_s,
            )
            for speaker in speakers
        ]
    )
    for row in np.flatnonzero(seconds.max(axis=0) >= LEAST_S):
        result[row] = speakers[int(seconds[:, row].argmax())]
    return result


def _seconds(spans: Sequence[Span], starts_s: DoubleArray, ends_s: DoubleArray) -> DoubleArray:
    return spoken_before(spans, ends_s) - spoken_before(spans, starts_s)


def _less(spans: Sequence[Span], taken: Iterable[Span]) -> tuple[Span, ...]:
    """What is left of spans when others, each inside one of them, are taken out."""
    left = []
    rest = iter(taken)
    hole = next(rest, None)
    for span in spans:
        start_s = span.start_s
        while hole is not None and hole.start_s < span.end_s:
            if hole.start_s > start_s:
                left.append(Span(start_s, hole.start_s))
            start_s = max(start_s, hole.end_s)
            hole = next(rest, None)
        if start_s < span.end_s:
            left.append(Span(start_s, span.end_s))
    return tuple(left)
