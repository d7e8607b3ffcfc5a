"""Figures: recall per class, calibration, and cross-validation over left-out speakers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emoreport.analysis.numeric.scores import calibration_error
from emoreport.analysis.numeric.softmax import softmax
from emoreport.training.answers import FloatArray, IntArray, corpus_weights
from emoreport.training.voice.labels import LABELS


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What networks said about clips of speakers they were not trained on.

    Attributes
    ----------
    logits
        (clips, 7) float64 in the order of ``LABELS``.
    labels
        (clips,) int64, 0–6.
    speakers, corpora
        (clips,) names.
    folds
        (clips,) int64, the fold that left the speaker out.
    """

    logits: FloatArray
    labels: IntArray
    speakers: NDArray[np.str_]
    corpora: NDArray[np.str_]
    folds: IntArray

    def select(self, chosen: NDArray[np.bool_]) -> LeftOut:
        """The chosen clips only."""
        return LeftOut(
            self.logits[chosen],
            self.labels[chosen],
            self.speakers[chosen],
            self.corpora[chosen],
            self.folds[chosen],
        )


def class_recalls(labels: IntArray, predicted: IntArray) -> dict[str, float]:
    """Recall of each emotion that occurs in ``labels``."""
    return {
        name: float(np.mean(predicted[labels == number] == number))
        for number, name in enumerate(LABELS)
        if np.any(labels == number)
    }


def macro_recall(labels: IntArray, logits: FloatArray) -> float:
    """Mean recall over the emotions that occur; the prediction is the argmax over all seven."""
    return float(np.mean(list(class_recalls(labels, logits.argmax(axis=1)).values())))


def mean_over_groups(said: LeftOut, groups: NDArray[np.str_] | IntArray) -> float:
    """Macro recall of each group (speaker or fold), averaged over the groups."""
    return float(
        np.mean(
            [
                macro_recall(said.labels[groups == group], said.logits[groups == group])
                for group in np.unique(groups)
            ]
        )
    )


def fit_temperature(labels: IntArray, logits: FloatArray, weights: FloatArray) -> float:
    """The temperature of least weighted log loss, by golden-section search on 0.2–10.

    Parameters
    ----------
    labels, logits
        Left-out clips.
    weights
        (clips,) weight of each clip, so that a large corpus does not decide alone.
    """

    def loss(log_temperature: float) -> float:
        chosen = softmax(logits, float(np.exp(log_temperature)))[np.arange(len(labels)), labels]
        return float(-np.sum(weights * np.log(np.maximum(chosen, 1e-12))))

    low, high = np.log(0.2), np.log(10.0)
    ratio = (np.sqrt(5.0) - 1.0) / 2.0
    for _ in range(60):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        if loss(left) < loss(right):
            high = right
        else:
            low = left
    return float(np.exp((low + high) / 2.0))


def cross_validated_calibration(said: LeftOut) -> tuple[float, dict[str, float]]:
    """Calibration error of every fold's clips under the temperature of the other folds.

    Returns
    -------
    before
        Error over all clips at temperature 1.
    after
        Error per corpus and over ``"all"`` with the other folds' temperature.
    """
    probabilities = np.zeros_like(said.logits)
    for fold in np.unique(said.folds):
        others = said.select(said.folds != fold)
        fitted = fit_temperature(others.labels, others.logits, corpus_weights(others.corpora))
        own = said.folds == fold
        probabilities[own] = softmax(said.logits[own], fitted)
    before = calibration_error(softmax(said.logits), said.labels)
    after = {"all": calibration_error(probabilities, said.labels)}
    for corpus in np.unique(said.corpora):
        own = said.corpora == corpus
        after[str(corpus)] = calibration_error(probabilities[own], said.labels[own])
    return before, after
