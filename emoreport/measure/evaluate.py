"""Measure accuracy, recall, calibration and speed of a model on labelled data."""

from __future__ import annotations

import time
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from emoreport.errors import InputNotFoundError, MediaError
from emoreport.measure.labelled_clips import LabelledDataError, read_clips, read_labels
from emoreport.records import FaceEmotionModel, FloatArray, RgbImage, VoiceEmotionModel
from emoreport.vocabulary import EMOTIONS, FERPLUS_ORDER

CALIBRATION_BINS: Final = 15
"""Equal-width bins of the expected calibration error, as in Guo et al. (2017)."""

FACE_BATCH: Final = 16
LARGEST_NPZ_BYTES: Final = 4_000_000_000
"""Unpacked. The 35,887 pictures of FERPlus, 48 × 48 px each, take 83 MB."""
_NO_NPZ: Final = (
    *(OSError, ValueError, KeyError, EOFError, MemoryError, OverflowError),
    *(zipfile.BadZipFile, zlib.error),
    *(NotImplementedError, RuntimeError),
)
"""What damaged or encrypted archives make `zipfile` and NumPy raise."""
UNREADABLE: Final = "cannot be decoded"
"""Reason for which clips are left out."""

Progress = Callable[[int, int], None]


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
        The same figures per corpus, where the data name more than one.
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
    unreadable: Mapping[str, str] = field(default_factory=dict)
    guessed_encoding: str | None = None

    def document(self) -> dict[str, Any]:
        """The evaluation as JSON values, probabilities to four decimals."""
        return {
            "model": self.model,
            "items": self.items,
            "left_out": dict(self.left_out),
            "accuracy": round(self.accuracy, 4),
            "macro_recall": round(self.macro_recall, 4),
            "calibration_error": round(self.calibration_error, 4),
            "recall": {label: round(value, 4) for label, value in self.recall.items()},
            "confusion": {label: dict(row) for label, row in self.confusion.items()},
            "speed": {name: round(value, 4) for name, value in self.speed.items()},
            "groups": {
                group: {name: round(value, 4) for name, value in figures.items()}
                for group, figures in self.groups.items()
            },
            "unreadable": dict(self.unreadable),
        }


# --------------------------------------------------------------------------- figures


def calibration_error(
    probabilities: FloatArray, truth: NDArray[np.int64], bins: int = CALIBRATION_BINS
) -> float:
    """Expected calibration error of the top class.

    Parameters
    ----------
    probabilities
        (N, K), rows sum to 1.
    truth
        (N,), column of the true class.
    bins
        Number of equal-width bins over (0, 1].

    Returns
    -------
    float
        Mean |accuracy − confidence| over the bins, weighted by their items; 0 for N = 0.

    References
    ----------
    Guo, Pleiss, Sun, Weinberger: On Calibration of Modern Neural Networks. ICML 2017.
    """
    if len(truth) == 0:
        return 0.0
    confidence = probabilities.max(axis=1).astype(np.float64)
    correct = (probabilities.argmax(axis=1) == truth).astype(np.float64)
    bin_index = np.clip(np.ceil(confidence * bins).astype(np.int64) - 1, 0, bins - 1)
    gap = np.bincount(bin_index, correct - confidence, minlength=bins)
    return float(np.abs(gap).sum() / len(truth))


