"""Rows of the face that are firm enough to keep their label, with what each one rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from emoreport.analysis.abstention import Level, abstain_faces
from emoreport.analysis.evidence import face_evidence
from emoreport.records import FaceTrack
from emoreport.results import FaceEvidence, VideoInterval


@dataclass(frozen=True, slots=True)
class FirmFaces:
    """Rows of the face after abstention, one piece of evidence and one tuple of reasons each."""

    intervals: tuple[VideoInterval, ...]
    evidence: tuple[FaceEvidence, ...]
    reasons: tuple[tuple[str, ...], ...]


def firm_faces(
    faces: FaceTrack, rows: Sequence[VideoInterval], duration_s: float, level: Level
) -> FirmFaces:
    """Collect the evidence of the rows and take the label from those that rest on too little.

    A row that lost its label keeps the evidence that it lost it for; rows that became one are
    measured as one.

    Parameters
    ----------
    faces
        Frame readings.
    rows
        Rows that tile [0, `duration_s`].
    duration_s
        Length of the recording, seconds.
    level
        How much evidence a label needs.
    """
    before = face_evidence(faces, rows, duration_s)
    judged = abstain_faces(rows, before, level)
    if len(judged.intervals) == len(rows):
        return FirmFaces(judged.intervals, before, judged.reasons)
    known = {row.span: facts for row, facts in zip(rows, before, strict=True)}
    after = face_evidence(faces, judged.intervals, duration_s)
    evidence = tuple(
        known.get(row.span, facts) for row, facts in zip(judged.intervals, after, strict=True)
    )
    return FirmFaces(judged.intervals, evidence, judged.reasons)
