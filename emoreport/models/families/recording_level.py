"""Hold the windows of a recording against its own usual voice.

Microphones, languages and people shift all windows of a recording together: one voice seems sad all
day, another one angry. The mean of the windows' log-probabilities tells that shift, less what is
really said there; most of it is taken off, the more the longer the speech is. The parameters come
from talks put together from corpora that the model had never heard
(`emoreport.training.voice.talks`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from emoreport.records import DoubleArray, FloatArray

LEAST_PROBABILITY = 1e-6
"""Probabilities count as this much at least: a window that rules a label out must not decide."""


@dataclass(frozen=True, slots=True)
class RecordingLevel:
    """How a model's readings are held against their recording.

    Attributes
    ----------
    usual
        float64 (K,), log-probabilities that the model gives on average where all labels are
        equally frequent.
    strength
        Share of the recording's shift that is taken off where there is much speech, 0–1.
    half_s
        Seconds of speech at which it is half of that.
    sharpness
        Power of the probabilities where there is much speech: without the shift between
        recordings a window tells more, and a model that was calibrated on windows alone would be
        too unsure.
    """

    usual: DoubleArray
    strength: float
    half_s: float
    sharpness: float = 1.0

    @classmethod
    def from_document(cls, document: Mapping[str, Any], labels: tuple[str, ...]) -> Self:
        """Read what the metadata of a model say under ``recording``.

        Raises
        ------
        ValueError, KeyError, TypeError
            When a member is missing or makes no sense.
        """
        usual = np.array([float(document["usual"][label]) for label in labels])
        strength, half_s = float(document["strength"]), float(document["half_s"])
        sharpness = float(document["sharpness"])
        sane = np.isfinite(usual).all() and 0 <= strength <= 1 and 0 < half_s < np.inf
        if not (sane and 0 < sharpness < np.inf):
            raise ValueError(f"recording: {document!r}")
        return cls(usual, strength, half_s, sharpness)

    def document(self, labels: tuple[str, ...]) -> dict[str, Any]:
        """What `from_document` reads."""
        usual = dict(zip(labels, (round(float(value), 4) for value in self.usual), strict=True))
        return {
            "usual": usual,
            "strength": self.strength,
            "half_s": self.half_s,
            "sharpness": self.sharpness,
        }

    def settle(
        self, probabilities: FloatArray | DoubleArray, weight_s: DoubleArray, speech_s: float
    ) -> FloatArray:
        """Take the recording's own shift off its windows.

        Parameters
        ----------
        probabilities
            float (M, K), each window judged alone; NaN rows where it was not judged.
        weight_s
            float (M,), seconds of speech in each window.
        speech_s
            Seconds of speech in the recording; overlapping windows count it once.

        Returns
        -------
        float32 (M, K); rows sum to 1 or are NaN.
        """
        table = np.asarray(probabilities, np.float64)
        judged = ~np.isnan(table).any(axis=1)
        weights = np.where(judged, weight_s, 0.0)
        if not weights.sum() > 0:
            return np.asarray(table, np.float32)
        logs = np.log(np.maximum(table, LEAST_PROBABILITY))
        mean = weights[judged] @ logs[judged] / weights.sum()
        known = speech_s / (speech_s + self.half_s)
        settled = logs - known * self.strength * (mean - self.usual)
        settled *= 1.0 + known * (self.sharpness - 1.0)
        settled = np.exp(settled - settled.max(axis=1, keepdims=True))
        return np.asarray(settled / settled.sum(axis=1, keepdims=True), np.float32)
