"""Figures per talk and their correction for multiple tests, for all comparisons of talks."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Final, Protocol, TypeVar

import numpy as np

from emoreport.analysis.transitions.order import holm_correction
from emoreport.analysis.transitions.talk_figures import (
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
    """The talks, with what all have of words, and of what words say; else with that of none."""
    if any(talk.words_s is None for talk in talks):
        talks = [dataclasses.replace(talk, words_s=None) for talk in talks]
    if any(talk.agreement is None for talk in talks):
        talks = [dataclasses.replace(talk, agreement=None) for talk in talks]
    return list(talks)


def figure_table(
    talks: Sequence[Talk], emotions: Sequence[str]
) -> tuple[list[tuple[str, str | None]], DoubleArray]:
    """Measure and emotion of each figure; float64 (talks, figures), NaN where not defined."""
    measures = [talk_measures(talk, emotions) for talk in talks]
    first = measures[0] if measures else talk_measures(Talk("", ()), emotions)
    keys = [(measure.measure, measure.emotion) for measure in first]
    table = [
        [np.nan if (value := measure.course.value) is None else value for measure in row]
        for row in measures
    ]
    return keys, np.asarray(table, dtype=np.float64).reshape(len(talks), len(keys))


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
    keys, table = figure_table(talks, emotions_shown(talks))
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
