"""Put what a head says in its place: over the face, over the voice, or beside both.

The reasons are in docs/decisions/0013-trained-heads.md.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from emoreport.errors import ModelError
from emoreport.heads.head import Head, scores_at
from emoreport.heads.metadata import HeadMetadata
from emoreport.records import (
    WITNESS_MEASURE,
    DoubleArray,
    FaceTrack,
    FloatArray,
    HeadRecord,
    HeadTrack,
    Precision,
    SpeechTrack,
    WitnessReadings,
)
from emoreport.vocabulary import is_emotion, label_named

_Track = TypeVar("_Track", FaceTrack, SpeechTrack)

RAW_AFFECT = ("valence_raw", "arousal_raw")
"""Further columns about the valence and arousal of the model itself."""


@dataclass(frozen=True, slots=True)
class HeadedReadings:
    """Readings of a recording with those of a head in their place.

    Attributes
    ----------
    faces, speech
        As the head leads them.
    table
        What the head says where it has a table of its own; else None.
    """

    faces: FaceTrack
    speech: SpeechTrack
    table: HeadTrack | None


def named_record(head: Head) -> HeadRecord:
    """The record of a head, expressions named as in the vocabulary.

    Raises
    ------
    ModelError
        When the head names expressions that the vocabulary does not know.
    """
    record = replace(head.record, precision=measured_precision(head.metadata))
    if record.task != "expr":
        return record
    labels = tuple(label_named(label) or label for label in record.labels)
    unknown = [label for label in labels if label_named(label) is None or not is_emotion(label)]
    if unknown or len(set(labels)) != len(labels):
        raise ModelError("heads.labels", name=record.name, labels=", ".join(unknown or labels))
    return replace(record, labels=labels)


def measured_precision(head: HeadMetadata) -> Precision | None:
    """How often a head was right when it named a class, on its test people; None if not measured.

    From the confusion on the test part, whose rows are true classes and whose columns answers.
    """
    tested = head.metrics.get("test")
    confusion = tested.get("confusion") if isinstance(tested, Mapping) else None
    if not isinstance(confusion, Mapping) or not confusion:
        return None
    said, right = Counter[str](), Counter[str]()
    for true, answers in confusion.items():
        for answer, count in answers.items():
            said[answer] += int(count)
            right[answer] += int(count) * (true == answer)
    named = {answer: label_named(answer) or answer for answer, count in said.items() if count}
    return Precision(
        data=(f"{head.name}: test",),
        right={label: right[answer] / said[answer] for answer, label in named.items()},
        said={label: said[answer] for answer, label in named.items()},
    )


def with_head(
    track: HeadTrack, record: HeadRecord, faces: FaceTrack, speech: SpeechTrack
) -> HeadedReadings:
    """Put the answers of a head where they belong.

    Parameters
    ----------
    track
        What it says of the recording.
    record
        From `named_record`.
    faces, speech
        Readings of the models below it. A witness among them was asked for by name and stays;
        without one, the model that the head leads becomes the witness.
    """
    track = replace(track, labels=record.labels)
    if record.leads == "face":
        return HeadedReadings(_led(faces, track, faces.time_s), speech, None)
    if record.leads == "voice":
        middle_s = 0.5 * (speech.start_s + speech.end_s)
        return HeadedReadings(faces, _led(speech, track, middle_s), None)
    if record.gives_affect:
        return HeadedReadings(_with_affect(faces, track), speech, None)
    return HeadedReadings(faces, speech, track)


def _led(readings: _Track, track: HeadTrack, time_s: DoubleArray) -> _Track:
    """Readings with the head's probabilities, those of the steps that hold these moments."""
    scores = np.asarray(scores_at(track, time_s), np.float32)
    below = readings.probabilities.copy()
    unknown = np.isnan(scores).any(axis=1) | np.isnan(below).any(axis=1)
    scores[unknown] = below[unknown] = np.nan
    extra = dict(readings.extra)
    witness = readings.witness
    measured = {beside: extra.pop(name, None) for name, beside in WITNESS_MEASURE.items()}
    if witness is None:
        witness = WitnessReadings(readings.labels, below, is_heeded=False)
        extra |= {name: values for name, values in measured.items() if values is not None}
    return replace(
        readings, labels=track.labels, probabilities=scores, extra=extra, witness=witness
    )


def _with_affect(faces: FaceTrack, track: HeadTrack) -> FaceTrack:
    scores = np.asarray(scores_at(track, faces.time_s), np.float32)
    scores[~faces.valid] = np.nan
    valence, arousal = (_column(track, scores, name) for name in ("valence", "arousal"))
    extra = {name: values for name, values in faces.extra.items() if name not in RAW_AFFECT}
    return replace(faces, valence=valence, arousal=arousal, extra=extra)


def _column(track: HeadTrack, scores: FloatArray, name: str) -> FloatArray | None:
    if name not in track.labels:
        return None
    return np.ascontiguousarray(scores[:, track.labels.index(name)])
