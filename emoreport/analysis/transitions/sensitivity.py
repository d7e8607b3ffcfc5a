"""Count transitions under other settings of smoothing and shortest row.

How many intervals and transitions a talk has is not a property of the talk alone: a longer shortest
row and a wider smoothing window leave fewer of them. The same counts under half and under twice the
chosen settings show how much. Nobody can justify either setting to
the tenth of a second. Nothing is decoded; the readings are cut into rows again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from emoreport.analysis.rows.segmentation import FaceSegmenter
from emoreport.analysis.transitions.chains import (
    Rate,
    poisson_rate,
    transition_counts,
    unbroken_chains,
)
from emoreport.records import FaceTrack
from emoreport.results import VideoInterval
from emoreport.settings import AnalysisSettings

FACTORS: Final = (0.5, 1.0, 2.0)

Relabel = Callable[[tuple[VideoInterval, ...]], Sequence[VideoInterval]]
"""What is done to the rows before they are counted, such as abstention."""


@dataclass(frozen=True, slots=True)
class SettingCounts:
    """Counts under one pair of settings.

    Attributes
    ----------
    min_interval_s, smoothing_s
        The settings, seconds.
    chosen
        Whether these are the settings of the main result.
    intervals
        Rows, those without an emotion included.
    transitions
        Their number, and their rate per minute of time with an emotion.
    """

    min_interval_s: float
    smoothing_s: float
    chosen: bool
    intervals: int
    transitions: Rate


def sensitivity(
    faces: FaceTrack,
    duration_s: float,
    settings: AnalysisSettings,
    *,
    relabel: Relabel | None = None,
    chosen: Sequence[VideoInterval] | None = None,
    segmenter: FaceSegmenter | None = None,
    factors: Sequence[float] = FACTORS,
) -> tuple[SettingCounts, ...]:
    """Count intervals and transitions under a grid of shortest rows and smoothing windows.

    Parameters
    ----------
    faces
        Frame readings.
    duration_s
        Length of the recording.
    settings
        The chosen settings; `min_interval_s` and `smoothing_s` are multiplied by the factors, all
        else stays.
    relabel
        Applied to the rows of every cell of the grid; None counts the rows as they are.
    chosen
        The rows under the chosen settings, after `relabel`, if the caller has them already.
    segmenter
        Of these readings, if the caller has one already.
    factors
        Multipliers; 1 is the chosen setting.

    Returns
    -------
    One entry per distinct pair of settings, by shortest row, then by smoothing. A setting of 0
    stays 0 and gives one entry.
    """
    shortest_s = sorted({factor * settings.min_interval_s for factor in factors})
    windows_s = sorted({factor * settings.smoothing_s for factor in factors})
    segmenter = segmenter or FaceSegmenter(faces, duration_s)
    table = []
    # The smoothing is the outer loop: the segmenter keeps the last one.
    for smoothing_s in windows_s:
        for min_interval_s in shortest_s:
            varied = dataclasses.replace(
                settings, min_interval_s=min_interval_s, smoothing_s=smoothing_s
            )
            rows = chosen if varied == settings else None
            if rows is None:
                cut = segmenter.rows(varied)
                rows = cut if relabel is None else relabel(cut)
            table.append(_counted(rows, varied, chosen=varied == settings))
    return tuple(sorted(table, key=lambda cell: (cell.min_interval_s, cell.smoothing_s)))


def _counted(
    rows: Sequence[VideoInterval], settings: AnalysisSettings, *, chosen: bool
) -> SettingCounts:
    chains = unbroken_chains(rows)
    return SettingCounts(
        min_interval_s=settings.min_interval_s,
        smoothing_s=settings.smoothing_s,
        chosen=chosen,
        intervals=len(rows),
        transitions=poisson_rate(
            int(transition_counts(chains).sum()), float(chains.length_s.sum())
        ),
    )
