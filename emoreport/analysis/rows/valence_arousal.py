"""Valence and arousal that follow from a distribution over emotions.

Where the model itself gives valence and arousal, these are used. Elsewhere they are the mean
of published coordinates of the emotions, weighted by their probabilities, and marked as derived:
they hold nothing that the probabilities do not hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from emoreport.analysis.numeric.pieces import by_rows
from emoreport.analysis.rows.bridge import DEFAULT_BRIDGE, Bridge
from emoreport.records import DoubleArray, FloatArray

COORDINATES: Final[Mapping[str, tuple[float, float]]] = {
    "anger": (-0.51, 0.59),
    "disgust": (-0.60, 0.35),
    "fear": (-0.64, 0.60),
    "happiness": (0.81, 0.51),
    "neutral": (0.0, 0.0),
    "sadness": (-0.63, -0.27),
    "surprise": (0.40, 0.67),
}
"""(valence, arousal), −1 to 1: mean ratings of the words angry, disgusted, fearful, happy, sad and
surprised (Russell and Mehrabian 1977, Evidence for a three-factor theory of emotions, Journal of
Research in Personality 11, 273–294); neutral is the origin. Other labels have no coordinates."""

LEAST_MASS: Final = 0.5
"""Labels with coordinates must hold at least this share of the probability."""


def derived_dimensions(
    probabilities: FloatArray | DoubleArray,
    labels: Sequence[str],
    bridge: Bridge = DEFAULT_BRIDGE,
) -> tuple[DoubleArray, DoubleArray]:
    """Valence and arousal from distributions over emotions.

    Parameters
    ----------
    probabilities
        float (N, K), rows sum to 1; NaN rows are unknown.
    labels
        Emotions of the columns (K).
    bridge
        Turns labels such as ``enthusiasm`` into one that has coordinates.

    Returns
    -------
    valence, arousal
        float64 (N,), −1 to 1: means over the labels with coordinates, weighted by probability;
        NaN where a row is unknown or those labels hold less than `LEAST_MASS` of it.
    """
    coordinates = [COORDINATES.get(bridge.shared(label)) for label in labels]
    located = np.asarray([point is not None for point in coordinates], dtype=bool)
    points = np.asarray([point for point in coordinates if point is not None]).reshape(-1, 2)

    def means(table: DoubleArray) -> DoubleArray:
        mass = table[:, located].sum(axis=1, keepdims=True)
        unknown = np.full((len(table), 2), np.nan)
        return np.divide(table[:, located] @ points, mass, out=unknown, where=mass >= LEAST_MASS)

    valence, arousal = by_rows(means, probabilities).T
    return valence, arousal
