"""How long each analysed frame counts: the stretch of presentation time that it holds.

A frame is on screen from its presentation time to that of the next one, however long that is
under a variable frame rate. Two exceptions keep a single frame from speaking for a stretch that
nobody saw: a *hole* begins where the next frame should have come when it stays away for too long
(damaged data, a video track that ends before the recording does, a late first frame).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from emoreport.records import DoubleArray, IntArray

BoolArray = NDArray[np.bool_]

TIME_TOLERANCE_S: Final = 1e-6
"""Times closer than this are the same: below any container's time base, above float noise."""

MIN_HOLD_LIMIT_S: Final = 1.0
"""A frame may always count this long: stalls of live recordings are shorter."""

HOLD_LIMIT_FACTOR: Final = 3.0
"""… and for this many usual distances between analysed frames, where those are long."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """Cells that tile [0, duration]; each is held by one frame or by none.

    Attributes
    ----------
    edges_s
        float64 (C + 1,), strictly increasing, from 0 to the duration; (1,) for a duration of 0.
    frame
        int64 (C,), position of the holding frame among the analysed ones, -1 for a hole.
    """

    edges_s: DoubleArray
    frame: IntArray

    @property
    def length_s(self) -> DoubleArray:
        """float64 (C,), seconds of each cell, > 0."""
        return np.diff(self.edges_s)

    def __len__(self) -> int:
        """Number of cells."""
        return len(self.frame)

    def part(self, first: int, end: int) -> Timeline:
        """The cells from `first` to before `end`."""
        return Timeline(self.edges_s[first : end + 1], self.frame[first:end])

    def held_by(self, usable: BoolArray) -> BoolArray:
        """Which cells a usable frame holds; bool (N,) per frame → bool (C,) per cell."""
        held = self.frame >= 0
        held[held] = usable[self.frame[held]]
        return held

    def holds_s(self, frames: int) -> DoubleArray:
        """float64 (N,), seconds that each of `frames` analysed frames holds, ≥ 0."""
        held = self.frame >= 0
        holds_s = np.zeros(frames)
        holds_s[self.frame[held]] = self.length_s[held]
        return holds_s


def build_timeline(time_s: DoubleArray, duration_s: float) -> Timeline:
    """Lay the frames out over [0, `duration_s`].

    Frame i holds [t_i, t_i+1), the first one from 0 and the last one to the duration. Where such
    a stretch is longer than `MIN_HOLD_LIMIT_S` and than `HOLD_LIMIT_FACTOR` usual (median)
    distances, the frame holds one usual distance and the rest is a hole. A first frame that comes
    later than this limit leaves a hole before it. Frames outside the duration hold nothing.

    Parameters
    ----------
    time_s
        float64 (N,), strictly increasing presentation times.
    duration_s
        End of the recording, seconds; 0 or less gives no cell.
    """
    if duration_s <= 0:
        return Timeline(np.zeros(1), np.zeros(0, dtype=np.int64))
    if len(time_s) == 0:
        return Timeline(np.array([0.0, duration_s]), np.full(1, -1, dtype=np.int64))
    usual_s = limit_s = MIN_HOLD_LIMIT_S
    if len(time_s) > 1:
        usual_s = float(np.median(np.diff(time_s)))
        limit_s = max(limit_s, HOLD_LIMIT_FACTOR * usual_s)
    limit_s += TIME_TOLERANCE_S
    start_s = np.clip(np.asarray(time_s, dtype=np.float64), 0.0, duration_s)
    next_s = np.append(start_s[1:], duration_s)
    away = np.flatnonzero(next_s - start_s > limit_s)
    away_from_s = start_s[away] + usual_s
    if start_s[0] <= limit_s:
        start_s[0] = 0.0
    end_s = next_s.copy()
    end_s[away] = away_from_s
    holder = np.flatnonzero(end_s > start_s)
    # Holes are few: each is put in behind the frame that it follows.
    hole = next_s[away] > away_from_s
    places = np.searchsorted(holder, away[hole], side="right")
    first = np.zeros(int(start_s[0] > 0.0))
    places = np.concatenate((first.astype(np.int64), places))
    begins_s = np.insert(start_s[holder], places, np.concatenate((first, away_from_s[hole])))
    return Timeline(np.append(begins_s, duration_s), np.insert(holder, places, -1))


def hold_times(time_s: DoubleArray, duration_s: float) -> DoubleArray:
    """Seconds of presentation time that each frame holds; see `build_timeline`.

    Returns
    -------
    float64 (N,), ≥ 0; their sum is the duration less the holes.
    """
    return build_timeline(time_s, duration_s).holds_s(len(time_s))


def true_runs(mask: BoolArray) -> tuple[IntArray, IntArray]:
    """First and one-past-last positions of the maximal runs of True in `mask`."""
    padded = np.concatenate(([False], mask, [False]))
    changes = np.flatnonzero(padded[1:] != padded[:-1])
    return changes[0::2], changes[1::2]


def long_gaps(timeline: Timeline, usable: BoolArray, longer_than_s: float) -> BoolArray:
    """Which cells are in a stretch without a usable face that is longer than a limit.

    Parameters
    ----------
    timeline
        The cells (C).
    usable
        bool (N,), frames with a usable face.
    longer_than_s
        The limit in seconds; a stretch of exactly this length is not longer.

    Returns
    -------
    bool (C,)
    """
    gaps = np.zeros(len(timeline), dtype=np.bool_)
    for first, end in zip(*true_runs(~timeline.held_by(usable)), strict=True):
        if timeline.edges_s[end] - timeline.edges_s[first] > longer_than_s + TIME_TOLERANCE_S:
            gaps[first:end] = True
    return gaps


def stretch_of_frames(timeline: Timeline, gaps: BoolArray, frames: int) -> IntArray:
    """Number the stretches between long gaps.

    Returns
    -------
    int64 (N,), per frame the number of its stretch, from 0; -1 inside a long gap and for frames
    that hold nothing.
    """
    number = np.cumsum(np.diff(gaps.astype(np.int64), prepend=1) == -1) - 1
    stretches = np.full(frames, -1, dtype=np.int64)
    inside = (timeline.frame >= 0) & ~gaps
    stretches[timeline.frame[inside]] = number[inside]
    return stretches