def figures(probabilities: FloatArray, truth: NDArray[np.int64]) -> dict[str, float]:
    """Accuracy, macro recall and calibration error of (N, K) probabilities."""
    predicted = probabilities.argmax(axis=1)
    present = np.unique(truth)
    recalls = [float((predicted[truth == index] == index).mean()) for index in present]
    return {
        "items": float(len(truth)),
        "accuracy": float((predicted == truth).mean()),
        "macro_recall": float(np.mean(recalls)),
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
        raise LabelledDataError(
            f"nothing is left to judge (left out: {reasons or 'nothing'})",
            remedy="give files that can be read, of emotions that the model has",
        )
    predicted = probabilities.argmax(axis=1)
    table = np.zeros((len(labels), len(labels)), dtype=np.int64)
    np.add.at(table, (truth, predicted), 1)
    scores = figures(probabilities, truth)
    present = [index for index in range(len(labels)) if table[index].any()]
    return Evaluation(
        model=model,
        items=len(truth),
        left_out=left_out,
        accuracy=scores["accuracy"],
        macro_recall=scores["macro_recall"],
        calibration_error=scores["calibration_error"],
        recall={
            labels[index]: float(table[index, index] / table[index].sum()) for index in present
        },
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


def read_labelled_faces(path: Path) -> tuple[list[RgbImage], list[str], Counter[str]]:
    """Read ``images`` with ``votes`` or ``labels`` from an NPZ file.

    `images` is uint8 (N, H, W) or (N, H, W, 3). `votes` is (N, 10) in the FERPlus order: the
    label is the most voted emotion, pictures with most votes for unknown or not-a-face are left
    out. `labels` is (N,): names, or numbers into `names` (the eight emotions in alphabetical
    order if there are no `names`).

    Returns
    -------
    images, labels, left_out
        RGB pictures, one label each, and how many were left out and why.

    Raises
    ------
    InputNotFoundError, LabelledDataError
        When the file is not there or not in this layout.
    """
    if not path.is_file():
        raise InputNotFoundError("is not a file", file=path)
    try:
        # Opened here: `np.load` leaves a file open that turns out to be none of its own.
        with path.open("rb") as stream:
            unpacked = sum(member.file_size for member in zipfile.ZipFile(stream).infolist())
            if unpacked > LARGEST_NPZ_BYTES:
                raise LabelledDataError(
                    f"unpacks to {unpacked / 1e9:.1f} GB, more than the"
                    f" {LARGEST_NPZ_BYTES / 1e9:.1f} GB that are read",
                    remedy="evaluate it in parts",
                    file=path,
                )
            stream.seek(0)
            with np.load(stream, allow_pickle=False) as archive:
                images = np.asarray(archive["images"])
                columns = {
                    name: np.asarray(archive[name])
                    for name in ("votes", "labels", "names")
                    if name in archive.files
                }
    except _NO_NPZ as error:
        raise LabelledDataError(f"is no NPZ file with images ({error})", file=path) from error
    if images.dtype != np.uint8 or images.ndim not in {3, 4} or len(images) == 0:
        raise LabelledDataError(f"images are {images.dtype} {images.shape}", file=path)
    labels = _face_labels(columns, len(images), path)
    left_out: Counter[str] = Counter(label for label in labels if label not in EMOTIONS)
    chosen = [index for index, label in enumerate(labels) if label in EMOTIONS]
    pictures = [_as_rgb(images[index]) for index in chosen]
    return pictures, [labels[index] for index in chosen], left_out


def _face_labels(columns: Mapping[str, NDArray[Any]], count: int, path: Path) -> list[str]:
    if "votes" in columns and columns["votes"].shape == (count, len(FERPLUS_ORDER)):
        return [FERPLUS_ORDER[index] for index in columns["votes"].argmax(axis=1)]
    if "labels" in columns and columns["labels"].shape == (count,):
        values = columns["labels"]
        if values.dtype.kind in "iu":
            names = [str(name) for name in columns.get("names", np.array(EMOTIONS))]
            if values.min() < 0 or values.max() >= len(names):
                raise LabelledDataError("labels point outside names", file=path)
            return [names[index] for index in values]
        return [str(value) for value in values]
    raise LabelledDataError(
        "has neither votes (N, 10) nor labels (N,)",
        remedy="give images with votes in the FERPlus order, or with labels",
        file=path,
    )


def _as_rgb(image: NDArray[np.uint8]) -> RgbImage:
    if image.ndim == 2:
        return np.repeat(image[:, :, np.newaxis], 3, axis=2)
    return image


def evaluate_faces(model: FaceEmotionModel, path: Path) -> Evaluation:
    """Score a face-emotion model on pictures that already are face crops.

    Raises
    ------
    InputNotFoundError, LabelledDataError
        When the data cannot be read.
    ModelError
        When inference fails.
    """
    import cv2

    pictures, labels, left_out = read_labelled_faces(path)
    usable = [index for index, label in enumerate(labels) if label in model.labels]
    left_out.update(label for label in labels if label not in model.labels)
    size = model.crop.size_px
    crops = [
        np.asarray(
            cv2.resize(pictures[index], (size, size), interpolation=cv2.INTER_AREA), np.uint8
        )
        if pictures[index].shape[:2] != (size, size)
        else pictures[index]
        for index in usable
    ]
    start = time.perf_counter()
    parts = [
        model.predict(crops[first : first + FACE_BATCH]).probabilities
        for first in range(0, len(crops), FACE_BATCH)
    ]
    elapsed_s = time.perf_counter() - start
    probabilities = np.concatenate(parts) if parts else np.zeros((0, len(model.labels)), np.float32)
    truth = np.array([model.labels.index(labels[index]) for index in usable], dtype=np.int64)
    return _evaluation(
        model.record.name,
        model.labels,
        probabilities,
        truth,
        left_out=left_out,
        speed={
            "milliseconds_per_face": 1000 * elapsed_s / max(len(crops), 1),
            "batch": float(FACE_BATCH),
        },
        groups={},
    )


# --------------------------------------------------------------------------- voices


def predict_clip(model: VoiceEmotionModel, samples: FloatArray) -> FloatArray:
    """Probabilities (K,) of one whole clip; longer than the longest window: equal cuts averaged."""
    longest = round(model.max_window_s * model.sample_rate_hz)
    pieces = max(1, -(-len(samples) // longest))
    cuts = np.array_split(samples, pieces)
    weights = np.array([len(cut) for cut in cuts], dtype=np.float64)
    scores = model.predict([np.ascontiguousarray(cut, dtype=np.float32) for cut in cuts])
    return np.asarray((scores * (weights / weights.sum())[:, np.newaxis]).sum(axis=0), np.float32)


def _said_as(emotion: str, labels: Sequence[str]) -> str:
    """What a model with these labels can say of an emotion: positive, where it has no happiness."""
    lacks = emotion == "happiness" and emotion not in labels and "positive" in labels
    return "positive" if lacks else emotion


def evaluate_voices(
    model: VoiceEmotionModel,
    folder: Path,
    *,
    encoding: str | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Score a voice-emotion model on a folder of labelled clips, whole clips at a time.

    Emotions that the model does not have are counted and left out; for a model that says positive
    and not happiness, happy clips count as positive. Clips that cannot be decoded are left out,
    counted and named.

    Raises
    ------
    InputNotFoundError, LabelledDataError
        When the data cannot be read, or no clip of them.
    ModelError
        When inference fails.
    """
    clips, guessed = read_labels(folder, encoding)
    labels = tuple(model.labels)
    left_out: Counter[str] = Counter(
        clip.emotion for clip in clips if _said_as(clip.emotion, labels) not in labels
    )
    wanted = [clip for clip in clips if _said_as(clip.emotion, labels) in labels]
    probabilities = np.full((len(wanted), len(model.labels)), np.nan, dtype=np.float32)
    heard = np.zeros(len(wanted), dtype=np.bool_)
    unreadable: dict[int, str] = {}
    heard_s = spent_s = 0.0

    for done, (index, samples) in enumerate(read_clips(folder, wanted), start=1):
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
    columns = [labels.index(_said_as(clip.emotion, labels)) for clip in wanted]
    truth = np.array(columns, dtype=np.int64)[heard]
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
    return replace(evaluation, unreadable=named, guessed_encoding=guessed)
