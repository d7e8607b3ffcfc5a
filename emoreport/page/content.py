"""What the page shows of one talk, as a document for JSON.

It holds only codes and numbers: the words are looked up by the page, in the language chosen
there. Unknown numbers are None.

Readings of frames are packed. Times are unsigned 32-bit integers of 0.1 ms, probabilities bytes:
0–254 mean 0–1 in steps of 1/254, 255 for a frame without a usable face. The rounding error of
a probability is at most 0.002, that of a mean over many frames much less.
"""

from __future__ import annotations

import base64
from dataclasses import asdict
from typing import Any, Final

import numpy as np

from emoreport.page.figures import cards, cross_table, emotion_rows, transition_matrix
from emoreport.records import FaceTrack, RunRecord
from emoreport.results import Analysis, Findings, WitnessVerdict
from emoreport.vocabulary import COLOURS, ICONS, text_on

TICKS_PER_S: Final = 10_000
STEPS: Final = 254
MISSING: Final = 255
DECIMALS: Final = 4


def page_document(findings: Findings) -> dict[str, Any]:
    """Everything that the page draws, without words.

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
        "colours": dict(COLOURS),
        "inks": {label: text_on(label) for label in COLOURS},
        "icons": dict(ICONS),
        "face_labels": list(findings.faces.labels),
        "frames": packed_frames(findings.faces, analysis.summary.duration_s),
        "intervals": interval_columns(analysis),
        "speech": [[_short(span.start_s), _short(span.end_s)] for span in findings.speech.speech],
        "cards": cards(findings),
        "matrix": transition_matrix(analysis),
        "emotions": emotion_rows(analysis),
        "cross": cross_table(analysis),
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
    ticks = np.rint(np.append(faces.time_s, end_s) * TICKS_PER_S)
    values = np.full(faces.probabilities.shape, MISSING, dtype=np.uint8)
    valid = faces.valid
    values[valid] = np.rint(np.clip(faces.probabilities[valid], 0.0, 1.0) * STEPS).astype(np.uint8)
    return {
        "count": len(faces),
        "time": _base64(np.clip(ticks, 0, 2**32 - 1).astype("<u4")),
        "probabilities": _base64(np.ascontiguousarray(values.T)),
    }


def interval_columns(analysis: Analysis) -> dict[str, list[Any]]:
    """The rows of the face, the voice and their comparison side by side, as columns."""
    rows = list(
        zip(analysis.video_intervals, analysis.audio_intervals, analysis.comparisons, strict=True)
    )
    return {
        "start": [_short(face.span.start_s) for face, _, _ in rows],
        "end": [_short(face.span.end_s) for face, _, _ in rows],
        "face": [face.emotion for face, _, _ in rows],
        "voice": [voice.emotion for _, voice, _ in rows],
        "face_confidence": [_short(face.confidence) for face, _, _ in rows],
        "voice_confidence": [_short(voice.confidence) for _, voice, _ in rows],
        "face_coverage": [_short(face.face_coverage) for face, _, _ in rows],
        "speech_s": [_short(voice.speech_s) for _, voice, _ in rows],
        "match": [both.match for _, _, both in rows],
        "severity": [_short(both.severity) for _, _, both in rows],
        "face_reasons": [list(face.reasons) for face, _, _ in rows],
        "voice_reasons": [list(voice.reasons) for _, voice, _ in rows],
        "face_witness": [_witness(face.witness) for face, _, _ in rows],
        "voice_witness": [_witness(voice.witness) for _, voice, _ in rows],
    }


def _witness(verdict: WitnessVerdict | None) -> list[Any] | None:
    return None if verdict is None else [verdict.emotion, _short(verdict.agreement)]


def models(run: RunRecord) -> list[dict[str, Any]]:
    """The models and detectors that ran, with what is known of each."""
    facts = ("name", "version", "runtime", "device", "licence", "reason")
    return [
        {
            "role": role,
            **{name: value for name in facts if (value := getattr(model, name))},
            "files": [[name, digest] for name, digest in model.files.items()],
            "labels": list(model.labels),
        }
        for role, model in run.models.items()
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
