"""What the page shows of one talk, as a document for JSON.

It holds codes and numbers: the words are looked up by the page, in the language chosen there.
Unknown numbers are None.

Readings of frames and of voice windows are packed. Times are unsigned 32-bit integers of 0.1 ms,
probabilities bytes: 0–254 mean 0–1 in steps of 1/254, 255 stands where there is no usable face, or
no speech. The rounding error of a probability is at most 0.002, that of a mean over many frames
much less.
"""

from __future__ import annotations

import base64
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

import numpy as np

from emoreport.finding import finding_sentence
from emoreport.messages import WHY_A_MODEL, retold
from emoreport.page.figures import blocks, cross_table, emotion_rows, tiles, transition_matrix
from emoreport.page.sound import sound_document
from emoreport.precision import precision_sentence
from emoreport.records import (
    DoubleArray,
    FaceTrack,
    FloatArray,
    LabelledSpan,
    RunRecord,
    pieces,
)
from emoreport.results import (
    ACTIONS,
    Analysis,
    AudioInterval,
    Comparison,
    Findings,
    HeardWindow,
    VideoInterval,
    WitnessVerdict,
    voice_steps,
)
from emoreport.settings import LANGUAGES
from emoreport.vocabulary import COLOURS, ICONS, like, text_on

MOST_PEOPLE: Final = 6
"""People who have a line on the page: those seen longest."""
TICKS_PER_S: Final = 10_000
STEPS: Final = 254
MISSING: Final = 255
DECIMALS: Final = 4
HEAD: Final = "head"


def page_document(findings: Findings) -> dict[str, Any]:
    """Everything that the page draws; of the words, only the sentence that says the finding.

    Parameters
    ----------
    findings
        Results, readings and run of one talk.

    Returns
    -------
    Values that `json.dumps` takes; None where something is not known.
    """
    analysis, run = findings.analysis, findings.run
    return {
        "duration_s": analysis.summary.duration_s,
        "finding": {lang: finding_sentence(findings, lang) for lang in LANGUAGES},
        **looks(run.bridge),
        "face_labels": list(findings.faces.labels),
        "voice_labels": list(findings.speech.labels),
        "frames": packed_frames(analysis.seen_faces or findings.faces, analysis.summary.duration_s),
        "windows": packed_windows(analysis.heard_windows, len(findings.speech.labels)),
        "face": face_columns(analysis),
        "voice": voice_columns(analysis.voice_intervals),
        "intervals": piece_columns(analysis),
        "cuts": [_short(cut_s) for cut_s in findings.faces.cuts_s],
        "speech": [[_short(span.start_s), _short(span.end_s)] for span in findings.speech.speech],
        "actions": action_columns(analysis),
        "people": people_columns(analysis),
        "speakers": speaker_columns(analysis),
        "tiles": tiles(findings),
        "blocks": blocks(findings),
        "matrix": transition_matrix(analysis),
        "emotions": emotion_rows(analysis),
        "cross": cross_table(analysis),
        "sound": sound_document(findings),
        "models": models(run),
        "settings": dict(run.settings),
        "recording": recording(findings),
        "warnings": [asdict(warning) for warning in run.warnings],
        "unmapped": [
            [row.statistic, row.emotion]
            for row in analysis.mismatch_statistics
            if row.statistic.startswith("unmapped_")
        ],
    }


def looks(bridge: Mapping[str, str] | None) -> dict[str, dict[str, str]]:
    """Colour, ink and mark of each label: those of the label that the bridge equates it with.

    ``partners`` names that label where it is another one.
    """
    shown = {label: like(label, bridge) for label in COLOURS}
    return {
        "partners": {label: other for label, other in shown.items() if other != label},
        "colours": {label: COLOURS[other] for label, other in shown.items()},
        "inks": {label: text_on(other) for label, other in shown.items()},
        "icons": {label: ICONS[other] for label, other in shown.items()},
    }


def packed_frames(faces: FaceTrack, duration_s: float) -> dict[str, Any]:
    """Frame times and probabilities as base64.

    Parameters
    ----------
    faces
        The readings.
    duration_s
        Length of the recording, seconds: the last frame is on screen until then.

    Returns
    -------
    ``count`` frames; ``time`` of count + 1 integers (the last is the end), little-endian, in units
    of 0.1 ms; ``probabilities`` of K × count bytes, all frames of the first label first.
    """
    end_s = max(duration_s, float(faces.time_s[-1])) if len(faces) else duration_s
    return _packed(np.append(faces.time_s, end_s), faces.probabilities)


def packed_windows(heard: Sequence[HeardWindow], labels: int) -> dict[str, Any]:
    """Times and probabilities of the voice in the layout of `packed_frames`.

    Parameters
    ----------
    heard
        What the window that speaks says; time between two, in which nobody speaks, is missing.
    labels
        Number of classes of the voice model.
    """
    edges_s, shown = voice_steps(heard)
    table = [(np.nan,) * labels if values is None else values for values in shown]
    return _packed(np.asarray(edges_s), np.asarray(table, np.float64).reshape(len(shown), labels))


def _packed(edges_s: DoubleArray, probabilities: FloatArray | DoubleArray) -> dict[str, Any]:
    ticks = np.rint(edges_s * TICKS_PER_S)
    values = np.full(probabilities.shape[::-1], MISSING, dtype=np.uint8)
    for piece in pieces(len(probabilities)):
        table = probabilities[piece]
        steps = np.rint(np.clip(np.nan_to_num(table), 0.0, 1.0) * STEPS).astype(np.uint8)
        values[:, piece] = np.where(np.isnan(table).any(axis=1), MISSING, steps.T)
    return {
        "count": len(probabilities),
        "time": _base64(np.clip(ticks, 0, 2**32 - 1).astype("<u4")),
        "probabilities": _base64(values),
    }


