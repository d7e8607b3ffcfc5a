"""Choose the passages of a talk that are worth a clip."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from emoreport.analysis.rows.examples import ranked_rows
from emoreport.records import Span
from emoreport.results import Analysis, AudioInterval, VideoInterval

MISMATCH: Final = "mismatch"
FACE: Final = "face"
VOICE: Final = "voice"


@dataclass(frozen=True, slots=True)
class Passage:
    """One passage.

    Attributes
    ----------
    number
        Place among the passages chosen, from 1 on.
    kind
        `MISMATCH`, or the modality whose emotion it shows: `FACE` or `VOICE`.
    span
        The row's own, seconds of the recording.
    video_emotion, audio_emotion
        Labels of both modalities.
    severity
        Of the mismatch, 0–1; None where the two were not compared.
    confidence
        Of the emotion asked for, 0–1; None for mismatches.
    text
        What is said in it; None where that is nothing, or not known.
    """

    number: int
    kind: str
    span: Span
    video_emotion: str
    audio_emotion: str
    severity: float | None
    confidence: float | None
    text: str | None = None


def strongest_mismatches(analysis: Analysis, top: int) -> tuple[Passage, ...]:
    """The mismatches of the largest severity; of equals the longest, then the earliest.

    Rows where one side is uncertain or missing were never compared and are never among them.
    """
    mismatches = [row for row in analysis.mismatches if row.severity is not None]
    mismatches.sort(
        key=lambda row: (-(row.severity or 0.0), -row.span.duration_s, row.span.start_s)
    )
    return tuple(
        Passage(
            number,
            MISMATCH,
            row.span,
            row.video_emotion,
            row.audio_emotion,
            row.severity,
            None,
            row.text,
        )
        for number, row in enumerate(mismatches[:top], start=1)
    )


def emotion_passages(
    analysis: Analysis, emotion: str, modality: str, top: int | None = None
) -> tuple[Passage, ...]:
    """All rows of one modality with an emotion, in order of time.

    Parameters
    ----------
    analysis
        Of the talk.
    emotion
        The label.
    modality
        `FACE` or `VOICE`.
    top
        So many of the longest ones only; None takes all.
    """
    rows: Sequence[VideoInterval | AudioInterval] = (
        analysis.video_intervals if modality == FACE else analysis.audio_intervals
    )
    row_indices = sorted(ranked_rows(rows, emotion)[:top])
    return tuple(
        Passage(
            number,
            modality,
            rows[row_index].span,
            analysis.comparisons[row_index].video_emotion,
            analysis.comparisons[row_index].audio_emotion,
            analysis.comparisons[row_index].severity,
            rows[row_index].confidence,
            analysis.comparisons[row_index].text,
        )
        for number, row_index in enumerate(row_indices, start=1)
    )


def part_about(span: Span, time_s: float, longest_s: float) -> Span:
    """As much of a span as is no longer than a limit, about a time in it."""
    if span.duration_s <= longest_s:
        return span
    start_s = min(max(span.start_s, time_s - 0.5 * longest_s), span.end_s - longest_s)
    return Span(start_s, start_s + longest_s)


def clip_span(span: Span, lead_in_s: float, duration_s: float) -> Span:
    """Span of a clip: the passage and what comes before it, inside the recording."""
    start_s = max(0.0, span.start_s - lead_in_s)
    return Span(start_s, max(start_s, min(span.end_s, duration_s)))


def in_passes(spans: Sequence[Span], at_once: int) -> list[list[int]]:
    """Indices of spans, shared out so that no more than `at_once` of a group overlap anywhere."""
    groups: list[list[int]] = []
    for span_index in sorted(range(len(spans)), key=lambda index: (spans[index].start_s, index)):
        for group in groups:
            open_now = [
                member for member in group if spans[member].end_s > spans[span_index].start_s
            ]
            if len(open_now) < at_once:
                group.append(span_index)
                break
        else:
            groups.append([span_index])
    return groups
