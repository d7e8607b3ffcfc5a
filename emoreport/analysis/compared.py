"""The rows that talks are compared by, without the statistics of the single talk."""

from __future__ import annotations

from typing import cast

from emoreport.analysis.abstention import Level, abstain_voices
from emoreport.analysis.bridge import Bridge
from emoreport.analysis.evidence import FrameEvidence, voice_evidence
from emoreport.analysis.firmness import firm_faces
from emoreport.analysis.mismatch import compare_intervals
from emoreport.analysis.scores import with_video_dimensions
from emoreport.analysis.segmentation import segment_faces
from emoreport.analysis.voice import voice_intervals
from emoreport.records import FaceTrack, SpeechTrack
from emoreport.results import Comparison, VideoInterval
from emoreport.settings import Settings


def compared_rows(
    faces: FaceTrack, speech: SpeechTrack, duration_s: float, settings: Settings, bridge: Bridge
) -> tuple[tuple[VideoInterval, ...], tuple[Comparison, ...]]:
    """Rows of the face, with valence, and face against voice; the same as `analyze_readings`.

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
    """
    level = cast("Level", settings.analysis.abstention)
    cut = segment_faces(faces, duration_s, settings.analysis)
    firm = firm_faces(FrameEvidence(faces, duration_s), cut, level)
    video, _ = with_video_dimensions(firm.intervals, faces, bridge)
    heard = voice_intervals(speech, [row.span for row in video], settings.speech)
    evidence = voice_evidence(
        speech, heard, snr_db=speech.extra.get("snr_db"), clipping=speech.extra.get("clipping")
    )
    judged = abstain_voices(heard, evidence, level)
    return video, compare_intervals(video, judged.intervals, faces.labels, speech.labels, bridge)
