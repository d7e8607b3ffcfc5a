"""Measure accuracy, recall, calibration and speed of a model on labelled data."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emoreport.analysis.numeric.scores import (
    calibration_error,
    confusion_matrix,
    mean_over_classes,
    recalls,
)
from emoreport.corpora.clip_sounds import read_clip_sounds
from emoreport.corpora.errors import CorpusError
from emoreport.corpora.face_pictures import LabelledFaces
from emoreport.corpora.label_names import Renamed, renamed, said_as
from emoreport.corpora.layouts import read_labelled_clips
from emoreport.errors import MediaError
from emoreport.measure.face_conditions import CONDITIONS, UNCHANGED, Condition
from emoreport.records import FaceEmotionModel, FloatArray, RgbImage, VoiceEmotionModel

FACE_BATCH: Final = 16
UNREADABLE: Final = "cannot be decoded"
"""Reason for which clips are left out."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Mistake:
    """A frame of a recording that a model judged otherwise than the person who labelled it."""

    video: str
    time_s: float
    emotion: str
    answer: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a model scored on labelled data.

    Attributes
    ----------
    model
        Name of the model.
    items
        Labelled items that were judged.
    left_out
        Items that were not judged, by reason.
    mapped
        Label that a name in the data was taken for, and items, by the name as it is written.
    accuracy, macro_recall, calibration_error
        0–1. Macro recall is the mean of the recalls of the classes that occur in the data;
        the calibration error is the expected one over 15 equal-width bins of the confidence.
    recall
        Per class that occurs.
    confusion
        ``{true label: {predicted label: count}}``.
    speed
        ``milliseconds_per_face`` or ``times_real_time`` and what it was measured on.
    groups
        The same figures per corpus or recording, where the data name them.
    conditions
        The same figures of the same faces under each of `CONDITIONS`, where that was asked for.
    mistakes
        Frames of recordings that were judged otherwise than they are labelled.
    unreadable
        Why clips could not be decoded, by their names.
    guessed_encoding
        The encoding of labels.csv, where it had to be guessed.
    """

    model: str
    items: int
    left_out: Mapping[str, int]
    accuracy: float
    macro_recall: float
    calibration_error: float
    recall: Mapping[str, float]
    confusion: Mapping[str, Mapping[str, int]]
    speed: Mapping[str, float]
    groups: Mapping[str, Mapping[str, float]]
    mapped: Renamed = field(default_factory=dict)
    conditions: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    mistakes: tuple[Mistake, ...] = ()
    unreadable: Mapping[str, str] = field(default_factory=dict)
    guessed_encoding: str | None = None

    def document(self) -> dict[str, Any]:
        """The evaluation as JSON values, probabilities to four decimals."""
        return {
            "model": self.model,
            "items": self.items,
            "left_out": dict(self.left_out),
            "mapped": {
                name: {"label": label, "items": items}
                for name, (label, items) in self.mapped.items()
            },
            "accuracy": round(self.accuracy, 4),
            "macro_recall": round(self.macro_recall, 4),
            "calibration_error": round(self.calibration_error, 4),
            "recall": {label: round(value, 4) for label, value in self.recall.items()},
            "confusion": {label: dict(row) for label, row in self.confusion.items()},
            "speed": {name: round(value, 4) for name, value in self.speed.items()},
            "groups": _rounded(self.groups),
            "conditions": _rounded(self.conditions),
            "mistakes": [
                {**asdict(mistake), "confidence": round(mistake.confidence, 4)}
                for mistake in self.mistakes
            ],
            "unreadable": dict(self.unreadable),
        }


def _rounded(table: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    return {
        row: {name: round(value, 4) for name, value in cells.items()}
        for row, cells in table.items()
    }


# --------------------------------------------------------------------------- figures


def figures(probabilities: FloatArray, truth: NDArray[np.int64]) -> dict[str, float]:
    """Accuracy, macro recall and calibration error of (N, K) probabilities."""
    predicted = probabilities.argmax(axis=1)
    table = confusion_matrix(truth, predicted, probabilities.shape[1])
    return {
        "items": float(len(truth)),
        "accuracy": float((predicted == truth).mean()),
        "macro_recall": mean_over_classes(recalls(table)),
        "calibration_error": calibration_error(probabilities, truth),
    }


def _evaluation(
    model: str,
    labels: Sequence[str],
    probabilities: FloatArray,
    truth: NDArray[np.int64],
    *,
    left_out: Mapping[str, int],
    speed: Mapping[str, float],
    groups: Mapping[str, NDArray[np.bool_]],
) -> Evaluation:
    if len(truth) == 0:
        reasons = ", ".join(f"{count} {reason}" for reason, count in left_out.items())
        raise CorpusError("evaluate.nothing_left", reasons=reasons or "nothing")
    predicted = probabilities.argmax(axis=1)
    table = confusion_matrix(truth, predicted, len(labels))
    scores, recall = figures(probabilities, truth), recalls(table)
    present = [index for index in range(len(labels)) if table[index].any()]
    return Evaluation(
        model=model,
        items=len(truth),
        left_out=left_out,
        accuracy=scores["accuracy"],
        macro_recall=scores["macro_recall"],
        calibration_error=scores["calibration_error"],
        recall={labels[index]: float(recall[index]) for index in present},
        confusion={
            labels[index]: {
                name: int(count) for name, count in zip(labels, table[index], strict=True)
            }
            for index in present
        },
        speed=speed,
        groups={
            name: figures(probabilities[chosen], truth[chosen]) for name, chosen in groups.items()
        },
    )


# --------------------------------------------------------------------------- faces


def evaluate_faces(
    model: FaceEmotionModel, faces: LabelledFaces, *, conditions: bool = False
) -> Evaluation:
    """Score a face-emotion model on pictures that already are face crops.

    Parameters
    ----------
    model
        What is to be judged.
    faces
        From `read_labelled_faces` or `read_labelled_frames`.
    conditions
        Whether to judge the pictures under every one of `CONDITIONS` as well.

    Raises
    ------
    CorpusError
        When no picture is left to judge.
    ModelError
        When inference fails.
    """
    left_out = faces.left_out.copy()
    left_out.update(label for label in faces.labels if label not in model.labels)
    usable = [index for index, label in enumerate(faces.labels) if label in model.labels]
    pictures = [faces.images[index] for index in usable]
    labels = [faces.labels[index] for index in usable]
    truth = np.array([model.labels.index(label) for label in labels], dtype=np.int64)
    probabilities, spent_s = _judged(model, pictures, CONDITIONS[UNCHANGED])
    videos = np.array([faces.frames[index][0] for index in usable] if faces.frames else [], str)
    evaluation = _evaluation(
        model.record.name,
        model.labels,
        probabilities,
        truth,
        left_out=left_out,
        speed={
            "milliseconds_per_face": 1000 * spent_s / max(len(pictures), 1),
            "batch": float(FACE_BATCH),
        },
        groups={name: videos == name for name in sorted(set(videos.tolist()))},
    )
    return replace(
        evaluation,
        mapped=faces.mapped,
        conditions={
            name: figures(_judged(model, pictures, change)[0], truth)
            for name, change in (CONDITIONS if conditions else {}).items()
        },
        mistakes=tuple(
            Mistake(*faces.frames[index], label, model.labels[row.argmax()], float(row.max()))
            for index, label, row in zip(usable, labels, probabilities, strict=True)
            if faces.frames and model.labels[row.argmax()] != label
        ),
    )


def _judged(
    model: FaceEmotionModel, pictures: Sequence[RgbImage], change: Condition
) -> tuple[FloatArray, float]:
    """Probabilities (N, K) of the changed pictures, and the seconds that the model took."""
    import cv2

    size = (model.crop.size_px, model.crop.size_px)
    parts, spent_s = [np.zeros((0, len(model.labels)), np.float32)], 0.0
    for first in range(0, len(pictures), FACE_BATCH):
        changed = [
            change(picture, first + offset)
            for offset, picture in enumerate(pictures[first : first + FACE_BATCH])
        ]
        crops = [
            picture
            if picture.shape[1::-1] == size
            else np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
            for picture in changed
        ]
        start = time.perf_counter()
        parts.append(model.predict(crops).probabilities)
        spent_s += time.perf_counter() - start
    return np.concatenate(parts), spent_s


# --------------------------------------------------------------------------- voices


def predict_clip(model: VoiceEmotionModel, samples: FloatArray) -> FloatArray:
    """Probabilities (K,) of one whole clip; longer than the longest window: equal cuts averaged."""
    longest = round(model.max_window_s * model.sample_rate_hz)
    pieces = max(1, -(-len(samples) // longest))
    cuts = np.array_split(samples, pieces)
    weights = np.array([len(cut) for cut in cuts], dtype=np.float64)
    scores = model.predict([np.ascontiguousarray(cut, dtype=np.float32) for cut in cuts])
    return np.asarray((scores * (weights / weights.sum())[:, np.newaxis]).sum(axis=0), np.float32)


def evaluate_voices(
    model: VoiceEmotionModel,
    folder: Path,
    *,
    encoding: str | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Score a voice-emotion model on a folder of labelled clips, whole clips at a time.

    Emotions are named as `standard_names` understands them. Those that the model does not have are
    counted and left out; for a model that says positive and not happiness, happy clips count as
    positive. Clips that cannot be decoded are left out,
    counted and named.

    Raises
    ------
    InputNotFoundError, CorpusError
        When the data cannot be read, or no clip of them.
    ModelError
        When inference fails.
    """
    clips, guessed = read_labelled_clips(folder, encoding)
    labels = tuple(model.labels)
    written = [clip.written for clip in clips]
    emotions = [said_as(clip.label, labels) for clip in clips]
    left_out: Counter[str] = Counter(emotion for emotion in emotions if emotion not in labels)
    judged = [index for index, emotion in enumerate(emotions) if emotion in labels]
    wanted = [clips[index] for index in judged]
    probabilities = np.full((len(wanted), len(model.labels)), np.nan, dtype=np.float32)
    heard = np.zeros(len(wanted), dtype=np.bool_)
    unreadable: dict[int, str] = {}
    heard_s = spent_s = 0.0

    sounds = read_clip_sounds(folder, [clip.file for clip in wanted])
    for done, (index, samples) in enumerate(sounds, start=1):
        if isinstance(samples, MediaError):
            unreadable[index] = samples.cause
            continue
        start = time.perf_counter()
        probabilities[index] = predict_clip(model, samples)
        spent_s += time.perf_counter() - start
        heard_s += len(samples) / model.sample_rate_hz
        heard[index] = True
        if progress is not None:
            progress(done, len(wanted))
    if unreadable:
        left_out[UNREADABLE] = len(unreadable)
    if missing := len(wanted) - int(heard.sum()) - len(unreadable):
        left_out["file not found"] = missing
    corpora = np.array([clip.corpus for clip in wanted])[heard]
    truth = np.array([labels.index(emotions[index]) for index in judged], dtype=np.int64)[heard]
    evaluation = _evaluation(
        model.record.name,
        model.labels,
        probabilities[heard],
        truth,
        left_out=left_out,
        speed={
            "times_real_time": heard_s / spent_s if spent_s > 0 else float("nan"),
            "seconds_heard": heard_s,
        },
        groups={name: corpora == name for name in sorted(set(corpora.tolist())) if name},
    )
    named = {wanted[index].file: cause for index, cause in unreadable.items()}
    return replace(
        evaluation,
        mapped=renamed(written, emotions),
        unreadable=named,
        guessed_encoding=guessed,
    )
