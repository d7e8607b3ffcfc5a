"""Temperature and bias of the finished net, from the inner development part alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from emoreport.training.face.metrics import FloatArray, figures, softmax

if TYPE_CHECKING:
    from collections.abc import Sequence

ADJUSTMENTS: Final = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
"""Strengths tried; 1 would undo the class frequencies altogether."""
ALLOWED_LOSS: Final = 0.003
"""Accuracy that may be paid for recall of rare emotions."""
_TEMPERATURES: Final = np.exp(np.linspace(np.log(0.3), np.log(3.0), 231))


@dataclass(frozen=True, slots=True)
class Calibration:
    """What is folded into the head, and what divides its logits.

    Attributes
    ----------
    strength
        Factor on the negative logarithm of the class frequencies.
    bias
        (8,) float64 added to the logits.
    temperature
        Probabilities are softmax(logits / temperature).
    """

    strength: float
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
    logits: FloatArray,
    labels: npt.NDArray[np.int64],
    frequency: npt.NDArray[np.float64],
    adjustments: Sequence[float] = ADJUSTMENTS,
    allowed_loss: float = ALLOWED_LOSS,
) -> Calibration:
    """Choose bias and temperature on development logits.

    The bias is logit adjustment (Menon et al. 2021, "Long-tail learning via logit
    adjustment") after training: ``-strength * log(frequency)``. Of the strengths that
    cost at most ``allowed_loss`` of the best accuracy, that of the highest macro recall wins.

    Parameters
    ----------
    logits, labels
        (N, 8) and (N,) of the development part.
    frequency
        (8,) class frequencies of the fitting part, all above 0.
    """
    shape = -np.log(frequency)
    shape = shape - shape.mean()
    tried = [(s, figures(logits + s * shape, labels)) for s in adjustments]
    floor = max(result.accuracy for _, result in tried) - allowed_loss
    allowed = [(result.macro_recall, -s) for s, result in tried if result.accuracy >= floor]
    strength = -max(allowed)[1]
    bias = strength * shape
    return Calibration(strength, bias, best_temperature(logits + bias, labels))
