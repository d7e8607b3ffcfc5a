"""Figures per talk and their correction for multiple tests, for all comparisons of talks."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Final, Protocol, TypeVar

import numpy as np

from emoreport.analysis.transitions.order import holm_correction
from emoreport.analysis.transitions.talk_figures import (
    EMOTION_SHARE,
    MEAN_VALENCE,
    MISMATCH_SHARE,
    TRANSITION_RATE,
    Talk,
    emotions_shown,
    talk_measures,
)
from emoreport.records import DoubleArray

RESAMPLES: Final = 9999

SIGNIFICANT: Final = 0.05

ROUNDING: Final = 1e-9
"""Figures closer than this are equal."""


class _Row(Protocol):
    """A difference of one figure."""

    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]

    @property
    def p_value(self) -> float | None: ...


Row = TypeVar("Row", bound=_Row)


def figure_keys(emotions: Sequence[str]) -> list[tuple[str, str | None]]:
    """Measure and emotion of each figure: a share per emotion, then the other three."""
    shares: list[tuple[str, str | None]] = [(EMOTION_SHARE, emotion) for emotion in emotions]
    return [*shares, (TRANSITION_RATE, None), (MISMATCH_SHARE, None), (MEAN_VALENCE, None)]


def figure_table(talks: Sequence[Talk], emotions: Sequence[str]) -> DoubleArray:
    """Figures per talk, float64 (talks, figures) as in `figure_keys`; NaN where not defined."""
    table = [
        [np.nan if (value := measure.ratio.value) is None else value for measure in measures]
        for measures in (talk_measures(talk, emotions) for talk in talks)
    ]
    return np.asarray(table, dtype=np.float64).reshape(len(talks), len(figure_keys(emotions)))


def compare_figures(
    first: Sequence[Talk],
    second: Sequence[Talk],
    compare: Callable[[tuple[str, str | None], DoubleArray, DoubleArray], Row],
) -> tuple[Row, ...]:
    """Compare every figure of two sets of talks, and correct the p-values over all of them.

    Parameters
    ----------
    first, second
        The talks.
    compare
        Gets measure and emotion of a figure and its values, float64 (talks,), NaN where not
        defined.
    """
    emotions = emotions_shown([*first, *second])
    before, after = figure_table(first, emotions), figure_table(second, emotions)
    rows = [
        compare(key, before[:, column], after[:, column])
        for column, key in enumerate(figure_keys(emotions))
    ]
    corrected = _holm_over_figures([row.p_value for row in rows])
    return tuple(
        dataclasses.replace(row, p_holm=p_holm) for row, p_holm in zip(rows, corrected, strict=True)
    )


def _holm_over_figures(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's correction over the figures that were tested; None stays None and counts for none."""
    tested = [p_value for p_value in p_values if p_value is not None]
    corrected = iter(holm_correction(np.asarray(tested, dtype=np.float64)).tolist())
    return [None if p_value is None else next(corrected) for p_value in p_values]
