"""Make the rows of face and voice from the readings; all statistics rest on these rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from emoreport.analysis.rows.abstention import (
    Level,
    abstain_voices,
    abstention_level,
    united_reasons,
    usable_windows,
)
from emoreport.analysis.rows.bridge import Bridge
from emoreport.analysis.rows.doubt import DISTANCE
from emoreport.analysis.rows.evidence import FrameEvidence, WindowShares, voice_evidence
from emoreport.analysis.rows.firmness import firm_faces
from emoreport.analysis.rows.relabelling import coded_faces, coded_speech, coded_voices
from emoreport.analysis.rows.scores import with_audio_dimensions, with_video_dimensions
from emoreport.analysis.rows.segmentation import FaceSegmenter
from emoreport.analysis.rows.shots import in_shots
from emoreport.analysis.rows.voice import audio_intervals, known_span_means, own_labels
from emoreport.analysis.rows.voice_segmentation import VoiceMeasure, joined, segment_voice
from emoreport.analysis.rows.witnesses import (
    with_face_witness,
    with_voice_witness,
    witness_track,
)
from emoreport.records import UNCODED, CodedLabels, FaceTrack, LabelledSpan, Span, SpeechTrack
from emoreport.results import AudioInterval, VideoInterval
from emoreport.settings import AnalysisSettings, Settings, SpeechSettings


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
        Readings, `doubted`.
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
        firm = judge_faces(frames, segmenter, settings.analysis, bridge)
    else:
        coded = in_shots(coded_faces(labels.face, faces, frames, duration_s), faces)
        firm = with_face_witness(frames, coded, bridge)
    video = with_video_dimensions(firm, faces, bridge)
    spans = [row.span for row in video]
    return JudgedRows(
        video=video,
        audio=in_shots(
            hear_rows(speech, spans, settings.speech, level, bridge, labels.voice), faces
        ),
        frames=frames,
        segmenter=segmenter,
    )


def judge_faces(
    frames: FrameEvidence, segmenter: FaceSegmenter, settings: AnalysisSettings, bridge: Bridge
) -> tuple[VideoInterval, ...]:
    """The rows of a face as the machine cuts and judges them; parameters as in `JudgedRows`."""
    return firm_faces(frames, segmenter.rows(settings), abstention_level(settings), bridge)


def hear_rows(
    speech: SpeechTrack,
    spans: Sequence[Span],
    settings: SpeechSettings,
    level: Level,
    bridge: Bridge,
    coded: Sequence[LabelledSpan] | None = None,
) -> tuple[AudioInterval, ...]:
    """Label the voice over the spans of the face's rows, and judge these rows.

    Parameters
    ----------
    speech
        Readings, `doubted`.
    spans
        The rows.
    settings
        Least seconds of speech.
    level
        How much evidence a label needs.
    bridge
        Shared label space of face and voice.
    coded
        The voice as a person coded it; None: as the model heard it.
    """
    heard = audio_intervals(speech, spans, settings)
    shares = WindowShares(
        known_span_means(speech, spans, own_labels(speech)),
        known_span_means(speech, spans, own_labels(speech, usable_windows(speech))),
    )
    heard = _with_evidence(speech, heard, shares)
    other = witness_track(speech)
    if other is not None:
        beside = audio_intervals(other, spans, settings)
        heard = with_voice_witness(heard, beside, speech, bridge)
    if coded is None:
        judged = abstain_voices(heard, level)
    else:
        judged = coded_voices(coded, heard, speech.labels)
    return with_audio_dimensions(judged, speech, bridge)


def judge_voice(
    speech: SpeechTrack,
    duration_s: float,
    settings: Settings,
    bridge: Bridge,
    labels: CodedLabels = UNCODED,
) -> tuple[AudioInterval, ...]:
    """Cut the voice into rows of its own, which tile the recording, and judge them likewise.

    Parameters are those of `judge_rows`. Uncertain neighbours become one row.
    """
    level = abstention_level(settings.analysis)
    hearing = _Hearing(speech, duration_s, bridge)
    if labels.voice is not None:
        coded = coded_speech(labels.voice, speech, duration_s, settings.speech)
        return with_audio_dimensions(hearing.rows(coded), speech, bridge)
    judged = abstain_voices(hearing.rows(segment_voice(speech, duration_s, settings)), level)
    tiles = joined(judged)
    if len(tiles) < len(judged):
        judged = _measured_again(judged, hearing.rows(tiles))
    return with_audio_dimensions(judged, speech, bridge)


class _Hearing:
    """What the voice model and its witness say of any spans that tile a recording."""

    def __init__(self, speech: SpeechTrack, duration_s: float, bridge: Bridge) -> None:
        self._speech, self._bridge = speech, bridge
        self._measure = VoiceMeasure(speech, duration_s, usable_windows(speech))
        other = witness_track(speech)
        self._other = None
        if other is not None:
            self._other = VoiceMeasure(other, duration_s, usable_windows(other))

    def rows(self, spans: Sequence[LabelledSpan]) -> tuple[AudioInterval, ...]:
        """Rows with their evidence and what the witness says of them."""
        heard = _with_evidence(self._speech, *self._measure.rows(spans))
        if self._other is None:
            return heard
        beside, _ = self._other.rows(spans)
        return with_voice_witness(heard, beside, self._speech, self._bridge)


def _measured_again(
    parts: Sequence[AudioInterval], whole: Sequence[AudioInterval]
) -> tuple[AudioInterval, ...]:
    """The rows that `parts` make up, each with the reasons of all of its parts."""
    rest = iter(parts)
    rows = []
    for row in whole:
        part = next(rest)
        if part.span == row.span:
            rows.append(part)
            continue
        reasons = set(part.reasons)
        while part.span.end_s < row.span.end_s:
            part = next(rest)
            reasons.update(part.reasons)
        rows.append(replace(row, reasons=united_reasons(reasons)))
    return tuple(rows)


def _with_evidence(
    speech: SpeechTrack, rows: Sequence[AudioInterval], shares: WindowShares
) -> tuple[AudioInterval, ...]:
    """Rows of the voice, each with what its label rests on."""
    evidence = voice_evidence(
        speech,
        rows,
        snr_db=speech.extra.get("snr_db"),
        clipping=speech.extra.get("clipping"),
        distance=speech.extra.get(DISTANCE),
        shares=shares,
    )
    return tuple(replace(row, evidence=facts) for row, facts in zip(rows, evidence, strict=True))
