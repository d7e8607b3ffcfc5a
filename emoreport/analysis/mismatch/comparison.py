"""Compare the emotions of face and voice, row by row or wherever two rows meet."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import pairwise

from emoreport.analysis.rows.bridge import DEFAULT_BRIDGE, Bridge
from emoreport.records import LabelledSpan, Span
from emoreport.results import AudioInterval, Comparison, VideoInterval, milliseconds


def compare_intervals(
    video: Sequence[VideoInterval],
    audio: Sequence[AudioInterval],
    face_labels: Sequence[str],
    voice_labels: Sequence[str],
    bridge: Bridge = DEFAULT_BRIDGE,
) -> tuple[Comparison, ...]:
    """Compare every row of the face with the row of the voice over the same span.

    Parameters
    ----------
    video, audio
        Rows over the same spans, in the same order.
    face_labels, voice_labels
        What the two models can give.
    bridge
        The shared label space.

    Raises
    ------
    ValueError
        When the rows differ in number.
    """
    return tuple(
        _compared(seen.span, seen, heard, face_labels, voice_labels, bridge)
        for seen, heard in zip(video, audio, strict=True)
    )


def compare_cuts(
    video: Sequence[VideoInterval],
    voice: Sequence[AudioInterval],
    face_labels: Sequence[str],
    voice_labels: Sequence[str],
    bridge: Bridge = DEFAULT_BRIDGE,
) -> tuple[Comparison, ...]:
    """Compare the rows of the face with the voice's own wherever two of them meet.

    Parameters
    ----------
    video, voice
        Rows of either, each tiling the same stretch of time; both may be empty.
    face_labels, voice_labels, bridge
        As in `compare_intervals`.

    Returns
    -------
    Pieces that tile what the rows tile: the intersection of both cuts. A bound of the voice in the
    same millisecond as one of the face is that of the face, so that every piece has a length in the
    tables. Severity is that of the two rows as wholes.

    Raises
    ------
    ValueError
        When the rows do not begin and end together.
    """
    if not video and not voice:
        return ()
    seen_s, heard_s = _bounds(video), _bounds(voice)
    if (seen_s[0], seen_s[-1]) != (heard_s[0], heard_s[-1]):
        raise ValueError("the rows of face and voice do not begin and end together")
    # Of bounds in one millisecond the first that is added stays: the face's before the voice's.
    by_ms: dict[int, float] = {}
    for bound_s in (*seen_s, *heard_s):
        by_ms.setdefault(milliseconds(bound_s), bound_s)
    pieces = []
    for start_s, end_s in pairwise(by_ms[at_ms] for at_ms in sorted(by_ms)):
        span = Span(start_s, end_s)
        seen = video[bisect_right(seen_s, span.centre_s) - 1]
        heard = voice[bisect_right(heard_s, span.centre_s) - 1]
        pieces.append(_compared(span, seen, heard, face_labels, voice_labels, bridge))
    return tuple(pieces)


def _bounds(rows: Sequence[LabelledSpan]) -> list[float]:
    return [*(row.span.start_s for row in rows), *(row.span.end_s for row in rows[-1:])]


def _compared(
    span: Span,
    seen: VideoInterval,
    heard: AudioInterval,
    face_labels: Sequence[str],
    voice_labels: Sequence[str],
    bridge: Bridge,
) -> Comparison:
    match, severity = bridge.compare(
        seen.emotion,
        seen.distribution,
        face_labels,
        heard.emotion,
        heard.distribution,
        voice_labels,
    )
    return Comparison(span, seen.emotion, heard.emotion, match, severity)


def mismatches(comparisons: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """Rows where both modalities give comparable emotions that differ."""
    return tuple(row for row in comparisons if row.match is False)
