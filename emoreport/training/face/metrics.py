"""Figures of a classifier: accuracy, macro recall, calibration error."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from emoreport.analysis.numeric.scores import calibration_error
from emoreport.analysis.numeric.softmax import softmax
from emoreport.training.face.data import LABELS

FloatArray = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, slots=True)
class Figures:
    """What one set of answers is worth.

    Attributes
    ----------
    accuracy, macro_recall
        In 0-1; macro recall is the mean over the classes that occur.
    ece
        Expected calibration error, 15 equal-width bins of the top-1 probability.
    nll
        Mean negative log likelihood of the label, nats.
    recall
        By emotion; absent classes are left out.
    count
        Pictures looked at.
    """

    accuracy: float
    macro_recall: float
    ece: float
    nll: float
    recall: dict[str, float]
    count: int

    def as_dict(self, digits: int = 4) -> dict[str, Any]:
        """Return plain numbers, rounded, for JSON."""
        plain: dict[str, Any] = {}
        for key, value in asdict(self).items():
            if isinstance(value, dict):
                plain[key] = {name: round(number, digits) for name, number in value.items()}
            else:
                plain[key] = round(value, digits) if isinstance(value, float) else value
        return plain


def figures(logits: FloatArray, labels: npt.NDArray[np.int64], temperature: float = 1.0) -> Figures:
    """Judge logits (N, 8) against labels (N,) in the order of ``LABELS``."""
    probabilities = softmax(logits, temperature)
    answers = probabilities.argmax(axis=1)
    recall = {
        name: float((answers[labels == index] == index).mean())
        for index, name in enumerate(LABELS)
        if (labels == index).any()
    }
    likelihood = probabilities[np.arange(len(labels)), labels]
    return Figures(
        accuracy=float((answers == labels).mean()),
        macro_recall=float(np.mean(list(recall.values()))),
        ece=calibration_error(probabilities, labels),
        nll=float(-np.log(np.maximum(likelihood, 1e-12)).mean()),
        recall=recall,
        count=len(labels),
    )
