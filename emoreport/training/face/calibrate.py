"""Temperature and class offsets of the finished net, chosen on people it was not fitted to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from emoreport.analysis.numeric.softmax import softmax
from emoreport.training.face.metrics import FloatArray, figures

if TYPE_CHECKING:
    from collections.abc import Sequence

SHARES: Final = (1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7)
"""Weights of the development part as it is that are tried; 1 leaves the net as it is."""
ALLOWED_LOSS: Final = 0.008
"""Accuracy on the development part that may be paid for recall of rare emotions."""
_TEMPERATURES: Final = np.exp(np.linspace(np.log(0.3), np.log(3.0), 231))

Answers = tuple[FloatArray, npt.NDArray[np.int64]]
"""Logits (N, 8) and labels (N,) of the same pictures."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What is folded into the head, and what divides its logits.

    Attributes
    ----------
    share
        Weight of the development part as it is, against balanced classes.
    bias
        (8,) float64 added to the logits.
    temperature
        Probabilities are softmax(logits / temperature).
    """

    share: float
    bias: npt.NDArray[np.float64]
    temperature: float


def best_temperature(logits: FloatArray, labels: npt.NDArray[np.int64]) -> float:
    """Return the temperature in 0.3-3 of the least negative log likelihood.

    Guo et al. 2017, "On calibration of modern neural networks", section 4.2.
    """
    rows = np.arange(len(labels))
    losses = [
        -np.log(np.maximum(softmax(logits, float(t))[rows, labels], 1e-12)).mean()
        for t in _TEMPERATURES
    ]
    return round(float(_TEMPERATURES[int(np.argmin(losses))]), 4)


def calibrate(
    home: Answers,
    shares: Sequence[float] = SHARES,
    allowed_loss: float = ALLOWED_LOSS,
) -> Calibration:
    """Choose offsets of the classes and the temperature.

    A model of everyday pictures leans to the classes that are frequent there. Offsets undo part
    of that after training, as logit adjustment does (Menon et al. 2021, "Long-tail learning via
    logit adjustment"), but each class has its own. Of the shares that cost at most `allowed_loss`
    of the accuracy, the smallest wins.

    Parameters
    ----------
    home
        Answers on the development part.
    """
    logits, labels = home
    first = best_temperature(logits, labels)
    floor = figures(logits, labels).accuracy - allowed_loss
    plain = Calibration(1.0, np.zeros(logits.shape[1]), first)
    for share in sorted(shares):
        bias = first * class_offsets((logits / first, labels), share=share)
        if figures(logits + bias, labels).accuracy >= floor:
            return Calibration(share, bias, best_temperature(logits + bias, labels))
    return plain


def class_offsets(answers: Answers, *, share: float) -> npt.NDArray[np.float64]:
    """Return the offsets (8,), of mean 0, that fit best.

    They minimise share × (negative log likelihood) + (1 − share) × (the same, every class alike).
    The problem is convex, so there is one answer.

    Parameters
    ----------
    answers
        Logits, divided by their temperature, and labels.
    """
    from scipy.optimize import minimize

    logits, labels = answers[0].astype(np.float64), answers[1]
    rows = np.arange(len(labels))
    counts = np.bincount(labels, minlength=logits.shape[1])
    weights = share / len(labels) + (1 - share) / counts[labels] / np.count_nonzero(counts)

    def loss(offsets: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        probabilities = softmax(logits + offsets)
        value = -float((weights * np.log(probabilities[rows, labels] + 1e-300)).sum())
        probabilities[rows, labels] -= 1.0
        return value, weights @ probabilities

    best = minimize(loss, np.zeros(logits.shape[1]), jac=True, method="L-BFGS-B").x
    return np.asarray(best - best.mean())