def face_columns(analysis: Analysis) -> dict[str, list[Any]]:
    """The rows of the face, as columns, with the voice over each and how the two compare."""
    rows, compared = analysis.video_intervals, analysis.comparisons
    return {
        **_row_columns(rows),
        "coverage": [_short(row.face_coverage) for row in rows],
        "dimensions": sorted({row.dimensions for row in rows if row.valence is not None}),
        "voice": [row.audio_emotion for row in compared],
        "match": [row.match for row in compared],
        "severity": [_short(row.severity) for row in compared],
    }


def voice_columns(rows: Sequence[AudioInterval]) -> dict[str, list[Any]]:
    """The voice's own rows, as columns."""
    return {
        **_row_columns(rows),
        "speech_s": [_short(row.speech_s) for row in rows],
        "intensity": [_short(row.intensity) for row in rows],
    }


def action_columns(analysis: Analysis) -> dict[str, dict[str, list[float | None]]] | None:
    """Start and end of every event of the face, by action; None where none were measured."""
    if analysis.action_summary is None:
        return None
    spans = {
        action: [event.span for event in analysis.action_events if event.action == action]
        for action in ACTIONS
    }
    return {
        action: {
            "start": [_short(span.start_s) for span in found],
            "end": [_short(span.end_s) for span in found],
        }
        for action, found in spans.items()
    }


def people_columns(analysis: Analysis) -> dict[str, list[Any]] | None:
    """When each of the people seen longest is seen; None where one is all."""
    if len(analysis.people) < 2:
        return None
    shown = analysis.people[:MOST_PEOPLE]
    spans = [(row, span) for row, person in enumerate(shown) for span in person.spans]
    spans.sort(key=lambda pair: pair[1].start_s)
    return {
        "names": [person.person for person in shown],
        "chosen": [person.is_chosen for person in shown],
        "start": [_short(span.start_s) for _, span in spans],
        "end": [_short(span.end_s) for _, span in spans],
        "row": [row for row, _ in spans],
    }


def speaker_columns(analysis: Analysis) -> dict[str, list[Any]] | None:
    """Who speaks when; None where it is one person all the time."""
    if not analysis.several_speak:
        return None
    spans = analysis.named_speaking
    return {
        "start": [_short(span.start_s) for span in spans],
        "end": [_short(span.end_s) for span in spans],
        "speaker": [span.speaker for span in spans],
    }


def _row_columns(rows: Sequence[VideoInterval] | Sequence[AudioInterval]) -> dict[str, list[Any]]:
    return {
        "start": [_short(row.span.start_s) for row in rows],
        "end": [_short(row.span.end_s) for row in rows],
        "label": [row.emotion for row in rows],
        "valence": [_short(row.valence) for row in rows],
        "arousal": [_short(row.arousal) for row in rows],
        "confidence": [_short(row.confidence) for row in rows],
        "reasons": [list(row.reasons) for row in rows],
        "witness": [_witness(row.witness) for row in rows],
    }


def _witness(verdict: WitnessVerdict | None) -> list[Any] | None:
    return None if verdict is None else [verdict.emotion, _short(verdict.agreement)]


def piece_columns(analysis: Analysis) -> dict[str, list[Any]]:
    """Where rows of face and voice meet: labels, comparison, and which rows of each they are."""
    pieces = analysis.face_voice
    return {
        "start": [_short(piece.span.start_s) for piece in pieces],
        "end": [_short(piece.span.end_s) for piece in pieces],
        "face": [piece.video_emotion for piece in pieces],
        "voice": [piece.audio_emotion for piece in pieces],
        "match": [piece.match for piece in pieces],
        "severity": [_short(piece.severity) for piece in pieces],
        "face_row": _owners(pieces, analysis.video_intervals),
        "voice_row": _owners(pieces, analysis.voice_intervals),
    }


def _owners(pieces: Sequence[Comparison], rows: Sequence[LabelledSpan]) -> list[int]:
    """Which row each piece is of."""
    starts = [row.span.start_s for row in rows]
    return [bisect_right(starts, piece.span.centre_s) - 1 for piece in pieces]


def models(run: RunRecord) -> list[dict[str, Any]]:
    """The models and detectors that ran, with what is known of each."""
    facts = ("name", "version", "runtime", "device", "licence")
    detectors = {role: run.models[role] for role in run.models if role not in (*run.judges, HEAD)}
    ran = {**run.judges, **detectors}
    return [
        {
            "role": role,
            **{name: value for name in facts if (value := getattr(model, name))},
            "reason": {
                lang: retold(model.reason, WHY_A_MODEL, lang) for lang in LANGUAGES if model.reason
            },
            "files": [[name, digest] for name, digest in model.files.items()],
            "labels": list(model.labels),
            "right": {
                lang: precision_sentence(model, lang) for lang in LANGUAGES if model.has_emotions
            },
        }
        for role, model in ran.items()
    ]


def recording(findings: Findings) -> dict[str, Any]:
    """What is known of the recording and of the run, for the head of the page."""
    summary, run = findings.analysis.summary, findings.run
    return {
        "name": run.input.name,
        "sha256": run.input.sha256,
        "duration_s": summary.duration_s,
        "frames": summary.frames,
        "frame_rate_hz": summary.frame_rate_hz,
        "width_px": run.media.width_px,
        "height_px": run.media.height_px,
        "time_quality": run.time_quality,
        "decode_failures": run.decode_failures,
        "created": run.created,
        "program": run.program_version,
    }


def _short(value: float | None) -> float | None:
    return None if value is None else round(float(value), DECIMALS)


def _base64(values: np.ndarray[Any, Any]) -> str:
    return base64.b64encode(values.tobytes()).decode("ascii")
