"""Which shot of the recording each row is in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from emoreport.analysis.numeric.hold_times import TIME_TOLERANCE_S
from emoreport.records import FaceTrack
from emoreport.results import AudioInterval, Comparison, VideoInterval

_Row = TypeVar("_Row", VideoInterval, AudioInterval, Comparison)


def in_shots(rows: Sequence[_Row], faces: FaceTrack) -> tuple[_Row, ...]:
    """The rows with the number of the shot that they are in.

    It is None where nobody looked for cuts, and for rows that go across one: those that a person
    coded are taken as they are.
    """
    if faces.shot is None or not len(faces):
        return tuple(rows)
    starts_s = np.asarray([row.span.start_s for row in rows])
    ends_s = np.asarray([row.span.end_s for row in rows])
    middles_s = 0.5 * (starts_s + ends_s)  # a last row may be shorter than the tolerance
    first = 1 + np.searchsorted(faces.cuts_s, np.minimum(starts_s + TIME_TOLERANCE_S, middles_s))
    last = 1 + np.searchsorted(faces.cuts_s, np.maximum(ends_s - TIME_TOLERANCE_S, middles_s))
    return tuple(
        replace(row, shot=shot if shot == end else None)
        for row, shot, end in zip(rows, first.tolist(), last.tolist(), strict=True)
    )
