"""Make the rows of face and voice from the readings; all statistics rest on these rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import cast

from emoreport.analysis.rows.abstention import Level, abstain_voices
from emoreport.analysis.rows.bridge import Bridge
from emoreport.analysis.rows.evidence import FrameEvidence, voice_evidence
from emoreport.analysis.rows.firmness import firm_faces
from emoreport.analysis.rows.relabelling import coded_faces, coded_voices
from emoreport.analysis.rows.scores import with_audio_dimensions, with_video_dimensions
from emoreport.analysis.rows.segmentation import FaceSegmenter
from emoreport.analysis.rows.voice import voice_intervals
from emoreport.analysis.rows.witnesses import (
    with_face_witness,
    with_voice_witness,
    witness_track,
)
from emoreport.records import UNCODED, CodedLabels, FaceTrack, SpeechTrack
from emoreport.results import AudioInterval, VideoInterval
from emoreport.settings import AnalysisSettings, Settings


@dataclass(frozen=True, slots=True)
class JudgedRows:
    """Rows of one talk.

    Attributes
    ----------
    video, audio
        Rows of face and voice over the same spans, with their evidence and reasons.
    frames, segmenter
        What the rows of the face were made with, for those who cut the same frames again.
    """

    video: tuple[VideoInterval, ...]
    audio: tuple[AudioInterval, ...]
    frames: FrameEvidence
    segmenter: FaceSegmenter


def judge_rows(
    faces: FaceTrack,
    speech: SpeechTrack,
    duration_s: float,
    settings: Settings,
    bridge: Bridge,
    labels: CodedLabels = UNCODED,
) -> JudgedRows:
    """Cut the talk into rows and take back the labels that rest on too little.

    Parameters
    ----------
    faces, speech
        Readings.
    duration_s
        Length of the recording, seconds.
    settings
        The groups `analysis` and `speech` are used.
    bridge
        Shared label space of face and voice.
    labels
        What a person coded; it takes the place of the machine's labels.
    """
    level = abstention_level(settings.analysis)
    frames, segmenter = FrameEvidence(faces, duration_s), FaceSegmenter(faces, duration_s)
    if labels.face is None:
        firm = firm_faces(frames, segmenter.rows(settings.analysis), level, bridge)
    else:
        coded = coded_faces(labels.face, faces, frames, duration_s)
        firm = with_face_witness(frames, coded, bridge)
    video = with_video_dimensions(firm, faces, bridge)
    spans = [row.span for row in video]
    heard = voice_intervals(speech, spans, settings.speech)
    evidence = voice_evidence(
        speech, heard, snr_db=speech.extra.get("snr_db"), clipping=speech.extra.get("clipping")
    )
    heard = tuple(replace(row, evidence=facts) for row, facts in zip(heard, evidence, strict=True))
    other = witness_track(speech)
    if other is not None:
        beside = voice_intervals(other, spans, settings.speech)
        heard = with_voice_witness(heard, beside, speech, bridge)
    if labels.voice is None:
        judged = abstain_voices(heard, level)
    else:
        judged = coded_voices(labels.voice, heard, speech.labels)
    return JudgedRows(
        video=video,
        audio=with_audio_dimensions(judged, speech, bridge),
        frames=frames,
        segmenter=segmenter,
    )


def abstention_level(settings: AnalysisSettings) -> Level:
    """How much evidence a label needs."""
    return cast("Level", settings.abstention)
