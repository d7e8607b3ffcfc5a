"""Rows of the face that are firm enough to keep their label, with what each one rests on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from emoreport.analysis.rows.abstention import Level, abstain_faces
from emoreport.analysis.rows.bridge import DEFAULT_BRIDGE, Bridge
from emoreport.analysis.rows.evidence import FrameEvidence
from emoreport.analysis.rows.witnesses import with_face_witness
from emoreport.results import VideoInterval


def firm_faces(
    frames: FrameEvidence,
    rows: Sequence[VideoInterval],
    level: Level,
    bridge: Bridge = DEFAULT_BRIDGE,
) -> tuple[VideoInterval, ...]:
    """Collect evidence and witness of the rows; take the label from those that rest on too little.

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
    bridge
        The label space that the two models share.
    """
    judged = abstain_faces(with_face_witness(frames, with_evidence(frames, rows), bridge), level)
    if len(judged) == len(rows):
        return judged
    measured = with_evidence(frames, judged)
    return tuple(
        whole if row.evidence is None else row for row, whole in zip(judged, measured, strict=True)
    )


def with_evidence(
    frames: FrameEvidence, rows: Sequence[VideoInterval]
) -> tuple[VideoInterval, ...]:
    """Rows that tile the recording, each with what its label rests on."""
    return tuple(
        replace(row, evidence=evidence) for row, evidence in zip(rows, frames.of(rows), strict=True)
    )
