"""From the readings of one video to everything that its tables hold."""

from __future__ import annotations

from typing import cast

from emoreport.analysis.abstention import Level, abstain_voices, usable_windows
from emoreport.analysis.bridge import DEFAULT_BRIDGE, Bridge
from emoreport.analysis.compounds import compound_intervals
from emoreport.analysis.evidence import FrameEvidence, voice_evidence
from emoreport.analysis.firmness import firm_faces
from emoreport.analysis.mismatch import compare_intervals
from emoreport.analysis.mismatch_rows import face_against_voice, mismatch_rows
from emoreport.analysis.pauses import scoped_rows
from emoreport.analysis.relabelling import coded_faces, coded_pieces, coded_voices
from emoreport.analysis.scores import with_audio_dimensions, with_video_dimensions, z_scores
from emoreport.analysis.segmentation import FaceSegmenter
from emoreport.analysis.sensitivity import sensitivity
from emoreport.analysis.summary import summarize
from emoreport.analysis.transition_rows import transition_rows
from emoreport.analysis.transition_statistics import transition_statistics
from emoreport.analysis.transitions import count_transitions
from emoreport.analysis.voice import voice_intervals
from emoreport.records import FaceTrack, Recording, SpeechTrack
from emoreport.results import UNCODED, Analysis, CodedLabels
from emoreport.settings import AnalysisSettings, Settings


def analyze_readings(
    faces: FaceTrack,
    speech: SpeechTrack,
    recording: Recording,
    settings: Settings,
    bridge: Bridge = DEFAULT_BRIDGE,
    labels: CodedLabels = UNCODED,
) -> Analysis:
    """Derive intervals, evidence, comparisons, transitions, statistics and the summary.

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
    labels
        What a person coded; it takes the place of the machine's labels.
    """
    duration_s, level = recording.duration_s, _level(settings.analysis)
    frames = FrameEvidence(faces, duration_s)
    segmenter = FaceSegmenter(faces, duration_s)
    if labels.face is None:
        firm = firm_faces(frames, segmenter.rows(settings.analysis), level)
    else:
        firm = coded_faces(labels.face, faces, frames, duration_s)
    video, dimensions = with_video_dimensions(firm.intervals, faces, bridge)
    heard = voice_intervals(speech, [row.span for row in video], settings.speech)
    evidence = voice_evidence(
        speech, heard, snr_db=speech.extra.get("snr_db"), clipping=speech.extra.get("clipping")
    )
    if labels.voice is None:
        judged = abstain_voices(heard, evidence, level)
    else:
        judged = coded_voices(labels.voice, heard, speech.labels)
    audio = with_audio_dimensions(judged.intervals, speech, bridge)
    comparisons = compare_intervals(video, audio, faces.labels, speech.labels, bridge)
    transitions = count_transitions(video)
    usable = usable_windows(speech, level)
    agreement = face_against_voice(video, faces, speech, duration_s, bridge, usable, labels.voice)
    pieces = scoped_rows(video, faces, speech, duration_s)
    if labels.face is not None:
        pieces = coded_pieces(pieces, video)
    video_z, audio_z = z_scores(faces, speech, video, audio, duration_s, settings.analysis)
    return Analysis(
        video_intervals=video,
        audio_intervals=audio,
        comparisons=comparisons,
        transitions=transitions,
        summary=summarize(
            recording, faces, speech, video, audio, comparisons, transitions, agreement
        ),
        video_evidence=firm.evidence,
        audio_evidence=evidence,
        video_reasons=firm.reasons,
        audio_reasons=judged.reasons,
        video_z=video_z,
        audio_z=audio_z,
        dimensions=dimensions,
        compounds=compound_intervals(video, faces.labels) if settings.analysis.compounds else (),
        transition_statistics=transition_rows(
            video,
            transition_statistics(video),
            # A person's rows do not hang on the settings of the machine.
            ()
            if labels.face is not None
            else sensitivity(
                faces,
                duration_s,
                settings.analysis,
                relabel=lambda rows: firm_faces(frames, rows, level).intervals,
                chosen=video,
                segmenter=segmenter,
            ),
            pieces,
        ),
        mismatch_statistics=mismatch_rows(
            agreement, pieces, faces, speech, duration_s, bridge, usable, labels.voice
        ),
    )


def _level(settings: AnalysisSettings) -> Level:
    return cast("Level", settings.abstention)
