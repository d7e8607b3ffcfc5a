"""From the readings of one video to everything that its tables hold."""

from __future__ import annotations

from emoreport.analysis.bridge import DEFAULT_BRIDGE, Bridge
from emoreport.analysis.mismatch import compare_intervals
from emoreport.analysis.segmentation import segment_faces
from emoreport.analysis.summary import summarize
from emoreport.analysis.transitions import count_transitions
from emoreport.analysis.voice import voice_intervals
from emoreport.records import Analysis, FaceTrack, Recording, SpeechTrack
from emoreport.settings import Settings


def analyze_readings(
    faces: FaceTrack,
    speech: SpeechTrack,
    recording: Recording,
    settings: Settings,
    bridge: Bridge = DEFAULT_BRIDGE,
) -> Analysis:
    """Derive intervals, comparisons, transitions and the summary from readings.

    Nothing but the arguments is looked at, so that readings that were stored and read back give
    the same result.

    Parameters
    ----------
    faces
        Frame readings; may be empty or without any face.
    speech
        Voice windows and spans of speech; may be empty.
    recording
        Name, duration and models.
    settings
        The groups `analysis` and `speech` are used.
    bridge
        Shared label space of face and voice.
    """
    video = segment_faces(faces, recording.duration_s, settings.analysis)
    audio = voice_intervals(speech, [row.span for row in video], settings.speech)
    comparisons = compare_intervals(video, audio, faces.labels, speech.labels, bridge)
    transitions = count_transitions(video)
    summary = summarize(recording, faces, speech, video, audio, comparisons, transitions)
    return Analysis(video, audio, comparisons, transitions, summary)
