"""Write everything that is known of one talk as one JSON document with a published schema.

The schema is docs/schema/findings-1.schema.json; a wheel carries it. A later version may add
members; a change of the meaning or the name of one makes a new version number.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emoreport.exchange.writers import Files, Media
from emoreport.records import FaceTrack, SoundContour, Span, SpeechTrack, WitnessReadings
from emoreport.results import (
    AcousticInterval,
    ActionEvent,
    ActionInterval,
    Analysis,
    AudioInterval,
    Comparison,
    CompoundScores,
    Findings,
    HeadInterval,
    SpeechRate,
    SpokenWord,
    Statistic,
    Summary,
    TextInterval,
    VideoInterval,
)
from emoreport.run import run_json
from emoreport.vocabulary import COMPOUND_NAMES

VERSION: Final = 1
SCHEMA_FILE: Final = "findings-1.schema.json"

MISMATCH_NAMES: Final = {
    "share": "mismatch_share",
    "expected": "expected_mismatch_share",
    "verdict": "mismatch_verdict",
    "note": "mismatch_note",
    "p_value": "mismatch_p_value",
}
"""What the figures of `MismatchFigure` are called in the summary, where it is more than their name.
"""

TIME_DECIMALS: Final = 6
VALUE_DECIMALS: Final = 6


def findings_files(findings: Findings, _media: Media, _lang: str) -> Files:
    """The document, UTF-8; null is what is not known.

    Times are seconds to the microsecond, other numbers are rounded to six decimals.
    """
    analysis = findings.analysis
    document = {
        "$schema": SCHEMA_FILE,
        "format": "emoreport findings",
        "version": VERSION,
        "run": run_json.document(findings.run),
        "people": [
            _rounded({**asdict(row), "spans": [_pair(span) for span in row.spans]})
            for row in analysis.people
        ],
        "person": analysis.person,
        "summary": _summary(analysis.summary),
        "face": _face_rows(analysis, findings.faces.labels),
        "voice": _voice_rows(analysis.audio_intervals, findings.speech.labels),
        "voice_intervals": _voice_rows(analysis.voice_intervals, findings.speech.labels),
        "comparisons": _comparisons(analysis.comparisons),
        "face_voice": _comparisons(analysis.face_voice),
        "acoustics": _timed_rows(analysis.acoustics),
        "head_intervals": _head_rows(analysis.head_intervals),
        "words": _timed_rows(analysis.words or ()),
        "speech_rates": _timed_rows(analysis.speech_rates),
        "text_labels": list(analysis.text_labels),
        "text_intervals": _text_rows(analysis.text_intervals, analysis.text_labels),
        "text_clauses": _text_rows(analysis.text_clauses, analysis.text_labels),
        "modality_statistics": [_rounded(asdict(row)) for row in analysis.modality_statistics],
        "action_intervals": _action_rows(analysis.action_intervals),
        "action_events": _timed_rows(analysis.action_events),
        "speaking": [_rounded(asdict(span)) for span in analysis.speaking],
        "action_summary": None
        if analysis.action_summary is None
        else _rounded(asdict(analysis.action_summary)),
        "transitions": [
            {
                "from": row.origin,
                "to": row.target,
                "count": row.count,
                "probability": _value(row.probability),
            }
            for row in analysis.transitions
        ],
        "transition_statistics": _statistics(analysis.transition_statistics),
        "mismatch_statistics": _statistics(analysis.mismatch_statistics),
        "readings": {
            "face": _face_readings(findings.faces),
            "voice": _voice_readings(findings.speech),
        },
    }
    return {"_findings.json": _pretty(document).encode("utf-8", "backslashreplace")}


def _summary(summary: Summary) -> dict[str, Any]:
    figures = asdict(summary)
    return _rounded(
        figures
        | {MISMATCH_NAMES.get(name, name): value for name, value in figures.pop("mismatch").items()}
    )


def _pretty(document: Mapping[str, Any]) -> str:
    """One line per member and per row: readable, and not a line per number of the readings."""
    encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False).encode
    lines = []
    for name, content in document.items():
        if isinstance(content, list):
            rows = ",\n    ".join(map(encode, content))
            lines.append(
                f"  {encode(name)}: [\n    {rows}\n  ]" if rows else f"  {encode(name)}: []"
            )
        else:
            lines.append(f"  {encode(name)}: {encode(content)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _face_rows(analysis: Analysis, labels: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {
            "start_s": _time(row.span.start_s),
            "end_s": _time(row.span.end_s),
            "emotion": row.emotion,
            "confidence": _value(row.confidence),
            "face_coverage": _value(row.face_coverage),
            "frames": row.frames,
            "probabilities": _named(labels, row.distribution),
            "valence": _value(row.valence),
            "arousal": _value(row.arousal),
            "dimensions": row.dimensions,
            **_grounds(row, labels),
            "compounds": _compounds(row.compounds),
            "shot": row.shot,
            "after_cut": row.after_cut,
        }
        for row in analysis.video_intervals
    ]


def _voice_rows(rows: Iterable[AudioInterval], labels: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {
            "start_s": _time(row.span.start_s),
            "end_s": _time(row.span.end_s),
            "emotion": row.emotion,
            "confidence": _value(row.confidence),
            "speech_s": _value(row.speech_s),
            "probabilities": _named(labels, row.distribution),
            "valence": _value(row.valence),
            "arousal": _value(row.arousal),
            **_grounds(row, labels),
            "intensity": _value(row.intensity),
            "intensity_vs_own": _value(row.intensity_vs_own),
            "shot": row.shot,
            "speaker": row.speaker,
        }
        for row in rows
    ]


def _comparisons(rows: Iterable[Comparison]) -> list[dict[str, Any]]:
    return [
        {
            "start_s": _time(row.span.start_s),
            "end_s": _time(row.span.end_s),
            "face_emotion": row.video_emotion,
            "voice_emotion": row.audio_emotion,
            "match": row.match,
            "severity": _value(row.severity),
            "text": row.text,
            "text_emotion": row.text_emotion,
            "shot": row.shot,
            "not_compared": row.not_compared,
        }
        for row in rows
    ]


def _text_rows(rows: Iterable[TextInterval], labels: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {
            "start_s": _time(row.span.start_s),
            "end_s": _time(row.span.end_s),
            "emotion": row.emotion,
            "confidence": _value(row.confidence),
            "words": row.words,
            "text": row.text,
            "probabilities": _named(labels, row.distribution),
            "evidence": None if row.evidence is None else _rounded(asdict(row.evidence)),
            "uncertain_because": list(row.reasons),
        }
        for row in rows
    ]


def _timed_rows(
    rows: Iterable[AcousticInterval | SpokenWord | SpeechRate | ActionEvent],
) -> list[dict[str, Any]]:
    """Rows whose members have the names that the document gives them."""
    return [
        {
            "start_s": _time(row.span.start_s),
            "end_s": _time(row.span.end_s),
            **_rounded({name: value for name, value in asdict(row).items() if name != "span"}),
        }
        for row in rows
    ]


def _head_rows(rows: Iterable[HeadInterval]) -> list[dict[str, Any]]:
    return [
        {
            "start_s": _time(row.span.start_s),
            "end_s": _time(row.span.end_s),
            "label": row.label,
            "confidence": _value(row.confidence),
        }
        for row in rows
    ]


def _action_rows(rows: Iterable[ActionInterval]) -> list[dict[str, Any]]:
    """Means of the measures over the rows of the face."""
    return [
        {
            "start_s": _time(row.span.start_s),
            "end_s": _time(row.span.end_s),
            "emotion": row.emotion,
            "looks": row.looks,
            "blinks": row.blinks,
            "means": {name: _value(value) for name, value in row.means.items()},
        }
        for row in rows
    ]


def _grounds(row: VideoInterval | AudioInterval, labels: Sequence[str]) -> dict[str, Any]:
    """What a label rests on, why it was taken away, the speaker's baseline, and the witness."""
    return {
        "evidence": None if row.evidence is None else _rounded(asdict(row.evidence)),
        "uncertain_because": list(row.reasons),
        "z": _named(labels, row.z or None),
        "witness": None if row.witness is None else _rounded(asdict(row.witness)),
    }


