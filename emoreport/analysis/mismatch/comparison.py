"""Compare the emotions of face and voice row by row."""

from __future__ import annotations

from collections.abc import Sequence

from emoreport.analysis.rows.bridge import DEFAULT_BRIDGE, Bridge
from emoreport.results import AudioInterval, Comparison, VideoInterval


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
    comparisons = []
    for seen, heard in zip(video, audio, strict=True):
        match, severity = bridge.compare(
            seen.emotion,
            seen.distribution,
            face_labels,
            heard.emotion,
            heard.distribution,
            voice_labels,
        )
        comparisons.append(Comparison(seen.span, seen.emotion, heard.emotion, match, severity))
    return tuple(comparisons)


def mismatches(comparisons: Sequence[Comparison]) -> tuple[Comparison, ...]:
    """Rows where both modalities give comparable emotions that differ."""
    return tuple(row for row in comparisons if row.match is False)
