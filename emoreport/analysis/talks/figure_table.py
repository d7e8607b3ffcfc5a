"""What the comparisons of several talks share: figures per talk, and correction over figures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from emoreport.analysis.transitions.order import holm_correction
from emoreport.analysis.transitions.talk_figures import (
    EMOTION_SHARE,
    MEAN_VALENCE,
    MISMATCH_SHARE,
    TRANSITION_RATE,
    Talk,
    talk_measures,
)
from emoreport.records import DoubleArray

RESAMPLES: Final = 9999

SIGNIFICANT: Final = 0.05

ROUNDING: Final = 1e-9
"""Figures closer than this are equal."""


def figure_keys(emotions: Sequence[str]) -> list[tuple[str, str | None]]:
    """Measure and emotion of each figure: a share per emotion, then the other three."""
    shares: list[tuple[str, str | None]] = [(EMOTION_SHARE, emotion) for emotion in emotions]
    return [*shares, (TRANSITION_RATE, None), (MISMATCH_SHARE, None), (MEAN_VALENCE, None)]


def figure_table(talks: Sequence[Talk], emotions: Sequence[str]) -> DoubleArray:
    """Figures per talk, float64 (talks, figures) as in `figure_keys`; NaN where not defined."""
    table = [
        [np.nan if (value := one.ratio.value) is None else value for one in measures]
        for measures in (talk_measures(talk, emotions) for talk in talks)
    ]
    return np.asarray(table, dtype=np.float64).reshape(len(talks), len(figure_keys(emotions)))


def holm_over_figures(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's correction over the figures that were tested; None stays None and counts for none."""
    tested = [one for one in p_values if one is not None]
    corrected = iter(holm_correction(np.asarray(tested, dtype=np.float64)).tolist())
    return [None if one is None else next(corrected) for one in p_values]