def _compounds(compounds: CompoundScores | None) -> dict[str, Any] | None:
    if compounds is None or compounds.leading is None:
        return None
    return {"leading": compounds.leading, "scores": _named(COMPOUND_NAMES, compounds.scores)}


def _named(
    names: Iterable[str], values: Iterable[float | None] | None
) -> dict[str, float | None] | None:
    if values is None:
        return None
    return {name: _value(value) for name, value in zip(names, values, strict=True)}


def _statistics(rows: Iterable[Statistic]) -> list[dict[str, Any]]:
    return [_rounded(asdict(row)) for row in rows]


def _rounded(record: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: _value(value) if isinstance(value, float) else value for name, value in record.items()
    }


def _pair(span: Span) -> list[float]:
    return [_time(span.start_s), _time(span.end_s)]


def _value(value: float | None) -> float | None:
    return None if value is None or not np.isfinite(value) else round(float(value), VALUE_DECIMALS)


def _time(time_s: float) -> float:
    return round(float(time_s), TIME_DECIMALS)


def _column(values: NDArray[Any] | None) -> list[Any] | None:
    """An array as nested lists, null for NaN."""
    if values is None:
        return None
    if values.dtype.kind != "f":
        return list(values.tolist())
    rounded = np.round(values.astype(np.float64), VALUE_DECIMALS).astype(object)
    rounded[~np.isfinite(values)] = None
    return list(rounded.tolist())


def _columns(extra: Mapping[str, NDArray[Any]]) -> dict[str, list[Any] | None]:
    return {name: _column(values) for name, values in extra.items()}


def _face_readings(faces: FaceTrack) -> dict[str, Any]:
    return {
        "labels": list(faces.labels),
        "time_s": _column(faces.time_s),
        "frame": _column(faces.frame),
        "faces": _column(faces.faces),
        "box_px": _column(faces.box),
        "detection_score": _column(faces.detection_score),
        "probabilities": _column(faces.probabilities),
        "valence": _column(faces.valence),
        "arousal": _column(faces.arousal),
        "extra": _columns(faces.extra),
        "witness": _witness(faces.witness),
        "shot": _column(faces.shot),
    }


def _voice_readings(speech: SpeechTrack) -> dict[str, Any]:
    return {
        "labels": list(speech.labels),
        "start_s": _column(speech.start_s),
        "end_s": _column(speech.end_s),
        "speech_s": _column(speech.speech_s),
        "probabilities": _column(speech.probabilities),
        "speech": [[_time(span.start_s), _time(span.end_s)] for span in speech.speech],
        "extra": _columns(speech.extra),
        "witness": _witness(speech.witness),
        "contour": _contour(speech.contour),
    }


def _contour(contour: SoundContour | None) -> dict[str, Any] | None:
    """Pitch and level, frame by frame."""
    if contour is None:
        return None
    names = ("time_s", "f0_hz", "level_db")
    return {name: _column(getattr(contour, name)) for name in names}


def _witness(readings: WitnessReadings | None) -> dict[str, Any] | None:
    """What a second model read, row by row beside the probabilities of the first."""
    if readings is None:
        return None
    return {"labels": list(readings.labels), "probabilities": _column(readings.probabilities)}
