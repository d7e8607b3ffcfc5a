"""Cut rows of the face where the head turns further than the face model bears, and back again.

A turn of six points of a detector is right over a row, not frame by frame. Where the pose is
measured on the whole face, the turned part of a row is judged by itself: it becomes `uncertain`,
and the rest keeps its label.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from emoreport.analysis.numeric.hold_times import TIME_TOLERANCE_S, Timeline
from emoreport.analysis.rows.cell_rows import CellRows
from emoreport.analysis.rows.doubt import HEAD_TURN
from emoreport.analysis.rows.hysteresis import label_runs
from emoreport.records import DoubleArray, FaceTrack


def frame_turns(faces: FaceTrack) -> DoubleArray | None:
    """Turn of the head in each frame, in units of what the model bears, float64 (N,).

    None where it is not known frame by frame.
    """
    if not faces.has_measured_pose or HEAD_TURN not in faces.extra:
        return None
    return np.asarray(faces.extra[HEAD_TURN], np.float64)


def cut_at_turns(
    rows: CellRows, timeline: Timeline, turn: DoubleArray, limit: float, min_interval_s: float
) -> CellRows:
    """Cut rows with a label into parts that are turned beyond a limit and parts that are not.

    Parameters
    ----------
    rows
        Rows of cells.
    timeline
        The cells (C).
    turn
        From `frame_turns`.
    limit
        A part whose mean turn is beyond it is one.
    min_interval_s
        No part is shorter, unless its row is.

    Returns
    -------
    Rows with the labels that they had; parts of one row that follow each other lie on different
    sides of the limit.
    """
    cells = np.full(len(timeline), np.nan)
    held = timeline.frame >= 0
    cells[held] = turn[timeline.frame[held]]
    firsts, labels = [], []
    for first, end, label in zip(rows.first[:-1], rows.first[1:], rows.label, strict=True):
        parts = [int(first)]
        if label >= 0 and (cells[first:end] > limit).any():
            edges_s = timeline.edges_s[first : end + 1]
            parts = [
                int(first) + cut for cut in _cuts(edges_s, cells[first:end], limit, min_interval_s)
            ]
        firsts += parts
        labels += [int(label)] * len(parts)
    return CellRows(np.array([*firsts, rows.first[-1]], np.int64), np.array(labels, np.int64))


def _cuts(
    edges_s: DoubleArray, turn: DoubleArray, limit: float, min_interval_s: float
) -> Iterator[int]:
    """First cell of each part of one row."""
    known_s = np.where(np.isnan(turn), 0.0, np.diff(edges_s))
    turned = turn > limit
    votes: DoubleArray = np.column_stack((known_s * ~turned, known_s * turned))
    starts, _ = label_runs(edges_s, votes, min_interval_s - TIME_TOLERANCE_S)
    total = np.add.reduceat(np.nan_to_num(turn) * known_s, starts)
    means = total / np.maximum(np.add.reduceat(known_s, starts), TIME_TOLERANCE_S)
    before = None
    for start, is_turned in zip(starts.tolist(), (means > limit).tolist(), strict=True):
        if is_turned != before:
            yield start
        before = is_turned
