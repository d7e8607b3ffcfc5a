"""Score predictions for every frame against people's labels: expressions, action units, V and A."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import numpy as np

from emoreport.analysis.numeric.missing import none_if_nan
from emoreport.analysis.numeric.scores import (
    best_threshold,
    binary_f1,
    bootstrap_interval,
    calibration_error,
    concordance,
    confusion_matrix,
    f1_scores,
    mean_over_classes,
    recalls,
)
from emoreport.corpora.errors import CorpusError
from emoreport.corpora.tasks import Task
from emoreport.records import DoubleArray, IntArray

HALF: Final = 0.5


@dataclass(frozen=True, slots=True)
class Estimate:
    """A score and its 95 % interval over persons; NaN where it cannot be told."""

    value: float
    low: float = float("nan")
    high: float = float("nan")

    def document(self) -> dict[str, float | None]:
        """JSON values to four decimals."""
        cells = {"value": self.value, "low": self.low, "high": self.high}
        return {name: none_if_nan(round(cell, 4)) for name, cell in cells.items()}


@dataclass(frozen=True, slots=True)
class FrameScores:
    """What predictions score.

    Attributes
    ----------
    task
        Name of the task.
    videos
        Label files that have predictions.
    labelled, judged
        Frames with a label, and those of them with a prediction; scores are of these.
    scores
        By name; an interval draws label files (one person in one video each).
    by_column
        Score of every class, action unit or dimension, by its name.
    thresholds
        Of action units, fitted on half of the files and used on the other: (first, second) half.
    confusion
        Expressions: true class → predicted class → frames.
    missing
        Label files without predictions.
    """

    task: str
    videos: int
    labelled: int
    judged: int
    scores: Mapping[str, Estimate]
    by_column: Mapping[str, Mapping[str, float]]
    thresholds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    confusion: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    missing: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """The scores as JSON values."""
        return {
            "task": self.task,
            "videos": self.videos,
            "labelled": self.labelled,
            "judged": self.judged,
            "scores": {name: estimate.document() for name, estimate in self.scores.items()},
            "by_column": {
                name: {key: none_if_nan(round(value, 4)) for key, value in row.items()}
                for name, row in self.by_column.items()
            },
            "thresholds": {name: list(pair) for name, pair in self.thresholds.items()},
            "confusion": {name: dict(row) for name, row in self.confusion.items()},
            "missing": list(self.missing),
        }


@dataclass(frozen=True, slots=True)
class _Judged:
    """Frames that have both: labels (N, width), predictions (N, K), name of the file (N,)."""

    truth: DoubleArray
    predicted: DoubleArray
    video: IntArray


def score_frames(
    task: Task, labels: Mapping[str, DoubleArray], predictions: Mapping[str, DoubleArray]
) -> FrameScores:
    """Score predictions against labels.

    Parameters
    ----------
    labels
        By file, from `emoreport.corpora.abaw.read_abaw`.
    predictions
        By the same names, (frames, number of `task.columns`): probabilities of the classes or of
        the units, or values; NaN where there is none. Frames beyond the shorter of the two do not
        count as judged.

    Raises
    ------
    CorpusError
        When no labelled frame has a prediction.
    """
    names = [name for name in labels if name in predictions]
    parts = [_both(labels[name], predictions[name], index) for index, name in enumerate(names)]
    if not any(len(part.truth) for part in parts):
        raise CorpusError("corpora.no_prediction")
    judged = _Judged(
        np.concatenate([part.truth for part in parts]),
        np.concatenate([part.predicted for part in parts]),
        np.concatenate([part.video for part in parts]),
    )
    scored = {"expr": _expressions, "au": _action_units, "va": _affect}[task.name](task, judged)
    return FrameScores(
        task=task.name,
        videos=len(names),
        labelled=sum(int((~np.isnan(values[:, 0])).sum()) for values in labels.values()),
        judged=len(judged.truth),
        missing=tuple(name for name in labels if name not in predictions),
        **scored,
    )


def _both(truth: DoubleArray, predicted: DoubleArray, index: int) -> _Judged:
    frames = min(len(truth), len(predicted))
    truth, predicted = truth[:frames], predicted[:frames]
    known = ~np.isnan(truth).any(axis=1) & ~np.isnan(predicted).any(axis=1)
    return _Judged(truth[known], predicted[known], np.full(int(known.sum()), index))


def _estimate(score: Callable[[IntArray], float], judged: _Judged) -> Estimate:
    return Estimate(
        score(np.arange(len(judged.truth))), *bootstrap_interval(score, judged.video.tolist())
    )


def _expressions(task: Task, judged: _Judged) -> dict[str, Any]:
    truth = judged.truth[:, 0].astype(np.int64)
    answers = judged.predicted.argmax(axis=1)
    classes = len(task.columns)

    def confusion(rows: IntArray) -> IntArray:
        return confusion_matrix(truth[rows], answers[rows], classes)

    every = confusion(np.arange(len(truth)))
    scores = {
        "macro_f1": lambda rows: mean_over_classes(f1_scores(confusion(rows))),
        "uar": lambda rows: mean_over_classes(recalls(confusion(rows))),
        "accuracy": lambda rows: float((answers[rows] == truth[rows]).mean()),
    }
    if not np.isin(judged.predicted, (0.0, 1.0)).all():  # more than the answer alone
        scores["calibration_error"] = lambda rows: calibration_error(
            judged.predicted[rows], truth[rows]
        )
    rows = zip(task.columns, f1_scores(every), recalls(every), every.sum(axis=1), strict=True)
    return {
        "scores": {name: _estimate(score, judged) for name, score in scores.items()},
        "by_column": {
            name: {"f1": float(f1), "recall": float(recall), "frames": float(frames)}
            for name, f1, recall, frames in rows
        },
        "confusion": {
            name: dict(zip(task.columns, row.tolist(), strict=True))
            for name, row in zip(task.columns, every, strict=True)
            if row.any()
        },
    }


def _action_units(task: Task, judged: _Judged) -> dict[str, Any]:
    truth = judged.truth > HALF
    second_half = judged.video % 2 == 1
    fitted = np.full((2, len(task.columns)), HALF)
    for half, part in enumerate((second_half, ~second_half)):  # fitted on the other half
        if part.any():
            columns = zip(judged.predicted[part].T, truth[part].T, strict=True)
            fitted[half] = [best_threshold(found, told) for found, told in columns]
    at_half = judged.predicted >= HALF
    at_fitted = judged.predicted >= fitted[second_half.astype(np.int64)]

    def mean_f1(found: np.ndarray[Any, np.dtype[np.bool_]], rows: IntArray) -> float:
        return mean_over_classes(
            np.array([binary_f1(found[rows, unit], truth[rows, unit]) for unit in units])
        )

    units = range(len(task.columns))
    scores = {"mean_f1_at_half": lambda rows: mean_f1(at_half, rows)}
    if second_half.any() and not np.isin(judged.predicted, (0.0, 1.0)).all():
        scores["mean_f1_at_fitted"] = lambda rows: mean_f1(at_fitted, rows)
    return {
        "scores": {name: _estimate(score, judged) for name, score in scores.items()},
        "by_column": {
            name: {
                "f1_at_half": binary_f1(at_half[:, unit], truth[:, unit]),
                "f1_at_fitted": binary_f1(at_fitted[:, unit], truth[:, unit]),
                "share_active": float(truth[:, unit].mean()),
            }
            for unit, name in enumerate(task.columns)
        },
        "thresholds": {
            name: (float(fitted[1, unit]), float(fitted[0, unit]))
            for unit, name in enumerate(task.columns)
        }
        if "mean_f1_at_fitted" in scores
        else {},
    }


def _affect(task: Task, judged: _Judged) -> dict[str, Any]:
    def pooled(rows: IntArray, column: int) -> float:
        return concordance(judged.predicted[rows, column], judged.truth[rows, column])

    def by_video(rows: IntArray, column: int) -> float:
        videos = judged.video[rows]
        found = [pooled(rows[videos == video], column) for video in np.unique(videos)]
        return mean_over_classes(np.array(found))

    def mean_of(way: Callable[[IntArray, int], float]) -> Callable[[IntArray], float]:
        return lambda rows: float(np.mean([way(rows, column) for column in columns]))

    columns = range(len(task.columns))
    scores: dict[str, Callable[[IntArray], float]] = {}
    for kind, way in (("pooled", pooled), ("by_video", by_video)):
        for column, name in enumerate(task.columns):
            scores[f"ccc_{name}_{kind}"] = partial(way, column=column)
        scores[f"ccc_mean_{kind}"] = mean_of(way)
    everything = np.arange(len(judged.truth))
    return {
        "scores": {name: _estimate(score, judged) for name, score in scores.items()},
        "by_column": {
            name: {
                "ccc_pooled": pooled(everything, column),
                "ccc_by_video": by_video(everything, column),
                "mean_error": float(
                    np.abs(judged.predicted[:, column] - judged.truth[:, column]).mean()
                ),
            }
            for column, name in enumerate(task.columns)
        },
    }
