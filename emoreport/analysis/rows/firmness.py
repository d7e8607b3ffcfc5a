"""Rows of the face that are firm enough to keep their label, with what each one rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from emoreport.analysis.rows.abstention import Level, abstain_faces
from emoreport.analysis.rows.evidence import FrameEvidence
from emoreport.results import FaceEvidence, VideoInterval


@dataclass(frozen=True, slots=True)
class FirmFaces:
    """Rows of the face after abstention, one piece of evidence and one tuple of reasons each."""

    intervals: tuple[VideoInterval, ...]
    evidence: tuple[FaceEvidence, ...]
    reasons: tuple[tuple[str, ...], ...]


def firm_faces(frames: FrameEvidence, rows: Sequence[VideoInterval], level: Level) -> FirmFaces:
    """Collect the evidence of the rows and take the label from those that rest on too little.

    A row that lost its label keeps the evidence that it lost it for; rows that became one are
    measured as one.

    Parameters
    ----------
    frames
        Evidence of the frames.
    rows
        Rows that tile the recording.
    level
        How much evidence a label needs.
    """
    before = frames.of(rows)
    judged = abstain_faces(rows, before, level)
    if len(judged.intervals) == len(rows):
        return FirmFaces(judged.intervals, before, judged.reasons)
    known = {row.span: facts for row, facts in zip(rows, before, strict=True)}
    after = frames.of(judged.intervals)
    evidence = tuple(
        known.get(row.span, facts) for row, facts in zip(judged.intervals, after, strict=True)
    )
    return FirmFaces(judged.intervals, evidence, judged.reasons)
