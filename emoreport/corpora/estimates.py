"""Scores with their intervals over persons: what frames and clips have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from emoreport.analysis.numeric.missing import none_if_nan
from emoreport.analysis.numeric.scores import (
    calibration_gaps,
    confusion_matrix,
    f1_scores,
    interval_of_sums,
    mean_over_classes,
    recalls,
)
from emoreport.records import DoubleArray, FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class Estimate:
    """A score and its 95 % interval over persons; NaN where it cannot be told."""

    value: float
    low: float = float("nan")
    high: float = float("nan")

    @classmethod
    def over_groups(
        cls, score: Callable[[DoubleArray], float], sums: DoubleArray | IntArray
    ) -> Estimate:
        """The score of the sums of all groups, (groups, …), and its interval over groups."""
        sums = np.asarray(sums, np.float64)
        return cls(score(sums.sum(axis=0)), *interval_of_sums(score, sums))

    def document(self) -> dict[str, float | None]:
        """JSON values to four decimals."""
        cells = {"value": self.value, "low": self.low, "high": self.high}
        return {name: none_if_nan(round(cell, 4)) for name, cell in cells.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """What predictions score.

    Attributes
    ----------
    scores
        By name, with intervals over persons.
    by_column
        Scores of every class, action unit or dimension, by its name.
    confusion
        Classes: true class → predicted class → items.
    """

    scores: Mapping[str, Estimate]
    by_column: Mapping[str, Mapping[str, float]]
    confusion: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    def score_document(self) -> dict[str, Any]:
        """The scores as JSON values."""
        return {
            "scores": {name: estimate.document() for name, estimate in self.scores.items()},
            "by_column": {
                name: {key: none_if_nan(round(value, 4)) for key, value in row.items()}
                for name, row in self.by_column.items()
            },
            "confusion": {name: dict(row) for name, row in self.confusion.items()},
        }


def are_mere_answers(predicted: DoubleArray | FloatArray) -> bool:
    """Whether predictions are zeros and ones: no confidence can be judged, no threshold fitted."""
    return bool(np.isin(predicted, (0.0, 1.0)).all())


def score_classes(
    columns: Sequence[str],
    truth: IntArray,
    predicted: DoubleArray | FloatArray,
    groups: IntArray,
    items: str,
) -> Scores:
    """Score predicted classes.

    Parameters
    ----------
    columns
        Names of the classes (K).
    truth
        (N,), column of the true class.
    predicted
        (N, K), probabilities, or 1 for the answer and 0 for others. There is a calibration error
        for probabilities only.
    groups
        (N,), number of the person of every item, from 0.
    items
        What the column of `by_column` with the number of items is called.
    """
    answers, classes = predicted.argmax(axis=1), len(columns)
    members = rows_of_groups(groups)
    tables = np.array(
        [confusion_matrix(truth[member], answers[member], classes) for member in members]
    )
    scores = {
        "macro_f1": Estimate.over_groups(lambda t: mean_over_classes(f1_scores(t)), tables),
        "uar": Estimate.over_groups(lambda t: mean_over_classes(recalls(t)), tables),
        "accuracy": Estimate.over_groups(lambda t: float(np.trace(t) / t.sum()), tables),
    }
    if not are_mere_answers(predicted):
        scores["calibration_error"] = calibration_estimate(
            predicted.max(axis=1), answers == truth, members
        )
    every = tables.sum(axis=0)
    rows = zip(columns, f1_scores(every), recalls(every), every.sum(axis=1), strict=True)
    return Scores(
        scores=scores,
        by_column={
            name: {"f1": float(f1), "recall": float(recall), items: float(count)}
            for name, f1, recall, count in rows
        },
        confusion={
            name: dict(zip(columns, row.tolist(), strict=True))
            for name, row in zip(columns, every, strict=True)
            if row.any()
        },
    )


def rows_of_groups(groups: IntArray) -> list[IntArray]:
    """Rows of every group that has any, in the order of the groups' numbers."""
    _, counts = np.unique(groups, return_counts=True)
    return np.split(np.argsort(groups, kind="stable"), np.cumsum(counts)[:-1])


def calibration_estimate(
    confidence: DoubleArray | FloatArray, correct: NDArray[np.bool_], members: Sequence[IntArray]
) -> Estimate:
    """Expected calibration error of answers, and its interval over groups of their rows."""
    sums = [
        [*calibration_gaps(confidence[rows].ravel(), correct[rows].ravel()), correct[rows].size]
        for rows in members
    ]
    return Estimate.over_groups(
        lambda drawn: float(np.abs(drawn[:-1]).sum() / drawn[-1]), np.array(sums)
    )
