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
    WORD_RATE,
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


def with_words_alike(talks: Sequence[Talk]) -> list[Talk]:
    """The talks, with their words where all have words; else with those of none."""
    if all(talk.words_s is not None for talk in talks):
        return list(talks)
    return [dataclasses.replace(talk, words_s=None) for talk in talks]


def figure_keys(emotions: Sequence[str], *, words: bool) -> list[tuple[str, str | None]]:
    """Measure and emotion of each figure: a share per emotion, the other three, that of words."""
    shares: list[tuple[str, str | None]] = [(EMOTION_SHARE, emotion) for emotion in emotions]
    others = (TRANSITION_RATE, MISMATCH_SHARE, MEAN_VALENCE, *((WORD_RATE,) if words else ()))
    return [*shares, *((measure, None) for measure in others)]


def figure_table(talks: Sequence[Talk], emotions: Sequence[str], figures: int) -> DoubleArray:
    """Figures per talk, float64 (talks, figures) as in `figure_keys`; NaN where not defined."""
    table = [
        [np.nan if (value := measure.ratio.value) is None else value for measure in measures]
        for measures in (talk_measures(talk, emotions) for talk in talks)
    ]
    return np.asarray(table, dtype=np.float64).reshape(len(talks), figures)


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
    talks = with_words_alike([*first, *second])
    emotions = emotions_shown(talks)
    keys = figure_keys(emotions, words=bool(talks) and talks[0].words_s is not None)
    table = figure_table(talks, emotions, len(keys))
    before, after = table[: len(first)], table[len(first) :]
    rows = [compare(key, before[:, column], after[:, column]) for column, key in enumerate(keys)]
    corrected = _holm_over_figures([row.p_value for row in rows])
    return tuple(
        dataclasses.replace(row, p_holm=p_holm) for row, p_holm in zip(rows, corrected, strict=True)
    )


def _holm_over_figures(p_values: Sequence[float | None]) -> list[float | None]:
    """Holm's correction over the figures that were tested; None stays None and counts for none."""
    tested = [p_value for p_value in p_values if p_value is not None]
    corrected = iter(holm_correction(np.asarray(tested, dtype=np.float64)).tolist())
    return [None if p_value is None else next(corrected) for p_value in p_values]
